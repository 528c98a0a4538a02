/* SPDX-License-Identifier: MIT */
/* scan-journal.h - what is kept of a scan that may be killed */
#pragma once

#include "scan-priv.h"

struct bs_fs;
struct bs_scan_journal;

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
