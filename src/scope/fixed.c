/* SPDX-License-Identifier: MIT */
/*
 * A process in which scopes are fixed: start-up, dlopen, loading on demand, and what dlsym(3)
 * searches. Rules as in the QNX profile's description, Q-n. (man/bindsim-qnx.7)
 */
#include "scope-priv.h"

void bs_fixed_begin(struct bs_process *process)
{
	process->fresh.n = 0;
}

/* ---- start-up ------------------------------------------------------------------------------ */

static bool load_preloads(struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_start *start, bs_traces *traces,
			  struct bs_failure *ret_failure)
{
	bs_ids preloads = { 0 };

	for (uint32_t i = 0; start->preloads && start->preloads[i]; i++) {
		const struct bs_load load = {
			.name = start->preloads[i],
			.requester = process->executable,
			.requester_loads = true,
			.kind = BS_MAP_STARTUP,
			.preload = true,
		};
		struct bs_failure failure;
		bs_map_id id = bs_fixed_load(process, ctx, &load, traces, &failure);

		if (id == BS_NO_MAP && bs_choose(process, BS_CHOICE_PRELOAD_REQUIRED)) {
			*ret_failure = failure;
			return false;
		}
		if (id == BS_NO_MAP) {
			start->preload_failed(start->data, i, &failure);
			continue;
		}
		if (!bs_map_of(process, id)->preloaded)
			bs_vec_push(ctx->arena, &preloads, id);
		bs_map_at(process, id)->preloaded = true;
	}
	if (!preloads.n)
		return true;
	process->preloads = bs_list_new(process, ctx, process->executable);
	bs_list_set(process, ctx, process->preloads, preloads);
	return true;
}

bool bs_fixed_start(struct bs_process *process, const struct bs_ctx *ctx,
		    const struct bs_start *start, bs_traces *traces, struct bs_failure *ret_failure)
{
	const bs_ids *order = &process->ns[0].order;

	process->preloads = BS_NO_LIST;
	process->promoted = bs_list_new(process, ctx, process->executable);
	bs_map_at(process, process->executable)->has_file_id = true;
	bs_vec_push(ctx->arena, &process->fresh, process->executable);
	bool ok = load_preloads(process, ctx, start, traces, ret_failure);

	for (uint32_t i = 0; i < order->n && ok; i++)
		ok = bs_fixed_links(process, ctx, order->v[i], false, 0, traces, ret_failure);
	bs_fixed_settle_start(process, ctx);
	bs_tls_begin(process);
	return ok;
}

/* ---- dlopen -------------------------------------------------------------------------------- */

/* Loads the needs of ROOT, which is new, as FLAGS have it. */
static bool load_needs(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		       unsigned flags, bs_traces *traces, struct bs_failure *ret_failure)
{
	bool world_only = (flags & BS_OPEN_WORLD) &&
			  !(flags & (BS_OPEN_GROUP | BS_OPEN_LAZYLOAD)) &&
			  !bs_choose(process, BS_CHOICE_WORLD_LOADS_NEEDS);
	uint32_t first = process->fresh.n - 1;
	bs_ids maps = { 0 };
	bool ok = true;

	bs_map_at(process, root)->open_flags = flags;
	if (world_only) {
		bs_vec_push(ctx->arena, &bs_map_at(process, root)->initfini, root);
		bs_map_at(process, root)->has_initfini = true;
	}
	for (uint32_t i = first; i < process->fresh.n && ok && !world_only; i++)
		ok = bs_fixed_links(process, ctx, process->fresh.v[i], flags & BS_OPEN_LAZYLOAD,
				    flags, traces, ret_failure);
	for (uint32_t i = first; i < process->fresh.n; i++)
		bs_vec_push(ctx->arena, &maps, process->fresh.v[i]);
	bs_fixed_settle(process, ctx, root, &maps, flags);
	return ok;
}

/* It is no more among what is RTLD_GLOBAL. */
static void demote(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id)
{
	const bs_ids *promoted = &process->lists.v[process->promoted].maps;
	bs_ids left = { 0 };

	bs_vec_each (i, promoted)
		if (promoted->v[i] != id)
			bs_vec_push(ctx->arena, &left, promoted->v[i]);
	bs_list_set(process, ctx, process->promoted, left);
	bs_map_at(process, id)->global = false;
	process->generation++;
}

