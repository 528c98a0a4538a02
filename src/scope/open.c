/* SPDX-License-Identifier: MIT */
/*
 * A dlopen as a transaction: begin, then commit and promote, or abort. Version checks and
 * relocation fall in between and belong to the floors above. (glibc
 * elf/dl-open.c:dl_open_worker_begin, update_scopes, add_to_global_update)
 */
#include "scope-priv.h"

/* From 2.42 an object that is found by its name, and is all that the mode asks for, is counted and
 * nothing else. (glibc elf/dl-open.c:is_already_fully_open) */
static bool has_nothing_to_do(struct bs_process *process, const struct bs_ctx *ctx,
			      const struct bs_open_request *request)
{
	if (!process->policy->fast_reopen)
		return false;
	bs_map_id id = bs_map_loaded(process, ctx, request->ns, request->file);

	if (id == BS_NO_MAP)
		return false;
	const struct bs_map *map = bs_map_of(process, id);

	return map->is_root && (!(request->flags & BS_OPEN_GLOBAL) || map->global) &&
	       (!(request->flags & BS_OPEN_NODELETE) || map->nodelete_active);
}

void bs_process_open_begin(struct bs_process *process, const struct bs_ctx *ctx,
			   const struct bs_open_request *request, bs_traces *traces,
			   struct bs_opening *ret, struct bs_failure *ret_failure)
{
	const struct bs_load load = {
		.name = request->file,
		.requester = request->caller,
		.kind = BS_MAP_LOADED,
		.ns = request->ns,
		.by_dlopen = true,
		.deepbind = request->flags & BS_OPEN_DEEPBIND,
		.noload = request->flags & BS_OPEN_NOLOAD,
		.dlopened = true,
		.nobody_asks = request->by_path,
	};

	if (process->policy->fixed.used) {
		bs_fixed_open_begin(process, ctx, request, traces, ret, ret_failure);
		return;
	}
	if (process->policy->chain) {
		bs_chain_open_begin(process, ctx, request, traces, ret, ret_failure);
		return;
	}
	*ret = (struct bs_opening){
		.request = *request,
		.state = BS_OPEN_FAILED,
		.first = process->maps.n,
		.had_libc =
			process->ns[request->ns].used && process->ns[request->ns].libc != BS_NO_MAP,
	};
	ret->unsaid = has_nothing_to_do(process, ctx, request);
	ret->root = bs_map_load(process, ctx, &load, traces, ret_failure);
	if (ret->root == BS_NO_MAP) {
		if (!ret_failure->words)
			ret->state = BS_OPEN_NOTHING;
		return;
	}
	struct bs_map *root = bs_map_at(process, ret->root);

	if (request->flags & BS_OPEN_MAP_ONLY) {
		ret->state = BS_OPEN_MAPPED;
		return;
	}
	root->opencount++;
	if ((request->flags & BS_OPEN_NODELETE) && process->policy->nodelete_at_once)
		root->nodelete_active = true;
	if (root->is_root) {
		ret->state = BS_OPEN_ALREADY;
		if (request->flags & BS_OPEN_NODELETE) {
			ret->kept = !root->nodelete_active;
			root->nodelete_active = true;
		}
		return;
	}
	if (request->flags & BS_OPEN_NODELETE)
		root->nodelete_pending = !process->policy->nodelete_at_once;
	if (bs_map_deps(process, ctx, ret->root, NULL, true, load.deepbind, traces, ret_failure))
		ret->state = BS_OPEN_LOADED;
}

/* The table takes in what stands behind ROOT in the link map; a filtee that was put in front of it
 * has to wait for a dlopen of something further in front. (glibc
 * elf/dl-find_object.c:_dl_find_object_update) */
static void enter_addresses(struct bs_process *process, bs_map_id root)
{
	const bs_ids *order = &process->ns[bs_map_of(process, root)->ns].order;
	bool behind = false;

	bs_vec_each (i, order) {
		struct bs_map *map = bs_map_at(process, order->v[i]);

		behind |= order->v[i] == root;
		map->addressed |= behind && map->real == order->v[i];
	}
}

void bs_process_open_commit(struct bs_process *process, const struct bs_ctx *ctx,
			    struct bs_opening *opening)
{
	const struct bs_map *root = bs_map_of(process, opening->root);
	const bs_ids *order = &process->ns[root->ns].order;
	const bs_ids *searched = &process->lists.v[root->searchlist].maps;

