/* SPDX-License-Identifier: MIT */
/* Step 0: what happens before main(). (glibc elf/rtld.c:dl_main) */
#include "sim-priv.h"

#include <string.h>

struct preload_listener {
	struct bs_run *run;
	struct bs_step_result *result;
	struct bs_preloads preloads;
};

static void preload_failed(void *data, uint32_t index, const struct bs_failure *failure)
{
	struct preload_listener *listener = data;

	bs_vec_push(listener->run->ctx.arena, &listener->result->passed_over,
		    (struct bs_passed_over){ listener->preloads.words[index],
					     listener->preloads.sources[index], *failure });
}

/* What a trace went on without ends a normal start at once. */
static void searched(struct bs_run *run, struct bs_step_result *result)
{
	bs_vec_each (i, &run->process.missing) {
		const struct bs_missing *m = &run->process.missing.v[i];

		if (m->optional || run->match_policy.startup_finds_all)
			continue;
		bs_event_searches(run, result, 0, m->n_traces);
		bs_step_fail(run, result, &m->failure);
		return;
	}
	bs_event_searches(run, result, 0, result->traces.n);
}

/* Every map is checked, then the loader gives up if any check failed; false when it does. */
static bool check_versions(struct bs_run *run, struct bs_step_result *result)
{
	const bs_ids *order = &run->process.ns[0].order;
	bool ok = true;

	if (run->match_policy.only_default_versions)
		return true;
	for (uint32_t i = 0; i < order->n; i++) {
		struct bs_failure failure = { 0 };
		uint32_t from = result->versions.n;
		bool passed = bs_check_versions(&run->process, &run->ctx, order->v[i], true,
						run->program, &result->versions, &failure);

		for (uint32_t k = from; k < result->versions.n; k++)
			bs_event_add(run, result, BS_EVENT_VERSION, k);
		bs_map_at(&run->process, order->v[i])->versions_checked = true;
		if (failure.words) {
			bs_step_fail(run, result, &failure);
			return false;
		}
		ok &= passed;
	}
	if (ok)
		return true;
	/* The loader said all of it on standard error and exits with status 1: the last complaint
	 * is the message. */
	for (uint32_t i = result->versions.n; i-- > 0;) {
		const struct bs_version_check *p = &result->versions.v[i];

		if (!p->words)
			continue;
		const struct bs_failure failure = {
			.subject = bs_run_map_name(run, p->target),
			.words = p->words,
			.occasion = "",
			.needed_by = p->required_by,
		};

		bs_step_fail(run, result, &failure);
		break;
	}
	return run->plan->trace;
}

/* The CPU level that an object says it needs. (glibc sysdeps/x86/dl-prop.h:dl_isa_level_check) */
const struct bs_map *bs_run_beyond_cpu(const struct bs_run *run, bs_map_id root)
{
	const bs_ids *order = &bs_map_of(&run->process, root)->initfini;
	uint32_t has = (1u << run->setup.isa_level) - 1;

	if (!run->setup.isa_level || !run->profile->checks_isa_level)
		return NULL;
	for (uint32_t i = order->n; i-- > 0;) {
		const struct bs_map *map = bs_map_of(&run->process, order->v[i]);

		if (map->init_called || map->role != BS_ROLE_ORDINARY || map->real != order->v[i])
			continue;
		if (map->image->notes.x86_isa_needed & ~has)
			return map;
	}
	return NULL;
}

/* (glibc elf/dl-minimal.c:__rtld_malloc_init_real) */
static bool bind_malloc(struct bs_run *run, struct bs_step_result *result,
			struct bs_failure *ret_failure)
{
	struct bs_process *process = &run->process;
	const char *base = run->profile->base_version
				   ? run->profile->base_version(run->setup.target.machine)
				   : NULL;
	struct bs_version *version = bs_new(run->ctx.arena, struct bs_version, 1);
	bool bound = true;

	if (!run->profile->binds_malloc || !base)
		return true;
	version->name = base;
	version->hash = bs_hash_sysv(base);
	for (const char *const *name = run->profile->malloc_names; *name && bound; name++)
		bound = bs_bind_name(
			run->binder, process, &run->ctx,
			&(struct bs_name_query){
				.name = *name,
				.version = version,
				.referrer = process->executable,
				.scope = &bs_map_of(process, process->executable)->scope,
			},
			&result->relocated, ret_failure);
	return bound;
}

/* (glibc elf/dl-debug.c:_dl_debug_post_relocate) */
static bool bind_r_debug(struct bs_run *run, struct bs_step_result *result,
			 struct bs_failure *ret_failure)
{
	struct bs_process *process = &run->process;
	const struct bs_name_query query = {
		.name = "_r_debug",
		.referrer = process->executable,
		.scope = &bs_map_of(process, process->executable)->scope,
	};

	return !run->profile->finds_r_debug || bs_bind_name(run->binder, process, &run->ctx, &query,
							    &result->relocated, ret_failure);
}

/* ld.so's own relocations are made again, with the executable's scope. */
static bool rebind(struct bs_run *run, struct bs_step_result *result,
		   struct bs_failure *ret_failure)
{
	struct bs_process *process = &run->process;
	struct bs_map *loader = bs_map_at(process, process->loader);
	bs_ids own = loader->scope;

