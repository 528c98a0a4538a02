/* SPDX-License-Identifier: MIT */
/* Any bytes as one ELF file: read it, then ask for everything that an image has to say. */
#include "fuzz.h"

#include "base/base.h"
#include "elf/elf.h"

#include <stdlib.h>
#include <string.h>

static volatile uint64_t sum; /* what keeps the compiler from leaving reads out */

static void touch(const char *s)
{
	sum += s ? strlen(s) : 0;
}

static void touch_relocations(const struct bs_image *image, const struct bs_reloc_table *table)
{
	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);

		sum += r.offset + (uint64_t)r.addend;
		touch(bs_image_symbol_name(image, r.symbol));
		if (image->machine) {
			sum += bs_machine_kind(image->machine, r.type);
			touch(bs_machine_reloc_name(image->machine, r.type));
		}
	}
}

static void look_for(const struct bs_image *image, const char *name)
{
	struct bs_hash_step step = { 0 };
	uint32_t hash = bs_hash_gnu(name);

	for (uint32_t at; (at = bs_image_hash_next(image, name, hash, &step)) != 0;)
		touch(bs_image_symbol_name(image, at));
}

/* The hash walk of some names: of all would be quadratic in a file made to be so. */
static void touch_symbols(const struct bs_image *image)
{
	for (uint32_t i = 0; i < image->symbols.n; i++) {
		struct bs_symbol s = bs_image_symbol(image, i);

		sum += s.value + s.size + bs_image_versym(image, i);
		if (i < 64)
			look_for(image, bs_image_symbol_name(image, i));
	}
	look_for(image, "");
	look_for(image, "malloc");
}

static void touch_versions(const struct bs_image *image)
{
	const struct bs_version_tables *v = &image->versions;

	for (uint32_t i = 0; i < v->n_versions; i++) {
		touch(v->versions[i].name);
		touch(v->versions[i].filename);
	}
	for (uint32_t i = 0; i < v->n_defs; i++)
		touch(v->defs[i].name);
	for (uint32_t i = 0; i < v->n_needs; i++) {
		touch(v->needs[i].file);
		for (uint32_t k = 0; k < v->needs[i].n_aux; k++)
			touch(v->needs[i].aux[k].name);
	}
}

static void touch_image(const struct bs_image *image)
{
	touch(image->interp);
	touch(image->soname);
	touch(image->rpath);
	touch(image->runpath);
	touch(image->broken);
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		touch(bs_image_string(image, image->dynamic[i].value));
	for (uint32_t i = 0; i < image->notes.n_build_id; i++)
		sum += image->notes.build_id[i];
	for (uint32_t i = 0; i < image->notes.n_dlopen; i++)
		sum += strnlen(image->notes.dlopen[i].text, image->notes.dlopen[i].n);
	touch_symbols(image);
	touch_versions(image);
	for (uint32_t i = 0; i < image->relocations.n_eager; i++)
		touch_relocations(image, &image->relocations.eager[i]);
	touch_relocations(image, &image->relocations.plt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_arena_new();
	void *copy = malloc(n ? n : 1); /* of its exact size, so that reads beyond it are noticed */

	if (!arena || !copy || BS_ON_OUT_OF_MEMORY(arena))
		abort();
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };

	if (n)
		memcpy(copy, data, n);
	struct bs_image *image = bs_image_read_memory(&ctx, copy, n, "input");

	if (image->state == BS_IMAGE_OK)
		touch_image(image);
	bs_image_close(image);
	free(copy);
	bs_arena_free(arena);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	if (LLVMFuzzerMutate && seed % 3 == 0)
		return LLVMFuzzerMutate(data, n, room);
	bs_fuzz_mutate_elf(data, n, seed);
	return n;
}
