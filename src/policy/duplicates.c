/* SPDX-License-Identifier: MIT */
/* Duplicates that a policy forbids. */
#include "policy-priv.h"

/* What is no duplicate by any measure, or is there to be one. */
static bool is_meant(enum bs_reason reason)
{
	return reason == BS_REASON_LINKER_MADE || reason == BS_REASON_VERSION_NODE ||
	       reason == BS_REASON_CANONICAL_PLT || reason == BS_REASON_COPY ||
	       reason == BS_REASON_NAMESPACE || reason == BS_REASON_PRELOADED;
}

/* The first section of KIND that is about DUPLICATE, or NULL. */
static const struct bs_policy_entry *entry_for(const struct bs_policy *policy,
					       enum bs_policy_kind kind, const struct bs_run *run,
					       const struct bs_duplicate *duplicate)
{
	bs_vec_each (i, &policy->entries) {
		const struct bs_policy_entry *entry = &policy->entries.v[i];

		if (entry->kind == kind && bs_entry_has_symbol(entry, duplicate->name) &&
		    bs_entry_has_objects(entry, run, duplicate->from, duplicate->to))
			return entry;
	}
	return NULL;
}

void bs_take_duplicate(void *data, const struct bs_run *run, const struct bs_duplicate *duplicate)
{
	struct bs_judge *judge = data;
	const struct bs_policy *policy = judge->options.policy;

	if (is_meant(duplicate->reason))
		return;
	const struct bs_policy_entry *entry = entry_for(policy, BS_POLICY_FORBID, run, duplicate);

	if (!entry || entry_for(policy, BS_POLICY_ALLOW, run, duplicate))
		return;
	uint32_t here = bs_map_of(&run->process, duplicate->from)->born;
	uint32_t there = bs_map_of(&run->process, duplicate->to)->born;
	struct bs_finding *f =
		bs_finding_between(run, &judge->duplicates, BS_RULE_FORBIDDEN_DUPLICATE,
				   here > there ? here : there, duplicate->from, duplicate->to);

	f->level = BS_LEVEL_ERROR;
	bs_finding_count(f, &(struct bs_binding){
				    .referrer = duplicate->from,
				    .symbol = duplicate->from_symbol,
				    .definer = duplicate->to,
				    .definer_symbol = duplicate->to_symbol,
				    .outcome = BS_BOUND,
				    .why = BS_WHY_NONE, /* nothing is bound */
			    });
	bs_tell_entry(judge, run, f, entry);
}
