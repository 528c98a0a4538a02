/* SPDX-License-Identifier: MIT */
/*
 * order.h - the same steps in other orders
 *
 * Movable are the program's own dlopen and dlmopen steps. Every other step stays behind the movable
 * one that it follows; those before the first movable one stay in front. Steps are called by their
 * numbers in the plan that was given, whatever the order.
 *
 * Floor 12: may include study.h and what that shows.
 */
#pragma once

#include "study.h"

/* ---- which orders there are ------------------------------------------------------------------ */

enum {
	BS_MAX_ORDERS = 120,	     /* by default: those of five steps */
	BS_MOST_PAIR_ORDERS = 10000, /* where not all are tried */
};

struct bs_orders {
	struct bs_arena *arena;
	const struct bs_plan *plan;
	bs_ids movable;		       /* numbers of steps */
	BS_VEC(const uint32_t *) list; /* places in MOVABLE, in order; the given order first */
	bool all;	   /* LIST has all orders in which no step comes before one that it
			      refers to */
	uint64_t possible; /* all orders; UINT64_MAX: more than can be counted */
	uint64_t untried;  /* of the two for each pair: they are more than BS_MOST_PAIR_ORDERS */
	uint64_t left_out; /* of those that would be tried: a step would come before one that
			      it refers to; only where ALL says so it is POSSIBLE's rest */
};

/* The orders of PLAN: all if that are no more than MOST, else two for each pair of movable steps,
 * whose steps come first, in front of the others as they are. In ARENA. */
struct bs_orders bs_orders_of(struct bs_arena *arena, const struct bs_plan *plan, uint32_t most);

/* PLAN, and it with its last two steps, which are movable, the other way round. */
struct bs_orders bs_orders_of_pair(struct bs_arena *arena, const struct bs_plan *plan);

/* PLAN as it is. */
struct bs_orders bs_orders_as_given(struct bs_arena *arena, const struct bs_plan *plan);

/* The one order of PLAN in which the movable step STEP comes right before the movable step BEFORE,
 * an earlier one. False: a step would come before one that it refers to. */
bool bs_orders_move(struct bs_arena *arena, const struct bs_plan *plan, uint32_t step,
		    uint32_t before, struct bs_orders *ret);

/* The plan in order number AT, with its references renumbered, in *RET. Returns what each of its
 * steps is called, by number. Both are ARENA's. */
const uint32_t *bs_orders_plan(const struct bs_orders *orders, uint32_t at, struct bs_arena *arena,
			       struct bs_plan *ret);

/* ---- what depends on them -------------------------------------------------------------------- */

/* Who answers a reference, or: it is not there, since a step was refused. */
#define BS_NOT_THERE (UINT32_MAX - 1)

struct bs_moved_symbol {
	const char *name; /* as in the file */
	uint32_t symbol;  /* in the referrer's table */
	uint8_t type_class;
};

/* References of one object that have the same answers in each order, and not the same in all. */
struct bs_moved {
	bs_object_id referrer;
	bs_object_id *answers; /* by order: an object, BS_NO_OBJECT or BS_NOT_THERE */
	bs_ids kinds;	       /* the answers that there are, the given order's first */
	BS_VEC(struct bs_moved_symbol) symbols;
	uint32_t n_strong; /* of them: not meant to be merged, and not alike */
	/* FIRST before SECOND, two steps, gives kinds[0], else kinds[1]; 0: it is no such matter.
	 */
	uint32_t first, second;
};

struct bs_order_refusal {
	uint32_t step;
	const char *message; /* or NULL */
};

struct bs_order_finding {
	enum bs_rule rule;
	enum bs_level level;
	uint32_t step, n;
	bs_object_id from, to;
	bool everywhere; /* in every order */
};

/* Orders with the same bindings, refusals, errors and warnings. */
struct bs_order_class {
	uint64_t hash;
	bs_ids orders;
	BS_VEC(struct bs_order_refusal) refusals;
	BS_VEC(struct bs_order_finding) findings; /* errors and warnings, worst first */
	enum bs_level worst;			  /* a refusal is an error */
};

struct bs_order_result {
	const struct bs_study *study;
	const struct bs_orders *orders;
	enum bs_sim_status status; /* CANNOT, NO_MEMORY: there is no answer */
	const char *problem;
	enum bs_instead instead;
	struct bs_diags diags;		       /* of the given order */
	BS_VEC(struct bs_order_class) classes; /* that of the given order first */
	BS_VEC(struct bs_moved) moved;	       /* most references first */
	uint32_t n_moved, n_strong;	       /* references */
	uint32_t n_safe, n_warned, n_harmed;   /* orders by the worst of their class */
	bool refused;			       /* in some order */
	enum bs_level level; /* of the finding order-dependent; NONE: there is none */
	enum bs_level worst; /* of all findings, that one included */
};

/*
 * Runs ORDERS, which must outlive the result, in STUDY. An order in which a step is made by, or
 * asks about, an object that is not there yet is no question: it is taken out of ORDERS, and
 * counted as left out. All but what the study keeps is ARENA's.
 */
struct bs_order_result bs_order_run(struct bs_study *study, struct bs_arena *arena,
				    struct bs_orders *orders);

/* ---- which are shown ------------------------------------------------------------------------- */

/* SYMBOL of MOVED is selected; --to is held against all of its answers. */
bool bs_moved_selected(const struct bs_selection *selection, const struct bs_study *study,
		       const struct bs_moved *moved, const struct bs_moved_symbol *symbol);

/* ---- all pairs of some files ----------------------------------------------------------------- */

struct bs_pair_record {
	uint32_t a, b;	     /* files */
	enum bs_level level; /* order-dependent */
	/* What is worst in the order A B, and in B A, and what neither does alone. */
	enum bs_level worst[2];
	const char *refusal[2]; /* a message, or "" for none; NULL: nothing is refused */
	enum bs_rule rule;	/* of what is worst; BS_RULE_COUNT_: none */
	uint32_t n, n_strong;	/* references that depend on the order, of those selected */
	bs_object_id referrer, definers[2]; /* those that are most */
	uint32_t n_most;
};

struct bs_pair_file {
	struct bs_step step; /* that opens it */
	const char *refusal; /* when it is opened alone, "" is one; NULL: it is not refused */
	BS_VEC(struct bs_order_finding) findings; /* when it is opened alone */
};

struct bs_pairs_result {
	const struct bs_study *study;
	const struct bs_plan *plan;
	enum bs_sim_status status;
	const char *problem;
	enum bs_instead instead;
	struct bs_diags diags; /* of all runs, each once */
	BS_VEC(struct bs_pair_file) files;
	BS_VEC(struct bs_pair_record) records; /* of what is not harmless, worst first */
	uint32_t n_pairs, n_dependent;
	uint32_t n_levels[BS_LEVEL_ERROR + 1]; /* pairs, by the finding order-dependent */
	bool refused;
	enum bs_level worst;
};

/* Opens each of the N files of STEPS after the steps of PLAN, and then each two of them in both
 * orders. SELECTION: which references count as moved. */
struct bs_pairs_result bs_order_pairs(struct bs_study *study, struct bs_arena *arena,
				      const struct bs_plan *plan, const struct bs_step *steps,
				      uint32_t n, const struct bs_selection *selection);
