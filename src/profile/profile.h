/* SPDX-License-Identifier: MIT */
/*
 * profile.h - one table per loader, and which loader an executable asks for
 *
 * The engines below interpret policies; this floor is the only one that knows loaders by name. A
 * profile is data first: the policy structs of the floors, what flags mean as numbers, how the
 * environment is read. What depends on the root at hand (how its ld.so was built) is read from that
 * ld.so itself.
 *
 * Floor 5: may include base.h, elf.h, search.h, scope.h, bind.h and plan.h.
 */
#pragma once

#include "../base/base.h"
#include "../bind/bind.h"
#include "../elf/elf.h"
#include "../scope/scope.h"
#include "../search/search.h"

#include "plan.h"

#include <stddef.h>

/* What flags and calls are named, on the command line and in what is written. */

struct bs_mode_name {
	const char *name; /* without RTLD_, in upper case; NULL at the end of the list */
	unsigned mode;	  /* BS_MODE_* */
};

extern const struct bs_mode_name bs_mode_names[];

/* The flag that the N bytes at TEXT name, with or without RTLD_, in upper or lower case; or 0. */
unsigned bs_mode_named(const char *text, size_t n);

/* The flag that they, which name none, may have been meant to name, or NULL. */
const char *bs_mode_meant(const char *text, size_t n);

/* "dlopen" */
const char *bs_step_kind_name(enum bs_step_kind kind);

/* What dlopen's second argument means to a loader. */
struct bs_open_mode {
	/* What the loader does not know of the flags and passes over, in a sentence's words; or
	 * NULL.
	 */
	const char *ignored;
	unsigned flags;		   /* BS_OPEN_* of the scope floor */
	uint64_t consulted;	   /* bit N: it came to choice N */
	struct bs_failure refusal; /* words are set when the call fails for the mode alone */
};

/* A dlopen or dlmopen, as far as its mode goes. */
struct bs_open_call {
	const struct bs_step *step;
	const struct bs_machine *machine; /* whose numbers the flags have */
	const bool *chosen;		  /* by choice, where the profile has any */
	uint32_t caller_ns;
	bool first_namespace;	/* the file goes there */
	bool errors_crash;	/* the profile's */
	bool profile_mode_maps; /* the profile's */
};

/*
 * A rule in which releases of a loader differ, or which its documents leave open: a policy field
 * with a name. --set turns it.
 */
struct bs_switch {
	const char *key;	   /* "sort" */
	const char *const *values; /* names of the values, from 0 on; NULL: a bool, no and yes */
	size_t offset; /* of the field in struct bs_profile: a bool or, where VALUES are named, an
			  enum */
	unsigned from, until; /* the releases with value INSIDE, as in bs_profile.version; 0: open
			       */
	unsigned char inside, outside;
	const char *what;   /* yes means ..., or what the values are of */
	const char *source; /* of the rule: "elf/dl-lookup.c:do_lookup_x" */
	bool is_text;	    /* the field is a text, and any text is a value */
	/* Of a rule that the loader's documents leave open: */
	enum bs_choice choice;
	unsigned rule;	       /* its number */
	bool is_probable;      /* told by documents that could not be read again */
	const char *otherwise; /* no means ... */
};

/* Where a failure is told. */
struct bs_saying {
	bool on_stderr;	     /* start-up, or a failure that ends the process; else by dlerror(3) */
	const char *program; /* what the loader calls the executable */
	const char *needed_by; /* the object whose need could not be met, or NULL */
};

