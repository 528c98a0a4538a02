/* SPDX-License-Identifier: MIT */
/*
 * open.h - files that the tool itself is told to read or to write
 *
 * Of what never ends there is no reading, and nobody is waited for who may never come.
 *
 * Floor 0: includes no other floor.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct bs_input {
	int fd;
	bool waits; /* a FIFO, of which nothing was read yet */
};

enum bs_input_kind { BS_INPUT_ANY, BS_INPUT_REGULAR /* it is read twice, or written to */ };

/*
 * Opens PATH, or standard input for "-". False with errno, which bs_open_words() has words for: it
 * cannot be opened, or it is a directory or a device, but for terminals and the null device.
 */
bool bs_input_open(struct bs_input *input, const char *path, enum bs_input_kind kind);

/* Errno stays. */
void bs_input_close(struct bs_input *input);

/* As read(2), without EINTR. A FIFO that nobody writes to is given up after a while. */
ssize_t bs_input_bytes(struct bs_input *input, char *bytes, size_t n);

/*
 * open(2) of PATH, which is there and no regular file, for writing; -1 with errno. A FIFO that
 * nobody reads from is given up after a while.
 */
int bs_open_special(const char *path);

/* strerror(3) of what came of the calls above. */
const char *bs_open_words(int error);
