/* SPDX-License-Identifier: MIT */
#include "open.h"

#include "base.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 2000 /* milliseconds that a FIFO has to find its other end */ };

/* What cannot come of reading or writing stands for what no errno says. */
enum { NOBODY_WRITES = EPIPE, NOBODY_READS = ENXIO, IS_DEVICE = ENOTBLK, IS_NO_FILE = ESPIPE };

const char *bs_open_words(int error)
{
	switch (error) {
	case NOBODY_WRITES:
		return "it is a FIFO, and nobody writes to it";
	case NOBODY_READS:
		return "it is a FIFO or a socket, and nobody reads from it";
	case IS_DEVICE:
		return "it is a device";
	case IS_NO_FILE:
		return "it is no regular file";
	default:
		return strerror(error);
	}
}

/* The null device is an empty file, and a terminal what somebody types. */
static bool is_odd_device(int fd, const struct stat *st)
{
	return S_ISBLK(st->st_mode) ||
	       (S_ISCHR(st->st_mode) && st->st_rdev != makedev(1, 3) && !isatty(fd));
}

/* From here on FD waits for whoever has its other end. */
static void be_patient(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && flags & O_NONBLOCK)
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

bool bs_input_open(struct bs_input *input, const char *path, enum bs_input_kind kind)
{
	struct stat st;
	bool is_standard = strcmp(path, "-") == 0;

	*input = (struct bs_input){ STDIN_FILENO, false };
	if (!is_standard)
		input->fd =
			bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (input->fd < 0)
		return false;
	if (fstat(input->fd, &st) != 0)
		st.st_mode = 0;
	else if (S_ISDIR(st.st_mode))
		errno = EISDIR;
	else if (is_odd_device(input->fd, &st))
		errno = IS_DEVICE;
	else if (kind == BS_INPUT_REGULAR && !S_ISREG(st.st_mode))
		errno = IS_NO_FILE;
	else {
		input->waits = !is_standard && S_ISFIFO(st.st_mode);
		if (!input->waits && !S_ISREG(st.st_mode))
			be_patient(input->fd);
		return true;
	}
	bs_input_close(input);
	return false;
}

void bs_input_close(struct bs_input *input)
{
	int error = errno;

	if (input->fd > STDIN_FILENO)
		close(input->fd);
	input->fd = -1;
	errno = error;
}

/* In milliseconds. */
static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/*
 * The first bytes of a FIFO, opened without waiting. Who writes to it may be about to come; who has
 * come is waited for, as cat(1) does. A read tells the two apart, and poll(2) does not.
 */
static ssize_t read_first(struct bs_input *input, char *bytes, size_t n)
{
	struct pollfd end = { .fd = input->fd, .events = POLLIN };
	int64_t until = now() + PATIENCE, left = PATIENCE;
	int found;

	/* Where signals come all the time, it has an end, too. */
	do {
		found = poll(&end, 1, left > 0 ? (int)left : 0);
		left = until - now();
	} while (found < 0 && errno == EINTR);
	ssize_t got = read(input->fd, bytes, n);

	input->waits = false;
	be_patient(input->fd);
	if (got == 0 && found == 0) {
		errno = NOBODY_WRITES;
		return -1;
	}
	return got < 0 && errno == EAGAIN ? read(input->fd, bytes, n) : got;
}

ssize_t bs_input_bytes(struct bs_input *input, char *bytes, size_t n)
{
	ssize_t got;

	do
		got = input->waits ? read_first(input, bytes, n) : read(input->fd, bytes, n);
	while (got < 0 && errno == EINTR);
	return got;
}

int bs_open_special(const char *path)
{
	enum { TRIES = 200, PAUSE = 10 /* milliseconds */ };
	int fd = -1;

	for (int i = 0; i < TRIES && fd < 0; i++) {
		if (i)
			bs_pause(PAUSE);
		fd = bs_open_at(AT_FDCWD, path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0 && errno != NOBODY_READS)
			return -1;
	}
	if (fd >= 0)
		be_patient(fd);
	return fd;
}
