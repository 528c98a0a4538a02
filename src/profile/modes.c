/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include "../base/guess.h"

#include <string.h>
#include <strings.h>

const struct bs_mode_name bs_mode_names[] = {
	{ "LAZY", BS_MODE_LAZY },	  { "NOW", BS_MODE_NOW },
	{ "GLOBAL", BS_MODE_GLOBAL },	  { "LOCAL", BS_MODE_LOCAL },
	{ "DEEPBIND", BS_MODE_DEEPBIND }, { "NODELETE", BS_MODE_NODELETE },
	{ "NOLOAD", BS_MODE_NOLOAD },	  { "WORLD", BS_MODE_WORLD },
	{ "GROUP", BS_MODE_GROUP },	  { "LAZYLOAD", BS_MODE_LAZYLOAD },
	{ "NOSHARE", BS_MODE_NOSHARE },	  { NULL, 0 },
};

unsigned bs_mode_named(const char *text, size_t n)
{
	const size_t prefix = strlen("RTLD_");

	if (n > prefix && strncasecmp(text, "RTLD_", prefix) == 0) {
		text += prefix;
		n -= prefix;
	}
	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		if (strlen(m->name) == n && strncasecmp(m->name, text, n) == 0)
			return m->mode;
	return 0;
}

const char *bs_mode_meant(const char *text, size_t n)
{
	enum { N_MODES = sizeof bs_mode_names / sizeof *bs_mode_names };
	const char *names[N_MODES];
	char upper[32];
	const size_t prefix = strlen("RTLD_");

	if (n > prefix && strncasecmp(text, "RTLD_", prefix) == 0) {
		text += prefix;
		n -= prefix;
	}
	if (n > sizeof upper)
		return NULL;
	for (size_t i = 0; i < n; i++)
		upper[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
	for (unsigned i = 0; i < N_MODES; i++)
		names[i] = bs_mode_names[i].name;
	return bs_closest_word(upper, n, names);
}

const char *bs_step_kind_name(enum bs_step_kind kind)
{
	switch (kind) {
	case BS_STEP_DLOPEN:
		return "dlopen";
	case BS_STEP_DLMOPEN:
		return "dlmopen";
	case BS_STEP_DLSYM:
		return "dlsym";
	case BS_STEP_DLCLOSE:
		return "dlclose";
	case BS_STEP_CALL:
		return "call";
	case BS_STEP_KIND_COUNT_:
		break;
	}
	return "";
}
