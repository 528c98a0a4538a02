/* SPDX-License-Identifier: MIT */
/* What `bindsim scan` asks about: the programs below directories, or those of a list. */
#include "scan-priv.h"

#include "../base/open.h"
#include "../search/search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 200 }; /* directories below each other, each of which is open */

/* A file that was looked at. */
struct seen {
	dev_t dev;
	ino_t ino;
	bool is_link; /* the name is a symbolic link's */
	enum bs_peeked kind;
	struct bs_scan_subject subject; /* its path is NULL where it is none */
};

struct walk {
	struct bs_arena *arena;
	const struct bs_ctx *ctx;
	const struct bs_command_line *line;
	const struct bs_fs *fs;
	struct bs_scan_skipped *skipped;
	BS_VEC(struct seen) seen;
	BS_VEC(char) path; /* of where the walk is, as it is printed; with its NUL */
	dev_t dev;	   /* of where it began */
	bool is_root;	   /* it began at the root */
};

/* ---- one file -------------------------------------------------------------------------------- */

static bool is_wanted(const struct walk *w, enum bs_peeked kind)
{
	return kind == BS_PEEKED_PROGRAM || (kind == BS_PEEKED_LIBRARY && w->line->scan.libraries);
}

/* Which one is named hangs on no order of directory entries. */
static void name_unreadable(struct walk *w, const char *why)
{
	struct bs_scan_skipped *skipped = w->skipped;

	if (skipped->unreadable && strcmp(skipped->unreadable, w->path.v) <= 0)
		return;
	skipped->unreadable = bs_arena_strndup(w->arena, w->path.v, strlen(w->path.v));
	skipped->why = bs_arena_strndup(w->arena, why, strlen(why));
}

static void note_unreadable(struct walk *w, const char *why)
{
	/* What this tool lacks is no reason to leave a file out. */
	bs_must_not_lack(w->arena, w->path.v);
	name_unreadable(w, why);
	w->skipped->n_unreadable++;
}

/* Takes FD over, that of a file whose path is the walk's. */
static void look_at(struct walk *w, int fd, const struct stat *st, bool is_link)
{
	struct seen seen = { st->st_dev, st->st_ino, is_link, bs_peek(fd), { 0 } };

	if (seen.kind == BS_PEEKED_UNREADABLE && !is_link)
		name_unreadable(w, strerror(errno));
	close(fd);
	if (is_wanted(w, seen.kind))
		seen.subject = (struct bs_scan_subject){
			.path = bs_arena_strndup(w->arena, w->path.v, strlen(w->path.v)),
			.is_library = seen.kind == BS_PEEKED_LIBRARY,
			.size = (uint64_t)st->st_size,
		};
	/* What a link leads to is no file of this place, unless it is asked about. */
	if (!is_link || seen.subject.path)
		bs_vec_push(w->arena, &w->seen, seen);
}

/* Opened without waiting for anybody: it may be a FIFO. */
static void look_at_file(struct walk *w, int directory, const char *name)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;
	struct stat st;
	int fd = bs_open_at(directory, name, flags);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		look_at(w, fd, &st, false);
		return;
	}
	if (fd >= 0)
		close(fd);
	else if (errno != ENOENT)
		note_unreadable(w, strerror(errno));
}

