/* SPDX-License-Identifier: MIT */
/*
 * What a loader does not say when it finds nothing: where a file of that name is after all, and why
 * it was not looked for there.
 */
#include "check.h"

#include <string.h>
#include <unistd.h>

struct search {
	const struct bs_run *run;
	const char *name; /* without a slash */
	bs_hints hints;
};

/* The same file by another spelling is no news. */
static bool known(const struct search *s, const char *real)
{
	bs_vec_each (i, &s->hints) {
		const char *other = bs_fs_canonical(s->run->fs, &s->run->ctx, s->hints.v[i].path);

		if (other && strcmp(other, real) == 0)
			return true;
	}
	return false;
}

static void look_in(struct search *s, const char *directory, enum bs_hint_kind kind, bs_map_id map)
{
	struct bs_arena *arena = s->run->ctx.arena;
	size_t n = strlen(directory);
	const char *path = bs_arena_printf(arena, "%s%s%s", directory,
					   n && directory[n - 1] == '/' ? "" : "/", s->name);

	const char *real = bs_fs_canonical(s->run->fs, &s->run->ctx, path);

	if (!real || known(s, real) || bs_fs_is_directory(s->run->fs, path))
		return;
	int fd = bs_fs_open_file(s->run->fs, path);

	if (fd < 0)
		return;
	close(fd);
	bs_vec_push(arena, &s->hints, (struct bs_hint){ kind, path, map });
}

static void look_in_list(struct search *s, const char *list, enum bs_hint_kind kind, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&s->run->process, id);

	while (list && *list) {
		size_t n = strcspn(list, ":");
		const char *raw = bs_arena_strndup(s->run->ctx.arena, list, n);
		const char *directory = bs_expand(&s->run->setup, &s->run->ctx, raw, map->origin,
						  map->kind == BS_MAP_EXECUTABLE);

		if (*directory)
			look_in(s, directory, kind, id);
		list += n + (list[n] != '\0');
	}
}

/* What ldconfig would have entered into the cache that is missing. */
static void look_in_conf(struct search *s)
{
	const struct bs_search_setup *setup = &s->run->setup;

	if (setup->inhibit_cache || setup->ldconfig || bs_search_has_cache(s->run->fs, setup))
		return;
	for (const char *const *dir = bs_search_conf_dirs(&s->run->ctx, s->run->fs, setup); *dir;
	     dir++)
		look_in(s, *dir, BS_HINT_LDCONFIG, BS_NO_MAP);
}

bs_hints bs_find_hints(const struct bs_run *run, const struct bs_step_result *result)
{
	const struct bs_failure *failure = &result->failure;
	struct search s = { .run = run, .name = failure->subject };
	bool not_found =
		failure->words && strcmp(failure->words, run->setup.policy->not_found) == 0;

	if (!not_found || !*s.name || strchr(s.name, '/'))
		return s.hints;
	look_in(&s, bs_fs_cwd(run->fs), BS_HINT_WORKING_DIRECTORY, BS_NO_MAP);
	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (!map->image || map->role != BS_ROLE_ORDINARY)
			continue;
		look_in_list(&s, map->image->runpath, BS_HINT_RUNPATH, id);
		look_in_list(&s, map->image->rpath, BS_HINT_RPATH, id);
		if (map->origin)
			look_in(&s, map->origin, BS_HINT_BESIDE, id);
	}
	look_in_conf(&s);
	return s.hints;
}
