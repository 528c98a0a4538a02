/* SPDX-License-Identifier: MIT */
/*
 * sim.h - plan -> run: the one place that walks the chain from names to bindings
 *
 * The floors below each know one thing; this one calls them in the loader's order: load, check
 * versions, relocate, commit, promote. What happened in a step is handed to a sink when the step is
 * over.
 *
 * Floor 6: may include all floors below and plan.h.
 */
#pragma once

#include "../base/base.h"
#include "../bind/bind.h"
#include "../profile/profile.h"
#include "../scope/scope.h"
#include "../search/search.h"

#include "../profile/plan.h"

enum bs_step_state {
	BS_STEP_OK,
	BS_STEP_FAILED,
	BS_STEP_NOT_REACHED, /* the process ended before */
};

/* How far a step comes. */
enum bs_stage { BS_STAGE_LOADING, BS_STAGE_CHECKING, BS_STAGE_BINDING };

/* What the loader does in a step, in its order, up to a failure; ld-debug prints these one by one.
 */
enum bs_event_kind {
	BS_EVENT_SEARCH,    /* trace A */
	BS_EVENT_LOAD,	    /* load note A of the process */
	BS_EVENT_SCOPE,	    /* scope view A */
	BS_EVENT_GLOBAL,    /* map A comes into the global scope */
	BS_EVENT_NOTES,	    /* relocation notes from A up to, but not, B */
	BS_EVENT_VERSION,   /* version check A, with the loader's error line if it has one */
	BS_EVENT_ACTIVATED, /* map A's mark never to be unloaded counts from here on */
	BS_EVENT_KEPT,	    /* RTLD_NODELETE marks map A, which was open already */
	BS_EVENT_OPENED,    /* map A was opened; B handles to it are open now */
	BS_EVENT_CLOSING,   /* a handle to map A is gone and it stays; B handles are left */
	BS_EVENT_DESTROYED, /* map A is gone */
	BS_EVENT_DEMAND,    /* demand A: a placeholder, or the end of one */
};

struct bs_event {
	enum bs_event_kind kind;
	uint32_t a, b;
};

/* One object's scope as it was at a moment, from list FROM on. */
struct bs_scope_view {
	bs_map_id map;
	uint32_t from;
	BS_VEC(bs_ids) lists;
	BS_VEC(const char *) placeholders; /* by list: what it waits for, or NULL */
	uint64_t assumed;		   /* bit N: it rests on choice N of the profile */
};

/* What a searchlist held when it was last viewed: views of an unchanged list share it. */
struct bs_viewed_list {
	bs_list_id id;
	uint32_t cuts;
	bs_ids maps;
};

enum { BS_VIEWED_LISTS = 4 };

/* What becomes of a need that is loaded on demand. */
struct bs_demand {
	bs_list_id list; /* the placeholder */
	bs_map_id owner; /* whose need it is */
	bs_map_id map;	 /* what it came to; BS_NO_MAP: it was made, or its object cannot be had */
	bool made;	 /* just now; else somebody came to it */
	bool was_loaded; /* MAP had been loaded for somebody else */
	const char *symbol; /* what was looked up when it was come to */
};

/* A preload that was passed over. */
struct bs_passed_over {
	const char *word, *source; /* source: "LD_PRELOAD", "--preload" or the file's path */
	struct bs_failure failure;
};

/* What dlsym(3) found. */
struct bs_found_symbol {
	bs_map_id map;	 /* BS_NO_MAP: nothing, or no such step */
	uint32_t symbol; /* in MAP's table */
	/* The address lies OFFSET bytes behind the object's load address; not for thread-local
	 * variables, nor for what only a resolver's run could tell (IFUNC), nor for absolute ones.
	 */
	bool has_offset;
	uint64_t offset;
};

/*
 * A jump slot that was left for its first call. What a call would bind changes when scopes do, so
 * there is an answer for each epoch: the time from the end of one step to the end of the next.
 */
struct bs_slot {
	uint32_t since; /* the epoch from which on its answer holds */
	uint32_t past;	/* index into PAST_ANSWERS plus 1 of the answer before; 0: there was none */
	uint32_t step;	/* that left it */
	uint32_t called; /* the step whose call bound it for good; BS_NEVER while it waits */
	bool forgotten;	 /* of one that waits for its definition: the loader looks for it no more */
	uint32_t over; /* the epoch from which on it waits no more: called, or unmapped; BS_NEVER */
};

