/* SPDX-License-Identifier: MIT */
/* A comparison in words: worst first, many bindings as one line with what they have in common. */
#include "diff-priv.h"
#include "text-priv.h"

#include "json-names.h"

#include <stdlib.h>

enum { MOST_ROWS = 8, MOST_EXAMPLES = 3, SHORT_BUILD_ID = 16 };

/* ---- steps --------------------------------------------------------------------------------- */

static void say_call(struct bs_report *report, struct bs_arena *arena,
		     const struct bs_digest_step *step)
{
	if (step->is_start_up) {
		bs_say(report, "start-up");
		return;
	}
	if (step->within) {
		bs_say_escaped(report, step->within);
		bs_say(report, ": ");
	}
	bs_say_escaped(report, bs_step_words(arena, &step->call));
	if (step->call.spelled) {
		bs_say(report, " ");
		bs_say_escaped(report, step->call.spelled);
	}
}

static void say_state(struct bs_report *report, const struct bs_digest_step *step)
{
	static const char *const words[] = {
		[BS_STEP_OK] = "succeeds",
		[BS_STEP_FAILED] = "fails",
		[BS_STEP_NOT_REACHED] = "is not reached",
	};

	bs_say(report, words[step->state]);
	if (step->message) {
		bs_say(report, ": ");
		bs_say_escaped(report, step->message);
	}
}

static void write_step(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_diff_step *step)
{
	const struct bs_digest_step *was = step->at[BS_LEFT], *now = step->at[BS_RIGHT];
	bool bad = now && now->state != BS_STEP_OK && (!was || was->state == BS_STEP_OK);
	const char *label = bs_arena_printf(arena, "step %u", (now ? now : was)->number);

	bs_text_label(report, bad ? BS_INK_BAD : BS_INK_STRONG, label);
	say_call(report, arena, now ? now : was);
	if (!was || !now) {
		bs_say(report, was ? ", is gone\n" : ", is new\n");
		if (now)
			bs_text_field(report, "now");
	} else {
		bs_say(report, step->changes & BS_STEP_ASKS ? ", is another call\n" : "\n");
		bs_text_field(report, "now");
	}
	if (now) {
		say_state(report, now);
		bs_say(report, "\n");
	}
	if (!was || !now)
		return;
	bs_text_field(report, "before");
	if (step->changes & BS_STEP_ASKS) {
		say_call(report, arena, was);
		bs_say(report, " ");
	}
	say_state(report, was);
	bs_say(report, "\n");
}

/* ---- findings ------------------------------------------------------------------------------ */

static void say_levels(struct bs_report *report, const struct bs_diff_finding *f)
{
	static const enum bs_ink inks[] = { BS_INK_PLAIN, BS_INK_DIM, BS_INK_WARN, BS_INK_BAD };
	const struct bs_digest_finding *was = f->at[BS_LEFT], *now = f->at[BS_RIGHT];
	const char *before = !was ? "new " : !now ? "gone " : "";

	bs_say(report, "\n");
	bs_say(report, before);
	bs_say_ink(report, now ? inks[now->level] : BS_INK_DIM,
		   bs_level_name((now ? now : was)->level));
	if (f->changes & BS_FINDING_LEVEL) {
		bs_say(report, ", was ");
		bs_say(report, bs_level_name(was->level));
	}
	bs_say(report, ": ");
}

static void write_finding(struct bs_report *report, const struct bs_diff *diff,
			  const struct bs_diff_finding *f)
{
	const struct bs_digest_finding *was = f->at[BS_LEFT], *now = f->at[BS_RIGHT];
	const struct bs_digest_finding *any = now ? now : was;

	say_levels(report, f);
	bs_say_escaped(report, any->rule);
	bs_say(report, ": ");
	bs_diff_say_object(report, diff, f->from, BS_RIGHT);
	if (f->to != BS_NOBODY) {
		bs_say(report, " -> ");
		bs_diff_say_object(report, diff, f->to, BS_RIGHT);
	}
	if (any->n) {
		bs_say(report, ", ");
		bs_say_count(report, any->n, "symbol", "symbols");
	}
	if (f->changes & BS_FINDING_COUNT) {
		bs_say(report, was->n == 1 ? ", was " : ", were ");
		bs_write_grouped(report->writer, was->n);
	}
	bs_say(report, "\n");
	if (any->symbol) {
		bs_text_field(report, "for example");
		bs_say_escaped(report, bs_demangled(any->symbol));
		bs_say(report, "\n");
	}
}

