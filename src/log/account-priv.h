/* SPDX-License-Identifier: MIT */
/* account-priv.h - what is kept of a process while its messages come */
#pragma once

#include "account.h"
#include "log-priv.h"

/* An open addressing table of indexes + 1. */
struct bs_log_table {
	uint32_t *slots;
	uint32_t n, n_slots; /* a power of two, or 0 */
};

/* A dlopen that is under way. */
struct bs_log_opening {
	uint32_t step;
	uint32_t object;       /* once it has a link map */
	uint32_t first_object; /* that came with it */
	uint32_t init;	       /* the object whose constructors run, or BS_LOG_NO_OBJECT */
	bool has_error;
	bool has_lazy, has_eager; /* relocations */
	/* The scopes of the object, once: where its own list and the global one come first. */
	bool knows_scopes, in_scopes;
	uint32_t own_last, global_first; /* number of the scope + 1, or 0 */
};

struct bs_log_state {
	struct bs_log_table objects, pairs, bindings;
	bs_ids asked; /* objects of which the log has but the name that was asked for */
	struct {
		bs_name name;
		uint32_t ns, object;
	} last_from, last_to;
	uint32_t last_pair;
	struct {
		bs_name to, from;
		uint32_t to_ns, from_ns;
		bool is_there;
	} wanted; /* by the last message of that kind */
	struct {
		bs_name name, by, path, origin;
		uint32_t ns;
		bool is_there, has_cache_hit, goes_by_path;
		BS_VEC(bs_name) tried;
		BS_VEC(bs_name) reasons;
		struct bs_log_place place;
	} search;
	BS_VEC(struct bs_log_opening) opening;
	uint32_t start_init; /* whose constructors run at start-up, or the program's */
	uint32_t last_again; /* the step that opened once more, if nothing came since */
	bool stray_global;   /* something joined the global scope, and no step is about it */
	uint32_t last_error; /* that nothing came behind */
	bs_name main_scope;  /* who is first in the global scope */
	bool has_files;
	BS_VEC(struct bs_log_search) open_searches; /* without word of what came of them */
};

/* The object called NAME in namespace NS (BS_LOG_NO_NS: any), added if it is new. */
uint32_t bs_log_object_of(struct bs_log_details *details, const struct bs_names *names,
			  bs_name name, uint32_t ns);
/* The same, which may not be there: BS_LOG_NO_OBJECT. */
uint32_t bs_log_object_find(const struct bs_log_details *details, bs_name name, uint32_t ns);
/* A link map for what was asked for as ASKED: an object that was not there before. */
uint32_t bs_log_object_add(struct bs_log_details *details, const struct bs_names *names,
			   bs_name name, bs_name asked, uint32_t ns);

/* objects.c */
void bs_log_count_binding(struct bs_log_details *details, const struct bs_names *names,
			  const struct bs_log_event *event, bool keeps_sequence);

/* searches.c: a search begins, goes on, or what came of it does not matter any more. */
void bs_log_begin_search(struct bs_log_details *details, const struct bs_log_event *event);
void bs_log_go_on_searching(struct bs_log_details *details, const struct bs_log_event *event);
void bs_log_leave_search(struct bs_log_details *details);
/* The last one led to nothing: it is a failure. Its number, or UINT32_MAX. */
uint32_t bs_log_fail_search(struct bs_log_details *details, bool is_sure);
/* Nothing was found in it. */
bool bs_log_is_exhausted(const struct bs_log_details *details, const struct bs_names *names);

/* steps.c: the innermost open that is under way, or NULL. */
struct bs_log_opening *bs_log_top(struct bs_log_details *details);
/* It failed. */
void bs_log_fail_top(struct bs_log_details *details, const struct bs_names *names);
void bs_log_fail_unless_constructing(struct bs_log_details *details, const struct bs_names *names);
/* EVENT begins an open by an object BY, of namespace BY_NS, or ends it. */
void bs_log_begin_open(struct bs_log_details *details, const struct bs_names *names,
		       const struct bs_log_event *event, bs_name by, uint32_t by_ns);
void bs_log_end_open(struct bs_log_details *details, const struct bs_names *names,
		     const struct bs_log_event *event);
void bs_log_add_close(struct bs_log_details *details, const struct bs_names *names, uint32_t object,
		      const struct bs_log_event *event);
void bs_log_note_destroyed(struct bs_log_details *details, const struct bs_names *names,
			   const struct bs_log_event *event);

/* Without namespaces there is one. */
static inline uint32_t bs_log_ns_of(uint32_t ns)
{
	return ns == BS_LOG_NO_NS ? 0 : ns;
}

/* follow.c: what EVENT of PROCESS says of objects and of dlopen. */
void bs_log_follow(struct bs_log_details *details, struct bs_names *names,
		   const struct bs_log_process *process, const struct bs_log_event *event);
void bs_log_follow_end(struct bs_log_details *details, const struct bs_names *names,
		       const struct bs_log_process *process);

/* conclude.c: the findings of PROCESS; and their numbers, in ACCOUNT. */
void bs_log_conclude(struct bs_log_details *details, const struct bs_names *names,
		     const struct bs_log_process *process, struct bs_log_account *account);
/* clashes.c: those about symbols. */
void bs_log_find_clashes(struct bs_log_details *details, const struct bs_names *names);

/* The slot in TABLE for HASH, which IS says is the one; or a free one. TABLE has room. */
static inline uint32_t bs_log_first_slot(const struct bs_log_table *table, uint64_t hash)
{
	return (uint32_t)(hash * 0x9e3779b97f4a7c15u >> 32) & (table->n_slots - 1);
}
