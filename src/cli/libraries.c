/* SPDX-License-Identifier: MIT */
/* The files of known libraries. */
#include "cli.h"

#include <errno.h>
#include <string.h>

extern const char bs_built_in_libraries[]; /* data/libraries.conf */

struct bs_library_db *bs_library_db_open(struct bs_arena *arena)
{
	static const char installed[] = BINDSIM_DATADIR "/libraries.conf";
	size_t n;
	const char *text = bs_input_read(arena, installed, &n);

	return text ? bs_library_db_new(arena, installed, text)
		    : bs_library_db_new(arena, "libraries.conf", bs_built_in_libraries);
}

bool bs_library_db_load(struct bs_arena *arena, struct bs_library_db *db, const char *path)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	size_t n;
	const char *text = bs_input_read(arena, path, &n), *problem;

	if (!text) {
		bs_complain("%s: %s", name, strerror(errno));
		return false;
	}
	if (strlen(text) != n) {
		bs_complain("%s: it has a NUL byte at offset %zu", name, strlen(text));
		return false;
	}
	problem = bs_library_db_add(db, name, text);
	if (problem)
		bs_complain("%s", problem);
	return !problem;
}
