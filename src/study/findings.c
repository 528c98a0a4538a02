/* SPDX-License-Identifier: MIT */
/* Which findings are one. */
#include "findings.h"

#include <stdlib.h>

#define ORDER(a, b)                                                                                \
	if ((a) != (b))                                                                            \
		return (a) < (b) ? -1 : 1;

int bs_finding_key_compare(const struct bs_finding_key *a, const struct bs_finding_key *b)
{
	ORDER(a->rule, b->rule)
	ORDER(a->from, b->from)
	ORDER(a->to, b->to)
	ORDER(a->symbol, b->symbol)
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct bs_finding_key *x = a, *y = b;
	int order = bs_finding_key_compare(x, y);

	if (order)
		return order;
	ORDER(x->at, y->at)
	return 0;
}

static uint32_t key_of(uint32_t object, const uint32_t *known_by)
{
	return known_by && object != BS_NOBODY ? known_by[object] : object;
}

struct bs_finding_key *bs_finding_keys(struct bs_arena *arena, struct bs_names *names,
				       const struct bs_digest_finding *findings, uint32_t n,
				       const uint32_t *known_by)
{
	struct bs_finding_key *keys = bs_new(arena, struct bs_finding_key, n);

	for (uint32_t i = 0; i < n; i++)
		keys[i] = (struct bs_finding_key){
			.rule = bs_name_of(names, findings[i].rule),
			.symbol = bs_name_of(names, findings[i].symbol),
			.from = key_of(findings[i].from, known_by),
			.to = key_of(findings[i].to, known_by),
			.at = i,
		};
	if (n)
		qsort(keys, n, sizeof *keys, by_key);
	return keys;
}

uint32_t bs_findings_merge(struct bs_arena *arena, struct bs_names *names,
			   struct bs_digest_finding *findings, uint32_t n, const uint32_t *known_by)
{
	const struct bs_finding_key *keys = bs_finding_keys(arena, names, findings, n, known_by);
	bool *is_more = bs_new(arena, bool, n); /* it is counted to an earlier one */
	uint32_t first = 0, left = 0;

	for (uint32_t i = 1; i < n; i++) {
		if (bs_finding_key_compare(&keys[first], &keys[i]) != 0) {
			first = i;
			continue;
		}
		struct bs_digest_finding *known = &findings[keys[first].at];
		const struct bs_digest_finding *more = &findings[keys[i].at];

		known->n += more->n;
		if (more->level > known->level)
			known->level = more->level;
		is_more[keys[i].at] = true;
	}
	for (uint32_t i = 0; i < n; i++)
		if (!is_more[i])
			findings[left++] = findings[i];
	return left;
}
