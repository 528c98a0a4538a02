/* SPDX-License-Identifier: MIT */
/* Plans that are judged, and what that comes to. */
#include "simulation-priv.h"

#include <stdlib.h>
#include <string.h>

struct bs_api_checked {
	const char *name; /* or NULL */
	struct bindsim_plan *plan;
};

struct bindsim_check {
	struct bs_arena *arena;
	struct bindsim_policy *policy;	   /* or NULL */
	struct bindsim_baseline *baseline; /* or NULL */
	enum bs_level fail_on;
	bool has_fail_on, is_partial;
	const char *today; /* NULL: the day on which it runs */
	BS_VEC(struct bs_api_checked) plans;
};

struct bindsim_verdict {
	struct bs_arena *arena; /* of names */
	struct bindsim_result **results;
	const char **names;
	size_t n;
	struct bs_api_texts texts;
	struct bindsim_baseline *found;
	bool fails;
};

/* ---- the question ------------------------------------------------------------------------------
 */

enum bindsim_status bindsim_check_new(struct bindsim_check **ret_check)
{
	if (!ret_check)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_check *check = *ret_check = calloc(1, sizeof *check);

	if (!check)
		return BINDSIM_ERROR_NO_MEMORY;
	check->arena = bs_arena_new();
	if (check->arena)
		return BINDSIM_OK;
	free(check);
	*ret_check = NULL;
	return BINDSIM_ERROR_NO_MEMORY;
}

void bindsim_check_free(struct bindsim_check *check)
{
	if (!check)
		return;
	bs_vec_each (i, &check->plans)
		bindsim_plan_free(check->plans.v[i].plan);
	bindsim_policy_free(check->policy);
	bindsim_baseline_free(check->baseline);
	bs_arena_free(check->arena);
	free(check);
}

enum bindsim_status bindsim_check_set_policy(struct bindsim_check *check,
					     const struct bindsim_policy *policy)
{
	if (!check)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_policy *before = check->policy;

	check->policy = bs_api_policy_ref(policy);
	bindsim_policy_free(before);
	return BINDSIM_OK;
}

enum bindsim_status bindsim_check_set_baseline(struct bindsim_check *check,
					       const struct bindsim_baseline *baseline)
{
	if (!check)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_baseline *before = check->baseline;

	check->baseline = bs_api_baseline_ref(baseline);
	bindsim_baseline_free(before);
	return BINDSIM_OK;
}

