/* SPDX-License-Identifier: MIT */
/*
 * What machines differ in: their jump-slot relocation, and how a call gets through such a slot. A
 * PLT entry leaves in some register what the loader's entry point for lazy binding asks for, and so
 * does bindsim_call_slot: where VALUE leads to the start of the PLT, it is the slot's address or
 * number.
 */
#ifndef BINDSIM_DRIVER_MACHINE_H
#define BINDSIM_DRIVER_MACHINE_H

#include <elf.h>
#include <link.h>

#if __ELF_NATIVE_CLASS == 64
#define RELOCATION_SYMBOL(info) ELF64_R_SYM(info)
#define RELOCATION_TYPE(info)	ELF64_R_TYPE(info)
#else
#define RELOCATION_SYMBOL(info) ELF32_R_SYM(info)
#define RELOCATION_TYPE(info)	ELF32_R_TYPE(info)
#endif

/* With an argument that any function may take for a text. */
void bindsim_call_slot(const char *argument, ElfW(Addr) value, const void *slot, const void *got);

#define CALL_THROUGH_REGISTERS(code)                                                               \
	__asm__(".pushsection .text\n"                                                             \
		"	.balign 8\n"                                                                     \
		"	.globl bindsim_call_slot\n"                                                      \
		"	.hidden bindsim_call_slot\n"                                                     \
		"	.type bindsim_call_slot, %function\n" code "	.popsection\n")

#define CALL_AS_FUNCTION                                                                           \
	__attribute__((visibility("hidden"))) void bindsim_call_slot(                              \
		const char *argument, ElfW(Addr) value, const void *slot, const void *got)         \
	{                                                                                          \
		(void)slot;                                                                        \
		(void)got;                                                                         \
		((void (*)(const char *))value)(argument);                                         \
	}

#if defined __x86_64__

/* Each slot leads into an entry of its own, which knows its number. */
#define JUMP_SLOT R_X86_64_JUMP_SLOT
CALL_AS_FUNCTION

#elif defined __i386__

/* The same, but position-independent entries find the loader by the GOT in EBX. */
#define JUMP_SLOT R_386_JMP_SLOT
CALL_THROUGH_REGISTERS("bindsim_call_slot:\n"
		       "	pushl %ebx\n"
		       "	movl 20(%esp), %ebx\n"
		       "	subl $4, %esp\n"
		       "	pushl 12(%esp)\n"
		       "	call *20(%esp)\n"
		       "	addl $8, %esp\n"
		       "	popl %ebx\n"
		       "	ret\n");

#elif defined __aarch64__

#define JUMP_SLOT R_AARCH64_JUMP_SLOT
CALL_THROUGH_REGISTERS("bindsim_call_slot:\n"
		       "	mov x17, x1\n"
		       "	mov x16, x2\n"
		       "	br x17\n");

#elif defined __arm__

#define JUMP_SLOT R_ARM_JUMP_SLOT
CALL_THROUGH_REGISTERS("	.arm\n"
		       "bindsim_call_slot:\n"
		       "	mov ip, r2\n"
		       "	bx r1\n");

#elif defined __riscv

/* The start of the PLT takes the return address of the entry's jump to it, less its own length of
 * 32 and the entry's of 12 so far; entries are twice as long as slots, of which two are no slots.
 */
#define JUMP_SLOT R_RISCV_JUMP_SLOT
CALL_THROUGH_REGISTERS("bindsim_call_slot:\n"
		       "	sub t1, a2, a3\n"
		       "	addi t1, t1, -16\n"
		       "	slli t1, t1, 1\n"
		       "	add t1, t1, a1\n"
		       "	addi t1, t1, 32 + 12\n"
		       "	mv t3, a1\n"
		       "	jr t3\n");

#elif defined __powerpc64__

/* The loader points slots at branches that lie behind the code which they lead to. */
#define JUMP_SLOT R_PPC64_JMP_SLOT
enum { PPC64_RESOLVER_SIZE = 32, PPC64_STUB_SIZE = 4 };
CALL_AS_FUNCTION

#elif defined __s390x__

#define JUMP_SLOT R_390_JMP_SLOT
CALL_AS_FUNCTION

#elif defined __mips__

/* Stubs find the loader by the object's GOT: `ld $t9, -32752($gp)`. */
#define MIPS_STUB_START 0xdf998010
CALL_THROUGH_REGISTERS("	.set push\n"
		       "	.set noreorder\n"
		       "	.set nomacro\n"
		       "bindsim_call_slot:\n"
		       "	daddiu $sp, $sp, -16\n"
		       "	sd $31, 0($sp)\n"
		       "	sd $28, 8($sp)\n"
		       "	move $25, $5\n"
		       "	daddiu $28, $7, 0x7ff0\n"
		       "	jalr $25\n"
		       "	nop\n"
		       "	ld $28, 8($sp)\n"
		       "	ld $31, 0($sp)\n"
		       "	jr $31\n"
		       "	daddiu $sp, $sp, 16\n"
		       "	.set pop\n");

#endif

#endif
