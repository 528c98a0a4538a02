/* SPDX-License-Identifier: MIT */
/*
 * What the usual lookups will answer: found out by the store's worker while the relocations before
 * them are gone through, or left by an earlier run. The worker comes from the end, who relocates
 * from the start: they meet where both are done.
 */
#include "bind-priv.h"

#include <assert.h>
#include <elf.h>
#include <string.h>

enum { WORTH_IT = 1000 }; /* relocations: below it, to wake a thread costs more than it brings */

struct bs_forecasts {
	struct bs_arena *arena;
	BS_VEC(struct bs_forecast) of;	  /* by map id */
	BS_VEC(struct bs_lineup) lineups; /* by list id: the last that was made */
	uint32_t serial;		  /* of the run */

	/* Between bs_forecast_begin() and bs_forecast_end(): */
	struct bs_job job;
	struct bs_worker *worker; /* that the job was given to, or NULL */
	const struct bs_binder *binder;
	const struct bs_process *process;
	const struct bs_ctx *ctx;
	const bs_ids *maps;
	bool lazy, slots_only;
	bool is_fresh; /* the step before slots are asked had something to find out */
};

struct bs_forecasts *bs_forecasts_new(struct bs_arena *arena)
{
	struct bs_forecasts *f = bs_new(arena, struct bs_forecasts, 1);

	f->arena = arena;
	f->serial = 1;
	return f;
}

void bs_forecasts_renew(struct bs_forecasts *f)
{
	f->serial++;
	f->worker = NULL;
}

void bs_forecasts_cut(struct bs_forecasts *f, bs_map_id from)
{
	bs_vec_each (i, &f->of) {
		struct bs_forecast *forecast = &f->of.v[i];

		if (forecast->cut > from)
			forecast->cut = from;
	}
}

static struct bs_forecast *forecast_of(const struct bs_binder *binder, bs_map_id map)
{
	struct bs_forecasts *f = binder->forecasts;

	return map < f->of.n && f->of.v[map].known && f->of.v[map].serial == f->serial
		       ? &f->of.v[map]
		       : NULL;
}

/* ---- whether it holds ------------------------------------------------------------------------ */

/* So many of what the first maps of MAPS were in LINEUP. */
static uint32_t count_same(const struct bs_lineup *lineup, const bs_ids *maps)
{
	uint32_t n = 0;

	while (n < lineup->n && n < maps->n && lineup->maps[n] == maps->v[n])
		n++;
	return n;
}

static bool is_source(const struct bs_process *process, const struct bs_source *source,
		      bs_list_id list)
{
	return source->list == list && source->cuts == process->lists.v[list].cuts;
}

const struct bs_forecast *bs_forecast_of(const struct bs_binder *binder,
					 const struct bs_process *process, bs_map_id map,
					 const bs_ids *scope)
{
	const struct bs_forecast *forecast = forecast_of(binder, map);

	if (!forecast || forecast->n_sources > scope->n)
		return NULL;
	for (uint32_t i = 0; i < forecast->n_sources; i++)
		if (!is_source(process, &forecast->sources[i], scope->v[i]))
			return NULL;
	/* Who was added at the end of the first list may answer before what is in the second. */
	if (forecast->n_sources > 1 &&
	    process->lists.v[scope->v[0]].maps.n != forecast->sources[0].lineup.n)
		return NULL;
	return forecast;
}

static bool is_among(const struct bs_searchlist *list, bs_map_id map, uint32_t n)
{
	return map < list->n_place && list->place[map] && list->place[map] <= n;
}

/* What LIST has in it now, shared by all who ask. */
static struct bs_lineup line_up(struct bs_forecasts *f, bs_list_id id, const bs_ids *maps)
{
	while (f->lineups.n <= id)
		bs_vec_push(f->arena, &f->lineups, ((struct bs_lineup){ 0 }));
	struct bs_lineup *last = &f->lineups.v[id];

	if (last->n != maps->n || count_same(last, maps) != maps->n) {
		bs_map_id *copy = bs_new(f->arena, bs_map_id, maps->n);

		memcpy(copy, maps->v, maps->n * sizeof *copy);
		*last = (struct bs_lineup){ copy, maps->n };
	}
	return *last;
}

/*
 * FORECAST, whose answers were found in other lists, perhaps in another process, keeps those that
 * the lists of SCOPE give, too. The maps that they lead to are the same: the name table has seen to
 * that.
 */
