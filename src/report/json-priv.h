/* SPDX-License-Identifier: MIT */
/* json-priv.h - what the files of the JSON reports share */
#pragma once

#include "json-names.h"
#include "dlopen-notes.h"
#include "json-writer.h"
#include "report.h"

enum {
	SHOW_STEPS = 1 << 0, /* always there: to be named when nothing else is wanted */
	SHOW_OBJECTS = 1 << 1,
	SHOW_BINDINGS = 1 << 2, /* each binding, jump slots that wait included */
	SHOW_SLOTS = 1 << 3,	/* only those that wait */
	SHOW_FINDINGS = 1 << 4,
	SHOW_SCOPES = 1 << 5,
	SHOW_SEARCHES = 1 << 6,
	SHOW_DEMANGLED = 1 << 7, /* beside each symbol that is mangled */
	SHOW_MAPPED = 1 << 8,
	SHOW_SUPPRESSED = 1 << 9,    /* names that two objects define and no finding is about */
	SHOW_DLOPEN_NOTES = 1 << 10, /* what objects say that they may open */
	SHOW_PROCESS = 1 << 11,	     /* of a real process: its objects, with counts */
	SHOW_DIFFERENCES = 1 << 12,  /* and the slots that are other than simulated */
	SHOW_CONTENTS = 1 << 13,     /* or all of them */
};

/* One report under way. */
struct bs_json_report {
	struct bs_json json;
	struct bs_counts totals;
	BS_VEC(uint8_t) calls; /* enum bs_calls by map id, of all maps that a step has told of */
	bs_findings findings;  /* kept for the document's end */
	uint32_t levels[BS_LEVEL_ERROR + 1];
	uint32_t refused; /* steps, those of constructors that never ran included */
	uint64_t lines;	  /* of a stream */
};

/* Why the exit status is 1, in the order in which the tool asks; NULL: it is not. */
const char *bs_json_reason(const struct bs_report *report);

/* json-finding.c */
/* Members of the records of a finding, and of what is left out as none. */
void bs_json_finding_members(struct bs_report *report, const struct bs_run *run,
			     const struct bs_finding *f);
void bs_json_left_out_members(struct bs_report *report, const struct bs_left_out *item);
/* Whether findings of this rule have a member "before", a member "slot", and who decided. */
bool bs_json_tells_before(const struct bs_finding *f);
bool bs_json_tells_slot(const struct bs_finding *f);
const char *bs_json_decider(const struct bs_finding *f);
/* What is left out: the next one that is shown and selected, from *AT on; NULL at the end. */
const struct bs_left_out *bs_json_next_left_out(const struct bs_report *report,
						const struct bs_run *run, uint32_t *at);

/* json.c: members "symbol" and, where wanted and different, "demangled". */
void bs_json_symbol(struct bs_report *report, const char *name);

/* json-proof.c: the member "proof", null for NULL. */
void bs_json_proof(struct bs_report *report, struct bs_json *json, const struct bs_proof *proof);

/* json-question.c */
/* The member "question". */
void bs_json_question(struct bs_json *json, const struct bs_run *run, enum bs_json_layout layout);
/* Members "parts" and "filter". */
void bs_json_selection(struct bs_json *json, const struct bs_report *report);

/* json-object.c */
/* The member KEY with the id of MAP, or null for BS_NO_MAP. */
void bs_json_member_map(struct bs_json *json, const char *key, bs_map_id map);
const char *bs_json_map_kind_name(enum bs_map_kind kind);
const char *bs_json_role_name(enum bs_map_role role);
/* Somebody looked for MAP: there is a way in which it was found. */
bool bs_json_is_found(const struct bs_map *map);
/* When calls are bound, and by which mark; both NULL where that is unknown. */
struct bs_json_binds {
	const char *when, *mark;
};
struct bs_json_binds bs_json_binds(enum bs_calls calls);
/* Notes in STATE how the objects that RESULT brought bind their calls: later it cannot be told. */
void bs_json_note_calls(struct bs_json_report *state, const struct bs_run *run,
			const struct bs_step_result *result);
/* Members of the record of MAP. */
void bs_json_object_members(struct bs_report *report, const struct bs_run *run, bs_map_id map);

/* json-notes.c: what came of looking for one name; members of the record of what an object says
 * that it may open. */
const char *bs_json_sought_state(const struct bs_sought *sought);
void bs_json_note_members(struct bs_json *json, const struct bs_note_answer *answer);

/* json-step.c */
void bs_json_counts_members(struct bs_json *json, const struct bs_counts *counts);
/* Members of a step's record, all but its bindings; COUNTS is what bs_count() says of RESULT. */
void bs_json_step_members(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result, const struct bs_counts *counts,
			  enum bs_json_layout layout);
