/* SPDX-License-Identifier: MIT */
/*
 * What happens when a handle goes: everything that nothing holds any more dies, and the scopes of
 * the survivors lose the searchlists of the dead. Also how a failed dlopen is undone. (glibc
 * elf/dl-close.c:_dl_close_worker)
 */
#include "scope-priv.h"

static void keep(const struct bs_ctx *ctx, bs_ids *kept, uint8_t *is_kept, bs_map_id id)
{
	if (is_kept[id])
		return;
	is_kept[id] = 1;
	bs_vec_push(ctx->arena, kept, id);
}

/* By map id: 1 for the maps of ORDER that stay, and for nothing else. */
static uint8_t *mark(const struct bs_process *process, const struct bs_ctx *ctx,
		     const bs_ids *order)
{
	uint8_t *is_kept = bs_new(ctx->arena, uint8_t, process->maps.n);
	bs_ids kept = { 0 };

	bs_vec_each (i, order) {
		const struct bs_map *map = bs_map_of(process, order->v[i]);

		if (map->kind != BS_MAP_LOADED || map->opencount || map->nodelete_active)
			keep(ctx, &kept, is_kept, order->v[i]);
	}
	for (uint32_t at = 0; at < kept.n; at++) {
		const struct bs_map *map = bs_map_of(process, kept.v[at]);

		for (uint32_t i = 1; i < map->initfini.n; i++)
			keep(ctx, &kept, is_kept, map->initfini.v[i]);
		bs_vec_each (i, &map->reldeps)
			keep(ctx, &kept, is_kept, map->reldeps.v[i]);
	}
	return is_kept;
}

/*
 * SURVIVOR loses the lists of the dead from its scope. One that never was a root gets, in place of
 * the first list it loses, a list of its own needs.
 */
static void shrink_scope(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id survivor,
			 const uint8_t *is_kept)
{
	struct bs_map *map = bs_map_at(process, survivor);
	bool wants_own = !map->is_root && map->has_initfini;
	bool changed = false;
	bs_ids scope = { 0 };

	bs_vec_each (i, &map->scope) {
		if (is_kept[process->lists.v[map->scope.v[i]].owner]) {
			bs_vec_push(ctx->arena, &scope, map->scope.v[i]);
			continue;
		}
		changed = true;
		if (!wants_own)
			continue;
		wants_own = false;
		bs_list_set(process, ctx, map->searchlist, bs_ids_copy(ctx->arena, &map->initfini));
		map->is_root = true;
		bs_vec_push(ctx->arena, &scope, map->searchlist);
	}
	process->generation += changed;
	map->scope = scope;
	if (map->loader != BS_NO_MAP && !is_kept[map->loader])
		map->loader = BS_NO_MAP;
}

/* ID and the first of IDS change places. */
static void put_first(bs_ids *ids, bs_map_id id)
{
	bs_vec_each (i, ids)
		if (ids->v[i] == id) {
			ids->v[i] = ids->v[0];
			ids->v[0] = id;
		}
}

void bs_map_close(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		  struct bs_closing *ret)
{
	struct bs_map *map = bs_map_at(process, id);
	bs_ids *order = &process->ns[map->ns].order;

	map->opencount--;
	*ret = (struct bs_closing){ .opencount = map->opencount };
	if (map->opencount > 0 || map->kind != BS_MAP_LOADED) {
		ret->nothing_died = true;
		return;
	}
	if (process->ns[map->ns].damaged) {
		ret->crashes = true;
		return;
	}

	const uint8_t *is_kept = mark(process, ctx, order);
	bs_ids destruction = bs_ids_copy(ctx->arena, order);
	uint32_t n_kept = 0;

	if (process->policy->close_puts_first)
		put_first(&destruction, id);
	bs_sort_maps(process, ctx, &destruction, process->policy->close_puts_first || map->ns == 0,
		     false, true);
	bs_tls_give_back(process, &destruction, is_kept);
	bs_vec_each (i, &destruction)
		if (!is_kept[destruction.v[i]])
			bs_vec_push(ctx->arena, &ret->gone, destruction.v[i]);

	bs_vec_each (i, order)
		if (is_kept[order->v[i]] && bs_map_of(process, order->v[i])->kind == BS_MAP_LOADED)
			shrink_scope(process, ctx, order->v[i], is_kept);

	bs_list_id global = bs_global_list(process, map->ns);
	bs_ids left = { 0 };
	bool global_shrinks = false;

	bs_vec_each (i, &process->lists.v[global].maps) {
		bs_map_id member = process->lists.v[global].maps.v[i];

		if (is_kept[member] || bs_map_of(process, member)->ns != map->ns)
			bs_vec_push(ctx->arena, &left, member);
		else
			global_shrinks = true;
	}
	if (global_shrinks && map->ns == 0)
		bs_list_set(process, ctx, global, left);
	bs_vec_each (i, order) {
		struct bs_map *member = bs_map_at(process, order->v[i]);

		if (is_kept[order->v[i]]) {
			order->v[n_kept++] = order->v[i];
			continue;
		}
		member->removed = true;
		member->died = process->step;
		process->generation++;
	}
	order->n = n_kept;
	if (process->ns[map->ns].libc != BS_NO_MAP && !is_kept[process->ns[map->ns].libc])
		process->ns[map->ns].libc = BS_NO_MAP;
	if (process->initfirst != BS_NO_MAP && bs_map_of(process, process->initfirst)->removed)
		process->initfirst = BS_NO_MAP;
}

bool bs_process_close(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		      struct bs_closing *ret, struct bs_failure *ret_failure)
{
	const struct bs_map *map = bs_map_of(process, id);

	*ret = (struct bs_closing){ .nothing_died = true };
	*ret_failure = (struct bs_failure){ .needed_by = BS_NO_MAP };
	/* An object that stays for ever is not even counted. */
	if (map->nodelete_active || process->policy->chain) {
		ret->stays = true;
		return true;
	}
	if (!map->opencount) {
		ret_failure->subject = bs_text(ctx, map->name);
		ret_failure->words = "shared object not open";
		return false;
	}
	if (process->policy->fixed.used)
		bs_fixed_close(process, ctx, id, ret);
	else
		bs_map_close(process, ctx, id, ret);
	return true;
}
