/* SPDX-License-Identifier: MIT */
/* The flags of dlopen as steps write them. */
#ifndef BINDSIM_DRIVER_MODES_H
#define BINDSIM_DRIVER_MODES_H

#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#ifndef RTLD_DEEPBIND
enum { RTLD_DEEPBIND = 8 }; /* glibc's, which musl passes over */
#endif

struct flag {
	const char *name;
	int value;
};

static const struct flag flags[] = {
	{ "LAZY", RTLD_LAZY },	   { "NOW", RTLD_NOW },		  { "GLOBAL", RTLD_GLOBAL },
	{ "LOCAL", RTLD_LOCAL },   { "DEEPBIND", RTLD_DEEPBIND }, { "NODELETE", RTLD_NODELETE },
	{ "NOLOAD", RTLD_NOLOAD },
};

static bool parse_flag(const char *word, size_t length, int *mode)
{
	if (length > 5 && strncasecmp(word, "RTLD_", 5) == 0) {
		word += 5;
		length -= 5;
	}
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		if (strlen(flags[i].name) == length &&
		    strncasecmp(word, flags[i].name, length) == 0) {
			*mode |= flags[i].value;
			return true;
		}
	}
	return false;
}

/* A number is passed as it is; names without LAZY and NOW mean NOW. */
static bool parse_mode(const char *text, int *mode)
{
	char *end;
	int named = 0;

	if (isdigit((unsigned char)*text)) {
		*mode = (int)strtol(text, &end, 0);
		return *end == '\0';
	}
	for (;;) {
		size_t length = strcspn(text, "|,+");

		if (!parse_flag(text, length, &named))
			return false;
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	*mode = (named & (RTLD_LAZY | RTLD_NOW)) != 0 ? named : (named | RTLD_NOW);
	return true;
}

/* Cuts the flags off FILE:FLAGS; what follows the last colon belongs to the name unless all of it
 * is flags. */
static int split_mode(char *file)
{
	char *colon = strrchr(file, ':');
	int mode = RTLD_NOW | RTLD_LOCAL;

	if (colon != NULL && parse_mode(colon + 1, &mode))
		*colon = '\0';
	return mode;
}

#endif
