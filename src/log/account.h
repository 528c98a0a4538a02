/* SPDX-License-Identifier: MIT */
/*
 * account.h - what a log comes to, process by process
 *
 * From the log alone: nothing is opened. A process that is not wanted has its numbers only; of the
 * others all is kept that is distinct, as long as there are not too many of them: then those that
 * have said nothing for longest are summed up.
 *
 * Floor 11: may include log.h.
 */
#pragma once

#include "log.h"

/* Levels of findings, as everywhere: an error, or what may be meant. */
enum bs_log_level { BS_LOG_NONE, BS_LOG_NOTE, BS_LOG_WARNING, BS_LOG_ERROR_LEVEL };

enum bs_log_rule {
#define RULE(id, slug, summary, help) BS_LOG_RULE_##id,
#include "rules.def"
#undef RULE
	BS_LOG_RULE_COUNT_
};

const char *bs_log_rule_slug(enum bs_log_rule rule);
const char *bs_log_rule_summary(enum bs_log_rule rule);

/* What it means, its levels and what helps: lines, without a newline at the end. */
const char *bs_log_rule_help(enum bs_log_rule rule);

#define BS_LOG_NO_OBJECT UINT32_MAX
#define BS_LOG_NO_STEP	 UINT32_MAX

enum bs_log_how {
	BS_LOG_HOW_UNKNOWN,
	BS_LOG_HOW_PROGRAM,
	BS_LOG_HOW_KERNEL, /* the vdso */
	BS_LOG_HOW_NEEDED,
	BS_LOG_HOW_OPENED, /* dlopen or dlmopen */
};

struct bs_log_object {
	bs_name name; /* the link map's, if the log has it */
	uint32_t ns;
	bs_name asked; /* what was asked for, or 0 */
	bool is_asked; /* NAME is what was asked for: the log has no path */
	enum bs_log_how how;
	uint32_t by;	    /* the object that wanted it, or BS_LOG_NO_OBJECT */
	uint32_t opencount; /* direct opens, as the loader tells them */
	uint32_t runs;	    /* of its constructors */
	bool is_gone;
	uint64_t n_from, n_to; /* lines of bindings */
};

struct bs_log_pair {
	uint32_t from, to; /* objects */
	uint64_t n;	   /* lines */
};

/* A distinct binding, in the order in which they came first. */
struct bs_log_binding {
	uint32_t from, to; /* objects */
	bs_name symbol, version;
	bool is_protected;
	uint64_t n; /* lines */
};

enum bs_log_step_state {
	BS_LOG_STEP_OPEN, /* the log ends before it did */
	BS_LOG_STEP_DONE,
	BS_LOG_STEP_FAILED,
};

enum bs_log_tri { BS_LOG_MAYBE, BS_LOG_NO, BS_LOG_YES };

/* A dlopen, a dlmopen, or a dlclose. */
struct bs_log_step {
	bool is_close;
	uint32_t of;	 /* dlclose: the step whose object it closes, or NO_STEP */
	bs_name file;	 /* what was asked for, or the object's name */
	uint32_t object; /* or NO_OBJECT */
	uint32_t ns;
	bool is_dlmopen;
	uint32_t ns_of; /* the step that made the namespace, NO_STEP: this one */
	bs_name by;	/* the caller's name; 0: the log does not tell */
	uint32_t by_ns;
	enum bs_log_step_state state;
	bool again;	  /* the object was there */
	bool has_error;	  /* failed: one of the errors says why */
	bool had_map;	  /* failed: but it had a link map before */
	bool is_inferred; /* the log has no line for it */
	uint32_t within;  /* the step whose constructors made it, or NO_STEP */
	uint32_t init;	  /* the object whose constructors did, or NO_OBJECT */
	uint32_t run;	  /* of its constructors, from 1 on */
	enum bs_log_tri lazy, global, deepbind, nodelete;
	bs_name missing; /* failed: what was not found, or 0 */
	struct bs_log_place place;
};

/* What was looked for and not found, as far as the log shows. */
struct bs_log_search {
	bs_name name;
	uint32_t ns;
	bs_name by; /* or 0 */
	uint32_t n; /* times */
	uint32_t n_tried;
	const bs_name *tried;	/* files, the first time */
	const bs_name *reasons; /* by file, 0: none is told */
	bool is_sure;
	bool ended; /* nothing came behind it */
	struct bs_log_place place;
};

struct bs_log_error {
	enum bs_log_kind kind;
	bs_name object, symbol, version, text;
	bs_name by; /* load error: who wanted it, or 0 */
	bool is_fatal;
	uint32_t n;
	enum bs_log_tri in_open; /* within a dlopen: NO: a dlsym, or a first call */
	bool ended;		 /* nothing came behind it */
	struct bs_log_place place;
};

struct bs_log_user {
	uint32_t from, to; /* objects */
	uint32_t n;	   /* bindings */
};

struct bs_log_finding {
	enum bs_log_rule rule;
	enum bs_log_level level;
	uint32_t from, to; /* objects: captured: whose references, by whom; else two of a kind */
	uint32_t error, search, step; /* indexes, or UINT32_MAX */
	BS_VEC(bs_name) symbols;
	BS_VEC(struct bs_log_user) users; /* of its symbols: who is bound to which of FROM and TO */
	uint32_t n_more_users;
	uint32_t n;
};

struct bs_log_account {
	uint32_t process;
	bool is_wanted;
	bool is_summed_up; /* there is nothing but the numbers */
	uint64_t n_late;   /* messages that came behind that */
	enum bs_log_level worst;
	uint32_t n_findings[BS_LOG_ERROR_LEVEL + 1];
	uint32_t n_undefined, n_refused; /* reasons for the exit status 1 */
	uint32_t n_opens, n_failed_opens, n_closes, n_objects;
	struct bs_log_details *details; /* NULL: summed up, or not wanted */
};

struct bs_log_details {
	struct bs_arena *arena;
	BS_VEC(struct bs_log_object) objects;
	BS_VEC(struct bs_log_pair) pairs;
	BS_VEC(struct bs_log_binding) bindings;
	BS_VEC(uint32_t) sequence; /* of bindings, line by line, where that is asked for */
	BS_VEC(struct bs_log_step) steps;
	BS_VEC(struct bs_log_search) searches;
	BS_VEC(struct bs_log_error) errors;
	BS_VEC(struct bs_log_finding) findings; /* worst first; once the log is over */
	struct bs_log_state *state;		/* while it is read */
};

/* A process by its id; IMAGE, from 1 on, of those that it was in turn; 0: all of them. */
struct bs_log_wanted {
	uint32_t pid, image;
};

typedef BS_VEC(struct bs_log_wanted) bs_log_wanted_list;

struct bs_log_accounts_options {
	bs_log_wanted_list wanted;
	const char *const *globs; /* and programs that these match (NULL ends, or NULL) */
	bool keeps_sequence;
};

struct bs_log_accounts;

/* What takes in the events of a log, ARENA's. OPTIONS must live on. */
struct bs_log_accounts *bs_log_accounts_new(struct bs_arena *arena, struct bs_names *names,
					    const struct bs_log_accounts_options *options);

/* The sink for bs_log_new(). */
struct bs_log_sink bs_log_accounts_sink(struct bs_log_accounts *accounts);

/* The log, which has ended, is over: findings are made. */
void bs_log_accounts_end(struct bs_log_accounts *accounts, const struct bs_log *log);

/* By number of the process. */
const struct bs_log_account *bs_log_account(const struct bs_log_accounts *accounts, uint32_t i);

/* Gives back what is not in the arena. */
void bs_log_accounts_free(struct bs_log_accounts *accounts);
