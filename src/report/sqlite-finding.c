/* SPDX-License-Identifier: MIT */
/* Findings, their evidence, what is none, and what else the end of a run shows. */
#include "sqlite-priv.h"

#include <inttypes.h>

/* Begins a row of TABLE for the finding number N, or what else has such numbers. */
static struct bs_sqlite *numbered_row(struct bs_report *report, enum bs_sqlite_table table,
				      uint32_t n)
{
	struct bs_sqlite *db = bs_run_row(report, table);

	bs_put_number(db, n);
	return db;
}

/* A row of TABLE, which has symbols of N. */
static void put_symbol(struct bs_report *report, enum bs_sqlite_table table, uint32_t n,
		       uint32_t position, const char *name)
{
	uint32_t symbol = bs_run_symbol(report, name);
	struct bs_sqlite *db = numbered_row(report, table, n);

	bs_put_number(db, position);
	bs_put_number(db, symbol);
	bs_row_end(db);
}

/* ---- findings -------------------------------------------------------------------------------- */

static void put_finding(struct bs_report *report, const struct bs_run *run, uint32_t n,
			const struct bs_finding *f)
{
	struct bs_sqlite *db = numbered_row(report, BS_TABLE_FINDINGS, n);
	bool has_excuse = report->judge && f->disposition == BS_SUPPRESSED && *f->excuse;

	bs_put_word(db, bs_rule_text(f->rule)->slug);
	bs_put_word(db,
		    bs_arena_printf(run->ctx.arena, "%016" PRIx64, bs_finding_fingerprint(run, f)));
	bs_put_word(db, bs_level_name(f->level));
	bs_put_word(db, report->judge ? bs_disposition_name(f->disposition) : NULL);
	bs_put_text(db, has_excuse ? f->excuse : NULL);
	bs_put_number(db, f->step);
	bs_put_map(db, f->from);
	bs_put_map(db, f->to);
	bs_put_map(db, bs_json_tells_before(f) ? f->before : BS_NO_MAP);
	bs_put_map(db, f->rule == BS_RULE_IGNORED_DEEPBIND ? f->instead : BS_NO_MAP);
	bs_put_if(db, bs_json_tells_slot(f), f->slot);
	bs_put_word(db, bs_json_decider(f));
	bs_put_number(db, f->preloaded);
	bs_put_number(db, f->n);
	bs_put_number(db, f->n_functions);
	bs_put_number(db, f->n_data);
	bs_put_number(db, f->n_weak);
	bs_put_number(db, f->n_replaceable);
	bs_put_number(db, f->n_waiting);
	bs_put_number(db, f->n_inside);
	bs_row_end(db);
}

static void put_evidence(struct bs_report *report, uint32_t n, const struct bs_finding *f)
{
	bs_vec_each (i, &f->facts) {
		const struct bs_fact *fact = &f->facts.v[i];
		struct bs_sqlite *db = numbered_row(report, BS_TABLE_EVIDENCE, n);

		bs_put_number(db, i);
		bs_put_word(db, bs_fact_text(fact->kind)->slug);
		bs_put_number(db, fact->n);
		bs_put_number(db, fact->of);
		bs_put_map(db, fact->object);
		bs_put_text(db, fact->text);
		bs_row_end(db);
	}
}

/* ---- proof ----------------------------------------------------------------------------------- */

static void put_definition(struct bs_report *report, uint32_t n, uint32_t position, uint32_t number,
			   const struct bs_proof_side *side)
{
	struct bs_sqlite *db = numbered_row(report, BS_TABLE_PROOF_DEFINITIONS, n);

	bs_put_number(db, position);
	bs_put_number(db, number);
	bs_put_map(db, side->object);
	bs_put_number(db, side->size);
	bs_put_text(db, side->file);
	bs_put_id(db, side->line);
	bs_put_text(db, side->producer);
	bs_put_text(db, side->directory);
	bs_put_text(db, side->debug_file);
	bs_put_word(db, side->unproven ? bs_unproven_text(side->unproven)->slug : NULL);
	bs_row_end(db);
}

static void put_proof_symbol(struct bs_report *report, uint32_t n, uint32_t position,
			     const struct bs_proof_symbol *symbol)
{
	const struct bs_difference *difference = &symbol->difference;
	bool differs = difference->kind != BS_DIFFERENCE_NONE;
	uint32_t id = bs_run_symbol(report, symbol->name);
	struct bs_sqlite *db = numbered_row(report, BS_TABLE_PROOF_SYMBOLS, n);

	bs_put_number(db, position);
	bs_put_number(db, id);
	bs_put_word(db, bs_proof_verdict_name(symbol->verdict));
	bs_put_word(db, differs ? bs_difference_text(difference->kind)->slug : NULL);
	bs_put_text(db, differs ? difference->type : NULL);
	bs_put_text(db, differs ? difference->name : NULL);
	bs_put_text(db, differs ? difference->left : NULL);
	bs_put_text(db, differs ? difference->right : NULL);
	bs_row_end(db);
	put_definition(report, n, position, 0, &symbol->sides[0]);
	put_definition(report, n, position, 1, &symbol->sides[1]);
}

