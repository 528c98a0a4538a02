/* SPDX-License-Identifier: MIT */
/* The files of known libraries. */
#include "cli.h"

bool bs_library_db_load(struct bs_arena *arena, struct bs_library_db *db, const char *path)
{
	const char *name, *text = bs_input_text(arena, path, &name);

	if (!text)
		return false;
	const char *problem = bs_library_db_add(db, name, text);

	if (problem)
		bs_complain("%s", problem);
	return !problem;
}

struct bs_library_db *bs_libraries_open(struct bs_arena *arena, const struct bs_command_line *line)
{
	struct bs_library_db *db = bs_library_db_open(arena);

	bs_vec_each (i, &line->library_dbs)
		if (!bs_library_db_load(arena, db, line->library_dbs.v[i]))
			return NULL;
	return db;
}
