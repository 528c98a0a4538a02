/* SPDX-License-Identifier: MIT */
/*
 * Files of an archive in a private directory.
 *
 * Invariant: the directory is left by no name. A path's directories are resolved by bs_fs, which
 * stays inside its root, to a place free of links; that place is then walked, and made, one
 * component after the other, none of which may be a link.
 */
#include "archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 128 }; /* components of a place */

/* Where an entry is to lie. */
struct place {
	int at;		  /* the open directory */
	const char *name; /* in it */
};

static const char *wrong(const struct bs_tree *tree, const char *path, const char *what)
{
	return bs_arena_printf(tree->ctx.arena, "%s: %s", *path ? path : "'/'", what);
}

/* The next component of *AT in ARENA, or NULL at the end. */
static const char *next_component(struct bs_arena *arena, const char **at)
{
	const char *from = *at + strspn(*at, "/");
	size_t n = strcspn(from, "/");

	*at = from + n;
	return n ? bs_arena_strndup(arena, from, n) : NULL;
}

/* Where the directory PATH leads, "" for the root; NULL with *RET_PROBLEM. */
static const char *resolve(const struct bs_tree *tree, const char *path, const char **ret_problem)
{
	struct bs_arena *arena = tree->ctx.arena;
	const char *place = "", *name;
	unsigned depth = 0;

	while ((name = next_component(arena, &path))) {
		if (strcmp(name, ".") == 0)
			continue;
		const char *next = bs_arena_printf(arena, "%s/%s", place, name);
		const char *real = bs_fs_canonical(tree->fs, &tree->ctx, next);

		place = !real ? next : strcmp(real, "/") == 0 ? "" : real;
		if (++depth > DEEPEST || strlen(place) >= PATH_MAX) {
			*ret_problem = wrong(tree, path, "too many directories in each other");
			return NULL;
		}
	}
	return place;
}

/* Opens the directory PLACE, and makes what of it is not there. -1 and errno. */
static int walk(const struct bs_tree *tree, const char *place, bool make)
{
	int at = fcntl(tree->fd, F_DUPFD_CLOEXEC, 0);
	unsigned depth = 0;
	const char *name;

	while (at >= 0 && (name = next_component(tree->ctx.arena, &place))) {
		int next = -1;

		if (++depth > DEEPEST)
			errno = ENAMETOOLONG;
		else if (!make || mkdirat(at, name, 0700) == 0 || errno == EEXIST)
			next = bs_open_at(at, name,
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int error = errno;

		close(at);
		errno = error;
		at = next;
	}
	return at;
}

/* What is wrong with PATH as a name, whatever it leads to. */
static const char *check_path(const struct bs_tree *tree, const char *path)
{
	const char *at = path, *name;

	if (strlen(path) >= PATH_MAX)
		return wrong(tree, "an entry", "its name is too long");
	while ((name = next_component(tree->ctx.arena, &at)))
		if (strcmp(name, "..") == 0)
			return wrong(tree, path, "the name leads out of the archive");
		else if (strlen(name) > NAME_MAX)
			return wrong(tree, path, "the name is too long");
	return NULL;
}

/* The place of PATH; MAKE: with its directories. RET->at is -1 where there is none. */
static const char *find_place(struct bs_tree *tree, const char *path, bool make, struct place *ret)
{
	const char *slash = strrchr(path, '/'), *problem = check_path(tree, path);
	struct bs_arena *arena = tree->ctx.arena;

	*ret = (struct place){ .at = -1 };
	if (problem)
		return problem;
	const char *parent = slash ? bs_arena_strndup(arena, path, (size_t)(slash - path)) : "";

	if (!tree->last_parent || strcmp(parent, tree->last_parent) != 0) {
		tree->last_place = resolve(tree, parent, &problem);
		tree->last_parent = tree->last_place ? parent : NULL;
		if (problem)
			return problem;
	}
	ret->name =
		bs_arena_strndup(arena, slash ? slash + 1 : path, strlen(slash ? slash + 1 : path));
	ret->at = walk(tree, tree->last_place, make);
	if (ret->at < 0 && (make || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)))
		return wrong(tree, path,
			     errno == ENOTDIR || errno == ELOOP ? "it lies in what is no directory"
								: strerror(errno));
	return NULL;
}

