/* SPDX-License-Identifier: MIT */
/*
 * What paths led to, kept with a store that keeps things: runs on the same store see the files that
 * the first of them saw.
 */
#include "search-priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct end_of_path {
	const struct bs_image *image; /* or NULL: the path cannot be opened, because of ERROR */
	int error;
	bool is_known;
};

struct bs_paths {
	struct bs_arena *arena;
	struct bs_store *store;
	struct bs_names *names;		 /* paths, with the root's device and inode before them */
	BS_VEC(struct end_of_path) ends; /* by name */

	/* Of the run that has it: */
	char prefix[48];
	BS_VEC(char) key;
};

static void end_paths(void *kept)
{
	struct bs_paths *paths = kept;

	bs_arena_free(paths->arena);
}

/* Paths that are being made: nobody knows them yet who is unwound to. */
struct making {
	struct bs_arena *arena;
	struct bs_paths *paths;
};

static void make_paths(void *user)
{
	struct making *m = user;

	m->paths = bs_new(m->arena, struct bs_paths, 1);
	m->paths->names = bs_names_new(m->arena);
}

static struct bs_paths *new_paths(const struct bs_ctx *ctx, struct bs_store *store)
{
	struct making m = { .arena = bs_arena_new() };

	if (!m.arena)
		bs_arena_exhausted(ctx->arena);
	bs_arena_unwind_with(m.arena, ctx->arena);
	if (!bs_arena_try(ctx->arena, make_paths, &m)) {
		bs_arena_free(m.arena);
		bs_arena_unwind(ctx->arena);
	}
	m.paths->arena = m.arena;
	m.paths->store = store;
	return m.paths;
}

void bs_paths_begin(struct bs_fs *fs, const struct bs_ctx *ctx, struct bs_store *store)
{
	struct stat st;

	/* Two roots have no one number. */
	if (fs->paths || fs->upper_fd >= 0 || !store ||
	    !bs_store_is_keeping(store, BS_KEPT_PATHS) || fstat(fs->root_fd, &st) != 0)
		return;
	struct bs_paths *paths = bs_store_take(store, BS_KEPT_PATHS);

	if (!paths)
		paths = new_paths(ctx, store);
	bs_arena_unwind_with(paths->arena, ctx->arena);
	snprintf(paths->prefix, sizeof paths->prefix, "%ju:%ju:", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	fs->paths = paths;
}

void bs_paths_end(struct bs_fs *fs)
{
	if (fs->paths)
		bs_store_keep(fs->paths->store, BS_KEPT_PATHS, fs->paths, end_paths);
	fs->paths = NULL;
}

/* Where PATHS keeps what PATH leads to. */
static struct end_of_path *end_of(struct bs_paths *paths, const char *path)
{
	size_t n_prefix = strlen(paths->prefix), n = strlen(path);

	paths->key.n = 0;
	bs_vec_reserve(paths->arena, &paths->key, (uint32_t)(n_prefix + n + 1));
	memcpy(paths->key.v, paths->prefix, n_prefix);
	memcpy(paths->key.v + n_prefix, path, n + 1);
	bs_name name = bs_name_of(paths->names, paths->key.v);

	while (paths->ends.n <= name)
		bs_vec_push(paths->arena, &paths->ends, ((struct end_of_path){ 0 }));
	return &paths->ends.v[name];
}

static const struct bs_image *open_image(const struct bs_fs *fs, const struct bs_ctx *ctx,
					 struct bs_store *store, const char *path, int *ret_error)
{
	int fd = bs_fs_open_file(fs, path);

	*ret_error = fd < 0 ? errno : 0;
	if (fd < 0)
		return NULL;
	return bs_store_acquire_closing(store, ctx, fd, path);
}

const struct bs_image *bs_paths_open(const struct bs_fs *fs, const struct bs_ctx *ctx,
				     struct bs_store *store, const char *path, int *ret_error)
{
	/* What ldconfig would make is not there, and relative paths go from anywhere. */
	if (!fs->paths || *path != '/' || fs->links.n)
		return open_image(fs, ctx, store, path, ret_error);
	struct end_of_path *end = end_of(fs->paths, path);

	*ret_error = end->error;
	if (end->is_known) {
		if (fs->watch)
			bs_fs_sees_image(fs, path, end->image, end->error);
		return end->image ? bs_store_hold(store, ctx, end->image, path) : NULL;
	}
	const struct bs_image *image = open_image(fs, ctx, store, path, ret_error);

	/* A file that could be opened and not be read is tried again. */
	if (image || *ret_error)
		*end = (struct end_of_path){ image, *ret_error, true };
	return image;
}
