/* SPDX-License-Identifier: MIT */
/*
 * References that lead to objects which are loaded on demand. A lookup passes over placeholders
 * that wait; here it is found out whether it should have stopped at one.
 */
#include "bind-priv.h"

#include <elf.h>

struct search {
	const struct bs_binder *binder;
	const struct bs_process *process;
	const struct bs_ctx *ctx;
	bs_map_id map;
	const struct bs_image *image;
	uint8_t *seen; /* by symbol: bit 0 as a slot, bit 1 as data */
	bool contested;
};

/* The placeholder that the reference SYMBOL comes to before it is answered. */
static bs_list_id wanted_by(struct search *s, uint32_t symbol, enum bs_reloc_kind kind)
{
	const struct bs_query query =
		bs_query_for(s->process, s->map, symbol, bs_class_of(s->image->machine, kind),
			     bs_reference_hash(s->image, symbol));
	const struct bs_answer answer = bs_lookup(s->binder, s->process, s->ctx, &query);
	bs_list_id list = bs_placeholder_before(s->process, query.scope, answer.definer);

	if (list == BS_NO_LIST || answer.definer == BS_NO_MAP || kind == BS_RELOC_SLOT)
		return list;
	s->contested = true;
	return s->process->policy->fixed.chosen[BS_CHOICE_DATA_TWO_PASS] ? BS_NO_LIST : list;
}

static bs_list_id wanted_in(struct search *s, const struct bs_reloc_table *table, bool lazy,
			    uint32_t *ret_symbol)
{
	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);
		enum bs_reloc_kind kind = bs_machine_kind(s->image->machine, r.type);
		uint8_t bit = kind == BS_RELOC_SLOT ? 1 : 2;
		struct bs_symbol reference = bs_image_symbol(s->image, r.symbol);

		if (!r.symbol || r.symbol >= s->image->symbols.n || (s->seen[r.symbol] & bit) ||
		    (lazy && bs_relocation_waits(s->binder, s->image, &r)) ||
		    bs_binds_locally(&s->binder->policy, s->image, r.symbol, &reference))
			continue;
		s->seen[r.symbol] |= bit;
		bs_list_id list = wanted_by(s, r.symbol, kind);

		if (list == BS_NO_LIST)
			continue;
		*ret_symbol = r.symbol;
		return list;
	}
	return BS_NO_LIST;
}

bs_list_id bs_placeholder_wanted(const struct bs_binder *binder, const struct bs_process *process,
				 const struct bs_ctx *ctx, bs_map_id map, bool lazy,
				 uint32_t *ret_symbol, bool *contested)
{
	const struct bs_image *image = bs_map_of(process, map)->image;
	struct search s = {
		.binder = binder,
		.process = process,
		.ctx = ctx,
		.map = map,
		.image = image,
	};
	bs_list_id list = BS_NO_LIST;

	if (bs_placeholder_before(process, &bs_map_of(process, map)->scope, BS_NO_MAP) ==
	    BS_NO_LIST)
		return BS_NO_LIST;
	s.seen = bs_new(ctx->arena, uint8_t, image->symbols.n);
	for (uint32_t i = 0; i < image->relocations.n_eager && list == BS_NO_LIST; i++)
		list = wanted_in(&s, &image->relocations.eager[i], false, ret_symbol);
	if (list == BS_NO_LIST)
		list = wanted_in(&s, &image->relocations.plt, lazy, ret_symbol);
	*contested |= s.contested;
	return list;
}

uint32_t bs_answer_of(const struct bs_binder *binder, const struct bs_process *process,
		      const struct bs_ctx *ctx, const struct bs_binding *binding, bs_map_id map)
{
	const struct bs_query query = bs_query_of(process, binding);
	const struct bs_matcher m = bs_matcher_of(binder, process, ctx, &query);

	if (bs_judge_map(&m, map) != BS_ACCEPTED)
		return 0;
	const struct bs_match match = bs_match_in(&m, map, 0);

	return match.refusal == BS_ACCEPTED && bs_judge_found(&m, map, match.symbol) == BS_ACCEPTED
		       ? match.symbol
		       : 0;
}
