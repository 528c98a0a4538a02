/* SPDX-License-Identifier: MIT */
/*
 * plan.h - the whole question: an executable, its surroundings, and the loader calls to come
 *
 * Plain records. The strings belong to whoever made the plan and must outlive the run.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The calls that ask or change what an object may see. */
enum bs_step_kind {
	BS_STEP_DLOPEN,
	BS_STEP_DLMOPEN,
	BS_STEP_DLSYM, /* dlvsym where a version is given */
	BS_STEP_DLCLOSE,
	BS_STEP_CALL, /* the first call of a function through a lazily bound jump slot */
	BS_STEP_KIND_COUNT_
};

/* Where dlsym(3) looks. */
enum bs_handle { BS_HANDLE_DEFAULT, BS_HANDLE_NEXT, BS_HANDLE_STEP };

/* Modes by name; the numbers are those of no loader: a profile translates them. */
enum {
	BS_MODE_LAZY = 1 << 0,
	BS_MODE_NOW = 1 << 1,
	BS_MODE_GLOBAL = 1 << 2,
	BS_MODE_LOCAL = 1 << 3,
	BS_MODE_DEEPBIND = 1 << 4,
	BS_MODE_NODELETE = 1 << 5,
	BS_MODE_NOLOAD = 1 << 6,
	BS_MODE_WORLD = 1 << 7,
	BS_MODE_GROUP = 1 << 8,
	BS_MODE_LAZYLOAD = 1 << 9,
	BS_MODE_NOSHARE = 1 << 10,
};

/*
 * One call. OBJECTs (caller, object, the constructors' object) are named as a person names them: by
 * link-map name, requested name, soname or base name, "NAME[ns]" for one in namespace ns.
 */
struct bs_step {
	enum bs_step_kind kind;
	const char *caller; /* the object that makes the call; NULL: the executable or, in a block
			       of constructors, the block's object */
	uint32_t block;	    /* who makes it: 0 the program, N the constructors of blocks[N - 1] */

	/* dlopen, dlmopen */
	const char *file; /* what the program hands to dlopen(3); "" is dlopen(NULL) */
	unsigned mode;	  /* BS_MODE_*; 0 when a number was given */
	bool mode_is_number;
	uint64_t number;     /* as in the profile's <dlfcn.h> */
	const char *spelled; /* the flags as they were written, or NULL when there were none */

	/* dlmopen: the namespace of that step, 0 a new one; dlclose: what that step opened; dlsym
	 * with BS_HANDLE_STEP: where to look */
	uint32_t of_step;

	/* dlsym */
	enum bs_handle handle;
	const char *symbol;  /* call, too */
	const char *version; /* or NULL; call: only to tell apart two references to one name */

	const char *object; /* call: whose jump slot it is */

	bool internal; /* dlopen, dlclose, dlsym: the C library makes the call by itself, through no
			  function of <dlfcn.h>: NSS, iconv, the unwinder. The loader does the same.
			*/

	/* dlopen: it was taken from a note in which its caller says what it may open: which entry
	 * of all its notes, from 1 on; 0: it was not. */
	uint32_t note_entry;
	const char *note_feature; /* what for, as that entry has it, or NULL */
};

/* `--init OBJECT ... --end-init`: calls that OBJECT's constructors make when they run. */
struct bs_block {
	const char *object;
};

/* NAME=VALUE, as the process would have it. */
struct bs_variable {
	const char *name, *value;
};

struct bs_plan {
	const char *executable; /* path as typed */
	/* Nobody knows the program: EXECUTABLE is but what it is called. It is made for the machine
	 * that this file is made for, needs nothing, and brings what nobody else defines. Or NULL
	 */
	const char *unknown_program;
	const char *root; /* host directory that "/" means, or NULL */
	/* Host directory with the files of an archive, which stand over those of ROOT and which
	 * reports are about; or NULL. ARCHIVE_IS_ROOT: they are all that there is. */
	const char *archive;
	bool archive_is_root;
	const char *cwd;   /* inside the root, or NULL */
	const char *argv0; /* or NULL: EXECUTABLE as typed */
	/* What stands behind argv[0]. No rule of a loader asks for it; who runs the program does.
	 */
	const char *const *arguments;
	uint32_t n_arguments;
	const char *loader;	 /* profile and release, "glibc:2.31"; NULL: PT_INTERP's */
	const char *search_path; /* $PATH for an EXECUTABLE without a slash, or NULL: the usual
				    directories */

	const struct bs_variable *environment;
	uint32_t n_environment;
	const struct bs_variable *settings; /* --set: "glibc.sort" is "counting" */
	uint32_t n_settings;

	const struct bs_step *steps; /* numbered from 1; step 0 is start-up */
	uint32_t n_steps;
	const struct bs_block *blocks; /* the Nth that names an object runs with the Nth run of its
					  constructors */
	uint32_t n_blocks;

	/* What files cannot tell. NULL or 0: as on the machine that bindsim runs on. */
	const char *library_path; /* --library-path: instead of LD_LIBRARY_PATH */
	const char *preload;	  /* --preload: after LD_PRELOAD */
	bool secure;		  /* AT_SECURE */
	bool inhibit_cache;
	bool ldconfig; /* ld.so.cache is what ldconfig would write now */
	bool trace; /* as ldd does: a start-up that fails goes on as far as it can, to tell all that
		       is missing */
	const char *inhibit_rpath;
	const char *cpu;      /* "x86-64-v3": the hwcaps level */
	const char *platform; /* AT_PLATFORM */
	const char *hwcaps_mask, *hwcaps_prepend;
};
