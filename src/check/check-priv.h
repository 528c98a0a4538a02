/* SPDX-License-Identifier: MIT */
/* check-priv.h - what the files of the check floor share */
#pragma once

#include "check.h"

/* BINDING takes an object's own symbol elsewhere. */
bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding);

/* Which symbols of one referrer were counted already: one that is called and whose address is taken
 * has two bindings. Bindings come referrer by referrer. */
struct bs_counted {
	uint8_t *symbols; /* by symbol: bits, one for each manner of counting */
	bs_map_id of;
};

/* True when the symbol of BINDING was counted before in this MANNER. */
bool bs_counted_before(const struct bs_run *run, struct bs_counted *counted,
		       const struct bs_binding *binding, uint8_t manner);

/* NAME is a function that programs may replace: malloc, operator new. */
bool bs_is_replaceable(const char *name);

/* deepbind.c: what RTLD_DEEPBIND would have bound elsewhere, where the loader passes it over. */
void bs_check_deepbind(const struct bs_run *run, const struct bs_step_result *result,
		       bs_findings *findings);

/* Worst first, then by objects. */
void bs_findings_sort(bs_findings *findings);

/* ---- exports.c ----------------------------------------------------------------------------- */

/* How much of what A exports is exported by B, too. */
struct bs_shared {
	uint32_t n, n_exports;
	const char *name_space; /* of C++, which more than half of them begin with; or NULL */
	uint32_t n_in_namespace;
};
struct bs_shared bs_shared_exports(const struct bs_run *run, const struct bs_image *a,
				   const struct bs_image *b);

/* Adds SHARED, of F's two objects, to F's evidence. */
void bs_shared_tell(const struct bs_run *run, struct bs_finding *f, const struct bs_shared *shared);

/* ---- twice.c ------------------------------------------------------------------------------- */

struct bs_libraries;
struct bs_libraries *bs_libraries_new(const struct bs_run *run);

/* Holds what the step RESULT brought against what is there. */
void bs_check_twice(struct bs_libraries *libraries, const struct bs_run *run,
		    const struct bs_step_result *result, bs_findings *findings);

/* ---- dependency.c -------------------------------------------------------------------------- */

/* Who needs whom. */
struct bs_needs;
struct bs_needs *bs_needs_new(const struct bs_run *run);

/* Takes in the maps that came since the last call. */
void bs_needs_learn(struct bs_needs *needs, const struct bs_run *run);

/* FROM needs TO, directly or not. */
bool bs_needs(const struct bs_needs *needs, bs_map_id from, bs_map_id to);

/* B binds an object to one that it does not need, directly or not. */
bool bs_is_outsider(const struct bs_needs *needs, const struct bs_binding *b);

/* Looks whether something that B's referrer needs would have answered B, an outsider's. */
void bs_check_outsider(const struct bs_needs *needs, const struct bs_run *run, uint32_t step,
		       const struct bs_binding *b, bool waiting, bs_findings *findings);
