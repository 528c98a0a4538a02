/* SPDX-License-Identifier: MIT */
/* touch.h - all that an image has to say is asked for, so that what it reads outside of the file is
 * noticed */
#pragma once

#include "elf/elf.h"
#include "fuzz.h"

/* Reads FILE as an image and hands it to USE, if that is not NULL, once all was asked for. */
void bs_touch_file(struct bs_fuzz_in file,
		   void (*use)(const struct bs_ctx *ctx, const struct bs_image *image));

/* Reads the string S, or nothing for NULL. */
void bs_touch(const char *s);

/* All candidates that IMAGE's hash table has for NAME. There are no more than it has entries. */
void bs_touch_name(const struct bs_image *image, const char *name, bool shift_wraps);
