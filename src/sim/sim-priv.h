/* SPDX-License-Identifier: MIT */
/* sim-priv.h - what the files of the sim floor share */
#pragma once

#include "sim.h"

/* The executable, found and taken apart as far as the kernel does. */
struct bs_target_files {
	const char *path; /* as found, inside the root */
	const struct bs_image *executable;
	const char *interp; /* PT_INTERP, or the profile's for a shared object that stands in */
	const struct bs_image *interp_image;
	char *interp_bytes;
	size_t n_interp_bytes;
	const char *origin; /* the executable's $ORIGIN */
};

/* target.c: false with *RET_PROBLEM, a sentence, when PLAN's executable is none that a loader
 * starts. */
bool bs_target_open(struct bs_run *run, struct bs_store *store, struct bs_target_files *ret,
		    const char **ret_problem);

/* environment.c: what the environment and the options say to the loader. */
void bs_environment_apply(struct bs_run *run);

/* The words to preload, in order, each with where it was said; NULL ends. */
struct bs_preloads {
	const char **words;
	const char **sources;
	bool no_file; /* there is no file of preloads */
};
struct bs_preloads bs_environment_preloads(struct bs_run *run);

/* startup.c, dlopen.c: one step. */
void bs_run_startup(struct bs_run *run, const struct bs_target_files *files,
		    struct bs_step_result *result);
void bs_run_dlopen(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result);

/* startup.c: the first object under ROOT that needs a newer CPU than the one at hand, or NULL. */
const struct bs_map *bs_run_beyond_cpu(const struct bs_run *run, bs_map_id root);

/* events.c */
void bs_event_add(struct bs_run *run, struct bs_step_result *result, enum bs_event_kind kind,
		  uint32_t a);
void bs_event_searches(struct bs_run *run, struct bs_step_result *result, uint32_t from,
		       uint32_t to);
void bs_event_scope(struct bs_run *run, struct bs_step_result *result, bs_map_id map,
		    uint32_t from);
void bs_event_notes(struct bs_run *run, struct bs_step_result *result, uint32_t from);

/* Relocates ORDER one after another; false when the loader gave up. What else is missing is noted
 * all the same. */
bool bs_run_relocate(struct bs_run *run, struct bs_step_result *result, const bs_ids *order,
		     bool lazy);

/* The step fails with FAILURE, worded for its place; the first failure of a step is the one that
 * counts. */
void bs_step_fail(struct bs_run *run, struct bs_step_result *result,
		  const struct bs_failure *failure);
