/* SPDX-License-Identifier: MIT */
/* ldconfig-priv.h - a cache that is made instead of read: ldconfig.c finds, cache-write.c writes */
#pragma once

#include "search-priv.h"

/* One line of the cache. */
struct bs_cache_entry {
	const char *key, *value;
	const char *subdir;   /* below glibc-hwcaps, or NULL */
	uint64_t legacy_bits; /* of the directory's name, where SUBDIR is NULL */
	uint32_t isa_level;
	uint32_t place; /* in the order in which they were found */
};

typedef BS_VEC(struct bs_cache_entry) bs_cache_entries;

/* ENTRIES as the bytes of a cache for SETUP's machine; in CTX's arena. They are sorted on the way.
 */
unsigned char *bs_cache_write(const struct bs_ctx *ctx, const struct bs_search_setup *setup,
			      bs_cache_entries *entries, size_t *ret_n);
