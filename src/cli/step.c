/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	unsigned mode;
} flags[] = {
	{ "LAZY", BS_MODE_LAZY },	  { "NOW", BS_MODE_NOW },
	{ "GLOBAL", BS_MODE_GLOBAL },	  { "LOCAL", BS_MODE_LOCAL },
	{ "DEEPBIND", BS_MODE_DEEPBIND }, { "NODELETE", BS_MODE_NODELETE },
	{ "NOLOAD", BS_MODE_NOLOAD },
};

static unsigned flag_named(const char *s, size_t n)
{
	if (n > 5 && strncasecmp(s, "RTLD_", 5) == 0) {
		s += 5;
		n -= 5;
	}
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strlen(flags[i].name) == n && strncasecmp(flags[i].name, s, n) == 0)
			return flags[i].mode;
	return 0;
}

/* True when all of TEXT is flag names, or one number. */
static bool read_flags(const char *text, struct bs_step *ret)
{
	unsigned mode = 0;

	if (*text >= '0' && *text <= '9') {
		char *end;

		errno = 0;
		unsigned long long number = strtoull(text, &end, 0);

		/* dlopen's second argument is an int. */
		if (*end || errno || number > UINT32_MAX)
			return false;
		ret->mode_is_number = true;
		ret->number = number;
		return true;
	}
	for (const char *s = text;; s++) {
		size_t n = strcspn(s, "|,+");
		unsigned flag = flag_named(s, n);

		if (!flag)
			return false;
		mode |= flag;
		s += n;
		if (!*s)
			break;
	}
	ret->mode = mode;
	return true;
}

struct bs_step bs_parse_dlopen(struct bs_arena *arena, const char *text)
{
	struct bs_step step = { .kind = BS_STEP_DLOPEN, .file = text };
	const char *colon = strrchr(text, ':');

	if (colon && read_flags(colon + 1, &step)) {
		step.file = bs_arena_strndup(arena, text, (size_t)(colon - text));
		step.spelled = colon + 1;
	}
	return step;
}
