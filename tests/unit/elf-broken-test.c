/* SPDX-License-Identifier: MIT */
/*
 * What src/elf makes of damaged files: an image, a complaint, and never a byte beyond the file
 * (which the sanitizers watch).
 */
#include "elf-test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t extremes[] = {
	0, 1, 7, 1u << 15, 1u << 31, UINT32_MAX, UINT64_C(1) << 63, UINT64_MAX - 7, UINT64_MAX,
};
enum { N_EXTREMES = sizeof extremes / sizeof *extremes };

/* The image of BYTES, looked at in full and closed. True when it was complete. */
static bool survives(const struct bytes *bytes)
{
	struct run *run = run_new();
	struct bs_image *image = image_of(run, bytes);
	bool complete = image->complete;

	/* What is missing is told. */
	assert_true(complete || run->diags.list.n > 0);
	bs_image_close(image);
	run_free(run);
	return complete;
}

static enum bs_image_state state_of(const void *data, size_t n)
{
	struct bytes bytes = bytes_copy(&(struct bytes){ (uint8_t *)data, n }, n);
	struct run *run = run_new();
	struct bs_image *image = image_of(run, &bytes);
	enum bs_image_state state = image->state;

	assert_false(image->complete);
	assert_non_null(image->broken);
	assert_int_equal(run->diags.list.n, 1);
	assert_string_equal(run->diags.list.v[0].detail, image->broken);
	bs_image_close(image);
	run_free(run);
	bytes_free(&bytes);
	return state;
}

static void files_that_are_no_elf(void **state)
{
	char text[64] = "/* GNU ld script */\nGROUP ( /lib/libc.so.6 )\n";
	char elf[64] = ELFMAG;

	(void)state;
	assert_int_equal(state_of("", 0), BS_IMAGE_SHORT);
	assert_int_equal(state_of(text, 63), BS_IMAGE_SHORT);
	assert_int_equal(state_of(text, 64), BS_IMAGE_NOT_ELF);
	assert_int_equal(state_of(elf, 64), BS_IMAGE_ODD_CLASS);
	elf[EI_CLASS] = ELFCLASS64;
	assert_int_equal(state_of(elf, 64), BS_IMAGE_ODD_CLASS);
	elf[EI_DATA] = ELFDATA2LSB;
	assert_int_equal(state_of(elf, 63), BS_IMAGE_SHORT);
	elf[EI_CLASS] = ELFCLASS32;
	assert_int_equal(state_of(elf, 51), BS_IMAGE_SHORT);
	assert_int_equal(state_of("!<arch>\nlibx.o/         0           0     0     644     4     "
				  "    `\n",
				  67),
			 BS_IMAGE_NOT_ELF);
}

/* A loader tells by e_machine whether to skip a file before it minds its byte order. */
static void unknown_byte_order(void **state)
{
	static const uint8_t orders[] = { 0, 3, 255 };
	struct change c = change_begin("plain");

	(void)state;
	for (size_t i = 0; i < sizeof orders; i++) {
		c.bytes.v[EI_DATA] = orders[i];
		assert_int_equal(change_read(&c)->state, BS_IMAGE_ODD_CLASS);
		assert_int_equal(c.image->header.machine, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
								  ? EM_X86_64
								  : EM_X86_64 << 8);
		assert_null(c.image->machine);
		assert_int_equal(c.image->n_segments, 0);
	}
	change_end(&c);
}

