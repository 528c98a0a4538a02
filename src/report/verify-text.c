/* SPDX-License-Identifier: MIT */
/* What `bindsim verify` found, in words. */
#include "text-priv.h"
#include "verify-report.h"

enum {
	MOST_GROUPS = 12, /* where not all are asked for */
	MOST_EXAMPLES = 3,
	NAME_COLUMNS = 10,
};

static const char *const parts[] = { "parts", "steps", "causes", "lines", NULL };

const struct bs_format bs_format_verify_text = {
	.name = "text",
	.parts = parts,
	.default_show = BS_VERIFY_SHOW_PARTS | BS_VERIFY_SHOW_STEPS | BS_VERIFY_SHOW_CAUSES,
};

/* ---- what was compared ----------------------------------------------------------------------- */

static void say_source(struct bs_report *report, const struct bs_verify *verify,
		       const struct bs_verify_source *source)
{
	bs_say_escaped(report, verify->plan->executable);
	bs_say(report, source->is_run ? ", run" : ", by ");
	for (uint32_t i = 0; i < source->n_files; i++) {
		bs_say(report, i ? ", " : "");
		bs_say_escaped(report, source->files[i]);
	}
	if (source->pid)
		bs_write_format(report->writer, ", process %u", source->pid);
	if (source->generation)
		bs_write_format(report->writer, ", image %u", source->generation + 1);
	if (source->end) {
		bs_say(report, ", ");
		bs_say(report, source->end);
	}
	bs_say(report, ", against ");
	bs_say(report, verify->loader);
	bs_say(report, "\n");
}

static bool is_compared(const struct bs_verify *verify, enum bs_verify_part part)
{
	return part == BS_VERIFY_ERRORS ? verify->testimony->parts != 0
					: verify->testimony->parts & 1u << part;
}

static void say_part(struct bs_report *report, const struct bs_verify *verify,
		     enum bs_verify_part part)
{
	const struct bs_verify_sum *sum = &verify->sums[part];

	bs_say(report, "   ");
	bs_say_padded(report, bs_verify_part_name(part), NAME_COLUMNS);
	if (!is_compared(verify, part)) {
		bs_say(report, "not told; LD_DEBUG=");
		bs_say(report, bs_verify_part_word(part));
		bs_say(report, " shows them\n");
		return;
	}
	bs_write_grouped(report->writer, sum->agreed);
	bs_say(report, sum->agreed == 1 ? " agrees" : " agree");
	if (sum->disagreed) {
		bs_say(report, ", ");
		bs_write_grouped(report->writer, sum->disagreed);
		bs_say(report, sum->disagreed == 1 ? " disagrees" : " disagree");
	}
	if (sum->unreached) {
		bs_say(report, ", ");
		bs_write_grouped(report->writer, sum->unreached);
		bs_say(report, " not reached");
	}
	bs_say(report, "\n");
}

static void say_parts(struct bs_report *report, const struct bs_verify *verify)
{
	for (enum bs_verify_part part = 0; part < BS_VERIFY_PART_COUNT_; part++)
		say_part(report, verify, part);
	if (!is_compared(verify, BS_VERIFY_BINDINGS))
		return;
	bs_say(report, "   ");
	bs_write_grouped(report->writer, verify->n_called);
	bs_say(report, " of ");
	bs_say_count(report, verify->n_slots, "slot that binds", "slots that bind");
	bs_say(report, " lazily were called; ");
	bs_say_count(report, verify->n_untold, "lookup that nothing tells of agrees",
		     "lookups that nothing tells of agree");
	if (verify->n_untold_opens) {
		bs_say(report, "; the C library asked for ");
		bs_say_count(report, verify->n_untold_opens, "module that is not there",
			     "modules that are not there");
	}
	bs_say(report, "\n");
	if (verify->testimony->torn.n) {
		bs_say(report, "   ");
		bs_say_count(report, verify->testimony->torn.n, "torn line is", "torn lines are");
		bs_say(report, " passed over\n");
	}
}

static void say_steps(struct bs_report *report, struct bs_arena *arena,
		      const struct bs_verify *verify)
{
	bs_vec_each (i, &verify->steps) {
		const struct bs_verify_step *s = &verify->steps.v[i];

		if (s->is_reached || s->state == BS_STEP_NOT_REACHED)
			continue;
		bs_say(report, "not reached: ");
		if (s->step) {
			bs_write_format(report->writer, "step %u, ", s->number);
			bs_say_escaped(report, bs_step_words(arena, s->step));
		} else {
			bs_say(report, "the start-up");
		}
		bs_say(report, "\n");
	}
}

/* ---- disagreements --------------------------------------------------------------------------- */

/* What came of it may be a list of lines. */
static void say_result(struct bs_report *report, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "\n");
		char line[512];

		snprintf(line, sizeof line, "%.*s", (int)n, text);
		bs_say_escaped(report, line);
		if (!text[n])
			return;
		bs_say(report, "; ");
		text += n + 1;
	}
}

static void say_told(struct bs_report *report, struct bs_arena *arena,
		     const struct bs_verify *verify, const struct bs_disagreement *d)
{
	const struct bs_held_deed *told = &verify->testimony->deeds.v[d->told];

	bs_say(report, "      loader      ");
	say_result(report, bs_verify_result_words(arena, verify, &told->deed));
	if (told->first.file) {
		bs_say(report, " (");
		bs_say_escaped(report, told->first.file);
		bs_write_format(report->writer, ":%llu)", (unsigned long long)told->first.line);
	}
	bs_say(report, "\n");
}

