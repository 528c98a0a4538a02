/* SPDX-License-Identifier: MIT */
/* What is told of a policy once, however many runs it judged and wherever these were made. */
#include "policy-priv.h"

#include <string.h>

bool bs_entry_is_over(const struct bs_policy_entry *entry, const char *today)
{
	return entry->expires && strcmp(entry->expires, today) < 0;
}

const char *bs_entry_words(struct bs_arena *arena, const struct bs_policy *policy,
			   const struct bs_policy_entry *e)
{
	const struct {
		const char *key, *value;
	} parts[] = {
		{ "rule", e->rule == BS_RULE_COUNT_ ? NULL : bs_rule_text(e->rule)->slug },
		{ "object", e->kind == BS_POLICY_REQUIRE_EXPORT ? e->object : NULL },
		{ "symbol", e->symbol },
		{ "from", e->from },
		{ "to", e->to },
		{ "expires", e->expires },
	};
	const char *text = bs_arena_printf(arena, "%s:%u:", policy->path, e->line);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].value)
			text = bs_arena_printf(arena, "%s %s=%s", text, parts[i].key,
					       parts[i].value);
	return text;
}

/* ENTRY is about findings of RULE that are about no object and no symbol. */
static bool is_about(const struct bs_policy_entry *entry, enum bs_policy_kind kind,
		     enum bs_rule rule)
{
	return entry->kind == kind && (entry->rule == BS_RULE_COUNT_ || entry->rule == rule) &&
	       !entry->symbol && !entry->demangled && !entry->from && !entry->to;
}

/* As for findings of a run: the last section that names a level is right, the first that excuses is
 * named. */
static void watch(struct bs_arena *arena, const struct bs_policy *policy, const char *today,
		  struct bs_watch watch, bs_watches *ret)
{
	bs_vec_each (i, &policy->entries) {
		const struct bs_policy_entry *entry = &policy->entries.v[i];

		if (is_about(entry, BS_POLICY_LEVEL, watch.rule))
			watch.level = entry->level;
		if (!watch.excuse && is_about(entry, BS_POLICY_SUPPRESS, watch.rule) &&
		    !bs_entry_is_over(entry, today))
			watch.excuse = entry->reason ? entry->reason : "";
	}
	if (watch.level != BS_LEVEL_NONE)
		bs_vec_push(arena, ret, watch);
}

bs_watches bs_policy_watches(struct bs_arena *arena, const struct bs_policy *policy,
			     const char *today)
{
	bs_watches watches = { 0 };

	bs_vec_each (i, &policy->entries) {
		const struct bs_policy_entry *entry = &policy->entries.v[i];
		struct bs_watch made = { .line = entry->line };

		if (entry->kind == BS_POLICY_REQUIRE_EXPORT) {
			made.rule = BS_RULE_REQUIRED_EXPORT;
			made.level = BS_LEVEL_ERROR;
		} else if (entry->kind != BS_POLICY_SUPPRESS) {
			continue;
		} else if (bs_entry_is_over(entry, today)) {
			made.rule = BS_RULE_EXPIRED_SUPPRESSION;
			made.level = BS_LEVEL_WARNING;
			made.has_expired = true;
		} else {
			made.rule = BS_RULE_UNUSED_SUPPRESSION;
			made.level = BS_LEVEL_NOTE;
		}
		made.words = bs_entry_words(arena, policy, entry);
		watch(arena, policy, today, made, &watches);
	}
	return watches;
}

bs_ids bs_judge_used(const struct bs_judge *judge, struct bs_arena *arena)
{
	const struct bs_policy *policy = judge->options.policy;
	bs_ids lines = { 0 };

	for (uint32_t i = 0; policy && i < policy->entries.n; i++)
		if (judge->used[i])
			bs_vec_push(arena, &lines, policy->entries.v[i].line);
	return lines;
}
