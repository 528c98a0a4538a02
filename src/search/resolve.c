/* SPDX-License-Identifier: MIT */
/*
 * Path resolution inside a root for kernels without openat2(2), and for canonical names.
 *
 * Invariant: every component of CANON was opened as what it is, no link, and stays open in DIRS. So
 * `..` closes the last directory, and at the root it does nothing; an absolute link closes them
 * all.
 * ".." itself is never opened: the parent of a directory that somebody moves meanwhile may lie
 * outside.
 *
 * Where there are two layers, a component is looked for in the upper one first. Directories that
 * both have are one: DIRS has a descriptor of each. A link of the lower one to a directory of its
 * own counts as that: a wheel that has a directory lib hides nothing of a system whose /lib is
 * usr/lib.
 *
 * A magic link (those of /proc that are more than their text) is refused where there is a root, as
 * by openat2(2): its text is a name of another process's. Where there is none it is taken by its
 * text.
 */
#include "search-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as in path_resolution(7) */

struct resolution {
	struct bs_fs_dir root;
	struct bs_fs_dir *dirs; /* one for each component of CANON */
	size_t n_dirs, cap_dirs;
	char *canon; /* "" at the root, else "/a/b" */
	size_t n_canon;
	char *rest; /* what is left to resolve */
	unsigned links;
	bool has_root; /* no magic link is followed */
	const struct bs_fs *fs;
};

struct component {
	char name[NAME_MAX + 1];
};

static const struct bs_fs_dir *here(const struct resolution *r)
{
	return r->n_dirs ? &r->dirs[r->n_dirs - 1] : &r->root;
}

static void close_dir(const struct bs_fs_dir *dir)
{
	for (unsigned i = 0; i < BS_FS_LAYERS; i++)
		if (dir->fd[i] >= 0)
			close(dir->fd[i]);
}

static void to_root(struct resolution *r)
{
	while (r->n_dirs)
		close_dir(&r->dirs[--r->n_dirs]);
	r->n_canon = 0;
	r->canon[0] = '\0';
}

static void step_up(struct resolution *r)
{
	char *slash = strrchr(r->canon, '/');

	if (!slash)
		return;
	*slash = '\0';
	r->n_canon = (size_t)(slash - r->canon);
	close_dir(&r->dirs[--r->n_dirs]);
}

/* Takes DIR over. */
static int step_down(struct resolution *r, const struct bs_fs_dir *dir)
{
	if (r->n_dirs == r->cap_dirs) {
		size_t cap = r->cap_dirs * 2 + 8;
		struct bs_fs_dir *larger = reallocarray(r->dirs, cap, sizeof *larger);

		if (!larger) {
			close_dir(dir);
			errno = ENOMEM;
			return -1;
		}
		r->dirs = larger;
		r->cap_dirs = cap;
	}
	r->dirs[r->n_dirs++] = *dir;
	return 0;
}

static int append(struct resolution *r, const char *name)
{
	size_t n = strlen(name);
	char *larger = realloc(r->canon, r->n_canon + n + 2);

	if (!larger)
		return -1;
	r->canon = larger;
	larger[r->n_canon] = '/';
	memcpy(larger + r->n_canon + 1, name, n + 1);
	r->n_canon += n + 1;
	return 0;
}

