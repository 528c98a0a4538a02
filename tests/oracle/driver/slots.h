/* SPDX-License-Identifier: MIT */
/*
 * Jump slots: which there are, which of them nobody called yet, and what such a one would bind.
 * `driver/machine.h` has what differs between machines.
 */
#ifndef BINDSIM_DRIVER_SLOTS_H
#define BINDSIM_DRIVER_SLOTS_H

#include "lines.h"
#include "machine.h"
#include "maps.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

enum { SLOT_SECONDS = 5, LOADER_GAVE_UP = 127 };

/* What is needed of an object's dynamic section. */
struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const char *relocations; /* of the PLT */
	size_t relocations_size, entry_size;
	const ElfW(Half) * versions;
	const ElfW(Verneed) * needed;
	const ElfW(Verdef) * defined;
	ElfW(Addr) * got;
	size_t n_local, first_global, n_symbols; /* MIPS: what the GOT stands for */
	ElfW(Addr) stubs;			 /* PowerPC: what slots lead to at first */
};

struct slot {
	ElfW(Addr) * address;
	size_t symbol;
	size_t number; /* in its table */
	bool waits;
};

/* What a driver alone may say of a step: a plan that is compared has no such steps. */
static const char undefined[] = "undefined";

/* The loader has made most of these pointers absolute, but not all. */
static ElfW(Addr) absolute(const struct link_map *map, ElfW(Addr) value)
{
	return value < map->l_addr ? value + map->l_addr : value;
}

static struct tables tables_of(const struct link_map *map)
{
	struct tables tables = { 0 };

	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		ElfW(Addr) value = entry->d_un.d_val;
		void *pointer = (void *)absolute(map, value);

		switch (entry->d_tag) {
		case DT_SYMTAB:
			tables.symbols = pointer;
			break;
		case DT_STRTAB:
			tables.strings = pointer;
			break;
		case DT_JMPREL:
			tables.relocations = pointer;
			break;
		case DT_PLTRELSZ:
			tables.relocations_size = value;
			break;
		case DT_PLTREL:
			tables.entry_size =
				value == DT_RELA ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
			break;
		case DT_PLTGOT:
			tables.got = pointer;
			break;
		case DT_VERSYM:
			tables.versions = pointer;
			break;
		case DT_VERNEED:
			tables.needed = pointer;
			break;
		case DT_VERDEF:
			tables.defined = pointer;
			break;
#ifdef __mips__
		case DT_MIPS_LOCAL_GOTNO:
			tables.n_local = value;
			break;
		case DT_MIPS_GOTSYM:
			tables.first_global = value;
			break;
		case DT_MIPS_SYMTABNO:
			tables.n_symbols = value;
			break;
#endif
#ifdef __powerpc64__
		case DT_PPC64_GLINK:
			tables.stubs = absolute(map, value) + PPC64_RESOLVER_SIZE;
			break;
#endif
		}
	}
	return tables;
}

static const char *symbol_of(const struct tables *tables, const struct slot *slot)
{
	return tables->strings + tables->symbols[slot->symbol].st_name;
}

static const void *behind(const void *record, size_t offset)
{
	return (const char *)record + offset;
}

/* The version that a slot's symbol asks for, or NULL. */
static const char *version_of(const struct tables *tables, const struct slot *slot)
{
	unsigned index = tables->versions != NULL ? tables->versions[slot->symbol] & 0x7fff : 0;

	if (index < 2)
		return NULL;
	for (const ElfW(Verneed) *need = tables->needed; need != NULL;
	     need = need->vn_next != 0 ? behind(need, need->vn_next) : NULL) {
		const ElfW(Vernaux) *entry = behind(need, need->vn_aux);

		for (unsigned i = 0; i < need->vn_cnt; i++) {
			if ((entry->vna_other & 0x7fff) == index)
				return tables->strings + entry->vna_name;
			entry = behind(entry, entry->vna_next);
		}
	}
	for (const ElfW(Verdef) *definition = tables->defined; definition != NULL;
	     definition = definition->vd_next != 0 ? behind(definition, definition->vd_next) : NULL)
		if (definition->vd_ndx == index)
			return tables->strings +
			       ((const ElfW(Verdaux) *)behind(definition, definition->vd_aux))
				       ->vda_name;
	return NULL;
}

#ifndef __powerpc64__

/* The word that the object's file has at an address; 0 where it has none. */
static ElfW(Addr) word_in_file(const struct link_map *map, ElfW(Addr) address)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) segment;
	ElfW(Addr) word = 0;
	int file = open(name_of(map), O_RDONLY | O_CLOEXEC);

	if (file < 0 || pread(file, &header, sizeof header, 0) != sizeof header)
		_exit(124);
	for (int i = 0; i < header.e_phnum; i++) {
		if (pread(file, &segment, sizeof segment,
			  (off_t)(header.e_phoff + i * sizeof segment)) != sizeof segment)
			_exit(124);
		if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
		    address - segment.p_vaddr + sizeof word <= segment.p_filesz &&
		    pread(file, &word, sizeof word,
			  (off_t)(segment.p_offset + (address - segment.p_vaddr))) != sizeof word)
			_exit(124);
	}
	close(file);
	return word;
}

#endif

#ifdef __mips__

static size_t n_slots(const struct tables *tables)
{
	return tables->n_symbols - tables->first_global;
}

/* Functions whose GOT entry leads to a stub of the object's own; an undefined one has the stub for
 * its value. */
