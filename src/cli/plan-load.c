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
	bool is_elf = n > 4 && memcmp(text, "\177ELF", 4) == 0;
	const char *problem = is_elf ? "an ELF file, and no plan: programs are named without --plan"
				     : bs_plan_read(arena, text, n, ret);

	if (problem)
		bs_complain("%s: %s", name, problem);
	return !problem;
}
