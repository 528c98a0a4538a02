/* SPDX-License-Identifier: MIT */
/*
 * A lookup is a chain of loads that each miss the cache: symbol, name, head, entry, bloom word and
 * bucket, chain and definition. A batch of relocations starts each link of all its lookups before
 * the first lookup is made.
 */
#include "bind-priv.h"

#include <elf.h>

static bool asks(const struct bs_image *image, const struct bs_relocation *r)
{
	return r->symbol && r->symbol < image->symbols.n;
}

static void prefetch_symbol(const struct bs_image *image, uint32_t symbol)
{
	size_t size = image->symbols.wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

	__builtin_prefetch((const char *)image->symbols.entries + symbol * size);
}

/* Names of C++ run to two cache lines. */
static void prefetch_name(const struct bs_image *image, uint32_t symbol)
{
	const char *name = bs_image_symbol_name(image, symbol);

	__builtin_prefetch(name);
	__builtin_prefetch(name + 64);
}

/* The object behind the first entry for HASH, when it can be walked; or NULL. */
static const struct bs_image *first_image(const struct bs_process *process,
					  const struct bs_name_table *table, uint32_t hash)
{
	uint32_t at = table->heads[bs_name_table_slot(table, hash)];
	const struct bs_image *image =
		at ? bs_map_of(process, table->entries.v[at].map)->image : NULL;

	return image && image->gnu_hash.n_buckets ? image : NULL;
}

static void prefetch_bucket(const struct bs_gnu_hash *gnu, uint32_t hash)
{
	unsigned word_bits = gnu->wide ? 64 : 32;

	__builtin_prefetch((const char *)gnu->bloom +
			   (size_t)(hash / word_bits & (gnu->bloom_words - 1)) * (word_bits / 8));
	__builtin_prefetch(&gnu->buckets[hash % gnu->n_buckets]);
}

/* The first of the bucket's chain: mostly the one that answers, or its neighbour. 0: there is none.
 */
static uint32_t prefetch_chain(const struct bs_image *image, uint32_t hash)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;
	uint32_t first = gnu->buckets[hash % gnu->n_buckets];

	if (first < gnu->symbol_base || first - gnu->symbol_base >= gnu->n_chain ||
	    first >= image->symbols.n)
		return 0;
	__builtin_prefetch(&gnu->chain[first - gnu->symbol_base]);
	prefetch_symbol(image, first);
	return first;
}

void bs_look_ahead(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_image *image, const struct bs_reloc_table *table, uint32_t from,
		   struct bs_ahead *ret)
{
	const struct bs_name_table *names = binder->table;
	const struct bs_image *images[BS_AHEAD];
	uint32_t first[BS_AHEAD];
	uint32_t last_symbol = 0;

	ret->n = table->n - from < BS_AHEAD ? table->n - from : BS_AHEAD;
	for (uint32_t i = 0; i < ret->n; i++) {
		ret->relocation[i] = bs_reloc_at(table, from + i);
		if (asks(image, &ret->relocation[i]))
			prefetch_symbol(image, ret->relocation[i].symbol);
	}
	for (uint32_t i = 0; i < ret->n; i++)
		if (asks(image, &ret->relocation[i]))
			prefetch_name(image, ret->relocation[i].symbol);
	for (uint32_t i = 0; i < ret->n; i++) {
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
	for (uint32_t i = 0; i < ret->n; i++) {
		images[i] = asks(image, &ret->relocation[i])
				    ? first_image(process, names, ret->hash[i])
				    : NULL;
		if (images[i])
			prefetch_bucket(&images[i]->gnu_hash, ret->hash[i]);
	}
	for (uint32_t i = 0; i < ret->n; i++)
		first[i] = images[i] ? prefetch_chain(images[i], ret->hash[i]) : 0;
	for (uint32_t i = 0; i < ret->n; i++)
		if (first[i])
			prefetch_name(images[i], first[i]);
}
