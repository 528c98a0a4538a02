/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include "../base/guard.h"
#include "../report/jansson-late.h"
#include "../study/observed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

bool bs_wants_color(const struct bs_command_line *line, FILE *file)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	switch (line->color) {
	case BS_COLOR_ALWAYS:
		return true;
	case BS_COLOR_NEVER:
		return false;
	case BS_COLOR_AUTO:
		break;
	}
	if ((no_color && *no_color) || (term && strcmp(term, "dumb") == 0))
		return false;
	return isatty(fileno(file));
}

/* The reports of one run and the files they go to. */
struct opened {
	struct bs_reports reports;
	struct bs_destination *destinations;
	struct bs_arena *arena;
};

static bool close_all(struct opened *opened, bool keep)
{
	bool ok = true;

	bs_reports_drop(&opened->reports);
	for (uint32_t i = 0; i < opened->reports.n; i++)
		ok &= bs_destination_close(&opened->destinations[i], opened->reports.list[i].writer,
					   keep);
	return ok;
}

/* The reports that are the question itself. They are there whatever comes of the run. */
static bool write_questions(struct bs_arena *arena, const struct bs_command_line *line)
{
	bool ok = true;

	bs_vec_each (i, &line->outputs) {
		const struct bs_output *output = &line->outputs.v[i];
		struct bs_writer *writer;
		struct bs_destination destination;

		if (!output->format->question)
			continue;
		if (!bs_destination_open(arena, output->path, &destination))
			return false;
		writer = bs_new(arena, struct bs_writer, 1);
		writer->file = destination.file;
		struct bs_report report = { .format = output->format, .writer = writer };

		output->format->question(&report, arena, &line->plan);
		ok &= bs_destination_close(&destination, writer, true);
	}
	return ok;
}

/* Notes about dlopen are in JSON, whatever is written. */
static bool can_read_notes(const struct opened *opened)
{
	const char *problem = bs_reports_notes(&opened->reports) ? bs_jansson_open() : NULL;

	if (problem)
		bs_complain("--show=" BS_PART_DLOPEN_NOTES ": %s", problem);
	return !problem;
}

/* After a message. */
static bool is_for_terminal(const struct bs_output *output)
{
	bool wrong = output->format->is_binary && !output->path && isatty(STDOUT_FILENO);

	if (wrong)
		bs_complain("--format=%s is nothing for a terminal: -o FILE, or a pipe",
			    output->format->name);
	return wrong;
}

static bool open_all(struct opened *opened, const struct bs_command_line *line)
{
	opened->reports.list = bs_new(opened->arena, struct bs_report, line->outputs.n);
	opened->reports.proof = line->proof;
	opened->reports.follows_notes = line->follows_notes;
	opened->reports.weighs =
		line->fail_on != BS_LEVEL_NONE || line->command == BS_COMMAND_CHECK;
	opened->reports.check.library_db = bs_libraries_open(opened->arena, line);
	if (!opened->reports.check.library_db)
		return false;
	opened->destinations = bs_new(opened->arena, struct bs_destination, line->outputs.n);
	bs_vec_each (i, &line->outputs) {
		const struct bs_output *output = &line->outputs.v[i];
		struct bs_destination *destination = &opened->destinations[opened->reports.n];
		struct bs_writer *writer;

		if (output->format->question)
			continue;
		writer = bs_new(opened->arena, struct bs_writer, 1);
		if (is_for_terminal(output) ||
		    !bs_destination_open(opened->arena, output->path, destination)) {
			close_all(opened, false);
			return false;
		}
		writer->file = destination->file;
		opened->reports.list[opened->reports.n++] = bs_report_for(line, output, writer);
	}
	if (can_read_notes(opened))
		return true;
	close_all(opened, false);
	return false;
}

/* "plan NAME: " for one of a policy, else nothing. */
static const char *plan_prefix(struct bs_arena *arena, const struct bs_named_plan *plan)
{
	return plan->name ? bs_arena_printf(arena, "plan %s: ", plan->name) : "";
}

/* What a finding that counts leads to. */
static enum bs_exit conclude_findings(struct opened *opened, const struct bs_command_line *line,
				      const char *prefix)
{
	if (line->fail_on == BS_LEVEL_NONE || opened->reports.worst < line->fail_on)
		return BS_EXIT_OK;
	if (!opened->reports.judge) {
		bs_complain("a finding reaches --fail-on=%s", bs_level_name(line->fail_on));
		return BS_EXIT_REFUSED;
	}
	uint32_t n = bs_judge_tally(opened->reports.judge).n[BS_COUNTS];

	bs_complain("%scheck failed: %u finding%s", prefix, n, n == 1 ? " counts" : "s count");
	return BS_EXIT_REFUSED;
}

