/* SPDX-License-Identifier: MIT */
/* What a policy requires, and which bindings and objects break it. */
#include "policy-priv.h"

#include <elf.h>
#include <string.h>

bool bs_policy_has(const struct bs_policy *policy, enum bs_policy_kind kind)
{
	bs_vec_each (i, &policy->entries)
		if (policy->entries.v[i].kind == kind)
			return true;
	return false;
}

static bool is_told(const struct bs_finding *f, enum bs_fact_kind kind, const char *text)
{
	bs_vec_each (i, &f->facts)
		if (f->facts.v[i].kind == kind && strcmp(f->facts.v[i].text, text) == 0)
			return true;
	return false;
}

static void tell_of(const struct bs_run *run, struct bs_finding *f, enum bs_fact_kind kind,
		    bs_map_id object, const char *text)
{
	if (!is_told(f, kind, text))
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = kind, .object = object, .text = text });
}

static void tell(const struct bs_run *run, struct bs_finding *f, enum bs_fact_kind kind,
		 const char *text)
{
	tell_of(run, f, kind, BS_NO_MAP, text);
}

void bs_tell_entry(const struct bs_judge *judge, const struct bs_run *run, struct bs_finding *f,
		   const struct bs_policy_entry *entry)
{
	tell(run, f, BS_FACT_POLICY,
	     bs_arena_printf(run->ctx.arena, "%s:%u%s%s", judge->options.policy->path, entry->line,
			     entry->reason ? ": " : "", entry->reason ? entry->reason : ""));
}

/* ---- bindings ------------------------------------------------------------------------------ */

/* One section and the bindings of one step. */
struct look {
	struct bs_judge *judge;
	const struct bs_run *run;
	const struct bs_policy_entry *entry;
	bs_step_marks *marks;
	uint32_t step;
	bs_findings *findings;
	/* Of the last referrer: */
	bs_map_id referrer;
	bool is_from, is_to; /* it passes the globs FROM and TO */
};

/* A symbol that is called and whose address is taken has two bindings. */
static bool counted_before(const struct look *look, const struct bs_binding *b)
{
	struct bs_arena *arena = look->run->ctx.arena;
	bs_step_marks *marks = look->marks;

	while (marks->n <= b->referrer)
		bs_vec_push(arena, marks, NULL);
	uint32_t **of = &marks->v[b->referrer];

	if (!*of) {
		const struct bs_map *map = bs_map_of(&look->run->process, b->referrer);

		*of = bs_new(arena, uint32_t, map->image->symbols.n);
	}
	bool before = (*of)[b->symbol] == look->step + 1;

	(*of)[b->symbol] = look->step + 1;
	return before;
}

static bool passes_to(const struct look *look, const struct bs_binding *b)
{
	return bs_selected_object(look->run, b->definer, look->entry->to);
}

/* The rule that B breaks, or BS_RULE_COUNT_. */
static enum bs_rule broken_by(const struct look *look, const struct bs_binding *b)
{
	const struct bs_policy_entry *entry = look->entry;

	if (entry->kind == BS_POLICY_REQUIRE_BINDING)
		return look->is_from &&
				       bs_entry_has_symbol(entry,
							   bs_run_symbol_name(look->run, b)) &&
				       !passes_to(look, b)
			       ? BS_RULE_REQUIRED_BINDING
			       : BS_RULE_COUNT_;
	if (b->definer == BS_NO_MAP || b->definer == b->referrer)
		return BS_RULE_COUNT_;
	return (look->is_from && passes_to(look, b)) ||
			       (look->is_to &&
				bs_selected_object(look->run, b->definer, entry->from))
		       ? BS_RULE_REQUIRED_ISOLATION
		       : BS_RULE_COUNT_;
}

static void look_at(struct look *look, const bs_bindings *bindings)
{
	const struct bs_run *run = look->run;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (!b->symbol)
			continue;
		if (b->referrer != look->referrer) {
			look->referrer = b->referrer;
			look->is_from = bs_selected_object(run, b->referrer, look->entry->from);
			look->is_to = bs_selected_object(run, b->referrer, look->entry->to);
		}
		enum bs_rule rule = broken_by(look, b);

		if (rule == BS_RULE_COUNT_ || counted_before(look, b))
			continue;
		struct bs_finding *f =
			bs_finding_between(run, look->findings, rule, look->step, b->referrer,
					   b->outcome == BS_BOUND ? b->definer : BS_NO_MAP);

		f->level = BS_LEVEL_ERROR;
		bs_finding_count(f, b);
		if (rule == BS_RULE_REQUIRED_BINDING)
			tell_of(run, f,
				f->to == BS_NO_MAP ? BS_FACT_BOUND_TO_NOBODY : BS_FACT_BOUND_TO,
				f->to, look->entry->to);
		bs_tell_entry(look->judge, run, f, look->entry);
	}
}

