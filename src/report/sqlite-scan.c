/* SPDX-License-Identifier: MIT */
/*
 * `bindsim scan --format=sqlite`: the records of a scan as rows. sqlite/scan-schema.sql says what
 * there is. The database is a file from its beginning; what is kept in memory of it grows with the
 * names of symbols and objects, and not with the runs.
 */
#include "scan-report.h"
#include "sqlite-late.h"
#include "sqlite-priv.h"

#include <inttypes.h>
#include <stdlib.h>

#define TABLES(T)                                                                                  \
	T(BINDINGS, "bindings")                                                                    \
	T(DEFINITIONS, "definitions")                                                              \
	T(DIAGNOSTICS, "diagnostics")                                                              \
	T(DOCUMENT, "document")                                                                    \
	T(FILES, "files")                                                                          \
	T(FINDINGS, "findings")                                                                    \
	T(FINDING_SYMBOLS, "finding_symbols")                                                      \
	T(GONE, "gone")                                                                            \
	T(KNOWN_LIBRARIES, "known_libraries")                                                      \
	T(LOADS, "loads")                                                                          \
	T(NEEDED, "needed")                                                                        \
	T(OBJECTS, "objects")                                                                      \
	T(OF_POLICY, "of_policy")                                                                  \
	T(PAIRS, "pairs")                                                                          \
	T(REFUSALS, "refusals")                                                                    \
	T(RUNS, "runs")                                                                            \
	T(SCAN, "scan")                                                                            \
	T(SYMBOLS, "symbols")                                                                      \
	T(VERSIONS, "versions")

enum table {
#define T(id, name) TABLE_##id,
	TABLES(T)
#undef T
		TABLE_COUNT_
};

static const char *const table_names[] = {
#define T(id, name) [TABLE_##id] = name,
	TABLES(T)
#undef T
};

extern const char bs_sqlite_scan_schema[], bs_sqlite_scan_views[];

static const struct bs_sqlite_layout layout = {
	.name = "bindsim-scan-sqlite-1",
	.version = "1.1",
	.schema = bs_sqlite_scan_schema,
	.views = bs_sqlite_scan_views,
	.table_names = table_names,
	.n_tables = TABLE_COUNT_,
	.document = TABLE_DOCUMENT,
	.symbols = TABLE_SYMBOLS,
	.versions = TABLE_VERSIONS,
};

/* The database, from record to record. */
struct bs_document {
	struct bs_sqlite *db;
	struct bs_names *objects, *paths; /* their ids count from 1 on */
	bs_name last_object, last_path;	  /* that has a row */
	uint32_t n_runs;
};

static void drop(struct bs_report *report)
{
	if (report->document)
		bs_sqlite_free(report->document->db);
	report->document = NULL;
}

static void begin(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head)
{
	struct bs_document *document = bs_new(arena, struct bs_document, 1);

	(void)head;
	document->objects = bs_names_new(arena);
	document->paths = bs_names_new(arena);
	document->db = bs_sqlite_new_file(arena, &layout, report->file);
	report->document = document;
}

/* ---- files and objects ----------------------------------------------------------------------- */

static void put_file(struct bs_document *document, const struct bs_scan_file *f, uint32_t id)
{
	struct bs_sqlite *db = document->db;

	bs_row(db, TABLE_FILES);
	bs_put_number(db, id);
	bs_put_text(db, f->path ? f->path : f->name);
	bs_put_text(db, f->soname);
	bs_put_text(db, f->build_id);
	bs_put_number(db, f->size);
	bs_put_text(db, f->machine);
	bs_row_end(db);
	bs_vec_each (i, &f->needed) {
		bs_row(db, TABLE_NEEDED);
		bs_put_number(db, id);
		bs_put_number(db, i);
		bs_put_text(db, f->needed.v[i]);
		bs_row_end(db);
	}
	bs_vec_each (i, &f->exports) {
		const struct bs_scan_export *e = &f->exports.v[i];
		uint32_t symbol = bs_sqlite_symbol(db, e->symbol, true);
		uint32_t version = bs_sqlite_version(db, e->version);

		bs_row(db, TABLE_DEFINITIONS);
		bs_put_number(db, id);
		bs_put_number(db, i);
		bs_put_number(db, symbol);
		bs_put_id(db, version);
		bs_put_number(db, e->is_default);
		bs_put_text(db, e->type);
		bs_put_text(db, e->binding);
		bs_put_number(db, e->size);
		bs_row_end(db);
	}
}

