/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the hash tables of a shared object, of which names are looked up.
 *
 * A byte each: the kind of the file, which tables there are, how many symbols, the share of the
 * first table, and how much the file lacks at its end. The tables' own bytes follow.
 */
#include "frame.h"
#include "touch.h"

enum { GNU = 1, SYSV = 2, NAMED = 4, HASHED = 0xf1, BY_OTHER_HASH = 16 };

/* Who is to hit on 32 bits of a hash? A word of HASHED, a byte that says of which name and whether
 * the chain ends there, and two that do not count, stands for it. */
static struct bs_fuzz_in with_hashes(const struct bs_fuzz_frame *f, struct bs_fuzz_in table)
{
	static uint8_t bytes[4096];

	if (table.n > sizeof bytes)
		table.n = sizeof bytes;
	if (table.n)
		memcpy(bytes, table.at, table.n);
	for (size_t i = 0; i + 4 <= table.n; i += 4) {
		uint8_t which = bytes[i + 1];
		uint32_t hash;

		if (bytes[i] != HASHED)
			continue;
		hash = (bs_hash_gnu(bs_frame_names[which % BS_FRAME_NAMES]) & ~1u) |
		       (which & BY_OTHER_HASH ? 1 : 0);
		for (unsigned k = 0; k < 4; k++)
			bytes[i + (f->big ? 3 - k : k)] = (uint8_t)(hash >> 8 * k);
	}
	return (struct bs_fuzz_in){ bytes, table.n };
}

static void look_up(const struct bs_ctx *ctx, const struct bs_image *image)
{
	(void)ctx;
	for (unsigned i = 0; i < BS_FRAME_NAMES; i++) {
		bs_touch_name(image, bs_frame_names[i], false);
		bs_touch_name(image, bs_frame_names[i], true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct bs_fuzz_frame f;
	struct bs_fuzz_in in = { data, n };

	bs_frame_begin(&f, bs_fuzz_u8(&in));
	uint8_t which = bs_fuzz_u8(&in), n_symbols = bs_fuzz_u8(&in), share = bs_fuzz_u8(&in);
	uint8_t cut = bs_fuzz_u8(&in);
	struct bs_fuzz_in sysv = { 0 };

	if (which & SYSV)
		sysv = which & GNU ? bs_fuzz_take_share(&in, share) : bs_fuzz_take(&in, in.n);
	bs_frame_symbols(&f, n_symbols % 64);
	bs_frame_entry(&f, DT_MIPS_SYMTABNO, n_symbols % 64);
	if (which & SYSV)
		bs_frame_entry(&f, DT_HASH, bs_frame_add(&f, sysv, 8));
	if (which & GNU) {
		const struct bs_fuzz_in gnu = which & NAMED ? with_hashes(&f, in) : in;

		bs_frame_entry(&f, f.machine == EM_MIPS ? DT_MIPS_XHASH : DT_GNU_HASH,
			       bs_frame_add(&f, gnu, 8));
	}
	bs_touch_file(bs_frame_end(&f, cut), look_up);
	return 0;
}
