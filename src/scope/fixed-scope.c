/* SPDX-License-Identifier: MIT */
/*
 * The scope of an object, made once when it is loaded: a row of lists, in which each placeholder is
 * an empty list of its own that is filled when it is loaded.
 */
#include "scope-priv.h"

#include <elf.h>

enum { TAG_POSFLAG_1 = 0x6ffffdfd, POSFLAG_LAZYLOAD = 1 };

/* ---- needs --------------------------------------------------------------------------------- */

static bs_list_id placeholder(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id owner,
			      const char *name)
{
	bs_list_id list = bs_list_new(process, ctx, owner);

	process->lists.v[list].placeholder = name;
	process->lists.v[list].is_waiting = true;
	process->lists.v[list].ghost = BS_NO_MAP;
	return list;
}

static void add_link(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		     const char *name, bs_map_id need, bs_list_id list)
{
	struct bs_map *map = bs_map_at(process, id);

	bs_vec_push(ctx->arena, &map->links, ((struct bs_link){ name, need, list }));
	if (need != BS_NO_MAP)
		bs_vec_push(ctx->arena, &map->initfini, need);
}

/* What is loaded already is not waited for. */
static void link_lazily(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
			const char *name)
{
	bs_map_id loaded = bs_fixed_loaded(process, ctx, name);
	bs_list_id list = loaded == BS_NO_MAP ? placeholder(process, ctx, id, name) : BS_NO_LIST;

	add_link(process, ctx, id, name, loaded, list);
}

/* A copy brings copies of its needs: one of each. */
static bs_map_id copied_before(struct bs_process *process, const struct bs_ctx *ctx,
			       const char *name)
{
	bs_name wanted = bs_name_of(ctx->names, name);

	bs_vec_each (i, &process->fresh) {
		const struct bs_map *map = bs_map_of(process, process->fresh.v[i]);

		if (map->soname == wanted || bs_map_has_name(process, process->fresh.v[i], wanted))
			return process->fresh.v[i];
	}
	return BS_NO_MAP;
}

static bool link_now(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		     const char *name, unsigned flags, bs_traces *traces,
		     struct bs_failure *ret_failure)
{
	const struct bs_map *map = bs_map_of(process, id);
	struct bs_load load = {
		.name = name,
		.requester = id,
		.requester_loads = true,
		.kind = map->kind == BS_MAP_EXECUTABLE ? BS_MAP_STARTUP : map->kind,
		.by_dlopen = map->kind == BS_MAP_LOADED,
		.noshare = (flags & BS_OPEN_NOSHARE) && bs_choose(process, BS_CHOICE_NOSHARE_NEEDS),
	};
	uint32_t before = process->fresh.n;
	bs_map_id need = load.noshare ? copied_before(process, ctx, name) : BS_NO_MAP;

	if (need == BS_NO_MAP)
		need = bs_fixed_load(process, ctx, &load, traces, ret_failure);
	if (need == BS_NO_MAP) {
		ret_failure->needed_by = id;
		return load.by_dlopen && bs_choose(process, BS_CHOICE_MISSING_PASSES);
	}
	if (process->fresh.n > before)
		bs_map_at(process, need)->open_flags = flags;
	add_link(process, ctx, id, name, need, BS_NO_LIST);
	return true;
}

bool bs_fixed_links(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id, bool lazy,
		    unsigned flags, bs_traces *traces, struct bs_failure *ret_failure)
{
	const struct bs_image *image = bs_map_of(process, id)->image;
	bool is_executable = bs_map_of(process, id)->kind == BS_MAP_EXECUTABLE, marked = false;

	bs_vec_push(ctx->arena, &bs_map_at(process, id)->initfini, id);
	bs_map_at(process, id)->has_initfini = true;
	for (uint32_t i = 0; i < image->n_dynamic; i++) {
		const struct bs_dyn *d = &image->dynamic[i];

		if (d->tag == TAG_POSFLAG_1)
			marked = is_executable && (d->value & POSFLAG_LAZYLOAD) &&
				 bs_choose(process, BS_CHOICE_MARKED_NEEDS) &&
				 bs_choose(process, BS_CHOICE_LAZYLOAD);
		if (d->tag != DT_NEEDED)
			continue;
		const char *name = bs_image_string(image, d->value);

		if (lazy || marked)
			link_lazily(process, ctx, id, name);
		else if (!link_now(process, ctx, id, name, flags, traces, ret_failure))
			return false;
		marked = false;
	}
	return true;
}

bs_ids bs_fixed_tree(const struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root)
{
	uint8_t *seen = bs_new(ctx->arena, uint8_t, process->maps.n);
	bs_ids tree = { 0 };

	bs_vec_push(ctx->arena, &tree, root);
	seen[root] = 1;
	for (uint32_t at = 0; at < tree.n; at++) {
		const struct bs_map *map = bs_map_of(process, tree.v[at]);

		bs_vec_each (i, &map->links) {
			bs_map_id need = map->links.v[i].map;

			if (need == BS_NO_MAP || seen[need])
				continue;
			seen[need] = 1;
			bs_vec_push(ctx->arena, &tree, need);
		}
	}
	return tree;
}

