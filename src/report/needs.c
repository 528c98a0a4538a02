/* SPDX-License-Identifier: MIT */
/* Which object answers to a need of another, for those that draw and list them. */
#include "ci-priv.h"

#include <elf.h>

bool bs_ci_is_told(const struct bs_map *map)
{
	return map->role != BS_ROLE_VDSO && !map->is_ghost;
}

/* Who answers to NAME in MAP's namespace, as long as both are there. */
static bs_map_id needed_map(const struct bs_run *run, const struct bs_map *of, bs_name name)
{
	bs_map_id found = BS_NO_MAP;

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (map->ns != of->ns || !bs_ci_is_told(map) || !bs_ids_have(&map->names, name))
			continue;
		/* The one that came last before it, or else the first that came with or after it.
		 */
		if (found == BS_NO_MAP || (map->born <= of->born && map->died > of->born))
			found = id;
	}
	return found;
}

bool bs_ci_next_need(const struct bs_run *run, bs_map_id id, struct bs_need *need)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const struct bs_image *image = map->image;

	while (image && bs_ci_is_told(map) && need->i < image->n_dynamic) {
		const struct bs_dyn *entry = &image->dynamic[need->i++];

		if (entry->tag != DT_NEEDED)
			continue;
		need->text = bs_image_string(image, entry->value);
		bs_name name = need->text ? bs_name_find(run->ctx.names, need->text) : 0;

		need->map = name ? needed_map(run, map, name) : BS_NO_MAP;
		return true;
	}
	return false;
}
