/* SPDX-License-Identifier: MIT */
/*
 * diff.h - two digests, held against each other
 *
 * Objects are matched by what stays of their names from build to build; what is told of the rest is
 * in terms of the matched ones.
 */
#pragma once

#include "digest.h"

enum bs_side { BS_LEFT, BS_RIGHT };

/* Parts of a comparison. */
enum {
	BS_DIFF_STEPS = 1 << 0,
	BS_DIFF_FINDINGS = 1 << 1,
	BS_DIFF_CAUSES = 1 << 2, /* bindings, folded */
	BS_DIFF_BINDINGS = 1 << 3,
	BS_DIFF_OBJECTS = 1 << 4,
};

/* What is changed about an object. */
enum {
	BS_OBJECT_CAME = 1 << 0, /* it is on the right only */
	BS_OBJECT_WENT = 1 << 1,
	BS_OBJECT_PATH = 1 << 2,  /* another path, seen from the executable's directory */
	BS_OBJECT_FOUND = 1 << 3, /* another kind of place */
	BS_OBJECT_SONAME = 1 << 4,
	BS_OBJECT_BUILD = 1 << 5,
	BS_OBJECT_STAYS = 1 << 6,  /* it is there at the end on one side only */
	BS_OBJECT_GLOBAL = 1 << 7, /* it is in the global scope on one side only */
	BS_OBJECT_MOVED = 1 << 8,  /* among those that are on both sides */
};

enum { BS_OBJECT_CHANGES = 9 };

/* An object of one side or of both. */
struct bs_diff_object {
	uint32_t at[2]; /* by side: in its digest, or BS_NOBODY */
	unsigned changes;
};

/* What is changed about a step. */
enum {
	BS_STEP_CAME = 1 << 0,
	BS_STEP_WENT = 1 << 1,
	BS_STEP_ASKS = 1 << 2, /* it is another call */
	BS_STEP_STATE = 1 << 3,
	BS_STEP_MESSAGE = 1 << 4,
};

enum { BS_STEP_CHANGES = 5 };

struct bs_diff_step {
	const struct bs_digest_step *at[2]; /* by side, or NULL */
	unsigned changes;		    /* never 0 */
};

/* What is changed about a finding. */
enum {
	BS_FINDING_NEW = 1 << 0,
	BS_FINDING_GONE = 1 << 1,
	BS_FINDING_LEVEL = 1 << 2,
	BS_FINDING_COUNT = 1 << 3,
};

enum { BS_FINDING_CHANGES = 4 };

struct bs_diff_finding {
	const struct bs_digest_finding *at[2]; /* by side, or NULL */
	uint32_t from, to;		       /* indexes of matched objects, or BS_NOBODY */
	unsigned changes;
};

/* What became of a reference, worst first. */
enum bs_turn {
	BS_TURN_LOST,	   /* nobody answers any more */
	BS_TURN_NEW_LOST,  /* it is new, and nobody answers */
	BS_TURN_REBOUND,   /* another object answers */
	BS_TURN_UNSET,	   /* nobody answers any more, and it may stay 0 */
	BS_TURN_VERSION,   /* the same object, another version */
	BS_TURN_FOUND,	   /* somebody answers now */
	BS_TURN_OTHERWISE, /* nobody answers, and what that does is another thing */
	BS_TURN_NEW,
	BS_TURN_GONE,
	BS_TURN_COUNT_
};

enum bs_cause_kind {
#define CAUSE(id, slug, meaning) BS_CAUSE_##id,
#include "causes.def"
#undef CAUSE
	BS_CAUSE_COUNT_
};

/* The short name of KIND, and what it means in a line. */
const char *bs_cause_slug(enum bs_cause_kind kind);
const char *bs_cause_meaning(enum bs_cause_kind kind);

/* Why a reference is bound otherwise. */
struct bs_because {
	enum bs_cause_kind kind;
	uint32_t object; /* whose doing it is; BS_NOBODY: the referrers' own, or nobody's */
	uint32_t other;	 /* of ORDER: the one that it comes before now; else BS_NOBODY */
	uint32_t step;	 /* that does it, or BS_NEVER */
};

struct bs_diff_binding {
	uint32_t from;			       /* index of a matched object, or BS_NOBODY */
	const struct bs_digest_binding *at[2]; /* by side, or NULL */
	uint32_t to[2];			       /* by side: who answers, or BS_NOBODY */
	enum bs_turn turn;
	struct bs_because because;
};

/* Neighbours in the list of bindings with one referrer and the same answers. */
struct bs_diff_row {
	uint32_t first, n;
};

/* Rows with one cause and one turn. */
struct bs_diff_cause {
	struct bs_because because;
	enum bs_turn turn;
	uint32_t first_row, n_rows;
	uint32_t n; /* bindings in them */
};

/* What is wanted and cannot be compared. */
struct bs_diff_gap {
	const char *part; /* "bindings", "findings" */
	const char *reason;
};

struct bs_diff {
	const struct bs_digest *side[2];
	bool changes_loader;
	BS_VEC(struct bs_diff_gap) gaps;
	BS_VEC(struct bs_diff_object) objects; /* all */
	bs_ids of[2]; /* by side: what the objects of its digest are among these */
	BS_VEC(struct bs_diff_step) steps;
	BS_VEC(struct bs_diff_finding) findings; /* worst first */
	BS_VEC(struct bs_diff_binding) bindings; /* row by row */
	BS_VEC(struct bs_diff_row) rows;	 /* cause by cause */
	BS_VEC(struct bs_diff_cause) causes;	 /* worst first */
	uint32_t n_objects;			 /* that changed */
	uint64_t n;				 /* differences in all */
};

struct bs_diff_options {
	unsigned parts;
	struct bs_selection selection; /* SYMBOL is the digests' own */
	const char *name[2];	       /* by side, for reasons */
};

/* What is different between LEFT and RIGHT, which share a table of names, in ARENA. */
struct bs_diff *bs_diff_new(struct bs_arena *arena, const struct bs_digest *left,
			    const struct bs_digest *right, const struct bs_diff_options *options);

/* OBJECT as SIDE has it, or NULL. */
static inline const struct bs_digest_object *bs_diff_at(const struct bs_diff *diff, uint32_t object,
							enum bs_side side)
{
	if (object == BS_NOBODY || diff->objects.v[object].at[side] == BS_NOBODY)
		return NULL;
	return &diff->side[side]->objects.v[diff->objects.v[object].at[side]];
}

/* What the symbol of BINDING is called. */
static inline const char *bs_diff_symbol(const struct bs_diff *diff,
					 const struct bs_diff_binding *binding)
{
	const struct bs_digest_binding *b =
		binding->at[BS_RIGHT] ? binding->at[BS_RIGHT] : binding->at[BS_LEFT];

	return bs_name_text(diff->side[BS_LEFT]->names, b->symbol);
}
