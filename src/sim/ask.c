/* SPDX-License-Identifier: MIT */
/* Steps that load nothing: dlsym(3), a first call, dlclose(3). */
#include "sim-priv.h"

#include <elf.h>
#include <string.h>

enum { TYPE_IFUNC = 10 };

bs_map_id bs_run_handle(struct bs_run *run, uint32_t n, struct bs_step_result *result)
{
	if (n < run->opened.n && run->opened.v[n] != BS_NO_MAP)
		return run->opened.v[n];
	const struct bs_failure failure = {
		.subject = "",
		.words = bs_arena_printf(run->ctx.arena, "step %u opened nothing", n),
		.needed_by = BS_NO_MAP,
	};

	bs_step_fail(run, result, &failure);
	return BS_NO_MAP;
}

/* A handle outlives its object, and then nobody can say what becomes of its use. */
static bool is_gone(struct bs_run *run, bs_map_id map, uint32_t step, struct bs_step_result *result)
{
	if (!bs_map_of(&run->process, map)->removed)
		return false;
	bs_step_crash(run, result,
		      bs_arena_printf(run->ctx.arena,
				      "the handle of step %u is used although %s has been unmapped",
				      step, bs_run_map_name(run, map)));
	return true;
}

bs_map_id bs_run_caller(struct bs_run *run, const struct bs_step *step,
			struct bs_step_result *result)
{
	const char *problem = NULL;

	if (step->caller) {
		result->caller = bs_run_find_object(run, step->caller, &problem);
		if (problem)
			run->problem = bs_arena_printf(run->ctx.arena, "step %u: the caller: %s",
						       result->number, problem);
	} else {
		result->caller =
			step->block ? run->blocks_done.v[step->block - 1] : run->process.executable;
	}
	return result->caller;
}

/* ---- dlsym --------------------------------------------------------------------------------- */

/* The place of CALLER in the only list of SCOPE; false when it is not there. */
static bool find_place(const struct bs_process *process, const bs_ids *scope, bs_map_id caller,
		       uint64_t *ret)
{
	const struct bs_searchlist *list = &process->lists.v[scope->v[0]];

	if (caller >= list->n_place || !list->place[caller])
		return false;
	*ret = list->place[caller] - 1;
	return true;
}

static bs_map_id end_of_chain(const struct bs_process *process, bs_map_id map)
{
	while (bs_map_of(process, map)->loader != BS_NO_MAP)
		map = bs_map_of(process, map)->loader;
	return map;
}

static void note_found(struct bs_run *run, struct bs_step_result *result)
{
	const bs_bindings *bindings = &result->relocated.bindings;
	const struct bs_binding *b = &bindings->v[bindings->n - 1];
	struct bs_symbol s =
		bs_image_symbol(bs_map_of(&run->process, b->definer)->image, b->definer_symbol);
	unsigned type = bs_symbol_type(&s);

	/* dlsym gives the address for the thread that asks. */
	if (type == STT_TLS)
		bs_process_use_tls(&run->process, b->definer);
	result->found = (struct bs_found_symbol){
		.map = b->definer,
		.symbol = b->definer_symbol,
		.has_offset = type != STT_TLS && type != TYPE_IFUNC && s.section != SHN_ABS,
		.offset = s.value,
	};
}

static bool has_no_dlvsym(struct bs_run *run, const struct bs_step *step,
			  struct bs_step_result *result)
{
	if (!step->version || !run->profile->no_dlvsym)
		return false;
	const struct bs_failure failure = {
		.subject = "",
		.words = bs_arena_printf(run->ctx.arena, "%s has no dlvsym", run->profile->name),
		.needed_by = BS_NO_MAP,
	};

	bs_step_fail(run, result, &failure);
	return true;
}

static const struct bs_version *version_asked(struct bs_run *run, const struct bs_step *step)
{
	if (!step->version)
		return NULL;
	struct bs_version *version = bs_new(run->ctx.arena, struct bs_version, 1);

	version->name = step->version;
	version->hash = bs_hash_sysv(step->version);
	version->hidden = true;
	return version;
}

