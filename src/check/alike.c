/* SPDX-License-Identifier: MIT */
/*
 * Whether two functions are the same instructions. Compiled twice from one source, they differ in
 * the fields that a link editor fills in, relative to the place where they stand, and nowhere else.
 */
#include "check-priv.h"

#include <ctype.h>
#include <string.h>

enum { FIELD = 4, MOST_OF_A_STRING = 64 };

struct code {
	const struct bs_image *image;
	uint64_t address; /* of BYTES, N of them */
	const uint8_t *bytes;
	uint64_t n;
};

static const struct bs_segment *segment_at(const struct bs_image *image, uint64_t address)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type == PT_LOAD && address >= s->vaddr && address - s->vaddr < s->memsz)
			return s;
	}
	return NULL;
}

static bool code_of(const struct bs_image *image, const struct bs_symbol *symbol, struct code *ret)
{
	uint64_t n;

	*ret = (struct code){ .image = image, .address = symbol->value };
	ret->bytes = symbol->size ? bs_image_bytes_at(image, symbol->value, &n) : NULL;
	if (!ret->bytes || n < symbol->size)
		return false;
	ret->n = symbol->size;
	return true;
}

static int32_t signed_word(const uint8_t *at)
{
	return (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
			 (uint32_t)at[3] << 24);
}

/* ---- what is pointed to ---------------------------------------------------------------------- */

static bool is_writable(const struct bs_segment *s)
{
	return s->flags & PF_W;
}

/* X of A and Y of B begin a table of jumps into the function itself: words relative to the table.
 */
static bool are_jumps(const struct code *a, uint64_t x, const uint8_t *at_x, const struct code *b,
		      uint64_t y, const uint8_t *at_y)
{
	uint64_t into_a = x + (uint64_t)(int64_t)signed_word(at_x) - a->address;
	uint64_t into_b = y + (uint64_t)(int64_t)signed_word(at_y) - b->address;

	return into_a == into_b && into_a < a->n;
}

static bool is_text(uint8_t byte)
{
	return isprint(byte) || isspace(byte) || byte >= 0x80;
}

/* What is read there is alike as far as can be told from the file, which does not say how much is
 * read: of a string all of it, of other things the first bytes. */
static bool same_constants(const struct code *a, uint64_t x, const struct code *b, uint64_t y)
{
	uint64_t n_x = 0, n_y = 0, i = 0;
	const uint8_t *at_x = bs_image_bytes_at(a->image, x, &n_x);
	const uint8_t *at_y = bs_image_bytes_at(b->image, y, &n_y);
	uint64_t n = n_x < n_y ? n_x : n_y;

	if (!at_x || !at_y || n < FIELD)
		return !at_x && !at_y;
	while (i < n && i < MOST_OF_A_STRING && at_x[i] == at_y[i] && is_text(at_x[i]))
		i++;
	if (i == n || i == MOST_OF_A_STRING || (at_x[i] == at_y[i] && !at_x[i]))
		return true;
	/* Texts that differ further on, or else no texts. */
	if (memcmp(at_x, at_y, FIELD) == 0)
		return i < FIELD;
	return are_jumps(a, x, at_x, b, y, at_y);
}

/* A text that ends is at ADDRESS, of ASCII characters: instructions have others. */
static bool is_string(const struct bs_image *image, uint64_t address)
{
	uint64_t n = 0, length = 0;
	const uint8_t *bytes = bs_image_bytes_at(image, address, &n);

	while (bytes && length < n && length < MOST_OF_A_STRING && bytes[length] < 0x80 &&
	       is_text(bytes[length]))
		length++;
	return length > 1 && length < n && (length == MOST_OF_A_STRING || !bytes[length]);
}

/* ADDRESS of CODE's object is that of a constant. Many a link editor puts constants and code into
 * one segment: there strings are told apart. */
static bool is_constant(const struct code *code, uint64_t address)
{
	const struct bs_segment *s = segment_at(code->image, address);

	return s && !is_writable(s) && (!(s->flags & PF_X) || is_string(code->image, address));
}

