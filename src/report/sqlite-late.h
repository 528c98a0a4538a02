/* SPDX-License-Identifier: MIT */
/* sqlite-late.h - SQLite, opened when a database is written */
#pragma once

#include "../base/base.h"

#include <sqlite3.h>

/* Has SQLite opened: to be called before any of its functions. NULL, or why it cannot be. */
const char *bs_sqlite_open(void);
