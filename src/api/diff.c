/* SPDX-License-Identifier: MIT */
/* What a comparison says, by the numbers of its records. */
#include "compare-priv.h"

#include <assert.h>

static_assert((int)BINDSIM_LEFT == BS_LEFT && (int)BINDSIM_RIGHT == BS_RIGHT &&
		      BS_NOBODY == BINDSIM_NONE && BS_NEVER == BINDSIM_NONE,
	      "they are handed on");

static bool is_side(enum bindsim_which which)
{
	return which == BINDSIM_LEFT || which == BINDSIM_RIGHT;
}

/* The name of the bit number K of those of CHANGES that are set, of N that there are. */
static const char *change_of(unsigned changes, size_t k, unsigned n, const char *(*name)(unsigned))
{
	for (unsigned i = 0; i < n; i++)
		if (changes >> i & 1 && !k--)
			return name(i);
	return NULL;
}

uint64_t bindsim_diff_count(const struct bindsim_diff *diff)
{
	return diff ? diff->diff->n : 0;
}

const char *bindsim_diff_loader(const struct bindsim_diff *diff, enum bindsim_which which)
{
	return diff && is_side(which) ? diff->diff->side[which]->loader : NULL;
}

/* bindsim_diff_THINGs(), and the one at INDEX, or NULL. */
#define RECORDS(thing, list, type)                                                                 \
	size_t bindsim_diff_##thing##s(const struct bindsim_diff *diff)                            \
	{                                                                                          \
		return diff ? diff->diff->list.n : 0;                                              \
	}                                                                                          \
                                                                                                   \
	static const struct type *thing##_at(const struct bindsim_diff *diff, size_t index)        \
	{                                                                                          \
		return index < bindsim_diff_##thing##s(diff) ? &diff->diff->list.v[index] : NULL;  \
	}

/* A function that says of a record (R) what it is. */
#define TELL(thing, name, number, type, nothing, value)                                            \
	type bindsim_diff_##thing##_##name(const struct bindsim_diff *diff, number index)          \
	{                                                                                          \
		const struct bs_diff_##thing *r = thing##_at(diff, index);                         \
                                                                                                   \
		return r ? (value) : (nothing);                                                    \
	}

/* The same of what it is on one side (S). */
#define TELL_OF_SIDE(thing, name, number, type, nothing, value)                                    \
	type bindsim_diff_##thing##_##name(const struct bindsim_diff *diff, number index,          \
					   enum bindsim_which which)                               \
	{                                                                                          \
		const struct bs_digest_##thing *s = thing##_on(diff, index, which);                \
                                                                                                   \
		return s ? (value) : (nothing);                                                    \
	}

/* What it is on one side, or NULL. */
#define ON_SIDE(thing)                                                                             \
	static const struct bs_digest_##thing *thing##_on(const struct bindsim_diff *diff,         \
							  size_t index, enum bindsim_which which)  \
	{                                                                                          \
		const struct bs_diff_##thing *r = thing##_at(diff, index);                         \
                                                                                                   \
		return r && is_side(which) ? r->at[which] : NULL;                                  \
	}

/* What is changed about it. */
#define CHANGE(thing, number, n)                                                                   \
	const char *bindsim_diff_##thing##_change(const struct bindsim_diff *diff, number index,   \
						  size_t k)                                        \
	{                                                                                          \
		const struct bs_diff_##thing *r = thing##_at(diff, index);                         \
                                                                                                   \
		return r ? change_of(r->changes, k, n, bs_##thing##_change_name) : NULL;           \
	}

/* ---- what cannot be compared --------------------------------------------------------------------
 */

RECORDS(gap, gaps, bs_diff_gap)
TELL(gap, part, size_t, const char *, NULL, r->part)
TELL(gap, reason, size_t, const char *, NULL, r->reason)

/* ---- objects ------------------------------------------------------------------------------------
 */

RECORDS(object, objects, bs_diff_object)

static const struct bs_digest_object *object_on(const struct bindsim_diff *diff, uint32_t id,
						enum bindsim_which which)
{
	return object_at(diff, id) && is_side(which)
		       ? bs_diff_at(diff->diff, id, (enum bs_side)which)
		       : NULL;
}

TELL_OF_SIDE(object, name, uint32_t, const char *, NULL, s->name)
TELL_OF_SIDE(object, path, uint32_t, const char *, NULL, s->path)
TELL_OF_SIDE(object, soname, uint32_t, const char *, NULL, s->soname)
TELL_OF_SIDE(object, build_id, uint32_t, const char *, NULL, s->build_id)
CHANGE(object, uint32_t, BS_OBJECT_CHANGES)

/* ---- steps --------------------------------------------------------------------------------------
 */

RECORDS(step, steps, bs_diff_step)
ON_SIDE(step)
TELL(step, number, size_t, uint32_t, BINDSIM_NONE,
     (r->at[BS_LEFT] ? r->at[BS_LEFT] : r->at[BS_RIGHT])->number)
TELL_OF_SIDE(step, words, size_t, const char *, NULL, diff->words[which][index])
TELL_OF_SIDE(step, state, size_t, enum bindsim_step_state, BINDSIM_STEP_NOT_REACHED,
	     (enum bindsim_step_state)s->state)
TELL_OF_SIDE(step, message, size_t, const char *, NULL, s->message)
CHANGE(step, size_t, BS_STEP_CHANGES)

/* ---- findings -----------------------------------------------------------------------------------
 */

RECORDS(finding, findings, bs_diff_finding)
ON_SIDE(finding)
TELL(finding, rule, size_t, const char *, NULL,
     (r->at[BS_RIGHT] ? r->at[BS_RIGHT] : r->at[BS_LEFT])->rule)
TELL_OF_SIDE(finding, level, size_t, enum bindsim_level, BINDSIM_LEVEL_NONE,
	     (enum bindsim_level)s->level)
TELL_OF_SIDE(finding, symbols, size_t, size_t, 0, (size_t)s->n)
TELL(finding, subject, size_t, uint32_t, BINDSIM_NONE, r->from)
TELL(finding, other, size_t, uint32_t, BINDSIM_NONE, r->to)
CHANGE(finding, size_t, BS_FINDING_CHANGES)

/* ---- bindings -----------------------------------------------------------------------------------
 */

RECORDS(binding, bindings, bs_diff_binding)
ON_SIDE(binding)
TELL(binding, referrer, size_t, uint32_t, BINDSIM_NONE, r->from)
TELL(binding, symbol, size_t, const char *, NULL, bs_diff_symbol(diff->diff, r))
TELL_OF_SIDE(binding, version, size_t, const char *, NULL,
	     bs_name_text(diff->diff->side[which]->names, s->version))
TELL(binding, change, size_t, const char *, NULL, bs_turn_name(r->turn))
TELL(binding, cause, size_t, const char *, NULL, bs_cause_slug(r->because.kind))
TELL(binding, cause_object, size_t, uint32_t, BINDSIM_NONE, r->because.object)
TELL(binding, cause_step, size_t, uint32_t, BINDSIM_NONE, r->because.step)

uint32_t bindsim_diff_binding_definer(const struct bindsim_diff *diff, size_t index,
				      enum bindsim_which which)
{
	const struct bs_diff_binding *r = binding_at(diff, index);

	return r && is_side(which) ? r->to[which] : BINDSIM_NONE;
}
