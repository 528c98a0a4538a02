/* SPDX-License-Identifier: MIT */
/*
 * plan-format.h - what a plan file is made of (bindsim-plan(5)), for who writes and who reads one
 *
 * schema/bindsim-plan-1.schema.json says the same.
 */
#pragma once

#include "../profile/plan.h"

#include <stddef.h>

#define BS_PLAN_SCHEMA "bindsim-plan-1"

/* How deep blocks of constructors may stand in each other. */
enum { BS_PLAN_DEEPEST = 16 };

/* A member that is one field of struct bs_plan. */
struct bs_plan_member {
	const char *name; /* NULL at the end of the list */
	bool is_switch;	  /* a bool, otherwise a string */
	size_t at;	  /* the field's place */
};

/* In the order in which they are written. */
extern const struct bs_plan_member bs_plan_members[];

static inline const char **bs_plan_text(struct bs_plan *plan, const struct bs_plan_member *member)
{
	return (const char **)((char *)plan + member->at);
}

static inline bool *bs_plan_switch(struct bs_plan *plan, const struct bs_plan_member *member)
{
	return (bool *)((char *)plan + member->at);
}
