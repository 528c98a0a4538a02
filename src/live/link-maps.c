/* SPDX-License-Identifier: MIT */
/*
 * The lists of link maps that a loader keeps for debuggers.
 *
 * All loaders of the System V family share the head of the records (<link.h>): struct r_debug with
 * version, map, breakpoint and state, struct link_map with l_addr, l_name, l_ld, l_next, l_prev.
 * What lies behind them is each loader's own; of glibc's that is l_real, l_ns and l_libname
 * (include/link.h), and for namespaces r_next (since 2.35, version 2 of the record).
 */
#include "live.h"

#include <elf.h>
#include <string.h>

/* A list that is longer has no end, or is none; and so with names, many of which may be one and the
 * same piece of memory. */
enum { MOST_MAPS = 1 << 14, MOST_NAMESPACES = 64, MOST_OF_NAMES = 1 << 26 };

/* ---- the program's DT_DEBUG ---------------------------------------------------------------- */

struct header {
	uint32_t type;
	uint64_t address;
	uint64_t size;
};

static bool read_header(const struct bs_memory *memory, uint64_t at, struct header *ret)
{
	/* p_vaddr and p_memsz, which lie elsewhere in each class. */
	uint64_t address =
		memory->word == 8 ? offsetof(Elf64_Phdr, p_vaddr) : offsetof(Elf32_Phdr, p_vaddr);
	uint64_t size =
		memory->word == 8 ? offsetof(Elf64_Phdr, p_memsz) : offsetof(Elf32_Phdr, p_memsz);

	return bs_memory_u32(memory, at, &ret->type) &&
	       bs_memory_word(memory, at + address, &ret->address) &&
	       bs_memory_word(memory, at + size, &ret->size);
}

/* The program's dynamic section, and what its addresses are to be raised by. */
static bool find_dynamic(const struct bs_memory *memory, const struct bs_auxiliary *aux,
			 uint64_t *ret_bias, struct header *ret)
{
	struct header header;
	bool found = false;

	*ret_bias = 0;
	for (uint64_t i = 0; i < aux->phnum; i++) {
		if (!read_header(memory, aux->phdr + i * aux->phent, &header))
			return false;
		if (header.type == PT_PHDR)
			*ret_bias = aux->phdr - header.address;
		if (header.type == PT_DYNAMIC) {
			*ret = header;
			found = true;
		}
	}
	return found;
}

uint64_t bs_live_debug(const struct bs_memory *memory, const struct bs_auxiliary *auxiliary)
{
	struct header dynamic = { 0 };
	uint64_t bias, tag, value;

	if (!find_dynamic(memory, auxiliary, &bias, &dynamic))
		return 0;
	for (uint64_t at = 0; at + 2 * (uint64_t)memory->word <= dynamic.size;
	     at += 2 * (uint64_t)memory->word) {
		uint64_t entry = bias + dynamic.address + at;

		if (!bs_memory_word(memory, entry, &tag) ||
		    !bs_memory_word(memory, entry + memory->word, &value) || tag == DT_NULL)
			return 0;
		if (tag == DT_DEBUG)
			return value;
		/* Where the dynamic section is not writable (MIPS) it says where a pointer lies. */
		if (tag == DT_MIPS_RLD_MAP)
			return bs_memory_word(memory, value, &value) ? value : 0;
		if (tag == DT_MIPS_RLD_MAP_REL)
			return bs_memory_word(memory, entry + value, &value) ? value : 0;
	}
	return 0;
}

/* ---- the lists ----------------------------------------------------------------------------- */

/* The Ith pointer-sized member of the record at AT. */
static bool member(const struct bs_memory *memory, uint64_t at, unsigned i, uint64_t *ret)
{
	return bs_memory_word(memory, at + (uint64_t)i * memory->word, ret);
}

enum { L_ADDR, L_NAME, L_LD, L_NEXT, L_PREV, L_REAL, L_NS, L_LIBNAME };
enum { R_VERSION, R_MAP, R_BRK, R_STATE, R_LDBASE, R_NEXT };

