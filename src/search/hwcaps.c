/* SPDX-License-Identifier: MIT */
/* Subdirectories to try in every directory (glibc elf/dl-hwcaps.c:_dl_important_hwcaps). */
#include "search-priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The power set of more names than this would be no search any more; no machine has as many. */
enum { MOST_LEGACY_NAMES = 16 };

struct builder {
	const struct bs_ctx *ctx;
	BS_VEC(struct bs_subdir) subdirs;
	BS_VEC(struct bs_hwcap) caps;
};

/* The next non-empty element of a ':'-separated list from *AT on, or NULL. */
static const char *next_element(const char **at, size_t *ret_n)
{
	const char *element = *at ? *at + strspn(*at, ":") : "";

	if (*element == '\0')
		return NULL;
	*ret_n = strcspn(element, ":");
	*at = element + *ret_n;
	return element;
}

/* No list lets everything pass; an empty one, nothing. */
static bool mask_has(const char *mask, const char *name)
{
	const char *element;
	size_t n;

	if (!mask)
		return true;
	while ((element = next_element(&mask, &n)))
		if (strncmp(element, name, n) == 0 && name[n] == '\0')
			return true;
	return false;
}

static void add_subdir(struct builder *b, const char *text)
{
	bs_vec_push(b->ctx->arena, &b->subdirs,
		    (struct bs_subdir){ .text = text, .n = (uint32_t)strlen(text) });
}

static void add_hwcap(struct builder *b, const char *name, size_t n)
{
	const char *copy = bs_arena_strndup(b->ctx->arena, name, n);

	add_subdir(b, bs_arena_printf(b->ctx->arena, "glibc-hwcaps/%s/", copy));
	bs_vec_push(b->ctx->arena, &b->caps,
		    (struct bs_hwcap){ .name = copy, .priority = b->caps.n + 1 });
}

static void add_glibc_hwcaps(struct builder *b, const struct bs_search_setup *setup)
{
	const char *prepend = setup->hwcaps_prepend, *element;
	size_t n;

	while ((element = next_element(&prepend, &n)))
		add_hwcap(b, element, n);
	for (size_t i = 0; setup->hwcaps_levels && setup->hwcaps_levels[i]; i++)
		if (mask_has(setup->hwcaps_mask, setup->hwcaps_levels[i]))
			add_hwcap(b, setup->hwcaps_levels[i], strlen(setup->hwcaps_levels[i]));
}

/*
 * Every subset of the capability names, the platform and "tls", largest first, each written from
 * its last member to its first; the empty one is the directory itself. Equal names (hwcap and
 * platform "x86_64") are both kept: the loader tries the same directory twice.
 */
static void add_legacy(struct builder *b, const struct bs_search_setup *setup)
{
	const char *names[MOST_LEGACY_NAMES];
	uint32_t n = 0;

	for (size_t i = 0; setup->legacy_names && setup->legacy_names[i]; i++) {
		assert(n + 2 < MOST_LEGACY_NAMES);
		names[n++] = setup->legacy_names[i];
	}
	if (setup->platform)
		names[n++] = setup->platform;
	names[n++] = "tls";
	for (uint32_t set = (1u << n) - 1; set > 0; set--) {
		const char *text = "";

		for (uint32_t i = 0; i < n; i++)
			if (set & 1u << i)
				text = bs_arena_printf(b->ctx->arena, "%s/%s", names[i], text);
		add_subdir(b, text);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct bs_hwcap *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : x->priority < y->priority ? -1 : 1;
}

struct bs_hwcaps *bs_hwcaps_new(const struct bs_ctx *ctx, const struct bs_search_setup *setup)
{
	struct bs_hwcaps *hwcaps = bs_new(ctx->arena, struct bs_hwcaps, 1);
	struct builder b = { .ctx = ctx };

	if (setup->policy->glibc_hwcaps)
		add_glibc_hwcaps(&b, setup);
	if (setup->policy->legacy_hwcaps)
		add_legacy(&b, setup);
	add_subdir(&b, "");
	if (b.caps.n > 1)
		qsort(b.caps.v, b.caps.n, sizeof *b.caps.v, by_name);
	hwcaps->subdirs = b.subdirs.v;
	hwcaps->n_subdirs = b.subdirs.n;
	hwcaps->by_name = b.caps.v;
	hwcaps->n_by_name = b.caps.n;
	return hwcaps;
}
