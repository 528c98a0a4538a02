/* SPDX-License-Identifier: MIT */
/*
 * What the usual lookups will answer, found out by the store's worker while the relocations before
 * them are gone through. bs_lookup_quickly() finds definitions in the first list of the referrer's
 * scope, and what it found holds as long as that list only grows.
 * The worker comes from the end, who relocates from the start: they meet where both are done.
 */
#include "bind-priv.h"

#include <assert.h>
#include <elf.h>

enum { WORTH_IT = 1000 }; /* relocations: below it, to wake a thread costs more than it brings */

struct bs_forecasts {
	struct bs_job job;
	struct bs_worker *worker; /* that the job was given to, or NULL */
	const struct bs_binder *binder;
	const struct bs_process *process;
	const struct bs_ctx *ctx;
	const bs_ids *maps;
	bool lazy, slots_only;
	BS_VEC(struct bs_forecast) of; /* by map id */
};

static struct bs_forecast *forecast_of(const struct bs_binder *binder, bs_map_id map)
{
	struct bs_forecasts *forecasts = binder->forecasts;

	return map < forecasts->of.n ? &forecasts->of.v[map] : NULL;
}

const struct bs_forecast *bs_forecast_of(const struct bs_binder *binder,
					 const struct bs_process *process, bs_map_id map,
					 const bs_ids *scope)
{
	const struct bs_forecast *forecast = forecast_of(binder, map);

	if (!forecast || !forecast->known || !scope->n || scope->v[0] != forecast->list ||
	    process->lists.v[forecast->list].cuts != forecast->cuts)
		return NULL;
	return forecast;
}

bool bs_bind_as_foretold(const struct bs_binder *binder, const struct bs_process *process,
			 const struct bs_ctx *ctx, const struct bs_forecast *forecast,
			 bs_map_id map, uint32_t symbol, unsigned type_class,
			 struct bs_binding *ret)
{
	if (!bs_is_foretold(forecast, symbol) || type_class & ~(unsigned)BS_CLASS_PLT)
		return false;
	bs_known known = __atomic_load_n(&forecast->known[symbol], __ATOMIC_RELAXED);
	uint32_t entry = known & ~BS_KNOWN_DEFINED;
	bs_map_id definer = bs_entry_map(binder->table, entry);

	if (bs_map_of(process, definer)->removed)
		return false;
	*ret = (struct bs_binding){
		.referrer = map,
		.symbol = symbol,
		.definer = definer,
		.definer_symbol = bs_entry_symbol(binder->table, entry),
		.type_class = (uint8_t)type_class,
		.why = BS_WHY_FIRST_IN_SCOPE,
		.outcome = BS_BOUND,
		.is_defined = known & BS_KNOWN_DEFINED,
	};
	assert(bs_is_confirmed(binder, process, ctx,
			       type_class ? bs_call_scope(bs_map_of(process, map))
					  : &bs_map_of(process, map)->scope,
			       ret));
	(void)ctx;
	return true;
}

/* ---- the job --------------------------------------------------------------------------------- */

/* Neither rule that keeps a reference at home has anything to say to this one. */
static bool is_sought(const struct bs_symbol *reference)
{
	unsigned bind = bs_symbol_bind(reference);

	return (bind == STB_GLOBAL || bind == STB_WEAK) &&
	       bs_symbol_visibility(reference) == STV_DEFAULT;
}

static void foretell(const struct bs_forecasts *f, bs_map_id map, const struct bs_image *image,
		     const struct bs_forecast *forecast, const struct bs_ahead *ahead, uint32_t k)
{
	const struct bs_relocation *r = &ahead->relocation[k];
	struct bs_binding binding;

	/* The definition that answers an address and a call at once is found in one way. */
	const struct bs_reference reference = {
		.map = map,
		.symbol = r->symbol,
		.entry = bs_image_symbol(image, r->symbol),
		.type_class = BS_CLASS_PLT,
		.key = ahead->key[k],
		.scope = bs_call_scope(bs_map_of(f->process, map)),
	};

	bs_known known = BS_KNOWN_TO_ASK;

	/* It is the first entry of its circle that answers quickly. */
	if (is_sought(&reference.entry) &&
	    bs_lookup_quickly(f->binder, f->process, f->ctx, &reference, &binding))
		known = bs_key_first(f->binder->table, &reference.key) |
			(binding.is_defined ? BS_KNOWN_DEFINED : 0);
	__atomic_store_n(&forecast->known[r->symbol], known, __ATOMIC_RELAXED);
}

