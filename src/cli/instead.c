/* SPDX-License-Identifier: MIT */
/* What was named as a program and is none leads to another question of this tool. */
#include "../report/shell.h"
#include "archive-check.h"
#include "cli.h"

static const char *hint(struct bs_arena *arena, const struct bs_plan *plan, enum bs_instead instead)
{
	const char *path = bs_shell_word(arena, plan->executable);

	switch (instead) {
	case BS_INSTEAD_DIRECTORY:
		return bs_arena_printf(arena, "; about the programs in it: bindsim scan %s%s%s%s",
				       plan->root ? "--root " : "",
				       plan->root ? bs_shell_word(arena, plan->root) : "",
				       plan->root ? " " : "", path);
	case BS_INSTEAD_FILE:
		return bs_names_archive(arena, plan)
			       ? bs_arena_printf(arena, "; about what is in it: bindsim check %s",
						 path)
			       : "";
	case BS_INSTEAD_PLAN:
		return bs_arena_printf(arena, ": --plan %s", path);
	case BS_INSTEAD_LOG:
		return bs_arena_printf(arena, ": bindsim log %s", path);
	case BS_INSTEAD_CORE:
		return bs_arena_printf(arena, ": --core %s", path);
	case BS_INSTEAD_ROOT:
		return ": --root=DIR is for a system that lies in a directory";
	case BS_INSTEAD_STRANGER:
		return "; --loader chooses one";
	case BS_INSTEAD_NOTHING:
		break;
	}
	return "";
}

void bs_complain_of_plan(struct bs_arena *arena, const struct bs_plan *plan, const char *prefix,
			 const char *problem, enum bs_instead instead)
{
	bs_complain("%s%s%s", prefix, problem, hint(arena, plan, instead));
}
