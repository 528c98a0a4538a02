/* SPDX-License-Identifier: MIT */
/*
 * Jump slots over time. A slot that waits for its first call has an answer for each epoch, that is
 * from the end of one step to the end of the next. A scope seldom changes in a way that could
 * change the answer of a slot, so most slots are asked once.
 */
#include "sim-priv.h"

#include <string.h>

void bs_slots_enter(struct bs_run *run, struct bs_step_result *result)
{
	for (uint32_t i = result->n_lazy_entered; i < result->relocated.lazy.n; i++)
		bs_vec_push(run->ctx.arena, &run->lazy_maps,
			    ((struct bs_lazy_map){
				    .map = result->relocated.lazy.v[i],
				    .first_slot = UINT32_MAX,
				    .step = result->number,
			    }));
	result->n_lazy_entered = result->relocated.lazy.n;
}

static const struct bs_searchlist *list_at(const struct bs_run *run, bs_list_id id)
{
	return &run->process.lists.v[id];
}

static void remember_scope(struct bs_run *run, struct bs_lazy_map *lazy)
{
	const bs_ids *scope = bs_call_scope(bs_map_of(&run->process, lazy->map));
	struct bs_arena *arena = run->ctx.arena;

	lazy->lists.n = lazy->list_lengths.n = lazy->list_cuts.n = 0;
	bs_vec_each (i, scope) {
		bs_vec_push(arena, &lazy->lists, scope->v[i]);
		bs_vec_push(arena, &lazy->list_lengths, list_at(run, scope->v[i])->maps.n);
		bs_vec_push(arena, &lazy->list_cuts, list_at(run, scope->v[i])->cuts);
	}
	lazy->n_uniques = run->binder->uniques.n;
}

/* How much of a scope is as it was. */
struct stable {
	uint32_t same; /* so many lists from the first on are the same and no longer than before ...
			*/
	bool same_start; /* ... and the next has only grown at its end */
	bool all;
};

static struct stable compare_scope(const struct bs_run *run, const struct bs_lazy_map *lazy)
{
	const bs_ids *scope = bs_call_scope(bs_map_of(&run->process, lazy->map));
	struct stable stable = { 0 };

	for (uint32_t i = 0; i < scope->n && i < lazy->lists.n; i++) {
		const struct bs_searchlist *list = list_at(run, scope->v[i]);

		if (scope->v[i] != lazy->lists.v[i] || list->cuts != lazy->list_cuts.v[i])
			return stable;
		if (list->maps.n != lazy->list_lengths.v[i]) {
			stable.same_start = true;
			return stable;
		}
		stable.same++;
	}
	stable.all = scope->n == lazy->lists.n;
	return stable;
}

/* True when what is stable of SCOPE comes before whatever else could answer. */
static bool is_settled(const struct bs_run *run, const struct bs_lazy_map *lazy,
		       const struct stable *stable, const struct bs_binding *answer)
{
	const bs_ids *scope = bs_call_scope(bs_map_of(&run->process, lazy->map));

	if (answer->why == BS_WHY_LOCAL)
		return true;
	if (answer->why != BS_WHY_FIRST_IN_SCOPE)
		return false;
	for (uint32_t i = 0; i < stable->same + stable->same_start && i < scope->n; i++) {
		const struct bs_searchlist *list = list_at(run, scope->v[i]);

		if (answer->definer < list->n_place && list->place[answer->definer] &&
		    list->place[answer->definer] <= lazy->list_lengths.v[i])
			return true;
	}
	return false;
}

static bool same_definition(const struct bs_binding *a, const struct bs_binding *b)
{
	return a->outcome == b->outcome && a->definer == b->definer &&
	       a->definer_symbol == b->definer_symbol && a->why == b->why;
}

/* Whether the call would load something is a part of the answer. */
static bool same_answer(const struct bs_binding *a, const struct bs_binding *b)
{
	return same_definition(a, b) && a->loads == b->loads;
}

static void change_answer(struct bs_run *run, struct bs_slot *slot, const struct bs_binding *answer)
{
	struct bs_binding *now = &run->answers.v[slot - run->slots.v];

	bs_vec_push(run->ctx.arena, &run->past_answers,
		    ((struct bs_past_answer){ *now, slot->since, slot->past }));
	slot->past = run->past_answers.n;
	*now = *answer;
	slot->since = run->epochs.n;
}

