/* SPDX-License-Identifier: MIT */
#include "elf-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *fixtures = ".";

struct run *run_new(void)
{
	struct run *run = calloc(1, sizeof *run);

	assert_non_null(run);
	run->arena = bs_arena_new();
	assert_non_null(run->arena);
	if (BS_ON_OUT_OF_MEMORY(run->arena))
		abort();
	run->diags.arena = run->arena;
	run->ctx = (struct bs_ctx){ run->arena, bs_names_new(run->arena), &run->diags };
	return run;
}

void run_free(struct run *run)
{
	bs_arena_free(run->arena);
	free(run);
}

static FILE *open_fixture(const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", fixtures, name);
	return fopen(path, "rb");
}

bool bytes_there(const char *name)
{
	FILE *f = open_fixture(name);

	if (f)
		fclose(f);
	return f != NULL;
}

struct bytes bytes_of(const char *name)
{
	struct bytes bytes = { 0 };
	FILE *f = open_fixture(name);

	if (!f)
		skip();
	fseek(f, 0, SEEK_END);
	bytes.n = (size_t)ftell(f);
	rewind(f);
	bytes.v = malloc(bytes.n ? bytes.n : 1);
	assert_int_equal(fread(bytes.v, 1, bytes.n, f), bytes.n);
	fclose(f);
	return bytes;
}

struct bytes bytes_copy(const struct bytes *from, size_t n)
{
	struct bytes bytes = { malloc(n ? n : 1), n };

	memcpy(bytes.v, from->v, n);
	return bytes;
}

void bytes_free(struct bytes *bytes)
{
	free(bytes->v);
	bytes->v = NULL;
}

static uint64_t touch_string(const char *s)
{
	return s ? bs_hash_gnu(s) : 0;
}

static uint64_t touch_look_up(const struct bs_image *image, const char *name)
{
	struct bs_hash_step step = { 0 };
	uint64_t sum = 0;
	uint32_t index;

	while ((index = bs_image_hash_next(image, name, bs_hash_gnu(name), &step)))
		sum += index + bs_image_versym(image, index);
	return sum;
}

static uint64_t touch_table(const struct bs_image *image, const struct bs_reloc_table *table)
{
	uint64_t sum = 0;

	assert_true(table->n_relative <= table->n);
	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);

		sum += r.offset + (uint64_t)r.addend;
		sum += touch_string(bs_image_symbol_name(image, r.symbol));
		if (image->machine) {
			sum += bs_machine_kind(image->machine, r.type);
			sum += touch_string(bs_machine_reloc_name(image->machine, r.type));
		}
	}
	return sum;
}

static uint64_t touch_versions(const struct bs_version_tables *t)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->n_versions; i++)
		sum += touch_string(t->versions[i].name) + touch_string(t->versions[i].filename);
	for (uint32_t i = 0; i < t->n_defs; i++)
		sum += touch_string(t->defs[i].name);
	for (uint32_t i = 0; i < t->n_needs; i++) {
		sum += touch_string(t->needs[i].file);
		for (uint32_t j = 0; j < t->needs[i].n_aux; j++)
			sum += touch_string(t->needs[i].aux[j].name);
	}
	return sum;
}

