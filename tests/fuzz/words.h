/* SPDX-License-Identifier: MIT */
/*
 * words.h - the mutator of a target whose input is a text
 *
 * FUZZ_WORDS names a file of words/ with a WORD("...") for each word that such a text is made of.
 * run.py makes the dictionaries of the fuzzers of them.
 */
#pragma once

#include "fuzz.h"

#define WORD(word) word,
static const char *const fuzz_words[] = {
#include FUZZ_WORDS
};
#undef WORD

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	return bs_fuzz_mutate_words(data, n, room, seed, fuzz_words,
				    sizeof fuzz_words / sizeof *fuzz_words);
}
