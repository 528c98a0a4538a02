/* SPDX-License-Identifier: MIT */
/* What was named and is not what is wanted: what it may have been meant to be. */
#include "sim-priv.h"

#include <string.h>

/* Behind slashes and dots that say nothing. */
static const char *next_name(const char *at)
{
	while (*at == '/' || (*at == '.' && (at[1] == '/' || !at[1])))
		at++;
	return at;
}

/* What stands in TYPED behind the directory ROOT, by their letters alone: what lies outside of a
 * root is not looked at. */
static const char *behind(const char *typed, const char *root)
{
	if ((*typed == '/') != (*root == '/'))
		return NULL;
	typed = next_name(typed);
	for (root = next_name(root); *root; root = next_name(root)) {
		size_t n = strcspn(root, "/");

		if (strncmp(typed, root, n) != 0 || (typed[n] && typed[n] != '/'))
			return NULL;
		typed = next_name(typed + n);
		root += n;
	}
	return typed;
}

const char *bs_name_inside(const struct bs_ctx *ctx, const struct bs_fs *fs, const char *root,
			   const char *typed)
{
	const char *rest = root ? behind(typed, root) : NULL;
	const char *inside = rest ? bs_arena_printf(ctx->arena, "/%s", rest) : NULL;

	return inside && strcmp(inside, typed) != 0 && bs_fs_has(fs, inside) ? inside : NULL;
}

const char *bs_root_above(const struct bs_run *run, const char *path, const char *interp)
{
	struct bs_arena *arena = run->ctx.arena;

	if (run->plan->unknown_program)
		path = run->plan->unknown_program;
	for (size_t n = strlen(path); n-- > 1;) {
		const char *root = path[n] == '/' ? bs_arena_strndup(arena, path, n) : NULL;

		if (root && bs_fs_has(run->fs, bs_arena_printf(arena, "%s%s", root, interp)))
			return root;
	}
	return NULL;
}
