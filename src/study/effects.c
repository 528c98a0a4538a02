/* SPDX-License-Identifier: MIT */
/* What a remedy changes, for better and for worse. */
#include "advise-priv.h"

#include <elf.h>
#include <string.h>

const char *bs_benefit_name(enum bs_benefit benefit)
{
	static const char *const names[] = {
		[BS_CURES] = "cures",	  [BS_HELPS] = "helps",	    [BS_TRADES] = "trades",
		[BS_NOTHING] = "nothing", [BS_IGNORED] = "ignored", [BS_HARMS] = "harms",
		[BS_FAILS] = "fails",
	};

	return names[benefit];
}

/* A finding says how references were captured, or go past what was needed. */
static bool is_about_capture(enum bs_rule rule)
{
	return bs_rule_is_capture(rule) || rule == BS_RULE_CAPTURED_DEPENDENCY ||
	       rule == BS_RULE_IGNORED_DEEPBIND;
}

/* Names that stay when another namespace has another copy of the object. */
static bool is_alike(const struct bs_study *study, bs_object_id a, bs_object_id b)
{
	if (a == b || a == BS_NO_OBJECT || b == BS_NO_OBJECT)
		return a == b;
	return strcmp(study->objects.v[a].lasting, study->objects.v[b].lasting) == 0;
}

static enum bs_rule group_of(enum bs_rule rule)
{
	return rule == BS_RULE_SPLIT_COPY ? BS_RULE_CAPTURED : rule;
}

/* Functions that nobody defines have nothing but their names to tell them apart. */
static bool has_same_example(const struct bs_ending_finding *a, const struct bs_ending_finding *b)
{
	return a->to != BS_NO_OBJECT || !a->n_examples || !b->n_examples ||
	       strcmp(a->examples[0], b->examples[0]) == 0;
}

static bool is_one_clash(const struct bs_study *study, const struct bs_ending_finding *a,
			 const struct bs_ending_finding *b)
{
	return group_of(a->rule) == group_of(b->rule) && is_alike(study, a->from, b->from) &&
	       is_alike(study, a->to, b->to) && has_same_example(a, b);
}

/* Of the clash of LIKE in ENDING: the level, and the number of symbols in *RET_N, all findings
 * together. The rule and the example of E are those of the worst. */
static enum bs_level sum_up(const struct bs_study *study, const struct bs_ending *ending,
			    const struct bs_ending_finding *like, uint32_t *ret_n,
			    struct bs_effect *e)
{
	enum bs_level level = BS_LEVEL_NONE;

	bs_vec_each (i, &ending->findings) {
		const struct bs_ending_finding *f = &ending->findings.v[i];

		if (!is_one_clash(study, f, like))
			continue;
		*ret_n += f->n;
		if (f->level > level) {
			level = f->level;
			e->rule = f->rule;
			e->example = f->n_examples ? f->examples[0] : NULL;
		}
	}
	return level;
}

static struct bs_effect effect_of(const struct bs_study *study, const struct bs_ending *before,
				  const struct bs_ending *after,
				  const struct bs_ending_finding *like)
{
	struct bs_effect e = { .rule = like->rule, .from = like->from, .to = like->to };

	e.level_before = sum_up(study, before, like, &e.n_before, &e);
	e.level_after = sum_up(study, after, like, &e.n_after, &e);
	return e;
}

static void take_effect(const struct bs_study *study, struct bs_trial *trial, struct bs_effect e,
			const struct bs_ending_finding *like)
{
	/* Several findings of one clash have one effect. */
	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *other = &trial->effects.v[i];
		const struct bs_ending_finding f = { .rule = other->rule,
						     .from = other->from,
						     .to = other->to };

		if (like->to != BS_NO_OBJECT && is_one_clash(study, &f, like))
			return;
	}
	bs_vec_push(study->arena, &trial->effects, e);
}

