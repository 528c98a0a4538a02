/* SPDX-License-Identifier: MIT */
/* The orders of a plan's steps: how many there are, which are none, and what is renumbered. */
#include "study/order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 103 };

static int setup(void **state)
{
	*state = bs_arena_new();
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	bs_arena_free(*state);
	return 0;
}

/* A plan of N steps that open something. */
static struct bs_plan opening(struct bs_arena *arena, uint32_t n)
{
	struct bs_step *steps = bs_new(arena, struct bs_step, n);

	for (uint32_t i = 0; i < n; i++)
		steps[i] = (struct bs_step){
			.kind = BS_STEP_DLOPEN,
			.file = bs_arena_printf(arena, "lib%u.so", i + 1),
		};
	return (struct bs_plan){ .executable = "app", .steps = steps, .n_steps = n };
}

static void all_orders_of_few_steps(void **state)
{
	const struct bs_plan plan = opening(*state, 4);
	const struct bs_orders orders = bs_orders_of(*state, &plan, BS_MAX_ORDERS);

	assert_true(orders.all);
	assert_int_equal(orders.list.n, 24);
	assert_int_equal(orders.possible, 24);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(orders.list.v[0][i], i);
}

static void two_orders_for_each_pair_of_more(void **state)
{
	const struct bs_plan plan = opening(*state, 6);
	const struct bs_orders orders = bs_orders_of(*state, &plan, BS_MAX_ORDERS);

	assert_false(orders.all);
	assert_int_equal(orders.list.n, 6 * 5);
	assert_int_equal(orders.untried, 0);
}

static void what_is_not_tried_is_counted(void **state)
{
	const struct bs_plan plan = opening(*state, MANY);
	const struct bs_orders orders = bs_orders_of(*state, &plan, BS_MAX_ORDERS);

	assert_int_equal(orders.list.n, BS_MOST_PAIR_ORDERS);
	assert_int_equal(orders.list.n + orders.untried, MANY * (MANY - 1));
	assert_true(orders.possible == UINT64_MAX);
}

static void a_step_moves_with_what_follows_it(void **state)
{
	struct bs_plan plan = opening(*state, 2);
	struct bs_step steps[] = {
		plan.steps[0],
		plan.steps[1],
		{ .kind = BS_STEP_DLSYM, .symbol = "f", .handle = BS_HANDLE_STEP, .of_step = 2 },
	};
	struct bs_plan moved;
	struct bs_orders orders;

	plan.steps = steps;
	plan.n_steps = 3;
	assert_true(bs_orders_move(*state, &plan, 2, 1, &orders));
	const uint32_t *names = bs_orders_plan(&orders, 0, *state, &moved);

	assert_int_equal(names[1], 2);
	assert_int_equal(names[2], 3);
	assert_int_equal(names[3], 1);
	assert_string_equal(moved.steps[0].file, "lib2.so");
	assert_int_equal(moved.steps[1].of_step, 1);
	assert_string_equal(moved.steps[2].file, "lib1.so");
}

static void no_step_comes_before_what_it_refers_to(void **state)
{
	struct bs_plan plan = opening(*state, 1);
	struct bs_step steps[] = {
		plan.steps[0],
		{ .kind = BS_STEP_DLMOPEN, .file = "libn.so" },
		{ .kind = BS_STEP_DLMOPEN, .file = "libm.so", .of_step = 2 },
	};
	struct bs_orders orders;

	plan.steps = steps;
	plan.n_steps = 3;
	assert_false(bs_orders_move(*state, &plan, 3, 2, &orders));
	assert_false(bs_orders_move(*state, &plan, 3, 1, &orders));
	assert_true(bs_orders_move(*state, &plan, 2, 1, &orders));
	orders = bs_orders_of(*state, &plan, BS_MAX_ORDERS);
	assert_int_equal(orders.list.n, 3);
	assert_int_equal(orders.left_out, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_orders_of_few_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(two_orders_for_each_pair_of_more, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_tried_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(a_step_moves_with_what_follows_it, setup, teardown),
		cmocka_unit_test_setup_teardown(no_step_comes_before_what_it_refers_to, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
