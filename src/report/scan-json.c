/* SPDX-License-Identifier: MIT */
/* What `bindsim scan` found, in JSON: schema/bindsim-scan-1.schema.json says what it holds. */
#include "jansson-late.h"
#include "json-writer.h"
#include "scan-report.h"

#include <inttypes.h>

static const char *const parts[] = { "programs", "notes",    "pairs", "objects",
				     "exports",	 "bindings", NULL };

static const struct bs_format json_format = {
	.name = "json",
	.parts = parts,
	.default_show = BS_SCAN_PROGRAMS | BS_SCAN_PAIRS,
	.open = bs_jansson_open,
};

static const struct bs_format ndjson_format = {
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

static void write_fingerprint(struct bs_json *json, uint64_t fingerprint)
{
	bs_json_member(json, "fingerprint",
		       bs_arena_printf(json->arena, "%016" PRIx64, fingerprint));
}

static void write_finding(struct bs_json *json, const struct bs_scan_finding *f, bool is_judged)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "rule", f->rule);
	bs_json_member(json, "level", bs_level_name(f->level));
	bs_json_member_number(json, "step", f->step);
	write_object(json, "from", &f->from);
	write_object(json, "to", &f->to);
	bs_json_member_number(json, "symbols", f->n);
	write_texts(json, "examples", f->examples.v, f->examples.n);
	write_fingerprint(json, f->fingerprint);
	if (f->excuse)
		bs_json_member(json, "excuse", f->excuse);
	if (is_judged)
		bs_json_member(json, "disposition", bs_disposition_name(f->disposition));
	if (f->level_before) {
		bs_json_key(json, "before");
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "level", bs_level_name(f->level_before));
		bs_json_member_number(json, "symbols", f->n_before);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_gone(struct bs_json *json, const struct bs_scan_record *r)
{
	bs_json_key(json, "gone");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &r->gone) {
		const struct bs_scan_gone *gone = &r->gone.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		write_fingerprint(json, gone->fingerprint);
		bs_json_member(json, "rule", gone->rule);
		bs_json_member(json, "from", gone->from);
		bs_json_member(json, "to", gone->to);
		bs_json_member(json, "level", bs_level_name(gone->level));
		bs_json_member_number(json, "symbols", gone->n);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_used(struct bs_json *json, const struct bs_scan_record *r)
{
	bs_json_key(json, "used");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &r->used)
		bs_json_number(json, r->used.v[i]);
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

static void write_libraries(struct bs_json *json, const struct bs_scan_record *r)
{
	bs_json_key(json, "libraries");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &r->libraries) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "library", r->libraries.v[i].library);
		bs_json_member(json, "object", r->libraries.v[i].object);
		bs_json_member_bool(json, "itself", r->libraries.v[i].is_itself);
		bs_json_member(json, "version", r->libraries.v[i].version);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* There are many: each is a short array. */
static void write_bindings(struct bs_json *json, const struct bs_scan_record *r)
{
	write_texts(json, "parties", r->parties.v, r->parties.n);
	bs_json_key(json, "bindings");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &r->bindings) {
		const struct bs_scan_binding *b = &r->bindings.v[i];

		bs_json_array(json, BS_JSON_INLINE);
		bs_json_number(json, b->step);
		bs_json_number(json, b->from);
		if (b->to == UINT32_MAX)
			bs_json_null(json);
		else
			bs_json_number(json, b->to);
		bs_json_string(json, b->symbol);
		bs_json_string(json, b->version);
		bs_json_word(json, b->waits ? "first-call" : "load");
		bs_json_close(json);
	}
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
	if (r->libraries.n)
		write_libraries(json, r);
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
		write_finding(json, &r->findings.v[i], r->is_judged);
	bs_json_close(json);
	if (r->bindings.n)
		write_bindings(json, r);
	if (r->used.n)
		write_used(json, r);
	if (r->gone.n)
		write_gone(json, r);
	if (r->diags.list.n)
		bs_json_diagnostics(json, &r->diags);
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

/* ---- a file ---------------------------------------------------------------------------------- */

static void write_file(struct bs_json *json, const struct bs_scan_file *f)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "type", "file");
	bs_json_member(json, "name", f->name);
	bs_json_member(json, "path", f->path);
	bs_json_member(json, "soname", f->soname);
	bs_json_member(json, "build_id", f->build_id);
	bs_json_member_number(json, "size", f->size);
	bs_json_member(json, "machine", f->machine);
	write_texts(json, "needed", f->needed.v, f->needed.n);
	bs_json_key(json, "exports");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &f->exports) {
		const struct bs_scan_export *e = &f->exports.v[i];

		bs_json_array(json, BS_JSON_INLINE);
		bs_json_string(json, e->symbol);
		bs_json_string(json, e->version);
		bs_json_bool(json, e->is_default);
		bs_json_string(json, e->type);
		bs_json_string(json, e->binding);
		bs_json_number(json, e->size);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_close(json);
}

