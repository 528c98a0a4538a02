/* SPDX-License-Identifier: MIT */
/* `bindsim scan --merge`: the parts of a scan, which may come from many machines, as one. */
#include "scan-priv.h"

#include "../base/open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct part {
	const char *path;
	FILE *file;
	struct bs_scan_head head;
	char *line; /* the next record's; NULL: there is none */
	size_t room, n;
	uint32_t number;       /* of LINE */
	const char *key;       /* its program, in KEYS */
	bs_scan_texts files;   /* lines of files that come before it, in KEYS */
	struct bs_arena *keys; /* of one line */
};

struct merge {
	struct bs_arena *arena;
	BS_VEC(struct part) parts;
	struct bs_scan_head head; /* of the whole */
};

static bool complain(const struct part *part, const char *problem)
{
	bs_complain("%s: line %u: %s", part->path, part->number, problem);
	return false;
}

/* The next line of PART without its newline. False at the end, or after a message; then *RET_OK
 * says which. */
static bool next_line(struct part *part, bool *ret_ok)
{
	ssize_t n = getline(&part->line, &part->room, part->file);

	part->number++;
	*ret_ok = true;
	if (n > 0 && part->line[n - 1] == '\n') {
		part->line[n - 1] = '\0';
		part->n = (size_t)n - 1;
		return true;
	}
	*ret_ok = n <= 0 && !ferror(part->file);
	if (n > 0)
		complain(part, "it has no end: its writer was broken off");
	else if (!*ret_ok)
		complain(part, strerror(errno));
	return false;
}

static bool has_type(const struct part *part, const char *type)
{
	static const char before[] = "{\"type\":\"";

	return strncmp(part->line, before, strlen(before)) == 0 &&
	       strncmp(part->line + strlen(before), type, strlen(type)) == 0 &&
	       part->line[strlen(before) + strlen(type)] == '"';
}

/* ---- before anything is written -------------------------------------------------------------- */

static bool read_head(struct merge *m, struct part *part)
{
	bool ok;

	if (!next_line(part, &ok)) {
		if (ok)
			bs_complain("%s: it is empty", part->path);
		return false;
	}
	const char *problem = bs_scan_head_read(m->arena, part->line, part->n, &part->head);

	return problem ? complain(part, problem) : true;
}

/* PART is whole. */
static bool reaches_its_end(struct part *part)
{
	bool ok, ended = false;

	while (next_line(part, &ok)) {
		if (ended)
			return complain(part, "nothing is expected behind the end");
		ended = has_type(part, "end");
	}
	if (!ok)
		return false;
	return ended || complain(part, "it has no end: its writer was broken off");
}

static bool open_part(struct merge *m, const char *path, struct part *part)
{
	struct bs_input input;

	*part = (struct part){ .path = path, .keys = bs_arena_new() };
	if (!part->keys)
		bs_arena_exhausted(m->arena);
	bs_arena_unwind_with(part->keys, m->arena);
	if (bs_input_open(&input, path, BS_INPUT_REGULAR)) {
		part->file = fdopen(input.fd, "r");
		if (!part->file)
			bs_input_close(&input);
	}
	if (!part->file) {
		bs_complain("%s: %s", path, bs_open_words(errno));
		return false;
	}
	if (!read_head(m, part) || !reaches_its_end(part))
		return false;
	rewind(part->file);
	part->number = 0;
	return read_head(m, part);
}

