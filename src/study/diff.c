/* SPDX-License-Identifier: MIT */
/* Two digests, held against each other: steps, findings, and what can be compared at all. */
#include "diff-priv.h"
#include "findings.h"

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

/* In place of the name of any executable: which one it is is part of the question. */
#define EXECUTABLE (BS_NOBODY - 1)

/* By object of DIGEST: what goes for it in findings. That is what a fingerprint goes by, which
 * knows no namespaces, but for the executable. */
static const uint32_t *known_by(struct bs_arena *arena, const struct bs_digest *digest)
{
	uint32_t *ret = bs_new(arena, uint32_t, digest->objects.n);

	bs_vec_each (i, &digest->objects) {
		const struct bs_digest_object *o = &digest->objects.v[i];

		ret[i] = o->is_executable ? EXECUTABLE : bs_name_of(digest->names, o->lasting);
	}
	return ret;
}

/* The findings of one side, those that are known by the same as one. */
struct findings {
	struct bs_digest_finding *v;
	uint32_t n;
	const struct bs_finding_key *keys;
};

static struct findings merged(struct bs_arena *arena, const struct bs_digest *digest)
{
	const uint32_t *known = known_by(arena, digest);
	struct findings ret = { bs_new(arena, struct bs_digest_finding, digest->findings.n) };

	bs_vec_each (i, &digest->findings)
		ret.v[i] = digest->findings.v[i];
	ret.n = bs_findings_merge(arena, digest->names, ret.v, digest->findings.n, known);
	ret.keys = bs_finding_keys(arena, digest->names, ret.v, ret.n, known);
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
	const struct findings was = merged(arena, diff->side[BS_LEFT]);
	const struct findings now = merged(arena, diff->side[BS_RIGHT]);
	const struct bs_digest_finding **later =
		bs_new(arena, const struct bs_digest_finding *, was.n);
	bool *met = bs_new(arena, bool, now.n);

	for (uint32_t i = 0, k = 0; i < was.n && k < now.n;) {
		int order = bs_finding_key_compare(&was.keys[i], &now.keys[k]);

		if (order == 0) {
			later[was.keys[i].at] = &now.v[now.keys[k].at];
			met[now.keys[k].at] = true;
		}
		i += order <= 0;
		k += order >= 0;
	}
	for (uint32_t i = 0; i < was.n; i++)
		add_finding(arena, diff, &was.v[i], later[i]);
	for (uint32_t k = 0; k < now.n; k++)
		if (!met[k])
			add_finding(arena, diff, NULL, &now.v[k]);
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
		reason = "the two were not cut down by the same globs of symbol, from and to";
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
