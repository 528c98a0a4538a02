/* SPDX-License-Identifier: MIT */
/*
 * A lookup is a chain of loads that each miss the cache: symbol, name, place, entry, definition and
 * its name. A batch of relocations starts each link of all its lookups before the first lookup is
 * made.
 */
#include "bind-priv.h"

#include <elf.h>

/* R makes a lookup: of those that went before, the memo has the answers; of others, FORECAST. */
static bool asks(const struct bs_binder *binder, const struct bs_image *image,
		 const struct bs_relocation *r, bool has_memo, const struct bs_forecast *forecast)
{
	if (!r->symbol || r->symbol >= image->symbols.n || bs_is_foretold(forecast, r->symbol))
		return false;
	if (!has_memo || !image->machine)
		return true;
	const struct bs_memo *memo = &binder->memo[bs_class_of(
		image->machine, bs_machine_kind(image->machine, r->type))];

	return r->symbol >= memo->n || memo->of[r->symbol] < binder->serial;
}

void bs_look_ahead(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_image *image, const struct bs_reloc_table *table, uint32_t from,
		   bool has_memo, const struct bs_forecast *forecast, struct bs_ahead *ret)
{
	const struct bs_name_table *names = binder->table;
	const struct bs_image *definer[BS_AHEAD];
	uint32_t asking[BS_AHEAD], symbol[BS_AHEAD], n = 0, n_others = 0;

	ret->n = table->n - from < BS_AHEAD ? table->n - from : BS_AHEAD;
	for (uint32_t i = 0; i < ret->n; i++) {
		ret->relocation[i] = bs_reloc_at(table, from + i);
		ret->key[i] = (struct bs_key){ 0 };
		if (forecast && ret->relocation[i].symbol < image->symbols.n)
			__builtin_prefetch(&forecast->known[ret->relocation[i].symbol]);
	}
	for (uint32_t i = 0; i < ret->n; i++) {
		if (!asks(binder, image, &ret->relocation[i], has_memo, forecast))
			continue;
		asking[n++] = i;
		bs_image_prefetch_symbol(image, ret->relocation[i].symbol);
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = asking[k];

		ret->key[i].hash = bs_image_name_hash(image, ret->relocation[i].symbol);
		__builtin_prefetch(&names->places[bs_name_table_start(names, ret->key[i].hash)]);
	}
	for (uint32_t k = 0; k < n; k++) {
		struct bs_key *key = &ret->key[asking[k]];

		*key = bs_key_for(binder, key->hash);
		if (!key->circle)
			continue;
		uint32_t entry = bs_key_first(names, key);
		const struct bs_image *other =
			bs_map_of(process, bs_entry_map(names, entry))->image;

		symbol[n_others] = bs_entry_symbol(names, entry);
		/* What is the object's own is not compared by name. */
		if (other == image || symbol[n_others] >= other->symbols.n)
			continue;
		bs_image_prefetch_symbol(other, symbol[n_others]);
		bs_image_prefetch_name(image, ret->relocation[asking[k]].symbol);
		definer[n_others++] = other;
	}
	for (uint32_t k = 0; k < n_others; k++)
		bs_image_prefetch_name(definer[k], symbol[k]);
}
