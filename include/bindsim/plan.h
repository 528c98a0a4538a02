/* SPDX-License-Identifier: MIT */
/*
 * plan.h - the whole question: an executable, its surroundings, and the loader calls to come
 *
 * Plain records. The strings belong to whoever made the plan and must outlive the run.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum bs_step_kind {
	BS_STEP_DLOPEN,
};

/* Modes by name; the numbers are those of no loader: a profile translates them. */
enum {
	BS_MODE_LAZY = 1 << 0,
	BS_MODE_NOW = 1 << 1,
	BS_MODE_GLOBAL = 1 << 2,
	BS_MODE_LOCAL = 1 << 3,
	BS_MODE_DEEPBIND = 1 << 4,
	BS_MODE_NODELETE = 1 << 5,
	BS_MODE_NOLOAD = 1 << 6,
};

struct bs_step {
	enum bs_step_kind kind;
	const char *file; /* what the program hands to dlopen(3); "" is dlopen(NULL) */
	unsigned mode;	  /* BS_MODE_*; 0 when a number was given */
	bool mode_is_number;
	uint64_t number;     /* as in the profile's <dlfcn.h> */
	const char *spelled; /* the flags as they were written, or NULL when there were none */
	const char *caller;  /* the object that makes the call; NULL: the executable */
};

/* NAME=VALUE, as the process would have it. */
struct bs_variable {
	const char *name, *value;
};

struct bs_plan {
	const char *executable;	 /* path as typed */
	const char *root;	 /* host directory that "/" means, or NULL */
	const char *cwd;	 /* inside the root, or NULL */
	const char *argv0;	 /* or NULL: EXECUTABLE as typed */
	const char *loader;	 /* profile, or NULL: what PT_INTERP asks for */
	const char *search_path; /* $PATH for an EXECUTABLE without a slash, or NULL: the usual
				    directories */

	const struct bs_variable *environment;
	uint32_t n_environment;

	const struct bs_step *steps; /* numbered from 1; step 0 is start-up */
	uint32_t n_steps;

	/* What files cannot tell. NULL or 0: as on the machine that bindsim runs on. */
	const char *library_path; /* --library-path: instead of LD_LIBRARY_PATH */
	const char *preload;	  /* --preload: after LD_PRELOAD */
	bool secure;		  /* AT_SECURE */
	bool inhibit_cache;
	bool trace; /* as ldd does: a start-up that fails goes on as far as it can, to tell all that
		       is missing */
	const char *inhibit_rpath;
	const char *cpu;      /* "x86-64-v3": the hwcaps level */
	const char *platform; /* AT_PLATFORM */
	const char *hwcaps_mask, *hwcaps_prepend;
};
