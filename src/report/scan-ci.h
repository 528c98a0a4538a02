/* SPDX-License-Identifier: MIT */
/*
 * scan-ci.h - what the reports of a scan for services share
 *
 * They are written as records come. What is found in a program is told of its file, whichever of
 * its objects it is about: that is what was asked about, and whose owner reads the report.
 */
#pragma once

#include "ci-priv.h"
#include "scan-report.h"

/* Words, in SCRATCH, in which what is no character is \xNN. */
const char *bs_scan_ci_escaped(struct bs_arena *scratch, const char *text);

/* "PATH", "PATH with PLUGIN". */
const char *bs_scan_ci_program(struct bs_arena *scratch, const struct bs_scan_record *record);

/* "PROGRAM: captured-references: libx.so and liby.so, 3 symbols: a, b, c" */
const char *bs_scan_ci_headline(struct bs_arena *scratch, const struct bs_scan_record *record,
				const struct bs_scan_finding *finding);

/* "step 0 failed: ..." */
const char *bs_scan_ci_refusal(struct bs_arena *scratch, const struct bs_scan_refusal *refusal);

/* Why RECORD is unanswered. */
const char *bs_scan_ci_problem(struct bs_arena *scratch, const struct bs_scan_record *record);

/* Where the file PATH, which the scan knows by this name, lies. */
struct bs_file_place bs_scan_ci_place(struct bs_arena *scratch, const char *path);

/* What FINDING, the Ith of RECORD, is known by in other scans; no two have the same. */
const char *bs_scan_ci_fingerprint(struct bs_arena *scratch, const struct bs_scan_record *record,
				   uint32_t i);

/* A finding of LEVEL fails a test; where nobody said which count, errors do. */
bool bs_scan_ci_fails(const struct bs_report *report, enum bs_level level);

/* The file that WATCH is about: the policy. In SCRATCH. */
const char *bs_scan_ci_policy(struct bs_arena *scratch, const struct bs_scan_head *head);
