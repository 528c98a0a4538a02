/* SPDX-License-Identifier: MIT */
/*
 * A program that nobody knows, for shared objects that are asked about without one: an ELF file of
 * their machine that needs nothing and defines nothing, as `ld.so FILE` would start it.
 */
#include "sim-priv.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

struct file {
	uint8_t bytes[512];
	size_t n;
	bool wide, is_big_endian;
};

static void put(struct file *f, size_t size, uint64_t value)
{
	assert(f->n + size <= sizeof f->bytes);
	for (size_t i = 0; i < size; i++)
		f->bytes[f->n + (f->is_big_endian ? size - 1 - i : i)] =
			(uint8_t)(value >> (8 * i));
	f->n += size;
}

/* An address, an offset or a size. */
static void put_word(struct file *f, uint64_t value)
{
	put(f, f->wide ? 8 : 4, value);
}

static void put_header(struct file *f, const struct bs_elf_header *like)
{
	const size_t size = f->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);

	for (size_t i = 0; i < EI_NIDENT; i++)
		put(f, 1, i < EI_OSABI ? like->ident[i] : 0);
	put(f, 2, ET_DYN);
	put(f, 2, like->machine);
	put(f, 4, EV_CURRENT);
	put_word(f, 0);
	put_word(f, size);
	put_word(f, 0);
	put(f, 4, like->flags);
	put(f, 2, size);
	put(f, 2, f->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	put(f, 2, 2);
	put(f, 2, 0);
	put(f, 2, 0);
	put(f, 2, 0);
}

static void put_segment(struct file *f, uint32_t type, uint64_t offset, uint64_t size,
			uint64_t align)
{
	put(f, 4, type);
	if (f->wide)
		put(f, 4, PF_R);
	put_word(f, offset);
	put_word(f, offset);
	put_word(f, offset);
	put_word(f, size);
	put_word(f, size);
	if (!f->wide)
		put(f, 4, PF_R);
	put_word(f, align);
}

static void put_dynamic(struct file *f, uint64_t tag, uint64_t value)
{
	put_word(f, tag);
	put_word(f, value);
}

/* Every table is there, for there are loaders that ask for none of them first. */
static void put_all(struct file *f, const struct bs_elf_header *like, size_t hash_word)
{
	enum { N_DYNAMIC = 6, N_HASH = 4 };
	const size_t word = f->wide ? 8 : 4;
	const size_t dynamic = f->wide ? sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr)
				       : sizeof(Elf32_Ehdr) + 2 * sizeof(Elf32_Phdr);
	const size_t hash = (dynamic + N_DYNAMIC * 2 * word + 7) & ~(size_t)7;
	const size_t symbols = hash + N_HASH * hash_word;
	const size_t symbol = f->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const size_t strings = symbols + symbol, end = strings + 1;

	put_header(f, like);
	put_segment(f, PT_LOAD, 0, end, 0x1000);
	put_segment(f, PT_DYNAMIC, dynamic, N_DYNAMIC * 2 * word, word);
	put_dynamic(f, DT_HASH, hash);
	put_dynamic(f, DT_SYMTAB, symbols);
	put_dynamic(f, DT_SYMENT, symbol);
	put_dynamic(f, DT_STRTAB, strings);
	put_dynamic(f, DT_STRSZ, 1);
	put_dynamic(f, DT_NULL, 0);
	while (f->n < hash)
		put(f, 1, 0);
	/* One bucket, one chain: those of the symbol that is none. */
	put(f, hash_word, 1);
	put(f, hash_word, 1);
	while (f->n < end)
		put(f, 1, 0);
}

int bs_unknown_program(const struct bs_image *like)
{
	struct file file = {
		.wide = like->header.ident[EI_CLASS] == ELFCLASS64,
		.is_big_endian = like->header.ident[EI_DATA] == ELFDATA2MSB,
	};
	int fd = memfd_create("program", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	put_all(&file, &like->header, like->machine->hash_words_are_64 ? 8 : 4);
	if (bs_write_all(fd, file.bytes, file.n))
		return fd;
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}
