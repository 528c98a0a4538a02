/* SPDX-License-Identifier: MIT */
/* x86-64, as its processor supplement of the System V ABI has it. */
#include "machine-priv.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

/* NT_X86_SHSTK (Linux 6.6) */
#define SHADOW_STACK 0x204

const struct bs_machine bs_machine = {
	.can_trace = true,
	.elf_machine = EM_X86_64,
	.relocs_relative = R_X86_64_RELATIVE,
	.relocs_absolute = R_X86_64_64,
	.trap = { 0xcc }, /* int3 */
	.trap_bits = { 0xff },
	.trap_size = 1,
	.trap_advances_by = 1,
};

bool bs_machine_read(pid_t tid, struct bs_registers *ret)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &regs) != 0)
		return false;
	*ret = (struct bs_registers){
		.pc = regs.rip,
		.sp = regs.rsp,
		.result = regs.rax,
		.arguments = { regs.rdi, regs.rsi, regs.rdx },
	};
	return true;
}

/* ---- instructions that functions begin with ----------------------------------------------------
 */

enum { LONGEST = 7 };

/* By the number that an instruction has for it. */
static unsigned long long *register_of(struct user_regs_struct *regs, unsigned number)
{
	unsigned long long *const registers[] = {
		&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx, &regs->rsp, &regs->rbp,
		&regs->rsi, &regs->rdi, &regs->r8,  &regs->r9,	&regs->r10, &regs->r11,
		&regs->r12, &regs->r13, &regs->r14, &regs->r15,
	};

	return registers[number & 15];
}

static bool push(pid_t tid, struct user_regs_struct *regs, unsigned number, unsigned length)
{
	unsigned long long value = *register_of(regs, number);

	if (ptrace(PTRACE_POKEDATA, tid, regs->rsp - sizeof value, value) != 0)
		return false;
	regs->rsp -= sizeof value;
	regs->rip += length;
	return true;
}

/* Where return addresses have a second stack only the processor returns. */
static bool has_shadow_stack(pid_t tid)
{
	uint64_t pointer;
	struct iovec set = { .iov_base = &pointer, .iov_len = sizeof pointer };

	return ptrace(PTRACE_GETREGSET, tid, SHADOW_STACK, &set) == 0;
}

static bool do_return(pid_t tid, const struct bs_memory *memory, struct user_regs_struct *regs)
{
	uint64_t pc;

	if (has_shadow_stack(tid) || !bs_memory_word(memory, regs->rsp, &pc))
		return false;
	regs->rip = pc;
	regs->rsp += sizeof pc;
	return true;
}

static int32_t displacement(const unsigned char *code)
{
	int32_t value;

	memcpy(&value, code, sizeof value);
	return value;
}

/* mov displacement(%rip), register */
static bool load(const struct bs_memory *memory, const unsigned char *code,
		 struct user_regs_struct *regs)
{
	uint64_t value, at = regs->rip + 7 + (uint64_t)(int64_t)displacement(code + 3);

	if (!bs_memory_word(memory, at, &value))
		return false;
	*register_of(regs, (code[2] >> 3) + (code[0] & 4) * 2) = value;
	regs->rip += 7;
	return true;
}

/* What compilers begin functions with. That it sets flags is of no account: nobody may look at
 * those of another function. */
static bool emulate(pid_t tid, const struct bs_memory *memory, const unsigned char *code,
		    struct user_regs_struct *regs)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	static const unsigned char sub_rsp[] = { 0x48, 0x83, 0xec };

	if (memcmp(code, endbr64, sizeof endbr64) == 0) {
		regs->rip += sizeof endbr64;
		return true;
	}
	if (code[0] == 0xc3 || (code[0] == 0xf3 && code[1] == 0xc3))
		return do_return(tid, memory, regs);
	if ((code[0] & 0xf8) == 0x50)
		return push(tid, regs, code[0] & 7, 1);
	if (code[0] == 0x41 && (code[1] & 0xf8) == 0x50)
		return push(tid, regs, 8 + (code[1] & 7), 2);
	if (memcmp(code, sub_rsp, sizeof sub_rsp) == 0) {
		regs->rsp -= (unsigned long long)(int8_t)code[3];
		regs->rip += 4;
		return true;
	}
	if (code[0] == 0xe9) { /* jmp */
		regs->rip += 5 + (unsigned long long)(int64_t)displacement(code + 1);
		return true;
	}
	if ((code[0] & 0xfb) == 0x48 && code[1] == 0x8b && (code[2] & 0xc7) == 0x05)
		return load(memory, code, regs);
	return false;
}

bool bs_machine_emulate(pid_t tid, const struct bs_memory *memory, uint64_t pc,
			const unsigned char *first)
{
	unsigned char code[LONGEST];
	struct user_regs_struct regs;

	if (!memory->read(memory, pc, code, sizeof code) ||
	    ptrace(PTRACE_GETREGS, tid, NULL, &regs) != 0)
		return false;
	memcpy(code, first, bs_machine.trap_size);
	return regs.rip == pc && emulate(tid, memory, code, &regs) &&
	       ptrace(PTRACE_SETREGS, tid, NULL, &regs) == 0;
}

bool bs_machine_set_pc(pid_t tid, uint64_t pc)
{
	return ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, regs.rip), pc) == 0;
}

bool bs_machine_way_back(pid_t tid, const struct bs_memory *memory, uint64_t *ret_pc,
			 uint64_t *ret_sp)
{
	struct bs_registers registers;

	if (!bs_machine_read(tid, &registers))
		return false;
	*ret_sp = registers.sp + sizeof(uint64_t);
	return bs_memory_word(memory, registers.sp, ret_pc);
}
