/* SPDX-License-Identifier: MIT */
/*
 * The global part of a MIPS object's GOT: its entries stand for the last symbols of the symbol
 * table, one for one and with no relocations, and the loader fills them before it relocates
 * (glibc sysdeps/mips/dl-machine.h:elf_machine_got_rel). Here they become a table of relocations of
 * types that no file can have, so that what follows need not know.
 */
#include "elf-priv.h"

#include <elf.h>
#include <inttypes.h>

struct got {
	uint64_t entries;	  /* address of the first global one */
	uint32_t first_symbol, n; /* what they stand for */
};

/* The loader reads these tags without asking whether they are there. */
static bool find_got(struct bs_reader *r, struct got *ret)
{
	struct bs_image *image = r->image;
	uint64_t got, n_local, first, n_symbols;
	uint64_t word = bs_entry_size(r, ELF_T_ADDR);

	if (!bs_dynamic_find(image, DT_PLTGOT, &got) ||
	    !bs_dynamic_find(image, DT_MIPS_LOCAL_GOTNO, &n_local) ||
	    !bs_dynamic_find(image, DT_MIPS_GOTSYM, &first) ||
	    !bs_dynamic_find(image, DT_MIPS_SYMTABNO, &n_symbols)) {
		bs_broken(r, BS_DIAG_MALFORMED, BS_NO_OFFSET,
			  "MIPS object without DT_PLTGOT, DT_MIPS_LOCAL_GOTNO, DT_MIPS_GOTSYM or "
			  "DT_MIPS_SYMTABNO");
		return false;
	}
	if (first > n_symbols || n_symbols > image->symbols.n) {
		bs_broken(r, BS_DIAG_MALFORMED, bs_tag_offset(r, DT_MIPS_SYMTABNO),
			  "GOT for symbols %" PRIu64 " to %" PRIu64 " of %" PRIu32, first,
			  n_symbols, image->symbols.n);
		return false;
	}
	*ret = (struct got){
		.entries = got + n_local * word,
		.first_symbol = (uint32_t)first,
		.n = (uint32_t)(n_symbols - first),
	};
	return ret->n > 0;
}

/* `ld $t9, -32752($gp)`: stubs begin by loading the loader's entry point. */
static bool is_stub(const struct bs_reader *r, uint64_t address)
{
	static const uint32_t load_resolver = 0xdf998010;
	struct bs_range range = bs_range_at(r, address);

	return range.n >= 4 && bs_load32(r, range.offset) == load_resolver;
}

/*
 * Which lookup the entry with CONTENT asks for. A function whose entry does not have its address is
 * not looked up where binding is lazy: its entry should lead to a stub of the object's own, and so
 * is like a jump slot. An undefined one has its stub's address for a value, unless that is a PLT
 * entry's.
 */
static uint32_t type_of(const struct bs_reader *r, const struct bs_symbol *s, uint64_t content)
{
	bool is_function = bs_symbol_type(s) == STT_FUNC;

	if (s->section == SHN_UNDEF)
		return is_function && s->value && !(s->other & STO_MIPS_PLT) ? BS_MIPS_GOT_STUB
									     : BS_MIPS_GOT_ADDRESS;
	if (s->section == SHN_COMMON)
		return BS_MIPS_GOT_ADDRESS;
	if (is_function && content != s->value)
		return is_stub(r, content) ? BS_MIPS_GOT_STUB : BS_MIPS_GOT_KEPT;
	return bs_symbol_type(s) == STT_SECTION ? R_MIPS_NONE : BS_MIPS_GOT_ADDRESS;
}

void bs_read_mips_got(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	struct bs_reloc_table *table = &image->relocations.got;
	uint64_t word = bs_entry_size(r, ELF_T_ADDR);
	struct got got;

	if (!find_got(r, &got))
		return;
	struct bs_range range = bs_range_at(r, got.entries);

	if (range.n / word < got.n) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, bs_tag_offset(r, DT_PLTGOT),
			  "GOT of %" PRIu32 " global entries cut off at %" PRIu64, got.n,
			  range.n / word);
		return;
	}
	Elf64_Rela *entries = bs_new(r->arena, Elf64_Rela, got.n);

	for (uint32_t i = 0; i < got.n; i++) {
		struct bs_symbol s = bs_image_symbol(image, got.first_symbol + i);
		uint64_t content = bs_load_word(r, range.offset + i * word);

		entries[i].r_offset = got.entries + i * word;
		entries[i].r_info =
			ELF64_R_INFO((uint64_t)got.first_symbol + i, type_of(r, &s, content));
	}
	*table = (struct bs_reloc_table){
		.entries = entries,
		.n = got.n,
		.format = BS_RELA64,
		.offset = range.offset,
	};
}
