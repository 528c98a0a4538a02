/* SPDX-License-Identifier: MIT */
/*
 * Mutations that know ELF: most random bytes of a file are code, which nobody reads here. One field
 * of a header, of the dynamic section, or of a table that the dynamic section names is changed.
 */
#include "fuzz.h"

#include <elf.h>
#include <string.h>

static uint32_t next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static uint64_t odd_value(unsigned *seed, uint64_t old, size_t n)
{
	switch (next(seed) % 10) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return old + 1;
	case 3:
		return old - 1;
	case 4:
		return old ^ (uint64_t)1 << (next(seed) % 64);
	case 5:
		return n - next(seed) % 64;
	case 6:
		return (uint64_t)1 << (next(seed) % 64);
	case 7:
		return next(seed) % n;
	case 8:
		return old + next(seed) % 64 * 8;
	default:
		return next(seed) % 64;
	}
}

/* Gives the WIDTH bytes at AT another value. */
static void change(uint8_t *data, size_t n, uint64_t at, unsigned width, unsigned *seed)
{
	uint64_t value = 0;

	if (at > n || n - at < width)
		return;
	memcpy(&value, data + at, width);
	value = odd_value(seed, value, n);
	memcpy(data + at, &value, width);
}

struct dynamic {
	uint64_t at, n; /* entries */
};

static struct dynamic find_dynamic(const uint8_t *data, size_t n, const Elf64_Ehdr *header)
{
	for (unsigned i = 0; i < header->e_phnum; i++) {
		uint64_t at = header->e_phoff + i * sizeof(Elf64_Phdr);
		Elf64_Phdr p;

		if (at > n || n - at < sizeof p)
			break;
		memcpy(&p, data + at, sizeof p);
		if (p.p_type == PT_DYNAMIC && p.p_offset < n)
			return (struct dynamic){ p.p_offset, (n - p.p_offset) / sizeof(Elf64_Dyn) };
	}
	return (struct dynamic){ 0 };
}

