/* SPDX-License-Identifier: MIT */
/*
 * A run as the process has it: where a slot is bound otherwise than the simulation says, who
 * listens sees the real definer. Nothing else of the run is touched: it is a copy that is shown.
 */
#include "observed.h"

#include <stdlib.h>

struct corrected {
	bs_map_id map;
	uint32_t symbol;
	bool is_call;
	bs_map_id definer;
	uint32_t definer_symbol;
};

struct amender {
	const struct bs_observation *o;
	const struct bs_sink *next;
	struct bs_run run;	       /* the copy */
	BS_VEC(struct corrected) list; /* in order */
};

static int in_order(const void *a, const void *b)
{
	const struct corrected *x = a, *y = b;

	if (x->map != y->map)
		return x->map < y->map ? -1 : 1;
	if (x->symbol != y->symbol)
		return x->symbol < y->symbol ? -1 : 1;
	return (int)x->is_call - (int)y->is_call;
}

static void collect(struct amender *a)
{
	const struct bs_observation *o = a->o;

	bs_vec_each (i, o->slots) {
		const struct bs_live_slot *slot = &o->slots->v[i];

		if (o->by_slot[i].agreement != BS_DIFFERS || slot->content != BS_CONTENT_BOUND ||
		    o->by_object[slot->definer].map == BS_NO_MAP)
			continue;
		bs_vec_push(o->arena, &a->list,
			    ((struct corrected){
				    .map = o->by_object[slot->object].map,
				    .symbol = slot->symbol,
				    .is_call = slot->kind == BS_RELOC_SLOT,
				    .definer = o->by_object[slot->definer].map,
				    .definer_symbol = slot->definer_symbol,
			    }));
	}
	if (a->list.n)
		qsort(a->list.v, a->list.n, sizeof *a->list.v, in_order);
}

static void correct(const struct amender *a, struct bs_binding *b)
{
	const struct corrected key = {
		.map = b->referrer,
		.symbol = b->symbol,
		.is_call = (b->type_class & BS_CLASS_PLT) != 0,
	};
	const struct corrected *c =
		bsearch(&key, a->list.v, a->list.n, sizeof *a->list.v, in_order);

	/* The definer may come later than a first answer does. */
	if (!c || b->type_class == BS_CLASS_COPY || c->definer >= a->run.process.maps.n)
		return;
	b->definer = c->definer;
	b->definer_symbol = c->definer_symbol;
	b->outcome = BS_BOUND;
	if (b->why == BS_WHY_NONE)
		b->why = BS_WHY_FIRST_IN_SCOPE;
}

/* A copy of FROM, corrected, in the run's arena. */
static bs_bindings corrected(const struct amender *a, const bs_bindings *from)
{
	bs_bindings copy = { 0 };

	bs_vec_reserve(a->run.ctx.arena, &copy, from->n);
	bs_vec_each (i, from) {
		bs_vec_push(a->run.ctx.arena, &copy, from->v[i]);
		correct(a, &copy.v[i]);
	}
	return copy;
}

static void take_run(struct amender *a, const struct bs_run *run)
{
	a->run = *run;
	if (a->list.n)
		a->run.answers = corrected(a, &run->answers);
}

static struct bs_step_result take_result(const struct amender *a,
					 const struct bs_step_result *result)
{
	struct bs_step_result copy = *result;

	if (!a->list.n)
		return copy;
	copy.relocated.bindings = corrected(a, &result->relocated.bindings);
	copy.slots = corrected(a, &result->slots);
	copy.changed_slots = corrected(a, &result->changed_slots);
	return copy;
}

static void begin(void *data, const struct bs_run *run)
{
	struct amender *a = data;

	take_run(a, run);
	if (a->next->begin)
		a->next->begin(a->next->data, &a->run);
}

static void bound(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct amender *a = data;
	struct bs_step_result shown;

	if (!a->next->bound)
		return;
	take_run(a, run);
	shown = take_result(a, result);
	a->next->bound(a->next->data, &a->run, &shown);
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct amender *a = data;
	struct bs_step_result shown;

	take_run(a, run);
	shown = take_result(a, result);
	if (a->next->step)
		a->next->step(a->next->data, &a->run, &shown);
}

static void end(void *data, const struct bs_run *run)
{
	struct amender *a = data;

	take_run(a, run);
	if (a->next->end)
		a->next->end(a->next->data, &a->run);
}

struct bs_sink bs_observed_sink(const struct bs_observation *observation,
				const struct bs_sink *sink)
{
	struct amender *a = bs_new(observation->arena, struct amender, 1);

	a->o = observation;
	a->next = sink;
	collect(a);
	return (struct bs_sink){
		.data = a, .begin = begin, .bound = bound, .step = step, .end = end
	};
}
