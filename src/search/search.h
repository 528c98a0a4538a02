/* SPDX-License-Identifier: MIT */
/*
 * search.h - which file a name means, and every place that was tried
 *
 * bs_fs is the one seam to the world: it opens files under a root, resolves links inside it, and
 * reports identities. bs_search() walks a loader's search order for one request and writes down
 * each step of it, so that a report can tell the whole road, found or not. What a search learns
 * about directories (which exist, who registered them) is state of the simulated process: a loader
 * asks a directory once.
 *
 * This floor knows names, paths and ELF headers; it does not know link maps. The chain of
 * requesters is passed in.
 * Floor 2: may include base.h and elf.h. Rules: glibc elf/dl-load.c:_dl_map_object, open_path,
 * open_verify, fillin_rpath; elf/dl-cache.c:_dl_load_cache_lookup; elf/dl-hwcaps.c.
 */
#pragma once

#include "../base/base.h"
#include "../elf/elf.h"

/* ---- files -------------------------------------------------------------------------------- */

struct bs_fs;
struct stat;

/*
 * A view of the file system as the simulated process has it. ROOT (NULL: the real one) is the
 * directory that "/" means: no path and no symbolic link leads out of it. CWD is the process's
 * working directory, a path inside the root (NULL: the real working directory where that lies
 * inside ROOT, else "/"); a relative one starts from where NULL would lead.
 * Ends with CTX's arena but for file descriptors: bs_fs_close(). Returns NULL with a diagnostic
 * when ROOT or CWD cannot be opened.
 */
struct bs_fs *bs_fs_open(const struct bs_ctx *ctx, const char *root, const char *cwd);
void bs_fs_close(struct bs_fs *fs);

/*
 * The same with the files of the host directory UPPER over those of ROOT (NULL: the real one): what
 * both have is UPPER's, but for directories, which are one. Links of both lead through both. UPPER
 * may have no directory where ROOT has a link.
 */
struct bs_fs *bs_fs_open_over(const struct bs_ctx *ctx, const char *upper, const char *root,
			      const char *cwd);

/* FS has an UPPER, and PATH leads to a file of it. */
bool bs_fs_is_upper(const struct bs_fs *fs, const char *path);

/* The working directory as getcwd(3) would say it in the process: free of links. */
const char *bs_fs_cwd(const struct bs_fs *fs);

/*
 * open(2) with O_RDONLY|O_CLOEXEC of PATH (relative ones from the working directory); -1 and errno.
 * Does not block on a FIFO.
 */
int bs_fs_open_file(const struct bs_fs *fs, const char *path);

/* True when PATH leads to something, whatever that is. */
bool bs_fs_has(const struct bs_fs *fs, const char *path);

/* True when PATH is a directory. */
bool bs_fs_is_directory(const struct bs_fs *fs, const char *path);

/* True when PATH is a directory that anybody may write to, sticky or not. */
bool bs_fs_anybody_writes(const struct bs_fs *fs, const char *path);

enum bs_fs_kind { BS_FS_FILE, BS_FS_LINK, BS_FS_OTHER, BS_FS_DIRECTORY };

struct bs_fs_entry {
	const char *name;
	enum bs_fs_kind kind;
};

typedef BS_VEC(struct bs_fs_entry) bs_fs_entries;

/* Appends what the directory PATH holds, sorted by name. Returns 0, or an errno: it cannot be
 * read, or not to its end. */
int bs_fs_list(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
	       bs_fs_entries *ret);

/*
 * The path, absolute and free of links, `.` and `..`, of the file PATH: what /proc/self/exe says
 * after execve(2) of PATH. In CTX's arena; NULL and errno when it does not exist.
 */
const char *bs_fs_canonical(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path);

/*
 * The whole regular file PATH; NULL and errno when it cannot be read. In CTX's arena, with a NUL
 * after its *RET_N bytes.
 */
char *bs_fs_read(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path, size_t *ret_n);

/* ---- what was looked at ------------------------------------------------------------------- */

/* What is asked about a path. */
enum bs_fs_look {
	BS_FS_LOOK_FILE,    /* what is there: a file, of which all counts, or a directory */
	BS_FS_LOOK_LIST,    /* a directory: what it holds */
	BS_FS_LOOK_WHICH,   /* which file or directory it is, and no more */
	BS_FS_LOOK_NAME,    /* the path free of links */
	BS_FS_LOOK_WRITERS, /* whether anybody may write to it */
	BS_FS_LOOK_COUNT_
};

