/* SPDX-License-Identifier: MIT */
/*
 * An ld.so.cache in the format of glibc 2.32 and newer, in the byte order of the machine that is
 * simulated. (glibc elf/cache.c: compare, save_cache; sysdeps/generic/dl-cache.h)
 */
#include "ldconfig-priv.h"

#include <elf.h>
#include <stdlib.h>

enum {
	HEADER = 48,
	ENTRY = 24,
	EXTENSION = 24, /* magic, count and one section */
	ENDIAN_LITTLE = 2,
	ENDIAN_BIG = 3,
	TAG_GLIBC_HWCAPS = 1,
};

#define MAGIC		"glibc-ld.so.cache1.1"
#define EXTENSION_MAGIC UINT32_C(0xeaa42174)
#define EXTENSION_BIT	(UINT64_C(1) << 62)

struct writer {
	const struct bs_ctx *ctx;
	bool big_endian;
	bs_chars bytes;
};

static void put32(struct writer *w, uint32_t value)
{
	uint32_t bytes = w->big_endian == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
				 ? value
				 : __builtin_bswap32(value);

	bs_chars_put(w->ctx, &w->bytes, (const char *)&bytes, sizeof bytes);
}

static void put64(struct writer *w, uint64_t value)
{
	uint32_t high = (uint32_t)(value >> 32), low = (uint32_t)value;

	put32(w, w->big_endian ? high : low);
	put32(w, w->big_endian ? low : high);
}

static void put_text(struct writer *w, const char *text)
{
	bs_chars_put(w->ctx, &w->bytes, text, strlen(text) + 1);
}

static void put_zeros(struct writer *w, size_t n)
{
	while (n--)
		bs_chars_put(w->ctx, &w->bytes, "", 1);
}

/* Descending by name; what lies below glibc-hwcaps comes first, then what asks for most of a
 * processor, and what was found first before the rest. */
static int in_cache_order(const struct bs_cache_entry *a, const struct bs_cache_entry *b,
			  bool char_is_unsigned)
{
	int order = bs_cache_compare(b->key, a->key, char_is_unsigned);

	if (order)
		return order;
	if (!a->subdir != !b->subdir)
		return a->subdir ? -1 : 1;
	order = a->subdir ? strcmp(a->subdir, b->subdir)
			  : __builtin_popcountll(b->legacy_bits) -
				    __builtin_popcountll(a->legacy_bits);
	if (!order && a->legacy_bits != b->legacy_bits)
		return a->legacy_bits > b->legacy_bits ? -1 : 1;
	return order ? order : a->place < b->place ? -1 : 1;
}

static int in_signed_order(const void *a, const void *b)
{
	return in_cache_order(a, b, false);
}

static int in_unsigned_order(const void *a, const void *b)
{
	return in_cache_order(a, b, true);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef BS_VEC(const char *) names;

/* The names of the glibc-hwcaps directories, sorted, each once. */
static names subdirs_of(const struct bs_ctx *ctx, const bs_cache_entries *entries)
{
	names all = { 0 };
	uint32_t n = 0;

	bs_vec_each (i, entries)
		if (entries->v[i].subdir)
			bs_vec_push(ctx->arena, &all, entries->v[i].subdir);
	if (all.n)
		qsort(all.v, all.n, sizeof *all.v, by_text);
	for (uint32_t i = 0; i < all.n; i++)
		if (!n || strcmp(all.v[n - 1], all.v[i]) != 0)
			all.v[n++] = all.v[i];
	all.n = n;
	return all;
}

static uint64_t hwcap_of(const struct bs_cache_entry *entry, const names *subdirs)
{
	uint32_t index = 0;

	if (!entry->subdir)
		return entry->legacy_bits;
	while (strcmp(subdirs->v[index], entry->subdir) != 0)
		index++;
	return EXTENSION_BIT | (uint64_t)entry->isa_level << 32 | index;
}

static void put_header(struct writer *w, uint32_t n, uint32_t n_strings, uint32_t extension)
{
	char flags = w->big_endian ? ENDIAN_BIG : ENDIAN_LITTLE;

	bs_chars_put(w->ctx, &w->bytes, MAGIC, sizeof MAGIC - 1);
	put32(w, n);
	put32(w, n_strings);
	bs_chars_put(w->ctx, &w->bytes, &flags, 1);
	put_zeros(w, 3);
	put32(w, extension);
	put_zeros(w, 12);
}

/* The strings of the entries, two each, and those of SUBDIRS stand in this order behind them. */
static void put_entries(struct writer *w, const bs_cache_entries *entries, const names *subdirs,
			int32_t flags)
{
	uint32_t at = HEADER + entries->n * ENTRY;

	bs_vec_each (i, entries) {
		const struct bs_cache_entry *entry = &entries->v[i];
		uint32_t value = at + (uint32_t)strlen(entry->key) + 1;

		put32(w, (uint32_t)flags);
		put32(w, at);
		put32(w, value);
		put32(w, 0);
		put64(w, hwcap_of(entry, subdirs));
		at = value + (uint32_t)strlen(entry->value) + 1;
	}
	bs_vec_each (i, entries) {
		put_text(w, entries->v[i].key);
		put_text(w, entries->v[i].value);
	}
}

unsigned char *bs_cache_write(const struct bs_ctx *ctx, const struct bs_search_setup *setup,
			      bs_cache_entries *entries, size_t *ret_n)
{
	const struct bs_cache_kind *kind = bs_cache_kind_of(&setup->target);
	struct writer w = { .ctx = ctx, .big_endian = setup->target.machine->data == ELFDATA2MSB };
	size_t n_strings = 0, n_names = 0;

	if (entries->n)
		qsort(entries->v, entries->n, sizeof *entries->v,
		      kind->char_is_unsigned ? in_unsigned_order : in_signed_order);
	names subdirs = subdirs_of(ctx, entries);

	bs_vec_each (i, entries)
		n_strings += strlen(entries->v[i].key) + strlen(entries->v[i].value) + 2;
	bs_vec_each (i, &subdirs)
		n_names += strlen(subdirs.v[i]) + 1;
	uint32_t names_at = HEADER + entries->n * ENTRY + (uint32_t)n_strings;
	uint32_t extension = (names_at + (uint32_t)n_names + 3) & ~3u;

	put_header(&w, entries->n, (uint32_t)(n_strings + n_names), extension);
	put_entries(&w, entries, &subdirs, kind->best);
	bs_vec_each (i, &subdirs)
		put_text(&w, subdirs.v[i]);
	put_zeros(&w, extension - w.bytes.n);
	put32(&w, EXTENSION_MAGIC);
	put32(&w, 1);
	put32(&w, TAG_GLIBC_HWCAPS);
	put32(&w, 0);
	put32(&w, extension + EXTENSION);
	put32(&w, subdirs.n * 4);
	bs_vec_each (i, &subdirs) {
		put32(&w, names_at);
		names_at += (uint32_t)strlen(subdirs.v[i]) + 1;
	}
	*ret_n = w.bytes.n;
	put_zeros(&w, 1);
	return (unsigned char *)w.bytes.v;
}
