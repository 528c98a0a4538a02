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

struct bs_checker {
	BS_VEC(struct bs_copied) copied;
	BS_VEC(struct bs_interposer) interposers;
	bs_ids inside; /* by map: own symbols that it was bound to when it was loaded */
	struct bs_libraries *libraries;
	struct bs_needs *needs;
	uint32_t n_kept; /* symbols of each finding that are kept */
};

/* A captured symbol of a class of C++: a table, or a function that is not meant to be merged. */
struct bs_class_part {
	struct bs_binding binding;
	const char *name; /* the class as it is mangled, N_NAME bytes, without N and E */
	uint32_t n_name;
	bool is_type; /* a vtable or the like; else a function */
};

typedef BS_VEC(struct bs_class_part) bs_class_parts;

/* Which symbols of one referrer were counted already: one that is called and whose address is taken
 * has two bindings. Bindings come referrer by referrer. */
struct bs_counted {
	uint8_t *symbols; /* by symbol: bits, one for each manner of counting */
	bs_map_id of;
};

enum { BS_COUNTED_INSIDE = 1, BS_COUNTED_CAPTURED = 2, BS_COUNTED_UNIQUE = 4 };

/* What one look at the bindings of a step collects. */
struct bs_pass {
	struct bs_checker *checker;
	const struct bs_run *run;
	const struct bs_step_result *result;
	bs_findings *findings;
	bs_class_parts classes;
	struct bs_counted counted;
};

/* Nobody writes to ADDRESS of IMAGE once it is relocated. */
bool bs_is_constant(const struct bs_image *image, uint64_t address);

/* Functions that a program may replace by defining them. */
bool bs_is_replaceable(const char *name);

/* BINDING takes an object's own symbol elsewhere. */
bool bs_is_captured(const struct bs_checker *checker, const struct bs_run *run,
		    const struct bs_binding *binding);

/* True when the symbol of BINDING was counted before in this MANNER. */
bool bs_counted_before(const struct bs_run *run, struct bs_counted *counted,
		       const struct bs_binding *binding, uint8_t manner);

/* deepbind.c: what RTLD_DEEPBIND would have bound elsewhere, where the loader passes it over. */
void bs_check_deepbind(struct bs_pass *pass);

/* The finding of LIKE's rule about LIKE's objects, from FINDINGS, to which LIKE is added when there
 * is none. */
struct bs_finding *bs_finding_like(const struct bs_run *run, bs_findings *findings,
				   const struct bs_finding *like);

/* Keeps BINDING among the symbols of FINDING where these are wanted. */
void bs_finding_keep(const struct bs_pass *pass, struct bs_finding *finding,
		     const struct bs_binding *binding);

/* Counts BINDING as one more symbol of FINDING. */
void bs_finding_count(struct bs_finding *finding, const struct bs_binding *binding);

/* The finding of RULE about FROM and TO, from FINDINGS or added to them for STEP. */
struct bs_finding *bs_finding_between(const struct bs_run *run, bs_findings *findings,
				      enum bs_rule rule, uint32_t step, bs_map_id from,
				      bs_map_id to);

/* The finding of RULE about the two objects of BINDING, which is counted; LEVEL at least. */
struct bs_finding *bs_finding_of(struct bs_pass *pass, enum bs_rule rule, enum bs_level level,
				 const struct bs_binding *binding);

/* Adds to the numbers of FINDING's fact of KIND, which is made when there is none. */
void bs_finding_add(const struct bs_run *run, struct bs_finding *finding, enum bs_fact_kind kind,
		    uint64_t n, uint64_t of);

/* classes.c: BINDING is captured, and the object's own definition is STRONG; at the end of the
 * pass: whose class is torn apart. */
void bs_take_class_part(struct bs_pass *pass, const struct bs_binding *binding, bool strong);
void bs_check_classes(struct bs_pass *pass);

/* The entry of MAP's own table that defines NAME for others, or 0. */
uint32_t bs_own_definition(const struct bs_run *run, bs_map_id map, const char *name);

/* unique.c: BINDING's definition was found by its name, whatever the scope says. */
void bs_check_unique(struct bs_pass *pass, const struct bs_binding *binding);

/* differ.c: BINDING exchanges OWN for THEIRS; the executable copies THEIRS to OWN. */
void bs_check_exchange(struct bs_pass *pass, const struct bs_binding *binding,
		       const struct bs_symbol *own, const struct bs_symbol *theirs);
void bs_check_copy(struct bs_pass *pass, const struct bs_binding *binding,
		   const struct bs_symbol *own, const struct bs_symbol *theirs);

/* interposers.c: who they are; whom references no longer reach. */
void bs_note_interposers(struct bs_pass *pass);
void bs_check_interposers(struct bs_pass *pass);

/* split.c: of what there are two. */
void bs_check_split(struct bs_pass *pass);

/* ---- exports.c ----------------------------------------------------------------------------- */

/* How much of what A exports is exported by B, too. */
struct bs_shared {
	uint32_t n, n_exports;
	const char *name_space; /* of C++, which more than half of them begin with; or NULL */
	uint32_t n_in_namespace;
};
struct bs_shared bs_shared_exports(const struct bs_run *run, const struct bs_image *a,
				   const struct bs_image *b);

/* Adds SHARED, of F's two objects, to F's evidence. */
void bs_shared_tell(const struct bs_run *run, struct bs_finding *f, const struct bs_shared *shared);

/* ---- twice.c ------------------------------------------------------------------------------- */

struct bs_libraries *bs_libraries_new(const struct bs_run *run);

/* Holds what the step RESULT brought against what is there. */
void bs_check_twice(struct bs_libraries *libraries, const struct bs_run *run,
		    const struct bs_step_result *result, bs_findings *findings);

/* ---- dependency.c -------------------------------------------------------------------------- */

/* Who needs whom. */
struct bs_needs *bs_needs_new(const struct bs_run *run);

/* Takes in the maps that came since the last call. */
void bs_needs_learn(struct bs_needs *needs, const struct bs_run *run);

/* FROM needs TO, directly or not. */
bool bs_needs(const struct bs_needs *needs, bs_map_id from, bs_map_id to);

/* B binds an object to one that it does not need, directly or not. */
bool bs_is_outsider(const struct bs_needs *needs, const struct bs_binding *b);

/* Looks whether something that B's referrer, which has no definition of its own, needs would have
 * answered B, an outsider's. */
void bs_check_outsider(struct bs_pass *pass, const struct bs_binding *b, bool waiting);
