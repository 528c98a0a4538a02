/* SPDX-License-Identifier: MIT */
/* --pid and --core: the process that is asked about, and the plan that leads to it. */
#include "options-priv.h"

#include "../input/process.h"

#include <stdlib.h>
#include <string.h>

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
	const char *refused = bs_options_refused_by(r, BS_MODE_VERIFY_PROCESS);

	if (refused) {
		bs_complain("%s is of one process that runs already: it has no --%s", option,
			    refused);
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

/* ---- the process ----------------------------------------------------------------------------- */

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
		const struct bs_process_question question = {
			.subject = subject,
			.slots = slots,
			.executable = live->executable,
			.has_plan = live->has_plan || line->plan.n_steps,
		};

		status = bs_process_observe(arena, store, &question, &line->plan, observation,
					    &problem);
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
