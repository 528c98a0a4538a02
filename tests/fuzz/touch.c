/* SPDX-License-Identifier: MIT */
#include "touch.h"

#include <stdlib.h>

static volatile uint64_t sum; /* what keeps the compiler from leaving reads out */

void bs_touch(const char *s)
{
	sum += s ? strlen(s) : 0;
}

static void touch_relocations(const struct bs_image *image, const struct bs_reloc_table *table)
{
	if (table->n_relative > table->n)
		abort();
	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);

		sum += r.offset + (uint64_t)r.addend;
		bs_touch(bs_image_symbol_name(image, r.symbol));
		if (image->machine) {
			sum += bs_machine_kind(image->machine, r.type);
			bs_touch(bs_machine_reloc_name(image->machine, r.type));
		}
	}
}

void bs_touch_name(const struct bs_image *image, const char *name, bool shift_wraps)
{
	struct bs_hash_step step = { .shift_wraps = shift_wraps };
	uint32_t hash = bs_hash_gnu(name), n = 0;
	uint32_t most = image->gnu_hash.present ? image->gnu_hash.n_chain + image->gnu_hash.n_xchain
						: image->sysv_hash.n_chain;

	for (uint32_t at; (at = bs_image_hash_next(image, name, hash, &step)) != 0;) {
		bs_touch(bs_image_symbol_name(image, at));
		if (n++ > most)
			abort();
	}
}

/* A regular table leads to each of its symbols by the hash that it has stored for it. */
static void touch_regular(const struct bs_image *image)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;

	if (!bs_image_chains_are_regular(image))
		return;
	for (uint32_t i = 0; i < gnu->n_chain && i < 256; i++) {
		uint32_t low = gnu->low_bits[i / BS_LOW_BITS] >> i % BS_LOW_BITS & 1;
		uint32_t hash = bs_image_stored_hash(image, gnu->symbol_base + i) << 1 | low;
		struct bs_hash_step step = { 0 };
		uint32_t at;

		if (gnu->xlat)
			return;
		while ((at = bs_image_hash_next(image, "", hash, &step)) != 0)
			if (at == gnu->symbol_base + i)
				break;
		if (!at)
			abort();
	}
}

/* The hash walk of some names: of all would be quadratic in a file made to be so. */
static void touch_symbols(const struct bs_image *image)
{
	for (uint32_t i = 0; i < image->symbols.n; i++) {
		struct bs_symbol s = bs_image_symbol(image, i);

		sum += s.value + s.size + bs_image_versym(image, i) + bs_image_name_hash(image, i);
		if (i < 64)
			bs_touch_name(image, bs_image_symbol_name(image, i), i & 1);
	}
	bs_touch_name(image, "", false);
	bs_touch_name(image, "malloc", false);
	touch_regular(image);
}

static void touch_versions(const struct bs_image *image)
{
	const struct bs_version_tables *v = &image->versions;

	for (uint32_t i = 0; i < v->n_versions; i++) {
		bs_touch(v->versions[i].name);
		bs_touch(v->versions[i].filename);
	}
	for (uint32_t i = 0; i < v->n_defs; i++)
		bs_touch(v->defs[i].name);
	for (uint32_t i = 0; i < v->n_needs; i++) {
		bs_touch(v->needs[i].file);
		for (uint32_t k = 0; k < v->needs[i].n_aux; k++)
			bs_touch(v->needs[i].aux[k].name);
	}
}

static void touch_image(const struct bs_image *image)
{
	bs_touch(image->interp);
	bs_touch(image->soname);
	bs_touch(image->rpath);
	bs_touch(image->runpath);
	bs_touch(image->broken);
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		bs_touch(bs_image_string(image, image->dynamic[i].value));
	for (uint32_t i = 0; i < image->notes.n_build_id; i++)
		sum += image->notes.build_id[i];
	for (uint32_t i = 0; i < image->notes.n_dlopen; i++)
		sum += strnlen(image->notes.dlopen[i].text, image->notes.dlopen[i].n);
	touch_symbols(image);
	touch_versions(image);
	touch_relocations(image, &image->relocations.got);
	for (uint32_t i = 0; i < image->relocations.n_eager; i++)
		touch_relocations(image, &image->relocations.eager[i]);
	touch_relocations(image, &image->relocations.plt);
}

void bs_touch_file(struct bs_fuzz_in file,
		   void (*use)(const struct bs_ctx *ctx, const struct bs_image *image))
{
	struct bs_arena *arena = bs_fuzz_arena();
	void *copy = bs_fuzz_copy(file);

	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_image *image = bs_image_read_memory(&ctx, copy, file.n, "input");

	if (image->state == BS_IMAGE_OK) {
		touch_image(image);
		if (use)
			use(&ctx, image);
	}
	bs_image_close(image);
	free(copy);
	bs_arena_free(arena);
}
