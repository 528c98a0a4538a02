/* SPDX-License-Identifier: MIT */
/* The entry of the API: one plan, from the first file to the last step. */
#include "sim-priv.h"

#include <elf.h>
#include <string.h>

/* What the profile chose between, where the binder has a policy for it. */
static void match_as_chosen(struct bs_run *run)
{
	const bool *chosen = run->scope_policy.fixed.chosen;
	struct bs_match_policy *match = &run->match_policy;

	if (!run->scope_policy.fixed.used)
		return;
	match->dynamic_weak = chosen[BS_CHOICE_STRONG_FIRST];
	match->only_default_versions = !chosen[BS_CHOICE_VERSIONS];
	match->protected_is_sought = !chosen[BS_CHOICE_PROTECTED_OWN];
}

struct bs_fs *bs_plan_files(const struct bs_ctx *ctx, const struct bs_plan *plan)
{
	if (plan->archive && !plan->archive_is_root)
		return bs_fs_open_over(ctx, plan->archive, plan->root, plan->cwd);
	return bs_fs_open(ctx, plan->archive ? plan->archive : plan->root, plan->cwd);
}

static bool prepare(struct bs_run *run, struct bs_store *store, struct bs_target_files *files,
		    const char **ret_problem)
{
	const struct bs_plan *plan = run->plan;

	run->fs = bs_plan_files(&run->ctx, plan);
	if (!run->fs) {
		const struct bs_diag *last = &run->ctx.diags->list.v[run->ctx.diags->list.n - 1];

		*ret_problem = bs_arena_printf(run->ctx.arena, "%s: %s%s%s",
					       last->path && *last->path ? last->path : "''",
					       last->detail, last->os_error ? ": " : "",
					       last->os_error ? strerror(last->os_error) : "");
		return false;
	}
	if (run->sink->wants_sights)
		bs_fs_watch(run->fs);
	if (!bs_target_open(run, store, files, ret_problem) ||
	    !bs_profile_setup(run->profile, &run->ctx, plan, files->executable->machine,
			      files->interp, files->interp_bytes, files->n_interp_bytes,
			      &run->setup, ret_problem))
		return false;
	run->setup.target.e_flags = files->executable->header.flags;
	run->interp = files->interp;
	run->program = run->profile->names_file ? files->path
		       : plan->argv0		? plan->argv0
						: plan->executable;
	run->scope_policy = run->profile->scope;
	run->match_policy = run->profile->match;
	run->process.policy = &run->scope_policy;
	run->match_policy.others_bring = plan->unknown_program != NULL;
	match_as_chosen(run);
	bs_environment_apply(run);
	/* Then nothing in the process waits for its first call. */
	if (run->scope_policy.fixed.used && files->executable->bind_now && !run->bind_now)
		run->bind_now = run->executable_binds_now = true;
	if (bs_image_has_dynamic(files->executable, 0x6ffffefc) || /* DT_AUDIT */
	    bs_image_has_dynamic(files->executable, 0x6ffffefb))   /* DT_DEPAUDIT */
		bs_diag_add(run->ctx.diags, BS_DIAG_NOT_SIMULATED, files->path, BS_NO_OFFSET, 0,
			    "it asks for audit modules, which are not simulated");
	run->process.setup = &run->setup;
	run->process.fs = run->fs;
	run->process.store = store;
	run->process.trace = plan->trace;
	run->binder = bs_binder_new(&run->ctx, &run->match_policy, store);
	for (uint32_t i = 0; i <= plan->n_steps; i++) {
		bs_vec_push(run->ctx.arena, &run->opened, BS_NO_MAP);
		bs_vec_push(run->ctx.arena, &run->opened_in, 0);
		bs_vec_push(run->ctx.arena, &run->shown, 0);
	}
	for (uint32_t i = 0; i < plan->n_blocks; i++)
		bs_vec_push(run->ctx.arena, &run->blocks_done, BS_NO_MAP);
	return true;
}

static void note_mapped(struct bs_run *run, struct bs_step_result *result)
{
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		const bs_ids *order = &run->process.ns[ns].order;

		bs_vec_each (i, order)
			if (bs_map_of(&run->process, order->v[i])->role != BS_ROLE_VDSO)
				bs_vec_push(run->ctx.arena, &result->mapped, order->v[i]);
	}
}

