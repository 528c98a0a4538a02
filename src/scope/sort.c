/* SPDX-License-Identifier: MIT */
/*
 * Dependents before what they depend on: the order of constructors, read backwards the order of
 * relocation. Two algorithms, as glibc has them. (glibc elf/dl-sort-maps.c)
 */
#include "scope-priv.h"

#include <string.h>

/* An object on the way from the one that was begun with, and the next of its dependencies. */
struct level {
	bs_map_id id;
	uint32_t next;
};

struct dfs {
	const struct bs_process *process;
	uint8_t *pending; /* by map id: in the list and not placed yet */
	bs_map_id *out;
	uint32_t head;	   /* OUT is filled from its end towards 0 */
	struct level *way; /* DEPTH of them: no object is on it twice */
	uint32_t depth;
	bool with_reldeps, met_reldeps;
};

/* The dependency number I of MAP in the order in which they are gone into, or BS_NO_MAP behind the
 * last one. */
static bs_map_id dependency(const struct dfs *d, const struct bs_map *map, uint32_t i)
{
	if (i < map->initfini.n)
		return map->initfini.v[i];
	i -= map->initfini.n;
	return d->with_reldeps && i < map->reldeps.n ? map->reldeps.v[map->reldeps.n - 1 - i]
						     : BS_NO_MAP;
}

static void enter(struct dfs *d, bs_map_id id)
{
	if (!d->pending[id])
		return;
	d->pending[id] = 0;
	d->met_reldeps |= d->with_reldeps && bs_map_of(d->process, id)->has_reldeps;
	d->way[d->depth++] = (struct level){ id, 0 };
}

/* Places ID behind whatever it depends on. A chain of needs may be longer than the C stack. */
static void place(struct dfs *d, bs_map_id id)
{
	enter(d, id);
	while (d->depth) {
		struct level *level = &d->way[d->depth - 1];
		bs_map_id next = dependency(d, bs_map_of(d->process, level->id), level->next++);

		if (next == BS_NO_MAP) {
			d->out[--d->head] = level->id;
			d->depth--;
		} else if (next != d->process->executable) {
			/* That is never reached through a dependency, only from the list itself. */
			enter(d, next);
		}
	}
}

static void place_all(struct dfs *d, const bs_map_id *maps, uint32_t n)
{
	d->head = n;
	for (uint32_t i = 0; i < n; i++)
		d->pending[maps[i]] = 1;
	for (uint32_t i = n; i-- > 0;)
		place(d, maps[i]);
}

static void sort_dfs(const struct bs_process *process, const struct bs_ctx *ctx, bs_ids *maps,
		     bool keep_first, bool with_reldeps)
{
	struct dfs d = {
		.process = process,
		.pending = bs_new(ctx->arena, uint8_t, process->maps.n),
		.out = bs_new(ctx->arena, bs_map_id, maps->n),
		.way = bs_new(ctx->arena, struct level, maps->n),
		.with_reldeps = with_reldeps,
	};
	bs_map_id first = maps->v[0];

	place_all(&d, maps->v, maps->n);
	if (d.met_reldeps) {
		/* Needs weigh more than relocation dependencies: sort again by needs alone. */
		bs_ids again = bs_ids_copy(ctx->arena, maps);

		memcpy(again.v, d.out, maps->n * sizeof *d.out);
		d.with_reldeps = false;
		place_all(&d, again.v, again.n);
		keep_first = keep_first && process->policy->close_puts_first;
	}
	memcpy(maps->v, d.out, maps->n * sizeof *d.out);
	if (!keep_first || maps->v[0] == first)
		return;
	for (uint32_t i = 1; i < maps->n; i++)
		if (maps->v[i] == first) {
			memmove(&maps->v[1], maps->v, i * sizeof *maps->v);
			maps->v[0] = first;
			return;
		}
}

/* A need weighs more than a relocation dependency that goes the other way. */
static bool depends(const struct bs_map *map, bs_map_id id, const struct bs_map *on,
		    bs_map_id on_id, bool with_reldeps)
{
	if (bs_ids_have(&map->initfini, on_id))
		return true;
	return with_reldeps && bs_ids_have(&map->reldeps, on_id) && !bs_ids_have(&on->initfini, id);
}

