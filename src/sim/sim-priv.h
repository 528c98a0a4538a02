/* SPDX-License-Identifier: MIT */
/* sim-priv.h - what the files of the sim floor share */
#pragma once

#include "sim.h"

/* The executable, found and taken apart as far as the kernel does. */
struct bs_target_files {
	const char *path; /* as found, inside the root */
	const struct bs_image *executable;
	unsigned version;   /* of the loader, as asked for; 0: that of the one at hand */
	const char *interp; /* PT_INTERP, or the profile's for a shared object that stands in */
	const struct bs_image *interp_image;
	const char *interp_bytes; /* of INTERP_IMAGE, or NULL */
	size_t n_interp_bytes;
	const char *origin; /* the executable's $ORIGIN */
};

/* target.c: false with *RET_PROBLEM, a sentence, when PLAN's executable is none that a loader
 * starts. */
bool bs_target_open(struct bs_run *run, struct bs_store *store, struct bs_target_files *ret,
		    const char **ret_problem);

/* meant.c: the directory above the program PATH in which its loader INTERP lies; NULL: there is
 * none. */
const char *bs_root_above(const struct bs_run *run, const char *path, const char *interp);

/* environment.c: what the environment and the options say to the loader. */
void bs_environment_apply(struct bs_run *run);

/* The words to preload, in order, each with where it was said; NULL ends. */
struct bs_preloads {
	const char **words;
	const char **sources;
	bool no_file; /* there is no file of preloads */
};
struct bs_preloads bs_environment_preloads(struct bs_run *run);

/* run.c: carries out step NUMBER of the plan; WITHIN another, as its constructors do. False when
 * the process has ended. */
bool bs_run_step(struct bs_run *run, uint32_t number, bool within);

/* startup.c, dlopen.c, ask.c: what one step does. */
void bs_run_startup(struct bs_run *run, const struct bs_target_files *files,
		    struct bs_step_result *result);
void bs_run_dlopen(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result);
void bs_run_dlclose(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result);
void bs_run_dlsym(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result);
void bs_run_call(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result);

/* constructors.c: those under ROOT run, with the steps that they make. False when one of these ends
 * the process, which RESULT's step then tells, too. */
bool bs_run_constructors(struct bs_run *run, struct bs_step_result *result, bs_map_id root);

/* object.c: the loaded object that a plan calls TEXT; BS_NO_MAP with *RET_PROBLEM, a sentence. */
bs_map_id bs_run_find_object(const struct bs_run *run, const char *text, const char **ret_problem);

/* The object that makes the call of STEP; BS_NO_MAP when the plan cannot be carried out. */
bs_map_id bs_run_caller(struct bs_run *run, const struct bs_step *step,
			struct bs_step_result *result);

/* What the earlier step N opened; BS_NO_MAP when it is nothing, and then the step fails. */
bs_map_id bs_run_handle(struct bs_run *run, uint32_t n, struct bs_step_result *result);

/* slots.c */
/* The objects that RESULT relocated lazily have slots from now on. */
void bs_slots_enter(struct bs_run *run, struct bs_step_result *result);
/* Asks all slots that wait what a call would bind now; news goes to RESULT. */
void bs_slots_ask(struct bs_run *run, struct bs_step_result *result);
/* Makes RESULT's slots what they are at its end: steps within it may have bound or changed some. */
void bs_slots_settle(const struct bs_run *run, struct bs_step_result *result);
/* Indexes of MAP's slots for NAME, of VERSION if it is not NULL: usually one. */
bs_ids bs_slots_of(struct bs_run *run, bs_map_id map, const char *name, const char *version);
/* SYMBOL, of MAP's table, is a reference to NAME, of VERSION if that is not NULL. */
bool bs_slot_asks_for(const struct bs_run *run, bs_map_id map, uint32_t symbol, const char *name,
		      const char *version);
/* Slot AT was called: it is bound for good. */
void bs_slot_called(struct bs_run *run, uint32_t at, const struct bs_binding *bound);

/* What waits for its definition is looked for again: at the end of each dlopen that succeeds. False
 * when the loader dies of it. */
bool bs_slots_retry(struct bs_run *run, struct bs_step_result *result);
/* What waits now waits for ever. */
void bs_slots_forget(struct bs_run *run);

