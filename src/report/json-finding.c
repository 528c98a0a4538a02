/* SPDX-License-Identifier: MIT */
/* The record of a finding, and of what is left out as none. */
#include "json-priv.h"

#include <inttypes.h>

static struct bs_json *json_of(const struct bs_report *report)
{
	struct bs_json_report *state = report->state;

	return &state->json;
}

static void write_finding_counts(struct bs_json *json, const struct bs_finding *f)
{
	bs_json_key(json, "counts");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "symbols", f->n);
	bs_json_member_number(json, "functions", f->n_functions);
	bs_json_member_number(json, "data", f->n_data);
	bs_json_member_number(json, "weak", f->n_weak);
	bs_json_member_number(json, "replaceable", f->n_replaceable);
	bs_json_member_number(json, "first_call", f->n_waiting);
	bs_json_member_number(json, "inside", f->n_inside);
	bs_json_close(json);
}

static void write_evidence(struct bs_json *json, const struct bs_finding *f)
{
	bs_json_key(json, "evidence");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &f->facts) {
		const struct bs_fact *fact = &f->facts.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "kind", bs_fact_text(fact->kind)->slug);
		bs_json_member_number(json, "n", fact->n);
		bs_json_member_number(json, "of", fact->of);
		bs_json_member_map(json, "object", fact->object);
		bs_json_member(json, "text", fact->text);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_example(struct bs_report *report, const char *name)
{
	struct bs_json *json = json_of(report);

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_symbol(report, name);
	bs_json_close(json);
}

bool bs_json_tells_before(const struct bs_finding *f)
{
	return f->rule == BS_RULE_HEALED || f->rule == BS_RULE_WHEN_MATTERS;
}

bool bs_json_tells_slot(const struct bs_finding *f)
{
	return f->rule == BS_RULE_UNRESOLVED_AT_CALL || bs_json_tells_before(f);
}

const char *bs_json_decider(const struct bs_finding *f)
{
	static const char *const deciders[] = {
		[BS_BY_GLOBAL] = "global-scope",
		[BS_BY_LOCAL] = "local-scope",
		[BS_BY_OWN] = "own-scope",
	};

	/* Elsewhere no part of a scope decides, but its changes, or a flag. */
	return bs_rule_is_capture(f->rule) ? deciders[f->decided_by] : NULL;
}

void bs_json_finding_members(struct bs_report *report, const struct bs_run *run,
			     const struct bs_finding *f)
{
	struct bs_json *json = json_of(report);

	const char *slug = bs_rule_text(f->rule)->slug;

	bs_json_member(json, "rule", slug);
	bs_json_member(json, "help", bs_rule_page(json->arena, slug));
	bs_json_member(
		json, "fingerprint",
		bs_arena_printf(run->ctx.arena, "%016" PRIx64, bs_finding_fingerprint(run, f)));
	bs_json_member(json, "level", bs_level_name(f->level));
	bs_json_disposition(json, report, f);
	bs_json_member_number(json, "step", f->step);
	bs_json_member_map(json, "from", f->from);
	bs_json_member_map(json, "to", f->to);
	if (bs_json_tells_before(f))
		bs_json_member_map(json, "before", f->before);
	if (f->rule == BS_RULE_IGNORED_DEEPBIND)
		bs_json_member_map(json, "instead", f->instead);
	if (bs_json_tells_slot(f))
		bs_json_member_number(json, "slot", f->slot);
	bs_json_member(json, "decided_by", bs_json_decider(f));
	bs_json_member_bool(json, "preloaded", f->preloaded);
	write_finding_counts(json, f);
	bs_json_key(json, "examples");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < f->n_examples; i++)
		write_example(report, bs_run_symbol_name(run, &f->examples[i]));
	bs_json_close(json);
	write_evidence(json, f);
	bs_json_proof(report, json, f->proof);
}

/* ---- what is left out ---------------------------------------------------------------------- */

void bs_json_left_out_members(struct bs_report *report, const struct bs_left_out *item)
{
	struct bs_json *json = json_of(report);

	bs_json_member_map(json, "from", item->from);
	bs_json_member_map(json, "to", item->to);
	bs_json_member(json, "reason", bs_reason_text(item->reason)->slug);
	bs_json_member_number(json, "symbols", item->n);
	bs_json_key(json, "examples");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < item->n_examples; i++)
		write_example(report, item->examples[i]);
	bs_json_close(json);
}

const struct bs_left_out *bs_json_next_left_out(const struct bs_report *report,
						const struct bs_run *run, uint32_t *at)
{
	if (!(report->show & SHOW_SUPPRESSED) || !report->checker)
		return NULL;
	const bs_left_outs *items = bs_left_out_list(report->checker);

	while (*at < items->n) {
		const struct bs_left_out *item = &items->v[(*at)++];

		if (bs_selected_pair(&report->selection, run, item->from, item->to))
			return item;
	}
	return NULL;
}
