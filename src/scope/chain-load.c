/* SPDX-License-Identifier: MIT */
/*
 * Requests in a process with one chain of symbols: is the object there by the name of an earlier
 * search, or by its file? Else it is mapped, whatever its soname. (musl
 * ldso/dynlink.c:load_library, load_direct_deps)
 */
#include "scope-priv.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

static const char *base_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* The loader comes into the list when something first names it. */
static bs_map_id the_loader(struct bs_process *process, const struct bs_ctx *ctx,
			    const struct bs_load *load)
{
	if (process->loader != BS_NO_MAP)
		return bs_map_known_by(process, ctx, process->loader, load->name);
	process->loader = bs_map_add(process, ctx, load, process->interp, process->interp_name);
	struct bs_map *map = bs_map_at(process, process->loader);

	map->role = BS_ROLE_LOADER;
	map->has_file_id = false;
	bs_vec_push(ctx->arena, &map->initfini, process->loader);
	map->has_initfini = true;
	return process->loader;
}

/* The executable is never asked: it has no short name, and no file that counts. */
static bs_map_id loaded_by_name(struct bs_process *process, const struct bs_ctx *ctx,
				const char *request)
{
	const bs_ids *order = &process->ns[0].order;
	bs_name name = bs_name_of(ctx->names, request);

	bs_vec_each (i, order)
		if (bs_map_of(process, order->v[i])->shortname == name)
			return bs_map_known_by(process, ctx, order->v[i], request);
	return BS_NO_MAP;
}

static bs_map_id loaded_by_file(struct bs_process *process, const struct bs_ctx *ctx,
				const char *request, const struct bs_image *image, bool searched)
{
	const bs_ids *order = &process->ns[0].order;

	bs_vec_each (i, order) {
		struct bs_map *map = bs_map_at(process, order->v[i]);

		if (!map->has_file_id || map->image->dev != image->dev ||
		    map->image->ino != image->ino)
			continue;
		if (searched && !map->shortname)
			map->shortname = bs_name_of(ctx->names, base_of(bs_text(ctx, map->name)));
		return bs_map_known_by(process, ctx, order->v[i], request);
	}
	return BS_NO_MAP;
}

static bool search(struct bs_process *process, const struct bs_ctx *ctx, const struct bs_load *load,
		   bs_traces *traces, struct bs_found *ret)
{
	BS_VEC(struct bs_requester) chain = { 0 };

	for (bs_map_id id = load->requester; id != BS_NO_MAP; id = bs_map_of(process, id)->loader)
		bs_vec_push(ctx->arena, &chain, bs_requester_of(process, ctx, id));

	const struct bs_requester main = bs_requester_of(process, ctx, process->executable);
	const struct bs_request request = {
		.name = load->name,
		.chain = chain.v,
		.n_chain = chain.n,
		.main = &main,
		.preload = load->preload,
	};

	return bs_search(process->search, ctx, &request, traces, ret);
}

static bs_map_id fail(const struct bs_process *process, const struct bs_load *load, int error,
		      bool not_found, struct bs_failure *ret)
{
	ret->subject = load->name;
	ret->words = process->setup->policy->not_found;
	ret->os_error = error;
	ret->not_found = not_found;
	return BS_NO_MAP;
}

static bs_map_id add(struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_load *load, const struct bs_found *found, bool searched)
{
	bs_map_id id = bs_map_add(process, ctx, load, found->image, found->path);
	struct bs_map *map = bs_map_at(process, id);

	map->how = found->how;
	map->via =
		found->how == BS_HOW_RPATH || found->how == BS_HOW_RUNPATH ? found->via : BS_NO_MAP;
	if (searched)
		map->shortname = bs_name_of(ctx->names, base_of(found->path));
	return id;
}

/* A file that was found and is not loaded yet. */
static bs_map_id map_file(struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_load *load, const struct bs_found *found, bool searched,
			  struct bs_failure *ret_failure)
{
	const struct bs_chain_policy *chain = process->policy->chain;
	const struct bs_image *main = bs_map_of(process, process->executable)->image;
	int error = load->noload ? ENOENT : chain->load_error(found->image, main);

	if (error) {
		bs_search_set_error(process->search, error);
		bs_store_release(process->store, found->image);
		return fail(process, load, error, false, ret_failure);
	}
	if (chain->is_library(found->image)) {
		bs_store_release(process->store, found->image);
		return the_loader(process, ctx, load);
	}
	return add(process, ctx, load, found, searched);
}

