/* SPDX-License-Identifier: MIT */
/* diff-report.h - a comparison -> bytes */
#pragma once

#include "../study/diff.h"
#include "report.h"

#define BS_DIFF_SCHEMA "bindsim-diff-1"

/* What stands on one side. */
struct bs_diff_side {
	const char *name; /* the word of the command line */
	const char *kind; /* "executable", "plan" or "report" */
	const char *root; /* of an executable or a plan, or NULL */
};

/* The formats of comparisons, NULL at the end. They share names and parts with others and have none
 * of their functions: bs_diff_write() writes both. Bit I of SHOW is the part BS_DIFF_* of that bit.
 */
extern const struct bs_format bs_format_diff_text, bs_format_diff_json;

/* diff-json.c: "came": what is changed, the bit of that number of the changes of an object, a step
 * or a finding; "rebound". */
const char *bs_object_change_name(unsigned change);
const char *bs_step_change_name(unsigned change);
const char *bs_finding_change_name(unsigned change);
const char *bs_turn_name(enum bs_turn turn);

/* Writes DIFF, of which SIDES[0] is the left one, in the format of REPORT. */
void bs_diff_write(struct bs_report *report, struct bs_arena *arena, const struct bs_diff *diff,
		   const struct bs_diff_side sides[2]);
