/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as ld.so.conf and the files that it includes: one after the other, with a NUL between
 * them. The functions of bs_fs are this file's, so that nothing is read from a disk: the first file
 * is /etc/ld.so.conf, the Nth one is N.conf in any directory, and whatever is asked for is there,
 * but that some of it may not be read.
 * It is no more when it was asked for so often that nothing new comes of it: a unit test knows that
 * files which include each other are read for some thousand times at most.
 */
#include "search/search-priv.h"

#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>

char *__wrap_bs_fs_read(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
			size_t *ret_n);
int __wrap_bs_fs_stat(const struct bs_fs *fs, const char *path, enum bs_fs_look look,
		      struct stat *ret);
int __wrap_bs_fs_list(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
		      bs_fs_entries *ret);

enum { MOST_LOOKS = 24 };

static struct bs_fuzz_in file;
static unsigned n_looks;

/* The Nth piece of the input. */
static struct bs_fuzz_in piece(unsigned n)
{
	struct bs_fuzz_in in = file;

	for (;;) {
		const uint8_t *end = in.n ? memchr(in.at, 0, in.n) : NULL;
		struct bs_fuzz_in part = bs_fuzz_take(&in, end ? (size_t)(end - in.at) : in.n);

		if (n-- == 0)
			return part;
		bs_fuzz_u8(&in);
	}
}

char *__wrap_bs_fs_read(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
			size_t *ret_n)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	struct bs_fuzz_in part;

	(void)fs;
	errno = ENOENT;
	if (n_looks++ >= MOST_LOOKS)
		return NULL;
	if (strcmp(path, "/etc/ld.so.conf") == 0)
		part = piece(0);
	else if (*base >= '1' && *base <= '9' && strcmp(base + 1, ".conf") == 0)
		part = piece((unsigned)(*base - '0'));
	else
		return NULL;
	char *text = bs_new(ctx->arena, char, part.n + 1);

	if (part.n)
		memcpy(text, part.at, part.n);
	*ret_n = part.n;
	return text;
}

int __wrap_bs_fs_stat(const struct bs_fs *fs, const char *path, enum bs_fs_look look,
		      struct stat *ret)
{
	(void)fs, (void)look;
	*ret = (struct stat){ .st_ino = bs_hash_gnu(path) % 64 };
	errno = bs_hash_gnu(path) % 128 ? ENOENT : EACCES;
	return ret->st_ino ? 0 : -1;
}

int __wrap_bs_fs_list(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
		      bs_fs_entries *ret)
{
	static const char *const names[] = { ".1.conf", "1.conf", "2.conf", "3.conf", "d" };

	(void)fs;
	for (size_t i = 0; i < sizeof names / sizeof *names && n_looks++ < MOST_LOOKS; i++)
		bs_vec_push(ctx->arena, ret, (struct bs_fs_entry){ names[i], BS_FS_FILE });
	return bs_hash_gnu(path) % 8 ? 0 : EACCES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	static const struct bs_search_setup setup = { .conf_path = "/etc/ld.so.conf" };

	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	uint32_t n_dirs = 0;

	file = (struct bs_fuzz_in){ data, n };
	n_looks = 0;
	for (const char *const *dir = bs_search_conf_dirs(&ctx, NULL, &setup); *dir; dir++)
		n_dirs += **dir != '\0';
	/* Each directory once. */
	if (n_dirs >= 64)
		abort();
	bs_arena_free(arena);
	return 0;
}
