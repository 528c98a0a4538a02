/* SPDX-License-Identifier: MIT */
/*
 * What a file is, by the few bytes that say so: a directory tree has a hundred files for each that
 * is worth an image.
 */
#include "elf.h"

#include <byteswap.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_ONCE = 4096,		/* bytes: the headers are mostly among them */
	MOST_SEGMENTS = 256,	/* looked at; linkers make some ten */
	MOST_DYNAMIC = 16 << 10 /* bytes of the dynamic section */
};

struct file {
	int fd;
	uint8_t first[AT_ONCE];
	size_t n_first;
	bool wide, foreign;
};

/* The N bytes at OFFSET, in BUFFER or among those that were read first; NULL: there are not so
 * many. */
static const uint8_t *bytes_at(const struct file *f, uint64_t offset, size_t n, uint8_t *buffer)
{
	if (offset <= f->n_first && n <= f->n_first - offset)
		return f->first + offset;
	if (offset > INT64_MAX || bs_read_up_to(f->fd, buffer, n, offset) != (ssize_t)n)
		return NULL;
	return buffer;
}

static uint64_t number_at(const struct file *f, const uint8_t *bytes, size_t size)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (size) {
	case 2:
		memcpy(&two, bytes, size);
		return f->foreign ? bswap_16(two) : two;
	case 4:
		memcpy(&four, bytes, size);
		return f->foreign ? bswap_32(four) : four;
	default:
		memcpy(&eight, bytes, size);
		return f->foreign ? bswap_64(eight) : eight;
	}
}

/* The member of a struct of ELF32 or ELF64 that starts at BYTES. */
#define MEMBER(f, bytes, type, member)                                                             \
	((f)->wide ? number_at((f), (bytes) + offsetof(Elf64_##type, member),                      \
			       sizeof((Elf64_##type){ 0 }.member))                                 \
		   : number_at((f), (bytes) + offsetof(Elf32_##type, member),                      \
			       sizeof((Elf32_##type){ 0 }.member)))

struct segments {
	bool interp, dynamic;
	uint64_t offset, n; /* of the dynamic section */
};

static bool read_segments(const struct file *f, struct segments *ret)
{
	uint8_t buffer[sizeof(Elf64_Phdr)];
	uint64_t offset = MEMBER(f, f->first, Ehdr, e_phoff);
	uint64_t n = MEMBER(f, f->first, Ehdr, e_phnum);
	size_t size = f->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (MEMBER(f, f->first, Ehdr, e_phentsize) != size)
		return false;
	for (uint64_t i = 0; i < n && i < MOST_SEGMENTS; i++) {
		const uint8_t *p = bytes_at(f, offset + i * size, size, buffer);

		if (!p)
			return false;
		uint64_t type = MEMBER(f, p, Phdr, p_type);

		ret->interp |= type == PT_INTERP;
		if (type != PT_DYNAMIC)
			continue;
		ret->dynamic = true;
		ret->offset = MEMBER(f, p, Phdr, p_offset);
		ret->n = MEMBER(f, p, Phdr, p_filesz);
	}
	return true;
}

struct marks {
	bool soname, pie;
};

static struct marks read_dynamic(const struct file *f, const struct segments *segments)
{
	struct marks marks = { 0 };
	uint8_t buffer[MOST_DYNAMIC];
	size_t size = f->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	size_t n = segments->n < MOST_DYNAMIC ? (size_t)segments->n : MOST_DYNAMIC;
	const uint8_t *bytes = bytes_at(f, segments->offset, n, buffer);

	for (size_t at = 0; bytes && n - at >= size; at += size) {
		uint64_t tag = MEMBER(f, bytes + at, Dyn, d_tag);

		if (tag == DT_NULL)
			break;
		marks.soname |= tag == DT_SONAME;
		if (tag == DT_FLAGS_1)
			marks.pie = MEMBER(f, bytes + at, Dyn, d_un) & DF_1_PIE;
	}
	return marks;
}

/* The same judgement as on an image in src/sim/look.c, but for programs with no dynamic section. */
static enum bs_peeked judge(const struct file *f)
{
	struct segments segments = { 0 };
	uint64_t type = number_at(f, f->first + offsetof(Elf64_Ehdr, e_type), 2);
	bool known = bs_machine_find(
		(uint16_t)number_at(f, f->first + offsetof(Elf64_Ehdr, e_machine), 2),
		f->first[EI_CLASS], f->first[EI_DATA]);

	if (type != ET_EXEC && type != ET_DYN)
		return BS_PEEKED_OTHER;
	if (!read_segments(f, &segments))
		return BS_PEEKED_OTHER;
	struct marks marks = { 0 };

	if (type == ET_DYN && segments.dynamic)
		marks = read_dynamic(f, &segments);
	if (type == ET_EXEC || marks.pie) {
		/* What has no dynamic section has nothing to bind, whoever starts it (klibc). */
		if (!segments.interp || !segments.dynamic)
			return BS_PEEKED_STATIC;
		return known ? BS_PEEKED_PROGRAM : BS_PEEKED_FOREIGN;
	}
	if (!segments.dynamic)
		return BS_PEEKED_OTHER;
	if (!known)
		return BS_PEEKED_FOREIGN;
	return segments.interp && !marks.soname ? BS_PEEKED_PROGRAM : BS_PEEKED_LIBRARY;
}

enum bs_peeked bs_peek(int fd)
{
	struct file f = { .fd = fd };
	ssize_t n = bs_read_up_to(fd, f.first, 4, 0);

	if (n < 0)
		return BS_PEEKED_UNREADABLE;
	if (n >= 2 && memcmp(f.first, "#!", 2) == 0)
		return BS_PEEKED_SCRIPT;
	if (n < 4 || memcmp(f.first, ELFMAG, SELFMAG) != 0)
		return BS_PEEKED_OTHER;
	n = bs_read_up_to(fd, f.first, sizeof f.first, 0);
	if (n < EI_NIDENT)
		return n < 0 ? BS_PEEKED_UNREADABLE : BS_PEEKED_OTHER;
	f.n_first = (size_t)n;
	f.wide = f.first[EI_CLASS] == ELFCLASS64;
	f.foreign = (f.first[EI_DATA] == ELFDATA2MSB) != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	if ((!f.wide && f.first[EI_CLASS] != ELFCLASS32) ||
	    (f.first[EI_DATA] != ELFDATA2LSB && f.first[EI_DATA] != ELFDATA2MSB) ||
	    f.n_first < (f.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return BS_PEEKED_OTHER;
	return judge(&f);
}