struct bs_past_answer {
	struct bs_binding answer;
	uint32_t since, past; /* as in struct bs_slot */
};

/* The slots of one object are neighbours. */
struct bs_lazy_map {
	bs_map_id map;
	uint32_t step;		      /* that relocated it */
	uint32_t first_slot, n_slots; /* UINT32_MAX: not asked yet */
	bool unmapped;
	/* The scope as it was when the slots were asked last. */
	bs_ids lists;	     /* ids */
	bs_ids list_lengths; /* and how long they were */
	bs_ids list_cuts;    /* and how often they had been made anew */
	uint32_t n_uniques;
};

struct bs_step_result {
	uint32_t number;	    /* 0 is start-up */
	const struct bs_step *step; /* NULL for start-up */
	enum bs_step_state state;
	enum bs_stage stage;	 /* how far it came ... */
	enum bs_stage failed_in; /* ... and, when FAILED, where the loader gives up: a trace goes on
				    behind that */
	bool ends_process;	 /* nothing after it is reached */
	const char *message; /* the loader's words when FAILED; "" for RTLD_NOLOAD of what is not
				there */
	struct bs_failure failure;    /* the same, in parts */
	struct bs_opening opening;    /* of a dlopen; its root is the map it returned */
	struct bs_query asked;	      /* by a dlsym; its lists are this step's */
	struct bs_found_symbol found; /* ... and what it found */
	bs_map_id caller;	      /* who made the call; BS_NO_MAP for start-up or unknown */
	bool was_bound; /* a call through a slot that was bound before: nothing to do */
	bool within;	/* made by constructors, within a step that comes before it in the report */
	uint32_t epoch; /* that began with the end of this step */
	bs_ids mapped;	/* what is in the process at its end, namespace by namespace in link-map
			   order */
	bs_ids born;	/* maps that it brought, those included that it did not keep */
	bs_ids gone;	/* maps that died in it, in the loader's order */
	struct bs_closing closed; /* by a dlclose */

	bs_traces traces; /* every place that was tried */
	bs_version_checks versions;
	struct bs_relocated relocated; /* bindings made, in the loader's order; after `stopped` what
					  else is missing */
	/* Jump slots that wait, and what a call after this step would bind: those of the objects
	 * that it brought, which is a view of the run's answers and ends with the sink's call, and
	 * those of earlier ones whose answer is another now than it was. */
	bs_bindings slots, changed_slots;
	uint32_t n_lazy_entered; /* of relocated.lazy */
	BS_VEC(struct bs_scope_view) views;
	BS_VEC(struct bs_event) events;
	BS_VEC(struct bs_passed_over) passed_over;
	BS_VEC(struct bs_demand) demands;
	uint64_t assumed;   /* bit N: what the step came to rests on choice N of the profile; its
			       bindings and slots have marks of their own */
	uint32_t n_lookups; /* that it made */
	uint32_t first_load_note; /* of the process's: from here on they are this step's */
	bs_map_id first_map;	  /* maps from here on, up to LAST_MAP, were born in this step or in
				     steps within it */
	bs_map_id last_map;	  /* one behind the last */
};

/* A reference that is bound otherwise when needs that are loaded on demand are plain needs. */
struct bs_change {
	uint32_t step;		/* the first in which it is */
	struct bs_binding here; /* the answer of this run ... */
	bool waits_here;	/* ... that of a first call */
	struct bs_binding there;
	bool waits_there;
	const char *definer_there; /* link-map name, "" for the executable; NULL: nothing answers */
};

/* What else a step comes to then. */
struct bs_changed_step {
	uint32_t step;
	bool reached_there;
	enum bs_step_state state_there;
	const char *message_there; /* when it fails there */
	/* Link-map names of what is in the process at its end there and not here. */
	BS_VEC(const char *) loaded_there;
};

/* What was named as a program and cannot be simulated, where another question may have been meant:
 * who asked knows the words for it. */
enum bs_instead {
	BS_INSTEAD_NOTHING, /* or nothing that leads to a question */
	BS_INSTEAD_DIRECTORY,
	BS_INSTEAD_FILE, /* no ELF file, and none of these: */
	BS_INSTEAD_PLAN,
	BS_INSTEAD_LOG,
	BS_INSTEAD_CORE,
	BS_INSTEAD_ROOT,     /* a program whose loader lies in a directory above it */
	BS_INSTEAD_STRANGER, /* a program that names no loader that is known */
};

