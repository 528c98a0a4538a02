/* SPDX-License-Identifier: MIT */
/*
 * Lookups that no relocation at load time asks for: the first call through a jump slot, dlsym(3),
 * and what the loader looks up for itself. (glibc elf/dl-runtime.c:_dl_fixup, elf/dl-sym.c:do_sym)
 */
#include "answers.h"

#include <assert.h>
#include <elf.h>

struct bs_failure bs_undefined_failure(const struct bs_binder *binder,
				       const struct bs_process *process, const struct bs_ctx *ctx,
				       bs_map_id referrer, const char *name,
				       const struct bs_version *version,
				       const struct bs_answer *answer, bool by_dlsym)
{
	if (answer && answer->not_where_named)
		return (struct bs_failure){
			.subject = bs_text(ctx, bs_map_of(process, referrer)->name),
			.words = bs_arena_printf(ctx->arena,
						 "symbol %s version %s not defined in file %s with "
						 "link time reference",
						 name, version->name, version->filename),
			.occasion = "relocation error",
			.needed_by = BS_NO_MAP,
		};
	if (answer && answer->is_too_direct)
		return (struct bs_failure){
			.subject = bs_text(ctx, bs_map_of(process, answer->too_direct_for)->name),
			.words = binder->policy.words->too_direct,
			.occasion = name,
			.needed_by = BS_NO_MAP,
		};
	return (struct bs_failure){
		.kind = by_dlsym ? BS_FAILURE_PLAIN : BS_FAILURE_RELOCATING,
		.subject = bs_text(ctx, bs_map_of(process, referrer)->name),
		.words = binder->policy.words->undefined(ctx, name, version, by_dlsym),
		.occasion = "symbol lookup error",
		.needed_by = BS_NO_MAP,
	};
}

struct bs_binding bs_own_binding(const struct bs_process *process, bs_map_id map, uint32_t symbol,
				 unsigned type_class)
{
	struct bs_symbol reference = bs_image_symbol(bs_map_of(process, map)->image, symbol);

	return (struct bs_binding){
		.referrer = map,
		.symbol = symbol,
		.definer = map,
		.definer_symbol = symbol,
		.type_class = (uint8_t)type_class,
		.why = BS_WHY_LOCAL,
		.is_defined = bs_is_definition(&reference),
	};
}

/* A lookup is over: notes it, applies its effects; false with *RET_FAILURE when it failed. */
static bool conclude(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_query *query, const struct bs_answer *answer, bool adds,
		     struct bs_relocated *ret, struct bs_failure *ret_failure)
{
	uint32_t index = ret->bindings.n;

	bs_vec_push(ctx->arena, &ret->bindings, bs_binding_from(process, query, answer));
	switch (answer->outcome) {
	case BS_LOOKUP_CRASH:
		ret->stopped = true;
		ret->stopped_at = ret->notes.n;
		*ret_failure = (struct bs_failure){
			.subject = "",
			.words = answer->crash,
			.crash = true,
			.needed_by = BS_NO_MAP,
		};
		return false;
	case BS_UNDEFINED:
		*ret_failure =
			bs_undefined_failure(binder, process, ctx, query->referrer, query->name,
					     query->version, answer, query->symbol == 0);
		bs_vec_push(ctx->arena, &ret->notes,
			    (struct bs_note){ BS_NOTE_UNDEFINED, index, 0 });
		ret->stopped = true;
		ret->stopped_at = ret->notes.n;
		return false;
	case BS_UNRESOLVED_WEAK:
		return true;
	case BS_BOUND:
		break;
	}
	if (adds)
		bs_apply_effects(binder, process, ctx, query, answer, false, ret);
	else
		bs_apply_unique(binder, process, ctx, query, answer, false, ret);
	bs_vec_push(ctx->arena, &ret->notes, (struct bs_note){ BS_NOTE_LOOKUP, index, 1 });
	return true;
}

/* ---- by name ------------------------------------------------------------------------------- */

