/* SPDX-License-Identifier: MIT */
/*
 * What answers rest on: those of a step are held against those of the runs in which one choice was
 * made the other way (otherwise.c), and those that differ are marked with it.
 */
#include "assume-priv.h"

#include <string.h>

/* ---- references ---------------------------------------------------------------------------- */

static bool differs(const struct bs_pair *pair, const struct bs_binding *b, bool waits,
		    const struct bs_counterpart *there)
{
	bs_map_id referrer = pair->there_of[b->referrer];

	/* The step tells that it is not there, or that all is over there. */
	if (!pair->other_result || referrer == BS_NO_MAP || pair->other_result->ends_process ||
	    (!pair->is_mapped_there[referrer] &&
	     !bs_map_of(&pair->here->process, b->referrer)->removed))
		return false;
	if (!there->binding)
		return pair->is_mapped_there[referrer];
	return there->waits != waits || b->outcome != there->binding->outcome ||
	       !bs_is_same(pair, b->definer, there->binding->definer) ||
	       b->definer_symbol != there->binding->definer_symbol ||
	       (waits && b->loads != there->binding->loads);
}

/* ---- a step -------------------------------------------------------------------------------- */

static bool are_same(const struct bs_pair *pair, const bs_ids *here, const bs_ids *there)
{
	if (here->n != there->n)
		return false;
	bs_vec_each (i, here)
		if (!bs_is_same(pair, here->v[i], there->v[i]))
			return false;
	return true;
}

/* What a step brought and left, in the order of loading; then what it did not keep. */
static bs_ids brought(const struct bs_run *run, const struct bs_step_result *result)
{
	bs_ids maps = { 0 };

	bs_vec_each (i, &result->mapped)
		if (bs_ids_have(&result->born, result->mapped.v[i]))
			bs_vec_push(run->ctx.arena, &maps, result->mapped.v[i]);
	bs_vec_each (i, &result->born)
		if (!bs_ids_have(&result->mapped, result->born.v[i]))
			bs_vec_push(run->ctx.arena, &maps, result->born.v[i]);
	return maps;
}

static bool same_demands(const struct bs_pair *pair)
{
	const struct bs_step_result *here = pair->result, *there = pair->other_result;

	if (here->demands.n != there->demands.n)
		return false;
	bs_vec_each (i, &here->demands) {
		const struct bs_demand *a = &here->demands.v[i], *b = &there->demands.v[i];

		if (a->made != b->made || a->was_loaded != b->was_loaded ||
		    !bs_is_same(pair, a->map, b->map) || !bs_is_same(pair, a->owner, b->owner))
			return false;
	}
	return true;
}

static bool same_found(const struct bs_pair *pair)
{
	const struct bs_found_symbol *here = &pair->result->found,
				     *there = &pair->other_result->found;

	return bs_is_same(pair, here->map, there->map) &&
	       (here->map == BS_NO_MAP || here->symbol == there->symbol);
}

static bool step_differs(const struct bs_pair *pair)
{
	const struct bs_step_result *here = pair->result, *there = pair->other_result;

	if (!there || here->state != there->state || here->ends_process != there->ends_process ||
	    here->was_bound != there->was_bound)
		return true;
	if (here->state == BS_STEP_FAILED && strcmp(here->message, there->message) != 0)
		return true;
	const bs_ids a = brought(pair->here, here), b = brought(pair->there, there);

	return !are_same(pair, &a, &b) || !are_same(pair, &here->gone, &there->gone) ||
	       !are_same(pair, &here->opening.promoted, &there->opening.promoted) ||
	       here->passed_over.n != there->passed_over.n || !same_found(pair) ||
	       !same_demands(pair);
}

static bool same_view(const struct bs_pair *pair, const struct bs_scope_view *here,
		      const struct bs_scope_view *there)
{
	bs_ids a = { 0 }, b = { 0 };
	BS_VEC(const char *) waiting = { 0 };
	uint32_t at = 0;

	bs_vec_each (i, &here->lists) {
		bs_vec_each (k, &here->lists.v[i])
			bs_vec_push(pair->here->ctx.arena, &a, here->lists.v[i].v[k]);
		if (here->placeholders.v[i])
			bs_vec_push(pair->here->ctx.arena, &waiting, here->placeholders.v[i]);
	}
	bs_vec_each (i, &there->lists) {
		bs_vec_each (k, &there->lists.v[i])
			bs_vec_push(pair->here->ctx.arena, &b, there->lists.v[i].v[k]);
		if (!there->placeholders.v[i])
			continue;
		if (at == waiting.n || strcmp(waiting.v[at], there->placeholders.v[i]) != 0)
			return false;
		at++;
	}
	return at == waiting.n && are_same(pair, &a, &b);
}

