/* SPDX-License-Identifier: MIT */
/* Where the records of a scan go, whoever brings them: reports, sums, the progress bar. */
#include "scan-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- progress -------------------------------------------------------------------------------- */

enum { BAR_COLUMNS = 24, REDRAWN_AFTER = 100 /* milliseconds */ };

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void hide_progress(struct bs_scan_answer *a)
{
	if (!a->progress_is_shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	a->progress_is_shown = false;
}

static void show_progress(struct bs_scan_answer *a)
{
	int64_t t = now();

	if (!a->shows_progress || !a->n_expected || t - a->drawn < REDRAWN_AFTER)
		return;
	int64_t rate = t > a->began ? (int64_t)a->n_done * 1000 / (t - a->began) : 0;
	int64_t left = rate ? (a->n_expected - a->n_done) / rate : -1;
	int filled = (int)((uint64_t)a->n_done * BAR_COLUMNS / a->n_expected);

	a->drawn = t;
	a->progress_is_shown = true;
	fputs("\r[", stderr);
	for (int i = 0; i < BAR_COLUMNS; i++)
		fputc(i < filled ? '#' : ' ', stderr);
	fprintf(stderr, "] %u/%u  %" PRId64 "/s", a->n_done, a->n_expected, rate);
	if (left >= 0)
		fprintf(stderr, "  %" PRId64 ":%02" PRId64 " left", left / 60, left % 60);
	fputs("\033[K", stderr);
	fflush(stderr);
}

/* ---- files that a format has to itself ------------------------------------------------------- */

/* The file that OUTPUT becomes; where it becomes none, such as for a pipe, one that is copied. */
static bool give_file(struct bs_scan_answer *a, struct bs_begun_output *output)
{
	int fd;

	output->report.file = bs_destination_unfinished(&output->destination);
	if (output->report.file)
		return true;
	if (!a->directory && !bs_private_directory(a->arena, "the database", &a->directory))
		return false;
	char *name = bs_arena_printf(a->arena, "%s/XXXXXX", a->directory);

	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0) {
		bs_complain("%s: %s", name, strerror(errno));
		return false;
	}
	close(fd);
	output->report.file = name;
	return true;
}

static void copy_file(const char *path, struct bs_writer *writer)
{
	char bytes[1 << 14];
	FILE *file = fopen(path, "re");
	size_t n;

	while (file && (n = fread(bytes, 1, sizeof bytes, file)) > 0)
		bs_write(writer, bytes, n);
	if (!file || ferror(file)) {
		writer->failed = true;
		writer->error = errno;
	}
	if (file)
		fclose(file);
}

/* All of OUTPUT's report is there. */
static void take_file(struct bs_begun_output *output)
{
	const char *file = output->report.file;

	if (file && file != bs_destination_unfinished(&output->destination) &&
	    !output->report.writer->failed)
		copy_file(file, output->report.writer);
}

/* ---- reports --------------------------------------------------------------------------------- */

/* For one record: it fails as the answer does. */
static struct bs_arena *scratch_for(const struct bs_scan_answer *a)
{
	struct bs_arena *scratch = bs_arena_new();

	if (!scratch)
		bs_arena_exhausted(a->arena);
	bs_arena_unwind_with(scratch, a->arena);
	return scratch;
}

static bool is_new_file(struct bs_scan_answer *a, const char *name)
{
	bs_name id = bs_name_of(a->told, name);
	bool is_new = id > a->last_told;

	if (is_new)
		a->last_told = id;
	return is_new;
}

static void tell_file(const struct bs_scan_answer *a, struct bs_arena *scratch,
		      const struct bs_scan_file *file, const char *line)
{
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (a->formats[i]->file)
			a->formats[i]->file(&a->outputs[i].report, scratch, file, line);
}

bool bs_scan_answer_begin(struct bs_scan_answer *a, struct bs_arena *arena,
			  const struct bs_command_line *line, const struct bs_scan_head *head,
			  uint32_t n_expected)
{
	*a = (struct bs_scan_answer){
		.arena = arena,
		.line = line,
		.head = head,
		.sum = bs_scan_sum_new(arena),
		.outputs = bs_new(arena, struct bs_begun_output, line->outputs.n),
		.formats = bs_new(arena, const struct bs_scan_format *, line->outputs.n),
		.told = bs_names_new(arena),
		.n_expected = n_expected,
		.shows_progress = !line->scan.quiet && isatty(STDERR_FILENO),
		.began = now(),
	};
	if (!bs_scan_judge_begin(&a->judge, arena, line, head))
		return false;
	bs_vec_each (i, &line->outputs) {
		if (!bs_output_begin(arena, line, &line->outputs.v[i], &a->outputs[i])) {
			bs_scan_answer_drop(a);
			return false;
		}
		a->n_outputs++;
		a->outputs[i].report.fail_on = head->fail_on;
		a->formats[i] = bs_scan_format_of(line->outputs.v[i].format);
		if (a->formats[i]->wants_file && !give_file(a, &a->outputs[i])) {
			bs_scan_answer_drop(a);
			return false;
		}
		if (a->formats[i]->begin)
			a->formats[i]->begin(&a->outputs[i].report, arena, head);
	}
	return true;
}

/* Files that RECORD has and that nobody has told of yet. */
static void tell_files(struct bs_scan_answer *a, const struct bs_scan_record *record)
{
	bs_vec_each (i, &record->objects) {
		struct bs_arena *scratch = scratch_for(a);
		struct bs_scan_file file = { .name = record->objects.v[i] };

		if (is_new_file(a, file.name) && a->describe(a->user, scratch, &file))
			tell_file(a, scratch, &file, bs_scan_file_line(scratch, &file));
		bs_arena_free(scratch);
	}
}

