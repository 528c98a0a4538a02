/* SPDX-License-Identifier: MIT */
/* The order of a search and the worth of a file on the way (glibc elf/dl-load.c:_dl_map_object). */
#include "search-priv.h"

#include <elf.h>
#include <errno.h>
#include <unistd.h>

void bs_walk_trace(struct bs_walk *walk, const struct bs_trace *trace)
{
	if (walk->traces)
		bs_vec_push(walk->ctx->arena, walk->traces, *trace);
}

static const char *keep(const struct bs_walk *walk, const char *text)
{
	return bs_arena_strndup(walk->ctx->arena, text, strlen(text));
}

/* Only set-user-ID files are preloaded into a set-user-ID program (elf/dl-load.c:open_path). */
static bool is_too_weak(const struct bs_walk *walk, const struct bs_image *image, enum bs_how how)
{
	return walk->request->preload && walk->state->setup->secure && how != BS_HOW_PATH &&
	       !(image->mode & S_ISUID);
}

/* The error is what open_verify leaves in errno: 0 after an open, ENOENT after a foreign file. */
static enum bs_outcome judge_file(struct bs_walk *walk, const struct bs_image *image,
				  const char *path, struct bs_trace *trace)
{
	struct bs_search_state *state = walk->state;
	const struct bs_search_setup *setup = state->setup;
	const char *words = NULL;
	int error = 0;

	trace->verdict = setup->policy->judge(image, &setup->target, &words, &error);
	if (trace->verdict == BS_TAKE && is_too_weak(walk, image, trace->how))
		trace->verdict = BS_SKIP_NO_SETUID;
	switch (trace->verdict) {
	case BS_TAKE:
		state->error = 0;
		walk->found->image = image;
		walk->found->path = trace->text ? trace->text : keep(walk, path);
		walk->found->how = trace->how;
		return BS_TAKEN;
	case BS_SKIP_OTHER_CLASS:
		walk->met_other_class = true;
		break;
	case BS_SKIP:
	case BS_SKIP_NO_SETUID:
		break;
	case BS_REFUSE:
		bs_store_release(state->store, image);
		state->error = error;
		trace->words = walk->found->words = words;
		walk->found->subject = trace->text ? trace->text : keep(walk, path);
		walk->found->os_error = error;
		return BS_REFUSED;
	}
	bs_store_release(state->store, image);
	state->error = ENOENT;
	return BS_NOT_HERE;
}

enum bs_outcome bs_try_file(struct bs_walk *walk, const char *path, enum bs_how how)
{
	struct bs_search_state *state = walk->state;
	struct bs_trace trace = {
		.kind = BS_TRACE_TRY,
		.how = how,
		.verdict = BS_SKIP,
		.where = walk->directory,
	};
	enum bs_outcome outcome = BS_NOT_HERE;
	int error;
	const struct bs_image *image =
		bs_paths_open(state->fs, walk->ctx, state->store, path, &error);

	state->error = trace.os_error = error;
	if (walk->traces)
		trace.text = keep(walk, path);
	if (image)
		outcome = judge_file(walk, image, path, &trace);
	bs_walk_trace(walk, &trace);
	return outcome;
}

/* ---- the places, in the loader's order ------------------------------------------------------ */

static const struct bs_requester *asker(const struct bs_walk *walk)
{
	return walk->request->n_chain ? &walk->request->chain[0] : NULL;
}

static bool is_main(const struct bs_walk *walk, const struct bs_requester *map)
{
	return walk->request->main && walk->request->main->map == map->map;
}

static enum bs_outcome search_list_of(struct bs_walk *walk, const struct bs_requester *map,
				      struct bs_list *list, enum bs_how how)
{
	enum bs_outcome outcome = list ? bs_list_walk(walk, list, how) : BS_NOT_HERE;

	if (outcome == BS_TAKEN)
		walk->found->via = map->map;
	return outcome;
}

