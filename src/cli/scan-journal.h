/* SPDX-License-Identifier: MIT */
/* scan-journal.h - what is kept of a scan that may be killed */
#pragma once

#include "scan-priv.h"

struct bs_fs;
struct bs_scan_journal;

/* ---- scan-stamp.c ---------------------------------------------------------------------------- */

struct bs_scan_stamps {
	const struct bs_fs *fs;
	uint64_t boot; /* a number for the time since the machine was started */
	int64_t began; /* nanoseconds: what was changed later may be another file than was read */
};

/* For a scan that begins now, of the files of FS, which must outlive it. */
struct bs_scan_stamps bs_scan_stamps_new(struct bs_arena *arena, const struct bs_fs *fs);

/* What tells what PATH leads to, as it is now, from all that may come to lie there, in ARENA; "?"
 * where nothing does. LOOK: what is asked of it, an enum bs_fs_look or BS_SCAN_LOOK_PROCESSOR. */
const char *bs_scan_stamp(const struct bs_scan_stamps *stamps, struct bs_arena *arena,
			  const char *path, unsigned look);

/* ---- scan-journal.c -------------------------------------------------------------------------- */

/*
 * Opens the journal PATH of QUESTION, or begins it, for SUBJECTS, which are sorted by their paths.
 * What it has of them and what has changed since, in FS, is found out here. All must outlive it.
 * NULL after a message.
 */
struct bs_scan_journal *bs_scan_journal_open(struct bs_arena *arena, const char *path,
					     uint64_t question, const struct bs_fs *fs,
					     const bs_scan_subjects *subjects);

/* JOURNAL, which may be NULL, has SUBJECT, by its place, and all that its records rest on is as it
 * was. */
bool bs_scan_journal_has(const struct bs_scan_journal *journal, uint32_t subject);

/* The records of a subject that JOURNAL has, each with a newline, in SCRATCH. NULL after a message.
 */
char *bs_scan_journal_records(const struct bs_scan_journal *journal, struct bs_arena *scratch,
			      uint32_t subject);

/* Adds a program, whose records are LINES, each with a newline, and rest on SOURCES. False after a
 * message. */
bool bs_scan_journal_add(struct bs_scan_journal *journal, struct bs_arena *scratch,
			 const bs_scan_sources *sources, const char *lines);

/* False after a message: not all of it could be written. NULL is allowed. */
bool bs_scan_journal_close(struct bs_scan_journal *journal);
