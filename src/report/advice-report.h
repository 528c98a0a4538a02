/* SPDX-License-Identifier: MIT */
/* advice-report.h - advice -> bytes */
#pragma once

#include "../study/advise.h"
#include "report.h"

#define BS_ADVICE_SCHEMA "bindsim-advice-1"

/* The formats of advice. They share names with others and have none of their functions:
 * bs_advice_write() writes both. */
extern const struct bs_format bs_format_advice_text, bs_format_advice_json;

/* Writes ADVICE in the format of REPORT. */
void bs_advice_write(struct bs_report *report, struct bs_arena *arena,
		     const struct bs_advice *advice);

/* advice-json.c */
void bs_advice_write_json(struct bs_report *report, struct bs_arena *arena,
			  const struct bs_advice *advice);

/* ---- advice-words.c: what both say. All in ARENA. ----------------------------------------------
 */

/* A remedy in a line: "./libx.so:NOW,LOCAL,DEEPBIND (step 2)". */
const char *bs_remedy_line(struct bs_arena *arena, const struct bs_advice *advice,
			   const struct bs_trial *trial);

/* A clash in a line, as its rule has it. */
const char *bs_clash_line(struct bs_arena *arena, const struct bs_study *study, enum bs_rule rule,
			  bs_object_id from, bs_object_id to, uint32_t n);

/* What TRIAL costs, a sentence each, beside what is a finding of its own. */
typedef BS_VEC(const char *) bs_sentences;
bs_sentences bs_trial_costs(struct bs_arena *arena, const struct bs_advice *advice,
			    const struct bs_trial *trial);

/* ---- advice-change.c
 * ----------------------------------------------------------------------------- */

/* What has to be written where, to have TRIAL's remedy for real. */
struct bs_change_text {
	const char *language; /* "c", "python", "shell", "linker", "version-script" */
	const char *where;    /* a sentence: whose it is */
	const char *text;     /* one line or more, without a line break at the end */
};

typedef BS_VEC(struct bs_change_text) bs_change_texts;
bs_change_texts bs_trial_changes(struct bs_arena *arena, const struct bs_advice *advice,
				 const struct bs_trial *trial);

/* The flags of MODE, each with PREFIX before its name: "RTLD_NOW | RTLD_LOCAL". */
const char *bs_flags_joined(struct bs_arena *arena, unsigned mode, const char *prefix);

/* NAME is one in C and Python, of ASCII letters. */
bool bs_is_identifier(const char *name);

/* advice-python.c: the lines to write in Python for TRIAL, which changes a call, or an order.
 * False: it is none of Python's. *RET_IS_IMPORT: an extension is imported, which nothing but an
 * interpreter opens. */
bool bs_python_change(struct bs_arena *arena, const struct bs_advice *advice,
		      const struct bs_trial *trial, struct bs_change_text *ret,
		      bool *ret_is_import);
bool bs_python_order(struct bs_arena *arena, const struct bs_advice *advice,
		     const struct bs_trial *trial, struct bs_change_text *ret, bool *ret_is_import);
