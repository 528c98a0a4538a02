/* SPDX-License-Identifier: MIT */
/* check-priv.h - what the files of the check floor share */
#pragma once

#include "check.h"

/* What the executable holds by copy relocation. */
struct bs_copied {
	uint64_t address;  /* in the executable */
	bs_map_id from;	   /* whose definition was copied ... */
	uint64_t original; /* ... and its address there */
	bool is_constant;  /* nobody writes to it */
	bool is_protected; /* its library refers to its own all the same */
};

/* Who was put first so that others are bound to it. */
struct bs_interposer {
	bs_map_id map;
	uint32_t n_users; /* other objects that start-up bound to it */
	bool any_symbol;  /* a preloaded object is there for all that it defines; an executable
			     for what replaces the allocator */
};

struct bs_libraries; /* twice.c */
struct bs_needs;     /* dependency.c */
struct bs_pins;	     /* pinned.c */
struct bs_paths;     /* paths.c */

/* A reference to an unwinder, which RAISES an exception or goes on with one. */
struct bs_unwinding {
	struct bs_binding binding;
	uint32_t step;
	bool raises;
};

/* Whether findings name two objects. */
enum bs_told {
	BS_NOT_TOLD,
	BS_TOLD,
	BS_TOLD_SYMBOLS, /* one of them counts the captured symbols, weak ones included */
};

/* Two objects. */
struct bs_object_pair {
	bs_map_id from, to; /* the later one and the earlier */
	enum bs_told told;
	/* Strong in both, and for no reason to be left out: all, functions, and those whose
	 * versions differ. */
	uint32_t n, n_functions, n_apart;
	uint64_t bytes_from, bytes_to; /* of the functions */
	uint32_t n_first;	       /* of the N: TO is the first that has the name */
	struct {
		uint32_t from, to; /* symbols */
		bool first;
	} examples[BS_MAX_EXAMPLES];
	uint32_t left_out; /* index in the list plus 1 of the last one */
	uint32_t next;	   /* with a like hash: index plus 1 */
};

struct bs_object_pairs {
	BS_VEC(struct bs_object_pair) list;
	uint32_t *heads, n_heads; /* by hash; a power of two */
	bool lists;		  /* what is left out is not only counted */
	uint64_t n_left_out;
	bs_left_outs left_out;
};

struct bs_checker {
	struct bs_arena *scratch; /* of the step that is looked at, or NULL */
	struct bs_check_options options;
	BS_VEC(struct bs_copied) copied;
	BS_VEC(struct bs_interposer) interposers;
	bs_ids inside; /* by map: own symbols that it was bound to when it was loaded */
	BS_VEC(uint8_t *) captured; /* by map: by symbol, 1 for those that were captured; or NULL */
	struct bs_libraries *libraries;
	struct bs_needs *needs;
	bs_ids unwinders; /* maps */
	BS_VEC(struct bs_unwinding) unwinding;
	struct bs_object_pairs pairs;
	bool has_started; /* start-up succeeded */
	struct bs_pins *pins;
	struct bs_paths *paths;
	bs_ids promoted_by; /* by map: the step that put it into the global scope, or 0 */
	uint32_t n_kept;    /* symbols of each finding that are kept */
};

/* A captured symbol of a class of C++: a table, or a function that is not meant to be merged. */
struct bs_class_part {
	struct bs_binding binding;
	const char *name; /* the class as it is mangled, N_NAME bytes, without N and E */
	uint32_t n_name;
	bool is_type; /* a vtable or the like; else a function */
};

typedef BS_VEC(struct bs_class_part) bs_class_parts;

enum bs_counted_manner {
	BS_COUNTED_INSIDE,
	BS_COUNTED_CAPTURED,
	BS_COUNTED_DEPENDENCY,
	BS_COUNTED_UNIQUE,
	BS_COUNTED_UNDECLARED,
	BS_COUNTED_CROSSED,
	BS_COUNTED_DIFFERING,
	BS_COUNTED_UNWINDING,
	BS_COUNTED_MANNERS
};

