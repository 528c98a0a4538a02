/* SPDX-License-Identifier: MIT */
/* What is known of pairs of objects: whether a finding names both, and what was left out. */
#include "check-priv.h"

#include <stdlib.h>

static const struct bs_reason_text reasons[BS_REASON_COUNT_] = {
#define REASON(id, slug, words) [BS_REASON_##id] = { slug, words },
#include "reasons.def"
#undef REASON
};

const struct bs_reason_text *bs_reason_text(enum bs_reason reason)
{
	return &reasons[reason];
}

static uint32_t start_of(const struct bs_object_pairs *pairs, bs_map_id from, bs_map_id to)
{
	return (from * 2654435761u ^ to * 2246822519u) & (pairs->n_heads - 1);
}

static void rehash(const struct bs_run *run, struct bs_object_pairs *pairs)
{
	pairs->n_heads = pairs->n_heads ? pairs->n_heads * 2 : 64;
	pairs->heads = bs_new(run->ctx.arena, uint32_t, pairs->n_heads);
	bs_vec_each (i, &pairs->list) {
		struct bs_object_pair *pair = &pairs->list.v[i];
		uint32_t *head = &pairs->heads[start_of(pairs, pair->from, pair->to)];

		pair->next = *head;
		*head = i + 1;
	}
}

static struct bs_object_pair *find(const struct bs_object_pairs *pairs, bs_map_id from,
				   bs_map_id to)
{
	if (!pairs->list.n)
		return NULL;
	for (uint32_t at = pairs->heads[start_of(pairs, from, to)]; at;
	     at = pairs->list.v[at - 1].next)
		if (pairs->list.v[at - 1].from == from && pairs->list.v[at - 1].to == to)
			return &pairs->list.v[at - 1];
	return NULL;
}

struct bs_object_pair *bs_object_pair(const struct bs_run *run, struct bs_object_pairs *pairs,
				      bs_map_id from, bs_map_id to)
{
	struct bs_object_pair *known = find(pairs, from, to);

	if (known)
		return known;
	if (pairs->list.n == pairs->n_heads)
		rehash(run, pairs);
	uint32_t *head = &pairs->heads[start_of(pairs, from, to)];

	bs_vec_push(run->ctx.arena, &pairs->list,
		    (struct bs_object_pair){ .from = from, .to = to, .next = *head });
	*head = pairs->list.n;
	return &pairs->list.v[pairs->list.n - 1];
}

enum bs_told bs_pair_is_told(const struct bs_checker *checker, bs_map_id a, bs_map_id b)
{
	const struct bs_object_pair *pair = find(&checker->pairs, a > b ? a : b, a > b ? b : a);

	return pair ? pair->told : BS_NOT_TOLD;
}

static void tell(const struct bs_run *run, struct bs_object_pairs *pairs, bs_map_id a, bs_map_id b,
		 enum bs_told how)
{
	if (a == b || a == BS_NO_MAP || b == BS_NO_MAP)
		return;
	struct bs_object_pair *pair = bs_object_pair(run, pairs, a > b ? a : b, a > b ? b : a);

	if (how > pair->told)
		pair->told = how;
}

void bs_object_pairs_tell(const struct bs_run *run, struct bs_object_pairs *pairs,
			  const bs_findings *findings)
{
	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		/* That nobody is bound there says nothing of what both define. */
		if (f->rule == BS_RULE_UNUSED_NEEDED)
			continue;
		tell(run, pairs, f->from, f->to,
		     bs_rule_is_capture(f->rule) ? BS_TOLD_SYMBOLS : BS_TOLD);
		tell(run, pairs, f->to, f->instead, BS_TOLD);
		/* Past whom, instead of whom: that is about those two, too. */
		bs_vec_each (k, &f->facts) {
			tell(run, pairs, f->from, f->facts.v[k].object, BS_TOLD);
			tell(run, pairs, f->to, f->facts.v[k].object, BS_TOLD);
		}
	}
}

/* ---- what is left out ---------------------------------------------------------------------- */

static struct bs_left_out *left_out_of(const struct bs_run *run, struct bs_object_pairs *pairs,
				       struct bs_object_pair *pair, enum bs_reason reason)
{
	for (uint32_t at = pair->left_out; at; at = pairs->left_out.v[at - 1].next)
		if (pairs->left_out.v[at - 1].reason == reason)
			return &pairs->left_out.v[at - 1];
	bs_vec_push(run->ctx.arena, &pairs->left_out,
		    (struct bs_left_out){ .from = pair->from,
					  .to = pair->to,
					  .reason = reason,
					  .next = pair->left_out });
	pair->left_out = pairs->left_out.n;
	return &pairs->left_out.v[pair->left_out - 1];
}

void bs_leave_out(const struct bs_run *run, struct bs_object_pairs *pairs, enum bs_reason reason,
		  bs_map_id from, bs_map_id to, const char *name)
{
	pairs->n_left_out++;
	if (!pairs->lists)
		return;
	struct bs_left_out *item =
		left_out_of(run, pairs, bs_object_pair(run, pairs, from, to), reason);

	item->n++;
	if (name && item->n_examples < BS_MAX_EXAMPLES)
		item->examples[item->n_examples++] = name;
}

static int by_objects(const void *a, const void *b)
{
	const struct bs_left_out *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to < y->to ? -1 : 1;
	return (x->reason > y->reason) - (x->reason < y->reason);
}

void bs_left_out_sort(struct bs_object_pairs *pairs)
{
	if (pairs->left_out.n)
		qsort(pairs->left_out.v, pairs->left_out.n, sizeof *pairs->left_out.v, by_objects);
}

uint64_t bs_left_out_count(const struct bs_checker *checker)
{
	return checker->pairs.n_left_out;
}

const bs_left_outs *bs_left_out_list(const struct bs_checker *checker)
{
	return &checker->pairs.left_out;
}
