/* SPDX-License-Identifier: MIT */
/* Which object of one side is which of the other, and in what they differ. */
#include "diff-priv.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool bs_diff_is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- places -------------------------------------------------------------------------------- */

static const char *executable_of(const struct bs_digest *digest)
{
	bs_vec_each (i, &digest->objects)
		if (digest->objects.v[i].is_executable)
			return digest->objects.v[i].name;
	return "";
}

/*
 * Bytes of the directory that begins at S, which a word may begin with; and before it, of an
 * absolute path that leads there. That is looked for at the true beginning of a word alone: a
 * report may have words of "./" for megabytes.
 */
static size_t directory_length(const char *s, bool is_beginning, const char *directory, size_t n)
{
	if (strncmp(s, directory, n) == 0)
		return n;
	if (!is_beginning || *s != '/' || *directory == '/')
		return 0;
	for (const char *at = s; *at && *at != ' ' && *at != ':'; at++)
		if (*at == '/' && strncmp(at + 1, directory, n) == 0)
			return (size_t)(at + 1 - s) + n;
	return 0;
}

const char *bs_diff_beside(struct bs_arena *arena, const struct bs_diff *diff, enum bs_side side,
			   const char *text)
{
	const char *directory = executable_of(diff->side[side]);

	if (!text)
		return NULL;
	while (directory[0] == '.' && directory[1] == '/')
		directory += 2 + strspn(directory + 2, "/");
	const char *slash = strrchr(directory, '/');

	/* Longer ones are in no file system, and would be compared with each place of a text. */
	if (!slash || slash == directory || slash - directory >= PATH_MAX)
		return text;
	size_t n_directory = (size_t)(slash + 1 - directory);
	char *ret = bs_arena_strndup(arena, text, strlen(text)), *to = ret;
	bool begins = true;

	for (const char *s = text; *s; s++) {
		bool is_beginning = s == text || s[-1] == ' ';
		size_t n = begins ? directory_length(s, is_beginning, directory, n_directory) : 0;

		if (n) {
			s += n - 1;
			begins = false;
			continue;
		}
		begins = *s == ' ' || (begins && *s == '.') ||
			 (begins && *s == '/' && s > text && s[-1] == '.');
		*to++ = *s;
	}
	*to = '\0';
	return ret;
}

/* ---- pairs --------------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* How much X of one side and Y of the other have in common; 0: they are different objects. */
static unsigned likeness(const struct bs_digest_object *x, const struct bs_digest_object *y)
{
	if (x->ns != y->ns || x->is_executable != y->is_executable)
		return 0;
	if (x->is_executable)
		return 1;
	if (x->lasting != y->lasting)
		return 0;
	return 1 + 8 * bs_diff_is_same(x->soname, y->soname) +
	       4 * bs_diff_is_same(x->path, y->path) +
	       2 * bs_diff_is_same(base_name(x->path), base_name(y->path)) +
	       (x->build_id && bs_diff_is_same(x->build_id, y->build_id));
}

enum { MOST_LIKE = 16 };

/* What most likely belongs together first: a process may have several of one family. */
static void pair(struct bs_diff *diff, uint32_t *partner[2])
{
	const struct bs_digest *left = diff->side[BS_LEFT], *right = diff->side[BS_RIGHT];

	for (unsigned like = MOST_LIKE; like; like--)
		bs_vec_each (i, &left->objects) {
			for (uint32_t k = 0;
			     partner[BS_LEFT][i] == BS_NOBODY && k < right->objects.n; k++) {
				if (partner[BS_RIGHT][k] != BS_NOBODY ||
				    likeness(&left->objects.v[i], &right->objects.v[k]) != like)
					continue;
				partner[BS_LEFT][i] = k;
				partner[BS_RIGHT][k] = i;
			}
		}
}

/* ---- what is changed ------------------------------------------------------------------------ */

enum bs_alike bs_diff_same_build(const struct bs_diff *diff, uint32_t object)
{
	const struct bs_digest_object *x = bs_diff_at(diff, object, BS_LEFT);
	const struct bs_digest_object *y = bs_diff_at(diff, object, BS_RIGHT);

	if (x->build_id && y->build_id)
		return strcmp(x->build_id, y->build_id) == 0 ? BS_ALIKE_YES : BS_ALIKE_NOT;
	if (x->build_id || y->build_id)
		return BS_ALIKE_NOT;
	if (!x->image || !y->image)
		return BS_ALIKE_UNKNOWN;
	return x->image == y->image ||
			       (x->image->n_bytes == y->image->n_bytes &&
				memcmp(x->image->bytes, y->image->bytes, x->image->n_bytes) == 0)
		       ? BS_ALIKE_YES
		       : BS_ALIKE_NOT;
}

