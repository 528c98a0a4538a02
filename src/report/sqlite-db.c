/* SPDX-License-Identifier: MIT */
/*
 * A database in memory that rows are added to, and its bytes. Nothing of it depends on time or on
 * chance: rows come in a fixed order, and the pages are one after the other.
 */
#include "sqlite-late.h"
#include "sqlite-priv.h"

#include <errno.h>

enum { CACHE_KIB = 16384 }; /* of a database that is a file from the beginning */

struct bs_sqlite {
	struct bs_arena *arena; /* its own; fails as another one does */
	sqlite3 *connection;
	const struct bs_sqlite_layout *layout;
	sqlite3_stmt **insert; /* by table */
	int *n_columns;
	unsigned table; /* of the row under way */
	int column;
	int failed;   /* the first code of SQLite that is neither success nor want of memory */
	int error;    /* what it comes of, as an errno */
	bool is_file; /* and not in memory */
	struct bs_names *symbols, *versions, *files;
	uint32_t n_symbols, n_versions, n_files;
	BS_VEC(struct bs_manner) manners;
	BS_VEC(const char *) manner_loaders; /* whose choices a manner rests on */
};

/* ---- SQLite's answers ------------------------------------------------------------------------ */

static int error_of(const struct bs_sqlite *db, int code)
{
	int of_system = 0;

	/* What a file has met is kept with it, as long as it is open. */
	if (code == SQLITE_IOERR)
		sqlite3_file_control(db->connection, "main", SQLITE_FCNTL_LAST_ERRNO, &of_system);
	else if (code == SQLITE_CANTOPEN)
		of_system = sqlite3_system_errno(db->connection);
	if (of_system)
		return of_system;
	if (code == SQLITE_FULL && db->is_file)
		return ENOSPC;
	return code == SQLITE_FULL || code == SQLITE_TOOBIG ? EFBIG : EIO;
}

/* Too little memory unwinds. All else is told when the file is written. */
static void note(struct bs_sqlite *db, int code)
{
	if (code == SQLITE_NOMEM)
		bs_arena_exhausted(db->arena);
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW || db->failed)
		return;
	db->failed = code;
	db->error = error_of(db, code & 0xff);
}

static void run_sql(struct bs_sqlite *db, const char *sql)
{
	if (!db->failed)
		note(db, sqlite3_exec(db->connection, sql, NULL, NULL, NULL));
}

/* ---- the beginning and the end --------------------------------------------------------------- */

/* Its pages are a piece of memory of their own from here on, which is the file. */
static void keep_in_one_piece(struct bs_sqlite *db)
{
	sqlite3_int64 most = INT64_MAX;

	note(db,
	     sqlite3_deserialize(db->connection, "main", NULL, 0, 0,
				 SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE));
	note(db, sqlite3_file_control(db->connection, "main", SQLITE_FCNTL_SIZE_LIMIT, &most));
}

static struct bs_sqlite *new_database(struct bs_arena *outer, const struct bs_sqlite_layout *layout)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		bs_arena_exhausted(outer);
	bs_arena_unwind_with(arena, outer);
	struct bs_sqlite *db = bs_new(arena, struct bs_sqlite, 1);

	db->arena = arena;
	db->symbols = bs_names_new(arena);
	db->versions = bs_names_new(arena);
	db->files = bs_names_new(arena);
	db->layout = layout;
	db->insert = bs_new(arena, sqlite3_stmt *, layout->n_tables);
	db->n_columns = bs_new(arena, int, layout->n_tables);
	return db;
}

static void begin_document(struct bs_sqlite *db)
{
	run_sql(db, db->layout->schema);
	bs_row(db, db->layout->document);
	bs_put_word(db, db->layout->name);
	bs_put_word(db, db->layout->version);
	bs_put_word(db, "bindsim");
	bs_put_word(db, BINDSIM_VERSION);
	bs_row_end(db);
}

struct bs_sqlite *bs_sqlite_new(struct bs_arena *outer, const struct bs_sqlite_layout *layout)
{
	struct bs_sqlite *db = new_database(outer, layout);

	note(db, sqlite3_open(":memory:", &db->connection));
	keep_in_one_piece(db);
	begin_document(db);
	return db;
}

struct bs_sqlite *bs_sqlite_new_file(struct bs_arena *outer, const struct bs_sqlite_layout *layout,
				     const char *path)
{
	struct bs_sqlite *db = new_database(outer, layout);

	db->is_file = true;
	note(db, sqlite3_open(path, &db->connection));
	run_sql(db, bs_arena_printf(db->arena, "PRAGMA cache_size = -%d", CACHE_KIB));
	begin_document(db);
	return db;
}