	if (!run->profile->rebinds_itself)
		return true;
	loader->scope = bs_map_of(process, process->executable)->scope;
	bool bound = bs_relocate(run->binder, process, &run->ctx, process->loader, false,
				 &result->relocated, ret_failure) == BS_RELOCATED;

	bs_map_at(process, process->loader)->scope = own;
	return bound;
}

/* ld.so makes itself at home: among what needs it as a library or, from 2.41 on, wherever there is
 * a libc. (glibc elf/rtld.c:dl_main) */
static void bind_loader(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_process *process = &run->process;
	const bs_ids *searched =
		&process->lists.v[bs_map_of(process, process->executable)->searchlist].maps;
	bool for_libc = run->profile->rebinds_for_libc;
	uint32_t from = result->relocated.notes.n;
	struct bs_failure failure = { 0 };

	if (process->loader == BS_NO_MAP ||
	    (for_libc ? process->ns[0].libc == BS_NO_MAP : !bs_ids_have(searched, process->loader)))
		return;
	bool bound = for_libc ? rebind(run, result, &failure) &&
					bind_malloc(run, result, &failure) &&
					bind_r_debug(run, result, &failure)
			      : bind_malloc(run, result, &failure) && rebind(run, result, &failure);

	bs_event_notes(run, result, from);
	if (!bound)
		bs_step_fail(run, result, &failure);
}

/* A loader that goes on without what is missing says so, and ends the process later. */
static void said_missing(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_relocated *relocated = &result->relocated;

	if (!run->match_policy.startup_finds_all)
		return;
	bs_vec_each (i, &run->process.missing) {
		bs_vec_push(run->ctx.arena, &relocated->notes,
			    (struct bs_note){ BS_NOTE_SAID, relocated->said.n, 0 });
		bs_vec_push(run->ctx.arena, &relocated->said, run->process.missing.v[i].failure);
	}
	bs_event_notes(run, result, 0);
}

static void end_with_help(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_failure failure = {
		.subject = run->debug_variable,
		.words = "the loader prints its help and ends the program",
		.needed_by = BS_NO_MAP,
	};

	bs_step_fail(run, result, &failure);
}

void bs_run_startup(struct bs_run *run, const struct bs_target_files *files,
		    struct bs_step_result *result)
{
	struct bs_process *process = &run->process;
	struct preload_listener listener = {
		.run = run,
		.result = result,
		.preloads = bs_environment_preloads(run),
	};
	const struct bs_start start = {
		.executable = files->executable,
		.origin = files->origin,
		.interp = files->interp_image,
		.interp_name = files->interp,
		.vdso_soname = run->profile->vdso_soname(run->setup.target.machine),
		.preloads = listener.preloads.words,
		.no_preload_file = listener.preloads.no_file,
		.preload_failed = preload_failed,
		.data = &listener,
	};
	struct bs_failure failure = { 0 };

	if (run->ends_with_help) {
		end_with_help(run, result);
		return;
	}
	bool loaded = bs_process_start(process, &run->ctx, &start, &result->traces, &failure);

	searched(run, result);
	if (!loaded) {
		bs_step_fail(run, result, &failure);
		return;
	}
	result->stage = BS_STAGE_CHECKING;
	if (!check_versions(run, result))
		return;
	const bs_ids *order = &process->ns[0].order;

	bs_vec_each (i, order)
		if (bs_map_of(process, order->v[i])->role != BS_ROLE_VDSO)
			bs_event_scope(run, result, order->v[i], 0);

	const struct bs_map *beyond = bs_run_beyond_cpu(run, process->executable);

	if (beyond) {
		const char *name = bs_text(&run->ctx, beyond->name);
		const struct bs_failure too_old = {
			.subject = *name ? name : run->program,
			.words = "CPU ISA level is lower than required",
			.needed_by = BS_NO_MAP,
		};

		if (result->state != BS_STEP_FAILED) {
			bs_step_fail(run, result, &too_old);
			result->message = bs_run_say(run, &too_old, false);
		}
		if (!run->plan->trace)
			return;
	}
	if (!bs_run_demand(run, result, &failure)) {
		bs_step_fail(run, result, &failure);
		return;
	}
	const bs_ids relocate = bs_relocation_order(process, &run->ctx, process->executable);

	result->stage = BS_STAGE_BINDING;
	result->relocated.stopped = result->state == BS_STEP_FAILED;
	said_missing(run, result);
	/* Where only what is missing may wait, at start-up nothing may. */
	bool lazy = !run->bind_now && !run->match_policy.defers_missing;

	if (!bs_run_relocate(run, result, &relocate, lazy) || result->state == BS_STEP_FAILED)
		return;
	if (result->relocated.said.n) {
		bs_step_fail(run, result, &result->relocated.said.v[result->relocated.said.n - 1]);
		return;
	}
	bind_loader(run, result);
	if (result->state != BS_STEP_FAILED)
		bs_run_constructors(run, result, process->executable);
}
