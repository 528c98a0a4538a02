/* SPDX-License-Identifier: MIT */
/*
 * When something was told, in epochs of the simulation. A log has no steps: what it shows is which
 * objects are there by then, and whose constructors run.
 */
#include "verify-priv.h"

/* The step, an index, that M belongs to; BS_NEVER: none that is known. */
static uint32_t step_of(const struct bs_holding *h, const struct bs_mark *m)
{
	switch (m->kind) {
	case BS_MARK_START:
	case BS_MARK_OPENED:
		return BS_NEVER;
	case BS_MARK_CONTROL:
		return 0;
	case BS_MARK_LOADED:
		return bs_made_step(h, m->name, m->ns, true, m->nth);
	case BS_MARK_SEEN:
	case BS_MARK_INIT:
		return bs_made_step(h, m->name, m->ns, false, m->nth);
	}
	return BS_NEVER;
}

void bs_holding_date(struct bs_holding *h)
{
	const struct bs_verify *verify = h->verify;
	uint32_t low = 0, high = verify->steps.n ? verify->steps.v[0].end : 0;

	bs_vec_each (i, &verify->steps)
		if (verify->steps.v[i].end > high)
			high = verify->steps.v[i].end;
	bs_vec_each (i, &h->t->marks) {
		const struct bs_mark *m = &h->t->marks.v[i];
		uint32_t step = step_of(h, m);

		if (step < verify->steps.n) {
			const struct bs_verify_step *s = &verify->steps.v[step];
			uint32_t from =
				m->kind == BS_MARK_CONTROL ? s->end : s->begin - (s->begin > 0);

			if (from > low)
				low = from;
		}
		bs_vec_push(h->arena, &h->low, low);
		bs_vec_push(h->arena, &h->high, high);
	}
	/* Backwards: what stands before the constructors of an object was told when its step was
	 * under way, at the latest. That an object is seen only now says nothing of when it came.
	 */
	for (uint32_t i = h->t->marks.n; i-- > 0;) {
		const struct bs_mark *m = &h->t->marks.v[i];
		uint32_t step = step_of(h, m);

		h->high.v[i] = high;
		if (step >= verify->steps.n || m->kind == BS_MARK_SEEN)
			continue;
		const struct bs_verify_step *s = &verify->steps.v[step];
		/* So many epochs had begun by then. */
		uint32_t until = m->kind == BS_MARK_LOADED ? s->begin : s->end;

		if (until < high)
			high = until;
	}
	bs_vec_each (i, &h->high)
		if (h->high.v[i] < h->low.v[i])
			h->high.v[i] = h->low.v[i];
}

void bs_deed_epochs(const struct bs_holding *h, const struct bs_held_deed *deed, uint32_t *low,
		    uint32_t *high)
{
	*low = h->low.v[deed->first_mark];
	*high = h->high.v[deed->last_mark];
	if (*high < *low)
		*high = *low;
}