const char *bs_json_hint_name(enum bs_hint_kind kind);
const char *bs_json_version_outcome_name(enum bs_version_outcome outcome);
/* What the address is that a dlsym(3) found. */
const char *bs_json_address_kind(const struct bs_run *run, const struct bs_found_symbol *found);
/* How many handles there are to what the dlopen RESULT opened. */
uint32_t bs_json_handles(const struct bs_step_result *result);
/* What became of MAP, which the dlclose RESULT closed. */
const char *bs_json_fate(const struct bs_step_result *result, bs_map_id map);

/* json-search.c: what was made of the file of TRACE; the member "searches". */
const char *bs_json_place_verdict(const struct bs_trace *trace);
void bs_json_searches(struct bs_json *json, const bs_traces *traces, enum bs_json_layout layout);

/* json-binding.c */

/* How a binding of a step came about, in time. */
enum bs_json_when {
	BS_JSON_LOAD,
	BS_JSON_FIRST_CALL,
	BS_JSON_NOT_REACHED, /* the loader gave up before: what it would have bound */
	BS_JSON_CALL,	     /* by the call that the step is */
	BS_JSON_DLSYM,
};

/* The bindings of one step, one after the other. */
struct bs_json_bindings {
	struct bs_report *report;
	const struct bs_run *run;
	const struct bs_step_result *result;
	bool made;	  /* those that the step made, then those that wait */
	uint32_t lazy;	  /* of those that wait: the object, in the run's lazy maps ... */
	uint32_t i;	  /* ... and its slot; else the binding */
	uint32_t reached; /* bindings from here on were not reached */
	uint32_t slot;	  /* that the last one waits in; UINT32_MAX: it does not */
};

const char *bs_json_when_name(enum bs_json_when when);

struct bs_json_bindings bs_json_bindings(struct bs_report *report, const struct bs_run *run,
					 const struct bs_step_result *result);
/* The next one that is shown and selected, with *RET_WHEN; NULL at the end. */
const struct bs_binding *bs_json_next_binding(struct bs_json_bindings *bindings,
					      enum bs_json_when *ret_when);
/* The jump slot of B, the last one of BINDINGS, or UINT32_MAX. */
uint32_t bs_json_binding_slot(const struct bs_json_bindings *bindings, const struct bs_binding *b,
			      enum bs_json_when when);
void bs_json_binding_members(const struct bs_json_bindings *bindings, const struct bs_binding *b,
			     enum bs_json_when when);
/* What its reference asks for: the symbol's name, which outlives the run. */
const char *bs_json_symbol_of(const struct bs_run *run, const struct bs_step_result *result,
			      const struct bs_binding *b, enum bs_json_when when);
/* Members of that record that many bindings share: all that do not tell which reference it is. */
void bs_json_manner_members(struct bs_json *json, const struct bs_run *run,
			    const struct bs_binding *b, enum bs_json_when when,
			    const char *version);
/* Members "to", "definition_version", "why", "outcome". */
void bs_json_answer_members(struct bs_json *json, const struct bs_run *run,
			    const struct bs_binding *b);

/* json-process.c */
/* Members of the record of a real process: all but its slots. */
void bs_json_process_members(struct bs_json *json, const struct bs_observation *observation,
			     enum bs_json_layout layout);
/* Members of the record of its slot INDEX. */
void bs_json_content_members(struct bs_report *report, struct bs_json *json,
			     const struct bs_run *run, uint32_t index);

/* json-assumed.c */
/* "qnx.preload-order" */
const char *bs_json_switch_name(const struct bs_run *run, const struct bs_switch *s);
/* The member "assumptions" of what rests on CHOICES, a set; nothing for none. */
void bs_json_assumed(struct bs_json *json, const struct bs_run *run, uint64_t choices);
/* Members of the run as a whole, as far as parts SHOW are wanted: what it rests on, what loading on
 * demand changes, what waits. */
void bs_json_choices(struct bs_json *json, const struct bs_run *run, unsigned show,
		     enum bs_json_layout layout);

/* json-verdict.c */
/* One document for several plans. */
extern const struct bs_frame bs_json_frame;
/* Members "disposition" and "excuse" of a finding; nothing where nobody judges. */
void bs_json_disposition(struct bs_json *json, const struct bs_report *report,
			 const struct bs_finding *f);
/* The member "verdict"; the same. */
void bs_json_verdict(struct bs_json *json, const struct bs_report *report, bool refused);

/* json-slot.c */

/* The jump slots of a run that is over, one after the other. */
struct bs_json_slots {
	struct bs_report *report;
	const struct bs_run *run;
	uint32_t next;
	bs_bindings answers; /* of the slot before NEXT */
	bs_ids since;	     /* epochs */
};

/* Goes on to the next one that is selected; false at the end. */
bool bs_json_next_slot(struct bs_json_slots *slots);
void bs_json_slot_members(const struct bs_json_slots *slots);