const char *bs_scan_answer_take_file(struct bs_scan_answer *a, const char *text, size_t n)
{
	struct bs_arena *scratch = scratch_for(a);
	struct bs_scan_file file;
	const char *line = bs_arena_strndup(scratch, text, n);
	const char *problem = bs_scan_file_read(scratch, line, n, &file);

	if (problem)
		problem = bs_arena_printf(a->arena, "%s", problem);
	else if (is_new_file(a, file.name))
		tell_file(a, scratch, &file, line);
	bs_arena_free(scratch);
	return problem;
}

const char *bs_scan_answer_take(struct bs_scan_answer *a, const char *text, size_t n)
{
	struct bs_arena *scratch = scratch_for(a);
	struct bs_scan_record record;
	const char *line = bs_arena_strndup(scratch, text, n);
	const char *problem = bs_scan_record_read(scratch, line, n, &record);

	if (problem) {
		problem = bs_arena_printf(a->arena, "%s", problem);
	} else {
		bs_scan_judge_record(&a->judge, scratch, &record);
		if (record.is_judged)
			line = bs_scan_line(scratch, &record);
		bs_scan_sum_add(a->sum, &record);
		if (a->describe && a->head->exports)
			tell_files(a, &record);
		for (uint32_t i = 0; i < a->n_outputs; i++)
			if (a->formats[i]->record)
				a->formats[i]->record(&a->outputs[i].report, scratch, &record,
						      line);
	}
	bs_arena_free(scratch);
	return problem;
}

void bs_scan_answer_program(struct bs_scan_answer *a)
{
	a->n_done++;
	for (uint32_t i = 0; i < a->n_outputs; i++)
		if (!a->outputs[i].destination.path && a->outputs[i].report.writer->n) {
			hide_progress(a);
			bs_writer_flush(a->outputs[i].report.writer);
		}
	show_progress(a);
}

enum bs_exit bs_scan_answer_drop(struct bs_scan_answer *a)
{
	hide_progress(a);
	for (uint32_t i = 0; i < a->n_outputs; i++) {
		if (a->formats[i]->drop)
			a->formats[i]->drop(&a->outputs[i].report);
		bs_destination_close(&a->outputs[i].destination, a->outputs[i].report.writer,
				     false);
	}
	a->n_outputs = 0;
	bs_scan_judge_end(&a->judge, false);
	return BS_EXIT_TROUBLE;
}

static void complain_of_unreadable(const struct bs_scan_skipped *skipped)
{
	if (skipped->unreadable)
		bs_complain("what cannot be read is left out: %u in all, the first: %s: %s",
			    skipped->n_unreadable, skipped->unreadable, skipped->why);
	else
		bs_complain("what cannot be read is left out: files and directories, %u in all",
			    skipped->n_unreadable);
}

static void complain_of_unanswered(const struct bs_scan_sum *sum)
{
	uint32_t n = sum->n_outcomes[BS_SCAN_UNANSWERED];
	size_t n_path = strlen(sum->unanswered);
	/* Most problems begin with the file that they are about. */
	bool is_named = strncmp(sum->why, sum->unanswered, n_path) == 0 && sum->why[n_path] == ':';

	bs_complain("nothing can be said in %u run%s, the first: %s%s%s", n, n == 1 ? "" : "s",
		    is_named ? "" : sum->unanswered, is_named ? "" : ": ", sum->why);
}

static enum bs_exit conclude(const struct bs_scan_answer *a)
{
	const struct bs_scan_sum *sum = a->sum;
	const struct bs_scan_skipped *skipped = &a->head->skipped;
	uint32_t n_refused = sum->n_outcomes[BS_SCAN_REFUSED];

	bs_print_diagnostics(a->arena, &sum->diags, a->line->verbose);
	if (skipped->n_unreadable)
		complain_of_unreadable(skipped);
	if (sum->unanswered) {
		complain_of_unanswered(sum);
		return BS_EXIT_TROUBLE;
	}
	if (n_refused) {
		bs_complain("scan failed: something is refused in %u run%s", n_refused,
			    n_refused == 1 ? "" : "s");
		return BS_EXIT_REFUSED;
	}
	if (!bs_scan_reason(sum, a->head->fail_on))
		return BS_EXIT_OK;
	if (bs_scan_is_judged(a->head))
		bs_complain("scan failed: %" PRIu64 " finding%s", sum->n_dispositions[BS_COUNTS],
			    sum->n_dispositions[BS_COUNTS] == 1 ? " counts" : "s count");
	else
		bs_complain("scan failed: a finding reaches --fail-on=%s",
			    bs_level_name(a->head->fail_on));
	return BS_EXIT_REFUSED;
}

enum bs_exit bs_scan_answer_end(struct bs_scan_answer *a)
{
	bool ok = true;

	hide_progress(a);
	bs_scan_sum_finish(a->sum, a->head);
	for (uint32_t i = 0; i < a->n_outputs; i++) {
		if (a->formats[i]->end)
			a->formats[i]->end(&a->outputs[i].report, a->arena, a->head, a->sum);
		take_file(&a->outputs[i]);
		ok &= bs_output_end(&a->outputs[i]);
	}
	a->n_outputs = 0;
	ok &= bs_scan_judge_end(&a->judge, ok);
	return ok ? conclude(a) : BS_EXIT_TROUBLE;
}
