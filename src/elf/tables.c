/* SPDX-License-Identifier: MIT */
/*
 * From a virtual address to bytes of the file, and from those to a table in host byte order.
 */
#include "elf-priv.h"

#include <assert.h>
#include <inttypes.h>

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t page_up(uint64_t n)
{
	return plus(n, BS_PAGE - 1) & -(uint64_t)BS_PAGE;
}

static struct bs_range range_at(const struct bs_reader *r, uint64_t address, bool to_page_end)
{
	const struct bs_image *image = r->image;

	/* Backwards: where segments overlap, the one mapped last is what a process sees. */
	for (uint32_t i = image->n_segments; i-- > 0;) {
		const struct bs_segment *s = &image->segments[i];
		uint64_t into = address - s->vaddr;

		if (s->type != PT_LOAD || address < s->vaddr || into >= s->filesz)
			continue;
		if (s->offset >= r->size || into >= r->size - s->offset)
			break;
		uint64_t offset = s->offset + into;
		uint64_t in_segment = s->filesz - into;
		uint64_t in_file = r->size - offset;

		if (to_page_end && s->memsz <= s->filesz)
			in_segment = plus(in_segment, -(s->vaddr + s->filesz) % BS_PAGE);
		return (struct bs_range){ offset, in_segment < in_file ? in_segment : in_file };
	}
	return (struct bs_range){ 0 };
}

/*
 * The bytes of the file that a loader would have in memory from ADDRESS to the end of its segment;
 * N is 0 when there are none. What the segment has beyond p_filesz is zeros, not file, and counts
 * as absent: no table of a sound file lies there.
 */
struct bs_range bs_range_at(const struct bs_reader *r, uint64_t address)
{
	return range_at(r, address, false);
}

/* The same with the bytes of the file that share the segment's last page, and so are in memory. */
struct bs_range bs_range_to_page_end(const struct bs_reader *r, uint64_t address)
{
	return range_at(r, address, true);
}

/*
 * By whole pages, of which those behind the end of the file are not there
 * (glibc elf/dl-map-segments.h:_dl_map_segments).
 */
static enum bs_memory memory_in(const struct bs_reader *r, const struct bs_segment *s,
				uint64_t address)
{
	uint64_t lead = s->vaddr % BS_PAGE, into = address - (s->vaddr - lead);
	uint64_t file_end = plus(lead, s->filesz), end = plus(lead, s->memsz);
	uint64_t offset = s->offset - lead + into;
	bool is_there = offset - offset % BS_PAGE < r->size;

	if (s->type != PT_LOAD || address < s->vaddr - lead || s->offset < lead)
		return BS_MEMORY_NONE;
	if (into < file_end || (end <= file_end && into < page_up(file_end)))
		return offset < r->size ? BS_MEMORY_FILE
		       : is_there	? BS_MEMORY_ZERO
					: BS_MEMORY_NONE;
	if (into >= page_up(end) || (into < page_up(file_end) && !is_there))
		return BS_MEMORY_NONE;
	return BS_MEMORY_ZERO;
}

/* Unlike bs_range_at(), with what the last page of a segment has beyond its bytes. */
enum bs_memory bs_memory_at(const struct bs_reader *r, uint64_t address)
{
	enum bs_memory memory = BS_MEMORY_NONE;

	for (uint32_t i = r->image->n_segments; i-- > 0 && memory == BS_MEMORY_NONE;)
		memory = memory_in(r, &r->image->segments[i], address);
	return memory;
}

/* The range that the address in dynamic entry TAG starts; complains when it is empty. */
struct bs_range bs_range_of_tag(struct bs_reader *r, int64_t tag, const char *name)
{
	uint64_t address;

	if (!bs_dynamic_find(r->image, tag, &address))
		return (struct bs_range){ 0 };
	struct bs_range range = bs_range_at(r, address);

	if (!range.n)
		bs_broken(r, BS_DIAG_OUTSIDE_FILE, bs_tag_offset(r, tag),
			  "%s 0x%" PRIx64 " outside of the file's segments", name, address);
	return range;
}

/* Bytes that an entry of TYPE takes in the file. */
uint64_t bs_entry_size(const struct bs_reader *r, Elf_Type type)
{
	static const uint8_t sizes[][2] = {
		[ELF_T_ADDR] = { sizeof(Elf32_Addr), sizeof(Elf64_Addr) },
		[ELF_T_DYN] = { sizeof(Elf32_Dyn), sizeof(Elf64_Dyn) },
		[ELF_T_HALF] = { sizeof(Elf32_Half), sizeof(Elf64_Half) },
		[ELF_T_PHDR] = { sizeof(Elf32_Phdr), sizeof(Elf64_Phdr) },
		[ELF_T_REL] = { sizeof(Elf32_Rel), sizeof(Elf64_Rel) },
		[ELF_T_RELA] = { sizeof(Elf32_Rela), sizeof(Elf64_Rela) },
		[ELF_T_SYM] = { sizeof(Elf32_Sym), sizeof(Elf64_Sym) },
		[ELF_T_WORD] = { sizeof(Elf32_Word), sizeof(Elf64_Word) },
		[ELF_T_XWORD] = { sizeof(Elf32_Xword), sizeof(Elf64_Xword) },
	};

	assert(sizes[type][r->wide]);
	return sizes[type][r->wide];
}

/* S is in the file, which may be written to: what is gone by is a copy. */
const char *bs_kept_string(struct bs_reader *r, const char *s)
{
	return bs_arena_strndup(r->arena, s, strlen(s));
}

/* What an entry of TYPE wants its address to be a multiple of. */
static size_t alignment_of(const struct bs_reader *r, Elf_Type type)
{
	if (type == ELF_T_HALF)
		return _Alignof(Elf64_Half);
	if (type == ELF_T_WORD || !r->wide)
		return _Alignof(Elf64_Word);
	return _Alignof(Elf64_Xword);
}

/*
 * N entries of TYPE at OFFSET, which are in the file, in host byte order: the file's own bytes
 * where byte order and alignment allow it, else a copy that ends with the image, which libelf turns
 * round.
 */
const void *bs_host_order(struct bs_reader *r, uint64_t offset, uint64_t n, Elf_Type type)
{
	uint64_t size = n * bs_entry_size(r, type);
	const uint8_t *bytes = r->bytes + offset;

	if ((uintptr_t)bytes % alignment_of(r, type)) {
		uint8_t *aligned = bs_new(r->arena, uint8_t, size);

		bytes = memcpy(aligned, bytes, size);
	}
	if (!r->foreign || !n)
		return bytes;
	unsigned encoding = r->image->header.ident[EI_DATA];
	Elf_Data from = {
		.d_buf = (void *)bytes,
		.d_type = type,
		.d_version = EV_CURRENT,
		.d_size = size,
	};
	Elf_Data to = from;

	to.d_buf = bs_new(r->arena, uint8_t, size);
	/* The range was checked before, and sizes are the same in the file and in memory. */
	if (!bs_libelf_turns(&to, &from, encoding, r->wide))
		bs_arena_exhausted(r->arena);
	return to.d_buf;
}
