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

/* deepbind.c: what RTLD_DEEPBIND would have bound elsewhere, where the loader passes it over. */
void bs_check_deepbind(const struct bs_run *run, const struct bs_step_result *result,
		       bs_findings *findings);

/* Worst first, then by objects. */
void bs_findings_sort(bs_findings *findings);
