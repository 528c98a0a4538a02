/* SPDX-License-Identifier: MIT */
/* image.h - the layers of a saved container image */
#pragma once

#include "unpack.h"

/* What the names of the files begin with that say which layers there are; NULL ends. */
extern const char *const bs_image_texts[];

/* U has what PATH, a tar, has at its top, and what lies there is an image. */
bool bs_is_image(const struct bs_unpacking *u);

/* Lays out its layers, one over the other. NULL, or what is wrong. */
const char *bs_unpack_image(struct bs_unpacking *u, const char *path);
