/* SPDX-License-Identifier: MIT */
/*
 * findings.h - which findings are one
 *
 * A report may have any number of them, with texts of any length: they are known by numbers, and
 * sorted.
 */
#pragma once

#include "digest.h"

/* What a finding is known by, and where it is. */
struct bs_finding_key {
	bs_name rule, symbol;
	uint32_t from, to;
	uint32_t at; /* in its list */
};

/* Orders by all but the place. */
int bs_finding_key_compare(const struct bs_finding_key *a, const struct bs_finding_key *b);

/* The keys of the N FINDINGS, sorted, those of one finding by their places. KNOWN_BY has, by
 * object, what goes for it; NULL: itself. Texts get names in NAMES. */
struct bs_finding_key *bs_finding_keys(struct bs_arena *arena, struct bs_names *names,
				       const struct bs_digest_finding *findings, uint32_t n,
				       const uint32_t *known_by);

/* Makes one of those of the N FINDINGS that are one by their keys: the first, with the worst level
 * and all symbols. Returns how many are left, in their order. */
uint32_t bs_findings_merge(struct bs_arena *arena, struct bs_names *names,
			   struct bs_digest_finding *findings, uint32_t n,
			   const uint32_t *known_by);
