/* SPDX-License-Identifier: MIT */
/*
 * digest.h - what a run came to, apart from the run: names instead of ids, so that two of them can
 * be held against each other
 *
 * A digest is filled by the sink of a simulation or from a report in JSON; both give the same. What
 * it says of a reference is the answer at the end of the plan: one that waits for its first call
 * has what such a call would bind then. An ending (study.h) is about runs on one store, whose
 * symbols it knows by their numbers; a digest is about any two, of which no file need be at hand.
 *
 * Floor 12: may include base.h, sim.h, check.h and what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../sim/sim.h"

/* In place of an object's index. */
#define BS_NOBODY UINT32_MAX

/* Who asks for a symbol. */
enum bs_asker {
	BS_ASKER_RELOCATION,
	BS_ASKER_PROGRAM, /* by dlsym(3) */
	BS_ASKER_LOADER,  /* for itself */
};

struct bs_digest_object {
	const char *name;     /* link-map name; the executable's is argv[0] */
	const char *path;     /* of the file, inside the root; NULL for the vdso */
	const char *soname;   /* or NULL */
	const char *build_id; /* hexadecimal digits, or NULL */
	const char *lasting;  /* bs_lasting_name_of(), in the table of names: equal ones are one */
	uint32_t ns;
	bool is_executable;
	bool was_searched; /* HOW says by what */
	enum bs_how how;
	uint32_t born, died; /* steps, or BS_NEVER */
	uint32_t global;     /* the step from which on it is in the global scope, or BS_NEVER */
	uint32_t rank;	     /* in the order in which objects came there */
	const struct bs_image *image; /* NULL where no file is at hand */
};

/* It is in the process at the end of the plan. */
static inline bool bs_digest_stays(const struct bs_digest_object *object)
{
	return object->born != BS_NEVER && object->died == BS_NEVER;
}

struct bs_digest_step {
	uint32_t number;
	bool is_start_up;
	struct bs_step call; /* unless it is start-up */
	const char *within;  /* whose constructors make it, as the plan names it; or NULL */
	enum bs_step_state state;
	const char *message; /* when it failed; else NULL */
};

struct bs_digest_binding {
	uint32_t from; /* index of an object; BS_NOBODY: the caller of dlsym(3) is unknown */
	bs_name symbol;
	bs_name version;	    /* that is asked for, or 0 */
	uint32_t to;		    /* BS_NOBODY: nobody answers */
	bs_name definition_version; /* or 0 */
	uint8_t asker;		    /* enum bs_asker */
	uint8_t outcome;	    /* enum bs_outcome */
};

/* Those with one rule, the same objects and one symbol are one, once the digest is finished. */
struct bs_digest_finding {
	const char *rule; /* its slug, which a later version may have made */
	enum bs_level level;
	uint32_t from, to;  /* BS_NOBODY: there is none */
	const char *symbol; /* the first, where nobody answers; else NULL */
	uint64_t n;	    /* symbols */
};

struct bs_digest {
	struct bs_arena *arena;
	struct bs_names *names; /* one table for all that are to be compared */
	const char *loader;	/* the profile with its release, as people call it */
	bool shift_wraps;	/* how that loader reads bloom filters */
	bool has_bindings, has_findings;
	struct bs_selection filter; /* what a report was cut down to */
	BS_VEC(struct bs_digest_object) objects;
	BS_VEC(struct bs_digest_step) steps;
	BS_VEC(struct bs_digest_binding) bindings;
	BS_VEC(struct bs_digest_finding) findings;
	/* private, while it is filled: */
	const char *symbol_glob;
	BS_VEC(uint8_t)
	wanted; /* by name: 0 not asked yet, 1 it matches SYMBOL_GLOB, 2 it does not */
	struct bs_check_options check;
	struct bs_checker *checker;
	uint32_t n_ranked;
};

/* An empty digest in ARENA. Of symbols only those are kept that SYMBOL_GLOB, or NULL, lets pass. */
struct bs_digest *bs_digest_new(struct bs_arena *arena, struct bs_names *names,
				const char *symbol_glob);

/* The sink that fills DIGEST. Findings are what a check by LIBRARY_DB finds. Images must outlive
 * DIGEST. */
struct bs_sink bs_digest_sink(struct bs_digest *digest, struct bs_library_db *library_db);

/* Adds BINDING, of the symbol NAME, if it is wanted. */
void bs_digest_bind(struct bs_digest *digest, struct bs_digest_binding binding, const char *name);

/* OBJECT comes into the global scope in STEP, unless it is there. */
void bs_digest_globalise(struct bs_digest *digest, uint32_t object, uint32_t step);

/* Adds FINDING. */
void bs_digest_find(struct bs_digest *digest, const struct bs_digest_finding *finding);

/*
 * To be called when all is added: sorts, drops what stands twice, and makes one of findings that
 * are one. A reference has an answer for each class of relocations and each version; of more than
 * any run can have the rest is dropped.
 */
void bs_digest_finish(struct bs_digest *digest);