static void look_at_link(struct walk *w)
{
	struct stat st;
	int fd = bs_fs_open_file(w->fs, w->path.v);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		look_at(w, fd, &st, true);
	else
		close(fd);
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Sets the walk's path behind its first N bytes. */
static void set_path(struct walk *w, uint32_t n, const char *name)
{
	uint32_t n_name = (uint32_t)strlen(name);
	bool slash = n && w->path.v[n - 1] != '/';

	w->path.n = n;
	bs_vec_reserve(w->arena, &w->path, n_name + 2);
	if (slash)
		w->path.v[n++] = '/';
	memcpy(w->path.v + n, name, n_name + 1);
	w->path.n = n + n_name;
}

static bool is_left_out(const struct walk *w, const char *name, unsigned depth)
{
	static const char *const kernel[] = { "proc", "sys", "dev" };

	for (size_t i = 0; w->is_root && !depth && i < sizeof kernel / sizeof *kernel; i++)
		if (strcmp(name, kernel[i]) == 0)
			return true;
	return false;
}

static unsigned type_of(int directory, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type;
	return fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? IFTODT(st.st_mode)
										: DT_UNKNOWN;
}

static void walk_directory(struct walk *w, int fd, unsigned depth);

static void enter(struct walk *w, int directory, const char *name, unsigned depth)
{
	struct stat st;
	errno = 0;
	int fd = depth < DEEPEST ? bs_open_at(directory, name,
					      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
				 : -1;

	if (fd < 0) {
		note_unreadable(w, depth < DEEPEST ? strerror(errno) : "too many directories");
		return;
	}
	if (w->line->scan.one_file_system && (fstat(fd, &st) != 0 || st.st_dev != w->dev))
		close(fd);
	else
		walk_directory(w, fd, depth);
}

/* Takes FD over, that of the directory which is the walk's path. */
static void walk_directory(struct walk *w, int fd, unsigned depth)
{
	DIR *directory = fdopendir(fd);
	uint32_t n = w->path.n;
	const struct dirent *entry;

	if (!directory) {
		note_unreadable(w, strerror(errno));
		close(fd);
		return;
	}
	while ((errno = 0, entry = readdir(directory))) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		unsigned type = type_of(fd, entry);

		set_path(w, n, name);
		if (type == DT_REG)
			look_at_file(w, fd, name);
		else if (type == DT_LNK)
			look_at_link(w);
		else if (type == DT_DIR && !is_left_out(w, name, depth))
			enter(w, fd, name, depth + 1);
	}
	if (errno)
		note_unreadable(w, strerror(errno));
	w->path.n = n;
	closedir(directory);
}

/* ---- what is named --------------------------------------------------------------------------- */

/* As the process has it: absolute in a root, and with a slash, so that no $PATH is asked. What is
 * below "." and ".." gets one. */
static const char *shown(const struct walk *w, const char *path)
{
	bool is_directory = strcmp(path, ".") == 0 || strcmp(path, "..") == 0;

	if (w->line->plan.root)
		return bs_fs_canonical(w->fs, w->ctx, path);
	return is_directory || strchr(path, '/') ? path : bs_arena_printf(w->arena, "./%s", path);
}

static bool take_named(struct walk *w, const char *path)
{
	const char *name = *path ? shown(w, path) : NULL;
	struct stat st;
	int fd = name ? bs_fs_open_file(w->fs, name) : -1;

	if (!*path)
		errno = ENOENT;
	if (fd < 0 || fstat(fd, &st) != 0) {
		bs_complain("%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	set_path(w, 0, name);
	w->dev = st.st_dev;
	if (S_ISDIR(st.st_mode)) {
		const char *place = bs_fs_canonical(w->fs, w->ctx, name);

		w->is_root = place && strcmp(place, "/") == 0;
		walk_directory(w, fd, 0);
	} else if (S_ISREG(st.st_mode)) {
		look_at(w, fd, &st, false);
	} else {
		close(fd);
		w->skipped->n_other++;
	}
	return true;
}

/* Paths, each ended by END; the last one need not be. */
static bool take_list(struct walk *w, char end)
{
	size_t n;
	const char *text = bs_input_read(w->arena, "-", &n);

	if (!text) {
		bs_complain("standard input: %s", bs_open_words(errno));
		return false;
	}
	for (const char *at = text; at < text + n;) {
		const char *stop = memchr(at, end, (size_t)(text + n - at));
		size_t length = (size_t)((stop ? stop : text + n) - at);

		if (end && memchr(at, '\0', length)) {
			bs_complain("standard input: it has a NUL byte; --null reads such a list");
			return false;
		}
		if (length && !take_named(w, bs_arena_strndup(w->arena, at, length)))
			return false;
		at += length + 1;
	}
	return true;
}

static bool take_all(struct walk *w)
{
	const struct bs_scan_line *scan = &w->line->scan;

	if (scan->reads_list)
		return take_list(w, scan->null ? '\0' : '\n');
	bs_vec_each (i, &scan->paths)
		if (!take_named(w, scan->paths.v[i]))
			return false;
	return true;
}

/* ---- each once ------------------------------------------------------------------------------- */

/* A file is known by a name of its own rather than by a link's, and by the one that sorts first. */
static int by_file(const void *x, const void *y)
{
	const struct seen *a = x, *b = y;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->is_link != b->is_link)
		return a->is_link ? 1 : -1;
	return a->subject.path && b->subject.path ? strcmp(a->subject.path, b->subject.path) : 0;
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct bs_scan_subject *)x)->path,
		      ((const struct bs_scan_subject *)y)->path);
}

static void count_skipped(struct bs_scan_skipped *skipped, enum bs_peeked kind)
{
	skipped->n_static += kind == BS_PEEKED_STATIC;
	skipped->n_scripts += kind == BS_PEEKED_SCRIPT;
	skipped->n_foreign += kind == BS_PEEKED_FOREIGN;
	skipped->n_unreadable += kind == BS_PEEKED_UNREADABLE;
	skipped->n_other += kind == BS_PEEKED_OTHER || kind == BS_PEEKED_LIBRARY;
}

static void keep_each_once(struct walk *w, bs_scan_subjects *ret)
{
	if (w->seen.n)
		qsort(w->seen.v, w->seen.n, sizeof *w->seen.v, by_file);
	bs_vec_each (i, &w->seen) {
		const struct seen *seen = &w->seen.v[i];

		if (i && seen[-1].dev == seen->dev && seen[-1].ino == seen->ino)
			continue;
		if (seen->subject.path)
			bs_vec_push(w->arena, ret, seen->subject);
		else
			count_skipped(w->skipped, seen->kind);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_path);
}

bool bs_scan_find(struct bs_arena *arena, const struct bs_command_line *line, bs_scan_subjects *ret,
		  struct bs_scan_skipped *skipped)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_fs *fs = bs_plan_files(&ctx, &line->plan);
	struct walk w = { .arena = arena, .ctx = &ctx, .line = line, .fs = fs, .skipped = skipped };

	if (!fs) {
		const struct bs_diag *d = &diags.list.v[diags.list.n - 1];

		bs_complain("%s: %s: %s", d->path, d->detail, strerror(d->os_error));
		return false;
	}
	bool ok = take_all(&w);

	if (ok)
		keep_each_once(&w, ret);
	bs_fs_close(fs);
	return ok;
}
