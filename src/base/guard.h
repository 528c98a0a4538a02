/* SPDX-License-Identifier: MIT */
/*
 * guard.h - mapped files that shrink while they are read
 *
 * To read a page that the file has lost is a SIGBUS. Who calls bs_guard_catch() reads zeros there
 * instead, and hears that the mapping is not what it was. All that is read of it is in bounds then;
 * what it says is nothing to go by.
 *
 * Floor 0: includes no other floor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct bs_guard;

/*
 * From here on the N bytes at MAP, from mmap(2) of a file with PROTECTION, are known to be such.
 * NULL when out of memory: then they are not, and a SIGBUS ends the process. The caller ends it by
 * bs_guard_end() before munmap(2). Any thread may call these.
 */
struct bs_guard *bs_guard_begin(void *map, size_t n, int protection);

/* NULL is allowed. */
void bs_guard_end(struct bs_guard *guard);

/* Something of it was gone when it was read, or could not be read. False for NULL. */
bool bs_guard_is_hit(const struct bs_guard *guard);

/*
 * Has this process catch SIGBUS, from now on; that of other reasons goes where it went before. It
 * must not be blocked in threads that read what is mapped: the kernel would end the process. To be
 * called by who owns the process: a library has no business with signals unless it is
 * told to.
 */
void bs_guard_catch(void);
