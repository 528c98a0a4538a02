/* SPDX-License-Identifier: MIT */
/* The entry of the API: one plan, from the first file to the last step. */
#include "sim-priv.h"

#include <elf.h>
#include <string.h>

static bool prepare(struct bs_run *run, struct bs_store *store, struct bs_target_files *files,
		    const char **ret_problem)
{
	const struct bs_plan *plan = run->plan;

	run->fs = bs_fs_open(&run->ctx, plan->root, plan->cwd);
	if (!run->fs) {
		const struct bs_diag *last = &run->ctx.diags->list.v[run->ctx.diags->list.n - 1];

		*ret_problem = bs_arena_printf(
			run->ctx.arena, "%s: %s%s%s", last->path ? last->path : "", last->detail,
			last->os_error ? ": " : "", last->os_error ? strerror(last->os_error) : "");
		return false;
	}
	if (!bs_target_open(run, store, files, ret_problem) ||
	    !bs_profile_setup(run->profile, &run->ctx, plan, files->executable->machine,
			      files->interp_bytes, files->n_interp_bytes, &run->setup, ret_problem))
		return false;
	run->setup.target.e_flags = files->executable->header.flags;
	run->interp = files->interp;
	run->program = plan->argv0 ? plan->argv0 : plan->executable;
	run->scope_policy = run->profile->scope;
	run->match_policy = run->profile->match;
	bs_environment_apply(run);
	if (bs_image_has_dynamic(files->executable, 0x6ffffefc) || /* DT_AUDIT */
	    bs_image_has_dynamic(files->executable, 0x6ffffefb))   /* DT_DEPAUDIT */
		bs_diag_add(run->ctx.diags, BS_DIAG_NOT_SIMULATED, files->path, BS_NO_OFFSET, 0,
			    "it asks for audit modules, which are not simulated");
	run->process.policy = &run->scope_policy;
	run->process.setup = &run->setup;
	run->process.fs = run->fs;
	run->process.store = store;
	run->process.trace = plan->trace;
	run->binder = bs_binder_new(&run->ctx, &run->match_policy);
	return true;
}

/* What the slots of the objects that this step brought would bind to if they were called now. */
static void ask_slots(struct bs_run *run, struct bs_step_result *result)
{
	bs_vec_each (i, &result->relocated.lazy)
		if (!bs_map_of(&run->process, result->relocated.lazy.v[i])->removed)
			bs_bind_slots(run->binder, &run->process, &run->ctx,
				      result->relocated.lazy.v[i], &result->slots);
}

static bool run_step(struct bs_run *run, const struct bs_target_files *files,
		     const struct bs_sink *sink, uint32_t number, bool reached)
{
	struct bs_step_result result = {
		.number = number,
		.step = number ? &run->plan->steps[number - 1] : NULL,
		.first_map = run->process.maps.n,
		.opening = { .root = BS_NO_MAP },
	};

	run->process.step = number;
	if (!reached)
		result.state = BS_STEP_NOT_REACHED;
	else if (number == 0)
		bs_run_startup(run, files, &result);
	else
		bs_run_dlopen(run, result.step, &result);
	result.last_map = run->process.maps.n;
	if (result.state == BS_STEP_OK || (run->plan->trace && result.stage == BS_STAGE_BINDING))
		ask_slots(run, &result);
	if (sink->step)
		sink->step(sink->data, run, &result);
	return reached && !result.ends_process;
}

static void give_back(struct bs_run *run, const struct bs_target_files *files)
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
}

static enum bs_sim_status simulate(struct bs_run *run, struct bs_store *store,
				   const struct bs_sink *sink, const char **ret_problem)
{
	struct bs_target_files files = { 0 };
	bool reached = true;

	run->process.store = store;
	run->sink = sink;
	if (!prepare(run, store, &files, ret_problem)) {
		give_back(run, &files);
		return BS_SIM_CANNOT;
	}
	if (sink->begin)
		sink->begin(sink->data, run);
	for (uint32_t number = 0; number <= run->plan->n_steps; number++)
		reached = run_step(run, &files, sink, number, reached);
	if (sink->end)
		sink->end(sink->data, run);
	give_back(run, &files);
	return run->refused ? BS_SIM_REFUSED : BS_SIM_OK;
}

enum bs_sim_status bs_simulate(const struct bs_plan *plan, struct bs_store *store,
			       const struct bs_sink *sink, struct bs_sim_report *ret)
{
	*ret = (struct bs_sim_report){ .arena = bs_arena_new() };
	if (!ret->arena || BS_ON_OUT_OF_MEMORY(ret->arena))
		return BS_SIM_NO_MEMORY;
	struct bs_run *run = bs_new(ret->arena, struct bs_run, 1);

	ret->diags.arena = ret->arena;
	run->ctx = (struct bs_ctx){
		.arena = ret->arena,
		.names = bs_names_new(ret->arena),
		.diags = &ret->diags,
	};
	run->plan = plan;
	return simulate(run, store, sink, &ret->problem);
}

void bs_sim_report_done(struct bs_sim_report *report)
{
	bs_arena_free(report->arena);
	*report = (struct bs_sim_report){ 0 };
}
