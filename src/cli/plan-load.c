/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "../base/open.h"

#include <errno.h>
#include <string.h>

bool bs_plan_load(struct bs_arena *arena, const char *path, struct bs_plan *ret)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	size_t n = 0;
	const char *text = bs_input_read(arena, path, &n);

	if (!text) {
		bs_complain("%s: %s", name, bs_open_words(errno));
		return false;
	}
	const char *problem = bs_plan_read(arena, text, n, ret);

	if (problem)
		bs_complain("%s: %s", name, problem);
	return !problem;
}
