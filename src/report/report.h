/* SPDX-License-Identifier: MIT */
/*
 * report.h - run -> bytes: it prints what it is given and computes nothing but sums
 *
 * A format is a table of functions. The tool opens one or more reports and hands their sinks to the
 * simulation.
 *
 * Floor 13: may include base.h, sim.h, check.h, proof.h, policy.h and study.h; of the floors below
 * only what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../proof/proof.h"
#include "../policy/policy.h"
#include "../sim/sim.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------- */

/* Bytes on their way to a file: some hundred thousand short lines must not cost a call each. */
struct bs_writer {
	FILE *file;  /* NULL: they are kept, see bs_writer_text() */
	bool failed; /* a write failed: errno of the first one in ERROR */
	int error;
	bool is_for_eyes; /* what bs_write_escaped() would not let pass is escaped at last */
	size_t n;
	char bytes[1 << 16];
	struct bs_arena *arena; /* for what is kept */
	BS_VEC(char) kept;
};

/* What there is no room for in BYTES; seldom, so it is not to weigh upon its callers. */
void bs_write_beyond(struct bs_writer *writer, const char *bytes, size_t n)
	__attribute__((cold, noinline));

static inline void bs_write(struct bs_writer *writer, const char *bytes, size_t n)
{
	if (n > sizeof writer->bytes - writer->n) {
		bs_write_beyond(writer, bytes, n);
		return;
	}
	memcpy(writer->bytes + writer->n, bytes, n);
	writer->n += n;
}

/* A string literal. */
#define bs_write_literal(writer, literal) bs_write((writer), (literal), sizeof(literal) - 1)

