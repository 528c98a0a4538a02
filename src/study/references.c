/* SPDX-License-Identifier: MIT */
/* Which references are bound otherwise, folded by cause. */
#include "diff-priv.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* The answers to one reference on both sides are neighbours in their digests. */
struct answers {
	const struct bs_digest_binding *v[2];
	uint32_t n[2];
};

/* ---- what became of it ---------------------------------------------------------------------- */

static bool is_lost(const struct bs_digest_binding *b)
{
	return b->outcome == BS_UNDEFINED || b->outcome == BS_LOOKUP_CRASH;
}

static enum bs_turn turn_of(const struct bs_diff_binding *binding)
{
	const struct bs_digest_binding *was = binding->at[BS_LEFT], *now = binding->at[BS_RIGHT];

	if (!was)
		return is_lost(now) ? BS_TURN_NEW_LOST : BS_TURN_NEW;
	if (!now)
		return BS_TURN_GONE;
	if (is_lost(now))
		return is_lost(was) ? BS_TURN_OTHERWISE : BS_TURN_LOST;
	if (now->outcome == BS_UNRESOLVED_WEAK)
		return was->outcome == BS_BOUND ? BS_TURN_UNSET : BS_TURN_OTHERWISE;
	if (was->outcome != BS_BOUND)
		return BS_TURN_FOUND;
	return binding->to[BS_LEFT] == binding->to[BS_RIGHT] ? BS_TURN_VERSION : BS_TURN_REBOUND;
}

static bool matches(const struct bs_diff *diff, uint32_t object, const char *glob)
{
	for (enum bs_side side = BS_LEFT; glob && side <= BS_RIGHT; side++) {
		const struct bs_digest_object *o = bs_diff_at(diff, object, side);
		const char *slash = o ? strrchr(o->name, '/') : NULL;

		if (o && (fnmatch(glob, o->name, 0) == 0 ||
			  (slash && fnmatch(glob, slash + 1, 0) == 0) ||
			  (o->soname && fnmatch(glob, o->soname, 0) == 0)))
			return true;
	}
	return !glob;
}

static uint32_t matched(const struct bs_diff *diff, enum bs_side side, uint32_t object)
{
	return object == BS_NOBODY ? BS_NOBODY : diff->of[side].v[object];
}

static void tell(struct bs_arena *arena, struct bs_diff *diff, const struct bs_selection *selection,
		 const struct bs_digest_binding *was, const struct bs_digest_binding *now)
{
	struct bs_diff_binding binding = {
		.at = { was, now },
		.from = was ? matched(diff, BS_LEFT, was->from)
			    : matched(diff, BS_RIGHT, now->from),
		.to = { was ? matched(diff, BS_LEFT, was->to) : BS_NOBODY,
			now ? matched(diff, BS_RIGHT, now->to) : BS_NOBODY },
	};

	if (!matches(diff, binding.from, selection->from) ||
	    !(matches(diff, binding.to[BS_LEFT], selection->to) ||
	      matches(diff, binding.to[BS_RIGHT], selection->to)))
		return;
	binding.turn = turn_of(&binding);
	binding.because = bs_diff_because(diff, &binding);
	bs_vec_push(arena, &diff->bindings, binding);
}

/* ---- what is changed ------------------------------------------------------------------------ */

static bool is_same_answer(const struct bs_diff *diff, const struct bs_digest_binding *was,
			   const struct bs_digest_binding *now)
{
	return was->version == now->version && was->outcome == now->outcome &&
	       was->definition_version == now->definition_version &&
	       matched(diff, BS_LEFT, was->to) == matched(diff, BS_RIGHT, now->to);
}

/* X has no equal among the answers of the other side. */
static bool is_alone(const struct bs_diff *diff, const struct answers *answers, enum bs_side side,
		     const struct bs_digest_binding *x)
{
	for (uint32_t i = 0; i < answers->n[!side]; i++) {
		const struct bs_digest_binding *y = &answers->v[!side][i];

		if (side == BS_LEFT ? is_same_answer(diff, x, y) : is_same_answer(diff, y, x))
			return false;
	}
	return true;
}