/* ---- bindings ------------------------------------------------------------------------------ */

/* Names that read alike, such as those of a constructor's variants, are written once. */
static void write_examples(struct bs_report *report, const struct bs_diff *diff,
			   const struct bs_diff_row *row)
{
	char *last = NULL;
	unsigned written = 0;

	for (uint32_t i = 0; i < row->n && written < MOST_EXAMPLES; i++) {
		const struct bs_diff_binding *b = &diff->bindings.v[row->first + i];
		const char *name = bs_demangled(bs_diff_symbol(diff, b));

		if (last && strcmp(name, last) == 0)
			continue;
		free(last);
		last = strdup(name);
		bs_text_field(report, written++ ? "" : "for example");
		bs_diff_say_symbol(report, diff, b);
		bs_say(report, "\n");
	}
	free(last);
}

static void write_bindings(struct bs_report *report, const struct bs_diff *diff,
			   const struct bs_diff_row *row)
{
	for (uint32_t i = 0; i < row->n; i++) {
		const struct bs_diff_binding *b = &diff->bindings.v[row->first + i];

		bs_say(report, "  ");
		bs_diff_say_object(report, diff, b->from, BS_RIGHT);
		bs_say(report, ": ");
		bs_diff_say_symbol(report, diff, b);
		bs_say(report, ": ");
		if (b->at[BS_LEFT])
			bs_diff_say_object(report, diff, b->to[BS_LEFT], BS_LEFT);
		else
			bs_say(report, "new");
		bs_say(report, " -> ");
		if (b->at[BS_RIGHT])
			bs_diff_say_object(report, diff, b->to[BS_RIGHT], BS_RIGHT);
		else
			bs_say(report, "gone");
		bs_say(report, "\n");
	}
}

/* Several rows: how many references of how many objects. */
static void write_sum(struct bs_report *report, const struct bs_diff *diff,
		      const struct bs_diff_cause *cause)
{
	bs_say_count(report, cause->n, "reference", "references");
	bs_say(report, ":\n");
	for (uint32_t i = 0; i < cause->n_rows && i < MOST_ROWS; i++) {
		bs_text_field(report, "");
		bs_diff_say_row(report, diff, &diff->rows.v[cause->first_row + i]);
		bs_say(report, "\n");
	}
	if (cause->n_rows <= MOST_ROWS)
		return;
	bs_text_field(report, "");
	bs_write_format(report->writer, "and %u more like these: --show=bindings\n",
			cause->n_rows - MOST_ROWS);
}

static void write_cause(struct bs_report *report, const struct bs_diff *diff,
			const struct bs_diff_cause *cause)
{
	static const struct {
		const char *label;
		enum bs_ink ink;
	} labels[BS_TURN_COUNT_] = {
		[BS_TURN_LOST] = { "undefined", BS_INK_BAD },
		[BS_TURN_NEW_LOST] = { "undefined", BS_INK_BAD },
		[BS_TURN_REBOUND] = { "rebound", BS_INK_WARN },
		[BS_TURN_UNSET] = { "unset", BS_INK_WARN },
		[BS_TURN_VERSION] = { "version", BS_INK_STRONG },
		[BS_TURN_FOUND] = { "bound", BS_INK_GOOD },
		[BS_TURN_OTHERWISE] = { "undefined", BS_INK_STRONG },
		[BS_TURN_NEW] = { "new", BS_INK_STRONG },
		[BS_TURN_GONE] = { "gone", BS_INK_STRONG },
	};
	const struct bs_diff_row *rows = &diff->rows.v[cause->first_row];
	struct bs_because because = cause->because;
	bool with_object = because.object == BS_NOBODY &&
			   (because.kind == BS_CAUSE_CAME || because.kind == BS_CAUSE_WENT);

	if (with_object && cause->n_rows == 1)
		because.object = diff->bindings.v[rows->first].from;

	bs_text_label(report, labels[cause->turn].ink, labels[cause->turn].label);
	if (cause->n_rows > 1) {
		write_sum(report, diff, cause);
	} else {
		bs_diff_say_row(report, diff, rows);
		bs_say(report, "\n");
	}
	bs_text_field(report, "because");
	bs_diff_say_because(report, diff, &because);
	bs_say(report, "\n");
	/* That an object refers to something is no news when it is new itself. */
	if (!(report->show & BS_DIFF_BINDINGS) && !with_object)
		write_examples(report, diff, rows);
	for (uint32_t i = 0; report->show & BS_DIFF_BINDINGS && i < cause->n_rows; i++)
		write_bindings(report, diff, &rows[i]);
}

