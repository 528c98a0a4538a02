/* SPDX-License-Identifier: MIT */
/*
 * Advice for a person: what is wrong, what was tried and what came of it, the best first, and what
 * to write where.
 */
#include "advice-report.h"
#include "text-priv.h"

#include <string.h>

enum {
	SHOW_CLASHES = 1 << 0, /* what the advice is about */
	SHOW_TRIED = 1 << 1,   /* each remedy in a line, and what it costs */
	SHOW_CHANGES = 1 << 2, /* the exact change of the best ones */
	SHOW_ALL = 1 << 3,     /* ... of all that are of use */
};

static const char *const parts[] = { "clashes", "tried", "changes", "all-changes", NULL };

const struct bs_format bs_format_advice_text = {
	.name = "text",
	.parts = parts,
	.default_show = SHOW_CLASHES | SHOW_TRIED | SHOW_CHANGES,
};

static enum bs_ink ink_of(enum bs_level level)
{
	return level == BS_LEVEL_ERROR	   ? BS_INK_BAD
	       : level == BS_LEVEL_WARNING ? BS_INK_WARN
					   : BS_INK_DIM;
}

static void say_level(struct bs_report *report, enum bs_level level, enum bs_rule rule)
{
	bs_say_ink(report, ink_of(level), bs_level_name(level));
	bs_say(report, ": ");
	bs_say(report, bs_rule_text(rule)->slug);
	bs_say(report, ": ");
}

static void write_title(struct bs_report *report, const struct bs_advice *advice)
{
	const struct bs_ending *base = &advice->base;

	bs_say_ink(report, BS_INK_STRONG, base->program);
	bs_write_format(report->writer, ": %s %s, start-up", base->loader, base->machine);
	if (advice->plan->n_steps) {
		bs_say(report, " and ");
		bs_say_count(report, advice->plan->n_steps, "step", "steps");
	}
	bs_say(report, "; ");
	bs_say_count(report, advice->trials.n, "remedy", "remedies");
	bs_say(report, " tried\n");
}

/* ---- what it is about ------------------------------------------------------------------------ */

static void write_clashes(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice)
{
	const struct bs_ending *base = &advice->base;

	bs_say(report, "\n");
	if (advice->failed_step != BS_NEVER) {
		const char *message = base->steps.v[advice->failed_step].message;

		bs_say_ink(report, BS_INK_BAD, "error");
		bs_write_format(report->writer, ": step %u fails: ", advice->failed_step);
		bs_say_escaped(report, message ? message : "");
		bs_say(report, "\n");
	}
	bs_vec_each (i, &advice->targets) {
		const struct bs_ending_finding *f = &base->findings.v[advice->targets.v[i]];

		say_level(report, f->level, f->rule);
		bs_say(report, bs_clash_line(arena, advice->study, f->rule, f->from, f->to, f->n));
		if (f->step)
			bs_write_format(report->writer, " (step %u)", f->step);
		bs_say(report, "\n");
	}
}

/* ---- what was tried -------------------------------------------------------------------------- */

static enum bs_ink ink_of_benefit(enum bs_benefit benefit)
{
	switch (benefit) {
	case BS_CURES:
		return BS_INK_GOOD;
	case BS_HELPS:
	case BS_TRADES:
		return BS_INK_WARN;
	case BS_HARMS:
	case BS_FAILS:
		return BS_INK_BAD;
	case BS_NOTHING:
	case BS_IGNORED:
	case BS_BENEFIT_COUNT_:
		break;
	}
	return BS_INK_DIM;
}

enum { BENEFIT_WIDTH = 9, NOTE_INDENT = 2 + BENEFIT_WIDTH };

static void begin_note(struct bs_report *report, const char *label)
{
	bs_say_spaces(report, NOTE_INDENT);
	bs_say_padded(report, label, 7);
}

/* "2,350 -> 0" */
static void say_numbers(struct bs_report *report, uint32_t before, uint32_t after)
{
	bs_write_grouped(report->writer, before);
	bs_say(report, " -> ");
	bs_write_grouped(report->writer, after);
}

