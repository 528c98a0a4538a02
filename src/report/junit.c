/* SPDX-License-Identifier: MIT */
/*
 * --format=junit: JUnit XML, the part of it that Jenkins, GitLab and Azure read. The plan is a
 * suite of test cases: that nothing is refused, and a case for each rule and pair of objects that a
 * finding is about.
 */
#include "ci-priv.h"

#include <string.h>

/* A level that fails a case: where nobody said which findings count, errors do. */
static bool fails(const struct bs_report *report, const struct bs_finding *f)
{
	return f->level >= (report->fail_on == BS_LEVEL_NONE ? BS_LEVEL_ERROR : report->fail_on);
}

static bool is_same_case(const struct bs_finding *a, const struct bs_finding *b)
{
	return a->rule == b->rule && a->from == b->from && a->to == b->to;
}

/* The worst of its case comes first. */
static bool begins_case(const struct bs_ci *ci, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (is_same_case(&ci->findings.v[k], &ci->findings.v[i]))
			return false;
	return true;
}

void bs_junit_attribute(struct bs_writer *writer, const char *name, const char *text)
{
	bs_write_format(writer, " %s=\"", name);
	bs_write_markup(writer, text);
	bs_write_literal(writer, "\"");
}

void bs_junit_open_case(struct bs_writer *writer, const char *class, const char *name)
{
	bs_write_literal(writer, "    <testcase");
	bs_junit_attribute(writer, "classname", class);
	bs_junit_attribute(writer, "name", name);
	bs_write_literal(writer, " time=\"0\"");
}

/* Objects of one name in two namespaces are told apart. */
static const char *object_name(const struct bs_run *run, bs_map_id map)
{
	if (map == BS_NO_MAP)
		return "nobody";
	uint32_t ns = bs_map_of(&run->process, map)->ns;
	const char *name = bs_run_map_name(run, map);

	return ns ? bs_arena_printf(run->ctx.arena, "%s [%u]", name, ns) : name;
}

static const char *case_name(struct bs_report *report, const struct bs_run *run,
			     const struct bs_finding *f)
{
	return bs_ci_escaped(report,
			     bs_arena_printf(run->ctx.arena, "%s -> %s", object_name(run, f->from),
					     object_name(run, f->to)));
}

/* The words of all findings of the case that begins with the Ith. */
static void write_case(struct bs_report *report, const struct bs_run *run, const struct bs_ci *ci,
		       uint32_t i)
{
	const struct bs_finding *first = &ci->findings.v[i];
	const char *slug = bs_rule_text(first->rule)->slug;
	bool failed = fails(report, first);

	bs_junit_open_case(report->writer, slug, case_name(report, run, first));
	if (failed) {
		bs_write_literal(report->writer, ">\n      <failure");
		bs_junit_attribute(report->writer, "type", slug);
		bs_junit_attribute(report->writer, "message",
				   bs_ci_words(report, run, first).headline);
		bs_write_literal(report->writer, ">");
	} else {
		bs_write_literal(report->writer, ">\n      <system-out>");
	}
	for (uint32_t k = i; k < ci->findings.n; k++) {
		const struct bs_finding *f = &ci->findings.v[k];

		if (!is_same_case(first, f))
			continue;
		const struct bs_ci_words words = bs_ci_words(report, run, f);

		bs_write_format(report->writer, "%s: ", bs_level_name(f->level));
		bs_write_markup(report->writer, words.headline);
		bs_write_literal(report->writer, "\n");
		bs_write_markup(report->writer, words.evidence);
	}
	bs_write_text(report->writer, failed ? "</failure>" : "</system-out>");
	bs_write_literal(report->writer, "\n    </testcase>\n");
}

static void write_simulation(struct bs_report *report, const struct bs_run *run,
			     const struct bs_ci *ci)
{
	const char *first = NULL;

	bs_junit_open_case(report->writer, "bindsim", "simulation");
	if (!ci->refused) {
		bs_write_literal(report->writer, "/>\n");
		return;
	}
	for (uint32_t i = 0; i < ci->rows.n && !first; i++)
		first = bs_ci_refusal(report, run, &ci->rows.v[i].result);
	bs_write_literal(report->writer, ">\n      <failure type=\"refused\"");
	bs_junit_attribute(report->writer, "message", first);
	bs_write_literal(report->writer, ">");
	bs_vec_each (i, &ci->rows) {
		const char *text = bs_ci_trouble(report, run, &ci->rows.v[i].result);

		if (text)
			bs_write_markup(report->writer, text);
	}
	bs_write_literal(report->writer, "</failure>\n    </testcase>\n");
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	const struct bs_ci *ci = bs_ci_end(report, run, findings);
	uint32_t tests = 1, failures = ci->refused > 0;
	const char *counts;

	bs_vec_each (i, &ci->findings) {
		bool begins = begins_case(ci, i);

		tests += begins;
		failures += begins && fails(report, &ci->findings.v[i]);
	}
	counts = bs_arena_printf(run->ctx.arena,
				 " tests=\"%u\" failures=\"%u\" errors=\"0\" time=\"0\">\n", tests,
				 failures);
	if (!report->is_framed) {
		bs_write_literal(report->writer, BS_JUNIT_BEGIN);
		bs_write_text(report->writer, counts);
	}
	bs_write_literal(report->writer, "  <testsuite");
	bs_junit_attribute(report->writer, "name", bs_ci_title(report, run));
	bs_write_text(report->writer, counts);
	write_simulation(report, run, ci);
	bs_vec_each (i, &ci->findings)
		if (begins_case(ci, i))
			write_case(report, run, ci, i);
	bs_write_literal(report->writer, "  </testsuite>\n");
	if (!report->is_framed)
		bs_write_literal(report->writer, BS_JUNIT_END);
}

static const struct bs_frame frame = {
	.begin = BS_JUNIT_BEGIN ">\n",
	.between = "",
	.end = BS_JUNIT_END,
};

const struct bs_format bs_format_junit = {
	.name = "junit",
	.parts = bs_ci_parts,
	.default_show = BS_CI_FINDINGS,
	.notes = BS_CI_NOTES,
	.shows_what_counts = true,
	.traces = true,
	.begin = bs_ci_begin,
	.step = bs_ci_step,
	.end = end,
	.frame = &frame,
};