/* Copies the next component of P, "" at its end. Returns what follows it, or NULL and errno. */
static const char *next_component(const char *p, struct component *ret)
{
	const char *start = p + strspn(p, "/"), *end = strchrnul(start, '/');
	size_t n = (size_t)(end - start);

	if (n > NAME_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	memcpy(ret->name, start, n);
	ret->name[n] = '\0';
	return end;
}

/* Opens NAME in AT if it is no link; a link fails with ELOOP, or ENOTDIR where a directory is asked
 * for. */
static int open_in(int at, const char *name, int flags)
{
	char c;

	/* O_PATH with O_NOFOLLOW would open the link itself. */
	if ((flags & O_PATH) && !(flags & O_DIRECTORY) && readlinkat(at, name, &c, 1) >= 0) {
		errno = ELOOP;
		return -1;
	}
	return bs_open_at(at, name, flags | O_NOFOLLOW);
}

/* Opens NAME in the first layer that has it. */
static int open_here(const struct resolution *r, const char *name, int flags)
{
	for (unsigned i = 0; i < BS_FS_LAYERS; i++) {
		int fd = here(r)->fd[i] < 0 ? -1 : open_in(here(r)->fd[i], name, flags);

		if (fd >= 0 || (here(r)->fd[i] >= 0 && errno != ENOENT))
			return fd;
	}
	errno = ENOENT;
	return -1;
}

static int open_in_lower(const struct resolution *r, const char *name);

/* Opens the directory NAME in each layer that has it. What is no directory in the upper one hides
 * what the lower one has. */
static bool open_dir_here(const struct resolution *r, const char *name, struct bs_fs_dir *ret)
{
	bool found = false;

	*ret = (struct bs_fs_dir){ { -1, -1 } };
	for (unsigned i = 0; i < BS_FS_LAYERS; i++) {
		int at = here(r)->fd[i];

		if (at < 0)
			continue;
		ret->fd[i] = bs_open_at(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (ret->fd[i] >= 0)
			found = true;
		else if (!found && errno != ENOENT)
			return false;
		else if (found && (errno == ENOTDIR || errno == ELOOP))
			ret->fd[i] = open_in_lower(r, name);
		/* A layer that could not be looked at is not one without it. */
		if (found && ret->fd[i] < 0 && bs_is_lack(errno)) {
			int error = errno;

			close_dir(ret);
			errno = error;
			return false;
		}
	}
	if (!found)
		errno = ENOENT;
	return found;
}

static ssize_t read_link(const struct resolution *r, const char *name, char *target, size_t size)
{
	ssize_t n = -1;

	errno = ENOENT;
	for (unsigned i = 0; i < BS_FS_LAYERS && n < 0 && errno == ENOENT; i++)
		if (here(r)->fd[i] >= 0)
			n = readlinkat(here(r)->fd[i], name, target, size);
	return n;
}

/* The ordinary links of procfs are relative: /proc/self, /proc/mounts. What stands for an open file
 * has a path, or a kind and a number: pipe:[4711]. */
static bool is_magic(const struct resolution *r, const char *target, size_t n)
{
	const struct bs_fs_dir *dir = here(r);
	struct statfs fs;
	int fd = dir->fd[BS_FS_UPPER] >= 0 ? dir->fd[BS_FS_UPPER] : dir->fd[BS_FS_LOWER];

	return n && (target[0] == '/' || memchr(target, ':', n)) && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == PROC_SUPER_MAGIC;
}

/* Puts the text of the link NAME before AFTER. 1: done; 0: NAME is no link; -1: errno. */
static int follow(struct resolution *r, const char *name, const char *after)
{
	char target[PATH_MAX];
	ssize_t n = read_link(r, name, target, sizeof target);
	size_t n_after = strlen(after);

	if (n < 0)
		return errno == EINVAL ? 0 : -1;
	if (++r->links > MOST_LINKS) {
		errno = ELOOP;
		return -1;
	}
	if (r->has_root && is_magic(r, target, (size_t)n)) {
		errno = EXDEV;
		return -1;
	}
	char *rest = malloc((size_t)n + n_after + 1);

	if (!rest)
		return -1;
	memcpy(rest, target, (size_t)n);
	memcpy(rest + n, after, n_after + 1);
	free(r->rest);
	r->rest = rest;
	if (rest[0] == '/')
		to_root(r);
	return 1;
}

/* The directory that R has come to. */
static int reopen(const struct resolution *r, int flags)
{
	const struct bs_fs_dir *dir = here(r);

	return bs_open_at(dir->fd[BS_FS_UPPER] >= 0 ? dir->fd[BS_FS_UPPER] : dir->fd[BS_FS_LOWER],
			  ".", flags);
}

/* Goes down as far as there are components. ALL: into the last one, too, which is a directory then
 * and 0 is returned; else that is opened with FLAGS. */
static int resolve(struct resolution *r, int flags, bool all)
{
	const char *p = r->rest;
	struct component c;

	while ((p = next_component(p, &c))) {
		bool last = *p == '\0' && !all;
		struct bs_fs_dir dir;
		int fd = -1;

		if (c.name[0] == '\0')
			return all ? 0 : reopen(r, flags);
		if (strcmp(c.name, ".") == 0)
			continue;
		if (strcmp(c.name, "..") == 0) {
			step_up(r);
			continue;
		}
		if (last)
			fd = open_here(r, c.name, flags);
		if (last ? fd < 0 : !open_dir_here(r, c.name, &dir)) {
			int error = errno;
			int followed =
				error == ELOOP || error == ENOTDIR ? follow(r, c.name, p) : 0;

			if (followed == 0)
				errno = error;
			if (followed <= 0)
				return -1;
			p = r->rest;
			continue;
		}
		if (append(r, c.name) != 0) {
			if (last)
				close(fd);
			else
				close_dir(&dir);
			errno = ENOMEM;
			return -1;
		}
		if (last)
			return fd;
		if (step_down(r, &dir) != 0)
			return -1;
	}
	return -1;
}

static char *whole_path(const struct bs_fs *fs, const char *path)
{
	size_t n = strlen(path), n_cwd = path[0] == '/' ? 0 : strlen(fs->cwd);
	char *whole;

	if (n == 0 || n >= PATH_MAX) {
		errno = n ? ENAMETOOLONG : ENOENT;
		return NULL;
	}
	whole = malloc(n_cwd + n + 2);
	if (!whole)
		return NULL;
	memcpy(whole, fs->cwd, n_cwd);
	whole[n_cwd] = '/';
	memcpy(whole + n_cwd + 1, path, n + 1);
	return whole;
}

static int begin_and_resolve(struct resolution *r, const struct bs_fs *fs, const char *path,
			     int flags, bool all)
{
	*r = (struct resolution){ .root = { { fs->upper_fd, fs->root_fd } },
				  .has_root = fs->root != NULL,
				  .fs = fs };
	r->rest = whole_path(fs, path);
	r->canon = r->rest ? calloc(2, 1) : NULL;
	return r->canon ? resolve(r, flags, all) : -1;
}

static void end_resolution(struct resolution *r)
{
	int error = errno;

	while (r->n_dirs)
		close_dir(&r->dirs[--r->n_dirs]);
	free(r->dirs);
	free(r->rest);
	free(r->canon);
	errno = error;
}

/* The directory that the link NAME leads to in the lower layer alone; -1: to none. */
static int open_in_lower(const struct resolution *r, const char *name)
{
	struct bs_fs lower = *r->fs;
	struct resolution there;
	size_t n = strlen(name);
	char *path = malloc(r->n_canon + n + 2);
	int fd = -1;

	if (!path)
		return -1;
	memcpy(path, r->canon, r->n_canon);
	path[r->n_canon] = '/';
	memcpy(path + r->n_canon + 1, name, n + 1);
	lower.upper_fd = -1;
	fd = begin_and_resolve(&there, &lower, path, O_PATH | O_DIRECTORY | O_CLOEXEC, false);
	end_resolution(&there);
	free(path);
	return fd;
}

int bs_fs_resolve(const struct bs_fs *fs, const char *path, int flags, char **ret_canonical)
{
	struct resolution r;
	int fd = begin_and_resolve(&r, fs, path, flags, false);

	if (fd >= 0 && ret_canonical) {
		*ret_canonical = r.canon;
		if (r.n_canon == 0)
			memcpy(r.canon, "/", 2);
		r.canon = NULL;
	}
	end_resolution(&r);
	if (fd < 0)
		bs_must_not_lack(fs->arena, path);
	return fd;
}

bool bs_fs_resolve_dir(const struct bs_fs *fs, const char *path, struct bs_fs_dir *ret)
{
	struct resolution r;
	bool found = begin_and_resolve(&r, fs, path, 0, true) >= 0;

	bool lacks = !found;

	for (unsigned i = 0; i < BS_FS_LAYERS; i++) {
		int fd = here(&r)->fd[i];
		bool is_there = found && fd >= 0;

		ret->fd[i] = is_there ? bs_open_at(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		lacks |= is_there && ret->fd[i] < 0;
	}
	end_resolution(&r);
	if (lacks)
		bs_must_not_lack(fs->arena, path);
	return found;
}
