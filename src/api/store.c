/* SPDX-License-Identifier: MIT */
/* The store of images, counted. Many threads simulate with one. */
#include "api-priv.h"

#include "../elf/store.h"

#include <stdlib.h>

struct bindsim_store {
	struct bs_store *images;
	unsigned count; /* atomic */
};

struct bs_store *bs_api_view(struct bindsim_store *store)
{
	return bs_store_share(store->images);
}

enum bindsim_status bindsim_store_new(struct bindsim_store **ret_store)
{
	if (!ret_store)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_store *store = *ret_store = calloc(1, sizeof *store);

	if (!store)
		return BINDSIM_ERROR_NO_MEMORY;
	store->count = 1;
	store->images = bs_store_new();
	if (store->images)
		return BINDSIM_OK;
	free(store);
	*ret_store = NULL;
	return BINDSIM_ERROR_NO_MEMORY;
}

struct bindsim_store *bindsim_store_ref(struct bindsim_store *store)
{
	if (store)
		__atomic_add_fetch(&store->count, 1, __ATOMIC_RELAXED);
	return store;
}

void bindsim_store_unref(struct bindsim_store *store)
{
	if (!store || __atomic_sub_fetch(&store->count, 1, __ATOMIC_ACQ_REL))
		return;
	bs_store_free(store->images);
	free(store);
}

void bindsim_store_trim(struct bindsim_store *store)
{
	if (store)
		bs_store_trim(store->images);
}

size_t bindsim_store_files(struct bindsim_store *store)
{
	return store ? bs_store_count(store->images).n_images : 0;
}

size_t bindsim_store_files_read(struct bindsim_store *store)
{
	return store ? bs_store_count(store->images).n_read : 0;
}
