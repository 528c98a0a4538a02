/* SPDX-License-Identifier: MIT */
/* All pairs of some files, in both orders. What a pair comes to is a short record; the rest is gone
 * before the next one. */
#include "order.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* ---- which are shown ------------------------------------------------------------------------- */

static bool object_matches(const struct bs_study *study, bs_object_id object, const char *glob)
{
	if (object >= study->objects.n)
		return false;
	const struct bs_study_object *o = &study->objects.v[object];

	return fnmatch(glob, o->name, 0) == 0 ||
	       fnmatch(glob, bs_study_name(study, object), 0) == 0 ||
	       (o->image->soname && fnmatch(glob, o->image->soname, 0) == 0);
}

bool bs_moved_selected(const struct bs_selection *selection, const struct bs_study *study,
		       const struct bs_moved *moved, const struct bs_moved_symbol *symbol)
{
	bool to = !selection->to;

	if (selection->from && !object_matches(study, moved->referrer, selection->from))
		return false;
	bs_vec_each (i, &moved->kinds)
		to = to || object_matches(study, moved->kinds.v[i], selection->to);
	return to && (!selection->symbol || fnmatch(selection->symbol, symbol->name, 0) == 0 ||
		      fnmatch(selection->symbol, bs_demangled(symbol->name), 0) == 0);
}

/* ---- a pair ---------------------------------------------------------------------------------- */

struct pairs {
	struct bs_study *study;
	struct bs_arena *arena;
	const struct bs_plan *plan;
	const struct bs_selection *selection;
	struct bs_pairs_result *result;
};

/* The plan with the steps A and B, or A alone, behind its own. */
static struct bs_plan longer_plan(const struct pairs *p, struct bs_arena *arena,
				  const struct bs_step *a, const struct bs_step *b)
{
	struct bs_plan plan = *p->plan;
	uint32_t n = plan.n_steps;
	struct bs_step *steps = bs_new(arena, struct bs_step, n + 2);

	if (n)
		memcpy(steps, plan.steps, n * sizeof *steps);
	steps[n++] = *a;
	if (b)
		steps[n++] = *b;
	plan.steps = steps;
	plan.n_steps = n;
	return plan;
}

static bool is_known(const struct bs_pair_file *file, const struct bs_order_finding *f)
{
	bs_vec_each (i, &file->findings) {
		const struct bs_order_finding *known = &file->findings.v[i];

		if (known->rule == f->rule && known->from == f->from && known->to == f->to &&
		    known->level >= f->level)
			return true;
	}
	return false;
}

/* What is there in the order WHICH and is not there when A or B is opened alone. */
static void judge_order(const struct pairs *p, struct bs_pair_record *record, uint32_t which,
			const struct bs_order_class *class)
{
	const struct bs_pair_file *a = &p->result->files.v[record->a];
	const struct bs_pair_file *b = &p->result->files.v[record->b];
	enum bs_level worst_of_both =
		record->worst[0] > record->worst[1] ? record->worst[0] : record->worst[1];

	bs_vec_each (i, &class->findings) {
		const struct bs_order_finding *f = &class->findings.v[i];

		if (is_known(a, f) || is_known(b, f))
			continue;
		if (f->level > record->worst[which])
			record->worst[which] = f->level;
		if (f->level > worst_of_both) {
			worst_of_both = f->level;
			record->rule = f->rule;
		}
	}
}

static const char *refusal_of(const struct bs_order_class *class, uint32_t step)
{
	bs_vec_each (i, &class->refusals)
		if (class->refusals.v[i].step == step)
			return class->refusals.v[i].message ? class->refusals.v[i].message : "";
	return NULL;
}

/* A file that is refused alone and in both orders is no matter of the pair. */
static void judge_refusals(const struct pairs *p, struct bs_pair_record *record,
			   const struct bs_order_class *const classes[2])
{
	const uint32_t files[] = { record->a, record->b };

	for (uint32_t i = 0; i < 2; i++) {
		uint32_t step = p->plan->n_steps + 1 + i;
		const char *messages[] = { refusal_of(classes[0], step),
					   refusal_of(classes[1], step) };
		bool alone = p->result->files.v[files[i]].refusal != NULL;

		for (uint32_t which = 0; which < 2; which++) {
			const char *message = messages[which];

			if (!message || (alone && messages[!which]))
				continue;
			record->worst[which] = BS_LEVEL_ERROR;
			record->refusal[which] =
				bs_arena_strndup(p->arena, message, strlen(message));
		}
	}
}

static void count_moved(const struct pairs *p, struct bs_pair_record *record,
			const struct bs_order_result *order)
{
	bs_vec_each (i, &order->moved) {
		const struct bs_moved *moved = &order->moved.v[i];
		uint32_t n = 0;

		bs_vec_each (k, &moved->symbols)
			n += bs_moved_selected(p->selection, p->study, moved, &moved->symbols.v[k]);
		record->n += n;
		record->n_strong += n == moved->symbols.n ? moved->n_strong : 0;
		if (n <= record->n_most)
			continue;
		record->n_most = n;
		record->referrer = moved->referrer;
		record->definers[0] = moved->answers[0];
		record->definers[1] = moved->answers[1];
	}
}

