/* SPDX-License-Identifier: MIT */
/* The kinds of messages, from the one list in kinds.def. */
#include "log-priv.h"

static const char *const texts[] = {
#define KIND(id, word, text) [BS_LOG_##id] = text,
#include "kinds.def"
#undef KIND
};

static const char *const words[] = {
#define KIND(id, word, text) [BS_LOG_##id] = word,
#include "kinds.def"
#undef KIND
};

const char *bs_log_kind_text(enum bs_log_kind kind)
{
	return texts[kind];
}

const char *bs_log_kind_word(enum bs_log_kind kind)
{
	return words[kind];
}
