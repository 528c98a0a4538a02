/* SPDX-License-Identifier: MIT */
/*
 * The dynamic section and the facts that stand in it alone (glibc elf/get-dynamic-info.h).
 */
#include "elf-priv.h"

#include <inttypes.h>
#include <unistd.h>

enum { MOST_STRAYS = 100 };

bool bs_dynamic_find(const struct bs_image *image, int64_t tag, uint64_t *ret_value)
{
	for (uint32_t i = image->n_dynamic; i-- > 0;)
		if (image->dynamic[i].tag == tag) {
			*ret_value = image->dynamic[i].value;
			return true;
		}
	return false;
}

uint64_t bs_image_dynamic(const struct bs_image *image, int64_t tag, uint64_t fallback)
{
	uint64_t value;

	return bs_dynamic_find(image, tag, &value) ? value : fallback;
}

bool bs_image_has_dynamic(const struct bs_image *image, int64_t tag)
{
	uint64_t value;

	return bs_dynamic_find(image, tag, &value);
}

/* Where the last entry TAG stands in the file, for messages. */
uint64_t bs_tag_offset(const struct bs_reader *r, int64_t tag)
{
	for (uint32_t i = r->image->n_dynamic; i-- > 0;)
		if (r->image->dynamic[i].tag == tag)
			return r->dynamic_offset + i * bs_entry_size(r, ELF_T_DYN);
	return BS_NO_OFFSET;
}

/* An offset may lead before the table, too, since the sum wraps around. */
static bool find_string(const struct bs_reader *r, uint64_t offset, uint64_t *ret_address)
{
	uint64_t table;

	if (!bs_dynamic_find(r->image, DT_STRTAB, &table))
		return false;
	*ret_address = r->wide ? table + offset : (uint32_t)(table + offset);
	return true;
}

/*
 * What the loader would read for the string at OFFSET, which the table need not have. A file with
 * many names and many segments is not worth the time: after MOST_STRAYS they count as found.
 */
enum bs_memory bs_string_memory(struct bs_reader *r, uint64_t offset)
{
	uint64_t address;

	if (offset < r->image->symbols.n_strings || r->n_strays++ >= MOST_STRAYS)
		return BS_MEMORY_FILE;
	return find_string(r, offset, &address) ? bs_memory_at(r, address) : BS_MEMORY_NONE;
}

/* *RET_N: so many entries stand at OFFSET before DT_NULL. False when N bytes have none. */
static bool find_end(const struct bs_reader *r, uint64_t offset, uint64_t n, uint64_t *ret_n)
{
	uint64_t size = bs_entry_size(r, ELF_T_DYN), room = n / size;

	if (room > UINT32_MAX)
		room = UINT32_MAX;
	*ret_n = 0;
	while (*ret_n < room && bs_load_word(r, offset + *ret_n * size) != DT_NULL)
		++*ret_n;
	return *ret_n < room;
}

static void copy_entries(struct bs_reader *r, const struct bs_reader *from, uint64_t offset,
			 uint64_t n)
{
	uint64_t size = bs_entry_size(r, ELF_T_DYN);
	struct bs_dyn *entries = bs_new(r->arena, struct bs_dyn, n);

	for (uint64_t i = 0; i < n; i++) {
		uint64_t at = offset + i * size, tag = bs_load_word(from, at);

		entries[i].tag = r->wide ? (int64_t)tag : (int32_t)tag;
		entries[i].value = bs_load_word(from, at + size / 2);
	}
	r->image->dynamic = entries;
	r->image->n_dynamic = n;
}

/*
 * The section is all that is wanted of the end of a file. To touch it there would bring in all the
 * pages around it, code and debug symbols, so it is read by pread(2), if SIZE, the segment's, and
 * its place are what they should be. False: it has to be looked for where it is mapped.
 */
static bool read_apart(struct bs_reader *r, const struct bs_range *range, uint64_t size)
{
	enum { BROUGHT_IN_AT_ONCE = 64 << 10, MOST = 2048 };
	_Alignas(8) uint8_t bytes[MOST];
	uint64_t n;

	if (r->fd < 0 || range->offset < BROUGHT_IN_AT_ONCE || size > MOST || size > range->n ||
	    pread(r->fd, bytes, size, (off_t)range->offset) != (ssize_t)size)
		return false;
	const struct bs_reader apart = { .bytes = bytes, .wide = r->wide, .foreign = r->foreign };

	if (!find_end(&apart, 0, size, &n))
		return false;
	copy_entries(r, &apart, 0, n);
	return true;
}

/*
 * The loader reads the section where the segments put it, not at p_offset, and as far as DT_NULL,
 * whatever the segment's SIZE says.
 */
static void read_entries(struct bs_reader *r, uint64_t address, uint64_t size)
{
	struct bs_range range = bs_range_at(r, address);
	uint64_t n;

	r->dynamic_offset = range.offset;
	if (read_apart(r, &range, size))
		return;
	if (!range.n)
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, BS_NO_OFFSET,
			  "dynamic section 0x%" PRIx64 " outside of the file's segments", address);
	if (!find_end(r, range.offset, range.n, &n) && range.n) {
		/* What follows may be zeros, which end it. */
		bool ends = bs_memory_at(r, address + range.n) == BS_MEMORY_ZERO;

		(ends ? bs_noted : bs_broken)(r, BS_DIAG_MALFORMED, range.offset,
					      "dynamic section without DT_NULL");
	}
	copy_entries(r, r, range.offset, n);
}

