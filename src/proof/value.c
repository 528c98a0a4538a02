/* SPDX-License-Identifier: MIT */
/* Values of constants that stand in the files: of what nobody writes to, not even a relocation. */
#include "proof-priv.h"

enum { WIDEST = 8 };

/* The N bytes at ADDRESS of IMAGE, if they are in a segment that is only read; else NULL. */
static const unsigned char *constant_bytes(const struct bs_image *image, uint64_t address,
					   uint64_t n)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *segment = &image->segments[i];

		if (segment->type != PT_LOAD || address < segment->vaddr ||
		    address - segment->vaddr >= segment->memsz)
			continue;
		uint64_t within = address - segment->vaddr;

		if (segment->flags & PF_W || within > segment->filesz ||
		    segment->filesz - within < n || segment->offset > image->n_bytes ||
		    image->n_bytes - segment->offset < within ||
		    image->n_bytes - segment->offset - within < n)
			return NULL;
		return (const unsigned char *)image->bytes + segment->offset + within;
	}
	return NULL;
}

/* The number at BYTES, in the order of IMAGE's machine. */
static uint64_t number_at(const struct bs_image *image, const unsigned char *bytes, uint64_t n)
{
	bool big = image->header.ident[EI_DATA] == ELFDATA2MSB;
	uint64_t number = 0;

	for (uint64_t i = 0; i < n; i++)
		number |= (uint64_t)bytes[big ? n - 1 - i : i] << 8 * i;
	return number;
}

/* VALUE of TYPE as it is written: of what is no integer, the bits. */
static const char *value_text(struct bs_arena *texts, const struct bs_type *type, uint64_t value,
			      uint64_t n)
{
	uint64_t encoding = 0;
	unsigned unused = 8 * (unsigned)(WIDEST - n);

	bs_die_number(&type->die, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		return bs_arena_printf(texts, "%lld",
				       (long long)((int64_t)(value << unused) >> unused));
	case DW_ATE_float:
		return bs_arena_printf(texts, "0x%llx", (unsigned long long)value);
	default:
		return bs_arena_printf(texts, "%llu", (unsigned long long)value);
	}
}

bool bs_compare_values(struct bs_comparison *c, const struct bs_edge *edge,
		       const struct bs_evidence *left, const struct bs_evidence *right)
{
	const struct bs_evidence *sides[2] = { left, right };
	const char *texts[2];
	uint64_t values[2], n = 0, n_left = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct bs_type type;

		if (!bs_type_of(sides[i]->at.debug, &sides[i]->at.die, &type) ||
		    !bs_type_peel(&type, &type) || bs_type_is_void(&type) ||
		    (dwarf_tag(&type.die) != DW_TAG_base_type &&
		     dwarf_tag(&type.die) != DW_TAG_enumeration_type) ||
		    !bs_die_number(&type.die, DW_AT_byte_size, &n) || !n || n > WIDEST ||
		    (i && n != n_left))
			return true;
		const struct bs_image *image = type.debug->image;
		const unsigned char *bytes = constant_bytes(image, sides[i]->address, n);

		if (!bytes)
			return true;
		values[i] = number_at(image, bytes, n);
		texts[i] = value_text(c->texts, &type, values[i], n);
		n_left = n;
	}
	return values[0] == values[1] || bs_differ(c, edge, texts[0], texts[1]);
}
