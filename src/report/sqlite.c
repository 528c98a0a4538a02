/* SPDX-License-Identifier: MIT */
/*
 * --format=sqlite: the records of the JSON formats as rows, what the objects' files define, and
 * views for the questions that are asked most. sqlite/schema.sql says what there is. A database
 * has one run, or those of all plans of a check.
 */
#include "sqlite-priv.h"

#include "sqlite-late.h"

#include <stdlib.h>

static const char *const parts[] = { "steps",	 "objects",    "bindings",	     "slots",
				     "findings", "scopes",     "searches",	     "demangled",
				     "mapped",	 "suppressed", BS_PART_DLOPEN_NOTES, "definitions",
				     NULL };

enum {
	DEFAULT_SHOW = SHOW_STEPS | SHOW_OBJECTS | SHOW_BINDINGS | SHOW_FINDINGS | SHOW_SCOPES |
		       SHOW_DEMANGLED | SHOW_SUPPRESSED | SHOW_DLOPEN_NOTES | SHOW_DEFINITIONS,
};

extern const char bs_sqlite_schema[], bs_sqlite_views[];

static const char *const table_names[] = {
#define T(id, name) [BS_TABLE_##id] = name,
	BS_SQLITE_TABLES(T)
#undef T
};

static const struct bs_sqlite_layout layout = {
	.name = "bindsim-sqlite-1",
	.version = "1.0",
	.schema = bs_sqlite_schema,
	.views = bs_sqlite_views,
	.table_names = table_names,
	.n_tables = BS_TABLE_COUNT_,
	.document = BS_TABLE_DOCUMENT,
	.symbols = BS_TABLE_SYMBOLS,
	.versions = BS_TABLE_VERSIONS,
};

/* ---- the database ---------------------------------------------------------------------------- */

/* It is kept from plan to plan, with the number of runs in it. */
struct bs_document {
	struct bs_sqlite *db;
	uint32_t n_runs;
};

static void drop(struct bs_report *report)
{
	if (report->document)
		bs_sqlite_free(report->document->db);
	free(report->document);
	report->document = NULL;
}

static struct bs_document *document_of(struct bs_report *report, struct bs_arena *arena)
{
	if (!report->document)
		report->document = calloc(1, sizeof *report->document);
	if (!report->document)
		bs_arena_exhausted(arena);
	if (report->document->db)
		bs_sqlite_unwind_with(report->document->db, arena);
	else
		report->document->db = bs_sqlite_new(arena, &layout);
	return report->document;
}

static void write_database(struct bs_report *report)
{
	bs_sqlite_write(report->document->db, report->writer);
	drop(report);
}

/* ---- a run ----------------------------------------------------------------------------------- */

static void begin(struct bs_report *report, const struct bs_run *run)
{
	struct bs_document *document = document_of(report, run->ctx.arena);
	struct bs_sqlite_run *state = bs_new(run->ctx.arena, struct bs_sqlite_run, 1);

	state->db = document->db;
	state->number = ++document->n_runs;
	report->state = state;
}

static void take_findings(struct bs_report *report, const struct bs_run *run,
			  const bs_findings *findings)
{
	struct bs_json_report *sums = &bs_sqlite_run_of(report)->sums;

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		sums->levels[f->level]++;
		if (report->show & SHOW_FINDINGS &&
		    bs_selected_pair(&report->selection, run, f->from, f->to))
			bs_vec_push(run->ctx.arena, &sums->findings, *f);
	}
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	struct bs_json_report *sums = &bs_sqlite_run_of(report)->sums;
	const struct bs_counts counts = bs_count(run, result);

	bs_counts_add(&sums->totals, &counts);
	sums->refused += bs_is_refusal(result);
	bs_json_note_calls(sums, run, result);
	bs_sqlite_step(report, run, result, &counts);
	bs_sqlite_bindings(report, run, result);
	take_findings(report, run, findings);
}

/* ---- its row --------------------------------------------------------------------------------- */

static void put_question(struct bs_sqlite *db, const struct bs_run *run)
{
	const struct bs_plan *plan = run->plan;

	bs_put_text(db, plan->executable);
	bs_put_text(db, run->program);
	bs_put_word(db, run->profile->name);
	bs_put_word(db, run->profile->title);
	bs_put_word(db, run->setup.target.machine->name);
	bs_put_text(db, run->interp);
	bs_put_text(db, plan->root);
	bs_put_text(db, plan->cwd);
	bs_put_number(db, run->bind_now);
	bs_put_number(db, plan->secure);
	bs_put_text(db, plan->library_path);
	bs_put_text(db, plan->preload);
	bs_put_number(db, plan->inhibit_cache);
	bs_put_number(db, plan->ldconfig);
	bs_put_text(db, plan->inhibit_rpath);
	bs_put_text(db, plan->cpu);
	bs_put_text(db, plan->platform);
	bs_put_text(db, plan->hwcaps_mask);
	bs_put_text(db, plan->hwcaps_prepend);
}

