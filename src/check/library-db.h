/* SPDX-License-Identifier: MIT */
/*
 * library-db.h - libraries that are known by name: whose copies are recognized, and what two of
 * them do to each other
 *
 * The files are described in bindsim-libraries(5). Part of the check floor.
 */
#pragma once

#include "../base/base.h"

typedef BS_VEC(const char *) bs_texts;

struct bs_known_library {
	const char *name;
	bs_texts sonames;    /* patterns of fnmatch(3) */
	bs_texts markers;    /* symbols; so many of them are enough: */
	uint32_t least;	     /* 0: all of them */
	const char *version; /* how it stands in the file, * for the version itself; or NULL */
	bool stable;	     /* its interface is kept: one version does for another */
	const char
		*twice; /* what two copies do that are bound across; NULL: nothing that is known */
};

typedef BS_VEC(struct bs_known_library) bs_known_libraries;

struct bs_library_db;

/* A database in ARENA with the file PATH, which says TEXT and is read when it is needed. Both must
 * live as long. */
struct bs_library_db *bs_library_db_new(struct bs_arena *arena, const char *path, const char *text);

/* Reads a further file PATH, which says TEXT: its sections replace those of the same name. Returns
 * NULL, or what is wrong in it and where, in DB's arena. */
const char *bs_library_db_add(struct bs_library_db *db, const char *path, const char *text);

/* All libraries. *RET_PROBLEM: what is wrong with the first file, told once; else NULL. */
const bs_known_libraries *bs_library_db_read(struct bs_library_db *db, const char **ret_problem);

/* What the first file says, as long as it is all of DB and was not read; else NULL. */
const char *bs_library_db_unread(const struct bs_library_db *db);
