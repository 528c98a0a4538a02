/* SPDX-License-Identifier: MIT */
/*
 * A plug-in. NAME is a part of its symbols; what it is to do when it is constructed comes as
 *macros:
 *
 *	OPENS		a file that its constructor opens
 *	CRASHES		its constructor ends the process by SIGSEGV, after that
 *
 * All plug-ins define shared(), which the first one that is there for all to see answers.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASTE(a, b) a##b
#define OWN(a, b)   PASTE(a, b)

int shared(void);
int OWN(own_, NAME)(void);

__attribute__((weak)) int shared(void)
{
	return 1;
}

int OWN(own_, NAME)(void)
{
	char text[32];

	/* Bound at the first call, where nothing else is asked for. */
	snprintf(text, sizeof(text), "%d", shared());
	return (int)strlen(text);
}

int OWN(end_, NAME)(const char *text);

int OWN(end_, NAME)(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

/* What only a destructor calls is bound when the object is on its way out. */
__attribute__((destructor)) static void destroy(void)
{
	OWN(end_, NAME)("1");
}

__attribute__((constructor)) static void construct(void)
{
	OWN(own_, NAME)();
#ifdef OPENS
	dlopen(OPENS, RTLD_LAZY | RTLD_LOCAL);
#endif
#ifdef CRASHES
	raise(SIGSEGV);
#endif
}
