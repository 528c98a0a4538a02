/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <string.h>

static const struct bs_rule_text rules[BS_RULE_COUNT_] = {
#define RULE(id, slug, summary, help) [BS_RULE_##id] = { slug, summary, help },
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

const char *bs_level_name(enum bs_level level)
{
	static const char *const names[] = { "none", "note", "warning", "error" };

	return names[level];
}
