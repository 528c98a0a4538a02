/* SPDX-License-Identifier: MIT */
/* How the constructors of objects with agent.c find the driver: by a note in the program. */
#ifndef BINDSIM_DRIVER_MEETING_H
#define BINDSIM_DRIVER_MEETING_H

#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

typedef void *trampoline_function(void *function, const void *a, const void *b, const void *c);
typedef void construct(int argc, char **argv, const ElfW(Dyn) * dynamic, trampoline_function *call);

#define MEETING_TYPE 0x646e6962

struct meeting_note {
	ElfW(Nhdr) header;
	char name[8];
	int32_t distance; /* from here to the driver's function */
};

#define MEETING_NOTE(function)                                                                     \
	__asm__(".pushsection .note.bindsim, \"a\", %note\n"                                       \
		"	.balign 4\n"                                                                     \
		"	.long 8, 4, 0x646e6962\n"                                                        \
		"	.asciz \"bindsim\"\n"                                                            \
		"	.long " #function " - .\n"                                                 \
		"	.popsection\n")

#endif
