/* SPDX-License-Identifier: MIT */
#include "frame.h"

static const struct {
	uint16_t machine;
	uint8_t elf_class, data;
} kinds[BS_FRAME_KINDS] = {
	{ EM_X86_64, ELFCLASS64, ELFDATA2LSB },	 { EM_X86_64, ELFCLASS32, ELFDATA2LSB },
	{ EM_386, ELFCLASS32, ELFDATA2LSB },	 { EM_AARCH64, ELFCLASS64, ELFDATA2LSB },
	{ EM_ARM, ELFCLASS32, ELFDATA2LSB },	 { EM_RISCV, ELFCLASS64, ELFDATA2LSB },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB },	 { EM_S390, ELFCLASS64, ELFDATA2MSB },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB },	 { EM_MIPS, ELFCLASS32, ELFDATA2MSB },
	{ EM_SPARCV9, ELFCLASS64, ELFDATA2MSB }, { EM_NONE, ELFCLASS64, ELFDATA2LSB },
};

/* Shortest first: two that are equal but for their end, and one that many ask for. */
const char *const bs_frame_names[BS_FRAME_NAMES] = {
	"",  "a",  "b",	   "f",	     "g",     "ab",	   "V1",	"V_2",
	"x", "xy", "main", "malloc", "__cxa", "libc.so.6", "GLIBC_2.4", "_ZN1aC1Ev",
};

static void store(const struct bs_fuzz_frame *f, uint8_t *at, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		at[f->big ? width - 1 - i : i] = (uint8_t)(value >> 8 * i);
}

static unsigned word_of(const struct bs_fuzz_frame *f)
{
	return f->wide ? 8 : 4;
}

static size_t header_size(const struct bs_fuzz_frame *f)
{
	return f->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
}

