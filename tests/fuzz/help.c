/* SPDX-License-Identifier: MIT */
/* What most targets need before they come to the point. */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void *bs_fuzz_copy(struct bs_fuzz_in part)
{
	void *copy = malloc(part.n ? part.n : 1);

	if (!copy)
		abort();
	if (part.n)
		memcpy(copy, part.at, part.n);
	return copy;
}

char *bs_fuzz_text(struct bs_fuzz_in part)
{
	char *copy = malloc(part.n + 1);

	if (!copy)
		abort();
	if (part.n)
		memcpy(copy, part.at, part.n);
	copy[part.n] = '\0';
	return copy;
}

struct bs_arena *bs_fuzz_arena(void)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		abort();
	return arena;
}

/* ---- files -------------------------------------------------------------------------------------
 */

static char directory[96];
static pid_t owner;

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st, (void)kind, (void)where;
	return remove(path), 0;
}

/* Fuzzers fork: a child leaves what is its parent's. */
static void remove_directory(void)
{
	if (getpid() == owner)
		nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *bs_fuzz_directory(void)
{
	const char *parent = getenv("BINDSIM_FUZZ_DIRECTORY");

	if (owner == getpid())
		return directory;
	owner = getpid();
	if (!parent)
		parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	if (snprintf(directory, sizeof directory, "%s/bindsim-fuzz.XXXXXX", parent) >=
	    (int)sizeof directory)
		abort();
	if (!mkdtemp(directory))
		abort();
	atexit(remove_directory);
	return directory;
}

void bs_fuzz_write(const char *name, struct bs_fuzz_in part)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", bs_fuzz_directory(), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, part.at, part.n) != (ssize_t)part.n)
		abort();
	close(fd);
}
