/* SPDX-License-Identifier: MIT */
/* The formats that a scan is written in. */
#include "scan-report.h"

static const struct bs_scan_format *const formats[] = {
	&bs_scan_text,	 &bs_scan_json,	  &bs_scan_ndjson,   &bs_scan_sarif,  &bs_scan_junit,
	&bs_scan_github, &bs_scan_gitlab, &bs_scan_markdown, &bs_scan_sqlite, &bs_scan_suppressions,
};

const struct bs_scan_format *bs_scan_format_of(const struct bs_format *format)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i]->format->name, format->name) == 0)
			return formats[i];
	return NULL;
}

const char *bs_scan_subject_word(const struct bs_scan_head *head, uint64_t n)
{
	if (n == 1)
		return head->libraries ? "object" : "program";
	return head->libraries ? "objects" : "programs";
}

static bool shows_level(const struct bs_report *report, enum bs_level level)
{
	return level > BS_LEVEL_NOTE || report->show & BS_SCAN_NOTES ||
	       report->fail_on == BS_LEVEL_NOTE;
}

bool bs_scan_tells(const struct bs_report *report, const struct bs_scan_finding *f)
{
	return !bs_scan_is_excused(f) && report->show & BS_SCAN_PROGRAMS &&
	       shows_level(report, f->level);
}

uint32_t bs_scan_shown_pairs(const struct bs_report *report, const struct bs_scan_sum *sum)
{
	uint32_t n = report->show & BS_SCAN_PAIRS ? sum->pairs.n : 0;

	/* The worst come first. */
	while (n && !shows_level(report, sum->pairs.v[n - 1].level))
		n--;
	return n;
}