static void say_answer(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_verify *verify, const struct bs_disagreement *d)
{
	const struct bs_verify_answer answer = bs_verify_answer_of(arena, verify, d);

	bs_say(report, "      simulation  ");
	if (!answer.is_there) {
		const struct bs_held_deed *told = &verify->testimony->deeds.v[d->told];

		bs_say(report, told->made ? "not so often\n" : "no\n");
		return;
	}
	say_result(report, answer.result);
	if (answer.why) {
		bs_say(report, ": ");
		bs_say(report, answer.why);
	}
	if (answer.step != BS_NEVER)
		bs_write_format(report->writer, " (step %u)", answer.step);
	bs_say(report, "\n");
}

static void say_disagreement(struct bs_report *report, struct bs_arena *arena,
			     const struct bs_verify *verify, const struct bs_disagreement *d)
{
	const struct bs_held_deed *deeds = verify->testimony->deeds.v;
	const struct bs_held_deed *told = d->told == BS_VERIFY_NOTHING ? NULL : &deeds[d->told];
	const struct bs_held_deed *made = d->made == BS_VERIFY_NOTHING ? NULL : &deeds[d->made];

	bs_say(report, "   ");
	bs_say_escaped(report,
		       bs_verify_subject_words(arena, verify, told ? &told->deed : &made->deed));
	if (d->n > 1)
		bs_write_format(report->writer, " (%u times)", d->n);
	bs_say(report, "\n");
	if (told && made && told->deed.version != made->deed.version) {
		bs_say(report, "      simulation  ");
		bs_say_escaped(report, bs_verify_subject_words(arena, verify, &made->deed));
		bs_say(report, "\n");
	}
	if (told)
		say_told(report, arena, verify, d);
	else
		bs_say(report,
		       made->told ? "      loader      not so often\n" : "      loader      no\n");
	say_answer(report, arena, verify, d);
}

static void say_group(struct bs_report *report, struct bs_arena *arena,
		      const struct bs_verify *verify, const struct bs_verify_group *g)
{
	bool all = report->show & BS_VERIFY_SHOW_LINES;
	const char *before = "   ";

	bs_say_ink(report, BS_INK_BAD, bs_verify_cause_name(g->cause));
	bs_say(report, ": ");
	bs_say_escaped(report, bs_verify_group_words(arena, verify, g));
	bs_say(report, "\n");
	for (enum bs_verify_part part = 0; part < BS_VERIFY_PART_COUNT_; part++) {
		if (!g->n_parts[part])
			continue;
		bs_say(report, before);
		bs_say(report, bs_verify_part_name(part));
		bs_say(report, " ");
		bs_write_grouped(report->writer, g->n_parts[part]);
		before = ", ";
	}
	if (*before == ',')
		bs_say(report, "\n");
	bs_vec_each (i, &g->list) {
		if (i == MOST_EXAMPLES && !all) {
			bs_say(report, "   ... and ");
			bs_write_grouped(report->writer, g->list.n - i);
			bs_say(report, " more (--show=lines has all)\n");
			break;
		}
		say_disagreement(report, arena, verify, &g->list.v[i]);
	}
}

static void say_hint(struct bs_report *report, struct bs_arena *arena,
		     const struct bs_verify *verify, const struct bs_verify_source *source)
{
	if (!verify->opens_untold)
		return;
	if (source->is_run || !source->n_files) {
		bs_say(report,
		       "hint: the program opens objects, and the plan has no step: `bindsim "
		       "record' writes the plan of a run\n");
		return;
	}
	bs_say(report, "hint: the log shows opened objects, and the plan has no step: `bindsim log "
		       "--format=plan ");
	bs_say_escaped(report, bs_shell_word(arena, source->files[0]));
	bs_say(report, "' writes one\n");
}

void bs_verify_text(struct bs_report *report, struct bs_arena *arena,
		    const struct bs_verify *verify, const struct bs_verify_source *source)
{
	unsigned causes = BS_VERIFY_SHOW_CAUSES | BS_VERIFY_SHOW_LINES;

	if (report->show & BS_VERIFY_SHOW_PARTS) {
		say_source(report, verify, source);
		say_parts(report, verify);
	}
	if (report->show & BS_VERIFY_SHOW_STEPS)
		say_steps(report, arena, verify);
	if (!(report->show & causes))
		return;
	bs_vec_each (i, &verify->groups) {
		if (i == MOST_GROUPS && !(report->show & BS_VERIFY_SHOW_LINES)) {
			bs_say(report, "\n... and ");
			bs_say_count(report, verify->groups.n - i, "more cause", "more causes");
			bs_say(report, " (--show=lines has all)\n");
			break;
		}
		bs_say(report, "\n");
		say_group(report, arena, verify, &verify->groups.v[i]);
	}
	if (verify->groups.n)
		bs_say(report, "\n");
	say_hint(report, arena, verify, source);
	if (verify->n_disagreed) {
		bs_say_count(report, verify->n_disagreed, "disagreement", "disagreements");
		bs_say(report, "\n");
	} else {
		bs_say_ink(report, BS_INK_GOOD, "all agree");
		bs_say(report, "\n");
	}
}