/* Without their causes, for who wants to sort and count them. */
static void write_list(struct bs_report *report, const struct bs_diff *diff)
{
	if (!diff->bindings.n)
		return;
	bs_say(report, "\nbindings\n");
	bs_vec_each (i, &diff->causes)
		for (uint32_t k = 0; k < diff->causes.v[i].n_rows; k++)
			write_bindings(report, diff,
				       &diff->rows.v[diff->causes.v[i].first_row + k]);
}

/* ---- objects ------------------------------------------------------------------------------- */

static void say_path(struct bs_report *report, const struct bs_digest_object *o)
{
	bs_say_escaped(report, o->path ? o->path : o->name);
}

static void say_build(struct bs_report *report, const struct bs_digest_object *o)
{
	const char *id = o->build_id ? o->build_id : "without an id";
	char text[SHORT_BUILD_ID + 1] = "";

	memcpy(text, id, strnlen(id, SHORT_BUILD_ID));
	bs_say_escaped(report, text);
}

static void say_how(struct bs_report *report, const struct bs_digest_object *o)
{
	bs_say(report, o->was_searched ? bs_json_how_name(o->how) : "nobody");
}

/* One thing that is changed: THING is a single bit. */
static void say_change(struct bs_report *report, const struct bs_digest_object *was,
		       const struct bs_digest_object *now, unsigned thing)
{
	switch (thing) {
	case BS_OBJECT_CAME:
		bs_say(report, "is there now: ");
		say_path(report, now);
		return;
	case BS_OBJECT_WENT:
		bs_say(report, "is not there any more: ");
		say_path(report, was);
		return;
	case BS_OBJECT_PATH:
		bs_say(report, "lies at ");
		say_path(report, now);
		bs_say(report, ", was at ");
		say_path(report, was);
		return;
	case BS_OBJECT_FOUND:
		bs_say(report, "is found by ");
		say_how(report, now);
		bs_say(report, ", was by ");
		say_how(report, was);
		return;
	case BS_OBJECT_SONAME:
		bs_say(report, "has the soname ");
		bs_say_escaped(report, now->soname ? now->soname : "(none)");
		bs_say(report, ", was ");
		bs_say_escaped(report, was->soname ? was->soname : "(none)");
		return;
	case BS_OBJECT_BUILD:
		bs_say(report, bs_diff_is_other_program(was, now) ? "is another program"
								  : "is another build");
		if (!was->build_id && !now->build_id)
			return;
		bs_say(report, ": ");
		say_build(report, now);
		bs_say(report, ", was ");
		say_build(report, was);
		return;
	case BS_OBJECT_STAYS:
		bs_say(report, bs_digest_stays(now) ? "is there at the end now"
						    : "is not there at the end any more");
		return;
	case BS_OBJECT_GLOBAL:
		bs_say(report, now->global != BS_NEVER ? "is in the global scope now"
						       : "is in the global scope no more");
		return;
	case BS_OBJECT_MOVED:
		bs_say(report, "comes at another place in the order of loading");
		return;
	default:
		return;
	}
}

static void write_object(struct bs_report *report, const struct bs_diff *diff, uint32_t object)
{
	const struct bs_digest_object *was = bs_diff_at(diff, object, BS_LEFT);
	const struct bs_digest_object *now = bs_diff_at(diff, object, BS_RIGHT);
	const char *comma = " ";

	bs_say(report, "  ");
	bs_diff_say_object(report, diff, object, BS_RIGHT);
	for (unsigned i = 0; i < BS_OBJECT_CHANGES; i++) {
		unsigned thing = diff->objects.v[object].changes & 1u << i;

		if (!thing)
			continue;
		bs_say(report, comma);
		say_change(report, was, now, thing);
		comma = "; ";
	}
	bs_say(report, "\n");
}

