/* SPDX-License-Identifier: MIT */
/*
 * What depends on the order of the steps.
 *
 * Endings are large and orders many, so that only the given order's is kept. What another order
 * changes is written down as a history: a chain of (the history before, the order, the new answer),
 * each chain once, however many references share it. References with one history have the same
 * answers in all orders.
 */
#include "order.h"

#include "triples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRONG = 1 }; /* STB_GLOBAL */

/* A reference that the given order does not have. */
struct extra {
	struct bs_end_binding first;
	uint32_t history;
	bool is_strong;
};

struct order_study {
	struct bs_study *study;
	struct bs_arena *arena; /* the result's */
	const struct bs_orders *orders;
	struct bs_order_result *result;
	struct bs_arena *scratch;
	struct bs_ending base;
	struct bs_triples
		nodes;	     /* (the node before + 1, order, answer): history I + 1 ends with I */
	uint32_t *histories; /* by binding of the base; 0: as in the given order, always */
	uint8_t *is_strong;
	struct bs_triples extra_keys; /* (referrer, symbol, class) of ... */
	BS_VEC(struct extra) extras;
};

/* ---- one order ------------------------------------------------------------------------------- */

static bs_object_id answer_of(const struct bs_end_binding *b)
{
	return b ? b->definer : BS_NOT_THERE;
}

static bool defines_strongly(const struct bs_study *study, const struct bs_end_binding *b)
{
	if (!b || b->definer == BS_NO_OBJECT)
		return false;
	const struct bs_symbol s =
		bs_image_symbol(study->objects.v[b->definer].image, b->definer_symbol);

	return bs_symbol_bind(&s) == STRONG;
}

/* The same instructions, wherever they are found. */
static bool is_alike(const struct bs_study *study, const struct bs_end_binding *a,
		     const struct bs_end_binding *b)
{
	const struct bs_image *x = study->objects.v[a->definer].image;
	const struct bs_image *y = study->objects.v[b->definer].image;
	const struct bs_symbol s = bs_image_symbol(x, a->definer_symbol);
	const struct bs_symbol t = bs_image_symbol(y, b->definer_symbol);

	return bs_code_is_alike(x, &s, y, &t) == BS_ALIKE_YES;
}

/* Of two definitions that are both weak or unique, one is meant to serve for all. */
static bool is_strong(const struct bs_study *study, const struct bs_end_change *change)
{
	const struct bs_end_binding *a = change->before, *b = change->after;
	bool lost = a && b && (a->definer == BS_NO_OBJECT || b->definer == BS_NO_OBJECT);

	if (lost)
		return true;
	return (defines_strongly(study, a) || defines_strongly(study, b)) &&
	       !(a && b && is_alike(study, a, b));
}

static uint32_t longer(struct order_study *s, uint32_t history, uint32_t order, bs_object_id answer)
{
	return bs_triple(s->scratch, &s->nodes, history, order, answer) + 1;
}

static void note_extra(struct order_study *s, const struct bs_end_binding *b, uint32_t order)
{
	uint32_t at = bs_triple(s->scratch, &s->extra_keys, b->referrer, b->symbol, b->type_class);

	if (at == s->extras.n)
		bs_vec_push(s->scratch, &s->extras, ((struct extra){ .first = *b }));
	struct extra *extra = &s->extras.v[at];

	extra->history = longer(s, extra->history, order, b->definer);
	extra->is_strong |= is_strong(s->study, &(struct bs_end_change){ &extra->first, b });
}

static void note_changes(struct order_study *s, const struct bs_ending *ending, uint32_t order)
{
	struct bs_end_place at = { 0 };
	struct bs_end_change change;

	while (bs_ending_next_change(&s->base, ending, &at, &change)) {
		if (!change.before) {
			note_extra(s, change.after, order);
			continue;
		}
		size_t i = (size_t)(change.before - s->base.bindings.v);

		s->histories[i] = longer(s, s->histories[i], order, answer_of(change.after));
		if (change.after)
			s->is_strong[i] |= is_strong(s->study, &change);
	}
}

/* ---- its class ------------------------------------------------------------------------------- */

/* The message with the number that the step is called by. (src/sim) */
static const char *message_of(struct bs_arena *arena, const struct bs_ending_step *step,
			      const uint32_t *names, uint32_t n_steps)
{
	unsigned number;

	if (!step->message)
		return NULL;
	if (sscanf(step->message, "step %u opened nothing", &number) == 1 && number <= n_steps)
		return bs_arena_printf(arena, "step %u opened nothing", names[number]);
	return bs_arena_strndup(arena, step->message, strlen(step->message));
}

