/* SPDX-License-Identifier: MIT */
/* `bindsim scan --merge`: the parts of a scan, which may come from many machines, as one. */
#include "scan-priv.h"

#include "../base/open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_IN_BLOCKS = 64 << 20, /* bytes, of all parts together */
	LARGEST_BLOCK = 256 << 10,
	SMALLEST_BLOCK = 4 << 10,
};

struct part {
	const char *path;
	struct bs_scan_lines lines;
	struct bs_scan_head head;
	const char *line; /* the next record's; NULL: there is none */
	size_t n;
	const char *key;       /* its program, in KEYS */
	bs_scan_texts files;   /* lines of files that come before it, in KEYS */
	struct bs_arena *keys; /* of one line */
	uint32_t place;	       /* among the parts as they were named */
};

struct merge {
	struct bs_arena *arena;
	BS_VEC(struct part) parts;
	struct part **heap; /* those that have a record, the first one on top */
	uint32_t n_heap;
	struct bs_scan_head head; /* of the whole */
};

static bool complain(const struct part *part, const char *problem)
{
	bs_complain("%s: line %u: %s", part->path, part->lines.number, problem);
	return false;
}

/* The next line of PART. False at the end, or after a message; then *RET_OK says which. */
static bool next_line(struct part *part, bool *ret_ok)
{
	part->line = bs_scan_lines_next(&part->lines, &part->n);
	*ret_ok = part->lines.end <= BS_SCAN_LINES_ENDED;
	if (part->lines.end == BS_SCAN_LINES_CUT)
		complain(part, "it has no end: its writer was broken off");
	else if (part->lines.end == BS_SCAN_LINES_FAILED && errno == ESPIPE)
		bs_complain("%s: it is no regular file, and a part is read more than once",
			    part->path);
	else if (part->lines.end == BS_SCAN_LINES_FAILED)
		bs_complain("%s: %s", part->path, bs_open_words(errno));
	return part->line;
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
	if (*part->line != '{')
		return complain(part, "it is no part of a scan, as --format=ndjson writes it");
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

/* Before records are read again, a part keeps nothing but its head. */
static bool open_part(struct merge *m, const char *path, uint32_t place, struct part *part)
{
	size_t block = MOST_IN_BLOCKS / m->parts.n;

	block = block > LARGEST_BLOCK ? LARGEST_BLOCK : block;
	*part = (struct part){ .path = path, .keys = bs_arena_new(), .place = place };
	if (!part->keys)
		bs_arena_exhausted(m->arena);
	bs_arena_unwind_with(part->keys, m->arena);
	bs_scan_lines_begin(&part->lines, path, block < SMALLEST_BLOCK ? SMALLEST_BLOCK : block);
	if (!read_head(m, part) || !reaches_its_end(part))
		return false;
	bs_scan_lines_rewind(&part->lines);
	return true;
}

static int by_part(const void *x, const void *y)
{
	const struct part *a = *(struct part *const *)x, *b = *(struct part *const *)y;

	if (a->head.part != b->head.part)
		return a->head.part < b->head.part ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static bool are_of_one_scan(const struct merge *m)
{
	const struct part *first = &m->parts.v[0];

	bs_vec_each (i, &m->parts) {
		const struct part *part = &m->parts.v[i];

		if (strcmp(part->head.question, first->head.question) != 0 ||
		    part->head.n_parts != first->head.n_parts) {
			bs_complain("%s: it is no part of the same scan as %s", part->path,
				    first->path);
			return false;
		}
	}
	return true;
}

static bool complain_of_missing(uint32_t number, uint32_t n_missing, uint32_t n)
{
	if (n_missing == 1)
		bs_complain("part %u of %u is missing", number, n);
	else
		bs_complain("part %u of %u is missing, and %u more", number, n, n_missing - 1);
	return false;
}

/* All parts are of one scan, and each is there once. */
static bool fit(const struct merge *m)
{
	uint32_t n = m->parts.v[0].head.n_parts;
	struct part **sorted = bs_new(m->arena, struct part *, m->parts.n);

	if (!are_of_one_scan(m))
		return false;
	bs_vec_each (i, &m->parts)
		sorted[i] = &m->parts.v[i];
	qsort(sorted, m->parts.n, sizeof *sorted, by_part);
	for (uint32_t i = 1; i < m->parts.n; i++)
		if (sorted[i]->head.part == sorted[i - 1]->head.part) {
			bs_complain("%s: it is the same part as %s", sorted[i]->path,
				    sorted[i - 1]->path);
			return false;
		}
	/* The numbers of parts are those from 1 to N, or the whole's, which is 0 of 0. */
	for (uint32_t i = 0; n && i < m->parts.n; i++)
		if (sorted[i]->head.part != i + 1)
			return complain_of_missing(i + 1, n - m->parts.n, n);
	return m->parts.n >= n || complain_of_missing(m->parts.n + 1, n - m->parts.n, n);
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

/* ---- the part whose program comes first ------------------------------------------------------ */

/* No two parts have one program: a part has those whose path falls into it. */
static bool is_before(const struct part *a, const struct part *b)
{
	return strcmp(a->key, b->key) < 0;
}

/* The part at PLACE of the heap may have to go down. */
static void sift_down(struct merge *m, uint32_t place)
{
	struct part *part = m->heap[place];

	for (uint32_t child; (child = 2 * place + 1) < m->n_heap; place = child) {
		if (child + 1 < m->n_heap && is_before(m->heap[child + 1], m->heap[child]))
			child++;
		if (!is_before(m->heap[child], part))
			break;
		m->heap[place] = m->heap[child];
	}
	m->heap[place] = part;
}

/* Brings the first record of each. */
static bool begin_records(struct merge *m)
{
	m->heap = bs_new(m->arena, struct part *, m->parts.n);
	bs_vec_each (i, &m->parts) {
		struct part *part = &m->parts.v[i];

		if (!read_head(m, part) || !advance(part, &part->head))
			return false;
		if (part->key)
			m->heap[m->n_heap++] = part;
	}
	for (uint32_t place = m->n_heap / 2; place-- > 0;)
		sift_down(m, place);
	return true;
}

/* NULL: all are at their end. */
static struct part *first_of(const struct merge *m)
{
	return m->n_heap ? m->heap[0] : NULL;
}

/* The first one has another record now, or none any more. */
static void settle_first(struct merge *m)
{
	if (!m->heap[0]->key)
		m->heap[0] = m->heap[--m->n_heap];
	if (m->n_heap)
		sift_down(m, 0);
}

static bool merge_records(struct merge *m, const struct bs_scan_head *head,
			  struct bs_scan_answer *answer)
{
	struct part *part;

	if (!begin_records(m))
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
		settle_first(m);
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

	bs_vec_each (i, &scan->paths)
		bs_vec_push(m->arena, &m->parts, ((struct part){ 0 }));
	bs_vec_each (i, &m->parts)
		if (!open_part(m, scan->paths.v[i], i, &m->parts.v[i]))
			return BS_EXIT_TROUBLE;
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
		bs_scan_lines_end(&m.parts.v[i].lines);
		bs_arena_free(m.parts.v[i].keys);
	}
	return status;
}
