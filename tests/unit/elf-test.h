/* SPDX-License-Identifier: MIT */
/*
 * elf-test.h - what the tests of src/elf share: a run, fixtures as bytes, and a reader of all facts
 */
#pragma once

#include "elf/elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The directory that elf-fixtures.py filled; set by main(). */
extern const char *fixtures;

/* What a run of the program has, for one test. */
struct run {
	struct bs_arena *arena;
	struct bs_diags diags;
	struct bs_ctx ctx;
};

/* The test ends when memory runs out. */
struct run *run_new(void);
void run_free(struct run *run);

/* A file in a buffer of its exact size, so that a read beyond it is caught by ASan. */
struct bytes {
	uint8_t *v;
	size_t n;
};

/* False when the tools could not make fixture NAME; bytes_of() then skips the test. */
bool bytes_there(const char *name);
struct bytes bytes_of(const char *name);
struct bytes bytes_copy(const struct bytes *from, size_t n);
void bytes_free(struct bytes *bytes);

/* The image of BYTES, whose facts have all been looked at once. */
struct bs_image *image_of(struct run *run, const struct bytes *bytes);

/* Asks IMAGE for everything it can tell; the sum keeps the compiler from leaving it out. */
uint64_t touch_everything(const struct bs_image *image);

/* The index of the symbol that a look-up of NAME arrives at first, or 0. */
uint32_t look_up(const struct bs_image *image, const char *name);

/* One fixture and what is changed in it; every one has its own buffer. */
struct change {
	struct run *run;
	struct bytes bytes;
	struct bs_image *image; /* before the change, then after it */
};

/* Skips the test when there is no fixture NAME. */
struct change change_begin(const char *name);
/* The image of the bytes as they are now; diagnostics are its own alone. */
struct bs_image *change_read(struct change *c);
void change_end(struct change *c);

/* The places in the file of dynamic entry NUMBER, and of the table that it points to. */
size_t tag(struct change *c, int64_t number);
size_t table(struct change *c, int64_t number);

/*
 * Where in a 64-bit little-endian file the last dynamic entry TAG, or what is mapped at ADDRESS,
 * stands; the test fails when it is not there.
 */
size_t place_of_tag(const struct bs_image *image, const struct bytes *bytes, int64_t tag);
size_t place_of_address(const struct bs_image *image, uint64_t address);
void put32(struct bytes *bytes, size_t at, uint32_t value);
void put64(struct bytes *bytes, size_t at, uint64_t value);
uint32_t get32(const struct bytes *bytes, size_t at);
uint64_t get64(const struct bytes *bytes, size_t at);
