/* SPDX-License-Identifier: MIT */
/* Two types of one name: size, bases, members, places in the virtual table, enumerators,
 * constants. */
#include "proof-priv.h"

#include <string.h>

enum { MOST_PARTS = 4000 };

enum part_kind { PART_BASE, PART_MEMBER, PART_CONSTANT, PART_VIRTUAL, PART_ENUMERATOR };

struct part {
	Dwarf_Die die;
	const char *name; /* or NULL; of a virtual function as it is mangled where that is told */
	enum part_kind kind;
	uint32_t ordinal; /* of those without a name */
	bool is_implicit; /* a compiler need not tell of it */
};

typedef BS_VEC(struct part) parts;

/* Both sides of a type. */
struct sides {
	struct bs_comparison *c;
	const struct bs_type *left, *right;
	const char *type; /* its name */
	parts ours, theirs;
};

/* ---- parts --------------------------------------------------------------------------------- */

static bool has(const Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Die copy = *die;
	Dwarf_Attribute attr;

	return dwarf_attr(&copy, attribute, &attr) != NULL;
}

/* Destructors have no mangled name in all compilers, and a class has but one that is told of. */
static const char *virtual_name(const Dwarf_Die *die)
{
	const char *name = bs_die_string(die, DW_AT_name);
	const char *mangled = bs_die_linkage_name(die);

	return name && *name == '~' ? "~" : mangled ? mangled : name;
}

/* What CHILD is to who has to work with the type; false: nothing. */
static bool part_of(Dwarf_Die *child, struct part *ret)
{
	*ret = (struct part){ .die = *child, .name = bs_die_string(child, DW_AT_name) };
	/* Not all compilers give a place to a destructor that is virtual by a base. */
	ret->is_implicit = bs_die_flag(child, DW_AT_artificial) || (ret->name && *ret->name == '~');
	switch (dwarf_tag(child)) {
	case DW_TAG_inheritance:
		ret->kind = PART_BASE;
		return true;
	case DW_TAG_enumerator:
		ret->kind = PART_ENUMERATOR;
		return true;
	case DW_TAG_member:
	case DW_TAG_variable:
		if (has(child, DW_AT_const_value)) {
			ret->kind = PART_CONSTANT;
			return ret->name != NULL;
		}
		/* A static one is no part of the layout; nor is what compilers call as they like.
		 */
		ret->kind = PART_MEMBER;
		return dwarf_tag(child) == DW_TAG_member && !bs_die_flag(child, DW_AT_external) &&
		       !bs_die_flag(child, DW_AT_declaration) &&
		       !(ret->name && strncmp(ret->name, "_vptr", 5) == 0);
	case DW_TAG_subprogram:
		ret->kind = PART_VIRTUAL;
		ret->name = virtual_name(child);
		return ret->name && has(child, DW_AT_vtable_elem_location);
	default:
		return false;
	}
}

static parts parts_of(struct bs_comparison *c, const struct bs_type *type)
{
	parts found = { 0 };
	uint32_t n_unnamed = 0;
	Dwarf_Die child;

	bs_die_each (&type->die, &child) {
		struct part part;

		if (!part_of(&child, &part))
			continue;
		if (found.n == MOST_PARTS) {
			c->is_cut = true;
			break;
		}
		part.ordinal = part.name ? 0 : ++n_unnamed;
		bs_vec_push(c->arena, &found, part);
	}
	return found;
}

static bool same_part(const struct part *a, const struct part *b)
{
	if (a->kind != b->kind || !a->name != !b->name)
		return false;
	return a->name ? strcmp(a->name, b->name) == 0 : a->ordinal == b->ordinal;
}

