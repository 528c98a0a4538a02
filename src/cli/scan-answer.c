/* SPDX-License-Identifier: MIT */
/* Where the records of a scan go, whoever brings them: reports, sums, the progress bar. */
#include "scan-priv.h"

#include <inttypes.h>
#include <stdio.h>
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

/* ---- reports --------------------------------------------------------------------------------- */

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
		.n_expected = n_expected,
		.shows_progress = !line->scan.quiet && isatty(STDERR_FILENO),
		.began = now(),
	};
	bs_vec_each (i, &line->outputs) {
		if (!bs_output_begin(arena, line, &line->outputs.v[i], &a->outputs[i])) {
			bs_scan_answer_drop(a);
			return false;
		}
		a->n_outputs++;
		bs_scan_begin(&a->outputs[i].report, arena, head);
	}
	return true;
}

const char *bs_scan_answer_take(struct bs_scan_answer *a, const char *text, size_t n)
{
	struct bs_arena *scratch = bs_arena_new();
	struct bs_scan_record record;

	if (!scratch)
		bs_arena_exhausted(a->arena);
	bs_arena_unwind_with(scratch, a->arena);
	const char *line = bs_arena_strndup(scratch, text, n);
	const char *problem = bs_scan_record_read(scratch, line, n, &record);

	if (problem) {
		problem = bs_arena_printf(a->arena, "%s", problem);
	} else {
		bs_scan_sum_add(a->sum, &record);
		for (uint32_t i = 0; i < a->n_outputs; i++)
			bs_scan_go_on(&a->outputs[i].report, &record, line);
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
	for (uint32_t i = 0; i < a->n_outputs; i++)
		bs_destination_close(&a->outputs[i].destination, a->outputs[i].report.writer,
				     false);
	a->n_outputs = 0;
	return BS_EXIT_TROUBLE;
}

static enum bs_exit conclude(const struct bs_scan_answer *a)
{
	const struct bs_scan_sum *sum = a->sum;
	const struct bs_scan_skipped *skipped = &a->head->skipped;
	uint32_t n_refused = sum->n_outcomes[BS_SCAN_REFUSED];

	if (skipped->n_unreadable)
		bs_complain("what cannot be read is left out: files and directories, %u in all",
			    skipped->n_unreadable);
	if (sum->unanswered) {
		bs_complain("nothing can be said in %u run%s, the first: %s: %s",
			    sum->n_outcomes[BS_SCAN_UNANSWERED],
			    sum->n_outcomes[BS_SCAN_UNANSWERED] == 1 ? "" : "s", sum->unanswered,
			    sum->why);
		return BS_EXIT_TROUBLE;
	}
	if (n_refused) {
		bs_complain("scan failed: something is refused in %u run%s", n_refused,
			    n_refused == 1 ? "" : "s");
		return BS_EXIT_REFUSED;
	}
	if (!bs_scan_reason(sum, a->line->fail_on))
		return BS_EXIT_OK;
	bs_complain("scan failed: a finding reaches --fail-on=%s", bs_level_name(a->line->fail_on));
	return BS_EXIT_REFUSED;
}

enum bs_exit bs_scan_answer_end(struct bs_scan_answer *a)
{
	bool ok = true;

	hide_progress(a);
	bs_scan_sum_finish(a->sum);
	for (uint32_t i = 0; i < a->n_outputs; i++) {
		bs_scan_end(&a->outputs[i].report, a->arena, a->head, a->sum);
		ok &= bs_output_end(&a->outputs[i]);
	}
	a->n_outputs = 0;
	return ok ? conclude(a) : BS_EXIT_TROUBLE;
}
