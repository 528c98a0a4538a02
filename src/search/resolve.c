/* SPDX-License-Identifier: MIT */
/*
 * Path resolution inside a root for kernels without openat2(2), and for canonical names.
 *
 * Invariant: AT is open on the directory that CANON names, every component of which was found to be
 * no link. So `..` removes the last component of CANON, and at the root it does nothing; an
 * absolute link starts again at the root.
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
	int at;	     /* root_fd, or ours to close */
	char *canon; /* "" at the root, else "/a/b" */
	size_t n_canon;
	char *rest; /* what is left to resolve */
	unsigned links;
};

struct component {
	char name[NAME_MAX + 1];
};

static void leave(struct resolution *r)
{
	if (r->at != r->root_fd)
		close(r->at);
	r->at = r->root_fd;
}

static int step_down(struct resolution *r, const char *name)
{
	int fd = openat(r->at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	leave(r);
	r->at = fd;
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

/*
 * Goes down again from the root instead of opening "..": the parent of a directory that somebody
 * moves meanwhile may lie outside.
 */
static int step_up(struct resolution *r)
{
	char *slash = strrchr(r->canon, '/');
	struct component c;

	if (!slash)
		return 0;
	*slash = '\0';
	r->n_canon = (size_t)(slash - r->canon);
	leave(r);
	for (const char *p = r->canon; *p;) {
		p = next_component(p, &c);
		if (!p || step_down(r, c.name) != 0)
			return -1;
	}
	return 0;
}

/* Puts the text of the link NAME before AFTER. 1: done; 0: NAME is no link; -1: errno. */
static int follow(struct resolution *r, const char *name, const char *after)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(r->at, name, target, sizeof target);
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
	if (rest[0] == '/') {
		leave(r);
		r->n_canon = 0;
		r->canon[0] = '\0';
	}
	return 1;
}

static int resolve(struct resolution *r, int flags)
{
	const char *p = r->rest;
	struct component c;

	for (;;) {
		const char *after = next_component(p, &c);
		int followed;

		if (!after)
			return -1;
		if (c.name[0] == '\0')
			return openat(r->at, ".", flags);
		p = after;
		if (strcmp(c.name, ".") == 0)
			continue;
		if (strcmp(c.name, "..") == 0) {
			if (step_up(r) != 0)
				return -1;
			continue;
		}
		followed = follow(r, c.name, after);
		if (followed < 0)
			return -1;
		if (followed) {
			p = r->rest;
			continue;
		}
		if (append(r, c.name) != 0)
			return -1;
		if (*after == '\0')
			return openat(r->at, c.name, flags | O_NOFOLLOW);
		if (step_down(r, c.name) != 0)
			return -1;
	}
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
	struct resolution r = { .root_fd = fs->root_fd, .at = fs->root_fd };

	r.rest = whole_path(fs, path);
	r.canon = r.rest ? calloc(2, 1) : NULL;
	int fd = r.canon ? resolve(&r, flags) : -1;
	int error = errno;

	leave(&r);
	free(r.rest);
	if (fd >= 0 && ret_canonical) {
		if (r.n_canon == 0)
			memcpy(r.canon, "/", 2);
		*ret_canonical = r.canon;
	} else {
		free(r.canon);
	}
	errno = error;
	return fd;
}
