/* SPDX-License-Identifier: MIT */
/* The kinds of messages, from the one list in kinds.def. */
#include "log-priv.h"

static const char *const texts[] = {
#define KIND(id, text) [BS_LOG_##id] = text,
#include "kinds.def"
#undef KIND
};

const char *bs_log_kind_text(enum bs_log_kind kind)
{
	return texts[kind];
}
