/* SPDX-License-Identifier: MIT */
/* Any bytes as a policy file (bindsim-policy(5)). What is taken from it must stand in it. */
#define FUZZ_WORDS "words/policy.def"
#include "words.h"

#include "policy/policy.h"

#include <stdlib.h>

static volatile size_t sum; /* what keeps the compiler from leaving reads out */

static void touch(const char *s)
{
	sum += s ? strlen(s) : 0;
}

static void touch_policy(const struct bs_policy *policy)
{
	touch(policy->defaults.loader);
	touch(policy->defaults.root);
	touch(policy->defaults.library_path);
	touch(policy->defaults.baseline);
	bs_vec_each (i, &policy->entries) {
		const struct bs_policy_entry *e = &policy->entries.v[i];

		if (!e->line || e->kind >= BS_POLICY_KIND_COUNT_ || e->rule > BS_RULE_COUNT_ ||
		    (e->expires && !bs_is_date(e->expires)))
			abort();
		touch(e->symbol);
		touch(e->demangled);
		touch(e->from);
		touch(e->to);
		touch(e->object);
		touch(e->soname);
		touch(e->family);
		touch(e->reason);
	}
	bs_vec_each (i, &policy->plans) {
		touch(policy->plans.v[i].name);
		touch(policy->plans.v[i].executable);
		touch(policy->plans.v[i].host);
		bs_vec_each (k, &policy->plans.v[i].lines) {
			touch(policy->plans.v[i].lines.v[k].key);
			touch(policy->plans.v[i].lines.v[k].value);
		}
	}
	bs_vec_each (i, &policy->libraries) {
		touch(policy->libraries.v[i].name);
		touch(policy->libraries.v[i].directory);
		touch(policy->libraries.v[i].glob);
		touch(policy->libraries.v[i].host);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	char *text = bs_fuzz_text((struct bs_fuzz_in){ data, n });
	struct bs_policy policy;

	const char *problem = bs_policy_read(arena, "p", text, &policy);

	if (!problem)
		touch_policy(&policy);
	else if (strncmp(problem, "p:", 2) != 0)
		abort();
	free(text);
	bs_arena_free(arena);
	return 0;
}