/* The places of the files that are made for this have the offsets of their addresses. */
static void change_table(uint8_t *data, size_t n, const Elf64_Dyn *d, unsigned *seed)
{
	static const struct {
		int64_t tag;
		unsigned reach, width;
	} tables[] = {
		{ DT_GNU_HASH, 256, 4 }, { DT_HASH, 256, 4 },	 { DT_SYMTAB, 512, 4 },
		{ DT_VERSYM, 64, 2 },	 { DT_VERNEED, 128, 4 }, { DT_VERDEF, 128, 4 },
		{ DT_RELA, 512, 8 },	 { DT_JMPREL, 512, 8 },	 { DT_STRTAB, 512, 1 },
		{ DT_SYMTAB, 512, 1 },	 { DT_GNU_HASH, 64, 4 }, { DT_VERNEED, 64, 2 },
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (tables[i].tag == d->d_tag && d->d_un.d_ptr < n)
			change(data, n,
			       d->d_un.d_ptr + next(seed) % tables[i].reach / tables[i].width *
						       tables[i].width,
			       tables[i].width, seed);
}

void bs_fuzz_mutate_elf(uint8_t *data, size_t n, unsigned seed)
{
	Elf64_Ehdr header;

	if (n < sizeof header)
		return;
	memcpy(&header, data, sizeof header);
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return;
	struct dynamic dynamic = find_dynamic(data, n, &header);
	uint32_t choice = next(&seed) % 16;

	if (choice == 0) {
		change(data, n, next(&seed) % sizeof header, 1, &seed);
		return;
	}
	if (choice < 3) {
		change(data, n, header.e_phoff + next(&seed) % (header.e_phnum * 7 + 1) * 8, 8,
		       &seed);
		return;
	}
	if (!dynamic.n)
		return;
	if (dynamic.n > 40)
		dynamic.n = 40;
	uint64_t at = dynamic.at + next(&seed) % dynamic.n * sizeof(Elf64_Dyn);

	if (choice < 5) {
		change(data, n, at + 8 * (next(&seed) % 4 != 0), 8, &seed);
		return;
	}
	for (uint64_t i = 0; i < dynamic.n; i++, at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn d;

		if (at > n || n - at < sizeof d)
			return;
		memcpy(&d, data + at, sizeof d);
		change_table(data, n, &d, &seed);
		if (next(&seed) % 4 == 0)
			return;
	}
}

void bs_fuzz_cut(const uint8_t *data, size_t n, struct bs_fuzz_part *parts)
{
	size_t at = BS_FUZZ_PARTS * 4;

	for (int i = 0; i < BS_FUZZ_PARTS; i++) {
		uint32_t size = 0;

		parts[i] = (struct bs_fuzz_part){ 0 };
		if (at > n)
			continue;
		memcpy(&size, data + (size_t)i * 4, 4);
		uint8_t choice = (uint8_t)(size >> 24);

		size &= 0xffffff;
		if (size > n - at)
			size = (uint32_t)(n - at);
		parts[i] = (struct bs_fuzz_part){ data + at, size, choice };
		at += size;
	}
}

size_t bs_fuzz_mutate_parts(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	struct bs_fuzz_part parts[BS_FUZZ_PARTS];

	if (LLVMFuzzerMutate && seed % 8 == 0)
		return LLVMFuzzerMutate(data, n, room);
	bs_fuzz_cut(data, n, parts);
	unsigned which = seed / 8 % BS_FUZZ_PARTS;
	const struct bs_fuzz_part *part = &parts[which];
	size_t at = part->bytes ? (size_t)(part->bytes - data) : 0;

	if (part->n && which == BS_FUZZ_PARTS - 1)
		bs_fuzz_mutate_bytes(data + at, part->n, part->n, seed);
	else if (part->n)
		bs_fuzz_mutate_elf(data + at, part->n, seed);
	if (LLVMFuzzerMutate && part->n) {
		data[3] = (uint8_t)(next(&seed) % 255 + 1);
		data[7] = (uint8_t)(next(&seed) % 255 + 1);
	}
	return n;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* Puts the N_NEW bytes at NEW in the place of N_OLD at AT. */
static size_t replace(uint8_t *data, size_t n, size_t room, size_t at, size_t n_old,
		      const void *new, size_t n_new)
{
	if (n_old > n - at)
		n_old = n - at;
	if (n - n_old + n_new > room)
		return n;
	memmove(data + at + n_new, data + at + n_old, n - at - n_old);
	memcpy(data + at, new, n_new);
	return n - n_old + n_new;
}

size_t bs_fuzz_mutate_words(uint8_t *data, size_t n, size_t room, unsigned seed,
			    const char *const *words, size_t n_words)
{
	const char *word = words[next(&seed) % n_words];
	size_t at = n ? next(&seed) % n : 0, length = next(&seed) % 24;
	uint8_t span[24];

	if (LLVMFuzzerMutate && seed % 3 == 0)
		return LLVMFuzzerMutate(data, n, room);
	switch (next(&seed) % 4) {
	case 0:
		return replace(data, n, room, at, length, "", 0);
	case 1:
		return replace(data, n, room, at, 0, word, strlen(word));
	case 2:
		return replace(data, n, room, at, length, word, strlen(word));
	default:
		/* A piece of it somewhere else. */
		length = length < n - at ? length : n - at;
		memcpy(span, data + at, length);
		return replace(data, n, room, n ? next(&seed) % n : 0, 0, span, length);
	}
}

size_t bs_fuzz_mutate_bytes(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	if (LLVMFuzzerMutate)
		return LLVMFuzzerMutate(data, n, room);
	size_t at = n ? next(&seed) % n : 0, length = next(&seed) % 16;
	unsigned width = 1u << next(&seed) % 4;
	uint8_t span[16];

	switch (next(&seed) % 8) {
	case 0:
		return replace(data, n, room, at, length, "", 0);
	case 1:
		/* A piece of it somewhere else. */
		length = length < n - at ? length : n - at;
		memcpy(span, data + at, length);
		return replace(data, n, room, n ? next(&seed) % n : 0, 0, span, length);
	case 2:
		if (n)
			data[at] = (uint8_t)next(&seed);
		return n;
	default:
		if (n)
			change(data, n, at / width * width, width, &seed);
		return n;
	}
}