/* The rules of the clashes that are gone. */
static void write_gone(struct bs_report *report, const struct bs_trial *trial)
{
	bool any = false;

	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *e = &trial->effects.v[i];

		if (!e->is_target || e->level_after >= BS_LEVEL_WARNING || e->n_after)
			continue;
		if (any)
			bs_say(report, ", ");
		else
			begin_note(report, "gone");
		bs_say(report, bs_rule_text(e->rule)->slug);
		any = true;
	}
	bs_say(report, any ? "\n" : "");
}

/* What is left of the clashes, and what is new. */
static void write_effects(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice, const struct bs_trial *trial)
{
	bs_vec_each (i, &trial->effects) {
		const struct bs_effect *e = &trial->effects.v[i];

		if (!e->is_new && e->level_after < BS_LEVEL_WARNING)
			continue;
		begin_note(report, e->is_new ? "new" : e->is_target ? "left" : "masked");
		say_level(report, e->level_after, e->rule);
		bs_say(report,
		       bs_clash_line(arena, advice->study, e->rule, e->from, e->to, e->n_after));
		if (e->is_new && e->example) {
			bs_say(report, ", as ");
			bs_say_escaped(report, bs_demangled(e->example));
		}
		bs_say(report, "\n");
	}
}

/* What comes of TRIAL, which is of use: the clashes that are gone, left and new, and its costs. */
static void write_outcome(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice, const struct bs_trial *trial)
{
	const bs_sentences costs = bs_trial_costs(arena, advice, trial);

	write_gone(report, trial);
	write_effects(report, arena, advice, trial);
	for (uint32_t i = 0; trial->benefit <= BS_TRADES && i < costs.n; i++) {
		begin_note(report, "costs");
		bs_say_escaped(report, costs.v[i]);
		bs_say(report, "\n");
	}
}

static void write_trial(struct bs_report *report, struct bs_arena *arena,
			const struct bs_advice *advice, const struct bs_trial *trial)
{
	bs_say(report, "  ");
	bs_say_ink(report, ink_of_benefit(trial->benefit), bs_benefit_name(trial->benefit));
	bs_say_spaces(report, BENEFIT_WIDTH - strlen(bs_benefit_name(trial->benefit)));
	bs_say_escaped(report, bs_remedy_line(arena, advice, trial));
	bs_say(report, "\n");
	switch (trial->benefit) {
	case BS_FAILS:
		begin_note(report, "");
		bs_write_format(report->writer, "step %u: ", trial->failed_step);
		bs_say_escaped(report, trial->failure ? trial->failure : "it is not reached");
		bs_say(report, "\n");
		return;
	case BS_IGNORED:
		begin_note(report, "");
		bs_write_format(report->writer, "%s has no RTLD_DEEPBIND and passes over it\n",
				advice->base.loader);
		return;
	case BS_NOTHING:
		return;
	case BS_CURES:
	case BS_HELPS:
	case BS_TRADES:
	case BS_HARMS:
	case BS_BENEFIT_COUNT_:
		break;
	}
	if (trial->n_captured_before != trial->n_captured_after) {
		begin_note(report, "");
		bs_say(report, "captured references ");
		say_numbers(report, trial->n_captured_before, trial->n_captured_after);
		bs_say(report, "\n");
	}
	write_outcome(report, arena, advice, trial);
}

static void write_tried(struct bs_report *report, struct bs_arena *arena,
			const struct bs_advice *advice)
{
	if (!advice->trials.n)
		return;
	bs_say(report, "\n");
	bs_say_ink(report, BS_INK_STRONG, "tried on the simulation, the best first");
	bs_say(report, "\n");
	bs_vec_each (i, &advice->trials)
		write_trial(report, arena, advice, &advice->trials.v[i]);
	if (advice->n_untried) {
		bs_say(report, "  ");
		bs_say_count(report, advice->n_untried, "more was not tried",
			     "more were not tried");
		bs_say(report, "\n");
	}
}

/* ---- what to write --------------------------------------------------------------------------- */

static bool is_code(const char *language)
{
	return strcmp(language, "python") == 0 || strcmp(language, "version-script") == 0 ||
	       strcmp(language, "c") == 0;
}

/* TEXT line by line, each behind blanks. */
static void write_lines(struct bs_report *report, struct bs_arena *arena, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");

		if (n) {
			bs_say(report, "    ");
			bs_say_escaped(report, bs_arena_strndup(arena, text, n));
		}
		bs_say(report, "\n");
		if (!text[n])
			return;
		text += n + 1;
	}
}

