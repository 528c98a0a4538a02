/* SPDX-License-Identifier: MIT */
/* Findings in words. */
#include "text-priv.h"

#include <stdlib.h>
#include <string.h>

static void say_argument(struct bs_report *report, const struct bs_run *run, const char *text)
{
	bs_say_escaped(report, bs_shell_word(run->ctx.arena, text));
}

/* ---- captured references --------------------------------------------------------------------- */

static void write_decider(struct bs_report *report, const struct bs_run *run,
			  const struct bs_finding *f)
{
	const struct bs_map *to = bs_map_of(&run->process, f->to);

	bs_text_field(report, "because");
	bs_say_escaped(report, bs_text_short_name(run, f->from));
	bs_say(report, " asks ");
	switch (f->decided_by) {
	case BS_BY_GLOBAL:
		bs_say(report, "the global scope first, where ");
		bs_say_escaped(report, bs_text_short_name(run, f->to));
		if (to->kind == BS_MAP_LOADED)
			bs_say(report, " came with RTLD_GLOBAL");
		else
			bs_say(report, " stands from the start");
		break;
	case BS_BY_LOCAL:
		bs_say(report, "the objects of the dlopen that brought it, where ");
		bs_say_escaped(report, bs_text_short_name(run, f->to));
		bs_say(report, " comes first");
		break;
	case BS_BY_OWN:
		bs_say(report, "itself first, and does not answer");
		break;
	}
	bs_say(report, "\n");
}

static void write_counts(struct bs_report *report, const struct bs_finding *f)
{
	static const struct {
		const char *singular, *plural;
	} words[] = {
		{ "function", "functions" },
		{ "data object", "data objects" },
		{ "weak definition", "weak definitions" },
		{ "replaceable function", "replaceable functions" },
	};
	const uint32_t counts[] = { f->n_functions, f->n_data, f->n_weak, f->n_replaceable };
	const char *comma = "";

	bs_text_field(report, "of them");
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		if (!counts[i])
			continue;
		bs_say(report, comma);
		bs_say_count(report, counts[i], words[i].singular, words[i].plural);
		comma = ", ";
	}
	if (f->n_waiting) {
		bs_say(report, "; ");
		bs_write_grouped(report->writer, f->n_waiting);
		bs_say(report, " at the first call");
	}
	bs_say(report, "\n");
}

/*
 * Up to three names that read differently: the variants of a C++ constructor or destructor are
 * symbols of their own and are written alike.
 */
static void write_examples(struct bs_report *report, const struct bs_run *run,
			   const struct bs_finding *f)
{
	char *last = NULL;
	unsigned written = 0;

	for (uint32_t i = 0; i < f->n_examples && written < 3; i++) {
		const char *name = bs_demangled(bs_run_symbol_name(run, &f->examples[i]));

		if (last && strcmp(name, last) == 0)
			continue;
		bs_text_field(report, written++ ? "" : "for example");
		bs_say_escaped(report, name);
		bs_text_assumed(report, run, bs_run_assumed(run, &f->examples[i]));
		bs_say(report, "\n");
		free(last);
		last = strdup(name);
	}
	free(last);
}

static void write_pair(struct bs_report *report, const struct bs_run *run,
		       const struct bs_finding *f)
{
	/* Of what lies in an archive `check' alone can be asked. */
	if (run->plan->archive)
		return;
	bs_text_field(report, "more");
	bs_say(report, "bindsim explain --pair ");
	say_argument(report, run, bs_text_short_name(run, f->from));
	bs_say(report, ",");
	say_argument(report, run, bs_text_short_name(run, f->to));
	bs_say(report, " ...\n");
}

/* "A is bound to B for N symbols" */
static void say_bound(struct bs_report *report, const struct bs_run *run,
		      const struct bs_finding *f)
{
	bs_say_escaped(report, bs_text_short_name(run, f->from));
	bs_say(report, " is bound to ");
	bs_say_escaped(report, bs_text_short_name(run, f->to));
	bs_say(report, " for ");
	bs_say_count(report, f->n, "symbol", "symbols");
}

static void write_captured(struct bs_report *report, const struct bs_run *run,
			   const struct bs_finding *f)
{
	say_bound(report, run, f);
	bs_say(report, " of its own");
	if (f->n_inside) {
		bs_say(report, ", to itself for ");
		bs_write_grouped(report->writer, f->n_inside);
	}
	if (f->step)
		bs_write_format(report->writer, " (step %u)", f->step);
	bs_say(report, "\n");
	write_counts(report, f);
	write_examples(report, run, f);
	bs_text_facts(report, run, f);
	bs_text_proof(report, run, f);
	write_decider(report, run, f);
	write_pair(report, run, f);
}

/* ---- a flag that is passed over ---------------------------------------------------------------
 */

static void write_ignored_deepbind(struct bs_report *report, const struct bs_run *run,
				   const struct bs_finding *f)
{
	say_bound(report, run, f);
	bs_say(report, " that RTLD_DEEPBIND would bind to ");
	bs_say_escaped(report,
		       f->instead == f->from ? "itself" : bs_text_short_name(run, f->instead));
	bs_write_format(report->writer, " (step %u)\n", f->step);
	write_examples(report, run, f);
	bs_text_field(report, "because");
	bs_say(report, run->profile->name);
	bs_say(report, " has no RTLD_DEEPBIND and passes it over\n");
	bs_text_proof(report, run, f);
	write_pair(report, run, f);
}

