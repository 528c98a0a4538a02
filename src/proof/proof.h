/* SPDX-License-Identifier: MIT */
/*
 * proof.h - run + findings -> the same findings with evidence about the definitions
 *
 * A finding about two objects that define the same symbols is worth more when it says where each
 * definition was compiled and in what the two differ. That stands in the files' debug information,
 * or in that of files beside them; what is opened is opened by the run's view of the file system,
 * so nothing outside of its root is read.
 *
 * What is compared: signatures of functions, types of variables, and the layouts of the types of
 * one name that these lead to. Not the code.
 *
 * This floor is the only user of libdw. Floor 8: may include base.h, sim.h and check.h, and what
 * these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../sim/sim.h"

enum bs_proof_mode {
	BS_PROOF_AUTO, /* of each finding the examples; evidence only */
	BS_PROOF_ALL,  /* of each finding up to BS_PROOF_SYMBOLS; levels follow */
	BS_PROOF_NONE, /* nothing is opened */
};

enum { BS_PROOF_SYMBOLS = 1000 };

enum bs_verdict_of_proof {
	BS_PROOF_UNKNOWN, /* nothing to compare, on one side at least */
	BS_PROOF_SAME,
	BS_PROOF_DIFFER,
};

/* "unknown", "same", "differ". */
const char *bs_proof_verdict_name(enum bs_verdict_of_proof verdict);

/* Why a definition's debug information is not there. */
enum bs_unproven {
	BS_PROVEN,
#define UNPROVEN(id, slug, words) BS_UNPROVEN_##id,
#include "unproven.def"
#undef UNPROVEN
	BS_UNPROVEN_COUNT_
};

struct bs_unproven_text {
	const char *slug, *words;
};
const struct bs_unproven_text *bs_unproven_text(enum bs_unproven why);

/* One definition of a symbol. */
struct bs_proof_side {
	bs_map_id object;
	uint64_t size; /* bytes, as the symbol says */
	enum bs_unproven unproven;
	/* Strings are the run's; each may be NULL, and all are when UNPROVEN. */
	const char *file; /* below DIRECTORY, or absolute */
	uint32_t line;	  /* 0: not told */
	const char *producer;
	const char *directory;	/* in which the compiler ran */
	const char *debug_file; /* inside the root, that told this; NULL: the object itself */
};

/* In what two definitions differ. */
enum bs_difference_kind {
	BS_DIFFERENCE_NONE,
#define DIFFERENCE(id, slug, words) BS_DIFFERENCE_##id,
#include "differences.def"
#undef DIFFERENCE
	BS_DIFFERENCE_COUNT_
};

struct bs_difference_text {
	const char *slug, *words;
};
const struct bs_difference_text *bs_difference_text(enum bs_difference_kind kind);

/* Strings are the run's, or NULL. */
struct bs_difference {
	enum bs_difference_kind kind;
	const char *type, *name;  /* of which type, and which part of it */
	const char *left, *right; /* what the sides have; NULL: nothing */
	uint64_t n_left, n_right; /* the same of a SIZE */
};

struct bs_proof_symbol {
	const char *name; /* as it stands in the file */
	enum bs_verdict_of_proof verdict;
	bool same_size;	     /* of one that is UNKNOWN: it has the same size in both ... */
	enum bs_alike alike; /* ... and the same instructions, if it is a function */
	struct bs_proof_side
		sides[2]; /* the definition that was exchanged, then the one that answers */
	struct bs_difference difference;
};

/* What was found out about the definitions of a finding. */
struct bs_proof {
	enum bs_verdict_of_proof
		verdict;     /* DIFFER if any does; SAME if the rest that is known is */
	uint32_t n_looked;   /* symbols of which both definitions were looked for */
	uint32_t n_compared; /* of them found and compared */
	uint32_t n_differ;
	uint32_t n_same_size;	  /* of those not compared: symbols of one size in both ... */
	uint32_t n_alike, n_code; /* ... and functions of the same instructions, of how many */
	bool same_build;	  /* the two files have one build id ... */
	bool has_build_ids;	  /* ... and have any at all */
	enum bs_level before;	  /* the level that the finding had without the proof */
	enum bs_level after;	  /* and with it; a policy may change it once more */
	struct bs_proof_symbol symbols[BS_MAX_EXAMPLES]; /* those that differ come first */
	uint32_t n_symbols;
};

struct bs_prover;

/* A prover for RUN, which must outlive it but for bs_prover_free(). MODE is not NONE. */
struct bs_prover *bs_prover_new(const struct bs_run *run, enum bs_proof_mode mode);

/* Closes what PROVER opened. Findings keep what it said. NULL is allowed. */
void bs_prover_free(struct bs_prover *prover);

/*
 * Looks for evidence about those of FINDINGS, of PROVER's run, that are warnings or errors and
 * about two definitions, and leaves it in their PROOF. Under ALL a finding that differs becomes an
 * error and one all of whose definitions are the same falls by one level, unless it is about
 * instances or the instructions differ; FINDINGS are then sorted anew.
 */
void bs_prove(struct bs_prover *prover, bs_findings *findings);