void bs_sqlite_unwind_with(struct bs_sqlite *db, struct bs_arena *arena)
{
	bs_arena_unwind_with(db->arena, arena);
}

void bs_sqlite_free(struct bs_sqlite *db)
{
	if (!db)
		return;
	for (unsigned i = 0; i < db->layout->n_tables; i++)
		sqlite3_finalize(db->insert[i]);
	sqlite3_close(db->connection);
	bs_arena_free(db->arena);
}

static void fail(struct bs_sqlite *db, struct bs_writer *out)
{
	if (out->failed)
		return;
	out->failed = true;
	out->error = db->error;
}

void bs_sqlite_finish(struct bs_sqlite *db, struct bs_writer *out)
{
	run_sql(db, db->layout->views);
	if (db->failed)
		fail(db, out);
}

void bs_sqlite_write(struct bs_sqlite *db, struct bs_writer *out)
{
	sqlite3_int64 n = 0;

	run_sql(db, db->layout->views);
	const unsigned char *bytes =
		db->failed ? NULL
			   : sqlite3_serialize(db->connection, "main", &n, SQLITE_SERIALIZE_NOCOPY);

	if (bytes)
		bs_write(out, (const char *)bytes, (size_t)n);
	else
		fail(db, out);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void prepare(struct bs_sqlite *db, unsigned table)
{
	const char *name = db->layout->table_names[table], *marks = "?";
	sqlite3_stmt *columns = NULL;

	note(db, sqlite3_prepare_v2(db->connection,
				    bs_arena_printf(db->arena, "SELECT * FROM %s", name), -1,
				    &columns, NULL));
	db->n_columns[table] = columns ? sqlite3_column_count(columns) : 0;
	sqlite3_finalize(columns);
	for (int i = 1; i < db->n_columns[table]; i++)
		marks = bs_arena_printf(db->arena, "%s,?", marks);
	note(db, sqlite3_prepare_v2(
			 db->connection,
			 bs_arena_printf(db->arena, "INSERT INTO %s VALUES (%s)", name, marks), -1,
			 &db->insert[table], NULL));
}

void bs_row(struct bs_sqlite *db, unsigned table)
{
	assert(!db->column);
	db->table = table;
	if (!db->insert[table] && !db->failed)
		prepare(db, table);
}

static sqlite3_stmt *next_column(struct bs_sqlite *db)
{
	db->column++;
	return db->insert[db->table];
}

void bs_put_number(struct bs_sqlite *db, uint64_t number)
{
	sqlite3_stmt *statement = next_column(db);

	if (!db->failed)
		note(db, sqlite3_bind_int64(statement, db->column, (sqlite3_int64)number));
}

void bs_put_null(struct bs_sqlite *db)
{
	sqlite3_stmt *statement = next_column(db);

	if (!db->failed)
		note(db, sqlite3_bind_null(statement, db->column));
}

void bs_put_if(struct bs_sqlite *db, bool known, uint64_t number)
{
	if (known)
		bs_put_number(db, number);
	else
		bs_put_null(db);
}

void bs_put_map(struct bs_sqlite *db, bs_map_id map)
{
	bs_put_if(db, map != BS_NO_MAP, map);
}

void bs_put_word(struct bs_sqlite *db, const char *word)
{
	if (!word) {
		bs_put_null(db);
		return;
	}
	sqlite3_stmt *statement = next_column(db);

	if (!db->failed)
		note(db, sqlite3_bind_text(statement, db->column, word, -1, SQLITE_STATIC));
}

void bs_put_text(struct bs_sqlite *db, const char *text)
{
	bs_put_word(db, text ? bs_unicode(db->arena, text) : NULL);
}

void bs_row_end(struct bs_sqlite *db)
{
	sqlite3_stmt *statement = db->insert[db->table];

	assert(db->failed || db->column == db->n_columns[db->table]);
	db->column = 0;
	if (db->failed)
		return;
	note(db, sqlite3_step(statement));
	note(db, sqlite3_reset(statement));
}

/* ---- what rows refer to ---------------------------------------------------------------------- */

/* NAME in NAMES, of which so many have rows; *RET_NEW: this one has none yet. */
static uint32_t id_of(struct bs_names *names, uint32_t *n, const char *name, bool *ret_new)
{
	uint32_t id = bs_name_of(names, name);

	*ret_new = id > *n;
	if (*ret_new)
		*n = id;
	return id;
}

uint32_t bs_sqlite_symbol(struct bs_sqlite *db, const char *name, bool demangled)
{
	bool is_new;
	uint32_t id = id_of(db->symbols, &db->n_symbols, name, &is_new);

	if (!is_new)
		return id;
	const char *plain = demangled ? bs_demangled(name) : name;

	bs_row(db, db->layout->symbols);
	bs_put_number(db, id);
	bs_put_text(db, name);
	bs_put_text(db, plain != name ? plain : NULL);
	bs_row_end(db);
	return id;
}

uint32_t bs_sqlite_version(struct bs_sqlite *db, const char *name)
{
	bool is_new;
	uint32_t id = id_of(db->versions, &db->n_versions, name, &is_new);

	if (!is_new)
		return id;
	bs_row(db, db->layout->versions);
	bs_put_number(db, id);
	bs_put_text(db, name);
	bs_row_end(db);
	return id;
}

/* By path as well: what is unpacked of one archive may have the inode of what was of another. */
uint32_t bs_sqlite_file(struct bs_sqlite *db, const struct bs_image *image, const char *path,
			bool *ret_new)
{
	return id_of(db->files, &db->n_files,
		     bs_arena_printf(db->arena, "%llx:%llx:%llx:%s", (unsigned long long)image->dev,
				     (unsigned long long)image->ino,
				     (unsigned long long)image->size, path),
		     ret_new);
}

/* ---- manners --------------------------------------------------------------------------------- */

const char *bs_sqlite_assumed(const struct bs_run *run, uint64_t choices)
{
	const char *names = NULL;

	for (unsigned choice = 1; choice < BS_CHOICE_COUNT_; choice++) {
		if (!(choices >> choice & 1))
			continue;
		const char *name = bs_json_switch_name(
			run, bs_switch_of_choice(run->profile, (enum bs_choice)choice));

		names = names ? bs_arena_printf(run->ctx.arena, "%s,%s", names, name) : name;
	}
	return names;
}

static const char *kind_names(const struct bs_run *run, unsigned kinds)
{
	const char *names = "";

	for (unsigned kind = 0; kind < BS_RELOC_KIND_COUNT_; kind++)
		if (kinds & (1u << kind))
			names = bs_arena_printf(run->ctx.arena, "%s%s%s", names, *names ? "," : "",
						bs_json_reloc_kind_name((enum bs_reloc_kind)kind));
	return names;
}

static bool is_same(const struct bs_manner *a, const struct bs_manner *b)
{
	return a->kinds == b->kinds && a->why == b->why && a->outcome == b->outcome &&
	       a->loads == b->loads && a->protected_reference == b->protected_reference &&
	       a->captured == b->captured && a->when == b->when && a->asked_by == b->asked_by &&
	       a->assumed == b->assumed;
}

static void put_manner(struct bs_sqlite *db, const struct bs_run *run, uint32_t id,
		       const struct bs_manner *m)
{
	bs_row(db, BS_TABLE_MANNERS);
	bs_put_number(db, id);
	bs_put_word(db, kind_names(run, m->kinds));
	bs_put_word(db, bs_json_why_name((enum bs_why)m->why));
	bs_put_word(db, bs_json_outcome_name((enum bs_outcome)m->outcome));
	bs_put_word(db, m->when ? bs_json_when_name((enum bs_json_when)(m->when - 1)) : NULL);
	bs_put_number(db, m->loads);
	bs_put_number(db, m->protected_reference);
	bs_put_word(db, m->asked_by);
	bs_put_number(db, m->captured);
	bs_put_word(db, bs_sqlite_assumed(run, m->assumed));
	bs_row_end(db);
}

/* There are a few dozen of them. */
uint32_t bs_sqlite_manner(struct bs_sqlite *db, const struct bs_run *run,
			  const struct bs_manner *manner)
{
	const char *loader = manner->assumed ? run->profile->name : NULL;

	bs_vec_each (i, &db->manners)
		if (is_same(&db->manners.v[i], manner) && db->manner_loaders.v[i] == loader)
			return i + 1;
	bs_vec_push(db->arena, &db->manners, *manner);
	bs_vec_push(db->arena, &db->manner_loaders, loader);
	put_manner(db, run, db->manners.n, manner);
	return db->manners.n;
}
