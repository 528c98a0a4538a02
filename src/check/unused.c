/* SPDX-License-Identifier: MIT */
/*
 * unused-needed: a DT_NEEDED for whose sake nothing is bound, as `ldd -u` tells of the executable.
 * (glibc elf/rtld.c:rtld_mode_trace, l_used)
 */
#include "check-priv.h"

#include <elf.h>

enum { TOLD = 1 << 7 }; /* beside BS_PAIR_* */

static void tell(struct bs_pass *pass, bs_map_id from, bs_map_id to)
{
	const struct bs_run *run = pass->run;
	uint8_t *pair = &pass->pairs[from][to];

	if (*pair & (BS_PAIR_BOUND | TOLD) || from == to || bs_is_loader_or_libc(run, to))
		return;
	*pair |= TOLD;
	bs_finding_add_new(pass, BS_RULE_UNUSED_NEEDED, from, to)->level = BS_LEVEL_NOTE;
}

/* True when the loader has noted that all which FROM needs is used; then names need not be looked
 * up. The list of a root has what its needs need, too. */
static bool uses_all(const struct bs_pass *pass, bs_map_id from)
{
	const struct bs_map *map = bs_map_of(&pass->run->process, from);

	if (!map->has_initfini)
		return false;
	bs_vec_each (i, &map->initfini)
		if (map->initfini.v[i] != from &&
		    !(pass->pairs[from][map->initfini.v[i]] & BS_PAIR_BOUND))
			return false;
	return true;
}

static void check_needs(struct bs_pass *pass, bs_map_id from)
{
	const struct bs_run *run = pass->run;
	const struct bs_map *map = bs_map_of(&run->process, from);

	for (uint32_t i = 0; i < map->image->n_dynamic; i++) {
		const struct bs_dyn *d = &map->image->dynamic[i];

		if (d->tag != DT_NEEDED)
			continue;
		bs_map_id needed = bs_needed_map(run, map, d);

		if (needed != BS_NO_MAP)
			tell(pass, from, needed);
	}
}

void bs_check_unused(struct bs_pass *pass)
{
	const bs_ids *born = &pass->result->born;

	if (pass->result->state != BS_STEP_OK || !pass->pairs)
		return;
	bs_vec_each (i, born) {
		const struct bs_map *map = bs_map_of(&pass->run->process, born->v[i]);

		/* One that binds nothing by itself needs others for their own sake. */
		if (map->image && !map->removed && map->real == born->v[i] &&
		    map->role == BS_ROLE_ORDINARY && pass->pairs[born->v[i]] &&
		    !uses_all(pass, born->v[i]))
			check_needs(pass, born->v[i]);
	}
}
