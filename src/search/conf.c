/* SPDX-License-Identifier: MIT */
/*
 * ld.so.conf: the directories that ldconfig reads, which no loader looks at. Lines are directories
 * or "include PATTERN..."; `#` starts a comment. (glibc elf/ldconfig.c: parse_conf,
 * parse_conf_include, add_dir_1)
 */
#include "search-priv.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <unistd.h>

/* Files that include each other deeper than this are left out, and what many files with many
 * patterns come to has an end. */
enum { DEEPEST_INCLUDE = 16, MOST_LOOKS = 1 << 12, MOST_BYTES = 1 << 26 };

/* A file that was begun, by what it is and where it was found: relative names in it start there. */
struct begun {
	dev_t dev, directory_dev;
	ino_t ino, directory_ino;
};

struct reader {
	const struct bs_ctx *ctx;
	const struct bs_fs *fs;
	bs_conf_dirs *dirs;
	unsigned depth;
	unsigned n_looks; /* files and directories that were read so far */
	size_t n_bytes;	  /* of the files */
	BS_VEC(struct begun) begun;
};

static void read_file(struct reader *r, const char *path);

/*
 * ldconfig says nothing of directories that it cannot read, and of files only that they are
 * ignored. But it is root who runs it, who can read what the user of this tool may not.
 */
