/* SPDX-License-Identifier: MIT */
/* The table of steps in the text report. */
#include "text-priv.h"

#include <string.h>

static const char *with_version(struct bs_arena *arena, const struct bs_step *step)
{
	return step->version ? bs_arena_printf(arena, "%s@%s", step->symbol, step->version)
			     : step->symbol;
}

static const char *dlsym_words(struct bs_arena *arena, const struct bs_step *step)
{
	const char *symbol = with_version(arena, step);
	const char *call = step->version ? "dlvsym" : "dlsym";

	switch (step->handle) {
	case BS_HANDLE_DEFAULT:
		return bs_arena_printf(arena, "%s %s", call, symbol);
	case BS_HANDLE_NEXT:
		return bs_arena_printf(arena, "%s NEXT:%s", call, symbol);
	case BS_HANDLE_STEP:
		break;
	}
	return bs_arena_printf(arena, "%s %u:%s", call, step->of_step, symbol);
}

const char *bs_step_words(struct bs_arena *arena, const struct bs_step *step)
{
	switch (step->kind) {
	case BS_STEP_DLOPEN:
		return bs_arena_printf(arena, "dlopen %s", *step->file ? step->file : "(NULL)");
	case BS_STEP_DLMOPEN:
		return step->of_step
			       ? bs_arena_printf(arena, "dlmopen %s in step %u's namespace",
						 *step->file ? step->file : "(NULL)", step->of_step)
			       : bs_arena_printf(arena, "dlmopen %s",
						 *step->file ? step->file : "(NULL)");
	case BS_STEP_DLSYM:
		return dlsym_words(arena, step);
	case BS_STEP_DLCLOSE:
		return bs_arena_printf(arena, "dlclose %u", step->of_step);
	case BS_STEP_CALL:
		return bs_arena_printf(arena, "call %s:%s", step->object,
				       with_version(arena, step));
	case BS_STEP_KIND_COUNT_:
		break;
	}
	return "";
}

const char *bs_text_step_words(const struct bs_run *run, const struct bs_step *step)
{
	return bs_step_words(run->ctx.arena, step);
}

/* Steps that constructors make stand further right, below the step that they belong to. */
static const char *cell(const struct bs_run *run, const struct bs_text_row *row)
{
	const struct bs_step_result *result = &row->result;

	if (!result->step)
		return "start-up";
	const char *words = bs_text_step_words(run, result->step);

	if (!result->step->block)
		return words;
	return bs_arena_printf(run->ctx.arena, "%s: %s",
			       run->plan->blocks[result->step->block - 1].object, words);
}

struct widths {
	int number;
	size_t step, flags;
};

static struct widths measure(const struct bs_run *run, const bs_text_rows *rows)
{
	struct widths widths = { .number = 1 };
	uint32_t last = rows->n ? rows->v[rows->n - 1].result.number : 0;

	for (; last >= 10; last /= 10)
		widths.number++;
	bs_vec_each (i, rows) {
		const struct bs_step *step = rows->v[i].result.step;
		size_t n = bs_text_width(cell(run, &rows->v[i]));

		if (n > widths.step)
			widths.step = n;
		n = step && step->spelled ? bs_text_width(step->spelled) : 0;
		if (n > widths.flags)
			widths.flags = n;
	}
	return widths;
}

/* A number at the right end of WIDTH columns. */
static void right(struct bs_report *report, uint64_t n, const char *sign, size_t width)
{
	size_t digits = 1;

	for (uint64_t rest = n; rest >= 10; rest /= 10)
		digits++;
	digits += (digits - 1) / 3 + strlen(sign);
	bs_say_spaces(report, digits < width ? width - digits : 0);
	bs_say(report, sign);
	bs_write_grouped(report->writer, n);
}

static void write_definer(struct bs_report *report, const struct bs_run *run, bs_map_id map)
{
	bs_say(report, "  -> ");
	bs_say_escaped(report, bs_text_short_name(run, map));
	if (bs_map_of(&run->process, map)->ns)
		bs_write_format(report->writer, " [%u]", bs_map_of(&run->process, map)->ns);
}

