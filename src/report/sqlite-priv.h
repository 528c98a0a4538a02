/* SPDX-License-Identifier: MIT */
/*
 * sqlite-priv.h - what the files of the SQLite report share
 *
 * The database is made in memory and written when it is complete. It outlives a run: the plans of a
 * check are runs of one database.
 */
#pragma once

#include "json-priv.h"

/* Tables, as sqlite/schema.sql has them. */
#define BS_SQLITE_TABLES(T)                                                                        \
	T(ANSWERS, "answers")                                                                      \
	T(BINDINGS, "bindings")                                                                    \
	T(BLOCKS, "blocks")                                                                        \
	T(DEFINITIONS, "definitions")                                                              \
	T(DEMANDS, "demands")                                                                      \
	T(DIAGNOSTICS, "diagnostics")                                                              \
	T(DLOPEN_NOTES, "dlopen_notes")                                                            \
	T(DLOPEN_NOTE_SONAMES, "dlopen_note_sonames")                                              \
	T(DOCUMENT, "document")                                                                    \
	T(EVIDENCE, "evidence")                                                                    \
	T(FILES, "files")                                                                          \
	T(FINDINGS, "findings")                                                                    \
	T(FINDING_SYMBOLS, "finding_symbols")                                                      \
	T(GONE, "gone")                                                                            \
	T(HINTS, "hints")                                                                          \
	T(KNOWN_LIBRARIES, "known_libraries")                                                      \
	T(LISTS, "lists")                                                                          \
	T(MANNERS, "manners")                                                                      \
	T(MISSING, "missing")                                                                      \
	T(NEEDED, "needed")                                                                        \
	T(OBJECTS, "objects")                                                                      \
	T(PASSED_OVER, "passed_over")                                                              \
	T(PLACES, "places")                                                                        \
	T(PROOFS, "proofs")                                                                        \
	T(PROOF_DEFINITIONS, "proof_definitions")                                                  \
	T(PROOF_SYMBOLS, "proof_symbols")                                                          \
	T(RUNS, "runs")                                                                            \
	T(SCOPES, "scopes")                                                                        \
	T(SCOPE_LISTS, "scope_lists")                                                              \
	T(SEARCHES, "searches")                                                                    \
	T(SLOTS, "slots")                                                                          \
	T(STEPS, "steps")                                                                          \
	T(STEP_OBJECTS, "step_objects")                                                            \
	T(SUPPRESSED, "suppressed")                                                                \
	T(SUPPRESSED_SYMBOLS, "suppressed_symbols")                                                \
	T(SYMBOLS, "symbols")                                                                      \
	T(VARIABLES, "variables")                                                                  \
	T(VERSIONS, "versions")                                                                    \
	T(VERSION_PROBLEMS, "version_problems")

enum bs_sqlite_table {
#define T(id, name) BS_TABLE_##id,
	BS_SQLITE_TABLES(T)
#undef T
		BS_TABLE_COUNT_
};

enum { SHOW_DEFINITIONS = 1 << 11 }; /* behind the parts of the JSON formats, which are all here */

/* ---- sqlite-db.c: rows of a database ----------------------------------------------------------
 */

struct bs_sqlite;

/* What there is in a database, by the numbers of its tables. */
struct bs_sqlite_layout {
	const char *name, *version; /* of the schema */
	const char *schema, *views;
	const char *const *table_names;
	unsigned n_tables;
	unsigned document, symbols, versions; /* tables that all have */
};

/* An empty database with the tables of LAYOUT; ends with bs_sqlite_free(), which takes NULL,
 * too. From here to the next bs_sqlite_unwind_with() what fails for want of memory goes where an
 * allocation of ARENA goes. */
struct bs_sqlite *bs_sqlite_new(struct bs_arena *arena, const struct bs_sqlite_layout *layout);
void bs_sqlite_unwind_with(struct bs_sqlite *db, struct bs_arena *arena);
void bs_sqlite_free(struct bs_sqlite *db);

/* The same in the empty file PATH: little of it is in memory. It is complete after
 * bs_sqlite_finish(), which has OUT fail with what went wrong, and bs_sqlite_free(). */
struct bs_sqlite *bs_sqlite_new_file(struct bs_arena *arena, const struct bs_sqlite_layout *layout,
				     const char *path);
void bs_sqlite_finish(struct bs_sqlite *db, struct bs_writer *out);

/*
 * A row of TABLE: the values of its columns in their order, then the end. A text is any bytes and
 * becomes what bs_unicode() makes of it; NULL is NULL. A word is of our own making. Texts and words
 * must live up to the end of the row.
 */
