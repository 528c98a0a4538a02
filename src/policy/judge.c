/* SPDX-License-Identifier: MIT */
/* What a policy and a baseline make of findings. */
#include "policy-priv.h"

#include <string.h>

const char *bs_disposition_name(enum bs_disposition disposition)
{
	static const char *const names[BS_DISPOSITION_COUNT_] = {
		[BS_COUNTS] = "counts",
		[BS_BELOW] = "below",
		[BS_SUPPRESSED] = "suppressed",
		[BS_IN_BASELINE] = "baseline",
	};

	return names[disposition];
}

struct bs_judge *bs_judge_new(struct bs_arena *arena, const struct bs_judge_options *options)
{
	struct bs_judge *judge = bs_new(arena, struct bs_judge, 1);

	judge->arena = arena;
	judge->options = *options;
	if (options->policy)
		judge->used = bs_new(arena, uint8_t, options->policy->entries.n);
	return judge;
}

void bs_judge_begin(struct bs_judge *judge, const struct bs_judged_run *run)
{
	judge->run = *run;
	judge->n_runs++;
	judge->told_before.n = 0;
	bs_vec_each (i, &judge->told)
		bs_vec_push(judge->arena, &judge->told_before, judge->told.v[i]);
	judge->told.n = 0;
	judge->tally = (struct bs_tally){ 0 };
	/* What was in the arena of the run before. */
	judge->marks = NULL;
	judge->duplicates = (bs_findings){ 0 };
}

void bs_judge_ask(struct bs_judge *judge, struct bs_check_options *options)
{
	const struct bs_policy *policy = judge->options.policy;

	/* A note may come to count, or may be what a section is there for: it has to be the note
	 * that it is. */
	options->shows_notes |= judge->options.fail_on == BS_LEVEL_NOTE ||
				(policy && (bs_policy_has(policy, BS_POLICY_LEVEL) ||
					    bs_policy_has(policy, BS_POLICY_SUPPRESS)));
	if (policy && bs_policy_has(policy, BS_POLICY_FORBID))
		options->duplicates = (struct bs_duplicate_sink){ judge, bs_take_duplicate };
}

/* ---- verdicts ------------------------------------------------------------------------------ */

static bool has_expired(const struct bs_judge *judge, const struct bs_policy_entry *entry)
{
	return bs_entry_is_over(entry, judge->options.today);
}

/* The last section that names a level for F is right. */
static void set_level(const struct bs_policy *policy, const struct bs_run *run,
		      const struct bs_checker *checker, struct bs_finding *f)
{
	for (uint32_t i = policy->entries.n; i-- > 0;) {
		const struct bs_policy_entry *entry = &policy->entries.v[i];

		if (entry->kind != BS_POLICY_LEVEL || !bs_entry_has(entry, run, checker, f))
			continue;
		f->level = entry->level;
		return;
	}
}

/* All sections that excuse F were of use. */
static const struct bs_policy_entry *excuse(struct bs_judge *judge, const struct bs_run *run,
					    const struct bs_checker *checker,
					    const struct bs_finding *f)
{
	const struct bs_policy *policy = judge->options.policy;
	const struct bs_policy_entry *first = NULL;

	bs_vec_each (i, &policy->entries) {
		const struct bs_policy_entry *entry = &policy->entries.v[i];

		if ((entry->kind != BS_POLICY_ALLOW && entry->kind != BS_POLICY_SUPPRESS) ||
		    has_expired(judge, entry) || !bs_entry_has(entry, run, checker, f))
			continue;
		judge->used[i] = 1;
		if (!first)
			first = entry;
	}
	return first;
}

static enum bs_disposition disposition_of(struct bs_judge *judge, const struct bs_run *run,
					  const struct bs_checker *checker, struct bs_finding *f)
{
	const struct bs_policy_entry *entry =
		judge->options.policy ? excuse(judge, run, checker, f) : NULL;

	if (entry)
		f->excuse = entry->reason ? entry->reason : "";
	if (judge->options.fail_on == BS_LEVEL_NONE || f->level < judge->options.fail_on)
		return BS_BELOW;
	if (entry)
		return BS_SUPPRESSED;
	if (judge->options.collects)
		bs_baseline_take(judge, run, f);
	return bs_is_known(judge, run, f) ? BS_IN_BASELINE : BS_COUNTS;
}

/* The run before has told F, of which it has not become more. */
static bool is_told(struct bs_judge *judge, const struct bs_run *run, const struct bs_finding *f)
{
	const struct bs_told now = { bs_finding_fingerprint(run, f), f->level, f->n };

	bs_vec_push(judge->arena, &judge->told, now);
	bs_vec_each (i, &judge->told_before) {
		const struct bs_told *before = &judge->told_before.v[i];

		if (judge->run.is_what_if && before->fingerprint == now.fingerprint &&
		    before->level >= now.level && before->n >= now.n)
			return true;
	}
	return false;
}

