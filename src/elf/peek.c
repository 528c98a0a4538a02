/* SPDX-License-Identifier: MIT */
/*
 * What a file is, by the few bytes that say so: a directory tree has a hundred files for each that
 * is worth an image.
 */
#include "elf.h"

#include <byteswap.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	AT_ONCE = 4096,		 /* bytes: the headers are mostly among them */
	MOST_SEGMENTS = 256,	 /* looked at; linkers make some ten */
	MOST_DYNAMIC = 16 << 10, /* bytes of the dynamic section */
	MOST_SECTIONS = 1024
};

struct file {
	int fd;		      /* -1: it lies at WHOLE */
	const uint8_t *whole; /* N_WHOLE bytes */
	uint64_t n_whole;
	uint8_t first[AT_ONCE];
	size_t n_first;
	/* N_LATER bytes at LATER_AT: the headers of sections are asked for one by one. */
	uint8_t later[AT_ONCE];
	uint64_t later_at;
	size_t n_later;
	bool wide, foreign;
};

/* The N bytes at OFFSET, no more than AT_ONCE, until the next call; NULL: there are not so many. */
static const uint8_t *bytes_at(struct file *f, uint64_t offset, size_t n)
{
	if (offset <= f->n_first && n <= f->n_first - offset)
		return f->first + offset;
	if (f->fd < 0)
		return offset <= f->n_whole && n <= f->n_whole - offset ? f->whole + offset : NULL;
	if (offset < f->later_at || offset - f->later_at > f->n_later ||
	    n > f->n_later - (offset - f->later_at)) {
		f->n_later = bs_read_up_to(f->fd, f->later, sizeof f->later, offset);
		f->later_at = offset;
	}
	return n <= f->n_later - (offset - f->later_at) ? f->later + (offset - f->later_at) : NULL;
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
	uint64_t offset, n, address; /* of the dynamic section */
};

static bool read_segments(struct file *f, struct segments *ret)
{
	uint64_t offset = MEMBER(f, f->first, Ehdr, e_phoff);
	uint64_t n = MEMBER(f, f->first, Ehdr, e_phnum);
	size_t size = f->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	if (MEMBER(f, f->first, Ehdr, e_phentsize) != size)
		return false;
	for (uint64_t i = 0; i < n && i < MOST_SEGMENTS; i++) {
		const uint8_t *p = bytes_at(f, offset + i * size, size);

		if (!p)
			return false;
		uint64_t type = MEMBER(f, p, Phdr, p_type);

		ret->interp |= type == PT_INTERP;
		if (type != PT_DYNAMIC)
			continue;
		ret->dynamic = true;
		ret->offset = MEMBER(f, p, Phdr, p_offset);
		ret->n = MEMBER(f, p, Phdr, p_filesz);
		ret->address = MEMBER(f, p, Phdr, p_vaddr);
	}
	return true;
}

/*
 * What strip(1) and objcopy(1) put aside with --only-keep-debug has the headers of the whole file,
 * and none of the bytes that are loaded: those sections have become SHT_NOBITS. The program headers
 * may be those of the whole file or say nothing (binutils 2.35). In a file that can be loaded the
 * dynamic section has bytes, and so has some code: the .plt of 32-bit PowerPC has none, but is not
 * all.
 */
static bool is_separate_debug(struct file *f, const struct segments *segments)
{
	uint64_t offset = MEMBER(f, f->first, Ehdr, e_shoff);
	uint64_t n = MEMBER(f, f->first, Ehdr, e_shnum);
	size_t size = f->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	bool has_code = false, lacks_code = false;

	if (MEMBER(f, f->first, Ehdr, e_shentsize) != size)
		return false;
	for (uint64_t i = 0; i < n && i < MOST_SECTIONS; i++) {
		const uint8_t *s = bytes_at(f, offset + i * size, size);

		if (!s)
			return false;
		uint64_t flags = MEMBER(f, s, Shdr, sh_flags);
		bool is_there = MEMBER(f, s, Shdr, sh_type) != SHT_NOBITS;

		if (!(flags & SHF_ALLOC) || !MEMBER(f, s, Shdr, sh_size))
			continue;
		if (segments->dynamic && MEMBER(f, s, Shdr, sh_addr) == segments->address &&
		    !(flags & SHF_TLS))
			return !is_there;
		if (flags & SHF_EXECINSTR)
			*(is_there ? &has_code : &lacks_code) = true;
	}
	return lacks_code && !has_code;
}

struct marks {
	bool soname, pie;
};

static struct marks read_dynamic(struct file *f, const struct segments *segments)
{
	struct marks marks = { 0 };
	size_t size = f->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	uint64_t n = segments->n < MOST_DYNAMIC ? segments->n : MOST_DYNAMIC;

	for (uint64_t at = 0; n - at >= size; at += size) {
		const uint8_t *entry = bytes_at(f, segments->offset + at, size);
		uint64_t tag = entry ? MEMBER(f, entry, Dyn, d_tag) : DT_NULL;

		if (tag == DT_NULL)
			break;
		marks.soname |= tag == DT_SONAME;
		if (tag == DT_FLAGS_1)
			marks.pie = MEMBER(f, entry, Dyn, d_un) & DF_1_PIE;
	}
	return marks;
}

/* The same judgement as on an image in src/sim/look.c, but for programs with no dynamic section. */
static enum bs_peeked judge(struct file *f)
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
	if (is_separate_debug(f, &segments))
		return BS_PEEKED_DEBUG;
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

/* Whether F, whose first bytes are there, has a header whose members can be read. */
static bool read_header(struct file *f)
{
	if (f->n_first < EI_NIDENT)
		return false;
	f->wide = f->first[EI_CLASS] == ELFCLASS64;
	f->foreign = (f->first[EI_DATA] == ELFDATA2MSB) != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	return (f->wide || f->first[EI_CLASS] == ELFCLASS32) &&
	       (f->first[EI_DATA] == ELFDATA2LSB || f->first[EI_DATA] == ELFDATA2MSB) &&
	       f->n_first >= (f->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
}

enum bs_peeked bs_peek(int fd)
{
	struct file f = { .fd = fd };
	size_t n = bs_read_up_to(fd, f.first, 4, 0);

	if (n < 4 && errno)
		return BS_PEEKED_UNREADABLE;
	if (n >= 2 && memcmp(f.first, "#!", 2) == 0)
		return BS_PEEKED_SCRIPT;
	if (n < 4 || memcmp(f.first, ELFMAG, SELFMAG) != 0)
		return BS_PEEKED_OTHER;
	n = f.n_first = bs_read_up_to(fd, f.first, sizeof f.first, 0);
	if (n < sizeof f.first && errno)
		return BS_PEEKED_UNREADABLE;
	return read_header(&f) ? judge(&f) : BS_PEEKED_OTHER;
}

bool bs_image_is_separate_debug(const struct bs_image *image)
{
	struct file f = { .fd = -1,
			  .whole = (const uint8_t *)image->bytes,
			  .n_whole = image->n_bytes };
	struct segments segments = { 0 };

	f.n_first = f.n_whole < sizeof f.first ? (size_t)f.n_whole : sizeof f.first;
	memcpy(f.first, f.whole, f.n_first);
	return read_header(&f) && read_segments(&f, &segments) && is_separate_debug(&f, &segments);
}
