/* SPDX-License-Identifier: MIT */
/*
 * Prints what src/elf reads from each FILE, a fact a line, for elf-readelf.py to compare.
 */
#include "elf/elf.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_relocations(const struct bs_image *image, const struct bs_reloc_table *table)
{
	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);
		const char *name = NULL;

		if (image->machine)
			name = bs_machine_reloc_name(image->machine, r.type);
		printf("reloc %" PRIx64 " %" PRIu32 " %s %" PRId64 " %s\n", r.offset, r.symbol,
		       name ? name : "-", r.addend,
		       r.symbol ? bs_image_symbol_name(image, r.symbol) : "");
	}
}

static void print_versions(const struct bs_version_tables *versions)
{
	for (uint32_t i = 0; i < versions->n_defs; i++)
		printf("verdef %u %u %s\n", versions->defs[i].index, versions->defs[i].flags,
		       versions->defs[i].name);
	for (uint32_t i = 0; i < versions->n_needs; i++)
		for (uint32_t j = 0; j < versions->needs[i].n_aux; j++)
			printf("verneed %s %s %u\n", versions->needs[i].file,
			       versions->needs[i].aux[j].name, versions->needs[i].aux[j].other);
}

/* Every defined symbol that a lookup by its name does not lead to. */
static void print_lost(const struct bs_image *image, uint32_t index)
{
	const char *name = bs_image_symbol_name(image, index);
	struct bs_hash_step step = { 0 };
	uint32_t found;

	while ((found = bs_image_hash_next(image, name, bs_hash_gnu(name), &step)))
		if (found == index)
			return;
	printf("lost %" PRIu32 " %s\n", index, name);
}

static void print_symbols(const struct bs_image *image)
{
	for (uint32_t i = 0; i < image->symbols.n; i++) {
		struct bs_symbol s = bs_image_symbol(image, i);

		printf("symbol %" PRIu32 " %" PRIx64 " %" PRIu64 " %u %u %u %s %u\n", i, s.value,
		       s.size, bs_symbol_type(&s), bs_symbol_bind(&s), bs_symbol_visibility(&s),
		       bs_image_symbol_name(image, i), bs_image_versym(image, i));
		if (i && s.section != SHN_UNDEF && bs_symbol_bind(&s) != STB_LOCAL)
			print_lost(image, i);
	}
}

static void print_image(const struct bs_image *image)
{
	printf("file %s\nstate %d\ncomplete %d\n", image->path, image->state, image->complete);
	if (image->interp)
		printf("interp %s\n", image->interp);
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		printf("dynamic %" PRIx64 " %" PRIx64 "\n", (uint64_t)image->dynamic[i].tag,
		       image->dynamic[i].value);
	print_symbols(image);
	for (uint32_t i = 0; i < image->relocations.n_eager; i++)
		print_relocations(image, &image->relocations.eager[i]);
	print_relocations(image, &image->relocations.plt);
	print_versions(&image->versions);
	if (image->notes.build_id) {
		printf("build-id ");
		for (uint32_t i = 0; i < image->notes.n_build_id; i++)
			printf("%02x", image->notes.build_id[i]);
		printf("\n");
	}
	for (uint32_t i = 0; i < image->notes.n_dlopen; i++)
		printf("dlopen-note %x\n", image->notes.dlopen[i].n + 1);
}

int main(int argc, char **argv)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena || BS_ON_OUT_OF_MEMORY(arena))
		return 2;
	struct bs_diags diags = { .arena = arena };
	struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_store *store = bs_store_new();

	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			return 2;
		print_image(bs_store_acquire(store, &ctx, fd, argv[i]));
		close(fd);
	}
	bs_vec_each (i, &diags.list)
		fprintf(stderr, "%s: %s: %s\n", diags.list.v[i].path,
			bs_diag_slug(diags.list.v[i].code), diags.list.v[i].detail);
	bs_store_free(store);
	bs_arena_free(arena);
	return 0;
}