void bs_row(struct bs_sqlite *db, unsigned table);
void bs_put_number(struct bs_sqlite *db, uint64_t number);
void bs_put_if(struct bs_sqlite *db, bool known, uint64_t number);
void bs_put_map(struct bs_sqlite *db, bs_map_id map);
void bs_put_text(struct bs_sqlite *db, const char *text);
void bs_put_word(struct bs_sqlite *db, const char *word);
void bs_put_null(struct bs_sqlite *db);
void bs_row_end(struct bs_sqlite *db);

/* Rows of tables that other rows refer to, added when they are new. They may not be asked for
 * within a row. NULL is 0, which bs_put_id() makes NULL. */
uint32_t bs_sqlite_symbol(struct bs_sqlite *db, const char *name, bool demangled);
uint32_t bs_sqlite_version(struct bs_sqlite *db, const char *name);

/* The id of the file of IMAGE, which a run knows by PATH; *RET_NEW: it has no row yet. */
uint32_t bs_sqlite_file(struct bs_sqlite *db, const struct bs_image *image, const char *path,
			bool *ret_new);

static inline void bs_put_id(struct bs_sqlite *db, uint32_t id)
{
	bs_put_if(db, id != 0, id);
}

/* How a reference is bound. Words are of our own making and live as long as the tool. */
struct bs_manner {
	uint16_t kinds; /* bit K is enum bs_reloc_kind K */
	uint8_t why, outcome, loads, protected_reference, captured;
	uint8_t when; /* enum bs_json_when plus 1; 0 for an answer of a slot */
	const char *asked_by;
	uint64_t assumed;
};

/* The id of MANNER in RUN. */
uint32_t bs_sqlite_manner(struct bs_sqlite *db, const struct bs_run *run,
			  const struct bs_manner *manner);

/* The names of CHOICES, commas between, in RUN's arena; NULL: there are none. */
const char *bs_sqlite_assumed(const struct bs_run *run, uint64_t choices);

/* Writes DB, which is complete then, to OUT; what goes wrong is OUT's. */
void bs_sqlite_write(struct bs_sqlite *db, struct bs_writer *out);

/* ---- the report -------------------------------------------------------------------------------
 */

/* Searchlists of one run, those that are alike once. */
struct bs_sqlite_lists {
	BS_VEC(bs_ids) list;
	uint32_t *heads, n_heads; /* by hash: index plus 1, 0 is free; a power of two */
};

/* One run under way. */
struct bs_sqlite_run {
	struct bs_json_report sums; /* comes first: some functions of the JSON formats go by it */
	struct bs_sqlite *db;
	uint32_t number; /* of the run, from 1 on */
	uint32_t n_bindings;
	struct bs_sqlite_lists lists;
};

static inline struct bs_sqlite_run *bs_sqlite_run_of(const struct bs_report *report)
{
	return report->state;
}

/* Begins a row of TABLE for this run. */
static inline struct bs_sqlite *bs_run_row(const struct bs_report *report,
					   enum bs_sqlite_table table)
{
	struct bs_sqlite_run *state = bs_sqlite_run_of(report);

	bs_row(state->db, table);
	bs_put_number(state->db, state->number);
	return state->db;
}

/* The id of the symbol NAME, demangled as far as that is shown. */
static inline uint32_t bs_run_symbol(const struct bs_report *report, const char *name)
{
	return bs_sqlite_symbol(bs_sqlite_run_of(report)->db, name,
				(report->show & SHOW_DEMANGLED) != 0);
}

/* sqlite-step.c: the step RESULT, all but its bindings. */
void bs_sqlite_step(struct bs_report *report, const struct bs_run *run,
		    const struct bs_step_result *result, const struct bs_counts *counts);

/* sqlite-binding.c */
void bs_sqlite_bindings(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result);
void bs_sqlite_slots(struct bs_report *report, const struct bs_run *run);

/* sqlite-object.c: all objects, their files and what these define. */
void bs_sqlite_objects(struct bs_report *report, const struct bs_run *run);

/* sqlite-finding.c */
void bs_sqlite_findings(struct bs_report *report, const struct bs_run *run);
void bs_sqlite_suppressed(struct bs_report *report, const struct bs_run *run);
void bs_sqlite_notes(struct bs_report *report, const struct bs_run *run);
void bs_sqlite_diagnostics(struct bs_report *report, const struct bs_run *run);
/* The rest of a row that says which diagnostic it is. */
void bs_sqlite_diagnostic(struct bs_sqlite *db, struct bs_arena *arena, const struct bs_diag *d);
void bs_sqlite_gone(struct bs_report *report);

/* A number as a text where there is no name. */
static inline const char *bs_sqlite_errno(struct bs_arena *arena, int error)
{
	const char *name = bs_json_errno_name(error);

	return name || !error ? name : bs_arena_printf(arena, "%d", error);
}
