/* SPDX-License-Identifier: MIT */
/*
 * --format=ld-debug: the lines that ld.so prints under LD_DEBUG, with 0 for the process id, so that
 * sort, comm and diff can hold an answer against a real run. What ld.so prints where is in the
 * format strings of glibc elf/dl-lookup.c:_dl_debug_bindings, elf/dl-load.c,
 * elf/dl-open.c:_dl_show_scope.
 */
#include "lddebug-priv.h"

#include <inttypes.h>
#include <string.h>

static const char *const parts[] = { "bindings",   "libs",	"scopes", "versions", "files",
				     "mapped",	   "addresses", "slots",  "reloc",    "lazyload",
				     "statistics", "debug",	NULL };

void bs_lddebug_begin_line(struct bs_report *report)
{
	bs_write_literal(report->writer, "         0:\t");
}

void bs_lddebug_end_line(struct bs_report *report)
{
	bs_write(report->writer, "\n", 1);
}

void bs_lddebug_line(struct bs_report *report, const char *const *pieces)
{
	bs_lddebug_begin_line(report);
	bs_write_pieces(report->writer, pieces);
	bs_lddebug_end_line(report);
}

#define LINE(report, ...) bs_lddebug_line((report), (const char *const[]){ __VA_ARGS__, NULL })

/* Neither name nor namespace of a map ever change. */
static const struct bs_lddebug_label *label_of(struct bs_report *report, const struct bs_run *run,
					       bs_map_id map)
{
	struct bs_lddebug *state = report->state;

	while (state->labels.n <= map)
		bs_vec_push(run->ctx.arena, &state->labels, (struct bs_lddebug_label){ 0 });
	struct bs_lddebug_label *label = &state->labels.v[map];

	if (!label->text) {
		label->text = bs_arena_printf(run->ctx.arena, "%s [%u]", bs_run_map_name(run, map),
					      bs_map_of(&run->process, map)->ns);
		label->n = strlen(label->text);
	}
	return label;
}

void bs_lddebug_map(struct bs_report *report, const struct bs_run *run, bs_map_id map)
{
	const struct bs_lddebug_label *label = label_of(report, run, map);

	bs_write(report->writer, label->text, label->n);
}

/* "BEFORE NAME [NS]BEHIND", the name as it stands in the link map: nothing for the executable. */
static void write_of_map(struct bs_report *report, const struct bs_run *run, const char *before,
			 bs_map_id id, const char *behind)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, before);
	bs_write_text(report->writer, bs_text(&run->ctx, map->name));
	bs_write_format(report->writer, " [%u]", map->ns);
	bs_write_text(report->writer, behind);
	bs_lddebug_end_line(report);
}

/* The count of handles; the loader prints the link-map name as it is there, which is nothing for
 * the executable. */
static void write_opencount(struct bs_report *report, const struct bs_run *run,
			    const struct bs_event *event)
{
	const struct bs_map *map = bs_map_of(&run->process, event->a);
	const char *name = bs_text(&run->ctx, map->name);

	bs_lddebug_begin_line(report);
	bs_write_text(report->writer,
		      event->kind == BS_EVENT_OPENED ? "opening file=" : "closing file=");
	bs_write_text(report->writer, name);
	if (event->kind == BS_EVENT_OPENED)
		bs_write_format(report->writer, " [%u]", map->ns);
	bs_write_format(report->writer, "; direct_opencount=%u", event->b);
	bs_lddebug_end_line(report);
}

static void write_scope(struct bs_report *report, const struct bs_run *run,
			const struct bs_scope_view *view)
{
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "object=");
	bs_lddebug_map(report, run, view->map);
	bs_lddebug_end_line(report);
	bs_vec_each (i, &view->lists) {
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, " scope ");
		bs_write_number(report->writer, view->from + i);
		bs_write(report->writer, ":", 1);
		bs_vec_each (k, &view->lists.v[i]) {
			bs_write(report->writer, " ", 1);
			bs_write_text(report->writer, bs_run_map_name(run, view->lists.v[i].v[k]));
		}
		if (view->placeholders.v[i]) {
			bs_write_text(report->writer, " (");
			bs_write_text(report->writer, view->placeholders.v[i]);
			bs_write_text(report->writer, ")");
		}
		bs_lddebug_end_line(report);
	}
	if (!view->lists.n && !view->from)
		LINE(report, " no scope");
}

static void write_lookup(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result, const struct bs_binding *b)
{
	const struct bs_version *version = bs_run_asked_version(run, result, b);

	bs_lddebug_begin_line(report);
	bs_write_literal(report->writer, "binding file ");
	bs_lddebug_map(report, run, b->referrer);
	bs_write_literal(report->writer, " to ");
	bs_lddebug_map(report, run, b->definer);
	if (b->protected_reference)
		bs_write_literal(report->writer, ": protected symbol `");
	else
		bs_write_literal(report->writer, ": normal symbol `");
	bs_write_text(report->writer, bs_run_symbol_name(run, b));
	bs_write_literal(report->writer, "'");
	if (version) {
		bs_write_literal(report->writer, " [");
		bs_write_text(report->writer, version->name);
		bs_write_literal(report->writer, "]");
	}
	bs_lddebug_end_line(report);
}

