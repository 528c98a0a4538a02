/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <elf.h>

static bool was_left_lazy(const struct bs_run *run, bs_map_id id)
{
	bs_vec_each (i, &run->lazy_maps)
		if (run->lazy_maps.v[i].map == id)
			return true;
	return false;
}

enum bs_calls bs_calls_of(const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const struct bs_image *image = map->image;

	if (!map->relocated)
		return BS_CALLS_UNKNOWN;
	if (!bs_image_has_slots(image))
		return BS_CALLS_NONE;
	if (was_left_lazy(run, id))
		return BS_CALLS_LAZY;
	if (bs_image_has_dynamic(image, DT_BIND_NOW))
		return BS_CALLS_NOW_DT_BIND_NOW;
	if (image->flags & DF_BIND_NOW)
		return BS_CALLS_NOW_DF_BIND_NOW;
	if (image->flags_1 & DF_1_NOW)
		return BS_CALLS_NOW_DF_1_NOW;
	if (run->executable_binds_now)
		return BS_CALLS_NOW_EXECUTABLE;
	if (run->bind_now)
		return BS_CALLS_NOW_LD_BIND_NOW;
	return map->born ? BS_CALLS_NOW_RTLD_NOW : BS_CALLS_NOW;
}