/* Each file is met in many runs. */
static void add_diags(struct pairs *p, const struct bs_diags *diags)
{
	bs_vec_each (i, &diags->list)
		bs_diag_copy_once(&p->result->diags, &diags->list.v[i]);
}

static bool try_pair(struct pairs *p, uint32_t a, uint32_t b)
{
	struct bs_pairs_result *result = p->result;
	struct bs_pair_record record = { .a = a, .b = b, .rule = BS_RULE_COUNT_ };
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		bs_arena_exhausted(p->arena);
	bs_arena_unwind_with(arena, p->arena);
	const struct bs_plan plan =
		longer_plan(p, arena, &result->files.v[a].step, &result->files.v[b].step);
	struct bs_orders orders = bs_orders_of_pair(arena, &plan);
	const struct bs_order_result order = bs_order_run(p->study, arena, &orders);
	bool ok = order.status == BS_SIM_OK;

	add_diags(p, &order.diags);
	if (ok) {
		const struct bs_order_class *const classes[] = {
			&order.classes.v[0], &order.classes.v[order.classes.n - 1]
		};

		judge_order(p, &record, 0, classes[0]);
		judge_order(p, &record, 1, classes[1]);
		judge_refusals(p, &record, classes);
		count_moved(p, &record, &order);
		record.level = order.level;
		result->n_levels[record.level]++;
		result->n_dependent += record.level != BS_LEVEL_NONE;
		if (order.worst > result->worst)
			result->worst = order.worst;
		result->refused |= order.refused;
		if (record.level || record.worst[0] || record.worst[1])
			bs_vec_push(p->arena, &result->records, record);
	} else {
		result->status = order.status;
		result->problem = order.problem ? bs_arena_strndup(p->arena, order.problem,
								   strlen(order.problem))
						: NULL;
		result->instead = order.instead;
	}
	result->n_pairs++;
	bs_arena_free(arena);
	return ok;
}

/* ---- a file alone ---------------------------------------------------------------------------- */

static bool try_file(struct pairs *p, const struct bs_step *step)
{
	struct bs_pairs_result *result = p->result;
	struct bs_pair_file file = { .step = *step };
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		bs_arena_exhausted(p->arena);
	bs_arena_unwind_with(arena, p->arena);
	const struct bs_plan plan = longer_plan(p, arena, step, NULL);
	struct bs_orders orders = bs_orders_as_given(arena, &plan);
	const struct bs_order_result order = bs_order_run(p->study, arena, &orders);
	bool ok = order.status == BS_SIM_OK;

	add_diags(p, &order.diags);
	if (!ok) {
		result->status = order.status;
		result->problem = order.problem ? bs_arena_strndup(p->arena, order.problem,
								   strlen(order.problem))
						: NULL;
		result->instead = order.instead;
	}
	for (uint32_t i = 0; ok && i < order.classes.v[0].findings.n; i++)
		bs_vec_push(p->arena, &file.findings, order.classes.v[0].findings.v[i]);
	for (uint32_t i = 0; ok && i < order.classes.v[0].refusals.n; i++) {
		const struct bs_order_refusal *r = &order.classes.v[0].refusals.v[i];
		const char *message = r->message ? r->message : "";

		if (r->step == plan.n_steps)
			file.refusal = bs_arena_strndup(p->arena, message, strlen(message));
	}
	if (ok) {
		result->refused |= order.refused;
		if (order.worst > result->worst)
			result->worst = order.worst;
		bs_vec_push(p->arena, &result->files, file);
	}
	bs_arena_free(arena);
	return ok;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum bs_level worst_of(const struct bs_pair_record *r)
{
	enum bs_level level = r->worst[0] > r->worst[1] ? r->worst[0] : r->worst[1];

	return level > r->level ? level : r->level;
}

static int worst_first(const void *a, const void *b)
{
	const struct bs_pair_record *x = a, *y = b;

	if (worst_of(x) != worst_of(y))
		return worst_of(x) > worst_of(y) ? -1 : 1;
	if (x->level != y->level)
		return x->level > y->level ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

struct bs_pairs_result bs_order_pairs(struct bs_study *study, struct bs_arena *arena,
				      const struct bs_plan *plan, const struct bs_step *steps,
				      uint32_t n, const struct bs_selection *selection)
{
	struct bs_pairs_result result = {
		.study = study,
		.plan = plan,
		.diags = { .arena = arena },
	};
	struct pairs p = { study, arena, plan, selection, &result };

	for (uint32_t i = 0; i < n; i++)
		if (!try_file(&p, &steps[i]))
			return result;
	for (uint32_t a = 0; a < n; a++)
		for (uint32_t b = a + 1; b < n; b++)
			if (!try_pair(&p, a, b))
				return result;
	if (result.records.n)
		qsort(result.records.v, result.records.n, sizeof *result.records.v, worst_first);
	return result;
}
