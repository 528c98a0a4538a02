/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <elf.h>

enum bs_calls bs_calls_of(const struct bs_run *run, const struct bs_step_result *result,
			  bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const struct bs_image *image = map->image;

	if (!map->relocated)
		return BS_CALLS_UNKNOWN;
	if (!image->relocations.plt.n)
		return BS_CALLS_NONE;
	if (bs_ids_have(&result->relocated.lazy, id))
		return BS_CALLS_LAZY;
	if (bs_image_has_dynamic(image, DT_BIND_NOW))
		return BS_CALLS_NOW_DT_BIND_NOW;
	if (image->flags & DF_BIND_NOW)
		return BS_CALLS_NOW_DF_BIND_NOW;
	if (image->flags_1 & DF_1_NOW)
		return BS_CALLS_NOW_DF_1_NOW;
	if (run->bind_now)
		return BS_CALLS_NOW_LD_BIND_NOW;
	return result->step ? BS_CALLS_NOW_RTLD_NOW : BS_CALLS_NOW;
}
