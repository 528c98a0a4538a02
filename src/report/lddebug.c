/* SPDX-License-Identifier: MIT */
/*
 * --format=ld-debug: the lines that ld.so prints under LD_DEBUG, with 0 for the process id, so that
 * sort, comm and diff can hold an answer against a real run. What ld.so prints where is in the
 * format strings of glibc elf/dl-lookup.c:_dl_debug_bindings, elf/dl-load.c,
 * elf/dl-open.c:_dl_show_scope.
 */
#include "report.h"

#include <string.h>

enum {
	SHOW_BINDINGS = 1 << 0,
	SHOW_LIBS = 1 << 1,
	SHOW_SCOPES = 1 << 2,
	SHOW_VERSIONS = 1 << 3,
	SHOW_MAPPED = 1 << 4,
};

static const char *const parts[] = { "bindings", "libs", "scopes", "versions", "mapped", NULL };

static void begin_line(struct bs_report *report)
{
	bs_write(report->writer, "         0:\t", 12);
}

static void end_line(struct bs_report *report)
{
	bs_write(report->writer, "\n", 1);
}

/* One line of pieces; NULL ends. */
static void line(struct bs_report *report, const char *const *pieces)
{
	begin_line(report);
	bs_write_pieces(report->writer, pieces);
	end_line(report);
}

#define LINE(report, ...) line((report), (const char *const[]){ __VA_ARGS__, NULL })

static void write_map(struct bs_report *report, const struct bs_run *run, bs_map_id map)
{
	bs_write_text(report->writer, bs_run_map_name(run, map));
	bs_write(report->writer, " [", 2);
	bs_write_number(report->writer, bs_map_of(&run->process, map)->ns);
	bs_write(report->writer, "]", 1);
}

static const char *name_or_program(const struct bs_run *run, const char *name)
{
	return *name ? name : run->program;
}

static void write_search(struct bs_report *report, const struct bs_run *run,
			 const struct bs_trace *trace)
{
	switch (trace->kind) {
	case BS_TRACE_FIND:
		begin_line(report);
		bs_write_text(report->writer, "find library=");
		bs_write_text(report->writer, trace->text);
		bs_write_text(report->writer, " [");
		bs_write_number(report->writer, trace->ns);
		bs_write_text(report->writer, "]; searching");
		end_line(report);
		return;
	case BS_TRACE_PATH_LIST:
		if (trace->where)
			LINE(report, " search path=", trace->text, "\t\t(", trace->label,
			     " from file ", name_or_program(run, trace->where), ")");
		else
			LINE(report, " search path=", trace->text, "\t\t(", trace->label, ")");
		return;
	case BS_TRACE_CACHE:
		LINE(report, " search cache=", trace->text);
		return;
	case BS_TRACE_TRY:
		if (trace->how != BS_HOW_PATH)
			LINE(report, "  trying file=", trace->text);
		return;
	case BS_TRACE_CACHE_DROPPED:
		LINE(report, "  trying file=", trace->text);
		return;
	case BS_TRACE_AUXILIARY:
		LINE(report, "load auxiliary object=", trace->text,
		     " requested by file=", name_or_program(run, trace->where));
		return;
	case BS_TRACE_END:
		return;
	}
}

static void write_scope(struct bs_report *report, const struct bs_run *run,
			const struct bs_scope_view *view)
{
	begin_line(report);
	bs_write_text(report->writer, "object=");
	write_map(report, run, view->map);
	end_line(report);
	bs_vec_each (i, &view->lists) {
		begin_line(report);
		bs_write_text(report->writer, " scope ");
		bs_write_number(report->writer, view->from + i);
		bs_write(report->writer, ":", 1);
		bs_vec_each (k, &view->lists.v[i]) {
			bs_write(report->writer, " ", 1);
			bs_write_text(report->writer, bs_run_map_name(run, view->lists.v[i].v[k]));
		}
		end_line(report);
	}
	if (!view->lists.n && !view->from)
		LINE(report, " no scope");
}

static void write_lookup(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result, const struct bs_binding *b)
{
	const struct bs_version *version = bs_run_asked_version(run, result, b);

	begin_line(report);
	bs_write_text(report->writer, "binding file ");
	write_map(report, run, b->referrer);
	bs_write_text(report->writer, " to ");
	write_map(report, run, b->definer);
	bs_write_text(report->writer,
		      b->protected_reference ? ": protected symbol `" : ": normal symbol `");
	bs_write_text(report->writer, bs_run_symbol_name(run, b));
	bs_write(report->writer, "'", 1);
	if (version) {
		bs_write(report->writer, " [", 2);
		bs_write_text(report->writer, version->name);
		bs_write(report->writer, "]", 1);
	}
	end_line(report);
}

