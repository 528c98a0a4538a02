/* SPDX-License-Identifier: MIT */
#include "input.h"

extern const char bs_built_in_libraries[]; /* data/libraries.conf */

struct bs_library_db *bs_library_db_open(struct bs_arena *arena)
{
	static const char installed[] = BINDSIM_DATADIR "/libraries.conf";
	size_t n;
	const char *text = bs_input_read(arena, installed, &n);

	return text ? bs_library_db_new(arena, installed, text)
		    : bs_library_db_new(arena, "libraries.conf", bs_built_in_libraries);
}
