/* SPDX-License-Identifier: MIT */
/*
 * search-priv.h - what the files of the search floor share; for them and for their unit test only
 */
#pragma once

#include "search.h"

#include <string.h>
#include <sys/stat.h>

/* Text that grows; not NUL-terminated by itself. */
typedef BS_VEC(char) bs_chars;

static inline void bs_chars_put(const struct bs_ctx *ctx, bs_chars *to, const char *s, size_t n)
{
	if (n == 0)
		return;
	bs_vec_reserve(ctx->arena, to, (uint32_t)n);
	memcpy(to->v + to->n, s, n);
	to->n += (uint32_t)n;
}

/* ---- files ------------------------------------------------------------------------------ */

/* A link that is not there: PATH stands for the file TARGET. */
struct bs_fs_link {
	const char *path, *target;
};

enum { BS_FS_UPPER, BS_FS_LOWER, BS_FS_LAYERS };

/* A directory as the layers have it: O_PATH each, -1 where there is none. */
struct bs_fs_dir {
	int fd[BS_FS_LAYERS];
};

struct bs_fs {
	int upper_fd; /* O_PATH: what stands over the root, or -1 */
	int root_fd;  /* O_PATH: the root directory, "/" where there is no root */
	int cwd_fd;   /* O_PATH, or AT_FDCWD: only used where there is no root */
	struct bs_arena *arena;
	const char *root;     /* as it was given, or NULL */
	const char *cwd;      /* inside the root, canonical */
	bool kernel_resolves; /* openat2(2) with RESOLVE_IN_ROOT works here */
	BS_VEC(struct bs_fs_link) links;
	struct bs_paths *paths;	   /* what earlier runs have opened; or NULL */
	struct bs_fs_watch *watch; /* or NULL */
};

/* ---- sights.c ----------------------------------------------------------------------------- */

/*
 * Before FS is asked: where the answer goes, or NULL if nobody wants it. Nothing is allocated
 * afterwards, while files are open. The next functions pass over NULL and leave errno alone.
 */
char *bs_fs_looks(const struct bs_fs *fs, enum bs_fs_look look, const char *path);
void bs_fs_sees(char *seen, enum bs_fs_look look, int error, const struct stat *st);
/* Of the open file FD; of errno, where that is negative. */
void bs_fs_sees_fd(char *seen, enum bs_fs_look look, int fd);

/* Both at once: what is kept of PATH, IMAGE or else ERROR; and the NAME, which is FS's, or else
 * ERROR. */
void bs_fs_sees_image(const struct bs_fs *fs, const char *path, const struct bs_image *image,
		      int error);
void bs_fs_sees_name(const struct bs_fs *fs, const char *path, const char *name, int error);

/* ---- fs.c, resolve.c -------------------------------------------------------------------- */

/* paths.c: from here to bs_paths_end() FS has what STORE, if it keeps things, knows of paths. */
void bs_paths_begin(struct bs_fs *fs, const struct bs_ctx *ctx, struct bs_store *store);
void bs_paths_end(struct bs_fs *fs);

/* The image of the file PATH, as bs_store_acquire() gives it; NULL with *RET_ERROR, an errno, when
 * it cannot be opened, and with 0 when it cannot be looked at. */
const struct bs_image *bs_paths_open(const struct bs_fs *fs, const struct bs_ctx *ctx,
				     struct bs_store *store, const char *path, int *ret_error);

/* From now on PATH, spelled so, is opened as TARGET, both in CTX's arena. */
void bs_fs_add_link(struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
		    const char *target);

/* bs_fs_open() that does without openat2(2) when OWN_RESOLVER says so. */
struct bs_fs *bs_fs_open_with(const struct bs_ctx *ctx, const char *root, const char *cwd,
			      bool own_resolver);

/*
 * Opens PATH below FS's root one component at a time, so that neither `..` nor a link leads out of
 * it. FLAGS are those of open(2). -1 and errno as the kernel would say. Unless RET_CANONICAL is
 * NULL, *RET_CANONICAL is the path without links, which the caller frees.
 */
int bs_fs_resolve(const struct bs_fs *fs, const char *path, int flags, char **ret_canonical);

/* The same as bs_fs_resolve() for the directory PATH in both layers. False and errno: there is
 * none. */
bool bs_fs_resolve_dir(const struct bs_fs *fs, const char *path, struct bs_fs_dir *ret);

/* ---- tokens.c ----------------------------------------------------------------------------- */

/* True when PATH begins with one of the system directories, as text. */
bool bs_is_in_system_dir(const struct bs_search_setup *setup, const char *path);

/* ---- hwcaps.c ----------------------------------------------------------------------------- */

/* What goes between directory and name: "glibc-hwcaps/x86-64-v3/", ..., "". */
struct bs_subdir {
	const char *text;
	uint32_t n;
};

/* A name that ld.so.cache may ask for; the lower the priority, the better. */
struct bs_hwcap {
	const char *name;
	uint32_t priority; /* from 1 */
};

struct bs_hwcaps {
	const struct bs_subdir *subdirs; /* in the order in which they are tried; "" is the last */
	uint32_t n_subdirs;
	const struct bs_hwcap *by_name; /* sorted by name, equal ones by priority */
	uint32_t n_by_name;
};

struct bs_hwcaps *bs_hwcaps_new(const struct bs_ctx *ctx, const struct bs_search_setup *setup);

/* ---- cache.c, cache-kinds.c -------------------------------------------------------------- */

/* What one machine's loader wants of an entry. */
struct bs_cache_kind {
	int32_t best, other; /* the acceptable values of `flags`; BEST ends the search for a better
				entry */
	uint64_t platforms;  /* the bits of hwcap that name a platform */
	bool char_is_unsigned; /* plain char, by which names are compared */
	bool has_isa_levels;   /* glibc-hwcaps entries say which ISA level they need */
};