/* X of A and Y of B are of one kind: code, variables, or the same constants. */
static bool lead_alike(const struct code *a, uint64_t x, const struct code *b, uint64_t y)
{
	const struct bs_segment *to_x = segment_at(a->image, x);
	const struct bs_segment *to_y = segment_at(b->image, y);

	if (!to_x || !to_y || (to_x->flags ^ to_y->flags) & (PF_W | PF_X))
		return false;
	return !is_constant(a, x) || !is_constant(b, y) || same_constants(a, x, b, y);
}

/* ---- x86-64 ---------------------------------------------------------------------------------- */

/* The instruction of which the field at AT is a part jumps or calls: E8, E9, 0F 80 to 8F. */
static bool is_branch(const uint8_t *bytes, uint64_t at)
{
	return (at >= 1 && (bytes[at - 1] | 1) == 0xe9) ||
	       (at >= 2 && bytes[at - 2] == 0x0f && (bytes[at - 1] & 0xf0) == 0x80);
}

/* ModRM without a base register: relative to the next instruction. */
static bool is_rip_relative(const uint8_t *bytes, uint64_t at)
{
	return at >= 2 && (bytes[at - 1] & 0xc7) == 0x05;
}

/* The bytes of an immediate operand behind the field at AT, whose ModRM byte stands before it.
 * (AMD64 Architecture Programmer's Manual, volume 3, appendix A) */
static uint64_t immediate_behind(const uint8_t *bytes, uint64_t at)
{
	uint8_t opcode = bytes[at - 2];
	bool is_test = !(bytes[at - 1] & 0x38); /* of group 3: the only one that has an operand */
	uint64_t word = at >= 3 && bytes[at - 3] == 0x66 ? 2 : 4;

	if (at >= 4 && bytes[at - 4] == 0x0f && bytes[at - 3] == 0x3a)
		return 1;
	if (at >= 3 && bytes[at - 3] == 0x0f)
		return opcode && strchr("\x70\xa4\xac\xba\xc2\xc4\xc5\xc6", opcode) ? 1 : 0;
	switch (opcode) {
	case 0x80:
	case 0x83:
	case 0x6b:
	case 0xc0:
	case 0xc1:
	case 0xc6:
		return 1;
	case 0x69:
	case 0x81:
	case 0xc7:
		return word;
	case 0xf6:
		return is_test ? 1 : 0;
	case 0xf7:
		return is_test ? word : 0;
	default:
		return 0;
	}
}

/* Where the four bytes at AT lead from the place behind them. */
static uint64_t target(const struct code *code, uint64_t at)
{
	return code->address + at + FIELD + (uint64_t)(int64_t)signed_word(code->bytes + at);
}

/* The four bytes at AT of both are relative to the place and lead to what is alike. */
static bool is_relative_field(const struct code *a, const struct code *b, uint64_t at)
{
	uint64_t x = target(a, at), y = target(b, at);

	if (is_branch(a->bytes, at)) {
		const struct bs_segment *to_x = segment_at(a->image, x);
		const struct bs_segment *to_y = segment_at(b->image, y);

		if (to_x && to_y && to_x->flags & to_y->flags & PF_X)
			return true;
	}
	if (!is_rip_relative(a->bytes, at))
		return false;
	uint64_t immediate = immediate_behind(a->bytes, at);

	return lead_alike(a, x + immediate, b, y + immediate);
}

/* The four bytes at AT are the same in both and lead to constants that are not. */
static bool leads_elsewhere(const struct code *a, const struct code *b, uint64_t at)
{
	return at + FIELD <= a->n && is_rip_relative(a->bytes, at) &&
	       memcmp(a->bytes + at, b->bytes + at, FIELD) == 0 && is_constant(a, target(a, at)) &&
	       is_constant(b, target(b, at)) && !is_relative_field(a, b, at);
}

static bool same_on_x86_64(const struct code *a, const struct code *b)
{
	for (uint64_t i = 0; i < a->n;) {
		uint64_t from = i >= FIELD - 1 ? i - (FIELD - 1) : 0;

		if (leads_elsewhere(a, b, i))
			return false;
		if (a->bytes[i] == b->bytes[i]) {
			i++;
			continue;
		}
		while (from <= i && !(from + FIELD <= a->n && is_relative_field(a, b, from)))
			from++;
		if (from > i)
			return false;
		i = from + FIELD;
	}
	return true;
}