	if (process->policy->fixed.used) {
		bs_fixed_open_commit(process, ctx, opening);
		return;
	}
	if (process->policy->chain) {
		bs_chain_open_commit(process, ctx, opening);
		return;
	}
	bs_vec_each (i, order) {
		struct bs_map *map = bs_map_at(process, order->v[i]);

		if (!map->nodelete_pending)
			continue;
		bs_vec_push(ctx->arena, &opening->activated, order->v[i]);
		map->nodelete_active = true;
		map->nodelete_pending = false;
	}
	/* An object that was initialised before this opening did not get its root's list at birth:
	 * it gets it now. */
	bs_vec_each (i, searched) {
		struct bs_map *map = bs_map_at(process, searched->v[i]);
		uint32_t from = 0;

		if (map->init_called && map->kind == BS_MAP_LOADED) {
			if (bs_ids_have(&map->scope, root->searchlist)) {
				from = BS_NO_LIST;
			} else {
				from = map->scope.n;
				bs_vec_push(ctx->arena, &map->scope, root->searchlist);
				process->generation++;
			}
		}
		bs_vec_push(ctx->arena, &opening->grown, searched->v[i]);
		bs_vec_push(ctx->arena, &opening->grown_from, from);
	}
	enter_addresses(process, opening->root);
}

bs_map_id bs_process_caller(const struct bs_process *process, bs_map_id caller)
{
	if (process->policy->callers_by_table && !bs_map_of(process, caller)->addressed)
		return process->executable;
	return caller;
}

void bs_process_open_promote(struct bs_process *process, const struct bs_ctx *ctx,
			     struct bs_opening *opening)
{
	const struct bs_map *root = bs_map_of(process, opening->root);
	bs_list_id global = bs_global_list(process, root->ns);

	if (process->policy->fixed.used) {
		bs_fixed_promote(process, ctx, opening);
		return;
	}
	/* Objects that are new came into the chain with the commit. */
	if (process->policy->chain) {
		if (opening->state == BS_OPEN_ALREADY)
			bs_chain_promote(process, ctx, opening);
		return;
	}
	if (!(opening->request.flags & BS_OPEN_GLOBAL) ||
	    (opening->state == BS_OPEN_ALREADY && root->global))
		return;
	const bs_ids *searched = &process->lists.v[root->searchlist].maps;

	bs_vec_each (i, searched) {
		struct bs_map *map = bs_map_at(process, searched->v[i]);

		if (map->global)
			continue;
		map->global = true;
		bs_vec_push(ctx->arena, &opening->promoted, searched->v[i]);
	}
	bs_vec_each (i, &opening->promoted)
		bs_list_append(process, ctx, global, opening->promoted.v[i]);
}

void bs_process_open_abort(struct bs_process *process, const struct bs_ctx *ctx,
			   struct bs_opening *opening, struct bs_closing *ret)
{
	*ret = (struct bs_closing){ .stays = true };
	if (process->policy->fixed.used) {
		bs_fixed_undo(process, ctx);
		return;
	}
	if (process->policy->chain) {
		bs_chain_open_abort(process, opening);
		return;
	}
	if (!opening->had_libc)
		process->ns[opening->request.ns].libc = BS_NO_MAP;
	if (opening->root == BS_NO_MAP)
		return;
	/* Up to 2.30 the root goes whatever it is marked with, and nothing else that is marked. */
	if (process->policy->nodelete_at_once)
		bs_map_at(process, opening->root)->nodelete_active = false;
	bs_map_close(process, ctx, opening->root, ret);
}

uint32_t bs_process_new_namespace(const struct bs_process *process)
{
	uint32_t ns = 1;

	while (ns < BS_MAX_NAMESPACES && process->ns[ns].order.n)
		ns++;
	return ns;
}

bs_ids bs_constructor_order(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root)
{
	const bs_ids *initfini = &bs_map_of(process, root)->initfini;
	bs_ids order = { 0 };

	if (process->policy->fixed.used)
		return bs_fixed_order(process, ctx);
	if (process->policy->chain)
		return bs_chain_constructor_order(process, ctx, root);
	if (process->initfirst != BS_NO_MAP)
		bs_vec_push(ctx->arena, &order, process->initfirst);
	process->initfirst = BS_NO_MAP;
	for (uint32_t i = initfini->n; i-- > 0;)
		bs_vec_push(ctx->arena, &order, initfini->v[i]);
	return order;
}

bool bs_process_construct(struct bs_process *process, bs_map_id id)
{
	struct bs_map *map = bs_map_at(process, id);

	if (map->init_called)
		return false;
	/* What stands in for ld.so has no constructors; up to 2.35 it counts as constructed. (glibc
	 * elf/dl-init.c:call_init) */
	map->init_called = map->real == id || process->policy->loader_copies_grow;
	return map->real == id;
}

void bs_process_constructed(struct bs_process *process, bs_map_id id)
{
	bs_map_at(process, id)->constructed = true;
}