static size_t segment_size(const struct bs_fuzz_frame *f)
{
	return f->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

#define PUT(f, base, type, member, value)                                                          \
	((f)->wide ? store((f), (base) + offsetof(Elf64_##type, member), (value),                  \
			   sizeof((Elf64_##type){ 0 }.member))                                     \
		   : store((f), (base) + offsetof(Elf32_##type, member), (value),                  \
			   sizeof((Elf32_##type){ 0 }.member)))

void bs_frame_begin(struct bs_fuzz_frame *f, unsigned kind)
{
	kind %= BS_FRAME_KINDS;
	f->machine = kinds[kind].machine;
	f->wide = kinds[kind].elf_class == ELFCLASS64;
	f->big = kinds[kind].data == ELFDATA2MSB;
	f->n_entries = 0;
	f->n_segments = 0;
	f->dynamic = header_size(f) + BS_FRAME_SEGMENTS * segment_size(f);
	f->n = f->dynamic + BS_FRAME_ENTRIES * 2 * (size_t)word_of(f);
	memset(f->bytes, 0, f->n);
	memcpy(f->bytes, ELFMAG, SELFMAG);
	f->bytes[EI_CLASS] = kinds[kind].elf_class;
	f->bytes[EI_DATA] = kinds[kind].data;
	f->bytes[EI_VERSION] = EV_CURRENT;
}

uint64_t bs_frame_add(struct bs_fuzz_frame *f, struct bs_fuzz_in part, unsigned align)
{
	size_t at = (f->n + align - 1) / align * align;

	if (at > BS_FRAME_BYTES)
		at = BS_FRAME_BYTES;
	if (part.n > BS_FRAME_BYTES - at)
		part.n = BS_FRAME_BYTES - at;
	memset(f->bytes + f->n, 0, at - f->n);
	if (part.n)
		memcpy(f->bytes + at, part.at, part.n);
	f->n = at + part.n;
	return at;
}

uint64_t bs_frame_number(struct bs_fuzz_frame *f, uint64_t value, unsigned width)
{
	uint8_t bytes[8];

	width = width ? width : word_of(f);
	store(f, bytes, value, width);
	return bs_frame_add(f, (struct bs_fuzz_in){ bytes, width }, 1);
}

void bs_frame_entry(struct bs_fuzz_frame *f, int64_t tag, uint64_t value)
{
	size_t word = word_of(f);
	uint8_t *at = f->bytes + f->dynamic + f->n_entries * 2 * word;

	/* The last one stays DT_NULL. */
	if (f->n_entries + 1 >= BS_FRAME_ENTRIES)
		return;
	f->n_entries++;
	store(f, at, (uint64_t)tag, (unsigned)word);
	store(f, at + word, value, (unsigned)word);
}

void bs_frame_segment(struct bs_fuzz_frame *f, uint32_t type, uint32_t flags, uint64_t at,
		      uint64_t n, uint64_t align)
{
	uint8_t *p = f->bytes + header_size(f) + f->n_segments * segment_size(f);

	if (f->n_segments >= BS_FRAME_SEGMENTS)
		return;
	f->n_segments++;
	PUT(f, p, Phdr, p_type, type);
	PUT(f, p, Phdr, p_flags, flags);
	PUT(f, p, Phdr, p_offset, at);
	PUT(f, p, Phdr, p_vaddr, at);
	PUT(f, p, Phdr, p_paddr, at);
	PUT(f, p, Phdr, p_filesz, n);
	PUT(f, p, Phdr, p_memsz, n);
	PUT(f, p, Phdr, p_align, align);
}

void bs_frame_symbols(struct bs_fuzz_frame *f, unsigned n)
{
	size_t size = f->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint32_t names[BS_FRAME_NAMES];
	uint8_t symbol[sizeof(Elf64_Sym)];

	f->strings = f->n;
	for (unsigned i = 0; i < BS_FRAME_NAMES; i++) {
		const struct bs_fuzz_in name = { (const uint8_t *)bs_frame_names[i],
						 strlen(bs_frame_names[i]) + 1 };

		names[i] = (uint32_t)(bs_frame_add(f, name, 1) - f->strings);
	}
	bs_frame_entry(f, DT_STRTAB, f->strings);
	bs_frame_entry(f, DT_STRSZ, f->n - f->strings);
	for (unsigned i = 0; i < n; i++) {
		memset(symbol, 0, sizeof symbol);
		PUT(f, symbol, Sym, st_name, names[i % BS_FRAME_NAMES]);
		PUT(f, symbol, Sym, st_value, i % 4 == 3 ? 0 : 64 + 8 * i);
		PUT(f, symbol, Sym, st_size, 8);
		PUT(f, symbol, Sym, st_info, i ? 0x12 : 0);
		PUT(f, symbol, Sym, st_shndx, i % 4 == 3 ? 0 : 1);
		uint64_t at = bs_frame_add(f, (struct bs_fuzz_in){ symbol, size }, word_of(f));

		if (i == 0)
			bs_frame_entry(f, DT_SYMTAB, at);
	}
	bs_frame_entry(f, DT_SYMENT, size);
}

struct bs_fuzz_in bs_frame_end(struct bs_fuzz_frame *f, size_t cut)
{
	size_t n = cut < f->n ? f->n - cut : 0;

	bs_frame_segment(f, PT_LOAD, PF_R | PF_W | PF_X, 0, f->n, 4096);
	bs_frame_segment(f, PT_DYNAMIC, PF_R | PF_W, f->dynamic,
			 BS_FRAME_ENTRIES * 2 * (uint64_t)word_of(f), word_of(f));
	PUT(f, f->bytes, Ehdr, e_type, ET_DYN);
	PUT(f, f->bytes, Ehdr, e_machine, f->machine);
	PUT(f, f->bytes, Ehdr, e_version, EV_CURRENT);
	PUT(f, f->bytes, Ehdr, e_phoff, header_size(f));
	PUT(f, f->bytes, Ehdr, e_ehsize, header_size(f));
	PUT(f, f->bytes, Ehdr, e_phentsize, segment_size(f));
	PUT(f, f->bytes, Ehdr, e_phnum, f->n_segments);
	return (struct bs_fuzz_in){ f->bytes, n };
}
