/* SPDX-License-Identifier: MIT */
/* Two digests, held against each other: steps, findings, and what can be compared at all. */
#include "diff-priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- steps --------------------------------------------------------------------------------- */

static bool is_same_call(const struct bs_step *a, const struct bs_step *b)
{
	return a->kind == b->kind && a->mode == b->mode && a->mode_is_number == b->mode_is_number &&
	       a->number == b->number && a->of_step == b->of_step && a->handle == b->handle &&
	       bs_diff_is_same(a->file, b->file) && bs_diff_is_same(a->symbol, b->symbol) &&
	       bs_diff_is_same(a->version, b->version) && bs_diff_is_same(a->object, b->object) &&
	       bs_diff_is_same(a->caller, b->caller);
}

static unsigned step_changes(struct bs_arena *arena, const struct bs_diff *diff,
			     const struct bs_digest_step *was, const struct bs_digest_step *now)
{
	unsigned changes = 0;

	if (!was || !now)
		return was ? BS_STEP_WENT : BS_STEP_CAME;
	if (was->is_start_up != now->is_start_up || !bs_diff_is_same(was->within, now->within) ||
	    (!was->is_start_up && !is_same_call(&was->call, &now->call)))
		changes |= BS_STEP_ASKS;
	if (was->state != now->state)
		changes |= BS_STEP_STATE;
	/* Messages have paths in them. */
	else if (!bs_diff_is_same(bs_diff_beside(arena, diff, BS_LEFT, was->message),
				  bs_diff_beside(arena, diff, BS_RIGHT, now->message)))
		changes |= BS_STEP_MESSAGE;
	return changes;
}

/* Those that constructors make are shown behind the step that they lie in, out of turn. */
static void compare_steps(struct bs_arena *arena, struct bs_diff *diff)
{
	uint32_t n = 0;

	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++)
		bs_vec_each (i, &diff->side[side]->steps)
			if (diff->side[side]->steps.v[i].number >= n)
				n = diff->side[side]->steps.v[i].number + 1;
	struct bs_diff_step *steps = bs_new(arena, struct bs_diff_step, n);

	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++)
		bs_vec_each (i, &diff->side[side]->steps)
			steps[diff->side[side]->steps.v[i].number].at[side] =
				&diff->side[side]->steps.v[i];
	for (uint32_t i = 0; i < n; i++) {
		struct bs_diff_step *step = &steps[i];

		if (!step->at[BS_LEFT] && !step->at[BS_RIGHT])
			continue;
		step->changes = step_changes(arena, diff, step->at[BS_LEFT], step->at[BS_RIGHT]);
		if (step->changes)
			bs_vec_push(arena, &diff->steps, *step);
	}
}

/* ---- findings ------------------------------------------------------------------------------ */

static uint32_t matched(const struct bs_diff *diff, enum bs_side side, uint32_t object)
{
	return object == BS_NOBODY ? BS_NOBODY : diff->of[side].v[object];
}

/*
 * Whether A and B are one finding: what a fingerprint goes by, which knows no namespaces, but for
 * the executable, whose name is part of the question.
 */
static bool is_same_object(const struct bs_digest *x, uint32_t a, const struct bs_digest *y,
			   uint32_t b)
{
	if (a == BS_NOBODY || b == BS_NOBODY)
		return a == b;
	const struct bs_digest_object *p = &x->objects.v[a], *q = &y->objects.v[b];

	return (p->is_executable && q->is_executable) || strcmp(p->lasting, q->lasting) == 0;
}

static bool is_same_finding(const struct bs_digest *x, const struct bs_digest_finding *a,
			    const struct bs_digest *y, const struct bs_digest_finding *b)
{
	return strcmp(a->rule, b->rule) == 0 && is_same_object(x, a->from, y, b->from) &&
	       is_same_object(x, a->to, y, b->to) && bs_diff_is_same(a->symbol, b->symbol);
}

/* The findings of DIGEST that are one by their fingerprints, as one: the first of them. */
static bool merge_at(const struct bs_digest *digest, uint32_t at, struct bs_digest_finding *ret)
{
	*ret = digest->findings.v[at];
	bs_vec_each (i, &digest->findings) {
		const struct bs_digest_finding *f = &digest->findings.v[i];

		if (i == at || !is_same_finding(digest, f, digest, ret))
			continue;
		if (i < at)
			return false;
		ret->n += f->n;
		if (f->level > ret->level)
			ret->level = f->level;
	}
	return true;
}

typedef BS_VEC(struct bs_digest_finding) findings;

static findings *merged(struct bs_arena *arena, const struct bs_digest *digest)
{
	findings *ret = (findings *)bs_new(arena, findings, 1);

	bs_vec_each (i, &digest->findings) {
		struct bs_digest_finding f;

		if (merge_at(digest, i, &f))
			bs_vec_push(arena, ret, f);
	}
	return ret;
}

