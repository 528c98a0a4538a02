/* SPDX-License-Identifier: MIT */
/* Remedies, clashes and costs in words. */
#include "advice-report.h"
#include "text-priv.h"

#include <string.h>

static const char *name_of(const struct bs_study *study, bs_object_id object)
{
	return object == BS_NO_OBJECT ? NULL : bs_study_name(study, object);
}

static const char *counted(struct bs_arena *arena, uint32_t n, const char *singular,
			   const char *plural)
{
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

	writer->arena = arena;
	bs_write_grouped(writer, n);
	bs_write_format(writer, " %s", n == 1 ? singular : plural);
	return bs_writer_text(writer);
}

/* STEP as the options that make it: "--dlopen=./libx.so:NOW,LOCAL". */
static const char *step_option(struct bs_arena *arena, const struct bs_step *step)
{
	const char *name = step->kind == BS_STEP_DLMOPEN ? "dlmopen" : "dlopen";

	return bs_arena_printf(arena, "--%s %s%s%s", name, step->file, step->spelled ? ":" : "",
			       step->spelled ? step->spelled : "");
}

const char *bs_remedy_line(struct bs_arena *arena, const struct bs_advice *advice,
			   const struct bs_trial *trial)
{
	const struct bs_study *study = advice->study;
	const struct bs_remedy *r = &trial->remedy;
	const char *object = name_of(study, r->object);

	switch (r->kind) {
	case BS_REMEDY_DEEPBIND:
	case BS_REMEDY_NO_DEEPBIND:
	case BS_REMEDY_LOCAL:
	case BS_REMEDY_GLOBAL:
	case BS_REMEDY_NODELETE:
	case BS_REMEDY_DLMOPEN:
		return bs_arena_printf(arena, "step %u: %s", r->step,
				       step_option(arena, &trial->plan.steps[r->step - 1]));
	case BS_REMEDY_ORDER:
		return bs_arena_printf(arena, "step %u (%s) before step %u (%s)", r->step,
				       advice->plan->steps[r->step - 1].file, r->before,
				       advice->plan->steps[r->before - 1].file);
	case BS_REMEDY_PRELOAD_ORDER:
		return bs_arena_printf(arena, "LD_PRELOAD=%s", bs_shell_word(arena, r->preload));
	case BS_REMEDY_SYMBOLIC:
		return bs_arena_printf(arena, "%s linked with -Bsymbolic", object);
	case BS_REMEDY_SYMBOLIC_FUNCTIONS:
		return bs_arena_printf(arena, "%s linked with -Bsymbolic-functions", object);
	case BS_REMEDY_HIDDEN:
		return bs_arena_printf(arena, "%s with %s hidden", object,
				       counted(arena, trial->n_symbols, "symbol", "symbols"));
	case BS_REMEDY_VERSION_SCRIPT:
		return bs_arena_printf(
			arena, "%s with a version script: %s", object,
			trial->exports.n ? counted(arena, trial->exports.n, "export", "exports")
					 : "no exports");
	case BS_REMEDY_PROTECTED:
		return bs_arena_printf(arena, "%s with %s protected", object,
				       counted(arena, trial->n_symbols, "symbol", "symbols"));
	case BS_REMEDY_COUNT_:
		break;
	}
	return "";
}

/* ---- clashes --------------------------------------------------------------------------------- */

/* Those of rules that have words of their own in the report of a run, which has more to say. */
static const char *headline_of(enum bs_rule rule)
{
	const char *headline = bs_rule_text(rule)->headline;

	if (headline)
		return headline;
	if (bs_rule_is_capture(rule))
		return "{from} is bound to {to} for {n:symbol:symbols} of its own";
	if (rule == BS_RULE_IGNORED_DEEPBIND)
		return "{from} is bound to {to} for {n:symbol:symbols} in spite of RTLD_DEEPBIND";
	return "{from} calls {n:function:functions}: {text}";
}

