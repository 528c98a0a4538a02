/* SPDX-License-Identifier: MIT */
/*
 * verify.h - a simulation, held against what a loader did
 *
 * What the loader did is a testimony: deeds with counts, in the order in which they came, whoever
 * tells them. A log of LD_DEBUG is one source; one that looks at a process fills in the deeds that
 * it sees and leaves out the parts that it does not. The simulation makes deeds of the same kinds,
 * and what is left over on either side is a disagreement, or explained: a slot that was called, a
 * lookup that no relocation makes.
 *
 * Floor 12: may include base.h, sim.h and what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../sim/sim.h"

/* ---- what the loader did --------------------------------------------------------------------- */

/* What is compared, if the testimony has it. */
enum bs_verify_part {
	BS_VERIFY_ERRORS,
	BS_VERIFY_OBJECTS,  /* what is asked for, comes, and goes */
	BS_VERIFY_SEARCHES, /* where each was looked for */
	BS_VERIFY_VERSIONS,
	BS_VERIFY_SCOPES,
	BS_VERIFY_BINDINGS,
	BS_VERIFY_PART_COUNT_
};

enum bs_deed_kind {
#define DEED(id, part, text) BS_DEED_##id,
#include "testimony.def"
#undef DEED
	BS_DEED_COUNT_
};

/* Where somebody says so. */
struct bs_verify_place {
	const char *file; /* or NULL */
	uint64_t line;	  /* from 1 on */
};

/* Names are of the testimony's table; see testimony.def for who has which. */
struct bs_deed {
	enum bs_deed_kind kind;
	bs_name who, what, version;
	uint32_t ns, number;
	/* What came of it. */
	bs_name to;
	uint32_t to_ns;
	bool is_protected;
};

/* A deed with what each side says of it. */
struct bs_held_deed {
	struct bs_deed deed;
	uint32_t told, made;		/* so often, by the loader and by the simulation */
	uint32_t agreed;		/* of TOLD: the simulation has them, or explains them */
	uint32_t unreached;		/* of MADE: the testimony ends before */
	struct bs_verify_place first;	/* where it was told first */
	uint32_t first_mark, last_mark; /* the marks before it when it was told first and last */
	uint32_t step, last_step;	/* that make it, the first one and the last */
	uint8_t why;			/* enum bs_why of a binding that was made */
	bool is_silent; /* of a binding that was made: the loader prints no line of it */
	bool is_call;	/* a slot waits for it, and no other line is its call */
	uint8_t outcome;
	uint32_t next_of_subject; /* index plus 1 of another one about the same; 0 ends */
	/* What a slot, or a lookup that no step tells, comes to in the simulation;
	 * BS_VERIFY_NO_ANSWER: nobody asked. */
	uint8_t other_outcome, other_why;
	bs_name other_to;
	uint32_t other_ns;
};

enum { BS_VERIFY_NO_ANSWER = UINT8_MAX };

/* Something that says how far the process had come. */
enum bs_mark_kind {
	BS_MARK_START,	 /* nothing was told yet */
	BS_MARK_SEEN,	 /* NAME is there, and was not before: it came at some time before */
	BS_MARK_LOADED,	 /* the request NAME is being loaded */
	BS_MARK_INIT,	 /* constructors of NAME are called */
	BS_MARK_OPENED,	 /* a dlopen of NAME is over */
	BS_MARK_CONTROL, /* start-up is over */
};

struct bs_mark {
	enum bs_mark_kind kind;
	bs_name name;
	uint32_t ns, nth; /* the NTHth time that this one comes, from 0 on */
};

/* An object as the testimony names it. */
struct bs_told_object {
	bs_name name;
	uint32_t ns, n_times; /* that it came */
	uint32_t came;	      /* the mark of the last time */
	bool is_there;
	bool is_ending;	     /* it was told that it ends, and not yet that it is gone */
	uint32_t first_mark; /* that says so */
	struct bs_verify_place first;
};

struct bs_testimony {
	struct bs_arena *arena;
	struct bs_names *names;
	bs_name program;  /* what the executable is called; 0: unknown */
	unsigned parts;	  /* bit P: it has part P */
	bool is_whole;	  /* the process ended by itself, and nothing behind is missing */
	bool is_forked;	  /* it has no start-up of its own */
	bool has_control; /* start-up was over */
	uint32_t started; /* the first mark of constructors or of control; 0: there is none */
	BS_VEC(struct bs_held_deed) deeds;
	BS_VEC(struct bs_mark) marks;
	BS_VEC(struct bs_told_object) objects;
	BS_VEC(struct bs_deed) torn; /* bindings of which a line has not all */
	/* private: */
	uint32_t *deed_heads, *subject_heads, *object_heads; /* hash tables: index plus 1 */
	uint32_t n_deed_heads, n_subject_heads, n_object_heads;
	bs_ids deed_next, subject_next, object_next, subject_firsts;
	bs_name dying; /* its destructors are running; 0: nobody's */
	uint32_t dying_ns;
};

/* A text that grows part by part, in room that the next one takes again. */
struct bs_told_text {
	char *v;
	uint32_t n, cap;
};