void bs_conf_tell(const struct bs_ctx *ctx, const char *path, int error)
{
	switch (error) {
	case 0:
	case EINVAL:
	case EISDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case ENOENT:
	case ENOTDIR:
		return;
	default:
		break;
	}
	bs_diag_add_once(ctx->diags, BS_DIAG_CANNOT_READ, path, BS_NO_OFFSET, error,
			 "ldconfig reads it, and it is taken for empty here");
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *joined(struct reader *r, const char *directory, const char *name, size_t n)
{
	size_t n_directory = strlen(directory);
	char *path = bs_new(r->ctx->arena, char, n_directory + n + 1);

	memcpy(path, directory, n_directory);
	memcpy(path + n_directory, name, n);
	return path;
}

/* Reads every file that the rest of a pattern, REST, matches below DIRECTORY, in sorted order. */
static void include_below(struct reader *r, const char *directory, const char *rest)
{
	size_t n_path = strlen(directory), n;
	char *path = bs_new(r->ctx->arena, char, n_path + strlen(rest) + 1);
	bs_fs_entries entries = { 0 };

	memcpy(path, directory, n_path);
	/* What is no pattern stands for itself, up to the first component that is one. */
	while ((n = strcspn(rest, "/*?[")), rest[n] == '/' || !rest[n]) {
		memcpy(path + n_path, rest, n);
		n_path += n;
		rest += n + strspn(rest + n, "/");
		path[n_path] = *rest ? '/' : '\0';
		if (!*rest) {
			read_file(r, path);
			return;
		}
		n_path++;
	}
	path[n_path] = '\0';
	n = strcspn(rest, "/");
	const char *component = joined(r, "", rest, n);
	const char *next = rest + n + strspn(rest + n, "/");
	const char *listed = n_path > 1 ? joined(r, "", path, n_path - 1) : n_path ? path : ".";

	if (r->n_looks++ < MOST_LOOKS)
		bs_conf_tell(r->ctx, listed, bs_fs_list(r->fs, r->ctx, listed, &entries));
	bs_vec_each (i, &entries) {
		const char *name = entries.v[i].name;

		if (fnmatch(component, name, FNM_PERIOD) != 0)
			continue;
		const char *found = joined(r, path, name, strlen(name));

		if (*next)
			include_below(r, joined(r, found, "/", 1), next);
		else
			read_file(r, found);
	}
}

/* A relative PATTERN is meant from where the file FROM lies. */
static void include(struct reader *r, const char *from, const char *pattern)
{
	const char *slash = strrchr(from, '/');

	if (*pattern == '/')
		include_below(r, "/", pattern + strspn(pattern, "/"));
	else
		include_below(r, joined(r, "", from, slash ? (size_t)(slash + 1 - from) : 0),
			      pattern);
}

void bs_conf_add(const struct bs_ctx *ctx, const struct bs_fs *fs, const char *path,
		 bs_conf_dirs *ret)
{
	size_t n = strcspn(path, "=");
	struct stat st;

	while (n && is_blank(path[n - 1]))
		n--;
	while (n && path[n - 1] == '/')
		n--;
	const char *directory = bs_arena_strndup(ctx->arena, path, n);

	if (!n)
		return;
	if (bs_fs_stat(fs, directory, BS_FS_LOOK_WHICH, &st) != 0) {
		bs_conf_tell(ctx, directory, errno);
		return;
	}
	bs_vec_each (i, ret)
		if (ret->v[i].dev == st.st_dev && ret->v[i].ino == st.st_ino)
			return;
	bs_vec_push(ctx->arena, ret, (struct bs_conf_dir){ directory, st.st_dev, st.st_ino });
}

static void read_line(struct reader *r, const char *path, char *line)
{
	line[strcspn(line, "#")] = '\0';
	while (is_blank(*line))
		line++;
	if (strncmp(line, "include", 7) == 0 && (line[7] == ' ' || line[7] == '\t')) {
		char *rest = NULL;

		for (char *word = strtok_r(line + 8, " \t\r", &rest); word;
		     word = strtok_r(NULL, " \t\r", &rest))
			include(r, path, word);
		return;
	}
	/* Names for bits of AT_HWCAP, of which nothing has come. */
	if (strncasecmp(line, "hwcap", 5) == 0 && (line[5] == ' ' || line[5] == '\t'))
		return;
	bs_conf_add(r->ctx, r->fs, line, r->dirs);
}

/*
 * Directories count where they are named first, so that to read a file again brings nothing, and
 * never ends where it includes itself: ldconfig does not end there.
 */
static bool begins(struct reader *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat file, directory = { 0 };

	if (r->depth >= DEEPEST_INCLUDE)
		return false;
	if (bs_fs_stat(r->fs, path, BS_FS_LOOK_WHICH, &file) != 0 ||
	    (slash && bs_fs_stat(r->fs, joined(r, "", path, (size_t)(slash + 1 - path)),
				 BS_FS_LOOK_WHICH, &directory) != 0)) {
		bs_conf_tell(r->ctx, path, errno);
		return false;
	}
	const struct begun now = { file.st_dev, directory.st_dev, file.st_ino, directory.st_ino };

	bs_vec_each (i, &r->begun)
		if (r->begun.v[i].ino == now.ino && r->begun.v[i].dev == now.dev &&
		    r->begun.v[i].directory_ino == now.directory_ino &&
		    r->begun.v[i].directory_dev == now.directory_dev)
			return false;
	bs_vec_push(r->ctx->arena, &r->begun, now);
	return true;
}

static void read_file(struct reader *r, const char *path)
{
	size_t n;
	bool may = r->n_bytes < MOST_BYTES && r->n_looks++ < MOST_LOOKS && begins(r, path);
	char *text = may ? bs_fs_read(r->fs, r->ctx, path, &n) : NULL;
	char *rest = NULL;

	if (may && !text)
		bs_conf_tell(r->ctx, path, errno);
	if (!text)
		return;
	r->n_bytes += n;
	r->depth++;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		read_line(r, path, line);
	r->depth--;
}

void bs_conf_read(const struct bs_ctx *ctx, const struct bs_fs *fs, const char *path,
		  bs_conf_dirs *ret)
{
	struct reader r = { .ctx = ctx, .fs = fs, .dirs = ret };

	read_file(&r, path);
}

bool bs_search_has_cache(const struct bs_fs *fs, const struct bs_search_setup *setup)
{
	int fd = setup->cache_path ? bs_fs_open_file(fs, setup->cache_path) : -1;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

const char *const *bs_search_conf_dirs(const struct bs_ctx *ctx, const struct bs_fs *fs,
				       const struct bs_search_setup *setup)
{
	bs_conf_dirs dirs = { 0 };

	if (setup->conf_path)
		bs_conf_read(ctx, fs, setup->conf_path, &dirs);
	const char **paths = bs_new(ctx->arena, const char *, (size_t)dirs.n + 1);

	bs_vec_each (i, &dirs)
		paths[i] = dirs.v[i].path;
	return paths;
}
