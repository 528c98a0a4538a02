/* SPDX-License-Identifier: MIT */
/*
 * All that an object needs, breadth-first, and the order that comes of it.
 * (glibc elf/dl-deps.c:_dl_map_object_deps)
 *
 * The list under construction is linked by index. Filtees are put in front of the object that
 * names them by copying: the filtee takes over the object's node and the object moves to a new one
 * behind it, so that whoever points at the node now finds the filtee first.
 */
#include "scope-priv.h"

#include <elf.h>
#include <string.h>

#define END UINT32_MAX

struct node {
	bs_map_id map;
	uint32_t next;
	bool done;
};

struct walk {
	struct bs_process *process;
	const struct bs_ctx *ctx;
	bs_traces *traces;
	BS_VEC(struct node) nodes;
	uint32_t tail;
	bs_map_id root;
	bool by_dlopen, deepbind;
	uint32_t moves;	 /* of maps that were in the list already: bounds a walk that a loader never
			    ends */
	uint8_t *listed; /* by map id */
	uint32_t n_listed;
};

/*
 * Two filters that name each other move one another to the front for ever; the loader runs out of
 * stack. No honest file comes near this many moves.
 */
enum { TOO_MANY_MOVES = 1 << 16 };

static bool is_listed(const struct walk *w, bs_map_id map)
{
	return map < w->n_listed && w->listed[map];
}

static void mark_listed(struct walk *w, bs_map_id map)
{
	if (map >= w->n_listed) {
		uint32_t n = w->process->maps.n * 2 + 16;
		uint8_t *larger = bs_new(w->ctx->arena, uint8_t, n);

		if (w->n_listed)
			memcpy(larger, w->listed, w->n_listed);
		w->listed = larger;
		w->n_listed = n;
	}
	w->listed[map] = 1;
}

static void append(struct walk *w, bs_map_id map)
{
	uint32_t at = w->nodes.n;

	bs_vec_push(w->ctx->arena, &w->nodes, (struct node){ .map = map, .next = END });
	if (at)
		w->nodes.v[w->tail].next = at;
	w->tail = at;
	mark_listed(w, map);
}

/*
 * In link-map order, MAP goes to the place just before BEFORE. What comes before the head of the
 * list is lost to everyone who walks it from the head, which is everyone.
 */
static void move_in_order(struct walk *w, bs_map_id map, bs_map_id before)
{
	bs_ids *order = &w->process->ns[bs_map_of(w->process, map)->ns].order;
	uint32_t kept = 0;
	bool is_head = order->n && order->v[0] == before;

	bs_vec_each (i, order)
		if (order->v[i] != map)
			order->v[kept++] = order->v[i];
	order->n = kept;
	if (is_head) {
		w->process->ns[bs_map_of(w->process, map)->ns].damaged = true;
		return;
	}
	bs_vec_push(w->ctx->arena, order, map);
	for (uint32_t i = 0; i < kept; i++)
		if (order->v[i] == before) {
			memmove(&order->v[i + 1], &order->v[i], (kept - i) * sizeof *order->v);
			order->v[i] = map;
			return;
		}
	order->v[kept] = map;
}

/*
 * Puts the filtee in front of the object at node AT. Returns the node where the object is now: AT
 * itself when the filtee stands somewhere before it already.
 */
static uint32_t put_filtee(struct walk *w, uint32_t at, bs_map_id filtee)
{
	uint32_t behind = w->nodes.n;
	bs_map_id object = w->nodes.v[at].map;

	if (is_listed(w, filtee)) {
		uint32_t late = at;

		while (w->nodes.v[late].next != END &&
		       w->nodes.v[w->nodes.v[late].next].map != filtee)
			late = w->nodes.v[late].next;
		uint32_t found = w->nodes.v[late].next;

		if (found == END)
			return at;
		w->moves++;
		if (w->tail == found)
			w->tail = late;
		w->nodes.v[late].next = w->nodes.v[found].next;
	}
	bs_vec_push(w->ctx->arena, &w->nodes, w->nodes.v[at]);
	w->nodes.v[at] = (struct node){ .map = filtee, .next = behind };
	move_in_order(w, filtee, object);
	mark_listed(w, filtee);
	if (w->tail == at)
		w->tail = behind;
	return behind;
}

