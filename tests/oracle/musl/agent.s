# SPDX-License-Identifier: MIT
#
# Linked into shared objects that make calls of their own. It adds nothing that the loader would bind: no dynamic
# symbol, no relocation, only DT_INIT (the linker's -init bindsim_init), 16 bytes behind which the driver finds
# trampoline(FUNCTION, A, B): it calls FUNCTION(A, B) with a return address in this object, which the loader takes for
# the caller.

	.text
	.balign 16
	.globl bindsim_init
	.hidden bindsim_init
	.type bindsim_init, @function
bindsim_init:
	ret
	.balign 16
trampoline:
	pushq %rbx
	movq %rdi, %rax
	movq %rsi, %rdi
	movq %rdx, %rsi
	call *%rax
	popq %rbx
	ret

	.section .note.GNU-stack, "", @progbits