/* A status of 1 or 2 never comes without a message. */
static enum bs_exit conclude(struct opened *opened, const struct bs_command_line *line,
			     const struct bs_named_plan *plan, enum bs_sim_status status,
			     const struct bs_sim_report *report)
{
	const struct bs_reports *reports = &opened->reports;
	const char *prefix = plan_prefix(opened->arena, plan);

	switch (status) {
	case BS_SIM_CANNOT:
		bs_complain_of_plan(opened->arena, &plan->plan, prefix, report->problem,
				    report->instead);
		return BS_EXIT_TROUBLE;
	case BS_SIM_NO_MEMORY:
		/* The next plan would want as much. */
		bs_arena_unwind(opened->arena);
	case BS_SIM_REFUSED:
		bs_complain("%sstep %u %s: %s", prefix, reports->first_refused_step,
			    reports->not_reached ? "is not reached" : "failed",
			    reports->first_refusal && *reports->first_refusal
				    ? reports->first_refusal
				    : "the object is not loaded");
		return BS_EXIT_REFUSED;
	case BS_SIM_OK:
		break;
	}
	return conclude_findings(opened, line, prefix);
}

/* One run of PLAN, which all reports are told of. */
static enum bs_exit simulate(struct opened *opened, const struct bs_command_line *line,
			     const struct bs_named_plan *plan, struct bs_store *store)
{
	const struct bs_sink reports = bs_reports_sink(&opened->reports);
	/* Of a real process it is the real definers that are judged and told. */
	const struct bs_sink sink = line->live.observation
					    ? bs_observed_sink(line->live.observation, &reports)
					    : reports;
	struct bs_sim_report report;

	opened->reports.checker = NULL;
	opened->reports.worst = BS_LEVEL_NONE;
	opened->reports.first_refusal = NULL;
	enum bs_sim_status status = bs_simulate(&plan->plan, store, &sink, &report);

	bs_reports_done(&opened->reports);
	bool answered = status == BS_SIM_OK || status == BS_SIM_REFUSED;

	/* Messages come behind what they are about. */
	for (uint32_t i = 0; answered && i < opened->reports.n; i++)
		bs_writer_flush(opened->reports.list[i].writer);
	/* Where there is no answer, the problem says what the diagnostics led to. */
	if (answered || line->verbose)
		bs_print_diagnostics(opened->arena, &report.diags, line->verbose);
	enum bs_exit exit_status = conclude(opened, line, plan, status, &report);

	bs_sim_report_done(&report);
	return exit_status;
}

/* Left to the end of the process, which is quicker than one munmap(2) after the other. */
static struct bs_store *open_store(struct bs_arena *arena, enum bs_command command)
{
	static struct bs_store *store;

	store = bs_store_new();
	if (!store)
		bs_arena_exhausted(arena);
	/* A scan has threads enough. */
	if (command != BS_COMMAND_SCAN)
		bs_store_read_ahead(store);
	return store;
}

static enum bs_exit ask(struct bs_arena *arena, const struct bs_command_line *line,
			struct bs_store *store)
{
	const struct bs_named_plan plan = { .plan = line->plan };
	struct opened opened = { .arena = arena };

	if (!open_all(&opened, line))
		return BS_EXIT_TROUBLE;
	opened.reports.observed = line->live.observation;
	if (line->live.observation) {
		opened.reports.check.patched = line->live.observation->patched.v;
		opened.reports.check.n_patched = line->live.observation->patched.n;
	}
	enum bs_exit status = simulate(&opened, line, &plan, store);

	if (line->command == BS_COMMAND_VERIFY && status == BS_EXIT_OK)
		status = bs_live_conclude(line);
	return close_all(&opened, status != BS_EXIT_TROUBLE) ? status : BS_EXIT_TROUBLE;
}

static bool write_baseline(struct bs_arena *arena, const struct bs_check_line *asked,
			   struct bs_judge *judge)
{
	bs_baseline *found = bs_judge_collected(judge);

	bs_baseline_keep(arena, found, asked);
	return bs_baseline_save(arena, asked->write_baseline, found);
}

static void add_to_sum(struct bs_check_sum *sum, enum bs_exit status, const struct bs_judge *judge)
{
	const struct bs_tally tally = bs_judge_tally(judge);

	sum->failed += status != BS_EXIT_OK;
	for (enum bs_disposition d = 0; d < BS_DISPOSITION_COUNT_; d++)
		sum->tally.n[d] += tally.n[d];
}

/* The plans of a check, one after the other; the worst of them decides. */
static enum bs_exit check(struct bs_arena *arena, const struct bs_command_line *line,
			  struct bs_store *store)
{
	const struct bs_check_line *asked = &line->check;
	const struct bs_judge_options options = {
		.policy = asked->policy,
		.known = asked->known,
		.fail_on = line->fail_on,
		.today = asked->today,
		.collects = asked->write_baseline || asked->gen_suppressions,
	};
	struct bs_check_sum sum = {
		.plans = asked->plans.n,
		.policy = asked->policy ? asked->policy->path : NULL,
	};
	struct opened opened = { .arena = arena };
	enum bs_exit status = BS_EXIT_OK;

