/* SPDX-License-Identifier: MIT */
/*
 * relocate-priv.h - one object's relocations: what the files that carry them out share
 *
 * Floor 4.
 */
#pragma once

#include "answers.h"

enum { TYPE_IFUNC = 10 };

/* A relocation that waits until all else of its object is done. */
struct bs_put_off {
	struct bs_relocation relocation;
	struct bs_key key;
};

/* One object whose relocations are under way. */
struct bs_relocation_job {
	struct bs_binder *binder;
	struct bs_process *process;
	const struct bs_ctx *ctx;
	bs_map_id map;
	const struct bs_image *image;
	struct bs_relocated *ret;
	struct bs_failure *failure;
	const struct bs_forecast *forecast; /* or NULL */
	enum bs_relocation_end end;
	uint32_t first_binding; /* of this map in ret->bindings */
	uint32_t first_note;	/* and in ret->notes */
	bool extern_protected_data;
	/* The loader remembers its last lookup per object: the same question again is no new
	 * lookup. */
	uint32_t last_symbol;
	unsigned last_class;
	/* What waits until all else of the object is done, and whether that is so. */
	BS_VEC(struct bs_put_off) put_off;
	bool is_late;
	bool defers;	 /* what nobody defines may wait */
	bool has_failed; /* told or not: of what fails behind another failure nothing is noted */
	bs_ids tls;	 /* symbols whose definers need a place in the static TLS block;
			    0: the object itself */
	struct bs_standing standing;
	bs_ids asked; /* of the bindings, those that may be others where the object stands like this
		       */
	uint32_t first_deferred; /* of this map in ret->deferred */
};

/*
 * The loader fails for this: *FAILURE, and with how much, END. Only the first failure of a step
 * counts, unless the loader tells all of start-up; after it nothing is applied any more.
 */
void bs_job_stop(struct bs_relocation_job *job, enum bs_relocation_end end,
		 const struct bs_failure *failure);

/* The loader itself is known to crash here, for REASON. */
void bs_job_crash(struct bs_relocation_job *job, const char *reason);

/* Before the first relocation of the object, and after the last: which of its symbols are bound is
 * remembered between the two. */
void bs_job_begin(struct bs_relocation_job *job);
void bs_job_end(struct bs_relocation_job *job);

/*
 * Binds SYMBOL, an index of the object's symbols, for a relocation of KIND. KEY is that of its
 * name, or empty. Returns the definer, or BS_NO_MAP when there is none: it is weak, or waits, or
 * the loader fails, which was told then.
 */
bs_map_id bs_job_bind(struct bs_relocation_job *job, uint32_t symbol, enum bs_reloc_kind kind,
		      struct bs_key key);
