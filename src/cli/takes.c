/* SPDX-License-Identifier: MIT */
/* Which options a command takes. */
#include "cli.h"

#include <string.h>

enum which { ALL_BUT, ONLY };

static const struct {
	enum which which;
	const char *names, *shown;
} takes[BS_COMMAND_COUNT_] = {
#define MODE(id, which, names)
#define SHARED(names, commands)
#define TAKES(command, which, names, shown) [BS_COMMAND_##command] = { which, names, shown },
#include "takes.def"
#undef TAKES
#undef SHARED
#undef MODE
};

static const struct {
	const char *names, *commands;
} shared[] = {
#define MODE(id, which, names)
#define SHARED(names, commands) { names, commands },
#define TAKES(command, which, names, shown)
#include "takes.def"
#undef TAKES
#undef SHARED
#undef MODE
};

static const struct {
	enum which which;
	const char *names;
} modes[] = {
#define MODE(id, which, names) [BS_MODE_##id] = { which, names },
#define SHARED(names, commands)
#define TAKES(command, which, names, shown)
#include "takes.def"
#undef TAKES
#undef SHARED
#undef MODE
};

/* Whether NAME is one of the words of LIST. */
static bool is_among(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *word = list; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");

		if (length == n && strncmp(word, name, n) == 0)
			return true;
		word += length;
	}
	return false;
}

bool bs_command_takes(enum bs_command command, enum bs_command owner, const char *name)
{
	const char *called = command == BS_COMMAND_NONE ? "none" : bs_command_text(command)->name;

	if (strcmp(name, "help") == 0 || strcmp(name, "version") == 0)
		return true;
	if (owner != BS_COMMAND_NONE)
		return owner == command;
	for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
		if (is_among(shared[i].names, name))
			return is_among(shared[i].commands, called);
	return is_among(takes[command].names, name) == (takes[command].which == ONLY);
}

bool bs_mode_takes(enum bs_mode mode, const char *name)
{
	return is_among(modes[mode].names, name) == (modes[mode].which == ONLY);
}

bool bs_command_takes_few(enum bs_command command)
{
	return takes[command].which == ONLY;
}

bool bs_command_shows(enum bs_command command, enum bs_command owner, const char *name)
{
	return owner == BS_COMMAND_NONE ? is_among(takes[command].shown, name) : owner == command;
}
