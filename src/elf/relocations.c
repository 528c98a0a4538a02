/* SPDX-License-Identifier: MIT */
/*
 * The runs of relocations that the loader makes of DT_REL, DT_RELA and DT_JMPREL
 * (glibc elf/dynamic-link.h:_ELF_DYNAMIC_DO_RELOC, elf/do-rel.h), and the count of DT_RELR.
 */
#include "elf-priv.h"

#include <inttypes.h>

/* What differs between REL and RELA. */
struct flavour {
	int64_t table, size, entry, count;
	const char *table_name, *size_name, *entry_name;
	Elf_Type type;
};

static const struct flavour rel = {
	.table = DT_REL,
	.size = DT_RELSZ,
	.entry = DT_RELENT,
	.count = DT_RELCOUNT,
	.table_name = "DT_REL",
	.size_name = "DT_RELSZ",
	.entry_name = "DT_RELENT",
	.type = ELF_T_REL,
};

static const struct flavour rela = {
	.table = DT_RELA,
	.size = DT_RELASZ,
	.entry = DT_RELAENT,
	.count = DT_RELACOUNT,
	.table_name = "DT_RELA",
	.size_name = "DT_RELASZ",
	.entry_name = "DT_RELAENT",
	.type = ELF_T_RELA,
};

/* A run of relocations by addresses, as the loader computes with it. */
struct run {
	uint64_t start, size;
};

static enum bs_reloc_format format_of(const struct bs_reader *r, const struct flavour *f)
{
	const uint8_t *ident = r->image->header.ident;
	bool addends = f->type == ELF_T_RELA;

	if (!r->wide)
		return addends ? BS_RELA32 : BS_REL32;
	if (r->image->header.machine == EM_MIPS && ident[EI_DATA] == ELFDATA2LSB)
		return addends ? BS_RELA_MIPS64 : BS_REL_MIPS64;
	return addends ? BS_RELA64 : BS_REL64;
}

/* The value of a tag that the loader reads without asking whether it is there. */
static bool demand(struct bs_reader *r, int64_t tag, const char *name, const char *for_whom,
		   uint64_t *ret)
{
	if (bs_dynamic_find(r->image, tag, ret))
		return true;
	bs_broken(r, BS_DIAG_MALFORMED, BS_NO_OFFSET, "%s without %s", for_whom, name);
	return false;
}

static struct bs_reloc_table make_table(struct bs_reader *r, const struct flavour *f,
					const char *name, struct run run)
{
	struct bs_reloc_table table = { .format = format_of(r, f) };
	uint64_t size = bs_entry_size(r, f->type);
	struct bs_range range = bs_range_at(r, run.start);
	uint64_t room = range.n / size;

	if (!run.size)
		return table;
	/* The loader goes on as long as an entry starts before the end. */
	uint64_t n = run.size / size + (run.size % size != 0);

	if (n > room) {
		range = bs_range_to_page_end(r, run.start);
		room = range.n / size;
	}
	table.offset = range.offset;
	if (n > room)
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, range.n ? range.offset : BS_NO_OFFSET,
			  "%s of %" PRIu64 " entries cut off at %" PRIu64, name, n, room);
	else if (run.size % size)
		bs_noted(r, BS_DIAG_MALFORMED, range.offset,
			 "%s of 0x%" PRIx64 " bytes, not a multiple of the entry size", name,
			 run.size);
	n = n < room ? n : room;
	if (n > UINT32_MAX)
		n = UINT32_MAX;
	table.n = n;
	if (n)
		table.entries = bs_host_order(r, range.offset, n, f->type);
	return table;
}

/* DT_JMPREL, which counts only with DT_PLTREL; then *RET_FLAVOUR says which kind it has. */
static struct run find_plt(struct bs_reader *r, const struct flavour **ret_flavour)
{
	uint64_t kind;
	struct run plt = { 0 };

	if (!bs_dynamic_find(r->image, DT_PLTREL, &kind))
		return plt;
	bool takes_rel = !r->image->machine || r->image->machine->takes_rel;

	*ret_flavour = kind == DT_REL ? &rel : &rela;
	if (kind != DT_RELA && (kind != DT_REL || !takes_rel)) {
		/* The loader has an assertion against it. */
		bs_broken(r, BS_DIAG_MALFORMED, bs_tag_offset(r, DT_PLTREL),
			  "DT_PLTREL of %" PRIu64, kind);
		return plt;
	}
	if (!demand(r, DT_JMPREL, "DT_JMPREL", "DT_PLTREL", &plt.start) ||
	    !demand(r, DT_PLTRELSZ, "DT_PLTRELSZ", "DT_PLTREL", &plt.size))
		plt.size = 0;
	return plt;
}

