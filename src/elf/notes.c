/* SPDX-License-Identifier: MIT */
/*
 * Build id, ABI tag and GNU properties.
 *
 * Properties count where glibc would see them (glibc sysdeps/x86/dl-prop.h:_dl_process_pt_note):
 * in the last PT_NOTE segment that is aligned to a word of the class and has a property note, and
 * there only when it is the segment's only one. A malformed note is passed over in silence, as
 * there.
 */
#include "elf-priv.h"

enum {
	NOTE_HEADER = 12,
	GNU_NAME = 4,
	PROPERTY_HEADER = 8,
	MOST_NOTES = 1 << 16, /* in all segments, which may overlap and be many */
};

static uint64_t align_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* A note of the owner "GNU": its descriptor is in the file. */
struct note {
	uint32_t type;
	struct bs_range desc;
};

/*
 * The next note of "GNU" at or behind *AT in RANGE, with *AT moved behind it; false when there is
 * none.
 */
static bool next_note(struct bs_reader *r, struct bs_range range, uint64_t align, uint64_t *at,
		      struct note *ret)
{
	while (bs_within(*at, NOTE_HEADER, range.n) && r->n_notes++ < MOST_NOTES) {
		uint64_t note = range.offset + *at;
		uint32_t namesz = bs_load32(r, note), descsz = bs_load32(r, note + 4);
		uint64_t desc = align_up(NOTE_HEADER + (uint64_t)namesz, align);

		ret->type = bs_load32(r, note + 8);
		ret->desc = (struct bs_range){ note + desc, descsz };
		if (!bs_within(*at, desc + descsz, range.n))
			return false;
		*at += align_up(desc + descsz, align);
		if (namesz == GNU_NAME && memcmp(r->bytes + note + NOTE_HEADER, "GNU", 4) == 0)
			return true;
	}
	return false;
}

static void read_plain_note(struct bs_reader *r, const struct note *note)
{
	struct bs_notes *notes = &r->image->notes;

	if (note->type == NT_GNU_BUILD_ID && note->desc.n && !notes->build_id) {
		notes->build_id = r->bytes + note->desc.offset;
		notes->n_build_id = note->desc.n;
	} else if (note->type == NT_GNU_ABI_TAG && note->desc.n >= 16 && !notes->has_abi_tag) {
		notes->has_abi_tag = true;
		notes->abi_os = bs_load32(r, note->desc.offset);
		for (int i = 0; i < 3; i++)
			notes->abi_version[i] = bs_load32(r, note->desc.offset + 4 + 4 * i);
	}
}

/* The two properties of one note; false when it is malformed and nothing of it counts. */
static bool read_properties(const struct bs_reader *r, struct bs_range desc, uint32_t *needed_1,
			    uint32_t *isa_needed)
{
	uint64_t word = r->wide ? 8 : 4, at = 0;
	uint32_t last_type = 0;

	if (desc.n < PROPERTY_HEADER || desc.n % word)
		return false;
	while (at <= desc.n && desc.n - at >= PROPERTY_HEADER) {
		uint32_t type = bs_load32(r, desc.offset + at);
		uint32_t size = bs_load32(r, desc.offset + at + 4);

		at += PROPERTY_HEADER;
		if (type < last_type || size > desc.n - at)
			return false;
		last_type = type;
		if (type == GNU_PROPERTY_1_NEEDED || type == GNU_PROPERTY_X86_ISA_1_NEEDED ||
		    type == GNU_PROPERTY_X86_FEATURE_1_AND) {
			if (size != 4)
				return false;
			uint32_t value = bs_load32(r, desc.offset + at);

			if (type == GNU_PROPERTY_1_NEEDED)
				*needed_1 = value;
			if (type == GNU_PROPERTY_X86_ISA_1_NEEDED)
				*isa_needed = value;
		}
		if (type >= GNU_PROPERTY_X86_ISA_1_NEEDED)
			break;
		at += align_up(size, word);
	}
	return true;
}

/* True when the segment has a property note, sound or not: then no other segment is asked. */
static bool read_property_segment(struct bs_reader *r, struct bs_range range)
{
	struct bs_notes *notes = &r->image->notes;
	uint16_t machine = r->image->header.machine;
	uint32_t needed_1 = 0, isa_needed = 0;
	uint64_t at = 0;
	struct note note;
	bool seen = false;

	while (next_note(r, range, r->wide ? 8 : 4, &at, &note)) {
		if (note.type != NT_GNU_PROPERTY_TYPE_0)
			continue;
		if (seen || !read_properties(r, note.desc, &needed_1, &isa_needed))
			return true;
		seen = true;
	}
	notes->needed_1 = needed_1;
	/* The number lies in the processor's range. */
	if (machine == EM_X86_64 || machine == EM_386)
		notes->x86_isa_needed = isa_needed;
	return seen;
}

void bs_read_notes(struct bs_reader *r)
{
	bool have_properties = false;

	for (uint32_t i = r->image->n_segments; i-- > 0;) {
		const struct bs_segment *s = &r->image->segments[i];
		struct bs_range range = { s->offset, s->filesz };
		uint64_t at = 0;
		struct note note;

		if (s->type != PT_NOTE)
			continue;
		if (!bs_within(range.offset, range.n, r->size)) {
			bs_noted(r, BS_DIAG_OUTSIDE_FILE, range.offset,
				 "notes of segment %u outside of the file", i);
			continue;
		}
		while (next_note(r, range, s->align == 8 ? 8 : 4, &at, &note))
			read_plain_note(r, &note);
		if (!have_properties && s->align == (r->wide ? 8 : 4))
			have_properties = read_property_segment(r, range);
	}
}