const struct bs_cache_kind *bs_cache_kind_of(const struct bs_target *target);

struct bs_cache;

/*
 * Reads SETUP's cache, or makes the one that ldconfig would write. NULL when there is none or it is
 * unusable, the latter with a diagnostic; *ERROR becomes the errno when it cannot be read.
 */
const struct bs_cache *bs_cache_read(const struct bs_ctx *ctx, struct bs_fs *fs,
				     struct bs_store *store, const struct bs_search_setup *setup,
				     const struct bs_hwcaps *hwcaps, int *error);

/* The path that CACHE gives for NAME, or NULL. */
const char *bs_cache_lookup(const struct bs_cache *cache, const struct bs_search_setup *setup,
			    const char *name);

/* ---- conf.c, ldconfig.c --------------------------------------------------------------------- */

/* A directory that ldconfig reads. */
struct bs_conf_dir {
	const char *path;
	dev_t dev;
	ino_t ino;
};

typedef BS_VEC(struct bs_conf_dir) bs_conf_dirs;

/* Appends the directories that the file PATH, an ld.so.conf, names; each once, as it is spelled
 * first, and only if it exists. */
void bs_conf_read(const struct bs_ctx *ctx, const struct bs_fs *fs, const char *path,
		  bs_conf_dirs *ret);

/* That PATH, which ldconfig reads, cannot be read: with the errno ERROR, where that does not say
 * that it would find nothing there either. Told once. */
void bs_conf_tell(const struct bs_ctx *ctx, const char *path, int error);

/* Appends the directory PATH, under the same conditions. */
void bs_conf_add(const struct bs_ctx *ctx, const struct bs_fs *fs, const char *path,
		 bs_conf_dirs *ret);

/* The bytes of the cache that ldconfig would write, NUL behind them; the links that it would make
 * are added to FS. */
unsigned char *bs_ldconfig_write(const struct bs_ctx *ctx, struct bs_fs *fs, struct bs_store *store,
				 const struct bs_search_setup *setup, size_t *ret_n);

/* The order of names in ld.so.cache (glibc elf/dl-cache.c:_dl_cache_libcmp): <0, 0, >0. */
int bs_cache_compare(const char *a, const char *b, bool char_is_unsigned);

/* ---- pathlist.c --------------------------------------------------------------------------- */

enum bs_dir_status { BS_DIR_UNKNOWN, BS_DIR_EXISTING, BS_DIR_MISSING };

/* Known once, however many lists name it; it belongs to the one that named it first. */
struct bs_dir {
	const char *text; /* with a slash at its end, or "" */
	uint32_t n;
	uint32_t hash;	   /* of TEXT */
	const char *label; /* "RPATH", ...; one string for each label: compared by address */
	const char *where; /* link-map name, or NULL */
};

enum bs_list_status { BS_LIST_UNASKED, BS_LIST_NONE, BS_LIST_READY };

/* A run of the state's MEMBERS. */
struct bs_list {
	enum bs_list_status status;
	uint32_t first, n;
};

struct bs_map_lists {
	struct bs_list rpath, runpath;
};

struct bs_search_state {
	struct bs_fs *fs;
	struct bs_store *store;
	const struct bs_search_setup *setup;
	const struct bs_hwcaps *hwcaps;
	const struct bs_cache *cache; /* NULL also when it is unusable */
	bool cache_was_read;
	int cache_error; /* why the cache could not be opened, or 0 */
	int error;	 /* the loader's errno */
	BS_VEC(struct bs_dir) dirs;
	BS_VEC(uint8_t) status;		  /* bs_dir_status of [dir * n_subdirs + sub] */
	bs_ids members;			  /* indexes into DIRS */
	BS_VEC(struct bs_map_lists) maps; /* by map id */
	struct bs_list system_dirs, library_path;
	const char *system_path; /* of a loader that reads it from a file; NULL: not read yet */
	bs_chars path;		 /* the file being tried */
};

/* One bs_search() on its way. */
struct bs_walk {
	const char *directory; /* of the list that is being walked, as the list has it; or NULL */
	struct bs_search_state *state;
	const struct bs_ctx *ctx;
	const struct bs_request *request;
	bs_traces *traces; /* or NULL */
	struct bs_found *found;
	bool met_other_class;
};

enum bs_outcome { BS_NOT_HERE, BS_TAKEN, BS_REFUSED };

void bs_lists_begin(struct bs_search_state *state, const struct bs_ctx *ctx,
		    const struct bs_requester *main);

/* MAP's DT_RPATH or DT_RUNPATH, registered when first asked for. NULL: nothing to search. */
struct bs_list *bs_list_rpath(struct bs_search_state *state, const struct bs_ctx *ctx,
			      const struct bs_requester *map, bool is_executable);
struct bs_list *bs_list_runpath(struct bs_search_state *state, const struct bs_ctx *ctx,
				const struct bs_requester *map, bool is_executable);

/* Tries every directory of LIST (glibc elf/dl-load.c:open_path). */
enum bs_outcome bs_list_walk(struct bs_walk *walk, struct bs_list *list, enum bs_how how);

/* ---- plain.c ------------------------------------------------------------------------------ */

/* The whole of a search where the first file that opens counts. */
enum bs_outcome bs_search_plainly(struct bs_walk *walk);

/* ---- search.c ----------------------------------------------------------------------------- */

/* Opens PATH and has it judged (glibc elf/dl-load.c:open_verify). */
enum bs_outcome bs_try_file(struct bs_walk *walk, const char *path, enum bs_how how);

/* Appends a trace where traces are wanted. */
void bs_walk_trace(struct bs_walk *walk, const struct bs_trace *trace);