const char *bs_scan_file_line(struct bs_arena *arena, const struct bs_scan_file *file)
{
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct bs_json json = { .out = writer, .arena = arena };

	writer->arena = arena;
	write_file(&json, file);
	return bs_writer_text(writer);
}

/* ---- the others ------------------------------------------------------------------------------ */

/* Who judges, and what is told of the policy when all programs are through. */
static void write_judge(struct bs_json *json, const struct bs_scan_head *head)
{
	bs_json_key(json, "judged");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "policy", head->policy);
	bs_json_member_bool(json, "baseline", head->has_baseline);
	bs_json_member(json, "fail_on", bs_level_name(head->fail_on));
	bs_json_key(json, "sections");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &head->watches) {
		const struct bs_watch *watch = &head->watches.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "line", watch->line);
		bs_json_member(json, "rule", bs_rule_text(watch->rule)->slug);
		bs_json_member(json, "level", bs_level_name(watch->level));
		bs_json_member(json, "words", watch->words);
		bs_json_member(json, "excuse", watch->excuse);
		bs_json_member_bool(json, "expired", watch->has_expired);
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_close(json);
}

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
	bs_json_member_bool(json, "root", head->has_root);
	bs_json_member_bool(json, "libraries", head->libraries);
	bs_json_member_bool(json, "notes", head->notes);
	bs_json_member_bool(json, "objects", head->objects);
	bs_json_member_bool(json, "exports", head->exports);
	bs_json_member_bool(json, "bindings", head->bindings);
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
	if (bs_scan_is_judged(head))
		write_judge(json, head);
}

static void write_schema(struct bs_json *json)
{
	bs_json_member(json, "schema", BS_SCAN_SCHEMA);
	bs_json_member(json, "schema_version", "1.2");
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

/* What the policy and the baseline make of all findings. */
static void write_verdict(struct bs_json *json, const struct bs_scan_sum *sum)
{
	bs_json_key(json, "verdict");
	bs_json_object(json, BS_JSON_INLINE);
	for (enum bs_disposition d = 0; d < BS_DISPOSITION_COUNT_; d++)
		bs_json_member_number(json, bs_disposition_name(d), sum->n_dispositions[d]);
	bs_json_member_number(json, "gone", sum->n_gone);
	bs_json_key(json, "of_policy");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "rule", bs_rule_text(watch->rule)->slug);
		bs_json_member(json, "level", bs_level_name(watch->level));
		bs_json_member(json, "words", watch->words);
		bs_json_member(json, "disposition",
			       bs_disposition_name(sum->of_policy.v[i].disposition));
		bs_json_close(json);
	}
	bs_json_close(json);
	bs_json_close(json);
}

static void write_sum(struct bs_json *json, const struct bs_scan_sum *sum,
		      const struct bs_scan_head *head)
{
	bs_json_member(json, "reason", bs_scan_reason(sum, head->fail_on));
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
	if (bs_scan_is_judged(head))
		write_verdict(json, sum);
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
		       const struct bs_scan_head *head, const struct bs_scan_sum *sum)
{
	for (uint32_t i = 0; i < sum->pairs.n && report->show & BS_SCAN_PAIRS; i++) {
		write_pair(json, &sum->pairs.v[i]);
		bs_write(report->writer, "\n", 1);
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_word(json, "type", "end");
	write_sum(json, sum, head);
	bs_json_close(json);
	bs_write(report->writer, "\n", 1);
}

/* The document's own braces are written here: its items come as lines that are made already. */
static void end_document(struct bs_report *report, struct bs_json *json,
			 const struct bs_scan_head *head, const struct bs_scan_sum *sum)
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
	write_sum(json, sum, head);
	bs_json_close(json);
	bs_write_literal(report->writer, "\n}\n");
}

/* Lines are items of the array "results" in a document. Files come among them. */
static void write_item(struct bs_report *report, const char *line)
{
	if (!report->format->streams)
		bs_write_text(report->writer, report->has_items ? ",\n    " : "\n    ");
	report->has_items = true;
	bs_write_text(report->writer, line);
	if (report->format->streams)
		bs_write(report->writer, "\n", 1);
}

static void go_on_with_file(struct bs_report *report, struct bs_arena *scratch,
			    const struct bs_scan_file *file, const char *line)
{
	(void)scratch;
	(void)file;
	if (report->show & BS_SCAN_PROGRAMS && report->show & BS_SCAN_EXPORTS)
		write_item(report, line);
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	(void)scratch;
	(void)record;
	if (report->show & BS_SCAN_PROGRAMS)
		write_item(report, line);
}

static void end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		const struct bs_scan_sum *sum)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	if (report->format->streams)
		end_stream(report, &json, head, sum);
	else
		end_document(report, &json, head, sum);
}

const struct bs_scan_format bs_scan_json = {
	.format = &json_format,
	.begin = begin_json,
	.file = go_on_with_file,
	.record = go_on,
	.end = end,
};

const struct bs_scan_format bs_scan_ndjson = {
	.format = &ndjson_format,
	.begin = begin_json,
	.file = go_on_with_file,
	.record = go_on,
	.end = end,
};
