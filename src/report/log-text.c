/* SPDX-License-Identifier: MIT */
/* What a log comes to, in words: processes, then one of them with the worst first. */
#include "log-text-priv.h"

#include <stdlib.h>

enum { MOST_PROCESSES = 40, MOST_PAIRS = 12 };

static const char *const parts[] = { "processes", "findings", "opens",	  "searches",
				     "objects",	  "pairs",    "bindings", NULL };

const struct bs_format bs_format_log_text = {
	.name = "text",
	.parts = parts,
	.default_show = BS_LOG_SHOW_PROCESSES | BS_LOG_SHOW_FINDINGS | BS_LOG_SHOW_OPENS |
			BS_LOG_SHOW_SEARCHES | BS_LOG_SHOW_OBJECTS | BS_LOG_SHOW_PAIRS,
};

/* ---- processes ------------------------------------------------------------------------------- */

static void say_program(struct bs_report *report, const struct bs_log_result *result,
			const struct bs_log_process *process)
{
	if (process->program)
		bs_say_escaped(report, bs_log_words(result, process->program));
	else
		bs_say(report, "(unknown program)");
}

static void say_origin(struct bs_report *report, const struct bs_log_result *result,
		       const struct bs_log_process *process)
{
	if (process->origin == BS_LOG_CUT)
		bs_say(report, "; its beginning is missing");
	if (process->origin == BS_LOG_FORKED) {
		bs_say(report, "; forked");
		if (process->parent != BS_LOG_NOBODY)
			bs_write_format(report->writer, " from %u",
					bs_log_process(result->log, process->parent)->pid);
		bs_say(report, ", so what it had before is not here");
	}
	if (process->generation)
		bs_write_format(report->writer, "; image %u of this process",
				process->generation + 1);
}

static void say_counts(struct bs_report *report, const struct bs_log_account *account)
{
	bool said = false;

	for (unsigned level = BS_LOG_ERROR_LEVEL; level > BS_LOG_NONE; level--) {
		if (!account->n_findings[level])
			continue;
		bs_say(report, said ? ", " : "; ");
		bs_say_count(report, account->n_findings[level],
			     bs_log_level_name((enum bs_log_level)level),
			     level == BS_LOG_ERROR_LEVEL ? "errors"
			     : level == BS_LOG_WARNING	 ? "warnings"
							 : "notes");
		said = true;
	}
}

static void say_process(struct bs_report *report, const struct bs_log_result *result,
			uint32_t index)
{
	const struct bs_log_process *process = bs_log_process(result->log, index);
	const struct bs_log_account *account = bs_log_account(result->accounts, index);

	bs_write_format(report->writer, "%10u  ", process->pid);
	say_program(report, result, process);
	bs_say(report, ": ");
	bs_say_count(report, process->n[BS_LOG_BINDING], "binding", "bindings");
	if (account->n_opens) {
		bs_say(report, ", ");
		bs_say_count(report, account->n_opens, "open", "opens");
	}
	say_counts(report, account);
	say_origin(report, result, process);
	if (account->is_summed_up && account->n_late) {
		bs_say(report, "; ");
		bs_say_count(report, account->n_late, "message", "messages");
		bs_say(report, " came when it had been summed up");
	}
	bs_say(report, "\n");
}

/* Processes, the worst first. */
static int compare_processes(const void *a, const void *b, void *user)
{
	const struct bs_log_result *result = user;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	enum bs_log_level worst_x = bs_log_account(result->accounts, x)->worst;
	enum bs_log_level worst_y = bs_log_account(result->accounts, y)->worst;

	if (worst_x != worst_y)
		return worst_x > worst_y ? -1 : 1;
	return (x > y) - (x < y);
}

static void say_processes(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_log_result *result)
{
	bs_ids sorted = bs_ids_copy(arena, &result->chosen);

	if (sorted.n)
		qsort_r(sorted.v, sorted.n, sizeof *sorted.v, compare_processes, (void *)result);
	bs_vec_each (i, &sorted) {
		if (i == MOST_PROCESSES && report->shows_default) {
			bs_say(report, "            ... and ");
			bs_say_count(report, sorted.n - i, "more process", "more processes");
			bs_say(report, " (--show=processes lists all)\n");
			break;
		}
		say_process(report, result, sorted.v[i]);
	}
}