static void program_headers(void **state)
{
	struct change c = change_begin("plain");

	(void)state;
	put64(&c.bytes, offsetof(Elf64_Ehdr, e_phoff), c.bytes.n - 8);
	assert_int_equal(change_read(&c)->state, BS_IMAGE_NO_PHDRS);
	put64(&c.bytes, offsetof(Elf64_Ehdr, e_phoff), UINT64_MAX - 8);
	assert_int_equal(change_read(&c)->state, BS_IMAGE_NO_PHDRS);
	put64(&c.bytes, offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr));
	c.bytes.v[offsetof(Elf64_Ehdr, e_phentsize)]--;
	assert_int_equal(change_read(&c)->state, BS_IMAGE_NO_PHDRS);
	assert_int_equal(c.image->header.machine, EM_X86_64);
	c.bytes.v[offsetof(Elf64_Ehdr, e_phentsize)]++;
	/* PN_XNUM stands for a number elsewhere, but not for a loader. */
	memset(c.bytes.v + offsetof(Elf64_Ehdr, e_phnum), 0xff, 2);
	assert_int_equal(change_read(&c)->state, BS_IMAGE_NO_PHDRS);
	memset(c.bytes.v + offsetof(Elf64_Ehdr, e_phnum), 0, 2);
	assert_int_equal(change_read(&c)->state, BS_IMAGE_OK);
	assert_false(c.image->has_dynamic);
	change_end(&c);
}

static void truncated(void **state)
{
	static const char *const names[] = { "plain", "versioned", "user",
					     "relr",  "i386",	   "s390x-by-hand" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct bytes whole = bytes_of(names[i]);

		for (size_t n = 0; n < whole.n; n += 64) {
			struct bytes part = bytes_copy(&whole, n);

			survives(&part);
			bytes_free(&part);
		}
		bytes_free(&whole);
	}
}

static void cut_tables_are_told(void **state)
{
	struct change c = change_begin("plain");
	size_t symbols = table(&c, DT_SYMTAB);
	struct bytes whole = c.bytes;

	(void)state;
	c.bytes = bytes_copy(&whole, symbols + 3 * sizeof(Elf64_Sym) + 5);
	const struct bs_image *image = change_read(&c);

	/* The dynamic section is gone with the rest, and the segments say it was there. */
	assert_false(image->complete);
	assert_true(image->has_dynamic);
	assert_int_equal(image->symbols.n, 0);
	bytes_free(&c.bytes);
	c.bytes = whole;
	change_end(&c);
}

static void dynamic_values(void **state)
{
	static const char *const names[] = { "plain", "versioned", "user", "both", "relr" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct change c = change_begin(names[i]);
		size_t start = tag(&c, c.image->dynamic[0].tag);

		while (get64(&c.bytes, start - sizeof(Elf64_Dyn)) == DT_NEEDED)
			start -= sizeof(Elf64_Dyn);
		for (uint32_t k = 0; k <= c.image->n_dynamic; k++)
			for (size_t half = 0; half < 16; half += 8) {
				size_t at = start + k * sizeof(Elf64_Dyn) + half;
				uint64_t before = get64(&c.bytes, at);

				for (size_t e = 0; e < N_EXTREMES; e++) {
					put64(&c.bytes, at, extremes[e]);
					survives(&c.bytes);
				}
				put64(&c.bytes, at, before + 1);
				survives(&c.bytes);
				put64(&c.bytes, at, before);
			}
		assert_true(survives(&c.bytes));
		change_end(&c);
	}
}

static void segment_values(void **state)
{
	struct bytes bytes = bytes_of("executable");
	size_t start = get64(&bytes, offsetof(Elf64_Ehdr, e_phoff));
	size_t end = start + bytes.v[offsetof(Elf64_Ehdr, e_phnum)] * sizeof(Elf64_Phdr);

	(void)state;
	for (size_t at = start; at < end; at += 8) {
		uint64_t before = get64(&bytes, at);

		for (size_t e = 0; e < N_EXTREMES; e++) {
			put64(&bytes, at, extremes[e]);
			survives(&bytes);
		}
		put64(&bytes, at, before + 1);
		survives(&bytes);
		put64(&bytes, at, before);
	}
	bytes_free(&bytes);
}

/* Each 32-bit word from the table at NUMBER on, N of them. */
static void spoil_words(const char *name, int64_t number, size_t n)
{
	struct change c = change_begin(name);
	size_t at = table(&c, number);

	for (size_t i = 0; i < n; i++, at += 4) {
		uint32_t before = get32(&c.bytes, at);

		for (size_t e = 0; e < N_EXTREMES; e++) {
			put32(&c.bytes, at, (uint32_t)extremes[e]);
			survives(&c.bytes);
		}
		put32(&c.bytes, at, before ^ 1);
		survives(&c.bytes);
		put32(&c.bytes, at, before);
	}
	change_end(&c);
}

