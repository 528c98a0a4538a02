/* SPDX-License-Identifier: MIT */
/*
 * report-file.h - reports and baselines in JSON, read again, for whoever holds one against another
 *
 * What is not the arena's while they are read is in *RET_HELD, which is to be handed to
 * bs_plan_drop() (input.h), also by who is unwound to for want of memory.
 *
 * Floor 16.
 */
#pragma once

#include "../policy/policy.h"
#include "../study/digest.h"

enum bs_json_kind { BS_JSON_REPORT, BS_JSON_STREAM, BS_JSON_PLAN };

/* What the N bytes at TEXT are, by their schema. NULL, or what is wrong with them. */
const char *bs_report_file_kind(struct bs_arena *arena, const char *text, size_t n,
				enum bs_json_kind *ret, void **ret_held);

/* Fills DIGEST from the report that the N bytes at TEXT are. NULL, or what is wrong and where. */
const char *bs_report_file_read(const char *text, size_t n, bool is_stream,
				struct bs_digest *digest, void **ret_held);

/* Appends the findings of the baseline that the N bytes at TEXT are to RET, in ARENA. NULL, or what
 * is wrong and where. */
const char *bs_baseline_read(struct bs_arena *arena, const char *text, size_t n, bs_baseline *ret,
			     void **ret_held);
