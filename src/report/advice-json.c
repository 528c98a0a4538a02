/* SPDX-License-Identifier: MIT */
/* Advice as a document. (schema/bindsim-advice-1.schema.json) */
#include "advice-report.h"
#include "jansson-late.h"
#include "json-study.h"

static const char *const parts[] = { NULL };

const struct bs_format bs_format_advice_json = {
	.name = "json",
	.parts = parts,
	.open = bs_jansson_open,
};

static void write_clashes(struct bs_json *json, const struct bs_advice *advice)
{
	bs_json_key(json, "clashes");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &advice->targets) {
		const struct bs_ending_finding *f = &advice->base.findings.v[advice->targets.v[i]];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "rule", bs_rule_text(f->rule)->slug);
		bs_json_member_word(json, "level", bs_level_name(f->level));
		bs_json_member_number(json, "step", f->step);
		bs_json_member_study_object(json, "from", f->from);
		bs_json_member_study_object(json, "to", f->to);
		bs_json_member_number(json, "count", f->n);
		bs_json_key(json, "examples");
		bs_json_array(json, BS_JSON_INLINE);
		for (uint32_t k = 0; k < f->n_examples; k++)
			bs_json_string(json, f->examples[k]);
		bs_json_close(json);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_state(struct bs_json *json, const char *key, enum bs_level level, uint32_t n)
{
	bs_json_key(json, key);
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "level", bs_level_name(level));
	bs_json_member_number(json, "count", n);
	bs_json_close(json);
}

static void write_effects(struct bs_json *json, const struct bs_trial *trial)
{
	bs_json_key(json, "effects");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *e = &trial->effects.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "rule", bs_rule_text(e->rule)->slug);
		bs_json_member_study_object(json, "from", e->from);
		bs_json_member_study_object(json, "to", e->to);
		bs_json_member_bool(json, "new", e->is_new);
		write_state(json, "before", e->level_before, e->n_before);
		write_state(json, "after", e->level_after, e->n_after);
		bs_json_member(json, "example", e->example);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_changes(struct bs_json *json, const struct bs_advice *advice,
			  const struct bs_trial *trial)
{
	const bs_change_texts changes = bs_trial_changes(json->arena, advice, trial);

	bs_json_key(json, "changes");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &changes) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_word(json, "language", changes.v[i].language);
		bs_json_member(json, "where", changes.v[i].where);
		bs_json_member(json, "text", changes.v[i].text);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_strings(struct bs_json *json, const char *key, const bs_sentences *texts)
{
	bs_json_key(json, key);
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, texts)
		bs_json_string(json, texts->v[i]);
	bs_json_close(json);
}

/* What is tried. */
static void write_remedy(struct bs_json *json, const struct bs_advice *advice,
			 const struct bs_trial *trial)
{
	const struct bs_remedy *r = &trial->remedy;

	bs_json_member(json, "remedy", bs_remedy_text(r->kind)->slug);
	bs_json_member(json, "words", bs_remedy_line(json->arena, advice, trial));
	bs_json_member_bool(json, "relinks", bs_remedy_text(r->kind)->relinks);
	bs_json_member_if(json, "step", r->step, r->step);
	bs_json_member_if(json, "before", r->before, r->before);
	bs_json_member_study_object(json, "object", r->object);
	bs_json_member(json, "preload", r->preload);
}

static void write_trial(struct bs_json *json, const struct bs_advice *advice,
			const struct bs_trial *trial)
{
	const bs_sentences costs = bs_trial_costs(json->arena, advice, trial);

	bs_json_object(json, BS_JSON_LINES);
	write_remedy(json, advice, trial);
	bs_json_member_word(json, "benefit", bs_benefit_name(trial->benefit));
	bs_json_member_word(json, "hands", bs_hands_name(trial->hands));
	bs_json_member_if(json, "failed_step", trial->failed_step != BS_NEVER, trial->failed_step);
	bs_json_member(json, "failure", trial->failure);
	bs_json_member_number(json, "captured_before", trial->n_captured_before);
	bs_json_member_number(json, "captured_after", trial->n_captured_after);
	bs_json_member_number(json, "errors", trial->n_errors);
	bs_json_member_number(json, "warnings", trial->n_warnings);
	bs_json_member_number(json, "changed", trial->n_changed);
	bs_json_member_number(json, "bypassed", trial->n_bypassed);
	bs_json_member_number(json, "past_preloads", trial->n_past_preloads);
	bs_json_member_number(json, "unique", trial->n_unique);
	bs_json_member_number(json, "leaving", trial->n_leaving);
	bs_json_member_number(json, "symbols", trial->n_symbols);
	bs_json_key(json, "exports");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &trial->exports)
		bs_json_string(json, trial->exports.v[i]);
	bs_json_close(json);
	write_effects(json, trial);
	write_strings(json, "costs", &costs);
	write_changes(json, advice, trial);
	bs_json_close(json);
}

/* Why the plan as it is ends the tool with 1; NULL: it does not. */
static const char *reason_of(const struct bs_report *report, const struct bs_ending *base)
{
	if (bs_ending_refused(base) != BS_NEVER)
		return "refusal";
	return report->fail_on != BS_LEVEL_NONE && base->worst >= report->fail_on ? "finding"
										  : NULL;
}

void bs_advice_write_json(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice)
{
	struct bs_json json = { .out = report->writer, .arena = arena };
	const struct bs_ending *base = &advice->base;

	bs_json_object(&json, BS_JSON_LINES);
	bs_json_member_word(&json, "schema", BS_ADVICE_SCHEMA);
	bs_json_member_word(&json, "schema_version", "1.1");
	bs_json_tool(&json);
	bs_json_member(&json, "program", base->program);
	bs_json_member(&json, "loader", base->loader);
	bs_json_member(&json, "machine", base->machine);
	bs_json_member(&json, "reason", reason_of(report, base));
	bs_json_member_if(&json, "failed_step", advice->failed_step != BS_NEVER,
			  advice->failed_step);
	bs_json_key(&json, "failure");
	bs_json_string(&json, advice->failed_step != BS_NEVER
				      ? base->steps.v[advice->failed_step].message
				      : NULL);
	bs_json_study_objects(&json, advice->study);
	write_clashes(&json, advice);
	bs_json_key(&json, "trials");
	bs_json_array(&json, BS_JSON_LINES);
	bs_vec_each (i, &advice->trials)
		write_trial(&json, advice, &advice->trials.v[i]);
	bs_json_close(&json);
	bs_json_key(&json, "best");
	bs_json_object(&json, BS_JSON_INLINE);
	for (enum bs_hands hands = 0; hands < BS_HANDS_COUNT_; hands++)
		bs_json_member_if(&json, bs_hands_name(hands), advice->best[hands] != BS_NEVER,
				  advice->best[hands]);
	bs_json_close(&json);
	bs_json_member_number(&json, "untried", advice->n_untried);
	bs_json_close(&json);
	bs_write(report->writer, "\n", 1);
}
