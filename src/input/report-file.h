/* SPDX-License-Identifier: MIT */
/*
 * report-file.h - reports in JSON, read again, for whoever holds one against another
 *
 * Floor 16.
 */
#pragma once

#include "../study/digest.h"

enum bs_json_kind { BS_JSON_REPORT, BS_JSON_STREAM, BS_JSON_PLAN };

/* What the N bytes at TEXT are, by their schema. NULL, or what is wrong with them. */
const char *bs_report_file_kind(struct bs_arena *arena, const char *text, size_t n,
				enum bs_json_kind *ret);

/* Fills DIGEST from the report that the N bytes at TEXT are. NULL, or what is wrong and where. */
const char *bs_report_file_read(const char *text, size_t n, bool is_stream,
				struct bs_digest *digest);
