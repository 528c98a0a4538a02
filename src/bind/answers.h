/* SPDX-License-Identifier: MIT */
/*
 * answers.h - what the references of an object came to, kept for other processes
 *
 * A lookup asks the objects of a scope one by one, and those that have no entry of the name have
 * nothing to say. So the answers of all references of an object rest on those objects alone that
 * have an entry which one of the references could mean: its candidates, in the order of its scope.
 * Where these are the same, so are the answers that the usual way found (quick.c); all others are
 * asked for again. That two objects meet in such a name depends on the two files alone.
 *
 * The executable is another one in each process, and mostly has a few names: it is no candidate,
 * but what it could answer is asked for again, too.
 */
#pragma once

#include "pool.h"

struct bs_referrer; /* an object as one that asks, with what a thread knows of it */

/* Where an object stands in a process: what can be kept goes by that. */
struct bs_standing {
	bs_map_id map;
	struct bs_referrer *referrer; /* NULL: nothing can be kept */
	enum bs_kept_for what;
	bs_ids candidates;			/* maps, in the order of the scope */
	BS_VEC(const struct bs_image *) images; /* theirs */
	bs_ids interposed; /* symbols that the executable may have an answer to */
	bool names_count;  /* a candidate has no versions: what is asked for with a version may
			      depend on the names by which objects were asked for */
};

/*
 * For a run on STORE whose loader has POLICY; NULL where STORE keeps no answers, where POLICY's
 * lookups are not the usual ones, and where there is no memory. What it knows of objects goes to
 * STORE by bs_answers_done(), or away by bs_answers_drop(); what the objects' references came to is
 * in the pool. NULL is allowed.
 */
struct bs_answers *bs_answers_take(const struct bs_ctx *ctx, const struct bs_match_policy *policy,
				   struct bs_store *store);
void bs_answers_done(struct bs_answers *answers, struct bs_store *store);
void bs_answers_drop(struct bs_answers *answers);

/* Finds out where MAP stands with references that are looked up in SCOPE, until bs_answers_leave();
 * no other may stand meanwhile. */
void bs_answers_stand(const struct bs_binder *binder, const struct bs_process *process,
		      const struct bs_ctx *ctx, bs_map_id map, const bs_ids *scope,
		      enum bs_kept_for what, struct bs_standing *ret);
void bs_answers_leave(struct bs_standing *standing);

/* What is kept of an object that stands like this; or NULL. */
const struct bs_kept_answers *bs_answers_find(const struct bs_binder *binder,
					      const struct bs_standing *standing);

/* What bs_lookup() answered to QUERY, a reference's, it will answer to it wherever the same
 * candidates are. */
bool bs_is_settled(const struct bs_binder *binder, const struct bs_standing *standing,
		   const struct bs_query *query, const struct bs_answer *answer);

/* The executable may have an answer to SYMBOL. */
bool bs_is_interposed(const struct bs_standing *standing, uint32_t symbol);

/* What an object's references came to, of a relocation or of its slots. */
struct bs_to_keep {
	const struct bs_binding *bindings;
	uint32_t n_bindings;
	const bs_ids *asked; /* indexes, ascending, of those that bs_is_settled() is not true of */
	/* Of a relocation, else zero: */
	uint32_t first_binding; /* in what NOTES counts */
	const bs_note_list *notes;
	uint32_t first_note;
	const bs_ids *tls; /* symbols whose definers need a place for their thread-local storage; 0
			      stands for the object itself */
	uint32_t last_symbol;
};

/* Keeps what the references of the object that STANDING is about came to, if it can be had again.
 */
void bs_answers_keep(const struct bs_binder *binder, const struct bs_ctx *ctx,
		     const struct bs_standing *standing, const struct bs_to_keep *what);

/*
 * Makes the bindings of MAP's relocation once more, as KEPT has them, with all that comes of them
 * in this process. False when they might come out otherwise: then nothing has been done.
 */
bool bs_relocate_again(struct bs_binder *binder, struct bs_process *process,
		       const struct bs_ctx *ctx, bs_map_id map, const struct bs_standing *standing,
		       const struct bs_kept_answers *kept, struct bs_relocated *ret);

/* Binding I of KEPT as it is in a process where the referrer is MAP; not for one that has to be
 * asked for. */
struct bs_binding bs_kept_binding(const struct bs_standing *standing,
				  const struct bs_kept_answers *kept, bs_map_id map, uint32_t i);

/* True when binding I of KEPT has to be asked for. */
static inline bool bs_is_to_ask(const struct bs_standing *standing,
				const struct bs_kept_answers *kept, uint32_t i)
{
	return kept->bindings[i].is_to_ask ||
	       (standing->interposed.n && bs_is_interposed(standing, kept->bindings[i].symbol));
}
