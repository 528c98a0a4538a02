/* SPDX-License-Identifier: MIT */
/*
 * A process with one chain of symbols. All maps stand in the order of loading; some of them are in
 * the chain, in the order in which they came into it, and every lookup walks it from its head. The
 * chain is the executable's searchlist. What is opened RTLD_LOCAL is never in it: its own objects
 * see each other behind the chain while they are relocated, and nobody does afterwards. (musl
 * ldso/dynlink.c:__dls3, dlopen, add_syms, revert_syms)
 */
#include "scope-priv.h"

#include <string.h>

static bs_list_id chain_of(const struct bs_process *process)
{
	return bs_map_of(process, process->executable)->searchlist;
}

static bool in_chain(const struct bs_process *process, bs_map_id id)
{
	const struct bs_searchlist *chain = &process->lists.v[chain_of(process)];

	return id < chain->n_place && chain->place[id];
}

/* ---- start-up ------------------------------------------------------------------------------ */

static void load_preloads(struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_start *start, bs_traces *traces)
{
	for (uint32_t i = 0; start->preloads && start->preloads[i]; i++) {
		const struct bs_load load = {
			.name = start->preloads[i],
			.requester = BS_NO_MAP, /* so that no RPATH serves it or its needs */
			.kind = BS_MAP_STARTUP,
			.preload = true,
		};
		struct bs_failure failure;
		bs_map_id id = bs_chain_load(process, ctx, &load, traces, &failure);

		if (id == BS_NO_MAP)
			start->preload_failed(start->data, i, &failure);
		else
			bs_map_at(process, id)->preloaded = true;
	}
}

/* The kernel's object stands behind those of start-up and is in no chain. */
static void add_vdso(struct bs_process *process, const struct bs_ctx *ctx, const char *soname)
{
	bs_map_id id = bs_map_add_special(process, ctx, NULL, soname, BS_ROLE_VDSO);
	struct bs_map *map = bs_map_at(process, id);

	map->shortname = map->name;
	map->has_file_id = false;
	map->relocated = true;
	map->has_initfini = true;
	map->is_root = true;
	map->scope.n = 0;
	bs_list_append(process, ctx, map->searchlist, id);
	bs_vec_push(ctx->arena, &map->scope, map->searchlist);
}

void bs_chain_start(struct bs_process *process, const struct bs_ctx *ctx,
		    const struct bs_start *start, bs_traces *traces)
{
	bs_map_id main = process->executable;
	const bs_ids *order = &process->ns[0].order;
	struct bs_failure failure;

	process->interp = start->interp;
	process->interp_name = start->interp_name;
	load_preloads(process, ctx, start, traces);
	/* Preloads count as the executable's needs, before those that it names. */
	bs_map_at(process, main)->initfini = bs_ids_copy(ctx->arena, order);
	bs_chain_deps(process, ctx, main, traces, &failure);
	bs_list_set(process, ctx, chain_of(process), bs_ids_copy(ctx->arena, order));
	bs_vec_each (i, order)
		bs_map_at(process, order->v[i])->global = true;
	bs_map_at(process, main)->is_root = true;
	if (start->vdso_soname)
		add_vdso(process, ctx, start->vdso_soname);
}

/* ---- dlopen -------------------------------------------------------------------------------- */

/* ROOT, its needs, their needs, each once. True when a cycle leads back to ROOT. */
static bool make_searchlist(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root)
{
	bool leads_back = false;
	uint8_t *seen = bs_new(ctx->arena, uint8_t, process->maps.n);
	bs_ids list = { 0 };

	bs_vec_push(ctx->arena, &list, root);
	seen[root] = 1;
	for (uint32_t at = 0; at < list.n; at++) {
		const bs_ids *needs = &bs_map_of(process, list.v[at])->initfini;

		for (uint32_t i = 1; i < needs->n; i++) {
			leads_back |= needs->v[i] == root;
			if (seen[needs->v[i]])
				continue;
			seen[needs->v[i]] = 1;
			bs_vec_push(ctx->arena, &list, needs->v[i]);
		}
	}
	bs_list_set(process, ctx, bs_map_of(process, root)->searchlist, list);
	bs_map_at(process, root)->is_root = true;
	return leads_back;
}

/* Those that are to be relocated see the opened object and its needs behind the chain. */
static void lend_scope(struct bs_process *process, const struct bs_ctx *ctx,
		       const struct bs_opening *opening)
{
	bs_list_id list = bs_map_of(process, opening->root)->searchlist;

	for (bs_map_id id = opening->first; id < process->maps.n; id++)
		bs_vec_push(ctx->arena, &bs_map_at(process, id)->scope, list);
	process->generation++;
}

static void end_scope(struct bs_process *process, const struct bs_opening *opening)
{
	for (bs_map_id id = opening->first; id < process->maps.n; id++)
		bs_map_at(process, id)->scope.n = 1;
	process->generation++;
}

/* RTLD_NOLOAD says the same whatever stands in the way. */
static void say_not_loaded(struct bs_process *process, const struct bs_ctx *ctx,
			   const struct bs_open_request *request, struct bs_failure *failure)
{
	*failure = (struct bs_failure){
		.subject = "",
		.words = process->policy->chain->not_loaded(ctx, request->file),
		.needed_by = BS_NO_MAP,
	};
}

