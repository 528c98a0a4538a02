/* SPDX-License-Identifier: MIT */
/* The commands, from the one list in commands.def. */
#include "cli.h"

#include <string.h>

static const struct bs_command_text texts[] = {
#define COMMAND(id, name, words, usage, about, status)                                             \
	[BS_COMMAND_##id] = { name, words, usage, about, status },
#include "commands.def"
#undef COMMAND
};

const struct bs_command_text *bs_command_text(enum bs_command command)
{
	return &texts[command];
}

enum bs_command bs_command_find(const char *word)
{
	for (enum bs_command command = BS_COMMAND_NONE + 1; command < BS_COMMAND_COUNT_; command++)
		if (strcmp(texts[command].name, word) == 0)
			return command;
	return BS_COMMAND_NONE;
}

const char *bs_closest_command(const char *word)
{
	const char *names[BS_COMMAND_COUNT_] = { NULL };

	for (enum bs_command command = BS_COMMAND_NONE + 1; command < BS_COMMAND_COUNT_; command++)
		names[command - 1] = texts[command].name;
	return bs_closest_word(word, strlen(word), names);
}