/* The next of SIDE's answers from *AT on that has no equal; NULL at the end. */
static const struct bs_digest_binding *next_alone(const struct bs_diff *diff,
						  const struct answers *answers, enum bs_side side,
						  uint32_t *at)
{
	while (*at < answers->n[side]) {
		const struct bs_digest_binding *b = &answers->v[side][(*at)++];

		if (is_alone(diff, answers, side, b))
			return b;
	}
	return NULL;
}

/* What is left of both sides is set against each other; what is left of one side alone was, or is
 * now, answered as the reference is elsewhere. */
static void compare(struct bs_arena *arena, struct bs_diff *diff,
		    const struct bs_selection *selection, const struct answers *answers)
{
	uint32_t at[2] = { 0, 0 };

	for (;;) {
		const struct bs_digest_binding *was = next_alone(diff, answers, BS_LEFT, &at[0]);
		const struct bs_digest_binding *now = next_alone(diff, answers, BS_RIGHT, &at[1]);

		if (!was && !now)
			return;
		if (!was && answers->n[BS_LEFT])
			was = &answers->v[BS_LEFT][0];
		if (!now && answers->n[BS_RIGHT])
			now = &answers->v[BS_RIGHT][0];
		tell(arena, diff, selection, was, now);
	}
}

#define ORDER(a, b)                                                                                \
	if ((a) != (b))                                                                            \
		return (a) < (b) ? -1 : 1;

/* A reference of SIDE is known on both by its object, who asks, and the symbol. */
static int by_reference(const struct bs_diff *diff, const struct bs_digest_binding *x,
			enum bs_side of_x, const struct bs_digest_binding *y, enum bs_side of_y)
{
	ORDER(matched(diff, of_x, x->from), matched(diff, of_y, y->from))
	ORDER(x->asker, y->asker)
	ORDER(x->symbol, y->symbol)
	return 0;
}

/* The bindings of SIDE's digest, object by object in the order of the matched ones. */
static struct bs_digest_binding *in_order(struct bs_arena *arena, const struct bs_diff *diff,
					  enum bs_side side)
{
	const struct bs_digest *digest = diff->side[side];
	struct bs_digest_binding *ret = bs_new(arena, struct bs_digest_binding, digest->bindings.n);
	uint32_t *first = bs_new(arena, uint32_t, digest->objects.n + 1), n = 0;

	/* They are sorted by objects; FIRST is where those of each begin. */
	bs_vec_each (i, &digest->bindings)
		if (digest->bindings.v[i].from != BS_NOBODY)
			first[digest->bindings.v[i].from + 1] = i + 1;
	for (uint32_t i = 0; i < digest->objects.n; i++)
		if (first[i + 1] < first[i])
			first[i + 1] = first[i];
	bs_vec_each (i, &diff->objects) {
		uint32_t object = diff->objects.v[i].at[side];

		if (object == BS_NOBODY)
			continue;
		for (uint32_t k = first[object]; k < first[object + 1]; k++)
			ret[n++] = digest->bindings.v[k];
	}
	/* Whose referrer is unknown stand last. */
	for (; n < digest->bindings.n; n++)
		ret[n] = digest->bindings.v[n];
	return ret;
}

static uint32_t same_reference(const struct bs_diff *diff, enum bs_side side,
			       const struct bs_digest_binding *list, uint32_t at)
{
	uint32_t n = 0;

	while (at + n < diff->side[side]->bindings.n &&
	       by_reference(diff, &list[at], side, &list[at + n], side) == 0)
		n++;
	return n;
}