static bs_map_id load_for(struct walk *w, bs_map_id requester, const char *name,
			  struct bs_failure *ret_failure)
{
	const struct bs_map *by = bs_map_of(w->process, requester);
	const struct bs_load load = {
		.name = name,
		.requester = requester,
		.requester_loads = true,
		.kind = by->kind == BS_MAP_EXECUTABLE ? BS_MAP_STARTUP : by->kind,
		.ns = by->ns,
		.by_dlopen = w->by_dlopen,
		.deepbind = w->deepbind,
	};
	bs_map_id id = bs_map_load(w->process, w->ctx, &load, w->traces, ret_failure);

	if (id == BS_NO_MAP && ret_failure->words)
		ret_failure->needed_by = requester;
	return id;
}

/*
 * The request in dynamic entry D, tokens replaced. NULL when the entry is passed over. The loader's
 * flag for "this is fatal" is inverted: it is DT_AUXILIARY that fails when a token cannot be
 * replaced, and DT_NEEDED and DT_FILTER are skipped.
 */
static const char *request_of(struct walk *w, const struct bs_map *map, const struct bs_dyn *d,
			      struct bs_failure *ret_failure)
{
	const char *raw = bs_image_string(map->image, d->value);

	if (!bs_has_tokens(w->process->setup, raw))
		return raw;
	if (w->process->setup->secure) {
		ret_failure->subject = raw;
		ret_failure->words = "DST not allowed in SUID/SGID programs";
		return NULL;
	}
	const char *name = bs_expand(w->process->setup, w->ctx, raw, map->origin,
				     map->kind == BS_MAP_EXECUTABLE);

	if (*name)
		return name;
	if (d->tag == DT_AUXILIARY) {
		ret_failure->subject = raw;
		ret_failure->words = "empty dynamic string token substitution";
	}
	return NULL;
}

/* The loader puts a stand-in into its list that takes part in nothing. (glibc
 * elf/dl-load.c:_dl_map_object, l_faked) */
static void go_without(struct walk *w, const char *name, bool optional,
		       const struct bs_failure *failure)
{
	bs_vec_push(w->ctx->arena, &w->process->missing,
		    (struct bs_missing){
			    .name = name,
			    .before = w->process->maps.n,
			    .optional = optional,
			    .n_traces = w->traces ? w->traces->n : 0,
			    .failure = *failure,
		    });
}

/* Loads what the map at node AT names in its dynamic section. False: a request failed for good. */
static bool visit(struct walk *w, uint32_t at, struct bs_failure *ret_failure)
{
	bs_map_id id = w->nodes.v[at].map;
	const struct bs_image *image = bs_map_of(w->process, id)->image;
	const struct bs_map *map = bs_map_of(w->process, id);
	/* Who has no needs recorded yet gets them now; the root gets its sorted closure instead. */
	bool record = !map->is_root && !map->has_initfini && id != w->root;
	bs_ids needs = { 0 };
	uint32_t object_at = at;

	if (!image || map->real != id)
		return true;
	for (uint32_t i = 0; i < image->n_dynamic; i++) {
		const struct bs_dyn *d = &image->dynamic[i];
		bool filter = d->tag == DT_AUXILIARY || d->tag == DT_FILTER;

		if (d->tag != DT_NEEDED && !filter)
			continue;
		const char *name = request_of(w, bs_map_of(w->process, id), d, ret_failure);

		if (!name) {
			if (ret_failure->words)
				return false;
			continue;
		}
		if (filter && w->traces)
			bs_vec_push(
				w->ctx->arena, w->traces,
				(struct bs_trace){
					.kind = BS_TRACE_AUXILIARY,
					.text = name,
					.where = bs_text(w->ctx, bs_map_of(w->process, id)->name),
				});
		bs_map_id dep = load_for(w, id, name, ret_failure);

		if (dep == BS_NO_MAP) {
			bool optional = d->tag == DT_AUXILIARY;

			if (w->process->trace && !w->by_dlopen && ret_failure->not_found)
				go_without(w, name, optional, ret_failure);
			else if (!optional)
				return false;
			*ret_failure = (struct bs_failure){ .needed_by = BS_NO_MAP };
			continue;
		}
		if (record)
			bs_vec_push(w->ctx->arena, &needs, dep);
		if (filter)
			object_at = put_filtee(w, object_at, dep);
		else if (!is_listed(w, dep))
			append(w, dep);
		if (w->moves > TOO_MANY_MOVES) {
			ret_failure->subject = bs_text(w->ctx, bs_map_of(w->process, id)->name);
			ret_failure->words = "filters that name each other, without end";
			ret_failure->crash = true;
			return false;
		}
	}
	if (record && image->n_dynamic) {
		struct bs_map *m = bs_map_at(w->process, id);

		bs_vec_push(w->ctx->arena, &m->initfini, id);
		bs_vec_each (i, &needs)
			bs_vec_push(w->ctx->arena, &m->initfini, needs.v[i]);
		m->has_initfini = true;
	}
	return true;
}

