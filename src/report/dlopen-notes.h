/* SPDX-License-Identifier: MIT */
/*
 * dlopen-notes.h - what objects say that they may dlopen
 *
 * The notes are those of the UAPI Group Specifications, UAPI.12 "ELF dlopen() metadata", version
 * 1.0. They are JSON, so jansson is opened for them.
 */
#pragma once

#include "report.h"

/* The part of formats that is about them. */
#define BS_PART_DLOPEN_NOTES "dlopen-notes"

/* How much the object needs it; the strongest comes first. */
enum bs_note_priority {
	BS_NOTE_REQUIRED,
	BS_NOTE_RECOMMENDED, /* what an entry means that does not say */
	BS_NOTE_SUGGESTED,
	BS_NOTE_PRIORITY_COUNT_
};

const char *bs_note_priority_name(enum bs_note_priority priority);

/* The priority called TEXT; BS_NOTE_PRIORITY_COUNT_: there is none. */
enum bs_note_priority bs_note_priority_named(const char *text);

/* One library that an object may open, under one name or another. */
struct bs_note_entry {
	bs_map_id object;
	uint32_t number;		   /* among all entries of the object's notes, from 1 on */
	const char *feature, *description; /* or NULL */
	enum bs_note_priority priority;
	BS_VEC(const char *) sonames; /* never empty; the object likes the first one best */
};

typedef BS_VEC(struct bs_note_entry) bs_note_entries;

/*
 * Adds the entries of the notes of OBJECT, which is in RUN, to ENTRIES. What is no entry is left
 * out and told to RUN's diagnostics, once. Memory is RUN's.
 */
void bs_note_entries_read(const struct bs_run *run, bs_map_id object, bs_note_entries *entries);

/* The objects in the process at the end of RUN that have such notes, by namespace in link-map
 * order.
 */
bs_ids bs_noting_objects(const struct bs_run *run);

/* What there is at the end of a run, as reports show it. */
struct bs_note_answer {
	struct bs_note_entry entry;
	uint32_t step;			 /* that was taken from it, or 0 */
	BS_VEC(struct bs_sought) sought; /* by soname */
};

struct bs_note_answers {
	BS_VEC(struct bs_note_answer) list;
};

void bs_note_answers_find(const struct bs_run *run, struct bs_note_answers *ret);