static void look_through(struct bs_forecasts *f, struct bs_forecast *forecast, const bs_ids *scope)
{
	const struct bs_name_table *table = f->binder->table;
	const struct bs_searchlist *lists[BS_N_SOURCES];
	uint32_t same[BS_N_SOURCES];
	bool all = forecast->cut == BS_NO_MAP, is_same = false; /* the first list */

	for (uint32_t i = 0; i < BS_N_SOURCES && i < scope->n; i++) {
		const struct bs_lineup *before = &forecast->sources[i].lineup;

		lists[i] = &f->process->lists.v[scope->v[i]];
		same[i] = i < forecast->n_sources ? count_same(before, &lists[i]->maps) : 0;
		all &= i < forecast->n_sources && same[i] == before->n;
		is_same |= i == 0 && same[i] == before->n && same[i] == lists[i]->maps.n;
	}
	all &= forecast->n_sources <= scope->n && (is_same || forecast->n_sources <= 1);
	for (uint32_t s = 0; s < forecast->image->symbols.n && !all; s++) {
		uint32_t entry = forecast->known[s] & ~BS_KNOWN_DEFINED;

		if (!entry)
			continue;
		bs_map_id map = entry != BS_KNOWN_TO_ASK ? bs_entry_map(table, entry) : BS_NO_MAP;

		if (map >= forecast->cut ||
		    (!is_among(lists[0], map, same[0]) &&
		     !(scope->n > 1 && is_same && is_among(lists[1], map, same[1]))))
			forecast->known[s] = 0;
	}
	forecast->cut = BS_NO_MAP;
}

/* ---- the answers ----------------------------------------------------------------------------- */

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

void bs_forecast_learn(const struct bs_binder *binder, const struct bs_forecast *forecast,
		       const struct bs_symbol *reference, const struct bs_binding *binding)
{
	if (!forecast || !bs_is_sought(forecast->image, binding->symbol, reference))
		return;
	__atomic_store_n(&forecast->known[binding->symbol],
			 bs_entry_of(binder->table, binding->definer, binding->definer_symbol) |
				 (binding->is_defined ? BS_KNOWN_DEFINED : 0),
			 __ATOMIC_RELAXED);
}

static void foretell(const struct bs_forecasts *f, bs_map_id map,
		     const struct bs_forecast *forecast, const struct bs_ahead *ahead, uint32_t k)
{
	const struct bs_relocation *r = &ahead->relocation[k];
	struct bs_binding binding;

	/* The definition that answers an address and a call at once is found in one way. */
	const struct bs_reference reference = {
		.map = map,
		.symbol = r->symbol,
		.entry = bs_image_symbol(forecast->image, r->symbol),
		.type_class = BS_CLASS_PLT,
		.key = ahead->key[k],
		.scope = bs_call_scope(bs_map_of(f->process, map)),
	};

	if (bs_is_sought(forecast->image, r->symbol, &reference.entry) &&
	    bs_lookup_quickly(f->binder, f->process, f->ctx, &reference, &binding))
		bs_forecast_learn(f->binder, forecast, &reference.entry, &binding);
	else
		__atomic_store_n(&forecast->known[r->symbol], BS_KNOWN_TO_ASK, __ATOMIC_RELAXED);
}

static bool is_tried(const struct bs_forecast *forecast, uint32_t symbol)
{
	return __atomic_load_n(&forecast->known[symbol], __ATOMIC_RELAXED);
}

static void foretell_table(const struct bs_forecasts *f, bs_map_id map,
			   const struct bs_reloc_table *table)
{
	const struct bs_forecast *forecast = forecast_of(f->binder, map);
	struct bs_ahead ahead;

	if (!forecast)
		return;
	for (uint32_t i = table->n_relative; i < table->n && !bs_job_is_cancelled(&f->job);
	     i += ahead.n) {
		bs_look_ahead(f->binder, f->process, forecast->image, table, i, false, forecast,
			      &ahead);
		for (uint32_t k = 0; k < ahead.n; k++)
			if (ahead.key[k].hash && !is_tried(forecast, ahead.relocation[k].symbol))
				foretell(f, map, forecast, &ahead, k);
	}
}

