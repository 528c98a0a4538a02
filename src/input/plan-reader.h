/* SPDX-License-Identifier: MIT */
/*
 * plan-reader.h - what the files share that read JSON member by member, and know where they are
 *
 * Floor 16: includes jansson, which input.h does not.
 */
#pragma once

#include "../report/jansson-late.h"
#include "input.h"

/* Where in the file something stands: "steps[2].flags". */
struct bs_place {
	const struct bs_place *in; /* NULL: the file as a whole */
	const char *member;	   /* or NULL: an item of an array */
	size_t index;
};

struct bs_plan_reader {
	struct bs_arena *arena;
	const char *problem;	       /* the first that was found, with its place ... */
	struct bs_input_problem parts; /* ... and apart from it */
	BS_VEC(struct bs_step) steps;
	BS_VEC(struct bs_block) blocks;
};

/* Makes a sentence the problem, with PLACE in front. Returns false. */
bool bs_plan_fail(struct bs_plan_reader *r, const struct bs_place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "a number": what VALUE is, for messages. */
const char *bs_plan_type(const json_t *value);

/* The bytes that the string VALUE stands for. False when it is none. */
bool bs_plan_string(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
		    const char **ret);

/*
 * Appends the steps in the array VALUE, and the blocks of constructors among them; BLOCK is the one
 * that they stand in.
 */
bool bs_plan_steps(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
		   uint32_t block);
