/* SPDX-License-Identifier: MIT */
/* dw-late.h - libdw and the little of libelf that it asks for, opened when they are used */
#pragma once

#include "../base/base.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>

/* Has libdw opened: to be called before any of its functions. NULL, or why it cannot be. */
const char *bs_libdw_open(void);