struct bs_profile {
	const char *name;		  /* "glibc" */
	const char *title;		  /* "glibc 2.36" */
	const char *source;		  /* where the rules come from */
	const char *verified;		  /* which real loaders it was held against */
	unsigned version;		  /* 236 is 2.36; 0: the profile has one version only */
	unsigned oldest, newest;	  /* that are known */
	const struct bs_switch *switches; /* ends with one whose key is NULL; or NULL */
	const char *rule_prefix;	  /* of the numbers of rules that are open: "Q-"; or NULL */
	struct bs_search_policy search;
	struct bs_scope_policy scope;
	struct bs_match_policy match;
	const char *cache_path;	  /* "/etc/ld.so.cache" */
	const char *conf_path;	  /* "/etc/ld.so.conf", from which the cache is made */
	const char *preload_file; /* "/etc/ld.so.preload" */
	/* The environment variables that the loader reads, NULL at the end; itself NULL: all that
	 * bindsim knows of. */
	const char *const *variables;
	const char *preload_separators; /* of LD_PRELOAD and --preload */
	bool secure_reads_nothing;	/* under AT_SECURE no variable counts (musl __dls3) */
	bool preload_option_replaces;	/* --preload counts instead of LD_PRELOAD (musl __dls3) */
	bool names_file; /* the executable is called what was executed (AT_EXECFN), not argv[0] */
	bool no_dlvsym;	 /* there is no such call */
	bool no_log;	 /* the loader has no LD_DEBUG, so that it says nothing but its errors */
	/* The loader's own file need not be at hand, since it is no library of its own. */
	bool interp_is_optional;
	/* Names of flags, besides those that all have, that its dlopen knows: BS_MODE_*. */
	unsigned own_modes;
	const char *libpath; /* the search path of the system, where that is a setting; or NULL */
	bool binds_now;	     /* everything is bound when it is loaded, as under LD_BIND_NOW */
	/* Variables that it reads and that change nothing but what it prints; NULL ends; or NULL.
	 */
	const char *const *diagnostics;
	/* Variables that say what it prints, of which the first that is set counts; NULL ends; or
	 * NULL. "help" among their words ends the program. */
	const char *const *debug_variables;
	const char *const *debug_words; /* that they may hold, in a list; NULL ends */
	const char *debug_output;	/* the variable that names a file for it; or NULL */
	bool secure_preloads_nothing;	/* under AT_SECURE LD_PRELOAD does not count */
	const char *malloc_names[5]; /* what ld.so looks up for itself at the end of start-up; NULL
					ends */
	bool binds_malloc;	     /* that look-up is made (glibc from 2.32) */
	bool rebinds_itself;   /* then ld.so's own relocations are made again, with the executable's
				  scope */
	bool rebinds_for_libc; /* both wherever libc is loaded, its own relocations first (from
				  2.41); else where something needs ld.so */
	bool finds_r_debug;    /* and then looks _r_debug up (from 2.42) */
	bool errors_crash; /* what libc itself refuses in another namespace ends the process (up to
			      2.36) */
	bool profile_mode_maps; /* dlopen with the mode of sprof maps the file (from 2.41); before,
				   it fails an assertion */
	bool checks_isa_level;	/* an object may say which x86 level it needs (from 2.33) */
	bool next_takes_newest; /* dlsym(RTLD_NEXT) takes the default version, as dlsym(handle) does
				   (from 2.36) */
	bool canonical_program; /* `ld.so FILE` knows FILE's directory free of links (from 2.42) */
	bool names_library_path; /* LD_DEBUG=libs tells --library-path from LD_LIBRARY_PATH (from
				    2.33) */
	bool tells_rejections;	 /* LD_DEBUG=libs says why a file was not taken (from 2.43) */
	bool pins_say_to;	 /* "reference to" where later releases say "reference from" */
	bool sort_is_tunable;	 /* GLIBC_TUNABLES: glibc.rtld.dynamic_sort (from 2.35) ... */
	bool tls_is_tunable; /* ... glibc.rtld.nns, glibc.rtld.optional_static_tls (from 2.32) */

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
	/* Turns what the N bytes of the loader at hand tell of how it was built; or NULL. */
	void (*read_build)(struct bs_profile *profile, const char *bytes, size_t n);
	/* FAILURE, which is no crash, in the loader's words. */
	const char *(*say)(const struct bs_ctx *ctx, const struct bs_failure *failure,
			   const struct bs_saying *saying);
	/* For a loader whose releases are not numbered like 2.36: the same profile for VERSION, or,
	 * if that is NULL, for the one that the N bytes of the loader at hand tell; NULL when
	 * VERSION is none that is known. */
	const struct bs_profile *(*of_version)(const struct bs_ctx *ctx, const char *version,
					       const char *interp, size_t n);
	/* The search's setup by the loader's own rules; NULL: as described at bs_profile_setup().
	 */
	void (*setup)(const struct bs_profile *profile, const struct bs_ctx *ctx,
		      const char *interp_name, struct bs_search_setup *setup);
};

