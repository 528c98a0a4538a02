/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { AT_ONCE = 256 };

enum state { FREE, IN_USE };

struct bs_guard {
	/* What the handler reads it may read while another thread writes: STATE is IN_USE only
	 * while all the others are right. The mapping of who gets the signal is right, for he reads
	 * it. */
	int state;
	int protection;
	uintptr_t begin, end;
	bool is_hit;
	struct bs_guard *next_free;
};

/* Never given back, so that the handler may go along. */
struct block {
	struct block *next;
	struct bs_guard guards[AT_ONCE];
};

static struct {
	pthread_mutex_t lock; /* guards FIRST_FREE, and who may write */
	struct bs_guard *first_free;
	struct block *blocks; /* read without the lock */
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uintptr_t page_size;
static struct sigaction before;

static size_t pages_of(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return n > SIZE_MAX - 2 * page ? SIZE_MAX : (n + page - 1) / page * page;
}

/* Other than what the last page has behind the end of the file, which can be written to as well,
 * the zeros are nobody else's. */
void *bs_map_file(int fd, size_t n, int protection)
{
	size_t in_file = pages_of(n), whole = in_file + pages_of(1);

	if (in_file == SIZE_MAX) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	char *map = mmap(NULL, whole, protection, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED)
		return map;
	if (mmap(map + in_file, pages_of(1), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED) {
		int error = errno;

		munmap(map, whole);
		errno = error;
		return MAP_FAILED;
	}
	return map;
}

void bs_unmap_file(void *map, size_t n)
{
	munmap(map, pages_of(n) + pages_of(1));
}

static bool add_block(void)
{
	struct block *block = calloc(1, sizeof *block);

	if (!block)
		return false;
	for (size_t i = 0; i < AT_ONCE; i++) {
		block->guards[i].next_free = all.first_free;
		all.first_free = &block->guards[i];
	}
	block->next = all.blocks;
	__atomic_store_n(&all.blocks, block, __ATOMIC_RELEASE);
	return true;
}

struct bs_guard *bs_guard_begin(void *map, size_t n, int protection)
{
	struct bs_guard *guard = NULL;

	pthread_mutex_lock(&all.lock);
	if (all.first_free || add_block()) {
		guard = all.first_free;
		all.first_free = guard->next_free;
	}
	pthread_mutex_unlock(&all.lock);
	if (!guard)
		return NULL;
	guard->begin = (uintptr_t)map;
	guard->end = guard->begin + n;
	guard->protection = protection;
	guard->is_hit = false;
	__atomic_store_n(&guard->state, IN_USE, __ATOMIC_RELEASE);
	return guard;
}

void bs_guard_end(struct bs_guard *guard)
{
	if (!guard)
		return;
	__atomic_store_n(&guard->state, FREE, __ATOMIC_RELEASE);
	pthread_mutex_lock(&all.lock);
	guard->next_free = all.first_free;
	all.first_free = guard;
	pthread_mutex_unlock(&all.lock);
}

bool bs_guard_is_hit(const struct bs_guard *guard)
{
	return guard && __atomic_load_n(&guard->is_hit, __ATOMIC_RELAXED);
}

static struct bs_guard *guard_at(uintptr_t address)
{
	struct block *block = __atomic_load_n(&all.blocks, __ATOMIC_ACQUIRE);

	for (; block; block = block->next)
		for (size_t i = 0; i < AT_ONCE; i++) {
			struct bs_guard *guard = &block->guards[i];

			/* The last page is there to its end. */
			if (__atomic_load_n(&guard->state, __ATOMIC_ACQUIRE) == IN_USE &&
			    address >= guard->begin &&
			    address < ((guard->end + page_size - 1) & ~(page_size - 1)))
				return guard;
		}
	return NULL;
}

/* One that somebody sent: true where the process went on before this handler came, and goes on with
 * it. */
static bool stays_after_sent(int number, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(number, info, context);
	else if (before.sa_handler == SIG_DFL)
		return false;
	else if (before.sa_handler != SIG_IGN)
		before.sa_handler(number);
	return true;
}

/* Zeros are put where the page is missing, and the instruction is carried out again. */
static void put_zeros(int number, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	bool is_sent = info->si_code <= 0; /* by kill(2) or the like */
	struct bs_guard *guard = is_sent ? NULL : guard_at(address);

	if (is_sent && stays_after_sent(number, info, context))
		return;
	if (guard) {
		void *page = (void *)(address & ~(page_size - 1));

		__atomic_store_n(&guard->is_hit, true, __ATOMIC_RELAXED);
		if (mmap(page, page_size, guard->protection,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
			return;
	}
	/* None of ours: it comes again, and goes where it would have gone. */
	sigaction(SIGBUS, &before, NULL);
	if (is_sent)
		raise(number);
}

void bs_guard_catch(void)
{
	struct sigaction action = { .sa_sigaction = put_zeros, .sa_flags = SA_SIGINFO };

	page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
	sigemptyset(&action.sa_mask);
	struct sigaction found;

	/* Who calls it again must not find himself there. */
	if (sigaction(SIGBUS, NULL, &found) == 0 && found.sa_sigaction != put_zeros) {
		before = found;
		sigaction(SIGBUS, &action, NULL);
	}
}
