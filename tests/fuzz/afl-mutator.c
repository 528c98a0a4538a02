/* SPDX-License-Identifier: MIT */
/*
 * What AFL++ is told with AFL_CUSTOM_MUTATOR_LIBRARY: the mutations that know ELF, beside its own.
 * BINDSIM_FUZZ_PARTS in the environment, unless it is empty, says that inputs are of several files.
 */
#include "fuzz.h"

#include <stdlib.h>

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t n, uint8_t **ret, uint8_t *other,
		       size_t n_other, size_t room);
void afl_custom_deinit(void *data);

struct mutator {
	unsigned seed;
	bool has_parts;
	uint8_t *bytes;
	size_t room;
};

void *afl_custom_init(void *afl, unsigned seed)
{
	struct mutator *m = calloc(1, sizeof *m);
	const char *parts = getenv("BINDSIM_FUZZ_PARTS");

	(void)afl;
	if (!m)
		return NULL;
	m->seed = seed;
	m->has_parts = parts && *parts;
	return m;
}

size_t afl_custom_fuzz(void *data, uint8_t *bytes, size_t n, uint8_t **ret, uint8_t *other,
		       size_t n_other, size_t room)
{
	struct mutator *m = data;

	(void)other, (void)n_other;
	if (room > m->room) {
		free(m->bytes);
		m->bytes = malloc(room);
		m->room = m->bytes ? room : 0;
	}
	if (n > m->room)
		n = m->room;
	*ret = m->bytes;
	if (n)
		memcpy(m->bytes, bytes, n);
	m->seed = m->seed * 1664525u + 1013904223u;
	if (m->has_parts)
		return bs_fuzz_mutate_parts(m->bytes, n, m->room, m->seed >> 4);
	bs_fuzz_mutate_elf(m->bytes, n, m->seed >> 4);
	return n;
}

void afl_custom_deinit(void *data)
{
	struct mutator *m = data;

	free(m->bytes);
	free(m);
}