static void weigh_targets(const struct bs_study *study, const struct bs_advice *advice,
			  const struct bs_ending *ending, struct bs_trial *trial)
{
	bs_vec_each (i, &advice->targets) {
		const struct bs_ending_finding *f = &advice->base.findings.v[advice->targets.v[i]];
		struct bs_effect e = effect_of(study, &advice->base, ending, f);

		e.is_target = true;
		take_effect(study, trial, e, f);
	}
}

/* Rules that tell of a state of things, and give way to those that tell what comes of it: when that
 * is gone, they are heard again. */
static bool gives_way(enum bs_rule rule)
{
	return rule == BS_RULE_LEAKED_STATIC_RUNTIME || rule == BS_RULE_EMBEDDED_COPY ||
	       rule == BS_RULE_EMBEDDED_AND_NEEDED || rule == BS_RULE_TWO_VERSIONS ||
	       rule == BS_RULE_POTENTIAL || rule == BS_RULE_ISOLATED;
}

static bool was_there(const struct bs_ending *base, bs_object_id object)
{
	return object == BS_NO_OBJECT || bs_ending_object(base, object);
}

/* F tells of what was so before, when nobody heard of it. */
static bool is_heard_again(const struct bs_advice *advice, const struct bs_ending_finding *f)
{
	/* What a step misses its object did not declare then, either. */
	if (f->rule == BS_RULE_UNDECLARED_DEPENDENCY && advice->failed_step != BS_NEVER)
		return true;
	return gives_way(f->rule) && was_there(&advice->base, f->from) &&
	       was_there(&advice->base, f->to);
}

static void weigh_new(const struct bs_study *study, const struct bs_advice *advice,
		      const struct bs_ending *ending, struct bs_trial *trial)
{
	bs_vec_each (i, &ending->findings) {
		const struct bs_ending_finding *f = &ending->findings.v[i];

		if (f->level < BS_LEVEL_WARNING)
			continue;
		struct bs_effect e = effect_of(study, &advice->base, ending, f);

		if (e.level_after <= e.level_before)
			continue;
		e.is_new = !is_heard_again(advice, f);
		take_effect(study, trial, e, f);
	}
}

/* ---- references ------------------------------------------------------------------------------ */

static bool was_preloaded(const struct bs_ending *base, bs_object_id object)
{
	const struct bs_ending_object *o =
		object == BS_NO_OBJECT ? NULL : bs_ending_object(base, object);

	return o && o->preloaded;
}

static void weigh_changes(const struct bs_advice *advice, const struct bs_ending *ending,
			  struct bs_trial *trial)
{
	struct bs_end_place at = { 0 };
	struct bs_end_change change;

	while (bs_ending_next_change(&advice->base, ending, &at, &change)) {
		trial->n_changed++;
		trial->n_bypassed += change.before && change.after &&
				     was_preloaded(&advice->base, change.before->definer) &&
				     !was_preloaded(&advice->base, change.after->definer);
	}
}

static bool is_target_pair(const struct bs_advice *advice, bs_object_id from, bs_object_id to)
{
	bs_vec_each (i, &advice->targets) {
		const struct bs_ending_finding *f = &advice->base.findings.v[advice->targets.v[i]];

		if (f->from == from && f->to == to)
			return true;
	}
	return false;
}

static bool came_with_step(const struct bs_ending *ending, bs_object_id object, uint32_t step)
{
	const struct bs_ending_object *o = bs_ending_object(ending, object);

	return o && o->born == step;
}