/* FLAGS without RTLD_LAZYLOAD. Needs are to be plain ones, not none at all, which is what
 * RTLD_WORLD alone would mean. */
static unsigned plainly(unsigned flags)
{
	flags &= ~(unsigned)BS_OPEN_LAZYLOAD;
	return flags & BS_OPEN_WORLD ? flags | BS_OPEN_GROUP : flags;
}

static void open_again(struct bs_process *process, const struct bs_ctx *ctx,
		       struct bs_opening *opening)
{
	struct bs_map *root = bs_map_at(process, opening->root);
	unsigned flags = opening->request.flags;

	opening->state = BS_OPEN_ALREADY;
	if (flags & BS_OPEN_NODELETE) {
		opening->kept = !root->nodelete_active;
		root->nodelete_active = true;
	}
	if ((flags & BS_OPEN_LOCAL) && !(flags & BS_OPEN_GLOBAL) && root->global &&
	    root->kind == BS_MAP_LOADED && bs_choose(process, BS_CHOICE_LOCAL_DEMOTES))
		demote(process, ctx, opening->root);
}

void bs_fixed_open_begin(struct bs_process *process, const struct bs_ctx *ctx,
			 const struct bs_open_request *request, bs_traces *traces,
			 struct bs_opening *ret, struct bs_failure *ret_failure)
{
	const struct bs_load load = {
		.name = request->file,
		.requester = request->caller,
		.kind = BS_MAP_LOADED,
		.by_dlopen = true,
		.noload = request->flags & BS_OPEN_NOLOAD,
		.noshare = request->flags & BS_OPEN_NOSHARE,
		.dlopened = true,
	};

	bs_fixed_begin(process);
	*ret = (struct bs_opening){
		.request = *request,
		.state = BS_OPEN_FAILED,
		.first = process->maps.n,
	};
	if ((request->flags & BS_OPEN_LAZYLOAD) && !bs_choose(process, BS_CHOICE_LAZYLOAD))
		ret->request.flags = plainly(request->flags);
	ret->root = *request->file ? bs_fixed_load(process, ctx, &load, traces, ret_failure)
				   : process->executable;
	if (ret->root == BS_NO_MAP) {
		if (load.noload)
			ret->state = BS_OPEN_NOTHING;
		return;
	}
	bs_map_at(process, ret->root)->opencount++;
	if (bs_map_of(process, ret->root)->settled) {
		open_again(process, ctx, ret);
		return;
	}
	bs_map_at(process, ret->root)->nodelete_pending |= !!(request->flags & BS_OPEN_NODELETE);
	if (load_needs(process, ctx, ret->root, ret->request.flags, traces, ret_failure))
		ret->state = BS_OPEN_LOADED;
	bs_map_at(process, ret->root)->is_root = true;
}

void bs_fixed_open_commit(struct bs_process *process, const struct bs_ctx *ctx,
			  struct bs_opening *opening)
{
	bs_vec_each (i, &process->fresh) {
		struct bs_map *map = bs_map_at(process, process->fresh.v[i]);

		if (!map->nodelete_pending)
			continue;
		bs_vec_push(ctx->arena, &opening->activated, process->fresh.v[i]);
		map->nodelete_active = true;
		map->nodelete_pending = false;
	}
}

static uint32_t load_place(const struct bs_process *process, bs_map_id id)
{
	const bs_ids *order = &process->ns[0].order;
	uint32_t at = 0;

	while (at < order->n && order->v[at] != id)
		at++;
	return at;
}

/* MAPS in the order of loading. */
static void sort_by_load(const struct bs_process *process, bs_ids *maps)
{
	for (uint32_t i = 1; i < maps->n; i++) {
		bs_map_id id = maps->v[i];
		uint32_t at = i, place = load_place(process, id);

		for (; at && load_place(process, maps->v[at - 1]) > place; at--)
			maps->v[at] = maps->v[at - 1];
		maps->v[at] = id;
	}
}

