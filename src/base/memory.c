/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The second number of proc_pid_statm(5), in pages. */
uint64_t bs_memory_in_use(void)
{
	char text[128];
	int fd = bs_open_at(AT_FDCWD, "/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *blank;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	blank = strchr(text, ' ');
	return blank ? strtoull(blank, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}
