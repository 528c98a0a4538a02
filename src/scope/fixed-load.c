/* SPDX-License-Identifier: MIT */
/*
 * Requests where scopes are fixed: is the object there by its soname, by a name that it was asked
 * for, by its path or by its file? Else it is searched for and mapped. An object may be looked at
 * before it is loaded, to tell what a first call would bind: it is a ghost until then, and keeps
 * its id when it comes to life.
 */
#include "scope-priv.h"

#include <string.h>

bool bs_choose(struct bs_process *process, enum bs_choice choice)
{
	process->consulted |= 1ull << choice;
	return process->policy->fixed.chosen[choice];
}

bs_map_id bs_fixed_loaded(struct bs_process *process, const struct bs_ctx *ctx, const char *request)
{
	const bs_ids *order = &process->ns[0].order;
	bs_name name = bs_name_of(ctx->names, request);

	bs_vec_each (i, order) {
		const struct bs_map *map = bs_map_of(process, order->v[i]);

		if (map->soname != name || !name)
			continue;
		if (bs_ids_have(&map->names, name) || bs_choose(process, BS_CHOICE_SAME_SONAME))
			return order->v[i];
	}
	bs_vec_each (i, order)
		if (bs_map_has_name(process, order->v[i], name))
			return order->v[i];
	return BS_NO_MAP;
}

static bool is_file_of(const struct bs_map *map, const struct bs_image *image)
{
	return map->image && map->image->dev == image->dev && map->image->ino == image->ino;
}

static bs_map_id loaded_by_file(struct bs_process *process, const struct bs_ctx *ctx,
				const struct bs_found *found, const char *request)
{
	const bs_ids *order = &process->ns[0].order;
	bs_name path = bs_name_of(ctx->names, found->path);

	bs_vec_each (i, order)
		if (bs_map_of(process, order->v[i])->name == path)
			return bs_map_known_by(process, ctx, order->v[i], request);
	bs_vec_each (i, order) {
		if (is_file_of(bs_map_of(process, order->v[i]), found->image) &&
		    bs_choose(process, BS_CHOICE_SAME_INODE))
			return bs_map_known_by(process, ctx, order->v[i], request);
	}
	return BS_NO_MAP;
}

/* What the search chooses by itself. */
static void note_tags(struct bs_process *process, const struct bs_image *image)
{
	const char *tags = image->rpath ? image->rpath : image->runpath;

	if (!image->rpath && image->runpath)
		(void)bs_choose(process, BS_CHOICE_IGNORE_RUNPATH);
	if (tags && strchr(tags, '$'))
		(void)bs_choose(process, BS_CHOICE_LITERAL_ORIGIN);
}

/* Whose path tags count: the executable's, and where that is turned on those of who asks. */
static bool search(struct bs_process *process, const struct bs_ctx *ctx, const struct bs_load *load,
		   bs_traces *traces, struct bs_found *ret)
{
	const struct bs_requester main = bs_requester_of(process, ctx, process->executable);
	struct bs_requester chain[2];
	struct bs_request request = {
		.name = load->name,
		.chain = chain,
		.main = &main,
		.preload = load->preload,
	};
	bool own = load->requester != BS_NO_MAP && load->requester != process->executable &&
		   !load->dlopened;
	const struct bs_image *asker = own ? bs_map_of(process, load->requester)->image : NULL;
	bool has_paths = asker && (asker->rpath || asker->runpath) && !strchr(load->name, '/');

	if (has_paths && bs_choose(process, BS_CHOICE_DSO_RPATH)) {
		chain[request.n_chain++] = bs_requester_of(process, ctx, load->requester);
		note_tags(process, asker);
	}
	chain[request.n_chain++] = main;
	note_tags(process, main.image);
	if (load->name[0] != '/' && strchr(load->name, '/'))
		(void)bs_choose(process, BS_CHOICE_SEARCH_RELATIVE);
	bool found = bs_search(process->search, ctx, &request, traces, ret);

	/* Another path would find another file, or one at all. */
	if ((!found || ret->how == BS_HOW_DEFAULT) && process->setup->system_path_is_assumed &&
	    !strchr(load->name, '/'))
		process->assumed |= 1ull << BS_CHOICE_LIBPATH;
	return found;
}

