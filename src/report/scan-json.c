/* SPDX-License-Identifier: MIT */
/* What `bindsim scan` found, in JSON: schema/bindsim-scan-1.schema.json says what it holds. */
#include "jansson-late.h"
#include "json-writer.h"
#include "scan-report.h"

static const char *const parts[] = { "programs", "pairs", "notes", "objects", NULL };

const struct bs_format bs_format_scan_json = {
	.name = "json",
	.parts = parts,
	.default_show = BS_SCAN_PROGRAMS | BS_SCAN_PAIRS,
	.open = bs_jansson_open,
};

const struct bs_format bs_format_scan_ndjson = {
	.name = "ndjson",
	.parts = parts,
	.default_show = BS_SCAN_PROGRAMS | BS_SCAN_PAIRS,
	.streams = true,
	.open = bs_jansson_open,
};

static void write_texts(struct bs_json *json, const char *key, const char *const *texts, uint32_t n)
{
	bs_json_key(json, key);
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < n; i++)
		bs_json_string(json, texts[i]);
	bs_json_close(json);
}

/* ---- a program ------------------------------------------------------------------------------- */

/* What it is called here, and what in any version and at any place. */
static void write_object(struct bs_json *json, const char *key, const struct bs_scan_object *object)
{
	bs_json_key(json, key);
	if (!object->name) {
		bs_json_null(json);
		return;
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "name", object->name);
	bs_json_member(json, "lasting", object->lasting);
	bs_json_close(json);
}

static void write_finding(struct bs_json *json, const struct bs_scan_finding *f)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "rule", f->rule);
	bs_json_member(json, "level", bs_level_name(f->level));
	bs_json_member_number(json, "step", f->step);
	write_object(json, "from", &f->from);
	write_object(json, "to", &f->to);
	bs_json_member_number(json, "symbols", f->n);
	write_texts(json, "examples", f->examples.v, f->examples.n);
	bs_json_close(json);
}

static void write_levels(struct bs_json *json, const uint64_t n_levels[])
{
	bs_json_key(json, "found");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "error", n_levels[BS_LEVEL_ERROR]);
	bs_json_member_number(json, "warning", n_levels[BS_LEVEL_WARNING]);
	bs_json_member_number(json, "note", n_levels[BS_LEVEL_NOTE]);
	bs_json_close(json);
}

static void write_record(struct bs_json *json, const struct bs_scan_record *r)
{
	const uint64_t n_levels[] = { 0, r->n_levels[BS_LEVEL_NOTE], r->n_levels[BS_LEVEL_WARNING],
				      r->n_levels[BS_LEVEL_ERROR] };

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "type", "program");
	bs_json_member(json, "path", r->path);
	bs_json_member_bool(json, "library", r->is_library);
	bs_json_member(json, "plugin", r->plugin);
	bs_json_member_number(json, "plugins", r->n_plugins);
	bs_json_member(json, "machine", r->machine);
	bs_json_member(json, "loader", r->loader);
	bs_json_member(json, "build_id", r->build_id);
	bs_json_member_word(json, "outcome", bs_scan_outcome_name(r->outcome));
	bs_json_member(json, "problem", r->problem);
	bs_json_member_number(json, "objects", r->n_objects);
	if (r->objects.n)
		write_texts(json, "loaded", r->objects.v, r->objects.n);
	write_levels(json, n_levels);
	bs_json_key(json, "refusals");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &r->refusals) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "step", r->refusals.v[i].step);
		bs_json_member(json, "message", r->refusals.v[i].message);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_key(json, "findings");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &r->findings)
		write_finding(json, &r->findings.v[i]);
	bs_json_close(json);
	bs_json_close(json);
}

const char *bs_scan_line(struct bs_arena *arena, const struct bs_scan_record *record)
{
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct bs_json json = { .out = writer, .arena = arena };

	writer->arena = arena;
	write_record(&json, record);
	return bs_writer_text(writer);
}

/* ---- the others ------------------------------------------------------------------------------ */

static void write_head(struct bs_json *json, const struct bs_scan_head *head)
{
	const struct bs_scan_skipped *skipped = &head->skipped;

	bs_json_tool(json);
	bs_json_member(json, "question", head->question);
	bs_json_key(json, "paths");
	if (head->is_list)
		bs_json_null(json);
	else
		bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; !head->is_list && i < head->paths.n; i++)
		bs_json_string(json, head->paths.v[i]);
	if (!head->is_list)
		bs_json_close(json);
	bs_json_member_bool(json, "libraries", head->libraries);
	bs_json_member_bool(json, "notes", head->notes);
	bs_json_member_bool(json, "objects", head->objects);
	write_texts(json, "plugins", head->plugins.v, head->plugins.n);
	write_texts(json, "steps", head->steps.v, head->steps.n);
	bs_json_member_number(json, "programs", head->n_subjects);
	bs_json_key(json, "skipped");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "static", skipped->n_static);
	bs_json_member_number(json, "scripts", skipped->n_scripts);
	bs_json_member_number(json, "foreign", skipped->n_foreign);
	bs_json_member_number(json, "other", skipped->n_other);
	bs_json_member_number(json, "unreadable", skipped->n_unreadable);
	bs_json_close(json);
	bs_json_key(json, "shard");
	if (head->n_parts) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "part", head->part);
		bs_json_member_number(json, "of", head->n_parts);
		bs_json_close(json);
	} else {
		bs_json_null(json);
	}
}

