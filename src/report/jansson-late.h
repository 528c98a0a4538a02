/* SPDX-License-Identifier: MIT */
/* jansson-late.h - jansson, opened when it is used */
#pragma once

#include "../base/base.h"

#include <jansson.h>

/* Has jansson opened: to be called before any of its functions. NULL, or why it cannot be. */
const char *bs_jansson_open(void);