static void weigh_rest(const struct bs_study *study, const struct bs_advice *advice,
		       const struct bs_ending *ending, struct bs_trial *trial)
{
	bs_object_id referrer = BS_NO_OBJECT;
	bool is_opened = false;

	bs_vec_each (i, &ending->bindings) {
		const struct bs_end_binding *b = &ending->bindings.v[i];

		if (b->definer == BS_NO_OBJECT || b->definer == b->referrer)
			continue;
		if (b->referrer != referrer && trial->remedy.kind == BS_REMEDY_DEEPBIND) {
			referrer = b->referrer;
			is_opened = came_with_step(ending, referrer, trial->remedy.step);
		}
		trial->n_past_preloads += is_opened && b->type_class == BS_CLASS_PLT;
		if (!is_target_pair(advice, b->referrer, b->definer))
			continue;
		const struct bs_symbol own =
			bs_image_symbol(study->objects.v[b->referrer].image, b->symbol);

		trial->n_unique += b->why == BS_WHY_UNIQUE;
		trial->n_leaving += own.section != SHN_UNDEF;
	}
}

/* ---- what it comes to ------------------------------------------------------------------------ */

/* The first step that is refused now and was not before, by the number that it has now; BS_NEVER:
 * none. */
static uint32_t newly_refused(const struct bs_study *study, const struct bs_ending *before,
			      const struct bs_ending *after)
{
	bs_vec_each (i, &after->steps) {
		uint32_t was = study->step_names[i];

		if (after->steps.v[i].is_refusal &&
		    !(was < before->steps.n && before->steps.v[was].is_refusal))
			return i;
	}
	return BS_NEVER;
}

/* The loader knows no such flag. */
static bool is_passed_over(const struct bs_trial *trial, const struct bs_ending *ending)
{
	return trial->remedy.kind == BS_REMEDY_DEEPBIND && !ending->knows_deepbind;
}

static bool is_worse(const struct bs_effect *e)
{
	return e->is_target && (e->level_after > e->level_before ||
				(e->level_after == e->level_before && e->n_after > e->n_before));
}

static enum bs_benefit benefit_of(const struct bs_advice *advice, const struct bs_ending *ending,
				  const struct bs_trial *trial)
{
	bool cured = true, better = false, worse = trial->n_bypassed > 0;

	if (trial->failed_step != BS_NEVER)
		return BS_FAILS;
	if (is_passed_over(trial, ending))
		return BS_IGNORED;
	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *e = &trial->effects.v[i];

		worse |= e->is_new || is_worse(e);
		if (!e->is_target)
			continue;
		cured &= e->level_after < BS_LEVEL_WARNING &&
			 !(is_about_capture(e->rule) && e->n_after);
		better |= e->level_after < e->level_before ||
			  (e->level_after == e->level_before && e->n_after < e->n_before);
	}
	if (advice->failed_step != BS_NEVER) {
		bool fails = bs_ending_refused(ending) != BS_NEVER;

		cured &= !fails;
		better |= !fails;
	}
	if (!better)
		return worse ? BS_HARMS : BS_NOTHING;
	return worse || trial->remedy.kind == BS_REMEDY_DLMOPEN ? BS_TRADES
	       : cured						? BS_CURES
								: BS_HELPS;
}

void bs_weigh_trial(const struct bs_study *study, const struct bs_advice *advice,
		    const struct bs_ending *ending, struct bs_trial *trial)
{
	trial->failed_step = newly_refused(study, &advice->base, ending);
	if (trial->failed_step != BS_NEVER) {
		const char *message = ending->steps.v[trial->failed_step].message;

		/* By the number that it has in the plan as it is. */
		trial->failed_step = study->step_names[trial->failed_step];
		trial->failure =
			message ? bs_arena_strndup(study->arena, message, strlen(message)) : NULL;
	}
	weigh_targets(study, advice, ending, trial);
	weigh_new(study, advice, ending, trial);
	weigh_changes(advice, ending, trial);
	weigh_rest(study, advice, ending, trial);
	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *e = &trial->effects.v[i];

		if (e->is_target && is_about_capture(e->rule)) {
			trial->n_captured_before += e->n_before;
			trial->n_captured_after += e->n_after;
		}
		trial->n_errors += e->level_after == BS_LEVEL_ERROR;
		trial->n_warnings += e->level_after == BS_LEVEL_WARNING;
	}
	trial->benefit = benefit_of(advice, ending, trial);
}
