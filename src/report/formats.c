/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <string.h>

const struct bs_format *const *bs_formats(void)
{
	static const struct bs_format *const formats[] = {
		&bs_format_text,   &bs_format_lddebug,	&bs_format_json,
		&bs_format_ndjson, &bs_format_ldd,	&bs_format_plan,
		&bs_format_sarif,  &bs_format_junit,	&bs_format_github,
		&bs_format_gitlab, &bs_format_markdown, &bs_format_dot,
		&bs_format_html,   &bs_format_sqlite,	NULL,
	};

	return formats;
}

const struct bs_format *bs_format_find(const char *name)
{
	for (const struct bs_format *const *format = bs_formats(); *format; format++)
		if (strcmp((*format)->name, name) == 0)
			return *format;
	return NULL;
}

unsigned bs_format_part(const struct bs_format *format, const char *name, size_t n)
{
	for (unsigned i = 0; format->parts && format->parts[i]; i++)
		if (strlen(format->parts[i]) == n && strncmp(format->parts[i], name, n) == 0)
			return 1u << i;
	return 0;
}