/*
 * No loader asks how long the string table is: it goes as far as its segment, but for a last string
 * without a NUL. DT_STRSZ is only held against that.
 */
static void read_strings(struct bs_reader *r)
{
	struct bs_symbol_table *table = &r->image->symbols;
	struct bs_range range = bs_range_of_tag(r, DT_STRTAB, "DT_STRTAB");
	uint64_t size = bs_image_dynamic(r->image, DT_STRSZ, 0);

	if (!range.n)
		return;
	const char *strings = (const char *)r->bytes + range.offset;
	const char *last = memrchr(strings, '\0', range.n);

	table->strings = strings;
	table->n_strings = last ? (uint64_t)(last - strings) + 1 : 0;
	if (!last)
		bs_broken(r, BS_DIAG_MALFORMED, range.offset, "string table without a NUL");
	else if (size > range.n)
		bs_noted(r, BS_DIAG_OUTSIDE_FILE, bs_tag_offset(r, DT_STRSZ),
			 "string table of 0x%" PRIx64 " bytes cut off at 0x%" PRIx64, size,
			 range.n);
	else if (size && strings[size - 1])
		bs_noted(r, BS_DIAG_MALFORMED, bs_tag_offset(r, DT_STRSZ),
			 "string table of 0x%" PRIx64 " bytes without a NUL at its end", size);
}

/* A name that the loader goes to load: read for certain. */
static void check_needed(struct bs_reader *r, uint64_t offset, uint64_t at, const char *what)
{
	if (offset < r->image->symbols.n_strings)
		return;
	if (bs_string_memory(r, offset) == BS_MEMORY_NONE)
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, at, "%s outside of the string table", what);
	else
		bs_noted(r, BS_DIAG_OUTSIDE_FILE, at, "%s outside of the string table", what);
}

/*
 * The string of the last entry TAG, or NULL. The loader reads it when a look-up needs it, which
 * need not happen: DT_SONAME for a name that no earlier object has, the paths for one that must be
 * searched for (glibc elf/dl-load.c:_dl_map_object).
 */
static const char *read_name(struct bs_reader *r, int64_t tag, const char *what)
{
	const struct bs_symbol_table *table = &r->image->symbols;
	uint64_t offset, address;

	if (!bs_dynamic_find(r->image, tag, &offset))
		return NULL;
	if (offset < table->n_strings)
		return bs_kept_string(r, table->strings + offset);
	bs_noted(r, BS_DIAG_OUTSIDE_FILE, bs_tag_offset(r, tag), "%s outside of the string table",
		 what);
	if (!find_string(r, offset, &address))
		return NULL;
	struct bs_range range = bs_range_to_page_end(r, address);
	const char *s = (const char *)r->bytes + range.offset;

	if (range.n)
		return memchr(s, '\0', range.n) ? bs_kept_string(r, s) : NULL;
	return bs_memory_at(r, address) == BS_MEMORY_ZERO ? "" : NULL;
}

static void read_facts(struct bs_reader *r)
{
	struct bs_image *image = r->image;

	for (uint32_t i = 0; i < image->n_dynamic; i++) {
		uint64_t value = image->dynamic[i].value;
		uint64_t at = r->dynamic_offset + i * bs_entry_size(r, ELF_T_DYN);

		switch (image->dynamic[i].tag) {
		case DT_NEEDED:
			check_needed(r, value, at, "DT_NEEDED");
			break;
		case DT_AUXILIARY:
			check_needed(r, value, at, "DT_AUXILIARY");
			break;
		case DT_FILTER:
			check_needed(r, value, at, "DT_FILTER");
			break;
		case DT_FLAGS:
			image->flags = value;
			break;
		case DT_FLAGS_1:
			image->flags_1 = value;
			break;
		case DT_SYMBOLIC:
			image->symbolic = true;
			break;
		case DT_BIND_NOW:
			image->bind_now = true;
			break;
		case DT_AARCH64_VARIANT_PCS:
			/* A tag of the processor's range: others use the number for themselves. */
			image->variant_pcs = image->header.machine == EM_AARCH64;
			break;
		case DT_PPC64_OPT:
			if (image->header.machine == EM_PPC64)
				image->shortens_tls = value & PPC64_OPT_TLS;
			break;
		default:
			break;
		}
	}
	image->soname = read_name(r, DT_SONAME, "DT_SONAME");
	image->rpath = read_name(r, DT_RPATH, "DT_RPATH");
	image->runpath = read_name(r, DT_RUNPATH, "DT_RUNPATH");
	if (image->flags & DF_SYMBOLIC)
		image->symbolic = true;
	if ((image->flags & DF_BIND_NOW) || (image->flags_1 & DF_1_NOW))
		image->bind_now = true;
}

void bs_read_dynamic(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	const struct bs_segment *dynamic = NULL;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type != PT_DYNAMIC)
			continue;
		if (s->filesz)
			dynamic = s;
		else
			image->dynamic_is_empty = true;
	}
	if (!dynamic)
		return;
	image->has_dynamic = true;
	read_entries(r, dynamic->vaddr, dynamic->filesz);
	read_strings(r);
	read_facts(r);
}
