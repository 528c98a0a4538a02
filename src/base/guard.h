/* SPDX-License-Identifier: MIT */
/*
 * guard.h - mapped files that shrink or are written to while they are read
 *
 * To read a page that the file has lost is a SIGBUS. Who calls bs_guard_catch() reads zeros there
 * instead, and hears that the mapping is not what it was. All that is read of it is in bounds then;
 * what it says is nothing to go by.
 *
 * Whoever writes to the file writes to what is mapped of it, at any time: what is read twice may be
 * two things. So a number that is checked and then used, as an index, a count or an offset, is read
 * once, by bs_once32() and the like; and what is mapped has a page of zeros behind it
 * (bs_map_file), where every string ends that has lost its own end. What was counted in a first
 * pass need not be as many in a second one.
 *
 * Floor 0: includes no other floor.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct bs_guard;

/* NUMBER, which stands in a mapped file, as it was when it was read: the compiler may not read it
 * once more. */
static inline uint64_t bs_once64(uint64_t number)
{
	__asm__("" : "+r"(number));
	return number;
}

static inline uint32_t bs_once32(uint32_t number)
{
	__asm__("" : "+r"(number));
	return number;
}

static inline uint16_t bs_once16(uint16_t number)
{
	__asm__("" : "+r"(number));
	return number;
}

/*
 * Maps the first N bytes, at least one, of FD, to be read, or written to as well by this process
 * alone; behind the last page that has any is a page of zeros. MAP_FAILED with errno as mmap(2).
 * Ended by bs_unmap_file() of the same N.
 */
void *bs_map_file(int fd, size_t n, int protection);
void bs_unmap_file(void *map, size_t n);

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

/* ---- files that are written to -----------------------------------------------------------------
 */

/*
 * A file that stays open as long as it is mapped, to be looked at when all was read of it. What
 * nobody can see is who writes within the clock tick of the last write before, or through a mapping
 * of his own to a page that he had written to before.
 */
struct bs_sentry {
	int fd; /* or -1 */
	off_t size;
	struct timespec mtime;
};

/* From here on N files are watched at once, and no more; none before. For who owns the process, as
 * bs_guard_catch(). */
void bs_sentries_at_most(unsigned n);

/* Has a quarter of the files that this process may open watched, after asking the system for so
 * many that N are watched; none where it may open few. */
void bs_sentries_post(unsigned n);

/* FD, which stays the caller's, was ST when it was opened. Ended by bs_sentry_end(), whether or not
 * there was room for one more. Any thread may call these. */
struct stat;
void bs_sentry_begin(struct bs_sentry *sentry, int fd, const struct stat *st);
void bs_sentry_end(struct bs_sentry *sentry);

/* Somebody has written to it, or cut it. False where it is not watched. */
bool bs_sentry_is_alarmed(const struct bs_sentry *sentry);
