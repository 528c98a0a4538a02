/* SPDX-License-Identifier: MIT */
/*
 * compare-priv.h - comparisons: what the files that make and tell them share
 *
 * Floor 17.
 */
#pragma once

#include "api-priv.h"

#include "../input/report-file.h"
#include "../report/diff-report.h"

struct bindsim_side {
	struct bs_api_counted counted;
	const char *name;
	const char *kind;	   /* "executable", "plan" or "report" */
	struct bindsim_plan *plan; /* NULL: it is a report, which is: */
	const char *text;
	size_t n;
	bool is_stream;
};

/* Counts SIDE, or NULL, up, and returns it. */
struct bindsim_side *bs_api_side_ref(const struct bindsim_side *side);

struct bindsim_diff {
	struct bs_arena *arena;
	struct bindsim_side *sides[2]; /* their plans have the words of steps */
	struct bs_diff_side told[2];
	struct bs_selection selection;
	const struct bs_diff *diff;
	const char **words[2]; /* by step: what it does on that side, or NULL */
};
