/* SPDX-License-Identifier: MIT */
/*
 * ld.so.cache (glibc elf/dl-cache.c, sysdeps/generic/dl-cache.h), read in the byte order of the
 * machine that is simulated. Nothing in the file is believed: every offset is checked where it is
 * used, and text ends at the NUL that bs_fs_read() puts after the file.
 */
#include "search-priv.h"

#include <elf.h>
#include <errno.h>

#define MAGIC_OLD "ld.so-1.7.0"
#define MAGIC_NEW "glibc-ld.so.cache1.1"

enum {
	OLD_HEADER = 16, /* magic, one byte of padding, nlibs */
	OLD_ENTRY = 12,	 /* flags, key, value */
	NEW_HEADER = 48, /* magic, nlibs, len_strings, flags, padding, extension_offset, unused */
	NEW_ENTRY = 24,	 /* flags, key, value, osversion, hwcap */

	NEW_NLIBS = 20,
	NEW_FLAGS = 28,
	NEW_EXTENSIONS = 32,
	ENTRY_KEY = 4,
	ENTRY_VALUE = 8,
	ENTRY_HWCAP = 16,

	FLAGS_ENDIAN_MASK = 3,
	FLAGS_LITTLE_ENDIAN = 2,
	FLAGS_BIG_ENDIAN = 3,

	EXTENSION_HEADER = 8,	/* magic, count */
	EXTENSION_SECTION = 16, /* tag, flags, offset, size */
	TAG_GLIBC_HWCAPS = 1,

	ISA_LEVEL_BITS = 10,
};

static const uint32_t extension_magic = 0xeaa42174;
static const uint64_t hwcap_tls = UINT64_C(1) << 63;

/* One run of entries and what their offsets count from. */
struct bs_cache {
	const unsigned char *file;
	size_t size;
	const struct bs_cache_kind *kind;
	bool big_endian;
	size_t entries; /* offset of the first */
	size_t entry_size;
	uint32_t n;
	size_t strings;	      /* what keys and values are counted from */
	uint32_t *priorities; /* by index into the glibc-hwcaps section; 0: not for this CPU */
	uint32_t n_priorities;
};