static bs_map_id ghost_of(const struct bs_process *process, const struct bs_image *image)
{
	bs_vec_each (id, &process->maps)
		if (bs_map_of(process, id)->is_ghost && is_file_of(bs_map_of(process, id), image))
			return id;
	return BS_NO_MAP;
}

/* It was looked at before: it comes to life with the id that it has. */
static bs_map_id revive(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load, bs_map_id id)
{
	struct bs_map *map = bs_map_at(process, id);

	map->is_ghost = false;
	map->born = process->step;
	map->asked_by = load->requester;
	map->loader = load->requester_loads ? load->requester : BS_NO_MAP;
	bs_vec_push(ctx->arena, &process->ns[0].order, id);
	bs_vec_push(ctx->arena, &process->revived, id);
	process->generation++;
	return bs_map_known_by(process, ctx, id, load->name);
}

static void note_how(struct bs_map *map, const struct bs_found *found)
{
	map->how = found->how;
	map->via =
		found->how == BS_HOW_RPATH || found->how == BS_HOW_RUNPATH ? found->via : BS_NO_MAP;
}

static bs_map_id add(struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_load *load, const struct bs_found *found)
{
	bs_map_id id = load->noshare ? BS_NO_MAP : ghost_of(process, found->image);

	if (id != BS_NO_MAP) {
		bs_store_release(process->store, found->image);
		id = revive(process, ctx, load, id);
	} else {
		id = bs_map_add(process, ctx, load, found->image, found->path);
		note_how(bs_map_at(process, id), found);
	}
	bs_vec_push(ctx->arena, &process->fresh, id);
	return id;
}

bs_map_id bs_fixed_load(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load, bs_traces *traces,
			struct bs_failure *ret_failure)
{
	struct bs_found found = { 0 };
	bs_map_id id = load->noshare ? BS_NO_MAP : bs_fixed_loaded(process, ctx, load->name);

	*ret_failure = (struct bs_failure){
		.kind = BS_FAILURE_LOADING,
		.needed_by = BS_NO_MAP,
	};
	if (id != BS_NO_MAP)
		return id;
	if (!search(process, ctx, load, traces, &found)) {
		ret_failure->subject = load->name;
		ret_failure->words = found.words;
		ret_failure->os_error = found.os_error;
		ret_failure->not_found = found.not_found;
		return BS_NO_MAP;
	}
	if (!load->noshare)
		id = loaded_by_file(process, ctx, &found, load->name);
	if (id == BS_NO_MAP && !load->noload)
		return add(process, ctx, load, &found);
	bs_store_release(process->store, found.image);
	return id;
}

bs_map_id bs_fixed_look(struct bs_process *process, const struct bs_ctx *ctx,
			const struct bs_load *load)
{
	struct bs_found found = { 0 };
	uint64_t assumed = process->assumed;
	bs_map_id id = bs_fixed_loaded(process, ctx, load->name);

	if (id == BS_NO_MAP && search(process, ctx, load, NULL, &found)) {
		id = loaded_by_file(process, ctx, &found, load->name);
		if (id == BS_NO_MAP)
			id = ghost_of(process, found.image);
		if (id != BS_NO_MAP) {
			bs_store_release(process->store, found.image);
		} else {
			id = bs_map_add(process, ctx, load, found.image, found.path);
			note_how(bs_map_at(process, id), &found);
			bs_map_at(process, id)->is_ghost = true;
			bs_map_at(process, id)->born = BS_NEVER;
			process->ns[0].order.n--;
		}
	}
	process->assumed = assumed;
	return id;
}
