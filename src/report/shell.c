/* SPDX-License-Identifier: MIT */
/* Words for a shell. */
#include "shell.h"

#include <string.h>

const char *bs_shell_word(struct bs_arena *arena, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=./:,@%";
	const char *word = "'";

	if (*text && !text[strspn(text, plain)])
		return text;
	for (size_t n; *text; text += n) {
		n = *text == '\'' ? 1 : strcspn(text, "'");
		word = *text == '\'' ? bs_arena_printf(arena, "%s'\\''", word)
				     : bs_arena_printf(arena, "%s%.*s", word, (int)n, text);
	}
	return bs_arena_printf(arena, "%s'", word);
}
