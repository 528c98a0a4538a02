/* SPDX-License-Identifier: MIT */
/*
 * live.h - a process as it is: its memory, what the kernel told its loader, and its link maps
 *
 * Nothing here stops the process or writes to it. A process that runs changes while it is read, so
 * each answer is checked for sense, and who asks may ask again.
 *
 * Addresses are those of that process; its words have its own size and byte order.
 *
 * Floor 10: may include base.h and elf.h.
 */
#pragma once

#include "../base/base.h"

#include <sys/types.h>

/* ---- memory -------------------------------------------------------------------------------- */

/* Bytes by address. What differs between a running process and a dead one is READ. */
struct bs_memory {
	unsigned word; /* bytes of a pointer: 4 or 8 */
	bool swapped;  /* its byte order is not ours */
	/* Puts N bytes at ADDRESS into TO, all or none. */
	bool (*read)(const struct bs_memory *memory, uint64_t address, void *to, size_t n);
	void (*close)(struct bs_memory *memory); /* gives back what else READ needs; or NULL */
	int fd;					 /* of /proc/PID/mem, or of a core; -1: none */
};

/*
 * The memory of the process PID, for who may trace it (ptrace(2), "Ptrace access mode checking").
 * Size and byte order are those of the program. *RET is given back with bs_memory_close(). False
 * with errno.
 */
bool bs_memory_of_process(pid_t pid, struct bs_memory *ret);

void bs_memory_close(struct bs_memory *memory);

/* A pointer-sized number; false: it cannot be read. */
bool bs_memory_word(const struct bs_memory *memory, uint64_t address, uint64_t *ret);

/* A number of 4 bytes. */
bool bs_memory_u32(const struct bs_memory *memory, uint64_t address, uint32_t *ret);

/* The string at ADDRESS, in ARENA; NULL when it cannot be read or ends not within some thousand
 * bytes, more than any path has. */
const char *bs_memory_string(struct bs_arena *arena, const struct bs_memory *memory,
			     uint64_t address);

/* ---- what the kernel told ------------------------------------------------------------------ */

/* The auxiliary vector (getauxval(3)); what is not in it is 0. */
struct bs_auxiliary {
	uint64_t phdr, phnum, phent; /* the program's headers */
	uint64_t entry;		     /* its entry point */
	uint64_t base;		     /* where its loader was mapped; 0: it has none */
	uint64_t vdso;
	bool secure;
};

/* Reads the N bytes at VECTOR, which are MEMORY's words. */
struct bs_auxiliary bs_auxiliary_read(const struct bs_memory *memory, const void *vector, size_t n);

/* The same from /proc/PID/auxv. False with errno. */
bool bs_auxiliary_of_process(pid_t pid, const struct bs_memory *memory, struct bs_auxiliary *ret);

/* ---- link maps ----------------------------------------------------------------------------- */

/* <link.h> r_state. */
enum bs_loader_state { BS_LOADER_CONSISTENT, BS_LOADER_ADDS, BS_LOADER_DELETES };

/* One struct link_map. */
struct bs_live_map {
	uint64_t at;	  /* where it lies: the handle that dlopen(3) gives */
	uint64_t bias;	  /* l_addr: what is added to the file's addresses */
	uint64_t dynamic; /* l_ld */
	const char *name; /* l_name; "" for the program */
	/* The first name that it was asked for by, where the loader is glibc and it can be read;
	 * else NULL. */
	const char *requested;
	uint32_t ns;
};

/* One namespace's struct r_debug. */
struct bs_live_namespace {
	uint64_t at;
	uint32_t ns;
	uint64_t breakpoint; /* r_brk: a function that the loader calls when maps change */
	enum bs_loader_state state;
};

struct bs_live_maps {
	BS_VEC(struct bs_live_map) maps;	     /* namespace by namespace, in link-map order */
	BS_VEC(struct bs_live_namespace) namespaces; /* the base one first */
	bool is_glibc;				     /* as far as the shape of its records tells */
};

/*
 * The r_debug that the program's DT_DEBUG leads to, 0 when there is none (yet): the program is
 * static, or its loader has not filled it in. (glibc elf/rtld.c:rtld_setup_main_map, musl
 * ldso/dynlink.c:__dls3)
 */
uint64_t bs_live_debug(const struct bs_memory *memory, const struct bs_auxiliary *auxiliary);

/*
 * The link maps of all namespaces from the r_debug at DEBUG on; strings are ARENA's. False when
 * memory shows no such records, or a list that has no end.
 */
bool bs_live_maps_read(struct bs_arena *arena, const struct bs_memory *memory, uint64_t debug,
		       struct bs_live_maps *ret);
