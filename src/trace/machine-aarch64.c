/* SPDX-License-Identifier: MIT */
/* AArch64, as its procedure call standard has it. */
#include "machine-priv.h"

#include <elf.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

enum { LINK_REGISTER = 30 };

const struct bs_machine bs_machine = {
	.can_trace = true,
	.elf_machine = EM_AARCH64,
	.relocs_relative = R_AARCH64_RELATIVE,
	.relocs_absolute = R_AARCH64_ABS64,
	.trap = { 0x00, 0x00, 0x20, 0xd4 },	 /* brk #0; code is little-endian always */
	.trap_bits = { 0x1f, 0x00, 0xe0, 0xff }, /* compilers have numbers of their own */
	.trap_size = 4,
	.trap_advances_by = 0,
};

static bool read_all(pid_t tid, struct user_regs_struct *ret)
{
	struct iovec set = { .iov_base = ret, .iov_len = sizeof *ret };

	return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &set) == 0;
}

bool bs_machine_read(pid_t tid, struct bs_registers *ret)
{
	struct user_regs_struct regs;

	if (!read_all(tid, &regs))
		return false;
	*ret = (struct bs_registers){
		.pc = regs.pc,
		.sp = regs.sp,
		.result = regs.regs[0],
		.arguments = { regs.regs[0], regs.regs[1], regs.regs[2] },
	};
	return true;
}

bool bs_machine_set_pc(pid_t tid, uint64_t pc)
{
	struct user_regs_struct regs;
	struct iovec set = { .iov_base = &regs, .iov_len = sizeof regs };

	if (!read_all(tid, &regs))
		return false;
	regs.pc = pc;
	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &set) == 0;
}

/* ---- instructions that functions begin with ----------------------------------------------------
 */

/* The register that BITS say, whose number 31 reads as zero in instructions that do not mean SP. */
static uint64_t value_of(const struct user_regs_struct *regs, uint32_t bits)
{
	return (bits & 31) == 31 ? 0 : regs->regs[bits & 31];
}

static int64_t signed_field(uint32_t bits, unsigned width)
{
	uint64_t sign = UINT64_C(1) << (width - 1);

	return (int64_t)(((bits & (2 * sign - 1)) ^ sign) - sign);
}

/* stp register, register, [sp, #displacement]! */
static bool push_two(pid_t tid, struct user_regs_struct *regs, uint32_t code)
{
	uint64_t sp = regs->sp + (uint64_t)(signed_field(code >> 15, 7) * 8);

	if (ptrace(PTRACE_POKEDATA, tid, sp, value_of(regs, code)) != 0 ||
	    ptrace(PTRACE_POKEDATA, tid, sp + 8, value_of(regs, code >> 10)) != 0)
		return false;
	regs->sp = sp;
	return true;
}

static void load_page(struct user_regs_struct *regs, uint32_t code)
{
	uint32_t pages = (code >> 5 & 0x7ffff) << 2 | (code >> 29 & 3);

	if ((code & 31) != 31)
		regs->regs[code & 31] =
			(regs->pc & ~UINT64_C(0xfff)) + ((uint64_t)signed_field(pages, 21) << 12);
}

/* What compilers begin functions with; what signs the return address is the processor's own. */
static bool emulate(pid_t tid, struct user_regs_struct *regs, uint32_t code)
{
	if (code == 0xd65f03c0) { /* ret */
		regs->pc = regs->regs[LINK_REGISTER];
		return true;
	}
	if ((code & 0xffc003e0) == 0xa98003e0) {
		if (!push_two(tid, regs, code))
			return false;
	} else if ((code & 0x9f000000) == 0x90000000) { /* adrp */
		load_page(regs, code);
	} else if ((code & 0xffc003ff) == 0xd10003ff) { /* sub sp, sp, #number */
		regs->sp -= code >> 10 & 0xfff;
	} else if ((code & ~0xc0u) != 0xd503241f && code != 0xd503201f) { /* bti, nop */
		return false;
	}
	regs->pc += 4;
	return true;
}

bool bs_machine_emulate(pid_t tid, const struct bs_memory *memory, uint64_t pc,
			const unsigned char *first)
{
	uint32_t code = (uint32_t)first[0] | (uint32_t)first[1] << 8 | (uint32_t)first[2] << 16 |
			(uint32_t)first[3] << 24;
	struct user_regs_struct regs;
	struct iovec set = { .iov_base = &regs, .iov_len = sizeof regs };

	(void)memory;
	return read_all(tid, &regs) && regs.pc == pc && emulate(tid, &regs, code) &&
	       ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &set) == 0;
}

bool bs_machine_way_back(pid_t tid, const struct bs_memory *memory, uint64_t *ret_pc,
			 uint64_t *ret_sp)
{
	struct user_regs_struct regs;

	(void)memory;
	if (!read_all(tid, &regs))
		return false;
	*ret_pc = regs.regs[LINK_REGISTER];
	*ret_sp = regs.sp;
	return true;
}
