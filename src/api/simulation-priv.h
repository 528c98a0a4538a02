/* SPDX-License-Identifier: MIT */
/*
 * simulation-priv.h - simulations under way, for the functions that make them
 *
 * Between bs_api_begin_simulation() and bs_api_end_simulation(), which is to follow however the
 * first one ended, a function prepares for want of memory with the arena of the simulation.
 *
 * Floor 17.
 */
#pragma once

#include "api-priv.h"

#include "../study/observed.h"

/* What is given back however it ends. */
struct bs_api_simulation {
	struct bs_arena *arena;
	bool arena_is_kept;	    /* it is not ended with the simulation */
	const struct bs_plan *plan; /* that is being simulated */
	const char *place;	    /* which one that is, for errors; or NULL */
	struct bindsim_store *own;  /* or NULL */
	struct bs_store *store;
	const struct bindsim_options *options;
	const struct bs_observation *observation; /* the process that is there; or NULL */
	struct bs_reports reports;
	enum bs_level fail_on;
	struct bs_sink inner;	       /* that of the reports */
	struct bs_api_output *outputs; /* by report of the options */
	uint32_t n_outputs;
	locale_t outside;
	BS_VEC(char *) texts; /* of malloc(3) */
};

/* Begins S, with the files of STORE (NULL: with a store of its own) and OPTIONS, or NULL. False for
 * want of memory. */
bool bs_api_begin_simulation(struct bs_api_simulation *s, struct bindsim_store *store,
			     const struct bindsim_options *options);

/* The same with a store that nobody else has, in which files may be given out as other links would
 * have made them. */
bool bs_api_begin_alone(struct bs_api_simulation *s, const struct bindsim_options *options);

/* The libraries that are known, and those of the options. */
enum bindsim_status bs_api_open_libraries(struct bs_api_simulation *s,
					  struct bindsim_error **error);

/* The reports of the options. Their judge must be known. */
enum bindsim_status bs_api_open_reports(struct bs_api_simulation *s, struct bindsim_error **error);

/* Writes those reports that are the question itself, which is PLAN. */
void bs_api_write_questions(struct bs_api_simulation *s, const struct bs_plan *plan);

/* One run of PLAN, which all reports are told of, and RESULT. */
enum bindsim_status bs_api_simulate(struct bs_api_simulation *s, const struct bs_plan *plan,
				    struct bindsim_result *result, struct bindsim_error **error);

/* The plan of S cannot be simulated, as PROBLEM says, one sentence. */
enum bindsim_status bs_api_cannot(const struct bs_api_simulation *s, const char *problem,
				  struct bindsim_error **error);

/* Takes no memory: DIAGS may have to be given back behind it. */
void bs_api_tell_log(const struct bs_api_simulation *s, const struct bs_diags *diags);

/* Ends S and its reports, of which those in memory are TEXTS then. Returns STATUS, or what ending
 * came to. */
enum bindsim_status bs_api_end_simulation(struct bs_api_simulation *s, enum bindsim_status status,
					  struct bs_api_texts *texts, struct bindsim_error **error);
