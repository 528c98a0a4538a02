/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bs_diag_add(struct bs_diags *diags, enum bs_diag_code code, const char *path, uint64_t offset,
		 int os_error, const char *format, ...)
{
	char detail[512];
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

static uint32_t hash_of(const char *path, uint64_t offset, const char *detail)
{
	uint32_t words[] = { bs_hash_gnu(path), bs_hash_gnu(detail), (uint32_t)offset };
	uint32_t hash = 0;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		hash = (hash ^ words[i]) * 0x9e3779b1u;
	return hash ^ hash >> 16;
}

static void enter(struct bs_diags *diags, uint32_t place)
{
	const struct bs_diag *d = &diags->list.v[place];
	uint32_t at = hash_of(d->path, d->offset, d->detail) & (diags->n_slots - 1);

	while (diags->slots[at])
		at = (at + 1) & (diags->n_slots - 1);
	diags->slots[at] = place + 1;
}

/* Enters what has come since it was asked last. */
static void catch_up(struct bs_diags *diags)
{
	if (diags->n_slots < 2 * diags->list.n) {
		diags->n_slots = diags->n_slots ? diags->n_slots : 64;
		while (diags->n_slots < 4 * diags->list.n)
			diags->n_slots *= 2;
		diags->slots = bs_new(diags->arena, uint32_t, diags->n_slots);
		diags->n_entered = 0;
	}
	for (; diags->n_entered < diags->list.n; diags->n_entered++)
		if (diags->list.v[diags->n_entered].path)
			enter(diags, diags->n_entered);
}

static bool is_told(struct bs_diags *diags, enum bs_diag_code code, const char *path,
		    uint64_t offset, const char *detail)
{
	catch_up(diags);
	if (!diags->n_slots)
		return false;
	for (uint32_t at = hash_of(path, offset, detail) & (diags->n_slots - 1); diags->slots[at];
	     at = (at + 1) & (diags->n_slots - 1)) {
		const struct bs_diag *d = &diags->list.v[diags->slots[at] - 1];

		if (d->code == code && d->offset == offset && strcmp(d->path, path) == 0 &&
		    strcmp(d->detail, detail) == 0)
			return true;
	}
	return false;
}

void bs_diag_add_once(struct bs_diags *diags, enum bs_diag_code code, const char *path,
		      uint64_t offset, int os_error, const char *detail)
{
	if (!is_told(diags, code, path, offset, detail))
		bs_diag_add(diags, code, path, offset, os_error, "%s", detail);
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
