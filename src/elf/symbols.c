/* SPDX-License-Identifier: MIT */
/*
 * The extent of the symbol table and of DT_VERSYM beside it.
 */
#include "elf-priv.h"

#include <inttypes.h>

enum { SMALL = 16 << 10 }; /* symbols */

/* The tables that linkers put behind the symbol table. */
static const int64_t neighbours[] = {
	DT_STRTAB, DT_VERSYM, DT_VERNEED,    DT_VERDEF,	    DT_GNU_HASH,
	DT_HASH,   DT_RELA,   DT_REL,	     DT_RELR,	    DT_JMPREL,
	DT_INIT,   DT_FINI,   DT_MIPS_XHASH, DT_INIT_ARRAY, DT_PLTGOT,
};

/* Bytes from ADDRESS to the next thing that the dynamic section names, at most MOST. */
static uint64_t up_to_neighbour(const struct bs_image *image, uint64_t address, uint64_t most)
{
	for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++) {
		uint64_t other;

		if (bs_dynamic_find(image, neighbours[i], &other) && other > address &&
		    other - address < most)
			most = other - address;
	}
	return most;
}

/* How many symbols the object has for certain: as many as its hash tables speak of. */
static uint64_t hashed_symbols(const struct bs_image *image)
{
	const struct bs_gnu_hash *gnu = &image->gnu_hash;
	uint64_t n = image->sysv_hash.n_chain;

	if (gnu->n_chain && (uint64_t)gnu->symbol_base + gnu->n_chain > n)
		n = (uint64_t)gnu->symbol_base + gnu->n_chain;
	return n;
}

void bs_read_symbols(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	struct bs_symbol_table *table = &image->symbols;
	struct bs_range range = bs_range_of_tag(r, DT_SYMTAB, "DT_SYMTAB");
	uint64_t size = bs_entry_size(r, ELF_T_SYM);

	table->wide = r->wide;
	if (!range.n)
		return;
	uint64_t room = range.n / size, sure = hashed_symbols(image);
	uint64_t n = up_to_neighbour(image, bs_image_dynamic(image, DT_SYMTAB, 0), range.n) / size;

	if (n < sure)
		n = sure;
	if (n > room) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, range.offset,
			  "symbol table of %" PRIu64 " entries cut off at %" PRIu64, n, room);
		n = room;
	}
	if (n > UINT32_MAX)
		n = UINT32_MAX;
	table->n = n;
	table->entries = bs_host_order(r, range.offset, n, ELF_T_SYM);
	table->name_hashes = bs_new(r->arena, uint32_t, n);
	/* Of a small array all pages will be written; to read them before would bring each in
	 * twice. */
	if (n <= SMALL)
		memset(table->name_hashes, 0, n * sizeof *table->name_hashes);

	range = bs_range_of_tag(r, DT_VERSYM, "DT_VERSYM");
	if (!range.n)
		return;
	room = range.n / sizeof(uint16_t);
	if (room < sure)
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, range.offset,
			  "DT_VERSYM of %" PRIu64 " entries cut off at %" PRIu64, sure, room);
	table->n_versym = room < n ? room : n;
	table->versym = bs_host_order(r, range.offset, table->n_versym, ELF_T_HALF);
}

const char *bs_symbol_type_name(struct bs_arena *arena, unsigned type)
{
	static const char *const names[] = {
		[STT_NOTYPE] = "notype", [STT_OBJECT] = "object", [STT_FUNC] = "func",
		[STT_COMMON] = "common", [STT_TLS] = "tls",	  [STT_GNU_IFUNC] = "ifunc",
	};
	const char *name = type < sizeof names / sizeof *names ? names[type] : NULL;

	return name ? name : bs_arena_printf(arena, "%u", type);
}
