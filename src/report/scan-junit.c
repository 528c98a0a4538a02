/* SPDX-License-Identifier: MIT */
/* A scan as JUnit XML: each run of a program is a suite, with the cases that a run of its own has.
 */
#include "scan-ci.h"

#include <string.h>

static void begin(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head)
{
	(void)arena;
	(void)head;
	bs_write_literal(report->writer, BS_JUNIT_BEGIN ">\n");
}

static const char *name_of(const struct bs_scan_object *object)
{
	return object->name ? object->name : "nobody";
}

static bool is_same_case(const struct bs_scan_finding *a, const struct bs_scan_finding *b)
{
	return strcmp(a->rule, b->rule) == 0 && strcmp(name_of(&a->from), name_of(&b->from)) == 0 &&
	       strcmp(name_of(&a->to), name_of(&b->to)) == 0;
}

/* The worst of its case comes first. */
static bool begins_case(const struct bs_report *report, const struct bs_scan_record *record,
			uint32_t i)
{
	if (!bs_scan_tells(report, &record->findings.v[i]))
		return false;
	for (uint32_t k = 0; k < i; k++)
		if (bs_scan_tells(report, &record->findings.v[k]) &&
		    is_same_case(&record->findings.v[k], &record->findings.v[i]))
			return false;
	return true;
}

static void write_case(struct bs_report *report, struct bs_arena *scratch,
		       const struct bs_scan_record *record, uint32_t i)
{
	const struct bs_scan_finding *first = &record->findings.v[i];
	struct bs_writer *writer = report->writer;
	bool failed = bs_scan_ci_fails(report, first->level);

	bs_junit_open_case(writer, first->rule,
			   bs_scan_ci_escaped(scratch, bs_arena_printf(scratch, "%s -> %s",
								       name_of(&first->from),
								       name_of(&first->to))));
	bs_write_text(writer, failed ? ">\n      <failure" : ">\n      <system-out>");
	if (failed) {
		bs_junit_attribute(writer, "type", first->rule);
		bs_junit_attribute(writer, "message", bs_scan_ci_headline(scratch, record, first));
		bs_write_literal(writer, ">");
	}
	for (uint32_t k = i; k < record->findings.n; k++) {
		const struct bs_scan_finding *f = &record->findings.v[k];

		if (!bs_scan_tells(report, f) || !is_same_case(first, f))
			continue;
		bs_write_format(writer, "%s: ", bs_level_name(f->level));
		bs_write_markup(writer, bs_scan_ci_headline(scratch, record, f));
		bs_write_literal(writer, "\n");
	}
	bs_write_text(writer, failed ? "</failure>" : "</system-out>");
	bs_write_literal(writer, "\n    </testcase>\n");
}

static void write_simulation(struct bs_report *report, struct bs_arena *scratch,
			     const struct bs_scan_record *record)
{
	bool is_unanswered = record->outcome == BS_SCAN_UNANSWERED;

	bs_junit_open_case(report->writer, "bindsim", "simulation");
	if (!is_unanswered && !record->refusals.n) {
		bs_write_literal(report->writer, "/>\n");
		return;
	}
	bs_write_text(report->writer, is_unanswered ? ">\n      <error type=\"unanswered\""
						    : ">\n      <failure type=\"refused\"");
	bs_junit_attribute(report->writer, "message",
			   is_unanswered ? bs_scan_ci_problem(scratch, record)
					 : bs_scan_ci_refusal(scratch, &record->refusals.v[0]));
	bs_write_literal(report->writer, ">");
	bs_vec_each (i, &record->refusals) {
		bs_write_markup(report->writer,
				bs_scan_ci_refusal(scratch, &record->refusals.v[i]));
		bs_write_literal(report->writer, "\n");
	}
	bs_write_text(report->writer, is_unanswered ? "</error>" : "</failure>");
	bs_write_literal(report->writer, "\n    </testcase>\n");
}

static void open_suite(struct bs_report *report, const char *name, uint32_t tests,
		       uint32_t failures, uint32_t errors)
{
	bs_write_literal(report->writer, "  <testsuite");
	bs_junit_attribute(report->writer, "name", name);
	bs_write_format(report->writer, " tests=\"%u\" failures=\"%u\" errors=\"%u\" time=\"0\">\n",
			tests, failures, errors);
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	bool is_unanswered = record->outcome == BS_SCAN_UNANSWERED;
	uint32_t tests = 1, failures = !is_unanswered && record->refusals.n;

	(void)line;
	bs_vec_each (i, &record->findings) {
		bool begins = begins_case(report, record, i);

		tests += begins;
		failures += begins && bs_scan_ci_fails(report, record->findings.v[i].level);
	}
	open_suite(report, bs_scan_ci_program(scratch, record), tests, failures, is_unanswered);
	write_simulation(report, scratch, record);
	bs_vec_each (i, &record->findings)
		if (begins_case(report, record, i))
			write_case(report, scratch, record, i);
	bs_write_literal(report->writer, "  </testsuite>\n");
}

/* What holds for no program in particular is a suite of its own. */
static void write_policy(struct bs_report *report, struct bs_arena *arena,
			 const struct bs_scan_head *head, const struct bs_scan_sum *sum)
{
	uint32_t failures = 0;

	bs_vec_each (i, &sum->of_policy)
		failures += sum->of_policy.v[i].disposition == BS_COUNTS;
	open_suite(report, bs_scan_ci_escaped(arena, head->policy), sum->of_policy.n, failures, 0);
	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;
		const char *rule = bs_rule_text(watch->rule)->slug;
		const char *words = bs_scan_ci_escaped(arena, watch->words);
		bool failed = sum->of_policy.v[i].disposition == BS_COUNTS;

		bs_junit_open_case(report->writer, rule, words);
		bs_write_text(report->writer,
			      failed ? ">\n      <failure" : ">\n      <system-out>");
		if (failed) {
			bs_junit_attribute(report->writer, "type", rule);
			bs_junit_attribute(report->writer, "message", words);
			bs_write_literal(report->writer, "/>");
		} else {
			bs_write_format(report->writer, "%s</system-out>",
					bs_disposition_name(sum->of_policy.v[i].disposition));
		}
		bs_write_literal(report->writer, "\n    </testcase>\n");
	}
	bs_write_literal(report->writer, "  </testsuite>\n");
}

static void end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		const struct bs_scan_sum *sum)
{
	if (sum->of_policy.n)
		write_policy(report, arena, head, sum);
	bs_write_literal(report->writer, BS_JUNIT_END);
}

static const struct bs_format format = {
	.name = "junit",
	.parts = bs_scan_ci_parts,
	.default_show = BS_SCAN_PROGRAMS,
};

const struct bs_scan_format bs_scan_junit = {
	.format = &format,
	.begin = begin,
	.record = go_on,
	.end = end,
};
