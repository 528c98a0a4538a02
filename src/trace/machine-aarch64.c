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
	.trap = { 0x00, 0x00, 0x20, 0xd4 }, /* brk #0; code is little-endian always */
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

/* BTI and NOP; what signs the return address is the processor's own. */
bool bs_machine_emulate(pid_t tid, const struct bs_memory *memory, uint64_t pc,
			const unsigned char *first)
{
	uint32_t instruction = (uint32_t)first[0] | (uint32_t)first[1] << 8 |
			       (uint32_t)first[2] << 16 | (uint32_t)first[3] << 24;
	bool does_nothing = (instruction & ~0xc0u) == 0xd503241f || instruction == 0xd503201f;

	(void)memory;
	return does_nothing && bs_machine_set_pc(tid, pc + 4);
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