static void find_changes(struct bs_arena *arena, struct bs_diff *diff,
			 const struct bs_selection *selection)
{
	struct bs_digest_binding *list[2] = { in_order(arena, diff, BS_LEFT),
					      in_order(arena, diff, BS_RIGHT) };
	const uint32_t n[2] = { diff->side[BS_LEFT]->bindings.n, diff->side[BS_RIGHT]->bindings.n };
	uint32_t at[2] = { 0, 0 };

	while (at[BS_LEFT] < n[BS_LEFT] || at[BS_RIGHT] < n[BS_RIGHT]) {
		struct answers answers = { .v = { list[0] + at[0], list[1] + at[1] } };
		int order =
			at[BS_LEFT] == n[BS_LEFT] ? 1
			: at[BS_RIGHT] == n[BS_RIGHT]
				? -1
				: by_reference(diff, answers.v[0], BS_LEFT, answers.v[1], BS_RIGHT);

		if (order <= 0)
			answers.n[0] = same_reference(diff, BS_LEFT, list[0], at[0]);
		if (order >= 0)
			answers.n[1] = same_reference(diff, BS_RIGHT, list[1], at[1]);
		compare(arena, diff, selection, &answers);
		at[0] += answers.n[0];
		at[1] += answers.n[1];
	}
}

/* ---- folding ------------------------------------------------------------------------------- */

static int by_cause(const struct bs_diff_binding *x, const struct bs_diff_binding *y)
{
	ORDER(x->turn, y->turn)
	ORDER(x->because.kind, y->because.kind)
	ORDER(x->because.object, y->because.object)
	ORDER(x->because.other, y->because.other)
	ORDER(x->because.step, y->because.step)
	return 0;
}

/* Who answers a reference that came or went is of no interest beside that. */
static int by_row(const struct bs_diff_binding *x, const struct bs_diff_binding *y)
{
	ORDER(x->from, y->from)
	if (x->turn == BS_TURN_NEW || x->turn == BS_TURN_GONE)
		return 0;
	ORDER(x->to[BS_LEFT], y->to[BS_LEFT])
	ORDER(x->to[BS_RIGHT], y->to[BS_RIGHT])
	return 0;
}

static int by_place(const void *a, const void *b, void *data)
{
	const struct bs_diff_binding *x = a, *y = b;
	const struct bs_diff *diff = data;
	int order = by_cause(x, y);

	order = order ? order : by_row(x, y);
	order = order ? order : strcmp(bs_diff_symbol(diff, x), bs_diff_symbol(diff, y));
	if (order)
		return order;
	/* Neighbours in the lists that they point into. */
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT; side++) {
		ORDER(x->at[side] != NULL, y->at[side] != NULL)
		ORDER(x->at[side], y->at[side])
	}
	return 0;
}

static int by_weight(const void *a, const void *b)
{
	const struct bs_diff_cause *x = a, *y = b;

	ORDER(x->turn, y->turn)
	ORDER(y->n, x->n)
	ORDER(x->first_row, y->first_row)
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct bs_diff_row *x = a, *y = b;

	ORDER(y->n, x->n)
	ORDER(x->first, y->first)
	return 0;
}

static void fold(struct bs_arena *arena, struct bs_diff *diff)
{
	bs_vec_each (i, &diff->bindings) {
		const struct bs_diff_binding *b = &diff->bindings.v[i];

		if (!i || by_cause(b - 1, b) != 0)
			bs_vec_push(arena, &diff->causes,
				    (struct bs_diff_cause){ .because = b->because,
							    .turn = b->turn,
							    .first_row = diff->rows.n });
		struct bs_diff_cause *cause = &diff->causes.v[diff->causes.n - 1];

		if (!cause->n || by_row(b - 1, b) != 0) {
			bs_vec_push(arena, &diff->rows, (struct bs_diff_row){ .first = i });
			cause->n_rows++;
		}
		diff->rows.v[diff->rows.n - 1].n++;
		cause->n++;
	}
	bs_vec_each (i, &diff->causes)
		qsort(diff->rows.v + diff->causes.v[i].first_row, diff->causes.v[i].n_rows,
		      sizeof *diff->rows.v, by_size);
	if (diff->causes.n)
		qsort(diff->causes.v, diff->causes.n, sizeof *diff->causes.v, by_weight);
}

void bs_diff_references(struct bs_arena *arena, struct bs_diff *diff,
			const struct bs_selection *selection)
{
	find_changes(arena, diff, selection);
	if (diff->bindings.n)
		qsort_r(diff->bindings.v, diff->bindings.n, sizeof *diff->bindings.v, by_place,
			diff);
	fold(arena, diff);
}
