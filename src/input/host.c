/* SPDX-License-Identifier: MIT */
/* Programs that are looked for by their names. */
#include "input.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Directories that are relative mean another place for each working directory. */
const char *bs_find_host(struct bs_arena *arena, const char *path, const char *name)
{
	struct stat st;

	for (; path && *path; path += strcspn(path, ":"), path += *path == ':') {
		const char *file =
			bs_arena_printf(arena, "%.*s/%s", (int)strcspn(path, ":"), path, name);

		if (*file == '/' && stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}
