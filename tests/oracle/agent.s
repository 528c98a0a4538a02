# SPDX-License-Identifier: MIT
#
# Linked into objects that make calls of their own. It adds nothing that the loader would bind: no dynamic symbol, no
# relocation, only DT_INIT (the linker's -init bindsim_init).
#
# bindsim_init tells the driver that the constructors of this object run, by a call of what the driver has behind its
# entry point; that is found by the auxiliary vector, which lies behind the environment. Another program than the
# driver has other bytes there, and constructors in a process whose C library is not set up have no environment: then
# nothing happens.
#
# trampoline(FUNCTION, A, B, C) calls FUNCTION(A, B, C) with a return address in this object, which the loader takes
# for the caller.

	.equ AT_ENTRY, 9

	.text
	.globl bindsim_init
	.hidden bindsim_init
	.type bindsim_init, @function
bindsim_init:
	testq %rdx, %rdx
	je 4f
1:	addq $8, %rdx
	cmpq $0, -8(%rdx)
	jne 1b
2:	movq (%rdx), %rcx
	testq %rcx, %rcx
	je 4f
	addq $16, %rdx
	cmpq $AT_ENTRY, %rcx
	jne 2b
	movq -8(%rdx), %rax
	movabsq $0x6d69732d646e6962, %rcx
	cmpq %rcx, 8(%rax)
	jne 4f
	addq 16(%rax), %rax
	leaq _DYNAMIC(%rip), %rdx
	leaq trampoline(%rip), %rcx
	pushq %rbx
	call *%rax
	popq %rbx
4:	ret

trampoline:
	pushq %rbx
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	movq %rcx, %rdx
	call *%rax
	popq %rbx
	ret

	.section .note.GNU-stack, "", @progbits
