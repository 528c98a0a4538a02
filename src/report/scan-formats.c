/* SPDX-License-Identifier: MIT */
/* The formats that a scan is written in. */
#include "scan-report.h"

static const struct bs_scan_format *const formats[] = {
	&bs_scan_text,	 &bs_scan_json,	  &bs_scan_ndjson,   &bs_scan_sarif,  &bs_scan_junit,
	&bs_scan_github, &bs_scan_gitlab, &bs_scan_markdown, &bs_scan_sqlite, &bs_scan_suppressions,
};

const char bs_scan_format_names[] =
	"text, json, ndjson, sarif, junit, github, gitlab, markdown or sqlite";

const struct bs_scan_format *bs_scan_format_of(const struct bs_format *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i]->format->name, format->name) == 0)
			return formats[i];
	return NULL;
}
