/* SPDX-License-Identifier: MIT */
/* INI files, as inih reads them, line by line: so that the line of each key is known. */
#include "base.h"

#include <ini.h>
#include <string.h>

enum { LONGEST_LINE = 198, LONGEST_NAME = 48 }; /* inih cuts what is longer without a word */

struct reading {
	struct bs_arena *arena;
	bs_ini_take *take;
	void *user;
	const char *rest; /* of the text */
	struct bs_ini_key at;
	const char *problem;
	int problem_line;
};

static void fail(struct reading *r, const char *problem)
{
	if (r->problem)
		return;
	r->problem = problem;
	r->problem_line = (int)r->at.line;
}

/* The line at LINE, N bytes, begins a section. */
static void begin_section(struct reading *r, const char *line, size_t n)
{
	const char *close = memchr(line, ']', n);
	size_t length = (close ? (size_t)(close - line) : n) - 1;

	if (length > LONGEST_NAME)
		fail(r, "the name is longer than 48 characters");
	r->at.section_line = r->at.line;
	if (!close || r->problem)
		return;
	/* inih tells of sections when they have a key. */
	r->at.section = bs_arena_strndup(r->arena, line + 1, length);
	r->at.name = r->at.value = NULL;
	const char *problem = r->take(r->user, &r->at);

	if (problem)
		fail(r, problem);
}

/* As fgets(3): inih asks for one line after the other. */
static char *next_line(char *buffer, int size, void *stream)
{
	struct reading *r = stream;
	size_t n = strcspn(r->rest, "\n"), whole = n + (r->rest[n] != '\0');

	if (!whole || r->problem)
		return NULL;
	r->at.line++;
	if (n > LONGEST_LINE || whole >= (size_t)size)
		fail(r, "the line is longer than 198 characters");
	size_t blanks = strspn(r->rest, " \t");

	/* inih takes it for a section, or for more of the last value, as the case may be. */
	if (blanks && r->rest[blanks] == '[')
		fail(r, "a section begins at the start of its line");
	if (*r->rest == '[')
		begin_section(r, r->rest, n);
	if (r->problem)
		return NULL;
	memcpy(buffer, r->rest, whole);
	buffer[whole] = '\0';
	r->rest += whole;
	return buffer;
}

static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *r = user;

	r->at.section = section;
	r->at.name = name;
	r->at.value = value;
	const char *problem = r->take(r->user, &r->at);

	if (problem)
		fail(r, problem);
	return !problem;
}

const char *bs_ini_read(struct bs_arena *arena, const char *path, const char *text,
			bs_ini_take *take, void *user)
{
	struct reading r = { .arena = arena, .take = take, .user = user, .rest = text };
	int line = ini_parse_stream(next_line, &r, take_key, &r);

	if (line < 0)
		bs_arena_exhausted(arena);
	if (line > 0 && (!r.problem || line < r.problem_line)) {
		r.problem = "neither `[NAME]' nor `KEY = VALUE'";
		r.problem_line = line;
	}
	return r.problem ? bs_arena_printf(arena, "%s:%d: %s", path, r.problem_line, r.problem)
			 : NULL;
}
