/* SPDX-License-Identifier: MIT */
/* run.h - a program run under LD_DEBUG */
#pragma once

#include "cli.h"

/* What came of it. */
struct bs_debugged {
	const char *log; /* the file that its loader wrote; NULL: it wrote none */
	uint32_t pid;
	const char *end; /* "exit status 0" */
	bool is_whole;	 /* it ended by itself */
};

/*
 * Runs LINE's executable with all that LD_DEBUG shows, in the environment and the directory of its
 * plan. Its standard output goes to standard error. False after a message: it cannot be run, or not
 * as the plan says, or could not be simulated, for which images come from STORE: nothing is run
 * then.
 */
bool bs_run_debugged(struct bs_arena *arena, const struct bs_command_line *line,
		     struct bs_store *store, struct bs_debugged *ret);
