/* SPDX-License-Identifier: MIT */
/*
 * Birth of maps and searchlists, and start-up: the executable, ld.so, the vdso, the preloads.
 * (glibc elf/dl-object.c:_dl_new_object, elf/rtld.c:dl_main)
 */
#include "scope-priv.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

bs_list_id bs_global_list(const struct bs_process *process, uint32_t ns)
{
	const bs_ids *order = &process->ns[ns].order;

	return order->n ? bs_map_of(process, order->v[0])->searchlist : BS_NO_LIST;
}

bs_list_id bs_list_new(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id owner)
{
	bs_vec_push(ctx->arena, &process->lists, (struct bs_searchlist){ .owner = owner });
	return process->lists.n - 1;
}

/* The index makes `where in this list is that map` one load: lookups ask it for every candidate. */
static void index_list(struct bs_process *process, const struct bs_ctx *ctx,
		       struct bs_searchlist *list)
{
	uint32_t need = 0;

	bs_vec_each (i, &list->maps)
		if (list->maps.v[i] >= need)
			need = list->maps.v[i] + 1;
	if (need > list->n_place) {
		list->n_place = need + need / 4;
		list->place = bs_new(ctx->arena, uint32_t, list->n_place);
		list->foremost = bs_new(ctx->arena, uint32_t, list->n_place);
	} else if (list->n_place) {
		memset(list->place, 0, list->n_place * sizeof *list->place);
	}
	for (uint32_t i = list->maps.n; i-- > 0;)
		list->place[list->maps.v[i]] = i + 1;
	uint32_t least = UINT32_MAX;

	for (uint32_t id = list->n_place; id-- > 0; list->foremost[id] = least)
		if (list->place[id] && list->place[id] - 1 < least)
			least = list->place[id] - 1;
	process->generation++;
}

void bs_list_set(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list, bs_ids maps)
{
	process->lists.v[list].cuts += process->lists.v[list].maps.n > 0;
	process->lists.v[list].maps = maps;
	index_list(process, ctx, &process->lists.v[list]);
}

void bs_list_append(struct bs_process *process, const struct bs_ctx *ctx, bs_list_id list,
		    bs_map_id map)
{
	struct bs_searchlist *l = &process->lists.v[list];

	bs_vec_push(ctx->arena, &l->maps, map);
	if (map < l->n_place && !l->place[map]) {
		l->place[map] = l->maps.n;
		/* Whoever was there before has a smaller index. */
		for (bs_map_id id = map + 1; id-- > 0 && l->foremost[id] == UINT32_MAX;)
			l->foremost[id] = l->maps.n - 1;
		process->generation++;
		return;
	}
	index_list(process, ctx, l);
}

/*
 * The scope of a new map: global and local list, in this order or, under RTLD_DEEPBIND, the other
 * way round; the map itself first under DT_SYMBOLIC. The local list is that of the end of the
 * loader chain, which may still be empty: scopes hold lists, not copies.
 */
static void give_scope(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		       bool deepbind)
{
	struct bs_map *map = bs_map_at(process, id);
	bs_list_id global = bs_global_list(process, map->ns);
	bs_map_id top = id;

	if (process->policy->chain) {
		bs_vec_push(ctx->arena, &map->scope,
			    bs_map_of(process, process->executable)->searchlist);
		return;
	}
	if (process->policy->fixed.used)
		return;
	while (bs_map_of(process, top)->loader != BS_NO_MAP)
		top = bs_map_of(process, top)->loader;
	bs_list_id local = bs_map_of(process, top)->searchlist;
	bool has_global = global != BS_NO_LIST && global != map->searchlist;

	deepbind = deepbind && process->policy->deepbind;
	if (process->policy->symbolic && map->image && map->image->symbolic && !deepbind &&
	    map->kind != BS_MAP_EXECUTABLE && (has_global || local != map->searchlist)) {
		bs_list_id self = bs_list_new(process, ctx, id);

		bs_list_append(process, ctx, self, id);
		bs_vec_push(ctx->arena, &map->scope, self);
	}
	if (!has_global || local == global) {
		bs_vec_push(ctx->arena, &map->scope, local);
		return;
	}
	bs_vec_push(ctx->arena, &map->scope, deepbind ? local : global);
	bs_vec_push(ctx->arena, &map->scope, deepbind ? global : local);
}