/* ---- scopes -------------------------------------------------------------------------------- */

static bs_list_id list_of(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id owner,
			  bs_ids maps)
{
	bs_list_id list = bs_list_new(process, ctx, owner);

	bs_list_set(process, ctx, list, maps);
	return list;
}

static bs_list_id list_of_one(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id map)
{
	bs_ids maps = { 0 };

	bs_vec_push(ctx->arena, &maps, map);
	return list_of(process, ctx, map, maps);
}

/* MAP and then its own needs, placeholders in their places. */
static void add_first_level(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
			    bs_ids *scope)
{
	bs_vec_push(ctx->arena, scope, list_of_one(process, ctx, id));
	for (uint32_t i = 0; i < bs_map_of(process, id)->links.n; i++) {
		const struct bs_link link = bs_map_of(process, id)->links.v[i];

		bs_vec_push(ctx->arena, scope,
			    link.list != BS_NO_LIST ? link.list
						    : list_of_one(process, ctx, link.map));
	}
}

static void give(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		 const bs_ids *scope, bool falls_back)
{
	struct bs_map *map = bs_map_at(process, id);
	bool symbolic = map->image->symbolic && map->kind != BS_MAP_EXECUTABLE &&
			bs_choose(process, BS_CHOICE_SYMBOLIC);
	bs_list_id self = symbolic ? list_of_one(process, ctx, id) : BS_NO_LIST;

	if (symbolic)
		bs_vec_push(ctx->arena, &map->scope, self);
	bs_vec_each (i, scope)
		bs_vec_push(ctx->arena, &map->scope, scope->v[i]);
	map->settled = true;
	process->generation++;
	if (!falls_back)
		return;
	map->call_scope = bs_ids_copy(ctx->arena, &map->scope);
	bs_vec_push(ctx->arena, &map->call_scope, process->promoted);
}

/* What RTLD_WORLD adds: the objects of start-up and, apart from them, what is RTLD_GLOBAL now. */
static bs_list_id others(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root)
{
	const bs_ids *promoted = &process->lists.v[process->promoted].maps;

	return promoted->n ? list_of(process, ctx, root, bs_ids_copy(ctx->arena, promoted))
			   : BS_NO_LIST;
}

static void push(const struct bs_ctx *ctx, bs_ids *scope, bs_list_id list)
{
	if (list != BS_NO_LIST)
		bs_vec_push(ctx->arena, scope, list);
}

static void add_lists(const struct bs_ctx *ctx, bs_ids *scope, const bs_ids *lists)
{
	bs_vec_each (i, lists)
		bs_vec_push(ctx->arena, scope, lists->v[i]);
}

/* True when RTLD_LAZY makes function references of MAP, which the opening of ROOT brought, look
 * among what is RTLD_GLOBAL by then. */
static bool falls_back(struct bs_process *process, bs_map_id root, bs_map_id map, unsigned flags)
{
	bool group_only = (flags & BS_OPEN_GROUP) && !(flags & BS_OPEN_WORLD);

	if (!(flags & BS_OPEN_LAZY) ||
	    (group_only && bs_choose(process, BS_CHOICE_LAZY_NEEDS_WORLD)))
		return false;
	return map == root || bs_choose(process, BS_CHOICE_LAZY_COVERS);
}

/* What flags of an opening mean for scopes. */
struct reach {
	bool world, group, cut;
};

static struct reach reach_of(struct bs_process *process, unsigned flags)
{
	bool said = flags & (BS_OPEN_WORLD | BS_OPEN_GROUP);
	struct reach reach = {
		.world = flags & BS_OPEN_WORLD,
		.group = flags & BS_OPEN_GROUP,
		.cut = flags & BS_OPEN_LAZYLOAD,
	};

	if (said)
		return reach;
	reach.world =
		!bs_choose(process, reach.cut ? BS_CHOICE_LAZYLOAD_GROUP : BS_CHOICE_DEFAULT_GROUP);
	reach.group = true;
	return reach;
}

/* What heads the scope of ROOT: the objects of start-up, or preloads, or nothing. */
static bs_list_id head_of(struct bs_process *process, bs_map_id root, const struct reach *reach)
{
	bs_list_id start = bs_map_of(process, process->executable)->searchlist;

	if (reach->world)
		return start;
	/* What is loaded on demand sees preloads and nothing else: that is documented.
	 */
	if (bs_map_of(process, root)->on_demand)
		return process->preloads;
	if (bs_choose(process, BS_CHOICE_GROUP_SEES_START))
		return start;
	if (process->preloads == BS_NO_LIST || !bs_choose(process, BS_CHOICE_GROUP_PRELOADS))
		return BS_NO_LIST;
	return process->preloads;
}

