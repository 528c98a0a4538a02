/* SPDX-License-Identifier: MIT */
/* A remedy carried out: on a copy of the plan, or on the view of an object. */
#include "advise-priv.h"
#include "order.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const struct bs_remedy_text texts[] = {
#define REMEDY(id, slug, relinks, words) [BS_REMEDY_##id] = { slug, words, relinks },
#include "remedies.def"
#undef REMEDY
};

const struct bs_remedy_text *bs_remedy_text(enum bs_remedy_kind kind)
{
	return &texts[kind];
}

enum bs_remedy_kind bs_remedy_find(const char *slug, size_t n)
{
	enum bs_remedy_kind kind = 0;

	while (kind < BS_REMEDY_COUNT_ &&
	       (strlen(texts[kind].slug) != n || strncmp(texts[kind].slug, slug, n) != 0))
		kind++;
	return kind;
}

/* ---- the plan -------------------------------------------------------------------------------- */

/* The step NUMBER of PLAN, which has steps of its own from here on, to be changed. */
static struct bs_step *changed_step(struct bs_arena *arena, struct bs_plan *plan, uint32_t number)
{
	struct bs_step *steps = bs_new(arena, struct bs_step, plan->n_steps);

	memcpy(steps, plan->steps, plan->n_steps * sizeof *steps);
	plan->steps = steps;
	return &steps[number - 1];
}

static const char *spell(struct bs_arena *arena, unsigned mode)
{
	const char *text = "";

	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		if (mode & m->mode)
			text = bs_arena_printf(arena, "%s%s%s", text, *text ? "," : "", m->name);
	return text;
}

static void set_flags(struct bs_arena *arena, struct bs_step *step, unsigned add, unsigned remove)
{
	step->mode = (step->mode & ~remove) | add;
	if (!(step->mode & (BS_MODE_LAZY | BS_MODE_NOW)))
		step->mode |= BS_MODE_NOW;
	step->spelled = spell(arena, step->mode);
}

/* The step of TRIAL's remedy comes before another one, with those behind it that belong to it. */
static bool move_step(struct bs_study *study, const struct bs_advice *advice,
		      struct bs_trial *trial)
{
	struct bs_orders orders;

	if (!bs_orders_move(study->arena, advice->plan, trial->remedy.step, trial->remedy.before,
			    &orders))
		return false;
	study->step_names = bs_orders_plan(&orders, 0, study->arena, &trial->plan);
	return true;
}

static void set_preloads(struct bs_arena *arena, struct bs_plan *plan, const char *list)
{
	if (plan->preload) {
		plan->preload = list;
		return;
	}
	struct bs_variable *all = bs_new(arena, struct bs_variable, plan->n_environment);

	for (uint32_t i = 0; i < plan->n_environment; i++) {
		all[i] = plan->environment[i];
		if (strcmp(all[i].name, "LD_PRELOAD") == 0)
			all[i].value = list;
	}
	plan->environment = all;
}

/* ---- the view of an object ------------------------------------------------------------------- */

/* The symbol NAME, whose GNU hash is HASH, that others can be bound to in IMAGE; 0: none. */
static uint32_t export_named(const struct bs_image *image, const char *name, uint32_t hash)
{
	struct bs_hash_step step = { 0 };

	for (uint32_t i; (i = bs_image_hash_next(image, name, hash, &step)) != 0;) {
		struct bs_symbol s = bs_image_symbol(image, i);

		if (bs_is_exported(&s) && strcmp(bs_image_string(image, s.name), name) == 0)
			return i;
	}
	return 0;
}

static void set(uint8_t *bits, uint32_t symbol)
{
	bits[symbol / 8] |= (uint8_t)(1u << symbol % 8);
}

static bool is_set(const uint8_t *bits, uint32_t symbol)
{
	return bits[symbol / 8] >> symbol % 8 & 1;
}

/* The objects that the findings about OBJECT set against it. */
static bs_ids twins_of(const struct bs_study *study, const struct bs_advice *advice,
		       bs_object_id object)
{
	bs_ids twins = { 0 };

	bs_vec_each (i, &advice->targets) {
		const struct bs_ending_finding *f = &advice->base.findings.v[advice->targets.v[i]];
		bs_object_id other = f->from == object ? f->to
				     : f->to == object ? f->from
						       : BS_NO_OBJECT;

		if (other != BS_NO_OBJECT && !bs_ids_have(&twins, other))
			bs_vec_push(study->arena, &twins, other);
	}
	return twins;
}

static bool is_shared(const struct bs_study *study, const struct bs_image *image, uint32_t symbol,
		      const bs_ids *twins)
{
	const char *name = bs_image_symbol_name(image, symbol);

	bs_vec_each (i, twins)
		if (export_named(study->objects.v[twins->v[i]].image, name,
				 bs_image_name_hash(image, symbol)))
			return true;
	return false;
}

static bool is_asked_by_dlsym(const struct bs_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == BS_STEP_DLSYM &&
		    strcmp(plan->steps[i].symbol, name) == 0)
			return true;
	return false;
}

