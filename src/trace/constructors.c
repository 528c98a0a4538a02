/* SPDX-License-Identifier: MIT */
/*
 * The functions that the loader calls when it initialises an object. glibc tells of new objects
 * before it relocates them (elf/dl-open.c:dl_open_worker_begin), so that what DT_INIT_ARRAY will
 * hold is still in the relocations.
 */
#include "trace-priv.h"

#include <elf.h>

enum { MOST_FUNCTIONS = 1 << 16, PIECE = 1024 };

struct array {
	const struct bs_mapped *map;
	struct bs_tables tables;
	uint64_t *functions; /* 0: not known yet */
	uint32_t n;
};

static bool is_inside(const struct bs_mapped *map, uint64_t address)
{
	return address >= map->start && address < map->end;
}

/* What a symbol that the object itself defines is likely to be bound to. */
static uint64_t symbol_value(const struct bs_memory *memory, const struct array *array, uint32_t i)
{
	Elf64_Sym symbol;

	if (!memory->read(memory, array->tables.symbols + (uint64_t)i * sizeof symbol, &symbol,
			  sizeof symbol) ||
	    symbol.st_shndx == SHN_UNDEF)
		return 0;
	return array->map->map.bias + symbol.st_value;
}

static void take_relocation(const struct bs_memory *memory, struct array *array,
			    const Elf64_Rela *rela)
{
	uint64_t at = array->map->map.bias + rela->r_offset - array->tables.init_array;
	uint64_t type = ELF64_R_TYPE(rela->r_info);

	if (at >= (uint64_t)array->n * sizeof at || at % sizeof at)
		return;
	if (type == bs_machine.relocs_relative)
		array->functions[at / sizeof at] = array->map->map.bias + (uint64_t)rela->r_addend;
	else if (type == bs_machine.relocs_absolute)
		array->functions[at / sizeof at] =
			symbol_value(memory, array, (uint32_t)ELF64_R_SYM(rela->r_info)) +
			(uint64_t)rela->r_addend;
}

static void read_relocations(const struct bs_memory *memory, struct array *array)
{
	Elf64_Rela relas[PIECE];
	uint64_t left = array->tables.rela ? array->tables.rela_size / sizeof *relas : 0;

	for (uint64_t at = array->tables.rela; left; at += sizeof relas) {
		uint64_t n = left < PIECE ? left : PIECE;

		if (!memory->read(memory, at, relas, n * sizeof *relas))
			return;
		for (uint64_t i = 0; i < n; i++)
			take_relocation(memory, array, &relas[i]);
		left -= n;
	}
}

/* False: relocations must tell. */
static bool read_contents(const struct bs_memory *memory, struct array *array)
{
	bool complete = true;

	for (uint32_t i = 0; i < array->n; i++) {
		uint64_t value;

		if (bs_memory_word(memory, array->tables.init_array + i * sizeof value, &value) &&
		    is_inside(array->map, value))
			array->functions[i] = value;
		complete &= array->functions[i] != 0;
	}
	return complete;
}

/* DT_RELR has no addends: they lie where they belong. */
static void guess_packed(const struct bs_memory *memory, struct array *array)
{
	for (uint32_t i = 0; i < array->n; i++) {
		uint64_t value;

		if (!array->functions[i] &&
		    bs_memory_word(memory, array->tables.init_array + i * sizeof value, &value) &&
		    value)
			array->functions[i] = array->map->map.bias + value;
	}
}

static void watch(struct bs_tracer *t, struct bs_space *space, const struct bs_mapped *map,
		  uint64_t function)
{
	struct bs_trap *trap = is_inside(map, function) ? bs_trap_set(t, space, function) : NULL;

	if (trap)
		trap->is_constructor = true;
}

void bs_constructors_watch(struct bs_tracer *t, struct bs_space *space, const struct bs_mapped *map)
{
	const struct bs_memory *memory = &space->memory;
	struct array array = { .map = map };

	/* The program's own are called by its start code: they are calls like any other. */
	if (map->is_program || !map->end ||
	    !bs_tables_read(memory, map->map.dynamic, map->map.bias, &array.tables))
		return;
	if (array.tables.init)
		watch(t, space, map, array.tables.init);
	if (!array.tables.init_array || !array.tables.init_array_size ||
	    array.tables.init_array_size / sizeof(uint64_t) > MOST_FUNCTIONS)
		return;
	array.n = (uint32_t)(array.tables.init_array_size / sizeof(uint64_t));
	array.functions = bs_new(t->arena, uint64_t, array.n);
	if (!read_contents(memory, &array)) {
		read_relocations(memory, &array);
		guess_packed(memory, &array);
	}
	for (uint32_t i = 0; i < array.n; i++)
		watch(t, space, map, array.functions[i]);
}
