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
 * A magic link (those of /proc that are more than their text) is taken by its text, where
 * openat2(2) refuses it.
 */
#include "search-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as in path_resolution(7) */

struct resolution {
	int root_fd;
	int *dirs; /* one for each component of CANON */
	size_t n_dirs, cap_dirs;
	char *canon; /* "" at the root, else "/a/b" */
	size_t n_canon;
	char *rest; /* what is left to resolve */
	unsigned links;
};

struct component {
	char name[NAME_MAX + 1];
};

static int here(const struct resolution *r)
{
	return r->n_dirs ? r->dirs[r->n_dirs - 1] : r->root_fd;
}

static void to_root(struct resolution *r)
{
	while (r->n_dirs)
		close(r->dirs[--r->n_dirs]);
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
	close(r->dirs[--r->n_dirs]);
}

/* Takes FD over. */
static int step_down(struct resolution *r, int fd)
{
	if (r->n_dirs == r->cap_dirs) {
		size_t cap = r->cap_dirs * 2 + 8;
		int *larger = reallocarray(r->dirs, cap, sizeof *larger);

		if (!larger) {
			close(fd);
			errno = ENOMEM;
			return -1;
		}
		r->dirs = larger;
		r->cap_dirs = cap;
	}
	r->dirs[r->n_dirs++] = fd;
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

/* Opens NAME if it is no link; a link fails with ELOOP, or ENOTDIR where a directory is asked for.
 */
static int open_here(const struct resolution *r, const char *name, int flags)
{
	char c;

	/* O_PATH with O_NOFOLLOW would open the link itself. */
	if ((flags & O_PATH) && !(flags & O_DIRECTORY) && readlinkat(here(r), name, &c, 1) >= 0) {
		errno = ELOOP;
		return -1;
	}
	return openat(here(r), name, flags | O_NOFOLLOW);
}

/* Puts the text of the link NAME before AFTER. 1: done; 0: NAME is no link; -1: errno. */
static int follow(struct resolution *r, const char *name, const char *after)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(here(r), name, target, sizeof target);
	size_t n_after = strlen(after);

	if (n < 0)
		return errno == EINVAL ? 0 : -1;
	if (++r->links > MOST_LINKS) {
		errno = ELOOP;
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

static int resolve(struct resolution *r, int flags)
{
	const char *p = r->rest;
	struct component c;

	while ((p = next_component(p, &c))) {
		bool last = *p == '\0';
		int fd;

		if (c.name[0] == '\0')
			return openat(here(r), ".", flags);
		if (strcmp(c.name, ".") == 0)
			continue;
		if (strcmp(c.name, "..") == 0) {
			step_up(r);
			continue;
		}
		fd = open_here(r, c.name, last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
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
			close(fd);
			errno = ENOMEM;
			return -1;
		}
		if (last)
			return fd;
		if (step_down(r, fd) != 0)
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

int bs_fs_resolve(const struct bs_fs *fs, const char *path, int flags, char **ret_canonical)
{
	struct resolution r = { .root_fd = fs->root_fd };

	r.rest = whole_path(fs, path);
	r.canon = r.rest ? calloc(2, 1) : NULL;
	int fd = r.canon ? resolve(&r, flags) : -1;
	int error = errno;

	if (fd >= 0 && ret_canonical) {
		*ret_canonical = r.canon;
		if (r.n_canon == 0)
			memcpy(r.canon, "/", 2);
	} else {
		free(r.canon);
	}
	while (r.n_dirs)
		close(r.dirs[--r.n_dirs]);
	free(r.dirs);
	free(r.rest);
	errno = error;
	return fd;
}
