/* SPDX-License-Identifier: MIT */
/* `bindsim record`: a command is run, and plans of what it did are written. */
#include "options-priv.h"

#include "../trace/trace.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PLAN_ENDING ".plan"

/* ---- the command line ------------------------------------------------------------------------ */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool bs_record_open(struct bs_option_reader *r, const char *behind, char *const *command)
{
	struct bs_record_line *record = &r->line->record;

	if (r->line->live.pid) {
		bs_complain("record starts what it records; of a process that is there already, "
			    "bindsim --pid N --format=plan writes a plan");
		return false;
	}
	if (!*command || !**command || strcmp(behind, "--") != 0) {
		bs_complain("record what? bindsim record [OPTION]... -- COMMAND...");
		return false;
	}
	if (bs_options_refused(r)) {
		bs_complain("record simulates nothing: --%s is no option of it",
			    bs_options_refused(r));
		return false;
	}
	if (r->output && strcmp(r->output, "-") == 0) {
		bs_complain("--output -: standard output is the command's own");
		return false;
	}
	record->command = command;
	record->quiet = r->quiet;
	record->output = r->output ? r->output
				   : bs_arena_printf(r->arena, "%s" PLAN_ENDING, base_of(*command));
	return true;
}

/* ---- files -------------------------------------------------------------------------------------
 */

/* The whole run would be for nothing if its plan cannot be written. */
static bool can_write(struct bs_arena *arena, const char *path)
{
	struct bs_destination destination;
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		bs_complain("%s: it is a directory; -o FILE says what the plan in it is called",
			    path);
		return false;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return true;
	if (!bs_destination_open(arena, path, &destination))
		return false;
	writer->file = destination.file;
	return bs_destination_close(&destination, writer, false);
}

static bool write_plan(struct bs_arena *arena, const char *path, const struct bs_plan *plan)
{
	struct bs_destination destination;
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

	if (!bs_destination_open(arena, path, &destination))
		return false;
	writer->file = destination.file;
	struct bs_report report = { .format = &bs_format_plan, .writer = writer };

	bs_format_plan.question(&report, arena, plan);
	return bs_destination_close(&destination, writer, true);
}

/* ---- what was recorded
 * ---------------------------------------------------------------------------- */

/* A process that was only forked has nothing of its own to tell. */
static bool is_told(const struct bs_recording *recording)
{
	return !recording->is_foreign && (!recording->is_forked || recording->n_calls);
}

/* The one that a process is recorded for: the last that opened or asked for anything, else the
 * last.
 */
static const struct bs_recording *main_program(const struct bs_traced *trace, pid_t pid)
{
	const struct bs_recording *found = NULL;

	bs_vec_each (i, &trace->recordings) {
		const struct bs_recording *recording = trace->recordings.v[i];

		if (recording->pid == pid && is_told(recording) &&
		    (!found || recording->n_calls || !found->n_calls))
			found = recording;
	}
	return found;
}

/* What opened and asked for nothing, and went on as another program, is no question by itself. */
static bool has_plan(const struct bs_traced *trace, const struct bs_recording *recording)
{
	return is_told(recording) &&
	       (recording->n_calls || recording == main_program(trace, recording->pid));
}

/* Where the plan of RECORDING goes: OUTPUT; for a child with its number; for what a process ran
 * besides, with a number that says how many programs it ran before. */
static const char *path_of(struct bs_arena *arena, const struct bs_traced *trace,
			   const struct bs_recording *recording, const char *output)
{
	const char *path = recording->is_child
				   ? bs_arena_printf(arena, "%s.%ld", output, (long)recording->pid)
				   : output;

	if (recording == main_program(trace, recording->pid))
		return path;
	return bs_arena_printf(arena, "%s.exec-%u", path, recording->exec + 1);
}

static void tell(const struct bs_recording *recording, const char *path)
{
	const struct bs_plan *plan = &recording->plan;

	if (recording->problem)
		bs_complain("%s: %s", plan->executable, recording->problem);
	if (recording->is_foreign)
		return;
	bs_complain("%s: %s, %u step%s", path, plan->executable, plan->n_steps,
		    plan->n_steps == 1 ? "" : "s");
	bs_vec_each (i, &recording->notes)
		bs_complain("%s: %s", path, recording->notes.v[i]);
}

/* ---- plans of a run before ------------------------------------------------------------------- */

