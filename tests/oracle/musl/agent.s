# SPDX-License-Identifier: MIT
#
# Linked into shared objects that make calls of their own. It adds nothing that the loader would bind: no dynamic
# symbol, no relocation, only DT_INIT (the linker's -init bindsim_init).
#
# musl calls a constructor without arguments, so bindsim_init finds the driver by a page at a fixed address, which the
# driver maps before the C library starts: its first word is a function that is told whose constructors run.
#
# 32 bytes behind bindsim_init the driver finds trampoline(FUNCTION, A, B): it calls FUNCTION(A, B) with a return
# address in this object, which the loader takes for the caller.

	.equ MEETING_POINT, 0x100000000000

	.text
	.balign 32
	.globl bindsim_init
	.hidden bindsim_init
	.type bindsim_init, @function
bindsim_init:
	movabsq $MEETING_POINT, %rax
	leaq bindsim_init(%rip), %rdi
	pushq %rbx
	call *(%rax)
	popq %rbx
	ret
	.balign 32
trampoline:
	pushq %rbx
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	call *%rax
	popq %rbx
	ret

	.section .note.GNU-stack, "", @progbits
