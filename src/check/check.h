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
#include "library-db.h"

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

/* The slugs of all, NULL at the end, in ARENA. */
const char *const *bs_rule_slugs(struct bs_arena *arena);

/* RULE tells of captured references: captured-references, or its worse half. */
static inline bool bs_rule_is_capture(enum bs_rule rule)
{
	return rule == BS_RULE_CAPTURED || rule == BS_RULE_SPLIT_COPY;
}

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
/* What a policy makes of a finding; see policy.h. */
enum bs_disposition {
	BS_COUNTS,
	BS_BELOW, /* its level is no reason to fail */
	BS_SUPPRESSED,
	BS_IN_BASELINE, /* it is known */
	BS_DISPOSITION_COUNT_
};

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
	enum bs_disposition disposition;
	const char *excuse; /* of one that a policy excuses: the reason, or "" */
};

typedef BS_VEC(struct bs_finding) bs_findings;

/* The finding of RULE about FROM and TO, from FINDINGS or added to them for STEP. */
struct bs_finding *bs_finding_between(const struct bs_run *run, bs_findings *findings,
				      enum bs_rule rule, uint32_t step, bs_map_id from,
				      bs_map_id to);

/* Counts BINDING as one more symbol of FINDING. */
void bs_finding_count(struct bs_finding *finding, const struct bs_binding *binding);

/* Worst first, then by objects. */
void bs_findings_sort(bs_findings *findings);

/* Adds FACT to FINDING, in RUN's arena. */
void bs_finding_fact(const struct bs_run *run, struct bs_finding *finding,
		     const struct bs_fact *fact);

/* ---- what is left out ---------------------------------------------------------------------- */

/* Why a name that two objects define is no finding. */
enum bs_reason {
#define REASON(id, slug, words) BS_REASON_##id,
#include "reasons.def"
#undef REASON
	BS_REASON_COUNT_
};

struct bs_reason_text {
	const char *slug, *words;
};

/* The texts of REASON. */
const struct bs_reason_text *bs_reason_text(enum bs_reason reason);

/* Names that two objects define, left out for one reason. */
struct bs_left_out {
	bs_map_id from, to; /* the later one of the two, and the earlier */
	enum bs_reason reason;
	uint32_t n;
	const char *examples[BS_MAX_EXAMPLES];
	uint32_t n_examples;
	uint32_t next; /* private */
};

typedef BS_VEC(struct bs_left_out) bs_left_outs;

/* ---- what is meant by a glob ---------------------------------------------------------------- */

/*
 * Which bindings are wanted. A glob that is NULL lets all pass. SYMBOL is held against the name as
 * it stands in the file and demangled; FROM and TO against an object's link-map name, its base name
 * and its soname.
 */
struct bs_selection {
	const char *symbol, *from, *to;
};

bool bs_selected_object(const struct bs_run *run, bs_map_id map, const char *glob);
bool bs_selected_symbol(const struct bs_selection *selection, const char *name);
bool bs_selected(const struct bs_selection *selection, const struct bs_run *run,
		 const struct bs_binding *binding);
bool bs_selected_pair(const struct bs_selection *selection, const struct bs_run *run,
		      bs_map_id from, bs_map_id to);

/*
 * NAME as a person writes it: C++ and Rust names demangled. Returns NAME itself when it is none;
 * otherwise a string that stays valid until the next call from this thread.
 */
const char *bs_demangled(const char *name);

/* Ends that string, for threads that are to leave nothing behind. */
void bs_demangled_forget(void);

/* ---- the check ----------------------------------------------------------------------------- */

/* What a check remembers from step to step of one run. */
struct bs_checker;

/*
 * What FINDING is known by in another run: the same for other builds, versions and places of its
 * objects, another one for other rules and objects. Neither levels nor counts are in it.
 */
uint64_t bs_finding_fingerprint(const struct bs_run *run, const struct bs_finding *finding);

/* What MAP is called in any version of it and at any place: its family, or its file's name; "" for
 * BS_NO_MAP. */
const char *bs_lasting_name(const struct bs_run *run, bs_map_id map);

/* The same for an object with SONAME, or NULL, and the link-map name NAME; in ARENA, or a part of
 * the two. */
const char *bs_lasting_name_of(struct bs_arena *arena, const char *soname, const char *name);

/* SYMBOL of MAP was captured at some time. */
bool bs_was_captured(const struct bs_checker *checker, bs_map_id map, uint32_t symbol);

/* The entry of MAP's own table that defines NAME for others, or 0. */
uint32_t bs_own_definition(const struct bs_run *run, bs_map_id map, const char *name);