/* Slots that wait, told without examples: one finding for an object, whoever would answer. */
static void look_at_slots(struct look *look, const bs_bindings *slots)
{
	bs_vec_each (i, slots) {
		const struct bs_binding *b = &slots->v[i];

		if (!bs_selected_object(look->run, b->referrer, look->entry->object))
			continue;
		struct bs_finding *f =
			bs_finding_between(look->run, look->findings, BS_RULE_REQUIRED_BIND_NOW,
					   look->step, b->referrer, BS_NO_MAP);

		f->level = BS_LEVEL_ERROR;
		f->n++;
		bs_tell_entry(look->judge, look->run, f, look->entry);
	}
}

void bs_require_in_step(struct bs_judge *judge, const struct bs_run *run,
			const struct bs_step_result *result, bs_findings *findings)
{
	const struct bs_policy *policy = judge->options.policy;
	bool is_ok = result->state == BS_STEP_OK;
	bool is_call = result->step && result->step->kind == BS_STEP_CALL;

	bs_vec_each (i, &policy->entries) {
		struct look look = {
			.judge = judge,
			.run = run,
			.entry = &policy->entries.v[i],
			.marks = &judge->marks[i],
			.step = result->number,
			.findings = findings,
			.referrer = BS_NO_MAP,
		};

		if (look.entry->kind == BS_POLICY_REQUIRE_BIND_NOW && is_ok)
			look_at_slots(&look, &result->slots);
		if (look.entry->kind != BS_POLICY_REQUIRE_BINDING &&
		    look.entry->kind != BS_POLICY_REQUIRE_ISOLATION)
			continue;
		/* What a call bound was told when its slot got that answer. */
		if (is_ok && !is_call)
			look_at(&look, &result->relocated.bindings);
		if (is_ok)
			look_at(&look, &result->slots);
		look_at(&look, &result->changed_slots);
	}
}

/* ---- exports ------------------------------------------------------------------------------- */

static bool exports(const struct bs_image *image, const struct bs_policy_entry *entry)
{
	for (uint32_t i = 1; i < image->symbols.n; i++) {
		const struct bs_symbol s = bs_image_symbol(image, i);

		if (bs_is_exported(&s) &&
		    bs_entry_has_symbol(entry, bs_image_symbol_name(image, i)))
			return true;
	}
	return false;
}

static struct bs_finding *lacks(const struct bs_judge *judge, const struct bs_run *run,
				const struct bs_policy_entry *entry, uint32_t step, bs_map_id id,
				bs_findings *findings)
{
	struct bs_finding *f =
		bs_finding_between(run, findings, BS_RULE_REQUIRED_EXPORT, step, id, BS_NO_MAP);

	f->level = BS_LEVEL_ERROR;
	f->n++;
	tell(run, f, BS_FACT_LACKS, entry->symbol);
	bs_tell_entry(judge, run, f, entry);
	return f;
}

/* An object that is in none of the runs is told of in the last one. */
static void require_export(struct bs_judge *judge, const struct bs_run *run, uint32_t i,
			   bs_findings *findings)
{
	const struct bs_policy_entry *entry = &judge->options.policy->entries.v[i];

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (map->removed || map->is_ghost || map->real != id || !map->image ||
		    !bs_selected_object(run, id, entry->object))
			continue;
		judge->used[i] = 1;
		if (!exports(map->image, entry))
			lacks(judge, run, entry, map->born, id, findings);
	}
	if (judge->used[i] || !judge->run.last || !judge->run.all)
		return;
	struct bs_finding *f = lacks(judge, run, entry, 0, run->process.executable, findings);

	tell(run, f, BS_FACT_NO_SUCH_OBJECT, entry->object);
}

void bs_require_at_end(struct bs_judge *judge, const struct bs_run *run, bs_findings *findings)
{
	const struct bs_policy *policy = judge->options.policy;

	bs_vec_each (i, &policy->entries)
		if (policy->entries.v[i].kind == BS_POLICY_REQUIRE_EXPORT)
			require_export(judge, run, i, findings);
}
