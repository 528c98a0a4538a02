/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/*
 * Where the report goes. A file gets its name when it is complete: until then it lies beside its
 * place.
 */
struct destination {
	FILE *file;
	const char *path; /* NULL: standard output */
	char *unfinished; /* the name until then; NULL for what is no regular file */
};

static bool destination_open(struct bs_arena *arena, const char *path, struct destination *ret)
{
	struct stat st;
	int fd;

	*ret = (struct destination){ .file = stdout, .path = path };
	if (!path)
		return true;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		/* The file behind a link is replaced, not the link: /dev/stdout may be one. */
		char *real = realpath(path, NULL);

		if (real)
			ret->path = path = bs_arena_printf(arena, "%s", real);
		free(real);
		ret->unfinished = bs_arena_printf(arena, "%s.XXXXXX", path);
		fd = mkostemp(ret->unfinished, O_CLOEXEC);
		if (fd >= 0) {
			mode_t mask = umask(0);

			umask(mask);
			fchmod(fd, 0666 & ~mask);
		}
	}
	ret->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ret->file)
		return true;
	bs_complain("%s: %s", path, strerror(errno));
	if (fd >= 0 && ret->unfinished)
		unlink(ret->unfinished);
	return false;
}

static bool destination_close(struct destination *d, struct bs_writer *writer, bool keep)
{
	bool ok = bs_writer_flush(writer);
	int error = writer->error;

	if (d->path && fclose(d->file) != 0 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && keep && d->unfinished && rename(d->unfinished, d->path) != 0) {
		ok = false;
		error = errno;
	}
	if ((!ok || !keep) && d->unfinished)
		unlink(d->unfinished);
	if (!ok)
		bs_complain("%s: %s", d->path ? d->path : "standard output", strerror(error));
	return ok;
}

/* The first thing that failed, for standard error: a status of 1 or 2 never comes alone. */
struct first_failure {
	struct bs_sink report;
	char message[512];
};

static void forward_begin(void *data, const struct bs_run *run)
{
	struct first_failure *first = data;

	if (first->report.begin)
		first->report.begin(first->report.data, run);
}

static void forward_step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct first_failure *first = data;

	if (result->state == BS_STEP_FAILED && !first->message[0])
		snprintf(first->message, sizeof first->message, "step %u failed: %s",
			 result->number,
			 *result->message ? result->message : "the object is not loaded");
	if (first->report.step)
		first->report.step(first->report.data, run, result);
}

static void forward_end(void *data, const struct bs_run *run)
{
	struct first_failure *first = data;

	if (first->report.end)
		first->report.end(first->report.data, run);
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

static enum bs_exit simulate(struct bs_arena *arena, const struct bs_command_line *line)
{
	struct bs_store *store = bs_store_new();
	struct bs_sim_report report;
	struct destination destination;
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct first_failure first = { 0 };
	enum bs_sim_status status;

	if (!store)
		bs_arena_exhausted(arena);
	if (!destination_open(arena, line->quiet ? NULL : line->output, &destination)) {
		bs_store_free(store);
		return BS_EXIT_TROUBLE;
	}
	writer->file = destination.file;
	struct bs_report written = {
		.format = line->format,
		.show = line->show,
		.color = wants_color(line, destination.file),
		.verbose = line->verbose,
		.writer = writer,
	};

	if (!line->quiet)
		first.report = bs_report_sink(&written);
	const struct bs_sink sink = {
		.data = &first,
		.begin = forward_begin,
		.step = forward_step,
		.end = forward_end,
	};

	status = bs_simulate(&line->plan, store, &sink, &report);
	bool answered = status == BS_SIM_OK || status == BS_SIM_REFUSED;
	bool written_well = destination_close(&destination, writer, answered);

	/* Where there is no answer, the problem says what the diagnostics led to. */
	if (answered || line->verbose)
		print_diagnostics(arena, &report, line->verbose);
	if (status == BS_SIM_CANNOT)
		bs_complain("%s", report.problem);
	else if (status == BS_SIM_NO_MEMORY)
		bs_complain("out of memory");
	else if (status == BS_SIM_REFUSED)
		bs_complain("%s", first.message);
	bs_sim_report_done(&report);
	bs_store_free(store);
	if (!answered || !written_well)
		return BS_EXIT_TROUBLE;
	return status == BS_SIM_REFUSED ? BS_EXIT_REFUSED : BS_EXIT_OK;
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
		status = line.done ? BS_EXIT_OK : simulate(arena, &line);
	if (line.done && fflush(stdout) != 0) {
		bs_complain("standard output: %s", strerror(errno));
		status = BS_EXIT_TROUBLE;
	}
	bs_arena_free(arena);
	return status;
}