/* The same for IMAGE, which may be NULL and then has none; SHIFT_WRAPS is the loader's way to read
 * bloom filters (struct bs_match_policy). */
uint32_t bs_image_definition(const struct bs_image *image, bool shift_wraps, const char *name);

/* Others can be bound to S. */
bool bs_is_exported(const struct bs_symbol *s);

/* The next entry of IMAGE behind AT, which begins with 0, that others can be bound to, with its
 * symbol in *RET; 0 at the end. */
uint32_t bs_next_export(const struct bs_image *image, uint32_t at, struct bs_symbol *ret);

/* An object that exports the markers of a library of the database; of one without markers, that has
 * its name. */
struct bs_library_carrier {
	bs_map_id map;
	const struct bs_known_library *library;
	bool is_itself;
	const char *version; /* as it stands in the file, or NULL */
};

typedef BS_VEC(struct bs_library_carrier) bs_library_carriers;

/* Those of RUN, by object and then in the database's order, in RUN's arena. */
bs_library_carriers bs_find_library_carriers(const struct bs_checker *checker,
					     const struct bs_run *run);

/* A name that two objects define, as the end of a run shows it. */
struct bs_duplicate {
	bs_map_id from, to; /* the later one of the two, and the earlier */
	uint32_t from_symbol, to_symbol;
	const char *name;
	enum bs_reason reason; /* why it is no finding; BS_REASON_COUNT_: for none */
};

/* Who wants to hear of each duplicate, finding or not. */
struct bs_duplicate_sink {
	void *data;
	void (*take)(void *data, const struct bs_run *run, const struct bs_duplicate *duplicate);
};

/* A slot of a real process that holds what no loader puts there. */
struct bs_patched {
	bs_map_id map;
	uint32_t symbol; /* in MAP's table */
	bool is_call;	 /* a jump slot */
	bs_map_id into;	 /* the object that it points into; BS_NO_MAP: none of the simulation's */
	const char *into_name;	 /* the object's name; or NULL: it is none */
	const char *into_symbol; /* what lies at that very place, or NULL */
	const char *area;	 /* the file that is mapped there, by no loader, or NULL */
	bool other_namespace;	 /* INTO is in another namespace than MAP */
	bool is_mapped;		 /* something is there */
};

/* What else a check goes by. */
struct bs_check_options {
	const struct bs_patched
		*patched; /* of the process that the run is about, N_PATCHED of them */
	uint32_t n_patched;
	struct bs_library_db *library_db; /* or NULL: no library is known */
	bool lists_left_out;		  /* what is left out is not only counted */
	/* Notes are shown. If not, findings that are notes need not be complete: some count some of
	 * their symbols only, and those that the end of a run brings have no evidence, and may have
	 * the rule of others that give notes. How many there are is the same. */
	bool shows_notes;
	struct bs_duplicate_sink duplicates; /* TAKE may be NULL */
};

/* A checker in the arena of RUN, for all of its steps. */
struct bs_checker *bs_checker_new(const struct bs_run *run, const struct bs_check_options *options);

/* From here on findings have up to N of their symbols, beside the examples. */
void bs_checker_keep_symbols(struct bs_checker *checker, uint32_t n);

/* The findings of the step RESULT, worst first, then by objects. They live as long as the run. */
bs_findings bs_check_step(struct bs_checker *checker, const struct bs_run *run,
			  const struct bs_step_result *result);

/* What the jump slots of RUN, which is over, have come to, and what its objects have twice:
 * findings that no single step can tell. The same order. */
bs_findings bs_check_end(struct bs_checker *checker, const struct bs_run *run);

/* After bs_check_end(): how many names were left out, each counted once for every object but the
 * first that has it, and, if that was asked for, which; by objects. The list lives as long as the
 * run. */
uint64_t bs_left_out_count(const struct bs_checker *checker);
const bs_left_outs *bs_left_out_list(const struct bs_checker *checker);

enum bs_alike { BS_ALIKE_UNKNOWN, BS_ALIKE_YES, BS_ALIKE_NOT };

/*
 * Whether the functions X of A and Y of B are the same instructions but for fields that are
 * relative to the place where they stand, and lead to constants that are the same. UNKNOWN
 * where that cannot be told: no size, another machine, a machine of which these fields are
 * not known.
 */
enum bs_alike bs_code_is_alike(const struct bs_image *a, const struct bs_symbol *x,
			       const struct bs_image *b, const struct bs_symbol *y);

/* A and B have one build ID; false where one of them has none. */
bool bs_is_same_build(const struct bs_image *a, const struct bs_image *b);

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
