/* SPDX-License-Identifier: MIT */
/*
 * input.h - what people write, as questions: plan files, steps in words, and the files that come
 * with bindsim
 *
 * Nothing here prints: what is wrong with a text is returned in words, with the place where it is.
 *
 * Floor 16: may include base.h, policy.h, check.h for its database of libraries, profile.h for the
 * names of modes, plan-format.h, and plan.h.
 */
#pragma once

#include "../base/base.h"
#include "../check/library-db.h"
#include "../policy/policy.h"

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

/* Who makes the calls around a block of constructors. */
struct bs_around {
	const char *caller;
	uint32_t block;
};

/* Steps that are said one after the other. */
struct bs_said_steps {
	BS_VEC(struct bs_step) steps;
	BS_VEC(struct bs_block) blocks;
	BS_VEC(struct bs_around) around; /* the blocks that are open */
	const char *caller;		 /* of the steps from here on, or NULL */
	uint32_t block;
};

/* Appends STEP, which the caller makes in the block that is open. */
void bs_say_step(struct bs_arena *arena, struct bs_said_steps *said, struct bs_step step);

/* Steps from here on are made by constructors of OBJECT, up to bs_say_end(). False: there are as
 * many blocks in each other as there may be. Want of memory changes nothing. */
bool bs_say_begin(struct bs_arena *arena, struct bs_said_steps *said, const char *object);

/* False: no block is open. */
bool bs_say_end(struct bs_said_steps *said);

/* PLAN has the steps of SAID, which stay its own. */
void bs_say_all(const struct bs_said_steps *said, struct bs_plan *plan);

/* All of the file PATH, or of standard input for "-", in ARENA, *RET_N bytes and a NUL. NULL with
 * errno. */
char *bs_input_read(struct bs_arena *arena, const char *path, size_t *ret_n);

/* What the lines of a [plan NAME] say. */
struct bs_policy_words {
	struct bs_said_steps said;
	BS_VEC(struct bs_variable) variables;
	BS_VEC(const char *) hints; /* what may have been meant otherwise: "PATH:LINE: ..." */
};

/* Reads the lines of PLAN, which is POLICY's, into *RET, in ARENA. NULL, or what is wrong and
 * where: "PATH:LINE: ...". */
const char *bs_policy_plan_read(struct bs_arena *arena, const struct bs_policy *policy,
				const struct bs_policy_plan *plan, struct bs_policy_words *ret);

/* PATH, or NULL, which POLICY names, as it is called from here. */
const char *bs_policy_beside(struct bs_arena *arena, const struct bs_policy *policy,
			     const char *path);

/* PLAN has the loader, the root and the library path of POLICY where it has none itself. */
void bs_policy_give_defaults(struct bs_arena *arena, const struct bs_policy *policy,
			     struct bs_plan *plan);

/* PLAN has the directory of POLICY as its own, where the policy's plans are at home wherever they
 * are asked about; unless it has another one, or a root. */
void bs_policy_at_home(struct bs_arena *arena, const struct bs_policy *policy,
		       struct bs_plan *plan);

/* The program NAME in the directories of PATH, a $PATH, or NULL. */
const char *bs_find_host(struct bs_arena *arena, const char *path, const char *name);

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
