/* SPDX-License-Identifier: MIT */
/*
 * --format=json and --format=ndjson: the same records, as one document and as one object a line.
 * schema/ says what they hold. Nothing waits in memory but findings, of which there are few, and
 * what the run itself keeps of its jump slots.
 */
#include "jansson-late.h"
#include "json-priv.h"
#include "process-report.h"

static const char *const parts[] = { "steps",
				     "objects",
				     "bindings",
				     "slots",
				     "findings",
				     "scopes",
				     "searches",
				     "demangled",
				     "mapped",
				     "suppressed",
				     BS_PART_DLOPEN_NOTES,
				     BS_PART_PROCESS,
				     BS_PART_DIFFERENCES,
				     BS_PART_CONTENTS,
				     NULL };

enum {
	DEFAULT_SHOW = SHOW_STEPS | SHOW_OBJECTS | SHOW_BINDINGS | SHOW_FINDINGS | SHOW_DEMANGLED |
		       SHOW_SUPPRESSED | SHOW_DLOPEN_NOTES
};

static struct bs_json *json_of(const struct bs_report *report)
{
	struct bs_json_report *state = report->state;

	return &state->json;
}

static bool streams(const struct bs_report *report)
{
	return report->format->streams;
}

/* ---- lines of a stream --------------------------------------------------------------------- */

static void begin_line(const struct bs_report *report, const char *type)
{
	struct bs_json *json = json_of(report);

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "type", type);
}

static void end_line(const struct bs_report *report)
{
	struct bs_json_report *state = report->state;

	bs_json_close(&state->json);
	bs_write(report->writer, "\n", 1);
	state->lines++;
}

/* ---- begin --------------------------------------------------------------------------------- */

static void begin(struct bs_report *report, const struct bs_run *run)
{
	struct bs_json_report *state = bs_new(run->ctx.arena, struct bs_json_report, 1);
	struct bs_json *json = &state->json;
	enum bs_json_layout layout = streams(report) ? BS_JSON_INLINE : BS_JSON_LINES;

	report->state = state;
	json->out = report->writer;
	json->arena = run->ctx.arena;
	if (streams(report))
		begin_line(report, "run");
	else
		bs_json_object(json, BS_JSON_LINES);
	bs_json_member(json, "schema", streams(report) ? BS_STREAM_SCHEMA : BS_REPORT_SCHEMA);
	bs_json_member(json, "schema_version", "1.8");
	bs_json_tool(json);
	bs_json_question(json, run, layout);
	bs_json_selection(json, report);
	if (streams(report)) {
		end_line(report);
	} else {
		bs_json_key(json, "steps");
		bs_json_array(json, BS_JSON_LINES);
	}
}

/* ---- findings ------------------------------------------------------------------------------ */

/* Those that are shown and selected; a document keeps them for its end. */
static void take_findings(struct bs_report *report, const struct bs_run *run,
			  const bs_findings *findings)
{
	struct bs_json_report *state = report->state;

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		state->levels[f->level]++;
		if (!(report->show & SHOW_FINDINGS) ||
		    !bs_selected_pair(&report->selection, run, f->from, f->to))
			continue;
		if (streams(report)) {
			begin_line(report, "finding");
			bs_json_finding_members(report, run, f);
			end_line(report);
		} else {
			bs_vec_push(run->ctx.arena, &state->findings, *f);
		}
	}
}

/* ---- what is left out ---------------------------------------------------------------------- */

static void write_left_out_lines(struct bs_report *report, const struct bs_run *run)
{
	const struct bs_left_out *item;
	uint32_t at = 0;

	while ((item = bs_json_next_left_out(report, run, &at))) {
		begin_line(report, "suppressed");
		bs_json_left_out_members(report, item);
		end_line(report);
	}
}

