/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as two functions and what they lead to: are they the same instructions?
 *
 * A byte each: the kind of the file, the share of the constants, and that of variables. Half of
 * what is left is each function's.
 */
#include "frame.h"

#include "check/check-priv.h"

#include <stdlib.h>

static struct bs_symbol function(uint64_t at, uint64_t n)
{
	return (struct bs_symbol){ .value = at, .size = n, .section = 1, .info = 0x12 };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct bs_fuzz_frame f;
	struct bs_fuzz_in in = { data, n };
	struct bs_arena *arena = bs_fuzz_arena();

	bs_frame_begin(&f, bs_fuzz_u8(&in));
	uint8_t n_constants = bs_fuzz_u8(&in), n_variables = bs_fuzz_u8(&in);
	struct bs_fuzz_in constants = bs_fuzz_take_share(&in, n_constants);
	struct bs_fuzz_in variables = bs_fuzz_take_share(&in, n_variables);
	struct bs_fuzz_in first = bs_fuzz_take(&in, in.n / 2);
	uint64_t at_constants = bs_frame_add(&f, constants, 1);

	bs_frame_segment(&f, PT_LOAD, PF_R, at_constants, constants.n, 1);
	uint64_t at_first = bs_frame_add(&f, first, 4), at_second = bs_frame_add(&f, in, 4);

	bs_frame_segment(&f, PT_LOAD, PF_R | PF_X, at_first, f.n - at_first, 1);
	bs_frame_add(&f, variables, 1);
	struct bs_fuzz_in file = bs_frame_end(&f, 0);
	void *copy = bs_fuzz_copy(file);

	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_image *image = bs_image_read_memory(&ctx, copy, file.n, "input");
	const struct bs_symbol a = function(at_first, first.n), b = function(at_second, first.n);
	const struct bs_symbol beyond = function(at_second, UINT64_MAX - n_constants);

	bs_code_is_alike(image, &a, image, &b);
	bs_code_is_alike(image, &b, image, &a);
	bs_code_is_alike(image, &beyond, image, &beyond);
	/* Whatever it is, it is like itself. */
	if (image->machine && first.n && bs_code_is_alike(image, &a, image, &a) != BS_ALIKE_YES)
		abort();
	bs_image_close(image);
	free(copy);
	bs_arena_free(arena);
	return 0;
}