static bool slot_at(const struct link_map *map, const struct tables *tables, size_t number,
		    struct slot *ret)
{
	const ElfW(Sym) *symbol = &tables->symbols[tables->first_global + number];
	ElfW(Addr) stub = symbol->st_value;

	*ret = (struct slot){
		.address = &tables->got[tables->n_local + number],
		.symbol = tables->first_global + number,
		.number = number,
	};
	if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC)
		return false;
	if (symbol->st_shndx == SHN_UNDEF) {
		if (stub == 0 || (symbol->st_other & STO_MIPS_PLT) != 0)
			return false;
	} else {
		stub = word_in_file(map, (ElfW(Addr))ret->address - map->l_addr);
		if (symbol->st_shndx == SHN_COMMON || stub == symbol->st_value ||
		    *(const uint32_t *)(map->l_addr + stub) != MIPS_STUB_START)
			return false;
	}
	ret->waits = *ret->address == map->l_addr + stub;
	return true;
}

#else

static size_t n_slots(const struct tables *tables)
{
	return tables->relocations != NULL ? tables->relocations_size / tables->entry_size : 0;
}

/* A slot that nobody called yet leads to what its file says, in the object's own PLT. */
static bool slot_at(const struct link_map *map, const struct tables *tables, size_t number,
		    struct slot *ret)
{
	const ElfW(Rel) *relocation = behind(tables->relocations, number * tables->entry_size);

	if (RELOCATION_TYPE(relocation->r_info) != JUMP_SLOT)
		return false;
	*ret = (struct slot){
		.address = (ElfW(Addr) *)(map->l_addr + relocation->r_offset),
		.symbol = RELOCATION_SYMBOL(relocation->r_info),
		.number = number,
	};
#ifdef __powerpc64__
	ret->waits = *ret->address == tables->stubs + number * PPC64_STUB_SIZE;
#else
	ret->waits = *ret->address == map->l_addr + word_in_file(map, relocation->r_offset);
#endif
	return true;
}

#endif

static void call_slot(const struct tables *tables, const struct slot *slot)
{
	bindsim_call_slot("", *slot->address, slot->address, tables->got);
}

static char slot_text[LINE_SIZE - 128];
static const ElfW(Addr) * slot_tried;

/* A call came back, or fell over what it found: the slot tells what that was. */
static void slot_tried_out(int signal)
{
	char text[LINE_SIZE - 64];

	snprintf(text, sizeof text, "%s: %s", slot_text,
		 *slot_tried == 0 ? "null"
		 : signal != 0	  ? "fault"
				  : "own");
	say(text);
	_exit(0);
}

/* A child makes the call, so nothing changes here; the loader's line tells what it bound to. */
static void try_slot(struct place place, const struct tables *tables, const struct slot *slot)
{
	static char stack[65536];
	const char *version = version_of(tables, slot);
	char text[LINE_SIZE - 64];
	pid_t child;

	snprintf(slot_text, sizeof slot_text, "slot %s [%d] symbol `%s'%s%s%s", name_of(place.map),
		 place.space, symbol_of(tables, slot), version != NULL ? " [" : "",
		 version != NULL ? version : "", version != NULL ? "]" : "");
	slot_tried = slot->address;
	if ((child = fork()) < 0)
		_exit(125);
	if (child > 0) {
		int status = 0;

		waitpid(child, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == LOADER_GAVE_UP) {
			snprintf(text, sizeof text, "%s: undefined", slot_text);
			say(text);
		}
		return;
	}
	sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
	for (int number = SIGILL; number <= SIGSEGV; number++)
		sigaction(
			number,
			&(struct sigaction){ .sa_handler = slot_tried_out, .sa_flags = SA_ONSTACK },
			NULL);
	alarm(SLOT_SECONDS);
	snprintf(text, sizeof text, "%s: calling", slot_text);
	say(text);
	call_slot(tables, slot);
	slot_tried_out(0);
}

/* The system's objects are left out: their functions do things, and are the same in every plan. */
static void list_slots(void)
{
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);) {
		struct tables tables;
		struct slot slot;

		if (is_vdso(place.map) || strncmp(place.map->l_name, "/lib", 4) == 0 ||
		    strncmp(place.map->l_name, "/usr/lib", 8) == 0)
			continue;
		tables = tables_of(place.map);
		for (size_t i = 0; i < n_slots(&tables); i++)
			if (slot_at(place.map, &tables, i, &slot) && slot.waits)
				try_slot(place, &tables, &slot);
	}
}

static const char *call_function(char *what)
{
	char *colon = strrchr(what, ':');
	char *version;
	struct link_map *map;
	struct tables tables;

	if (colon == NULL)
		return "call:OBJECT:SYMBOL expected";
	*colon = '\0';
	if ((version = strchr(colon + 1, '@')) != NULL)
		*version++ = '\0';
	if ((map = find_map(what).map) == NULL)
		return undefined;
	tables = tables_of(map);
	for (size_t i = 0; i < n_slots(&tables); i++) {
		struct slot slot;
		const char *own;

		if (!slot_at(map, &tables, i, &slot))
			continue;
		own = version_of(&tables, &slot);
		if (strcmp(symbol_of(&tables, &slot), colon + 1) != 0 ||
		    (version != NULL && (own == NULL || strcmp(own, version) != 0)))
			continue;
		call_slot(&tables, &slot);
		return NULL;
	}
	return undefined;
}

#endif
