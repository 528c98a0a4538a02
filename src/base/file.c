/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
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

void bs_pause(unsigned milliseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += milliseconds / 1000;
	until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

bool bs_is_lack(int error)
{
	return error == ENOMEM || error == EMFILE || error == ENFILE;
}

void bs_must_not_lack(struct bs_arena *arena, const char *path)
{
	if (errno == ENOMEM)
		bs_arena_exhausted(arena);
	if (bs_is_lack(errno))
		bs_arena_give_up(arena, path, errno);
}

size_t bs_read_up_to(int fd, void *bytes, size_t n, uint64_t offset)
{
	size_t have = 0;

	while (have < n) {
		/* None are at a place that off_t has no number for. */
		ssize_t got =
			offset > (uint64_t)INT64_MAX - have
				? 0
				: pread(fd, (char *)bytes + have, n - have, (off_t)(offset + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = 0;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}
