/* SPDX-License-Identifier: MIT */
/* Instructions that are replaced by one that stops. */
#include "trace-priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The index of the first trap that is not below AT. */
static uint32_t place_of(const struct bs_space *space, uint64_t at)
{
	uint32_t low = 0, high = space->traps.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (space->traps.v[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct bs_trap *bs_trap_find(struct bs_space *space, uint64_t at)
{
	uint32_t i = place_of(space, at);

	return i < space->traps.n && space->traps.v[i].at == at ? &space->traps.v[i] : NULL;
}

static bool write_all(int fd, uint64_t at, const void *bytes, size_t n)
{
	ssize_t done;

	do
		done = pwrite(fd, bytes, n, (off_t)at);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)n;
}

bool bs_trap_write(struct bs_space *space, uint64_t at, const void *bytes, size_t n)
{
	return write_all(space->write_fd, at, bytes, n);
}

struct bs_trap *bs_trap_set(struct bs_tracer *t, struct bs_space *space, uint64_t at)
{
	const size_t size = bs_machine.trap_size;
	struct bs_trap *trap = bs_trap_find(space, at);

	if (!trap) {
		uint32_t i = place_of(space, at);

		bs_vec_push(t->arena, &space->traps, (struct bs_trap){ 0 });
		trap = &space->traps.v[i];
		memmove(trap + 1, trap, (space->traps.n - 1 - i) * sizeof *trap);
		*trap = (struct bs_trap){ .at = at };
	}
	if (!trap->is_set)
		trap->is_set = space->memory.read(&space->memory, at, trap->instruction, size) &&
			       bs_trap_write(space, at, bs_machine.trap, size);
	return trap->is_set ? trap : NULL;
}

void bs_trap_tidy(struct bs_space *space, struct bs_trap *trap)
{
	if (!trap->is_set || trap->is_notice || trap->call || trap->is_constructor || trap->returns)
		return;
	bs_trap_write(space, trap->at, trap->instruction, bs_machine.trap_size);
	trap->is_set = false;
}

void bs_traps_lift(const struct bs_space *space, int fd)
{
	bs_vec_each (i, &space->traps)
		if (space->traps.v[i].is_set)
			write_all(fd, space->traps.v[i].at, space->traps.v[i].instruction,
				  bs_machine.trap_size);
}

void bs_traps_forget(struct bs_space *space, uint64_t start, uint64_t end)
{
	uint32_t first = place_of(space, start), behind = place_of(space, end);

	memmove(&space->traps.v[first], &space->traps.v[behind],
		(space->traps.n - behind) * sizeof *space->traps.v);
	space->traps.n -= behind - first;
}
