/* SPDX-License-Identifier: MIT */
/*
 * pool.h - what is kept of objects as ones that ask, by all threads that make runs on one store
 *
 * What is once in the pool does not change, and stays until the store forgets BS_KEPT_ANSWERS.
 * Where there is no memory for it, less is kept.
 */
#pragma once

#include "bind-priv.h"

/* What is kept of an object. */
enum bs_kept_for {
	BS_KEPT_FOR_NOW,   /* all bindings of its relocation */
	BS_KEPT_FOR_LAZY,  /* those of a relocation that leaves jump slots for later */
	BS_KEPT_FOR_SLOTS, /* what its jump slots would be bound to */
};

/* As a definer: the referrer itself, which need not be a candidate, and nobody. */
enum { BS_KEPT_ITSELF = 0xfffe, BS_KEPT_NOBODY = 0xffff };

/* A binding whose referrer is left open: see struct bs_binding. DEFINER is the index of a
 * candidate, or one of the two above. */
struct bs_kept_binding {
	uint32_t symbol, definer_symbol;
	uint32_t n_relocations : 21;
	uint32_t type_class : 3;
	uint32_t why : 3;
	uint32_t outcome : 2;
	uint32_t is_defined : 1;
	uint32_t is_to_ask : 1; /* the answer is another one in each process: DEFINER means nothing
				 */
	uint16_t kinds, definer;
};

/* Lookups, one after the other: N bindings from FIRST on. */
struct bs_kept_run {
	uint32_t first, n;
};

/* The answers to all that an object asks for. */
struct bs_kept_answers {
	struct bs_kept_answers *next; /* of the same object */
	enum bs_kept_for what;
	const struct bs_image **candidates;
	bool *has_ifuncs; /* by candidate: an IFUNC of it answers */
	uint32_t n_candidates;
	struct bs_kept_binding *bindings;
	uint32_t n_bindings;
	uint32_t *to_ask; /* indexes of bindings */
	uint32_t n_to_ask;
	uint32_t *tls; /* indexes of bindings whose definers need a place for their thread-local
			  storage */
	uint32_t n_tls;
	bool needs_tls;		     /* so does the referrer itself */
	struct bs_kept_run *lookups; /* as BS_NOTE_LOOKUP tells them */
	uint32_t n_lookups;
	uint32_t last_symbol; /* that a relocation had, if there are bindings */
};

/* A name that a reference looks up. */
struct bs_ref {
	uint32_t hash;	 /* its lowest bit set: hash tables do not store that one */
	uint32_t symbol; /* 0: nobody */
};

/* An object as one that asks. */
struct bs_asker {
	struct bs_asker *next;
	const struct bs_image *image;
	uint32_t policy;     /* its number */
	struct bs_ref *refs; /* by hash; N_SLOTS, half of which are empty at least */
	uint32_t n_refs, n_entered, n_slots;
	struct bs_kept_answers *kept; /* the last that was used comes first */
	uint32_t n_kept;
};

struct bs_pool;

/* The pool of STORE and of all that share its images; NULL: there is no memory. Any thread may call
 * this and the functions below. */
struct bs_pool *bs_pool_of(struct bs_store *store);

/* A number for loaders that match like POLICY's; UINT32_MAX: there are too many others. */
uint32_t bs_pool_number(struct bs_pool *pool, const struct bs_match_policy *policy);

/* IMAGE as one that asks, in loaders of POLICY, whose number is N; NULL: there is no memory. */
struct bs_asker *bs_pool_asker(struct bs_pool *pool, const struct bs_image *image,
			       const struct bs_match_policy *policy, uint32_t n);

static inline uint32_t bs_ref_slot(const struct bs_asker *asker, uint32_t hash)
{
	return (uint32_t)((uint64_t)(hash * 2654435761u) * asker->n_slots >> 32);
}

static inline uint32_t bs_next_ref_slot(const struct bs_asker *asker, uint32_t slot)
{
	return slot + 1 < asker->n_slots ? slot + 1 : 0;
}

/* What is kept of ASKER for WHAT where its N candidates are IMAGES; or NULL. */
const struct bs_kept_answers *bs_pool_find(struct bs_pool *pool, struct bs_asker *asker,
					   enum bs_kept_for what,
					   const struct bs_image *const *images, uint32_t n);

/* Puts a copy of KEPT into the pool, unless there is the like of it already. */
void bs_pool_keep(struct bs_pool *pool, struct bs_asker *asker, const struct bs_kept_answers *kept);