void bs_run_dlsym(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result)
{
	struct bs_process *process = &run->process;
	struct bs_name_query asked = {
		.name = step->symbol,
		.version = version_asked(run, step),
		.newest = !step->version &&
			  (step->handle != BS_HANDLE_NEXT || run->profile->next_takes_newest),
		.keeps_nothing = step->handle != BS_HANDLE_DEFAULT,
	};
	/* Who listens may look at them until the run is over. */
	bs_ids *local = bs_new(run->ctx.arena, bs_ids, 1);
	uint64_t *behind = bs_new(run->ctx.arena, uint64_t, 1);
	bool in_list = true, fixed = run->scope_policy.fixed.used;
	struct bs_failure failure = { 0 };

	if (has_no_dlvsym(run, step, result))
		return;
	asked.referrer = step->handle == BS_HANDLE_STEP ? bs_run_handle(run, step->of_step, result)
							: bs_run_caller(run, step, result);
	if (asked.referrer == BS_NO_MAP ||
	    (step->handle == BS_HANDLE_STEP && is_gone(run, asked.referrer, step->of_step, result)))
		return;
	switch (step->handle) {
	case BS_HANDLE_DEFAULT:
		if (fixed) {
			*local = bs_fixed_default_scope(process, &run->ctx, asked.referrer, false);
			asked.scope = local;
			break;
		}
		asked.scope = &bs_map_of(process, asked.referrer)->scope;
		break;
	case BS_HANDLE_NEXT:
		if (fixed) {
			*local = bs_fixed_default_scope(process, &run->ctx, asked.referrer, true);
			asked.scope = local;
			break;
		}
		if (run->scope_policy.chain) {
			bs_vec_push(run->ctx.arena, local,
				    bs_chain_next(process, &run->ctx, asked.referrer));
			asked.scope = local;
			break;
		}
		bs_vec_push(run->ctx.arena, local,
			    bs_map_of(process, end_of_chain(process, asked.referrer))->searchlist);
		asked.scope = local;
		in_list = find_place(process, local, asked.referrer, behind);
		asked.behind = behind;
		break;
	case BS_HANDLE_STEP:
		if (fixed) {
			*local = bs_fixed_handle_scope(process, &run->ctx, asked.referrer);
			asked.scope = local;
			break;
		}
		bs_vec_push(run->ctx.arena, local, bs_map_of(process, asked.referrer)->searchlist);
		asked.scope = local;
		break;
	}
	if (!in_list) {
		bs_step_crash(run, result,
			      "RTLD_NEXT: the caller is not in the list to be searched");
		return;
	}
	bs_binder_index(run->binder, process);
	if (!bs_run_demand_name(run, result, &asked, &failure)) {
		bs_fixed_undo(process, &run->ctx);
		bs_step_fail(run, result, &failure);
		return;
	}
	bool found =
		bs_bind_name(run->binder, process, &run->ctx, &asked, &result->relocated, &failure);

	bs_event_notes(run, result, 0);
	result->asked = (struct bs_query){
		.name = asked.name,
		.hash = bs_hash_gnu(asked.name),
		.referrer = asked.referrer,
		.version = asked.version,
		.newest = asked.newest,
		.scope = asked.scope,
		.behind = asked.behind,
	};
	if (found)
		note_found(run, result);
	if (!bs_run_demanded(run, result)) {
		result->found.map = BS_NO_MAP;
		return;
	}
	bs_run_bound(run, result);
	if (!found)
		bs_step_fail(run, result, &failure);
}

/* ---- a first call -------------------------------------------------------------------------- */

/* True when MAP refers to NAME at all, be it by a call that was bound when it was loaded. */
static bool refers_to(const struct bs_run *run, bs_map_id map, const struct bs_step *step)
{
	const struct bs_image *image = bs_map_of(&run->process, map)->image;

	for (uint32_t i = 1; image && i < image->symbols.n; i++)
		if (bs_slot_asks_for(run, map, i, step->symbol, step->version))
			return true;
	return false;
}

/* The slot was filled when MAP was loaded, with the 0 of a weak reference. */
static bool was_bound_to_null(const struct bs_run *run, bs_map_id map, const struct bs_step *step)
{
	bs_vec_each (i, &run->null_maps)
		if (run->null_maps.v[i] == map &&
		    bs_slot_asks_for(run, map, run->null_symbols.v[i], step->symbol, step->version))
			return true;
	return false;
}

