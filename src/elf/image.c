/* SPDX-License-Identifier: MIT */
/*
 * The header and the program headers, and the order in which the rest is read.
 */
#include "elf-priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* A file made to have more wrong with it than this is not worth the memory, nor the time that goes
 * into each segment which is cut off: all others are looked at for it. */
enum { MOST_COMPLAINTS = 100, MOST_CUT = 256 };

static void complain(struct bs_reader *r, enum bs_diag_code code, uint64_t offset, const char *text)
{
	r->image->complete = false;
	if (r->diags->list.n < MOST_COMPLAINTS)
		bs_diag_add(r->diags, code, r->image->path, offset, r->image->read_error, "%s",
			    text);
}

/* Says that something is odd, cut or left out; FORMAT makes a noun phrase. */
void bs_noted(struct bs_reader *r, enum bs_diag_code code, uint64_t offset, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	complain(r, code, offset, text);
}

/* The same of what ends a loader. */
void bs_broken(struct bs_reader *r, enum bs_diag_code code, uint64_t offset, const char *format,
	       ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	if (!r->image->broken)
		r->image->broken = bs_arena_strndup(r->arena, text, strlen(text));
	complain(r, code, offset, text);
}

static bool is_elf_magic(const struct bs_reader *r)
{
	return r->size >= SELFMAG && memcmp(r->bytes, ELFMAG, SELFMAG) == 0;
}

/* Reads the header as far as it can be read; false when the image ends there. */
static bool read_header(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	struct bs_elf_header *h = &image->header;
	uint64_t need = sizeof(Elf64_Ehdr);

	memcpy(h->ident, r->bytes, r->size < EI_NIDENT ? r->size : EI_NIDENT);
	if (is_elf_magic(r) && h->ident[EI_CLASS] == ELFCLASS32)
		need = sizeof(Elf32_Ehdr);
	if (r->size < need) {
		image->state = BS_IMAGE_SHORT;
		bs_broken(r, BS_DIAG_NOT_ELF, r->size, "file too short for an ELF header");
		return false;
	}
	if (!is_elf_magic(r)) {
		image->state = BS_IMAGE_NOT_ELF;
		bs_broken(r, BS_DIAG_NOT_ELF, 0, "file without the ELF magic number");
		return false;
	}
	uint8_t elf_class = h->ident[EI_CLASS], data = h->ident[EI_DATA];
	bool odd_class = elf_class != ELFCLASS32 && elf_class != ELFCLASS64;
	bool odd_data = data != ELFDATA2LSB && data != ELFDATA2MSB;

	if (odd_class || odd_data) {
		image->state = BS_IMAGE_ODD_CLASS;
		bs_broken(r, BS_DIAG_NOT_ELF, EI_CLASS, "ELF class %u with data encoding %u",
			  elf_class, data);
	}
	if (odd_class)
		return false;
	r->wide = elf_class == ELFCLASS64;
	r->foreign =
		!odd_data && (data == ELFDATA2LSB) != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

	const char *problem = r->foreign ? bs_libelf_open() : NULL;

	if (problem) {
		image->state = BS_IMAGE_NO_PHDRS;
		bs_broken(r, BS_DIAG_CANNOT_READ, BS_NO_OFFSET,
			  "file of foreign byte order, for which libelf is wanted: %s", problem);
		return false;
	}
#define AT(field) (r->wide ? offsetof(Elf64_Ehdr, field) : offsetof(Elf32_Ehdr, field))
	h->type = bs_load16(r, AT(e_type));
	h->machine = bs_load16(r, AT(e_machine));
	h->version = bs_load32(r, AT(e_version));
	h->entry = bs_load_word(r, AT(e_entry));
	h->phoff = bs_load_word(r, AT(e_phoff));
	h->flags = bs_load32(r, AT(e_flags));
	h->phentsize = bs_load16(r, AT(e_phentsize));
	h->phnum = bs_load16(r, AT(e_phnum));
#undef AT
	image->machine = bs_machine_find(h->machine, elf_class, data);
	return !odd_data;
}

/* False where the identification itself is of another version: nobody knows what follows it. */
static bool is_known_version(struct bs_reader *r)
{
	if (r->image->header.ident[EI_VERSION] == EV_CURRENT)
		return true;
	r->image->state = BS_IMAGE_NO_PHDRS;
	bs_broken(r, BS_DIAG_NOT_ELF, EI_VERSION, "ELF identification of an unknown kind");
	return false;
}

