/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the relocations of a shared object of any machine.
 *
 * A byte each: the kind of the file, which tables there are, how many symbols, the shares of the
 * first three of DT_REL, DT_RELA, DT_JMPREL and DT_RELR, how many relocations are said to be
 * relative, what a table's size has more than the table, how much the file lacks at its end, and
 * three numbers of MIPS's GOT. The tables' own bytes follow.
 */
#include "frame.h"
#include "touch.h"

enum {
	REL = 1,
	RELA = 2,
	PLT = 4,
	RELR = 8,
	PLT_IS_REL = 16,
	PLT_IS_LAST = 32, /* of the table before it: sizes that count both */
	ODD_ENTRY = 64,	  /* an entry size that is none */
	GOT = 128,
};

static void add_table(struct bs_fuzz_frame *f, struct bs_fuzz_in table, int64_t tag,
		      int64_t size_tag, int64_t more)
{
	bs_frame_entry(f, tag, bs_frame_add(f, table, 8));
	bs_frame_entry(f, size_tag, table.n + (uint64_t)more);
}

static void add_got(struct bs_fuzz_frame *f, struct bs_fuzz_in *in, const uint8_t *numbers)
{
	struct bs_fuzz_in got = bs_fuzz_take_share(in, 64);

	bs_frame_entry(f, DT_PLTGOT, bs_frame_add(f, got, 8));
	bs_frame_entry(f, DT_MIPS_LOCAL_GOTNO, numbers[0]);
	bs_frame_entry(f, DT_MIPS_SYMTABNO, numbers[1]);
	bs_frame_entry(f, DT_MIPS_GOTSYM, numbers[2]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct bs_fuzz_frame f;
	struct bs_fuzz_in in = { data, n };
	uint8_t shares[3], numbers[3];

	bs_frame_begin(&f, bs_fuzz_u8(&in));
	uint8_t which = bs_fuzz_u8(&in), n_symbols = bs_fuzz_u8(&in) % 64;

	for (unsigned i = 0; i < 3; i++)
		shares[i] = bs_fuzz_u8(&in);
	uint8_t n_relative = bs_fuzz_u8(&in);
	int64_t more = (int8_t)bs_fuzz_u8(&in);
	uint8_t cut = bs_fuzz_u8(&in);

	for (unsigned i = 0; i < 3; i++)
		numbers[i] = bs_fuzz_u8(&in);
	bs_frame_symbols(&f, n_symbols);
	if (which & GOT)
		add_got(&f, &in, numbers);
	if (which & REL)
		add_table(&f, bs_fuzz_take_share(&in, shares[0]), DT_REL, DT_RELSZ, more);
	if (which & RELA)
		add_table(&f, bs_fuzz_take_share(&in, shares[1]), DT_RELA, DT_RELASZ, more);
	if (which & PLT && !(which & PLT_IS_LAST))
		add_table(&f, bs_fuzz_take_share(&in, shares[2]), DT_JMPREL, DT_PLTRELSZ, more);
	/* The end of the table that was added last. */
	if (which & PLT && which & PLT_IS_LAST) {
		bs_frame_entry(&f, DT_JMPREL, f.n - shares[2]);
		bs_frame_entry(&f, DT_PLTRELSZ, shares[2] + (uint64_t)more);
	}
	bs_frame_entry(&f, DT_PLTREL, which & PLT_IS_REL ? DT_REL : DT_RELA);
	if (n_relative) {
		bs_frame_entry(&f, DT_RELCOUNT, n_relative);
		bs_frame_entry(&f, DT_RELACOUNT, n_relative);
	}
	bs_frame_entry(&f, DT_RELENT, (f.wide ? 16 : 8) + (which & ODD_ENTRY ? more : 0));
	bs_frame_entry(&f, DT_RELAENT, (f.wide ? 24 : 12) + (which & ODD_ENTRY ? more : 0));
	if (which & RELR) {
		add_table(&f, in, DT_RELR, DT_RELRSZ, more);
		bs_frame_entry(&f, DT_RELRENT, f.wide ? 8 : 4);
	}
	bs_touch_file(bs_frame_end(&f, cut), NULL);
	return 0;
}
