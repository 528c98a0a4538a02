/* SPDX-License-Identifier: MIT */
/* What is told once, however often it is found. */
#include "base/base.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		return -1;
	struct bs_diags *diags = bs_new(arena, struct bs_diags, 1);

	diags->arena = arena;
	*state = diags;
	return 0;
}

static int tear_down(void **state)
{
	struct bs_diags *diags = *state;

	bs_arena_free(diags->arena);
	return 0;
}

static void the_same_is_told_once(void **state)
{
	struct bs_diags *diags = *state;

	for (unsigned i = 0; i < 3; i++) {
		bs_diag_add_once(diags, BS_DIAG_CANNOT_READ, "a", 1, EACCES, "x");
		assert_int_equal(diags->list.n, 1);
	}
	/* Each part counts but the errno, which another try may bring. */
	bs_diag_add_once(diags, BS_DIAG_CANNOT_READ, "a", 1, EIO, "x");
	assert_int_equal(diags->list.n, 1);
	bs_diag_add_once(diags, BS_DIAG_MALFORMED, "a", 1, EACCES, "x");
	bs_diag_add_once(diags, BS_DIAG_CANNOT_READ, "b", 1, EACCES, "x");
	bs_diag_add_once(diags, BS_DIAG_CANNOT_READ, "a", BS_NO_OFFSET, EACCES, "x");
	bs_diag_add_once(diags, BS_DIAG_CANNOT_READ, "a", 1, EACCES, "%s");
	assert_int_equal(diags->list.n, 5);
	assert_string_equal(diags->list.v[4].detail, "%s");
}

static void what_was_told_otherwise_counts(void **state)
{
	struct bs_diags *diags = *state;

	bs_diag_add(diags, BS_DIAG_MALFORMED, NULL, BS_NO_OFFSET, 0, "of no file");
	bs_diag_add(diags, BS_DIAG_MALFORMED, "a", 7, 0, "entry %u", 3);
	bs_diag_add_once(diags, BS_DIAG_MALFORMED, "a", 7, 0, "entry 3");
	assert_int_equal(diags->list.n, 2);
}

/* They are cut, and are the same afterwards. */
static void long_ones_are_told_once(void **state)
{
	struct bs_diags *diags = *state;
	char detail[10000];

	memset(detail, 'x', sizeof detail);
	detail[sizeof detail - 1] = '\0';
	for (unsigned i = 0; i < 3; i++)
		bs_diag_add_once(diags, BS_DIAG_MALFORMED, "a", 7, 0, detail);
	assert_int_equal(diags->list.n, 1);
	assert_true(strlen(diags->list.v[0].detail) < 1000);
}

static void of_no_file_is_told_once(void **state)
{
	struct bs_diags *diags = *state;
	char path[] = "", detail[] = "x";
	const struct bs_diag of_none = { BS_DIAG_ASSUMED, NULL, BS_NO_OFFSET, 0, detail };
	const struct bs_diag of_empty = { BS_DIAG_ASSUMED, path, BS_NO_OFFSET, 0, detail };

	for (unsigned i = 0; i < 3; i++) {
		bs_diag_copy_once(diags, &of_none);
		bs_diag_copy_once(diags, &of_empty);
		assert_int_equal(diags->list.n, 2);
	}
	/* Nothing of them is needed any more. */
	*path = *detail = 'y';
	assert_null(diags->list.v[0].path);
	assert_string_equal(diags->list.v[1].path, "");
	assert_string_equal(diags->list.v[1].detail, "x");
}

static void what_is_forgotten_is_told_again(void **state)
{
	struct bs_diags *diags = *state;

	bs_diag_add_once(diags, BS_DIAG_MALFORMED, "a", 1, 0, "x");
	bs_diag_add_once(diags, BS_DIAG_MALFORMED, "b", 1, 0, "x");
	bs_diags_cut(diags, 1);
	bs_diag_add_once(diags, BS_DIAG_MALFORMED, "a", 1, 0, "x");
	assert_int_equal(diags->list.n, 1);
	bs_diag_add_once(diags, BS_DIAG_MALFORMED, "b", 1, 0, "x");
	assert_int_equal(diags->list.n, 2);
	assert_string_equal(diags->list.v[1].path, "b");
}

/* The table grows on the way. */
static void many_are_told_apart(void **state)
{
	struct bs_diags *diags = *state;

	for (unsigned round = 0; round < 2; round++)
		for (uint64_t i = 0; i < 5000; i++) {
			bs_diag_add_once(diags, BS_DIAG_MALFORMED, "a", i, 0, "x");
			assert_int_equal(diags->list.n, round ? 5000 : i + 1);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_same_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_told_otherwise_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_ones_are_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(of_no_file_is_told_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_forgotten_is_told_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_are_told_apart, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
