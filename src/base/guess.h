/* SPDX-License-Identifier: MIT */
/*
 * guess.h - words that were mistyped: what they may have been meant to be
 *
 * Whoever refuses a word for being none of a few says so by one of these.
 *
 * Floor 0: includes no other floor.
 */
#pragma once

#include "base.h"

/* The one of WORDS (NULL ends) that the N bytes at WORD may have been meant to be, or NULL. */
const char *bs_closest_word(const char *word, size_t n, const char *const *words);

/* What to say of the N bytes at WORD, which are none of WORDS (NULL ends): the one that may have
 * been meant, else all. */
const char *bs_choices(struct bs_arena *arena, const char *word, size_t n,
		       const char *const *words);
