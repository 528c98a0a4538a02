/* SPDX-License-Identifier: MIT */
/* shell.h - words for a shell, in commands that somebody is to type */
#pragma once

#include "../base/base.h"

/* TEXT as a word for a shell: in quotes where it needs them. In ARENA, or TEXT itself. */
const char *bs_shell_word(struct bs_arena *arena, const char *text);