extern const struct bs_profile bs_profile_glibc;
extern const struct bs_profile bs_profile_musl;
extern const struct bs_profile bs_profile_qnx;
extern const struct bs_switch bs_glibc_switches[];
extern const struct bs_switch bs_qnx_switches[];
void bs_glibc_read_build(struct bs_profile *profile, const char *bytes, size_t n);

/* The switch of PROFILE that makes CHOICE, or NULL. */
const struct bs_switch *bs_switch_of_choice(const struct bs_profile *profile,
					    enum bs_choice choice);

/* The switch for CHOICE turned away from what it is in PROFILE: "qnx.world_first" is "yes". In
 * ARENA; a name of NULL: it cannot be. */
struct bs_variable bs_choice_turned(struct bs_arena *arena, const struct bs_profile *profile,
				    enum bs_choice choice);

/* All of them; NULL ends. */
extern const struct bs_profile *const bs_profiles[];

/*
 * The profile that TEXT means, "glibc" or "glibc:2.31", with the release in *RET_VERSION or 0 where
 * TEXT leaves it open; the version of a profile that has OF_VERSION is for the caller to read. NULL
 * with *RET_PROBLEM, a sentence.
 */
const struct bs_profile *bs_profile_read(struct bs_arena *arena, const char *text,
					 unsigned *ret_version, const char **ret_problem);

/* The release that the N bytes of a loader, or of its C library, say they are; 0: they say nothing.
 */
unsigned bs_profile_version_in(const char *bytes, size_t n);

/* "2.36" */
const char *bs_version_text(struct bs_arena *arena, unsigned version);

/* PROFILE as it is in release VERSION (0: as it stands), a copy in ARENA. A release that is not
 * known gets the rules of the nearest one. */
struct bs_profile *bs_profile_at(struct bs_arena *arena, const struct bs_profile *profile,
				 unsigned version);

/* Turns what SETTINGS, N of "glibc.sort" and "counting", say in PROFILE. Returns NULL, or what is
 * wrong with one of them, a sentence. */
const char *bs_profile_set(struct bs_arena *arena, struct bs_profile *profile,
			   const struct bs_variable *settings, uint32_t n);

/* What is wrong with SETTING, whatever loader comes to be simulated: a sentence, or NULL. */
const char *bs_setting_problem(struct bs_arena *arena, const struct bs_variable *setting);

/* The name of the value VALUE of switch S: "yes". */
const char *bs_switch_name(const struct bs_switch *s, unsigned value);

/* The name of the value that switch S has in PROFILE. */
const char *bs_switch_value(const struct bs_profile *profile, const struct bs_switch *s);

/* The profile of the loader that INTERP (PT_INTERP) names, or NULL when no profile does. */
const struct bs_profile *bs_profile_guess(const char *interp);

/*
 * The part of a search's setup that comes from the machine, from how the ld.so at hand was built
 * (INTERP: the N bytes of the file INTERP_NAME, or NULL when it is not at hand: then upstream's
 * layout is taken, with a diagnostic) and from PLAN's options. Strings live in CTX's arena or in
 * PLAN. Returns false with *RET_PROBLEM, a sentence, when PLAN asks for something unknown.
 */
bool bs_profile_setup(const struct bs_profile *profile, const struct bs_ctx *ctx,
		      const struct bs_plan *plan, const struct bs_machine *machine,
		      const char *interp_name, const char *interp, size_t n,
		      struct bs_search_setup *ret, const char **ret_problem);

/* FAILURE as PROFILE's loader says it, or that it crashes, in CTX's arena. */
const char *bs_failure_in_words(const struct bs_profile *profile, const struct bs_ctx *ctx,
				const struct bs_failure *failure, const struct bs_saying *saying);