/*
 * A question and its answer, SEEN: "-" where there is nothing, "eN" for another errno, "d" for a
 * directory that is there, "w" and "o" for one that anybody may write to and for others, a name, or
 * numbers: device and inode, and behind them, each with a colon after it, the size; "?" where
 * nobody could tell.
 */
struct bs_fs_sight {
	enum bs_fs_look look;
	const char *path, *seen;
};

typedef BS_VEC(struct bs_fs_sight) bs_fs_sights;

/* stat(2) of PATH: 0, or -1 and errno, which stays as it was on success. LOOK: what of it counts.
 */
int bs_fs_stat(const struct bs_fs *fs, const char *path, enum bs_fs_look look, struct stat *ret);

/* From here on FS, of which nothing was asked yet, writes down what it is asked. */
void bs_fs_watch(struct bs_fs *fs);

/* What it was asked, some of it many times, with what it said at that time. What is as it was then
 * has the same answers. They are FS's. */
const bs_fs_sights *bs_fs_seen(const struct bs_fs *fs);

/* What such a LOOK sees, in ARENA: of an errno, or of *ST where ERROR is 0. Not for names. */
const char *bs_fs_facts(struct bs_arena *arena, enum bs_fs_look look, int error,
			const struct stat *st);

/* ---- what a loader is told ---------------------------------------------------------------- */

/* Does the loader take this file? (glibc elf/dl-load.c:open_verify) */
enum bs_verdict {
	BS_TAKE,
	BS_SKIP,	     /* silently: as if the file were not there */
	BS_SKIP_OTHER_CLASS, /* the same, but the final message will say so */
	BS_SKIP_NO_SETUID,   /* a preload into a program with privileges, without any itself */
	BS_REFUSE,	     /* the request fails at once */
};

/* What a process is made for: the ELF header that a file must have. */
struct bs_target {
	const struct bs_machine *machine;
	uint32_t e_flags;	  /* of the executable, for machines whose ABI is told there */
	bool abi_tags;		  /* the policy's */
	bool old_abis;		  /* the policy's */
	bool refuses_executables; /* the policy's */
};

/*
 * The policy of one loader. The judge returns a verdict on IMAGE's header and, for BS_REFUSE, the
 * loader's words in *RET_WORDS (a static string) and an errno to be said after them in *RET_ERROR,
 * or 0.
 */
struct bs_search_policy {
	/*
	 * Directories are tried one by one, and the first file that opens is the answer, whatever
	 * is in it: LD_LIBRARY_PATH, then the RUNPATH or else RPATH of whoever asked and of each
	 * that asked before it, then the system path. No cache, no subdirectories, no tokens but
	 * $ORIGIN; JUDGE is not asked and the fields below it do not count. (musl
	 * ldso/dynlink.c:load_library, path_open)
	 */
	bool first_that_opens;
	/* The same, but the paths of who asked come before LD_LIBRARY_PATH, a DT_RPATH counts
	 * rather than a DT_RUNPATH, and a file that JUDGE does not take is passed over.
	 */
	bool rpath_first;
	bool runpath_is_ignored; /* then a DT_RUNPATH never counts */
	bool origin_is_literal;	 /* and $ORIGIN is no token */
	bool relative_is_sought; /* and `d/L.so` is searched for like `L.so` */
	/* What is said of a name that leads to no file, before the error's own words. */
	const char *not_found;
	enum bs_verdict (*judge)(const struct bs_image *image, const struct bs_target *target,
				 const char **ret_words, int *ret_error);
	const char *library_path_separators; /* ":;" in glibc */
	bool legacy_hwcaps;	 /* the tls/HWCAP/PLATFORM subdirectories (glibc up to 2.36) */
	bool glibc_hwcaps;	 /* glibc-hwcaps/LEVEL subdirectories (from 2.33) */
	bool enotdir_goes_on;	 /* an element that is no directory ends no list (from 2.39) */
	bool keeps_root_dir;	 /* "/" in a list stays in it after a miss (from 2.38) */
	bool checks_cache_again; /* each search sees anew whether there is a cache (from 2.44) */
	bool cache_legacy_bits;	 /* cache entries with legacy hwcap bits are weighed (up to 2.39) */
	bool x86_platforms; /* the loader names x86-64 processors itself: hwcap "x86_64", $PLATFORM
			       "haswell" (from 2.26) */
	bool greedy_tokens; /* `$ORI/` and `${}` are tokens, and only a slash or the end comes after
			       one without braces (up to 2.27) */
	bool abi_tags; /* a file whose ABI tag names another system is passed over (up to 2.35) */
	bool refuses_executables; /* before anything else is asked of them (2.20 to 2.30) */
	bool old_abis; /* EI_ABIVERSION that asks for absolute symbols is unknown (up to 2.27) */
};

