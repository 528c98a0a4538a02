/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzz targets share with libFuzzer and with the replay that stands in for it */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed);

/* libFuzzer's own mutations; NULL without it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t room) __attribute__((weak));

/*
 * An input of several files: BS_FUZZ_PARTS sizes of four bytes, little-endian, then the bytes of
 * each. Cuts the input into parts; what the sizes promise and the input lacks is left out.
 */
enum { BS_FUZZ_PARTS = 5 };

struct bs_fuzz_part {
	const uint8_t *bytes;
	size_t n;
};

void bs_fuzz_cut(const uint8_t *data, size_t n, struct bs_fuzz_part *parts);

/* Changes the ELF file of N bytes at DATA in one place that means something. */
void bs_fuzz_mutate_elf(uint8_t *data, size_t n, unsigned seed);

/* Changes the text of N bytes at DATA, with room for ROOM, in one place, by one of N_WORDS WORDS
 * that it may be made of, or by a piece of its own. */
size_t bs_fuzz_mutate_words(uint8_t *data, size_t n, size_t room, unsigned seed,
			    const char *const *words, size_t n_words);
