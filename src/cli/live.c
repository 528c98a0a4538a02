/* SPDX-License-Identifier: MIT */
/* --pid and --core: the process that is asked about, and the plan that leads to it. */
#include "options-priv.h"

#include "../study/observed.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- the command line ------------------------------------------------------------------------ */

bool bs_read_pid(struct bs_option_reader *r, const char *text)
{
	char *end;
	uint32_t n = bs_number_in(text, INT32_MAX, &end);

	if (!n || *end) {
		bs_complain("--pid '%s': the number of a process is wanted", text);
		return false;
	}
	r->line->live.pid = (int)n;
	return true;
}

bool bs_live_open(struct bs_option_reader *r)
{
	struct bs_command_line *line = r->line;
	const char *option = line->live.pid ? "--pid" : "--core";

	if (line->live.pid && line->live.core) {
		bs_complain("--pid and --core: one process at a time");
		return false;
	}
	if (line->command == BS_COMMAND_LOG) {
		bs_complain("log has logs only, not %s; --process chooses in them", option);
		return false;
	}
	if (line->command != BS_COMMAND_NONE && line->command != BS_COMMAND_VERIFY) {
		bs_complain("%s goes with verify or no command; for %s make a plan of it: bindsim "
			    "%s ... --format=plan -o FILE, then --plan FILE",
			    option, bs_command_text(line->command)->name, option);
		return false;
	}
	if (line->verify.runs || line->verify.logs.n) {
		bs_complain("%s and %s: one of them says what the loader did", option,
			    line->verify.runs ? "--run" : "--log");
		return false;
	}
	if (line->follows_notes) {
		bs_complain("--follow-dlopen-notes opens what no process has: it goes with no %s",
			    option);
		return false;
	}
	if (line->live.pid && line->plan.executable) {
		bs_complain("--pid has a program of its own: '%s' is one too many",
			    line->plan.executable);
		return false;
	}
	line->live.executable = line->plan.executable;
	line->plan.executable = NULL;
	return true;
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void take_environment(struct bs_arena *arena, const struct bs_subject *subject,
			     struct bs_plan *plan)
{
	BS_VEC(struct bs_variable) all = { 0 };

	for (const char *const *entry = subject->environment; entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');

		if (!equals || !bs_is_for_loader(*entry))
			continue;
		bs_vec_push(arena, &all,
			    ((struct bs_variable){
				    bs_arena_strndup(arena, *entry, (size_t)(equals - *entry)),
				    equals + 1 }));
	}
	/* What the line says on top of it wins. */
	for (uint32_t i = 0; i < plan->n_environment; i++)
		bs_vec_push(arena, &all, plan->environment[i]);
	plan->environment = all.v;
	plan->n_environment = all.n;
}

static bool is_directory(struct bs_arena *arena, const char *root, const char *path)
{
	struct stat st;

	return stat(bs_arena_printf(arena, "%s%s", root ? root : "", path), &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* The question that the process is the answer to, but for its steps. */
static void take_origin(struct bs_arena *arena, const struct bs_subject *subject,
			const char *executable, struct bs_plan *plan)
{
	const struct bs_live_object *program = &subject->objects.v[0];

	plan->root = subject->root;
	if (executable)
		plan->executable = executable;
	else if (program->file == BS_LIVE_FILE_DELETED && subject->pid && !subject->root &&
		 !subject->by_loader)
		plan->executable = bs_arena_printf(arena, "/proc/%ld/exe", (long)subject->pid);
	else
		plan->executable = program->path ? program->path : subject->executable;
	if (!plan->argv0)
		plan->argv0 = subject->argv0;
	if (!plan->cwd && subject->cwd && is_directory(arena, subject->root, subject->cwd))
		plan->cwd = subject->cwd;
	plan->secure |= subject->auxiliary.secure;
	take_environment(arena, subject, plan);
}

static enum bs_sim_status observe(struct bs_arena *arena, struct bs_command_line *line,
				  struct bs_store *store, const struct bs_subject *subject,
				  const bs_live_slots *slots, struct bs_observation *ret,
				  const char **ret_problem)
{
	struct bs_plan *plan = &line->plan;

	/* A plan file is the whole question. */
	if (!plan->executable)
		take_origin(arena, subject, line->live.executable, plan);
	else if (!plan->root)
		plan->root = subject->root;
	if (line->live.has_plan || plan->n_steps)
		return bs_observe(arena, store, plan, subject, slots, ret, ret_problem);
	return bs_observe_derived(arena, store, subject, slots, plan, ret, ret_problem);
}

/* Files that are others now are why the simulation is of another process. */
static void warn_of_files(const struct bs_subject *subject, const char *executable)
{
	bs_vec_each (i, &subject->objects) {
		const struct bs_live_object *object = &subject->objects.v[i];
		const char *name = object->path ? object->path : object->name;

		if (i == 0 && executable && object->file == BS_LIVE_FILE_REPLACED)
			bs_complain("%s: the core is of another program, or of another build: %s",
				    executable, name);
		else if (i == 0 && executable && object->file == BS_LIVE_FILE_GONE)
			bs_complain("%s: the file that the process mapped cannot be had",
				    executable);
		else if (object->file == BS_LIVE_FILE_REPLACED)
			bs_complain("%s: the file was replaced since the process mapped it", name);
		else if (object->file == BS_LIVE_FILE_DELETED)
			bs_complain("%s: the file was deleted since the process mapped it", name);
		else if (object->file == BS_LIVE_FILE_GONE)
			bs_complain("%s: the file that the process mapped cannot be had", name);
	}
}

enum bs_exit bs_live_conclude(const struct bs_command_line *line)
{
	const struct bs_observation *o = line->live.observation;
	uint32_t n = o->n_differ + o->missing.n + o->n_unexpected;

	if (!n)
		return BS_EXIT_OK;
	bs_complain("the simulation and the process disagree: %u slot%s, %u object%s", o->n_differ,
		    o->n_differ == 1 ? "" : "s", n - o->n_differ, n - o->n_differ == 1 ? "" : "s");
	return BS_EXIT_REFUSED;
}

enum bs_exit bs_live_observe(struct bs_arena *arena, struct bs_command_line *line,
			     struct bs_store *store)
{
	struct bs_live_line *live = &line->live;
	struct bs_subject *subject = bs_new(arena, struct bs_subject, 1);
	struct bs_observation *observation = bs_new(arena, struct bs_observation, 1);
	bs_live_slots *slots = bs_new(arena, bs_live_slots, 1);
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	const char *problem =
		live->pid ? bs_live_process_read(&ctx, store, live->pid, line->plan.root, subject,
						 slots)
			  : bs_subject_of_core(&ctx, store, live->core, live->executable,
					       line->plan.root, subject);

	if (!problem) {
		enum bs_sim_status status;

		if (subject->is_core)
			bs_live_slots_read(&ctx, subject, slots);
		status = observe(arena, line, store, subject, slots, observation, &problem);
		if (status == BS_SIM_NO_MEMORY)
			problem = bs_arena_problem();
		/* Where there is no answer, the problem says what the rest led to. */
		if (!problem || line->verbose) {
			bs_print_diagnostics(arena, &diags, line->verbose);
			warn_of_files(subject, live->executable);
		}
	}
	/* Its images stay for as long as reports need them. */
	bs_memory_close(subject->memory);
	if (problem) {
		bs_complain("%s", problem);
		return BS_EXIT_TROUBLE;
	}
	live->observation = observation;
	return BS_EXIT_OK;
}