static void promote(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id)
{
	bs_map_at(process, id)->global = true;
	bs_list_append(process, ctx, process->promoted, id);
	if (process->lists.v[process->promoted].maps.n < 2 ||
	    !bs_choose(process, BS_CHOICE_FALLBACK_BY_LOAD))
		return;
	bs_ids maps = bs_ids_copy(ctx->arena, &process->lists.v[process->promoted].maps);

	sort_by_load(process, &maps);
	bs_list_set(process, ctx, process->promoted, maps);
	process->generation++;
}

void bs_fixed_promote(struct bs_process *process, const struct bs_ctx *ctx,
		      struct bs_opening *opening)
{
	if (!(opening->request.flags & BS_OPEN_GLOBAL) ||
	    ((opening->request.flags & BS_OPEN_NOLOAD) &&
	     !bs_choose(process, BS_CHOICE_NOLOAD_PROMOTES)))
		return;
	const bs_ids tree = bs_fixed_tree(process, ctx, opening->root);

	bs_vec_each (i, &tree) {
		if (bs_map_of(process, tree.v[i])->global ||
		    (i && !bs_choose(process, BS_CHOICE_GLOBAL_NEEDS)) ||
		    (i && bs_map_of(process, tree.v[i])->on_demand &&
		     !bs_choose(process, BS_CHOICE_DEMAND_GLOBAL)))
			continue;
		promote(process, ctx, tree.v[i]);
		bs_vec_push(ctx->arena, &opening->promoted, tree.v[i]);
	}
}

/* Needs before those who need them. */
bs_ids bs_fixed_order(const struct bs_process *process, const struct bs_ctx *ctx)
{
	bs_ids order = { 0 };

	for (uint32_t i = process->fresh.n; i-- > 0;)
		bs_vec_push(ctx->arena, &order, process->fresh.v[i]);
	return order;
}

/* ---- on demand ----------------------------------------------------------------------------- */

static struct bs_load load_for(const struct bs_process *process, bs_list_id list)
{
	return (struct bs_load){
		.name = process->lists.v[list].placeholder,
		.requester = process->lists.v[list].owner,
		.requester_loads = true,
		.kind = BS_MAP_LOADED,
		.by_dlopen = true,
	};
}

/* The placeholder becomes ID. */
static void fill(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list,
		 bs_map_id id)
{
	struct bs_map *owner = bs_map_at(process, process->lists.v[list].owner);

	process->lists.v[list].is_waiting = false;
	bs_list_append(process, ctx, list, id);
	bs_vec_each (i, &owner->links)
		if (owner->links.v[i].list == list)
			owner->links.v[i].map = id;
	bs_vec_push(ctx->arena, &owner->initfini, id);
}

/* As by dlopen(RTLD_GROUP); how it binds is its owner's business. */
static unsigned flags_on_demand(struct bs_process *process, const struct bs_map *owner)
{
	return BS_OPEN_GROUP | (owner->open_flags & BS_OPEN_NOW) |
	       (bs_choose(process, BS_CHOICE_LAZY_GROUP_FULL) ? 0 : BS_OPEN_LAZYLOAD);
}

bs_map_id bs_placeholder_load(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list,
			      bs_traces *traces, struct bs_failure *ret_failure)
{
	const struct bs_load load = load_for(process, list);
	bs_map_id id = bs_fixed_load(process, ctx, &load, traces, ret_failure);

	if (id == BS_NO_MAP) {
		ret_failure->needed_by = load.requester;
		return BS_NO_MAP;
	}
	fill(process, ctx, list, id);
	const struct bs_map *owner = bs_map_of(process, load.requester);
	bool global = owner->global;

	if (bs_map_of(process, id)->settled)
		return id;
	bs_map_at(process, id)->on_demand = true;
	if (!load_needs(process, ctx, id, flags_on_demand(process, owner), traces, ret_failure))
		return BS_NO_MAP;
	if (global && !bs_map_of(process, id)->global &&
	    bs_choose(process, BS_CHOICE_DEMAND_GLOBAL))
		promote(process, ctx, id);
	return id;
}

bs_map_id bs_placeholder_peek(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list)
{
	const struct bs_load load = load_for(process, list);
	bs_map_id ghost = process->lists.v[list].ghost;

	if (ghost != BS_NO_MAP && bs_map_of(process, ghost)->is_ghost) {
		bs_map_id loaded = bs_fixed_loaded(process, ctx, load.name);

		return loaded == BS_NO_MAP ? ghost : loaded;
	}
	ghost = bs_fixed_look(process, ctx, &load);
	process->lists.v[list].ghost = ghost;
	return ghost;
}

