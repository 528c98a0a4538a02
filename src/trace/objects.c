/* SPDX-License-Identifier: MIT */
/* What is in the memory of an object that is mapped: headers, dynamic section, symbols. */
#include "trace-priv.h"

#include <elf.h>
#include <string.h>

enum { MOST_ENTRIES = 4096, MOST_HEADERS = 256 };

static bool read_at(const struct bs_memory *memory, uint64_t at, void *to, size_t n)
{
	return memory->read(memory, at, to, n);
}

/* glibc adds the bias to the pointers of a dynamic section where it lies, musl does not. */
static uint64_t raised(uint64_t pointer, uint64_t bias)
{
	return pointer && pointer < bias ? pointer + bias : pointer;
}

bool bs_tables_read(const struct bs_memory *memory, uint64_t dynamic, uint64_t bias,
		    struct bs_tables *ret)
{
	Elf64_Dyn entry = { 0 };

	*ret = (struct bs_tables){ 0 };
	for (unsigned i = 0; i < MOST_ENTRIES; i++) {
		if (!read_at(memory, dynamic + i * sizeof entry, &entry, sizeof entry))
			return false;
		switch (entry.d_tag) {
		case DT_NULL:
			return ret->symbols && ret->strings;
		case DT_SYMTAB:
			ret->symbols = raised(entry.d_un.d_ptr, bias);
			break;
		case DT_STRTAB:
			ret->strings = raised(entry.d_un.d_ptr, bias);
			break;
		case DT_GNU_HASH:
			ret->gnu_hash = raised(entry.d_un.d_ptr, bias);
			break;
		case DT_HASH:
			ret->hash = raised(entry.d_un.d_ptr, bias);
			break;
		case DT_RELA:
			ret->rela = raised(entry.d_un.d_ptr, bias);
			break;
		case DT_RELASZ:
			ret->rela_size = entry.d_un.d_val;
			break;
		case DT_SONAME:
			ret->soname = entry.d_un.d_val;
			break;
		/* These no loader touches. */
		case DT_INIT:
			ret->init = entry.d_un.d_ptr ? entry.d_un.d_ptr + bias : 0;
			break;
		case DT_INIT_ARRAY:
			ret->init_array = entry.d_un.d_ptr + bias;
			break;
		case DT_INIT_ARRAYSZ:
			ret->init_array_size = entry.d_un.d_val;
			break;
		default:
			break;
		}
	}
	return false;
}

/* ---- symbols -------------------------------------------------------------------------------- */

/* The address of symbol I when it is the function NAME, defined here; else 0. */
static uint64_t function_if(const struct bs_memory *memory, const struct bs_tables *tables,
			    uint64_t bias, uint32_t i, const char *name)
{
	char text[32];
	size_t n = strlen(name) + 1;
	Elf64_Sym symbol;

	if (n > sizeof text ||
	    !read_at(memory, tables->symbols + i * sizeof symbol, &symbol, sizeof symbol) ||
	    symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
	    !read_at(memory, tables->strings + symbol.st_name, text, n) ||
	    memcmp(text, name, n) != 0)
		return 0;
	return bias + symbol.st_value;
}

/* A walk through one chain of DT_GNU_HASH. */
static uint64_t by_gnu_hash(const struct bs_memory *memory, const struct bs_tables *tables,
			    uint64_t bias, const char *name)
{
	uint32_t head[4], i, hash = bs_hash_gnu(name), entry;

	if (!read_at(memory, tables->gnu_hash, head, sizeof head) || !head[0])
		return 0;
	uint64_t buckets = tables->gnu_hash + sizeof head + (uint64_t)head[2] * sizeof(uint64_t);
	uint64_t chains = buckets + (uint64_t)head[0] * sizeof entry;

	if (!read_at(memory, buckets + (uint64_t)(hash % head[0]) * sizeof i, &i, sizeof i) ||
	    i < head[1])
		return 0;
	do {
		if (!read_at(memory, chains + (uint64_t)(i - head[1]) * sizeof entry, &entry,
			     sizeof entry))
			return 0;
		uint64_t found =
			(entry | 1) == (hash | 1) ? function_if(memory, tables, bias, i, name) : 0;

		if (found)
			return found;
		i++;
	} while (!(entry & 1));
	return 0;
}

static uint64_t by_sysv_hash(const struct bs_memory *memory, const struct bs_tables *tables,
			     uint64_t bias, const char *name)
{
	uint32_t head[2], i, steps = 0;

	if (!read_at(memory, tables->hash, head, sizeof head) || !head[0])
		return 0;
	uint64_t at =
		tables->hash + sizeof head + (uint64_t)(bs_hash_sysv(name) % head[0]) * sizeof i;
	uint64_t chains = tables->hash + sizeof head + (uint64_t)head[0] * sizeof i;

	while (read_at(memory, at, &i, sizeof i) && i && steps++ <= head[1]) {
		uint64_t found = function_if(memory, tables, bias, i, name);

		if (found)
			return found;
		at = chains + (uint64_t)i * sizeof i;
	}
	return 0;
}

uint64_t bs_tables_function(const struct bs_memory *memory, const struct bs_tables *tables,
			    uint64_t bias, const char *name)
{
	if (tables->gnu_hash)
		return by_gnu_hash(memory, tables, bias, name);
	return tables->hash ? by_sysv_hash(memory, tables, bias, name) : 0;
}

/* ---- segments ------------------------------------------------------------------------------- */

/* Of N program headers at AT. *RET_BIAS: what is added to their addresses, where one tells; else it
 * stays. */
static bool read_segments(const struct bs_memory *memory, uint64_t at, uint64_t n, uint64_t *bias,
			  uint64_t *ret_start, uint64_t *ret_end, uint64_t *ret_dynamic)
{
	Elf64_Phdr header;

	*ret_start = UINT64_MAX;
	*ret_end = *ret_dynamic = 0;
	for (uint64_t i = 0; i < n && i < MOST_HEADERS; i++) {
		if (!read_at(memory, at + i * sizeof header, &header, sizeof header))
			return false;
		if (header.p_type == PT_PHDR)
			*bias = at - header.p_vaddr;
		if (header.p_type == PT_DYNAMIC)
			*ret_dynamic = header.p_vaddr;
		if (header.p_type != PT_LOAD)
			continue;
		if (header.p_vaddr < *ret_start)
			*ret_start = header.p_vaddr;
		if (header.p_vaddr + header.p_memsz > *ret_end)
			*ret_end = header.p_vaddr + header.p_memsz;
	}
	return *ret_start < *ret_end;
}

bool bs_segments_read(const struct bs_memory *memory, uint64_t header, uint64_t *ret_start,
		      uint64_t *ret_end, uint64_t *ret_dynamic)
{
	Elf64_Ehdr elf;
	uint64_t ignored = 0;

	if (!read_at(memory, header, &elf, sizeof elf) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    !read_segments(memory, header + elf.e_phoff, elf.e_phnum, &ignored, ret_start, ret_end,
			   ret_dynamic))
		return false;
	/* The header is the begin of the first segment. */
	uint64_t bias = header - *ret_start;

	*ret_start += bias;
	*ret_end += bias;
	if (*ret_dynamic)
		*ret_dynamic += bias;
	return true;
}

bool bs_program_segments(const struct bs_memory *memory, const struct bs_auxiliary *auxiliary,
			 uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t bias = 0, dynamic;

	if (!read_segments(memory, auxiliary->phdr, auxiliary->phnum, &bias, ret_start, ret_end,
			   &dynamic))
		return false;
	*ret_start += bias;
	*ret_end += bias;
	return true;
}
