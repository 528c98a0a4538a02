/* SPDX-License-Identifier: MIT */
/* search-cachefile.h - writes ld.so.cache byte by byte */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cache_format { CACHE_NEW, CACHE_OLD, CACHE_COMPAT };

struct cache_entry {
	int32_t flags;
	const char *key, *value;
	uint64_t hwcap;
};

struct cache_file {
	enum cache_format format;
	bool big_endian;
	uint8_t flags; /* of the new header */
	const char *hwcaps[5];
	struct cache_entry entries[12]; /* as they shall stand in the file; a NULL key ends */
};

/* The entry of subdirectory INDEX of hwcaps[] that needs ISA level LEVEL (0 is the baseline). */
#define CACHE_EXTENSION(index, level) (UINT64_C(1) << 62 | (uint64_t)(level) << 32 | (index))

enum { CACHE_BYTES = 4096 };

/* Writes FILE into BYTES and returns its length. The old entries of CACHE_COMPAT are of no use. */
size_t cache_write(const struct cache_file *file, unsigned char bytes[CACHE_BYTES]);
