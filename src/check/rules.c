/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <string.h>

static const struct bs_rule_text rules[BS_RULE_COUNT_] = {
#define RULE(id, slug, headline, summary, help) [BS_RULE_##id] = { slug, headline, summary, help },
#include "rules.def"
#undef RULE
};

const struct bs_rule_text *bs_rule_text(enum bs_rule rule)
{
	return &rules[rule];
}

enum bs_rule bs_rule_find(const char *slug)
{
	for (enum bs_rule rule = 0; rule < BS_RULE_COUNT_; rule++)
		if (strcmp(rules[rule].slug, slug) == 0)
			return rule;
	return BS_RULE_COUNT_;
}

/* The first row stands for none, so that there is one. */
static const struct bs_fact_text facts[BS_FACT_COUNT_] = {
	[BS_FACT_NONE] = { "none", "", "" },
#define FACT(id, slug, label, words) [BS_FACT_##id] = { slug, label, words },
#include "facts.def"
#undef FACT
};

const struct bs_fact_text *bs_fact_text(enum bs_fact_kind kind)
{
	return &facts[kind];
}

void bs_finding_fact(const struct bs_run *run, struct bs_finding *finding,
		     const struct bs_fact *fact)
{
	bs_vec_push(run->ctx.arena, &finding->facts, *fact);
}

const char *bs_level_name(enum bs_level level)
{
	static const char *const names[] = { "none", "note", "warning", "error" };

	return names[level];
}