bool bs_bind_name(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		  const struct bs_name_query *asked, struct bs_relocated *ret,
		  struct bs_failure *ret_failure)
{
	const struct bs_query query = {
		.name = asked->name,
		.hash = bs_hash_gnu(asked->name),
		.referrer = asked->referrer,
		.version = asked->version,
		.type_class = BS_CLASS_DATA,
		.newest = asked->newest,
		.scope = asked->scope,
		.behind = asked->behind,
	};
	struct bs_answer answer = bs_lookup(binder, process, ctx, &query);

	if (asked->weak && answer.outcome == BS_UNDEFINED)
		return true;
	if (asked->version)
		ret->asked = asked->version;
	ret->asked_name = asked->name;
	bool found = conclude(binder, process, ctx, &query, &answer, !asked->keeps_nothing, ret,
			      ret_failure);

	ret->bindings.v[ret->bindings.n - 1].unversioned = !asked->version;
	return found;
}

/* ---- what waits for a definition ----------------------------------------------------------- */

/* A place that SYMBOL's GOT entry has in memory that cannot be written any more. */
static bool is_read_only(const struct bs_image *image, uint32_t symbol)
{
	const uint64_t page_mask = 4095;
	const struct bs_segment *relro = NULL;

	for (uint32_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].type == 0x6474e552) /* PT_GNU_RELRO */
			relro = &image->segments[i];
	if (!relro)
		return false;
	uint64_t start = relro->vaddr & ~page_mask;
	uint64_t end = (relro->vaddr + relro->memsz) & ~page_mask;

	for (uint32_t t = 0; t < image->relocations.n_eager; t++)
		for (uint32_t i = 0; i < image->relocations.eager[t].n; i++) {
			struct bs_relocation r = bs_reloc_at(&image->relocations.eager[t], i);

			if (r.symbol == symbol && r.offset >= start && r.offset < end &&
			    bs_machine_kind(image->machine, r.type) == BS_RELOC_GLOB_DAT)
				return true;
		}
	return false;
}

bool bs_retry_deferred(struct bs_binder *binder, struct bs_process *process,
		       const struct bs_ctx *ctx, const struct bs_binding *deferred,
		       struct bs_relocated *ret, struct bs_failure *ret_failure)
{
	const struct bs_query query = bs_query_of(process, deferred);
	struct bs_answer answer = bs_lookup(binder, process, ctx, &query);
	struct bs_binding binding = bs_binding_from(process, &query, &answer);
	const struct bs_map *map = bs_map_of(process, deferred->referrer);

	if (answer.outcome != BS_BOUND)
		return false;
	if ((deferred->kinds >> BS_RELOC_GLOB_DAT & 1) &&
	    is_read_only(map->image, deferred->symbol)) {
		*ret_failure = (struct bs_failure){
			.subject = "",
			.words = bs_arena_printf(
				ctx->arena,
				"%s is defined now, but its GOT entry in %s is read-only (RELRO)",
				query.name, bs_text(ctx, map->name)),
			.crash = true,
			.needed_by = BS_NO_MAP,
		};
		return false;
	}
	binding.n_relocations = deferred->n_relocations;
	binding.kinds = deferred->kinds;
	bs_vec_push(ctx->arena, &ret->notes,
		    (struct bs_note){ BS_NOTE_LOOKUP, ret->bindings.n, 1 });
	bs_vec_push(ctx->arena, &ret->bindings, binding);
	return true;
}

/* ---- jump slots ---------------------------------------------------------------------------- */

/* A first call asks for default visibility only: protected is as good as local here. */
static bool is_own(const struct bs_binder *binder, const struct bs_image *image, uint32_t symbol,
		   const struct bs_symbol *reference)
{
	if (bs_image_keeps(image, symbol))
		return true;
	unsigned visibility = bs_symbol_visibility(reference);

	if (visibility == STV_PROTECTED && binder->policy.protected_is_sought)
		return false;
	return visibility != STV_DEFAULT || bs_symbol_bind(reference) == STB_LOCAL;
}

