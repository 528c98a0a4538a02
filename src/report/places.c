/* SPDX-License-Identifier: MIT */
/* Where objects lie, for those that know files by their place in a repository. */
#include "ci-priv.h"

#include <stdio.h>
#include <string.h>

const char *bs_object_path(const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	if (map->role == BS_ROLE_VDSO)
		return NULL;
	return map->kind == BS_MAP_EXECUTABLE ? map->image->path : bs_text(&run->ctx, map->name);
}

char *bs_path_from_root(char *whole)
{
	char *end = whole;

	for (const char *at = whole; *at;) {
		size_t slashes = strspn(at, "/"), n = strcspn(at + slashes, "/");
		const char *name = at + slashes;

		at = name + n;
		if (n == 0 || (n == 1 && name[0] == '.'))
			continue;
		if (n == 2 && strncmp(name, "..", 2) == 0) {
			while (end > whole && *--end != '/')
				;
			continue;
		}
		if (end > whole)
			*end++ = '/';
		memmove(end, name, n);
		end += n;
	}
	*end = '\0';
	return whole;
}

/* A repository knows the file by the name that it has there. */
static const char *from_root(const struct bs_run *run, const char *path)
{
	const char *cwd = path[0] == '/' ? "" : bs_fs_cwd(run->fs);

	return bs_path_from_root(bs_arena_printf(run->ctx.arena, "%s/%s", cwd, path));
}

struct bs_file_place bs_file_place_of(const struct bs_run *run, bs_map_id map)
{
	const char *path = bs_object_path(run, map);
	const char *cwd = bs_fs_cwd(run->fs) + 1; /* it has one slash at its beginning */
	struct bs_file_place place;
	size_t n = strlen(cwd);

	place.path = path ? from_root(run, path) : bs_run_map_name(run, map);
	/* Of an archive, what it has is at home. */
	if (run->plan->archive) {
		place.below_cwd =
			path && (run->plan->archive_is_root || bs_fs_is_upper(run->fs, path));
		return place;
	}
	/* The root of another system is no place where somebody works. */
	place.below_cwd = path && (n ? strncmp(place.path, cwd, n) == 0 && place.path[n] == '/'
				     : run->plan->root == NULL);
	if (place.below_cwd && n)
		place.path += n + 1;
	return place;
}

const char *bs_ci_uri(struct bs_arena *arena, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-._~/";
	char *uri = bs_new(arena, char, strlen(path) * 3 + 1), *to = uri;

	for (; *path; path++) {
		if (strchr(plain, *path))
			*to++ = *path;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*path);
	}
	return uri;
}