static void write_note(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result, const struct bs_note *note)
{
	const struct bs_binding *bindings = result->relocated.bindings.v;
	const char *from = run->profile->pins_say_to ? "reference to " : "reference from ";

	switch (note->kind) {
	case BS_NOTE_LOOKUP:
		for (uint32_t i = 0; i < note->b && report->show & (SHOW_BINDINGS | SHOW_RELOC);
		     i++)
			write_lookup(report, run, result, &bindings[note->a + i]);
		return;
	case BS_NOTE_DEPENDENCY:
		if (!(report->show & SHOW_FILES))
			return;
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "file=");
		bs_lddebug_map(report, run, note->a);
		bs_write_text(report->writer, ";  needed by ");
		bs_lddebug_map(report, run, note->b);
		bs_write_text(report->writer, " (relocation dependency)");
		bs_lddebug_end_line(report);
		return;
	case BS_NOTE_UNIQUE_PINNED:
	case BS_NOTE_REFERENCE_PINNED:
		if (!(report->show & SHOW_BINDINGS) || run->scope_policy.nodelete_at_once)
			return;
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "marking ");
		bs_lddebug_map(report, run, note->a);
		bs_write_text(report->writer, " as NODELETE due to ");
		if (note->kind == BS_NOTE_UNIQUE_PINNED) {
			bs_write_text(report->writer, "unique symbol");
		} else if (note->b == run->process.executable) {
			bs_write_text(report->writer, from);
			bs_write_text(report->writer, "main program");
		} else {
			bs_write_text(report->writer, from);
			bs_lddebug_map(report, run, note->b);
		}
		bs_lddebug_end_line(report);
		return;
	case BS_NOTE_UNDEFINED:
		if (run->profile->no_log)
			return;
		LINE(report, bs_run_map_name(run, bindings[note->a].referrer), ": error: ",
		     result->failure.occasion ? result->failure.occasion : "symbol lookup error",
		     ": ", result->failure.words, " (fatal)");
		return;
	case BS_NOTE_SAID:
		LINE(report, bs_run_say(run, &result->relocated.said.v[note->a], true));
		return;
	case BS_NOTE_UNDEFINED_AGAIN:
	case BS_NOTE_RELINK:
		return;
	}
}

/* What comes after the loader has given up is not its own. */
static void write_notes(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result, const struct bs_event *event)
{
	const struct bs_relocated *relocated = &result->relocated;

	for (uint32_t i = event->a; i < event->b; i++)
		if (!relocated->stopped || i < relocated->stopped_at)
			write_note(report, run, result, &relocated->notes.v[i]);
}

static void write_version(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result, const struct bs_version_check *check)
{
	if (report->show & SHOW_VERSIONS) {
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "checking for version `");
		bs_write_text(report->writer, check->version);
		bs_write_text(report->writer, "' in file ");
		bs_lddebug_map(report, run, check->target);
		bs_write_text(report->writer, " required by file ");
		bs_lddebug_map(report, run, check->required_by);
		bs_lddebug_end_line(report);
	}
	/* At start-up the loader goes on checking and says so. */
	if (check->words)
		LINE(report, bs_run_map_name(run, check->target),
		     ": error: version lookup error: ", check->words,
		     result->number == 0 ? " (continued)" : " (fatal)");
}

/* Bindsim's own: what is in the process after the step, in link-map order. */
static void write_mapped(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	bs_vec_each (i, &result->mapped) {
		bs_lddebug_begin_line(report);
		bs_write_text(report->writer, "bindsim: mapped ");
		bs_lddebug_map(report, run, result->mapped.v[i]);
		bs_lddebug_end_line(report);
	}
}

/* Bindsim's own: where what dlsym found lies. */
static void write_found(struct bs_report *report, const struct bs_run *run,
			const struct bs_found_symbol *found)
{
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "bindsim: address ");
	bs_lddebug_map(report, run, found->map);
	bs_write_format(report->writer, "+0x%" PRIx64, found->offset);
	bs_lddebug_end_line(report);
}