/* In a word or two what is to be known before it is done. */
static const char *warning_of(const struct bs_trial *trial)
{
	return trial->benefit == BS_CURES   ? ""
	       : trial->benefit == BS_HELPS ? ", which leaves a part"
					    : ", which brings harm of its own";
}

static void write_changes(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice, const struct bs_trial *trial,
			  const char *title)
{
	const bs_change_texts changes = bs_trial_changes(arena, advice, trial);

	bs_say(report, "\n");
	bs_say_ink(report, BS_INK_STRONG, title);
	bs_say_ink(report, BS_INK_WARN, warning_of(trial));
	bs_say(report, ": ");
	bs_say_escaped(report, bs_remedy_line(arena, advice, trial));
	bs_say(report, "\n");
	write_outcome(report, arena, advice, trial);
	bs_vec_each (i, &changes) {
		bs_say(report, "  ");
		bs_say_escaped(report, changes.v[i].where);
		bs_say(report, ":\n");
		if (is_code(changes.v[i].language) && strchr(changes.v[i].text, '\n'))
			bs_say(report, "\n");
		write_lines(report, arena, changes.v[i].text);
	}
}

static void write_all_changes(struct bs_report *report, struct bs_arena *arena,
			      const struct bs_advice *advice)
{
	bs_vec_each (i, &advice->trials) {
		const struct bs_trial *trial = &advice->trials.v[i];

		if (trial->benefit <= BS_TRADES)
			write_changes(report, arena, advice, trial,
				      bs_benefit_name(trial->benefit));
	}
}

static void write_best_changes(struct bs_report *report, struct bs_arena *arena,
			       const struct bs_advice *advice)
{
	static const char *const titles[] = {
		[BS_HANDS_OWN] = "advice for who opens it",
		[BS_HANDS_OTHER] = "advice for who makes the other calls",
		[BS_HANDS_LINK] = "advice for who builds it",
	};

	/* As they stand among the trials: the best first. */
	bs_vec_each (i, &advice->trials) {
		const struct bs_trial *trial = &advice->trials.v[i];

		if (advice->best[trial->hands] == i)
			write_changes(report, arena, advice, trial, titles[trial->hands]);
	}
}

/* ---- the last word --------------------------------------------------------------------------- */

static void write_verdict(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice)
{
	const struct bs_trial *first = advice->trials.n ? advice->trials.v : NULL;

	if (!advice->targets.n && advice->failed_step == BS_NEVER) {
		bs_say(report, "\nNothing to advise: no finding is an error or a warning, and no "
			       "step fails.\n");
		return;
	}
	if (advice->has_cure)
		return;
	bs_say(report, "\n");
	bs_say_ink(report, BS_INK_STRONG, "No remedy is good.");
	if (!first) {
		bs_say(report, " There was none to try.\n");
		return;
	}
	if (first->benefit > BS_TRADES) {
		bs_say(report, " None of those that were tried makes it any better.\n");
		return;
	}
	bs_say(report, first->benefit == BS_HELPS ? " The best of them leaves a part: "
						  : " The best of them brings new harm: ");
	bs_say_escaped(report, bs_remedy_line(arena, advice, first));
	bs_say(report, ".\n");
}

static void write_text(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_advice *advice)
{
	write_title(report, advice);
	if (report->show & SHOW_CLASHES && (advice->targets.n || advice->failed_step != BS_NEVER))
		write_clashes(report, arena, advice);
	if (report->show & SHOW_TRIED)
		write_tried(report, arena, advice);
	if (advice->has_numbers) {
		bs_say(report, "\nFlags that are numbers were left as they are: name them to have "
			       "others tried.\n");
	}
	if (report->show & SHOW_ALL)
		write_all_changes(report, arena, advice);
	else if (report->show & SHOW_CHANGES)
		write_best_changes(report, arena, advice);
	write_verdict(report, arena, advice);
}

void bs_advice_write(struct bs_report *report, struct bs_arena *arena,
		     const struct bs_advice *advice)
{
	if (report->format == &bs_format_advice_json)
		bs_advice_write_json(report, arena, advice);
	else
		write_text(report, arena, advice);
}
