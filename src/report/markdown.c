/* SPDX-License-Identifier: MIT */
/*
 * --format=markdown: for the summary of a pipeline's step and for pull requests, in the Markdown of
 * GitHub and GitLab (CommonMark with tables and HTML).
 */
#include "ci-priv.h"

#include <string.h>

static const char *const parts[] = { "steps", "findings", "notes", NULL };
enum { SHOW_THE_STEPS = 1 << 0, SHOW_THE_FINDINGS = 1 << 1, SHOW_THE_NOTES = 1 << 2 };

/* ---- escapes -------------------------------------------------------------------------------- */

/* TEXT in HTML or, where PUNCTUATION means something, behind backslashes. A name behind "@" would
 * be told of it. */
static void write_escaped(struct bs_writer *writer, const char *text, const char *punctuation)
{
	while (*text) {
		if (*text == '@')
			bs_write_literal(writer, "@<!-- -->");
		else if (strchr(punctuation, *text))
			bs_write_format(writer, "\\%c", *text);
		else {
			text += bs_write_markup_char(writer, text);
			continue;
		}
		text++;
	}
}

void bs_write_markdown(struct bs_writer *writer, const char *text)
{
	write_escaped(writer, text, "\\`*_{}[]#!|~$");
}

static void write_fence(struct bs_writer *writer, size_t n)
{
	while (n--)
		bs_write_literal(writer, "`");
}

/* TEXT as it is, lines with their ends: the fence is longer than any row of backticks in it. */
static void write_block(struct bs_writer *writer, const char *text)
{
	size_t longest = 2;

	for (const char *at = text; *at; at++) {
		size_t n = strspn(at, "`");

		longest = n > longest ? n : longest;
		at += n ? n - 1 : 0;
	}
	write_fence(writer, longest + 1);
	bs_write_literal(writer, "text\n");
	bs_write_text(writer, text);
	write_fence(writer, longest + 1);
	bs_write_literal(writer, "\n");
}

/* The same behind an empty line, unless TEXT is NULL. */
static void write_lines(struct bs_report *report, const char *text)
{
	if (!text)
		return;
	bs_write_literal(report->writer, "\n");
	write_block(report->writer, text);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void write_head(struct bs_report *report, const struct bs_run *run, const struct bs_ci *ci)
{
	struct bs_writer *writer = report->writer;
	uint32_t n = run->plan->n_steps;
	const char *environment = bs_ci_environment(report, run);

	bs_write_literal(writer, "## bindsim: ");
	bs_write_markdown(writer, bs_ci_escaped(report, run->program));
	bs_write_literal(writer, "\n\n");
	bs_write_markdown(writer, run->profile->title);
	bs_write_literal(writer, " ");
	bs_write_markdown(writer, run->setup.target.machine->name);
	bs_write_literal(writer, ", start-up");
	if (n)
		bs_write_format(writer, " and %u step%s", n, n == 1 ? "" : "s");
	if (environment) {
		bs_write_literal(writer, " ");
		bs_write_markdown(writer, environment);
	}
	bs_write_literal(writer, ": **");
	if (ci->refused)
		bs_write_format(writer, "%u step%s refused, ", ci->refused,
				ci->refused == 1 ? "" : "s");
	bs_write_text(writer, bs_ci_sum(report, run));
	bs_write_literal(writer, "**\n");
}

static void write_row(struct bs_report *report, const struct bs_run *run,
		      const struct bs_text_row *row)
{
	static const char *const states[] = { "ok", "**failed**", "not reached" };
	const struct bs_step *step = row->result.step;
	struct bs_writer *writer = report->writer;

	bs_write_format(writer, "| %u | ", row->result.number);
	bs_write_markdown(writer,
			  step ? bs_ci_escaped(report, bs_text_step_words(run, step)) : "start-up");
	bs_write_literal(writer, " | ");
	bs_write_markdown(writer,
			  step && step->spelled ? bs_ci_escaped(report, step->spelled) : "");
	bs_write_format(writer, " | %s | ", states[row->result.state]);
	if (row->result.state == BS_STEP_OK)
		bs_write_format(writer, "%u", row->counts.objects);
	bs_write_literal(writer, " | ");
	if (row->result.state == BS_STEP_OK)
		bs_write_format(writer, "%u", row->counts.bindings + row->counts.first_call);
	bs_write_literal(writer, " |\n");
}

static void write_steps(struct bs_report *report, const struct bs_run *run, const struct bs_ci *ci)
{
	bs_write_literal(report->writer,
			 "\n| step | call | flags | outcome | new objects | bindings |\n"
			 "| ---: | --- | --- | --- | ---: | ---: |\n");
	bs_vec_each (i, &ci->rows)
		write_row(report, run, &ci->rows.v[i]);
}

static void write_trouble(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	write_lines(report, bs_ci_trouble(report, run, result));
	bs_vec_each (i, &result->passed_over) {
		bs_write_literal(report->writer, "\n**warning**: ");
		bs_write_markdown(report->writer,
				  bs_ci_not_preloaded(report, run, &result->passed_over.v[i]));
		bs_write_literal(report->writer, "\n");
	}
}

static void write_finding(struct bs_report *report, const struct bs_finding *f,
			  const struct bs_ci_words *words)
{
	const struct bs_rule_text *rule = bs_rule_text(f->rule);
	struct bs_writer *writer = report->writer;

	bs_write_format(writer,
			"\n<details><summary><b>%s</b> <code>%s</code>: ", bs_level_name(f->level),
			rule->slug);
	write_escaped(writer, words->headline, "");
	/* What is Markdown again begins behind an empty line. */
	bs_write_literal(writer, "</summary>\n\n");
	bs_write_markdown(writer, rule->summary);
	bs_write_literal(writer, ".\n\n");
	write_block(writer, words->evidence);
	bs_write_literal(writer, "\n</details>\n");
}

/* As many as there is room for, the worst ones. */
static void write_findings(struct bs_report *report, const struct bs_run *run,
			   const struct bs_ci *ci)
{
	size_t written = 0;
	uint32_t i = 0;

	for (; i < ci->findings.n; i++) {
		const struct bs_finding *f = &ci->findings.v[i];
		const struct bs_ci_words words = bs_ci_words(report, run, f);

		written += strlen(words.headline) + strlen(words.evidence) +
			   strlen(bs_rule_text(f->rule)->summary);
		if (written > BS_MARKDOWN_MOST_BYTES)
			break;
		write_finding(report, f, &words);
	}
	if (i < ci->findings.n)
		bs_write_format(report->writer, "\n%u more findings are left out.\n",
				ci->findings.n - i);
	if (ci->findings.n)
		bs_write_literal(report->writer,
				 "\n`bindsim explain --rule RULE` tells what a rule means; `...` "
				 "stands for the words of the command that made this page.\n");
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	const struct bs_ci *ci = bs_ci_end(report, run, findings);

	write_head(report, run, ci);
	if (report->show & SHOW_THE_STEPS)
		write_steps(report, run, ci);
	bs_vec_each (i, &ci->rows)
		write_trouble(report, run, &ci->rows.v[i].result);
	write_findings(report, run, ci);
	write_lines(report, bs_ci_assumptions(report, run));
}

const struct bs_format bs_format_markdown = {
	.name = "markdown",
	.parts = parts,
	.default_show = SHOW_THE_STEPS | SHOW_THE_FINDINGS,
	.notes = SHOW_THE_NOTES,
	.shows_what_counts = true,
	.traces = true,
	.begin = bs_ci_begin,
	.step = bs_ci_step,
	.end = end,
};