/* By symbol of one referrer: the definer with which it was counted last, and 1; or 0. */
struct bs_counted_symbols {
	uint32_t *definers[BS_COUNTED_MANNERS]; /* or NULL: none was */
};

/* Which symbols were counted already: one that is called and whose address is taken has two
 * bindings, between which those of other referrers may come. */
struct bs_counted {
	struct bs_counted_symbols *of; /* by referrer */
};

/* What is known of a pair of objects when the first binding between them was met. */
enum {
	BS_PAIR_BOUND = 1,	 /* there is one; alone: nothing more to look at in others */
	BS_PAIR_UNVERSIONED = 2, /* the definer has no versions, and the referrer asks for some */
	BS_PAIR_OLDER = 4,	 /* the definer has versions, and the referrer names none of them */
	BS_PAIR_OUTSIDER = 8,	 /* the referrer does not need the definer, directly or not */
};

/* What one look at the bindings of a step collects. */
struct bs_pass {
	struct bs_checker *checker;
	struct bs_arena *scratch; /* for tables as long as all objects that ever were */
	const struct bs_run *run;
	const struct bs_step_result *result;
	bs_findings *findings;
	bs_class_parts classes;
	struct bs_counted counted;
	bool is_later;	 /* it is at slots that had another answer before */
	uint8_t **pairs; /* by referrer, if met: by definer, BS_PAIR_*; N_PAIRS of both */
	uint32_t n_pairs;
	uint32_t **crossed; /* by referrer and definer: index in FINDINGS plus 1, of crossed.c */
};

/* Nobody writes to ADDRESS of IMAGE once it is relocated. */
bool bs_is_constant(const struct bs_image *image, uint64_t address);

/* SYMBOL is a variable of which nothing stands in the file, and which somebody writes to. */
bool bs_is_blank_variable(const struct bs_image *image, const struct bs_symbol *symbol);

/* Functions that a program may replace by defining them. */
bool bs_is_replaceable(const char *name);

/* NAME is that of a C++ type's information, or of its name: what tells types apart. */
bool bs_is_type_information(const char *name);

/* What a binding does with an object's own symbol. */
enum bs_capture {
	BS_NOT_CAPTURED,
	BS_BOUND_INSIDE,
	BS_CAPTURED_WEAK,
	BS_CAPTURED_REPLACEABLE,
	BS_CAPTURED_FUNCTION,
	BS_CAPTURED_DATA,
};
enum bs_capture bs_capture_of(const struct bs_checker *checker, const struct bs_run *run,
			      const struct bs_binding *binding);

/* SYMBOL, of the executable, is what it holds by copy relocation. */
bool bs_is_copied(const struct bs_checker *checker, const struct bs_symbol *symbol);

/* B ends in the executable because that holds the object, or stands for the function's address. */
bool bs_is_moved_to_executable(const struct bs_checker *checker, const struct bs_run *run,
			       const struct bs_binding *b);

/* MAP is the loader, or its stand-in in another namespace, or libc itself. */
bool bs_is_loader_or_libc(const struct bs_run *run, bs_map_id map);

/* MAP is the loader, libc or one of the libraries that come with libc. */
bool bs_is_of_libc(const struct bs_run *run, bs_map_id map);

/* The same of a library by its soname, libc itself included. */
bool bs_is_soname_of_libc(const char *soname);

/* captured.c: takes in what the executable holds by copy relocation; BINDING, whose referrer
 * defines the symbol; of the findings: those that are about what is meant to be merged go, the
 * others learn how much stays inside. */
void bs_note_copies(struct bs_pass *pass);
void bs_take_captured(struct bs_pass *pass, const struct bs_binding *binding, bool waiting);
void bs_drop_harmless(bs_findings *findings);
void bs_count_inside(const struct bs_pass *pass);

