/* SPDX-License-Identifier: MIT */
/* subject-priv.h - what the files that read a process share */
#pragma once

#include "subject.h"

/* Opens the file of an area for who wants its image: -1 with errno. *RET_FILE: what is known of it.
 */
struct bs_live_opener {
	int (*open)(void *data, const struct bs_live_area *area, enum bs_live_file *ret_file);
	void *data;
};

/* memory.c: N bytes of the file FD from OFFSET on, all or none. */
bool bs_read_at(int fd, uint64_t offset, void *to, size_t n);

/* areas.c: the text of /proc/PID/maps as areas, appended to RET. */
void bs_live_areas_read(struct bs_arena *arena, char *text, bs_live_areas *ret);

/* process.c: what is mapped in SUBJECT, which is a process that runs; paths are inside its root.
 * NULL, or why not. */
const char *bs_process_areas_read(const struct bs_ctx *ctx, struct bs_subject *subject);

/* objects.c: link maps and objects of SUBJECT, whose memory, auxiliary vector and areas are known.
 * NULL, or why not. */
const char *bs_live_objects_find(const struct bs_ctx *ctx, struct bs_store *store,
				 const struct bs_live_opener *opener, struct bs_subject *subject);

/* global.c: which objects of SUBJECT are in the global scope of the first namespace. */
void bs_live_global_find(const struct bs_ctx *ctx, struct bs_subject *subject);

/* The address of the variable NAME that OBJECT, which has an image, defines, or 0. */
uint64_t bs_live_variable(const struct bs_live_object *object, const char *name);

/* What it was started with, where no /proc tells: argv[0] and environment, from memory. */
void bs_live_arguments_find(const struct bs_ctx *ctx, struct bs_subject *subject);

/* The build ID that lies in memory with the object whose ELF header is at FROM; N_ID bytes at most.
 * Returns its length, or 0. */
size_t bs_live_build_id(const struct bs_memory *memory, uint64_t from, uint8_t *id, size_t n_id);
