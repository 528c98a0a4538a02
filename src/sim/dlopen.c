/* SPDX-License-Identifier: MIT */
/* One dlopen or dlmopen step. (glibc elf/dl-open.c:_dl_open) */
#include "sim-priv.h"

#include <errno.h>
#include <string.h>

/* The loader checks each object once; what is missing at the first object ends the attempt. */
static bool check_versions(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_process *process = &run->process;

	if (run->match_policy.only_default_versions)
		return true;
	const bs_ids *searched =
		&process->lists.v[bs_map_of(process, result->opening.root)->searchlist].maps;

	for (uint32_t i = 0; i < searched->n; i++) {
		bs_map_id id = bs_map_of(process, searched->v[i])->real;
		struct bs_failure failure = { 0 };
		uint32_t from = result->versions.n;

		if (bs_map_of(process, id)->versions_checked)
			continue;
		bool ok = bs_check_versions(process, &run->ctx, id, false, run->program,
					    &result->versions, &failure);

		bs_map_at(process, id)->versions_checked = true;
		for (uint32_t k = from; k < result->versions.n; k++)
			bs_event_add(run, result, BS_EVENT_VERSION, k);
		if (ok)
			continue;
		if (!failure.words) {
			const struct bs_version_check *p =
				&result->versions.v[result->versions.n - 1];

			failure = (struct bs_failure){
				.subject = bs_run_map_name(run, p->target),
				.words = p->words,
				.needed_by = p->required_by,
			};
		}
		bs_step_fail(run, result, &failure);
		return false;
	}
	return true;
}

static bool check_cpu(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_map *beyond = bs_run_beyond_cpu(run, result->opening.root);

	if (!beyond)
		return true;
	const struct bs_failure failure = {
		.subject = bs_text(&run->ctx, beyond->name),
		.words = "CPU ISA level is lower than required",
		.needed_by = BS_NO_MAP,
	};

	bs_step_fail(run, result, &failure);
	return false;
}

static bool bind_opened(struct bs_run *run, struct bs_step_result *result, bool lazy)
{
	result->stage = BS_STAGE_CHECKING;
	if (!check_versions(run, result) || !check_cpu(run, result))
		return false;
	struct bs_failure failure = { 0 };

	if (!bs_run_demand(run, result, &failure)) {
		bs_step_fail(run, result, &failure);
		return false;
	}
	result->stage = BS_STAGE_BINDING;
	bs_event_scope(run, result, result->opening.root, 0);
	const bs_ids order = bs_relocation_order(&run->process, &run->ctx, result->opening.root);

	return bs_run_relocate(run, result, &order, lazy);
}

static void commit(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_opening *opening = &result->opening;

	bs_process_open_commit(&run->process, &run->ctx, opening);
	bs_vec_each (i, &opening->activated)
		bs_event_add(run, result, BS_EVENT_ACTIVATED, opening->activated.v[i]);
	bs_vec_each (i, &opening->grown)
		if (opening->grown_from.v[i] != BS_NO_LIST)
			bs_event_scope(run, result, opening->grown.v[i], opening->grown_from.v[i]);
}

static void promote(struct bs_run *run, struct bs_step_result *result)
{
	bs_process_open_promote(&run->process, &run->ctx, &result->opening);
	bs_vec_each (i, &result->opening.promoted)
		bs_event_add(run, result, BS_EVENT_GLOBAL, result->opening.promoted.v[i]);
}

/* The loader undoes what it did. */
static void give_up(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_closing closing;

	bs_process_open_abort(&run->process, &run->ctx, &result->opening, &closing);
	bs_binder_forget_dead(run->binder, &run->process);
	if (closing.crashes) {
		result->state = BS_STEP_OK; /* it does not come to report what failed */
		bs_step_crash(run, result, bs_words_of_damage);
		return;
	}
	if (result->opening.root != BS_NO_MAP)
		bs_event_closing(run, result, result->opening.root, &closing);
}

/* RTLD_GLOBAL in a namespace that has no global scope to add to. */
static bool crashes_for_global(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_opening *opening = &result->opening;
	const char *words = run->scope_policy.global_elsewhere;

	if (!(opening->request.flags & BS_OPEN_GLOBAL) || !opening->request.ns || !words)
		return false;
	bs_step_crash(run, result, words);
	return true;
}

static void opened(struct bs_run *run, struct bs_step_result *result)
{
	run->opened.v[result->number] = result->opening.root;
	run->opened_in.v[result->number] = result->opening.request.ns;
}

/* Objects of start-up whose constructors are still to come get their turn. */
static bool open_again_in_chain(struct bs_run *run, struct bs_step_result *result)
{
	if (result->opening.root == run->process.executable)
		return true;
	return bs_slots_retry(run, result) &&
	       bs_run_constructors(run, result, result->opening.root);
}

