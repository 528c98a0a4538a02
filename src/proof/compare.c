/* SPDX-License-Identifier: MIT */
/*
 * Types held against each other. Layouts that are come to wait in a list, so that what is nearest
 * to the definition is told first, and each pair is looked at once: types lead back to themselves.
 */
#include "proof-priv.h"

#include <string.h>

enum { MOST_PAIRS = 4096, FIRST_TABLE = 64 };

bool bs_differ(struct bs_comparison *c, const struct bs_edge *edge, const char *left,
	       const char *right)
{
	c->difference = (struct bs_difference){
		.kind = edge->kind,
		.type = bs_kept_text(c->texts, edge->type),
		.name = bs_kept_text(c->texts, edge->name),
		.left = left,
		.right = right,
	};
	return false;
}

static int tag_of(const struct bs_type *type)
{
	Dwarf_Die copy = type->die;

	return dwarf_tag(&copy);
}

static bool differ_in_type(struct bs_comparison *c, const struct bs_edge *edge,
			   const struct bs_type *left, const struct bs_type *right)
{
	const char *one = bs_type_text(c->texts, left), *other = bs_type_text(c->texts, right);

	/* Two typedefs of one name, say: what is behind them tells more. */
	if (strcmp(one, other) == 0) {
		struct bs_type a, b;

		if (bs_type_peel(left, &a) && bs_type_peel(right, &b)) {
			one = bs_type_text(c->texts, &a);
			other = bs_type_text(c->texts, &b);
		}
	}
	return bs_differ(c, edge, one, other);
}

/* Where PAIRS has LEFT and RIGHT, or would have them. */
static uint32_t slot_of(const struct bs_type_pairs *pairs, const struct bs_type *left,
			const struct bs_type *right)
{
	uintptr_t key = (uintptr_t)left->die.addr * 31 ^ (uintptr_t)right->die.addr;
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & pairs->mask;

	for (; pairs->table[at]; at = (at + 1) & pairs->mask) {
		const struct bs_type_pair *pair = &pairs->list.v[pairs->table[at] - 1];

		if (pair->left.die.addr == left->die.addr &&
		    pair->right.die.addr == right->die.addr)
			break;
	}
	return at;
}

static bool has_pair(const struct bs_type_pairs *pairs, const struct bs_type *left,
		     const struct bs_type *right)
{
	return pairs && pairs->table && pairs->table[slot_of(pairs, left, right)];
}

/* Adds a pair that PAIRS does not have. */
static void add_pair(struct bs_arena *arena, struct bs_type_pairs *pairs,
		     const struct bs_type_pair *pair)
{
	if (!pairs->table || pairs->list.n * 2 >= pairs->mask) {
		uint32_t room = pairs->table ? (pairs->mask + 1) * 2 : FIRST_TABLE;

		pairs->mask = room - 1;
		pairs->table = bs_new(arena, uint32_t, room);
		bs_vec_each (i, &pairs->list)
			pairs->table[slot_of(pairs, &pairs->list.v[i].left,
					     &pairs->list.v[i].right)] = i + 1;
	}
	uint32_t at = slot_of(pairs, &pair->left, &pair->right);

	bs_vec_push(arena, &pairs->list, *pair);
	pairs->table[at] = pairs->list.n;
}

/* Puts a pair into the list unless it is there. EDGE led to it. */
static void come_to(struct bs_comparison *c, const struct bs_edge *edge, const struct bs_type *left,
		    const struct bs_type *right)
{
	if (has_pair(c->known, left, right) || has_pair(&c->pairs, left, right))
		return;
	if (c->pairs.list.n == MOST_PAIRS)
		c->is_cut = true;
	else
		add_pair(c->arena, &c->pairs, &(struct bs_type_pair){ *left, *right, *edge });
}

void bs_comparison_learn(const struct bs_comparison *c, struct bs_arena *arena,
			 struct bs_type_pairs *known)
{
	bs_vec_each (i, &c->pairs.list) {
		const struct bs_type_pair *pair = &c->pairs.list.v[i];

		/* What is only declared counts as the same in some places and not in others. */
		if (!bs_die_flag(&pair->left.die, DW_AT_declaration) &&
		    !bs_die_flag(&pair->right.die, DW_AT_declaration))
			add_pair(arena, known, &(struct bs_type_pair){ pair->left, pair->right });
	}
}

static bool is_class(int tag)
{
	return tag == DW_TAG_class_type || tag == DW_TAG_structure_type;
}