/* Of a path as it was opened; "." when it has no slash. (musl ldso/dynlink.c:fixup_rpath) */
static const char *directory_of(const struct bs_ctx *ctx, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? bs_arena_strndup(ctx->arena, path, (size_t)(slash - path)) : ".";
}

/* Notes that NAME may lead to ID. */
static void note_name(struct bs_process *process, const struct bs_ctx *ctx, bs_name name,
		      bs_map_id id)
{
	while (process->by_name.n <= name)
		bs_vec_push(ctx->arena, &process->by_name, (bs_ids){ 0 });
	bs_ids *maps = &process->by_name.v[name];

	/* That one is noted twice does no harm. */
	if (name && !(maps->n && maps->v[maps->n - 1] == id))
		bs_vec_push(ctx->arena, maps, id);
}

/* From here on NAME is one of the names of map ID. */
static void add_name(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
		     bs_name name)
{
	bs_vec_push(ctx->arena, &bs_map_at(process, id)->names, name);
	note_name(process, ctx, name, id);
}

bs_map_id bs_map_add(struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_load *load, const struct bs_image *image, const char *name)
{
	bs_map_id id = process->maps.n;
	bs_list_id list = bs_list_new(process, ctx, id);
	bool nodelete = image && image->flags_1 & DF_1_NODELETE;
	bool at_once = process->policy->nodelete_at_once;

	bs_vec_push(ctx->arena, &process->maps,
		    (struct bs_map){
			    .image = image,
			    .name = bs_name_of(ctx->names, name),
			    .soname = bs_name_of(ctx->names, image ? image->soname : NULL),
			    .kind = load->kind,
			    .ns = load->ns,
			    .loader = load->requester_loads ? load->requester : BS_NO_MAP,
			    .real = id,
			    .searchlist = list,
			    .has_file_id = true,
			    .nodelete_pending = nodelete && !at_once,
			    .nodelete_active = nodelete && at_once,
			    .born = process->step,
			    .died = BS_NEVER,
			    .via = BS_NO_MAP,
			    .asked_by = load->requester,
		    });
	struct bs_map *map = bs_map_at(process, id);

	add_name(process, ctx, id, bs_name_of(ctx->names, load->name));
	note_name(process, ctx, map->name, id);
	note_name(process, ctx, map->soname, id);
	if (*name)
		map->origin = process->policy->chain ? directory_of(ctx, name)
						     : bs_origin_of(process->fs, ctx, name);
	give_scope(process, ctx, id, load->deepbind);

	struct bs_namespace *ns = &process->ns[load->ns];

	if (!ns->used) {
		ns->used = true;
		ns->libc = BS_NO_MAP;
	}
	bs_vec_push(ctx->arena, &ns->order, id);
	if (ns->libc == BS_NO_MAP && image && image->soname && process->policy->libc_soname &&
	    strcmp(image->soname, process->policy->libc_soname) == 0)
		ns->libc = id;
	process->generation++;
	return id;
}

bool bs_map_has_name(const struct bs_process *process, bs_map_id id, bs_name name)
{
	const struct bs_map *map = bs_map_of(process, id);

	return map->name == name || bs_ids_have(&map->names, name);
}

bs_map_id bs_map_known_by(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id id,
			  const char *request)
{
	bs_name name = bs_name_of(ctx->names, request);

	if (!bs_ids_have(&bs_map_of(process, id)->names, name))
		add_name(process, ctx, id, name);
	return id;
}