static void write_closed(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	const struct bs_map *map = bs_map_of(&run->process, run->opened.v[result->step->of_step]);

	if (result->closed.stays)
		bs_say(report, "  stays for ever");
	else if (result->closed.opencount)
		bs_write_format(report->writer, "  %u more to close", result->closed.opencount);
	else if (map->kind != BS_MAP_LOADED)
		bs_say(report, "  stays: it came with the start");
	else if (!result->gone.n)
		bs_say(report, "  stays: it is in use");
}

/* What the numbers do not tell. */
static void write_remark(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	const bs_bindings *bindings = &result->relocated.bindings;

	switch (result->step->kind) {
	case BS_STEP_DLOPEN:
	case BS_STEP_DLMOPEN:
		if (result->opening.state == BS_OPEN_ALREADY)
			bs_say(report, "  was open already");
		if (result->step->kind == BS_STEP_DLMOPEN)
			bs_write_format(report->writer, "  namespace %u",
					result->opening.request.ns);
		return;
	case BS_STEP_DLSYM:
		if (result->found.map != BS_NO_MAP)
			write_definer(report, run, result->found.map);
		return;
	case BS_STEP_DLCLOSE:
		write_closed(report, run, result);
		return;
	case BS_STEP_CALL:
		if (result->was_bound)
			bs_say(report, "  was bound before");
		else if (bindings->n && bindings->v[0].definer != BS_NO_MAP)
			write_definer(report, run, bindings->v[0].definer);
		return;
	case BS_STEP_KIND_COUNT_:
		return;
	}
}

/* Whose note it was that the step was taken from. */
static void write_note(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step *step)
{
	if (!step || !step->note_entry)
		return;
	const char *object = step->caller ? step->caller : run->program;
	const char *slash = strrchr(object, '/');

	bs_say(report, "  note of ");
	bs_say_escaped(report, slash && slash[1] ? slash + 1 : object);
	if (step->note_feature) {
		bs_say(report, ": ");
		bs_say_escaped(report, step->note_feature);
	}
}

static void write_numbers(struct bs_report *report, const struct bs_text_row *row)
{
	const struct bs_step_result *result = &row->result;

	bs_say_spaces(report, strlen("not reached") - strlen("ok"));
	if (result->step && result->step->kind == BS_STEP_DLCLOSE)
		right(report, result->gone.n, result->gone.n ? "-" : "", 9);
	else
		right(report, row->counts.objects, result->number ? "+" : "", 9);
	right(report, row->counts.bindings + row->counts.first_call, "", 10);
}

static void write_row(struct bs_report *report, const struct bs_run *run,
		      const struct bs_text_row *row, const struct widths *widths)
{
	static const char *const words[] = { "ok", "failed", "not reached" };
	static const enum bs_ink inks[] = { BS_INK_GOOD, BS_INK_BAD, BS_INK_DIM };
	const struct bs_step_result *result = &row->result;
	const char *spelled = result->step && result->step->spelled ? result->step->spelled : "";

	bs_write_format(report->writer, "  %*u  ", widths->number, result->number);
	bs_say_padded(report, cell(run, row), widths->step + 2);
	bs_say_padded(report, spelled, widths->flags + 2);
	bs_say_ink(report, inks[result->state], words[result->state]);
	if (result->state == BS_STEP_OK) {
		write_numbers(report, row);
		if (result->step)
			write_remark(report, run, result);
	}
	if (result->step && result->step->internal)
		bs_say(report, "  by the C library itself");
	write_note(report, run, result->step);
	bs_text_assumed(report, run, result->assumed);
	bs_say(report, "\n");
}

void bs_text_table(struct bs_report *report, const struct bs_run *run, const bs_text_rows *rows)
{
	const struct widths widths = measure(run, rows);

	bs_say(report, "\n    ");
	bs_say_spaces(report, (size_t)widths.number + widths.step + widths.flags + 4 +
				      strlen("not reached"));
	bs_say(report, "  objects  bindings\n");
	bs_vec_each (i, rows)
		write_row(report, run, &rows->v[i], &widths);
}
