/* SPDX-License-Identifier: MIT */
/* lddebug-priv.h - what the files of --format=ld-debug share */
#pragma once

#include "report.h"

enum {
	SHOW_BINDINGS = 1 << 0,
	SHOW_LIBS = 1 << 1,
	SHOW_SCOPES = 1 << 2,
	SHOW_VERSIONS = 1 << 3,
	SHOW_FILES = 1 << 4,
	SHOW_MAPPED = 1 << 5,
	SHOW_ADDRESSES = 1 << 6,
	SHOW_SLOTS = 1 << 7,
	/* of loaders whose documents name such categories */
	SHOW_RELOC = 1 << 8,
	SHOW_LAZYLOAD = 1 << 9,
	SHOW_STATISTICS = 1 << 10,
	SHOW_DEBUG = 1 << 11,
};

/* The format's state: "NAME [NS]" of each map that was named, by id. */
struct bs_lddebug_label {
	const char *text; /* NULL: not made yet */
	size_t n;
};

struct bs_lddebug {
	BS_VEC(struct bs_lddebug_label) labels;
};

void bs_lddebug_begin_line(struct bs_report *report);
void bs_lddebug_end_line(struct bs_report *report);
/* One line of pieces; NULL ends. */
void bs_lddebug_line(struct bs_report *report, const char *const *pieces);
void bs_lddebug_map(struct bs_report *report, const struct bs_run *run, bs_map_id map);

/* lddebug-load.c */
void bs_lddebug_trace(struct bs_report *report, const struct bs_run *run,
		      const struct bs_trace *trace);
void bs_lddebug_load(struct bs_report *report, const struct bs_run *run,
		     const struct bs_load_note *note);

/* lddebug-own.c: lines of our own design, for a loader whose lines nobody knows. */
void bs_lddebug_begin(struct bs_report *report, const struct bs_run *run);
void bs_lddebug_begin_step(struct bs_report *report, const struct bs_run *run,
			   const struct bs_step_result *result);
void bs_lddebug_search(struct bs_report *report, const struct bs_trace *trace);
void bs_lddebug_demand(struct bs_report *report, const struct bs_run *run,
		       const struct bs_demand *demand);
void bs_lddebug_statistics(struct bs_report *report, const struct bs_run *run,
			   const struct bs_step_result *result);
