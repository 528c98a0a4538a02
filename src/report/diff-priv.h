/* SPDX-License-Identifier: MIT */
/* diff-priv.h - what the files that write comparisons share */
#pragma once

#include "diff-report.h"

/* diff-json.c: DIFF as JSON. */
void bs_diff_write_json(struct bs_report *report, struct bs_arena *arena,
			const struct bs_diff *diff, const struct bs_diff_side sides[2]);

/* diff-words.c: sentences of the text report. OBJECT is an index of DIFF's. */

/* The base name of OBJECT on SIDE, else on the other one; with its namespace, unless that is the
 * first. */
void bs_diff_say_object(struct bs_report *report, const struct bs_diff *diff, uint32_t object,
			enum bs_side side);
/* Both are programs, for programs are matched whatever they are called, and no build of each other.
 */
bool bs_diff_is_other_program(const struct bs_digest_object *was,
			      const struct bs_digest_object *now);
/* "libx.so: 12 references now bind to liby.so, which were its own" for ROW. */
void bs_diff_say_row(struct bs_report *report, const struct bs_diff *diff,
		     const struct bs_diff_row *row);
/* Why: without a full stop. */
void bs_diff_say_because(struct bs_report *report, const struct bs_diff *diff,
			 const struct bs_because *because);
/* One reference: its name and its versions, as a person reads it. */
void bs_diff_say_symbol(struct bs_report *report, const struct bs_diff *diff,
			const struct bs_diff_binding *binding);