/* ---- jump slots over time -------------------------------------------------------------------- */

static void say_answerer(struct bs_report *report, const struct bs_run *run,
			 const struct bs_binding *answer)
{
	if (answer->outcome == BS_UNRESOLVED_WEAK)
		bs_say(report, "nobody, it stays 0");
	else if (answer->definer == BS_NO_MAP)
		bs_say_ink(report, BS_INK_BAD, "nobody, the process ends");
	else
		bs_say_escaped(report, answer->definer == answer->referrer
					       ? "itself"
					       : bs_text_short_name(run, answer->definer));
	bs_say(report, "\n");
}

/* Who answers when, in the order of time. */
static void write_times(struct bs_report *report, const struct bs_run *run,
			const struct bs_finding *f)
{
	bs_bindings answers = { 0 };
	bs_ids since = { 0 };

	bs_slot_answers(run, &run->slots.v[f->slot], false, &answers, &since);
	bs_vec_each (i, &answers) {
		bs_text_field(report, i ? "" : "first call");
		if (i + 1 < answers.n)
			bs_write_format(report->writer,
					"before step %u: ", run->epochs.v[since.v[i + 1]]);
		else
			bs_say(report, "later: ");
		say_answerer(report, run, &answers.v[i]);
	}
}

static void write_slot_evidence(struct bs_report *report, const struct bs_run *run,
				const struct bs_finding *f)
{
	write_examples(report, run, f);
	if (f->rule != BS_RULE_UNRESOLVED_AT_CALL)
		write_times(report, run, f);
	if (run->plan->archive)
		return;
	bs_text_field(report, "more");
	bs_say(report, "bindsim explain --from ");
	say_argument(report, run, bs_text_short_name(run, f->from));
	bs_say(report, " --symbol ");
	say_argument(report, run, bs_run_symbol_name(run, &f->examples[0]));
	bs_say(report, " ...\n");
}

static void say_functions(struct bs_report *report, const struct bs_run *run,
			  const struct bs_finding *f)
{
	bs_say_escaped(report, bs_text_short_name(run, f->from));
	bs_say(report, ": ");
	bs_say_count(report, f->n, "function", "functions");
}

static void write_unresolved(struct bs_report *report, const struct bs_run *run,
			     const struct bs_finding *f)
{
	say_functions(report, run, f);
	bs_say(report, f->n == 1 ? " is defined by nobody; its first call ends the process\n"
				 : " are defined by nobody; their first call ends the process\n");
	write_slot_evidence(report, run, f);
}

static void write_healed(struct bs_report *report, const struct bs_run *run,
			 const struct bs_finding *f)
{
	say_functions(report, run, f);
	bs_write_format(report->writer, " %s defined by nobody before step %u\n",
			f->n == 1 ? "is" : "are", f->step);
	write_slot_evidence(report, run, f);
}

static void write_when(struct bs_report *report, const struct bs_run *run,
		       const struct bs_finding *f)
{
	bs_say_escaped(report, bs_text_short_name(run, f->from));
	bs_say(report, ": to whom ");
	bs_say_count(report, f->n, "function is", "functions are");
	bs_say(report, " bound depends on the first call's time\n");
	write_slot_evidence(report, run, f);
}

/* Whose words are in the list of rules. */
static void write_clash(struct bs_report *report, const struct bs_run *run,
			const struct bs_finding *f)
{
	bs_text_headline(report, run, f);
	write_examples(report, run, f);
	bs_text_facts(report, run, f);
	bs_text_proof(report, run, f);
	/* Where nothing is bound there is nothing more to explain. */
	if (f->n_examples && f->to != BS_NO_MAP && f->examples[0].why != BS_WHY_NONE)
		write_pair(report, run, f);
}

typedef void write_finding(struct bs_report *report, const struct bs_run *run,
			   const struct bs_finding *f);

static write_finding *const writers[BS_RULE_COUNT_] = {
	[BS_RULE_CAPTURED] = write_captured,
	[BS_RULE_SPLIT_COPY] = write_captured,
	[BS_RULE_UNRESOLVED_AT_CALL] = write_unresolved,
	[BS_RULE_HEALED] = write_healed,
	[BS_RULE_WHEN_MATTERS] = write_when,
	[BS_RULE_IGNORED_DEEPBIND] = write_ignored_deepbind,
};

void bs_text_finding_words(struct bs_report *report, const struct bs_run *run,
			   const struct bs_finding *f)
{
	writers[f->rule] ? writers[f->rule](report, run, f) : write_clash(report, run, f);
}

void bs_text_finding(struct bs_report *report, const struct bs_run *run, const struct bs_finding *f)
{
	static const enum bs_ink inks[] = { BS_INK_PLAIN, BS_INK_DIM, BS_INK_WARN, BS_INK_BAD };

	bs_text_label(report, inks[f->level], bs_level_name(f->level));
	bs_say(report, bs_rule_text(f->rule)->slug);
	bs_say(report, ": ");
	bs_text_finding_words(report, run, f);
	bs_text_excuse(report, f);
}