static unsigned changes_of(struct bs_arena *arena, const struct bs_diff *diff, uint32_t object)
{
	const struct bs_digest_object *x = bs_diff_at(diff, object, BS_LEFT);
	const struct bs_digest_object *y = bs_diff_at(diff, object, BS_RIGHT);

	if (!x || !y)
		return x ? BS_OBJECT_WENT : BS_OBJECT_CAME;
	unsigned changes = 0;

	/* Which executable is the question. */
	if (!x->is_executable && !bs_diff_is_same(bs_diff_beside(arena, diff, BS_LEFT, x->path),
						  bs_diff_beside(arena, diff, BS_RIGHT, y->path)))
		changes |= BS_OBJECT_PATH;
	if (x->was_searched != y->was_searched || (x->was_searched && x->how != y->how))
		changes |= BS_OBJECT_FOUND;
	if (!bs_diff_is_same(x->soname, y->soname))
		changes |= BS_OBJECT_SONAME;
	if (bs_diff_same_build(diff, object) == BS_ALIKE_NOT)
		changes |= BS_OBJECT_BUILD;
	if (bs_digest_stays(x) != bs_digest_stays(y))
		changes |= BS_OBJECT_STAYS;
	else if ((x->global == BS_NEVER) != (y->global == BS_NEVER))
		changes |= BS_OBJECT_GLOBAL;
	return changes;
}

/*
 * The objects that are on both sides, in the order of the left, have places on the right. What is
 * in no longest rising sequence of these has moved: no smaller set would do.
 */
static void find_moved(struct bs_arena *arena, struct bs_diff *diff)
{
	const uint32_t n = diff->objects.n;
	uint32_t *ends = bs_new(arena, uint32_t, n + 1);   /* by length: the object that ends it */
	uint32_t *before = bs_new(arena, uint32_t, n + 1); /* in the sequence */
	uint32_t longest = 0;

	bs_vec_each (i, &diff->objects) {
		const struct bs_diff_object *object = &diff->objects.v[i];
		uint32_t low = 0, high = longest;

		if (object->at[BS_LEFT] == BS_NOBODY || object->at[BS_RIGHT] == BS_NOBODY)
			continue;
		while (low < high) {
			uint32_t middle = (low + high) / 2;

			if (diff->objects.v[ends[middle]].at[BS_RIGHT] < object->at[BS_RIGHT])
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? ends[low - 1] : BS_NOBODY;
		ends[low] = i;
		longest += low == longest;
	}
	bs_vec_each (i, &diff->objects)
		if (diff->objects.v[i].at[BS_LEFT] != BS_NOBODY &&
		    diff->objects.v[i].at[BS_RIGHT] != BS_NOBODY)
			diff->objects.v[i].changes |= BS_OBJECT_MOVED;
	for (uint32_t i = longest ? ends[longest - 1] : BS_NOBODY; i != BS_NOBODY; i = before[i])
		diff->objects.v[i].changes &= ~(unsigned)BS_OBJECT_MOVED;
}

void bs_diff_match(struct bs_arena *arena, struct bs_diff *diff)
{
	uint32_t *partner[2];

	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
		uint32_t n = diff->side[side]->objects.n;

		partner[side] = bs_new(arena, uint32_t, n);
		memset(partner[side], 0xff, n * sizeof *partner[side]);
		for (uint32_t i = 0; i < n; i++)
			bs_vec_push(arena, &diff->of[side], BS_NOBODY);
	}
	pair(diff, partner);
	for (uint32_t i = 0; i < diff->of[BS_LEFT].n; i++)
		bs_vec_push(arena, &diff->objects,
			    (struct bs_diff_object){ .at = { i, partner[BS_LEFT][i] } });
	for (uint32_t i = 0; i < diff->of[BS_RIGHT].n; i++)
		if (partner[BS_RIGHT][i] == BS_NOBODY)
			bs_vec_push(arena, &diff->objects,
				    (struct bs_diff_object){ .at = { BS_NOBODY, i } });
	find_moved(arena, diff);
	bs_vec_each (i, &diff->objects) {
		struct bs_diff_object *object = &diff->objects.v[i];

		object->changes |= changes_of(arena, diff, i);
		for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++)
			if (object->at[side] != BS_NOBODY)
				diff->of[side].v[object->at[side]] = i;
	}
}
