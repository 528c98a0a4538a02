/* SPDX-License-Identifier: MIT */
/* What a binding leaves behind in the process: who must stay because of whom. */
#include "scope-priv.h"

static bool is_nodelete(const struct bs_map *map, bool relocating)
{
	return map->nodelete_active || (relocating && map->nodelete_pending);
}

static void mark_nodelete(const struct bs_process *process, struct bs_map *map, bool relocating)
{
	if (relocating && !process->policy->nodelete_at_once)
		map->nodelete_pending = true;
	else
		map->nodelete_active = true;
}

enum bs_dependency bs_process_add_dependency(struct bs_process *process, const struct bs_ctx *ctx,
					     bs_map_id referrer, bs_map_id definer, bool relocating)
{
	struct bs_map *from = bs_map_at(process, referrer);
	struct bs_map *to = bs_map_at(process, definer);

	if (process->policy->chain || to->kind != BS_MAP_LOADED || referrer == definer ||
	    is_nodelete(to, relocating) || bs_ids_have(&from->initfini, definer) ||
	    bs_ids_have(&from->reldeps, definer))
		return BS_DEPENDENCY_NONE;
	/* Up to 2.30 the mark is handed on. */
	if (from->kind != BS_MAP_LOADED ||
	    (process->policy->nodelete_at_once && from->nodelete_active)) {
		mark_nodelete(process, to, relocating);
		return BS_DEPENDENCY_NODELETE;
	}
	bs_vec_push(ctx->arena, &from->reldeps, definer);
	from->has_reldeps = true;
	return BS_DEPENDENCY_RECORDED;
}

bool bs_process_keep_unique(struct bs_process *process, bs_map_id id, bool relocating)
{
	struct bs_map *map = bs_map_at(process, id);

	if (map->kind != BS_MAP_LOADED || is_nodelete(map, relocating))
		return false;
	mark_nodelete(process, map, relocating);
	return true;
}