/* Makes TEXT empty: a NUL, which is not counted. Adds S, and ends TEXT likewise. */
void bs_told_begin(struct bs_arena *arena, struct bs_told_text *text);
void bs_told_add(struct bs_arena *arena, struct bs_told_text *text, const char *s);

/* One that says nothing yet, in ARENA, with names of NAMES. */
struct bs_testimony *bs_testimony_new(struct bs_arena *arena, struct bs_names *names);

/* Ends TESTIMONY and its arena. */
void bs_testimony_done(struct bs_testimony *testimony);

/* The loader told DEED. */
void bs_testimony_tell(struct bs_testimony *testimony, const struct bs_deed *deed,
		       struct bs_verify_place place);

/* A line was torn, as when two threads write at once: DEED, a binding, has WHO and WHAT at most. */
void bs_testimony_tear(struct bs_testimony *testimony, const struct bs_deed *deed);

/* NAME's constructors are called; start-up is over; NAME's destructors are called; it is unmapped.
 */
void bs_testimony_init(struct bs_testimony *testimony, bs_name name);
void bs_testimony_control(struct bs_testimony *testimony);
void bs_testimony_fini(struct bs_testimony *testimony, bs_name name, uint32_t ns);
void bs_testimony_gone(struct bs_testimony *testimony, bs_name name, uint32_t ns,
		       struct bs_verify_place place);

/* "binding"; "bindings". */
const char *bs_deed_text(enum bs_deed_kind kind);
enum bs_verify_part bs_deed_part(enum bs_deed_kind kind);
const char *bs_verify_part_name(enum bs_verify_part part);

/* ---- the comparison -------------------------------------------------------------------------- */

enum bs_verify_cause {
#define CAUSE(id, slug, meaning, help) BS_VERIFY_##id,
#include "verify-causes.def"
#undef CAUSE
	BS_VERIFY_CAUSE_COUNT_
};

/* The slug of CAUSE. */
const char *bs_verify_cause_name(enum bs_verify_cause cause);

/* What it says, in a line, and what to do about it, in some. */
const char *bs_verify_cause_meaning(enum bs_verify_cause cause);
const char *bs_verify_cause_help(enum bs_verify_cause cause);

/* N times the same: TOLD and MADE are indexes of deeds, of which one may be missing. */
struct bs_disagreement {
	uint32_t told, made; /* BS_VERIFY_NOTHING: that side says nothing of it */
	uint32_t n;
};

#define BS_VERIFY_NOTHING UINT32_MAX

/* Disagreements with one cause. */
struct bs_verify_group {
	enum bs_verify_cause cause;
	bs_name object; /* what it is about: the object that no step opens, the request, ...; or 0
			 */
	uint32_t step;	/* NOT_MADE, OTHER_ORDER: its number */
	bool follows;	/* OTHER_DEFINER: the scopes of OBJECT differ, too */
	uint32_t n;	/* of all */
	uint32_t n_parts[BS_VERIFY_PART_COUNT_];
	struct bs_verify_place first;	     /* LINE is 0: the testimony has none */
	BS_VEC(struct bs_disagreement) list; /* by line, then by step */
};

struct bs_verify_step {
	uint32_t number;
	const struct bs_step *step; /* the plan's; NULL for start-up */
	enum bs_step_state state;
	const char *message; /* when it failed */
	bool is_within;
	bool is_reached;				 /* the testimony comes to it */
	uint32_t begin, end;				 /* epochs */
	uint64_t first_line, last_line, last_early_line; /* of the simulation's; see verify-sim.c */
};

struct bs_verify_sum {
	uint64_t agreed, disagreed, unreached;
};

struct bs_verify {
	struct bs_arena *arena;
	struct bs_testimony *testimony;
	const struct bs_plan *plan;
	enum bs_sim_status status; /* CANNOT, NO_MEMORY: there is no answer */
	const char *problem;
	enum bs_instead instead;
	struct bs_diags diags;
	const char *program, *loader; /* as the simulation has them */
	bool no_log; /* the loader that is simulated tells nothing of what it does */
	struct bs_verify_sum sums[BS_VERIFY_PART_COUNT_];
	uint64_t n_slots, n_called; /* lazily bound slots, and those that the loader bound */
	uint64_t n_untold;	 /* lookups that no relocation and no step makes, and that agree */
	uint64_t n_untold_opens; /* opens by the C library itself, of what is not there */
	bool opens_untold;	 /* the plan has no step, and objects were opened */
	uint64_t n_disagreed;
	BS_VEC(struct bs_verify_step) steps;   /* as they were shown */
	BS_VEC(struct bs_verify_group) groups; /* worst first */
};

/*
 * Simulates PLAN on STORE and holds it against TESTIMONY, which is changed by it, as is all that it
 * tells: *RET and what it leads to are TESTIMONY's. SELECTION: of bindings only these are compared.
 */
void bs_verify(const struct bs_plan *plan, struct bs_store *store,
	       const struct bs_selection *selection, struct bs_testimony *testimony,
	       struct bs_verify *ret);
