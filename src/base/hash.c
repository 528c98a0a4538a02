/* SPDX-License-Identifier: MIT */
/* The two hashes of names that ELF files hold. */
#include "base.h"

#include <string.h>

uint32_t bs_hash_sysv(const char *s)
{
	uint32_t h = 0;

	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		h = (h << 4) + *p;
		h ^= (h >> 24) & 0xf0;
		h &= 0x0fffffff;
	}
	return h;
}

/*
 * What eight characters, of which X holds the first in its lowest byte, add to a hash: c0 * 33^7 +
 * ... + c7, without the carry from one to the next that a loop over characters waits for.
 * Neighbours are joined in lanes that twice as many bits are enough for: 255 * 34 < 2^16, and that
 * times 1090 < 2^32.
 */
static uint32_t sum_of_eight(uint64_t x)
{
	const uint64_t bytes = UINT64_C(0x00ff00ff00ff00ff), words = UINT64_C(0x0000ffff0000ffff);

	x = (x & bytes) * 33 + (x >> 8 & bytes);
	x = (x & words) * (33 * 33) + (x >> 16 & words);
	return (uint32_t)x * (33u * 33 * 33 * 33) + (uint32_t)(x >> 32);
}

static uint64_t load_eight(const char *s)
{
	uint64_t x;

	memcpy(&x, s, sizeof x);
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? x : __builtin_bswap64(x);
}

uint32_t bs_hash_gnu(const char *s)
{
#define P1 33u
#define P2 (P1 * P1)
#define P4 (P2 * P2)
	static const uint32_t powers[] = { 1, P1, P2, P2 * P1, P4, P4 * P1, P4 * P2, P4 * P2 * P1 };
	const size_t n = strlen(s);
	const char *end = s + n;
	uint32_t h = 5381;

	for (; end - s >= 8; s += 8)
		h = h * (P4 * P4) + sum_of_eight(load_eight(s));
#undef P1
#undef P2
#undef P4
	/* The rest with what comes before it blanked out: NULs in front add nothing. */
	if (n >= 8 && s < end)
		return h * powers[end - s] +
		       sum_of_eight(load_eight(end - 8) & UINT64_MAX << (8 - (end - s)) * 8);
	for (; s < end; s++)
		h = h * 33 + (unsigned char)*s;
	return h;
}
