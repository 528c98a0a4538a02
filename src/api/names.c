/* SPDX-License-Identifier: MIT */
/* What does not depend on any plan: versions, names. */
#include "api-priv.h"

#include "../report/json-names.h"

const char *bindsim_version(void)
{
	return BINDSIM_VERSION;
}

uint32_t bindsim_version_number(void)
{
	return BINDSIM_VERSION_NUMBER;
}

const char *bindsim_level_name(enum bindsim_level level)
{
	return (unsigned)level <= BINDSIM_LEVEL_ERROR ? bs_level_name((enum bs_level)level) : NULL;
}

const char *bindsim_disposition_name(enum bindsim_disposition disposition)
{
	return (unsigned)disposition < BS_DISPOSITION_COUNT_
		       ? bs_disposition_name((enum bs_disposition)disposition)
		       : NULL;
}

const char *bindsim_why_name(enum bindsim_why why)
{
	return (unsigned)why < BS_WHY_COUNT_ ? bs_json_why_name((enum bs_why)why) : NULL;
}

const char *bindsim_outcome_name(enum bindsim_outcome outcome)
{
	return (unsigned)outcome <= BINDSIM_LOOKUP_CRASH
		       ? bs_json_outcome_name((enum bs_outcome)outcome)
		       : NULL;
}

const char *bindsim_format(size_t index)
{
	const struct bs_format *const *formats = bs_formats();

	while (*formats && index--)
		formats++;
	return *formats ? (*formats)->name : NULL;
}

const char *bindsim_rule(size_t index)
{
	return index < BS_RULE_COUNT_ ? bs_rule_text((enum bs_rule)index)->slug : NULL;
}

/* The texts of RULE, or NULL. */
static const struct bs_rule_text *text_of(const char *rule)
{
	enum bs_rule found = rule ? bs_rule_find(rule) : BS_RULE_COUNT_;

	return found == BS_RULE_COUNT_ ? NULL : bs_rule_text(found);
}

const char *bindsim_rule_summary(const char *rule)
{
	const struct bs_rule_text *text = text_of(rule);

	return text ? text->summary : NULL;
}

const char *bindsim_rule_help(const char *rule)
{
	const struct bs_rule_text *text = text_of(rule);

	return text ? text->help : NULL;
}
