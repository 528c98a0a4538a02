/* SPDX-License-Identifier: MIT */
/*
 * process.h - a process that is there, alive or dead, as the answer to a question
 *
 * Floor 16.
 */
#pragma once

#include "../study/observed.h"

/* What is asked of a process. */
struct bs_process_question {
	const struct bs_subject *subject;
	const bs_live_slots *slots;
	const char *executable; /* the program's file; NULL: the one that the process names */
	bool has_plan;		/* the steps are those of the plan, if it has any */
};

/*
 * Holds the process of QUESTION against the simulation of PLAN. Where PLAN names no executable, all
 * that it does not say is as in the process; without HAS_PLAN its steps are found out, and put into
 * it. Strings are ARENA's. The rest is as with bs_observe().
 */
enum bs_sim_status bs_process_observe(struct bs_arena *arena, struct bs_store *store,
				      const struct bs_process_question *question,
				      struct bs_plan *plan, struct bs_observation *ret,
				      const char **ret_problem);