static void ask_again(struct bs_run *run, struct bs_lazy_map *lazy, struct bs_step_result *result)
{
	const struct stable stable = compare_scope(run, lazy);

	/* Then a slot's answer changes when the loader looks, and at no other time. */
	if (run->match_policy.defers_missing)
		return;
	const bs_ids *scope = bs_call_scope(bs_map_of(&run->process, lazy->map));
	bool waits = bs_placeholder_before(&run->process, scope, BS_NO_MAP) != BS_NO_LIST;

	/* An answer may hang on what else was bound first, or is loaded by now. */
	if (!waits && stable.all && lazy->n_uniques == run->binder->uniques.n)
		return;
	for (uint32_t i = 0; i < lazy->n_slots; i++) {
		struct bs_slot *slot = &run->slots.v[lazy->first_slot + i];
		struct bs_binding *before = &run->answers.v[lazy->first_slot + i];

		if (slot->over != BS_NEVER || is_settled(run, lazy, &stable, before))
			continue;
		struct bs_binding answer = bs_ask_slot(run->binder, &run->process, &run->ctx,
						       lazy->map, before->symbol);

		bs_run_peek(run, &answer);
		if (same_answer(&answer, before))
			continue;
		change_answer(run, slot, &answer);
		bs_vec_push(run->ctx.arena, &result->changed_slots, answer);
	}
	remember_scope(run, lazy);
}

static void take_deferred(struct bs_run *run, const struct bs_lazy_map *lazy,
			  const struct bs_step_result *result)
{
	const bs_bindings *deferred = &result->relocated.deferred;

	bs_vec_each (i, deferred)
		if (deferred->v[i].referrer == lazy->map)
			bs_vec_push(run->ctx.arena, &run->answers, deferred->v[i]);
}

static void ask_first(struct bs_run *run, struct bs_lazy_map *lazy,
		      const struct bs_step_result *result)
{
	lazy->first_slot = run->slots.n;
	if (run->match_policy.defers_missing)
		take_deferred(run, lazy, result);
	else
		bs_bind_slots(run->binder, &run->process, &run->ctx, lazy->map, &run->answers);
	lazy->n_slots = run->answers.n - lazy->first_slot;
	for (uint32_t i = lazy->first_slot; i < run->answers.n; i++) {
		bs_run_peek(run, &run->answers.v[i]);
		bs_vec_push(run->ctx.arena, &run->slots,
			    ((struct bs_slot){
				    .since = run->epochs.n,
				    .step = lazy->step,
				    .called = BS_NEVER,
				    .over = BS_NEVER,
			    }));
	}
	remember_scope(run, lazy);
}

static void end_slots(struct bs_run *run, struct bs_lazy_map *lazy)
{
	if (lazy->first_slot != UINT32_MAX)
		for (uint32_t i = 0; i < lazy->n_slots; i++) {
			struct bs_slot *slot = &run->slots.v[lazy->first_slot + i];

			if (slot->over == BS_NEVER)
				slot->over = run->epochs.n;
		}
	lazy->unmapped = true;
}

/* The objects that have not been asked yet; there is room for all their slots, so that it need not
 * grow. */
static bs_ids begin_slots(struct bs_run *run)
{
	uint32_t n = 0;
	bs_ids maps = { 0 };

	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->first_slot != UINT32_MAX || lazy->unmapped)
			continue;
		n += bs_slots_at_most(bs_map_of(&run->process, lazy->map)->image);
		bs_vec_push(run->ctx.arena, &maps, lazy->map);
	}
	bs_vec_reserve(run->ctx.arena, &run->answers, n);
	bs_vec_reserve(run->ctx.arena, &run->slots, n);
	return maps;
}

void bs_slots_ask(struct bs_run *run, struct bs_step_result *result)
{
	uint32_t first = run->slots.n;

	bs_binder_index(run->binder, &run->process);
	const bs_ids unasked = begin_slots(run);

	bs_forecast_begin(run->binder, &run->process, &run->ctx, &unasked, true, true);
	bs_vec_each (i, &run->lazy_maps) {
		struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->unmapped)
			continue;
		if (bs_map_of(&run->process, lazy->map)->removed)
			end_slots(run, lazy);
		else if (lazy->first_slot == UINT32_MAX)
			ask_first(run, lazy, result);
		else
			ask_again(run, lazy, result);
	}
	bs_forecast_end(run->binder);
	if (run->slots.n > first)
		result->slots.v = &run->answers.v[first];
	result->slots.n = run->slots.n - first;
}

void bs_slots_settle(const struct bs_run *run, struct bs_step_result *result)
{
	if (!run->plan->n_blocks)
		return;
	result->slots = (bs_bindings){ 0 };
	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->step != result->number || lazy->first_slot == UINT32_MAX)
			continue;
		for (uint32_t k = 0; k < lazy->n_slots; k++) {
			const struct bs_slot *slot = &run->slots.v[lazy->first_slot + k];
			const struct bs_binding *answer = bs_slot_at(run, slot, result->epoch);

			if (answer)
				bs_vec_push(run->ctx.arena, &result->slots, *answer);
		}
	}
}

void bs_slots_forget(struct bs_run *run)
{
	bs_vec_each (i, &run->slots)
		run->slots.v[i].forgotten = true;
}

