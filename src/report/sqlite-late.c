/* SPDX-License-Identifier: MIT */
/*
 * SQLite, which is opened when a database is written. The functions here are those of its header
 * and lead on to its own; bs_sqlite_open() comes before all of them.
 */
#include "sqlite-late.h"

#define SONAME "libsqlite3.so.0"

BS_LATE_NOTE(note, "[{\"soname\":[\"" SONAME "\"],\"feature\":\"SQLite\",\"description\":"
		   "\"reports as databases\",\"priority\":\"suggested\"}]");

/* TYPE, NAME, PARAMETERS, ARGUMENTS of what is used here. */
#define FUNCTIONS(F)                                                                               \
	F(int, sqlite3_bind_int64, (sqlite3_stmt * s, int i, sqlite3_int64 n), (s, i, n))          \
	F(int, sqlite3_bind_null, (sqlite3_stmt * s, int i), (s, i))                               \
	F(int, sqlite3_bind_text,                                                                  \
	  (sqlite3_stmt * s, int i, const char *text, int n, void (*end)(void *)),                 \
	  (s, i, text, n, end))                                                                    \
	F(int, sqlite3_close, (sqlite3 * db), (db))                                                \
	F(int, sqlite3_column_count, (sqlite3_stmt * s), (s))                                      \
	F(int, sqlite3_deserialize,                                                                \
	  (sqlite3 * db, const char *schema, unsigned char *data, sqlite3_int64 n,                 \
	   sqlite3_int64 room, unsigned flags),                                                    \
	  (db, schema, data, n, room, flags))                                                      \
	F(int, sqlite3_exec,                                                                       \
	  (sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **), void *data,   \
	   char **problem),                                                                        \
	  (db, sql, row, data, problem))                                                           \
	F(int, sqlite3_file_control, (sqlite3 * db, const char *schema, int what, void *value),    \
	  (db, schema, what, value))                                                               \
	F(int, sqlite3_finalize, (sqlite3_stmt * s), (s))                                          \
	F(int, sqlite3_open, (const char *path, sqlite3 **ret), (path, ret))                       \
	F(int, sqlite3_system_errno, (sqlite3 * db), (db))                                         \
	F(int, sqlite3_prepare_v2,                                                                 \
	  (sqlite3 * db, const char *sql, int n, sqlite3_stmt **ret, const char **rest),           \
	  (db, sql, n, ret, rest))                                                                 \
	F(int, sqlite3_reset, (sqlite3_stmt * s), (s))                                             \
	F(unsigned char *, sqlite3_serialize,                                                      \
	  (sqlite3 * db, const char *schema, sqlite3_int64 *ret_n, unsigned flags),                \
	  (db, schema, ret_n, flags))                                                              \
	F(int, sqlite3_step, (sqlite3_stmt * s), (s))

BS_LATE_LIBRARY(SONAME, FUNCTIONS)

const char *bs_sqlite_open(void)
{
	return bs_late_open(&late);
}