static void hash_words(void **state)
{
	(void)state;
	spoil_words("plain", DT_GNU_HASH, 24);
	spoil_words("sysv", DT_HASH, 30);
}

static void version_words(void **state)
{
	(void)state;
	spoil_words("versioned", DT_VERDEF, 24);
	spoil_words("user", DT_VERNEED, 12);
	spoil_words("versioned", DT_VERSYM, 2);
}

static void every_byte(void **state)
{
	static const char *const names[] = { "i386", "s390x-by-hand", "mips64el-xhash" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct bytes bytes = bytes_of(names[i]);

		for (size_t at = 0; at < bytes.n; at++) {
			bytes.v[at] ^= 0xff;
			survives(&bytes);
			bytes.v[at] ^= 0xff ^ 0x04;
			survives(&bytes);
			bytes.v[at] ^= 0x04;
		}
		bytes_free(&bytes);
	}
}

/* A table that is not aligned is copied; what it says stays the same. */
/* Each that is cut off is held against all others, so that 65,535 of them took seconds: no more
 * than the first few hundred are looked at. */
static void more_cut_segments_than_are_looked_at(void **state)
{
	enum { N = 65535, LOOKED_AT = 256 };
	struct bytes bytes = { .n = sizeof(Elf64_Ehdr) + N * sizeof(Elf64_Phdr) };
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof header,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = N,
	};
	Elf64_Phdr segment = { .p_type = PT_LOAD, .p_offset = 1 << 30, .p_filesz = 1 };

	(void)state;
	bytes.v = malloc(bytes.n);
	assert_non_null(bytes.v);
	memcpy(bytes.v, &header, sizeof header);
	for (uint32_t i = 0; i < N; i++) {
		/* Zeros to follow, in a page that is not there. */
		segment.p_memsz = i < LOOKED_AT ? 1 : 2;
		memcpy(bytes.v + sizeof header + i * sizeof segment, &segment, sizeof segment);
	}
	struct run *run = run_new();
	struct bs_image *image = bs_image_read_memory(&run->ctx, bytes.v, bytes.n, "segments");

	assert_int_equal(image->state, BS_IMAGE_OK);
	assert_int_equal(image->n_segments, N);
	assert_false(image->complete);
	assert_null(image->broken);
	bs_image_close(image);
	segment.p_memsz = 2;
	memcpy(bytes.v + sizeof header + (LOOKED_AT - 1) * sizeof segment, &segment,
	       sizeof segment);
	image = bs_image_read_memory(&run->ctx, bytes.v, bytes.n, "segments");
	assert_non_null(image->broken);
	bs_image_close(image);
	run_free(run);
	free(bytes.v);
}

static void misaligned(void **state)
{
	struct bytes plain = bytes_of("plain");
	struct run *run = run_new();
	uint8_t *buffer = malloc(plain.n + 1);

	(void)state;
	memcpy(buffer + 1, plain.v, plain.n);
	struct bs_image *straight = bs_image_read_memory(&run->ctx, plain.v, plain.n, "a");
	struct bs_image *askew = bs_image_read_memory(&run->ctx, buffer + 1, plain.n, "b");

	assert_true(askew->complete);
	assert_int_equal(touch_everything(straight), touch_everything(askew));
	bs_image_close(straight);
	bs_image_close(askew);
	run_free(run);
	free(buffer);
	bytes_free(&plain);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_are_no_elf),
		cmocka_unit_test(unknown_byte_order),
		cmocka_unit_test(program_headers),
		cmocka_unit_test(truncated),
		cmocka_unit_test(cut_tables_are_told),
		cmocka_unit_test(dynamic_values),
		cmocka_unit_test(segment_values),
		cmocka_unit_test(hash_words),
		cmocka_unit_test(version_words),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(more_cut_segments_than_are_looked_at),
		cmocka_unit_test(misaligned),
	};

	if (argc > 1)
		fixtures = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
