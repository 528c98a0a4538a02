/* SPDX-License-Identifier: MIT */
/* Types: what they are called, and what they are behind other names. */
#include "proof-priv.h"

#include <string.h>

static int tag_of(const struct bs_type *type)
{
	Dwarf_Die copy = type->die;

	return bs_type_is_void(type) ? 0 : dwarf_tag(&copy);
}

bool bs_type_of(struct bs_debug *debug, const Dwarf_Die *die, struct bs_type *ret)
{
	struct bs_type found = { .debug = debug };
	Dwarf_Attribute attr;
	Dwarf_Die owner;

	if (bs_die_inherited(debug, die, DW_AT_type, &attr, &owner) &&
	    !bs_die_follow(debug, &owner, DW_AT_type, &found.die))
		return false;
	*ret = found;
	return true;
}

bool bs_type_peel(const struct bs_type *type, struct bs_type *ret)
{
	*ret = *type;
	for (unsigned i = 0; i < BS_DEEPEST; i++) {
		struct bs_type next;

		switch (tag_of(ret)) {
		case 0:
			return true;
		case DW_TAG_typedef:
		case DW_TAG_template_alias:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
		case DW_TAG_immutable_type:
		case DW_TAG_packed_type:
		case DW_TAG_shared_type:
			if (!bs_type_of(ret->debug, &ret->die, &next))
				return false;
			*ret = next;
			break;
		default:
			if (!bs_die_follow(ret->debug, &ret->die, DW_AT_signature, &next.die))
				return true;
			ret->die = next.die;
			break;
		}
	}
	return false;
}

bool bs_type_complete(const struct bs_type *type, struct bs_type *ret)
{
	*ret = *type;
	if (!bs_die_flag(&type->die, DW_AT_declaration))
		return true;
	const char *name = bs_whole_name(type->debug, &type->die);

	return name && bs_find_type(type->debug, name, &type->die, &ret->die);
}

/* ---- names --------------------------------------------------------------------------------- */

/* Of a name of C++ that is put together from several, what its arguments are is written otherwise
 * by each compiler: 3ul and 3, `> >' and `>>'. */
static bool is_end(char c)
{
	return c == '\0' || c == '<';
}

bool bs_same_name(const char *left, const char *right)
{
	while (!is_end(*left) && *left == *right) {
		left++;
		right++;
	}
	return is_end(*left) && is_end(*right) && (*left == *right || !*left || !*right);
}

enum { MOST_DIMENSIONS = 16 }; /* Fortran has 15 */

/* The dimensions of an array: "[4][2]". */
static const char *dimensions(struct bs_arena *arena, const struct bs_type *type)
{
	const char *text = "";
	unsigned n_seen = 0;
	Dwarf_Die child;

	bs_die_each (&type->die, &child) {
		uint64_t n;

		if (dwarf_tag(&child) != DW_TAG_subrange_type)
			continue;
		if (n_seen++ == MOST_DIMENSIONS)
			return bs_arena_printf(arena, "%s...", text);
		if (bs_die_number(&child, DW_AT_count, &n) ||
		    (bs_die_number(&child, DW_AT_upper_bound, &n) && ++n))
			text = bs_arena_printf(arena, "%s[%llu]", text, (unsigned long long)n);
		else
			text = bs_arena_printf(arena, "%s[]", text);
	}
	return *text ? text : "[]";
}

static const char *plain_name(const struct bs_type *type)
{
	Dwarf_Die apart;
	bool is_apart = bs_die_follow(type->debug, &type->die, DW_AT_signature, &apart);
	const char *name = bs_whole_name(type->debug, is_apart ? &apart : &type->die);

	return name ? name : "(unnamed)";
}

const char *bs_type_text(struct bs_arena *arena, const struct bs_type *type)
{
	const char *before = "", *behind = "";
	struct bs_type at = *type, next;

	for (unsigned i = 0; i < BS_DEEPEST; i++, at = next) {
		switch (tag_of(&at)) {
		case 0:
			return bs_arena_printf(arena, "%svoid%s", before, behind);
		case DW_TAG_pointer_type:
			behind = bs_arena_printf(arena, "*%s", behind);
			break;
		case DW_TAG_reference_type:
			behind = bs_arena_printf(arena, "&%s", behind);
			break;
		case DW_TAG_rvalue_reference_type:
			behind = bs_arena_printf(arena, "&&%s", behind);
			break;
		case DW_TAG_array_type:
			behind = bs_arena_printf(arena, "%s%s", behind, dimensions(arena, &at));
			break;
		case DW_TAG_const_type:
			/* Only of what is pointed to it stands in front. */
			before = i && *behind == '*' ? "const " : before;
			break;
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			break;
		case DW_TAG_subroutine_type:
			return bs_arena_printf(arena, "%sfunction%s", before, behind);
		case DW_TAG_ptr_to_member_type:
			return bs_arena_printf(arena, "%spointer to member%s", before, behind);
		default:
			return bs_arena_printf(arena, "%s%s%s", before,
					       bs_kept_text(arena, plain_name(&at)), behind);
		}
		if (!bs_type_of(at.debug, &at.die, &next))
			break;
	}
	return bs_arena_printf(arena, "%s?%s", before, behind);
}