static bool answers_to(const struct bs_process *process, bs_map_id id, bs_name name, bool sonames)
{
	const struct bs_map *map = bs_map_of(process, id);

	return !map->removed && (bs_map_has_name(process, id, name) ||
				 (sonames && !map->soname_added && map->soname == name));
}

bs_map_id bs_map_by_name(const struct bs_process *process, uint32_t ns, bs_name name, bool sonames)
{
	const bs_ids *order = &process->ns[ns].order;
	bs_map_id found = BS_NO_MAP;
	uint32_t n = 0;

	if (name >= process->by_name.n)
		return BS_NO_MAP;
	const bs_ids *maps = &process->by_name.v[name];

	/* Filters can have maps lost without end: those that are left are fewer then. */
	for (uint32_t i = 0; i < maps->n && maps->n <= order->n; i++) {
		bs_map_id id = maps->v[i];

		if (bs_map_of(process, id)->ns != ns || !answers_to(process, id, name, sonames) ||
		    !bs_ids_have(order, id))
			continue;
		found = id;
		n++;
	}
	if (n <= 1 && maps->n <= order->n)
		return found;
	bs_vec_each (i, order)
		if (answers_to(process, order->v[i], name, sonames))
			return order->v[i];
	return BS_NO_MAP;
}

/* ---- start-up ------------------------------------------------------------------------------ */

bs_map_id bs_map_add_special(struct bs_process *process, const struct bs_ctx *ctx,
			     const struct bs_image *image, const char *name, enum bs_map_role role)
{
	const struct bs_load load = {
		.name = name,
		.requester = BS_NO_MAP,
		.kind = BS_MAP_STARTUP,
	};
	bs_map_id id = bs_map_add(process, ctx, &load, image, name);
	struct bs_map *map = bs_map_at(process, id);

	map->role = role;
	map->has_file_id = false;
	if (image && image->soname && strcmp(image->soname, name) != 0)
		add_name(process, ctx, id, bs_name_of(ctx->names, image->soname));
	return id;
}

static void remove_id(bs_ids *ids, uint32_t id)
{
	uint32_t kept = 0;

	bs_vec_each (i, ids)
		if (ids->v[i] != id)
			ids->v[kept++] = ids->v[i];
	ids->n = kept;
}

static uint32_t index_of(const bs_ids *ids, uint32_t id)
{
	for (uint32_t i = 0; i < ids->n; i++)
		if (ids->v[i] == id)
			return i;
	return UINT32_MAX;
}

static void insert_id(struct bs_arena *arena, bs_ids *ids, uint32_t at, uint32_t id)
{
	bs_vec_push(arena, ids, id);
	memmove(&ids->v[at + 1], &ids->v[at], (ids->n - 1 - at) * sizeof *ids->v);
	ids->v[at] = id;
}

/*
 * ld.so was in the list from the start so that its names match. It stays where something needs it,
 * behind its predecessor in the searchlist; later loaders keep it at the end otherwise. (glibc
 * elf/rtld.c:dl_main, "Remove _dl_rtld_map from the chain")
 */
static void place_loader(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id vdso)
{
	bs_ids *order = &process->ns[0].order;
	const bs_ids *searched =
		&process->lists.v[bs_map_of(process, process->executable)->searchlist].maps;

	if (process->loader == BS_NO_MAP)
		return;
	remove_id(order, process->loader);
	uint32_t at = index_of(searched, process->loader);

	if (at == UINT32_MAX && process->policy->loader_stays_mapped)
		at = searched->n;
	if (at == UINT32_MAX)
		return;
	uint32_t behind = index_of(order, searched->v[at - 1]);

	/* A trace puts it in front of the vdso. */
	if (!process->trace && vdso != BS_NO_MAP && behind + 1 < order->n &&
	    order->v[behind + 1] == vdso)
		behind++;
	insert_id(ctx->arena, order, behind + 1, process->loader);
}

