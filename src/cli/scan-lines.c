/* SPDX-License-Identifier: MIT */
/*
 * Lines of many files, which are read by turns.
 *
 * A file is open only while a block of it is read: a process may have no more than a thousand files
 * open, and a merge may have more parts.
 */
#include "scan-priv.h"

#include "../base/open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of a line: what has no end, or is a hole of terabytes, is no part of a scan. */
enum { LONGEST = 1 << 28 };

void bs_scan_lines_begin(struct bs_scan_lines *lines, const char *path, size_t block)
{
	*lines = (struct bs_scan_lines){ .path = path, .block = block };
}

void bs_scan_lines_rewind(struct bs_scan_lines *lines)
{
	const struct bs_scan_lines before = *lines;

	bs_scan_lines_end(lines);
	bs_scan_lines_begin(lines, before.path, before.block);
}

void bs_scan_lines_end(struct bs_scan_lines *lines)
{
	free(lines->bytes);
	lines->bytes = NULL;
	lines->room = lines->n = lines->used = 0;
}

/* Room for another block, behind what is not used up. */
static bool make_room(struct bs_scan_lines *lines)
{
	size_t left = lines->n - lines->used;

	if (lines->used)
		memmove(lines->bytes, lines->bytes + lines->used, left);
	lines->n = left;
	lines->used = 0;
	if (lines->room - left >= lines->block)
		return true;
	if (left > LONGEST) {
		errno = EFBIG;
		return false;
	}
	/* Twice as much each time, for a line may be as long as its file. */
	size_t room = left > lines->block ? 2 * left : left + lines->block;
	char *bytes = realloc(lines->bytes, room);

	if (!bytes) {
		errno = ENOMEM;
		return false;
	}
	lines->bytes = bytes;
	lines->room = room;
	return true;
}

/* Bytes of the file behind those that are there; 0 at its end, -1 with errno. */
static ssize_t read_on(struct bs_scan_lines *lines)
{
	struct bs_input input;

	if (!make_room(lines) || !bs_input_open(&input, lines->path, BS_INPUT_REGULAR))
		return -1;
	size_t n = bs_read_up_to(input.fd, lines->bytes + lines->n, lines->room - lines->n,
				 (uint64_t)lines->at);

	bs_input_close(&input);
	lines->n += n;
	lines->at += (off_t)n;
	return !n && errno ? -1 : (ssize_t)n;
}

const char *bs_scan_lines_next(struct bs_scan_lines *lines, size_t *ret_n)
{
	size_t searched = 0;
	ssize_t got = 1;

	lines->number++;
	lines->end = BS_SCAN_LINES_GO_ON;
	for (;;) {
		size_t left = lines->n - lines->used;
		char *start = left ? lines->bytes + lines->used : NULL;
		char *stop =
			left > searched ? memchr(start + searched, '\n', left - searched) : NULL;

		if (stop) {
			*stop = '\0';
			*ret_n = (size_t)(stop - start);
			lines->used += *ret_n + 1;
			return start;
		}
		searched = left;
		got = read_on(lines);
		if (got > 0)
			continue;
		lines->end = got < 0	? BS_SCAN_LINES_FAILED
			     : searched ? BS_SCAN_LINES_CUT
					: BS_SCAN_LINES_ENDED;
		return NULL;
	}
}
