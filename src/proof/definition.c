/* SPDX-License-Identifier: MIT */
/* From a symbol to what the debug information says of its definition. */
#include "proof-priv.h"

#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>

/* ---- addresses ----------------------------------------------------------------------------- */

static uint64_t word_at(const struct bs_image *image, uint64_t address)
{
	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *segment = &image->segments[i];
		uint64_t within = address - segment->vaddr, word = 0;

		if (segment->type != PT_LOAD || address < segment->vaddr ||
		    within >= segment->filesz || segment->filesz - within < sizeof word ||
		    segment->offset > image->n_bytes ||
		    image->n_bytes - segment->offset < within + sizeof word)
			continue;
		const unsigned char *bytes =
			(const unsigned char *)image->bytes + segment->offset + within;
		bool big = image->header.ident[EI_DATA] == ELFDATA2MSB;

		for (unsigned k = 0; k < sizeof word; k++)
			word |= (uint64_t)bytes[big ? sizeof word - 1 - k : k] << 8 * k;
		return word;
	}
	return 0;
}

/* Where the code of the function SYMBOL is: some machines have a mark in its lowest bit, and the
 * first ABI of 64-bit POWER (the low bits of e_flags: 0 or 1) a descriptor in its place. */
static uint64_t code_address(const struct bs_image *image, const struct bs_symbol *symbol)
{
	switch (image->header.machine) {
	case EM_ARM:
	case EM_MIPS:
		return symbol->value & ~UINT64_C(1);
	case EM_PPC64:
		return (image->header.flags & 3) < 2 ? word_at(image, symbol->value)
						     : symbol->value;
	default:
		return symbol->value;
	}
}

/* ---- tables of classes --------------------------------------------------------------------- */

/* The class whose table or type record NAME is, in ARENA; NULL: it is neither. (Itanium C++ ABI,
 * "Virtual Tables and RTTI") */
static const char *class_of_table(struct bs_arena *arena, const char *name)
{
	static const struct {
		const char *mangled, *words;
	} kinds[] = {
		{ "_ZTV", "vtable for " },
		{ "_ZTI", "typeinfo for " },
		{ "_ZTS", "typeinfo name for " },
		{ "_ZTT", "VTT for " },
	};
	const char *found = NULL;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !found; i++) {
		if (strncmp(name, kinds[i].mangled, strlen(kinds[i].mangled)) != 0)
			continue;
		char *text = cplus_demangle_v3(name, DMGL_PARAMS | DMGL_ANSI);
		size_t n = strlen(kinds[i].words);

		if (text && strncmp(text, kinds[i].words, n) == 0)
			found = bs_arena_strndup(arena, text + n, strlen(text + n));
		free(text);
	}
	return found;
}

/* ---- where it was compiled ----------------------------------------------------------------- */

/* "GNU C++17 12.2.0" without the options. */
static const char *producer_of(struct bs_arena *texts, const char *producer)
{
	const char *options = producer ? strstr(producer, " -") : NULL;

	return bs_kept_text(
		texts, options ? bs_arena_strndup(texts, producer, (size_t)(options - producer))
			       : producer);
}

static const char *file_of(struct bs_debug *debug, const Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die owner;
	Dwarf_Word number;
	Dwarf_Files *files;
	size_t n;
	struct bs_unit *unit;

	if (!bs_die_inherited(debug, die, DW_AT_decl_file, &attr, &owner) ||
	    dwarf_formudata(&attr, &number) != 0 || !(unit = bs_unit_of(debug, &owner)) ||
	    dwarf_getsrcfiles(&unit->die, &files, &n) != 0 || number >= n)
		return NULL;
	return dwarf_filesrc(files, (size_t)number, NULL, NULL);
}

/* FILE as it is told beside the directory that it lies below. */
static const char *below(const char *file, const char *directory)
{
	size_t n = directory ? strlen(directory) : 0;

	return file && n && strncmp(file, directory, n) == 0 && file[n] == '/' ? file + n + 1
									       : file;
}

static void tell_place(struct bs_debug *debug, struct bs_arena *texts, const Dwarf_Die *die,
		       struct bs_proof_side *side)
{
	const struct bs_unit *unit = bs_unit_of(debug, die);
	const char *directory = unit ? bs_die_string(&unit->die, DW_AT_comp_dir) : NULL;
	Dwarf_Attribute attr;
	Dwarf_Die owner;
	Dwarf_Word line;