static bool is_layout(int tag)
{
	return is_class(tag) || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

static bool is_pointer(int tag)
{
	return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type ||
	       tag == DW_TAG_rvalue_reference_type || tag == DW_TAG_ptr_to_member_type;
}

/* `char' is a signed or an unsigned number of one byte, char16_t one of two: what counts is how it
 * is passed and stored. */
static uint64_t manner_of(const struct bs_type *type)
{
	uint64_t encoding = 0;

	bs_die_number(&type->die, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_signed_char:
		return DW_ATE_signed;
	case DW_ATE_unsigned_char:
	case DW_ATE_UTF:
		return DW_ATE_unsigned;
	default:
		return encoding;
	}
}

static uint64_t size_of(const struct bs_type *type)
{
	uint64_t size = 0;

	bs_die_number(&type->die, DW_AT_byte_size, &size);
	return size;
}

static bool is_unspecified(const struct bs_type *type)
{
	return !bs_type_is_void(type) && tag_of(type) == DW_TAG_unspecified_type;
}

static bool is_number(int tag)
{
	return tag == DW_TAG_base_type || tag == DW_TAG_enumeration_type;
}

static const char *number_text(struct bs_comparison *c, const char *text,
			       const struct bs_type *type)
{
	const uint64_t manner = manner_of(type);
	const char *word = manner == DW_ATE_signed     ? "signed"
			   : manner == DW_ATE_unsigned ? "unsigned"
						       : "of another kind";

	return bs_arena_printf(c->texts, "%s (%s, size %llu)", text, word,
			       (unsigned long long)size_of(type));
}

/* Where both have one name, as `char', what it is tells more. */
static bool differ_in_number(struct bs_comparison *c, const struct bs_edge *edge,
			     const struct bs_type_pair *said, const struct bs_type *left,
			     const struct bs_type *right)
{
	differ_in_type(c, edge, &said->left, &said->right);
	struct bs_difference *d = &c->difference;

	if (strcmp(d->left, d->right) == 0) {
		d->left = number_text(c, d->left, left);
		d->right = number_text(c, d->right, right);
	}
	return false;
}

/* Neither is void, a pointer, an array or a function. */
static bool compare_ends(struct bs_comparison *c, const struct bs_edge *edge,
			 const struct bs_type_pair *said, const struct bs_type *left,
			 const struct bs_type *right)
{
	int tag = tag_of(left), other = tag_of(right);

	if (is_layout(tag) && (tag == other || (is_class(tag) && is_class(other)))) {
		const char *one = bs_whole_name(left->debug, &left->die);
		const char *two = bs_whole_name(right->debug, &right->die);

		if (one && two && !bs_same_name(one, two))
			return differ_in_type(c, edge, &said->left, &said->right);
		come_to(c, edge, left, right);
		return true;
	}
	/* In C an enumeration is a number, too, and interfaces change from one to the other. */
	if (is_number(tag) && is_number(other)) {
		return (size_of(left) == size_of(right) &&
			(tag != other || manner_of(left) == manner_of(right))) ||
		       differ_in_number(c, edge, said, left, right);
	} else if (tag == other) {
		return true;
	}
	return differ_in_type(c, edge, &said->left, &said->right);
}

bool bs_compare_types(struct bs_comparison *c, const struct bs_edge *edge,
		      const struct bs_type *left, const struct bs_type *right)
{
	const struct bs_type_pair said = { *left, *right, *edge };
	struct bs_type a = *left, b = *right;

	for (unsigned i = 0; i < BS_DEEPEST; i++) {
		if (!bs_type_peel(&a, &a) || !bs_type_peel(&b, &b))
			break;
		/* `auto' of a function that is not instantiated here. */
		if (is_unspecified(&a) != is_unspecified(&b))
			break;
		/* Behind a pointer void is anything. */
		if (bs_type_is_void(&a) || bs_type_is_void(&b))
			return i || bs_type_is_void(&a) == bs_type_is_void(&b) ||
			       differ_in_type(c, edge, left, right);
		int tag = tag_of(&a);

		if (tag != tag_of(&b) ||
		    (!is_pointer(tag) && tag != DW_TAG_array_type && tag != DW_TAG_subroutine_type))
			return compare_ends(c, edge, &said, &a, &b);
		if (tag == DW_TAG_subroutine_type) {
			come_to(c, edge, &a, &b);
			return true;
		}
		if (tag == DW_TAG_array_type) {
			const char *one = bs_type_text(c->arena, &a);
			const char *two = bs_type_text(c->arena, &b);
			const char *of_one = strchr(one, '['), *of_two = strchr(two, '[');

			/* One that ends a structure has any length. */
			if (of_one && of_two && strcmp(of_one, "[]") != 0 &&
			    strcmp(of_two, "[]") != 0 && strcmp(of_one, of_two) != 0)
				return differ_in_type(c, edge, left, right);
		}
		if (!bs_type_of(a.debug, &a.die, &a) || !bs_type_of(b.debug, &b.die, &b))
			break;
	}
	c->is_cut = true;
	return true;
}

/* ---- functions ----------------------------------------------------------------------------- */

typedef BS_VEC(Dwarf_Die) dies;

static bool is_this(const Dwarf_Die *parameter)
{
	return bs_die_flag(parameter, DW_AT_artificial);
}

/* Without what the ABI adds: how constructors know of virtual bases. A `...' counts as one. */
static void list_parameters(struct bs_comparison *c, const Dwarf_Die *from, dies *ret)
{
	Dwarf_Die child;

	bs_die_each (from, &child) {
		int tag = dwarf_tag(&child);

		if ((tag == DW_TAG_formal_parameter && (!ret->n || !is_this(&child))) ||
		    tag == DW_TAG_unspecified_parameters)
			bs_vec_push(c->arena, ret, child);
	}
}

/* The parameters of FUNCTION as it was declared: an optimized instance may have lost some. */
static dies parameters_of(struct bs_comparison *c, const struct bs_type *function)
{
	Dwarf_Die from = function->die, next;
	dies found = { 0 };

	for (unsigned i = 0; i < BS_DEEPEST; i++, from = next) {
		dies own = { 0 };

		list_parameters(c, &from, &own);
		found = own.n ? own : found;
		if (!bs_die_follow(function->debug, &from, DW_AT_abstract_origin, &next) &&
		    !bs_die_follow(function->debug, &from, DW_AT_specification, &next))
			break;
	}
	return found;
}

static bool compare_parameters(struct bs_comparison *c, const struct bs_edge *around,
			       const struct bs_type *left, const struct bs_type *right)
{
	dies ours = parameters_of(c, left), theirs = parameters_of(c, right);

	uint32_t hidden = ours.n && is_this(&ours.v[0]);

	if (ours.n != theirs.n) {
		const struct bs_edge edge = { .kind = BS_DIFFERENCE_PARAMETERS };

		const char *words = around ? " parameters" : "";

		return bs_differ(c, around ? around : &edge,
				 bs_arena_printf(c->texts, "%u%s", ours.n - hidden, words),
				 bs_arena_printf(c->texts, "%u%s", theirs.n - hidden, words));
	}
	bs_vec_each (i, &ours) {
		struct bs_type a, b;
		const struct bs_edge edge = {
			.kind = BS_DIFFERENCE_PARAMETER,
			.name = i < hidden ? "this"
					   : bs_arena_printf(c->arena, "%u", i + 1 - hidden),
		};

		if (!bs_type_of(left->debug, &ours.v[i], &a) ||
		    !bs_type_of(right->debug, &theirs.v[i], &b))
			c->is_cut = true;
		else if (!bs_compare_types(c, around ? around : &edge, &a, &b))
			return false;
	}
	return true;
}

bool bs_compare_functions(struct bs_comparison *c, const struct bs_edge *around,
			  const struct bs_type *left, const struct bs_type *right)
{
	const struct bs_edge edge = { .kind = BS_DIFFERENCE_RETURN };
	struct bs_type a, b;

	if (!bs_type_of(left->debug, &left->die, &a) || !bs_type_of(right->debug, &right->die, &b))
		c->is_cut = true;
	else if (!bs_compare_types(c, around ? around : &edge, &a, &b))
		return false;
	return compare_parameters(c, around, left, right);
}

bool bs_compare_rest(struct bs_comparison *c)
{
	for (; c->next < c->pairs.list.n; c->next++) {
		const struct bs_type_pair pair = c->pairs.list.v[c->next];

		if (tag_of(&pair.left) == DW_TAG_subroutine_type
			    ? !bs_compare_functions(c, &pair.edge, &pair.left, &pair.right)
			    : !bs_compare_layouts(c, &pair))
			return false;
	}
	return true;
}
