/* SPDX-License-Identifier: MIT */
/* What a symbol is for, as its name and its place tell. */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

/*
 * Functions that a program may replace by defining them (glibc manual, "Replacing malloc"; C++
 * [new.delete]): being captured is what they are for.
 */
bool bs_is_replaceable(const char *name)
{
	static const char *const names[] = {
		"malloc",	 "free",   "calloc",  "realloc",	"memalign",
		"aligned_alloc", "valloc", "pvalloc", "posix_memalign", "malloc_usable_size",
		"reallocarray",	 "cfree",
	};

	/* _Znw, _Zna, _Zdl, _Zda */
	if (*name == '_')
		return name[1] == 'Z' && ((name[2] == 'n' && (name[3] == 'w' || name[3] == 'a')) ||
					  (name[2] == 'd' && (name[3] == 'l' || name[3] == 'a')));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool bs_is_type_information(const char *name)
{
	return strncmp(name, "_ZTI", 4) == 0 || strncmp(name, "_ZTS", 4) == 0;
}

bool bs_is_unwinder(const char *name)
{
	return strncmp(name, "_Unwind_", 8) == 0;
}

bool bs_is_linker_made(const char *name)
{
	/* From __bss_start__ on: for ARM and AArch64, and from _fdata on for MIPS. */
	static const char *const names[] = {
		"_edata",  "_end",   "_etext",	    "edata",	     "end",	    "etext",
		"_init",   "_fini",  "__bss_start", "__bss_start__", "__bss_end__", "_bss_end__",
		"__end__", "_fdata", "_ftext",	    "_fbss",
	};

	/* Most names end here. */
	if (*name == '_' ? name[1] == 'Z' : *name != 'e')
		return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool bs_is_constant(const struct bs_image *image, uint64_t address)
{
	bool writable = false;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *segment = &image->segments[i];

		if (address < segment->vaddr || address - segment->vaddr >= segment->memsz)
			continue;
		if (segment->type == PT_GNU_RELRO)
			return true;
		writable |= segment->type == PT_LOAD && segment->flags & PF_W;
	}
	return !writable;
}

uint32_t bs_image_definition(const struct bs_image *image, bool shift_wraps, const char *name)
{
	const uint32_t hash = bs_hash_gnu(name);
	struct bs_hash_step step = { .shift_wraps = shift_wraps };

	for (uint32_t i; image && (i = bs_image_hash_next(image, name, hash, &step)) != 0;) {
		const struct bs_symbol symbol = bs_image_symbol(image, i);

		if (symbol.section != SHN_UNDEF && bs_symbol_bind(&symbol) != STB_LOCAL &&
		    strcmp(bs_image_symbol_name(image, i), name) == 0)
			return i;
	}
	return 0;
}

uint32_t bs_own_definition(const struct bs_run *run, bs_map_id map, const char *name)
{
	return bs_image_definition(bs_map_of(&run->process, map)->image,
				   run->match_policy.bloom_shift_wraps, name);
}

bool bs_is_blank_variable(const struct bs_image *image, const struct bs_symbol *symbol)
{
	uint64_t n;

	return bs_symbol_type(symbol) == STT_OBJECT && symbol->section != SHN_ABS &&
	       !bs_image_bytes_at(image, symbol->value, &n) &&
	       !bs_is_constant(image, symbol->value);
}
