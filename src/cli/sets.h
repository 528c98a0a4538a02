/* SPDX-License-Identifier: MIT */
/* sets.h - shared objects without a program as plans, for the files that read what to check */
#pragma once

#include "options-priv.h"

#include "../sim/sim.h"

/* What the program is called that nobody knows. */
#define BS_UNKNOWN_HOST "(any host)"

/* A file that may be asked about. */
struct bs_set_file {
	const char *path;
	struct bs_file_look look;
};

typedef BS_VEC(struct bs_set_file) bs_set_files;

/* Appends the ELF files in DIRECTORY, as the process of PLAN sees it, each once, sorted by path;
 * RECURSIVE: those below it, too. False after a message. */
bool bs_set_find(struct bs_arena *arena, const struct bs_plan *plan, const char *directory,
		 bool recursive, bs_set_files *ret);

/* PATH is a directory for the process of PLAN. False with errno, 0 where it is something else. */
bool bs_set_has_directory(struct bs_arena *arena, const struct bs_plan *plan, const char *path);

/* The directory PATH, absolute and free of links, for the process of PLAN; PATH, where it is not
 * there. */
const char *bs_set_place(struct bs_arena *arena, const struct bs_plan *plan, const char *path);

/* PATH is a module that Python imports, or one of the libraries that come with modules alone. */
bool bs_set_is_module(const char *path);
bool bs_set_is_for_modules(const char *path);

/* Drops those that are of another KIND or whose name GLOB, if there is one, does not match. */
void bs_set_keep(bs_set_files *files, enum bs_file_kind kind, const char *glob);

/* Shared objects that belong together. */
struct bs_set {
	const char *name;	    /* or NULL */
	const struct bs_plan *base; /* what their plans have in common */
	const bs_set_files *files;
	const char *host; /* the program that opens them, or NULL: nobody knows it */
};

/* Adds PLAN to what is checked, unless --plan-name wants another one. */
void bs_set_add(struct bs_option_reader *r, const struct bs_named_plan *plan);

/* Adds the plans that are to be made of SET. */
void bs_set_plans(struct bs_option_reader *r, const struct bs_set *set);

/* The plans of the shared objects that FROM names, whose name may be NULL. False after a message.
 */
bool bs_set_directory(struct bs_option_reader *r, const struct bs_plan *base,
		      const struct bs_policy_libraries *from);

/* The same for all that the policy has and --plan-name wants. */
bool bs_set_of_policy(struct bs_option_reader *r, const struct bs_plan *base);
