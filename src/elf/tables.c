/* SPDX-License-Identifier: MIT */
/*
 * From a virtual address to bytes of the file, and from those to a table in host byte order.
 */
#include "elf-priv.h"

#include <inttypes.h>

/*
 * The bytes of the file that a loader would have in memory from ADDRESS to the end of its segment;
 * N is 0 when there are none. What the segment has beyond p_filesz is zeros, not file, and counts
 * as absent: no table of a sound file lies there.
 */
struct bs_range bs_range_at(const struct bs_reader *r, uint64_t address)
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

		return (struct bs_range){ offset, in_segment < in_file ? in_segment : in_file };
	}
	return (struct bs_range){ 0 };
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

uint64_t bs_entry_size(const struct bs_reader *r, Elf_Type type)
{
	return r->wide ? elf64_fsize(type, 1, EV_CURRENT) : elf32_fsize(type, 1, EV_CURRENT);
}

static uint64_t alignment(const struct bs_reader *r, Elf_Type type)
{
	if (type == ELF_T_HALF)
		return sizeof(uint16_t);
	if (type == ELF_T_WORD || !r->wide)
		return sizeof(uint32_t);
	return sizeof(uint64_t);
}

/*
 * N entries of TYPE at OFFSET, which are in the file: a view where byte order and alignment allow
 * it, else a copy in the image's arena.
 */
const void *bs_host_order(struct bs_reader *r, uint64_t offset, uint64_t n, Elf_Type type)
{
	const uint8_t *bytes = r->bytes + offset;
	size_t size = n * bs_entry_size(r, type);

	if (!r->foreign && (uintptr_t)bytes % alignment(r, type) == 0)
		return bytes;
	void *copy = memcpy(bs_new(r->arena, uint8_t, size), bytes, size);

	if (r->foreign) {
		Elf_Data data = {
			.d_buf = copy, .d_type = type, .d_version = EV_CURRENT, .d_size = size
		};
		unsigned int order = r->image->header.ident[EI_DATA];

		if (!(r->wide ? elf64_xlatetom(&data, &data, order)
			      : elf32_xlatetom(&data, &data, order)))
			bs_arena_exhausted(r->arena);
	}
	return copy;
}