void bs_chain_open_begin(struct bs_process *process, const struct bs_ctx *ctx,
			 const struct bs_open_request *request, bs_traces *traces,
			 struct bs_opening *ret, struct bs_failure *ret_failure)
{
	/* Whoever calls: it is the executable that asks. */
	const struct bs_load load = {
		.name = request->file,
		.requester = process->executable,
		.requester_loads = true,
		.kind = BS_MAP_LOADED,
		.by_dlopen = true,
		.noload = request->flags & BS_OPEN_NOLOAD,
		.dlopened = true,
	};

	*ret = (struct bs_opening){
		.request = *request,
		.state = BS_OPEN_FAILED,
		.first = process->maps.n,
	};
	ret->root = *request->file ? bs_chain_load(process, ctx, &load, traces, ret_failure)
				   : process->executable;
	if (ret->root == BS_NO_MAP) {
		if (load.noload)
			say_not_loaded(process, ctx, request, ret_failure);
		return;
	}
	if (ret->root >= ret->first)
		bs_map_at(process, ret->root)->asked_by = request->caller;
	if (!bs_chain_deps(process, ctx, ret->root, traces, ret_failure))
		return;
	bs_map_at(process, ret->root)->opencount++;
	ret->state = BS_OPEN_ALREADY;
	if (bs_map_of(process, ret->root)->is_root)
		return;
	ret->leads_back = make_searchlist(process, ctx, ret->root);
	lend_scope(process, ctx, ret);
	ret->state = BS_OPEN_LOADED;
}

void bs_chain_promote(struct bs_process *process, const struct bs_ctx *ctx,
		      struct bs_opening *opening)
{
	bs_list_id chain = chain_of(process);
	bs_list_id list = bs_map_of(process, opening->root)->searchlist;

	if (!(opening->request.flags & BS_OPEN_GLOBAL) || opening->root == process->executable)
		return;
	for (uint32_t i = 0; i < process->lists.v[list].maps.n; i++) {
		bs_map_id id = process->lists.v[list].maps.v[i];

		if (in_chain(process, id))
			continue;
		bs_map_at(process, id)->global = true;
		bs_list_append(process, ctx, chain, id);
		bs_vec_push(ctx->arena, &opening->promoted, id);
	}
}

void bs_chain_open_commit(struct bs_process *process, const struct bs_ctx *ctx,
			  struct bs_opening *opening)
{
	end_scope(process, opening);
	bs_chain_promote(process, ctx, opening);
}

void bs_chain_open_abort(struct bs_process *process, const struct bs_opening *opening)
{
	bs_ids *order = &process->ns[0].order;
	uint32_t kept = 0;

	bs_vec_each (i, order) {
		struct bs_map *map = bs_map_at(process, order->v[i]);

		/* The loader itself cannot go. */
		if (order->v[i] < opening->first || map->role == BS_ROLE_LOADER) {
			order->v[kept++] = order->v[i];
			continue;
		}
		map->removed = true;
		map->died = process->step;
	}
	order->n = kept;
	end_scope(process, opening);
}

/* ---- orders -------------------------------------------------------------------------------- */

bs_list_id bs_chain_next(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id caller)
{
	const bs_ids *order = &process->ns[0].order;
	bs_list_id list = bs_list_new(process, ctx, caller);
	const struct bs_searchlist *chain = &process->lists.v[chain_of(process)];
	bs_map_id next = BS_NO_MAP;

	for (uint32_t i = 0; i + 1 < order->n; i++)
		if (order->v[i] == caller)
			next = order->v[i + 1];
	if (next == BS_NO_MAP)
		return list;
	bs_list_append(process, ctx, list, next);
	if (!in_chain(process, next))
		return list;
	for (uint32_t i = chain->place[next]; i < chain->maps.n; i++)
		bs_list_append(process, ctx, list, chain->maps.v[i]);
	return list;
}

/* Load order; the executable comes last, for what it copies must be relocated before. (reloc_all)
 */
bs_ids bs_chain_relocation_order(const struct bs_process *process, const struct bs_ctx *ctx,
				 bs_map_id root)
{
	const bs_ids *order = &process->ns[0].order;
	bool reached = false;
	bs_ids relocate = { 0 };

	bs_vec_each (i, order) {
		reached |= order->v[i] == root;
		if (reached && order->v[i] != process->executable &&
		    !bs_map_of(process, order->v[i])->relocated)
			bs_vec_push(ctx->arena, &relocate, order->v[i]);
	}
	if (root == process->executable)
		bs_vec_push(ctx->arena, &relocate, root);
	return relocate;
}

/* Needs before those who need them, depth-first; what a cycle leads back to is left out. Under a
 * ROOT whose own have run nothing is looked for, even if a cycle has left some. (queue_ctors,
 * dlopen) */
bs_ids bs_chain_constructor_order(const struct bs_process *process, const struct bs_ctx *ctx,
				  bs_map_id root)
{
	uint8_t *seen = bs_new(ctx->arena, uint8_t, process->maps.n);
	uint32_t *next = bs_new(ctx->arena, uint32_t, process->maps.n);
	bs_ids stack = { 0 }, order = { 0 };

	if (bs_map_of(process, root)->constructed)
		return order;
	bs_vec_push(ctx->arena, &stack, root);
	seen[root] = 1;
	while (stack.n) {
		bs_map_id id = stack.v[stack.n - 1];
		const bs_ids *needs = &bs_map_of(process, id)->initfini;

		if (++next[id] >= needs->n) {
			bs_vec_push(ctx->arena, &order, id);
			stack.n--;
		} else if (!seen[needs->v[next[id]]]) {
			seen[needs->v[next[id]]] = 1;
			bs_vec_push(ctx->arena, &stack, needs->v[next[id]]);
		}
	}
	return order;
}