/* The part of ALL that is called as PART is; mostly it stands at I. */
static const struct part *partner(const parts *all, const struct part *part, uint32_t i)
{
	for (uint32_t k = 0; k < all->n; k++)
		if (same_part(&all->v[(i + k) % all->n], part))
			return &all->v[(i + k) % all->n];
	return NULL;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* A location that is a number, or a DWARF expression that yields one. */
static bool place_of(const Dwarf_Die *die, unsigned attribute, uint64_t *ret)
{
	Dwarf_Die copy = *die;
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	size_t n;

	*ret = 0;
	if (bs_die_number(die, attribute, ret))
		return true;
	if (!dwarf_attr(&copy, attribute, &attr) || dwarf_getlocation(&attr, &ops, &n) != 0 ||
	    n != 1)
		return false;
	if (ops[0].atom >= DW_OP_lit0 && ops[0].atom <= DW_OP_lit31)
		*ret = ops[0].atom - DW_OP_lit0;
	else
		*ret = ops[0].number;
	return true;
}

static const char *number(struct bs_comparison *c, uint64_t value)
{
	return bs_arena_printf(c->texts, "%llu", (unsigned long long)value);
}

struct bits {
	uint64_t start, n; /* from the start of the structure; 0: no bit field */
};

static bool is_big_endian(const struct bs_type *type)
{
	return type->debug->image->header.ident[EI_DATA] == ELFDATA2MSB;
}

/* DWARF 3 counts from the high end of a storage unit, DWARF 4 from the start of the structure. */
static struct bits bits_of(const struct bs_type *type, const Dwarf_Die *member)
{
	struct bits bits = { 0 };
	struct bs_type of, peeled;
	uint64_t offset, size = 0, from_top;

	if (!bs_die_number(member, DW_AT_bit_size, &bits.n))
		return bits;
	if (bs_die_number(member, DW_AT_data_bit_offset, &bits.start))
		return bits;
	place_of(member, DW_AT_data_member_location, &offset);
	bits.start = offset * 8;
	if (!bs_die_number(member, DW_AT_bit_offset, &from_top))
		return bits;
	if (!bs_die_number(member, DW_AT_byte_size, &size) &&
	    bs_type_of(type->debug, member, &of) && bs_type_peel(&of, &peeled) &&
	    !bs_type_is_void(&peeled))
		bs_die_number(&peeled.die, DW_AT_byte_size, &size);
	bits.start += is_big_endian(type) ? from_top : size * 8 - from_top - bits.n;
	return bits;
}

/* ---- constants ----------------------------------------------------------------------------- */

/* The number that a constant may be: forms of one to eight bytes say nothing of the sign. */
struct constant {
	int64_t with_sign;
	uint64_t without;
	bool is_signed;
};

static bool constant_of(const Dwarf_Die *die, struct constant *ret)
{
	Dwarf_Die copy = *die;
	Dwarf_Attribute attr;
	Dwarf_Sword with_sign;
	Dwarf_Word without;

	if (!dwarf_attr(&copy, DW_AT_const_value, &attr) ||
	    dwarf_formsdata(&attr, &with_sign) != 0 || dwarf_formudata(&attr, &without) != 0)
		return false;
	*ret = (struct constant){ with_sign, without, attr.form == DW_FORM_sdata };
	return true;
}

static const char *constant_text(struct bs_comparison *c, const struct constant *constant)
{
	return constant->is_signed
		       ? bs_arena_printf(c->texts, "%lld", (long long)constant->with_sign)
		       : number(c, constant->without);
}

static bool block_of(const Dwarf_Die *die, Dwarf_Block *ret)
{
	Dwarf_Die copy = *die;
	Dwarf_Attribute attr;

	return dwarf_attr(&copy, DW_AT_const_value, &attr) && dwarf_formblock(&attr, ret) == 0;
}

/* "0x3ff00000", in the order of the file. */
static const char *block_text(struct bs_comparison *c, const Dwarf_Block *block)
{
	const char *text = "0x";

	for (Dwarf_Word i = 0; i < block->length && i < 16; i++)
		text = bs_arena_printf(c->texts, "%s%02x", text, block->data[i]);
	return text;
}

/* Numbers that are no integers. One in bytes and one otherwise: two compilers, which nobody can
 * hold together. */
static bool compare_blocks(struct bs_comparison *c, const struct bs_edge *edge,
			   const Dwarf_Die *left, const Dwarf_Die *right)
{
	Dwarf_Block here, there;

	if (!block_of(left, &here) || !block_of(right, &there))
		return true;
	return (here.length == there.length && memcmp(here.data, there.data, here.length) == 0) ||
	       bs_differ(c, edge, block_text(c, &here), block_text(c, &there));
}

bool bs_compare_constants(struct bs_comparison *c, const struct bs_edge *edge,
			  const Dwarf_Die *left, const Dwarf_Die *right)
{
	struct constant a, b;

	if (!constant_of(left, &a) || !constant_of(right, &b))
		return compare_blocks(c, edge, left, right);
	if (a.with_sign == b.with_sign || a.without == b.without ||
	    a.with_sign == (int64_t)b.without || (int64_t)a.without == b.with_sign)
		return true;
	return bs_differ(c, edge, constant_text(c, &a), constant_text(c, &b));
}

/* ---- the comparison ------------------------------------------------------------------------ */

static struct bs_edge edge_of(const struct sides *s, enum bs_difference_kind kind, const char *name)
{
	return (struct bs_edge){ .kind = kind, .type = s->type, .name = name };
}

static const char *member_type_text(struct sides *s, const struct bs_type *side,
				    const Dwarf_Die *member)
{
	struct bs_type type;

	return bs_type_of(side->debug, member, &type) ? bs_type_text(s->c->texts, &type) : "?";
}

/* "Shape, Named" */
static const char *base_names(struct sides *s, const struct bs_type *side, const parts *all)
{
	enum { MOST_TOLD = 16 };
	const char *text = NULL;
	unsigned n = 0;

	bs_vec_each (i, all) {
		if (all->v[i].kind != PART_BASE)
			continue;
		if (n++ == MOST_TOLD)
			return bs_arena_printf(s->c->texts, "%s, ...", text);
		const char *name = member_type_text(s, side, &all->v[i].die);

		text = text ? bs_arena_printf(s->c->texts, "%s, %s", text, name) : name;
	}
	return text ? text : "none";
}

static const struct part *nth_base(const parts *all, uint32_t n)
{
	bs_vec_each (i, all)
		if (all->v[i].kind == PART_BASE && n-- == 0)
			return &all->v[i];
	return NULL;
}

static bool compare_bases(struct sides *s)
{
	const struct bs_edge edge = edge_of(s, BS_DIFFERENCE_BASES, NULL);

	for (uint32_t i = 0;; i++) {
		const struct part *ours = nth_base(&s->ours, i), *theirs = nth_base(&s->theirs, i);
		struct bs_type a, b;
		uint64_t one, other;

		if (!ours && !theirs)
			return true;
		if (!ours || !theirs ||
		    has(&ours->die, DW_AT_virtuality) != has(&theirs->die, DW_AT_virtuality))
			return bs_differ(s->c, &edge, base_names(s, s->left, &s->ours),
					 base_names(s, s->right, &s->theirs));
		if (!bs_type_of(s->left->debug, &ours->die, &a) ||
		    !bs_type_of(s->right->debug, &theirs->die, &b)) {
			s->c->is_cut = true;
			continue;
		}
		if (!bs_compare_types(s->c, &edge, &a, &b))
			return false;
		/* Where a virtual one is stands in the virtual table. */
		if (has(&ours->die, DW_AT_virtuality) ||
		    !place_of(&ours->die, DW_AT_data_member_location, &one) ||
		    !place_of(&theirs->die, DW_AT_data_member_location, &other) || one == other)
			continue;
		const struct bs_edge moved =
			edge_of(s, BS_DIFFERENCE_BASE_OFFSET, bs_type_text(s->c->texts, &a));

		return bs_differ(s->c, &moved, number(s->c, one), number(s->c, other));
	}
}

static const char *bits_text(struct bs_comparison *c, const struct bits *bits)
{
	return bits->n ? bs_arena_printf(c->texts, "bit %llu, %llu wide",
					 (unsigned long long)bits->start,
					 (unsigned long long)bits->n)
		       : "none";
}

/* A plain member of the size of a bit field, where a compiler tells one of them for the other. */
static void make_alike(const struct bs_type *type, const Dwarf_Die *member, struct bits *bits)
{
	struct bs_type of, peeled;
	uint64_t size, offset;

	if (!bs_type_of(type->debug, member, &of) || !bs_type_peel(&of, &peeled) ||
	    bs_type_is_void(&peeled) || !bs_die_number(&peeled.die, DW_AT_byte_size, &size))
		return;
	place_of(member, DW_AT_data_member_location, &offset);
	*bits = (struct bits){ offset * 8, size * 8 };
}

static bool compare_members(struct sides *s, const struct part *ours, const struct part *theirs)
{
	const char *name = ours->name ? ours->name : "(unnamed)";
	const struct bs_edge moved = edge_of(s, BS_DIFFERENCE_MEMBER_OFFSET, name);
	const struct bs_edge field = edge_of(s, BS_DIFFERENCE_MEMBER_BITS, name);
	const struct bs_edge edge = edge_of(s, BS_DIFFERENCE_MEMBER_TYPE, name);
	struct bits a = bits_of(s->left, &ours->die), b = bits_of(s->right, &theirs->die);
	struct bs_type type, other_type;
	uint64_t one = 0, other = 0;

	if (a.n && !b.n)
		make_alike(s->right, &theirs->die, &b);
	else if (b.n && !a.n)
		make_alike(s->left, &ours->die, &a);
	if (a.n != b.n || (a.n && a.start != b.start))
		return bs_differ(s->c, &field, bits_text(s->c, &a), bits_text(s->c, &b));
	place_of(&ours->die, DW_AT_data_member_location, &one);
	place_of(&theirs->die, DW_AT_data_member_location, &other);
	if (!a.n && one != other)
		return bs_differ(s->c, &moved, number(s->c, one), number(s->c, other));
	if (bs_type_of(s->left->debug, &ours->die, &type) &&
	    bs_type_of(s->right->debug, &theirs->die, &other_type))
		return bs_compare_types(s->c, &edge, &type, &other_type);
	s->c->is_cut = true;
	return true;
}

static bool compare_slots(struct sides *s, const struct part *ours, const struct part *theirs)
{
	const char *name = bs_die_string(&ours->die, DW_AT_name);
	const struct bs_edge edge = edge_of(s, BS_DIFFERENCE_SLOT, name ? name : ours->name);
	uint64_t one, other;

	if (!place_of(&ours->die, DW_AT_vtable_elem_location, &one) ||
	    !place_of(&theirs->die, DW_AT_vtable_elem_location, &other) || one == other)
		return true;
	return bs_differ(s->c, &edge, number(s->c, one), number(s->c, other));
}

static bool compare_parts(struct sides *s, const struct part *ours, const struct part *theirs)
{
	const struct bs_edge enumerator = edge_of(s, BS_DIFFERENCE_ENUMERATOR, ours->name);
	const struct bs_edge constant = edge_of(s, BS_DIFFERENCE_CONSTANT, ours->name);

	switch (ours->kind) {
	case PART_MEMBER:
		return compare_members(s, ours, theirs);
	case PART_VIRTUAL:
		return compare_slots(s, ours, theirs);
	case PART_ENUMERATOR:
		return bs_compare_constants(s->c, &enumerator, &ours->die, &theirs->die);
	case PART_CONSTANT:
		return bs_compare_constants(s->c, &constant, &ours->die, &theirs->die);
	case PART_BASE:
		break;
	}
	return true;
}

/* PART, which one side alone has: RIGHT says that it is the other one. A constant is told of by who
 * uses it. */
static bool missing(struct sides *s, const struct part *part, bool right)
{
	static const enum bs_difference_kind kinds[] = {
		[PART_MEMBER] = BS_DIFFERENCE_MEMBER_MISSING,
		[PART_VIRTUAL] = BS_DIFFERENCE_SLOT_MISSING,
		[PART_ENUMERATOR] = BS_DIFFERENCE_ENUMERATOR_MISSING,
	};
	const char *name = bs_die_string(&part->die, DW_AT_name);
	const struct bs_type *side = right ? s->right : s->left;
	struct bs_edge edge;
	struct constant value;
	uint64_t place;

	if (part->kind == PART_BASE || part->kind == PART_CONSTANT || part->is_implicit)
		return true;
	edge = edge_of(s, kinds[part->kind], name ? name : "(unnamed)");
	const char *text = "?";

	if (part->kind == PART_MEMBER)
		text = member_type_text(s, side, &part->die);
	else if (part->kind == PART_VIRTUAL &&
		 place_of(&part->die, DW_AT_vtable_elem_location, &place))
		text = number(s->c, place);
	else if (part->kind == PART_ENUMERATOR && constant_of(&part->die, &value))
		text = constant_text(s->c, &value);
	return bs_differ(s->c, &edge, right ? NULL : text, right ? text : NULL);
}

/* First what both have and have otherwise, which says more than what is new. */
static bool compare_all_parts(struct sides *s)
{
	bs_vec_each (i, &s->ours) {
		const struct part *theirs = partner(&s->theirs, &s->ours.v[i], i);

		if (theirs && !compare_parts(s, &s->ours.v[i], theirs))
			return false;
	}
	bs_vec_each (i, &s->ours)
		if (!partner(&s->theirs, &s->ours.v[i], i) && !missing(s, &s->ours.v[i], false))
			return false;
	bs_vec_each (i, &s->theirs)
		if (!partner(&s->ours, &s->theirs.v[i], i) && !missing(s, &s->theirs.v[i], true))
			return false;
	return true;
}

static bool compare_sizes(struct sides *s)
{
	const struct bs_edge edge = edge_of(s, BS_DIFFERENCE_SIZE, NULL);
	uint64_t one, other;

	if (!bs_die_number(&s->left->die, DW_AT_byte_size, &one) ||
	    !bs_die_number(&s->right->die, DW_AT_byte_size, &other) || one == other)
		return true;
	bs_differ(s->c, &edge, number(s->c, one), number(s->c, other));
	s->c->difference.n_left = one;
	s->c->difference.n_right = other;
	return false;
}

/*
 * Who compiled a definition without knowing a type cannot rest on what is in it. But compilers
 * leave out what they know, too: a class is described where its virtual table or its constructors
 * are, elsewhere it has at most the member functions that are met.
 */
static bool is_described_elsewhere(const struct bs_type_pair *pair, const struct bs_type *type)
{
	Dwarf_Die child;

	return bs_die_flag(&type->die, DW_AT_declaration) &&
	       (bs_die_next(&type->die, &child, true) ||
		(pair->edge.name && strcmp(pair->edge.name, "this") == 0));
}

bool bs_compare_layouts(struct bs_comparison *c, const struct bs_type_pair *pair)
{
	struct bs_type left, right;
	struct sides s = { .c = c, .left = &left, .right = &right };

	if (!bs_type_complete(&pair->left, &left) || !bs_type_complete(&pair->right, &right)) {
		c->is_cut |= is_described_elsewhere(pair, &pair->left) ||
			     is_described_elsewhere(pair, &pair->right);
		return true;
	}
	const char *name = bs_whole_name(left.debug, &left.die);

	name = name ? name : bs_whole_name(right.debug, &right.die);
	s.type = name ? name : "(unnamed)";
	s.ours = parts_of(c, &left);
	s.theirs = parts_of(c, &right);
	if (compare_sizes(&s) && compare_bases(&s) && compare_all_parts(&s))
		return true;
	const char *typedefed = name ? NULL : bs_typedef_of(left.debug, &left.die);

	if (typedefed && c->difference.type)
		c->difference.type = bs_kept_text(c->texts, typedefed);
	return false;
}
