/* SPDX-License-Identifier: MIT */
/*
 * A process in which scopes are fixed: start-up, dlopen, loading on demand, and what dlsym(3)
 * searches. Rules as in the QNX profile's description, Q-n. (man/bindsim-qnx.7)
 */
#include "scope-priv.h"

enum {
	RULE_PRELOADS = 12,
	RULE_MISSING = 13,
	RULE_NOLOAD_GLOBAL = 18,
	RULE_WORLD_ALONE = 24,
	RULE_DEMAND_SCOPE = 46,
	RULE_DEMAND_GLOBAL = 54,
	RULE_NEXT = 62,
};

void bs_fixed_begin(struct bs_process *process)
{
	process->fresh.n = 0;
}

/* ---- start-up ------------------------------------------------------------------------------ */

static void load_preloads(struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_start *start, bs_traces *traces)
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

		bs_assume(process, RULE_PRELOADS);
		if (id == BS_NO_MAP) {
			start->preload_failed(start->data, i, &failure);
			continue;
		}
		if (!bs_map_of(process, id)->preloaded)
			bs_vec_push(ctx->arena, &preloads, id);
		bs_map_at(process, id)->preloaded = true;
	}
	if (!preloads.n)
		return;
	process->preloads = bs_list_new(process, ctx, process->executable);
	bs_list_set(process, ctx, process->preloads, preloads);
}

bool bs_fixed_start(struct bs_process *process, const struct bs_ctx *ctx,
		    const struct bs_start *start, bs_traces *traces, struct bs_failure *ret_failure)
{
	const bs_ids *order = &process->ns[0].order;
	bool ok = true;

	process->preloads = BS_NO_LIST;
	process->promoted = bs_list_new(process, ctx, process->executable);
	bs_map_at(process, process->executable)->has_file_id = true;
	bs_vec_push(ctx->arena, &process->fresh, process->executable);
	load_preloads(process, ctx, start, traces);
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
	bool world_only = (flags & BS_OPEN_WORLD) && !(flags & (BS_OPEN_GROUP | BS_OPEN_LAZYLOAD));
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

static void open_again(struct bs_process *process, struct bs_opening *opening)
{
	struct bs_map *root = bs_map_at(process, opening->root);
	unsigned flags = opening->request.flags;

	opening->state = BS_OPEN_ALREADY;
	if (flags & BS_OPEN_NODELETE) {
		opening->kept = !root->nodelete_active;
		root->nodelete_active = true;
	}
	if ((flags & BS_OPEN_NOLOAD) && (flags & BS_OPEN_GLOBAL))
		bs_assume(process, RULE_NOLOAD_GLOBAL);
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
	ret->root = *request->file ? bs_fixed_load(process, ctx, &load, traces, ret_failure)
				   : process->executable;
	if (ret->root == BS_NO_MAP) {
		if (load.noload)
			ret->state = BS_OPEN_NOTHING;
		return;
	}
	bs_map_at(process, ret->root)->opencount++;
	if (bs_map_of(process, ret->root)->settled) {
		open_again(process, ret);
		return;
	}
	bs_map_at(process, ret->root)->nodelete_pending |= !!(request->flags & BS_OPEN_NODELETE);
	if (load_needs(process, ctx, ret->root, request->flags, traces, ret_failure))
		ret->state = BS_OPEN_LOADED;
	else
		bs_assume(process, RULE_MISSING);
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

static void promote(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id)
{
	bs_map_at(process, id)->global = true;
	bs_list_append(process, ctx, process->promoted, id);
}

void bs_fixed_promote(struct bs_process *process, const struct bs_ctx *ctx,
		      struct bs_opening *opening)
{
	if (!(opening->request.flags & BS_OPEN_GLOBAL))
		return;
	const bs_ids tree = bs_fixed_tree(process, ctx, opening->root);

	bs_vec_each (i, &tree) {
		if (bs_map_of(process, tree.v[i])->global)
			continue;
		if (bs_map_of(process, tree.v[i])->on_demand)
			bs_assume(process, RULE_DEMAND_GLOBAL);
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
static unsigned flags_on_demand(const struct bs_process *process, const struct bs_map *owner)
{
	return BS_OPEN_GROUP | (owner->open_flags & BS_OPEN_NOW) |
	       (process->policy->fixed.lazy_group_full ? 0 : BS_OPEN_LAZYLOAD);
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
	if (global && !bs_map_of(process, id)->global) {
		bs_assume(process, RULE_DEMAND_GLOBAL);
		promote(process, ctx, id);
	}
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
	const bs_ids tree = bs_fixed_tree(process, ctx, root);
	bool is_cut = bs_map_of(process, root)->is_cut;
	bs_ids scope = { 0 };

	if (root == process->executable) {
		bs_vec_push(ctx->arena, &scope, bs_map_of(process, root)->searchlist);
		bs_vec_push(ctx->arena, &scope, process->promoted);
		return scope;
	}
	if (!is_cut) {
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

bs_ids bs_fixed_default_scope(struct bs_process *process, const struct bs_ctx *ctx,
			      bs_map_id caller, bool next)
{
	const uint8_t *together = hierarchy_of(process, ctx, caller);
	const bs_ids *order = &process->ns[0].order;
	bs_list_id list = bs_list_new(process, ctx, caller);
	bs_ids visible = { 0 }, scope = { 0 };
	bool reached = !next;

	if (next)
		bs_assume(process, RULE_NEXT);
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