/* slots.c: what the jump slots of RUN, which is over, have come to. */
void bs_check_slots(const struct bs_checker *checker, const struct bs_run *run,
		    bs_findings *findings);

/* BINDING takes an object's own symbol elsewhere. */
bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding);

/* True when the symbol of BINDING, which has one, was counted before in this MANNER and with this
 * definer. Its entry in the referrer's table is its name and its version. */
bool bs_counted_before(const struct bs_pass *pass, struct bs_counted *counted,
		       const struct bs_binding *binding, enum bs_counted_manner manner);

/* deepbind.c: what RTLD_DEEPBIND would have bound elsewhere, where the loader passes it over. */
void bs_check_deepbind(struct bs_pass *pass);

/* The finding of LIKE's rule about LIKE's objects, from FINDINGS, to which LIKE is added
 * when there is none. */
struct bs_finding *bs_finding_like(const struct bs_run *run, bs_findings *findings,
				   const struct bs_finding *like);

/* A finding of RULE about FROM and TO, which have none of it yet, in this step; without a level. */
struct bs_finding *bs_finding_add_new(struct bs_pass *pass, enum bs_rule rule, bs_map_id from,
				      bs_map_id to);

/* The finding of RULE about FROM and TO in FINDINGS, or NULL. */
struct bs_finding *bs_finding_find(bs_findings *findings, enum bs_rule rule, bs_map_id from,
				   bs_map_id to);

/* Keeps BINDING among the symbols of FINDING where these are wanted. */
void bs_finding_keep(const struct bs_pass *pass, struct bs_finding *finding,
		     const struct bs_binding *binding);

/* The finding of RULE about the two objects of BINDING, which is counted; LEVEL at least.
 */
struct bs_finding *bs_finding_of(struct bs_pass *pass, enum bs_rule rule, enum bs_level level,
				 const struct bs_binding *binding);

/* Adds to the numbers of FINDING's fact of KIND, which is made when there is none. */
void bs_finding_add(const struct bs_run *run, struct bs_finding *finding, enum bs_fact_kind kind,
		    uint64_t n, uint64_t of);

/* classes.c: BINDING is captured, and the object's own definition is STRONG; at the end of
 * the pass: whose class is torn apart. */
void bs_take_class_part(struct bs_pass *pass, const struct bs_binding *binding, bool strong);
void bs_check_classes(struct bs_pass *pass);

/* Where the scope of FROM has TO: the list's number in the high half, the place in it in the low
 * one; BS_NOWHERE when TO is not in it. */
#define BS_NOWHERE UINT64_MAX
uint64_t bs_place_in_scope(const struct bs_process *process, bs_map_id from, bs_map_id to);

/* unique.c: BINDING's definition was found by its name, whatever the scope says. */
void bs_check_unique(struct bs_pass *pass, const struct bs_binding *binding);

/* differ.c: BINDING exchanges OWN for THEIRS; the executable copies THEIRS to OWN. */
void bs_check_exchange(struct bs_pass *pass, const struct bs_binding *binding,
		       const struct bs_symbol *own, const struct bs_symbol *theirs);
void bs_check_reference(struct bs_pass *pass, const struct bs_binding *binding);
void bs_check_copy(struct bs_pass *pass, const struct bs_binding *binding,
		   const struct bs_symbol *own, const struct bs_symbol *theirs);

/* interposers.c: who they are; whom references no longer reach. */
void bs_note_interposers(struct bs_pass *pass);
void bs_check_interposers(struct bs_pass *pass);

/* split.c: of what there are two. */
void bs_check_split(struct bs_pass *pass);

/* copies.c: what becomes of those that captured-references is about: the last look at them. */
void bs_judge_copies(struct bs_pass *pass);

/* constructed.c: FINDING, an index, is about a captured pair. HAS_VARIABLES: among what is captured
 * are variables that may be filled in by constructors. */
void bs_check_constructed(struct bs_pass *pass, uint32_t finding, bool has_variables);