struct bs_otherwise; /* assume-priv.h */
struct bs_sink;

/* The run so far; what a sink may look at. */
struct bs_run {
	struct bs_ctx ctx;
	const struct bs_plan *plan;
	const struct bs_profile *profile;
	const char *program; /* argv[0] */
	const char *interp;  /* the ld.so's name */
	struct bs_search_setup setup;
	struct bs_fs *fs;
	struct bs_process process;
	struct bs_scope_policy scope_policy; /* the profile's, as the environment changed it */
	struct bs_match_policy match_policy; /* the same */
	struct bs_binder *binder;
	bool bind_now;		    /* LD_BIND_NOW */
	const char *debug;	    /* what the loader is told to print, or NULL ... */
	const char *debug_variable; /* ... by this variable */
	const char *debug_output;   /* the file that it prints to; NULL: standard error */
	const char *preload_words;  /* what LD_PRELOAD says, where it counts; or NULL */
	bool ends_with_help;	    /* it prints its help and ends the program */
	bool executable_binds_now;  /* it is set because the executable asks for it */
	uint32_t n_lists_told;	    /* searchlists whose placeholders are told of */
	/* Runs of the same plan with one choice made the other way. */
	BS_VEC(struct bs_otherwise) otherwise;
	bool is_otherwise;	       /* it is one of these */
	BS_VEC(uint64_t) assumed_sets; /* of choices; bs_binding.assumed is an index plus 1 */
	uint64_t assumed;	    /* bit N: a step, a binding or a slot rests on choice N ... */
	uint64_t assumed_by_scopes; /* ... or the scope of an object */
	BS_VEC(struct bs_change) changes; /* through loading on demand */
	BS_VEC(struct bs_changed_step) changed_steps;
	bool has_plain_run; /* some need was to be loaded on demand, so that there may be any */
	bool bind_not;	    /* LD_BIND_NOT: a call does not fill its slot */
	bs_ids null_maps, null_symbols; /* weak calls that were bound to nothing, for good */
	bs_ids opened;			/* by step number: the map that it opened, or BS_NO_MAP */
	bs_ids opened_in;		/* by step number: its namespace */
	bs_ids blocks_done; /* by block: the object whose constructors ran; BS_NO_MAP: not yet */
	struct bs_step_result ended_in; /* the step that ended the process */
	BS_VEC(struct bs_slot) slots;	/* all that ever were */
	/* By slot: what a first call would bind now; of one that was called: what it did bind. */
	bs_bindings answers;
	BS_VEC(struct bs_past_answer) past_answers;
	BS_VEC(struct bs_lazy_map) lazy_maps;
	struct bs_viewed_list viewed[BS_VIEWED_LISTS]; /* by list id modulo their number */
	bs_ids epochs;		 /* by epoch: the number of the step whose end began it */
	bs_ids shown;		 /* by step number: 1 when the sink has seen it */
	const char *problem;	 /* the plan cannot be carried out: a sentence */
	enum bs_instead instead; /* why there is no program */
	BS_VEC(struct bs_step_result)
	held; /* steps within the one under way, to be shown after it */
	BS_VEC(struct bs_variable) counted; /* environment variables that did count */
	bool refused;			    /* some step failed */
	const struct bs_sink *sink;	    /* who listens */
};

/*
 * Who listens. Calls come in this order; END comes after the last step. Each may be NULL. BOUND
 * comes within a step, when relocation is over and no scope has grown yet: who wants to know why a
 * binding came out as it did asks then, while scopes are as the lookups saw them.
 */
struct bs_sink {
	void *data;
	void (*begin)(void *data, const struct bs_run *run);
	void (*bound)(void *data, const struct bs_run *run, const struct bs_step_result *result);
	void (*step)(void *data, const struct bs_run *run, const struct bs_step_result *result);
	void (*end)(void *data, const struct bs_run *run);
	bool wants_sights; /* for bs_run_sights() */
};

enum bs_sim_status {
	BS_SIM_OK,	/* start-up and all steps succeeded */
	BS_SIM_REFUSED, /* the simulated loader refused something */
	BS_SIM_CANNOT,	/* the question could not be answered: see the problem */
	BS_SIM_NO_MEMORY,
};

/* Why a question could not be answered, and the diagnostics that were collected on the way; both
 * hand over memory that ends with bs_sim_report_done(). */
