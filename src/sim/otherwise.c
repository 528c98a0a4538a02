/* SPDX-License-Identifier: MIT */
/*
 * The question asked again. Where documents leave a rule open the profile chose one. Whether an
 * answer rests on a choice is found out by making the choice the other way: the plan is run once
 * without anybody who listens, to see which choices it comes to, and then once more for each of
 * these. A choice that nothing comes to cannot change anything. A last run has plain needs where
 * the plan has some that are loaded on demand.
 */
#include "assume-priv.h"

#include <elf.h>

/* ---- one more run -------------------------------------------------------------------------- */

static void keep(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_otherwise *other = data;

	bs_vec_push(run->ctx.arena, &other->results, *result);
	while (other->result_of.n <= result->number)
		bs_vec_push(run->ctx.arena, &other->result_of, 0);
	other->result_of.v[result->number] = other->results.n;
}

/* RUN's plan with one more setting. */
static const struct bs_plan *plan_with(const struct bs_run *run, const struct bs_variable *setting)
{
	const struct bs_plan *plan = run->plan;
	struct bs_plan *copy = bs_new(run->ctx.arena, struct bs_plan, 1);
	struct bs_variable *settings =
		bs_new(run->ctx.arena, struct bs_variable, plan->n_settings + 1);

	for (uint32_t i = 0; i < plan->n_settings; i++)
		settings[i] = plan->settings[i];
	settings[plan->n_settings] = *setting;
	*copy = *plan;
	copy->settings = settings;
	copy->n_settings = plan->n_settings + 1;
	return copy;
}

static void ask(struct bs_run *run, struct bs_store *store, const struct bs_plan *plan,
		struct bs_otherwise *ret)
{
	struct bs_sink *sink = bs_new(run->ctx.arena, struct bs_sink, 1);
	struct bs_diags *diags = bs_new(run->ctx.arena, struct bs_diags, 1);

	sink->data = ret;
	sink->step = keep;
	sink->wants_sights = run->sink->wants_sights;
	diags->arena = run->ctx.arena;
	ret->run = bs_new(run->ctx.arena, struct bs_run, 1);
	ret->run->ctx = run->ctx; /* names are the same, so that objects can be compared by them */
	ret->run->ctx.diags = diags;
	ret->run->plan = plan;
	ret->run->sink = sink;
	ret->run->is_otherwise = true;
	bs_run_quietly(ret->run, store, &ret->files);
}

const bs_fs_sights *bs_run_sights(const struct bs_run *run, uint32_t i)
{
	static const bs_fs_sights none;

	if (i > run->otherwise.n)
		return NULL;
	/* One of the others may not even have come to its files. */
	const struct bs_fs *fs = i ? run->otherwise.v[i - 1].run->fs : run->fs;

	return fs ? bs_fs_seen(fs) : &none;
}

/* ---- where its references are -------------------------------------------------------------- */

static uint32_t hash_of(bs_map_id map, uint32_t symbol, uint32_t kind)
{
	return (map * 2654435761u) ^ (symbol * 40503u) ^ (kind * 97u);
}

static void enter(struct bs_otherwise *other, bs_map_id map, uint32_t symbol, uint32_t kind,
		  uint32_t at)
{
	uint32_t *head = &other->heads[hash_of(map, symbol, kind) & (other->n_heads - 1)];

	bs_vec_push(other->run->ctx.arena, &other->places,
		    ((struct bs_place){ map, symbol, kind, at, *head }));
	*head = other->places.n;
}

static void index_places(struct bs_otherwise *other)
{
	struct bs_run *run = other->run;

	bs_vec_each (i, &other->results) {
		const bs_bindings *bindings = &other->results.v[i].relocated.bindings;

		bs_vec_each (k, bindings)
			if (bindings->v[k].symbol)
				bs_vec_push(run->ctx.arena, &other->bindings, bindings->v[k]);
	}
	other->n_heads = 16;
	while (other->n_heads < other->bindings.n + run->slots.n)
		other->n_heads *= 2;
	other->heads = bs_new(run->ctx.arena, uint32_t, other->n_heads);
	bs_vec_each (i, &other->bindings)
		enter(other, other->bindings.v[i].referrer, other->bindings.v[i].symbol,
		      other->bindings.v[i].type_class, i);
	bs_vec_each (i, &run->slots)
		enter(other, run->answers.v[i].referrer, run->answers.v[i].symbol, PLACE_SLOT, i);
}

