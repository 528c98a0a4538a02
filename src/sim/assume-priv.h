/* SPDX-License-Identifier: MIT */
/* assume-priv.h - the same question, asked with one choice made the other way */
#pragma once

#include "sim-priv.h"

/* Where in a run a reference is bound, or waits. */
struct bs_place {
	bs_map_id map;
	uint32_t symbol;
	uint32_t kind; /* a class of bindings, or PLACE_SLOT */
	uint32_t at;   /* index into BINDINGS or the run's slots */
	uint32_t next; /* index plus 1 of the next with a like hash; 0 ends */
};

enum { PLACE_SLOT = 255 };

struct bs_otherwise {
	enum bs_choice choice;
	struct bs_run *run;
	struct bs_target_files files;
	BS_VEC(struct bs_step_result) results; /* in the order in which they were shown */
	bs_ids result_of;		       /* by step number: index into RESULTS plus 1 */
	bs_bindings bindings;		       /* all that it made */
	BS_VEC(struct bs_place) places;
	uint32_t *heads;  /* by hash: index into PLACES plus 1 */
	uint32_t n_heads; /* a power of two */
};

/* otherwise.c: the place of KIND that SYMBOL of MAP has in OTHER, or NULL. */
const struct bs_place *bs_otherwise_place(const struct bs_otherwise *other, bs_map_id map,
					  uint32_t symbol, uint32_t kind);

/* compare.c */

/* A step here and in another run. */
struct bs_pair {
	const struct bs_otherwise *other;
	struct bs_run *here;
	const struct bs_run *there;
	const struct bs_step_result *result, *other_result; /* the latter may be NULL */
	bs_map_id *there_of;		/* by map id here: the same object there, or BS_NO_MAP */
	const uint8_t *is_mapped_there; /* by map id there */
};

/* What becomes of a reference in the other run. */
struct bs_counterpart {
	const struct bs_binding *binding; /* NULL: it has none */
	bool waits;
};

struct bs_pair bs_pair_of(struct bs_run *run, const struct bs_otherwise *other,
			  const struct bs_step_result *result);
/* True when HERE and THERE are the same object; what is not loaded yet has a name and no more. */
bool bs_is_same(const struct bs_pair *pair, bs_map_id here, bs_map_id there);
struct bs_counterpart bs_counterpart_of(const struct bs_pair *pair, const struct bs_binding *b);

/* changes.c: notes what is otherwise in PAIR, of which the other run has plain needs. */
void bs_note_changes(const struct bs_pair *pair);