bool bs_slots_retry(struct bs_run *run, struct bs_step_result *result)
{
	uint32_t from = result->relocated.notes.n;
	struct bs_failure failure = { 0 };

	bs_binder_index(run->binder, &run->process);
	for (uint32_t i = 0; i < run->slots.n && !failure.words; i++) {
		struct bs_slot *slot = &run->slots.v[i];

		if (slot->over != BS_NEVER || slot->forgotten ||
		    !bs_retry_deferred(run->binder, &run->process, &run->ctx, &run->answers.v[i],
				       &result->relocated, &failure))
			continue;
		change_answer(run, slot,
			      &result->relocated.bindings.v[result->relocated.bindings.n - 1]);
		slot->over = run->epochs.n;
	}
	bs_event_notes(run, result, from);
	if (!failure.words)
		return true;
	bs_step_fail(run, result, &failure);
	return false;
}

/* ---- one slot ------------------------------------------------------------------------------ */

/* Two references to one name differ in their versions: a name alone means the one without. */
static void prefer_unversioned(const struct bs_run *run, bs_ids *slots)
{
	for (uint32_t i = 0; slots->n > 1 && i < slots->n; i++) {
		const struct bs_binding *b = &run->answers.v[slots->v[i]];

		if (bs_reference_version(bs_map_of(&run->process, b->referrer)->image, b->symbol))
			continue;
		slots->v[0] = slots->v[i];
		slots->n = 1;
	}
}

bool bs_slot_asks_for(const struct bs_run *run, bs_map_id map, uint32_t symbol, const char *name,
		      const char *version)
{
	const struct bs_image *image = bs_map_of(&run->process, map)->image;
	const struct bs_version *wanted = bs_reference_version(image, symbol);

	return strcmp(bs_image_symbol_name(image, symbol), name) == 0 &&
	       (!version || (wanted && strcmp(wanted->name, version) == 0));
}

bs_ids bs_slots_of(struct bs_run *run, bs_map_id map, const char *name, const char *version)
{
	bs_ids found = { 0 };

	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->map != map || lazy->first_slot == UINT32_MAX)
			continue;
		for (uint32_t k = lazy->first_slot; k < lazy->first_slot + lazy->n_slots; k++)
			if (bs_slot_asks_for(run, map, run->answers.v[k].symbol, name, version))
				bs_vec_push(run->ctx.arena, &found, k);
	}
	prefer_unversioned(run, &found);
	/* A call and an address of one symbol may wait side by side. */
	if (run->match_policy.defers_missing && found.n)
		found.n = 1;
	return found;
}

void bs_slot_called(struct bs_run *run, uint32_t at, const struct bs_binding *bound)
{
	struct bs_slot *slot = &run->slots.v[at];

	if (!same_definition(&run->answers.v[at], bound))
		change_answer(run, slot, bound);
	slot->called = run->process.step;
	slot->over = run->epochs.n;
}

const struct bs_binding *bs_slot_at(const struct bs_run *run, const struct bs_slot *slot,
				    uint32_t epoch)
{
	uint32_t past = slot->past;

	if (epoch >= slot->over)
		return NULL;
	if (epoch >= slot->since)
		return bs_slot_answer(run, slot);
	while (past) {
		const struct bs_past_answer *answer = &run->past_answers.v[past - 1];

		if (epoch >= answer->since)
			return &answer->answer;
		past = answer->past;
	}
	return NULL;
}

static void unroll(const struct bs_run *run, const struct bs_slot *slot, bs_bindings *answers,
		   bs_ids *since)
{
	uint32_t n = 1, past = slot->past;

	for (; past; past = run->past_answers.v[past - 1].past)
		n++;
	answers->n = since->n = 0;
	bs_vec_reserve(run->ctx.arena, answers, n);
	bs_vec_reserve(run->ctx.arena, since, n);
	answers->n = since->n = n;
	answers->v[n - 1] = *bs_slot_answer(run, slot);
	since->v[n - 1] = slot->since;
	for (past = slot->past; past; past = run->past_answers.v[past - 1].past) {
		answers->v[--n - 1] = run->past_answers.v[past - 1].answer;
		since->v[n - 1] = run->past_answers.v[past - 1].since;
	}
}

void bs_slot_answers(const struct bs_run *run, const struct bs_slot *slot, bool held,
		     bs_bindings *answers, bs_ids *since)
{
	uint32_t n = 0;

	unroll(run, slot, answers, since);
	if (!held)
		return;
	bs_vec_each (i, answers) {
		uint32_t until = i + 1 < since->n ? since->v[i + 1] : slot->over;

		if (since->v[i] >= until || (n && same_answer(&answers->v[n - 1], &answers->v[i])))
			continue;
		answers->v[n] = answers->v[i];
		since->v[n++] = since->v[i];
	}
	answers->n = since->n = n;
}