/* ---- what dlsym(3) searches ------------------------------------------------------------------ */

bs_ids bs_fixed_handle_scope(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root)
{
	bs_ids tree = bs_fixed_tree(process, ctx, root);
	bool is_cut = bs_map_of(process, root)->is_cut;
	bs_ids scope = { 0 };

	if (root == process->executable) {
		bs_vec_push(ctx->arena, &scope, bs_map_of(process, root)->searchlist);
		bs_vec_push(ctx->arena, &scope, process->promoted);
		return scope;
	}
	if (!is_cut) {
		if (tree.n > 2 && bs_choose(process, BS_CHOICE_DSYM_BY_LOAD))
			sort_by_load(process, &tree);
		bs_list_id list = bs_list_new(process, ctx, root);

		bs_list_set(process, ctx, list, tree);
		bs_vec_push(ctx->arena, &scope, list);
		return scope;
	}
	bs_list_id own = bs_list_new(process, ctx, root);

	bs_list_append(process, ctx, own, root);
	bs_vec_push(ctx->arena, &scope, own);
	for (uint32_t i = 0; i < bs_map_of(process, root)->links.n; i++) {
		const struct bs_link link = bs_map_of(process, root)->links.v[i];
		bs_list_id list = link.list;

		if (list == BS_NO_LIST) {
			list = bs_list_new(process, ctx, root);
			bs_list_append(process, ctx, list, link.map);
		}
		bs_vec_push(ctx->arena, &scope, list);
	}
	return scope;
}

/* By map id: 1 for those that CALLER has in a tree of an opened object together with itself. */
static uint8_t *hierarchy_of(const struct bs_process *process, const struct bs_ctx *ctx,
			     bs_map_id caller)
{
	uint8_t *together = bs_new(ctx->arena, uint8_t, process->maps.n);
	const bs_ids *order = &process->ns[0].order;

	together[caller] = 1;
	bs_vec_each (i, order) {
		const bs_ids tree = bs_fixed_tree(process, ctx, order->v[i]);

		if (!bs_ids_have(&tree, caller) ||
		    bs_map_of(process, order->v[i])->kind != BS_MAP_LOADED)
			continue;
		bs_vec_each (k, &tree)
			together[tree.v[k]] = 1;
	}
	return together;
}

/* What CALLER's references come to behind itself. */
static bs_ids behind_in_scope(const struct bs_process *process, const struct bs_ctx *ctx,
			      bs_map_id caller)
{
	const bs_ids *lists = bs_call_scope(bs_map_of(process, caller));
	bool reached = false;
	bs_ids behind = { 0 };

	bs_vec_each (i, lists) {
		const bs_ids *maps = &process->lists.v[lists->v[i]].maps;

		bs_vec_each (k, maps) {
			if (reached && maps->v[k] != caller && !bs_ids_have(&behind, maps->v[k]))
				bs_vec_push(ctx->arena, &behind, maps->v[k]);
			reached |= maps->v[k] == caller;
		}
	}
	return behind;
}

bs_ids bs_fixed_default_scope(struct bs_process *process, const struct bs_ctx *ctx,
			      bs_map_id caller, bool next)
{
	const uint8_t *together = hierarchy_of(process, ctx, caller);
	const bs_ids *order = &process->ns[0].order;
	bs_list_id list = bs_list_new(process, ctx, caller);
	bs_ids visible = { 0 }, scope = { 0 };
	bool reached = !next;

	if (next && bs_choose(process, BS_CHOICE_NEXT_IN_SCOPE)) {
		bs_list_set(process, ctx, list, behind_in_scope(process, ctx, caller));
		bs_vec_push(ctx->arena, &scope, list);
		return scope;
	}
	bs_vec_each (i, order) {
		bs_map_id id = order->v[i];

		if (reached && (bs_map_of(process, id)->global || together[id]))
			bs_vec_push(ctx->arena, &visible, id);
		reached |= id == caller;
	}
	bs_list_set(process, ctx, list, visible);
	bs_vec_push(ctx->arena, &scope, list);
	return scope;
}