/* All parts are of one scan, and each is there once. */
static bool fit(const struct merge *m)
{
	const struct part *first = &m->parts.v[0];
	uint32_t n = first->head.n_parts;

	bs_vec_each (i, &m->parts) {
		const struct part *part = &m->parts.v[i];

		if (strcmp(part->head.question, first->head.question) != 0 ||
		    part->head.n_parts != n) {
			bs_complain("%s: it is no part of the same scan as %s", part->path,
				    first->path);
			return false;
		}
		for (uint32_t k = 0; k < i; k++)
			if (m->parts.v[k].head.part == part->head.part) {
				bs_complain("%s: it is the same part as %s", part->path,
					    m->parts.v[k].path);
				return false;
			}
	}
	for (uint32_t number = 1; number <= n; number++) {
		bool found = false;

		bs_vec_each (i, &m->parts)
			found |= m->parts.v[i].head.part == number;
		if (!found) {
			bs_complain("part %u of %u is missing", number, n);
			return false;
		}
	}
	return true;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Brings the next record of PART, which has to belong there. False after a message. */
static bool advance(struct part *part, const struct bs_scan_head *head)
{
	struct bs_arena *keys = bs_arena_new();
	struct bs_scan_record record;
	bool ok, is_fine;

	if (!keys)
		bs_arena_exhausted(part->keys);
	bs_arena_unwind_with(keys, part->keys);
	bs_scan_texts files = { 0 };

	while ((ok = next_line(part, &is_fine)) && has_type(part, "file"))
		bs_vec_push(keys, &files, bs_arena_strndup(keys, part->line, part->n));
	if (!ok || !has_type(part, "program")) {
		part->key = NULL;
		bs_arena_free(keys);
		return is_fine;
	}
	const char *problem = bs_scan_record_read(keys, part->line, part->n, &record);

	if (!problem && part->key && strcmp(part->key, record.path) > 0)
		problem = "its programs are not in order";
	if (!problem && head->n_parts &&
	    bs_scan_part_of(record.path, head->n_parts) != part->head.part)
		problem = "the program is none of this part";
	if (problem)
		complain(part, problem);
	part->key = record.path;
	bs_arena_free(part->keys);
	part->keys = keys;
	part->files = files;
	return !problem;
}

/* The part whose program comes first; NULL: all are at their end. */
static struct part *first_of(struct merge *m)
{
	struct part *first = NULL;

	bs_vec_each (i, &m->parts) {
		struct part *part = &m->parts.v[i];

		if (part->key && (!first || strcmp(part->key, first->key) < 0))
			first = part;
	}
	return first;
}

static bool merge_records(struct merge *m, const struct bs_scan_head *head,
			  struct bs_scan_answer *answer)
{
	struct part *part;

	bs_vec_each (i, &m->parts)
		if (!advance(&m->parts.v[i], &m->parts.v[i].head))
			return false;
	while ((part = first_of(m))) {
		uint32_t before = answer->sum->n_programs;
		const char *problem = NULL;

		for (uint32_t i = 0; i < part->files.n && !problem; i++)
			problem = bs_scan_answer_take_file(answer, part->files.v[i],
							   strlen(part->files.v[i]));
		if (!problem)
			problem = bs_scan_answer_take(answer, part->line, part->n);

		if (problem)
			return complain(part, problem);
		if (answer->sum->n_programs > before)
			bs_scan_answer_program(answer);
		if (!advance(part, &part->head))
			return false;
	}
	if (answer->sum->n_programs == head->n_subjects)
		return true;
	bs_complain("%s: the parts have %u programs, not %u", m->parts.v[0].path,
		    answer->sum->n_programs, head->n_subjects);
	return false;
}

/* What is to be shown, and was not asked when the parts were made. False after a message. */
static bool has_parts(const struct merge *m, const struct bs_command_line *line)
{
	const struct bs_scan_head *head = &m->head;
	const char *lacking = NULL;

	bs_vec_each (i, &line->outputs) {
		unsigned show = line->outputs.v[i].show;

		lacking = show & BS_SCAN_EXPORTS && !head->exports     ? "exports"
			  : show & BS_SCAN_OBJECTS && !head->objects   ? "objects"
			  : show & BS_SCAN_BINDINGS && !head->bindings ? "bindings"
			  : show & BS_SCAN_NOTES && !head->notes       ? "notes"
								       : lacking;
	}
	if (lacking)
		bs_complain("%s: it has no %s: --show=%s says so when the parts are made, "
			    "--show=programs,pairs does without",
			    m->parts.v[0].path, lacking, lacking);
	return !lacking;
}

static enum bs_exit merge(struct merge *m, const struct bs_command_line *line)
{
	const struct bs_scan_line *scan = &line->scan;
	struct bs_scan_answer answer;

	bs_vec_each (i, &scan->paths) {
		bs_vec_push(m->arena, &m->parts, ((struct part){ 0 }));
		if (!open_part(m, scan->paths.v[i], &m->parts.v[i]))
			return BS_EXIT_TROUBLE;
	}
	if (!fit(m))
		return BS_EXIT_TROUBLE;
	m->head = m->parts.v[0].head;
	m->head.part = m->head.n_parts = 0;
	if (scan->has_fail_on || !bs_scan_is_judged(&m->head))
		m->head.fail_on = line->fail_on;
	m->head.has_baseline |= line->check.known != NULL;
	if (!has_parts(m, line))
		return BS_EXIT_TROUBLE;
	if (!bs_scan_answer_begin(&answer, m->arena, line, &m->head, m->head.n_subjects))
		return BS_EXIT_TROUBLE;
	if (!merge_records(m, &m->head, &answer))
		return bs_scan_answer_drop(&answer);
	return bs_scan_answer_end(&answer);
}

enum bs_exit bs_scan_merge(struct bs_arena *arena, const struct bs_command_line *line)
{
	struct merge m = { .arena = arena };
	enum bs_exit status = merge(&m, line);

	bs_vec_each (i, &m.parts) {
		if (m.parts.v[i].file)
			fclose(m.parts.v[i].file);
		free(m.parts.v[i].line);
		bs_arena_free(m.parts.v[i].keys);
	}
	return status;
}
