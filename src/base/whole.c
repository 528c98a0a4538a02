/* SPDX-License-Identifier: MIT */
#include "whole.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A file that is being read. */
struct reading {
	struct bs_arena *arena;
	int fd;
	size_t expected, largest;
	char *text; /* N bytes, in room for one more than ROOM */
	size_t n, room;
	int error;
};

static void make_room(struct reading *r)
{
	size_t room = r->room ? 2 * r->room : r->expected ? r->expected + 1 : 4096;
	char *text = bs_arena_alloc(r->arena, room + 1, 1);

	if (r->n)
		memcpy(text, r->text, r->n);
	r->text = text;
	r->room = room;
}

static void read_to_end(void *user)
{
	struct reading *r = user;
	ssize_t got = 1;

	while (got && !r->error) {
		if (r->n == r->room)
			make_room(r);
		got = read(r->fd, r->text + r->n, r->room - r->n);
		if (got > 0)
			r->n += (size_t)got;
		if (got < 0 && errno != EINTR)
			r->error = errno;
		else if (r->n > r->largest)
			r->error = EFBIG;
	}
}

char *bs_read_and_close(struct bs_arena *arena, int fd, size_t expected, size_t largest,
			size_t *ret_n)
{
	struct reading r = { .arena = arena, .fd = fd, .expected = expected, .largest = largest };
	bool done = bs_arena_try(arena, read_to_end, &r);

	close(fd);
	if (!done)
		bs_arena_unwind(arena);
	errno = r.error;
	if (r.error)
		return NULL;
	r.text[r.n] = '\0';
	*ret_n = r.n;
	return r.text;
}
