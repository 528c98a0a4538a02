/* SPDX-License-Identifier: MIT */
/* core-priv.h - a core file under way */
#pragma once

#include "subject-priv.h"

/* A program header that has memory. */
struct bs_core_piece {
	uint64_t from, n_memory; /* in memory */
	uint64_t offset, n;	 /* in the file: the first N bytes of it */
};

/* A file that was mapped. */
struct bs_core_file {
	const char *path;
	int fd;		/* -1: it is not there, not trusted, or parked */
	bool is_parked; /* closed for others, to be opened again */
	dev_t dev;	/* DEV and INO: what it was when it was parked */
	ino_t ino;
	enum bs_live_file state;
};

struct bs_core {
	struct bs_memory memory; /* first: what reads it is led back to here */
	const struct bs_ctx *ctx;
	struct bs_store *store;
	struct bs_fs *fs;
	const char *path, *executable; /* EXECUTABLE: it stands in for PROGRAM, or NULL */
	const char *program;
	int fd;
	uint64_t n_notes;		     /* bytes of notes that were read so far */
	bool is_big;			     /* its byte order */
	BS_VEC(struct bs_core_piece) pieces; /* by FROM */
	BS_VEC(struct bs_core_file) files;
	struct bs_names *names;	      /* their paths */
	bs_ids by_name;		      /* of FILES, by name: index plus 1 */
	uint32_t n_open, next_parked; /* of FILES: how many are open, and who makes room next */
	const bs_live_areas *areas;
	bs_ids heads;	  /* by name: the first of AREAS where that file's ELF header is, plus 1 */
	uint32_t n_heads; /* so many of AREAS are known to HEADS */
};

/* The memory that the core itself has. */
struct bs_core_raw {
	struct bs_memory memory; /* first */
	const struct bs_core *core;
};

/* The N bytes at BYTES as a number, in the byte order of the core. */
uint64_t bs_core_number(const struct bs_core *core, const uint8_t *bytes, unsigned n);

/* core-notes.c: what the notes at OFFSET, N bytes of them, say of SUBJECT. NULL, or what is wrong.
 */
const char *bs_core_notes_read(struct bs_core *core, uint64_t offset, uint64_t n,
			       struct bs_subject *subject);