static void say_sum(struct bs_report *report, const struct bs_log_result *result)
{
	const struct bs_log_sum *sum = bs_log_sum(result->log);
	uint64_t n_cut = 0;

	bs_say_count(report, sum->lines, "line", "lines");
	if (result->n_files > 1) {
		bs_say(report, " of ");
		bs_say_count(report, result->n_files, "file", "files");
	}
	bs_say(report, ", ");
	bs_say_count(report, bs_log_n_processes(result->log), "process", "processes");
	for (uint32_t i = 0; i < bs_log_n_processes(result->log); i++)
		n_cut += bs_log_process(result->log, i)->n_cut;
	if (sum->noise) {
		bs_say(report, "; ");
		bs_say_count(report, sum->noise, "line is", "lines are");
		bs_say(report, " of others, or mixed with theirs");
	}
	if (n_cut) {
		bs_say(report, "; ");
		bs_say_count(report, n_cut, "message is", "messages are");
		bs_say(report, " damaged");
	}
	if (sum->long_lines) {
		bs_say(report, "; ");
		bs_say_count(report, sum->long_lines, "line is", "lines are");
		bs_write_format(report->writer,
				" longer than 1 MiB, the rest of which was not read (%s:%llu)",
				bs_log_file(result->log, sum->first_long.file),
				(unsigned long long)sum->first_long.line);
	}
	bs_say(report, "\n");
}

/* ---- the other parts ------------------------------------------------------------------------- */

static unsigned depth_of(const struct bs_log_telling *t, uint32_t step)
{
	unsigned depth = 0;

	while (t->d->steps.v[step].within != BS_LOG_NO_STEP) {
		step = t->d->steps.v[step].within;
		depth++;
	}
	return depth;
}

static void say_step(const struct bs_log_telling *t, uint32_t index)
{
	const struct bs_log_step *step = &t->d->steps.v[index];

	bs_write_format(t->report->writer, "%5u  ", index + 1);
	bs_say_spaces(t->report, 2 * (size_t)depth_of(t, index));
	bs_say_escaped(t->report, bs_log_step_words(t->arena, t->result, step));
	if (step->by && step->by != t->process->program) {
		bs_say(t->report, " by ");
		bs_log_tell_name(t, step->by);
	}
	if (step->init != BS_LOG_NO_OBJECT) {
		bs_say(t->report, ", from constructors of ");
		bs_log_tell_object(t, step->init);
	}
	if (step->is_close && step->of != BS_LOG_NO_STEP)
		bs_write_format(t->report->writer, ", opened in %u", step->of + 1);
	if (step->ns)
		bs_write_format(t->report->writer, ", namespace %u", step->ns);
	if (step->again)
		bs_say(t->report, step->is_inferred ? ": it was there; the log has no line of it"
						    : ": it was there");
	else if (step->state == BS_LOG_STEP_FAILED)
		bs_say_ink(t->report, BS_INK_BAD, ": failed");
	else if (step->state == BS_LOG_STEP_OPEN)
		bs_say(t->report, ": the log ends before it does");
	bs_say(t->report, "\n");
}

static void say_opens(const struct bs_log_telling *t)
{
	if (!t->d->steps.n)
		return;
	bs_say(t->report, "\nopened and closed\n");
	bs_vec_each (i, &t->d->steps)
		say_step(t, i);
}

static void say_searches(const struct bs_log_telling *t)
{
	bool all = !t->report->shows_default;

	if (!t->d->searches.n)
		return;
	bs_say(t->report, "\nlooked for and not found\n");
	bs_vec_each (i, &t->d->searches) {
		const struct bs_log_search *search = &t->d->searches.v[i];

		bs_say(t->report, "  ");
		bs_log_tell_search(t, search);
		for (uint32_t k = 0; k < search->n_tried && (all || search->reasons[k]); k++) {
			bs_say(t->report, "      ");
			bs_log_tell_name(t, search->tried[k]);
			if (search->reasons[k]) {
				bs_say(t->report, ": ");
				bs_log_tell_name(t, search->reasons[k]);
			}
			bs_say(t->report, "\n");
		}
	}
}

static void say_how(const struct bs_log_telling *t, const struct bs_log_object *o)
{
	switch (o->how) {
	case BS_LOG_HOW_PROGRAM:
		bs_say(t->report, "  the program");
		break;
	case BS_LOG_HOW_KERNEL:
		bs_say(t->report, "  the kernel's");
		break;
	case BS_LOG_HOW_NEEDED:
	case BS_LOG_HOW_OPENED:
		bs_say(t->report, o->how == BS_LOG_HOW_NEEDED ? "  needed" : "  opened");
		if (o->by == BS_LOG_NO_OBJECT)
			break;
		bs_say(t->report, " by ");
		bs_log_tell_object(t, o->by);
		break;
	case BS_LOG_HOW_UNKNOWN:
		break;
	}
}

static void say_objects(const struct bs_log_telling *t)
{
	if (!t->d->objects.n)
		return;
	bs_say(t->report, "\nobjects: references of it that are bound, and bound to it\n");
	bs_vec_each (i, &t->d->objects) {
		const struct bs_log_object *o = &t->d->objects.v[i];

		bs_write_format(t->report->writer, "%8llu %8llu  ", (unsigned long long)o->n_from,
				(unsigned long long)o->n_to);
		bs_log_tell_object(t, i);
		say_how(t, o);
		bs_say(t->report, o->is_asked ? "; its path is not in the log" : "");
		bs_say(t->report, o->is_gone ? "; it went\n" : "\n");
	}
}