/* Bindsim's own: what a first call through a slot that waits would bind after this step. */
static void write_slot(struct bs_report *report, const struct bs_run *run,
		       const struct bs_binding *answer)
{
	const struct bs_image *image = bs_map_of(&run->process, answer->referrer)->image;
	const struct bs_version *version = bs_reference_version(image, answer->symbol);

	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "bindsim: slot ");
	bs_lddebug_map(report, run, answer->referrer);
	bs_write_text(report->writer, " symbol `");
	bs_write_text(report->writer, bs_image_symbol_name(image, answer->symbol));
	bs_write(report->writer, "'", 1);
	if (version) {
		bs_write(report->writer, " [", 2);
		bs_write_text(report->writer, version->name);
		bs_write(report->writer, "]", 1);
	}
	switch ((enum bs_outcome)answer->outcome) {
	case BS_BOUND:
		if (answer->why == BS_WHY_LOCAL) {
			bs_write_text(report->writer, ": own");
			break;
		}
		bs_write_text(report->writer, ": to ");
		bs_lddebug_map(report, run, answer->definer);
		break;
	case BS_UNRESOLVED_WEAK:
		bs_write_text(report->writer, ": null");
		break;
	case BS_UNDEFINED:
	case BS_LOOKUP_CRASH:
		bs_write_text(report->writer, ": undefined");
		break;
	}
	bs_lddebug_end_line(report);
}

static void write_slots(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result)
{
	bs_vec_each (i, &run->slots) {
		const struct bs_binding *answer = bs_slot_at(run, &run->slots.v[i], result->epoch);

		if (answer)
			write_slot(report, run, answer);
	}
}

/* A file's name may have several. */
static const char *last_line(const char *message)
{
	const char *newline = strrchr(message, '\n');

	return newline ? newline + 1 : message;
}

static void write_header(struct bs_report *report, const struct bs_step_result *result)
{
	bs_lddebug_begin_line(report);
	bs_write_text(report->writer, "bindsim: step ");
	bs_write_number(report->writer, result->number);
	switch (result->state) {
	case BS_STEP_OK:
		bs_write_text(report->writer, ": ok");
		break;
	case BS_STEP_FAILED:
		bs_write_text(report->writer, ": failed: ");
		bs_write_text(report->writer, last_line(result->message));
		break;
	case BS_STEP_NOT_REACHED:
		bs_write_text(report->writer, ": not reached");
		break;
	}
	bs_lddebug_end_line(report);
}

static void write_step(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result, const bs_findings *findings)
{
	(void)findings; /* the loader finds nothing */
	bool scopes_announced = result->number != 0;

	write_header(report, result);
	bs_lddebug_begin_step(report, run, result);
	bs_vec_each (i, &result->events) {
		const struct bs_event *event = &result->events.v[i];

		switch (event->kind) {
		case BS_EVENT_SEARCH:
			if (report->show & SHOW_LIBS)
				bs_lddebug_trace(report, run, &result->traces.v[event->a]);
			break;
		case BS_EVENT_LOAD:
			if (report->show & SHOW_FILES)
				bs_lddebug_load(report, run, &run->process.load_notes.v[event->a]);
			break;
		case BS_EVENT_ACTIVATED:
			if (report->show & SHOW_FILES)
				write_of_map(report, run, "activating NODELETE for ", event->a, "");
			break;
		case BS_EVENT_KEPT:
			if (report->show & SHOW_FILES)
				write_of_map(report, run, "marking ", event->a, " as NODELETE");
			break;
		case BS_EVENT_OPENED:
		case BS_EVENT_CLOSING:
			if (report->show & SHOW_FILES)
				write_opencount(report, run, event);
			break;
		case BS_EVENT_DESTROYED:
			if (report->show & SHOW_FILES)
				write_of_map(report, run, "file=", event->a,
					     ";  destroying link map");
			break;
		case BS_EVENT_SCOPE:
			if (!(report->show & (SHOW_SCOPES | SHOW_DEBUG)))
				break;
			if (!scopes_announced)
				LINE(report, "Initial object scopes");
			scopes_announced = true;
			write_scope(report, run, &result->views.v[event->a]);
			break;
		case BS_EVENT_GLOBAL:
			if (!(report->show & SHOW_SCOPES))
				break;
			bs_lddebug_begin_line(report);
			bs_write_text(report->writer, "add ");
			bs_lddebug_map(report, run, event->a);
			bs_write_text(report->writer, " to global scope");
			bs_lddebug_end_line(report);
			break;
		case BS_EVENT_NOTES:
			write_notes(report, run, result, event);
			break;
		case BS_EVENT_DEMAND:
			if (report->show & SHOW_LAZYLOAD)
				bs_lddebug_demand(report, run, &result->demands.v[event->a]);
			break;
		case BS_EVENT_VERSION:
			write_version(report, run, result, &result->versions.v[event->a]);
			break;
		}
	}
	if (result->state == BS_STEP_NOT_REACHED)
		return;
	if (report->show & SHOW_STATISTICS)
		bs_lddebug_statistics(report, run, result);
	if ((report->show & SHOW_ADDRESSES) && result->found.has_offset)
		write_found(report, run, &result->found);
	if (report->show & SHOW_MAPPED)
		write_mapped(report, run, result);
	if ((report->show & SHOW_SLOTS) && !result->ends_process)
		write_slots(report, run, result);
}

const struct bs_format bs_format_lddebug = {
	.name = "ld-debug",
	.is_raw = true,
	.tells_no_findings = true,
	.parts = parts,
	.default_show = SHOW_BINDINGS,
	.begin = bs_lddebug_begin,
	.step = write_step,
};