/* ".1234", ".exec-2" or ".1234.exec-2" */
static bool is_ending(const char *text)
{
	static const char digits[] = "0123456789";
	size_t n = *text == '.' ? strspn(text + 1, digits) : 0;

	if (n)
		text += 1 + n;
	if (strncmp(text, ".exec-", 6) == 0 && strspn(text + 6, digits) > 0)
		text += 6 + strspn(text + 6, digits);
	else if (!n)
		return false;
	return !*text;
}

/* Which of the files beside OUTPUT that are called as its other plans are were not WRITTEN now. */
static void tell_older(struct bs_arena *arena, const char *output, const bs_texts *written)
{
	const char *base = base_of(output), *first = NULL;
	const char *directory = bs_arena_strndup(arena, output, (size_t)(base - output));
	DIR *dir = opendir(*directory ? directory : ".");
	const struct dirent *entry;
	uint32_t n = 0;

	while (dir && (entry = readdir(dir))) {
		const char *path = bs_arena_printf(arena, "%s%s", directory, entry->d_name);
		bool is_new = strncmp(entry->d_name, base, strlen(base)) != 0 ||
			      !is_ending(entry->d_name + strlen(base));

		for (uint32_t i = 0; i < written->n && !is_new; i++)
			is_new = strcmp(written->v[i], path) == 0;
		if (is_new)
			continue;
		if (!first || strcmp(path, first) < 0)
			first = path;
		n++;
	}
	if (dir)
		closedir(dir);
	if (n == 1)
		bs_complain("%s: it is there from before, and no plan of this run", first);
	else if (n)
		bs_complain("%s and %u more are there from before, and no plans of this run", first,
			    n - 1);
}

static bool write_plans(struct bs_arena *arena, const struct bs_command_line *line,
			const struct bs_traced *trace)
{
	const struct bs_record_line *record = &line->record;
	bool verbose = line->verbose && !record->quiet;
	uint32_t n_silent = 0;
	bs_texts written = { 0 };
	bool ok = true;

	bs_vec_each (i, &trace->recordings) {
		const struct bs_recording *recording = trace->recordings.v[i];
		const char *path = path_of(arena, trace, recording, record->output);

		if (!is_told(recording) && !recording->is_foreign) {
			if (verbose)
				bs_complain(
					"process %ld, %s: it was forked and made no call, there "
					"is no plan of it",
					(long)recording->pid, recording->plan.executable);
			continue;
		}
		if (!recording->is_foreign && !has_plan(trace, recording)) {
			n_silent++;
			if (verbose)
				bs_complain("process %ld, %s: program %u of it made no call, there "
					    "is no plan of it",
					    (long)recording->pid, recording->plan.executable,
					    recording->exec + 1);
			continue;
		}
		bs_vec_push(arena, &written, path);
		if (!recording->is_foreign && !write_plan(arena, path, &recording->plan))
			ok = false;
		else if (!record->quiet)
			tell(recording, path);
	}
	if (n_silent && !verbose && !record->quiet)
		bs_complain("%u other program%s that %s run in the same process made no call, and "
			    "%s no plan; -v names %s",
			    n_silent, n_silent == 1 ? "" : "s", n_silent == 1 ? "was" : "were",
			    n_silent == 1 ? "has" : "have", n_silent == 1 ? "it" : "them");
	if (!record->quiet)
		tell_older(arena, record->output, &written);
	if (trace->n_let_go && !record->quiet)
		bs_complain("%u forked process%s %s not recorded; --children records them, too",
			    trace->n_let_go, trace->n_let_go == 1 ? "" : "es",
			    trace->n_let_go == 1 ? "is" : "are");
	return ok;
}

int bs_record_command(struct bs_arena *arena, const struct bs_command_line *line)
{
	const struct bs_record_line *record = &line->record;
	const struct bs_trace_options options = {
		.command = record->command,
		.children = record->children,
	};
	const char *problem = bs_format_plan.open();
	struct bs_traced trace;

	if (problem)
		bs_complain("%s", problem);
	if (problem || !can_write(arena, record->output))
		return BS_EXIT_TROUBLE;
	if (!bs_trace_run(arena, &options, &trace)) {
		bs_complain("%s", trace.problem);
		return BS_EXIT_TROUBLE;
	}
	if (!write_plans(arena, line, &trace))
		return BS_EXIT_TROUBLE;
	return WIFSIGNALED(trace.status) ? 128 + WTERMSIG(trace.status) : WEXITSTATUS(trace.status);
}