static void find_callee(struct bs_run *run, const struct bs_step *step,
			struct bs_step_result *result, bs_ids *ret)
{
	const char *problem = NULL;
	bs_map_id map = bs_run_find_object(run, step->object, &problem);

	result->caller = map;
	if (map != BS_NO_MAP) {
		*ret = bs_slots_of(run, map, step->symbol, step->version);
		if (ret->n > 1)
			problem = bs_arena_printf(
				run->ctx.arena,
				"%s refers to several versions of %s: name one, as in %s@VERSION",
				bs_run_map_name(run, map), step->symbol, step->symbol);
		else if (!ret->n && !refers_to(run, map, step))
			problem = bs_arena_printf(run->ctx.arena, "%s does not refer to %s%s%s",
						  bs_run_map_name(run, map), step->symbol,
						  step->version ? "@" : "",
						  step->version ? step->version : "");
	}
	if (problem)
		run->problem = bs_arena_printf(run->ctx.arena, "step %u: the call: %s",
					       result->number, problem);
}

static void crash_in_program(struct bs_run *run, struct bs_step_result *result, const char *words)
{
	const struct bs_failure failure = {
		.subject = bs_run_map_name(run, result->caller),
		.words = words,
		.occasion = "segmentation fault",
		.needed_by = BS_NO_MAP,
	};

	bs_step_fatal(run, result, &failure);
}

static void jump_to_null(struct bs_run *run, const struct bs_step *step,
			 struct bs_step_result *result)
{
	crash_in_program(run, result,
			 bs_arena_printf(run->ctx.arena,
					 "the call of %s, a weak reference that nothing defines, "
					 "jumps to address 0",
					 step->symbol));
}

/* What waits for its definition holds no address yet. */
static void jump_nowhere(struct bs_run *run, const struct bs_step *step,
			 struct bs_step_result *result)
{
	crash_in_program(
		run, result,
		bs_arena_printf(run->ctx.arena,
				"the call of %s, which nobody defines so far, jumps to no function",
				step->symbol));
}

void bs_run_call(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result)
{
	bs_ids slots = { 0 };
	struct bs_failure failure = { 0 };

	find_callee(run, step, result, &slots);
	if (run->problem)
		return;
	if (!slots.n && was_bound_to_null(run, result->caller, step)) {
		jump_to_null(run, step, result);
		return;
	}
	if (!slots.n || run->slots.v[slots.v[0]].over != BS_NEVER) {
		result->was_bound = true;
		return;
	}
	if (run->match_policy.defers_missing) {
		jump_nowhere(run, step, result);
		return;
	}
	uint32_t symbol = run->answers.v[slots.v[0]].symbol;

	bs_binder_index(run->binder, &run->process);
	if (!bs_run_demand_call(run, result, result->caller, symbol, &failure)) {
		bs_step_fatal(run, result, &failure);
		return;
	}
	bool bound = bs_call_slot(run->binder, &run->process, &run->ctx, result->caller, symbol,
				  &result->relocated, &failure);

	bs_event_notes(run, result, 0);
	const struct bs_binding binding = result->relocated.bindings.v[0];

	if (!bound || !run->bind_not)
		bs_slot_called(run, slots.v[0], &binding);
	if (bound && !bs_run_demanded(run, result))
		return;
	bs_run_bound(run, result);
	if (!bound)
		bs_step_fatal(run, result, &failure);
	else if (binding.outcome == BS_UNRESOLVED_WEAK)
		jump_to_null(run, step, result);
}

/* ---- dlclose ------------------------------------------------------------------------------- */

void bs_run_dlclose(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result)
{
	bs_map_id map = bs_run_handle(run, step->of_step, result);
	struct bs_closing closing;
	struct bs_failure failure = { 0 };

	if (map == BS_NO_MAP || is_gone(run, map, step->of_step, result))
		return;
	if (!bs_process_close(&run->process, &run->ctx, map, &closing, &failure)) {
		bs_step_fail(run, result, &failure);
		return;
	}
	if (closing.crashes) {
		bs_step_crash(run, result, bs_words_of_damage);
		return;
	}
	result->closed = closing;
	bs_event_closing(run, result, map, &closing);
}