static int compare_pairs(const void *a, const void *b)
{
	const struct bs_log_pair *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

static void say_pairs(const struct bs_log_telling *t)
{
	struct bs_log_pair *pairs = bs_new(t->arena, struct bs_log_pair, t->d->pairs.n);
	uint32_t n = 0;

	bs_vec_each (i, &t->d->pairs)
		if (bs_log_selects_pair(t->report, t->result, t->d, t->d->pairs.v[i].from,
					t->d->pairs.v[i].to))
			pairs[n++] = t->d->pairs.v[i];
	if (!n)
		return;
	qsort(pairs, n, sizeof *pairs, compare_pairs);
	bs_say(t->report, "\nwho is bound to whom\n");
	for (uint32_t i = 0; i < n; i++) {
		if (i == MOST_PAIRS && t->report->shows_default && n > MOST_PAIRS + 1) {
			bs_say(t->report, "         ... and ");
			bs_say_count(t->report, n - i, "more pair", "more pairs");
			bs_say(t->report, " (--show=pairs lists all)\n");
			break;
		}
		bs_write_format(t->report->writer, "%8llu  ", (unsigned long long)pairs[i].n);
		bs_log_tell_object(t, pairs[i].from);
		bs_say(t->report, " -> ");
		bs_log_tell_object(t, pairs[i].to);
		bs_say(t->report, "\n");
	}
}

static void say_bindings(const struct bs_log_telling *t)
{
	bs_say(t->report, "\nbindings\n");
	bs_vec_each (i, &t->d->bindings) {
		const struct bs_log_binding *b = &t->d->bindings.v[i];

		if (!bs_log_selects(t->report, t->result, t->d, b))
			continue;
		bs_say(t->report, "  ");
		bs_log_tell_object(t, b->from);
		bs_say(t->report, " -> ");
		bs_log_tell_object(t, b->to);
		bs_say(t->report, "  ");
		bs_say_escaped(t->report, bs_demangled(bs_log_words(t->result, b->symbol)));
		if (b->version)
			bs_say_version(t->report, bs_log_words(t->result, b->version));
		if (b->is_protected)
			bs_say(t->report, "  protected");
		if (b->n > 1)
			bs_write_format(t->report->writer, "  %llu times",
					(unsigned long long)b->n);
		bs_say(t->report, "\n");
	}
}

/* ---- all of one ------------------------------------------------------------------------------ */

static void say_lacks(const struct bs_log_telling *t)
{
	const struct bs_log_lack *lack = bs_log_lacks(t->arena, t->process);

	for (bool first = true; lack->word; lack++, first = false) {
		bs_say(t->report, first ? "\nnot in this log: " : "                 ");
		bs_say(t->report, lack->what);
		bs_say(t->report, ": LD_DEBUG=");
		bs_say(t->report, lack->word);
		bs_say(t->report, "\n");
	}
}

static void say_details(struct bs_report *report, struct bs_arena *arena,
			const struct bs_log_result *result, uint32_t index)
{
	const struct bs_log_telling t = {
		.report = report,
		.arena = arena,
		.result = result,
		.process = bs_log_process(result->log, index),
		.d = bs_log_details_of(result, index),
	};

	bool is_first = index == result->chosen.v[0] && !(report->show & BS_LOG_SHOW_PROCESSES);

	bs_write_format(report->writer, "%sprocess %u: ", is_first ? "" : "\n", t.process->pid);
	say_program(report, result, t.process);
	bs_say(report, ", ");
	bs_say(report, bs_log_loader_words(arena, t.process));
	bs_say(report, ", from line ");
	bs_write_grouped(report->writer, t.process->first.line);
	bs_say(report, " on\n");
	if (report->show & BS_LOG_SHOW_FINDINGS)
		bs_log_tell_findings(&t);
	if (report->show & BS_LOG_SHOW_OPENS)
		say_opens(&t);
	if (report->show & BS_LOG_SHOW_SEARCHES)
		say_searches(&t);
	if (report->show & BS_LOG_SHOW_OBJECTS)
		say_objects(&t);
	if (report->show & BS_LOG_SHOW_PAIRS)
		say_pairs(&t);
	if (report->show & BS_LOG_SHOW_BINDINGS)
		say_bindings(&t);
	if (report->shows_default)
		say_lacks(&t);
}

void bs_log_text(struct bs_report *report, struct bs_arena *arena,
		 const struct bs_log_result *result)
{
	if (report->show & BS_LOG_SHOW_PROCESSES) {
		say_sum(report, result);
		say_processes(report, arena, result);
	}
	if (!(report->show & ~(unsigned)BS_LOG_SHOW_PROCESSES))
		return;
	bool tells_all = result->has_choice || result->chosen.n == 1;

	bs_vec_each (i, &result->chosen)
		if (tells_all && bs_log_details_of(result, result->chosen.v[i]))
			say_details(report, arena, result, result->chosen.v[i]);
	if (!tells_all)
		bs_say(report, "\n--process=PID or --process=PROGRAM tells more of one\n");
}
