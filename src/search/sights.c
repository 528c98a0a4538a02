/* SPDX-License-Identifier: MIT */
/* What was asked of the files, and what they said: so that it can be asked again later. */
#include "search-priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { LONGEST_FACTS = 64 };

struct bs_fs_watch {
	struct bs_arena *arena;
	bs_fs_sights sights;
	bool knows_cwd;
};

void bs_fs_watch(struct bs_fs *fs)
{
	fs->watch = bs_new(fs->arena, struct bs_fs_watch, 1);
	fs->watch->arena = fs->arena;
}

const bs_fs_sights *bs_fs_seen(const struct bs_fs *fs)
{
	return &fs->watch->sights;
}

static void write_error(char *ret, int error)
{
	if (error == ENOENT || error == ENOTDIR)
		strcpy(ret, "-");
	else
		snprintf(ret, LONGEST_FACTS, "e%d", error);
}

static void write_facts(char *ret, enum bs_fs_look look, const struct stat *st)
{
	if (look == BS_FS_LOOK_WRITERS)
		strcpy(ret, S_ISDIR(st->st_mode) && st->st_mode & S_IWOTH ? "w" : "o");
	else if (look == BS_FS_LOOK_FILE && S_ISDIR(st->st_mode))
		strcpy(ret, "d");
	else if (look == BS_FS_LOOK_WHICH)
		snprintf(ret, LONGEST_FACTS, "%" PRIx64 ":%" PRIx64, (uint64_t)st->st_dev,
			 (uint64_t)st->st_ino);
	else
		snprintf(ret, LONGEST_FACTS, "%" PRIx64 ":%" PRIx64 ":%" PRIx64 ":",
			 (uint64_t)st->st_dev, (uint64_t)st->st_ino, (uint64_t)st->st_size);
}

const char *bs_fs_facts(struct bs_arena *arena, enum bs_fs_look look, int error,
			const struct stat *st)
{
	char *facts = bs_new(arena, char, LONGEST_FACTS);

	if (error)
		write_error(facts, error);
	else
		write_facts(facts, look, st);
	return facts;
}

/* A relative path means what it means from where the process is. */
static void add_cwd(const struct bs_fs *fs)
{
	struct bs_fs_watch *watch = fs->watch;

	if (!watch->knows_cwd)
		bs_vec_push(watch->arena, &watch->sights,
			    ((struct bs_fs_sight){ BS_FS_LOOK_NAME, ".", fs->cwd }));
	watch->knows_cwd = true;
}

char *bs_fs_looks(const struct bs_fs *fs, enum bs_fs_look look, const char *path)
{
	struct bs_fs_watch *watch = fs->watch;

	if (!watch)
		return NULL;
	if (*path != '/')
		add_cwd(fs);
	char *seen = bs_new(watch->arena, char, LONGEST_FACTS);

	strcpy(seen, "?");
	bs_vec_push(watch->arena, &watch->sights,
		    ((struct bs_fs_sight){ look, bs_arena_strndup(watch->arena, path, strlen(path)),
					   seen }));
	return seen;
}

void bs_fs_sees(char *seen, enum bs_fs_look look, int error, const struct stat *st)
{
	if (seen && error)
		write_error(seen, error);
	else if (seen)
		write_facts(seen, look, st);
}

void bs_fs_sees_fd(char *seen, enum bs_fs_look look, int fd)
{
	int error = errno;
	struct stat st;

	if (!seen)
		return;
	if (fd < 0)
		write_error(seen, error);
	else if (fstat(fd, &st) == 0)
		write_facts(seen, look, &st);
	errno = error;
}

void bs_fs_sees_image(const struct bs_fs *fs, const char *path, const struct bs_image *image,
		      int error)
{
	char *seen = bs_fs_looks(fs, BS_FS_LOOK_FILE, path);
	struct stat st = { 0 };

	if (image) {
		st.st_dev = (dev_t)image->dev;
		st.st_ino = (ino_t)image->ino;
		st.st_size = (off_t)image->size;
		st.st_mode = image->mode;
	}
	bs_fs_sees(seen, BS_FS_LOOK_FILE, image ? 0 : error, &st);
}

void bs_fs_sees_name(const struct bs_fs *fs, const char *path, const char *name, int error)
{
	struct bs_fs_watch *watch = fs->watch;
	char *seen = bs_fs_looks(fs, BS_FS_LOOK_NAME, path);

	if (seen && name)
		watch->sights.v[watch->sights.n - 1].seen = name;
	else if (seen)
		write_error(seen, error);
}
