/* SPDX-License-Identifier: MIT */
/* What was said of the objects of an image: a set of pairs. */
#include "log-priv.h"

static uint64_t key_of(enum bs_log_fact fact, bs_name name)
{
	return (uint64_t)name << 8 | ((uint64_t)fact + 1);
}

static uint32_t slot_of(const struct bs_log_facts *facts, uint64_t key)
{
	uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & (facts->n_slots - 1);

	while (facts->slots[at] && facts->slots[at] != key)
		at = (at + 1) & (facts->n_slots - 1);
	return at;
}

bool bs_log_has(const struct bs_log_facts *facts, enum bs_log_fact fact, bs_name name)
{
	return facts->n_slots && facts->slots[slot_of(facts, key_of(fact, name))];
}

bool bs_log_add(struct bs_arena *arena, struct bs_log_facts *facts, enum bs_log_fact fact,
		bs_name name)
{
	uint64_t key = key_of(fact, name);

	if (facts->n * 2 >= facts->n_slots) {
		struct bs_log_facts grown = {
			.n = facts->n,
			.n_slots = facts->n_slots ? facts->n_slots * 2 : 16,
		};

		grown.slots = bs_new(arena, uint64_t, grown.n_slots);
		for (uint32_t i = 0; i < facts->n_slots; i++)
			if (facts->slots[i])
				grown.slots[slot_of(&grown, facts->slots[i])] = facts->slots[i];
		*facts = grown;
	}
	uint32_t at = slot_of(facts, key);

	if (facts->slots[at])
		return false;
	facts->slots[at] = key;
	facts->n++;
	return true;
}