/* Paths may lead elsewhere from here on. */
static void forget(struct bs_tree *tree)
{
	tree->last_parent = NULL;
}

bool bs_tree_has(const struct bs_tree *tree, const char *path)
{
	return bs_fs_has(tree->fs, bs_arena_printf(tree->ctx.arena, "/%s", path));
}

/* ---- removing ------------------------------------------------------------------------------ */

/* True when NAME is gone: a file, or a directory with nothing in it. */
static bool remove_plain(int at, const char *name, bool *ret_is_directory)
{
	bool is_removed = unlinkat(at, name, 0) == 0 || errno == ENOENT;

	*ret_is_directory = !is_removed && (errno == EISDIR || errno == EPERM);
	return is_removed || (*ret_is_directory && unlinkat(at, name, AT_REMOVEDIR) == 0);
}

/* The directory that is emptied. */
struct top {
	int fd;
	unsigned n_names;
	bool is_to_be_read; /* something was moved to it */
};

/* The directory NAME of AT goes to TOP, under a name that is free there. */
static bool move_up(int at, const char *name, struct top *top)
{
	char to[32];

	do {
		snprintf(to, sizeof to, "removed-%u", top->n_names++);
		if (renameat(at, name, top->fd, to) == 0) {
			top->is_to_be_read = true;
			return true;
		}
	} while (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR);
	return false;
}

/*
 * Removes what is in the directory FD, which is TOP or lies in it. However deep the tree is, few
 * descriptors do: what lies deeper is moved to TOP, whose turn comes again then.
 */
static bool empty_once(int fd, struct top *top)
{
	int again = bs_open_at(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = again < 0 ? NULL : fdopendir(again);
	bool ok = directory != NULL, is_directory;

	if (!directory && again >= 0)
		close(again);
	for (const struct dirent *entry; directory && (entry = readdir(directory)) != NULL;) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    remove_plain(fd, name, &is_directory))
			continue;
		if (!is_directory || fd != top->fd) {
			ok &= is_directory && move_up(fd, name, top);
			continue;
		}
		int inner = bs_open_at(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		ok &= inner >= 0 && empty_once(inner, top);
		if (inner >= 0)
			close(inner);
		ok &= unlinkat(fd, name, AT_REMOVEDIR) == 0;
	}
	if (directory)
		closedir(directory);
	return ok;
}

bool bs_empty_directory(int fd)
{
	struct top top = { .fd = fd };
	bool ok = true;

	do {
		top.is_to_be_read = false;
		ok &= empty_once(fd, &top);
	} while (top.is_to_be_read);
	return ok;
}