static void add_finding(struct bs_arena *arena, struct bs_diff *diff,
			const struct bs_digest_finding *was, const struct bs_digest_finding *now)
{
	struct bs_diff_finding f = { .at = { was, now } };

	if (!was || !now) {
		f.changes = was ? BS_FINDING_GONE : BS_FINDING_NEW;
	} else {
		f.changes |= was->level != now->level ? BS_FINDING_LEVEL : 0;
		f.changes |= was->n != now->n ? BS_FINDING_COUNT : 0;
	}
	if (!f.changes)
		return;
	f.from = now ? matched(diff, BS_RIGHT, now->from) : matched(diff, BS_LEFT, was->from);
	f.to = now ? matched(diff, BS_RIGHT, now->to) : matched(diff, BS_LEFT, was->to);
	bs_vec_push(arena, &diff->findings, f);
}

#define ORDER(a, b)                                                                                \
	if ((a) != (b))                                                                            \
		return (a) < (b) ? -1 : 1;

static int by_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* New ones and those that became worse come first. */
static int by_badness(const void *a, const void *b)
{
	const struct bs_diff_finding *x = a, *y = b;
	const struct bs_digest_finding *f = x->at[BS_RIGHT] ? x->at[BS_RIGHT] : x->at[BS_LEFT];
	const struct bs_digest_finding *g = y->at[BS_RIGHT] ? y->at[BS_RIGHT] : y->at[BS_LEFT];

	ORDER(x->changes & BS_FINDING_GONE, y->changes & BS_FINDING_GONE)
	ORDER(g->level, f->level)
	ORDER(x->changes, y->changes)
	int order = strcmp(f->rule, g->rule);

	if (order)
		return order;
	ORDER(x->from, y->from)
	ORDER(x->to, y->to)
	return by_text(f->symbol, g->symbol);
}

static void compare_findings(struct bs_arena *arena, struct bs_diff *diff)
{
	const struct bs_digest *left = diff->side[BS_LEFT], *right = diff->side[BS_RIGHT];
	const findings *was = merged(arena, left), *now = merged(arena, right);
	bool *met = bs_new(arena, bool, now->n);

	bs_vec_each (i, was) {
		uint32_t k = 0;

		while (k < now->n && !is_same_finding(left, &was->v[i], right, &now->v[k]))
			k++;
		add_finding(arena, diff, &was->v[i], k < now->n ? &now->v[k] : NULL);
		if (k < now->n)
			met[k] = true;
	}
	bs_vec_each (k, now)
		if (!met[k])
			add_finding(arena, diff, NULL, &now->v[k]);
	if (diff->findings.n)
		qsort(diff->findings.v, diff->findings.n, sizeof *diff->findings.v, by_badness);
}

/* ---- what cannot be compared ----------------------------------------------------------------- */

static bool has_same_filter(const struct bs_digest *a, const struct bs_digest *b)
{
	return bs_diff_is_same(a->filter.symbol, b->filter.symbol) &&
	       bs_diff_is_same(a->filter.from, b->filter.from) &&
	       bs_diff_is_same(a->filter.to, b->filter.to);
}

/* Whether both sides have what they HAVE, the part PART; if not, that is a gap. */
static bool can_compare(struct bs_arena *arena, struct bs_diff *diff,
			const struct bs_diff_options *options, const char *part, const bool have[2])
{
	const char *reason = NULL;

	if (!has_same_filter(diff->side[BS_LEFT], diff->side[BS_RIGHT]))
		reason = "the two were not cut down by the same --symbol, --from and --to";
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++)
		if (!have[side])
			reason = bs_arena_printf(arena, "%s was written without the part %s",
						 options->name[side], part);
	if (reason)
		bs_vec_push(arena, &diff->gaps, (struct bs_diff_gap){ part, reason });
	return !reason;
}

static bool can_compare_findings(struct bs_arena *arena, struct bs_diff *diff,
				 const struct bs_diff_options *options)
{
	const bool have[] = { diff->side[BS_LEFT]->has_findings,
			      diff->side[BS_RIGHT]->has_findings };

	return options->parts & BS_DIFF_FINDINGS &&
	       can_compare(arena, diff, options, "findings", have);
}

static bool can_compare_bindings(struct bs_arena *arena, struct bs_diff *diff,
				 const struct bs_diff_options *options)
{
	const bool have[] = { diff->side[BS_LEFT]->has_bindings,
			      diff->side[BS_RIGHT]->has_bindings };

	return options->parts & (BS_DIFF_CAUSES | BS_DIFF_BINDINGS) &&
	       can_compare(arena, diff, options, "bindings", have);
}

struct bs_diff *bs_diff_new(struct bs_arena *arena, const struct bs_digest *left,
			    const struct bs_digest *right, const struct bs_diff_options *options)
{
	struct bs_diff *diff = bs_new(arena, struct bs_diff, 1);

	diff->side[BS_LEFT] = left;
	diff->side[BS_RIGHT] = right;
	diff->changes_loader = strcmp(left->loader, right->loader) != 0;
	bs_diff_match(arena, diff);
	if (options->parts & BS_DIFF_STEPS)
		compare_steps(arena, diff);
	if (can_compare_findings(arena, diff, options))
		compare_findings(arena, diff);
	if (can_compare_bindings(arena, diff, options))
		bs_diff_references(arena, diff, &options->selection);
	bs_vec_each (i, &diff->objects)
		if (options->parts & BS_DIFF_OBJECTS)
			diff->n_objects += diff->objects.v[i].changes != 0;
	diff->n = (uint64_t)diff->steps.n + diff->findings.n + diff->bindings.n + diff->n_objects;
	return diff;
}
