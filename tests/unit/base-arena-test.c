/* SPDX-License-Identifier: MIT */
/* Texts that are made in an arena. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Short and long ones are made in different ways. */
static void texts_of_all_lengths_are_whole(void **state)
{
	struct bs_arena *arena = bs_arena_new();
	char xs[600];

	(void)state;
	assert_non_null(arena);
	memset(xs, 'x', sizeof xs);
	for (size_t n = 0; n < sizeof xs; n++) {
		const char *text = bs_arena_printf(arena, "%.*s%c", (int)n, xs, '!');

		/* What is made next does not reach into it. */
		memset(bs_arena_alloc(arena, 1, 1), '?', 1);
		assert_int_equal(strlen(text), n + 1);
		assert_memory_equal(text, xs, n);
		assert_int_equal(text[n], '!');
	}
	bs_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_all_lengths_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