static struct bs_binding as_slot(struct bs_binding binding)
{
	binding.n_relocations = 1;
	binding.kinds = 1u << BS_RELOC_SLOT;
	return binding;
}

/* KEY may be empty, FORECAST NULL. *RET_SETTLED: see bs_is_settled(). */
static struct bs_binding ask(const struct bs_binder *binder, const struct bs_process *process,
			     const struct bs_ctx *ctx, bs_map_id map, uint32_t symbol,
			     struct bs_key key, const struct bs_forecast *forecast,
			     const struct bs_standing *standing, bool *ret_settled)
{
	const struct bs_image *image = bs_map_of(process, map)->image;
	const struct bs_reference reference = {
		.map = map,
		.symbol = symbol,
		.entry = bs_image_symbol(image, symbol),
		.type_class = BS_CLASS_PLT,
		.key = key.hash ? key : bs_key_of(binder, image, symbol),
		.scope = bs_call_scope(bs_map_of(process, map)),
	};
	struct bs_binding binding;

	*ret_settled = true;
	if (is_own(binder, image, symbol, &reference.entry))
		return bs_own_binding(process, map, symbol, BS_CLASS_PLT);
	if (bs_lookup_quickly(binder, process, ctx, &reference, &binding)) {
		if (binder->recall->is_kept)
			bs_forecast_learn(binder, forecast, &reference.entry, &binding);
		return binding;
	}
	struct bs_query query =
		bs_query_for(process, map, symbol, BS_CLASS_PLT, reference.key.hash);

	query.scope = reference.scope;
	struct bs_answer answer = bs_lookup(binder, process, ctx, &query);

	*ret_settled = bs_is_settled(binder, standing, &query, &answer);
	return bs_binding_from(process, &query, &answer);
}

struct bs_binding bs_ask_slot(const struct bs_binder *binder, const struct bs_process *process,
			      const struct bs_ctx *ctx, bs_map_id map, uint32_t symbol)
{
	const struct bs_standing nowhere = { .referrer = NULL };
	bool settled;

	return as_slot(ask(binder, process, ctx, map, symbol, (struct bs_key){ 0 }, NULL, &nowhere,
			   &settled));
}

/* The slots of one map that wait. */
struct waiting {
	const struct bs_binder *binder;
	const struct bs_process *process;
	const struct bs_ctx *ctx;
	bs_map_id map;
	bs_bindings *bindings;
	uint32_t first; /* of BINDINGS */
	uint8_t *seen;	/* by symbol */
	struct bs_standing standing;
	bs_ids asked; /* from FIRST on, those that may be others where MAP stands like this */
};

static void take_slot(struct waiting *w, const struct bs_binding *binding, bool settled)
{
	if (!settled && w->standing.referrer)
		bs_vec_push(w->ctx->arena, &w->asked, w->bindings->n - w->first);
	bs_vec_push(w->ctx->arena, w->bindings, as_slot(*binding));
}

/* Those that TABLE has, once for each symbol that was not seen yet. */
static void bind_waiting(struct waiting *w, const struct bs_reloc_table *table)
{
	const struct bs_image *image = bs_map_of(w->process, w->map)->image;
	const struct bs_forecast *forecast = bs_forecast_of(
		w->binder, w->process, w->map, bs_call_scope(bs_map_of(w->process, w->map)));
	struct bs_binding binding;
	struct bs_ahead ahead;

	for (uint32_t i = 0; i < table->n; i += ahead.n) {
		bs_look_ahead(w->binder, w->process, image, table, i, false, forecast, &ahead);
		for (uint32_t k = 0; k < ahead.n; k++) {
			const struct bs_relocation *r = &ahead.relocation[k];
			bool settled = true;

			if (!bs_relocation_waits(w->binder, image, r) || !r->symbol ||
			    r->symbol >= image->symbols.n || w->seen[r->symbol])
				continue;
			w->seen[r->symbol] = 1;
			if (!bs_bind_as_foretold(w->binder, w->process, w->ctx, forecast, w->map,
						 r->symbol, BS_CLASS_PLT, &binding))
				binding = ask(w->binder, w->process, w->ctx, w->map, r->symbol,
					      ahead.key[k], forecast, &w->standing, &settled);
			take_slot(w, &binding, settled);
		}
	}
}