static enum bs_outcome search_rpath(struct bs_walk *walk, const struct bs_requester *map)
{
	struct bs_list *list = bs_list_rpath(walk->state, walk->ctx, map, is_main(walk, map));

	return search_list_of(walk, map, list, BS_HOW_RPATH);
}

/*
 * DT_RPATH of whoever asked, of whoever asked for that one, and so on, at last the executable's.
 * DT_RUNPATH of the first of them switches all of this off; further up it only means that the
 * object has no DT_RPATH.
 */
static enum bs_outcome search_rpaths(struct bs_walk *walk)
{
	const struct bs_request *request = walk->request;
	enum bs_outcome outcome = BS_NOT_HERE;
	bool did_main = false;

	if (asker(walk) && asker(walk)->image->runpath)
		return BS_NOT_HERE;
	for (uint32_t i = 0; i < request->n_chain; i++) {
		outcome = search_rpath(walk, &request->chain[i]);
		if (outcome != BS_NOT_HERE)
			return outcome;
		did_main |= is_main(walk, &request->chain[i]);
	}
	if (did_main || !request->main || request->main_is_loaded_by_dlopen)
		return BS_NOT_HERE;
	return search_rpath(walk, request->main);
}

static enum bs_outcome search_library_path(struct bs_walk *walk)
{
	struct bs_list *list = &walk->state->library_path;

	return list->status == BS_LIST_READY ? bs_list_walk(walk, list, BS_HOW_LIBRARY_PATH)
					     : BS_NOT_HERE;
}

static enum bs_outcome search_runpath(struct bs_walk *walk)
{
	const struct bs_requester *map = asker(walk);

	if (!map)
		return BS_NOT_HERE;
	struct bs_list *list = bs_list_runpath(walk->state, walk->ctx, map, is_main(walk, map));

	return search_list_of(walk, map, list, BS_HOW_RUNPATH);
}

static bool forbids_defaults(const struct bs_requester *map)
{
	return map && (map->image->flags_1 & DF_1_NODEFLIB);
}

static enum bs_outcome search_cache(struct bs_walk *walk)
{
	struct bs_search_state *state = walk->state;
	const struct bs_search_setup *setup = state->setup;
	const struct bs_requester *map = asker(walk) ? asker(walk) : walk->request->main;
	const char *path;

	if (!setup->cache_path || setup->inhibit_cache || (walk->request->preload && setup->secure))
		return BS_NOT_HERE;
	bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_CACHE,
						.how = BS_HOW_CACHE,
						.text = setup->cache_path });
	if (!state->cache_was_read) {
		state->cache = bs_cache_read(walk->ctx, state->fs, state->store, setup,
					     state->hwcaps, &state->cache_error);
		state->cache_was_read = true;
		state->error = state->cache_error ? state->cache_error : state->error;
	} else if (setup->policy->checks_cache_again && state->cache_error) {
		state->error = state->cache_error;
	}
	path = state->cache ? bs_cache_lookup(state->cache, setup, walk->request->name) : NULL;
	if (!path)
		return BS_NOT_HERE;
	if (forbids_defaults(map) && bs_is_in_system_dir(setup, path)) {
		bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_CACHE_DROPPED,
							.how = BS_HOW_CACHE,
							.text = keep(walk, path) });
		return BS_NOT_HERE;
	}
	return bs_try_file(walk, path, BS_HOW_CACHE);
}

static enum bs_outcome search_default_dirs(struct bs_walk *walk)
{
	struct bs_list *list = &walk->state->system_dirs;

	if (list->status != BS_LIST_READY ||
	    forbids_defaults(asker(walk) ? asker(walk) : walk->request->nodeflib))
		return BS_NOT_HERE;
	return bs_list_walk(walk, list, BS_HOW_DEFAULT);
}

static enum bs_outcome search_places(struct bs_walk *walk)
{
	static enum bs_outcome (*const places[])(struct bs_walk *) = {
		search_rpaths, search_library_path, search_runpath,
		search_cache,  search_default_dirs,
	};
	const struct bs_request *request = walk->request;
	enum bs_outcome outcome = BS_NOT_HERE;

	bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_FIND,
						.ns = request->ns,
						.text = request->name });
	for (size_t i = 0; i < sizeof places / sizeof *places && outcome == BS_NOT_HERE; i++)
		outcome = places[i](walk);
	/* A refusal leaves the loader without the empty line. */
	if (outcome != BS_REFUSED)
		bs_walk_trace(walk, &(struct bs_trace){ .kind = BS_TRACE_END });
	return outcome;
}

static enum bs_outcome open_as_path(struct bs_walk *walk)
{
	const struct bs_requester *map = asker(walk);
	const char *path = walk->request->name;

	if (map)
		path = bs_expand(walk->state->setup, walk->ctx, path, map->origin,
				 is_main(walk, map));
	return bs_try_file(walk, path, BS_HOW_PATH);
}

bool bs_search(struct bs_search_state *state, const struct bs_ctx *ctx,
	       const struct bs_request *request, bs_traces *traces, struct bs_found *ret)
{
	struct bs_walk walk = {
		.state = state, .ctx = ctx, .request = request, .traces = traces, .found = ret
	};
	enum bs_outcome outcome;

	*ret = (struct bs_found){ 0 };
	if (state->setup->policy->first_that_opens)
		return bs_search_plainly(&walk) == BS_TAKEN;
	outcome = strchr(request->name, '/') ? open_as_path(&walk) : search_places(&walk);
	if (outcome != BS_NOT_HERE)
		return outcome == BS_TAKEN;
	ret->subject = request->name;
	ret->not_found = true;
	if (walk.met_other_class) {
		ret->words = state->setup->target.machine->elf_class == ELFCLASS32
				     ? "wrong ELF class: ELFCLASS64"
				     : "wrong ELF class: ELFCLASS32";
	} else {
		ret->words = state->setup->policy->not_found;
		ret->os_error = state->error;
	}
	return false;
}

/* ---- the state ------------------------------------------------------------------------------ */

struct bs_search_state *bs_search_begin(const struct bs_ctx *ctx, struct bs_fs *fs,
					struct bs_store *store, const struct bs_search_setup *setup,
					const struct bs_requester *main)
{
	struct bs_search_state *state = bs_new(ctx->arena, struct bs_search_state, 1);

	state->fs = fs;
	state->store = store;
	state->setup = setup;
	bs_paths_begin(fs, ctx, store);
	if (setup->policy->first_that_opens)
		return state;
	state->hwcaps = bs_hwcaps_new(ctx, setup);
	bs_lists_begin(state, ctx, main);
	return state;
}

#define COPY_VEC(arena, to, from)                                                                  \
	do {                                                                                       \
		*(to) = (__typeof__(*(to))){ 0 };                                                  \
		if ((from)->n) {                                                                   \
			bs_vec_reserve((arena), (to), (from)->n);                                  \
			memcpy((to)->v, (from)->v, (from)->n * sizeof *(to)->v);                   \
			(to)->n = (from)->n;                                                       \
		}                                                                                  \
	} while (0)

struct bs_search_state *bs_search_fork(const struct bs_search_state *state,
				       const struct bs_ctx *ctx)
{
	struct bs_search_state *copy = bs_new(ctx->arena, struct bs_search_state, 1);

	*copy = *state;
	COPY_VEC(ctx->arena, &copy->dirs, &state->dirs);
	COPY_VEC(ctx->arena, &copy->status, &state->status);
	COPY_VEC(ctx->arena, &copy->members, &state->members);
	COPY_VEC(ctx->arena, &copy->maps, &state->maps);
	memset(&copy->path, 0, sizeof copy->path);
	return copy;
}

int bs_search_error(const struct bs_search_state *state)
{
	return state->error;
}

void bs_search_set_error(struct bs_search_state *state, int error)
{
	state->error = error;
}
