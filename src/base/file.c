/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int bs_open_at(int directory, const char *path, int flags)
{
	int fd;

	do
		fd = openat(directory, path, flags, 0666);
	while (fd < 0 && errno == EINTR);
	return fd;
}

bool bs_write_all(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}