static bs_map_id find_file(struct bs_process *process, const struct bs_ctx *ctx,
			   const struct bs_load *load, bs_traces *traces,
			   struct bs_failure *ret_failure)
{
	bool searched = !strchr(load->name, '/');
	struct bs_found found = { 0 };
	bs_map_id id;

	if (!search(process, ctx, load, traces, &found))
		return fail(process, load, found.os_error, true, ret_failure);
	id = loaded_by_file(process, ctx, load->name, found.image, searched);
	if (id == BS_NO_MAP)
		return map_file(process, ctx, load, &found, searched, ret_failure);
	bs_store_release(process->store, found.image);
	return id;
}

/* It is told once for each of the names that a loader has. */
static void note_reserved(struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_load *load, const bs_traces *traces, unsigned number)
{
	if (process->loader_names >> number & 1)
		return;
	process->loader_names |= 1u << number;
	bs_load_note_add(process, ctx, load, traces, BS_LOAD_RESERVED, process->loader, 0);
}

bs_map_id bs_chain_load(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load, bs_traces *traces,
			struct bs_failure *ret_failure)
{
	const char *name = load->name;
	unsigned reserved = process->policy->chain->is_loader(name);
	bs_map_id id = BS_NO_MAP, first = process->maps.n;

	*ret_failure = (struct bs_failure){
		.kind = BS_FAILURE_LOADING,
		.needed_by = BS_NO_MAP,
	};
	if (!*name) {
		bs_search_set_error(process->search, EINVAL);
		return fail(process, load, EINVAL, false, ret_failure);
	}
	if (reserved || strcmp(name, process->interp_name) == 0)
		id = the_loader(process, ctx, load);
	else if (!strchr(name, '/'))
		id = loaded_by_name(process, ctx, name);
	if (id == BS_NO_MAP)
		id = find_file(process, ctx, load, traces, ret_failure);
	if (id != BS_NO_MAP && id >= first)
		bs_load_note_add(process, ctx, load, traces, BS_LOAD_MAPPED, id, 0);
	if (reserved)
		note_reserved(process, ctx, load, traces, reserved);
	return id;
}

/* ---- needs --------------------------------------------------------------------------------- */

static void go_without(struct bs_process *process, const struct bs_ctx *ctx, const char *name,
		       const bs_traces *traces, const struct bs_failure *failure)
{
	bs_vec_push(ctx->arena, &process->missing,
		    (struct bs_missing){
			    .name = name,
			    .before = process->maps.n,
			    .n_traces = traces ? traces->n : 0,
			    .failure = *failure,
		    });
}

/* INITFINI holds the map itself and its needs; the executable's begin with the preloads. */
static bool load_needs(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		       bs_traces *traces, struct bs_failure *ret_failure)
{
	const struct bs_image *image = bs_map_of(process, id)->image;
	enum bs_map_kind kind = bs_map_of(process, id)->kind;
	bs_ids needs = bs_map_of(process, id)->initfini;

	if (!image || bs_map_of(process, id)->has_initfini)
		return true;
	if (!needs.n)
		bs_vec_push(ctx->arena, &needs, id);
	for (uint32_t i = 0; i < image->n_dynamic; i++) {
		if (image->dynamic[i].tag != DT_NEEDED)
			continue;
		const struct bs_load load = {
			.name = bs_image_string(image, image->dynamic[i].value),
			.requester = id,
			.requester_loads = true,
			.kind = kind == BS_MAP_EXECUTABLE ? BS_MAP_STARTUP : kind,
			.by_dlopen = kind == BS_MAP_LOADED,
		};
		bs_map_id need = bs_chain_load(process, ctx, &load, traces, ret_failure);

		if (need != BS_NO_MAP) {
			bs_vec_push(ctx->arena, &needs, need);
			continue;
		}
		ret_failure->needed_by = id;
		if (load.by_dlopen)
			return false;
		go_without(process, ctx, load.name, traces, ret_failure);
	}
	bs_map_at(process, id)->initfini = needs;
	bs_map_at(process, id)->has_initfini = true;
	return true;
}

bool bs_chain_deps(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		   bs_traces *traces, struct bs_failure *ret_failure)
{
	const bs_ids *order = &process->ns[0].order;
	bool reached = false;

	/* An object whose needs were loaded before is not looked at again, nor those behind it. */
	if (bs_map_of(process, root)->has_initfini)
		return true;
	for (uint32_t i = 0; i < order->n; i++) {
		reached |= order->v[i] == root;
		if (reached && !load_needs(process, ctx, order->v[i], traces, ret_failure))
			return false;
	}
	return true;
}
