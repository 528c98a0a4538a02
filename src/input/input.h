/* SPDX-License-Identifier: MIT */
/*
 * input.h - what people write, as questions: plan files, steps in words, and the files that come
 * with bindsim
 *
 * Nothing here prints: what is wrong with a text is returned in words, with the place where it is.
 *
 * Floor 16: may include base.h, check.h for its database of libraries, profile.h for the names of
 * modes, plan-format.h, and plan.h.
 */
#pragma once

#include "../base/base.h"
#include "../check/library-db.h"

#include "../profile/plan.h"

/* What is wrong with a file, and where in it: "steps[2].flags", or "" for all of it. */
struct bs_input_problem {
	const char *place, *reason;
};

/*
 * What the option of a step of KIND says, TEXT, as a step: FILE[:FLAGS] and so on (bindsim(1)). In
 * FILE[:FLAGS] the text after the last ':' is flags only if all of it is; otherwise it belongs to
 * the file's name, and where it looks like flags *RET_HINT says so. Strings are TEXT's or ARENA's.
 * Returns NULL, or what is wrong with TEXT, a sentence.
 */
const char *bs_parse_step(struct bs_arena *arena, enum bs_step_kind kind, const char *text,
			  struct bs_step *ret, const char **ret_hint);

/* Sets the mode of RET when all of TEXT is flags: names that are joined, or a number. */
bool bs_parse_flags(const char *text, struct bs_step *ret);

/* All of the file PATH, or of standard input for "-", in ARENA, *RET_N bytes and a NUL. NULL with
 * errno. */
char *bs_input_read(struct bs_arena *arena, const char *path, size_t *ret_n);

/* ENTRY, NAME=VALUE, is a variable that a loader reads. */
bool bs_is_for_loader(const char *entry);

/*
 * The libraries that are known: those of the file that is installed with the tool or the library
 * that asks, wherever these are now; else where they were to be installed; else those that are
 * built in.
 */
struct bs_library_db *bs_library_db_open(struct bs_arena *arena);

/*
 * The plan that the N bytes at TEXT are (bindsim-plan(5)), in *RET. Strings are ARENA's. Returns
 * NULL, or what is wrong with TEXT and where: "steps[2].flags[0]: ...".
 */
const char *bs_plan_read(struct bs_arena *arena, const char *text, size_t n, struct bs_plan *ret);

/*
 * The same, true or false; what is wrong is in *RET_PROBLEM. *RET_HELD is to be handed to
 * bs_plan_drop(), also by who is unwound to for want of memory.
 */
bool bs_plan_read_parts(struct bs_arena *arena, const char *text, size_t n, struct bs_plan *ret,
			struct bs_input_problem *ret_problem, void **ret_held);
void bs_plan_drop(void *held);
