/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzz targets share with libFuzzer, AFL++ and the replay that stands in for them
 */
#pragma once

#include "base/base.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Of targets that know what their input is made of; NULL in others. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
	__attribute__((weak));

/* libFuzzer's own mutations; NULL without it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t room) __attribute__((weak));

/* ---- an input that is cut up ------------------------------------------------------------------
 */

struct bs_fuzz_in {
	const uint8_t *at;
	size_t n;
};

/* Takes a number off IN's start, little-endian; 0 when there is nothing left. */
static inline uint8_t bs_fuzz_u8(struct bs_fuzz_in *in)
{
	return in->n ? (in->n--, *in->at++) : 0;
}

static inline uint16_t bs_fuzz_u16(struct bs_fuzz_in *in)
{
	uint16_t low = bs_fuzz_u8(in);

	return (uint16_t)(low | bs_fuzz_u8(in) << 8);
}

/* Takes N bytes, or as many as there are. */
static inline struct bs_fuzz_in bs_fuzz_take(struct bs_fuzz_in *in, size_t n)
{
	struct bs_fuzz_in part = { in->at, n < in->n ? n : in->n };

	in->at += part.n;
	in->n -= part.n;
	return part;
}

/*
 * Takes N / 256 of what is left. So does one byte cut an input of any length, and a cut stays about
 * where it was when the input grows.
 */
static inline struct bs_fuzz_in bs_fuzz_take_share(struct bs_fuzz_in *in, uint8_t n)
{
	return bs_fuzz_take(in, in->n * n / 256);
}

/* PART as a block of memory of its exact size, so that reads beyond it are noticed; free() it. */
void *bs_fuzz_copy(struct bs_fuzz_in part);

/* The same with a NUL behind it. */
char *bs_fuzz_text(struct bs_fuzz_in part);

/* An arena whose end of memory ends the process, for nobody says what else to do. */
struct bs_arena *bs_fuzz_arena(void);

/* A directory of its own below $BINDSIM_FUZZ_DIRECTORY, or in memory where there is such a place.
 * It goes, with all that is in it, at the process's end, unless a fuzzer kills it. */
const char *bs_fuzz_directory(void);

/* Writes PART to NAME, which lies below bs_fuzz_directory(). */
void bs_fuzz_write(const char *name, struct bs_fuzz_in part);

/* ---- several files -----------------------------------------------------------------------------
 */

/*
 * An input of several files: BS_FUZZ_PARTS sizes of three bytes, little-endian, with a byte behind
 * each that chooses something, then the bytes of each. Cuts the input into parts; what the sizes
 * promise and the input lacks is left out.
 */
enum { BS_FUZZ_PARTS = 5 };

struct bs_fuzz_part {
	const uint8_t *bytes;
	size_t n;
	uint8_t choice;
};

void bs_fuzz_cut(const uint8_t *data, size_t n, struct bs_fuzz_part *parts);

/* ---- mutations ---------------------------------------------------------------------------------
 */

/* Changes the ELF file of N bytes at DATA in one place that means something. */
void bs_fuzz_mutate_elf(uint8_t *data, size_t n, unsigned seed);

/* The same in one of the parts of an input; the last one is no ELF file. A fuzzer's inputs are
 * given new choices, other than 0, for the first two. */
size_t bs_fuzz_mutate_parts(uint8_t *data, size_t n, size_t room, unsigned seed);

/* Changes the N bytes at DATA, with room for ROOM, in one place. */
size_t bs_fuzz_mutate_bytes(uint8_t *data, size_t n, size_t room, unsigned seed);

/* Changes the text of N bytes at DATA, with room for ROOM, in one place, by one of N_WORDS WORDS
 * that it may be made of, or by a piece of its own. */
size_t bs_fuzz_mutate_words(uint8_t *data, size_t n, size_t room, unsigned seed,
			    const char *const *words, size_t n_words);
