/* SPDX-License-Identifier: MIT */
/* What runs of many threads leave to each other: found by who stands like the one that left it. */
#include "bind/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_IMAGES = 40, MANY = 64 };

struct fixture {
	struct bs_store *store, *other; /* which shares its images */
	struct bs_pool *pool;
	struct bs_image images[N_IMAGES]; /* with no symbols, and so with nothing to ask */
	struct bs_match_policy policy;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (!f)
		return -1;
	f->store = bs_store_new();
	f->other = f->store ? bs_store_share(f->store) : NULL;
	f->pool = f->other ? bs_pool_of(f->store) : NULL;
	*state = f;
	return f->pool ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bs_store_free(f->other);
	bs_store_free(f->store);
	free(f);
	return 0;
}

static struct bs_asker *asker(struct fixture *f, unsigned image)
{
	struct bs_asker *made = bs_pool_asker(f->pool, &f->images[image], &f->policy,
					      bs_pool_number(f->pool, &f->policy));

	assert_non_null(made);
	return made;
}

/* Keeps one binding of WHO's, to DEFINER, where CANDIDATES are there; they end with a negative one.
 */
static void keep(struct fixture *f, unsigned who, enum bs_kept_for what, const int *candidates,
		 uint16_t definer)
{
	const struct bs_image *images[N_IMAGES];
	bool has_ifuncs[N_IMAGES] = { false };
	struct bs_kept_binding binding = { .symbol = 7, .kinds = 1, .definer = definer };
	uint32_t to_ask = 0;
	struct bs_kept_run lookup = { 0, 1 };
	uint32_t n = 0;

	for (; candidates[n] >= 0; n++)
		images[n] = &f->images[candidates[n]];
	const struct bs_kept_answers kept = {
		.what = what,
		.candidates = images,
		.has_ifuncs = has_ifuncs,
		.n_candidates = n,
		.bindings = &binding,
		.n_bindings = 1,
		.to_ask = &to_ask,
		.n_to_ask = 1,
		.lookups = &lookup,
		.n_lookups = 1,
		.last_symbol = 7,
	};

	bs_pool_keep(f->pool, asker(f, who), &kept);
}

static const struct bs_kept_answers *find(struct fixture *f, unsigned who, enum bs_kept_for what,
					  const int *candidates)
{
	const struct bs_image *images[N_IMAGES];
	uint32_t n = 0;

	for (; candidates[n] >= 0; n++)
		images[n] = &f->images[candidates[n]];
	return bs_pool_find(f->pool, asker(f, who), what, images, n);
}

static void found_where_candidates_are_the_same(void **state)
{
	struct fixture *f = *state;

	keep(f, 1, BS_KEPT_FOR_LAZY, (int[]){ 2, 3, -1 }, 1);
	const struct bs_kept_answers *kept = find(f, 1, BS_KEPT_FOR_LAZY, (int[]){ 2, 3, -1 });

	assert_non_null(kept);
	assert_ptr_equal(kept->candidates[1], &f->images[3]);
	assert_int_equal(kept->bindings[0].symbol, 7);
	assert_int_equal(kept->bindings[0].definer, 1);
	assert_int_equal(kept->to_ask[0], 0);
	assert_int_equal(kept->lookups[0].n, 1);
	assert_int_equal(kept->n_tls, 0);
	assert_int_equal(kept->last_symbol, 7);
}

static void not_found_elsewhere(void **state)
{
	struct fixture *f = *state;

	keep(f, 1, BS_KEPT_FOR_LAZY, (int[]){ 2, 3, -1 }, 1);
	assert_null(find(f, 1, BS_KEPT_FOR_LAZY, (int[]){ 3, 2, -1 }));
	assert_null(find(f, 1, BS_KEPT_FOR_LAZY, (int[]){ 2, -1 }));
	assert_null(find(f, 1, BS_KEPT_FOR_LAZY, (int[]){ 2, 3, 4, -1 }));
	assert_null(find(f, 1, BS_KEPT_FOR_LAZY, (int[]){ -1 }));
	assert_null(find(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, 3, -1 }));
	assert_null(find(f, 1, BS_KEPT_FOR_SLOTS, (int[]){ 2, 3, -1 }));
	assert_null(find(f, 4, BS_KEPT_FOR_LAZY, (int[]){ 2, 3, -1 }));
}