static bool remove_at(int at, const char *name)
{
	bool is_directory;

	if (remove_plain(at, name, &is_directory))
		return true;
	int fd = !is_directory
			 ? -1
			 : bs_open_at(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return false;
	bool emptied = bs_empty_directory(fd);

	close(fd);
	return emptied && unlinkat(at, name, AT_REMOVEDIR) == 0;
}

const char *bs_tree_remove(struct bs_tree *tree, const char *path, bool keep)
{
	struct place place;
	const char *problem = find_place(tree, path, false, &place);
	bool ok = true;

	if (problem || place.at < 0)
		return problem;
	if (keep) {
		int fd = *place.name ? bs_open_at(place.at, place.name,
						  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				     : fcntl(place.at, F_DUPFD_CLOEXEC, 0);

		if (fd >= 0)
			ok = bs_empty_directory(fd);
		if (fd >= 0)
			close(fd);
	} else {
		ok = remove_at(place.at, place.name);
	}
	int error = errno;

	close(place.at);
	forget(tree);
	return ok ? NULL : wrong(tree, path, strerror(error));
}

/* ---- making -------------------------------------------------------------------------------- */

/* There is a directory at PLACE, which was the last one to be found, or a link to one. */
static bool leads_to_directory(const struct bs_tree *tree, const struct place *place)
{
	return bs_fs_is_directory(
		tree->fs, bs_arena_printf(tree->ctx.arena, "%s/%s", tree->last_place, place->name));
}

/* Makes room for what is no directory. *RET_STAYS: there is a directory that stays. */
static const char *make_room(const struct bs_tree *tree, const char *path,
			     const struct place *place, bool *ret_stays)
{
	struct stat st;

	*ret_stays = false;
	if (!*place->name) {
		*ret_stays = true;
		return NULL;
	}
	if (!tree->replaces && leads_to_directory(tree, place)) {
		*ret_stays = true;
		return NULL;
	}
	if (fstatat(place->at, place->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	return remove_at(place->at, place->name) ? NULL : wrong(tree, path, strerror(errno));
}

const char *bs_tree_file(struct bs_tree *tree, const char *path, uint32_t mode, int *ret_fd)
{
	struct place place;
	const char *problem = find_place(tree, path, true, &place);
	bool stays = false;

	*ret_fd = -1;
	if (!problem)
		problem = make_room(tree, path, &place, &stays);
	if (!problem && stays)
		problem = wrong(tree, path, "a file where a directory is");
	if (!problem) {
		/* Readable, whatever its owner may do. */
		do
			*ret_fd = openat(place.at, place.name,
					 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
					 (mode & 0755) | 0600);
		while (*ret_fd < 0 && errno == EINTR);
		if (*ret_fd < 0)
			problem = wrong(tree, path, strerror(errno));
	}
	if (place.at >= 0)
		close(place.at);
	return problem;
}

const char *bs_tree_symlink(struct bs_tree *tree, const char *path, const char *target)
{
	struct place place;
	const char *problem = find_place(tree, path, true, &place);
	bool stays = false;

	if (!problem)
		problem = make_room(tree, path, &place, &stays);
	if (!problem && !stays && symlinkat(target, place.at, place.name) != 0)
		problem = wrong(tree, path, strerror(errno));
	if (place.at >= 0)
		close(place.at);
	forget(tree);
	return problem;
}

const char *bs_tree_hardlink(struct bs_tree *tree, const char *path, const char *target)
{
	struct place from, to = { .at = -1 };
	const char *problem = find_place(tree, target, false, &from);
	struct stat st;
	bool stays = false;

	if (problem || from.at < 0)
		return problem;
	bool is_there =
		fstatat(from.at, from.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode);

	if (is_there)
		problem = find_place(tree, path, true, &to);
	/* Two names of one file may be one name. */
	struct stat old;
	bool same = is_there && !problem &&
		    fstatat(to.at, to.name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
		    old.st_dev == st.st_dev && old.st_ino == st.st_ino;

	if (is_there && !problem && !same)
		problem = make_room(tree, path, &to, &stays);
	if (is_there && !problem && !same && !stays &&
	    linkat(from.at, from.name, to.at, to.name, 0) != 0)
		problem = wrong(tree, path, strerror(errno));
	close(from.at);
	if (to.at >= 0)
		close(to.at);
	return problem;
}

const char *bs_tree_directory(struct bs_tree *tree, const char *path)
{
	struct place place;
	const char *problem = *path ? find_place(tree, path, true, &place) : NULL;
	struct stat st;

	if (problem || !*path)
		return problem;
	bool in_the_way = fstatat(place.at, place.name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			  !S_ISDIR(st.st_mode);

	if (in_the_way && tree->replaces && unlinkat(place.at, place.name, 0) != 0)
		problem = wrong(tree, path, strerror(errno));
	/* The root has it, perhaps by a link, behind which the files are to come. */
	if (!problem && !leads_to_directory(tree, &place) &&
	    mkdirat(place.at, place.name, 0700) != 0 && errno != EEXIST)
		problem = wrong(tree, path, strerror(errno));
	close(place.at);
	if (in_the_way)
		forget(tree);
	return problem;
}