/* Relocation dependencies that the closure covers now need no place of their own. */
static void drop_covered_reldeps(struct walk *w, const bs_ids *closure)
{
	struct bs_map *root = bs_map_at(w->process, w->root);
	uint32_t kept = 0;

	bs_vec_each (i, &root->reldeps)
		if (root->reldeps.v[i] == w->root || !bs_ids_have(closure, root->reldeps.v[i]))
			root->reldeps.v[kept++] = root->reldeps.v[i];
	root->reldeps.n = kept;
}

bool bs_map_deps(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id root,
		 const bs_ids *preloads, bool by_dlopen, bool deepbind, bs_traces *traces,
		 struct bs_failure *ret_failure)
{
	struct walk w = {
		.process = process,
		.ctx = ctx,
		.traces = traces,
		.root = root,
		.by_dlopen = by_dlopen,
		.deepbind = deepbind,
	};
	bool ok = true;
	int error_before = bs_search_error(process->search);

	*ret_failure = (struct bs_failure){ .needed_by = BS_NO_MAP };
	/* Messages end with the errno of the last failure, which the loader starts anew for this
	 * walk. */
	bs_search_set_error(process->search, 0);
	append(&w, root);
	if (preloads)
		bs_vec_each (i, preloads)
			append(&w, preloads->v[i]);
	for (uint32_t at = 0; at != END && ok;) {
		w.nodes.v[at].done = true;
		ok = visit(&w, at, ret_failure);
		while (at != END && w.nodes.v[at].done)
			at = w.nodes.v[at].next;
	}

	if (!bs_search_error(process->search))
		bs_search_set_error(process->search, error_before);
	/* The loader keeps the list it has so far when a request failed, too. */
	bs_ids closure = { 0 }, sorted = { 0 };

	for (uint32_t at = 0; at != END; at = w.nodes.v[at].next)
		bs_vec_push(ctx->arena, &closure, w.nodes.v[at].map);
	bs_list_set(process, ctx, bs_map_of(process, root)->searchlist,
		    bs_ids_copy(ctx->arena, &closure));
	drop_covered_reldeps(&w, &closure);
	bs_vec_push(ctx->arena, &sorted, root);
	bs_vec_each (i, &closure)
		if (closure.v[i] != root)
			bs_vec_push(ctx->arena, &sorted, closure.v[i]);
	bs_sort_maps(process, ctx, &sorted, true,
		     process->policy->sort_moves_libc &&
			     process->ns[bs_map_of(process, root)->ns].libc == root,
		     false);

	struct bs_map *map = bs_map_at(process, root);

	if (ok && process->policy->root_filters_crash && closure.v[0] != root) {
		ret_failure->words = "an assertion about the head of the searchlist fails, which a "
				     "filter's filtee has become";
		ret_failure->subject = "";
		ret_failure->crash = true;
		ok = false;
	}
	map->is_root = true;
	map->initfini = sorted;
	map->has_initfini = true;
	return ok;
}
