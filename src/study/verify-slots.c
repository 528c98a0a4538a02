/* SPDX-License-Identifier: MIT */
/*
 * Lines that first calls made: a slot that waits answers for what it would bind at that time. Two
 * threads that call at once make two lines, so their number tells nothing.
 */
#include "verify-priv.h"

/* What SLOT answers at some time from LOW to HIGH, one after the other; starts with *AT 0. NULL at
 * the end. */
static const struct bs_binding *next_answer(const struct bs_run *run, const struct bs_slot *slot,
					    uint32_t low, uint32_t high, uint32_t *at)
{
	uint32_t until = slot->over, since = slot->since, past = slot->past;
	const struct bs_binding *answer = bs_slot_answer(run, slot);

	for (uint32_t n = 0;; n++) {
		/* A step that is under way has its end before it: what it brings is there. */
		if (n >= *at && since <= high && (until == BS_NEVER || low <= until)) {
			*at = n + 1;
			return answer;
		}
		if (!past)
			return NULL;
		until = since;
		since = run->past_answers.v[past - 1].since;
		answer = &run->past_answers.v[past - 1].answer;
		past = run->past_answers.v[past - 1].past;
	}
}

static bool says(struct bs_holding *h, const struct bs_run *run, const struct bs_binding *answer,
		 const struct bs_deed *deed)
{
	return answer->outcome == BS_BOUND && answer->why != BS_WHY_LOCAL &&
	       bs_holding_name(h, run, answer->definer) == deed->to &&
	       bs_map_of(&run->process, answer->definer)->ns == deed->to_ns;
}

static void explain(struct bs_holding *h, const struct bs_run *run, const struct bs_slot *slot,
		    struct bs_held_deed *held)
{
	const struct bs_binding *answer, *last = NULL;
	uint32_t low, high, at = 0;

	bs_deed_epochs(h, held, &low, &high);
	while ((answer = next_answer(run, slot, low, high, &at))) {
		if (!last)
			last = answer;
		if (!says(h, run, answer, &held->deed))
			continue;
		held->agreed = held->told;
		held->other_outcome = BS_VERIFY_NO_ANSWER;
		if (!held->made)
			held->why = answer->why;
		return;
	}
	if (!last)
		last = bs_slot_answer(run, slot);
	held->other_outcome = last->outcome;
	held->other_why = last->why;
	held->other_to = last->definer == BS_NO_MAP ? 0 : bs_holding_name(h, run, last->definer);
	held->other_ns =
		last->definer == BS_NO_MAP ? 0 : bs_map_of(&run->process, last->definer)->ns;
}

/* An error about the reference of a slot that would bind at that time: DEED is the slot's. */
static void contradict(struct bs_holding *h, const struct bs_run *run, const struct bs_slot *slot,
		       const struct bs_deed *deed)
{
	const struct bs_deed error = {
		.kind = BS_DEED_ERROR,
		.who = deed->who,
		.what = deed->what,
		.version = deed->version,
		.number = 1,
	};
	uint32_t i = bs_deed_find(h->t, &error), low, high, at = 0;
	const struct bs_binding *answer;

	if (i == BS_NO_DEED || h->t->deeds.v[i].told <= h->t->deeds.v[i].made)
		return;
	bs_deed_epochs(h, &h->t->deeds.v[i], &low, &high);
	while ((answer = next_answer(run, slot, low, high, &at)))
		if (answer->outcome != BS_BOUND)
			return;
	if (at)
		h->t->deeds.v[i].other_outcome = BS_BOUND;
}

/* True when some line is of SLOT. */
static bool take_slot(struct bs_holding *h, const struct bs_run *run, const struct bs_slot *slot)
{
	const struct bs_binding *b = bs_slot_answer(run, slot);
	const struct bs_image *image = bs_map_of(&run->process, b->referrer)->image;
	const struct bs_version *version = bs_reference_version(image, b->symbol);
	struct bs_deed deed = {
		.kind = BS_DEED_BINDING,
		.what = bs_name_find(h->t->names, bs_image_symbol_name(image, b->symbol)),
		.version = version ? bs_name_find(h->t->names, version->name) : 0,
		.ns = bs_map_of(&run->process, b->referrer)->ns,
	};
	bool is_called = false;

	if (!deed.what || (version && !deed.version))
		return false;
	deed.who = bs_holding_name(h, run, b->referrer);
	contradict(h, run, slot, &deed);
	for (uint32_t i = bs_deed_subject(h->t, &deed); i != BS_NO_DEED;
	     i = h->t->deeds.v[i].next_of_subject - 1) {
		struct bs_held_deed *held = &h->t->deeds.v[i];

		if (held->told <= held->made)
			continue;
		is_called = true;
		if (held->agreed < held->told)
			explain(h, run, slot, held);
	}
	return is_called;
}

void bs_holding_call_slots(struct bs_holding *h, const struct bs_run *run)
{
	bs_vec_each (i, &h->t->deeds) {
		struct bs_held_deed *held = &h->t->deeds.v[i];

		held->agreed = held->told < held->made ? held->told : held->made;
	}
	h->verify->n_slots = run->slots.n;
	bs_vec_each (i, &run->slots)
		h->verify->n_called += take_slot(h, run, &run->slots.v[i]);
}
