/* SPDX-License-Identifier: MIT */
/* Who has a definition of a name, whoever is bound to it. */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

static bool defines(const struct bs_image *image, uint32_t index, const char *name)
{
	const struct bs_symbol symbol = bs_image_symbol(image, index);

	return symbol.section != SHN_UNDEF && bs_symbol_bind(&symbol) != STB_LOCAL &&
	       strcmp(bs_image_symbol_name(image, index), name) == 0;
}

void bs_definers_of(const struct bs_binder *binder, const struct bs_process *process,
		    const struct bs_ctx *ctx, const char *name, bs_ids *ret)
{
	const struct bs_name_table *table = binder->table;

	ret->n = 0;
	if (!table->size)
		return;
	const struct bs_key key = bs_key_for(binder, bs_hash_gnu(name));
	uint32_t entry = key.circle;

	if (!entry)
		return;
	do {
		entry = table->next[entry];
		bs_map_id id = bs_entry_map(table, entry);

		if (id < process->maps.n && !bs_map_of(process, id)->removed &&
		    !bs_ids_have(ret, id) &&
		    defines(table->maps.v[id].image, bs_entry_symbol(table, entry), name))
			bs_vec_push(ctx->arena, ret, id);
	} while (entry != key.circle);
}
