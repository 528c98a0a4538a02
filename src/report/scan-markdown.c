/* SPDX-License-Identifier: MIT */
/* A scan as Markdown: what counts, program by program as they come, then the pairs and the sums. */
#include "scan-ci.h"

#include <inttypes.h>
#include <string.h>

static const char *const parts[] = { "programs", "notes", "pairs", NULL };

enum { MOST_PAIRS = 50 };

struct markdown {
	size_t written; /* bytes of findings */
	uint32_t n_left;
	bool has_table;
};

static void begin(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head)
{
	report->state = bs_new(arena, struct markdown, 1);
	bs_write_literal(report->writer, "## bindsim scan");
	bs_vec_each (i, &head->paths) {
		bs_write_text(report->writer, i ? ", " : ": ");
		bs_write_markdown(report->writer, bs_scan_ci_escaped(arena, head->paths.v[i]));
	}
	bs_write_literal(report->writer, "\n");
}

static void write_row(struct bs_report *report, const char *level, const char *program,
		      const char *words)
{
	struct markdown *m = report->state;

	m->written += strlen(program) + strlen(words);
	if (m->written > BS_MARKDOWN_MOST_BYTES) {
		m->n_left++;
		return;
	}
	if (!m->has_table)
		bs_write_literal(report->writer, "\n| | program | |\n| --- | --- | --- |\n");
	m->has_table = true;
	bs_write_format(report->writer, "| **%s** | ", level);
	bs_write_markdown(report->writer, program);
	bs_write_literal(report->writer, " | ");
	bs_write_markdown(report->writer, words);
	bs_write_literal(report->writer, " |\n");
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	const char *program = bs_scan_ci_program(scratch, record);
	size_t n = strlen(program) + strlen(": ");

	(void)line;
	if (!(report->show & BS_SCAN_PROGRAMS))
		return;
	if (record->outcome == BS_SCAN_UNANSWERED)
		write_row(report, "unknown", program, bs_scan_ci_problem(scratch, record));
	bs_vec_each (i, &record->refusals)
		write_row(report, "refused", program,
			  bs_scan_ci_refusal(scratch, &record->refusals.v[i]));
	bs_vec_each (i, &record->findings)
		if (bs_scan_tells(report, &record->findings.v[i]))
			write_row(report, bs_level_name(record->findings.v[i].level), program,
				  bs_scan_ci_headline(scratch, record, &record->findings.v[i]) + n);
}

static void write_pairs(struct bs_report *report, struct bs_arena *arena,
			const struct bs_scan_sum *sum)
{
	struct bs_writer *writer = report->writer;

	const uint32_t n = bs_scan_shown_pairs(report, sum);

	if (!n)
		return;
	bs_write_literal(writer, "\n| programs | | rule | objects |\n| ---: | --- | --- | --- |\n");
	for (uint32_t i = 0; i < n && i < MOST_PAIRS; i++) {
		const struct bs_scan_pair *pair = &sum->pairs.v[i];
		const char *from = pair->from ? pair->from : "the program";
		const char *to = pair->to ? pair->to : "the program";

		bs_write_format(writer, "| %u | %s | `%s` | ", pair->n_programs,
				bs_level_name(pair->level), pair->rule);
		bs_write_markdown(writer, bs_scan_ci_escaped(arena, from));
		bs_write_literal(writer, " and ");
		bs_write_markdown(writer, bs_scan_ci_escaped(arena, to));
		bs_write_literal(writer, " |\n");
	}
	if (n > MOST_PAIRS)
		bs_write_format(writer, "\n%u more pairs are left out.\n", n - MOST_PAIRS);
}

static void write_sum(struct bs_report *report, const struct bs_scan_head *head,
		      const struct bs_scan_sum *sum)
{
	const uint64_t *n = sum->n_dispositions;

	bs_write_format(report->writer,
			"\n%u %s: **%u refused, %u unknown, %u with errors, %u with "
			"warnings**\n",
			sum->n_programs, bs_scan_subject_word(head, sum->n_programs),
			sum->n_outcomes[BS_SCAN_REFUSED], sum->n_outcomes[BS_SCAN_UNANSWERED],
			sum->n_worst[BS_LEVEL_ERROR], sum->n_worst[BS_LEVEL_WARNING]);
	if (bs_scan_is_judged(head))
		bs_write_format(report->writer,
				"\nFindings: **%" PRIu64 " count**, %" PRIu64
				" suppressed, %" PRIu64 " in the baseline, %" PRIu64
				" below --fail-on=%s; %" PRIu64 " of the baseline are gone\n",
				n[BS_COUNTS], n[BS_SUPPRESSED], n[BS_IN_BASELINE], n[BS_BELOW],
				bs_level_name(head->fail_on), sum->n_gone);
}

static void end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		const struct bs_scan_sum *sum)
{
	const struct markdown *m = report->state;

	bs_vec_each (i, &sum->of_policy)
		if (sum->of_policy.v[i].disposition != BS_SUPPRESSED)
			write_row(report, bs_level_name(sum->of_policy.v[i].watch->level),
				  bs_rule_text(sum->of_policy.v[i].watch->rule)->slug,
				  bs_scan_ci_escaped(arena, sum->of_policy.v[i].watch->words));
	if (m->n_left)
		bs_write_format(report->writer, "\n%u more findings are left out.\n", m->n_left);
	write_pairs(report, arena, sum);
	write_sum(report, head, sum);
}

static const struct bs_format format = {
	.name = "markdown",
	.parts = parts,
	.default_show = BS_SCAN_PROGRAMS | BS_SCAN_PAIRS,
};

const struct bs_scan_format bs_scan_markdown = {
	.format = &format,
	.begin = begin,
	.record = go_on,
	.end = end,
};
