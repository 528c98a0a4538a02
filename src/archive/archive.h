/* SPDX-License-Identifier: MIT */
/*
 * archive.h - the entries of an archive, and a private directory that files of it are laid out in
 *
 * Archives are strangers' files. They are read one entry after the other, within a budget, and what
 * they name is only ever made inside the directory: each component of a path is opened without
 * following a link, and links are text that bs_fs resolves inside its root.
 * libarchive is met in late.h alone, and opened when an archive is.
 *
 * Floor 14: may include base.h and search.h.
 */
#pragma once

#include "../base/base.h"
#include "../search/search.h"

#include <sys/types.h>

/* What all archives of one question may come to, those within others counted, too. */
struct bs_archive_budget {
	uint64_t bytes, entries; /* that are left */
};

enum { BS_ARCHIVE_MOST_GIB = 16, BS_ARCHIVE_MOST_ENTRIES = 1000000 };

#define BS_ARCHIVE_BUDGET                                                                          \
	((struct bs_archive_budget){ (uint64_t)BS_ARCHIVE_MOST_GIB << 30, BS_ARCHIVE_MOST_ENTRIES })

enum bs_entry_kind {
	BS_ENTRY_FILE,
	BS_ENTRY_DIRECTORY,
	BS_ENTRY_SYMLINK,
	BS_ENTRY_HARDLINK,
	BS_ENTRY_OTHER, /* devices and the like */
};

struct bs_archive_entry {
	enum bs_entry_kind kind;
	const char *path;   /* without "/" or "./" before it and "/" behind it; "" is the top */
	const char *target; /* of a link; as it stands there, but for hard links like PATH */
	uint64_t size;
	uint32_t mode;
};

struct bs_archive;

/* Opens the host's file PATH. NULL with *RET_PROBLEM, what is wrong. Strings are ARENA's. */
struct bs_archive *bs_archive_open(struct bs_arena *arena, const char *path,
				   struct bs_archive_budget *budget, const char **ret_problem);

/* Opens the archive that the entry is which OUTER has come to, and which OUTER may not leave before
 * this one is closed. What is in it is paid for from BUDGET, which may be another than OUTER's. */
struct bs_archive *bs_archive_open_entry(struct bs_archive *outer, struct bs_archive_budget *budget,
					 const char **ret_problem);

void bs_archive_close(struct bs_archive *archive);

/* The next entry in *RET, whose strings last until the one after it. 1; 0 at the end; -1 with
 * *RET_PROBLEM. */
int bs_archive_next(struct bs_archive *archive, struct bs_archive_entry *ret,
		    const char **ret_problem);

/* Up to N bytes of the entry; 0 at its end, -1 with *RET_PROBLEM. */
ssize_t bs_archive_read(struct bs_archive *archive, void *bytes, size_t n,
			const char **ret_problem);

/* ---- the directory ------------------------------------------------------------------------- */

struct bs_tree {
	struct bs_ctx ctx;
	int fd;			/* of the directory, which is empty at first */
	const struct bs_fs *fs; /* the directory, alone or over a root: where paths lead */
	/* A later entry takes the place of an earlier one whatever it is, as a layer of an image
	 * does; else a directory stays one, as for dpkg(1). */
	bool replaces;
	const char *last_parent, *last_place; /* what was resolved last */
};

/*
 * All of these return NULL, or what is wrong, in the tree's arena. PATH is an entry's. The
 * directories that lead to it are made where they lack, and links on the way are followed inside
 * the root.
 */

/* Makes the file PATH; *RET_FD is open for writing. Permissions are MODE's without set-user-ID. */
const char *bs_tree_file(struct bs_tree *tree, const char *path, uint32_t mode, int *ret_fd);

const char *bs_tree_symlink(struct bs_tree *tree, const char *path, const char *target);

/* One more name for the file TARGET of the tree. Nothing happens if the tree has none such. */
const char *bs_tree_hardlink(struct bs_tree *tree, const char *path, const char *target);

/* PATH becomes a directory, if it is not one. */
const char *bs_tree_directory(struct bs_tree *tree, const char *path);

/* PATH and all below it go; KEEP: PATH itself stays. Nothing happens if there is none. */
const char *bs_tree_remove(struct bs_tree *tree, const char *path, bool keep);

/* Something is called PATH, in the directory or in the root below it. */
bool bs_tree_has(const struct bs_tree *tree, const char *path);

/* Removes all that is in the directory FD. False with errno when something stays. */
bool bs_empty_directory(int fd);
