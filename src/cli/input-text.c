/* SPDX-License-Identifier: MIT */
/* Files that the tool itself is told to read. */
#include "cli.h"

#include "../base/open.h"

#include <errno.h>
#include <string.h>

char *bs_input_text(struct bs_arena *arena, const char *path, const char **ret_name)
{
	size_t n;
	char *text = bs_input_read(arena, path, &n);

	*ret_name = strcmp(path, "-") == 0 ? "standard input" : path;
	if (!text) {
		bs_complain("%s: %s", *ret_name, bs_open_words(errno));
		return NULL;
	}
	if (strlen(text) == n)
		return text;
	bs_complain("%s: it has a NUL byte at offset %zu", *ret_name, strlen(text));
	return NULL;
}