/*
 * What cannot be read from files: the run's environment, the machine it runs on, how the loader was
 * built. Lists of strings end with NULL.
 */
/* The name of a subdirectory for one kind of processor, and its bit in ld.so.cache. */
struct bs_legacy_name {
	const char *name;
	unsigned bit;
};

struct bs_search_setup {
	const struct bs_search_policy *policy;
	struct bs_target target;
	const char *library_path;	/* LD_LIBRARY_PATH or --library-path, or NULL */
	const char *library_path_label; /* "LD_LIBRARY_PATH" or "--library-path" */
	const char *const *system_dirs; /* each with a trailing slash */
	/* Where the first file that opens counts: the system path, and the file that is read
	 * instead if there is one. */
	const char *system_path, *system_path_file;
	bool system_path_is_assumed; /* nobody said what it is */
	const char *cache_path;	     /* "/etc/ld.so.cache"; NULL: not read */
	bool inhibit_cache;
	/* What ldconfig takes for such names; ends with a NULL name. NULL: none (from 2.37) */
	const struct bs_legacy_name *ldconfig_names;
	bool ldconfig;		   /* the cache is what ldconfig would write now, file or none */
	const char *conf_path;	   /* "/etc/ld.so.conf", which ldconfig reads */
	const char *inhibit_rpath; /* ':'-separated link-map names, or NULL */
	const char *hwcaps_prepend, *hwcaps_mask; /* ':'-separated, or NULL */
	const char *const *hwcaps_levels; /* the builtin names that the CPU supports, best first */
	unsigned isa_level; /* x86: 1 baseline ... 4 (cache entries ask for one); 0 elsewhere */
	const char *const *legacy_names; /* of the set bits of AT_HWCAP that count, ascending */
	uint64_t legacy_hwcap;		 /* AT_HWCAP & mask, for legacy cache entries */
	uint64_t legacy_platform_bits;	 /* the bit of PLATFORM in cache entries; 0: none */
	const char *platform;		 /* $PLATFORM, or NULL when unavailable */
	const char *lib_token;		 /* $LIB: "lib64" or "lib/x86_64-linux-gnu" */
	bool secure;			 /* AT_SECURE */
};

/* ---- a request ---------------------------------------------------------------------------- */

/* One link of the chain of requesters: who asked, who asked for that one, ... */
struct bs_requester {
	uint32_t map;	    /* its id: the key of what the state keeps for it; ids are small */
	const char *name;   /* its link-map name, "" for the executable: the loader's `where` */
	const char *origin; /* directory for $ORIGIN, or NULL when unknown */
	const struct bs_image *image;
};

/* Strings and requesters of a request are only read while it is carried out, but for `name`. */
struct bs_request {
	const char *name; /* what was asked for, before expansion */
	uint32_t ns;
	const struct bs_requester *chain; /* [0] asked; may be NULL (n_chain 0) */
	uint32_t n_chain;
	const struct bs_requester *main; /* the executable, or NULL while it is being looked for */
	/* Whose DF_1_NODEFLIB counts when nobody asked: the namespace's first map. */
	const struct bs_requester *nodeflib;
	bool main_is_loaded_by_dlopen; /* false: its RPATH is tried at the end of the chain */
	bool preload; /* under AT_SECURE the cache is skipped and only set-uid files count */
};

/* Where a found file came from. */
enum bs_how {
	BS_HOW_NONE,
	BS_HOW_PATH, /* the name contains a slash */
	BS_HOW_RPATH,
	BS_HOW_LIBRARY_PATH,
	BS_HOW_RUNPATH,
	BS_HOW_CACHE,
	BS_HOW_DEFAULT,
	BS_HOW_COUNT_
};

/* One step of a search, in the order the loader takes them; together they are LD_DEBUG=libs. */
enum bs_trace_kind {
	/* text: the name; a search in several places begins */
	BS_TRACE_FIND,
	/* text: "D1:D2:..." not known to be missing; label: "RPATH", ...; where: map name or NULL
	 */
	BS_TRACE_PATH_LIST,
	/* text: the cache's path */
	BS_TRACE_CACHE,
	/* text: the file; verdict, os_error */
	BS_TRACE_TRY,
	/* text: a cache hit that DF_1_NODEFLIB forbids; LD_DEBUG shows a try */
	BS_TRACE_CACHE_DROPPED,
	/* the search in several places is over; absent after a refusal */
	BS_TRACE_END,
	/* text: a filtee that is about to be loaded; where: the link-map name of its filter */
	BS_TRACE_AUXILIARY,
};

