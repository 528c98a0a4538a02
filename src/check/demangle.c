/* SPDX-License-Identifier: MIT */
/*
 * Names of C++, Rust and D as people write them, by libiberty. What that does for want of memory is
 * to print a message and to end the process, which is for no library to do: these functions are in
 * the place of its own.
 */
#include "check.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

/* libiberty's <demangle.h> wants to be told that this is no C++. */
#include <libiberty/demangle.h>
#include <libiberty/libiberty.h>

/* Longer names are no names of people's making; the demangler's work grows with them. */
enum { LONGEST_NAME = 16 << 10 };

static _Thread_local char *last;
static _Thread_local jmp_buf lacking;

static void *granted(void *memory)
{
	if (!memory)
		longjmp(lacking, 1);
	return memory;
}

void *xmalloc(size_t n)
{
	return granted(malloc(n ? n : 1));
}

void *xrealloc(void *memory, size_t n)
{
	return granted(realloc(memory, n ? n : 1));
}

/* NULL for a name that is none, and for want of memory: the name as it stands will do. */
static char *demangle(const char *name)
{
	return setjmp(lacking) == 0 ? cplus_demangle(name, DMGL_AUTO | DMGL_PARAMS | DMGL_ANSI)
				    : NULL;
}

const char *bs_demangled(const char *name)
{
	size_t n = name[0] == '_' ? strlen(name) : 0;

	if (!n || n > LONGEST_NAME)
		return name;
	/* The demangler goes back and forth in it, and the file that has it may be written to. */
	char *copy = strndup(name, n);
	char *demangled = copy ? demangle(copy) : NULL;

	free(copy);
	if (!demangled)
		return name;
	free(last);
	last = demangled;
	return last;
}

void bs_demangled_forget(void)
{
	free(last);
	last = NULL;
}
