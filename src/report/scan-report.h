/* SPDX-License-Identifier: MIT */
/* scan-report.h - what `bindsim scan` found, in words and in JSON */
#pragma once

#include "../study/scan.h"
#include "report.h"

enum {
	BS_SCAN_PROGRAMS = 1 << 0, /* those that there is something to say of */
	BS_SCAN_NOTES = 1 << 1,	   /* findings that are notes, too */
	BS_SCAN_PAIRS = 1 << 2,	   /* which objects clash in how many programs */
	BS_SCAN_OBJECTS = 1 << 3,  /* what each program has loaded */
	BS_SCAN_EXPORTS = 1 << 4,  /* what that defines for others */
	BS_SCAN_BINDINGS = 1 << 5, /* who is bound to whom */
};

#define BS_SCAN_SCHEMA "bindsim-scan-1"

/*
 * RECORD as a line of JSON, without its end; jansson must be open. It is what a report in JSON
 * says, and what is kept of a program between runs of the tool. In ARENA.
 */
const char *bs_scan_line(struct bs_arena *arena, const struct bs_scan_record *record);

/* The same of a file. */
const char *bs_scan_file_line(struct bs_arena *arena, const struct bs_scan_file *file);

/*
 * How a report of a scan is written: its functions are called in this order, FILE for each file
 * before the first record that has it. Each may be NULL. BEGIN and END have an arena that lives as
 * long as the report, the others one for scratch. LINE says what FILE or RECORD does.
 */
struct bs_scan_format {
	const struct bs_format *format; /* its name and parts */
	void (*begin)(struct bs_report *report, struct bs_arena *arena,
		      const struct bs_scan_head *head);
	void (*file)(struct bs_report *report, struct bs_arena *scratch,
		     const struct bs_scan_file *file, const char *line);
	void (*record)(struct bs_report *report, struct bs_arena *scratch,
		       const struct bs_scan_record *record, const char *line);
	void (*end)(struct bs_report *report, struct bs_arena *arena,
		    const struct bs_scan_head *head, const struct bs_scan_sum *sum);
	/* When nothing more is to be written, complete or not. */
	void (*drop)(struct bs_report *report);
	bool wants_file; /* the report's FILE is to be an empty file, and is what was written */
};

/* The one called as FORMAT is, or NULL. */
const struct bs_scan_format *bs_scan_format_of(const struct bs_format *format);

/* What N of those are called that the scan of HEAD asks about: "program", "objects", ... */
const char *bs_scan_subject_word(const struct bs_scan_head *head, uint64_t n);

/* REPORT tells of FINDING: nobody excuses it, and it shows programs and findings of that level.
 * A record has notes, too, where another report shows them, or parts were made with them. */
bool bs_scan_tells(const struct bs_report *report, const struct bs_scan_finding *finding);

/* How many pairs of SUM, the first ones, REPORT shows. */
uint32_t bs_scan_shown_pairs(const struct bs_report *report, const struct bs_scan_sum *sum);

/* Parts of a report for services, and of others. */
extern const char *const bs_scan_ci_parts[];

/* The table of each file. */
extern const struct bs_scan_format bs_scan_text, bs_scan_json, bs_scan_ndjson;
extern const struct bs_scan_format bs_scan_suppressions, bs_scan_sarif, bs_scan_junit;
extern const struct bs_scan_format bs_scan_github, bs_scan_gitlab, bs_scan_markdown;
extern const struct bs_scan_format bs_scan_sqlite;

/* scan-text.c: FINDING in a line, without its end. */
void bs_scan_finding_words(struct bs_report *report, const struct bs_scan_finding *finding);