static void open_again(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_opening *opening = &result->opening;

	if (!opening->unsaid)
		bs_event_opened(run, result, opening->root);
	if (!bs_map_of(&run->process, opening->root)->global && crashes_for_global(run, result))
		return;
	if (opening->kept)
		bs_event_add(run, result, BS_EVENT_KEPT, opening->root);
	promote(run, result);
	if (run->scope_policy.chain && !open_again_in_chain(run, result))
		return;
	opened(run, result);
}

/*
 * What waits is a list that begins with the objects of the last lazy opening. One of them that is
 * put in twice, since it is among its own needs, leads back to itself and no more to those that
 * were there before. (musl ldso/dynlink.c:dlopen, prepare_lazy)
 */
static bool forgets_waiting(const struct bs_run *run, const struct bs_opening *opening,
			    unsigned flags)
{
	return (flags & BS_OPEN_LAZY) && opening->leads_back && opening->root >= opening->first &&
	       !bs_map_of(&run->process, opening->root)->image->bind_now;
}

/* Without RTLD_LAZY and RTLD_NOW a function that is missing may count at once. */
static bool finds_all(struct bs_run *run, struct bs_step_result *result, unsigned flags)
{
	bs_bindings slots = { 0 };

	if (!run->scope_policy.fixed.used || (flags & (BS_OPEN_LAZY | BS_OPEN_NOW)) ||
	    !result->relocated.lazy.n || !bs_choose(&run->process, BS_CHOICE_MISSING_FAILS))
		return true;
	bs_vec_each (i, &result->relocated.lazy)
		bs_bind_slots(run->binder, &run->process, &run->ctx, result->relocated.lazy.v[i],
			      &slots);
	bs_vec_each (i, &slots) {
		bs_run_peek(run, &slots.v[i]);
		if (slots.v[i].outcome != BS_UNDEFINED)
			continue;
		const struct bs_failure failure = {
			.kind = BS_FAILURE_RELOCATING,
			.subject = bs_run_map_name(run, slots.v[i].referrer),
			.words = run->match_policy.words->undefined(
				&run->ctx, bs_run_symbol_name(run, &slots.v[i]), NULL, false),
			.needed_by = BS_NO_MAP,
		};

		bs_step_fail(run, result, &failure);
		return false;
	}
	return true;
}

static void open_new(struct bs_run *run, struct bs_step_result *result, unsigned flags)
{
	bool lazy = (flags & BS_OPEN_LAZY) && !run->bind_now;

	if (!bind_opened(run, result, lazy) || !finds_all(run, result, flags)) {
		if (!result->ends_process)
			give_up(run, result);
		return;
	}
	if (crashes_for_global(run, result))
		return;
	commit(run, result);
	if (run->match_policy.defers_missing) {
		if (forgets_waiting(run, &result->opening, flags))
			bs_slots_forget(run);
		if (!bs_slots_retry(run, result))
			return;
	}
	if (!bs_run_constructors(run, result, result->opening.root))
		return;
	promote(run, result);
	bs_event_opened(run, result, result->opening.root);
	opened(run, result);
}

/* The namespace that STEP opens its file in; false when the step fails for that. */
static bool choose_namespace(struct bs_run *run, const struct bs_step *step,
			     struct bs_step_result *result, bs_map_id caller, uint32_t *ret_ns)
{
	struct bs_failure failure = {
		.subject = step->file,
		.os_error = EINVAL,
		.needed_by = BS_NO_MAP,
	};

	if (step->kind == BS_STEP_DLOPEN) {
		*ret_ns = *step->file ? bs_map_of(&run->process, caller)->ns : 0;
		return true;
	}
	if (step->of_step) {
		if (bs_run_handle(run, step->of_step, result) == BS_NO_MAP)
			return false;
		*ret_ns = run->opened_in.v[step->of_step];
		failure.words = "invalid target namespace in dlmopen()";
		if (*ret_ns == 0 || run->process.ns[*ret_ns].order.n)
			return true;
	} else {
		*ret_ns = bs_process_new_namespace(&run->process);
		failure.words = "no more namespaces available for dlmopen()";
		if (*ret_ns < BS_MAX_NAMESPACES)
			return true;
	}
	bs_step_fail(run, result, &failure);
	return false;
}

/* The mode is looked at before anything else, but for a dlmopen whose namespace nobody has. */
static bool choose_mode(struct bs_run *run, const struct bs_step *step,
			struct bs_step_result *result, struct bs_open_mode *ret)
{
	const struct bs_open_call call = {
		.step = step,
		.errors_crash = run->profile->errors_crash,
		.profile_mode_maps = run->profile->profile_mode_maps,
		.machine = run->setup.target.machine,
		.chosen = run->scope_policy.fixed.chosen,
		.caller_ns = bs_map_of(&run->process, result->caller)->ns,
		.first_namespace = step->kind == BS_STEP_DLOPEN ||
				   (step->of_step && run->opened_in.n > step->of_step &&
				    run->opened_in.v[step->of_step] == 0),
	};