uint64_t touch_everything(const struct bs_image *image)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;
	uint64_t sum = touch_string(image->interp) + touch_string(image->soname) +
		       touch_string(image->rpath) + touch_string(image->runpath);

	assert_true(!image->complete || !image->broken);
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		sum += touch_string(bs_image_string(image, image->dynamic[i].value));
	/* Of a table that was damaged so that it reaches far, a part is enough. */
	for (uint32_t i = 0; i < image->symbols.n && i < 500; i++) {
		const char *name = bs_image_symbol_name(image, i);

		sum += bs_image_symbol(image, i).value + bs_image_versym(image, i);
		sum += touch_look_up(image, strlen(name) < 64 ? name : "");
	}
	sum += bs_image_symbol(image, UINT32_MAX).value + bs_image_versym(image, UINT32_MAX);
	for (uint32_t i = 0; i < gnu->n_chain; i++)
		sum += bs_image_stored_hash(image, gnu->symbol_base + i);
	for (uint32_t i = 0; i < image->relocations.n_eager; i++)
		sum += touch_table(image, &image->relocations.eager[i]);
	sum += touch_table(image, &image->relocations.plt);
	for (uint32_t i = 0; i < image->notes.n_build_id; i++)
		sum += image->notes.build_id[i];
	for (uint32_t i = 0; i < image->notes.n_dlopen; i++)
		sum += strnlen(image->notes.dlopen[i].text, image->notes.dlopen[i].n);
	return sum + touch_versions(&image->versions);
}

struct bs_image *image_of(struct run *run, const struct bytes *bytes)
{
	static volatile uint64_t sink;
	struct bs_image *image = bs_image_read_memory(&run->ctx, bytes->v, bytes->n, "fixture");

	assert_non_null(image);
	sink = touch_everything(image);
	(void)sink;
	return image;
}

uint32_t look_up(const struct bs_image *image, const char *name)
{
	struct bs_hash_step step = { 0 };
	uint32_t index;

	while ((index = bs_image_hash_next(image, name, bs_hash_gnu(name), &step)))
		if (strcmp(bs_image_symbol_name(image, index), name) == 0)
			return index;
	return 0;
}

size_t place_of_address(const struct bs_image *image, uint64_t address)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type == PT_LOAD && address >= s->vaddr && address - s->vaddr < s->filesz)
			return s->offset + (address - s->vaddr);
	}
	fail_msg("no segment has address 0x%llx", (unsigned long long)address);
	return 0;
}

size_t place_of_tag(const struct bs_image *image, const struct bytes *bytes, int64_t tag)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		if (image->segments[i].type != PT_DYNAMIC)
			continue;
		size_t at = place_of_address(image, image->segments[i].vaddr);

		for (size_t k = image->n_dynamic; k-- > 0;)
			if ((int64_t)get64(bytes, at + k * sizeof(Elf64_Dyn)) == tag)
				return at + k * sizeof(Elf64_Dyn);
	}
	fail_msg("no dynamic entry 0x%llx", (unsigned long long)tag);
	return 0;
}

void put32(struct bytes *bytes, size_t at, uint32_t value)
{
	assert_true(at + sizeof value <= bytes->n);
	memcpy(bytes->v + at, &value, sizeof value);
}

void put64(struct bytes *bytes, size_t at, uint64_t value)
{
	assert_true(at + sizeof value <= bytes->n);
	memcpy(bytes->v + at, &value, sizeof value);
}

uint32_t get32(const struct bytes *bytes, size_t at)
{
	uint32_t value;

	assert_true(at + sizeof value <= bytes->n);
	memcpy(&value, bytes->v + at, sizeof value);
	return value;
}

uint64_t get64(const struct bytes *bytes, size_t at)
{
	uint64_t value;

	assert_true(at + sizeof value <= bytes->n);
	memcpy(&value, bytes->v + at, sizeof value);
	return value;
}

struct change change_begin(const char *name)
{
	struct change c = { .bytes = bytes_of(name) };

	c.run = run_new();
	c.image = image_of(c.run, &c.bytes);
	return c;
}

struct bs_image *change_read(struct change *c)
{
	bs_image_close(c->image);
	c->run->diags.list.n = 0;
	c->image = image_of(c->run, &c->bytes);
	return c->image;
}

void change_end(struct change *c)
{
	bs_image_close(c->image);
	bytes_free(&c->bytes);
	run_free(c->run);
}

size_t tag(struct change *c, int64_t number)
{
	return place_of_tag(c->image, &c->bytes, number);
}

size_t table(struct change *c, int64_t number)
{
	return place_of_address(c->image, bs_image_dynamic(c->image, number, 0));
}
