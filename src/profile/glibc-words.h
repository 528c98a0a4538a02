/* SPDX-License-Identifier: MIT */
/* glibc-words.h - the sentences of glibc's loader, for its profile */
#pragma once

#include "profile.h"

const char *bs_glibc_say(const struct bs_ctx *ctx, const struct bs_failure *failure,
			 const struct bs_saying *saying);

extern const struct bs_match_words bs_glibc_match_words;