	if (step->kind == BS_STEP_DLMOPEN && step->of_step &&
	    bs_run_handle(run, step->of_step, result) == BS_NO_MAP)
		return false;
	*ret = run->profile->open_mode(&call);
	run->process.consulted |= ret->consulted;
	if (ret->ignored)
		bs_diag_add(run->ctx.diags, BS_DIAG_IGNORED, NULL, BS_NO_OFFSET, 0,
			    "step %u: dlopen %s: %s", result->number, step->file, ret->ignored);
	if (ret->refusal.words)
		bs_step_fail(run, result, &ret->refusal);
	return !ret->refusal.words;
}

/* What the loader does with such a namespace depends on what lies behind the end of a list. */
static void warn_of_damage(struct bs_run *run, const struct bs_step_result *result, bool before)
{
	const struct bs_opening *opening = &result->opening;

	if (before || !opening->request.ns || opening->root == BS_NO_MAP ||
	    !run->process.ns[opening->request.ns].damaged)
		return;
	bs_diag_add(
		run->ctx.diags, BS_DIAG_NOT_SIMULATED, bs_run_map_name(run, opening->root),
		BS_NO_OFFSET, 0,
		"a filter that heads a namespace: the loader may crash or hang in this dlmopen or "
		"later, which is not simulated");
}

/* The first flag of MODE, and a loader that has it. */
static void tell_foreign_flag(struct bs_run *run, const struct bs_step *step, unsigned mode)
{
	const struct bs_profile *const *p = bs_profiles;
	const struct bs_mode_name *flag = bs_mode_names;

	while (flag->name && !(flag->mode & mode))
		flag++;
	while (*p && !((*p)->own_modes & flag->mode))
		p++;
	if (flag->name && *p)
		bs_diag_add(run->ctx.diags, BS_DIAG_IGNORED, NULL, BS_NO_OFFSET, 0,
			    "%s is a flag of %s, and none of %s: ':%s' is taken as part of the "
			    "file name %s",
			    flag->name, (*p)->name, run->profile->name, step->spelled, step->file);
}

/* A word that is a flag of another loader only is none: then all of it belongs to the name. */
static const struct bs_step *own_flags_only(struct bs_run *run, const struct bs_step *step)
{
	const unsigned special = BS_MODE_WORLD | BS_MODE_GROUP | BS_MODE_LAZYLOAD | BS_MODE_NOSHARE;

	if (!(step->mode & special & ~run->profile->own_modes) || !step->spelled)
		return step;
	tell_foreign_flag(run, step, step->mode & special & ~run->profile->own_modes);
	struct bs_step *copy = bs_new(run->ctx.arena, struct bs_step, 1);

	*copy = *step;
	copy->file = bs_arena_printf(run->ctx.arena, "%s:%s", step->file, step->spelled);
	copy->mode = 0;
	copy->spelled = NULL;
	return copy;
}

void bs_run_dlopen(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result)
{
	step = own_flags_only(run, step);
	struct bs_open_mode mode;
	struct bs_failure failure = { 0 };
	uint32_t ns;

	if (bs_run_caller(run, step, result) == BS_NO_MAP || !choose_mode(run, step, result, &mode))
		return;
	bs_map_id caller = bs_process_caller(&run->process, result->caller);

	if (!choose_namespace(run, step, result, caller, &ns))
		return;
	const struct bs_open_request request = {
		.file = step->file,
		.flags = mode.flags,
		.caller = caller,
		.ns = ns,
		.by_path = step->kind == BS_STEP_DLMOPEN && strchr(step->file, '/') &&
			   !strchr(step->file, '$'),
	};

	bool damaged = run->process.ns[ns].damaged;

	bs_process_open_begin(&run->process, &run->ctx, &request, &result->traces, &result->opening,
			      &failure);
	warn_of_damage(run, result, damaged);
	bs_event_searches(run, result, 0, result->traces.n);
	switch (result->opening.state) {
	case BS_OPEN_FAILED:
		bs_step_fail(run, result, &failure);
		if (!result->ends_process)
			give_up(run, result);
		return;
	case BS_OPEN_NOTHING:
		result->state = BS_STEP_FAILED;
		result->failure.needed_by = BS_NO_MAP;
		result->message = "";
		run->refused = true;
		return;
	case BS_OPEN_MAPPED:
		opened(run, result);
		return;
	case BS_OPEN_ALREADY:
		open_again(run, result);
		return;
	case BS_OPEN_LOADED:
		open_new(run, result, mode.flags);
		return;
	}
}
