/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HEAD = 1 << 12, /* bytes, which say what a file is */
	BLOCK = 1 << 16,
	MOST_TEXT = 1 << 25, /* bytes of all that is kept as texts */
	SCRATCH = 1 << 10,   /* entries whose names an arena holds */
};

bool bs_unpacking_begin(struct bs_arena *arena, bool over_root, const char *root,
			struct bs_unpacking *ret)
{
	struct bs_diags *diags = bs_new(arena, struct bs_diags, 1);
	const struct bs_ctx ctx = { arena, bs_names_new(arena), diags };

	diags->arena = arena;
	*ret = (struct bs_unpacking){ .arena = arena, .budget = BS_ARCHIVE_BUDGET };
	if (!bs_private_directory(arena, "what is in the archive", &ret->directory))
		return false;
	ret->tree.ctx = ctx;
	ret->fs = over_root ? bs_fs_open_over(&ctx, ret->directory, root, "/")
			    : bs_fs_open(&ctx, ret->directory, "/");
	ret->tree.fs = ret->fs;
	ret->tree.fd = bs_open_at(AT_FDCWD, ret->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret->fs && ret->tree.fd >= 0)
		return true;
	bs_complain("%s: %s", root ? root : "/", strerror(errno));
	bs_unpacking_done(ret);
	return false;
}

void bs_unpacking_done(struct bs_unpacking *u)
{
	bs_fs_close(u->fs);
	if (u->tree.fd >= 0)
		close(u->tree.fd);
	if (u->tree.ctx.arena != u->arena)
		bs_arena_free(u->tree.ctx.arena);
	u->tree = (struct bs_tree){ .fd = -1 };
	u->fs = NULL;
}

/* ---- entries -------------------------------------------------------------------------------- */

/* The names of entries pile up. */
static void renew_scratch(struct bs_unpacking *u)
{
	if (u->n_entries++ % SCRATCH)
		return;
	struct bs_arena *scratch = bs_arena_new();

	if (!scratch)
		bs_arena_exhausted(u->arena);
	bs_arena_unwind_with(scratch, u->arena);
	if (u->tree.ctx.arena != u->arena)
		bs_arena_free(u->tree.ctx.arena);
	u->tree.ctx.arena = scratch;
	u->tree.last_parent = NULL;
}

static const char *keep(const struct bs_unpacking *u, const char *problem)
{
	return problem ? bs_arena_strndup(u->arena, problem, strlen(problem)) : NULL;
}

/* Whatever a loader or ldconfig(8) reads beside ELF files. */
static bool is_for_loader(const char *path)
{
	return strncmp(path, "etc/ld", strlen("etc/ld")) == 0;
}

static bool is_text(const struct bs_unpacking *u, const struct bs_archive_entry *entry)
{
	for (const char *const *p = u->text_prefixes; p && *p; p++)
		if (strncmp(entry->path, *p, strlen(*p)) == 0)
			return entry->size <= MOST_TEXT - u->n_texts;
	return false;
}

static const char *write_all(int fd, const char *bytes, size_t n)
{
	return bs_write_all(fd, bytes, n) ? NULL : strerror(errno);
}