/* ---- aarch64 --------------------------------------------------------------------------------- */

enum { NEAR = 16 }; /* instructions from the page of an address to the rest of it */

/* The bits of INSTRUCTION that a link editor fills in, relative to the place; *RET_PAGE: the
 * register that gets a page, or -1. */
static uint32_t relative_bits(uint32_t instruction, int *ret_page)
{
	*ret_page = -1;
	if ((instruction & 0x7c000000) == 0x14000000) /* B, BL */
		return 0x03ffffff;
	if ((instruction & 0x1f000000) == 0x10000000) { /* ADR, ADRP */
		*ret_page = instruction >> 31 ? (int)(instruction & 31) : -1;
		return 0x60ffffe0;
	}
	if ((instruction & 0x3b000000) == 0x18000000) /* LDR (literal) */
		return 0x00ffffe0;
	return 0;
}

/* ADD and LDR or STR with an immediate offset: the rest of an address whose page is in a register.
 */
static bool is_add(uint32_t instruction)
{
	return (instruction & 0x7fc00000) == 0x11000000;
}

static bool takes_offset(uint32_t instruction)
{
	return is_add(instruction) || (instruction & 0x3b000000) == 0x39000000;
}

/* The pages that ADRP has put into registers. */
struct pages {
	uint64_t page[32];
	uint64_t set[32]; /* the offset of the instruction, plus 1 */
};

/* (Arm ARM: ADRP) */
static void set_page(struct pages *pages, const struct code *code, uint64_t at, int page)
{
	uint32_t instruction = (uint32_t)signed_word(code->bytes + at);
	uint32_t number = (instruction >> 3 & 0x1ffffc) | (instruction >> 29 & 3);
	int64_t distance = (int64_t)((uint64_t)number << 43) >> 31;

	pages->page[page] = ((code->address + at) & ~UINT64_C(0xfff)) + (uint64_t)distance;
	pages->set[page] = at + 1;
}

static bool same_on_aarch64(const struct code *a, const struct code *b)
{
	struct pages in_a = { .page = { 0 } }, in_b = { .page = { 0 } };

	for (uint64_t i = 0; i + FIELD <= a->n; i += FIELD) {
		uint32_t x = (uint32_t)signed_word(a->bytes + i);
		uint32_t y = (uint32_t)signed_word(b->bytes + i);
		int page;
		uint32_t mask = relative_bits(x, &page), base = x >> 5 & 31;

		if (takes_offset(x) && in_a.set[base] && i + 1 - in_a.set[base] <= NEAR * FIELD) {
			uint64_t to_x = in_a.page[base] + (x >> 10 & 0xfff);
			uint64_t to_y = in_b.page[base] + (y >> 10 & 0xfff);

			mask = 0x003ffc00;
			if (is_add(x) && is_constant(a, to_x) && is_constant(b, to_y) &&
			    !same_constants(a, to_x, b, to_y))
				return false;
		}
		if ((x | mask) != (y | mask))
			return false;
		if (page >= 0) {
			set_page(&in_a, a, i, page);
			set_page(&in_b, b, i, page);
		}
	}
	return true;
}

enum bs_alike bs_code_is_alike(const struct bs_image *a, const struct bs_symbol *x,
			       const struct bs_image *b, const struct bs_symbol *y)
{
	struct code here, there;

	if (!a->machine || a->machine != b->machine || !x->size || !y->size)
		return BS_ALIKE_UNKNOWN;
	if (x->size != y->size)
		return BS_ALIKE_NOT;
	if (!code_of(a, x, &here) || !code_of(b, y, &there))
		return BS_ALIKE_UNKNOWN;
	if (memcmp(here.bytes, there.bytes, here.n) == 0)
		return BS_ALIKE_YES;
	switch (a->machine->e_machine) {
	case EM_X86_64:
		return same_on_x86_64(&here, &there) ? BS_ALIKE_YES : BS_ALIKE_NOT;
	case EM_AARCH64:
		return same_on_aarch64(&here, &there) ? BS_ALIKE_YES : BS_ALIKE_NOT;
	default:
		return BS_ALIKE_UNKNOWN;
	}
}