static bool is_tried(const struct bs_forecast *forecast, uint32_t symbol)
{
	return __atomic_load_n(&forecast->known[symbol], __ATOMIC_RELAXED);
}

static void foretell_table(const struct bs_forecasts *f, bs_map_id map,
			   const struct bs_reloc_table *table)
{
	const struct bs_image *image = bs_map_of(f->process, map)->image;
	const struct bs_forecast *forecast = &f->of.v[map];
	struct bs_ahead ahead;

	for (uint32_t i = table->n_relative; i < table->n && !bs_job_is_cancelled(&f->job);
	     i += ahead.n) {
		bs_look_ahead(f->binder, f->process, image, table, i, NULL, forecast, &ahead);
		for (uint32_t k = 0; k < ahead.n; k++)
			if (ahead.key[k].hash && !is_tried(forecast, ahead.relocation[k].symbol))
				foretell(f, map, image, forecast, &ahead, k);
	}
}

static void run(struct bs_job *job)
{
	const struct bs_forecasts *f = (const struct bs_forecasts *)job;

	/* Calls are asked for when all objects are relocated. */
	for (uint32_t i = f->maps->n; i-- > 0;)
		if (f->of.v[f->maps->v[i]].known &&
		    (f->slots_only || (f->lazy && bs_map_is_lazy(f->process, f->maps->v[i]))))
			foretell_table(
				f, f->maps->v[i],
				&bs_map_of(f->process, f->maps->v[i])->image->relocations.plt);
	for (uint32_t i = f->maps->n; i-- > 0 && !f->slots_only;) {
		bs_map_id map = f->maps->v[i];

		if (!f->of.v[map].known)
			continue;
		const struct bs_relocations *relocations =
			&bs_map_of(f->process, map)->image->relocations;

		if (!f->lazy || !bs_map_is_lazy(f->process, map))
			foretell_table(f, map, &relocations->plt);
		for (uint32_t t = relocations->n_eager; t-- > 0;)
			foretell_table(f, map, &relocations->eager[t]);
	}
}

/* ---- who asks for it ------------------------------------------------------------------------- */

/* Room for what will be known of MAP's references. */
static void prepare(struct bs_forecasts *f, bs_map_id map)
{
	const struct bs_map *of = bs_map_of(f->process, map);
	const bs_ids *scope = bs_call_scope(of);
	struct bs_forecast *forecast = &f->of.v[map];

	if (!of->image || !scope->n || forecast->known)
		return;
	forecast->known = bs_new(f->ctx->arena, bs_known, of->image->symbols.n);
	forecast->list = scope->v[0];
	forecast->cuts = f->process->lists.v[scope->v[0]].cuts;
}

static uint64_t count_relocations(const struct bs_process *process, const bs_ids *maps,
				  bool slots_only)
{
	uint64_t n = 0;

	bs_vec_each (i, maps) {
		const struct bs_image *image = bs_map_of(process, maps->v[i])->image;

		n += slots_only ? bs_slots_at_most(image) : bs_bindings_at_most(image, false);
	}
	return n;
}

void bs_forecast_begin(struct bs_binder *binder, const struct bs_process *process,
		       const struct bs_ctx *ctx, const bs_ids *maps, bool lazy, bool slots_only)
{
	struct bs_worker *worker = process->store ? bs_store_worker(process->store) : NULL;
	struct bs_forecasts *f = binder->forecasts;

	if (!worker || !binder->is_plain || count_relocations(process, maps, slots_only) < WORTH_IT)
		return;
	bs_vec_reserve(ctx->arena, &f->of, process->maps.n - f->of.n);
	while (f->of.n < process->maps.n)
		f->of.v[f->of.n++] = (struct bs_forecast){ 0 };
	f->binder = binder;
	f->process = process;
	f->ctx = ctx;
	f->maps = maps;
	f->lazy = lazy;
	f->slots_only = slots_only;
	bs_vec_each (i, maps)
		prepare(f, maps->v[i]);
	f->job = (struct bs_job){ .run = run };
	f->worker = worker;
	bs_worker_add(worker, &f->job, true);
}

void bs_forecast_end(struct bs_binder *binder)
{
	struct bs_forecasts *f = binder->forecasts;

	if (f->worker)
		bs_worker_cancel(f->worker, &f->job);
	f->worker = NULL;
}

struct bs_forecasts *bs_forecasts_new(struct bs_arena *arena)
{
	return bs_new(arena, struct bs_forecasts, 1);
}