/* What a policy says is of level none is no finding. */
static void judge_all(struct bs_judge *judge, const struct bs_run *run,
		      const struct bs_checker *checker, bs_findings *findings)
{
	uint32_t kept = 0;

	bs_vec_each (i, findings) {
		struct bs_finding *f = &findings->v[i];

		if (judge->run.is_what_if && f->level > BS_LEVEL_WARNING)
			f->level = BS_LEVEL_WARNING;
		if (is_told(judge, run, f))
			continue;
		if (judge->options.policy)
			set_level(judge->options.policy, run, checker, f);
		if (f->level == BS_LEVEL_NONE)
			continue;
		f->disposition = disposition_of(judge, run, checker, f);
		judge->tally.n[f->disposition]++;
		findings->v[kept++] = *f;
	}
	findings->n = kept;
	bs_findings_sort(findings);
}

void bs_judge_step(struct bs_judge *judge, const struct bs_run *run,
		   const struct bs_checker *checker, const struct bs_step_result *result,
		   bs_findings *findings)
{
	const struct bs_policy *policy = judge->options.policy;

	if (policy && !judge->marks)
		judge->marks = bs_new(run->ctx.arena, bs_step_marks, policy->entries.n);
	if (policy)
		bs_require_in_step(judge, run, result, findings);
	judge_all(judge, run, checker, findings);
}

/* ---- the end ------------------------------------------------------------------------------- */

/* One finding for all sections of which RULE tells. */
static void tell_suppression(const struct bs_judge *judge, const struct bs_run *run,
			     enum bs_rule rule, enum bs_level level,
			     const struct bs_policy_entry *entry, bs_findings *findings)
{
	struct bs_finding *f =
		bs_finding_between(run, findings, rule, 0, run->process.executable, BS_NO_MAP);

	f->level = level;
	f->n++;
	bs_finding_fact(run, f,
			&(struct bs_fact){ .kind = BS_FACT_SUPPRESSION,
					   .object = BS_NO_MAP,
					   .text = bs_entry_words(run->ctx.arena,
								  judge->options.policy, entry) });
}

static void tell_suppressions(const struct bs_judge *judge, const struct bs_run *run,
			      bs_findings *findings)
{
	const struct bs_policy *policy = judge->options.policy;

	bs_vec_each (i, &policy->entries) {
		const struct bs_policy_entry *entry = &policy->entries.v[i];

		if (entry->kind != BS_POLICY_SUPPRESS)
			continue;
		if (has_expired(judge, entry))
			tell_suppression(judge, run, BS_RULE_EXPIRED_SUPPRESSION, BS_LEVEL_WARNING,
					 entry, findings);
		else if (judge->run.all && !judge->used[i])
			tell_suppression(judge, run, BS_RULE_UNUSED_SUPPRESSION, BS_LEVEL_NOTE,
					 entry, findings);
	}
}

void bs_judge_end(struct bs_judge *judge, const struct bs_run *run,
		  const struct bs_checker *checker, bs_findings *findings)
{
	const bs_findings *duplicates = &judge->duplicates;

	bs_vec_each (i, duplicates)
		bs_vec_push(run->ctx.arena, findings, duplicates->v[i]);
	if (judge->options.policy && run->process.maps.n)
		bs_require_at_end(judge, run, findings);
	judge_all(judge, run, checker, findings);
	/* After all others, for these may have been of use to a suppression. */
	if (judge->options.policy && judge->run.last && run->process.maps.n) {
		bs_findings of_policy = { 0 };

		tell_suppressions(judge, run, &of_policy);
		judge_all(judge, run, checker, &of_policy);
		bs_vec_each (i, &of_policy)
			bs_vec_push(run->ctx.arena, findings, of_policy.v[i]);
	}
}

struct bs_tally bs_judge_tally(const struct bs_judge *judge)
{
	return judge->tally;
}

const char *bs_judge_plan(const struct bs_judge *judge)
{
	return judge->run.plan;
}

uint32_t bs_judge_number(const struct bs_judge *judge)
{
	return judge->n_runs;
}

bool bs_judge_is_first(const struct bs_judge *judge)
{
	return judge->n_runs == 1;
}

bool bs_judge_is_last(const struct bs_judge *judge)
{
	return judge->run.last;
}

const struct bs_policy *bs_judge_policy(const struct bs_judge *judge)
{
	return judge->options.policy;
}

bs_baseline *bs_judge_collected(struct bs_judge *judge)
{
	bs_baseline_sort(&judge->found);
	return &judge->found;
}

bool bs_judge_has_baseline(const struct bs_judge *judge)
{
	return judge->options.known != NULL;
}