static void write_objects(struct bs_report *report, const struct bs_diff *diff)
{
	if (!diff->n_objects)
		return;
	bs_say(report, "\nobjects\n");
	bs_vec_each (i, &diff->objects)
		if (diff->objects.v[i].changes)
			write_object(report, diff, i);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void write_sides(struct bs_report *report, const struct bs_diff *diff,
			const struct bs_diff_side sides[2])
{
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
		bs_say(report, side == BS_LEFT ? "left   " : "right  ");
		bs_say_escaped(report, sides[side].name);
		if (sides[side].root) {
			bs_say(report, " in ");
			bs_say_escaped(report, sides[side].root);
		}
		bs_say(report, ": ");
		bs_say(report, sides[side].kind);
		bs_say(report, ", ");
		bs_say_escaped(report, diff->side[side]->loader);
		bs_say(report, "\n");
	}
}

static void write_gaps(struct bs_report *report, const struct bs_diff *diff)
{
	bs_vec_each (i, &diff->gaps) {
		bs_text_label(report, BS_INK_WARN, "not compared");
		bs_say(report, diff->gaps.v[i].part);
		bs_say(report, ": ");
		bs_say_escaped(report, diff->gaps.v[i].reason);
		bs_say(report, "\n");
	}
}

static void write_totals(struct bs_report *report, const struct bs_diff *diff)
{
	const struct {
		uint64_t n;
		const char *one, *many;
	} totals[] = {
		{ diff->steps.n, "step", "steps" },
		{ diff->findings.n, "finding", "findings" },
		{ diff->bindings.n, "binding", "bindings" },
		{ diff->n_objects, "object", "objects" },
	};
	const char *before = ": ";

	bs_say(report, "\n");
	if (!diff->n) {
		bs_say(report, diff->gaps.n ? "no difference in what could be compared\n"
					    : "no difference\n");
		return;
	}
	bs_say_count(report, diff->n, "difference", "differences");
	for (size_t i = 0; i < sizeof totals / sizeof *totals; i++) {
		if (!totals[i].n)
			continue;
		bs_say(report, before);
		bs_say_count(report, totals[i].n, totals[i].one, totals[i].many);
		before = ", ";
	}
	bs_say(report, "\n");
}

static void write_text(struct bs_report *report, struct bs_arena *arena, const struct bs_diff *diff,
		       const struct bs_diff_side sides[2])
{
	write_sides(report, diff, sides);
	bs_vec_each (i, &diff->steps)
		write_step(report, arena, &diff->steps.v[i]);
	bs_vec_each (i, &diff->findings)
		write_finding(report, diff, &diff->findings.v[i]);
	if (report->show & BS_DIFF_CAUSES)
		bs_vec_each (i, &diff->causes)
			write_cause(report, diff, &diff->causes.v[i]);
	else
		write_list(report, diff);
	write_objects(report, diff);
	write_gaps(report, diff);
	write_totals(report, diff);
}

static const char *const parts[] = { "steps", "findings", "causes", "bindings", "objects", NULL };

enum { DEFAULT_SHOW = BS_DIFF_STEPS | BS_DIFF_FINDINGS | BS_DIFF_CAUSES | BS_DIFF_OBJECTS };

const struct bs_format bs_format_diff_text = { .name = "text",
					       .parts = parts,
					       .default_show = DEFAULT_SHOW };

const struct bs_format bs_format_diff_json = { .name = "json",
					       .parts = parts,
					       .default_show = DEFAULT_SHOW };

void bs_diff_write(struct bs_report *report, struct bs_arena *arena, const struct bs_diff *diff,
		   const struct bs_diff_side sides[2])
{
	if (report->format == &bs_format_diff_json)
		bs_diff_write_json(report, arena, diff, sides);
	else
		write_text(report, arena, diff, sides);
}
