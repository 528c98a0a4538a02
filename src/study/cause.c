/* SPDX-License-Identifier: MIT */
/* Why a reference is bound otherwise. */
#include "diff-priv.h"

const char *bs_cause_slug(enum bs_cause_kind kind)
{
	static const char *const slugs[BS_CAUSE_COUNT_] = {
#define CAUSE(id, slug, meaning) [BS_CAUSE_##id] = slug,
#include "causes.def"
#undef CAUSE
	};

	return slugs[kind];
}

const char *bs_cause_meaning(enum bs_cause_kind kind)
{
	static const char *const meanings[BS_CAUSE_COUNT_] = {
#define CAUSE(id, slug, meaning) [BS_CAUSE_##id] = meaning,
#include "causes.def"
#undef CAUSE
	};

	return meanings[kind];
}

static struct bs_because because(enum bs_cause_kind kind, uint32_t object, uint32_t step)
{
	return (struct bs_because){
		.kind = kind, .object = object, .other = BS_NOBODY, .step = step
	};
}

/* OBJECT's file on SIDE defines the name of BINDING. Reports do not say. */
static enum bs_alike defines(const struct bs_diff *diff, const struct bs_diff_binding *binding,
			     uint32_t object, enum bs_side side)
{
	const struct bs_digest_object *o = bs_diff_at(diff, object, side);

	if (!o || !o->image)
		return BS_ALIKE_UNKNOWN;
	return bs_image_definition(o->image, diff->side[side]->shift_wraps,
				   bs_diff_symbol(diff, binding))
		       ? BS_ALIKE_YES
		       : BS_ALIKE_NOT;
}

/* The step of SIDE that brought OBJECT; NULL for start-up. */
static const struct bs_digest_step *bringer(const struct bs_diff *diff, uint32_t object,
					    enum bs_side side)
{
	const struct bs_digest_object *o = bs_diff_at(diff, object, side);

	for (uint32_t i = 0; o && i < diff->side[side]->steps.n; i++) {
		const struct bs_digest_step *step = &diff->side[side]->steps.v[i];

		if (step->number == o->born)
			return step->is_start_up ? NULL : step;
	}
	return NULL;
}

static bool is_deepbound(const struct bs_diff *diff, uint32_t object, enum bs_side side)
{
	const struct bs_digest_step *step = bringer(diff, object, side);

	return step && (step->call.mode & BS_MODE_DEEPBIND);
}

static bool is_global(const struct bs_diff *diff, uint32_t object, enum bs_side side)
{
	const struct bs_digest_object *o = bs_diff_at(diff, object, side);

	return o && o->global != BS_NEVER;
}

/* X comes before Y in the order in which SIDE looks at them, as far as one order can tell. */
static bool comes_before(const struct bs_diff *diff, uint32_t x, uint32_t y, enum bs_side side)
{
	const struct bs_digest_object *a = bs_diff_at(diff, x, side);
	const struct bs_digest_object *b = bs_diff_at(diff, y, side);

	if (a->global != BS_NEVER || b->global != BS_NEVER)
		return a->global != BS_NEVER && (b->global == BS_NEVER || a->rank < b->rank);
	return a < b;
}

/* What the files of the two that answer say. */
static bool because_of_definitions(const struct bs_diff *diff,
				   const struct bs_diff_binding *binding, struct bs_because *ret)
{
	uint32_t was = binding->to[BS_LEFT], now = binding->to[BS_RIGHT];

	if (was == now && was != BS_NOBODY) {
		*ret = because(BS_CAUSE_OTHER_VERSION, was, BS_NEVER);
		return true;
	}
	if (now != BS_NOBODY && !bs_diff_at(diff, now, BS_LEFT)) {
		*ret = because(BS_CAUSE_CAME, now, bs_diff_at(diff, now, BS_RIGHT)->born);
		return true;
	}
	if (was != BS_NOBODY && !bs_diff_at(diff, was, BS_RIGHT)) {
		*ret = because(BS_CAUSE_WENT, was, BS_NEVER);
		return true;
	}
	if (was != BS_NOBODY && defines(diff, binding, was, BS_RIGHT) == BS_ALIKE_NOT) {
		*ret = because(BS_CAUSE_LOST_DEFINITION, was, BS_NEVER);
		return true;
	}
	if (now != BS_NOBODY && defines(diff, binding, now, BS_LEFT) == BS_ALIKE_NOT) {
		*ret = because(BS_CAUSE_NEW_DEFINITION, now, BS_NEVER);
		return true;
	}
	return false;
}