/* l_real points to the map itself, or to that of the one ld.so, and no other loader's record has a
 * small number behind it. */
static bool has_glibc_shape(const struct bs_memory *memory, uint64_t at)
{
	uint64_t real, ns, name;

	return member(memory, at, L_REAL, &real) && real == at && member(memory, at, L_NS, &ns) &&
	       ns < MOST_NAMESPACES && member(memory, at, L_LIBNAME, &name) && name;
}

/* glibc's struct libname_list: a name, a next one, and whether it is the soname. */
static const char *requested_name(struct bs_arena *arena, const struct bs_memory *memory,
				  uint64_t at)
{
	uint64_t list, name;

	if (!member(memory, at, L_LIBNAME, &list) || !list || !member(memory, list, 0, &name))
		return NULL;
	return bs_memory_string(arena, memory, name);
}

static bool read_map(struct bs_arena *arena, const struct bs_memory *memory, bool is_glibc,
		     uint64_t at, struct bs_live_map *ret, uint64_t *ret_next)
{
	uint64_t name;

	*ret = (struct bs_live_map){ .at = at };
	if (!member(memory, at, L_ADDR, &ret->bias) || !member(memory, at, L_NAME, &name) ||
	    !member(memory, at, L_LD, &ret->dynamic) || !member(memory, at, L_NEXT, ret_next))
		return false;
	ret->name = name ? bs_memory_string(arena, memory, name) : "";
	if (ret->name && is_glibc)
		ret->requested = requested_name(arena, memory, at);
	return ret->name != NULL;
}

/* The list of the namespace whose record lies at NAMESPACE->at; *N_NAMES: bytes of names so far. */
static bool read_list(struct bs_arena *arena, const struct bs_memory *memory, uint64_t first,
		      struct bs_live_namespace *ns, size_t *n_names, struct bs_live_maps *ret)
{
	uint64_t number;

	if (!ret->namespaces.n)
		ret->is_glibc = first && has_glibc_shape(memory, first);
	else if (first && member(memory, first, L_NS, &number) && number < MOST_NAMESPACES)
		ns->ns = (uint32_t)number;
	uint64_t mark = 0; /* an earlier map, further and further on: a circle comes back to it */
	uint32_t n = 0, next_mark = 1;

	for (uint64_t at = first; at;) {
		struct bs_live_map map;

		if (++n == next_mark) {
			mark = at;
			next_mark *= 2;
		}
		if (ret->maps.n >= MOST_MAPS || *n_names >= MOST_OF_NAMES ||
		    !read_map(arena, memory, ret->is_glibc, at, &map, &at) || at == mark)
			return false;
		*n_names += strlen(map.name) + (map.requested ? strlen(map.requested) : 0);
		map.ns = ns->ns;
		bs_vec_push(arena, &ret->maps, map);
	}
	return true;
}

bool bs_live_maps_read(struct bs_arena *arena, const struct bs_memory *memory, uint64_t debug,
		       struct bs_live_maps *ret)
{
	uint64_t first;
	uint32_t version, state;
	size_t n_names = 0;

	*ret = (struct bs_live_maps){ 0 };
	while (debug) {
		struct bs_live_namespace ns = { .at = debug, .ns = ret->namespaces.n };

		if (ret->namespaces.n >= MOST_NAMESPACES ||
		    !bs_memory_u32(memory, debug, &version) || !version ||
		    !member(memory, debug, R_MAP, &first) ||
		    !member(memory, debug, R_BRK, &ns.breakpoint) ||
		    !bs_memory_u32(memory, debug + (uint64_t)R_STATE * memory->word, &state) ||
		    state > BS_LOADER_DELETES)
			return false;
		ns.state = (enum bs_loader_state)state;
		if (!read_list(arena, memory, first, &ns, &n_names, ret))
			return false;
		bs_vec_push(arena, &ret->namespaces, ns);
		if (version < 2)
			break;
		if (!member(memory, debug, R_NEXT, &debug))
			return false;
	}
	return ret->namespaces.n > 0;
}