const struct bs_place *bs_otherwise_place(const struct bs_otherwise *other, bs_map_id map,
					  uint32_t symbol, uint32_t kind)
{
	uint32_t at = other->heads[hash_of(map, symbol, kind) & (other->n_heads - 1)];

	for (; at; at = other->places.v[at - 1].next) {
		const struct bs_place *place = &other->places.v[at - 1];

		if (place->map == map && place->symbol == symbol && place->kind == kind)
			return place;
	}
	return NULL;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void ask_with(struct bs_run *run, struct bs_store *store, enum bs_choice choice)
{
	const struct bs_variable setting = bs_choice_turned(run->ctx.arena, run->profile, choice);
	struct bs_otherwise *other;

	if (!setting.name)
		return;
	bs_vec_push(run->ctx.arena, &run->otherwise, ((struct bs_otherwise){ .choice = choice }));
	other = &run->otherwise.v[run->otherwise.n - 1];
	ask(run, store, plan_with(run, &setting), other);
	index_places(other);
	run->has_plain_run |= choice == BS_CHOICE_LAZYLOAD;
}

void bs_run_ask_otherwise(struct bs_run *run, struct bs_store *store)
{
	struct bs_otherwise scout = { 0 };

	if (!run->scope_policy.fixed.used || run->is_otherwise)
		return;
	ask(run, store, run->plan, &scout);
	uint64_t consulted = scout.run->process.consulted;

	for (unsigned choice = 1; choice < BS_CHOICE_COUNT_; choice++)
		if ((consulted >> choice & 1) &&
		    (choice != BS_CHOICE_LAZYLOAD ||
		     run->scope_policy.fixed.chosen[BS_CHOICE_LAZYLOAD]))
			ask_with(run, store, (enum bs_choice)choice);
	bs_run_give_back(scout.run, &scout.files);
}

void bs_run_otherwise_done(struct bs_run *run)
{
	bs_vec_each (i, &run->otherwise)
		bs_run_give_back(run->otherwise.v[i].run, &run->otherwise.v[i].files);
}

/* ---- choices of look-ups ------------------------------------------------------------------- */

static void consult_binding(struct bs_run *run, const struct bs_binding *b)
{
	const struct bs_map *referrer = bs_map_of(&run->process, b->referrer);

	if (b->symbol) {
		struct bs_symbol s = bs_image_symbol(referrer->image, b->symbol);

		if (bs_symbol_visibility(&s) == STV_PROTECTED)
			(void)bs_choose(&run->process, BS_CHOICE_PROTECTED_OWN);
	}
	if (b->definer == BS_NO_MAP || !b->definer_symbol)
		return;
	struct bs_symbol found =
		bs_image_symbol(bs_map_of(&run->process, b->definer)->image, b->definer_symbol);

	if (bs_symbol_bind(&found) == STB_WEAK)
		(void)bs_choose(&run->process, BS_CHOICE_STRONG_FIRST);
}

void bs_run_consult(struct bs_run *run, const struct bs_step_result *result)
{
	if (!run->scope_policy.fixed.used)
		return;
	bs_vec_each (i, &run->process.maps)
		if (bs_map_of(&run->process, i)->image &&
		    bs_map_of(&run->process, i)->image->versions.n_versions)
			(void)bs_choose(&run->process, BS_CHOICE_VERSIONS);
	bs_vec_each (i, &result->relocated.bindings)
		consult_binding(run, &result->relocated.bindings.v[i]);
	bs_vec_each (i, &result->slots)
		consult_binding(run, &result->slots.v[i]);
	bs_vec_each (i, &result->changed_slots)
		consult_binding(run, &result->changed_slots.v[i]);
}
