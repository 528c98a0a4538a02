/* SPDX-License-Identifier: MIT */
/* `bindsim verify`: who says what the loader did, where the answer goes, and the exit status. */
#include "options-priv.h"
#include "run.h"
#include "verify-log.h"

#include <string.h>

enum { MOST_SECONDS = 1000000 };

/* ---- the command line ------------------------------------------------------------------------ */

static bool read_process(struct bs_option_reader *r, const char *text)
{
	struct bs_verify_line *verify = &r->line->verify;
	struct bs_log_wanted wanted;

	if (!bs_is_log_process(text, &wanted)) {
		bs_complain("--process '%s': PID or PID:IMAGE is wanted", text);
		return false;
	}
	verify->has_pid = true;
	verify->pid = wanted.pid;
	verify->image = wanted.image;
	return true;
}

bool bs_read_timeout(struct bs_option_reader *r, const char *text)
{
	char *end;

	r->line->verify.timeout = bs_number_in(text, MOST_SECONDS, &end);
	if (r->line->verify.timeout && !*end)
		return true;
	bs_complain("--timeout '%s': seconds are wanted, from 1 to %d", text, MOST_SECONDS);
	return false;
}

/* What the options say together. */
static const char *what_is_wrong(const struct bs_verify_line *verify)
{
	if (!verify->runs && !verify->logs.n)
		return "verify by what? --log FILE, --pid N, --core FILE, or --run to run the "
		       "program";
	if (verify->runs && verify->logs.n)
		return "--log and --run: one of them says what the loader did";
	if (verify->runs && verify->has_pid)
		return "--process belongs to --log: --run has the one that it starts";
	if (!verify->runs && verify->timeout)
		return "--timeout belongs to --run";
	if (!verify->runs && verify->arguments.n)
		return "--argument belongs to --run";
	return NULL;
}

bool bs_verify_open(struct bs_option_reader *r)
{
	static const struct bs_format *const formats[] = { &bs_format_verify_text,
							   &bs_format_verify_json, NULL };
	struct bs_command_line *line = r->line;
	const char *wrong;

	bs_vec_each (i, &r->processes)
		if (!read_process(r, r->processes.v[i]))
			return false;
	wrong = what_is_wrong(&line->verify);
	if (wrong) {
		bs_complain("%s", wrong);
		return false;
	}
	wrong = bs_options_refused_by(r, BS_MODE_VERIFY_LOG);
	if (wrong) {
		bs_complain("--log and --run are about no finding: they have no --%s", wrong);
		return false;
	}
	line->verify.no_env = r->no_env;
	bs_add_own_output(r, NULL);
	return bs_use_formats(r->arena, line, formats);
}

void bs_verify_arguments(struct bs_command_line *line)
{
	if (!line->verify.arguments.n)
		return;
	line->plan.arguments = line->verify.arguments.v;
	line->plan.n_arguments = line->verify.arguments.n;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool write_answer(struct bs_arena *arena, const struct bs_command_line *line,
			 const struct bs_output *output, const struct bs_verify *verify,
			 const struct bs_verify_source *source)
{
	struct bs_begun_output begun;

	if (!bs_output_begin(arena, line, output, &begun))
		return false;
	if (output->format == &bs_format_verify_json)
		bs_verify_json(&begun.report, arena, verify, source);
	else
		bs_verify_text(&begun.report, arena, verify, source);
	return bs_output_end(&begun);
}

/* What the loader did, by who is asked; false after a message. */
static bool hear(struct bs_arena *arena, const struct bs_command_line *line, struct bs_store *store,
		 struct bs_testimony **ret_testimony, struct bs_verify_source *source)
{
	struct bs_log_wish wish = {
		.plan = &line->plan,
		.has_pid = line->verify.has_pid,
		.pid = line->verify.pid,
		.image = line->verify.image,
	};
	struct bs_log_testimony taken;
	struct bs_debugged run = { 0 };
	const char *const *files = line->verify.logs.v;
	uint32_t n_files = line->verify.logs.n;

	if (line->verify.runs) {
		if (!bs_run_debugged(arena, line, store, &run))
			return false;
		if (!run.log) {
			bs_complain("--run: the loader of %s told nothing under LD_DEBUG, which "
				    "glibc's alone knows (%s)",
				    line->plan.executable, run.end);
			return false;
		}
		wish.has_pid = true;
		wish.pid = run.pid;
		wish.image = 1;
		wish.is_private = true;
		wish.is_whole = run.is_whole;
		files = &run.log;
		n_files = 1;
	}
	if (!bs_testimony_from_logs(arena, files, n_files, &wish, &taken))
		return false;
	*ret_testimony = taken.testimony;
	*source = (struct bs_verify_source){
		.is_run = line->verify.runs,
		.files = files,
		.n_files = line->verify.runs ? 0 : n_files,
		.pid = line->verify.runs ? 0 : taken.pid,
		.generation = taken.generation,
		.program = taken.program,
		.end = run.end,
	};
	return true;
}

static enum bs_exit conclude(struct bs_arena *arena, const struct bs_command_line *line,
			     const struct bs_verify *verify, const struct bs_verify_source *source)
{
	if (verify->status == BS_SIM_CANNOT) {
		bs_complain_of_plan(arena, &line->plan, "", verify->problem, verify->instead);
		return BS_EXIT_TROUBLE;
	}
	if (verify->status == BS_SIM_NO_MEMORY) {
		bs_complain("%s", bs_arena_problem());
		return BS_EXIT_TROUBLE;
	}
	if (verify->no_log) {
		bs_complain("%s: the loader %s has no LD_DEBUG: there is nothing to verify by",
			    line->plan.executable, verify->loader);
		return BS_EXIT_TROUBLE;
	}
	bs_vec_each (i, &line->outputs)
		if (!write_answer(arena, line, &line->outputs.v[i], verify, source))
			return BS_EXIT_TROUBLE;
	bs_print_diagnostics(arena, &verify->diags, line->verbose);
	if (!verify->n_disagreed)
		return BS_EXIT_OK;
	bs_complain("the simulation and the loader disagree: %llu disagreement%s",
		    (unsigned long long)verify->n_disagreed, verify->n_disagreed == 1 ? "" : "s");
	return BS_EXIT_REFUSED;
}

enum bs_exit bs_verify_command(struct bs_arena *arena, const struct bs_command_line *line,
			       struct bs_store *store)
{
	struct bs_testimony *testimony;
	struct bs_verify_source source;
	struct bs_verify verify;

	if (!hear(arena, line, store, &testimony, &source))
		return BS_EXIT_TROUBLE;
	bs_verify(&line->plan, store, &line->selection, testimony, &verify);
	enum bs_exit status = conclude(arena, line, &verify, &source);

	bs_testimony_done(testimony);
	return status;
}
