/* SPDX-License-Identifier: MIT */
/* Findings that were there before. */
#include "policy-priv.h"

#include <stdlib.h>
#include <string.h>

bool bs_known_is_of(const struct bs_known_finding *known, const char *plan)
{
	return plan && known->plan ? strcmp(known->plan, plan) == 0 : plan == known->plan;
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare(const void *a, const void *b)
{
	const struct bs_known_finding *x = a, *y = b;
	int order = compare_texts(x->plan, y->plan);

	if (!order)
		order = strcmp(x->rule, y->rule);
	if (!order)
		order = strcmp(x->from, y->from);
	if (!order)
		order = strcmp(x->to, y->to);
	if (!order)
		order = (x->fingerprint > y->fingerprint) - (x->fingerprint < y->fingerprint);
	if (!order)
		order = (x->level > y->level) - (x->level < y->level);
	return order ? order : (x->n > y->n) - (x->n < y->n);
}

bool bs_policy_is_plan_of(const struct bs_policy_libraries *libraries, const char *plan)
{
	size_t n = strlen(libraries->name);

	return strncmp(plan, libraries->name, n) == 0 && (!plan[n] || plan[n] == ' ');
}

/* POLICY has a plan called NAME. */
static bool has_plan(const struct bs_policy *policy, const char *name)
{
	bs_vec_each (i, &policy->plans)
		if (strcmp(policy->plans.v[i].name, name) == 0)
			return true;
	bs_vec_each (i, &policy->libraries)
		if (bs_policy_is_plan_of(&policy->libraries.v[i], name))
			return true;
	return false;
}

/* KNOWN is of a plan that was checked now, or that the policy has no more. */
static bool is_over(const struct bs_known_finding *known, const struct bs_policy *policy,
		    const char *const *names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (bs_known_is_of(known, names[i]))
			return true;
	return known->plan && policy && !has_plan(policy, known->plan);
}

void bs_baseline_carry(struct bs_arena *arena, bs_baseline *baseline, const bs_baseline *known,
		       const struct bs_policy *policy, const char *const *names, uint32_t n)
{
	bs_vec_each (i, known)
		if (!is_over(&known->v[i], policy, names, n))
			bs_vec_push(arena, baseline, known->v[i]);
}

void bs_baseline_sort(bs_baseline *baseline)
{
	if (baseline->n)
		qsort(baseline->v, baseline->n, sizeof *baseline->v, compare);
}

/*
 * A run may have several findings of one fingerprint: of several steps, or of two versions of a
 * library. Each finding takes one entry: one that is just as bad, else the least that is no less
 * bad, else the worst, of which it has become more.
 */
bool bs_known_covers(const struct bs_known_finding *known, enum bs_level level, uint32_t n_symbols)
{
	return known->level >= level && known->n >= n_symbols;
}

static bool is_nearer(const struct bs_known_finding *a, const struct bs_known_finding *b,
		      enum bs_level level, uint32_t n)
{
	bool covers = bs_known_covers(a, level, n);

	if (covers != bs_known_covers(b, level, n))
		return covers;
	if (a->n != b->n)
		return covers == (a->n < b->n);
	return covers == (a->level < b->level);
}

const struct bs_known_finding *bs_known_take(struct bs_known_finding *known, uint32_t n,
					     const char *plan, uint64_t fingerprint,
					     enum bs_level level, uint32_t n_symbols)
{
	struct bs_known_finding *nearest = NULL;

	for (uint32_t i = 0; i < n; i++)
		if (known[i].fingerprint == fingerprint && !known[i].found &&
		    bs_known_is_of(&known[i], plan) &&
		    (!nearest || is_nearer(&known[i], nearest, level, n_symbols)))
			nearest = &known[i];
	if (nearest)
		nearest->found = true;
	return nearest;
}

static void tell_growth(const struct bs_run *run, const struct bs_known_finding *known,
			struct bs_finding *f)
{
	if (f->n > known->n)
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_GREW,
						   .n = known->n,
						   .of = f->n,
						   .object = BS_NO_MAP });
	if (f->level > known->level)
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_LEVEL_ROSE,
						   .object = BS_NO_MAP,
						   .text = bs_level_name(known->level) });
}

bool bs_is_known(struct bs_judge *judge, const struct bs_run *run, struct bs_finding *f)
{
	bs_baseline *baseline = judge->options.known;

	if (!baseline)
		return false;
	const struct bs_known_finding *known =
		bs_known_take(baseline->v, baseline->n, judge->run.plan,
			      bs_finding_fingerprint(run, f), f->level, f->n);

	if (known && !bs_known_covers(known, f->level, f->n))
		tell_growth(run, known, f);
	return known && bs_known_covers(known, f->level, f->n);
}

void bs_baseline_take(struct bs_judge *judge, const struct bs_run *run, const struct bs_finding *f)
{
	const char *from = bs_lasting_name(run, f->from), *to = bs_lasting_name(run, f->to);

	bs_vec_push(judge->arena, &judge->found,
		    (struct bs_known_finding){
			    .plan = judge->run.plan,
			    .fingerprint = bs_finding_fingerprint(run, f),
			    .rule = bs_rule_text(f->rule)->slug,
			    .from = bs_arena_strndup(judge->arena, from, strlen(from)),
			    .to = bs_arena_strndup(judge->arena, to, strlen(to)),
			    .level = f->level,
			    .n = f->n,
		    });
}

bool bs_judge_met_before(const struct bs_judge *judge, const struct bs_run *run,
			 const struct bs_finding *f)
{
	uint64_t fingerprint = bs_finding_fingerprint(run, f);

	bs_vec_each (i, &judge->found)
		if (judge->found.v[i].fingerprint == fingerprint &&
		    !bs_known_is_of(&judge->found.v[i], judge->run.plan))
			return true;
	return false;
}

const struct bs_known_finding *bs_judge_next_gone(const struct bs_judge *judge, uint32_t *at)
{
	const bs_baseline *baseline = judge->options.known;

	while (baseline && *at < baseline->n) {
		const struct bs_known_finding *known = &baseline->v[(*at)++];

		if (!known->found && bs_known_is_of(known, judge->run.plan))
			return known;
	}
	return NULL;
}
