/* SPDX-License-Identifier: MIT */
/* text-priv.h - what the files of the text report share */
#pragma once

#include "report.h"
#include "shell.h"

/* Colours by meaning. */
enum bs_ink { BS_INK_PLAIN, BS_INK_STRONG, BS_INK_GOOD, BS_INK_BAD, BS_INK_WARN, BS_INK_DIM };

void bs_say(struct bs_report *report, const char *text);
/* For what comes out of files. */
void bs_say_escaped(struct bs_report *report, const char *text);
void bs_say_ink(struct bs_report *report, enum bs_ink ink, const char *text);
void bs_say_spaces(struct bs_report *report, size_t n);
/* Columns that TEXT takes on a terminal once it is escaped. */
size_t bs_text_width(const char *text);
/* TEXT, then blanks up to WIDTH columns. */
void bs_say_padded(struct bs_report *report, const char *text, size_t width);
/* What an object is called where space is short: its base name. */
const char *bs_text_short_name(const struct bs_run *run, bs_map_id map);
/* An object was there that has the name which --from, --to ask for, if they do. */
struct bs_text_chosen {
	bool from, to;
};

void bs_text_note_chosen(struct bs_text_chosen *chosen, const struct bs_selection *selection,
			 const struct bs_run *run, const struct bs_step_result *result);
/* False: both are there. Otherwise it is said which is not, behind BEFORE. */
bool bs_text_absent(struct bs_report *report, const struct bs_run *run,
		    const struct bs_text_chosen *chosen, const char *before);

/* "1 object", "2 objects" */
void bs_say_count(struct bs_report *report, uint64_t n, const char *singular, const char *plural);

/* " [NAME]", or nothing for NULL. */
void bs_say_version(struct bs_report *report, const char *name);

/* "  with LD_BIND_NOW=1 --preload=libx.so": the line of what had a say beside the command's words;
 * nothing if nothing had. */
void bs_text_environment(struct bs_report *report, const struct bs_run *run);

/* text-step.c: what a step does, in one cell: "dlopen ./libx.so". In RUN's arena. */
const char *bs_text_step_words(const struct bs_run *run, const struct bs_step *step);

/* A step's line in the table, and what it says beside its numbers. */
struct bs_text_row {
	struct bs_step_result result;
	struct bs_counts counts;
};

typedef BS_VEC(struct bs_text_row) bs_text_rows;

void bs_text_table(struct bs_report *report, const struct bs_run *run, const bs_text_rows *rows);

/* text-parts.c */
/* The place that a search step looks in: "RUNPATH", "ld.so.cache". */
const char *bs_how_words(const struct bs_run *run, enum bs_how how);
/* "RUNPATH of libx.so, needed by libx.so": how MAP, which is no vdso, came to be found. */
void bs_text_found(struct bs_report *report, const struct bs_run *run, bs_map_id map);
/* "now (DF_1_NOW)" */
const char *bs_calls_words(enum bs_calls calls);
void bs_text_objects(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result);
void bs_text_scopes(struct bs_report *report, const struct bs_run *run,
		    const struct bs_step_result *result);
/* A later view of the same object shows all that the view INDEX of RESULT does. */
bool bs_text_is_superseded(const struct bs_step_result *result, uint32_t index);
void bs_text_pairs(struct bs_report *report, const struct bs_run *run,
		   const struct bs_step_result *result);
void bs_text_bindings(struct bs_report *report, const struct bs_run *run,
		      const struct bs_step_result *result);

/* Each jump slot that was left for its first call: to whom it would be bound when. */
void bs_text_slots(struct bs_report *report, const struct bs_run *run);

/* text-notes.c: what objects say that they may open, and what comes of it; in a line. */
void bs_text_dlopen_notes(struct bs_report *report, const struct bs_run *run);
void bs_text_dlopen_notes_sum(struct bs_report *report, const struct bs_run *run);

/* text-trouble.c */
/* "error: ", and "   NAME        " before what is said of it. */
void bs_text_label(struct bs_report *report, enum bs_ink ink, const char *text);
void bs_text_field(struct bs_report *report, const char *name);
/* Columns before the words of a field, and before its name. */
enum { BS_TEXT_FIELD_WORDS = 15, BS_TEXT_FIELD_NAME = 3 };
void bs_text_failure(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result);
void bs_text_missing(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result);

/* What a program that nobody knows is to bring to the objects of RESULT. */
void bs_text_left_to_program(struct bs_report *report, const struct bs_run *run,
			     const struct bs_step_result *result);
void bs_text_passed_over(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result);
void bs_text_not_preloaded(struct bs_report *report, const struct bs_run *run,
			   const struct bs_passed_over *passed_over);

/* assumed.c: CHOICES are sets, bit N for choice N of the profile. */
/* The marks of what rests on CHOICES, or nothing. */
void bs_text_assumed(struct bs_report *report, const struct bs_run *run, uint64_t choices);
/* What each of CHOICES is, and what the other would be. */
void bs_text_assumptions(struct bs_report *report, const struct bs_run *run, uint64_t choices);

/* text-lazyload.c */
/* Placeholders, what came to them, and what stays unloaded. */
void bs_text_lazyload(struct bs_report *report, const struct bs_run *run, const bs_text_rows *rows);

/* realtime.c: which objects leave slots to their first call, and what would bind them at load. */
void bs_text_realtime(struct bs_report *report, const struct bs_run *run);

/* What the braces of a text stand for, as rules.def, facts.def and differences.def say. NULL:
 * nothing is called so. */
struct bs_text_words {
	const char *from, *to, *object, *first, *second; /* short names of objects */
	uint64_t n, of;
	const char *text, *type, *name, *left, *right;
};

/* text-clash.c: TEXT with WORDS for its braces. */
void bs_text_fill_in(struct bs_report *report, const char *text, const struct bs_text_words *words);

/* text-proof.c: what debug information says of F's definitions; nothing where nobody looked. */
void bs_text_proof(struct bs_report *report, const struct bs_run *run, const struct bs_finding *f);

/* text-clash.c: the headline of F's rule, which must have one, and the lines of its facts. */
void bs_text_headline(struct bs_report *report, const struct bs_run *run,
		      const struct bs_finding *f);
void bs_text_facts(struct bs_report *report, const struct bs_run *run, const struct bs_finding *f);

/* text-verdict.c: why F, which is shown, does not count; at the end what all of it comes to. */
void bs_text_excuse(struct bs_report *report, const struct bs_finding *f);
void bs_text_tally(struct bs_report *report, uint32_t refused);

/* text-left-out.c: the duplicates that are no finding, and why. */
void bs_text_left_out(struct bs_report *report, const struct bs_run *run);

/* text-finding.c */
/* The headline, and below it a field for each piece of evidence. */
void bs_text_finding_words(struct bs_report *report, const struct bs_run *run,
			   const struct bs_finding *finding);
/* The same behind level and rule. */
void bs_text_finding(struct bs_report *report, const struct bs_run *run,
		     const struct bs_finding *finding);
