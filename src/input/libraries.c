/* SPDX-License-Identifier: MIT */
/* Where the data that comes with bindsim is. */
#include "input.h"

#include <dlfcn.h>
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern const char bs_built_in_libraries[]; /* data/libraries.conf */

static const char libraries[] = "libraries.conf";

/* The file that this code is in: the tool's, or the library's. In ARENA, absolute; or NULL. */
static const char *own_file(struct bs_arena *arena, bool *ret_is_program)
{
	char path[PATH_MAX];
	Dl_info own, program;

	if (!dladdr(bs_built_in_libraries, &own))
		return NULL;
	/* What it is called by is argv[0], which is anything. */
	*ret_is_program = dladdr((const void *)getauxval(AT_PHDR), &program) &&
			  program.dli_fbase == own.dli_fbase;
	if (!*ret_is_program)
		return own.dli_fname && *own.dli_fname == '/'
			       ? bs_arena_strndup(arena, own.dli_fname, strlen(own.dli_fname))
			       : NULL;
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);

	return n > 0 && n < (ssize_t)sizeof path ? bs_arena_strndup(arena, path, (size_t)n) : NULL;
}

/* The directory of the file FROM, with the steps RELATIVE, of which the first lead upwards. */
static const char *step_from(struct bs_arena *arena, const char *from, const char *relative)
{
	const char *end = strrchr(from, '/');

	for (; strncmp(relative, "../", 3) == 0; relative += 3)
		for (end = end > from ? end - 1 : from; end > from && *end != '/';)
			end--;
	return bs_arena_printf(arena, "%.*s/%s", (int)(end - from), from, relative);
}

struct bs_library_db *bs_library_db_open(struct bs_arena *arena)
{
	static const char installed[] = BINDSIM_DATADIR "/libraries.conf";
	bool is_program;
	const char *file = own_file(arena, &is_program), *path = installed, *text = NULL;
	size_t n;

	/* A whole installation may have been moved. */
	if (file) {
		path = bs_arena_printf(
			arena, "%s/%s",
			step_from(arena, file,
				  is_program ? BINDSIM_DATA_FROM_BIN : BINDSIM_DATA_FROM_LIB),
			libraries);
		text = bs_input_read(arena, path, &n);
	}
	if (!text && strcmp(path, installed) != 0) {
		path = installed;
		text = bs_input_read(arena, path, &n);
	}
	return text ? bs_library_db_new(arena, path, text)
		    : bs_library_db_new(arena, libraries, bs_built_in_libraries);
}
