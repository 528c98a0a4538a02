/* SPDX-License-Identifier: MIT */
/* Which object a person means who writes OBJECT in a plan, and which one a step came to. */
#include "sim-priv.h"

#include <string.h>

/* The better the way in which a name fits, the higher: the best one that any object has decides. */
enum fit { FIT_NONE, FIT_BASE_NAME, FIT_SONAME, FIT_REQUEST, FIT_LINK_MAP, FIT_COUNT_ };

static const char *base_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

static bool was_requested(const struct bs_run *run, const struct bs_map *map, const char *text)
{
	bs_vec_each (i, &map->names)
		if (strcmp(bs_text(&run->ctx, map->names.v[i]), text) == 0)
			return true;
	return false;
}

static enum fit fit_of(const struct bs_run *run, bs_map_id id, const char *text)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const char *name = bs_run_map_name(run, id);
	bool executable = id == run->process.executable;

	if (map->removed || map->is_ghost || map->role == BS_ROLE_VDSO)
		return FIT_NONE;
	if (strcmp(name, text) == 0)
		return FIT_LINK_MAP;
	if (was_requested(run, map, text) ||
	    (executable && strcmp(run->plan->executable, text) == 0))
		return FIT_REQUEST;
	if (map->image && map->image->soname && strcmp(map->image->soname, text) == 0)
		return FIT_SONAME;
	if (strcmp(base_of(name), text) == 0 ||
	    (executable && strcmp(base_of(run->plan->executable), text) == 0))
		return FIT_BASE_NAME;
	return FIT_NONE;
}

/* "NAME[3]": true with the name's length and the namespace. */
static bool names_namespace(const char *text, size_t *ret_n, uint32_t *ret_ns)
{
	size_t n = strlen(text);
	size_t at = n ? n - 1 : 0;
	uint32_t ns = 0, scale = 1;

	if (n < 3 || text[at] != ']')
		return false;
	while (at-- > 0 && text[at] >= '0' && text[at] <= '9' && scale <= 1000) {
		ns += (uint32_t)(text[at] - '0') * scale;
		scale *= 10;
	}
	if (scale == 1 || at == SIZE_MAX || text[at] != '[')
		return false;
	*ret_n = at;
	*ret_ns = ns;
	return true;
}

static const char *list_of(const struct bs_run *run, const bs_ids *maps)
{
	const char *list = "";

	bs_vec_each (i, maps)
		list = bs_arena_printf(run->ctx.arena, "%s%s%s[%u]", list, i ? ", " : "",
				       bs_run_map_name(run, maps->v[i]),
				       bs_map_of(&run->process, maps->v[i])->ns);
	return list;
}

/* The objects that fit TEXT best, of the lowest namespace that has one; of namespace NS alone where
 * it is named. */
static bs_ids find_best(const struct bs_run *run, const char *text, uint32_t ns)
{
	bs_ids best = { 0 };
	enum fit best_fit = FIT_NONE;

	for (uint32_t at = 0; at < BS_MAX_NAMESPACES; at++) {
		const bs_ids *order = &run->process.ns[at].order;

		bs_vec_each (i, order) {
			enum fit fit = fit_of(run, order->v[i], text);

			if (fit == FIT_NONE || fit < best_fit || (ns != UINT32_MAX && ns != at) ||
			    (fit == best_fit && bs_map_of(&run->process, best.v[0])->ns != at))
				continue;
			if (fit > best_fit)
				best.n = 0;
			best_fit = fit;
			bs_vec_push(run->ctx.arena, &best, order->v[i]);
		}
	}
	return best;
}

bs_map_id bs_run_find_object(const struct bs_run *run, const char *text, const char **ret_problem)
{
	bs_ids found = find_best(run, text, UINT32_MAX);
	size_t n;
	uint32_t ns;

	*ret_problem = NULL;
	if (!found.n && names_namespace(text, &n, &ns))
		found = find_best(run, bs_arena_strndup(run->ctx.arena, text, n), ns);
	if (found.n == 1)
		return found.v[0];
	*ret_problem =
		found.n ? bs_arena_printf(run->ctx.arena, "several objects are called '%s': %s",
					  text, list_of(run, &found))
			: bs_arena_printf(run->ctx.arena, "no object that is loaded is called '%s'",
					  text);
	return BS_NO_MAP;
}

const char *bs_run_object_text(const struct bs_run *run, bs_map_id id)
{
	const char *text = bs_run_map_name(run, id), *problem;
	uint32_t ns = bs_map_of(&run->process, id)->ns;

	if (ns)
		text = bs_arena_printf(run->ctx.arena, "%s[%u]", text, ns);
	return bs_run_find_object(run, text, &problem) == id ? text : NULL;
}

bs_map_id bs_step_came_to(const struct bs_run *run, const struct bs_step_result *result)
{
	if (!result->step || result->state != BS_STEP_OK)
		return BS_NO_MAP;
	switch (result->step->kind) {
	case BS_STEP_DLOPEN:
	case BS_STEP_DLMOPEN:
		return result->opening.root;
	case BS_STEP_DLSYM:
		return result->found.map;
	case BS_STEP_DLCLOSE:
		return run->opened.v[result->step->of_step];
	case BS_STEP_CALL:
	case BS_STEP_KIND_COUNT_:
		break;
	}
	return BS_NO_MAP;
}
