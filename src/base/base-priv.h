/* SPDX-License-Identifier: MIT */
/* base-priv.h - what the files of the base floor share */
#pragma once

#include "base.h"

#include <signal.h>

/* crew.c: what another thread is not to hear of. What a thread's own instructions bring about is
 * its own, and ends the process where it is blocked. */
void bs_signals_of_others(sigset_t *ret);

/*
 * blocks.c: at least NEED bytes, zeroed and aligned to pages, *RET_SIZE of them; NULL when there is
 * no memory. bs_block_give() takes it back, of the same size. Any thread may call them.
 */
void *bs_block_take(size_t need, size_t *ret_size);
void bs_block_give(void *block, size_t size);
