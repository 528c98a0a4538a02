/* SPDX-License-Identifier: MIT */
/* questions.h - what the programs of this directory ask about files with odd numbers in them */
#pragma once

#include "sim/sim.h"

#include <stdint.h>

enum { N_VALUES = 15 };

/* A number of a file, in the machine's byte order. */
struct field {
	uint64_t offset;
	unsigned width;
	char name[64];
};

extern struct field *fields;
extern unsigned n_fields;

/* Lines "OFFSET WIDTH NAME" of the standard input. */
void read_fields(void);

/* The odd value number I for a number of WIDTH bytes that is OLD. */
uint64_t odd_value(uint64_t old, unsigned width, unsigned i);

/*
 * Asks the question WAY ("now", "lazy", "musl", "ldconfig"; "core": of PATH) about the root
 * DIRECTORY; "again": five times, by what was kept of the times before. What cannot be answered has
 * a reason, or the process aborts.
 */
enum bs_sim_status ask_question(const char *directory, const char *path, const char *way);

/*
 * Calls TRY_FROM(AT), which ends by _exit(), in a process of its own: 0 is returned when all
 * went well, else the status of wait(2) that it ended with.
 */
int status_of(void (*try_from)(uint64_t at), uint64_t at);

/* Prints ": signal 11" and ends the line, for the STATUS of a process that HANG ends if it goes on
 * for too long. */
void print_end(int status, int hang);