static void put_proof(struct bs_report *report, uint32_t n, const struct bs_proof *proof)
{
	struct bs_sqlite *db;

	if (!proof)
		return;
	db = numbered_row(report, BS_TABLE_PROOFS, n);
	bs_put_word(db, bs_proof_verdict_name(proof->verdict));
	bs_put_word(db, bs_level_name(proof->before));
	bs_put_number(db, proof->n_looked);
	bs_put_number(db, proof->n_compared);
	bs_put_number(db, proof->n_differ);
	bs_put_number(db, proof->n_same_size);
	bs_put_number(db, proof->n_alike);
	bs_put_number(db, proof->n_code);
	bs_put_if(db, proof->has_build_ids, proof->same_build);
	bs_row_end(db);
	for (uint32_t i = 0; i < proof->n_symbols; i++)
		put_proof_symbol(report, n, i, &proof->symbols[i]);
}

void bs_sqlite_findings(struct bs_report *report, const struct bs_run *run)
{
	const bs_findings *findings = &bs_sqlite_run_of(report)->sums.findings;

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		put_finding(report, run, i, f);
		for (uint32_t k = 0; k < f->n_examples; k++)
			put_symbol(report, BS_TABLE_FINDING_SYMBOLS, i, k,
				   bs_run_symbol_name(run, &f->examples[k]));
		put_evidence(report, i, f);
		put_proof(report, i, f->proof);
	}
}

/* ---- what else the end shows ----------------------------------------------------------------- */

void bs_sqlite_suppressed(struct bs_report *report, const struct bs_run *run)
{
	const struct bs_left_out *item;
	uint32_t at = 0;

	for (uint32_t i = 0; (item = bs_json_next_left_out(report, run, &at)); i++) {
		struct bs_sqlite *db = numbered_row(report, BS_TABLE_SUPPRESSED, i);

		bs_put_number(db, item->from);
		bs_put_number(db, item->to);
		bs_put_word(db, bs_reason_text(item->reason)->slug);
		bs_put_number(db, item->n);
		bs_row_end(db);
		for (uint32_t k = 0; k < item->n_examples; k++)
			put_symbol(report, BS_TABLE_SUPPRESSED_SYMBOLS, i, k, item->examples[k]);
	}
}

static void put_soname(struct bs_report *report, uint32_t note, uint32_t position,
		       const char *soname, const struct bs_sought *sought)
{
	struct bs_sqlite *db = numbered_row(report, BS_TABLE_DLOPEN_NOTE_SONAMES, note);

	bs_put_number(db, position);
	bs_put_text(db, soname);
	bs_put_word(db, bs_json_sought_state(sought));
	bs_put_map(db, sought->map);
	bs_put_text(db, sought->path);
	bs_put_word(db, sought->path ? bs_json_how_name(sought->how) : NULL);
	bs_row_end(db);
}

void bs_sqlite_notes(struct bs_report *report, const struct bs_run *run)
{
	(void)run;
	for (uint32_t i = 0; (report->show & SHOW_DLOPEN_NOTES) && i < report->notes->list.n; i++) {
		const struct bs_note_answer *answer = &report->notes->list.v[i];
		const struct bs_note_entry *entry = &answer->entry;
		struct bs_sqlite *db = numbered_row(report, BS_TABLE_DLOPEN_NOTES, i);

		bs_put_number(db, entry->object);
		bs_put_number(db, entry->number);
		bs_put_text(db, entry->feature);
		bs_put_text(db, entry->description);
		bs_put_word(db, bs_note_priority_name(entry->priority));
		bs_put_id(db, answer->step);
		bs_row_end(db);
		bs_vec_each (k, &entry->sonames)
			put_soname(report, i, k, entry->sonames.v[k], &answer->sought.v[k]);
	}
}

void bs_sqlite_diagnostic(struct bs_sqlite *db, struct bs_arena *arena, const struct bs_diag *d)
{
	bs_put_word(db, bs_diag_slug(d->code));
	bs_put_text(db, d->path);
	bs_put_if(db, d->offset != BS_NO_OFFSET, d->offset);
	bs_put_word(db, bs_sqlite_errno(arena, d->os_error));
	bs_put_text(db, d->detail);
	bs_row_end(db);
}

void bs_sqlite_diagnostics(struct bs_report *report, const struct bs_run *run)
{
	const struct bs_diags *diags = run->ctx.diags;

	bs_vec_each (i, &diags->list)
		bs_sqlite_diagnostic(numbered_row(report, BS_TABLE_DIAGNOSTICS, i), run->ctx.arena,
				     &diags->list.v[i]);
}

void bs_sqlite_gone(struct bs_report *report)
{
	const struct bs_known_finding *known;
	uint32_t at = 0;

	for (uint32_t i = 0;
	     report->judge && (known = bs_judge_next_gone(report->judge, &at)) != NULL; i++) {
		struct bs_sqlite *db = numbered_row(report, BS_TABLE_GONE, i);
		char fingerprint[17];

		snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, known->fingerprint);
		bs_put_word(db, fingerprint);
		bs_put_text(db, known->rule);
		bs_put_text(db, known->from);
		bs_put_text(db, *known->to ? known->to : NULL);
		bs_put_word(db, bs_level_name(known->level));
		bs_put_number(db, known->n);
		bs_row_end(db);
	}
}