static void write_left_out_items(struct bs_report *report, const struct bs_run *run)
{
	struct bs_json *json = json_of(report);
	const struct bs_left_out *item;
	uint32_t at = 0;

	if (!(report->show & SHOW_SUPPRESSED))
		return;
	bs_json_key(json, "suppressed");
	bs_json_array(json, BS_JSON_LINES);
	while ((item = bs_json_next_left_out(report, run, &at))) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_left_out_members(report, item);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- notes about dlopen -------------------------------------------------------------------- */

static void write_note_lines(struct bs_report *report)
{
	for (uint32_t i = 0; (report->show & SHOW_DLOPEN_NOTES) && i < report->notes->list.n; i++) {
		begin_line(report, "dlopen-note");
		bs_json_note_members(json_of(report), &report->notes->list.v[i]);
		end_line(report);
	}
}

static void write_note_items(struct bs_report *report)
{
	struct bs_json *json = json_of(report);

	if (!(report->show & SHOW_DLOPEN_NOTES))
		return;
	bs_json_key(json, "dlopen_notes");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &report->notes->list) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_note_members(json, &report->notes->list.v[i]);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- a real process ------------------------------------------------------------------------ */

/* All that are shown: from *AT on, which is left behind it; false at the end. */
static bool next_content(const struct bs_report *report, const struct bs_run *run, uint32_t *at)
{
	if (!report->observed || !(report->show & (SHOW_DIFFERENCES | SHOW_CONTENTS)))
		return false;
	while (*at < report->observed->slots->n)
		if (bs_process_selects(report, run, (*at)++, !(report->show & SHOW_CONTENTS)))
			return true;
	return false;
}

static void write_process_lines(struct bs_report *report, const struct bs_run *run)
{
	uint32_t at = 0;

	if (!report->observed)
		return;
	begin_line(report, "process");
	bs_json_process_members(json_of(report), report->observed, BS_JSON_INLINE);
	end_line(report);
	while (next_content(report, run, &at)) {
		begin_line(report, "content");
		bs_json_content_members(report, json_of(report), run, at - 1);
		end_line(report);
	}
}

static void write_process(struct bs_report *report, const struct bs_run *run)
{
	struct bs_json *json = json_of(report);
	uint32_t at = 0;

	if (!report->observed)
		return;
	bs_json_key(json, "process");
	bs_json_object(json, BS_JSON_LINES);
	bs_json_process_members(json, report->observed, BS_JSON_LINES);
	bs_json_key(json, "contents");
	bs_json_array(json, BS_JSON_LINES);
	while (next_content(report, run, &at)) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_content_members(report, json, run, at - 1);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_close(json);
}

/* ---- a step -------------------------------------------------------------------------------- */

static void write_object_line(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	if (!(report->show & SHOW_OBJECTS))
		return;
	begin_line(report, "object");
	bs_json_object_members(report, run, id);
	end_line(report);
}

/* FIRST: the first object that no line told of yet. The objects of steps within this one, which
 * come after it, are told of here: the end of this step may refer to them. */
static void write_step_line(struct bs_report *report, const struct bs_run *run,
			    const struct bs_step_result *result, const struct bs_counts *counts,
			    bs_map_id first)
{
	struct bs_json_bindings bindings = bs_json_bindings(report, run, result);
	const struct bs_binding *b;
	enum bs_json_when when;

	for (bs_map_id id = first; id < result->last_map; id++)
		write_object_line(report, run, id);
	/* What a call would have loaded, and was told of for that, is loaded now. */
	bs_vec_each (i, &result->born)
		if (result->born.v[i] < result->first_map)
			write_object_line(report, run, result->born.v[i]);
	begin_line(report, "step");
	bs_json_step_members(report, run, result, counts, BS_JSON_INLINE);
	end_line(report);
	if (!(report->show & (SHOW_BINDINGS | SHOW_SLOTS)))
		return;
	while ((b = bs_json_next_binding(&bindings, &when))) {
		begin_line(report, "binding");
		bs_json_binding_members(&bindings, b, when);
		end_line(report);
	}
}

static void write_step_item(struct bs_report *report, const struct bs_run *run,
			    const struct bs_step_result *result, const struct bs_counts *counts)
{
	struct bs_json_bindings bindings = bs_json_bindings(report, run, result);
	struct bs_json *json = json_of(report);
	const struct bs_binding *b;
	enum bs_json_when when;

	bs_json_object(json, BS_JSON_LINES);
	bs_json_step_members(report, run, result, counts, BS_JSON_LINES);
	if (report->show & (SHOW_BINDINGS | SHOW_SLOTS)) {
		bs_json_key(json, "bindings");
		bs_json_array(json, BS_JSON_LINES);
		while ((b = bs_json_next_binding(&bindings, &when))) {
			bs_json_object(json, BS_JSON_INLINE);
			bs_json_binding_members(&bindings, b, when);
			bs_json_close(json);
		}
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	struct bs_json_report *state = report->state;
	const struct bs_counts counts = bs_count(run, result);
	const bs_map_id first = state->calls.n;

	bs_counts_add(&state->totals, &counts);
	state->refused += bs_is_refusal(result);
	bs_json_note_calls(state, run, result);
	if (streams(report))
		write_step_line(report, run, result, &counts, first);
	else
		write_step_item(report, run, result, &counts);
	take_findings(report, run, findings);
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Why the exit status is 1, in the order in which the tool asks. */
const char *bs_json_reason(const struct bs_report *report)
{
	const struct bs_json_report *state = report->state;

	if (state->refused)
		return "refusal";
	if (report->judge)
		return bs_judge_tally(report->judge).n[BS_COUNTS] ? "finding" : NULL;
	for (enum bs_level level = report->fail_on;
	     level != BS_LEVEL_NONE && level <= BS_LEVEL_ERROR; level++)
		if (state->levels[level])
			return "finding";
	return NULL;
}

static void write_outcome(const struct bs_report *report, const struct bs_run *run)
{
	struct bs_json_report *state = report->state;
	struct bs_json *json = &state->json;

	bs_json_choices(json, run, report->show, streams(report) ? BS_JSON_INLINE : BS_JSON_LINES);
	bs_json_diagnostics(json, run->ctx.diags);
	bs_json_member(json, "outcome", state->refused ? "refused" : "ok");
	bs_json_member(json, "reason", bs_json_reason(report));
	bs_json_member(json, "fail_on", bs_level_name(report->fail_on));
	bs_json_verdict(json, report, state->refused);
	bs_json_key(json, "counts");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_counts_members(json, &state->totals);
	bs_json_member_number(json, "refused", state->refused);
	bs_json_member_number(json, "errors", state->levels[BS_LEVEL_ERROR]);
	bs_json_member_number(json, "warnings", state->levels[BS_LEVEL_WARNING]);
	bs_json_member_number(json, "notes", state->levels[BS_LEVEL_NOTE]);
	bs_json_member_number(json, "suppressed",
			      report->checker ? bs_left_out_count(report->checker) : 0);
	bs_json_close(json);
}

static void write_slot_lines(struct bs_report *report, const struct bs_run *run)
{
	struct bs_json_slots slots = { .report = report, .run = run };

	if (!(report->show & (SHOW_BINDINGS | SHOW_SLOTS)))
		return;
	while (bs_json_next_slot(&slots)) {
		begin_line(report, "slot");
		bs_json_slot_members(&slots);
		end_line(report);
	}
}

static void write_slot_items(struct bs_report *report, const struct bs_run *run)
{
	struct bs_json_slots slots = { .report = report, .run = run };
	struct bs_json *json = json_of(report);

	if (!(report->show & (SHOW_BINDINGS | SHOW_SLOTS)))
		return;
	bs_json_key(json, "slots");
	bs_json_array(json, BS_JSON_LINES);
	while (bs_json_next_slot(&slots)) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_slot_members(&slots);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void end_stream(struct bs_report *report, const struct bs_run *run,
		       const bs_findings *findings)
{
	struct bs_json_report *state = report->state;

	write_slot_lines(report, run);
	take_findings(report, run, findings);
	write_left_out_lines(report, run);
	write_note_lines(report);
	write_process_lines(report, run);
	begin_line(report, "end");
	write_outcome(report, run);
	bs_json_member_number(&state->json, "lines", state->lines + 1);
	end_line(report);
}

static void end_document(struct bs_report *report, const struct bs_run *run,
			 const bs_findings *findings)
{
	struct bs_json_report *state = report->state;
	struct bs_json *json = &state->json;

	take_findings(report, run, findings);
	bs_json_close(json);
	write_slot_items(report, run);
	if (report->show & SHOW_OBJECTS) {
		bs_json_key(json, "objects");
		bs_json_array(json, BS_JSON_LINES);
		bs_vec_each (id, &run->process.maps) {
			bs_json_object(json, BS_JSON_INLINE);
			bs_json_object_members(report, run, id);
			bs_json_close(json);
		}
		bs_json_close(json);
	}
	if (report->show & SHOW_FINDINGS) {
		bs_json_key(json, "findings");
		bs_json_array(json, BS_JSON_LINES);
		bs_vec_each (i, &state->findings) {
			bs_json_object(json, BS_JSON_INLINE);
			bs_json_finding_members(report, run, &state->findings.v[i]);
			bs_json_close(json);
		}
		bs_json_close(json);
	}
	write_left_out_items(report, run);
	write_note_items(report);
	write_process(report, run);
	write_outcome(report, run);
	bs_json_close(json);
	bs_write(report->writer, "\n", 1);
}

const struct bs_format bs_format_json = {
	.name = "json",
	.parts = parts,
	.default_show = DEFAULT_SHOW,
	.process_show = SHOW_PROCESS | SHOW_DIFFERENCES,
	.notes = SHOW_FINDINGS,
	.traces = true,
	.open = bs_jansson_open,
	.begin = begin,
	.step = step,
	.end = end_document,
	.frame = &bs_json_frame,
};

const struct bs_format bs_format_ndjson = {
	.name = "ndjson",
	.parts = parts,
	.default_show = DEFAULT_SHOW,
	.process_show = SHOW_PROCESS | SHOW_DIFFERENCES,
	.notes = SHOW_FINDINGS,
	.traces = true,
	.open = bs_jansson_open,
	.streams = true,
	.begin = begin,
	.step = step,
	.end = end_stream,
};
