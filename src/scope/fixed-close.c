/* SPDX-License-Identifier: MIT */
/* How objects go where scopes are fixed: with the last handle, or when a call fails. */
#include "scope-priv.h"

/* By map id: 1 for what a handle, start-up or an object that stays holds. */
static uint8_t *mark(const struct bs_process *process, const struct bs_ctx *ctx)
{
	const bs_ids *order = &process->ns[0].order;
	uint8_t *is_kept = bs_new(ctx->arena, uint8_t, process->maps.n);
	bs_ids kept = { 0 };

	bs_vec_each (i, order) {
		const struct bs_map *map = bs_map_of(process, order->v[i]);

		if (map->kind != BS_MAP_LOADED || map->opencount || map->nodelete_active)
			bs_vec_push(ctx->arena, &kept, order->v[i]);
	}
	for (uint32_t at = 0; at < kept.n; at++) {
		const struct bs_map *map = bs_map_of(process, kept.v[at]);

		if (is_kept[kept.v[at]])
			continue;
		is_kept[kept.v[at]] = 1;
		bs_vec_each (i, &map->initfini)
			bs_vec_push(ctx->arena, &kept, map->initfini.v[i]);
		bs_vec_each (i, &map->reldeps)
			bs_vec_push(ctx->arena, &kept, map->reldeps.v[i]);
	}
	return is_kept;
}

/* LIST loses the dead; a placeholder that they had filled waits again. */
static void purge(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list)
{
	const bs_ids *maps = &process->lists.v[list].maps;
	bs_ids left = { 0 };

	bs_vec_each (i, maps)
		if (!bs_map_of(process, maps->v[i])->removed)
			bs_vec_push(ctx->arena, &left, maps->v[i]);
	if (left.n == maps->n)
		return;
	bs_list_set(process, ctx, list, left);
	process->lists.v[list].is_waiting = process->lists.v[list].placeholder && !left.n;
}

static void forget_link(struct bs_process *process, bs_map_id id)
{
	struct bs_map *map = bs_map_at(process, id);
	uint32_t kept = 0;

	bs_vec_each (i, &map->links)
		if (map->links.v[i].list != BS_NO_LIST && map->links.v[i].map != BS_NO_MAP &&
		    bs_map_of(process, map->links.v[i].map)->removed)
			map->links.v[i].map = BS_NO_MAP;
	bs_vec_each (i, &map->initfini)
		if (!bs_map_of(process, map->initfini.v[i])->removed)
			map->initfini.v[kept++] = map->initfini.v[i];
	map->initfini.n = kept;
}

static void bury(struct bs_process *process, const struct bs_ctx *ctx, const bs_ids *gone)
{
	bs_ids *order = &process->ns[0].order;
	uint32_t kept = 0;

	bs_vec_each (i, gone) {
		bs_map_at(process, gone->v[i])->removed = true;
		bs_map_at(process, gone->v[i])->died = process->step;
	}
	bs_vec_each (i, order)
		if (!bs_map_of(process, order->v[i])->removed)
			order->v[kept++] = order->v[i];
	order->n = kept;
	bs_vec_each (i, order)
		forget_link(process, order->v[i]);
	bs_vec_each (list, &process->lists)
		purge(process, ctx, list);
	process->generation++;
}

void bs_fixed_close(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		    struct bs_closing *ret)
{
	struct bs_map *map = bs_map_at(process, id);
	const bs_ids *order = &process->ns[0].order;

	map->opencount--;
	*ret = (struct bs_closing){ .opencount = map->opencount };
	if (map->opencount > 0 || map->kind != BS_MAP_LOADED) {
		ret->nothing_died = true;
		return;
	}
	const uint8_t *is_kept = mark(process, ctx);

	bs_vec_each (i, order)
		if (!is_kept[order->v[i]])
			bs_vec_push(ctx->arena, &ret->gone, order->v[i]);
	bury(process, ctx, &ret->gone);
}

void bs_fixed_undo(struct bs_process *process, const struct bs_ctx *ctx)
{
	const bs_ids gone = bs_ids_copy(ctx->arena, &process->fresh);

	bury(process, ctx, &gone);
	process->fresh.n = 0;
}
