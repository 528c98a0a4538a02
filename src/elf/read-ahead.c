/* SPDX-License-Identifier: MIT */
/*
 * A second thread that goes through the relocations of each image as soon as it is read, and
 * computes the hashes of the names that they ask for: what binding would wait for most, the first
 * touch of symbols and names, is done while the next files are looked for. It decides nothing: who
 * comes to a hash that is not there yet computes it.
 */
#include "elf-priv.h"

#include <errno.h>

static void read_names(const struct bs_read_ahead *ahead, const struct bs_image *image,
		       const struct bs_reloc_table *table)
{
	enum { BETWEEN_LOOKS = 256 };

	for (uint32_t i = table->n_relative; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);

		if (i % BETWEEN_LOOKS == 0 && __atomic_load_n(&ahead->is_stopped, __ATOMIC_RELAXED))
			return;
		if (r.symbol && r.symbol < image->symbols.n)
			bs_image_name_hash(image, r.symbol);
	}
}

static void *run(void *data)
{
	struct bs_read_ahead *ahead = data;

	for (;;) {
		while (sem_wait(&ahead->n_waiting) != 0 && errno == EINTR)
			continue;
		if (__atomic_load_n(&ahead->is_stopped, __ATOMIC_RELAXED))
			return NULL;
		pthread_mutex_lock(&ahead->lock);
		const struct bs_image_file *file = ahead->first;

		ahead->first = file->next_ahead;
		pthread_mutex_unlock(&ahead->lock);

		const struct bs_relocations *relocations = &file->image.relocations;

		for (uint32_t i = 0; i < relocations->n_eager; i++)
			read_names(ahead, &file->image, &relocations->eager[i]);
		read_names(ahead, &file->image, &relocations->plt);
	}
}

void bs_read_ahead_add(struct bs_read_ahead *ahead, struct bs_image_file *file)
{
	if (!ahead->is_wanted)
		return;
	file->next_ahead = NULL;
	pthread_mutex_lock(&ahead->lock);
	if (ahead->first)
		ahead->last->next_ahead = file;
	else
		ahead->first = file;
	ahead->last = file;
	pthread_mutex_unlock(&ahead->lock);
	sem_post(&ahead->n_waiting);
	/* A thread costs more than it brings a program of few objects. */
	if (++ahead->n_added != BS_READ_AHEAD_FROM)
		return;
	ahead->is_running = pthread_create(&ahead->thread, NULL, run, ahead) == 0;
	ahead->is_wanted = ahead->is_running;
}

void bs_read_ahead_begin(struct bs_read_ahead *ahead)
{
	if (sem_init(&ahead->n_waiting, 0, 0) != 0)
		return;
	if (pthread_mutex_init(&ahead->lock, NULL) != 0) {
		sem_destroy(&ahead->n_waiting);
		return;
	}
	ahead->is_wanted = ahead->is_begun = true;
}

void bs_read_ahead_end(struct bs_read_ahead *ahead)
{
	if (!ahead->is_begun)
		return;
	if (ahead->is_running) {
		__atomic_store_n(&ahead->is_stopped, true, __ATOMIC_RELAXED);
		sem_post(&ahead->n_waiting);
		pthread_join(ahead->thread, NULL);
	}
	sem_destroy(&ahead->n_waiting);
	pthread_mutex_destroy(&ahead->lock);
	*ahead = (struct bs_read_ahead){ 0 };
}
