/* SPDX-License-Identifier: MIT */
/*
 * collect.h - a format that writes nothing: what a run came to as plain records, which outlive it
 *
 * What it says is what the report in JSON says: the same bindings in the same order, the same
 * words. Ids of objects are those of the report.
 *
 * Floor 13: may include what report.h may.
 */
#pragma once

#include "report.h"

struct bs_collected;

struct bs_kept_object {
	const char *name; /* the executable's is argv[0] */
	const char *path; /* or NULL */
	const char *soname;
	const char *kind, *role, *how; /* as the report calls them; HOW: NULL if nobody looked */
	uint32_t ns;
	uint32_t born, died; /* steps, or BS_NEVER */
	bool preloaded;
};

struct bs_kept_step {
	uint32_t number;
	const char *kind, *words; /* "dlopen", "dlopen ./libx.so" */
	enum bs_step_state state;
	const char *message; /* or NULL */
	bool is_refusal, ends_process;
	bs_map_id object; /* that was opened, or has what was found; or BS_NO_MAP */
	bool has_offset;
	uint64_t offset;
};

/* What a reference is bound to from the end of the step AFTER on. */
struct bs_kept_answer {
	uint32_t after;
	bs_map_id definer;
	const char *version; /* of the definition, or NULL */
	uint8_t why, outcome;
};

struct bs_kept_binding {
	const struct bs_collected *all; /* that it is one of */
	uint32_t step;
	bs_map_id referrer; /* or BS_NO_MAP */
	const char *symbol;
	const char *version; /* that is asked for, or NULL */
	const char *when;    /* "load" */
	uint32_t kinds;	     /* bit K: enum bs_reloc_kind K */
	uint32_t first_answer, n_answers;
	uint32_t called; /* of one that waited: the step whose call bound it, or BS_NEVER */
};

struct bs_kept_place {
	const char *path, *verdict, *how;
	int os_error;
};

struct bs_kept_search {
	const struct bs_collected *all;
	uint32_t step;
	const char *name;
	const char *found; /* the file that was taken, or NULL */
	uint32_t first_place, n_places;
};

struct bs_kept_finding {
	const struct bs_collected *all;
	enum bs_level level;
	enum bs_rule rule;
	uint32_t step;
	bs_map_id from, to;	 /* or BS_NO_MAP */
	const char *fingerprint; /* 16 digits */
	uint32_t n_symbols;
	const char *headline, *message; /* one line; that and the evidence */
	uint32_t first_example, n_examples;
	enum bs_disposition disposition;
	const char *excuse; /* of one that a policy excuses: the reason, or "" */
};

/* A finding of a baseline. */
struct bs_kept_known {
	struct bs_known_finding finding;
	const char *fingerprint; /* 16 digits */
};

struct bs_kept_diag {
	enum bs_diag_code code;
	const char *path; /* or NULL */
	uint64_t offset;  /* or BS_NO_OFFSET */
	int os_error;
	const char *detail;
};

/* Zero but for ARENA, which is the caller's and his again when the run is over. */
struct bs_collected {
	struct bs_arena *arena;
	struct bs_names *names;
	const char *loader;  /* "glibc 2.36" */
	const char *machine; /* or NULL */
	bool refused;
	BS_VEC(struct bs_kept_object) objects;
	BS_VEC(struct bs_kept_step) steps; /* in the order in which they are told */
	BS_VEC(struct bs_kept_binding) bindings;
	BS_VEC(struct bs_kept_answer) answers;
	BS_VEC(struct bs_kept_search) searches;
	BS_VEC(struct bs_kept_place) places;
	BS_VEC(struct bs_kept_finding) findings;
	BS_VEC(const char *) examples;
	BS_VEC(struct bs_kept_diag) diags;
	/* What the baseline of the run's judge has, and the run has not. */
	BS_VEC(struct bs_kept_known) gone;
	bs_ids slots; /* by slot of the run: its binding, or UINT32_MAX */
	/* Is told of each step; or NULL. */
	void (*progress)(void *user, const struct bs_kept_step *step, uint32_t n_steps);
	void *user;
};

/* KNOWN with its strings in ARENA. */
struct bs_kept_known bs_keep_known(struct bs_arena *arena, const struct bs_known_finding *known);

/* No format that --format names. Fills in the KEPT of its report. */
extern const struct bs_format bs_format_collect;