/* What ROOT itself adds: its needs as well, where it has brought any. */
static bs_ids own_of(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root, bool cut)
{
	bs_ids own = { 0 };

	if (cut)
		add_first_level(process, ctx, root, &own);
	else
		bs_vec_push(ctx->arena, &own,
			    list_of(process, ctx, root, bs_fixed_tree(process, ctx, root)));
	return own;
}

void bs_fixed_settle(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		     const bs_ids *maps, unsigned flags)
{
	const struct reach reach = reach_of(process, flags);
	bs_list_id head = head_of(process, root, &reach);
	bs_list_id global = reach.world ? others(process, ctx, root) : BS_NO_LIST;
	const bs_ids own = own_of(process, ctx, root, reach.cut);
	bool before_head = false, before_global = false;
	bs_ids scope = { 0 };

	if (reach.world && !reach.cut && reach.group)
		before_head = bs_choose(process, BS_CHOICE_OWN_FIRST);
	else if (reach.world && !reach.cut)
		before_head = bs_choose(process, BS_CHOICE_WORLD_SELF_FIRST);
	if (global != BS_NO_LIST && !reach.cut && reach.group)
		before_global = !bs_choose(process, BS_CHOICE_WORLD_FIRST);
	if (before_head) {
		push(ctx, &scope, process->preloads);
		add_lists(ctx, &scope, &own);
	}
	push(ctx, &scope, head);
	if (before_global && !before_head)
		add_lists(ctx, &scope, &own);
	push(ctx, &scope, global);
	if (!before_global && !before_head)
		add_lists(ctx, &scope, &own);
	bs_vec_each (i, maps) {
		struct bs_map *map = bs_map_at(process, maps->v[i]);

		map->open_flags = flags;
		map->is_cut = reach.cut;
		give(process, ctx, maps->v[i], &scope,
		     falls_back(process, root, maps->v[i], flags));
	}
}

/* The link map as scopes have it. */
static bs_ids start_order(struct bs_process *process, const struct bs_ctx *ctx)
{
	const bs_ids *order = &process->ns[0].order;
	bs_ids first = { 0 };

	if (process->preloads == BS_NO_LIST || !bs_choose(process, BS_CHOICE_PRELOADS_FIRST))
		return bs_ids_copy(ctx->arena, order);
	bs_vec_each (i, order)
		if (bs_map_of(process, order->v[i])->preloaded)
			bs_vec_push(ctx->arena, &first, order->v[i]);
	bs_vec_each (i, order)
		if (!bs_map_of(process, order->v[i])->preloaded)
			bs_vec_push(ctx->arena, &first, order->v[i]);
	return first;
}

/* The link map in the order of loading, the executable's placeholders where it names them. */
static bs_ids executable_scope(struct bs_process *process, const struct bs_ctx *ctx)
{
	bs_map_id main = process->executable;
	const bs_ids order = process->lists.v[bs_map_of(process, main)->searchlist].maps;
	bs_ids scope = { 0 };

	bs_vec_each (i, &order)
		if (order.v[i] == main || bs_map_of(process, order.v[i])->preloaded)
			bs_vec_push(ctx->arena, &scope, list_of_one(process, ctx, order.v[i]));
	for (uint32_t i = 0; i < bs_map_of(process, main)->links.n; i++) {
		const struct bs_link link = bs_map_of(process, main)->links.v[i];

		bs_vec_push(ctx->arena, &scope,
			    link.list != BS_NO_LIST ? link.list
						    : list_of_one(process, ctx, link.map));
	}
	bs_vec_push(ctx->arena, &scope, bs_map_of(process, main)->searchlist);
	return scope;
}

void bs_fixed_settle_start(struct bs_process *process, const struct bs_ctx *ctx)
{
	bs_map_id main = process->executable;
	const bs_ids order = start_order(process, ctx);
	bool has_placeholders = false;
	bs_ids scope = { 0 };

	bs_list_set(process, ctx, bs_map_of(process, main)->searchlist,
		    bs_ids_copy(ctx->arena, &order));
	bs_vec_push(ctx->arena, &scope, bs_map_of(process, main)->searchlist);
	bs_vec_each (i, &bs_map_of(process, main)->links)
		has_placeholders |= bs_map_of(process, main)->links.v[i].list != BS_NO_LIST;
	bs_vec_each (i, &order) {
		bool apart = order.v[i] == main && has_placeholders;
		const bs_ids own = apart ? executable_scope(process, ctx) : scope;

		bs_map_at(process, order.v[i])->global = true;
		bs_map_at(process, order.v[i])->is_root = true;
		bs_map_at(process, order.v[i])->is_cut = apart;
		give(process, ctx, order.v[i], &own, false);
	}
}

bs_list_id bs_placeholder_before(const struct bs_process *process, const bs_ids *scope,
				 bs_map_id definer)
{
	bs_vec_each (i, scope) {
		const struct bs_searchlist *list = &process->lists.v[scope->v[i]];

		if (list->placeholder && list->is_waiting)
			return scope->v[i];
		if (definer < list->n_place && list->place[definer])
			return BS_NO_LIST;
	}
	return BS_NO_LIST;
}