enum bindsim_status bindsim_check_set_fail_on(struct bindsim_check *check, enum bindsim_level level)
{
	if (!check || (unsigned)level > BINDSIM_LEVEL_ERROR)
		return BINDSIM_ERROR_ARGUMENT;
	check->fail_on = (enum bs_level)level;
	check->has_fail_on = true;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_check_set_today(struct bindsim_check *check, const char *today,
					    struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!check)
		return bs_api_refuse(error, "a check is wanted");
	if (today && !bs_is_date(today))
		return bs_api_refuse(error, "'%s' is no day, as YYYY-MM-DD", today);
	if (BS_ON_OUT_OF_MEMORY(check->arena))
		return bs_api_no_memory(error);
	check->today = today ? bs_arena_strndup(check->arena, today, strlen(today)) : NULL;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_check_set_partial(struct bindsim_check *check, int on)
{
	if (!check)
		return BINDSIM_ERROR_ARGUMENT;
	check->is_partial = on != 0;
	return BINDSIM_OK;
}

static bool has_plan(const struct bindsim_check *check, const char *name)
{
	bs_vec_each (i, &check->plans) {
		const char *there = check->plans.v[i].name;

		if (name && there ? strcmp(name, there) == 0 : name == there)
			return true;
	}
	return false;
}

/* Room for one more, called NAME, in *RET_NAME. */
static enum bindsim_status make_room(struct bindsim_check *check, const char *name,
				     const char **ret_name, struct bindsim_error **error)
{
	if (BS_ON_OUT_OF_MEMORY(check->arena))
		return bs_api_no_memory(error);
	bs_vec_reserve(check->arena, &check->plans, 1);
	*ret_name = name ? bs_arena_strndup(check->arena, name, strlen(name)) : NULL;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_check_add(struct bindsim_check *check, const char *name,
				      const struct bindsim_plan *plan, struct bindsim_error **error)
{
	struct bs_api_checked checked;

	bs_api_begin(error);
	if (!check || !plan)
		return bs_api_refuse(error, "a check and a plan are wanted");
	if (has_plan(check, name))
		return bs_api_refuse(error,
				     name ? "there is a plan %s already"
					  : "there is a plan without a name already",
				     name);
	enum bindsim_status status = bs_api_is_question(plan, error);

	if (status == BINDSIM_OK)
		status = make_room(check, name, &checked.name, error);
	if (status != BINDSIM_OK)
		return status;
	if (bindsim_plan_copy(plan, &checked.plan) != BINDSIM_OK)
		return bs_api_no_memory(error);
	check->plans.v[check->plans.n++] = checked;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_check_add_policy_plans(struct bindsim_check *check,
						   const struct bindsim_plan *base,
						   struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!check || !check->policy)
		return bs_api_refuse(error, "a check with a policy is wanted");
	uint32_t n_before = check->plans.n;
	enum bindsim_status status = BINDSIM_OK;

	for (size_t i = 0; i < bindsim_policy_plans(check->policy) && status == BINDSIM_OK; i++) {
		struct bindsim_plan *plan;

		status = bindsim_policy_plan(check->policy, i, base, &plan, error);
		if (status != BINDSIM_OK)
			break;
		status = bindsim_check_add(check, bindsim_policy_plan_name(check->policy, i), plan,
					   error);
		bindsim_plan_free(plan);
	}
	/* All of them, or none. */
	while (status != BINDSIM_OK && check->plans.n > n_before)
		bindsim_plan_free(check->plans.v[--check->plans.n].plan);
	if (status == BINDSIM_OK)
		check->is_partial |= check->policy->policy.libraries.n > 0;
	return status;
}

/* ---- the runs -----------------------------------------------------------------------------------
 */

/* A check under way. */
struct checking {
	struct bs_api_simulation s;
	const struct bindsim_check *check;
	struct bindsim_verdict *verdict;
	const struct bs_policy *policy;
	struct bs_judge *judge;
	struct bs_check_sum sum;
};

/* Each run of the check judges by itself: the baseline is marked as findings are met again. */
static void make_judge(struct checking *c)
{
	const struct bindsim_check *check = c->check;
	struct bs_arena *arena = c->s.arena;
	struct bs_judge_options options = {
		.policy = c->policy,
		.fail_on = check->has_fail_on ? check->fail_on : BS_LEVEL_ERROR,
		.today = check->today ? check->today : bs_date_of(arena, time(NULL)),
		.collects = true,
	};

	if (!check->has_fail_on && c->policy && c->policy->defaults.has_fail_on)
		options.fail_on = c->policy->defaults.fail_on;
	if (check->baseline) {
		options.known = (bs_baseline *)bs_new(arena, bs_baseline, 1);
		*options.known = bs_api_baseline(arena, check->baseline);
	}
	c->s.fail_on = options.fail_on;
	c->judge = c->s.reports.judge = bs_judge_new(arena, &options);
}

static enum bindsim_status formats_fit(const struct checking *c, struct bindsim_error **error)
{
	const struct bindsim_options *options = c->s.options;

	for (uint32_t i = 0; c->check->plans.n > 1 && i < options->reports.n; i++)
		if (options->reports.v[i].format->question)
			return bs_api_refuse(error, "the format %s is about one plan, not %u",
					     options->reports.v[i].format->name, c->check->plans.n);
	return BINDSIM_OK;
}

static struct bs_plan plan_of(const struct checking *c, const struct bs_api_checked *checked)
{
	struct bs_plan plan = bs_api_plan(checked->plan);

	if (c->policy)
		bs_policy_give_defaults(c->s.arena, c->policy, &plan);
	plan.trace = true;
	return plan;
}

/* The plan number I. */
static enum bindsim_status run_plan(struct checking *c, uint32_t i, struct bindsim_error **error)
{
	const struct bs_api_checked *checked = &c->check->plans.v[i];
	struct bindsim_result *result = c->verdict->results[i];
	const struct bs_plan plan = plan_of(c, checked);
	struct bs_api_simulation *s = &c->s;
	const struct bs_judged_run run = {
		.plan = checked->name,
		.last = i + 1 == c->check->plans.n,
		.all = !c->check->is_partial,
	};

	s->place = checked->name ? bs_arena_printf(s->arena, "plan %s", checked->name) : NULL;
	if (c->check->plans.n == 1)
		bs_api_write_questions(s, &plan);
	bs_judge_begin(c->judge, &run);
	bs_frames_before(&s->reports, s->arena, checked->name, i == 0);
	enum bindsim_status status = bs_api_simulate(s, &plan, result, error);

	bs_frames_behind(&s->reports);
	result->tally = bs_judge_tally(c->judge);
	for (enum bs_disposition d = 0; d < BS_DISPOSITION_COUNT_; d++)
		c->sum.tally.n[d] += result->tally.n[d];
	c->sum.failed += result->kept.refused || result->tally.n[BS_COUNTS];
	return status;
}

/* What would be a baseline of it all. */
static void take_baseline(struct checking *c)
{
	struct bindsim_baseline *ret = c->verdict->found;
	bs_baseline *found = bs_judge_collected(c->judge);
	const bs_baseline known = bs_api_baseline(c->s.arena, c->check->baseline);
	const char **names = bs_new(c->s.arena, const char *, c->check->plans.n);

	bs_vec_each (i, &c->check->plans)
		names[i] = c->check->plans.v[i].name;
	bs_baseline_carry(c->s.arena, found, &known, c->policy, names, c->check->plans.n);
	bs_baseline_sort(found);
	bs_arena_unwind_with(ret->counted.arena, c->s.arena);
	bs_vec_each (i, found)
		bs_vec_push(ret->counted.arena, &ret->findings,
			    bs_keep_known(ret->counted.arena, &found->v[i]));
}

/* All that allocates in the arena of the runs. */
static enum bindsim_status run_all(struct checking *c, struct bindsim_error **error)
{
	struct bs_api_simulation *s = &c->s;
	enum bindsim_status status;

	if (BS_ON_OUT_OF_MEMORY(s->arena))
		return bs_api_lacks(error);
	make_judge(c);
	status = formats_fit(c, error);
	if (status == BINDSIM_OK)
		status = bs_api_open_libraries(s, error);
	if (status == BINDSIM_OK)
		status = bs_api_open_reports(s, error);
	if (status != BINDSIM_OK)
		return status;
	if (c->check->plans.n > 1)
		bs_frames_begin(&s->reports);
	for (uint32_t i = 0; i < c->check->plans.n && status == BINDSIM_OK; i++)
		status = run_plan(c, i, error);
	if (status != BINDSIM_OK)
		return status;
	bs_frames_end(&s->reports, s->arena, &c->sum);
	c->verdict->fails = c->sum.failed > 0;
	take_baseline(c);
	return BINDSIM_OK;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

void bindsim_verdict_free(struct bindsim_verdict *verdict)
{
	if (!verdict)
		return;
	for (size_t i = 0; verdict->results && i < verdict->n; i++)
		bindsim_result_free(verdict->results[i]);
	free(verdict->results);
	bs_api_texts_free(&verdict->texts);
	bindsim_baseline_free(verdict->found);
	bs_arena_free(verdict->arena);
	free(verdict);
}

static bool take_names(struct bindsim_verdict *verdict, const struct bindsim_check *check)
{
	if (BS_ON_OUT_OF_MEMORY(verdict->arena))
		return false;
	verdict->names = bs_new(verdict->arena, const char *, check->plans.n);
	bs_vec_each (i, &check->plans) {
		const char *name = check->plans.v[i].name;

		if (name)
			verdict->names[i] = bs_arena_strndup(verdict->arena, name, strlen(name));
	}
	return true;
}

/* Room for what CHECK comes to; NULL: there is no memory for it. */
static struct bindsim_verdict *verdict_new(const struct bindsim_check *check)
{
	struct bindsim_verdict *verdict = calloc(1, sizeof *verdict);
	bool ok;

	if (!verdict)
		return NULL;
	verdict->n = check->plans.n;
	verdict->arena = bs_arena_new();
	verdict->found = bs_api_baseline_new();
	verdict->results = calloc(verdict->n, sizeof(struct bindsim_result *));
	ok = verdict->arena && verdict->found && verdict->results && take_names(verdict, check);
	for (size_t i = 0; i < verdict->n && ok; i++) {
		verdict->results[i] = bs_api_result_new();
		ok = verdict->results[i] != NULL;
	}
	if (ok)
		return verdict;
	bindsim_verdict_free(verdict);
	return NULL;
}

enum bindsim_status bindsim_check_run(struct bindsim_store *store,
				      const struct bindsim_check *check,
				      const struct bindsim_options *options,
				      struct bindsim_verdict **ret_verdict,
				      struct bindsim_error **error)
{
	struct bs_api_texts texts = { 0 };
	enum bindsim_status status;

	bs_api_begin(error);
	if (ret_verdict)
		*ret_verdict = NULL;
	if (!check || !ret_verdict)
		return bs_api_refuse(error, "a check and a place for the verdict are wanted");
	if (!check->plans.n)
		return bs_api_refuse(error, "the check has no plans");
	struct checking c = {
		.check = check,
		.verdict = verdict_new(check),
		.policy = check->policy ? &check->policy->policy : NULL,
		.sum = { .plans = check->plans.n },
	};

	if (c.policy)
		c.sum.policy = c.policy->path;
	if (bs_api_begin_simulation(&c.s, store, options) && c.verdict)
		status = run_all(&c, error);
	else
		status = bs_api_no_memory(error);
	status = bs_api_end_simulation(&c.s, status, &texts, error);
	if (c.verdict)
		c.verdict->texts = texts;
	if (status == BINDSIM_OK || status == BINDSIM_ERROR_OUTPUT)
		*ret_verdict = c.verdict;
	else
		bindsim_verdict_free(c.verdict);
	return status;
}

int bindsim_verdict_passes(const struct bindsim_verdict *verdict)
{
	return verdict && !verdict->fails;
}

size_t bindsim_verdict_results(const struct bindsim_verdict *verdict)
{
	return verdict ? verdict->n : 0;
}

const struct bindsim_result *bindsim_verdict_result(const struct bindsim_verdict *verdict,
						    size_t index)
{
	return index < bindsim_verdict_results(verdict) ? verdict->results[index] : NULL;
}

const char *bindsim_verdict_plan(const struct bindsim_verdict *verdict, size_t index)
{
	return index < bindsim_verdict_results(verdict) ? verdict->names[index] : NULL;
}

const char *bindsim_verdict_report(const struct bindsim_verdict *verdict, size_t index,
				   size_t *ret_n)
{
	return bs_api_texts_at(verdict ? &verdict->texts : NULL, index, ret_n);
}

const struct bindsim_baseline *bindsim_verdict_baseline(const struct bindsim_verdict *verdict)
{
	return verdict ? verdict->found : NULL;
}