	opened.reports.judge = bs_judge_new(arena, &options);
	if (!open_all(&opened, line))
		return BS_EXIT_TROUBLE;
	if (sum.plans > 1)
		bs_frames_begin(&opened.reports);
	bs_vec_each (i, &asked->plans) {
		const struct bs_named_plan *plan = &asked->plans.v[i];
		const struct bs_judged_run run = {
			.plan = plan->name,
			.last = i + 1 == asked->plans.n,
			.all = asked->all,
			.is_what_if = plan->is_what_if,
		};

		bs_judge_begin(opened.reports.judge, &run);
		bs_frames_before(&opened.reports, arena, plan->name, i == 0);
		enum bs_exit next = simulate(&opened, line, plan, store);

		bs_frames_behind(&opened.reports);
		add_to_sum(&sum, next, opened.reports.judge);
		if (next > status)
			status = next;
	}
	bs_frames_end(&opened.reports, arena, &sum);
	if (status != BS_EXIT_TROUBLE && asked->write_baseline &&
	    !write_baseline(arena, asked, opened.reports.judge))
		status = BS_EXIT_TROUBLE;
	return close_all(&opened, status != BS_EXIT_TROUBLE) ? status : BS_EXIT_TROUBLE;
}

/* The commands that hold many runs against each other. */
static bool is_study(enum bs_command command)
{
	return command == BS_COMMAND_DIFF || command == BS_COMMAND_ADVISE ||
	       command == BS_COMMAND_ORDER;
}

static enum bs_exit study(struct bs_arena *arena, const struct bs_command_line *line,
			  struct bs_store *store)
{
	struct bs_library_db *db = bs_libraries_open(arena, line);

	if (!db)
		return BS_EXIT_TROUBLE;
	if (line->command == BS_COMMAND_DIFF)
		return bs_diff_run(arena, line, store, db);
	return line->command == BS_COMMAND_ORDER ? bs_order_command(arena, line, store, db)
						 : bs_advise_run(arena, line, store, db);
}

/* What is asked is what the notes lead to, wherever it is written. */
static bool follow_notes(struct bs_arena *arena, struct bs_command_line *line,
			 struct bs_store *store)
{
	struct bs_check_line *check = &line->check;

	if (!line->follows_notes)
		return true;
	bs_vec_each (i, &check->plans)
		if (!bs_follow_notes(arena, store, line->follow_level, &check->plans.v[i].plan))
			return false;
	if (line->command != BS_COMMAND_CHECK)
		return bs_follow_notes(arena, store, line->follow_level, &line->plan);
	line->plan = check->plans.v[0].plan;
	return true;
}

static enum bs_exit answer(struct bs_arena *arena, struct bs_command_line *line)
{
	if (line->command == BS_COMMAND_LOG)
		return bs_log_command(arena, line);
	struct bs_store *store = open_store(arena, line->command);

	if (bs_is_about_process(line) && bs_live_observe(arena, line, store) != BS_EXIT_OK)
		return BS_EXIT_TROUBLE;
	if (!follow_notes(arena, line, store))
		return BS_EXIT_TROUBLE;
	if (line->command == BS_COMMAND_VERIFY && !line->live.observation)
		return bs_verify_command(arena, line, store);
	if (line->command == BS_COMMAND_SCAN)
		return bs_scan_command(arena, line, store);
	if (is_study(line->command))
		return study(arena, line, store);
	if (!write_questions(arena, line))
		return BS_EXIT_TROUBLE;
	if (!line->simulates)
		return BS_EXIT_OK;
	return line->command == BS_COMMAND_CHECK ? check(arena, line, store)
						 : ask(arena, line, store);
}

static int run(struct bs_arena *arena, struct bs_command_line *line)
{
	if (line->done)
		return BS_EXIT_OK;
	return line->command == BS_COMMAND_RECORD ? bs_record_command(arena, line)
						  : (int)answer(arena, line);
}

/*
 * A file that is opened is not to become standard output because there is none. What stands in for
 * it cannot be read or written, and is not there for programs that are run.
 */
static void keep_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			bs_open_at(AT_FDCWD, "/dev/null",
				   (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
}

static int begin(int argc, char **argv)
{
	struct bs_arena *arena = bs_arena_new();
	struct bs_command_line line;
	int status = BS_EXIT_TROUBLE;

	if (!arena || BS_ON_OUT_OF_MEMORY(arena)) {
		bs_destinations_drop();
		bs_private_end();
		bs_complain("%s", bs_arena_problem());
		return BS_EXIT_TROUBLE;
	}
	bs_guard_catch();
	bs_sentries_post(0);
	if (bs_command_line_read(arena, argc, argv, environ, &line))
		status = run(arena, &line);
	/* A long text met its error before. */
	if (line.done && (fflush(stdout) != 0 || ferror(stdout))) {
		bs_complain("standard output: %s", strerror(errno));
		status = BS_EXIT_TROUBLE;
	}
	bs_private_end();
	bs_arena_free(arena);
	return status;
}

int main(int argc, char **argv)
{
	keep_standard_files();
	return bs_with_stack(begin, argc, argv);
}
