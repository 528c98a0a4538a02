/* SPDX-License-Identifier: MIT */
/*
 * A step of a run held against the same step of another run of the same plan. Objects are the same
 * when they have the same name and are equally many-th of that name.
 */
#include "assume-priv.h"

/* What is in the process at the end of RESULT, or was for a while in it. */
static bs_ids present(const struct bs_run *run, const struct bs_step_result *result)
{
	bs_ids maps = bs_ids_copy(run->ctx.arena, &result->mapped);

	bs_vec_each (i, &result->born)
		if (bs_map_of(&run->process, result->born.v[i])->removed)
			bs_vec_push(run->ctx.arena, &maps, result->born.v[i]);
	return maps;
}

/* Finds the objects of HERE among THERE, one after another of each name. */
static void match(struct bs_pair *pair, const bs_ids *here, const bs_ids *there)
{
	struct bs_arena *arena = pair->here->ctx.arena;
	bs_name highest = 0;

	bs_vec_each (i, there) {
		bs_name name = bs_map_of(&pair->there->process, there->v[i])->name;

		highest = name > highest ? name : highest;
	}
	/* By name: those that are left of it, as indexes into THERE plus 1. */
	uint32_t *first = bs_new(arena, uint32_t, highest + 1);
	uint32_t *next = bs_new(arena, uint32_t, there->n);

	for (uint32_t i = there->n; i-- > 0;) {
		bs_name name = bs_map_of(&pair->there->process, there->v[i])->name;

		next[i] = first[name];
		first[name] = i + 1;
	}
	bs_vec_each (i, here) {
		bs_name name = bs_map_of(&pair->here->process, here->v[i])->name;
		uint32_t at = name <= highest ? first[name] : 0;

		if (!at)
			continue;
		pair->there_of[here->v[i]] = there->v[at - 1];
		first[name] = next[at - 1];
	}
}

struct bs_pair bs_pair_of(struct bs_run *run, const struct bs_otherwise *other,
			  const struct bs_step_result *result)
{
	struct bs_arena *arena = run->ctx.arena;
	uint32_t number = result->number;
	uint32_t at = number < other->result_of.n ? other->result_of.v[number] : 0;
	uint8_t *mapped = bs_new(arena, uint8_t, other->run->process.maps.n);
	struct bs_pair pair = {
		.other = other,
		.here = run,
		.there = other->run,
		.result = result,
		.other_result = at ? &other->results.v[at - 1] : NULL,
		.there_of = bs_new(arena, bs_map_id, run->process.maps.n),
		.is_mapped_there = mapped,
	};

	bs_vec_each (i, &run->process.maps)
		pair.there_of[i] = BS_NO_MAP;
	if (!pair.other_result)
		return pair;
	const bs_ids here = present(run, result), there = present(other->run, pair.other_result);

	match(&pair, &here, &there);
	bs_vec_each (i, &pair.other_result->mapped)
		mapped[pair.other_result->mapped.v[i]] = 1;
	return pair;
}

bool bs_is_same(const struct bs_pair *pair, bs_map_id here, bs_map_id there)
{
	if (here == BS_NO_MAP || there == BS_NO_MAP)
		return here == there;
	if (pair->there_of[here] != BS_NO_MAP)
		return pair->there_of[here] == there;
	return bs_map_of(&pair->here->process, here)->name ==
	       bs_map_of(&pair->there->process, there)->name;
}

struct bs_counterpart bs_counterpart_of(const struct bs_pair *pair, const struct bs_binding *b)
{
	bs_map_id referrer = pair->there_of[b->referrer];
	const struct bs_place *place;

	if (referrer == BS_NO_MAP)
		return (struct bs_counterpart){ NULL, false };
	place = b->type_class == BS_CLASS_PLT
			? bs_otherwise_place(pair->other, referrer, b->symbol, PLACE_SLOT)
			: NULL;
	if (place) {
		const struct bs_binding *waiting = bs_slot_at(
			pair->there, &pair->there->slots.v[place->at], pair->other_result->epoch);

		if (waiting)
			return (struct bs_counterpart){ waiting, true };
	}
	place = bs_otherwise_place(pair->other, referrer, b->symbol, b->type_class);
	return (struct bs_counterpart){ place ? &pair->other->bindings.v[place->at] : NULL, false };
}
