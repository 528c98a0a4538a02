/* SPDX-License-Identifier: MIT */
/*
 * The memory that arenas are made of. A page that comes in by itself costs ten times as much as one
 * that comes with a huge page, and a program has some arenas for each file: their blocks are cut
 * from huge pages, and what is given back is cut again. Only what is larger than half of one goes
 * back to the kernel.
 */
#include "base-priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
#endif
#endif

#ifdef WATCHED

/* The sanitizer has to know where blocks begin and end, and that none is lost. */
void *bs_block_take(size_t need, size_t *ret_size)
{
	*ret_size = need;
	return calloc(1, need);
}

void bs_block_give(void *block, size_t size)
{
	(void)size;
	free(block);
}

#else

enum {
	HUGE_PAGE = 2 << 20,
	SMALLEST = 4 << 10,
	LARGEST = 1 << 20,
	N_SIZES = 9, /* powers of two from SMALLEST to LARGEST */
	N_LOOKED_AT = 8,
	FIRST_CHUNK = 1536 << 10, /* of single pages: enough for a program of few objects */
};

struct free_block {
	struct free_block *next;
	size_t size;
};

static struct {
	pthread_mutex_t lock;
	struct free_block *free[N_SIZES];
	char *chunk; /* zeroed memory that is not cut yet; NULL: there was none */
	size_t n_chunk;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* N bytes, zeroed and a multiple of huge pages, at the start of one; or NULL. */
static char *map_huge(size_t n)
{
	char *map = mmap(NULL, n + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	size_t before = -(uintptr_t)map & (HUGE_PAGE - 1);

	if (before)
		munmap(map, before);
	munmap(map + before + n, HUGE_PAGE - before);
	madvise(map + before, n, MADV_HUGEPAGE);
	return map + before;
}

/* The largest one whose blocks may be of SIZE. */
static unsigned class_of(size_t size)
{
	unsigned class = 0;

	while (class + 1 < N_SIZES && (size_t)SMALLEST << (class + 1) <= size)
		class ++;
	return class;
}

/* With the lock. */
static void keep(void *block, size_t size)
{
	struct free_block *given = block;
	unsigned class = class_of(size);

	*given = (struct free_block){ pool.free[class], size };
	pool.free[class] = given;
}

static bool new_chunk(size_t need)
{
	char *chunk = NULL;
	size_t n = HUGE_PAGE;

	if (!pool.chunk && need <= FIRST_CHUNK) {
		n = FIRST_CHUNK;
		chunk = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (chunk == MAP_FAILED)
			return false;
	} else if ((chunk = map_huge(n)) == NULL) {
		return false;
	}
	if (pool.n_chunk)
		keep(pool.chunk, pool.n_chunk);
	/* A page that is read before it is written is brought in twice. */
	*(volatile char *)chunk = 0;
	pool.chunk = chunk;
	pool.n_chunk = n;
	return true;
}

/* With the lock: a block that was given back, of SIZE or more; or NULL. Of its own class some are
 * looked at, for what was taken once is mostly taken again; of the next one all are large enough.
 */
static struct free_block *take_back(size_t size)
{
	unsigned class = class_of(size), n = 0;

	for (struct free_block **at = &pool.free[class]; *at && n < N_LOOKED_AT; n++) {
		struct free_block *block = *at;

		if (block->size >= size) {
			*at = block->next;
			return block;
		}
		at = &block->next;
	}
	struct free_block *larger = class + 1 < N_SIZES ? pool.free[class + 1] : NULL;

	if (larger)
		pool.free[class + 1] = larger->next;
	return larger;
}

void *bs_block_take(size_t need, size_t *ret_size)
{
	if (need > SIZE_MAX - 2 * (size_t)HUGE_PAGE)
		return NULL;
	if (need > LARGEST) {
		*ret_size = (need + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
		return map_huge(*ret_size);
	}
	size_t size = (need + SMALLEST - 1) & ~(size_t)(SMALLEST - 1);
	void *block = NULL;

	pthread_mutex_lock(&pool.lock);
	struct free_block *used = take_back(size);

	if (used) {
		size = used->size;
	} else if (pool.n_chunk >= size || new_chunk(size)) {
		block = pool.chunk;
		pool.chunk += size;
		pool.n_chunk -= size;
	}
	pthread_mutex_unlock(&pool.lock);
	*ret_size = size;
	return used ? memset(used, 0, size) : block;
}

void bs_block_give(void *block, size_t size)
{
	if (size > LARGEST) {
		munmap(block, size);
		return;
	}
	pthread_mutex_lock(&pool.lock);
	keep(block, size);
	pthread_mutex_unlock(&pool.lock);
}

#endif