/* As KEPT has them. */
static void bind_again(struct waiting *w, const struct bs_kept_answers *kept)
{
	bs_vec_reserve(w->ctx->arena, w->bindings, kept->n_bindings);
	for (uint32_t i = 0; i < kept->n_bindings; i++) {
		if (bs_is_to_ask(&w->standing, kept, i)) {
			const struct bs_binding now = bs_ask_slot(w->binder, w->process, w->ctx,
								  w->map, kept->bindings[i].symbol);

			bs_vec_push(w->ctx->arena, w->bindings, now);
			continue;
		}
		const struct bs_binding b = bs_kept_binding(&w->standing, kept, w->map, i);

		assert(b.why == BS_WHY_LOCAL || b.outcome != BS_BOUND ||
		       bs_is_confirmed(w->binder, w->process, w->ctx,
				       bs_call_scope(bs_map_of(w->process, w->map)), &b));
		bs_vec_push(w->ctx->arena, w->bindings, b);
	}
}

void bs_bind_slots(const struct bs_binder *binder, const struct bs_process *process,
		   const struct bs_ctx *ctx, bs_map_id map, bs_bindings *bindings)
{
	const struct bs_image *image = bs_map_of(process, map)->image;
	struct waiting w = {
		.binder = binder,
		.process = process,
		.ctx = ctx,
		.map = map,
		.bindings = bindings,
		.first = bindings->n,
	};

	bs_answers_stand(binder, process, ctx, map, bs_call_scope(bs_map_of(process, map)),
			 BS_KEPT_FOR_SLOTS, &w.standing);
	const struct bs_kept_answers *kept = bs_answers_find(binder, &w.standing);

	if (kept) {
		bind_again(&w, kept);
	} else {
		w.seen = bs_new(ctx->arena, uint8_t, image->symbols.n);
		bind_waiting(&w, &image->relocations.got);
		bind_waiting(&w, &image->relocations.plt);
		const struct bs_to_keep slots = {
			.bindings = &bindings->v[w.first],
			.n_bindings = bindings->n - w.first,
			.asked = &w.asked,
		};

		if (w.standing.referrer)
			bs_answers_keep(binder, ctx, &w.standing, &slots);
	}
	bs_answers_leave(&w.standing);
}

/* A stub of MIPS that asks for a version leads to a lookup that keeps nothing loaded. (glibc
 * sysdeps/mips/dl-trampoline.c:__dl_runtime_resolve) */
static bool keeps_definer(const struct bs_image *image, const struct bs_query *query)
{
	return !query->version || !image->machine->has_bound_got;
}

bool bs_call_slot(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		  bs_map_id map, uint32_t symbol, struct bs_relocated *ret,
		  struct bs_failure *ret_failure)
{
	const struct bs_image *image = bs_map_of(process, map)->image;
	bool bound = true;

	struct bs_symbol reference = bs_image_symbol(image, symbol);

	if (is_own(binder, image, symbol, &reference)) {
		bs_vec_push(ctx->arena, &ret->bindings,
			    bs_own_binding(process, map, symbol, BS_CLASS_PLT));
	} else {
		struct bs_query query = bs_query_for(process, map, symbol, BS_CLASS_PLT,
						     bs_reference_hash(image, symbol));

		query.scope = bs_call_scope(bs_map_of(process, map));
		struct bs_answer answer = bs_lookup(binder, process, ctx, &query);

		bound = conclude(binder, process, ctx, &query, &answer,
				 keeps_definer(image, &query), ret, ret_failure);
	}
	struct bs_binding *binding = &ret->bindings.v[ret->bindings.n - 1];

	binding->n_relocations = 1;
	binding->kinds = 1u << BS_RELOC_SLOT;
	return bound;
}