static void the_first_copy_stays(void **state)
{
	struct fixture *f = *state;

	keep(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }, 0);
	const struct bs_kept_answers *first = find(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 });
	uint64_t n_bytes = bs_answers_count(f->store).n_bytes;

	keep(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }, 0);
	assert_ptr_equal(find(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }), first);
	assert_int_equal(bs_answers_count(f->store).n_bytes, n_bytes);
}

/* Loaders that match otherwise have answers of their own, up to a number of them. */
static void policies_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	uint32_t n, last = 0;

	keep(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }, 0);
	f->policy.others_bring = true;
	assert_null(find(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }));
	f->policy.others_bring = false;
	assert_non_null(find(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }));
	for (n = 0; n < MANY && last != UINT32_MAX; n++) {
		const struct bs_match_words *words = (const void *)&f->images[n % N_IMAGES];

		last = bs_pool_number(f->pool, &(struct bs_match_policy){ .words = words });
	}
	assert_in_range(n, 2, N_IMAGES);
	assert_int_equal(bs_pool_number(f->pool, &f->policy), 0);
}

/* What nobody has used for the longest time is found no more; who has it may go on with it. */
static void few_variants_of_an_object(void **state)
{
	struct fixture *f = *state;

	keep(f, 0, BS_KEPT_FOR_NOW, (int[]){ 1, -1 }, 0);
	keep(f, 0, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }, 0);
	const struct bs_kept_answers *second = find(f, 0, BS_KEPT_FOR_NOW, (int[]){ 2, -1 });

	for (int i = 3; i < N_IMAGES; i++) {
		keep(f, 0, BS_KEPT_FOR_NOW, (int[]){ i, -1 }, 0);
		assert_non_null(find(f, 0, BS_KEPT_FOR_NOW, (int[]){ 1, -1 }));
	}
	assert_null(find(f, 0, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }));
	assert_non_null(find(f, 0, BS_KEPT_FOR_NOW, (int[]){ N_IMAGES - 1, -1 }));
	assert_ptr_equal(second->candidates[0], &f->images[2]);
}

static void in_common_until_it_is_forgotten(void **state)
{
	struct fixture *f = *state;

	assert_ptr_equal(bs_pool_of(f->other), f->pool);
	keep(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }, 0);
	assert_true(bs_answers_count(f->other).n_bytes > 0);
	bs_store_forget(f->store, BS_KEPT_ANSWERS);
	f->pool = bs_pool_of(f->other);
	assert_int_equal(bs_answers_count(f->store).n_bytes, 0);
	assert_null(find(f, 1, BS_KEPT_FOR_NOW, (int[]){ 2, -1 }));
}

static void *keep_many(void *data)
{
	struct fixture *f = data;

	for (int i = 0; i < MANY * MANY; i++) {
		int candidates[] = { i % 7, i % 5, -1 };
		unsigned who = (unsigned)i % 3;

		if (!find(f, who, BS_KEPT_FOR_NOW, candidates))
			keep(f, who, BS_KEPT_FOR_NOW, candidates, (uint16_t)(i % 2));
	}
	return NULL;
}

static void many_threads(void **state)
{
	struct fixture *f = *state;
	pthread_t thread[3];

	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, keep_many, f), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_true(bs_answers_count(f->store).n_found > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(found_where_candidates_are_the_same),
		TEST(not_found_elsewhere),
		TEST(the_first_copy_stays),
		TEST(policies_are_kept_apart),
		TEST(few_variants_of_an_object),
		TEST(in_common_until_it_is_forgotten),
		TEST(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