const char *bs_clash_line(struct bs_arena *arena, const struct bs_study *study, enum bs_rule rule,
			  bs_object_id from, bs_object_id to, uint32_t n)
{
	const struct bs_text_words words = {
		.from = name_of(study, from),
		.to = name_of(study, to),
		.n = n,
		.text = bs_rule_text(rule)->summary,
	};
	struct bs_report report = { .writer = bs_new(arena, struct bs_writer, 1) };

	report.writer->arena = arena;
	bs_text_fill_in(&report, headline_of(rule), &words);
	return bs_writer_text(report.writer);
}

/* ---- costs ----------------------------------------------------------------------------------- */

static void say(struct bs_arena *arena, bs_sentences *sentences, const char *text)
{
	bs_vec_push(arena, sentences, text);
}

static void cost_of_flags(struct bs_arena *arena, const struct bs_advice *advice,
			  const struct bs_trial *trial, bs_sentences *costs)
{
	const char *object = name_of(advice->study, trial->remedy.object);

	switch (trial->remedy.kind) {
	case BS_REMEDY_DEEPBIND:
		if (trial->n_past_preloads)
			say(arena, costs,
			    bs_arena_printf(
				    arena,
				    "what %s calls in other objects (%s) no longer goes by way of "
				    "a preload or a sanitizer",
				    object ? object : "it",
				    counted(arena, trial->n_past_preloads, "function",
					    "functions")));
		say(arena, costs, "musl passes over RTLD_DEEPBIND, and not every system has it");
		return;
	case BS_REMEDY_DLMOPEN:
		say(arena, costs,
		    "a second copy of all that it needs, the C library included; nothing of the "
		    "program is seen from there, and gdb and tools may not follow");
		return;
	case BS_REMEDY_GLOBAL:
		say(arena, costs, "its symbols answer whatever is opened later, too");
		return;
	case BS_REMEDY_NODELETE:
		say(arena, costs, "it stays in memory until the process ends");
		return;
	case BS_REMEDY_ORDER:
		say(arena, costs, "it holds only as long as nobody opens them the other way round");
		return;
	case BS_REMEDY_NO_DEEPBIND:
	case BS_REMEDY_LOCAL:
	case BS_REMEDY_PRELOAD_ORDER:
		return;
	case BS_REMEDY_SYMBOLIC:
	case BS_REMEDY_SYMBOLIC_FUNCTIONS:
	case BS_REMEDY_PROTECTED:
		say(arena, costs,
		    bs_arena_printf(arena, "nobody can interpose %s any more",
				    counted(arena, trial->n_symbols, "symbol", "symbols")));
		return;
	case BS_REMEDY_HIDDEN:
	case BS_REMEDY_VERSION_SCRIPT:
		say(arena, costs,
		    bs_arena_printf(arena, "%s no longer there for others",
				    counted(arena, trial->n_symbols, "symbol is", "symbols are")));
		return;
	case BS_REMEDY_COUNT_:
		break;
	}
}

bs_sentences bs_trial_costs(struct bs_arena *arena, const struct bs_advice *advice,
			    const struct bs_trial *trial)
{
	bs_sentences costs = { 0 };

	if (trial->n_bypassed)
		say(arena, &costs,
		    bs_arena_printf(arena, "%s that went to a preloaded object and no longer %s",
				    counted(arena, trial->n_bypassed, "reference", "references"),
				    trial->n_bypassed == 1 ? "does" : "do"));
	cost_of_flags(arena, advice, trial, &costs);
	if (trial->n_unique)
		say(arena, &costs,
		    bs_arena_printf(arena, "%s still: STB_GNU_UNIQUE, which no flag keeps apart",
				    counted(arena, trial->n_unique, "unique symbol crosses",
					    "unique symbols cross")));
	if (trial->n_leaving > trial->n_unique)
		say(arena, &costs,
		    bs_arena_printf(arena, "%s that the object defines still %s it",
				    counted(arena, trial->n_leaving - trial->n_unique, "reference",
					    "references"),
				    trial->n_leaving - trial->n_unique == 1 ? "leaves" : "leave"));
	return costs;
}
