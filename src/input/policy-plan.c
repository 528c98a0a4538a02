/* SPDX-License-Identifier: MIT */
/* What a policy says of plans. The lines of a [plan NAME] are said as on the command line. */
#include "input.h"

#include "../report/plan-format.h"

#include <string.h>

const char *bs_policy_beside(struct bs_arena *arena, const struct bs_policy *policy,
			     const char *path)
{
	const char *slash = strrchr(policy->path, '/');

	if (!path || *path == '/' || !slash)
		return path;
	return bs_arena_printf(arena, "%.*s/%s", (int)(slash - policy->path), policy->path, path);
}

void bs_policy_give_defaults(struct bs_arena *arena, const struct bs_policy *policy,
			     struct bs_plan *plan)
{
	const struct bs_policy_defaults *d = &policy->defaults;

	if (!plan->loader)
		plan->loader = d->loader;
	if (!plan->root)
		plan->root = bs_policy_beside(arena, policy, d->root);
	if (!plan->library_path)
		plan->library_path = d->library_path;
}

void bs_policy_at_home(struct bs_arena *arena, const struct bs_policy *policy, struct bs_plan *plan)
{
	const char *slash = strrchr(policy->path, '/');

	if (!plan->cwd && !plan->root && slash)
		plan->cwd =
			bs_arena_strndup(arena, policy->path, (size_t)(slash - policy->path) + 1);
}

/* ---- the lines of a plan ----------------------------------------------------------------------
 */

struct reader {
	struct bs_arena *arena;
	const struct bs_policy *policy;
	const struct bs_policy_line *line; /* that is being read */
	struct bs_policy_words *words;
};

static const char *tell(const struct reader *r, const char *problem)
{
	return bs_arena_printf(r->arena, "%s:%u: %s '%s': %s", r->policy->path, r->line->line,
			       r->line->key, r->line->value, problem);
}

static const char *read_call(const struct reader *r, const char *word, const char *value)
{
	enum bs_step_kind kind = 0;
	struct bs_step step;
	const char *hint;

	while (kind < BS_STEP_KIND_COUNT_ && strcmp(word, bs_step_kind_name(kind)) != 0)
		kind++;
	if (kind == BS_STEP_KIND_COUNT_ || (!*value && kind != BS_STEP_DLOPEN))
		return tell(r, "dlopen FILE[:FLAGS], dlmopen, dlsym, dlclose, call, init or "
			       "end-init is wanted, as on the command line");
	const char *wrong = bs_parse_step(r->arena, kind, value, &step, &hint);

	if (wrong)
		return tell(r, wrong);
	if (hint)
		bs_vec_push(r->arena, &r->words->hints, tell(r, hint));
	bs_say_step(r->arena, &r->words->said, step);
	return NULL;
}

/* KIND and what stands behind it. */
static const char *read_step(const struct reader *r)
{
	const char *text = r->line->value;
	size_t n = strcspn(text, " \t");
	const char *word = bs_arena_strndup(r->arena, text, n);
	const char *value = text + n + strspn(text + n, " \t");
	struct bs_said_steps *said = &r->words->said;

	if (strcmp(word, "end-init") == 0)
		return *value		  ? tell(r, "end-init takes no value")
		       : bs_say_end(said) ? NULL
					  : tell(r, "no init before it");
	if (strcmp(word, "init") == 0 && *value)
		return bs_say_begin(r->arena, said, value)
			       ? NULL
			       : tell(r,
				      bs_arena_printf(r->arena, "more than %d blocks in each other",
						      BS_PLAN_DEEPEST));
	return read_call(r, word, value);
}

static const char *read_variable(const struct reader *r)
{
	const char *text = r->line->value, *equals = strchr(text, '=');

	if (!equals || equals == text)
		return tell(r, "NAME=VALUE is wanted");
	bs_vec_push(
		r->arena, &r->words->variables,
		((struct bs_variable){ bs_arena_strndup(r->arena, text, (size_t)(equals - text)),
				       equals + 1 }));
	return NULL;
}

static const char *read_line(const struct reader *r)
{
	if (strcmp(r->line->key, "step") == 0)
		return read_step(r);
	if (strcmp(r->line->key, "env") == 0)
		return read_variable(r);
	r->words->said.caller = r->line->value;
	return NULL;
}

const char *bs_policy_plan_read(struct bs_arena *arena, const struct bs_policy *policy,
				const struct bs_policy_plan *plan, struct bs_policy_words *ret)
{
	struct reader r = { .arena = arena, .policy = policy, .words = ret };
	const char *problem = NULL;

	*ret = (struct bs_policy_words){ 0 };
	for (uint32_t i = 0; i < plan->lines.n && !problem; i++) {
		r.line = &plan->lines.v[i];
		problem = read_line(&r);
	}
	if (!problem && ret->said.around.n)
		problem = bs_arena_printf(arena, "%s:%u: plan %s: an init has no end-init",
					  policy->path, plan->line, plan->name);
	return problem;
}
