/* SPDX-License-Identifier: MIT */
/*
 * A lookup is a chain of loads that each miss the cache: symbol, name, place, entry, definition and
 * its name. A batch of relocations starts each link of all its lookups before the first lookup is
 * made.
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

/* The first entry of those with HASH, or 0; its neighbours are fetched with it. */
static uint32_t first_entry(const struct bs_name_table *table, uint32_t hash)
{
	uint32_t last = bs_name_table_find(table, hash);

	return last ? table->next[last] : 0;
}

void bs_look_ahead(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_image *image, const struct bs_reloc_table *table, uint32_t from,
		   struct bs_ahead *ret)
{
	const struct bs_name_table *names = binder->table;
	uint32_t entry[BS_AHEAD], symbol[BS_AHEAD], n = 0;
	const struct bs_image *definer[BS_AHEAD];

	ret->n = table->n - from < BS_AHEAD ? table->n - from : BS_AHEAD;
	for (uint32_t i = 0; i < ret->n; i++) {
		ret->relocation[i] = bs_reloc_at(table, from + i);
		if (asks(image, &ret->relocation[i])) {
			prefetch_symbol(image, ret->relocation[i].symbol);
			__builtin_prefetch(&image->symbols.name_hashes[ret->relocation[i].symbol]);
		}
	}
	for (uint32_t i = 0; i < ret->n; i++)
		if (asks(image, &ret->relocation[i]))
			prefetch_name(image, ret->relocation[i].symbol);
	for (uint32_t i = 0; i < ret->n; i++) {
		const struct bs_relocation *r = &ret->relocation[i];

		ret->hash[i] = asks(image, r) ? bs_image_name_hash(image, r->symbol) : 0;
		if (ret->hash[i])
			__builtin_prefetch(
				&names->places[bs_name_table_start(names, ret->hash[i])]);
	}
	for (uint32_t i = 0; i < ret->n; i++) {
		uint32_t first = ret->hash[i] ? first_entry(names, ret->hash[i]) : 0;

		if (first)
			entry[n++] = first;
	}
	for (uint32_t i = 0; i < n; i++) {
		definer[i] = bs_map_of(process, bs_entry_map(names, entry[i]))->image;
		symbol[i] = bs_entry_symbol(names, entry[i]);
		if (symbol[i] < definer[i]->symbols.n)
			prefetch_symbol(definer[i], symbol[i]);
	}
	for (uint32_t i = 0; i < n; i++)
		prefetch_name(definer[i], symbol[i]);
}