/* The step is over: a new epoch begins. */
static void conclude(struct bs_run *run, struct bs_step_result *result)
{
	bool traced = run->plan->trace && result->number == 0 && result->stage == BS_STAGE_BINDING;

	result->epoch = run->epochs.n;
	/* What slots would load is looked at, and then known by an id. */
	if (!result->ends_process || traced)
		bs_slots_ask(run, result);
	result->assumed = run->process.assumed;
	result->last_map = run->process.maps.n;
	bs_vec_each (i, &run->process.revived) {
		bs_map_id id = run->process.revived.v[i];

		if (id < result->first_map && bs_map_of(&run->process, id)->born == result->number)
			bs_vec_push(run->ctx.arena, &result->born, id);
	}
	/* What constructors brought belongs to their own steps. */
	for (bs_map_id id = result->first_map; id < result->last_map; id++)
		if (bs_map_of(&run->process, id)->born == result->number)
			bs_vec_push(run->ctx.arena, &result->born, id);
	bs_slots_settle(run, result);
	bs_vec_push(run->ctx.arena, &run->epochs, result->number);
	note_mapped(run, result);
	bs_run_consult(run, result);
	bs_run_assume(run, result);
	if (result->ends_process)
		run->ended_in = *result;
}

static void carry_out(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_step *step = result->step;

	switch (step->kind) {
	case BS_STEP_DLOPEN:
	case BS_STEP_DLMOPEN:
		bs_run_dlopen(run, step, result);
		return;
	case BS_STEP_DLSYM:
		bs_run_dlsym(run, step, result);
		return;
	case BS_STEP_DLCLOSE:
		bs_run_dlclose(run, step, result);
		return;
	case BS_STEP_CALL:
		bs_run_call(run, step, result);
		return;
	case BS_STEP_KIND_COUNT_:
		break;
	}
}

static struct bs_step_result begin_step(struct bs_run *run, uint32_t number)
{
	return (struct bs_step_result){
		.number = number,
		.step = number ? &run->plan->steps[number - 1] : NULL,
		.first_map = run->process.maps.n,
		.last_map = run->process.maps.n,
		.first_load_note = run->process.load_notes.n,
		.opening = { .root = BS_NO_MAP },
		.found = { .map = BS_NO_MAP },
		.caller = BS_NO_MAP,
	};
}

static void show(struct bs_run *run, const struct bs_step_result *result)
{
	run->shown.v[result->number] = 1;
	if (run->sink->step)
		run->sink->step(run->sink->data, run, result);
}

bool bs_run_step(struct bs_run *run, uint32_t number, bool within)
{
	struct bs_step_result result = begin_step(run, number);
	uint32_t place = run->held.n;
	uint64_t outer = run->process.assumed;

	run->process.assumed = 0;

	/* It is shown behind the step that it is a part of, and before those that are parts of it.
	 */
	result.within = within;
	if (within)
		bs_vec_push(run->ctx.arena, &run->held, result);
	run->process.step = number;
	carry_out(run, &result);
	if (run->problem)
		return false;
	conclude(run, &result);
	run->process.assumed = outer;
	if (within) {
		run->held.v[place] = result;
		return !result.ends_process;
	}
	show(run, &result);
	return !result.ends_process;
}

static void show_held(struct bs_run *run)
{
	/* Where the plan cannot be carried out, some of them have no result. */
	for (uint32_t i = 0; i < run->held.n && !run->problem; i++)
		show(run, &run->held.v[i]);
	run->held.n = 0;
}

static bool start(struct bs_run *run, const struct bs_target_files *files)
{
	struct bs_step_result result = begin_step(run, 0);

	run->process.step = 0;
	bs_run_startup(run, files, &result);
	if (run->problem)
		return false;
	conclude(run, &result);
	show(run, &result);
	return !result.ends_process;
}

/* Nobody comes to it. */
static void pass_over(struct bs_run *run, uint32_t number, bool reached)
{
	struct bs_step_result result = begin_step(run, number);

	result.state = BS_STEP_NOT_REACHED;
	result.failure.needed_by = BS_NO_MAP;
	if (reached) {
		result.message = bs_arena_printf(
			run->ctx.arena, "the constructors of %s do not run%s",
			run->plan->blocks[result.step->block - 1].object,
			run->blocks_done.v[result.step->block - 1] == BS_NO_MAP ? "" : " again");
		run->refused = true;
	}
	result.epoch = run->epochs.n ? run->epochs.n - 1 : 0;
	bs_run_assume(run, &result);
	show(run, &result);
}

