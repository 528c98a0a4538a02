/* SPDX-License-Identifier: MIT */
/*
 * ignored-deepbind: a dlopen asks for RTLD_DEEPBIND, and the loader has no such flag. What it would
 * have changed: a reference that the opened object or its needs can answer would be theirs.
 */
#include "check-priv.h"

/* Who answers B's reference when only ROOT and its needs are asked; or BS_NO_MAP. */
static bs_map_id answer_within(const struct bs_run *run, bs_map_id root, const struct bs_binding *b)
{
	struct bs_query query = bs_query_of(&run->process, b);
	bs_ids scope = { 0 };

	bs_vec_push(run->ctx.arena, &scope, bs_map_of(&run->process, root)->searchlist);
	query.scope = &scope;
	const struct bs_answer answer = bs_lookup(run->binder, &run->process, &run->ctx, &query);

	return answer.outcome == BS_BOUND ? answer.definer : BS_NO_MAP;
}

void bs_check_deepbind(struct bs_pass *pass)
{
	const struct bs_step_result *result = pass->result;
	const struct bs_run *run = pass->run;
	const struct bs_opening *opening = &result->opening;
	struct bs_counted counted = { 0 };

	if (!(opening->request.flags & BS_OPEN_DEEPBIND) || run->scope_policy.deepbind ||
	    opening->root == BS_NO_MAP || result->state != BS_STEP_OK)
		return;
	bs_vec_each (i, &result->relocated.bindings) {
		const struct bs_binding *b = &result->relocated.bindings.v[i];

		/* What waited in earlier objects was not theirs to bind. */
		if (b->outcome != BS_BOUND || b->why == BS_WHY_LOCAL || !b->symbol ||
		    b->type_class == BS_CLASS_COPY || b->referrer < opening->first)
			continue;
		bs_map_id instead = answer_within(run, opening->root, b);

		if (instead == BS_NO_MAP || instead == b->definer ||
		    bs_counted_before(pass, &counted, b, BS_COUNTED_CAPTURED))
			continue;
		struct bs_finding *f = bs_finding_like(run, pass->findings,
						       &(struct bs_finding){
							       .rule = BS_RULE_IGNORED_DEEPBIND,
							       .level = BS_LEVEL_WARNING,
							       .step = result->number,
							       .from = b->referrer,
							       .to = b->definer,
							       .instead = instead,
							       .before = BS_NO_MAP,
						       });

		bs_finding_count(f, b);
		bs_finding_keep(pass, f, b);
	}
}
