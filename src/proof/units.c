/* SPDX-License-Identifier: MIT */
/*
 * What lies where in the debug information of one object. A unit is read when something in it is
 * asked for, once: its namespaces, types, functions and variables, but nothing inside of functions.
 */
#include "proof-priv.h"

#include <string.h>

enum { MOST_UNITS = 1 << 17, MOST_RANGES = 1 << 20, NO_HASH = 0 };

#define NO_ADDRESS UINT64_MAX

/* FNV-1a, which a name that goes on can be hashed on with. */
#define HASH_START UINT32_C(2166136261)

static uint32_t hash_on(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
	return hash ? hash : 1;
}

/* ---- the units ----------------------------------------------------------------------------- */

static uint32_t slot_of_unit(const struct bs_debug *debug, const Dwarf_CU *cu)
{
	uint32_t i = (uint32_t)(((uintptr_t)cu >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (i &= debug->unit_mask; debug->unit_table[i]; i = (i + 1) & debug->unit_mask)
		if (debug->units.v[debug->unit_table[i] - 1].cu == cu)
			break;
	return i;
}

static void list_ranges(struct bs_debug *debug, uint32_t unit)
{
	Dwarf_Die die = debug->units.v[unit].die;
	Dwarf_Addr base, start, end;

	for (ptrdiff_t at = 0; debug->ranges.n < MOST_RANGES &&
			       (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0;)
		if (end > start)
			bs_vec_push(debug->arena, &debug->ranges,
				    (struct bs_range){ start, end, unit });
}

/* Those whose types and definitions stand in this file. What was split off is not sought: libdw
 * would open files outside of the root for it. */
static void list_from(struct bs_debug *debug, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Half version;
	uint8_t type;
	Dwarf_Die die;

	while (debug->units.n < MOST_UNITS &&
	       dwarf_get_units(dwarf, cu, &cu, &version, &type, &die, NULL) == 0) {
		debug->is_split |= type == DW_UT_skeleton || bs_die_string(&die, DW_AT_dwo_name) ||
				   bs_die_string(&die, DW_AT_GNU_dwo_name);
		if (type == DW_UT_compile || type == DW_UT_partial || type == DW_UT_type)
			bs_vec_push(debug->arena, &debug->units,
				    (struct bs_unit){ .cu = cu, .die = die });
	}
}

void bs_units_list(struct bs_debug *debug)
{
	uint32_t room = 16;

	list_from(debug, debug->dwarf);
	if (debug->alt)
		list_from(debug, debug->alt);
	while (room < debug->units.n * 2)
		room *= 2;
	debug->unit_mask = room - 1;
	debug->unit_table = bs_new(debug->arena, uint32_t, room);
	bs_vec_each (i, &debug->units)
		debug->unit_table[slot_of_unit(debug, debug->units.v[i].cu)] = i + 1;
	bs_vec_each (i, &debug->units)
		list_ranges(debug, i);
}

/* ---- reading one --------------------------------------------------------------------------- */

struct reader {
	struct bs_debug *debug;
	struct bs_unit *unit;
};

/* Where a DW_AT_location says that a variable always is; NO_ADDRESS: elsewhere. */
static uint64_t address_of_variable(Dwarf_Die *die, bool *ret_thread_local)
{
	Dwarf_Attribute attr, operand;
	Dwarf_Op *ops;
	size_t n;
	Dwarf_Addr address;

	*ret_thread_local = false;
	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_getlocation(&attr, &ops, &n) != 0 ||
	    n == 0)
		return NO_ADDRESS;
	if (n == 2 &&
	    (ops[1].atom == DW_OP_GNU_push_tls_address || ops[1].atom == DW_OP_form_tls_address)) {
		*ret_thread_local = true;
		return ops[0].number;
	}
	if (n == 1 && ops[0].atom == DW_OP_addr)
		return ops[0].number;
	if (n == 1 && (ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index) &&
	    dwarf_getlocation_attr(&attr, ops, &operand) == 0 &&
	    dwarf_formaddr(&operand, &address) == 0)
		return address;
	return NO_ADDRESS;
}

static uint64_t address_of_function(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Addr base, address, end;

	if (dwarf_attr(die, DW_AT_low_pc, &attr))
		return dwarf_formaddr(&attr, &address) == 0 ? address : NO_ADDRESS;
	/* A function whose cold parts lie apart begins with its first range. */
	if (dwarf_attr(die, DW_AT_ranges, &attr) && dwarf_ranges(die, 0, &base, &address, &end) > 0)
		return address;
	return NO_ADDRESS;
}

static void take_placed(const struct reader *r, Dwarf_Die *die, bool is_function)
{
	struct bs_placed placed = { .die = *die, .is_function = is_function };

	placed.address = is_function ? address_of_function(die)
				     : address_of_variable(die, &placed.is_thread_local);
	if (placed.address != NO_ADDRESS || (!is_function && bs_die_flag(die, DW_AT_external)))
		bs_vec_push(r->debug->arena, &r->unit->placed, placed);
}

/* How many of UNIT's start at OFFSET or before. */
static uint32_t n_named_up_to(const struct bs_unit *unit, Dwarf_Off offset)
{
	uint32_t low = 0, high = unit->named.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (unit->named.v[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A type that was declared in its namespace and is defined outside of it; one that stands for the
 * definition in a unit of its own. */
static void take_declared(const struct reader *r, Dwarf_Die *die, struct bs_named *named)
{
	Dwarf_Die declared;

	if (!named->name && bs_die_follow(r->debug, die, DW_AT_signature, &declared))
		named->name = bs_die_string(&declared, DW_AT_name);
	if (!bs_die_follow(r->debug, die, DW_AT_specification, &declared) ||
	    bs_unit_of(r->debug, &declared) != r->unit)
		return;
	uint32_t i = n_named_up_to(r->unit, dwarf_dieoffset(&declared));

	if (!i || r->unit->named.v[i - 1].start != dwarf_dieoffset(&declared))
		return;
	named->name = r->unit->named.v[i - 1].name;
	named->scope = r->unit->named.v[i - 1].scope;
}

static bool has(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;

	return dwarf_attr(die, attribute, &attr) != NULL;
}

static void take_named(const struct reader *r, Dwarf_Die *die, uint32_t parent, int tag)
{
	struct bs_unit *unit = r->unit;
	struct bs_named named = {
		.die = *die,
		.start = dwarf_dieoffset(die),
		.name = bs_die_string(die, DW_AT_name),
		.parent = parent,
		.scope = parent,
		.is_type = tag != DW_TAG_namespace && tag != DW_TAG_module,
	};

	take_declared(r, die, &named);
	if (!named.name && !named.is_type)
		named.name = "(anonymous namespace)";
	named.is_complete = named.is_type && tag != DW_TAG_typedef && tag != DW_TAG_base_type &&
			    !has(die, DW_AT_declaration) && !has(die, DW_AT_signature);
	uint32_t above = named.scope ? unit->named.v[named.scope - 1].hash : NO_HASH;

	if (named.name && (!named.scope || above))
		named.hash = hash_on(named.scope ? hash_on(above, "::") : HASH_START, named.name);
	bs_vec_push(r->debug->arena, &unit->named, named);
}

/* Nothing from FIRST on goes beyond OFFSET. */
static void end_named(struct bs_unit *unit, uint32_t first, Dwarf_Off offset)
{
	for (uint32_t i = first; i < unit->named.n; i++)
		if (!unit->named.v[i].end)
			unit->named.v[i].end = offset;
}

static void read_children(const struct reader *r, const Dwarf_Die *parent, uint32_t within,
			  unsigned depth)
{
	uint32_t first = r->unit->named.n;
	Dwarf_Die child;

	bs_die_each (parent, &child) {
		int tag = dwarf_tag(&child);

		end_named(r->unit, first, dwarf_dieoffset(&child));
		first = r->unit->named.n;
		if (!r->debug->budget)
			return;
		r->debug->budget--;
		switch (tag) {
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
			take_named(r, &child, within, tag);
			if (depth < BS_DEEPEST && tag != DW_TAG_enumeration_type)
				read_children(r, &child, r->unit->named.n, depth + 1);
			break;
		case DW_TAG_typedef:
		case DW_TAG_base_type:
			take_named(r, &child, within, tag);
			break;
		case DW_TAG_subprogram:
		case DW_TAG_variable:
			take_placed(r, &child, tag == DW_TAG_subprogram);
			break;
		default:
			break;
		}
	}
}

static void read_unit(struct bs_debug *debug, struct bs_unit *unit)
{
	const struct reader r = { debug, unit };

	if (unit->is_read)
		return;
	unit->is_read = true;
	read_children(&r, &unit->die, 0, 0);
	end_named(unit, 0, UINT64_MAX);
}

static struct bs_unit *listed(const struct bs_debug *debug, const Dwarf_Die *die)
{
	uint32_t i = debug->unit_table ? debug->unit_table[slot_of_unit(debug, die->cu)] : 0;

	return i ? &debug->units.v[i - 1] : NULL;
}

struct bs_unit *bs_unit_of(struct bs_debug *debug, const Dwarf_Die *die)
{
	return listed(debug, die);
}

/* ---- names --------------------------------------------------------------------------------- */

/* The innermost namespace or type that DIE is or is in; NULL: none. */
static struct bs_named *named_around(const struct bs_unit *unit, Dwarf_Off offset)
{
	for (uint32_t i = n_named_up_to(unit, offset); i; i = unit->named.v[i - 1].parent)
		if (offset < unit->named.v[i - 1].end)
			return &unit->named.v[i - 1];
	return NULL;
}

/* A text that goes on like this was made so that all that is made of it is endless. */
static bool is_for_people(const char *text)
{
	enum { LONGEST = 16 << 10 };

	return strnlen(text, LONGEST + 1) <= LONGEST;
}

static const char *whole_name(const struct bs_debug *debug, const struct bs_unit *unit,
			      struct bs_named *named)
{
	const char *text = named->name;

	if (named->whole)
		return named->whole;
	unsigned depth = 0;

	for (uint32_t i = named->scope; text && i && depth < BS_DEEPEST;
	     i = unit->named.v[i - 1].scope)
		if (unit->named.v[i - 1].name && is_for_people(text) &&
		    is_for_people(unit->named.v[i - 1].name) && ++depth)
			text = bs_arena_printf(debug->arena, "%s::%s", unit->named.v[i - 1].name,
					       text);
	named->whole = text;
	return text;
}

const char *bs_whole_name(struct bs_debug *debug, const Dwarf_Die *die)
{
	struct bs_unit *unit = listed(debug, die);
	Dwarf_Die copy = *die;

	if (unit)
		read_unit(debug, unit);
	struct bs_named *named = unit ? named_around(unit, dwarf_dieoffset(&copy)) : NULL;

	/* One that is local to a function is in no list. */
	return named && named->start == dwarf_dieoffset(&copy) ? whole_name(debug, unit, named)
							       : bs_die_string(die, DW_AT_name);
}

const char *bs_typedef_of(struct bs_debug *debug, const Dwarf_Die *die)
{
	const struct bs_unit *unit = listed(debug, die);

	for (uint32_t i = 0; unit && i < unit->named.n; i++) {
		struct bs_named *named = &unit->named.v[i];
		Dwarf_Die copy = named->die, of;

		if (dwarf_tag(&copy) == DW_TAG_typedef &&
		    bs_die_follow(debug, &named->die, DW_AT_type, &of) && of.addr == die->addr)
			return whole_name(debug, unit, named);
	}
	return NULL;
}

/* ---- what is where ------------------------------------------------------------------------- */

static bool find_in(const struct bs_unit *unit, uint64_t address, bool is_function,
		    bool is_thread_local, Dwarf_Die *ret)
{
	bs_vec_each (i, &unit->placed) {
		const struct bs_placed *placed = &unit->placed.v[i];

		if (placed->address == address && placed->is_function == is_function &&
		    placed->is_thread_local == is_thread_local) {
			*ret = placed->die;
			return true;
		}
	}
	return false;
}

bool bs_find_function(struct bs_debug *debug, uint64_t address, Dwarf_Die *ret)
{
	bs_vec_each (i, &debug->ranges) {
		const struct bs_range *range = &debug->ranges.v[i];
		struct bs_unit *unit = &debug->units.v[range->unit];

		if (address < range->start || address >= range->end)
			continue;
		read_unit(debug, unit);
		if (find_in(unit, address, true, false, ret))
			return true;
	}
	return false;
}

static void enter_type(struct bs_debug *debug, uint32_t unit, uint32_t named)
{
	const uint32_t hash = debug->units.v[unit].named.v[named].hash;

	if (!debug->type_table || debug->types.n * 2 > debug->type_mask) {
		uint32_t room = debug->type_table ? (debug->type_mask + 1) * 2 : 1024;

		debug->type_mask = room - 1;
		debug->type_table = bs_new(debug->arena, uint32_t, room);
		bs_vec_each (i, &debug->types) {
			uint32_t at = debug->types.v[i].hash & debug->type_mask;

			while (debug->type_table[at])
				at = (at + 1) & debug->type_mask;
			debug->type_table[at] = i + 1;
		}
	}
	uint32_t at = hash & debug->type_mask;

	while (debug->type_table[at])
		if (debug->types.v[debug->type_table[at] - 1].hash == hash)
			return; /* the first one of a name is as good as the others */
		else
			at = (at + 1) & debug->type_mask;
	bs_vec_push(debug->arena, &debug->types, (struct bs_type_place){ hash, unit, named });
	debug->type_table[at] = debug->types.n;
}

/* Reads one more unit for its types and variables; NULL: there is none, or it is too much. */
static struct bs_unit *read_more(struct bs_debug *debug)
{
	if (debug->n_read == debug->units.n || !debug->budget)
		return NULL;
	uint32_t i = debug->n_read++;
	struct bs_unit *unit = &debug->units.v[i];

	read_unit(debug, unit);
	bs_vec_each (k, &unit->named)
		if (unit->named.v[k].is_complete && unit->named.v[k].hash)
			enter_type(debug, i, k);
	return unit;
}

static bool find_declared(const struct bs_unit *unit, const char *name, Dwarf_Die *ret)
{
	bs_vec_each (i, &unit->placed) {
		const struct bs_placed *placed = &unit->placed.v[i];

		if (placed->address != NO_ADDRESS)
			continue;
		const char *mangled = bs_die_linkage_name(&placed->die);
		const char *own = mangled ? mangled : bs_die_string(&placed->die, DW_AT_name);

		if (own && strcmp(own, name) == 0) {
			*ret = placed->die;
			return true;
		}
	}
	return false;
}

bool bs_find_variable(struct bs_debug *debug, const char *name, uint64_t address,
		      bool is_thread_local, Dwarf_Die *ret)
{
	for (uint32_t i = 0; i < debug->n_read; i++)
		if (find_in(&debug->units.v[i], address, false, is_thread_local, ret))
			return true;
	for (struct bs_unit *unit; (unit = read_more(debug)) != NULL;)
		if (find_in(unit, address, false, is_thread_local, ret))
			return true;
	for (uint32_t i = 0; i < debug->n_read; i++)
		if (find_declared(&debug->units.v[i], name, ret))
			return true;
	return false;
}

static bool is_it(const struct bs_debug *debug, const struct bs_unit *unit, uint32_t named,
		  uint32_t hash, const char *name)
{
	struct bs_named *n = &unit->named.v[named];

	return n->is_complete && n->hash == hash && strcmp(whole_name(debug, unit, n), name) == 0;
}

static bool find_known(const struct bs_debug *debug, const char *name, uint32_t hash,
		       Dwarf_Die *ret)
{
	if (!debug->type_table)
		return false;
	for (uint32_t at = hash & debug->type_mask; debug->type_table[at];
	     at = (at + 1) & debug->type_mask) {
		const struct bs_type_place *place = &debug->types.v[debug->type_table[at] - 1];
		const struct bs_unit *unit = &debug->units.v[place->unit];

		if (place->hash != hash || !is_it(debug, unit, place->named, hash, name))
			continue;
		*ret = unit->named.v[place->named].die;
		return true;
	}
	return false;
}

bool bs_find_type(struct bs_debug *debug, const char *name, const Dwarf_Die *hint, Dwarf_Die *ret)
{
	const uint32_t hash = hash_on(HASH_START, name);
	struct bs_unit *unit = hint ? listed(debug, hint) : NULL;

	for (uint32_t i = 0; unit && i < unit->named.n; i++)
		if (is_it(debug, unit, i, hash, name)) {
			*ret = unit->named.v[i].die;
			return true;
		}
	if (find_known(debug, name, hash, ret))
		return true;
	while (read_more(debug))
		if (find_known(debug, name, hash, ret))
			return true;
	return false;
}