struct bs_sim_report {
	struct bs_arena *arena;
	const char *problem; /* a sentence, for BS_SIM_CANNOT */
	enum bs_instead instead;
	struct bs_diags diags;
};

/*
 * Simulates PLAN and tells SINK. Images come from STORE, which must outlive the call and may serve
 * many of them. *RET is always filled in and given back with bs_sim_report_done(). Nothing is
 * printed; no file is executed.
 */
enum bs_sim_status bs_simulate(const struct bs_plan *plan, struct bs_store *store,
			       const struct bs_sink *sink, struct bs_sim_report *ret);

void bs_sim_report_done(struct bs_sim_report *report);

/* The answer of SLOT, one of RUN's, that holds now. */
static inline const struct bs_binding *bs_slot_answer(const struct bs_run *run,
						      const struct bs_slot *slot)
{
	return &run->answers.v[slot - run->slots.v];
}

/* What a first call through SLOT would bind in EPOCH; NULL when it does not wait then, or is not
 * there yet. */
const struct bs_binding *bs_slot_at(const struct bs_run *run, const struct bs_slot *slot,
				    uint32_t epoch);

/*
 * The answers of SLOT, the first one first, and the epoch from which on each holds. HELD: without
 * those that only steps within a step could have met, for no epoch began with them; then there may
 * be none at all. The vectors are filled anew and can be used again.
 */
void bs_slot_answers(const struct bs_run *run, const struct bs_slot *slot, bool held,
		     bs_bindings *answers, bs_ids *since);

/* What the files were asked for RUN, if its sink wants that, as bs_fs_seen() has it: I 0 for
 * itself, and from 1 on for the runs with a choice made the other way. NULL: there are no more. */
const bs_fs_sights *bs_run_sights(const struct bs_run *run, uint32_t i);

/* The choices that BINDING rests on: bit N is choice N. */
uint64_t bs_run_assumed(const struct bs_run *run, const struct bs_binding *binding);

/* FAILURE as the loader words it: ON_STDERR, where it ends the process, or for dlerror(3). */
const char *bs_run_say(const struct bs_run *run, const struct bs_failure *failure, bool on_stderr);

/* MAP's link-map name as the loader prints it: the executable is argv[0]. (glibc DSO_FILENAME) */
const char *bs_run_map_name(const struct bs_run *run, bs_map_id map);

/* What a plan calls MAP, which is in the process, so that it is found by it as things are; NULL:
 * there is no such text. */
const char *bs_run_object_text(const struct bs_run *run, bs_map_id map);

/* The object that the step of RESULT opened, closed or found; BS_NO_MAP: none, as at start-up, or
 * it failed, or it is a call. */
bs_map_id bs_step_came_to(const struct bs_run *run, const struct bs_step_result *result);

/* The name of the symbol that BINDING's reference asks for. */
const char *bs_run_symbol_name(const struct bs_run *run, const struct bs_binding *binding);

/* The version that BINDING of RESULT asks for, in the referrer's tables or the loader's own code;
 * or NULL. */
const struct bs_version *bs_run_asked_version(const struct bs_run *run,
					      const struct bs_step_result *result,
					      const struct bs_binding *binding);

/* The files of PLAN's process, as bs_fs_open() gives them. */
struct bs_fs *bs_plan_files(const struct bs_ctx *ctx, const struct bs_plan *plan);

/* ---- files that may be asked about ----------------------------------------------------------- */

enum bs_file_kind {
	BS_FILE_OTHER,
	BS_FILE_SHARED_OBJECT,
	BS_FILE_PROGRAM,
	BS_FILE_STATIC, /* a program that no loader starts */
};

struct bs_file_look {
	enum bs_file_kind kind;
	const char *machine; /* its name, for ever; NULL: unknown */
	uint64_t dev, ino;
};

/* What TYPED, which is not there, is called in FS inside ROOT, when it was named from outside, as a
 * shell completes it: "root/bin/app" for "/bin/app". NULL: it was not, or ROOT is. */
const char *bs_name_inside(const struct bs_ctx *ctx, const struct bs_fs *fs, const char *root,
			   const char *typed);

/* What the file PATH is; false: it cannot be opened. */
bool bs_look_at(const struct bs_ctx *ctx, const struct bs_fs *fs, struct bs_store *store,
		const char *path, struct bs_file_look *ret);
