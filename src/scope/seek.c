/* SPDX-License-Identifier: MIT */
/*
 * Where a name would lead, without going there. The loader's own way is taken, with RTLD_NOLOAD: in
 * a copy, since already to ask leaves names and registered directories behind.
 */
#include "scope-priv.h"

#include <string.h>

/* A vector whose elements are the copy's own; what these point to is only added to, behind what the
 * original knows of. */
#define OWN(arena, vec)                                                                            \
	((vec)->v = copy_of((arena), (vec)->v, (vec)->n * sizeof *(vec)->v), (vec)->cap = (vec)->n)

static void *copy_of(struct bs_arena *arena, const void *bytes, size_t n)
{
	return n ? memcpy(bs_arena_alloc(arena, n, 1), bytes, n) : NULL;
}

struct bs_seeker *bs_seeker_new(const struct bs_process *process, const struct bs_ctx *ctx)
{
	struct bs_seeker *seeker = bs_new(ctx->arena, struct bs_seeker, 1);
	struct bs_process *copy = &seeker->copy;

	*copy = *process;
	OWN(ctx->arena, &copy->maps);
	OWN(ctx->arena, &copy->by_name);
	OWN(ctx->arena, &copy->lists);
	copy->search = bs_search_fork(process->search, ctx);
	seeker->n_maps = process->maps.n;
	return seeker;
}

static bs_map_id load(struct bs_process *copy, const struct bs_ctx *ctx, const struct bs_load *load,
		      bs_traces *traces, struct bs_failure *ret_failure)
{
	if (copy->policy->fixed.used)
		return bs_fixed_load(copy, ctx, load, traces, ret_failure);
	if (copy->policy->chain)
		return bs_chain_load(copy, ctx, load, traces, ret_failure);
	return bs_map_load(copy, ctx, load, traces, ret_failure);
}

/* A search ends at the file that it takes. */
static void take_found(const bs_traces *traces, struct bs_sought *ret)
{
	for (uint32_t i = traces->n; i-- > 0 && !ret->path;) {
		const struct bs_trace *trace = &traces->v[i];

		if (trace->kind != BS_TRACE_TRY || trace->os_error || trace->verdict != BS_TAKE)
			continue;
		ret->path = trace->text;
		ret->how = trace->how;
	}
}

void bs_seek(struct bs_seeker *seeker, const struct bs_ctx *ctx, bs_map_id caller, const char *name,
	     struct bs_sought *ret)
{
	struct bs_process *copy = &seeker->copy;
	/* What is odd about files that nobody loads is no news. */
	struct bs_diags diags = { .arena = ctx->arena };
	const struct bs_ctx quiet = { ctx->arena, ctx->names, &diags };
	/* With one chain it is the executable that asks, whoever calls. */
	const bs_map_id known_as =
		copy->policy->chain ? copy->executable : bs_process_caller(copy, caller);
	const struct bs_load request = {
		.name = name,
		.requester = known_as,
		.kind = BS_MAP_LOADED,
		.ns = bs_map_of(copy, known_as)->ns,
		.by_dlopen = true,
		.noload = true,
		.dlopened = true,
		.nobody_asks = true,
	};
	bs_traces traces = { 0 };

	*ret = (struct bs_sought){ 0 };
	ret->map = load(copy, &quiet, &request, &traces, &ret->failure);
	if (ret->map != BS_NO_MAP && ret->map >= seeker->n_maps) {
		/* The loader itself, which comes into a link map when it is first asked for. */
		ret->path = bs_text(ctx, bs_map_of(copy, ret->map)->name);
		ret->map = BS_NO_MAP;
	} else if (ret->map == BS_NO_MAP && !ret->failure.not_found) {
		take_found(&traces, ret);
	}
}
