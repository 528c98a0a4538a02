/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_DETAIL = 512 };

void bs_diag_add(struct bs_diags *diags, enum bs_diag_code code, const char *path, uint64_t offset,
		 int os_error, const char *format, ...)
{
	char detail[LONGEST_DETAIL];
	va_list ap;

	va_start(ap, format);
	vsnprintf(detail, sizeof detail, format, ap);
	va_end(ap);
	const struct bs_diag d = { code, path, offset, os_error, detail };

	bs_diag_copy(diags, &d);
}

void bs_diag_copy(struct bs_diags *diags, const struct bs_diag *d)
{
	struct bs_diag own = *d;

	own.path = d->path ? bs_arena_strndup(diags->arena, d->path, strlen(d->path)) : NULL;
	own.detail = bs_arena_strndup(diags->arena, d->detail, strlen(d->detail));
	bs_vec_push(diags->arena, &diags->list, own);
}

static const char *path_of(const struct bs_diag *d)
{
	return d->path ? d->path : "";
}

static uint32_t hash_of(const struct bs_diag *d)
{
	uint32_t words[] = { bs_hash_gnu(path_of(d)), bs_hash_gnu(d->detail), (uint32_t)d->offset };
	uint32_t hash = 0;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		hash = (hash ^ words[i]) * 0x9e3779b1u;
	return hash ^ hash >> 16;
}

static void enter(struct bs_diags *diags, uint32_t place)
{
	uint32_t at = hash_of(&diags->list.v[place]) & (diags->n_slots - 1);

	while (diags->slots[at])
		at = (at + 1) & (diags->n_slots - 1);
	diags->slots[at] = place + 1;
}

/* Enters what has come since it was asked last. */
static void catch_up(struct bs_diags *diags)
{
	if (diags->n_slots < 2 * diags->list.n) {
		uint32_t n = diags->n_slots ? diags->n_slots : 64;

		while (n < 4 * diags->list.n)
			n *= 2;
		diags->slots = bs_new(diags->arena, uint32_t, n);
		diags->n_slots = n;
		diags->n_entered = 0;
	}
	for (; diags->n_entered < diags->list.n; diags->n_entered++)
		enter(diags, diags->n_entered);
}

static bool is_same(const struct bs_diag *a, const struct bs_diag *b)
{
	return a->code == b->code && a->offset == b->offset && !a->path == !b->path &&
	       strcmp(path_of(a), path_of(b)) == 0 && strcmp(a->detail, b->detail) == 0;
}

static bool is_told(struct bs_diags *diags, const struct bs_diag *d)
{
	catch_up(diags);
	if (!diags->n_slots)
		return false;
	for (uint32_t at = hash_of(d) & (diags->n_slots - 1); diags->slots[at];
	     at = (at + 1) & (diags->n_slots - 1))
		if (is_same(&diags->list.v[diags->slots[at] - 1], d))
			return true;
	return false;
}

void bs_diag_copy_once(struct bs_diags *diags, const struct bs_diag *d)
{
	if (!is_told(diags, d))
		bs_diag_copy(diags, d);
}

void bs_diag_add_once(struct bs_diags *diags, enum bs_diag_code code, const char *path,
		      uint64_t offset, int os_error, const char *detail)
{
	char cut[LONGEST_DETAIL];

	/* What it would be told with is what it is known by. */
	snprintf(cut, sizeof cut, "%s", detail);
	const struct bs_diag d = { code, path, offset, os_error, cut };

	bs_diag_copy_once(diags, &d);
}

void bs_diags_cut(struct bs_diags *diags, uint32_t n)
{
	diags->list.n = n;
	diags->slots = NULL;
	diags->n_slots = diags->n_entered = 0;
}

const char *bs_diag_slug(enum bs_diag_code code)
{
	static const char *const slugs[BS_DIAG_COUNT_] = {
#define DIAG(id, slug, meaning) [BS_DIAG_##id] = slug,
#include "diags.def"
#undef DIAG
	};

	return slugs[code];
}

enum bs_diag_code bs_diag_find(const char *slug)
{
	enum bs_diag_code code = BS_DIAG_NONE;

	while (code < BS_DIAG_COUNT_ && strcmp(slug, bs_diag_slug(code)) != 0)
		code++;
	return code;
}
