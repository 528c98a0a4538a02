/* SPDX-License-Identifier: MIT */
/*
 * unique-crosses: the table of unique symbols knows names and no scopes, so it joins objects that
 * were opened apart. (glibc elf/dl-lookup.c:do_lookup_unique)
 */
#include "check-priv.h"

uint64_t bs_place_in_scope(const struct bs_process *process, bs_map_id from, bs_map_id to)
{
	const bs_ids *scope = &bs_map_of(process, from)->scope;

	bs_vec_each (i, scope) {
		const struct bs_searchlist *list = &process->lists.v[scope->v[i]];

		if (to < list->n_place && list->place[to])
			return (uint64_t)i << 32 | list->place[to];
	}
	return BS_NOWHERE;
}

static enum bs_level level_of(const struct bs_process *process, const struct bs_binding *b,
			      uint64_t place)
{
	const struct bs_image *image = bs_map_of(process, b->definer)->image;
	bool together = place != BS_NOWHERE &&
			bs_place_in_scope(process, b->definer, b->referrer) != BS_NOWHERE;

	/* Of what nobody writes to one is as good as another. */
	return together || bs_is_constant(image, bs_image_symbol(image, b->definer_symbol).value)
		       ? BS_LEVEL_NOTE
		       : BS_LEVEL_WARNING;
}

void bs_check_unique(struct bs_pass *pass, const struct bs_binding *b)
{
	const struct bs_process *process = &pass->run->process;
	const struct bs_map *to = bs_map_of(process, b->definer);

	/* At start-up all see the same, and the first in scope is the first in the table. */
	if (!pass->result->number || !b->symbol || b->outcome != BS_BOUND)
		return;
	uint64_t place = bs_place_in_scope(process, b->referrer, b->definer);
	bool own_is_earlier =
		b->is_defined && bs_place_in_scope(process, b->referrer, b->referrer) < place;

	if ((place != BS_NOWHERE && !own_is_earlier) ||
	    bs_counted_before(pass, &pass->counted, b, BS_COUNTED_UNIQUE))
		return;
	if (b->is_defined) {
		const struct bs_symbol own =
			bs_image_symbol(bs_map_of(process, b->referrer)->image, b->symbol);
		const struct bs_symbol theirs = bs_image_symbol(to->image, b->definer_symbol);

		bs_check_exchange(pass, b, &own, &theirs);
	}
	enum bs_level level = level_of(process, b, place);
	struct bs_finding *f = bs_finding_of(pass, BS_RULE_UNIQUE_CROSSES, level, b);

	if (f->n > 1)
		return;
	if (place == BS_NOWHERE)
		bs_finding_fact(
			pass->run, f,
			&(struct bs_fact){ .kind = BS_FACT_NOT_IN_SCOPE, .object = b->definer });
	/* What is there from the start stays anyway. */
	if (to->kind == BS_MAP_LOADED && to->nodelete_active)
		bs_finding_fact(pass->run, f,
				&(struct bs_fact){ .kind = BS_FACT_PINNED, .object = b->definer });
}
