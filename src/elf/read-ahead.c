/* SPDX-License-Identifier: MIT */
/*
 * The job that goes through an image as soon as it is read: it completes the hashes of what the
 * image defines, and computes those of the names that its relocations ask for: what binding would
 * wait for most, the first touch of symbols and names, is done while the next files are looked for.
 * It decides nothing: who comes to a hash that is not there yet computes it.
 */
#include "elf-priv.h"

enum { BATCH = 32 };

static void read_names(const struct bs_job *job, const struct bs_image *image,
		       const struct bs_reloc_table *table)
{
	for (uint32_t i = table->n_relative; i < table->n;) {
		uint32_t symbols[BATCH], n = 0;

		if (bs_job_is_cancelled(job))
			return;
		for (; i < table->n && n < BATCH; i++) {
			uint32_t symbol = bs_reloc_at(table, i).symbol;

			if (!symbol || symbol >= image->symbols.n)
				continue;
			bs_image_prefetch_symbol(image, symbol);
			symbols[n++] = symbol;
		}
		for (uint32_t k = 0; k < n; k++)
			bs_image_prefetch_name(image, symbols[k]);
		for (uint32_t k = 0; k < n; k++)
			bs_image_name_hash(image, symbols[k]);
	}
}

static void run(struct bs_job *job)
{
	const struct bs_image_file *file =
		(const struct bs_image_file *)((char *)job - offsetof(struct bs_image_file, ahead));
	const struct bs_relocations *relocations = &file->image.relocations;

	bs_image_chains_are_regular(&file->image);
	for (uint32_t i = 0; i < relocations->n_eager; i++)
		read_names(job, &file->image, &relocations->eager[i]);
	read_names(job, &file->image, &relocations->plt);
}

void bs_read_ahead(struct bs_worker *worker, struct bs_image_file *file)
{
	file->ahead.run = run;
	bs_worker_add(worker, &file->ahead, false);
}
