/* SPDX-License-Identifier: MIT */
/* Threads whose products are taken in order, with little room between who makes and who takes. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { N_ITEMS = 20000, REST_AFTER = 50 };

struct tally {
	uint32_t n_taken, stops_at, n_dropped;
	uint32_t n_making; /* atomic */
	uint32_t n_made;   /* atomic */
	uint32_t n_rests, made_by_rest;
	bool was_disturbed;
};

static void *make(void *user, uint32_t thread, uint32_t item)
{
	struct tally *t = user;
	uint32_t *made = malloc(sizeof *made);

	(void)thread;
	__atomic_add_fetch(&t->n_making, 1, __ATOMIC_SEQ_CST);
	*made = item;
	__atomic_add_fetch(&t->n_made, 1, __ATOMIC_SEQ_CST);
	__atomic_sub_fetch(&t->n_making, 1, __ATOMIC_SEQ_CST);
	return made;
}

static bool take(void *user, uint32_t item, void *product)
{
	struct tally *t = user;

	assert_int_equal(item, t->n_taken);
	assert_int_equal(*(uint32_t *)product, item);
	free(product);
	return ++t->n_taken != t->stops_at;
}

static void drop(void *user, void *product)
{
	struct tally *t = user;

	t->n_dropped++;
	free(product);
}

static bool is_full(void *user)
{
	struct tally *t = user;

	return __atomic_load_n(&t->n_made, __ATOMIC_SEQ_CST) - t->made_by_rest > REST_AFTER;
}

static void rest(void *user)
{
	struct tally *t = user;

	t->n_rests++;
	t->was_disturbed |= __atomic_load_n(&t->n_making, __ATOMIC_SEQ_CST) != 0;
	t->made_by_rest = __atomic_load_n(&t->n_made, __ATOMIC_SEQ_CST);
}

static struct bs_crew_work work(struct tally *t, uint32_t n_threads, uint32_t window)
{
	return (struct bs_crew_work){
		.n_items = N_ITEMS,
		.n_threads = n_threads,
		.window = window,
		.user = t,
		.make = make,
		.take = take,
		.drop = drop,
		.is_full = is_full,
		.rest = rest,
	};
}

static void test_order(void **state)
{
	static const uint32_t windows[] = { 1, 2, 3, 64 };

	(void)state;
	for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
		for (uint32_t n = 0; n <= 4; n += 2) {
			struct tally t = { 0 };
			const struct bs_crew_work w = work(&t, n, windows[i]);

			assert_true(bs_crew_run(&w));
			assert_int_equal(t.n_taken, N_ITEMS);
			assert_int_equal(t.n_dropped, 0);
			assert_in_range(t.n_rests, 10, N_ITEMS);
			assert_false(t.was_disturbed);
		}
}

static void test_end(void **state)
{
	struct tally t = { .stops_at = 100 };
	const struct bs_crew_work w = work(&t, 3, 8);

	(void)state;
	assert_false(bs_crew_run(&w));
	assert_int_equal(t.n_taken, 100);
	assert_int_equal(t.n_taken + t.n_dropped, t.n_made);
	assert_in_range(t.n_dropped, 0, 8);
}

/* Blocks of a size that is no power of two are used again. */
static void test_blocks(void **state)
{
	uint64_t before = 0;

	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip(); /* its allocator keeps what was freed, to see who touches it */
#endif
	for (unsigned i = 0; i < 4000; i++) {
		struct bs_arena *arena = bs_arena_new();

		bs_arena_alloc(arena, 68 << 10, 1);
		bs_arena_free(arena);
		if (i == 100)
			before = bs_memory_in_use();
	}
	assert_true(before);
	assert_in_range(bs_memory_in_use(), 1, before + (32 << 20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