/* unwinders.c: NAME is part of the unwinder's interface; who offers it; BINDING leads to one who
 * does; at the end: whose exceptions go on with another one. */
bool bs_is_unwinder(const char *name);
void bs_learn_unwinders(struct bs_pass *pass);
void bs_note_unwinder(struct bs_pass *pass, const struct bs_binding *binding);
void bs_check_unwinders(struct bs_checker *checker, const struct bs_run *run,
			bs_findings *findings);

/* ---- exports.c ----------------------------------------------------------------------------- */

/* How much of what A exports is exported by B, too. */
struct bs_shared {
	uint32_t n, n_exports;
	/* What more than half of these have in common, or NULL. */
	const char *name_space; /* of C++ */
	const char *prefix;	/* of names of C: png_ */
	uint32_t n_in_family;	/* symbols with the one or the other */
};
struct bs_shared bs_shared_exports(const struct bs_run *run, const struct bs_image *a,
				   const struct bs_image *b);

/* Adds SHARED, of F's two objects, to F's evidence. */
void bs_shared_tell(const struct bs_run *run, struct bs_finding *f, const struct bs_shared *shared);

/* The namespace or class at the start of a mangled C++ name, *RET_N characters of it, or
 * NULL. */
const char *bs_outermost_namespace(const char *name, size_t *ret_n);

/* ---- carried.c ------------------------------------------------------------------------------- */

/* The libraries that the checker knows; read at the first call. */
const bs_known_libraries *bs_known(const struct bs_checker *checker, const struct bs_run *run);

/* MAP exports enough of LIBRARY's markers: it is it, or has it inside. */
bool bs_carries(const struct bs_run *run, bs_map_id map, const struct bs_known_library *library);

/* One of A and B is a library whose interface is kept from version to version, and the other has a
 * copy of it: its name; else NULL. */
const char *bs_stable_library(struct bs_checker *checker, const struct bs_run *run, bs_map_id a,
			      bs_map_id b);

/* At the end: who exports a known library and is another. */
void bs_check_carried(struct bs_checker *checker, const struct bs_run *run, bs_findings *findings);

/* ---- family.c -------------------------------------------------------------------------------- */

/* A soname taken apart: libssl.so.1.1 is of the family libssl. */
struct bs_family {
	const char *name, *version;
};

/* Takes SONAME apart, into ARENA. False: it is none of a library. */
bool bs_family_of(struct bs_arena *arena, const char *soname, struct bs_family *ret);
/* The part of it that names the family. */
void bs_shared_tell_family(const struct bs_run *run, struct bs_finding *f,
			   const struct bs_shared *shared);

/* NAME is one that link editors put into every object. */
bool bs_is_linker_made(const char *name);

/* How much IMAGE exports. */
uint32_t bs_exports_count(const struct bs_image *image);

/* ---- pairs.c --------------------------------------------------------------------------------- */

/* What is known of FROM, the later one, and TO; valid until the next call. */
struct bs_object_pair *bs_object_pair(const struct bs_run *run, struct bs_object_pairs *pairs,
				      bs_map_id from, bs_map_id to);

/* What findings of earlier steps say of A and B, in this order or the other. */
enum bs_told bs_pair_is_told(const struct bs_checker *checker, bs_map_id a, bs_map_id b);

/* Notes which pairs of objects FINDINGS are about. */
void bs_object_pairs_tell(const struct bs_run *run, struct bs_object_pairs *pairs,
			  const bs_findings *findings);

/* NAME, which FROM and TO define, is left out; NULL: one more name, which is no example. */
void bs_leave_out(const struct bs_run *run, struct bs_object_pairs *pairs, enum bs_reason reason,
		  bs_map_id from, bs_map_id to, const char *name);
void bs_left_out_sort(struct bs_object_pairs *pairs);

/* ---- duplicates.c ---------------------------------------------------------------------------- */

