/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a program that is run, and the plan of the loader calls that it makes
 *
 * A tracer with breakpoints (ptrace(2)). Nothing is put between the program and its libraries: no
 * library is preloaded, no variable set, and no auditor called, so that every reference binds as it
 * does without. What is changed are single instructions in private copies of text pages: where the
 * loader tells debuggers of new link maps, where dlopen(3) and its kin begin, and where they
 * return.
 *
 * Floor 15: may include base.h, live.h and plan.h.
 */
#pragma once

#include "../base/base.h"

#include "../profile/plan.h"

#include <sys/types.h>

struct bs_trace_options {
	char *const *command; /* its words, NULL at the end; the first is looked for in $PATH */
	bool children;	      /* follow the processes that the command forks, too */
};

/* What became of one program in one process, from its exec to the next one or the end. */
struct bs_recording {
	struct bs_plan plan; /* complete, whatever way the program ended */
	pid_t pid;
	uint32_t exec;	/* the process ran so many programs before, this one forked ones not counted
			 */
	bool is_child;	/* of another process than the one that the command is */
	bool is_last;	/* no other program came behind it in this process */
	bool is_forked; /* it began as the copy of another one, with all that that had done */
	uint32_t n_calls;	    /* steps that it made itself, internal ones too */
	BS_VEC(const char *) notes; /* what a reader of the plan should know: sentences */
	/* Why there can be no step, a sentence: it has no loader, or is of another machine. Or
	 * NULL. */
	const char *problem;
	bool is_foreign; /* of another machine: there is no plan */
};

struct bs_traced {
	BS_VEC(struct bs_recording *) recordings; /* in the order in which the programs began */
	int status;				  /* of the command, as wait(2) has it */
	uint32_t n_let_go;   /* processes that came of it and were not followed */
	const char *problem; /* why it could not be run or traced, a sentence; else NULL */
};

/*
 * Runs the command of OPTIONS to its end and records it; with `children`, to the end of the last
 * process that came of it. Everything in *RET is ARENA's. SIGINT and SIGQUIT are not acted upon
 * meanwhile, SIGTERM and SIGHUP are passed on to the command, or to what it left behind; a second
 * SIGTERM kills all that is traced, and those that do not end in five seconds then are waited for
 * no longer: status says SIGKILL. When the calling process ends before, the command is killed.
 * Returns false when RET->problem is set and nothing was recorded.
 */
bool bs_trace_run(struct bs_arena *arena, const struct bs_trace_options *options,
		  struct bs_traced *ret);
