/* SPDX-License-Identifier: MIT */
/* policy-priv.h - what the files of the policy floor share */
#pragma once

#include "policy.h"

/* By map: in which step a symbol was counted last, plus 1; for one section of the policy. */
typedef BS_VEC(uint32_t *) bs_step_marks;

/* A finding that was told. */
struct bs_told {
	uint64_t fingerprint;
	enum bs_level level;
	uint32_t n; /* symbols */
};

struct bs_judge {
	struct bs_judge_options options;
	struct bs_arena *arena; /* of all runs */
	struct bs_judged_run run;
	uint32_t n_runs; /* that have begun */
	uint8_t *used;	 /* by entry: 1 when it excused something, or met its object, in any run */
	struct bs_tally tally;
	bs_baseline found;
	BS_VEC(struct bs_told) told, told_before; /* in this run and the one before */

	/* Of the run: */
	bs_step_marks *marks; /* by entry; NULL: none is needed */
	bs_findings duplicates;
};

/* ---- match.c --------------------------------------------------------------------------------- */

/* ENTRY's globs let the symbol NAME pass. */
bool bs_entry_has_symbol(const struct bs_policy_entry *entry, const char *name);

/* One of A and B is of the objects that ENTRY's object, soname and family name. */
bool bs_entry_has_objects(const struct bs_policy_entry *entry, const struct bs_run *run,
			  bs_map_id a, bs_map_id b);

/* ENTRY, a [level], an [allow] or a [suppress], is about FINDING: all of its symbols, too. */
bool bs_entry_has(const struct bs_policy_entry *entry, const struct bs_run *run,
		  const struct bs_checker *checker, const struct bs_finding *finding);

/* Where ENTRY stands in POLICY, and what it is about; in ARENA. */
const char *bs_entry_words(struct bs_arena *arena, const struct bs_policy *policy,
			   const struct bs_policy_entry *entry);

/* ENTRY is over on the day TODAY. */
bool bs_entry_is_over(const struct bs_policy_entry *entry, const char *today);

/* ---- baseline.c ------------------------------------------------------------------------------ */

/* FINDING is in the baseline of the judge. If it is there and was less, it is told so. */
bool bs_is_known(struct bs_judge *judge, const struct bs_run *run, struct bs_finding *finding);

/* Adds FINDING to what would be a baseline. */
void bs_baseline_take(struct bs_judge *judge, const struct bs_run *run,
		      const struct bs_finding *finding);

/* ---- requirements.c -------------------------------------------------------------------------- */

/* The policy of JUDGE has a section of KIND. */
bool bs_policy_has(const struct bs_policy *policy, enum bs_policy_kind kind);

/* Adds to FINDINGS what the step RESULT, or the end of the run, breaks. */
void bs_require_in_step(struct bs_judge *judge, const struct bs_run *run,
			const struct bs_step_result *result, bs_findings *findings);
void bs_require_at_end(struct bs_judge *judge, const struct bs_run *run, bs_findings *findings);

/* Evidence for FINDING: the line of ENTRY, and its reason if it has one. */
void bs_tell_entry(const struct bs_judge *judge, const struct bs_run *run,
		   struct bs_finding *finding, const struct bs_policy_entry *entry);

/* ---- duplicates.c ---------------------------------------------------------------------------- */

/* Notes DUPLICATE in the judge DATA if the policy forbids it. */
void bs_take_duplicate(void *data, const struct bs_run *run, const struct bs_duplicate *duplicate);