struct bs_trace {
	enum bs_trace_kind kind;
	enum bs_how how;
	enum bs_verdict verdict; /* of a TRY that opened */
	int os_error;		 /* of a TRY that did not */
	uint32_t ns;		 /* of a FIND */
	/* WHERE of a TRY: the directory as the list has it, without the hwcaps subdirectory */
	const char *text, *label, *where;
	const char *words; /* of a TRY that was refused */
};

typedef BS_VEC(struct bs_trace) bs_traces;

struct bs_found {
	/* Counted up, the caller's to bs_store_release(). NULL: not found or refused. */
	const struct bs_image *image;
	const char *path; /* the link-map name: spelled as the loader spells it */
	enum bs_how how;
	uint32_t via; /* the map whose RPATH or RUNPATH it was, for those */
	/* when image is NULL: */
	const char *words;   /* "cannot open shared object file", "invalid ELF header" */
	const char *subject; /* what they are said of: the request, or the path that was refused */
	int os_error;	     /* whose strerror(3) follows, or 0 */
	bool not_found;	     /* nothing was taken or refused */
};

/* ---- searching ---------------------------------------------------------------------------- */

struct bs_search_state;

/*
 * The state of a process that has not searched yet: system directories and LD_LIBRARY_PATH
 * registered, the executable's own lists between them as the loader does
 * (glibc elf/dl-load.c:_dl_init_paths). MAIN may be NULL.
 * SETUP and FS must outlive it. Lives in CTX's arena, as does what later calls with the same CTX
 * add to it.
 */
struct bs_search_state *bs_search_begin(const struct bs_ctx *ctx, struct bs_fs *fs,
					struct bs_store *store, const struct bs_search_setup *setup,
					const struct bs_requester *main);

/*
 * Carries out REQUEST. Fills *RET and appends every step to TRACES (NULL: not wanted). Returns true
 * when a file was found and taken. `Already loaded?` is not asked here: that is the scope floor's
 * question.
 */
bool bs_search(struct bs_search_state *state, const struct bs_ctx *ctx,
	       const struct bs_request *request, bs_traces *traces, struct bs_found *ret);

/*
 * A copy of STATE for a forked process, in CTX's arena. It shares what never changes, so STATE's
 * arena must outlive it.
 */
struct bs_search_state *bs_search_fork(const struct bs_search_state *state,
				       const struct bs_ctx *ctx);

/*
 * The loader's errno, which a search that fails without trying a file still reports. It is the
 * error of the last attempt, 0 after a file was taken, and lasts from one search to the next.
 * Whoever loads the dependencies of an object sets it to 0 before and, if it is still 0 then, puts
 * the old value back after (glibc elf/dl-deps.c:_dl_map_object_deps); a start without
 * /etc/ld.so.preload begins with ENOENT (elf/rtld.c:dl_main).
 */
int bs_search_error(const struct bs_search_state *state);
void bs_search_set_error(struct bs_search_state *state, int error);

/*
 * Dynamic string tokens in TEXT replaced: $ORIGIN, $LIB, $PLATFORM. Returns TEXT itself when there
 * are none, "" when one cannot be replaced (the loader then drops the path), else a string in CTX's
 * arena. (glibc elf/dl-load.c:_dl_dst_substitute)
 */
const char *bs_expand(const struct bs_search_setup *setup, const struct bs_ctx *ctx,
		      const char *text, const char *origin, bool is_executable);

/* True when TEXT holds a token that bs_expand() would replace. */
bool bs_has_tokens(const struct bs_search_setup *setup, const char *text);

/*
 * The directory for $ORIGIN of the object with link-map name PATH (relative ones are prefixed with
 * the working directory and not normalised: glibc elf/dl-object.c:_dl_new_object). In CTX's arena.
 */
const char *bs_origin_of(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path);

/* ---- what ldconfig works on ---------------------------------------------------------------- */

/* True when SETUP's ld.so.cache can be opened. */
bool bs_search_has_cache(const struct bs_fs *fs, const struct bs_search_setup *setup);

/* The directories that SETUP's ld.so.conf names and that exist; NULL ends. In CTX's arena. */
const char *const *bs_search_conf_dirs(const struct bs_ctx *ctx, const struct bs_fs *fs,
				       const struct bs_search_setup *setup);

/* ---- the machine that bindsim runs on ----------------------------------------------------- */

/* 1 to 4 for the x86-64 level of this CPU as glibc sees it (CPUID and XGETBV); else 0. */
unsigned bs_host_isa_level(void);

/* True on a CPU by Intel: glibc up to 2.36 names their microarchitectures in $PLATFORM. */
bool bs_host_is_intel(void);
