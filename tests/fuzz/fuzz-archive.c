/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an archive that is laid out in a directory, and, if it is an image of containers,
 * its layers.
 *
 * The first byte says whether the rest is the archive itself, in whatever format, or a list of
 * entries that a tar is made of here, with check sums that are right: of each a byte for its kind,
 * one for the number of the name, one for its target's, and one for how many bytes it has, which
 * follow. A name is words from a list. Nothing may lie outside of the directory in the end.
 */
#include "fuzz.h"

#include "cli/image.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void __wrap_bs_complain(const char *format, ...);

void __wrap_bs_complain(const char *format, ...)
{
	(void)format;
}

enum { AS_IT_IS = 1, REPLACES = 2, NESTED = 4, ROOM = 1 << 16, BLOCK = 512 };

static const char *const names[] = {
	"a",
	"b",
	"a/b",
	"b/a",
	"a/b/c",
	"etc/ld.so.conf",
	"../a",
	"a/../../b",
	"..",
	".",
	"/",
	"/etc/ld.so.cache",
	"a/.wh.b",
	".wh.a",
	"a/.wh..wh..opq",
	".wh...",
	"manifest.json",
	"index.json",
	"oci-layout",
	"blobs/sha256/1",
	"blobs/sha256/2",
	"layer.tar",
	"l/layer.tar",
	"../l/layer.tar",
	"/proc/self/root",
	"data.tar",
	"./a",
	"a//b/",
	"b/../a",
	"",
	"c",
	"../../../../../../tmp/bindsim-fuzz-escape",
};

enum { N_NAMES = sizeof names / sizeof *names };

struct tar {
	size_t n;
	uint8_t bytes[ROOM];
};

/* (pax(1), "ustar Interchange Format") */
static void add_entry(struct tar *tar, const char *name, char kind, const char *target,
		      struct bs_fuzz_in content)
{
	size_t padded = (content.n + BLOCK - 1) / BLOCK * BLOCK;
	uint8_t *h = tar->bytes + tar->n;
	unsigned sum = 0;

	if (tar->n + BLOCK + padded > ROOM - 2 * (size_t)BLOCK)
		return;
	memset(h, 0, BLOCK + padded);
	snprintf((char *)h, 100, "%s", name);
	memcpy(h + 100, "0000755", 8);
	snprintf((char *)h + 124, 12, "%011zo", content.n);
	memset(h + 148, ' ', 8);
	h[156] = (uint8_t)kind;
	snprintf((char *)h + 157, 100, "%s", target);
	memcpy(h + 257, "ustar\00000", 8);
	for (unsigned i = 0; i < BLOCK; i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
	if (content.n)
		memcpy(h + BLOCK, content.at, content.n);
	tar->n += BLOCK + padded;
}

static void add_entries(struct tar *tar, struct bs_fuzz_in *in, unsigned depth)
{
	static struct tar inner;
	static const char kinds[] = "00012567";

	while (in->n) {
		uint8_t kind = bs_fuzz_u8(in), name = bs_fuzz_u8(in), target = bs_fuzz_u8(in);
		struct bs_fuzz_in content = bs_fuzz_take(in, bs_fuzz_u8(in));

		/* A layer is made of entries itself. */
		if (depth == 0 && kind & 64 && content.n) {
			inner.n = 0;
			add_entries(&inner, &content, depth + 1);
			content = (struct bs_fuzz_in){ inner.bytes, inner.n + 2 * BLOCK };
			memset(inner.bytes + inner.n, 0, 2 * BLOCK);
			kind = 0;
		}
		if (kinds[kind % 8] != '0')
			content.n = 0;
		add_entry(tar, names[name % N_NAMES], kinds[kind % 8],
			  kinds[kind % 8] == '1' || kinds[kind % 8] == '2' ? names[target % N_NAMES]
									   : "",
			  content);
	}
}

static struct bs_fuzz_in make_archive(struct bs_fuzz_in in, uint8_t how)
{
	static struct tar tar;

	if (how & AS_IT_IS)
		return in;
	tar.n = 0;
	add_entries(&tar, &in, 0);
	memset(tar.bytes + tar.n, 0, 2 * BLOCK);
	return (struct bs_fuzz_in){ tar.bytes, tar.n + 2 * BLOCK };
}

static int memory_file(struct bs_fuzz_in in)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("archive", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, in.at, in.n, 0) != (ssize_t)in.n)
		abort();
	return fd;
}

/* Nothing but the directory "in" is where that is. */
static void check_outside(void)
{
	DIR *outside = opendir(bs_fuzz_directory());

	if (!outside)
		abort();
	for (const struct dirent *entry; (entry = readdir(outside)) != NULL;)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    strcmp(entry->d_name, "in") != 0)
			abort();
	closedir(outside);
	if (access("/tmp/bindsim-fuzz-escape", F_OK) == 0)
		abort();
}

/* The directory that archives are laid out in: it is there from one to the next, for its own name
 * is not theirs to change. */
struct directory {
	char path[128];
	struct bs_arena *arena;
	struct bs_diags diags;
	struct bs_fs *fs;
	int fd;
};

static struct directory *the_directory(void)
{
	static struct directory directory;
	struct directory *d = &directory;

	if (d->arena)
		return d;
	d->arena = d->diags.arena = bs_fuzz_arena();
	const struct bs_ctx ctx = { d->arena, bs_names_new(d->arena), &d->diags };

	snprintf(d->path, sizeof d->path, "%s/in", bs_fuzz_directory());
	if (mkdir(d->path, 0700) != 0)
		abort();
	d->fs = bs_fs_open(&ctx, d->path, "/");
	d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!d->fs || d->fd < 0)
		abort();
	return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct bs_archive_budget budget = { 1 << 20, 200 };
	const struct directory *d = the_directory();
	struct bs_fuzz_in in = { data, n };
	uint8_t how = bs_fuzz_u8(&in);
	struct bs_arena *arena = bs_fuzz_arena();
	char path[64];
	const char *problem;

	snprintf(path, sizeof path, "/proc/self/fd/%d", memory_file(make_archive(in, how)));
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_unpacking u = {
		.arena = arena,
		.budget = budget,
		.directory = d->path,
		.fs = d->fs,
		.text_prefixes = how & REPLACES ? bs_image_texts : NULL,
	};

	u.tree = (struct bs_tree){
		.ctx = ctx,
		.fd = d->fd,
		.fs = d->fs,
		.replaces = how & REPLACES,
	};
	struct bs_archive *archive = bs_archive_open(arena, path, &u.budget, &problem);

	if (archive)
		problem = bs_unpack(&u, archive);
	bs_archive_close(archive);
	if (!problem && how & REPLACES && bs_is_image(&u))
		problem = bs_unpack_image(&u, path);
	if (problem && !*problem)
		abort();
	check_outside();
	if (!bs_empty_directory(d->fd))
		abort();
	/* What stays is not its to close. */
	u.fs = NULL;
	u.tree.fd = -1;
	bs_unpacking_done(&u);
	bs_arena_free(arena);
	return 0;
}