static bool is_rebuilt(const struct bs_diff *diff, uint32_t object)
{
	return bs_diff_at(diff, object, BS_LEFT) && bs_diff_at(diff, object, BS_RIGHT) &&
	       bs_diff_same_build(diff, object) == BS_ALIKE_NOT;
}

/* Whose scope, and where in it. */
static struct bs_because because_of_scopes(const struct bs_diff *diff,
					   const struct bs_diff_binding *binding)
{
	const uint32_t from = binding->from;
	const uint32_t was = binding->to[BS_LEFT], now = binding->to[BS_RIGHT];
	const struct bs_digest_step *before = bringer(diff, from, BS_LEFT);
	const struct bs_digest_step *after = bringer(diff, from, BS_RIGHT);

	if (is_deepbound(diff, from, BS_LEFT) != is_deepbound(diff, from, BS_RIGHT))
		return because(BS_CAUSE_DEEPBIND, from, (after ? after : before)->number);
	if (is_global(diff, now, BS_RIGHT) && !is_global(diff, now, BS_LEFT))
		return because(BS_CAUSE_GLOBAL, now, bs_diff_at(diff, now, BS_RIGHT)->global);
	if (is_global(diff, was, BS_LEFT) && !is_global(diff, was, BS_RIGHT))
		return because(BS_CAUSE_NOT_GLOBAL, was, BS_NEVER);
	/* Another build may bind to itself without a lookup, or export what it did not. */
	if (is_rebuilt(diff, from) && (was == from || now == from))
		return because(BS_CAUSE_REFERRER, from, BS_NEVER);
	if (was != BS_NOBODY && now != BS_NOBODY && comes_before(diff, was, now, BS_LEFT) &&
	    comes_before(diff, now, was, BS_RIGHT))
		return (struct bs_because){ BS_CAUSE_ORDER, now, was, BS_NEVER };
	if (!before != !after || (before && before->number != after->number))
		return because(BS_CAUSE_STEP, from, after ? after->number : 0);
	if ((was != BS_NOBODY && is_rebuilt(diff, was)))
		return because(BS_CAUSE_DEFINER, was, BS_NEVER);
	if ((now != BS_NOBODY && is_rebuilt(diff, now)))
		return because(BS_CAUSE_DEFINER, now, BS_NEVER);
	return because(is_rebuilt(diff, from) ? BS_CAUSE_REFERRER : BS_CAUSE_SCOPE, from, BS_NEVER);
}

/* Of a reference that one side has alone. */
static struct bs_because because_of_referrer(const struct bs_diff *diff,
					     const struct bs_diff_binding *binding)
{
	const struct bs_digest_binding *b =
		binding->at[BS_RIGHT] ? binding->at[BS_RIGHT] : binding->at[BS_LEFT];
	const uint32_t from = binding->from;

	if (b->asker == BS_ASKER_PROGRAM || from == BS_NOBODY)
		return because(BS_CAUSE_STEP, BS_NOBODY, BS_NEVER);
	/* They came or went with their objects, of which there may be many: that is one cause. */
	if (!bs_diff_at(diff, from, BS_LEFT))
		return because(BS_CAUSE_CAME, BS_NOBODY, BS_NEVER);
	if (!bs_diff_at(diff, from, BS_RIGHT))
		return because(BS_CAUSE_WENT, BS_NOBODY, BS_NEVER);
	if (is_rebuilt(diff, from))
		return because(BS_CAUSE_REFERRER, from, BS_NEVER);
	if (diff->changes_loader)
		return because(BS_CAUSE_LOADER, BS_NOBODY, BS_NEVER);
	return because(BS_CAUSE_SCOPE, from, BS_NEVER);
}

struct bs_because bs_diff_because(const struct bs_diff *diff, const struct bs_diff_binding *binding)
{
	struct bs_because ret;

	if (!binding->at[BS_LEFT] || !binding->at[BS_RIGHT])
		return because_of_referrer(diff, binding);
	if (binding->at[BS_LEFT]->version != binding->at[BS_RIGHT]->version)
		return because(BS_CAUSE_ASKS_VERSION, binding->from, BS_NEVER);
	if (because_of_definitions(diff, binding, &ret))
		return ret;
	if (diff->changes_loader)
		return because(BS_CAUSE_LOADER, BS_NOBODY, BS_NEVER);
	return because_of_scopes(diff, binding);
}
