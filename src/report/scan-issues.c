/* SPDX-License-Identifier: MIT */
/* A scan as annotations: GitLab's array of issues, GitHub's commands. */
#include "jansson-late.h"
#include "json-writer.h"
#include "scan-ci.h"

#include <inttypes.h>

/* ---- GitLab ---------------------------------------------------------------------------------- */

static void begin_gitlab(struct bs_report *report, struct bs_arena *arena,
			 const struct bs_scan_head *head)
{
	(void)arena;
	(void)head;
	bs_write_literal(report->writer, "[");
}

static void add_issue(struct bs_report *report, struct bs_arena *scratch,
		      const struct bs_gitlab_issue *issue)
{
	struct bs_json json = { .out = report->writer, .arena = scratch };

	bs_write_text(report->writer, report->has_items ? ",\n" : "\n");
	report->has_items = true;
	bs_gitlab_issue(&json, issue);
}

static void go_on_gitlab(struct bs_report *report, struct bs_arena *scratch,
			 const struct bs_scan_record *record, const char *line)
{
	const char *program = bs_scan_ci_program(scratch, record);
	struct bs_gitlab_issue issue = {
		.severity = "critical",
		.path = bs_scan_ci_place(scratch, record->path).path,
	};

	(void)line;
	if (record->outcome == BS_SCAN_UNANSWERED) {
		issue.check = "unanswered";
		issue.description = bs_arena_printf(scratch, "%s: %s", program,
						    bs_scan_ci_problem(scratch, record));
		issue.fingerprint = bs_arena_printf(scratch, "unanswered:%s", program);
		add_issue(report, scratch, &issue);
	}
	bs_vec_each (i, &record->refusals) {
		const struct bs_scan_refusal *r = &record->refusals.v[i];

		issue.check = "refused";
		issue.description =
			bs_arena_printf(scratch, "%s: %s", program, bs_scan_ci_refusal(scratch, r));
		issue.fingerprint = bs_arena_printf(scratch, "refused:%s:%u", program, r->step);
		add_issue(report, scratch, &issue);
	}
	bs_vec_each (i, &record->findings) {
		const struct bs_scan_finding *f = &record->findings.v[i];

		if (!bs_scan_tells(report, f))
			continue;
		issue.check = f->rule;
		issue.description = bs_scan_ci_headline(scratch, record, f);
		issue.fingerprint = bs_scan_ci_fingerprint(scratch, record, i);
		issue.severity = bs_gitlab_severity(f->level);
		add_issue(report, scratch, &issue);
	}
}

static void end_gitlab(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_scan_head *head, const struct bs_scan_sum *sum)
{
	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;
		const char *rule = bs_rule_text(watch->rule)->slug;
		const char *words = bs_scan_ci_escaped(arena, watch->words);
		const struct bs_gitlab_issue issue = {
			.description = bs_arena_printf(arena, "%s: %s", rule, words),
			.check = rule,
			.fingerprint = bs_arena_printf(arena, "%s:%s", rule, words),
			.severity = bs_gitlab_severity(watch->level),
			.path = bs_scan_ci_policy(arena, head),
		};

		if (sum->of_policy.v[i].disposition != BS_SUPPRESSED)
			add_issue(report, arena, &issue);
	}
	bs_write_literal(report->writer, "\n]\n");
}

static const struct bs_format gitlab_format = {
	.name = "gitlab",
	.parts = bs_scan_ci_parts,
	.default_show = BS_SCAN_PROGRAMS,
	.open = bs_jansson_open,
};

const struct bs_scan_format bs_scan_gitlab = {
	.format = &gitlab_format,
	.begin = begin_gitlab,
	.record = go_on_gitlab,
	.end = end_gitlab,
};

/* ---- GitHub ---------------------------------------------------------------------------------- */

static void begin_github(struct bs_report *report, struct bs_arena *arena,
			 const struct bs_scan_head *head)
{
	(void)head;
	report->state = bs_new(arena, struct bs_github_rooms, 1);
}

static void annotate(struct bs_report *report, enum bs_level level, const char *path,
		     const char *title, const char *words)
{
	if (bs_github_take_room(report->state, level))
		bs_github_annotate(report->writer, level, path, title, words);
}

static void go_on_github(struct bs_report *report, struct bs_arena *scratch,
			 const struct bs_scan_record *record, const char *line)
{
	const char *path = bs_scan_ci_place(scratch, record->path).path;
	const char *program = bs_scan_ci_program(scratch, record);

	(void)line;
	if (record->outcome == BS_SCAN_UNANSWERED)
		annotate(report, BS_LEVEL_ERROR, path, "unanswered",
			 bs_arena_printf(scratch, "%s: %s", program,
					 bs_scan_ci_problem(scratch, record)));
	bs_vec_each (i, &record->refusals)
		annotate(report, BS_LEVEL_ERROR, path, "refused",
			 bs_arena_printf(scratch, "%s: %s", program,
					 bs_scan_ci_refusal(scratch, &record->refusals.v[i])));
	bs_vec_each (i, &record->findings)
		if (bs_scan_tells(report, &record->findings.v[i]))
			annotate(report, record->findings.v[i].level, path,
				 record->findings.v[i].rule,
				 bs_scan_ci_headline(scratch, record, &record->findings.v[i]));
}

static void end_github(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_scan_head *head, const struct bs_scan_sum *sum)
{
	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;

		if (sum->of_policy.v[i].disposition != BS_SUPPRESSED)
			annotate(report, watch->level, bs_scan_ci_policy(arena, head),
				 bs_rule_text(watch->rule)->slug,
				 bs_scan_ci_escaped(arena, watch->words));
	}
	bs_github_left(report->writer, arena, report->state);
}

static const struct bs_format github_format = {
	.name = "github",
	.parts = bs_scan_ci_parts,
	.default_show = BS_SCAN_PROGRAMS,
};

const struct bs_scan_format bs_scan_github = {
	.format = &github_format,
	.begin = begin_github,
	.record = go_on_github,
	.end = end_github,
};