/* The caller has checked that OFFSET + 4 bytes are there. */
static uint32_t u32_at(const struct bs_cache *cache, size_t offset)
{
	const unsigned char *p = cache->file + offset;

	if (cache->big_endian)
		return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint64_t u64_at(const struct bs_cache *cache, size_t offset)
{
	uint64_t first = u32_at(cache, offset), second = u32_at(cache, offset + 4);

	return cache->big_endian ? first << 32 | second : second << 32 | first;
}

/* The string at OFFSET from START, or NULL when that is outside of the file. */
static const char *string_at(const struct bs_cache *cache, size_t start, uint32_t offset)
{
	return offset < cache->size - start ? (const char *)cache->file + start + offset : NULL;
}

int bs_cache_compare(const char *a, const char *b, bool char_is_unsigned)
{
	while (*a) {
		bool digit_a = *a >= '0' && *a <= '9', digit_b = *b >= '0' && *b <= '9';

		if (digit_a && digit_b) {
			unsigned value_a = 0, value_b = 0;

			/* The loader's ints wrap around. */
			for (; *a >= '0' && *a <= '9'; a++)
				value_a = value_a * 10 + (unsigned)(*a - '0');
			for (; *b >= '0' && *b <= '9'; b++)
				value_b = value_b * 10 + (unsigned)(*b - '0');
			if (value_a != value_b)
				return (int)(value_a - value_b);
		} else if (digit_a || digit_b) {
			return digit_a ? 1 : -1;
		} else if (*a != *b) {
			break;
		} else {
			a++, b++;
		}
	}
	return char_is_unsigned ? (unsigned char)*a - (unsigned char)*b
				: (signed char)*a - (signed char)*b;
}

/* ---- reading ---------------------------------------------------------------------------- */

/* The glibc-hwcaps section: *RET_N offsets of names, or 0 (cache_extension_load). */
static size_t find_hwcaps_section(const struct bs_cache *cache, size_t header, uint32_t *ret_n)
{
	size_t at = u32_at(cache, header + NEW_EXTENSIONS), found = 0;
	uint32_t count, n = 0;

	*ret_n = 0;
	if (at == 0 || at % 4 != 0 || at > cache->size || cache->size - at < EXTENSION_HEADER ||
	    u32_at(cache, at) != extension_magic)
		return 0;
	count = u32_at(cache, at + 4);
	at += EXTENSION_HEADER;
	if (count > (cache->size - at) / EXTENSION_SECTION)
		return 0;
	for (; count > 0; count--, at += EXTENSION_SECTION) {
		size_t offset = u32_at(cache, at + 8), size = u32_at(cache, at + 12);

		if (offset > cache->size || size > cache->size - offset)
			return 0;
		if (u32_at(cache, at) != TAG_GLIBC_HWCAPS)
			continue;
		found = offset;
		n = offset % 4 == 0 && size % 4 == 0 ? (uint32_t)(size / 4) : 0;
	}
	*ret_n = n;
	return found;
}

/*
 * Gives each name of the section the priority of the subdirectory of that name. Both lists are
 * sorted and are merged as the loader merges them, so that a badly sorted section loses the same
 * names. The loader counts names from the start of the file. ldconfig counts them from the new
 * header, which is another place in a file with both formats: no subdirectory is found there.
 */
static void read_priorities(struct bs_cache *cache, const struct bs_ctx *ctx, size_t header,
			    const struct bs_hwcaps *hwcaps)
{
	uint32_t n, right = 0;
	size_t section = find_hwcaps_section(cache, header, &n);

	cache->priorities = bs_new(ctx->arena, uint32_t, n);
	cache->n_priorities = n;
	for (uint32_t left = 0; left < n && right < hwcaps->n_by_name;) {
		const char *name = string_at(cache, 0, u32_at(cache, section + left * 4));
		int order = name ? strcmp(name, hwcaps->by_name[right].name) : -1;

		if (order == 0)
			cache->priorities[left] = hwcaps->by_name[right].priority;
		if (order <= 0)
			left++;
		if (order >= 0)
			right++;
	}
}

static bool has_magic(const struct bs_cache *cache, size_t at, const char *magic)
{
	size_t n = strlen(magic);

	return at <= cache->size && cache->size - at >= n &&
	       memcmp(cache->file + at, magic, n) == 0;
}

/* Reads the new header at HEADER. NULL, or why it is unusable. */
static const char *read_new(struct bs_cache *cache, const struct bs_ctx *ctx, size_t header,
			    const struct bs_hwcaps *hwcaps)
{
	uint8_t flags = cache->file[header + NEW_FLAGS];

	if (flags != 0 && (flags & FLAGS_ENDIAN_MASK) !=
				  (cache->big_endian ? FLAGS_BIG_ENDIAN : FLAGS_LITTLE_ENDIAN))
		return "the byte order of another machine";
	cache->n = u32_at(cache, header + NEW_NLIBS);
	cache->entries = header + NEW_HEADER;
	cache->entry_size = NEW_ENTRY;
	cache->strings = header;
	if (cache->n > (cache->size - cache->entries) / NEW_ENTRY)
		return "more entries than the file holds";
	read_priorities(cache, ctx, header, hwcaps);
	return NULL;
}

static const char *read_old(struct bs_cache *cache, const struct bs_ctx *ctx,
			    const struct bs_hwcaps *hwcaps, uint16_t e_machine)
{
	/* The alignment of a 64-bit member of a struct. */
	size_t align = e_machine == EM_386 ? 4 : 8;
	size_t second;

	cache->n = u32_at(cache, OLD_HEADER - 4);
	if (cache->n > (cache->size - OLD_HEADER) / OLD_ENTRY)
		return "more entries than the file holds";
	cache->entries = OLD_HEADER;
	cache->entry_size = OLD_ENTRY;
	cache->strings = OLD_HEADER + (size_t)cache->n * OLD_ENTRY;
	second = (cache->strings + align - 1) & ~(align - 1);
	if (second <= cache->size && cache->size - second >= NEW_HEADER &&
	    has_magic(cache, second, MAGIC_NEW))
		return read_new(cache, ctx, second, hwcaps);
	return NULL;
}

/*
 * An image that was put together and not configured yet: the loader finds nothing but what lies in
 * its default directories, which is seldom meant.
 */
static void tell_missing(const struct bs_ctx *ctx, const struct bs_fs *fs,
			 const struct bs_search_setup *setup)
{
	const char *list = "";

	for (const char *const *dir = bs_search_conf_dirs(ctx, fs, setup); *dir; dir++)
		list = bs_arena_printf(ctx->arena, "%s%s%s", list, *list ? ", " : "", *dir);
	if (*list)
		bs_diag_add(ctx->diags, BS_DIAG_NO_CACHE, setup->cache_path, BS_NO_OFFSET, 0,
			    "there is none, so that the directories in %s are not searched (%s)",
			    setup->conf_path, list);
}

const struct bs_cache *bs_cache_read(const struct bs_ctx *ctx, struct bs_fs *fs,
				     struct bs_store *store, const struct bs_search_setup *setup,
				     const struct bs_hwcaps *hwcaps, int *error)
{
	struct bs_cache *cache = bs_new(ctx->arena, struct bs_cache, 1);
	const char *why = "neither magic number";

	cache->file = setup->ldconfig ? bs_ldconfig_write(ctx, fs, store, setup, &cache->size)
				      : (unsigned char *)bs_fs_read(fs, ctx, setup->cache_path,
								    &cache->size);
	if (!cache->file) {
		*error = errno;
		if (errno != ENOENT && errno != ENOTDIR)
			bs_diag_add(ctx->diags, BS_DIAG_CACHE_UNUSABLE, setup->cache_path,
				    BS_NO_OFFSET, errno, "it cannot be read");
		else
			tell_missing(ctx, fs, setup);
		return NULL;
	}
	cache->kind = bs_cache_kind_of(&setup->target);
	cache->big_endian = setup->target.machine->data == ELFDATA2MSB;
	if (cache->size > NEW_HEADER && has_magic(cache, 0, MAGIC_NEW))
		why = read_new(cache, ctx, 0, hwcaps);
	else if (cache->size > OLD_HEADER && has_magic(cache, 0, MAGIC_OLD))
		why = read_old(cache, ctx, hwcaps, setup->target.machine->e_machine);
	if (!why)
		return cache;
	bs_diag_add(ctx->diags, BS_DIAG_CACHE_UNUSABLE, setup->cache_path, BS_NO_OFFSET, 0, "%s",
		    why);
	return NULL;
}

/* ---- looking up --------------------------------------------------------------------------- */

struct entry {
	int32_t flags;
	const char *key, *value; /* NULL: outside of the file */
	uint64_t hwcap;
};

static struct entry entry_at(const struct bs_cache *cache, uint32_t index)
{
	size_t at = cache->entries + (size_t)index * cache->entry_size;

	return (struct entry){
		.flags = (int32_t)u32_at(cache, at),
		.key = string_at(cache, cache->strings, u32_at(cache, at + ENTRY_KEY)),
		.value = string_at(cache, cache->strings, u32_at(cache, at + ENTRY_VALUE)),
		.hwcap = cache->entry_size == NEW_ENTRY ? u64_at(cache, at + ENTRY_HWCAP) : 0,
	};
}

static bool has_key(const struct bs_cache *cache, uint32_t index, const char *name)
{
	const char *key = entry_at(cache, index).key;

	return key && bs_cache_compare(name, key, cache->kind->char_is_unsigned) == 0;
}

/* Bit 62 alone, but for the ISA level: the low half is an index into the glibc-hwcaps section. */
static bool is_extension(const struct entry *entry)
{
	return entry->hwcap >> (32 + ISA_LEVEL_BITS) == UINT64_C(1) << (62 - 32 - ISA_LEVEL_BITS);
}

static bool fits_platform(const struct bs_cache *cache, const struct bs_search_setup *setup,
			  uint64_t hwcap)
{
	uint64_t platform = hwcap & cache->kind->platforms;

	return platform == 0 || platform == setup->legacy_platform_bits;
}

/* How good an entry of a glibc-hwcaps subdirectory is: 1 is best, 0 is unusable. */
static uint32_t extension_priority(const struct bs_cache *cache,
				   const struct bs_search_setup *setup, const struct entry *entry)
{
	uint32_t index = (uint32_t)entry->hwcap;
	uint32_t level = (uint32_t)(entry->hwcap >> 32) & ((1u << ISA_LEVEL_BITS) - 1);

	if (cache->kind->has_isa_levels && level >= setup->isa_level)
		return 0;
	/* Where every bit is a platform's (MIPS), an index is taken for one as well. */
	if (setup->policy->cache_legacy_bits && !fits_platform(cache, setup, entry->hwcap))
		return 0;
	return index < cache->n_priorities ? cache->priorities[index] : 0;
}

/* Is an entry for a plain directory, or a legacy subdirectory, meant for this CPU? */
static bool fits_cpu(const struct bs_cache *cache, const struct bs_search_setup *setup,
		     uint64_t hwcap)
{
	if (!setup->policy->cache_legacy_bits)
		return hwcap == 0;
	return !(hwcap & ~(setup->legacy_hwcap | cache->kind->platforms | hwcap_tls)) &&
	       fits_platform(cache, setup, hwcap);
}

/* The best of the entries FIRST to LAST; those behind SURE may have another key (search_cache). */
static const char *best_of(const struct bs_cache *cache, const struct bs_search_setup *setup,
			   const char *name, uint32_t first, uint32_t sure, uint32_t last)
{
	const struct bs_cache_kind *kind = cache->kind;
	const char *best = NULL;
	uint32_t best_priority = UINT32_MAX;

	for (uint32_t i = first; i <= last; i++) {
		struct entry entry = entry_at(cache, i);

		if (i > sure && !has_key(cache, i, name))
			break;
		if ((entry.flags != kind->best && entry.flags != kind->other) || !entry.value)
			continue;
		if (setup->policy->glibc_hwcaps && is_extension(&entry)) {
			uint32_t priority = extension_priority(cache, setup, &entry);

			if (priority > 0 && priority < best_priority) {
				best_priority = priority;
				best = entry.value;
			}
			continue;
		}
		/* glibc-hwcaps entries stand before all others. */
		if (best && setup->policy->glibc_hwcaps && cache->entry_size == NEW_ENTRY)
			break;
		if (!fits_cpu(cache, setup, entry.hwcap))
			continue;
		best = entry.value;
		if (entry.flags == kind->best)
			break;
	}
	return best;
}

const char *bs_cache_lookup(const struct bs_cache *cache, const struct bs_search_setup *setup,
			    const char *name)
{
	int64_t left = 0, right = (int64_t)cache->n - 1;

	while (left <= right) {
		uint32_t middle = (uint32_t)((left + right) / 2), first = middle;
		const char *key = entry_at(cache, middle).key;
		int order;

		if (!key)
			return NULL;
		order = bs_cache_compare(name, key, cache->kind->char_is_unsigned);
		if (order == 0) {
			while (first > 0 && has_key(cache, first - 1, name))
				first--;
			return best_of(cache, setup, name, first, middle, (uint32_t)right);
		}
		/* The file is sorted in descending order. */
		if (order < 0)
			left = (int64_t)middle + 1;
		else
			right = (int64_t)middle - 1;
	}
	return NULL;
}