static void load_preloads(struct bs_process *process, const struct bs_ctx *ctx,
			  const struct bs_start *start, bs_traces *traces, bs_ids *preloads)
{
	for (uint32_t i = 0; start->preloads && start->preloads[i]; i++) {
		const struct bs_load load = {
			.name = start->preloads[i],
			.requester = process->executable,
			.requester_loads = true,
			.kind = BS_MAP_STARTUP,
			.preload = true,
		};
		struct bs_failure failure = { 0 };
		uint32_t before = process->maps.n;
		bs_map_id id = bs_map_load(process, ctx, &load, traces, &failure);

		if (id == BS_NO_MAP)
			start->preload_failed(start->data, i, &failure);
		else if (id >= before)
			bs_vec_push(ctx->arena, preloads, id);
		if (id != BS_NO_MAP)
			bs_map_at(process, id)->preloaded = true;
	}
}

bool bs_process_start(struct bs_process *process, const struct bs_ctx *ctx,
		      const struct bs_start *start, bs_traces *traces,
		      struct bs_failure *ret_failure)
{
	const struct bs_load load = {
		.name = "",
		.requester = BS_NO_MAP,
		.kind = BS_MAP_EXECUTABLE,
	};
	bs_map_id vdso = BS_NO_MAP;
	bs_ids preloads = { 0 };

	process->executable = bs_map_add(process, ctx, &load, start->executable, "");
	struct bs_map *executable = bs_map_at(process, process->executable);

	executable->has_file_id = false;
	executable->opencount = 1;
	executable->origin = start->origin;
	process->exec_stack = bs_wants_exec_stack(start->executable);
	process->loader = BS_NO_MAP;
	process->initfirst = BS_NO_MAP;
	if (process->policy->fixed.used) {
		process->search =
			bs_search_begin(ctx, process->fs, process->store, process->setup, NULL);
		return bs_fixed_start(process, ctx, start, traces, ret_failure);
	}
	if (process->policy->chain) {
		process->search =
			bs_search_begin(ctx, process->fs, process->store, process->setup, NULL);
		bs_chain_start(process, ctx, start, traces);
		return true;
	}
	uint32_t odd_flags = bs_odd_flags(process->policy, start->executable);

	if (odd_flags)
		bs_load_note_add(process, ctx, &load, traces, BS_LOAD_ODD_FLAGS, BS_NO_MAP,
				 odd_flags);
	if (start->interp)
		process->loader = bs_map_add_special(process, ctx, start->interp,
						     start->interp_name, BS_ROLE_LOADER);
	if (start->vdso_soname)
		vdso = bs_map_add_special(process, ctx, NULL, start->vdso_soname, BS_ROLE_VDSO);
	for (bs_map_id id = 1; id < process->maps.n; id++) {
		struct bs_map *map = bs_map_at(process, id);

		map->relocated = true;
		if (map->role == BS_ROLE_VDSO) { /* sees itself and nothing else */
			map->scope.n = 0;
			bs_vec_push(ctx->arena, &map->scope, map->searchlist);
			bs_list_append(process, ctx, map->searchlist, id);
			map->is_root = true;
		}
		if (map->role == BS_ROLE_LOADER)
			map->scope.n = 0;
	}

	const struct bs_requester main = bs_requester_of(process, ctx, process->executable);

	process->search = bs_search_begin(ctx, process->fs, process->store, process->setup, &main);
	load_preloads(process, ctx, start, traces, &preloads);
	if (start->no_preload_file)
		bs_search_set_error(process->search, ENOENT);
	if (!bs_map_deps(process, ctx, process->executable, &preloads, false, false, traces,
			 ret_failure))
		return false;

	const bs_ids *searched =
		&process->lists.v[bs_map_of(process, process->executable)->searchlist].maps;

	bs_vec_each (i, searched)
		bs_map_at(process, searched->v[i])->global = true;
	place_loader(process, ctx, vdso);
	for (bs_map_id id = 0; id < process->maps.n; id++)
		bs_map_at(process, id)->addressed = true;
	bs_tls_begin(process);
	return true;
}
