/* SPDX-License-Identifier: MIT */
/* triples.h - three numbers -> a number of their own, in order of appearance */
#pragma once

#include "../base/base.h"

struct bs_triple {
	uint32_t a, b, c;
};

struct bs_triples {
	BS_VEC(struct bs_triple) list;
	uint32_t *slots; /* index + 1 */
	uint32_t n_slots;
};

/* The index of (A, B, C) in TRIPLES, which it is added to when it is new. In ARENA. */
uint32_t bs_triple(struct bs_arena *arena, struct bs_triples *triples, uint32_t a, uint32_t b,
		   uint32_t c);

/* HASH with NUMBER added to it. */
static inline uint64_t bs_mix(uint64_t hash, uint64_t number)
{
	hash = (hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}
