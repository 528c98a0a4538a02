/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static bool wants_color(const struct bs_command_line *line, FILE *file)
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

static void print_diagnostics(struct bs_arena *arena, const struct bs_sim_report *report,
			      bool verbose)
{
	for (uint32_t i = 0; i < report->diags.list.n; i++) {
		const struct bs_diag *d = &report->diags.list.v[i];

		if (!verbose && d->code == BS_DIAG_ASSUMED)
			continue;
		const char *offset = "";

		if (d->offset != BS_NO_OFFSET)
			offset = bs_arena_printf(arena,
						 "offset 0x%llx: ", (unsigned long long)d->offset);
		bs_complain("%s%s%s%s%s%s", d->path ? d->path : "", d->path ? ": " : "", offset,
			    d->detail, d->os_error ? ": " : "",
			    d->os_error ? strerror(d->os_error) : "");
	}
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

static bool open_all(struct opened *opened, const struct bs_command_line *line)
{
	opened->reports.list = bs_new(opened->arena, struct bs_report, line->outputs.n);
	opened->reports.proof = line->proof;
	opened->reports.weighs = line->fail_on != BS_LEVEL_NONE;
	opened->reports.check.library_db = bs_library_db_open(opened->arena);
	bs_vec_each (i, &line->library_dbs)
		if (!bs_library_db_load(opened->arena, opened->reports.check.library_db,
					line->library_dbs.v[i]))
			return false;
	opened->destinations = bs_new(opened->arena, struct bs_destination, line->outputs.n);
	bs_vec_each (i, &line->outputs) {
		const struct bs_output *output = &line->outputs.v[i];
		struct bs_destination *destination = &opened->destinations[opened->reports.n];
		struct bs_writer *writer;

		if (output->format->question)
			continue;
		writer = bs_new(opened->arena, struct bs_writer, 1);
		if (!bs_destination_open(opened->arena, output->path, destination)) {
			close_all(opened, false);
			return false;
		}
		writer->file = destination->file;
		opened->reports.list[opened->reports.n++] = (struct bs_report){
			.format = output->format,
			.show = output->show,
			.shows_default = output->shows_default,
			.color = wants_color(line, writer->file),
			.selection = line->selection,
			.writer = writer,
			.fail_on = line->fail_on,
		};
	}
	return true;
}

/* A status of 1 or 2 never comes without a message. */
static enum bs_exit conclude(const struct bs_command_line *line, const struct bs_reports *reports,
			     enum bs_sim_status status, const struct bs_sim_report *report)
{
	switch (status) {
	case BS_SIM_CANNOT:
		bs_complain("%s", report->problem);
		return BS_EXIT_TROUBLE;
	case BS_SIM_NO_MEMORY:
		bs_complain("out of memory");
		return BS_EXIT_TROUBLE;
	case BS_SIM_REFUSED:
		bs_complain("step %u %s: %s", reports->first_refused_step,
			    reports->not_reached ? "is not reached" : "failed",
			    reports->first_refusal && *reports->first_refusal
				    ? reports->first_refusal
				    : "the object is not loaded");
		return BS_EXIT_REFUSED;
	case BS_SIM_OK:
		break;
	}
	if (line->fail_on == BS_LEVEL_NONE || reports->worst < line->fail_on)
		return BS_EXIT_OK;
	bs_complain("a finding reaches --fail-on=%s", bs_level_name(line->fail_on));
	return BS_EXIT_REFUSED;
}

static enum bs_exit simulate(struct bs_arena *arena, const struct bs_command_line *line)
{
	/* Left to the end of the process, which is quicker than one munmap(2) after the other. */
	static struct bs_store *store;
	struct opened opened = { .arena = arena };
	struct bs_sim_report report;
	enum bs_sim_status status;

	store = bs_store_new();
	if (!store)
		bs_arena_exhausted(arena);
	bs_store_read_ahead(store);
	if (!open_all(&opened, line))
		return BS_EXIT_TROUBLE;
	const struct bs_sink sink = bs_reports_sink(&opened.reports);

	status = bs_simulate(&line->plan, store, &sink, &report);
	bs_reports_done(&opened.reports);
	bool answered = status == BS_SIM_OK || status == BS_SIM_REFUSED;
	bool written = close_all(&opened, answered);

	/* Where there is no answer, the problem says what the diagnostics led to. */
	if (answered || line->verbose)
		print_diagnostics(arena, &report, line->verbose);
	enum bs_exit exit_status = conclude(line, &opened.reports, status, &report);

	bs_sim_report_done(&report);
	return written ? exit_status : BS_EXIT_TROUBLE;
}

static enum bs_exit answer(struct bs_arena *arena, const struct bs_command_line *line)
{
	if (!write_questions(arena, line))
		return BS_EXIT_TROUBLE;
	return line->simulates ? simulate(arena, line) : BS_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct bs_arena *arena = bs_arena_new();
	struct bs_command_line line;
	enum bs_exit status = BS_EXIT_TROUBLE;

	if (!arena || BS_ON_OUT_OF_MEMORY(arena)) {
		bs_complain("out of memory");
		return BS_EXIT_TROUBLE;
	}
	if (bs_command_line_read(arena, argc, argv, environ, &line))
		status = line.done ? BS_EXIT_OK : answer(arena, &line);
	/* A long text met its error before. */
	if (line.done && (fflush(stdout) != 0 || ferror(stdout))) {
		bs_complain("standard output: %s", strerror(errno));
		status = BS_EXIT_TROUBLE;
	}
	bs_arena_free(arena);
	return status;
}