static void write_note(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result, const struct bs_note *note)
{
	const struct bs_binding *bindings = result->relocated.bindings.v;

	switch (note->kind) {
	case BS_NOTE_LOOKUP:
		if (report->show & SHOW_BINDINGS)
			write_lookup(report, run, result, &bindings[note->a]);
		return;
	case BS_NOTE_UNIQUE_PINNED:
	case BS_NOTE_REFERENCE_PINNED:
		if (!(report->show & SHOW_BINDINGS))
			return;
		begin_line(report);
		bs_write_text(report->writer, "marking ");
		write_map(report, run, note->a);
		bs_write_text(report->writer, " as NODELETE due to ");
		if (note->kind == BS_NOTE_UNIQUE_PINNED) {
			bs_write_text(report->writer, "unique symbol");
		} else if (note->b == run->process.executable) {
			bs_write_text(report->writer, "reference from main program");
		} else {
			bs_write_text(report->writer, "reference from ");
			write_map(report, run, note->b);
		}
		end_line(report);
		return;
	case BS_NOTE_UNDEFINED:
		LINE(report, bs_run_map_name(run, bindings[note->a].referrer),
		     ": error: symbol lookup error: ", result->failure.words, " (fatal)");
		return;
	case BS_NOTE_UNDEFINED_AGAIN:
	case BS_NOTE_RELINK:
		return;
	}
}

static void write_version(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result, const struct bs_version_check *check)
{
	if (report->show & SHOW_VERSIONS) {
		begin_line(report);
		bs_write_text(report->writer, "checking for version `");
		bs_write_text(report->writer, check->version);
		bs_write_text(report->writer, "' in file ");
		write_map(report, run, check->target);
		bs_write_text(report->writer, " required by file ");
		write_map(report, run, check->required_by);
		end_line(report);
	}
	/* At start-up the loader goes on checking and says so. */
	if (check->words)
		LINE(report, bs_run_map_name(run, check->target),
		     ": error: version lookup error: ", check->words,
		     result->number == 0 ? " (continued)" : " (fatal)");
}

/* Bindsim's own: what is in the process after the step, in link-map order. */
static void write_mapped(struct bs_report *report, const struct bs_run *run)
{
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		const bs_ids *order = &run->process.ns[ns].order;

		bs_vec_each (i, order) {
			if (bs_map_of(&run->process, order->v[i])->role == BS_ROLE_VDSO)
				continue;
			begin_line(report);
			bs_write_text(report->writer, "bindsim: mapped ");
			write_map(report, run, order->v[i]);
			end_line(report);
		}
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
	begin_line(report);
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
	end_line(report);
}

static void write_step(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result, const bs_findings *findings)
{
	(void)findings; /* the loader finds nothing */
	bool scopes_announced = result->number != 0;

	write_header(report, result);
	bs_vec_each (i, &result->events) {
		const struct bs_event *event = &result->events.v[i];

		switch (event->kind) {
		case BS_EVENT_SEARCH:
			if (report->show & SHOW_LIBS)
				write_search(report, run, &result->traces.v[event->a]);
			break;
		case BS_EVENT_SCOPE:
			if (!(report->show & SHOW_SCOPES))
				break;
			if (!scopes_announced)
				LINE(report, "Initial object scopes");
			scopes_announced = true;
			write_scope(report, run, &result->views.v[event->a]);
			break;
		case BS_EVENT_GLOBAL:
			if (!(report->show & SHOW_SCOPES))
				break;
			begin_line(report);
			bs_write_text(report->writer, "add ");
			write_map(report, run, event->a);
			bs_write_text(report->writer, " to global scope");
			end_line(report);
			break;
		case BS_EVENT_NOTE:
			if (!result->relocated.stopped || event->a < result->relocated.stopped_at)
				write_note(report, run, result,
					   &result->relocated.notes.v[event->a]);
			break;
		case BS_EVENT_VERSION:
			write_version(report, run, result, &result->versions.v[event->a]);
			break;
		}
	}
	if ((report->show & SHOW_MAPPED) && result->state != BS_STEP_NOT_REACHED)
		write_mapped(report, run);
}

const struct bs_format bs_format_lddebug = {
	.name = "ld-debug",
	.parts = parts,
	.default_show = SHOW_BINDINGS,
	.step = write_step,
};