static int compare_refusals(const void *a, const void *b)
{
	const struct bs_order_refusal *x = a, *y = b;

	return x->step < y->step ? -1 : x->step > y->step;
}

static int compare_findings(const void *a, const void *b)
{
	const struct bs_order_finding *x = a, *y = b;

	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* One finding that several steps bring is one here. */
static void take_finding(struct bs_arena *arena, struct bs_order_class *class,
			 const struct bs_ending_finding *f, uint32_t step)
{
	bs_vec_each (i, &class->findings) {
		struct bs_order_finding *known = &class->findings.v[i];

		if (known->rule == f->rule && known->from == f->from && known->to == f->to) {
			known->level = f->level > known->level ? f->level : known->level;
			known->n += f->n;
			return;
		}
	}
	bs_vec_push(arena, &class->findings,
		    ((struct bs_order_finding){
			    .rule = f->rule,
			    .level = f->level,
			    .step = step,
			    .n = f->n,
			    .from = f->from,
			    .to = f->to,
		    }));
}

static uint64_t hash_of(const struct bs_ending *ending, const struct bs_order_class *class)
{
	uint64_t hash = 0;

	bs_vec_each (i, &ending->bindings) {
		const struct bs_end_binding *b = &ending->bindings.v[i];

		hash = bs_mix(hash, (uint64_t)b->referrer << 32 | b->symbol);
		hash = bs_mix(hash, (uint64_t)b->definer << 32 | (uint32_t)b->type_class << 8 |
					    b->outcome);
	}
	bs_vec_each (i, &class->refusals)
		hash = bs_mix(hash, class->refusals.v[i].step);
	bs_vec_each (i, &class->findings) {
		const struct bs_order_finding *f = &class->findings.v[i];

		hash = bs_mix(hash, (uint64_t)f->level << 32 | f->rule);
		hash = bs_mix(hash, (uint64_t)f->from << 32 | f->to);
	}
	return hash;
}

static void classify(struct order_study *s, const struct bs_ending *ending, uint32_t order,
		     const uint32_t *names)
{
	struct bs_order_result *result = s->result;
	uint32_t n_steps = s->orders->plan->n_steps;
	struct bs_order_class class = { .worst = BS_LEVEL_NONE };

	bs_vec_each (i, &ending->steps)
		if (ending->steps.v[i].is_refusal && i <= n_steps)
			bs_vec_push(s->arena, &class.refusals,
				    ((struct bs_order_refusal){
					    names[i], message_of(s->arena, &ending->steps.v[i],
								 names, n_steps) }));
	bs_vec_each (i, &ending->findings) {
		const struct bs_ending_finding *f = &ending->findings.v[i];

		if (f->level >= BS_LEVEL_WARNING)
			take_finding(s->arena, &class, f, f->step <= n_steps ? names[f->step] : 0);
	}
	if (class.refusals.n)
		qsort(class.refusals.v, class.refusals.n, sizeof *class.refusals.v,
		      compare_refusals);
	if (class.findings.n) {
		qsort(class.findings.v, class.findings.n, sizeof *class.findings.v,
		      compare_findings);
		class.worst = class.findings.v[0].level;
	}
	if (class.refusals.n)
		class.worst = BS_LEVEL_ERROR;
	if (ending->worst > result->worst)
		result->worst = ending->worst;
	result->refused |= class.refusals.n != 0;
	result->n_safe += class.worst < BS_LEVEL_WARNING;
	result->n_warned += class.worst == BS_LEVEL_WARNING;
	result->n_harmed += class.worst == BS_LEVEL_ERROR;
	class.hash = hash_of(ending, &class);
	bs_vec_each (i, &result->classes)
		if (result->classes.v[i].hash == class.hash) {
			bs_vec_push(s->arena, &result->classes.v[i].orders, order);
			return;
		}
	bs_vec_push(s->arena, &class.orders, order);
	bs_vec_push(s->arena, &result->classes, class);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void add_moved(struct order_study *s, struct bs_triples *keys, bs_object_id usual,
		      uint32_t history, const struct bs_end_binding *b, bool strong)
{
	struct bs_order_result *result = s->result;
	uint32_t at = bs_triple(s->scratch, keys, b->referrer, usual, history);

	if (at == result->moved.n) {
		struct bs_moved moved = {
			.referrer = b->referrer,
			.answers = bs_new(s->arena, bs_object_id, s->orders->list.n),
		};

		bs_vec_each (i, &s->orders->list)
			moved.answers[i] = usual;
		for (uint32_t h = history; h; h = s->nodes.list.v[h - 1].a)
			moved.answers[s->nodes.list.v[h - 1].b] = s->nodes.list.v[h - 1].c;
		bs_vec_each (i, &s->orders->list)
			if (moved.answers[i] != BS_NOT_THERE &&
			    !bs_ids_have(&moved.kinds, moved.answers[i]))
				bs_vec_push(s->arena, &moved.kinds, moved.answers[i]);
		bs_vec_push(s->arena, &result->moved, moved);
	}
	struct bs_moved *moved = &result->moved.v[at];

	moved->n_strong += strong;
	bs_vec_push(s->arena, &moved->symbols,
		    ((struct bs_moved_symbol){ bs_end_binding_name(s->study, b), b->symbol,
					       b->type_class }));
}

static int most_first(const void *a, const void *b)
{
	const struct bs_moved *x = a, *y = b;

	if (x->symbols.n != y->symbols.n)
		return x->symbols.n > y->symbols.n ? -1 : 1;
	if (x->referrer != y->referrer)
		return x->referrer < y->referrer ? -1 : 1;
	return x->symbols.v[0].symbol < y->symbols.v[0].symbol ? -1 : 1;
}

static uint32_t place_of(const struct bs_orders *orders, uint32_t order, uint32_t movable)
{
	uint32_t at = 0;

	while (orders->list.v[order][at] != movable)
		at++;
	return at;
}

/* Which of MOVED's answers it is as I comes before K or not; false where that does not decide. */
static bool decides(const struct bs_orders *orders, const struct bs_moved *moved, uint32_t i,
		    uint32_t k, bs_object_id *ret_if)
{
	*ret_if = BS_NOT_THERE;
	bs_vec_each (o, &orders->list) {
		bs_object_id answer = moved->answers[o];

		if (answer == BS_NOT_THERE)
			continue;
		bool before = place_of(orders, o, i) < place_of(orders, o, k);

		/* Of two answers it is the one or the other. */
		if (!before)
			answer =
				answer == moved->kinds.v[0] ? moved->kinds.v[1] : moved->kinds.v[0];
		if (*ret_if != BS_NOT_THERE && answer != *ret_if)
			return false;
		*ret_if = answer;
	}
	return *ret_if != BS_NOT_THERE;
}

static void find_decision(const struct bs_orders *orders, struct bs_moved *moved)
{
	bs_object_id answer;

	/* One of those that were not tried may say otherwise. */
	if (orders->untried)
		return;
	for (uint32_t i = 0; moved->kinds.n == 2 && i < orders->movable.n; i++)
		for (uint32_t k = i + 1; k < orders->movable.n; k++) {
			if (!decides(orders, moved, i, k, &answer))
				continue;
			bool as_given = answer == moved->kinds.v[0];

			moved->first = orders->movable.v[as_given ? i : k];
			moved->second = orders->movable.v[as_given ? k : i];
			return;
		}
}

static void fold(struct order_study *s)
{
	struct bs_order_result *result = s->result;
	struct bs_triples keys = { 0 };
	uint32_t n = 0;

	bs_vec_each (i, &s->base.bindings)
		if (s->histories[i])
			add_moved(s, &keys, s->base.bindings.v[i].definer, s->histories[i],
				  &s->base.bindings.v[i], s->is_strong[i]);
	bs_vec_each (i, &s->extras)
		add_moved(s, &keys, BS_NOT_THERE, s->extras.v[i].history, &s->extras.v[i].first,
			  s->extras.v[i].is_strong);
	/* What a refused step takes away is no matter of bindings. */
	bs_vec_each (i, &result->moved) {
		struct bs_moved moved = result->moved.v[i];

		if (moved.kinds.n < 2)
			continue;
		find_decision(s->orders, &moved);
		result->n_moved += moved.symbols.n;
		result->n_strong += moved.n_strong;
		result->moved.v[n++] = moved;
	}
	result->moved.n = n;
	if (n)
		qsort(result->moved.v, n, sizeof *result->moved.v, most_first);
}

/* ---- the finding ----------------------------------------------------------------------------- */

static uint32_t key_of(struct order_study *s, struct bs_triples *keys,
		       const struct bs_order_finding *f)
{
	return bs_triple(s->scratch, keys, (uint32_t)f->rule << 2 | f->level, f->from, f->to);
}

/* What comes and goes gives the level; where nothing does, references to strong symbols. */
static void judge(struct order_study *s)
{
	struct bs_order_result *result = s->result;
	struct bs_triples keys = { 0 };
	bs_ids times = { 0 };
	enum bs_level level = result->n_strong	? BS_LEVEL_WARNING
			      : result->n_moved ? BS_LEVEL_NOTE
						: BS_LEVEL_NONE;

	bs_vec_each (c, &result->classes) {
		const struct bs_order_class *class = &result->classes.v[c];
		uint32_t n = class->findings.n + class->refusals.n;

		for (uint32_t i = 0; i < n; i++) {
			bool is_finding = i < class->findings.n;
			uint32_t key =
				is_finding
					? key_of(s, &keys, &class->findings.v[i])
					: bs_triple(s->scratch, &keys, UINT32_MAX,
						    class->refusals.v[i - class->findings.n].step,
						    0);

			if (key == times.n)
				bs_vec_push(s->scratch, &times, 0);
			times.v[key]++;
		}
	}
	bs_vec_each (key, &times) {
		const struct bs_triple *of = &keys.list.v[key];
		enum bs_level its = of->a == UINT32_MAX ? BS_LEVEL_ERROR : of->a & 3;

		if (times.v[key] < result->classes.n && its > level)
			level = its;
	}
	bs_vec_each (c, &result->classes)
		bs_vec_each (i, &result->classes.v[c].findings) {
			struct bs_order_finding *f = &result->classes.v[c].findings.v[i];

			f->everywhere = times.v[key_of(s, &keys, f)] == result->classes.n;
		}
	result->level = level;
	if (level > result->worst)
		result->worst = level;
}

/* Order number AT, into ENDING. False when there is no answer. */
static bool run_order(struct order_study *s, uint32_t at, struct bs_ending *ending)
{
	struct bs_arena *arena = bs_arena_new();
	struct bs_plan plan;

	if (!arena)
		bs_arena_exhausted(s->arena);
	bs_arena_unwind_with(arena, s->arena);
	const uint32_t *names = bs_orders_plan(s->orders, at, arena, &plan);

	s->study->step_names = names;
	enum bs_sim_status status = bs_study_run(s->study, &plan, ending);

	s->study->step_names = NULL;
	bool ok = status == BS_SIM_OK || status == BS_SIM_REFUSED;

	s->result->diags.arena = s->arena;
	for (uint32_t i = 0; ok && at == 0 && i < ending->diags.list.n; i++)
		bs_diag_copy(&s->result->diags, &ending->diags.list.v[i]);
	if (ok)
		classify(s, ending, at, names);
	else
		s->result->status = status;
	if (ending->problem) {
		s->result->problem =
			bs_arena_strndup(s->arena, ending->problem, strlen(ending->problem));
		s->result->instead = ending->instead;
	}
	bs_arena_free(arena);
	return ok;
}

/* The given order is a question: what is wrong with this one is the order. */
static bool leave_out(struct order_study *s, struct bs_orders *orders, uint32_t at)
{
	memmove(orders->list.v + at, orders->list.v + at + 1,
		(orders->list.n - at - 1) * sizeof *orders->list.v);
	orders->list.n--;
	orders->left_out++;
	s->result->status = BS_SIM_OK;
	s->result->problem = NULL;
	return true;
}

struct bs_order_result bs_order_run(struct bs_study *study, struct bs_arena *arena,
				    struct bs_orders *orders)
{
	struct bs_order_result result = { .study = study, .orders = orders };
	struct order_study s = {
		.study = study, .arena = arena, .orders = orders, .result = &result
	};
	struct bs_ending ending = { 0 };
	bool ok = run_order(&s, 0, &s.base);

	if (!ok) {
		bs_ending_done(&s.base);
		return result;
	}
	s.scratch = s.base.arena;
	s.histories = bs_new(s.scratch, uint32_t, s.base.bindings.n);
	s.is_strong = bs_new(s.scratch, uint8_t, s.base.bindings.n);
	for (uint32_t at = 1; ok && at < orders->list.n;) {
		ok = run_order(&s, at, &ending);
		if (ok)
			note_changes(&s, &ending, at++);
		else if (result.status == BS_SIM_CANNOT)
			ok = leave_out(&s, orders, at);
		bs_ending_done(&ending);
	}
	if (ok) {
		fold(&s);
		judge(&s);
	}
	bs_ending_done(&s.base);
	return result;
}
