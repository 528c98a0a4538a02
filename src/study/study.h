/* SPDX-License-Identifier: MIT */
/*
 * study.h - a plan -> many runs of it, held against each other
 *
 * What changes if the steps come in another order, if a flag is another one, if an object had been
 * linked otherwise? Each variant is simulated and judged anew, on one store that keeps what runs
 * find out. What a run came to is kept apart from it, as an ending, whose objects are those of all
 * runs of the study.
 *
 * Floor 12: may include base.h, sim.h, check.h and what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../sim/sim.h"

/* An object of the study: a file, and which copy of it where a process has it several times, in
 * other namespaces. Ids are given in order of appearance. */
typedef uint32_t bs_object_id;

#define BS_NO_OBJECT UINT32_MAX

struct bs_study_object {
	const struct bs_image *image; /* as it is; the store's */
	uint32_t space;		      /* see STEP_NAMES; 0 for the first namespace */
	uint32_t copy;		      /* 0 for the first */
	const char *name;	      /* its link-map name, where it was met first */
	const char *lasting;	      /* bs_lasting_name() */
};

struct bs_study {
	struct bs_arena *arena;
	struct bs_store *store;
	struct bs_check_options check;
	/* Where the runs have the same steps in other orders: what each step of the plan that is
	 * run next is called in all of them, by number. An object of another namespace is then
	 * known by the step that made the namespace, whichever comes first. NULL: copies are told
	 * apart by their turn alone. */
	const uint32_t *step_names;
	BS_VEC(struct bs_study_object) objects;
};

/*
 * A study of runs on STORE, which keeps things from now on and must outlive it, in ARENA. CHECK is
 * what runs are checked by.
 */
struct bs_study *bs_study_new(struct bs_arena *arena, struct bs_store *store,
			      const struct bs_check_options *check);

/* OBJECT's name without its directories, for words. */
const char *bs_study_name(const struct bs_study *study, bs_object_id object);

/* ---- what a run came to --------------------------------------------------------------------- */

/* The answer to one reference at the end: bound, or what a first call would bind. */
struct bs_end_binding {
	bs_object_id referrer;
	uint32_t symbol; /* in the referrer's table */
	uint8_t type_class;
	uint8_t outcome; /* enum bs_outcome */
	uint8_t why;
	bs_object_id definer; /* BS_NO_OBJECT when nothing answers */
	uint32_t definer_symbol;
};

struct bs_ending_finding {
	enum bs_rule rule;
	enum bs_level level;
	uint32_t step;
	bs_object_id from, to; /* or BS_NO_OBJECT */
	uint64_t fingerprint;
	uint32_t n, n_functions, n_data, n_weak, n_inside, n_waiting;
	bool preloaded;
	const char *examples[BS_MAX_EXAMPLES]; /* names as in the file */
	uint32_t n_examples;
	const char *family; /* the namespace or prefix that most of the names have; or NULL */
};

struct bs_ending_step {
	enum bs_step_state state;
	const char *message; /* or NULL */
	bool ends_process;
	bool is_refusal;     /* of the kind that gives bindsim the exit status 1 */
	bs_object_id opened; /* by a dlopen or dlmopen; or BS_NO_OBJECT */
};

/* An object as a run had it at its end. */
struct bs_ending_object {
	bs_object_id object;
	uint32_t ns;
	uint32_t born; /* step */
	enum bs_map_kind kind;
	enum bs_map_role role;
	bool preloaded, is_global;
};

struct bs_ending {
	struct bs_arena *arena;
	enum bs_sim_status status;
	const char *problem; /* for BS_SIM_CANNOT */
	enum bs_instead instead;
	const char *program, *loader, *machine;	   /* as a report's first line has them */
	bool knows_deepbind;			   /* the loader does */
	BS_VEC(struct bs_ending_step) steps;	   /* by number */
	BS_VEC(struct bs_ending_object) objects;   /* namespace by namespace in link-map order */
	BS_VEC(struct bs_end_binding) bindings;	   /* by referrer, symbol, class */
	BS_VEC(struct bs_ending_finding) findings; /* worst first, then as they came */
	enum bs_level worst;
	struct bs_diags diags;
};

/*
 * Simulates and checks PLAN. Fills in *RET, also where the question could not be answered; to be
 * given back with bs_ending_done(). Out of memory is a status, too.
 */
enum bs_sim_status bs_study_run(struct bs_study *study, const struct bs_plan *plan,
				struct bs_ending *ret);
void bs_ending_done(struct bs_ending *ending);

/* The first step of ENDING that is refused; BS_NEVER: none is. */
uint32_t bs_ending_refused(const struct bs_ending *ending);

/* OBJECT at the end of ENDING, or NULL. */
const struct bs_ending_object *bs_ending_object(const struct bs_ending *ending,
						bs_object_id object);

/* The name of the symbol that BINDING's reference asks for, as in the file. */
const char *bs_end_binding_name(const struct bs_study *study, const struct bs_end_binding *binding);

/* A reference that two endings answer otherwise; NULL: the one has no such reference. */
struct bs_end_change {
	const struct bs_end_binding *before, *after;
};

/* Goes through what differs between A and B, in order; starts with *AT zeroed. False at the end. */
struct bs_end_place {
	uint32_t a, b;
};
bool bs_ending_next_change(const struct bs_ending *a, const struct bs_ending *b,
			   struct bs_end_place *at, struct bs_end_change *ret);
