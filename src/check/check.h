/* SPDX-License-Identifier: MIT */
/*
 * check.h - run -> findings: what in the bindings is likely to hurt
 *
 * A finding is about the program under study: a rule, a level, the objects, and the evidence as
 * records. No words are made here but the rules' own texts; no format is known.
 *
 * Floor 7: may include base.h and sim.h and what sim.h shows.
 */
#pragma once

#include "../base/base.h"
#include "../sim/sim.h"

enum bs_rule {
#define RULE(id, slug, headline, summary, help) BS_RULE_##id,
#include "rules.def"
#undef RULE
	BS_RULE_COUNT_
};

struct bs_rule_text {
	const char *slug;
	const char *headline; /* NULL: the report has words of its own; see rules.def */
	const char *summary, *help;
};

/* The texts of RULE. */
const struct bs_rule_text *bs_rule_text(enum bs_rule rule);

/* The rule with SLUG, or BS_RULE_COUNT_. */
enum bs_rule bs_rule_find(const char *slug);

enum bs_level { BS_LEVEL_NONE, BS_LEVEL_NOTE, BS_LEVEL_WARNING, BS_LEVEL_ERROR };

/* "note", "warning", "error"; "none" for BS_LEVEL_NONE. */
const char *bs_level_name(enum bs_level level);

/* Which part of the referrer's scope holds the object that captured. */
enum bs_decided_by {
	BS_BY_GLOBAL, /* the global scope, which comes first */
	BS_BY_LOCAL,  /* the searchlist of the dlopen that brought both */
	BS_BY_OWN,    /* an object that DT_SYMBOLIC or the like put first */
};

/* Evidence beside symbols. */
enum bs_fact_kind {
	BS_FACT_NONE,
#define FACT(id, slug, label, words) BS_FACT_##id,
#include "facts.def"
#undef FACT
	BS_FACT_COUNT_
};

/* The texts of a kind of facts; see facts.def. */
struct bs_fact_text {
	const char *slug, *label, *words;
};
const struct bs_fact_text *bs_fact_text(enum bs_fact_kind kind);

struct bs_fact {
	enum bs_fact_kind kind;
	uint64_t n, of;	  /* numbers; 0 where the kind has none */
	bs_map_id object; /* or BS_NO_MAP */
	const char *text; /* a name, a path, a version; or NULL. As long as the run or its files */
};

enum { BS_MAX_EXAMPLES = 5 };

struct bs_proof; /* of the floor above: what debug information says of the definitions */

struct bs_finding {
	enum bs_rule rule;
	enum bs_level level;
	uint32_t step;
	bs_map_id from, to; /* the pair of objects; TO is BS_NO_MAP where nobody answers */
	enum bs_decided_by decided_by;
	uint32_t n;		      /* captured symbols, all kinds */
	uint32_t n_functions, n_data; /* of them strong: not meant to be merged */
	uint32_t n_weak;	      /* weak on both sides: merged by design of C++ */
	uint32_t n_replaceable; /* functions that programs may replace: malloc, operator new */
	uint32_t n_waiting;	/* not bound yet: a first call now would be captured */
	uint32_t n_inside;	/* references to the object's own symbols that stay inside */
	bool preloaded;		/* TO was preloaded: interposition is its purpose */
	/* Of slots over time (UNRESOLVED_AT_CALL, HEALED, WHEN_MATTERS): FROM's calls went to
	 * BEFORE until STEP and go to TO from it on; BS_NO_MAP: to nobody. */
	bs_map_id before;
	bs_map_id instead; /* of IGNORED_DEEPBIND: who would have answered; else BS_NO_MAP */
	uint32_t slot; /* index of one of the slots: they all had the same answers at the same times
			*/
	struct bs_binding examples[BS_MAX_EXAMPLES]; /* strong ones first */
	uint32_t n_examples;
	BS_VEC(struct bs_fact) facts;
	/* All symbols that were counted, up to the number that was asked for. */
	BS_VEC(struct bs_binding) symbols;
	/* Apart from what the rule itself found, since it depends on what is installed; or NULL. */
	const struct bs_proof *proof;
};

typedef BS_VEC(struct bs_finding) bs_findings;

/* Adds FACT to FINDING, in RUN's arena. */
void bs_finding_fact(const struct bs_run *run, struct bs_finding *finding,
		     const struct bs_fact *fact);

/* What a check remembers from step to step of one run. */
struct bs_checker;

/* A checker in the arena of RUN, for all of its steps. */
struct bs_checker *bs_checker_new(const struct bs_run *run);

/* From here on findings have up to N of their symbols, beside the examples. */
void bs_checker_keep_symbols(struct bs_checker *checker, uint32_t n);

/* The findings of the step RESULT, worst first, then by objects. They live as long as the run. */
bs_findings bs_check_step(struct bs_checker *checker, const struct bs_run *run,
			  const struct bs_step_result *result);

/* What the jump slots of RUN, which is over, have come to: findings that no single step can tell.
 * The same order. */
bs_findings bs_check_end(struct bs_checker *checker, const struct bs_run *run);

/* Worst first, then by objects. */
void bs_findings_sort(bs_findings *findings);

/* One of two definitions of a symbol. */
struct bs_definition {
	bs_map_id object;
	uint32_t symbol; /* in its own table */
};

/*
 * The two definitions that BINDING, of FINDING, is about: the one that its referrer has, or was to
 * get, and the one that answers. False when it is not about two: nobody answers, there is no other
 * one, or they are one object that was moved.
 */
bool bs_finding_definitions(const struct bs_run *run, const struct bs_finding *finding,
			    const struct bs_binding *binding, struct bs_definition ret[2]);

/* ---- hints --------------------------------------------------------------------------------- */

/* Where a file of the name is that the loader did not find, and what leads there. */
enum bs_hint_kind {
	BS_HINT_WORKING_DIRECTORY, /* dlopen and DT_NEEDED do not look there */
	BS_HINT_RUNPATH,	   /* the RUNPATH of MAP, which serves MAP's own needs only */
	BS_HINT_RPATH,		   /* the RPATH of MAP, which is no requester of this one */
	BS_HINT_BESIDE,		   /* in MAP's directory */
	BS_HINT_LDCONFIG,	   /* in a directory of ld.so.conf, and there is no ld.so.cache */
};

struct bs_hint {
	enum bs_hint_kind kind;
	const char *path; /* inside the root */
	bs_map_id map;	  /* BS_NO_MAP for the working directory and for ld.so.conf */
};

typedef BS_VEC(struct bs_hint) bs_hints;

/* Looks for what the failed step RESULT did not find. In RUN's arena; empty when nothing is there
 * or something else failed. */
bs_hints bs_find_hints(const struct bs_run *run, const struct bs_step_result *result);
