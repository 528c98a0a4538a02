/* SPDX-License-Identifier: MIT */
/*
 * observed.h - a process that is there, held against its simulation
 *
 * What the slots of the process hold is compared with what the simulation of a plan binds. And the
 * run can be shown as it really is: with the definers that the slots have in the place of those
 * that the simulation found, so that findings are about the process.
 *
 * Floor 12: may include contents.h, subject.h, base.h, sim.h, check.h and what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../live/contents.h"
#include "../sim/sim.h"

enum bs_agreement {
	BS_AGREES,
	BS_DIFFERS,
	BS_NOT_COMPARED, /* no loader wrote what is there, it cannot be read, or nothing is
			    simulated */
};

/* One slot, and what the simulation says of it. */
struct bs_observed_slot {
	uint8_t agreement; /* enum bs_agreement */
	bool is_simulated; /* ANSWER is there */
	bool waits;	   /* it is that of a first call, which the simulation does not make */
	struct bs_binding answer; /* the last one, where it has had several */
};

struct bs_observed_object {
	bs_map_id map;		       /* in the simulation; BS_NO_MAP: it is not there */
	uint32_t n[BS_CONTENT_COUNT_]; /* slots, by what they hold */
	uint32_t n_differ;
};

struct bs_observation {
	struct bs_arena *arena;
	const struct bs_subject *subject;
	const bs_live_objects *objects; /* SUBJECT's */
	const bs_live_slots *slots;
	bool plan_is_derived; /* nobody gave one */

	struct bs_observed_object *by_object;
	struct bs_observed_slot *by_slot;
	bs_ids object_of; /* by map of the simulation; BS_NO_LIVE_OBJECT */
	bs_ids missing;	  /* maps that the simulation has at its end, and the process has not */
	uint32_t n_unexpected; /* objects that the process has, and the simulation has not */
	uint32_t n[BS_CONTENT_COUNT_];
	uint32_t n_agree, n_differ, n_not_compared;
	BS_VEC(struct bs_patched) patched;
};

/*
 * Simulates PLAN and holds SUBJECT and its SLOTS against it, both of which must outlive RET, as
 * must ARENA. Fills in RET. BS_SIM_CANNOT: *RET_PROBLEM says why, in ARENA.
 */
enum bs_sim_status bs_observe(struct bs_arena *arena, struct bs_store *store,
			      const struct bs_plan *plan, const struct bs_subject *subject,
			      const bs_live_slots *slots, struct bs_observation *ret,
			      const char **ret_problem);

/*
 * The same for PLAN without steps: they are found out from the process, and put into PLAN. They are
 * ARENA's.
 */
enum bs_sim_status bs_observe_derived(struct bs_arena *arena, struct bs_store *store,
				      const struct bs_subject *subject, const bs_live_slots *slots,
				      struct bs_plan *plan, struct bs_observation *ret,
				      const char **ret_problem);

/* The sink that shows SINK a run of the same plan as OBSERVATION has it; both must outlive it. In
 * OBSERVATION's arena. */
struct bs_sink bs_observed_sink(const struct bs_observation *observation,
				const struct bs_sink *sink);

/* A difference or a patched slot: its name and the version it asks for, or NULL. */
const char *bs_observed_symbol(const struct bs_observation *observation, uint32_t slot,
			       const char **ret_version);
