/* SPDX-License-Identifier: MIT */
/*
 * subject.h - a process that is asked about, alive or dead: what is mapped in it and from which
 * files, its objects, and what it was started with
 *
 * It is read once, and nothing of it is changed or stopped. Files are looked for in its own root
 * directory. Strings are the arena's of the context that it was opened with.
 *
 * Floor 10: may include live.h, base.h, elf.h and search.h.
 */
#pragma once

#include "../base/base.h"
#include "../elf/elf.h"
#include "../search/search.h"
#include "live.h"

#define BS_NO_LIVE_OBJECT UINT32_MAX

/* A piece of its address space. */
struct bs_live_area {
	uint64_t from, to; /* one behind the last byte */
	uint64_t offset;   /* of FROM in FILE */
	uint64_t ino;	   /* 0: not known */
	const char *file;  /* a path, as the process has it; NULL: memory without a file */
	bool is_deleted;   /* FILE is no name of it any more */
	bool is_vdso;
};

typedef BS_VEC(struct bs_live_area) bs_live_areas;

/* What is known of the file of an object. */
enum bs_live_file {
	BS_LIVE_FILE_SAME,	/* it is the one that is mapped */
	BS_LIVE_FILE_UNCHECKED, /* it has the name, and nothing at hand says that it is another one
				 */
	BS_LIVE_FILE_DELETED,	/* it has no name any more, and was read all the same */
	BS_LIVE_FILE_REPLACED,	/* another one has its name now */
	BS_LIVE_FILE_GONE,	/* it cannot be had */
	BS_LIVE_FILE_NONE,	/* there never was one: the vdso */
	BS_LIVE_FILE_COUNT_
};

/* "same", "deleted", ... */
const char *bs_live_file_slug(enum bs_live_file file);

/* An object as it lies in memory. */
struct bs_live_object {
	uint32_t ns;
	const char *name; /* its link-map name, "" for the executable */
	const char *requested;
	uint64_t base; /* l_addr */
	uint64_t link_map;
	bool is_executable, is_vdso,
		is_global;	      /* GLOBAL: in the global scope, where that is known */
	const char *path;	      /* of its file, inside the root; or NULL */
	const struct bs_image *image; /* of what is mapped; NULL: its file cannot be had */
	enum bs_live_file file;
	uint64_t from, to; /* of an object without an image: where it lies */
};

typedef BS_VEC(struct bs_live_object) bs_live_objects;

struct bs_subject {
	struct bs_memory *memory;
	bool is_core;
	pid_t pid;  /* 0: it is not known */
	int signal; /* that ended it; 0: none did, or it lives */
	struct bs_auxiliary auxiliary;
	bs_live_areas areas; /* by FROM */
	struct bs_live_maps maps;
	bool has_loader;	 /* it has link maps */
	bool by_loader;		 /* it was started as `ld.so PROGRAM` */
	bool is_loading;	 /* the loader was at work when it was read */
	bs_live_objects objects; /* namespace by namespace, in link-map order */
	bool knows_global;	 /* the global scope of the first namespace could be read ... */
	bs_ids global;		 /* ... and has these objects, in order */
	bs_ids unlisted; /* areas of ELF files that are in no link map: the first of each file */

	const char *executable;		/* path, inside the root */
	const char *argv0, *cwd;	/* or NULL */
	const char *root;		/* host directory; NULL: the real root */
	const char *const *environment; /* "NAME=VALUE"; NULL ends, and NULL: not known */
};

/*
 * The process PID. ROOT: its root directory; NULL: the one that it has. Images are STORE's. Fills
 * in RET, to be ended with bs_subject_close(). Returns NULL, or why it cannot be read, a sentence.
 */
const char *bs_subject_of_process(const struct bs_ctx *ctx, struct bs_store *store, pid_t pid,
				  const char *root, struct bs_subject *ret);

/* The same for the core file PATH; EXECUTABLE: the program's file, NULL: the one that the core
 * names. ROOT NULL: the real one. */
const char *bs_subject_of_core(const struct bs_ctx *ctx, struct bs_store *store, const char *path,
			       const char *executable, const char *root, struct bs_subject *ret);

void bs_subject_close(struct bs_subject *subject, struct bs_store *store);

/* The area that ADDRESS lies in, or NULL. */
const struct bs_live_area *bs_live_area_at(const bs_live_areas *areas, uint64_t address);
