/* SPDX-License-Identifier: MIT */
/*
 * Needs that are loaded on demand: when a reference that must be bound comes to a placeholder, when
 * a call does, when dlsym(3) does.
 */
#include "sim-priv.h"

#include <elf.h>

static void tell(struct bs_run *run, struct bs_step_result *result, const struct bs_demand *demand)
{
	bs_vec_push(run->ctx.arena, &result->demands, *demand);
	bs_event_add(run, result, BS_EVENT_DEMAND, result->demands.n - 1);
}

/* The placeholders that came into being since the last time. */
static void tell_made(struct bs_run *run, struct bs_step_result *result)
{
	for (; run->n_lists_told < run->process.lists.n; run->n_lists_told++) {
		const struct bs_searchlist *list = &run->process.lists.v[run->n_lists_told];
		const struct bs_demand demand = {
			.list = run->n_lists_told,
			.owner = list->owner,
			.map = BS_NO_MAP,
			.made = true,
		};

		if (list->placeholder)
			tell(run, result, &demand);
	}
}

static bool load(struct bs_run *run, struct bs_step_result *result, bs_list_id list,
		 const char *symbol, struct bs_failure *ret_failure)
{
	struct bs_process *process = &run->process;
	uint32_t traces = result->traces.n, fresh = process->fresh.n;
	bs_map_id map = bs_placeholder_load(process, &run->ctx, list, &result->traces, ret_failure);
	const struct bs_demand demand = {
		.list = list,
		.owner = process->lists.v[list].owner,
		.map = map,
		.was_loaded = process->fresh.n == fresh,
		.symbol = symbol,
	};

	bs_event_searches(run, result, traces, result->traces.n);
	tell(run, result, &demand);
	tell_made(run, result);
	if (map != BS_NO_MAP && !demand.was_loaded)
		bs_event_scope(run, result, map, 0);
	bs_binder_index(run->binder, process);
	return map != BS_NO_MAP;
}

bool bs_run_binds_now(struct bs_run *run, bs_map_id map)
{
	const struct bs_map *m = bs_map_of(&run->process, map);

	if (m->image->bind_now || (m->open_flags & BS_OPEN_NOW))
		return true;
	return run->bind_now && !((m->open_flags & BS_OPEN_LAZY) &&
				  bs_choose(&run->process, BS_CHOICE_LAZY_OUTWEIGHS));
}

bool bs_run_demand(struct bs_run *run, struct bs_step_result *result,
		   struct bs_failure *ret_failure)
{
	struct bs_process *process = &run->process;

	if (!run->scope_policy.fixed.used)
		return true;
	bs_binder_index(run->binder, process);
	tell_made(run, result);
	for (uint32_t i = 0; i < process->fresh.n; i++) {
		bs_map_id map = process->fresh.v[i];
		bool lazy = !bs_run_binds_now(run, map);
		bool contested = false;
		bs_list_id list;
		uint32_t symbol;

		while ((list = bs_placeholder_wanted(run->binder, process, &run->ctx, map, lazy,
						     &symbol, &contested)) != BS_NO_LIST)
			if (!load(run, result, list,
				  bs_image_symbol_name(bs_map_of(process, map)->image, symbol),
				  ret_failure))
				return false;
		if (contested)
			(void)bs_choose(process, BS_CHOICE_DATA_TWO_PASS);
	}
	return true;
}

bool bs_run_demand_call(struct bs_run *run, struct bs_step_result *result, bs_map_id map,
			uint32_t symbol, struct bs_failure *ret_failure)
{
	struct bs_process *process = &run->process;

	if (!run->scope_policy.fixed.used)
		return true;
	bs_fixed_begin(process);
	for (;;) {
		const struct bs_binding answer =
			bs_ask_slot(run->binder, process, &run->ctx, map, symbol);
		const bs_ids *scope = bs_call_scope(bs_map_of(process, map));
		bs_list_id list = answer.why == BS_WHY_LOCAL
					  ? BS_NO_LIST
					  : bs_placeholder_before(process, scope, answer.definer);

		if (list == BS_NO_LIST)
			return true;
		if (!load(run, result, list,
			  bs_image_symbol_name(bs_map_of(process, map)->image, symbol),
			  ret_failure))
			return false;
	}
}

bool bs_run_demand_name(struct bs_run *run, struct bs_step_result *result,
			const struct bs_name_query *asked, struct bs_failure *ret_failure)
{
	const struct bs_query query = {
		.name = asked->name,
		.hash = bs_hash_gnu(asked->name),
		.referrer = asked->referrer,
		.newest = asked->newest,
		.scope = asked->scope,
	};

	if (!run->scope_policy.fixed.used)
		return true;
	bs_fixed_begin(&run->process);
	for (;;) {
		const struct bs_answer answer =
			bs_lookup(run->binder, &run->process, &run->ctx, &query);
		bs_list_id list = bs_placeholder_before(&run->process, query.scope, answer.definer);

		if (list == BS_NO_LIST || !bs_choose(&run->process, BS_CHOICE_DSYM_LOADS))
			return true;
		if (!load(run, result, list, asked->name, ret_failure))
			return false;
	}
}

bool bs_run_demanded(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_process *process = &run->process;
	struct bs_failure failure = { 0 };

	if (!run->scope_policy.fixed.used || !process->fresh.n)
		return true;
	/* What was asked for may be undefined: that is no fault of what is relocated here. */
	result->relocated.stopped = false;
	result->stage = BS_STAGE_BINDING;
	bool ok = bs_run_demand(run, result, &failure);
	const bs_ids order = bs_relocation_order(process, &run->ctx, process->fresh.v[0]);

	if (!ok)
		bs_step_fail(run, result, &failure);
	else
		ok = bs_run_relocate(run, result, &order, !run->bind_now);
	if (!ok) {
		bs_fixed_undo(process, &run->ctx);
		result->ends_process |= result->step->kind == BS_STEP_CALL;
		return false;
	}
	return bs_run_constructors(run, result, process->fresh.v[0]);
}

/* What nobody can have is no answer. */
static void be_undefined(struct bs_binding *answer)
{
	answer->definer = BS_NO_MAP;
	answer->definer_symbol = 0;
	answer->outcome = BS_UNDEFINED;
	answer->why = BS_WHY_NONE;
}

void bs_run_peek(struct bs_run *run, struct bs_binding *answer)
{
	struct bs_process *process = &run->process;
	const bs_ids scope = *bs_call_scope(bs_map_of(process, answer->referrer));

	if (!run->scope_policy.fixed.used || answer->why == BS_WHY_LOCAL)
		return;
	bs_vec_each (i, &scope) {
		const struct bs_searchlist *list = &process->lists.v[scope.v[i]];

		if (answer->definer < list->n_place && list->place[answer->definer])
			return;
		if (!list->placeholder || !list->is_waiting)
			continue;
		answer->loads = true;
		bs_map_id map = bs_placeholder_peek(process, &run->ctx, scope.v[i]);

		if (map == BS_NO_MAP) {
			be_undefined(answer);
			return;
		}
		uint32_t symbol = bs_answer_of(run->binder, process, &run->ctx, answer, map);

		if (!symbol)
			continue;
		answer->definer = map;
		answer->definer_symbol = symbol;
		answer->outcome = BS_BOUND;
		answer->why = BS_WHY_FIRST_IN_SCOPE;
		return;
	}
}
