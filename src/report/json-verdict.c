/* SPDX-License-Identifier: MIT */
/* What a check comes to, in JSON; and the findings of a baseline. */
#include "json-priv.h"

#include <inttypes.h>

static void known_members(struct bs_json *json, const struct bs_known_finding *known)
{
	bs_json_member(json, "fingerprint",
		       bs_arena_printf(json->arena, "%016" PRIx64, known->fingerprint));
	bs_json_member(json, "rule", known->rule);
	bs_json_member(json, "from", known->from);
	bs_json_member(json, "to", *known->to ? known->to : NULL);
	bs_json_member(json, "level", bs_level_name(known->level));
	bs_json_member_number(json, "symbols", known->n);
}

void bs_json_disposition(struct bs_json *json, const struct bs_report *report,
			 const struct bs_finding *f)
{
	if (!report->judge)
		return;
	bs_json_member(json, "disposition", bs_disposition_name(f->disposition));
	bs_json_member(json, "excuse",
		       f->disposition == BS_SUPPRESSED && *f->excuse ? f->excuse : NULL);
}

void bs_json_verdict(struct bs_json *json, const struct bs_report *report, bool refused)
{
	if (!report->judge)
		return;
	const struct bs_tally tally = bs_judge_tally(report->judge);
	const struct bs_policy *policy = bs_judge_policy(report->judge);
	const struct bs_known_finding *known;
	uint32_t at = 0;

	bs_json_key(json, "verdict");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "outcome", refused || tally.n[BS_COUNTS] ? "failed" : "passed");
	bs_json_member(json, "policy", policy ? policy->path : NULL);
	bs_json_member(json, "plan", bs_judge_plan(report->judge));
	for (enum bs_disposition d = 0; d < BS_DISPOSITION_COUNT_; d++)
		bs_json_member_number(json, bs_disposition_name(d), tally.n[d]);
	bs_json_key(json, "gone");
	bs_json_array(json, BS_JSON_INLINE);
	while ((known = bs_judge_next_gone(report->judge, &at))) {
		bs_json_object(json, BS_JSON_INLINE);
		known_members(json, known);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_close(json);
}

/* ---- several plans (schema/bindsim-check-1.schema.json) ------------------------------------- */

static void write_before(struct bs_report *report, struct bs_arena *arena, const char *plan)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	bs_write_text(report->writer, "{\"name\":");
	bs_json_string(&json, plan);
	bs_write_text(report->writer, ",\"report\":");
}

static void write_behind(struct bs_report *report)
{
	bs_write_text(report->writer, "}");
}

static void write_sum(struct bs_report *report, struct bs_arena *arena,
		      const struct bs_check_sum *sum)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	bs_write_text(report->writer, "\n  ],\n  \"verdict\":");
	bs_json_object(&json, BS_JSON_INLINE);
	bs_json_member(&json, "outcome", sum->failed ? "failed" : "passed");
	bs_json_member(&json, "policy", sum->policy);
	bs_json_member_number(&json, "plans", sum->plans);
	bs_json_member_number(&json, "failed", sum->failed);
	for (enum bs_disposition d = 0; d < BS_DISPOSITION_COUNT_; d++)
		bs_json_member_number(&json, bs_disposition_name(d), sum->tally.n[d]);
	bs_json_close(&json);
}

const struct bs_frame bs_json_frame = {
	.begin = "{\n  \"schema\":\"bindsim-check-1\",\n  \"schema_version\":\"1.0\",\n"
		 "  \"tool\":{\"name\":\"bindsim\",\"version\":\"" BINDSIM_VERSION
		 "\"},\n  \"plans\":[\n",
	.between = ",\n",
	.end = "\n}\n",
	.before = write_before,
	.behind = write_behind,
	.sum = write_sum,
};

void bs_baseline_begin(struct bs_json *json)
{
	bs_json_object(json, BS_JSON_LINES);
	bs_json_member(json, "schema", BS_BASELINE_SCHEMA);
	bs_json_member(json, "schema_version", "1.0");
	bs_json_key(json, "findings");
	bs_json_array(json, BS_JSON_LINES);
}

void bs_baseline_add(struct bs_json *json, const struct bs_known_finding *known)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "plan", known->plan);
	known_members(json, known);
	bs_json_close(json);
}

void bs_baseline_end(struct bs_json *json)
{
	bs_json_close(json);
	bs_json_close(json);
	bs_write(json->out, "\n", 1);
}

void bs_baseline_write(struct bs_writer *writer, struct bs_arena *arena,
		       const bs_baseline *baseline)
{
	struct bs_json json = { .out = writer, .arena = arena };

	bs_baseline_begin(&json);
	bs_vec_each (i, baseline)
		bs_baseline_add(&json, &baseline->v[i]);
	bs_baseline_end(&json);
}