/*
 * How many of N relative entries TABLE has. The loader does N of them, whatever the table's size
 * (glibc elf/do-rel.h); with an assertion for each on x86
 * (sysdeps/{x86_64,i386}/dl-machine.h:elf_machine_rela_relative, elf_machine_rel_relative). Linkers
 * put them first: the last tells for all.
 */
static uint32_t check_relative(struct bs_reader *r, const struct flavour *f,
			       const struct bs_reloc_table *table, uint64_t n)
{
	const struct bs_machine *machine = r->image->machine;
	bool asserts = machine && (machine->e_machine == EM_X86_64 || machine->e_machine == EM_386);
	bool sound = n <= table->n;

	if (sound && n && asserts) {
		struct bs_relocation last = bs_reloc_at(table, (uint32_t)n - 1);

		sound = bs_machine_kind(machine, last.type) == BS_RELOC_RELATIVE;
	}
	if (!sound)
		(asserts ? bs_broken : bs_noted)(
			r, BS_DIAG_MALFORMED, bs_tag_offset(r, f->count),
			"%s of %" PRIu32 " entries said to start with %" PRIu64 " relative ones",
			f->table_name, table->n, n);
	return n < table->n ? (uint32_t)n : table->n;
}

static void read_eager(struct bs_reader *r, const struct flavour *f, const struct run *plt)
{
	struct bs_relocations *relocations = &r->image->relocations;
	struct run run = { 0 };
	uint64_t entry, n_relative = 0;

	if (!bs_dynamic_find(r->image, f->table, &run.start))
		return;
	if (demand(r, f->entry, f->entry_name, f->table_name, &entry) &&
	    entry != bs_entry_size(r, f->type))
		bs_broken(r, BS_DIAG_MALFORMED, bs_tag_offset(r, f->entry), "%s of %" PRIu64,
			  f->entry_name, entry);
	/* Beside DT_RELR the address may be 0, which stands for none. */
	if (!run.start || !demand(r, f->size, f->size_name, f->table_name, &run.size))
		return;
	bs_dynamic_find(r->image, f->count, &n_relative);

	/* Some linkers count the PLT's relocations in: they stay with the PLT. */
	if (plt && plt->size && run.start + run.size == plt->start + plt->size) {
		if (plt->size > run.size)
			bs_noted(r, BS_DIAG_MALFORMED, bs_tag_offset(r, f->size),
				 "%s smaller than the DT_JMPREL in it", f->table_name);
		run.size -= plt->size < run.size ? plt->size : run.size;
	}
	struct bs_reloc_table table = make_table(r, f, f->table_name, run);

	table.n_relative = check_relative(r, f, &table, n_relative);
	if (table.n)
		relocations->eager[relocations->n_eager++] = table;
}

/* An even word is an address; an odd one has a bit for each of the next 31 or 63 words. */
static void count_relr(struct bs_reader *r)
{
	struct bs_relocations *relocations = &r->image->relocations;
	uint64_t size, entry, word = bs_entry_size(r, ELF_T_ADDR);

	if (!bs_image_has_dynamic(r->image, DT_RELR))
		return;
	relocations->has_relr = true;
	if (demand(r, DT_RELRENT, "DT_RELRENT", "DT_RELR", &entry) && entry != word)
		bs_broken(r, BS_DIAG_MALFORMED, bs_tag_offset(r, DT_RELRENT),
			  "DT_RELRENT of %" PRIu64, entry);
	if (!demand(r, DT_RELRSZ, "DT_RELRSZ", "DT_RELR", &size) || !size)
		return;
	struct bs_range range = bs_range_of_tag(r, DT_RELR, "DT_RELR");

	if (!range.n)
		return;
	if (size > range.n) {
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, range.offset,
			  "DT_RELR of 0x%" PRIx64 " bytes cut off at 0x%" PRIx64, size, range.n);
		size = range.n;
	}
	for (uint64_t at = 0; at + word <= size; at += word) {
		uint64_t value = bs_load_word(r, range.offset + at);

		relocations->n_relr += value & 1 ? (uint64_t)__builtin_popcountll(value >> 1) : 1;
	}
}

void bs_read_relocations(struct bs_reader *r)
{
	const struct bs_machine *machine = r->image->machine;
	const struct flavour *of_plt = NULL;
	struct run plt = find_plt(r, &of_plt);

	if (!machine || machine->takes_rel)
		read_eager(r, &rel, of_plt == &rel ? &plt : NULL);
	read_eager(r, &rela, of_plt == &rela ? &plt : NULL);
	if (of_plt)
		r->image->relocations.plt = make_table(r, of_plt, "DT_JMPREL", plt);
	count_relr(r);
	if (machine && machine->has_bound_got && r->image->has_dynamic)
		bs_read_mips_got(r);
}