	side->file = bs_kept_text(texts, below(file_of(debug, die), directory));
	if (bs_die_inherited(debug, die, DW_AT_decl_line, &attr, &owner) &&
	    dwarf_formudata(&attr, &line) == 0 && line <= UINT32_MAX)
		side->line = (uint32_t)line;
	side->producer =
		producer_of(texts, unit ? bs_die_string(&unit->die, DW_AT_producer) : NULL);
	side->directory = bs_kept_text(texts, directory);
	side->debug_file =
		debug->path ? bs_arena_strndup(texts, debug->path, strlen(debug->path)) : NULL;
}

/* ---- a definition -------------------------------------------------------------------------- */

static bool find(struct bs_debug *debug, const char *name, const struct bs_symbol *symbol,
		 struct bs_evidence *ret)
{
	const char *class_name = class_of_table(debug->arena, name);

	*ret = (struct bs_evidence){ .at = { .debug = debug }, .address = symbol->value };
	if (class_name) {
		ret->is_class = true;
		return bs_find_type(debug, class_name, NULL, &ret->at.die);
	}
	switch (bs_symbol_type(symbol)) {
	case STT_FUNC:
	case STT_NOTYPE:
		ret->is_function = true;
		return bs_find_function(debug, code_address(debug->image, symbol), &ret->at.die);
	case STT_OBJECT:
	case STT_COMMON:
		return bs_find_variable(debug, name, symbol->value, false, &ret->at.die);
	case STT_TLS:
		return bs_find_variable(debug, name, symbol->value, true, &ret->at.die);
	default:
		return false;
	}
}

/* Assemblers tell of functions, too, as if they had neither parameters nor a value. */
static bool is_assembly(struct bs_debug *debug, const Dwarf_Die *die)
{
	const struct bs_unit *unit = bs_unit_of(debug, die);
	uint64_t language = 0;

	return unit && bs_die_number(&unit->die, DW_AT_language, &language) &&
	       language == DW_LANG_Mips_Assembler;
}

static bool is_type(const Dwarf_Die *die)
{
	switch (dwarf_tag((Dwarf_Die *)die)) {
	case DW_TAG_base_type:
	case DW_TAG_pointer_type:
	case DW_TAG_typedef:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_array_type:
	case DW_TAG_subroutine_type:
	case DW_TAG_const_type:
	case DW_TAG_reference_type:
	case DW_TAG_unspecified_type:
		return true;
	default:
		return false;
	}
}

/* With -g1 and -gline-tables-only functions and variables stand there without their types, as if
 * there were none: then the whole unit has none. */
static bool has_no_types(struct bs_debug *debug, const Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die at = *die, child;
	const struct bs_unit *unit;

	if (bs_die_inherited(debug, die, DW_AT_type, &attr, &at) ||
	    dwarf_attr((Dwarf_Die *)die, DW_AT_specification, &attr))
		return false;
	at = *die;
	/* What LTO compiles has its types where it was told first. */
	bs_die_follow(debug, die, DW_AT_abstract_origin, &at);
	unit = bs_unit_of(debug, &at);
	if (!unit || dwarf_attr(&at, DW_AT_specification, &attr))
		return false;
	bs_die_each (&unit->die, &child)
		if (is_type(&child))
			return false;
	return true;
}

bool bs_find_definition(struct bs_debug *debug, struct bs_arena *texts, const char *name,
			const struct bs_symbol *symbol, struct bs_proof_side *side,
			struct bs_evidence *ret)
{
	side->unproven = debug->unproven;
	if (side->unproven)
		return false;
	if (!find(debug, name, symbol, ret)) {
		side->unproven = !debug->budget	   ? BS_UNPROVEN_TOO_MUCH
				 : debug->is_split ? BS_UNPROVEN_SPLIT
						   : BS_UNPROVEN_NOT_FOUND;
		return false;
	}
	if (is_assembly(debug, &ret->at.die)) {
		side->unproven = BS_UNPROVEN_ASSEMBLY;
		return false;
	}
	tell_place(debug, texts, &ret->at.die, side);
	if (!ret->is_class && has_no_types(debug, &ret->at.die)) {
		side->unproven = BS_UNPROVEN_NO_TYPES;
		return false;
	}
	return true;
}
