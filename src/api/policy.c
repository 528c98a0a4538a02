/* SPDX-License-Identifier: MIT */
/* Policies, which do not change, and the plans that they have. */
#include "api-priv.h"

#include <stdlib.h>
#include <string.h>

#define USUAL_NAME ".bindsim.ini"

struct bindsim_policy *bs_api_policy_ref(const struct bindsim_policy *policy)
{
	return bs_api_counted_ref(policy);
}

void bindsim_policy_free(struct bindsim_policy *policy)
{
	if (!policy || !bs_api_counted_drop(&policy->counted))
		return;
	bs_api_counted_end(&policy->counted);
}

/* ---- from a file ------------------------------------------------------------------------------
 */

static enum bindsim_status fill(struct bindsim_policy *policy, const char *text, size_t n,
				const char *name, struct bindsim_error **error)
{
	if (BS_ON_OUT_OF_MEMORY(policy->counted.arena))
		return bs_api_no_memory(error);
	const char *path = bs_arena_strndup(policy->counted.arena, name, strlen(name));
	const char *copy = bs_arena_strndup(policy->counted.arena, text, n);
	const char *problem = bs_policy_read(policy->counted.arena, path, copy, &policy->policy);

	policy->policy.text = copy;
	policy->baseline = bs_policy_beside(policy->counted.arena, &policy->policy,
					    policy->policy.defaults.baseline);
	return problem ? bs_api_fail_at(error, BINDSIM_ERROR_TEXT, name, problem) : BINDSIM_OK;
}

static enum bindsim_status read_policy(const char *text, size_t n, const char *name,
				       struct bindsim_policy **ret_policy,
				       struct bindsim_error **error)
{
	if (memchr(text, '\0', n))
		return bs_api_fail(error, BINDSIM_ERROR_TEXT, name, NULL, "it has a NUL byte");
	struct bindsim_policy *policy = bs_api_counted_new(sizeof *policy);

	if (!policy)
		return bs_api_no_memory(error);
	enum bindsim_status status = fill(policy, text, n, name, error);

	if (status == BINDSIM_OK)
		*ret_policy = policy;
	else
		bindsim_policy_free(policy);
	return status;
}

enum bindsim_status bindsim_policy_read(const char *text, size_t n, const char *name,
					struct bindsim_policy **ret_policy,
					struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_policy)
		*ret_policy = NULL;
	if (!text || !ret_policy)
		return bs_api_refuse(error, "a text and a place for the policy are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status =
		read_policy(text, n, name ? name : USUAL_NAME, ret_policy, error);

	bs_api_leave(outside);
	return status;
}

enum bindsim_status bindsim_policy_read_file(const char *path, struct bindsim_policy **ret_policy,
					     struct bindsim_error **error)
{
	size_t n;
	char *text;

	bs_api_begin(error);
	if (ret_policy)
		*ret_policy = NULL;
	if (!path || !ret_policy)
		return bs_api_refuse(error, "a path and a place for the policy are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = bs_api_read_file(path, &text, &n, error);

	if (status == BINDSIM_OK)
		status = read_policy(text, n, path, ret_policy, error);
	bs_api_leave(outside);
	free(text);
	return status;
}

/* ---- what it says ------------------------------------------------------------------------------
 */

const char *bindsim_policy_baseline(const struct bindsim_policy *policy)
{
	return policy ? policy->baseline : NULL;
}

int bindsim_policy_uses_environment(const struct bindsim_policy *policy)
{
	return policy && policy->policy.defaults.use_env;
}

size_t bindsim_policy_plans(const struct bindsim_policy *policy)
{
	return policy ? policy->policy.plans.n : 0;
}

const char *bindsim_policy_plan_name(const struct bindsim_policy *policy, size_t index)
{
	return index < bindsim_policy_plans(policy) ? policy->policy.plans.v[index].name : NULL;
}

static enum bindsim_status find_host(struct bs_arena *arena, const struct bs_policy_plan *from,
				     struct bs_plan *plan, struct bindsim_error **error)
{
	char place[128];

	if (!from->host || plan->root)
		return BINDSIM_OK;
	plan->executable = bs_find_host(arena, plan->search_path, from->host);
	if (plan->executable)
		return BINDSIM_OK;
	snprintf(place, sizeof place, "plan %s", from->name);
	return bs_api_fail(error, BINDSIM_ERROR_QUESTION, from->host, place,
			   "there is no such host in the search path");
}

/* WHOLE, the base, becomes the plan FROM of POLICY; in ARENA. */
static enum bindsim_status make_plan(struct bs_arena *arena, const struct bs_policy *policy,
				     const struct bs_policy_plan *from, struct bs_plan *whole,
				     struct bs_policy_words *words, struct bindsim_error **error)
{
	const char *problem = bs_policy_plan_read(arena, policy, from, words);

	/* What may have been meant otherwise is asked as it stands there: it is no error. */
	if (problem)
		return bs_api_fail_at(error, BINDSIM_ERROR_TEXT, policy->path, problem);
	bs_policy_give_defaults(arena, policy, whole);
	bs_policy_at_home(arena, policy, whole);
	whole->executable = from->executable ? from->executable : from->host;
	bs_say_all(&words->said, whole);
	return find_host(arena, from, whole, error);
}

static enum bindsim_status take_variables(struct bindsim_plan *plan,
					  const struct bs_policy_words *words,
					  struct bindsim_error **error)
{
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	bs_vec_each (i, &words->variables)
		bs_api_set_variable(plan, words->variables.v[i].name, words->variables.v[i].value);
	return BINDSIM_OK;
}

static enum bindsim_status plan_in(struct bs_arena *arena, const struct bs_policy *policy,
				   const struct bs_policy_plan *from, struct bs_plan whole,
				   struct bindsim_plan **ret_plan, struct bindsim_error **error)
{
	struct bs_policy_words words;

	if (BS_ON_OUT_OF_MEMORY(arena))
		return bs_api_no_memory(error);
	enum bindsim_status status = make_plan(arena, policy, from, &whole, &words, error);

	if (status != BINDSIM_OK)
		return status;
	status = bs_api_plan_new(&whole, ret_plan);
	if (status != BINDSIM_OK)
		return bs_api_no_memory(error);
	status = take_variables(*ret_plan, &words, error);
	if (status != BINDSIM_OK) {
		bindsim_plan_free(*ret_plan);
		*ret_plan = NULL;
	}
	return status;
}

enum bindsim_status bindsim_policy_plan(const struct bindsim_policy *policy, size_t index,
					const struct bindsim_plan *base,
					struct bindsim_plan **ret_plan,
					struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_plan)
		*ret_plan = NULL;
	if (!ret_plan || index >= bindsim_policy_plans(policy))
		return bs_api_refuse(error, "a policy, the number of one of its plans and a place "
					    "for the plan are wanted");
	if (base && (base->said.steps.n || base->said.blocks.n))
		return bs_api_refuse(error, "what is below a policy's plan has no steps");
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		return bs_api_no_memory(error);
	locale_t outside = bs_api_enter();
	enum bindsim_status status =
		plan_in(arena, &policy->policy, &policy->policy.plans.v[index],
			base ? bs_api_plan(base) : (struct bs_plan){ 0 }, ret_plan, error);

	bs_api_leave(outside);
	bs_arena_free(arena);
	return status;
}