/* The object NAME, whose file is FILE if it is new; 0: nobody says so. */
static uint32_t object_of(struct bs_document *document, const char *name, uint32_t file)
{
	bs_name id = bs_name_of(document->objects, name);
	struct bs_sqlite *db = document->db;

	if (id <= document->last_object)
		return id;
	document->last_object = id;
	bs_row(db, TABLE_OBJECTS);
	bs_put_number(db, id);
	bs_put_text(db, name);
	bs_put_id(db, file);
	bs_row_end(db);
	return id;
}

/* Two names may lead to one file. */
static void take_file(struct bs_report *report, struct bs_arena *scratch,
		      const struct bs_scan_file *f, const char *line)
{
	struct bs_document *document = report->document;

	(void)line;
	if (!(report->show & BS_SCAN_EXPORTS))
		return;
	bs_sqlite_unwind_with(document->db, scratch);
	bs_name id = bs_name_of(document->paths, f->path ? f->path : f->name);

	if (id > document->last_path) {
		document->last_path = id;
		put_file(document, f, id);
	}
	object_of(document, f->name, id);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static struct bs_sqlite *run_row(const struct bs_document *document, enum table table,
				 uint32_t position)
{
	bs_row(document->db, table);
	bs_put_number(document->db, document->n_runs);
	bs_put_number(document->db, position);
	return document->db;
}

static void put_run(struct bs_document *document, const struct bs_scan_record *r)
{
	struct bs_sqlite *db = document->db;

	bs_row(db, TABLE_RUNS);
	bs_put_number(db, document->n_runs);
	bs_put_text(db, r->path);
	bs_put_number(db, r->is_library);
	bs_put_text(db, r->plugin);
	bs_put_number(db, r->n_plugins);
	bs_put_text(db, r->machine);
	bs_put_text(db, r->loader);
	bs_put_text(db, r->build_id);
	bs_put_word(db, bs_scan_outcome_name(r->outcome));
	bs_put_text(db, r->problem);
	bs_put_number(db, r->n_objects);
	bs_put_number(db, r->n_levels[BS_LEVEL_ERROR]);
	bs_put_number(db, r->n_levels[BS_LEVEL_WARNING]);
	bs_put_number(db, r->n_levels[BS_LEVEL_NOTE]);
	bs_row_end(db);
}

static void put_objects(struct bs_document *document, const struct bs_scan_record *r)
{
	struct bs_sqlite *db;

	bs_vec_each (i, &r->objects) {
		uint32_t object = object_of(document, r->objects.v[i], 0);

		db = run_row(document, TABLE_LOADS, i);
		bs_put_number(db, object);
		bs_row_end(db);
	}
	bs_vec_each (i, &r->libraries) {
		uint32_t object = object_of(document, r->libraries.v[i].object, 0);

		db = run_row(document, TABLE_KNOWN_LIBRARIES, i);
		bs_put_number(db, object);
		bs_put_text(db, r->libraries.v[i].library);
		bs_put_number(db, r->libraries.v[i].is_itself);
		bs_put_text(db, r->libraries.v[i].version);
		bs_row_end(db);
	}
}

static void put_fingerprint(struct bs_sqlite *db, uint64_t fingerprint, char text[static 17])
{
	snprintf(text, 17, "%016" PRIx64, fingerprint);
	bs_put_word(db, text);
}

static void put_finding(struct bs_document *document, const struct bs_scan_record *r, uint32_t i)
{
	const struct bs_scan_finding *f = &r->findings.v[i];
	struct bs_sqlite *db = run_row(document, TABLE_FINDINGS, i);
	char fingerprint[17];

	bs_put_text(db, f->rule);
	put_fingerprint(db, f->fingerprint, fingerprint);
	bs_put_word(db, bs_level_name(f->level));
	bs_put_word(db, r->is_judged ? bs_disposition_name(f->disposition) : NULL);
	bs_put_text(db, f->excuse);
	bs_put_number(db, f->step);
	bs_put_text(db, f->from.name);
	bs_put_text(db, f->from.lasting);
	bs_put_text(db, f->to.name);
	bs_put_text(db, f->to.lasting);
	bs_put_number(db, f->n);
	bs_row_end(db);
	bs_vec_each (k, &f->examples) {
		uint32_t symbol = bs_sqlite_symbol(db, f->examples.v[k], true);

		run_row(document, TABLE_FINDING_SYMBOLS, i);
		bs_put_number(db, k);
		bs_put_number(db, symbol);
		bs_row_end(db);
	}
}

static void put_findings(struct bs_document *document, const struct bs_scan_record *r)
{
	struct bs_sqlite *db;
	char fingerprint[17];

	bs_vec_each (i, &r->refusals) {
		db = run_row(document, TABLE_REFUSALS, i);
		bs_put_number(db, r->refusals.v[i].step);
		bs_put_text(db, r->refusals.v[i].message);
		bs_row_end(db);
	}
	bs_vec_each (i, &r->findings)
		put_finding(document, r, i);
	bs_vec_each (i, &r->gone) {
		const struct bs_scan_gone *gone = &r->gone.v[i];

		db = run_row(document, TABLE_GONE, i);
		put_fingerprint(db, gone->fingerprint, fingerprint);
		bs_put_text(db, gone->rule);
		bs_put_text(db, gone->from);
		bs_put_text(db, gone->to);
		bs_put_word(db, bs_level_name(gone->level));
		bs_put_number(db, gone->n);
		bs_row_end(db);
	}
}

static void put_diagnostics(struct bs_document *document, struct bs_arena *scratch,
			    const struct bs_scan_record *r)
{
	bs_vec_each (i, &r->diags.list) {
		run_row(document, TABLE_DIAGNOSTICS, i);
		bs_sqlite_diagnostic(document->db, scratch, &r->diags.list.v[i]);
	}
}

static void put_bindings(struct bs_document *document, const struct bs_scan_record *r)
{
	struct bs_sqlite *db = document->db;

	bs_vec_each (i, &r->bindings) {
		const struct bs_scan_binding *b = &r->bindings.v[i];
		uint32_t symbol = bs_sqlite_symbol(db, b->symbol, true);
		uint32_t version = bs_sqlite_version(db, b->version);
		uint32_t from = object_of(document, r->parties.v[b->from], 0);
		uint32_t to = b->to == UINT32_MAX ? 0 : object_of(document, r->parties.v[b->to], 0);

		run_row(document, TABLE_BINDINGS, i);
		bs_put_number(db, b->step);
		bs_put_number(db, from);
		bs_put_number(db, symbol);
		bs_put_id(db, version);
		bs_put_id(db, to);
		bs_put_word(db, b->waits ? "first-call" : "load");
		bs_row_end(db);
	}
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	struct bs_document *document = report->document;

	(void)line;
	if (!(report->show & BS_SCAN_PROGRAMS))
		return;
	bs_sqlite_unwind_with(document->db, scratch);
	document->n_runs++;
	put_run(document, record);
	if (report->show & BS_SCAN_OBJECTS)
		put_objects(document, record);
	put_findings(document, record);
	put_diagnostics(document, scratch, record);
	if (report->show & BS_SCAN_BINDINGS)
		put_bindings(document, record);
}

/* ---- the end --------------------------------------------------------------------------------- */

static const char *joined(struct bs_arena *arena, const bs_scan_texts *texts)
{
	const char *all = "";

	bs_vec_each (i, texts)
		all = bs_arena_printf(arena, "%s%s%s", all, i ? "\n" : "", texts->v[i]);
	return all;
}

static void put_scan(struct bs_sqlite *db, struct bs_arena *arena, const struct bs_scan_head *head,
		     const struct bs_scan_sum *sum)
{
	bs_row(db, TABLE_SCAN);
	bs_put_text(db, head->question);
	bs_put_text(db, head->is_list ? NULL : joined(arena, &head->paths));
	bs_put_number(db, head->libraries);
	bs_put_text(db, joined(arena, &head->plugins));
	bs_put_text(db, joined(arena, &head->steps));
	bs_put_number(db, head->notes);
	bs_put_id(db, head->part);
	bs_put_id(db, head->n_parts);
	bs_put_text(db, head->policy);
	bs_put_word(db, bs_level_name(head->fail_on));
	bs_put_word(db, bs_scan_reason(sum, head->fail_on));
	bs_put_number(db, sum->n_programs);
	bs_put_number(db, sum->n_records);
	bs_put_number(db, sum->n_outcomes[BS_SCAN_REFUSED]);
	bs_put_number(db, sum->n_outcomes[BS_SCAN_UNANSWERED]);
	bs_put_number(db, head->skipped.n_static);
	bs_put_number(db, head->skipped.n_scripts);
	bs_put_number(db, head->skipped.n_foreign);
	bs_put_number(db, head->skipped.n_other);
	bs_put_number(db, head->skipped.n_unreadable);
	bs_row_end(db);
}

static void put_pairs(struct bs_sqlite *db, const struct bs_scan_sum *sum)
{
	bs_vec_each (i, &sum->pairs) {
		const struct bs_scan_pair *pair = &sum->pairs.v[i];

		bs_row(db, TABLE_PAIRS);
		bs_put_number(db, i + 1);
		bs_put_text(db, pair->rule);
		bs_put_word(db, bs_level_name(pair->level));
		bs_put_text(db, pair->from);
		bs_put_text(db, pair->to);
		bs_put_number(db, pair->n_programs);
		bs_put_number(db, pair->n_most);
		bs_row_end(db);
	}
}

static void end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		const struct bs_scan_sum *sum)
{
	struct bs_sqlite *db = report->document->db;

	bs_sqlite_unwind_with(db, arena);
	put_scan(db, arena, head, sum);
	if (report->show & BS_SCAN_PAIRS)
		put_pairs(db, sum);
	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;

		bs_row(db, TABLE_OF_POLICY);
		bs_put_number(db, i + 1);
		bs_put_word(db, bs_rule_text(watch->rule)->slug);
		bs_put_word(db, bs_level_name(watch->level));
		bs_put_word(db, bs_disposition_name(sum->of_policy.v[i].disposition));
		bs_put_text(db, watch->words);
		bs_row_end(db);
	}
	bs_sqlite_finish(db, report->writer);
	drop(report);
}

static const char *const parts[] = { "programs", "notes",    "pairs", "objects",
				     "exports",	 "bindings", NULL };

static const struct bs_format format = {
	.name = "sqlite",
	.parts = parts,
	.default_show = BS_SCAN_PROGRAMS | BS_SCAN_PAIRS | BS_SCAN_OBJECTS | BS_SCAN_EXPORTS,
	.is_binary = true,
	.open = bs_sqlite_open,
};

const struct bs_scan_format bs_scan_sqlite = {
	.format = &format,
	.begin = begin,
	.file = take_file,
	.record = go_on,
	.end = end,
	.drop = drop,
	.wants_file = true,
};
