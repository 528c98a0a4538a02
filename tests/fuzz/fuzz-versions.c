/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the version tables of a shared object.
 *
 * A byte each: the kind of the file, which tables there are, how many symbols, the shares of
 * DT_VERDEF and DT_VERNEED, what both counts say, and how much the file lacks at its end. The
 * tables' own bytes follow, DT_VERSYM's last.
 */
#include "frame.h"
#include "touch.h"

enum { DEFINED = 1, NEEDED = 2, BY_SYMBOL = 4, COUNTED = 8, STRINGS_LAST = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct bs_fuzz_frame f;
	struct bs_fuzz_in in = { data, n };

	bs_frame_begin(&f, bs_fuzz_u8(&in));
	uint8_t which = bs_fuzz_u8(&in), n_symbols = bs_fuzz_u8(&in) % 64;
	uint8_t n_defined = bs_fuzz_u8(&in), n_needed = bs_fuzz_u8(&in), count = bs_fuzz_u8(&in);
	uint8_t cut = bs_fuzz_u8(&in);
	struct bs_fuzz_in defined = bs_fuzz_take_share(&in, n_defined);
	struct bs_fuzz_in needed = bs_fuzz_take_share(&in, n_needed);

	if (!(which & STRINGS_LAST))
		bs_frame_symbols(&f, n_symbols);
	if (which & BY_SYMBOL)
		bs_frame_entry(&f, DT_VERSYM, bs_frame_add(&f, in, 2));
	if (which & DEFINED)
		bs_frame_entry(&f, DT_VERDEF, bs_frame_add(&f, defined, 8));
	if (which & NEEDED)
		bs_frame_entry(&f, DT_VERNEED, bs_frame_add(&f, needed, 8));
	if (which & COUNTED) {
		bs_frame_entry(&f, DT_VERDEFNUM, count % 16);
		bs_frame_entry(&f, DT_VERNEEDNUM, count / 16);
	}
	if (which & STRINGS_LAST)
		bs_frame_symbols(&f, n_symbols);
	bs_touch_file(bs_frame_end(&f, cut), NULL);
	return 0;
}