static bool view_differs(const struct bs_pair *pair, const struct bs_scope_view *view)
{
	bs_map_id map = pair->there_of[view->map];
	const struct bs_step_result *there = pair->other_result;

	if (!there || map == BS_NO_MAP)
		return false;
	bs_vec_each (i, &there->views)
		if (there->views.v[i].map == map && there->views.v[i].from == view->from)
			return !same_view(pair, view, &there->views.v[i]);
	return false;
}

/* ---- marks --------------------------------------------------------------------------------- */

uint64_t bs_run_assumed(const struct bs_run *run, const struct bs_binding *binding)
{
	return binding->assumed ? run->assumed_sets.v[binding->assumed - 1] : 0;
}

static void mark(struct bs_run *run, struct bs_binding *binding, enum bs_choice choice)
{
	uint64_t set = bs_run_assumed(run, binding) | 1ull << choice;
	uint32_t at = 0;

	while (at < run->assumed_sets.n && run->assumed_sets.v[at] != set)
		at++;
	if (at == UINT16_MAX)
		return;
	if (at == run->assumed_sets.n)
		bs_vec_push(run->ctx.arena, &run->assumed_sets, set);
	run->assumed |= set;
	binding->assumed = (uint16_t)(at + 1);
}

static void mark_step(const struct bs_pair *pair, struct bs_step_result *result)
{
	enum bs_choice choice = pair->other->choice;
	bs_bindings *bindings = &result->relocated.bindings;

	if (step_differs(pair))
		result->assumed |= 1ull << choice;
	bs_vec_each (i, &result->views)
		if (view_differs(pair, &result->views.v[i]))
			result->views.v[i].assumed |= 1ull << choice;
	bs_vec_each (i, bindings) {
		struct bs_binding *b = &bindings->v[i];
		const struct bs_counterpart there = bs_counterpart_of(pair, b);

		if (b->symbol && differs(pair, b, false, &there))
			mark(pair->here, b, choice);
	}
	bs_vec_each (i, &pair->here->slots) {
		struct bs_binding *answer = &pair->here->answers.v[i];
		const struct bs_counterpart there = bs_counterpart_of(pair, answer);

		if (pair->here->slots.v[i].over == BS_NEVER && differs(pair, answer, true, &there))
			mark(pair->here, answer, choice);
	}
}

/* The answers of slots that RESULT shows have the marks that the slots have. */
static void copy_marks(const struct bs_run *run, bs_bindings *answers)
{
	uint32_t at = 0;

	bs_vec_each (i, answers) {
		struct bs_binding *b = &answers->v[i];

		for (uint32_t n = 0; n < run->slots.n; n++, at++) {
			const struct bs_binding *of = &run->answers.v[at % run->slots.n];

			if (of->referrer != b->referrer || of->symbol != b->symbol)
				continue;
			b->assumed = of->assumed;
			break;
		}
	}
}

void bs_run_assume(struct bs_run *run, struct bs_step_result *result)
{
	bs_vec_each (i, &run->otherwise) {
		const struct bs_otherwise *other = &run->otherwise.v[i];
		const struct bs_pair pair = bs_pair_of(run, other, result);

		if (result->state == BS_STEP_NOT_REACHED && other->choice != BS_CHOICE_LAZYLOAD) {
			if (pair.other_result && pair.other_result->state != BS_STEP_NOT_REACHED)
				result->assumed |= 1ull << other->choice;
			continue;
		}
		if (other->choice == BS_CHOICE_LAZYLOAD)
			bs_note_changes(&pair);
		else
			mark_step(&pair, result);
	}
	run->assumed |= result->assumed;
	bs_vec_each (i, &result->views)
		run->assumed_by_scopes |= result->views.v[i].assumed;
	if (!run->otherwise.n)
		return;
	copy_marks(run, &result->slots);
	copy_marks(run, &result->changed_slots);
}