void bs_write_text(struct bs_writer *writer, const char *text);
void bs_write_number(struct bs_writer *writer, uint64_t number);
void bs_write_format(struct bs_writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Bytes of the printable character at S in well-formed UTF-8; 0 when there is none. */
size_t bs_utf8_length(const unsigned char *s);

/*
 * TEXT, which may be any bytes, in UTF-8: TEXT itself where it is that. What is made of another
 * one, in ARENA, starts with U+FFFD, and so does what is made of one that starts with U+FFFD
 * itself; in both a backslash is doubled and bytes that are no printable character are \xNN: no two
 * texts give the same.
 */
const char *bs_unicode(struct bs_arena *arena, const char *text);

/* TEXT with control characters and bytes that are not UTF-8 as \xNN, for terminals. */
void bs_write_escaped(struct bs_writer *writer, const char *text);

/* One text after another; NULL ends. */
void bs_write_pieces(struct bs_writer *writer, const char *const *pieces);

/* What a WRITER without a file was given since the last call; a string in its arena, for the
 * arena's lifetime. */
const char *bs_writer_text(struct bs_writer *writer);

/* Passes on what is held back; false when this or an earlier write failed. */
bool bs_writer_flush(struct bs_writer *writer);

/* NUMBER with a comma between groups of three digits. */
void bs_write_grouped(struct bs_writer *writer, uint64_t number);

/* rule-page.c: an address, for programs that show links, of the page of the rule with SLUG of the
 * findings, or of those of logs; in ARENA. */
const char *bs_rule_page(struct bs_arena *arena, const char *slug);
const char *bs_log_rule_page(struct bs_arena *arena, const char *slug);

/* ---- what is shown ------------------------------------------------------------------------- */

/* When the calls of an object are bound, and the mark that decides. */
enum bs_calls {
	BS_CALLS_UNKNOWN, /* it was not relocated */
	BS_CALLS_NONE,	  /* it has no jump slots */
	BS_CALLS_LAZY,
	BS_CALLS_NOW, /* the loader's own are, whatever the marks */
	BS_CALLS_NOW_DT_BIND_NOW,
	BS_CALLS_NOW_DF_BIND_NOW,
	BS_CALLS_NOW_DF_1_NOW,
	BS_CALLS_NOW_LD_BIND_NOW,
	BS_CALLS_NOW_RTLD_NOW,
	BS_CALLS_NOW_EXECUTABLE, /* it is marked, and that counts for all */
	BS_CALLS_COUNT_
};

/* For MAP, which is no vdso, as far as the run has come. */
enum bs_calls bs_calls_of(const struct bs_run *run, bs_map_id map);

/* What a step did, whatever is shown and selected. */
struct bs_counts {
	uint32_t objects;    /* that came and stayed */
	uint32_t bindings;   /* references that a lookup bound */
	uint32_t first_call; /* jump slots that would be bound at their first call */
	uint32_t local;	     /* references bound without a lookup */
	uint32_t weak_unresolved, undefined;
};

/* Goes through all bindings of the step: once a step is enough. */
struct bs_counts bs_count(const struct bs_run *run, const struct bs_step_result *result);
void bs_counts_add(struct bs_counts *totals, const struct bs_counts *counts);

/* text-step.c: what STEP does, in one cell: "dlopen ./libx.so". In ARENA, or a part of STEP. */
const char *bs_step_words(struct bs_arena *arena, const struct bs_step *step);

/* ---- formats ------------------------------------------------------------------------------- */

struct bs_report;

/* What all plans of a check come to. */
struct bs_check_sum {
	uint32_t plans, failed;
	struct bs_tally tally; /* of all of them */
	const char *policy;    /* a path, or NULL */
};

/*
 * What makes the reports of several plans one document: BEGIN and END around all of them, BETWEEN
 * two; the functions, which may be NULL, write before and behind each, and before END.
 */
struct bs_frame {
	const char *begin, *between, *end;
	void (*before)(struct bs_report *report, struct bs_arena *arena, const char *plan);
	void (*behind)(struct bs_report *report);
	void (*sum)(struct bs_report *report, struct bs_arena *arena,
		    const struct bs_check_sum *sum);
};

/*
 * A format is a table of functions, called in this order; each may be NULL. One that writes the
 * question has no other function: it needs no run.
 */
struct bs_format {
	const char *name;
	const char *const *parts; /* what --show can name; NULL ends. Bit I of SHOW is part I. */
	unsigned default_show;
	unsigned check_show;   /* the same for `bindsim check`; 0: it is no other */
	unsigned process_show; /* what it shows beside these of a real process */
	bool streams;	       /* objects a line, not one document */
	bool is_binary;	       /* it is nothing for a terminal */
	bool is_raw;	       /* names are as the loader prints them: see IS_FOR_EYES */
	bool tells_no_findings;
	unsigned notes; /* the parts that show findings that are mere notes; 0: there is no such */
	bool traces;	/* wants a start-up that fails to be gone through: the plan's TRACE */
	const char *(*open)(void); /* to be called before all else; says why it cannot be written */
	void (*question)(struct bs_report *report, struct bs_arena *arena,
			 const struct bs_plan *plan);
	void (*begin)(struct bs_report *report, const struct bs_run *run);
	/* Within a step, see struct bs_sink. */
	void (*bound)(struct bs_report *report, const struct bs_run *run,
		      const struct bs_step_result *result);
	void (*step)(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result, const bs_findings *findings);
	/* FINDINGS: what the run as a whole shows. */
	void (*end)(struct bs_report *report, const struct bs_run *run,
		    const bs_findings *findings);
	/* When nothing more is to be written, complete or not: gives back the report's DOCUMENT. */
	void (*drop)(struct bs_report *report);
	bool shows_what_counts;	      /* NOTES are shown if they are a reason to fail */
	bool tells_excused;	      /* findings that a policy or a baseline has not count, too */
	const struct bs_frame *frame; /* NULL: reports may stand one behind the other */
};

/* places.c: the file of MAP as the loader opened it, inside the root; NULL for the vdso. */
const char *bs_object_path(const struct bs_run *run, bs_map_id map);

/* assumed.c: the rules behind CHOICES, a set of choices of the profile: those that are PROBABLE, or
 * the others; as numbers, or as "Q-22, Q-32". */
bs_ids bs_rules_of(const struct bs_run *run, uint64_t choices, bool probable);
const char *bs_rules_text(const struct bs_run *run, uint64_t choices, bool probable);

/* What would bind an object's calls when it is loaded. */
enum {
	BS_NOW_BY_ENVIRONMENT = 1, /* LD_BIND_NOW */
	BS_NOW_BY_EXECUTABLE = 2,  /* linked with -z now */
	BS_NOW_BY_OBJECT = 4,	   /* the same, the object itself */
	BS_NOW_BY_MODE = 8,	   /* RTLD_NOW in step *RET_STEP */
};

/* realtime.c: the slots of LAZY that wait at the end of the run, and what would make MAP's none. */
bs_ids bs_lazy_slots(const struct bs_run *run, const struct bs_lazy_map *lazy);
unsigned bs_binds_now_by(const struct bs_run *run, bs_map_id map, uint32_t *ret_step);

struct bs_note_answers; /* dlopen-notes.h */
struct bs_observation;	/* study/observed.h */
struct bs_document;	/* of a format that has one for several runs */
struct bs_collected;	/* collect.h */

struct bs_report {
	const struct bs_format *format;
	unsigned show;
	bool shows_default; /* nobody said what to show */
	bool color;
	bool is_framed; /* it is one of several, and its format's frame stands around them */
	bool has_items; /* the document has some of those that commas stand between */
	struct bs_selection selection;
	struct bs_writer *writer;
	enum bs_level
		fail_on; /* a finding of this level is a reason to fail; BS_LEVEL_NONE: none is */
	const struct bs_checker *checker;      /* of the run; NULL: nobody wants to know */
	const struct bs_judge *judge;	       /* whose verdicts count; NULL: nobody judges */
	const struct bs_note_answers *notes;   /* what objects say that they may open, from the end
						  of the run on; NULL: nobody wants to know */
	const struct bs_observation *observed; /* the real process; NULL: there is none */
	void *state;			       /* the format's own, in the run's arena */
	struct bs_document *document;	       /* the format's own, from plan to plan */
	struct bs_collected *kept;	       /* of the format that keeps what others write */
	const char *file; /* that a format which needs one has to itself; NULL: there is none */
};

/* REPORT is to show PART, a name that its format may have. */
bool bs_report_shows(const struct bs_report *report, const char *part);

/* The format called NAME, or NULL. */
const struct bs_format *bs_format_find(const char *name);

/* The bit of the part called NAME, N bytes long, in FORMAT; 0 when it has none. */
unsigned bs_format_part(const struct bs_format *format, const char *name, size_t n);

/* All formats, NULL at the end. */
const struct bs_format *const *bs_formats(void);

extern const struct bs_format bs_format_text, bs_format_lddebug, bs_format_ldd;
extern const struct bs_format bs_format_json, bs_format_ndjson, bs_format_plan;
extern const struct bs_format bs_format_sarif, bs_format_junit, bs_format_github, bs_format_gitlab;
extern const struct bs_format bs_format_markdown, bs_format_dot, bs_format_html, bs_format_sqlite;

/* What `bindsim explain` prints; no format that --format names. */
extern const struct bs_format bs_format_explain;

/* suppressions.c: KEY = NAME, a line of a policy, as a glob that lets nothing else pass. */
void bs_suppression_glob(struct bs_report *report, const char *key, const char *name);

/* What `bindsim check --gen-suppressions` writes; the same. */
extern const struct bs_format bs_format_suppressions;

/* text-step.c: what STEP does, in one cell: "dlopen ./libx.so". In ARENA, or a part of STEP. */
const char *bs_step_words(struct bs_arena *arena, const struct bs_step *step);

#define BS_BASELINE_SCHEMA "bindsim-baseline-1"

/* json-verdict.c: BASELINE as a file (schema/bindsim-baseline-1.schema.json). The format json must
 * have been opened. */
void bs_baseline_write(struct bs_writer *writer, struct bs_arena *arena,
		       const bs_baseline *baseline);

/* The step is a reason for the exit status 1: it failed, or its constructors never ran. */
bool bs_is_refusal(const struct bs_step_result *result);

/* Several reports of one run, and what decides its exit status. */
struct bs_reports {
	struct bs_report *list;
	uint32_t n;
	bool weighs; /* WORST is asked for */
	struct bs_check_options check;
	enum bs_proof_mode proof;
	struct bs_judge *judge;		       /* or NULL */
	const struct bs_observation *observed; /* or NULL */
	bool follows_notes; /* steps were taken from the notes of objects about dlopen */
	/* filled in as the run goes: */
	struct bs_checker *checker; /* NULL: nobody wants to know */
	struct bs_prover *prover;   /* NULL: nothing is to be proven */
	enum bs_level worst;	    /* of all findings that count */
	const char *first_refusal;  /* the first failed step's message, in the run's arena; "" is a
				       message, too */
	uint32_t first_refused_step;
	bool not_reached; /* it was no failure: nobody came to that step */
};

/* Some of REPORTS is about the notes of objects about dlopen: jansson is wanted. */
bool bs_reports_notes(const struct bs_reports *reports);

/* The sink that checks each step and writes REPORTS, which must outlive it. */
struct bs_sink bs_reports_sink(struct bs_reports *reports);

/* frame.c: the frames of REPORTS, for the plans of one check: before the first, before and behind
 * the one called PLAN, and behind the last. */
void bs_frames_begin(struct bs_reports *reports);
void bs_frames_before(struct bs_reports *reports, struct bs_arena *arena, const char *plan,
		      bool first);
void bs_frames_behind(struct bs_reports *reports);
void bs_frames_end(struct bs_reports *reports, struct bs_arena *arena,
		   const struct bs_check_sum *sum);

/* Gives back what REPORTS still hold when the run is over, however it ended. */
void bs_reports_done(struct bs_reports *reports);

/* Gives back what REPORTS hold from run to run, when there is no other one. */
void bs_reports_drop(struct bs_reports *reports);
