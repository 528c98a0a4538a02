/* SPDX-License-Identifier: MIT */
/* Reads files of known libraries: INI, as inih understands it; see bindsim-libraries(5). */
#include "library-db.h"

#include "check-priv.h"

#include <stdlib.h>
#include <string.h>

struct bs_library_db {
	struct bs_arena *arena;
	bs_known_libraries libraries;
	const char *path, *text; /* of what is built in or installed, until it is read */
};

struct reader {
	struct bs_library_db *db;
	bool replaces; /* what is there already; else it stays */
	uint32_t n_before;
	struct bs_known_library *library; /* of the section; NULL: it is passed over */
	char *section;			  /* its name, of this file */
};

struct bs_library_db *bs_library_db_new(struct bs_arena *arena, const char *path, const char *text)
{
	struct bs_library_db *db = bs_new(arena, struct bs_library_db, 1);

	*db = (struct bs_library_db){ .arena = arena, .path = path, .text = text };
	return db;
}

static struct bs_known_library *find(struct bs_library_db *db, const char *name)
{
	bs_vec_each (i, &db->libraries)
		if (strcmp(db->libraries.v[i].name, name) == 0)
			return &db->libraries.v[i];
	return NULL;
}

/* A section begins. */
static void begin(struct reader *r, const char *name)
{
	struct bs_library_db *db = r->db;
	struct bs_known_library *there = find(db, name);

	r->section = bs_arena_strndup(db->arena, name, strlen(name));
	r->library = there;
	if (!there) {
		bs_vec_push(db->arena, &db->libraries,
			    (struct bs_known_library){ .name = r->section });
		r->library = &db->libraries.v[db->libraries.n - 1];
	} else if (there - db->libraries.v < r->n_before) {
		if (r->replaces)
			*there = (struct bs_known_library){ .name = r->section };
		else
			r->library = NULL;
	}
}

static void add_words(struct bs_arena *arena, bs_texts *texts, const char *words)
{
	while (*(words += strspn(words, " \t"))) {
		size_t n = strcspn(words, " \t");

		bs_vec_push(arena, texts, bs_arena_strndup(arena, words, n));
		words += n;
	}
}

static const char *read_number(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || !n || n > UINT16_MAX)
		return "`least' takes a number from 1 on";
	*ret = (uint32_t)n;
	return NULL;
}

static const char *read_truth(const char *text, bool *ret)
{
	*ret = strcmp(text, "yes") == 0;
	return *ret || strcmp(text, "no") == 0 ? NULL : "`stable' is yes or no";
}

static const char *take(struct bs_arena *arena, struct bs_known_library *library, const char *key,
			const char *value)
{
	const char *star = strchr(value, '*');

	if (!*value)
		return "nothing stands behind the `='";
	if (strcmp(key, "soname") == 0)
		add_words(arena, &library->sonames, value);
	else if (strcmp(key, "marker") == 0)
		add_words(arena, &library->markers, value);
	else if (strcmp(key, "least") == 0)
		return read_number(value, &library->least);
	else if (strcmp(key, "stable") == 0)
		return read_truth(value, &library->stable);
	else if (strcmp(key, "twice") == 0)
		library->twice = bs_arena_strndup(arena, value, strlen(value));
	else if (strcmp(key, "version") != 0)
		return "no such key: soname, marker, least, version, stable or twice";
	else if (!star || star == value || strchr(star + 1, '*'))
		return "`version' takes a text with one * in it, and something before that";
	else
		library->version = bs_arena_strndup(arena, value, strlen(value));
	return NULL;
}

static const char *take_key(void *user, const struct bs_ini_key *key)
{
	struct reader *r = user;

	if (!key->name)
		return NULL;
	if (!*key->section)
		return "a section has to come first: [NAME OF A LIBRARY]";
	if (!r->section || strcmp(r->section, key->section) != 0)
		begin(r, key->section);
	return r->library ? take(r->db->arena, r->library, key->name, key->value) : NULL;
}

/* What is missing in a library. */
static const char *incomplete(const struct bs_library_db *db)
{
	bs_vec_each (i, &db->libraries) {
		const struct bs_known_library *library = &db->libraries.v[i];
		const char *what = !library->markers.n	 ? "has no marker"
				   : !library->sonames.n ? "has no soname"
				   : library->least > library->markers.n
					   ? "asks for more markers than it has"
					   : NULL;

		if (what)
			return bs_arena_printf(db->arena, "[%s] %s", library->name, what);
	}
	return NULL;
}

static const char *read_text(struct bs_library_db *db, const char *path, const char *text,
			     bool replaces)
{
	struct reader r = { .db = db, .replaces = replaces, .n_before = db->libraries.n };
	const char *problem = bs_ini_read(db->arena, path, text, take_key, &r);

	if (problem)
		return problem;
	problem = incomplete(db);
	return problem ? bs_arena_printf(db->arena, "%s: %s", path, problem) : NULL;
}

const char *bs_library_db_add(struct bs_library_db *db, const char *path, const char *text)
{
	return read_text(db, path, text, true);
}

const bs_known_libraries *bs_library_db_read(struct bs_library_db *db, const char **ret_problem)
{
	const char *text = db->text;

	*ret_problem = NULL;
	db->text = NULL;
	if (text)
		*ret_problem = read_text(db, db->path, text, false);
	return &db->libraries;
}

const char *bs_library_db_unread(const struct bs_library_db *db)
{
	return db->libraries.n ? NULL : db->text;
}
