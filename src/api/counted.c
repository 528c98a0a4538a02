/* SPDX-License-Identifier: MIT */
/* Records that many may hold. */
#include "api-priv.h"

#include <stdlib.h>

void *bs_api_counted_new(size_t size)
{
	struct bs_api_counted *record = calloc(1, size);

	if (!record)
		return NULL;
	record->count = 1;
	record->arena = bs_arena_new();
	if (record->arena)
		return record;
	free(record);
	return NULL;
}

void *bs_api_counted_ref(const void *record)
{
	struct bs_api_counted *counted = (struct bs_api_counted *)record;

	if (counted)
		__atomic_add_fetch(&counted->count, 1, __ATOMIC_RELAXED);
	return counted;
}

bool bs_api_counted_drop(struct bs_api_counted *record)
{
	return __atomic_sub_fetch(&record->count, 1, __ATOMIC_ACQ_REL) == 0;
}

void bs_api_counted_end(struct bs_api_counted *record)
{
	bs_arena_free(record->arena);
	free(record);
}