/* e_phnum is taken as it is: no loader knows PN_XNUM, whose number stands in a section header. */
static bool read_segments(struct bs_reader *r)
{
	struct bs_image *image = r->image;
	const struct bs_elf_header *h = &image->header;
	uint64_t size = bs_entry_size(r, ELF_T_PHDR);
	const char *problem = NULL;

	if (h->phnum && h->phentsize != size)
		problem = "program headers of an unknown size";
	else if (h->phnum && !bs_within(h->phoff, h->phnum * size, r->size))
		problem = "program headers outside of the file";
	if (problem) {
		image->state = BS_IMAGE_NO_PHDRS;
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, h->phoff, "%s", problem);
		return false;
	}
	struct bs_segment *segments = bs_new(r->arena, struct bs_segment, h->phnum);
	/* Without headers, e_phoff may be anything. */
	const void *table = h->phnum ? bs_host_order(r, h->phoff, h->phnum, ELF_T_PHDR) : NULL;

#define COPY(entry)                                                                                \
	(struct bs_segment)                                                                        \
	{                                                                                          \
		.type = (entry).p_type, .flags = (entry).p_flags, .offset = (entry).p_offset,      \
		.vaddr = (entry).p_vaddr, .filesz = (entry).p_filesz, .memsz = (entry).p_memsz,    \
		.align = (entry).p_align                                                           \
	}
	for (uint32_t i = 0; i < h->phnum; i++)
		segments[i] = r->wide ? COPY(((const Elf64_Phdr *)table)[i])
				      : COPY(((const Elf32_Phdr *)table)[i]);
#undef COPY
	image->segments = segments;
	image->n_segments = h->phnum;
	return true;
}

/*
 * The kernel reads the first PT_INTERP by its place in the file and wants a NUL at its end. Only of
 * an executable: a loader never looks at it.
 */
static void read_interp(struct bs_reader *r, const struct bs_segment *s)
{
	struct bs_image *image = r->image;

	if (image->interp)
		return;
	if (!s->filesz || !bs_within(s->offset, s->filesz, r->size))
		bs_noted(r, BS_DIAG_OUTSIDE_FILE, s->offset, "interpreter outside of the file");
	else if (r->bytes[s->offset + s->filesz - 1])
		bs_noted(r, BS_DIAG_MALFORMED, s->offset,
			 "interpreter name without a NUL at its end");
	else
		image->interp = bs_kept_string(r, (const char *)r->bytes + s->offset);
}

/*
 * A segment that goes on beyond the file can still be mapped: only who reads or writes a page that
 * is not there gets a signal. The tables in it complain for themselves; the loader's own write is
 * that of zeros behind the segment's bytes, to the end of the page
 * (glibc elf/dl-map-segments.h:_dl_map_segments).
 */
static void check_load(struct bs_reader *r, uint32_t index)
{
	const struct bs_segment *s = &r->image->segments[index];

	if (!s->filesz || bs_within(s->offset, s->filesz, r->size) || r->n_cut++ >= MOST_CUT)
		return;
	if (s->memsz > s->filesz && (s->vaddr + s->filesz) % BS_PAGE &&
	    bs_memory_at(r, s->vaddr + s->filesz) == BS_MEMORY_NONE)
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, s->offset,
			  "segment %u cut off by the end of the file, and zeros to follow it",
			  index);
	else
		bs_noted(r, BS_DIAG_OUTSIDE_FILE, s->offset,
			 "segment %u cut off by the end of the file", index);
}

static void read_plain_segments(struct bs_reader *r)
{
	struct bs_image *image = r->image;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type == PT_LOAD)
			check_load(r, i);
		if (s->type == PT_INTERP)
			read_interp(r, s);
		if (s->type == PT_TLS && s->memsz) {
			image->has_tls = true;
			image->tls_size = s->memsz;
			image->tls_align = s->align;
		}
	}
}

/* Fills in the image from BYTES. */
void bs_read_image(struct bs_reader *r)
{
	r->image->complete = true;
	if (!read_header(r) || !is_known_version(r) || !read_segments(r))
		return;
	read_plain_segments(r);
	bs_read_notes(r);
	bs_read_dynamic(r);
	if (!r->image->n_dynamic)
		return;
	bs_read_hash_tables(r);
	bs_read_symbols(r);
	bs_read_versions(r);
	bs_read_relocations(r);
}

const uint8_t *bs_image_bytes_at(const struct bs_image *image, uint64_t address, uint64_t *ret_n)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];
		uint64_t into = address - s->vaddr;

		if (s->type != PT_LOAD || address < s->vaddr || into >= s->filesz)
			continue;
		if (s->offset > image->n_bytes || s->filesz > image->n_bytes - s->offset)
			return NULL;
		*ret_n = s->filesz - into;
		return (const uint8_t *)image->bytes + s->offset + into;
	}
	return NULL;
}