/* Start-up and the steps that the program makes; those of constructors come up within these. */
static void run_all(struct bs_run *run, const struct bs_target_files *files)
{
	const struct bs_plan *plan = run->plan;
	bool reached = start(run, files);

	show_held(run);
	for (uint32_t number = 1; number <= plan->n_steps && reached; number++) {
		if (plan->steps[number - 1].block)
			continue;
		reached = bs_run_step(run, number, false);
		show_held(run);
	}
	for (uint32_t number = 1; number <= plan->n_steps && !run->problem; number++)
		if (!run->shown.v[number])
			pass_over(run, number, reached);
}

void bs_run_give_back(struct bs_run *run, const struct bs_target_files *files)
{
	struct bs_store *store = run->process.store;
	bool interp_is_mapped = false;

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		interp_is_mapped |= map->role == BS_ROLE_LOADER;
		if (map->image)
			bs_store_release(store, map->image);
	}
	if (!run->process.maps.n && files->executable)
		bs_store_release(store, files->executable);
	if (!interp_is_mapped && files->interp_image)
		bs_store_release(store, files->interp_image);
	if (run->fs)
		bs_fs_close(run->fs);
	if (run->binder)
		bs_binder_done(run->binder, store);
}

/* What was made of a file that is not what it was is no answer. */
static const char *changed_file(const struct bs_run *run, const struct bs_target_files *files)
{
	const struct bs_diags *diags = run->ctx.diags;
	const char *path = NULL, *words = NULL;

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (!words && map->image && (words = bs_image_change(map->image)))
			path = map->image->path;
	}
	if (!words && files->executable && (words = bs_image_change(files->executable)))
		path = files->path;
	for (uint32_t i = 0; i < diags->list.n && !path; i++)
		if (diags->list.v[i].code == BS_DIAG_CHANGED) {
			path = diags->list.v[i].path;
			words = diags->list.v[i].detail;
		}
	return path ? bs_arena_printf(run->ctx.arena, "%s: %s", path, words) : NULL;
}

static enum bs_sim_status simulate(struct bs_run *run, struct bs_store *store,
				   const struct bs_sink *sink, const char **ret_problem)
{
	struct bs_target_files files = { 0 };

	run->process.store = store;
	run->sink = sink;
	if (!prepare(run, store, &files, ret_problem)) {
		const char *changed = changed_file(run, &files);

		*ret_problem = changed ? changed : *ret_problem;
		bs_run_give_back(run, &files);
		return BS_SIM_CANNOT;
	}
	bs_run_ask_otherwise(run, store);
	if (sink->begin)
		sink->begin(sink->data, run);
	run_all(run, &files);
	if (run->problem)
		*ret_problem = run->problem;
	else if (sink->end)
		sink->end(sink->data, run);
	if (!run->problem)
		*ret_problem = run->problem = changed_file(run, &files);
	bs_run_otherwise_done(run);
	bs_run_give_back(run, &files);
	if (run->problem)
		return BS_SIM_CANNOT;
	return run->refused ? BS_SIM_REFUSED : BS_SIM_OK;
}

void bs_run_quietly(struct bs_run *run, struct bs_store *store, struct bs_target_files *files)
{
	run->process.store = store;
	if (prepare(run, store, files, &run->problem))
		run_all(run, files);
}

enum bs_sim_status bs_simulate(const struct bs_plan *plan, struct bs_store *store,
			       const struct bs_sink *sink, struct bs_sim_report *ret)
{
	*ret = (struct bs_sim_report){ .arena = bs_arena_new() };
	struct bs_run *volatile begun = NULL;

	if (!ret->arena)
		return BS_SIM_NO_MEMORY;
	if (BS_ON_OUT_OF_MEMORY(ret->arena)) {
		/* The worker may be reading what is dropped next. */
		if (begun && begun->binder)
			bs_binder_drop(begun->binder);
		if (begun)
			bs_fs_close(begun->fs);
		return BS_SIM_NO_MEMORY;
	}
	struct bs_run *run = begun = bs_new(ret->arena, struct bs_run, 1);

	ret->diags.arena = ret->arena;
	run->ctx = (struct bs_ctx){
		.arena = ret->arena,
		.names = bs_names_new(ret->arena),
		.diags = &ret->diags,
	};
	run->plan = plan;
	enum bs_sim_status status = simulate(run, store, sink, &ret->problem);

	ret->instead = run->instead;
	return status;
}

void bs_sim_report_done(struct bs_sim_report *report)
{
	bs_arena_free(report->arena);
	*report = (struct bs_sim_report){ 0 };
}
