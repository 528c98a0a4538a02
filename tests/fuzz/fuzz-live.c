/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the memory of a process: its auxiliary vector, program headers, records of a loader.
 *
 * The first byte has the size and order of words, the second how long the vector is. What follows
 * the vector lies from BASE on, low enough for small numbers to be addresses.
 */
#include "fuzz.h"

#include "live/subject-priv.h"

#include <stdlib.h>

enum { BASE = 64 };

struct memory {
	struct bs_memory memory; /* first */
	const uint8_t *bytes;
	size_t n;
};

static bool read_memory(const struct bs_memory *memory, uint64_t address, void *to, size_t n)
{
	const struct memory *m = (const struct memory *)(const void *)memory;

	if (address < BASE || address - BASE > m->n || n > m->n - (address - BASE))
		return false;
	memcpy(to, m->bytes + (address - BASE), n);
	return true;
}

static volatile size_t sum; /* what keeps the compiler from leaving reads out */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	struct bs_fuzz_in in = { data, n };
	uint8_t how = bs_fuzz_u8(&in);
	struct bs_fuzz_in vector = bs_fuzz_take(&in, bs_fuzz_u8(&in));
	struct memory m = {
		.memory = { .word = how & 1 ? 8 : 4,
			    .swapped = how & 2,
			    .read = read_memory,
			    .fd = -1 },
		.n = in.n,
	};
	uint8_t *bytes = bs_fuzz_copy(in), *aux = bs_fuzz_copy(vector), id[32];
	struct bs_live_maps maps;

	m.bytes = bytes;
	struct bs_auxiliary auxiliary = bs_auxiliary_read(&m.memory, aux, vector.n);
	uint64_t debug = BASE;

	/* As who asks for it does. */
	if (auxiliary.phnum && auxiliary.phnum <= UINT16_MAX && auxiliary.phent)
		debug = bs_live_debug(&m.memory, &auxiliary);
	if (bs_live_maps_read(arena, &m.memory, debug, &maps))
		bs_vec_each (i, &maps.maps)
			sum += strlen(maps.maps.v[i].name) +
			       (maps.maps.v[i].requested ? strlen(maps.maps.v[i].requested) : 0);
	if (bs_live_build_id(&m.memory, BASE, id, sizeof id) > sizeof id)
		abort();
	free(bytes);
	free(aux);
	bs_arena_free(arena);
	return 0;
}
