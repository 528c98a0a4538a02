/* SPDX-License-Identifier: MIT */
/* scan-report.h - what `bindsim scan` found, in words and in JSON */
#pragma once

#include "../study/scan.h"
#include "report.h"

enum {
	BS_SCAN_PROGRAMS = 1 << 0, /* those that there is something to say of */
	BS_SCAN_PAIRS = 1 << 1,	   /* which objects clash in how many programs */
	BS_SCAN_NOTES = 1 << 2,	   /* findings that are notes, too */
	BS_SCAN_OBJECTS = 1 << 3,  /* what each program has loaded */
};

#define BS_SCAN_SCHEMA "bindsim-scan-1"

/* No formats that --format names otherwise: tables of names and parts. */
extern const struct bs_format bs_format_scan_text, bs_format_scan_json, bs_format_scan_ndjson;

/*
 * RECORD as a line of JSON, without its end; jansson must be open. It is what a report in JSON
 * says, and what is kept of a program between runs of the tool. In ARENA.
 */
const char *bs_scan_line(struct bs_arena *arena, const struct bs_scan_record *record);

/* A report begins, goes on with RECORD, which LINE says, too, and ends. ARENA: for scratch. */
void bs_scan_begin(struct bs_report *report, struct bs_arena *arena,
		   const struct bs_scan_head *head);
void bs_scan_go_on(struct bs_report *report, const struct bs_scan_record *record, const char *line);
void bs_scan_end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		 const struct bs_scan_sum *sum);

/* scan-text.c: the same for its format. */
void bs_scan_text_record(struct bs_report *report, const struct bs_scan_record *record);
void bs_scan_text_end(struct bs_report *report, const struct bs_scan_head *head,
		      const struct bs_scan_sum *sum);