/* startup.c: the first object under ROOT that needs a newer CPU than the one at hand, or NULL. */
const struct bs_map *bs_run_beyond_cpu(const struct bs_run *run, bs_map_id root);

/* demand.c: where needs may be loaded on demand. */
/* Loads what the objects that the call under way brought cannot be relocated without. False with
 * *RET_FAILURE when it cannot be had. */
bool bs_run_demand(struct bs_run *run, struct bs_step_result *result,
		   struct bs_failure *ret_failure);
/* The same for what ASKED, a call or a dlsym(3), comes to on its way. */
bool bs_run_demand_call(struct bs_run *run, struct bs_step_result *result, bs_map_id map,
			uint32_t symbol, struct bs_failure *ret_failure);
bool bs_run_demand_name(struct bs_run *run, struct bs_step_result *result,
			const struct bs_name_query *asked, struct bs_failure *ret_failure);
/* What was loaded in a call or a dlsym(3) is relocated and constructed. False when the step failed.
 */
bool bs_run_demanded(struct bs_run *run, struct bs_step_result *result);
/* ANSWER, that of a slot that waits, as it is when its call loads what it comes to. */
void bs_run_peek(struct bs_run *run, struct bs_binding *answer);

/* Calls that MAP makes are bound when it is loaded. */
bool bs_run_binds_now(struct bs_run *run, bs_map_id map);

/* otherwise.c: where a profile has choices, the question with each one that it comes to made the
 * other way; asked before the run itself. */
void bs_run_ask_otherwise(struct bs_run *run, struct bs_store *store);
void bs_run_otherwise_done(struct bs_run *run);
/* Choices that the look-ups of RESULT come to. */
void bs_run_consult(struct bs_run *run, const struct bs_step_result *result);

/* run.c: the same run without anybody who listens; *RET_FILES and what it opened stay until
 * bs_run_give_back(). */
void bs_run_quietly(struct bs_run *run, struct bs_store *store, struct bs_target_files *files);
void bs_run_give_back(struct bs_run *run, const struct bs_target_files *files);

/* assume.c: marks the answers of RESULT that are others where a choice was made the other way. */
void bs_run_assume(struct bs_run *run, struct bs_step_result *result);

/* events.c */
void bs_event_add(struct bs_run *run, struct bs_step_result *result, enum bs_event_kind kind,
		  uint32_t a);
/* What closing a handle led to; after a failure, too. */
void bs_event_closing(struct bs_run *run, struct bs_step_result *result, bs_map_id map,
		      const struct bs_closing *closing);
/* The handles to MAP, as LD_DEBUG=files tells them. */
void bs_event_opened(struct bs_run *run, struct bs_step_result *result, bs_map_id map);
void bs_event_searches(struct bs_run *run, struct bs_step_result *result, uint32_t from,
		       uint32_t to);
void bs_event_scope(struct bs_run *run, struct bs_step_result *result, bs_map_id map,
		    uint32_t from);
void bs_event_notes(struct bs_run *run, struct bs_step_result *result, uint32_t from);

/* Relocates ORDER one after another; false when the loader gave up. What else is missing is noted
 * all the same. */
bool bs_run_relocate(struct bs_run *run, struct bs_step_result *result, const bs_ids *order,
		     bool lazy);

/* Tells who listens that bindings were made, while scopes are as the lookups saw them. */
void bs_run_bound(struct bs_run *run, struct bs_step_result *result);

/* The step fails with FAILURE, worded for its place; the first failure of a step is the one that
 * counts. */
void bs_step_fail(struct bs_run *run, struct bs_step_result *result,
		  const struct bs_failure *failure);

/* The loader itself dies of what WORDS say. */
void bs_step_crash(struct bs_run *run, struct bs_step_result *result, const char *words);

/* What it says where bs_closing.crashes is set. */
extern const char bs_words_of_damage[];

/* The same, and the process is over: the message is the one on standard error. */
void bs_step_fatal(struct bs_run *run, struct bs_step_result *result,
		   const struct bs_failure *failure);

/* ---- unknown.c ------------------------------------------------------------------------------ */

/* A program of LIKE's machine, and nothing else; -1 and errno. */
int bs_unknown_program(const struct bs_image *like);