/* As much as there is, up to N bytes. */
static ssize_t read_full(struct bs_archive *archive, char *bytes, size_t n,
			 const char **ret_problem)
{
	size_t have = 0;

	while (have < n) {
		ssize_t got = bs_archive_read(archive, bytes + have, n - have, ret_problem);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

static const char *keep_text(struct bs_unpacking *u, struct bs_archive *archive,
			     const struct bs_archive_entry *entry, const char *head, size_t n_head)
{
	char *text = bs_arena_alloc(u->arena, entry->size + n_head + 1, 1);
	const char *problem = NULL;

	memcpy(text, head, n_head);
	ssize_t n = entry->size > n_head
			    ? read_full(archive, text + n_head, entry->size - n_head, &problem)
			    : 0;

	u->n_texts += entry->size;
	if (n >= 0)
		bs_vec_push(u->arena, &u->texts,
			    ((struct bs_unpacked_text){
				    bs_arena_strndup(u->arena, entry->path, strlen(entry->path)),
				    text, n_head + (size_t)n }));
	return problem;
}

static const char *unpack_file(struct bs_unpacking *u, struct bs_archive *archive,
			       const struct bs_archive_entry *entry)
{
	static char block[BLOCK];
	const char *problem = NULL;
	ssize_t n = read_full(archive, block, HEAD, &problem);
	int fd;

	if (n < 0)
		return problem;
	/* A layer begins otherwise. */
	if (n && *block && strchr("{[ \t\r\n", *block) && is_text(u, entry))
		return keep_text(u, archive, entry, block, (size_t)n);
	bool whole = (n >= 4 && memcmp(block, "\177ELF", 4) == 0) || is_for_loader(entry->path);
	bool head = n >= 2 && memcmp(block, "#!", 2) == 0;

	/* What is of no use hides what was there all the same. */
	if (!whole && !head && !bs_tree_has(&u->tree, entry->path))
		return NULL;
	problem = bs_tree_file(&u->tree, entry->path, entry->mode, &fd);
	if (problem)
		return problem;
	while (!problem && n > 0) {
		problem = write_all(fd, block, (size_t)n);
		n = whole && !problem ? bs_archive_read(archive, block, BLOCK, &problem) : 0;
	}
	if (close(fd) != 0 && !problem)
		problem = strerror(errno);
	return problem;
}

static const char *unpack_entry(struct bs_unpacking *u, struct bs_archive *archive,
				const struct bs_archive_entry *entry)
{
	struct bs_tree *tree = &u->tree;

	if (!*entry->path)
		return NULL;
	switch (entry->kind) {
	case BS_ENTRY_FILE:
		return unpack_file(u, archive, entry);
	case BS_ENTRY_DIRECTORY:
		return bs_tree_directory(tree, entry->path);
	case BS_ENTRY_SYMLINK:
		return bs_tree_symlink(tree, entry->path, entry->target);
	case BS_ENTRY_HARDLINK:
		return bs_tree_hardlink(tree, entry->path, entry->target);
	case BS_ENTRY_OTHER:
		break;
	}
	return NULL;
}

static bool is_whiteout(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash ? slash + 1 : path, ".wh.", strlen(".wh.")) == 0;
}

const char *bs_unpack(struct bs_unpacking *u, struct bs_archive *archive)
{
	struct bs_archive_entry entry;
	const char *problem = NULL;
	int status;

	while (!problem && (status = bs_archive_next(archive, &entry, &problem)) > 0) {
		renew_scratch(u);
		if (u->tree.replaces && is_whiteout(entry.path))
			continue;
		problem = unpack_entry(u, archive, &entry);
		/* The library's words do not say where it was. */
		if (problem && !strstr(problem, entry.path))
			problem = bs_arena_printf(u->arena, "%s: %s", entry.path, problem);
	}
	return keep(u, problem);
}

const char *bs_unpack_whiteouts(struct bs_unpacking *u, struct bs_archive *archive)
{
	static const char opaque[] = ".wh..wh..opq";
	struct bs_archive_entry entry;
	const char *problem = NULL;

	while (!problem && bs_archive_next(archive, &entry, &problem) > 0) {
		if (!is_whiteout(entry.path))
			continue;
		renew_scratch(u);
		const char *slash = strrchr(entry.path, '/');
		const char *name = slash ? slash + 1 : entry.path;
		int n_parent = (int)(name - entry.path);
		bool all = strcmp(name, opaque) == 0;

		/* Those of other programs' bookkeeping begin so, too. */
		if (!all && strncmp(name, ".wh..wh.", strlen(".wh..wh.")) == 0)
			continue;
		problem = bs_tree_remove(&u->tree,
					 all ? bs_arena_printf(u->arena, "%.*s",
							       n_parent > 1 ? n_parent - 1 : 0,
							       entry.path)
					     : bs_arena_printf(u->arena, "%.*s%s", n_parent,
							       entry.path, name + strlen(".wh.")),
					 all);
	}
	return keep(u, problem);
}
