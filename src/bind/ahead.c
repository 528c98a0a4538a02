/* SPDX-License-Identifier: MIT */
/*
 * A lookup is a chain of loads that each miss the cache: head, entry, bloom word, bucket. A batch
 * of relocations starts the loads of all its lookups before the first of them is made.
 */
#include "bind-priv.h"

static bool asks(const struct bs_image *image, const struct bs_relocation *r)
{
	return r->symbol && r->symbol < image->symbols.n;
}

/* What the object behind the first entry for HASH will be asked with. */
static void prefetch_image(const struct bs_process *process, const struct bs_name_table *table,
			   uint32_t hash)
{
	uint32_t at = table->heads[bs_name_table_slot(table, hash)];
	const struct bs_image *image =
		at ? bs_map_of(process, table->entries.v[at].map)->image : NULL;

	if (!image || !image->gnu_hash.n_buckets)
		return;
	const struct bs_gnu_hash *gnu = &image->gnu_hash;
	unsigned word_bits = gnu->wide ? 64 : 32;

	__builtin_prefetch((const char *)gnu->bloom +
			   (size_t)(hash / word_bits & (gnu->bloom_words - 1)) * (word_bits / 8));
	__builtin_prefetch(&gnu->buckets[hash % gnu->n_buckets]);
}

void bs_look_ahead(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_image *image, const struct bs_reloc_table *table, uint32_t from,
		   struct bs_ahead *ret)
{
	const struct bs_name_table *names = binder->table;
	uint32_t last_symbol = 0;

	ret->n = table->n - from < BS_AHEAD ? table->n - from : BS_AHEAD;
	for (uint32_t i = 0; i < ret->n; i++) {
		ret->relocation[i] = bs_reloc_at(table, from + i);
		const struct bs_relocation *r = &ret->relocation[i];

		ret->hash[i] = 0;
		if (!asks(image, r))
			continue;
		ret->hash[i] = i && r->symbol == last_symbol
				       ? ret->hash[i - 1]
				       : bs_hash_gnu(bs_image_symbol_name(image, r->symbol));
		last_symbol = r->symbol;
		__builtin_prefetch(&names->heads[bs_name_table_slot(names, ret->hash[i])]);
	}
	for (uint32_t i = 0; i < ret->n; i++)
		if (asks(image, &ret->relocation[i]))
			__builtin_prefetch(
				&names->entries
					 .v[names->heads[bs_name_table_slot(names, ret->hash[i])]]);
	for (uint32_t i = 0; i < ret->n; i++)
		if (asks(image, &ret->relocation[i]))
			prefetch_image(process, names, ret->hash[i]);
}
