/* SPDX-License-Identifier: MIT */
/*
 * whole.h - files that are read whole
 *
 * Floor 0: includes no other floor.
 */
#pragma once

#include "base.h"

/*
 * All that FD has from where it stands, in ARENA and with a NUL behind it, which *RET_N does not
 * count; NULL with errno, EFBIG where it is more than LARGEST bytes. EXPECTED, which may be 0, is
 * how many to make room for at first. FD is closed, also where memory runs out.
 */
char *bs_read_and_close(struct bs_arena *arena, int fd, size_t expected, size_t largest,
			size_t *ret_n);
