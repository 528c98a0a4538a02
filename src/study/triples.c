/* SPDX-License-Identifier: MIT */
#include "triples.h"

enum { FIRST_SLOTS = 256 };

static uint32_t *slot_of(const struct bs_triples *t, const struct bs_triple *key)
{
	uint64_t hash = bs_mix(bs_mix(bs_mix(1, key->a), key->b), key->c);

	for (uint32_t at = (uint32_t)(hash >> 16);; at++) {
		uint32_t *slot = &t->slots[at & (t->n_slots - 1)];
		const struct bs_triple *held = *slot ? &t->list.v[*slot - 1] : NULL;

		if (!held || (held->a == key->a && held->b == key->b && held->c == key->c))
			return slot;
	}
}

static void grow(struct bs_arena *arena, struct bs_triples *t)
{
	t->n_slots = t->n_slots ? t->n_slots * 2 : FIRST_SLOTS;
	t->slots = bs_new(arena, uint32_t, t->n_slots);
	bs_vec_each (i, &t->list)
		*slot_of(t, &t->list.v[i]) = i + 1;
}

uint32_t bs_triple(struct bs_arena *arena, struct bs_triples *t, uint32_t a, uint32_t b, uint32_t c)
{
	const struct bs_triple key = { a, b, c };

	if (t->list.n >= t->n_slots / 2)
		grow(arena, t);
	uint32_t *slot = slot_of(t, &key);

	if (!*slot) {
		bs_vec_push(arena, &t->list, key);
		*slot = t->list.n;
	}
	return *slot - 1;
}