static uint32_t last_dependent(const struct bs_process *process, const bs_map_id *maps, uint32_t n,
			       uint32_t i, bool with_reldeps)
{
	const struct bs_map *on = bs_map_of(process, maps[i]);

	/* Of what is destroyed, a stand-in of ld.so is left where it is. */
	for (uint32_t k = with_reldeps && on->real != maps[i] ? 0 : n - 1; k > i; k--)
		if (depends(bs_map_of(process, maps[k]), maps[k], on, maps[i], with_reldeps))
			return k;
	return i;
}

/* The algorithm up to 2.34: moves each object behind its last dependent, counting rounds to end in
 * a cycle. */
static void sort_counting(const struct bs_process *process, const struct bs_ctx *ctx,
			  bs_map_id *maps, uint32_t n, bool with_reldeps)
{
	uint16_t *seen = bs_new(ctx->arena, uint16_t, n + 1);
	uint32_t i = 0;

	if (n <= 1)
		return;
	for (;;) {
		seen[i]++;
		uint32_t k = last_dependent(process, maps, n, i, with_reldeps);

		if (k > i) {
			bs_map_id moved = maps[i];
			uint16_t rounds = seen[i];

			memmove(&maps[i], &maps[i + 1], (k - i) * sizeof *maps);
			maps[k] = moved;
			if (seen[i + 1] <= n - i) {
				memmove(&seen[i], &seen[i + 1], (k - i) * sizeof *seen);
				seen[k] = rounds;
				continue;
			}
			i++;
		} else if (++i == n) {
			return;
		}
		memset(&seen[i], 0, (n - i) * sizeof *seen);
	}
}

void bs_sort_maps(const struct bs_process *process, const struct bs_ctx *ctx, bs_ids *maps,
		  bool keep_first, bool first_is_libc, bool with_reldeps)
{
	switch (process->policy->sort) {
	case BS_SORT_DFS:
		sort_dfs(process, ctx, maps,
			 keep_first && !first_is_libc && process->policy->sort_keeps_root_first,
			 with_reldeps);
		return;
	case BS_SORT_COUNTING:
		if (keep_first && !first_is_libc)
			sort_counting(process, ctx, maps->v + 1, maps->n - 1, with_reldeps);
		else
			sort_counting(process, ctx, maps->v, maps->n, with_reldeps);
		return;
	}
}

/* Up to 2.31 dlopen sorts what stands from ROOT on in the link map, and not ROOT's searchlist.
 * (glibc elf/dl-open.c:dl_open_worker) */
static bs_ids order_of_link_map(const struct bs_process *process, const struct bs_ctx *ctx,
				bs_map_id root)
{
	const bs_ids *chain = &process->ns[bs_map_of(process, root)->ns].order;
	bs_ids sorted = { 0 }, order = { 0 };
	bool reached = false;

	bs_vec_each (i, chain) {
		reached |= chain->v[i] == root;
		if (reached && !bs_map_of(process, chain->v[i])->relocated)
			bs_vec_push(ctx->arena, &sorted, chain->v[i]);
	}
	if (sorted.n)
		bs_sort_maps(process, ctx, &sorted, false, false, false);
	for (uint32_t i = sorted.n; i-- > 0;)
		bs_vec_push(ctx->arena, &order, sorted.v[i]);
	return order;
}

bs_ids bs_relocation_order(const struct bs_process *process, const struct bs_ctx *ctx,
			   bs_map_id root)
{
	const struct bs_map *map = bs_map_of(process, root);

	if (process->policy->open_sorts_link_map && map->kind == BS_MAP_LOADED)
		return order_of_link_map(process, ctx, root);
	bs_map_id libc = process->ns[map->ns].libc;
	bs_ids order = { 0 };

	if (process->policy->fixed.used) {
		const bs_ids fresh = bs_fixed_order(process, ctx);

		bs_vec_each (i, &fresh)
			if (!bs_map_of(process, fresh.v[i])->relocated)
				bs_vec_push(ctx->arena, &order, fresh.v[i]);
		return order;
	}
	if (process->policy->chain)
		return bs_chain_relocation_order(process, ctx, root);
	if (process->policy->libc_relocates_first && libc != BS_NO_MAP &&
	    !bs_map_of(process, libc)->relocated)
		bs_vec_push(ctx->arena, &order, libc);
	for (uint32_t i = map->initfini.n; i-- > 0;) {
		bs_map_id id = map->initfini.v[i];

		if (!bs_map_of(process, id)->relocated && !(order.n && order.v[0] == id))
			bs_vec_push(ctx->arena, &order, id);
	}
	return order;
}
