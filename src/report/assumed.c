/* SPDX-License-Identifier: MIT */
/*
 * What rests on a rule that the loader's documents leave open, or that is probable only: no report
 * tells it as a fact.
 */
#include "text-priv.h"

bs_ids bs_rules_of(const struct bs_run *run, uint64_t choices, bool probable)
{
	bs_ids rules = { 0 };

	for (unsigned choice = 1; choice < BS_CHOICE_COUNT_; choice++) {
		const struct bs_switch *s =
			choices >> choice & 1
				? bs_switch_of_choice(run->profile, (enum bs_choice)choice)
				: NULL;

		if (s && s->is_probable == probable && !bs_ids_have(&rules, s->rule))
			bs_vec_push(run->ctx.arena, &rules, s->rule);
	}
	return rules;
}

const char *bs_rules_text(const struct bs_run *run, uint64_t choices, bool probable)
{
	const bs_ids rules = bs_rules_of(run, choices, probable);
	const char *text = "";

	bs_vec_each (i, &rules)
		text = bs_arena_printf(run->ctx.arena, "%s%s%s%u", text, i ? ", " : "",
				       run->profile->rule_prefix, rules.v[i]);
	return text;
}

/* "  [assumed]  [probable: Q-16]" */
void bs_text_assumed(struct bs_report *report, const struct bs_run *run, uint64_t choices)
{
	static const char *const words[] = { "assumed", "probable" };

	for (unsigned probable = 0; choices && probable < 2; probable++) {
		const char *rules = bs_rules_text(run, choices, probable);

		if (*rules)
			bs_say_ink(report, BS_INK_WARN,
				   bs_arena_printf(run->ctx.arena, "  [%s: %s]", words[probable],
						   rules));
	}
}

/* What was chosen, and what the other choice is. */
static void write_choice(struct bs_report *report, const struct bs_run *run,
			 const struct bs_switch *s)
{
	const char *value = bs_switch_value(run->profile, s);
	bool is_on = !s->is_text && value[0] == 'y';

	bs_write_format(report->writer, "  %s%u  ", run->profile->rule_prefix, s->rule);
	bs_say(report, is_on || s->is_text ? s->what : s->otherwise);
	bs_say(report, bs_arena_printf(run->ctx.arena, " (--set %s.%s=%s", run->profile->name,
				       s->key, s->is_text ? "DIRS" : bs_switch_name(s, !is_on)));
	if (!s->is_text)
		bs_say(report,
		       bs_arena_printf(run->ctx.arena, ": %s", is_on ? s->otherwise : s->what));
	bs_say(report, ")\n");
}

void bs_text_assumptions(struct bs_report *report, const struct bs_run *run, uint64_t choices)
{
	static const char *const headings[] = {
		"\nassumed, since the loader's documents leave it open\n",
		"\nprobable, from documents that could not be read again\n",
	};

	for (unsigned probable = 0; choices && probable < 2; probable++) {
		bool any = false;

		for (unsigned choice = 1; choice < BS_CHOICE_COUNT_; choice++) {
			const struct bs_switch *s =
				choices >> choice & 1
					? bs_switch_of_choice(run->profile, (enum bs_choice)choice)
					: NULL;

			if (!s || s->is_probable != (probable == 1))
				continue;
			if (!any)
				bs_say(report, headings[probable]);
			any = true;
			write_choice(report, run, s);
		}
	}
}
