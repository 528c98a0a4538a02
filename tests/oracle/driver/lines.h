/* SPDX-License-Identifier: MIT */
/* What a driver says: lines in the loader's own form, in whose log they stand. */
#ifndef BINDSIM_DRIVER_LINES_H
#define BINDSIM_DRIVER_LINES_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 16384 };

/* One write per line: the loader writes its lines in one call too, so none is ever cut in two. */
static void say(const char *text)
{
	char line[LINE_SIZE];
	int length = snprintf(line, sizeof line, "%10d:\tbindsim: %s\n", (int)getpid(), text);

	if (length >= (int)sizeof line) {
		length = (int)sizeof line;
		line[length - 1] = '\n';
	}
	if (write(STDERR_FILENO, line, (size_t)length) != length)
		_exit(125);
}

static void say_outcome(int step, const char *failure)
{
	char text[LINE_SIZE - 64];

	if (failure == NULL) {
		snprintf(text, sizeof text, "step %d: ok", step);
	} else {
		const char *last_line = strrchr(failure, '\n');

		snprintf(text, sizeof text, "step %d: failed: %s", step,
			 last_line != NULL ? last_line + 1 : failure);
	}
	say(text);
}

#endif
