/* SPDX-License-Identifier: MIT */
/* verify-log.h - logs of LD_DEBUG as testimonies */
#pragma once

#include "cli.h"

/* Whose words count. */
struct bs_log_wish {
	const struct bs_plan *plan; /* the process that runs its executable ... */
	bool has_pid;		    /* ... or this one: */
	uint32_t pid, image;	    /* IMAGE: the how many-th of that pid, from 1 on; 0: any */
	bool is_private;	    /* nobody is told of the files */
	bool is_whole;		    /* the process ended by itself */
};

/* What was found. */
struct bs_log_testimony {
	struct bs_testimony *testimony;
	uint32_t pid, generation;
	const char *program; /* or NULL */
};

/*
 * Reads FILES, of which "-" is standard input, and takes the one process that is wished for. Names
 * are ARENA's, the rest is, too. False after a message: no such process, or several.
 */
bool bs_testimony_from_logs(struct bs_arena *arena, const char *const *files, uint32_t n_files,
			    const struct bs_log_wish *wish, struct bs_log_testimony *ret);