static void write_schema(struct bs_json *json)
{
	bs_json_member(json, "schema", BS_SCAN_SCHEMA);
	bs_json_member(json, "schema_version", "1.0");
}

static void write_pair(struct bs_json *json, const struct bs_scan_pair *pair)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "type", "pair");
	bs_json_member(json, "rule", pair->rule);
	bs_json_member(json, "level", bs_level_name(pair->level));
	bs_json_member(json, "from", pair->from);
	bs_json_member(json, "to", pair->to);
	bs_json_member_number(json, "programs", pair->n_programs);
	bs_json_member_number(json, "most_symbols", pair->n_most);
	write_texts(json, "examples", pair->examples, pair->n_examples);
	bs_json_close(json);
}

static void write_sum(struct bs_json *json, const struct bs_scan_sum *sum, enum bs_level fail_on)
{
	bs_json_member(json, "reason", bs_scan_reason(sum, fail_on));
	bs_json_member_number(json, "programs", sum->n_programs);
	bs_json_member_number(json, "runs", sum->n_records);
	bs_json_member_number(json, "refused", sum->n_outcomes[BS_SCAN_REFUSED]);
	bs_json_member_number(json, "unanswered", sum->n_outcomes[BS_SCAN_UNANSWERED]);
	bs_json_member_number(json, "with_errors", sum->n_worst[BS_LEVEL_ERROR]);
	bs_json_member_number(json, "with_warnings", sum->n_worst[BS_LEVEL_WARNING]);
	bs_json_member_number(json, "sound",
			      sum->n_worst[BS_LEVEL_NOTE] + sum->n_worst[BS_LEVEL_NONE]);
	write_levels(json, sum->n_levels);
	bs_json_member_number(json, "pairs", sum->pairs.n);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void begin_json(struct bs_report *report, struct bs_arena *arena,
		       const struct bs_scan_head *head)
{
	struct bs_json json = { .out = report->writer, .arena = arena };
	bool streams = report->format->streams;

	bs_json_object(&json, streams ? BS_JSON_INLINE : BS_JSON_LINES);
	if (streams)
		bs_json_member_word(&json, "type", "scan");
	write_schema(&json);
	write_head(&json, head);
	if (streams) {
		bs_json_close(&json);
		bs_write(report->writer, "\n", 1);
	} else if (report->show & BS_SCAN_PROGRAMS) {
		bs_write_literal(report->writer, ",\n  \"results\":[");
	}
}

static void end_stream(struct bs_report *report, struct bs_json *json,
		       const struct bs_scan_sum *sum)
{
	for (uint32_t i = 0; i < sum->pairs.n && report->show & BS_SCAN_PAIRS; i++) {
		write_pair(json, &sum->pairs.v[i]);
		bs_write(report->writer, "\n", 1);
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "type", "end");
	write_sum(json, sum, report->fail_on);
	bs_json_close(json);
	bs_write(report->writer, "\n", 1);
}

/* The document's own braces are written here: its items come as lines that are made already. */
static void end_document(struct bs_report *report, struct bs_json *json,
			 const struct bs_scan_sum *sum)
{
	if (report->show & BS_SCAN_PROGRAMS)
		bs_write_text(report->writer, report->has_items ? "\n  ]" : "]");
	if (report->show & BS_SCAN_PAIRS) {
		bs_write_literal(report->writer, ",\n  \"pairs\":[");
		bs_vec_each (i, &sum->pairs) {
			bs_write_text(report->writer, i ? ",\n    " : "\n    ");
			write_pair(json, &sum->pairs.v[i]);
		}
		bs_write_text(report->writer, sum->pairs.n ? "\n  ]" : "]");
	}
	bs_write_literal(report->writer, ",\n  \"sum\":");
	bs_json_object(json, BS_JSON_INLINE);
	write_sum(json, sum, report->fail_on);
	bs_json_close(json);
	bs_write_literal(report->writer, "\n}\n");
}

void bs_scan_begin(struct bs_report *report, struct bs_arena *arena,
		   const struct bs_scan_head *head)
{
	if (report->format != &bs_format_scan_text)
		begin_json(report, arena, head);
}

void bs_scan_go_on(struct bs_report *report, const struct bs_scan_record *record, const char *line)
{
	if (!(report->show & BS_SCAN_PROGRAMS))
		return;
	if (report->format == &bs_format_scan_text) {
		bs_scan_text_record(report, record);
		return;
	}
	if (!report->format->streams)
		bs_write_text(report->writer, report->has_items ? ",\n    " : "\n    ");
	report->has_items = true;
	bs_write_text(report->writer, line);
	if (report->format->streams)
		bs_write(report->writer, "\n", 1);
}

void bs_scan_end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		 const struct bs_scan_sum *sum)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	if (report->format == &bs_format_scan_text)
		bs_scan_text_end(report, head, sum);
	else if (report->format->streams)
		end_stream(report, &json, sum);
	else
		end_document(report, &json, sum);
}