/* What the objects of RUN, which is over, define twice and no other finding is about. */
void bs_check_duplicates(struct bs_checker *checker, const struct bs_run *run,
			 bs_findings *findings);

/* ---- twice.c --------------------------------------------------------------------------------- */

struct bs_libraries *bs_libraries_new(const struct bs_run *run);

/* Holds what the step RESULT brought against what is there. */
void bs_check_twice(struct bs_libraries *libraries, const struct bs_run *run,
		    const struct bs_step_result *result, bs_findings *findings);

/* ---- dependency.c ---------------------------------------------------------------------------- */

/* Who needs whom. */
struct bs_needs *bs_needs_new(const struct bs_run *run);

/* The object that DT_NEEDED or the like, NEED of MAP, leads to, or BS_NO_MAP. */
bs_map_id bs_needed_map(const struct bs_run *run, const struct bs_map *map,
			const struct bs_dyn *need);

/* Takes in the maps that came since the last call. */
void bs_needs_learn(struct bs_needs *needs, const struct bs_run *run);

/* FROM needs TO, directly or not. */
bool bs_needs(const struct bs_needs *needs, bs_map_id from, bs_map_id to);

/* FROM's dynamic section names TO. */
bool bs_needs_directly(const struct bs_run *run, bs_map_id from, bs_map_id to);

/* BS_PAIR_OUTSIDER or 0. */
uint8_t bs_needs_between(const struct bs_needs *needs, bs_map_id from, bs_map_id to);

/* Looks whether something that B's referrer, which has no definition of its own, needs
 * would have answered B, an outsider's. */
void bs_check_outsider(struct bs_pass *pass, const struct bs_binding *b, bool waiting);

/* ---- undeclared.c -------------------------------------------------------------------------- */

/* B, an outsider's, has no other definition among what its referrer needs. */
void bs_check_undeclared(struct bs_pass *pass, const struct bs_binding *b, bool waiting);

/* Remembers what the step RESULT put into the global scope. */
void bs_note_promoted(struct bs_checker *checker, const struct bs_run *run,
		      const struct bs_step_result *result);

/* ---- withheld.c ---------------------------------------------------------------------------- */

/* Looks who would have had what the step of PASS, which failed, misses. */
void bs_check_withheld(struct bs_pass *pass);

/* The same for a slot that nobody answers at the end of RUN. */
void bs_check_withheld_slot(const struct bs_run *run, bs_findings *findings,
			    const struct bs_binding *answer, uint32_t step);

/* ---- unused.c ------------------------------------------------------------------------------ */

/* Which needs of the objects that the step brought no binding of them uses. */
void bs_check_unused(struct bs_pass *pass);

/* ---- crossed.c ----------------------------------------------------------------------------- */

/* BS_PAIR_BOUND, and what it says of versions, of two objects that are bound. */
uint8_t bs_versions_between(const struct bs_run *run, bs_map_id from, bs_map_id to);

/* B is between objects of such a PAIR, whose mark goes when one reference is enough. */
void bs_check_crossed(struct bs_pass *pass, const struct bs_binding *b, uint8_t *pair);

/* What worse findings tell of the same objects goes into them. */
void bs_fold_crossed(struct bs_pass *pass);

/* ---- pinned.c ------------------------------------------------------------------------------ */

struct bs_pins *bs_pins_new(const struct bs_run *run);

/* Remembers what the step RESULT opened and pinned; what a dlclose should have unloaded. */
void bs_check_pinned(struct bs_pass *pass);

/* ---- paths.c ------------------------------------------------------------------------------- */

struct bs_paths *bs_paths_new(const struct bs_run *run);

/* Where the objects that the step brought, and those they asked for, were looked for. */
void bs_check_paths(struct bs_pass *pass);

/* ---- patched.c ----------------------------------------------------------------------------- */

/* The slots of the process that the run is about which hold what no loader puts there. */
void bs_check_patched(const struct bs_checker *checker, const struct bs_run *run,
		      bs_findings *findings);
