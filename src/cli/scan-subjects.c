/* SPDX-License-Identifier: MIT */
/* What `bindsim scan` asks about: the programs below directories, or those of a list. */
#include "scan-priv.h"

#include "../base/open.h"
#include "../search/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct naming {
	const struct bs_ctx *ctx;
	const struct bs_command_line *line;
	struct bs_scan_found found;
};

/* ---- what is named --------------------------------------------------------------------------- */

/* As the process has it: absolute in a root, and with a slash, so that no $PATH is asked. What is
 * below "." and ".." gets one. */
static const char *shown(const struct naming *naming, const char *path)
{
	bool is_directory = strcmp(path, ".") == 0 || strcmp(path, "..") == 0;

	if (naming->line->plan.root)
		return bs_fs_canonical(naming->found.fs, naming->ctx, path);
	return is_directory || strchr(path, '/')
		       ? path
		       : bs_arena_printf(naming->found.arena, "./%s", path);
}

/* Adds the file FD, which is named by its path. Closes FD. */
static void take_file(struct naming *naming, const char *name, int fd, const struct stat *st)
{
	struct bs_scan_found *found = &naming->found;
	struct stat own;

	bs_scan_look_at(found, naming->line, fd, st, name, false);
	/* It is asked about, whatever it is; but another of its names may be no link. In a root
	 * all links are resolved. */
	if (!naming->line->plan.root && lstat(name, &own) == 0 && S_ISLNK(own.st_mode))
		found->seen.v[found->seen.n - 1].is_link = true;
}

/* Takes FD over. */
static bool walk(struct naming *naming, const char *name, int fd, dev_t dev)
{
	const struct bs_scan_line *scan = &naming->line->scan;
	const char *canonical = bs_fs_canonical(naming->found.fs, naming->ctx, name);
	const struct bs_scan_place place = {
		.path = name,
		.fd = fd,
		.dev = dev,
		.is_root = canonical && strcmp(canonical, "/") == 0,
		.is_alone = !scan->reads_list && scan->paths.n == 1,
	};

	return bs_scan_walk(&naming->found, naming->line, &place);
}

static bool take_named(struct naming *naming, const char *path)
{
	const char *name = *path ? shown(naming, path) : NULL;
	struct stat st;
	int fd = name ? bs_fs_open_file(naming->found.fs, name) : -1;

	if (!*path)
		errno = ENOENT;
	if (fd < 0 || fstat(fd, &st) != 0) {
		const char *problem = strerror(errno);
		const char *inside = bs_name_inside(naming->ctx, naming->found.fs,
						    naming->line->plan.root, path);

		bs_complain("%s: %s%s%s", path, problem, inside ? "; inside the root it is " : "",
			    inside ? inside : "");
		if (fd >= 0)
			close(fd);
		return false;
	}
	if (S_ISDIR(st.st_mode))
		return walk(naming, name, fd, st.st_dev);
	if (S_ISREG(st.st_mode)) {
		take_file(naming, name, fd, &st);
	} else {
		close(fd);
		naming->found.skipped.n_other++;
	}
	return true;
}

/* Paths, each ended by END; the last one need not be. */
static bool take_list(struct naming *naming, char end)
{
	size_t n;
	const char *text = bs_input_read(naming->found.arena, "-", &n);

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
		if (length &&
		    !take_named(naming, bs_arena_strndup(naming->found.arena, at, length)))
			return false;
		at += length + 1;
	}
	return true;
}

static bool take_all(struct naming *naming)
{
	const struct bs_scan_line *scan = &naming->line->scan;

	if (scan->reads_list)
		return take_list(naming, scan->null ? '\0' : '\n');
	bs_vec_each (i, &scan->paths)
		if (!take_named(naming, scan->paths.v[i]))
			return false;
	return true;
}

/* ---- each once ------------------------------------------------------------------------------- */

/* A file is known by a name of its own rather than by a link's, and by the one that sorts first. */
static int by_file(const void *x, const void *y)
{
	const struct bs_scan_seen *a = x, *b = y;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	if (a->is_link != b->is_link)
		return a->is_link ? 1 : -1;
	if (!a->subject.path || !b->subject.path)
		return !a->subject.path - !b->subject.path;
	return strcmp(a->subject.path, b->subject.path);
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
	skipped->n_other +=
		kind == BS_PEEKED_OTHER || kind == BS_PEEKED_DEBUG || kind == BS_PEEKED_LIBRARY;
}

static void keep_each_once(struct bs_scan_found *found, bs_scan_subjects *ret)
{
	if (found->seen.n)
		qsort(found->seen.v, found->seen.n, sizeof *found->seen.v, by_file);
	bs_vec_each (i, &found->seen) {
		const struct bs_scan_seen *seen = &found->seen.v[i];

		if (i && seen[-1].dev == seen->dev && seen[-1].ino == seen->ino)
			continue;
		if (seen->subject.path)
			bs_vec_push(found->arena, ret, seen->subject);
		else
			count_skipped(&found->skipped, seen->kind);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_path);
}

bool bs_scan_find(struct bs_arena *arena, const struct bs_command_line *line, bs_scan_subjects *ret,
		  struct bs_scan_skipped *skipped)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct naming naming = {
		.ctx = &ctx,
		.line = line,
		.found = { .arena = arena, .fs = bs_plan_files(&ctx, &line->plan) },
	};

	if (!naming.found.fs) {
		const struct bs_diag *d = &diags.list.v[diags.list.n - 1];

		bs_complain("%s: %s: %s", d->path, d->detail, strerror(d->os_error));
		return false;
	}
	bool ok = take_all(&naming);

	if (ok)
		keep_each_once(&naming.found, ret);
	*skipped = naming.found.skipped;
	bs_fs_close(naming.found.fs);
	return ok;
}
