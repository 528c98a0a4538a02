/* SPDX-License-Identifier: MIT */
/* verify-priv.h - what the files of the comparison share */
#pragma once

#include "verify.h"

#define BS_NO_DEED UINT32_MAX

/* testimony.c: the index of DEED, added if it is new; BS_NO_DEED: nobody said so yet. */
uint32_t bs_deed_enter(struct bs_testimony *testimony, const struct bs_deed *deed);
uint32_t bs_deed_find(const struct bs_testimony *testimony, const struct bs_deed *deed);

/* The first deed about what DEED is about; the others follow by NEXT_OF_SUBJECT. BS_NO_DEED: there
 * is none. */
uint32_t bs_deed_subject(const struct bs_testimony *testimony, const struct bs_deed *deed);

/* The object of the testimony, or NULL. */
const struct bs_told_object *bs_told_find(const struct bs_testimony *testimony, bs_name name,
					  uint32_t ns);

/* What follows the last slash of NAME. */
const char *bs_base_name(const char *name);

/* One line of the simulated loader. */
struct bs_made_line {
	uint32_t deed, step; /* indexes */
};

typedef BS_VEC(struct bs_made_line) bs_made_lines;

/* Where the lines of a step begin. */
struct bs_line_range {
	uint32_t early, late;
};

/* An object, or a request that is loaded, as the simulation has it the NTHth time. */
struct bs_made_object {
	bs_name name;
	uint32_t ns, step;
	bool is_request;
	uint32_t next; /* of those with the same hash; index plus 1 */
};

enum { BS_N_MADE_HEADS = 1 << 12 };

/* What was found out of a name. */
struct bs_known_name {
	bool has_foreign, is_foreign, has_stand_in, has_root, is_requested;
	bs_name stand_in, root;
	uint32_t group; /* the last one about it, plus 1; 0: there is none */
};

/* A comparison under way. */
struct bs_holding {
	struct bs_verify *verify;
	struct bs_testimony *t;
	struct bs_arena *arena;
	bs_made_lines lines; /* in the order in which they would be told */
	/* As steps are shown: what comes before constructors and what behind. */
	bs_made_lines early_lines, late_lines;
	BS_VEC(struct bs_line_range) ranges; /* by step */
	bs_ids begins;			     /* by number of a step: see verify-sim.c:bound */
	bool is_late;			     /* what is made comes behind constructors */
	BS_VEC(struct bs_made_object) objects;
	uint32_t object_heads[BS_N_MADE_HEADS];
	bs_ids low, high;	  /* by mark: in which epochs what comes behind it may be ... */
	bs_ids untold;		  /* deeds that a lookup may explain which nothing tells of */
	bool knows_requests;	  /* IS_REQUESTED is filled in, and ASKED */
	bs_ids asked;		  /* deeds by which the testimony alone asks for something */
	struct bs_told_text text; /* of a search or a scope under way */
	const struct bs_selection *selection;
	/* By name, once somebody asked: see verify-cause.c. */
	BS_VEC(struct bs_known_name) known;
};

/* verify-sim.c: the sink that makes the deeds of the simulation, and at its end has called slots
 * explain what they can. */
struct bs_sink bs_holding_sink(struct bs_holding *h);

/* The simulation's name of MAP as the testimony has it. */
bs_name bs_holding_name(struct bs_holding *h, const struct bs_run *run, bs_map_id map);

/* The step, an index, in which the object NAME of NS came the NTHth time; BS_NEVER: it did not. */
uint32_t bs_made_step(const struct bs_holding *h, bs_name name, uint32_t ns, bool is_request,
		      uint32_t nth);

/* verify-time.c: fills in LOW and HIGH. */
void bs_holding_date(struct bs_holding *h);

/* The epochs in which DEED may have been told. */
void bs_deed_epochs(const struct bs_holding *h, const struct bs_held_deed *deed, uint32_t *low,
		    uint32_t *high);

/* verify-slots.c: lines that calls through lazily bound slots made. */
void bs_holding_call_slots(struct bs_holding *h, const struct bs_run *run);

/* verify-untold.c: which deeds are left that a lookup may explain; the sink that asks. */
void bs_holding_list_untold(struct bs_holding *h);
struct bs_sink bs_untold_sink(struct bs_holding *h);

/* verify-objects.c */

/* What is known of NAME, until another one is asked about. */
struct bs_known_name *bs_known_of(struct bs_holding *h, bs_name name);

/* The object called NAME is one that no namespace of the simulation has. */
bool bs_is_foreign(struct bs_holding *h, bs_name name);
/* The one with the base name of NAME that the other side has alone, where NAME is one side's; 0:
 * there is none. */
bs_name bs_stand_in(struct bs_holding *h, bs_name name);
/* What was opened that brought NAME: a request, or NAME itself where nobody knows. */
bs_name bs_root_of(struct bs_holding *h, bs_name name);
/* The object that DEED, which was told, is about and that the simulation has not; or 0. */
bs_name bs_foreign_of(struct bs_holding *h, const struct bs_deed *deed);
/* What was opened when MARK was the last one, if the simulation knows no such call; or 0. A dlopen
 * shows the scopes of all that it comes to. */
bs_name bs_open_around(struct bs_holding *h, uint32_t mark);
/* The simulation asks for WHAT, too. */
bool bs_is_requested(struct bs_holding *h, bs_name what);

/* verify-cause.c: what a disagreement comes from, of which one side may be NULL. IS_MADE: by step,
 * whether it left a trace. */
struct bs_blame {
	enum bs_verify_cause cause;
	bs_name object;
	uint32_t step;
};

struct bs_blame bs_cause_of(struct bs_holding *h, const struct bs_held_deed *told,
			    const struct bs_held_deed *made, const bool *is_made);

/* verify-hold.c: the disagreements, grouped. */
void bs_holding_conclude(struct bs_holding *h);

static inline const char *bs_holding_text(const struct bs_holding *h, bs_name name)
{
	return name ? bs_name_text(h->t->names, name) : "";
}
