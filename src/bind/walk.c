/* SPDX-License-Identifier: MIT */
/*
 * The whole walk of one lookup, told object by object. A loader stops at the first that answers;
 * this goes on, since those who would have answered later are what a person asks for. It judges
 * with the functions that the lookup itself uses.
 */
#include "bind-priv.h"

static struct bs_candidate ask(const struct bs_matcher *m, bs_map_id asked)
{
	bs_map_id map = bs_map_of(m->process, asked)->real;
	struct bs_candidate c = { .map = map, .refusal = bs_judge_map(m, map) };

	if (!bs_map_of(m->process, map)->image)
		c.refusal = BS_REFUSED_NAME;
	if (c.refusal != BS_ACCEPTED)
		return c;
	struct bs_match match = bs_match_in(m, map, 0);

	c.symbol = match.symbol;
	c.refusal = match.refusal;
	if (c.refusal == BS_ACCEPTED)
		c.refusal = bs_judge_found(m, map, match.symbol);
	return c;
}

void bs_walk(const struct bs_binder *binder, const struct bs_process *process,
	     const struct bs_ctx *ctx, const struct bs_query *query, bs_candidates *ret)
{
	const struct bs_matcher m = bs_matcher_of(binder, process, ctx, query);
	uint8_t *seen = bs_new(ctx->arena, uint8_t, process->maps.n);

	bs_vec_each (i, query->scope) {
		const struct bs_searchlist *list = &process->lists.v[query->scope->v[i]];

		bs_vec_each (k, &list->maps) {
			bs_map_id asked = list->maps.v[k];

			/* An object in two lists is asked again and says the same. */
			if (seen[asked] ||
			    (query->behind && ((uint64_t)i << 32 | k) <= *query->behind))
				continue;
			seen[asked] = 1;
			struct bs_candidate c = ask(&m, asked);

			c.list = i;
			c.position = k;
			bs_vec_push(ctx->arena, ret, c);
		}
	}
}

struct bs_query bs_query_of(const struct bs_process *process, const struct bs_binding *binding)
{
	const struct bs_map *map = bs_map_of(process, binding->referrer);
	struct bs_query query =
		bs_query_for(process, binding->referrer, binding->symbol, binding->type_class,
			     bs_reference_hash(map->image, binding->symbol));

	if (binding->kinds >> BS_RELOC_SLOT & 1)
		query.scope = bs_call_scope(map);
	return query;
}
