/* SPDX-License-Identifier: MIT */
/*
 * profile.h - one table per loader, and which loader an executable asks for
 *
 * The engines below interpret policies; this floor is the only one that knows loaders by name. A
 * profile is data first: the policy structs of the floors, what flags mean as numbers, how the
 * environment is read. What depends on the root at hand (how its ld.so was built) is read from that
 * ld.so itself.
 *
 * Floor 5: may include base.h, elf.h, search.h, scope.h, bind.h and <bindsim/plan.h>.
 */
#pragma once

#include "../base/base.h"
#include "../bind/bind.h"
#include "../elf/elf.h"
#include "../scope/scope.h"
#include "../search/search.h"

#include <bindsim/plan.h>

/* What flags and calls are named, on the command line and in what is written. */

struct bs_mode_name {
	const char *name; /* without RTLD_, in upper case; NULL at the end of the list */
	unsigned mode;	  /* BS_MODE_* */
};

extern const struct bs_mode_name bs_mode_names[];

/* The flag that the N bytes at TEXT name, with or without RTLD_, in upper or lower case; or 0. */
unsigned bs_mode_named(const char *text, size_t n);

/* "dlopen" */
const char *bs_step_kind_name(enum bs_step_kind kind);

/* What dlopen's second argument means to a loader. */
struct bs_open_mode {
	unsigned flags;		   /* BS_OPEN_* of the scope floor */
	struct bs_failure refusal; /* words are set when the call fails for the mode alone */
};

/* A dlopen or dlmopen, as far as its mode goes. */
struct bs_open_call {
	const struct bs_step *step;
	uint32_t caller_ns;
	bool first_namespace; /* the file goes there */
};

struct bs_profile {
	const char *name;   /* "glibc" */
	const char *title;  /* "glibc 2.36" */
	const char *source; /* where the rules come from */
	struct bs_search_policy search;
	struct bs_scope_policy scope;
	struct bs_match_policy match;
	const char *cache_path;	     /* "/etc/ld.so.cache" */
	const char *preload_file;    /* "/etc/ld.so.preload" */
	const char *malloc_names[5]; /* what ld.so looks up for itself at the end of start-up; NULL
					ends */
	bool rebinds_itself; /* then ld.so's own relocations are made again, with the executable's
				scope */

	/* The version that libc's first symbols have on MACHINE: "GLIBC_2.2.5"; NULL when unknown.
	 */
	const char *(*base_version)(const struct bs_machine *machine);
	/* The name the kernel's shared object has in the link map of programs for MACHINE, or NULL.
	 */
	const char *(*vdso_soname)(const struct bs_machine *machine);
	/* What ld.so MACHINE's programs name in PT_INTERP, for shared objects that stand in for an
	 * executable; or NULL. */
	const char *(*default_interp)(const struct bs_machine *machine);
	struct bs_open_mode (*open_mode)(const struct bs_open_call *call);
};

extern const struct bs_profile bs_profile_glibc;

/* The profile called NAME ("glibc"), or NULL. */
const struct bs_profile *bs_profile_find(const char *name);

/* The profile of the loader that INTERP (PT_INTERP) names, or NULL when no profile does. */
const struct bs_profile *bs_profile_guess(const char *interp);

/*
 * The part of a search's setup that comes from the machine, from how the ld.so at hand was built
 * (INTERP: its N bytes, or NULL when it is not at hand: then upstream's layout is taken, with a
 * diagnostic) and from PLAN's options. Strings live in CTX's arena or in PLAN. Returns false with
 * *RET_PROBLEM, a sentence, when PLAN asks for something unknown.
 */
bool bs_profile_setup(const struct bs_profile *profile, const struct bs_ctx *ctx,
		      const struct bs_plan *plan, const struct bs_machine *machine,
		      const char *interp, size_t n, struct bs_search_setup *ret,
		      const char **ret_problem);

/* FAILURE as dlerror(3) would say it: "SUBJECT: WORDS: strerror". In CTX's arena. */
const char *bs_failure_as_dlerror(const struct bs_ctx *ctx, const struct bs_failure *failure);

/* FAILURE as the loader says it on standard error when start-up fails; PROGRAM is argv[0]. In CTX's
 * arena. */
const char *bs_failure_as_startup(const struct bs_ctx *ctx, const struct bs_failure *failure,
				  const char *program);