/* Others that have no definition of their own are bound to OBJECT's for these. */
static uint8_t *needed_by_others(const struct bs_study *study, const struct bs_ending *base,
				 bs_object_id object, uint32_t n)
{
	uint8_t *needed = bs_new(study->arena, uint8_t, n / 8 + 1);

	bs_vec_each (i, &base->bindings) {
		const struct bs_end_binding *b = &base->bindings.v[i];

		if (b->definer != object || b->referrer == object || b->definer_symbol >= n)
			continue;
		const struct bs_symbol own =
			bs_image_symbol(study->objects.v[b->referrer].image, b->symbol);

		if (own.section == SHN_UNDEF)
			set(needed, b->definer_symbol);
	}
	return needed;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What it has in common with nobody is taken for what it is there for, as the entry that a host
 * looks up by its name. */
static void keep_exports(struct bs_study *study, const struct bs_advice *advice,
			 struct bs_trial *trial, const struct bs_image *image, const bs_ids *twins,
			 uint8_t *hidden)
{
	const uint8_t *needed =
		needed_by_others(study, &advice->base, trial->remedy.object, image->symbols.n);

	for (uint32_t i = 1; i < image->symbols.n; i++) {
		const struct bs_symbol s = bs_image_symbol(image, i);
		const char *name = bs_image_string(image, s.name);

		if (!bs_is_exported(&s))
			continue;
		if (is_set(needed, i) || is_asked_by_dlsym(advice->plan, name) ||
		    !is_shared(study, image, i, twins)) {
			bs_vec_push(study->arena, &trial->exports, name);
		} else {
			set(hidden, i);
			trial->n_symbols++;
		}
	}
	if (trial->exports.n)
		qsort(trial->exports.v, trial->exports.n, sizeof *trial->exports.v, compare_names);
}

/* The symbols of IMAGE that a remedy of KIND is about. */
static bool is_touched(const struct bs_study *study, const struct bs_image *image, uint32_t symbol,
		       enum bs_remedy_kind kind, const bs_ids *twins)
{
	const struct bs_symbol s = bs_image_symbol(image, symbol);

	if (!bs_is_exported(&s))
		return false;
	if (kind == BS_REMEDY_SYMBOLIC || kind == BS_REMEDY_SYMBOLIC_FUNCTIONS)
		return bs_symbolic_keeps(&s, kind == BS_REMEDY_SYMBOLIC_FUNCTIONS);
	return is_shared(study, image, symbol, twins);
}

static void relink(struct bs_study *study, const struct bs_advice *advice, struct bs_trial *trial)
{
	const enum bs_remedy_kind kind = trial->remedy.kind;
	const struct bs_image *image = study->objects.v[trial->remedy.object].image;
	uint8_t *bits = bs_new(study->arena, uint8_t, image->symbols.n / 8 + 1);
	const bs_ids twins = twins_of(study, advice, trial->remedy.object);
	struct bs_as_if as_if = { .symbolic = kind == BS_REMEDY_SYMBOLIC };
	const struct bs_ctx ctx = { .arena = study->arena };

	if (kind == BS_REMEDY_VERSION_SCRIPT)
		keep_exports(study, advice, trial, image, &twins, bits);
	for (uint32_t i = 1; i < image->symbols.n && kind != BS_REMEDY_VERSION_SCRIPT; i++)
		if (is_touched(study, image, i, kind, &twins)) {
			set(bits, i);
			trial->n_symbols++;
		}
	if (kind == BS_REMEDY_HIDDEN || kind == BS_REMEDY_VERSION_SCRIPT)
		as_if.hidden = bits;
	else if (kind == BS_REMEDY_PROTECTED)
		as_if.protected = bits;
	else
		as_if.kept = bits;
	bs_store_as_if(study->store, &ctx, image, &as_if);
}

/* ---- either ---------------------------------------------------------------------------------- */

bool bs_apply_remedy(struct bs_study *study, const struct bs_advice *advice, struct bs_trial *trial)
{
	const struct bs_remedy *remedy = &trial->remedy;
	struct bs_arena *arena = study->arena;
	struct bs_plan *plan = &trial->plan;
	struct bs_step *step = remedy->step ? changed_step(arena, plan, remedy->step) : NULL;

	study->step_names = advice->step_names;

	switch (remedy->kind) {
	case BS_REMEDY_DEEPBIND:
		set_flags(arena, step, BS_MODE_DEEPBIND, 0);
		return true;
	case BS_REMEDY_NO_DEEPBIND:
		set_flags(arena, step, 0, BS_MODE_DEEPBIND);
		return true;
	case BS_REMEDY_LOCAL:
		set_flags(arena, step, BS_MODE_LOCAL, BS_MODE_GLOBAL);
		return true;
	case BS_REMEDY_GLOBAL:
		set_flags(arena, step, BS_MODE_GLOBAL, BS_MODE_LOCAL);
		return true;
	case BS_REMEDY_NODELETE:
		set_flags(arena, step, BS_MODE_NODELETE, 0);
		return true;
	case BS_REMEDY_DLMOPEN:
		/* RTLD_GLOBAL is refused there. */
		step->kind = BS_STEP_DLMOPEN;
		set_flags(arena, step, 0, BS_MODE_GLOBAL);
		return true;
	case BS_REMEDY_ORDER:
		return move_step(study, advice, trial);
	case BS_REMEDY_PRELOAD_ORDER:
		set_preloads(arena, plan, remedy->preload);
		return true;
	case BS_REMEDY_SYMBOLIC:
	case BS_REMEDY_SYMBOLIC_FUNCTIONS:
	case BS_REMEDY_HIDDEN:
	case BS_REMEDY_VERSION_SCRIPT:
	case BS_REMEDY_PROTECTED:
		relink(study, advice, trial);
		return true;
	case BS_REMEDY_COUNT_:
		break;
	}
	return false;
}