static void run(struct bs_job *job)
{
	const struct bs_forecasts *f =
		(const struct bs_forecasts *)((char *)job - offsetof(struct bs_forecasts, job));

	/* Calls are asked for when all objects are relocated. */
	for (uint32_t i = f->maps->n; i-- > 0;) {
		bs_map_id map = f->maps->v[i];

		if (f->slots_only || (f->lazy && bs_map_is_lazy(f->process, map)))
			foretell_table(f, map, &bs_map_of(f->process, map)->image->relocations.plt);
	}
	for (uint32_t i = f->maps->n; i-- > 0 && !f->slots_only;) {
		bs_map_id map = f->maps->v[i];
		const struct bs_image *image = bs_map_of(f->process, map)->image;

		if (!image)
			continue;
		if (!f->lazy || !bs_map_is_lazy(f->process, map))
			foretell_table(f, map, &image->relocations.plt);
		for (uint32_t t = image->relocations.n_eager; t-- > 0;)
			foretell_table(f, map, &image->relocations.eager[t]);
	}
}

/* ---- who asks for it ------------------------------------------------------------------------- */

/* Room for what will be known of MAP's references. True when some is known already. */
static bool prepare(struct bs_forecasts *f, bs_map_id map)
{
	const struct bs_map *of = bs_map_of(f->process, map);
	const bs_ids *scope = bs_call_scope(of);
	struct bs_forecast *forecast = &f->of.v[map];
	bool has_some = forecast->known && forecast->image == of->image;

	if (!of->image || !scope->n)
		return false;
	if (has_some && forecast->serial == f->serial &&
	    bs_forecast_of(f->binder, f->process, map, scope))
		return true;
	if (has_some)
		look_through(f, forecast, scope);
	else
		*forecast = (struct bs_forecast){
			.known = bs_new(f->arena, bs_known, of->image->symbols.n),
			.image = of->image,
			.cut = BS_NO_MAP,
		};
	forecast->serial = f->serial;
	forecast->n_sources = scope->n < BS_N_SOURCES ? scope->n : BS_N_SOURCES;
	for (uint32_t i = 0; i < forecast->n_sources; i++) {
		const struct bs_searchlist *list = &f->process->lists.v[scope->v[i]];

		forecast->sources[i] = (struct bs_source){
			.list = scope->v[i],
			.cuts = list->cuts,
			.lineup = line_up(f, scope->v[i], &list->maps),
		};
	}
	return has_some;
}

/* Makes room for all of F's maps; returns how many relocations those have of which nothing is
 * known. */
static uint64_t prepare_all(struct bs_forecasts *f)
{
	uint64_t n = 0;

	bs_vec_reserve(f->arena, &f->of, f->process->maps.n - f->of.n);
	while (f->of.n < f->process->maps.n)
		f->of.v[f->of.n++] = (struct bs_forecast){ 0 };
	bs_vec_each (i, f->maps) {
		const struct bs_image *image = bs_map_of(f->process, f->maps->v[i])->image;

		if (!prepare(f, f->maps->v[i]))
			n += f->slots_only ? bs_slots_at_most(image)
					   : bs_bindings_at_most(image, false);
	}
	return n;
}

static uint64_t count_relocations(const struct bs_process *process, const bs_ids *maps)
{
	uint64_t n = 0;

	bs_vec_each (i, maps)
		n += bs_bindings_at_most(bs_map_of(process, maps->v[i])->image, false);
	return n;
}

void bs_forecast_begin(struct bs_binder *binder, const struct bs_process *process,
		       const struct bs_ctx *ctx, const bs_ids *maps, bool lazy, bool slots_only)
{
	struct bs_worker *worker = process->store ? bs_store_worker(process->store) : NULL;
	struct bs_forecasts *f = binder->forecasts;

	if (!binder->is_plain || !maps->n || (!worker && !binder->recall->is_kept) ||
	    (!binder->recall->is_kept && count_relocations(process, maps) < WORTH_IT))
		return;
	f->binder = binder;
	f->process = process;
	f->ctx = ctx;
	f->maps = maps;
	f->lazy = lazy;
	f->slots_only = slots_only;
	uint64_t n_unknown = prepare_all(f);

	if (!slots_only)
		f->is_fresh = n_unknown >= WORTH_IT;
	if (!f->is_fresh)
		return;
	f->job = (struct bs_job){ .run = run };
	f->worker = worker;
	if (worker)
		bs_worker_add(worker, &f->job, true);
}

void bs_forecast_end(struct bs_binder *binder)
{
	struct bs_forecasts *f = binder->forecasts;

	if (f->worker)
		bs_worker_cancel(f->worker, &f->job);
	f->worker = NULL;
}
