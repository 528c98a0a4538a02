/* SPDX-License-Identifier: MIT */
/* Entries of debug information and what they say. References lead nowhere but into units that were
 * listed. */
#include "proof-priv.h"

#include <string.h>

/* Chains of instance, abstract instance and declaration are short. */
enum { LONGEST_CHAIN = 8 };

/* libdw has no constant entries; it changes none but for what it remembers in them. */
static Dwarf_Attribute *attribute_of(const Dwarf_Die *die, unsigned attribute, Dwarf_Attribute *ret)
{
	Dwarf_Die copy = *die;

	return dwarf_attr(&copy, attribute, ret);
}

bool bs_die_follow(struct bs_debug *debug, const Dwarf_Die *die, unsigned attribute, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;

	return attribute_of(die, attribute, &attr) && dwarf_formref_die(&attr, ret) &&
	       bs_unit_of(debug, ret);
}

static bool is_thing(const Dwarf_Die *die)
{
	Dwarf_Die copy = *die;

	switch (dwarf_tag(&copy)) {
	case DW_TAG_subprogram:
	case DW_TAG_variable:
	case DW_TAG_member:
	case DW_TAG_formal_parameter:
		return true;
	default:
		return false;
	}
}

Dwarf_Attribute *bs_die_inherited(struct bs_debug *debug, const Dwarf_Die *die, unsigned attribute,
				  Dwarf_Attribute *ret, Dwarf_Die *ret_owner)
{
	*ret_owner = *die;
	for (unsigned i = 0; i < LONGEST_CHAIN; i++) {
		Dwarf_Die next;

		if (attribute_of(ret_owner, attribute, ret))
			return ret;
		if ((!bs_die_follow(debug, ret_owner, DW_AT_abstract_origin, &next) &&
		     !bs_die_follow(debug, ret_owner, DW_AT_specification, &next)) ||
		    !is_thing(&next))
			return NULL;
		*ret_owner = next;
	}
	return NULL;
}

const char *bs_die_string(const Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;

	return attribute_of(die, attribute, &attr) ? dwarf_formstring(&attr) : NULL;
}

const char *bs_die_linkage_name(const Dwarf_Die *die)
{
	const char *name = bs_die_string(die, DW_AT_linkage_name);

	return name ? name : bs_die_string(die, DW_AT_MIPS_linkage_name);
}

bool bs_die_number(const Dwarf_Die *die, unsigned attribute, uint64_t *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!attribute_of(die, attribute, &attr) || dwarf_formudata(&attr, &value) != 0)
		return false;
	*ret = value;
	return true;
}

bool bs_die_flag(const Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;
	bool flag = false;

	return attribute_of(die, attribute, &attr) && dwarf_formflag(&attr, &flag) == 0 && flag;
}

bool bs_die_next(const Dwarf_Die *parent, Dwarf_Die *child, bool first)
{
	Dwarf_Die from = first ? *parent : *child;
	Dwarf_Off before = dwarf_dieoffset(&from);

	/* Entries lie one behind the other: what leads back leads round and round. */
	return (first ? dwarf_child(&from, child) : dwarf_siblingof(&from, child)) == 0 &&
	       dwarf_dieoffset(child) > before;
}

const char *bs_kept_text(struct bs_arena *arena, const char *text)
{
	enum { LONGEST = 4096, LONGEST_CHARACTER = 4 };
	size_t n = text ? strnlen(text, LONGEST + 1) : 0;

	if (n <= LONGEST)
		return text ? bs_arena_strndup(arena, text, n) : NULL;
	/* Not in the midst of a character. */
	for (n = LONGEST;
	     n > LONGEST - LONGEST_CHARACTER && ((unsigned char)text[n] & 0xc0) == 0x80;)
		n--;
	return bs_arena_printf(arena, "%s...", bs_arena_strndup(arena, text, n));
}
