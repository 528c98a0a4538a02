/* SPDX-License-Identifier: MIT */
/* --format=gitlab: the array that GitLab shows as Code Quality ("Code Quality report format"). */
#include "ci-priv.h"
#include "jansson-late.h"
#include "json-writer.h"

#include <inttypes.h>

static void write_location(struct bs_json *json, const char *path)
{
	bs_json_key(json, "location");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "path", path);
	bs_json_key(json, "lines");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "begin", 1); /* a line is wanted, whatever the file is */
	bs_json_close(json);
	bs_json_close(json);
}

void bs_gitlab_issue(struct bs_json *json, const struct bs_gitlab_issue *issue)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "description", issue->description);
	bs_json_member(json, "check_name", issue->check);
	bs_json_member(json, "fingerprint", issue->fingerprint);
	bs_json_member_word(json, "severity", issue->severity);
	write_location(json, issue->path);
	bs_json_close(json);
}

const char *bs_gitlab_severity(enum bs_level level)
{
	static const char *const severities[] = {
		[BS_LEVEL_NOTE] = "info",
		[BS_LEVEL_WARNING] = "minor",
		[BS_LEVEL_ERROR] = "major",
	};

	return severities[level];
}

static void write_issue(struct bs_report *report, const struct bs_run *run, struct bs_json *json,
			const char *description, const char *check, const char *fingerprint,
			const char *severity, bs_map_id map)
{
	/* In a document of several plans each is known by its plan, too. */
	const char *plan = report->is_framed ? bs_judge_plan(report->judge) : NULL;

	if (report->is_framed && report->has_items)
		bs_write_literal(report->writer, ",\n");
	report->has_items = true;
	const struct bs_gitlab_issue issue = {
		.description = description,
		.check = check,
		.fingerprint = plan ? bs_arena_printf(run->ctx.arena, "%s:%s", fingerprint, plan)
				    : fingerprint,
		.severity = severity,
		.path = bs_ci_escaped(report, bs_file_place_of(run, map).path),
	};

	bs_gitlab_issue(json, &issue);
}

static void write_finding(struct bs_report *report, const struct bs_run *run, struct bs_json *json,
			  const struct bs_finding *f, const char *fingerprint)
{
	write_issue(report, run, json, bs_ci_words(report, run, f).headline,
		    bs_rule_text(f->rule)->slug, fingerprint, bs_gitlab_severity(f->level),
		    f->from);
}

/* What was refused is worse than any finding. It is known again by the plan and its step. */
static void write_refusal(struct bs_report *report, const struct bs_run *run, struct bs_json *json,
			  const struct bs_step_result *result)
{
	const char *words = bs_ci_refusal(report, run, result);
	bs_map_id map = result->caller != BS_NO_MAP ? result->caller : run->process.executable;

	if (words)
		write_issue(report, run, json, words, "refused",
			    bs_arena_printf(run->ctx.arena, "refused:%016" PRIx64 ":%u",
					    bs_ci_question(report, run), result->number),
			    "critical", map);
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	const struct bs_ci *ci = bs_ci_end(report, run, findings);
	const char **fingerprints = bs_ci_fingerprints(run, ci);
	struct bs_json json = { .out = report->writer, .arena = run->ctx.arena };

	if (!report->is_framed)
		bs_json_array(&json, BS_JSON_LINES);
	bs_vec_each (i, &ci->rows)
		write_refusal(report, run, &json, &ci->rows.v[i].result);
	bs_vec_each (i, &ci->findings)
		write_finding(report, run, &json, &ci->findings.v[i], fingerprints[i]);
	if (report->is_framed)
		return;
	bs_json_close(&json);
	bs_write(report->writer, "\n", 1);
}

static const struct bs_frame frame = { .begin = "[\n", .between = "", .end = "\n]\n" };

const struct bs_format bs_format_gitlab = {
	.name = "gitlab",
	.parts = bs_ci_parts,
	.default_show = BS_CI_FINDINGS,
	.notes = BS_CI_NOTES,
	.shows_what_counts = true,
	.traces = true,
	.open = bs_jansson_open,
	.begin = bs_ci_begin,
	.step = bs_ci_step,
	.end = end,
	.frame = &frame,
};
