/* SPDX-License-Identifier: MIT */
/*
 * machine-priv.h - what a tracer must know of a machine; one of machine-*.c is built
 */
#pragma once

#include "../live/live.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bs_machine {
	bool can_trace;
	uint16_t elf_machine;	    /* e_machine of the programs that can be traced */
	uint64_t relocs_relative;   /* R_*_RELATIVE */
	uint64_t relocs_absolute;   /* the address of a symbol, as wide as a pointer */
	unsigned char trap[4];	    /* the instruction that stops */
	unsigned char trap_bits[4]; /* those in which all that stop are alike */
	unsigned trap_size;	    /* its length */
	unsigned trap_advances_by;  /* how far behind it the program counter is when it stopped */
};

extern const struct bs_machine bs_machine;

struct bs_registers {
	uint64_t pc, sp;
	uint64_t result; /* what a function returns, when it just did */
	uint64_t arguments[3];
};

/* Those of the task TID, which is stopped. False with errno. */
bool bs_machine_read(pid_t tid, struct bs_registers *ret);

/*
 * Does what the instruction at PC does that begins with the bytes of a trap's size at FIRST, where
 * it is one of the few that functions begin with: then nobody need be stopped for it. False: it is
 * none of them, and nothing was done.
 */
bool bs_machine_emulate(pid_t tid, const struct bs_memory *memory, uint64_t pc,
			const unsigned char *first);

/* Lets TID go on at PC. */
bool bs_machine_set_pc(pid_t tid, uint64_t pc);

/* At the first instruction of a function: where it returns to, and the stack pointer then. */
bool bs_machine_way_back(pid_t tid, const struct bs_memory *memory, uint64_t *ret_pc,
			 uint64_t *ret_sp);
