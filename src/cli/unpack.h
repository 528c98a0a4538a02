/* SPDX-License-Identifier: MIT */
/* unpack.h - a private directory for what is to be seen of an archive, for as long as the tool runs
 */
#pragma once

#include "cli.h"

#include "../archive/archive.h"

struct bs_unpacked_text {
	const char *path, *text;
	size_t n;
};

struct bs_unpacking {
	struct bs_arena *arena;
	struct bs_archive_budget budget;
	const char *directory; /* the host's path */
	struct bs_fs *fs;      /* of TREE */
	struct bs_tree tree;
	uint32_t n_entries; /* since TREE's arena was new */

	/* Files that are kept as texts, too: their names begin so. Or NULL */
	const char *const *text_prefixes;
	BS_VEC(struct bs_unpacked_text) texts;
	size_t n_texts; /* bytes */
};

/* Makes the directory. OVER_ROOT: what is in it is to lie over ROOT, or the real root for NULL.
 * It is removed when the tool ends, however that comes to be. False after a message. */
bool bs_unpacking_begin(struct bs_arena *arena, bool over_root, const char *root,
			struct bs_unpacking *ret);

/*
 * Lays out what ARCHIVE has from here on: files that loaders and what is asked about them read, and
 * what leads there. Those are ELF files, links, directories, the first bytes of scripts, and files
 * below etc/ld*. Returns NULL, or what is wrong, in ARENA.
 */
const char *bs_unpack(struct bs_unpacking *u, struct bs_archive *archive);

/* A layer of an image has its whiteouts before it is laid out: names that say what of the layers
 * below it goes. (OCI image-spec, layer.md) */
const char *bs_unpack_whiteouts(struct bs_unpacking *u, struct bs_archive *archive);

/* Nothing more is laid out: gives back all but the directory. */
void bs_unpacking_done(struct bs_unpacking *u);