static void put_selection(struct bs_sqlite *db, const struct bs_report *report,
			  const struct bs_run *run)
{
	const char *names = "";

	for (unsigned i = 0; parts[i]; i++)
		if (report->show >> i & 1)
			names = bs_arena_printf(run->ctx.arena, "%s%s%s", names, *names ? "," : "",
						parts[i]);
	bs_put_word(db, names);
	bs_put_text(db, report->selection.symbol);
	bs_put_text(db, report->selection.from);
	bs_put_text(db, report->selection.to);
}

/* What a check makes of the run; NULL where nobody judges. */
static void put_verdict(struct bs_sqlite *db, const struct bs_report *report, bool refused)
{
	struct bs_tally tally = { { 0 } };
	const struct bs_policy *policy = NULL;
	const char *verdict = NULL;

	if (report->judge) {
		tally = bs_judge_tally(report->judge);
		policy = bs_judge_policy(report->judge);
		verdict = refused || tally.n[BS_COUNTS] ? "failed" : "passed";
	}
	bs_put_word(db, verdict);
	bs_put_text(db, policy ? policy->path : NULL);
	for (enum bs_disposition d = 0; d < BS_DISPOSITION_COUNT_; d++)
		bs_put_if(db, report->judge != NULL, tally.n[d]);
}

static void put_sums(struct bs_sqlite *db, const struct bs_report *report,
		     const struct bs_json_report *sums)
{
	const struct bs_counts *totals = &sums->totals;

	bs_put_number(db, totals->objects);
	bs_put_number(db, totals->bindings);
	bs_put_number(db, totals->first_call);
	bs_put_number(db, totals->local);
	bs_put_number(db, totals->weak_unresolved);
	bs_put_number(db, totals->undefined);
	bs_put_number(db, sums->refused);
	bs_put_number(db, sums->levels[BS_LEVEL_ERROR]);
	bs_put_number(db, sums->levels[BS_LEVEL_WARNING]);
	bs_put_number(db, sums->levels[BS_LEVEL_NOTE]);
	bs_put_number(db, report->checker ? bs_left_out_count(report->checker) : 0);
}

static void put_run(struct bs_report *report, const struct bs_run *run)
{
	const struct bs_json_report *sums = &bs_sqlite_run_of(report)->sums;
	struct bs_sqlite *db = bs_run_row(report, BS_TABLE_RUNS);

	bs_put_text(db, report->judge ? bs_judge_plan(report->judge) : NULL);
	put_question(db, run);
	put_selection(db, report, run);
	bs_put_word(db, sums->refused ? "refused" : "ok");
	bs_put_word(db, bs_json_reason(report));
	bs_put_word(db, bs_level_name(report->fail_on));
	put_verdict(db, report, sums->refused != 0);
	put_sums(db, report, sums);
	bs_row_end(db);
}

static void put_variable(const struct bs_report *report, const char *kind, uint32_t position,
			 const struct bs_variable *variable)
{
	struct bs_sqlite *db = bs_run_row(report, BS_TABLE_VARIABLES);

	bs_put_word(db, kind);
	bs_put_number(db, position);
	bs_put_text(db, variable->name);
	bs_put_text(db, variable->value);
	bs_row_end(db);
}

static void put_surroundings(const struct bs_report *report, const struct bs_run *run)
{
	const struct bs_plan *plan = run->plan;

	bs_vec_each (i, &run->counted)
		put_variable(report, "environment", i, &run->counted.v[i]);
	for (uint32_t i = 0; i < plan->n_settings; i++)
		put_variable(report, "setting", i, &plan->settings[i]);
	for (uint32_t i = 0; i < plan->n_blocks; i++) {
		struct bs_sqlite *db = bs_run_row(report, BS_TABLE_BLOCKS);

		bs_put_number(db, i + 1);
		bs_put_text(db, plan->blocks[i].object);
		bs_row_end(db);
	}
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	take_findings(report, run, findings);
	put_run(report, run);
	put_surroundings(report, run);
	bs_sqlite_objects(report, run);
	bs_sqlite_slots(report, run);
	bs_sqlite_findings(report, run);
	bs_sqlite_suppressed(report, run);
	bs_sqlite_notes(report, run);
	bs_sqlite_diagnostics(report, run);
	bs_sqlite_gone(report);
	if (!report->is_framed)
		write_database(report);
}

/* The runs say what they come to together. */
static void end_check(struct bs_report *report, struct bs_arena *arena,
		      const struct bs_check_sum *sum)
{
	(void)sum;
	/* None was simulated: the check comes to nothing, and nothing of it is kept. */
	if (!report->document)
		return;
	bs_sqlite_unwind_with(report->document->db, arena);
	write_database(report);
}

static const struct bs_frame frame = { .begin = "", .between = "", .end = "", .sum = end_check };

const struct bs_format bs_format_sqlite = {
	.name = "sqlite",
	.parts = parts,
	.default_show = DEFAULT_SHOW,
	/* What notes count is marked in bindings, too. */
	.notes = SHOW_FINDINGS | SHOW_BINDINGS,
	.traces = true,
	.is_binary = true,
	.open = bs_sqlite_open,
	.begin = begin,
	.step = step,
	.end = end,
	.drop = drop,
	.frame = &frame,
};
