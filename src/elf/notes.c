/* SPDX-License-Identifier: MIT */
/*
 * Build id, ABI tag, GNU properties, and what the file may dlopen.
 *
 * Properties count where glibc would see them (glibc sysdeps/x86/dl-prop.h:_dl_process_pt_note):
 * in the last PT_NOTE segment that is aligned to a word of the class and has a property note, and
 * there only when it is the segment's only one. A malformed note is passed over in silence, as
 * there.
 *
 * Notes about dlopen are no loader's business: they are for people, who are told of malformed ones.
 * They are found by PT_NOTE, too, where every link editor puts notes that are part of the process.
 */
#include "elf-priv.h"

#include <stdlib.h>

enum {
	NOTE_HEADER = 12,
	NAME_SIZE = 4,
	PROPERTY_HEADER = 8,
	MOST_NOTES = 1 << 16, /* in all segments, which may overlap and be many */
	NT_FDO_DLOPEN = 0x407c0c0a,
};

typedef BS_VEC(struct bs_dlopen_note) dlopen_notes;

static uint64_t align_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

enum owner { OWNER_OTHER, OWNER_GNU, OWNER_FDO };

/* A note of an owner that is known here. Its descriptor is in the file unless it is CUT. */
struct note {
	enum owner owner;
	uint32_t type;
	struct bs_range desc;
	bool cut; /* it reaches beyond its segment, whose last one it is */
};

/* Whose the note with the name of N bytes at OFFSET is: all names that count have four. */
static enum owner owner_of(const struct bs_reader *r, uint64_t offset, uint32_t n)
{
	if (n != NAME_SIZE)
		return OWNER_OTHER;
	if (memcmp(r->bytes + offset, "GNU", NAME_SIZE) == 0)
		return OWNER_GNU;
	return memcmp(r->bytes + offset, "FDO", NAME_SIZE) == 0 ? OWNER_FDO : OWNER_OTHER;
}

/*
 * The next note of a known owner at or behind *AT in RANGE, with *AT moved behind it; false when
 * there is none, or only one that is cut.
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
		ret->cut = !bs_within(*at, desc + descsz, range.n);
		ret->owner = bs_within(*at, desc, range.n) ? owner_of(r, note + NOTE_HEADER, namesz)
							   : OWNER_OTHER;
		if (ret->cut)
			return false;
		*at += align_up(desc + descsz, align);
		if (ret->owner != OWNER_OTHER)
			return true;
	}
	ret->cut = false;
	return false;
}

static bool is_about_dlopen(const struct note *note)
{
	return note->owner == OWNER_FDO && note->type == NT_FDO_DLOPEN;
}

static void take_dlopen(struct bs_reader *r, const struct note *note, dlopen_notes *ret)
{
	const char *text = (const char *)r->bytes + note->desc.offset;
	uint32_t n = (uint32_t)strnlen(text, note->desc.n);

	if (n == note->desc.n)
		bs_noted(r, BS_DIAG_MALFORMED, note->desc.offset,
			 "a dlopen note without a NUL at its end");
	bs_vec_push(r->arena, ret, ((struct bs_dlopen_note){ text, n, note->desc.offset }));
}

static int by_offset(const void *a, const void *b)
{
	const struct bs_dlopen_note *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Segments may overlap: what two of them hold counts once. */
static void keep_dlopen(struct bs_notes *notes, const dlopen_notes *found)
{
	struct bs_dlopen_note *list = found->v;

	if (!found->n)
		return;
	qsort(list, found->n, sizeof *list, by_offset);
	notes->dlopen = list;
	notes->n_dlopen = 1;
	for (uint32_t i = 1; i < found->n; i++)
		if (list[i].offset != list[notes->n_dlopen - 1].offset)
			list[notes->n_dlopen++] = list[i];
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
		if (note.owner != OWNER_GNU || note.type != NT_GNU_PROPERTY_TYPE_0)
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
	dlopen_notes dlopen = { 0 };

	for (uint32_t i = r->image->n_segments; i-- > 0;) {
		const struct bs_segment *s = &r->image->segments[i];
		struct bs_range range = { s->offset, s->filesz };
		uint64_t at = 0;
		struct note note = { 0 };

		if (s->type != PT_NOTE)
			continue;
		if (!bs_within(range.offset, range.n, r->size)) {
			bs_noted(r, BS_DIAG_OUTSIDE_FILE, range.offset,
				 "notes of segment %u outside of the file", i);
			continue;
		}
		while (next_note(r, range, s->align == 8 ? 8 : 4, &at, &note)) {
			if (note.owner == OWNER_GNU)
				read_plain_note(r, &note);
			else if (is_about_dlopen(&note))
				take_dlopen(r, &note, &dlopen);
		}
		if (note.cut && is_about_dlopen(&note))
			bs_noted(r, BS_DIAG_OUTSIDE_FILE, note.desc.offset,
				 "a dlopen note that reaches beyond segment %u", i);
		if (!have_properties && s->align == (r->wide ? 8 : 4))
			have_properties = read_property_segment(r, range);
	}
	keep_dlopen(&r->image->notes, &dlopen);
}
