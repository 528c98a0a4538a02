/* SPDX-License-Identifier: MIT */
/* json-names.h - how a report in JSON calls things, for who reads one */
#pragma once

#include "report.h"

#define BS_REPORT_SCHEMA "bindsim-report-1"
#define BS_STREAM_SCHEMA "bindsim-stream-1"

const char *bs_json_how_name(enum bs_how how);
const char *bs_json_outcome_name(enum bs_outcome outcome);
const char *bs_json_state_name(enum bs_step_state state);
/* "dlopen"; STEP is NULL for start-up. */
const char *bs_json_step_kind(const struct bs_step *step);
/* "jump-slot" */
const char *bs_json_reloc_kind_name(enum bs_reloc_kind kind);
const char *bs_json_why_name(enum bs_why why);
/* "ENOENT"; NULL for one without a name here, which is a number in JSON. */
const char *bs_json_errno_name(int error);
/* The error of that name, or 0. */
int bs_json_errno_find(const char *name);
