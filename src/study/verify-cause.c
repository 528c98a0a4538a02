/* SPDX-License-Identifier: MIT */
/* What a disagreement most likely comes from. */
#include "verify-priv.h"

#include <string.h>

static const char *last_line(const char *text)
{
	const char *newline = strrchr(text, '\n');

	return newline ? newline + 1 : text;
}

/* What brought NAME, which the simulation has not, or what DEED asks for. */
static struct bs_blame missing(struct bs_holding *h, const struct bs_held_deed *told, bs_name name)
{
	const struct bs_told_object *object = NULL;

	/* A request may have the name of an object that was there before. */
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES && !object && bs_is_foreign(h, name); ns++)
		object = bs_told_find(h->t, name, ns);
	uint32_t mark = object ? object->first_mark : told->first_mark;

	/* Before any constructor runs nobody can have opened it. */
	if (!h->t->is_forked && (!h->t->started || mark < h->t->started))
		return (struct bs_blame){ BS_VERIFY_MISSING_OBJECT, bs_root_of(h, name), 0 };
	return (struct bs_blame){ BS_VERIFY_MISSING_STEP, bs_root_of(h, name), 0 };
}

static struct bs_blame cause_of_told(struct bs_holding *h, const struct bs_held_deed *told)
{
	const struct bs_deed *deed = &told->deed;
	bs_name foreign = bs_foreign_of(h, deed);

	if (foreign)
		return bs_stand_in(h, foreign)
			       ? (struct bs_blame){ BS_VERIFY_OTHER_FILE, foreign, 0 }
			       : missing(h, told, foreign);
	if (deed->kind == BS_DEED_DLOPEN)
		return (struct bs_blame){ BS_VERIFY_MISSING_STEP, deed->what, 0 };
	if (deed->kind == BS_DEED_NEEDED || deed->kind == BS_DEED_LOADED ||
	    deed->kind == BS_DEED_SEARCH) {
		if (!bs_is_requested(h, deed->what))
			return missing(h, told, deed->what);
		return (struct bs_blame){ BS_VERIFY_NOT_SIMULATED, deed->what, 0 };
	}
	if (deed->kind == BS_DEED_ERROR)
		return (struct bs_blame){ BS_VERIFY_OUTCOME, deed->who, 0 };
	if (deed->kind == BS_DEED_OPENED || deed->kind == BS_DEED_CLOSING ||
	    deed->kind == BS_DEED_DESTROYED || deed->kind == BS_DEED_GLOBAL)
		return (struct bs_blame){ BS_VERIFY_MISSING_STEP, deed->who, 0 };
	if ((deed->kind == BS_DEED_SCOPE || deed->kind == BS_DEED_ACTIVATED) &&
	    (foreign = bs_open_around(h, told->last_mark)))
		return (struct bs_blame){ BS_VERIFY_MISSING_STEP, foreign, 0 };
	if (told->other_outcome != BS_VERIFY_NO_ANSWER)
		return (struct bs_blame){ BS_VERIFY_OTHER_DEFINER, deed->who, 0 };
	return (struct bs_blame){ BS_VERIFY_NOT_SIMULATED, deed->who, 0 };
}

static struct bs_blame cause_of_made(struct bs_holding *h, const struct bs_held_deed *made,
				     const bool *is_made)
{
	const struct bs_deed *deed = &made->deed;
	bs_name objects[] = { deed->who,
			      deed->kind == BS_DEED_BINDING || deed->kind == BS_DEED_VERSION
				      ? deed->to
				      : 0 };

	for (unsigned i = 0; i < 2; i++) {
		bs_name other = objects[i] ? bs_stand_in(h, objects[i]) : 0;

		if (other && !bs_told_find(h->t, objects[i], 0))
			return (struct bs_blame){ BS_VERIFY_OTHER_FILE, other, 0 };
	}
	/* The loader did so before, but once more is that step's doing. */
	uint32_t step = made->told ? made->last_step : made->step;

	if (!is_made[step])
		return (struct bs_blame){ BS_VERIFY_NOT_MADE, 0, h->verify->steps.v[step].number };
	if (deed->kind == BS_DEED_ERROR)
		return (struct bs_blame){ BS_VERIFY_OUTCOME, deed->who, 0 };
	return (struct bs_blame){ BS_VERIFY_NOT_TOLD, deed->who ? deed->who : deed->what, 0 };
}

struct bs_blame bs_cause_of(struct bs_holding *h, const struct bs_held_deed *told,
			    const struct bs_held_deed *made, const bool *is_made)
{
	if (!made)
		return cause_of_told(h, told);
	if (!told)
		return cause_of_made(h, made, is_made);
	const struct bs_deed *deed = &told->deed;
	bs_name foreign = bs_foreign_of(h, deed);

	if (foreign)
		return cause_of_told(h, told);
	if (deed->kind == BS_DEED_SEARCH)
		return (struct bs_blame){ strcmp(last_line(bs_holding_text(h, deed->to)),
						 last_line(bs_holding_text(h, made->deed.to)))
						  ? BS_VERIFY_OTHER_FILE
						  : BS_VERIFY_OTHER_SEARCH,
					  deed->what, 0 };
	if (deed->kind == BS_DEED_SCOPE)
		return (struct bs_blame){ BS_VERIFY_OTHER_SCOPE, deed->who, 0 };
	if (deed->kind == BS_DEED_BINDING && deed->version == made->deed.version)
		return (struct bs_blame){ BS_VERIFY_OTHER_DEFINER, deed->who, 0 };
	return (struct bs_blame){ BS_VERIFY_OTHER_VERSION, deed->who, 0 };
}
