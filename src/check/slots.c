/* SPDX-License-Identifier: MIT */
/*
 * What the jump slots of a run came to, seen from its end: the answers that a slot had one after
 * the other tell whether it matters when it is called first.
 */
#include "check-priv.h"

struct story {
	const struct bs_binding *last;	 /* answer */
	const struct bs_binding *before; /* the one before LAST, or NULL */
	uint32_t since;			 /* the epoch from which on LAST holds */
	bool ever_undefined, ever_null;
	bool lost; /* it was bound once and undefined later */
};

static bool is_undefined(const struct bs_binding *answer)
{
	return answer->outcome == BS_UNDEFINED || answer->outcome == BS_LOOKUP_CRASH;
}

static void take_in(struct story *story, const struct bs_binding *answer)
{
	story->ever_undefined |= is_undefined(answer);
	story->ever_null |= answer->outcome == BS_UNRESOLVED_WEAK;
}

static struct story tell(const struct bs_run *run, const struct bs_slot *slot)
{
	struct story story = { bs_slot_answer(run, slot), NULL, slot->since };
	bool undefined_after = is_undefined(bs_slot_answer(run, slot));
	uint32_t past = slot->past;

	take_in(&story, bs_slot_answer(run, slot));
	while (past) {
		const struct bs_past_answer *answer = &run->past_answers.v[past - 1];

		if (!story.before)
			story.before = &answer->answer;
		take_in(&story, &answer->answer);
		story.lost |= answer->answer.outcome == BS_BOUND && undefined_after;
		undefined_after |= is_undefined(&answer->answer);
		past = answer->past;
	}
	return story;
}

static bool any_captured(const struct bs_checker *checker, const struct bs_run *run,
			 const struct bs_slot *slot)
{
	uint32_t past = slot->past;
	bool captured = bs_is_captured(checker, run, bs_slot_answer(run, slot));

	while (past && !captured) {
		const struct bs_past_answer *answer = &run->past_answers.v[past - 1];

		captured = bs_is_captured(checker, run, &answer->answer);
		past = answer->past;
	}
	return captured;
}

/* False: nothing to tell. */
static bool judge(const struct bs_checker *checker, const struct bs_run *run,
		  const struct bs_slot *slot, const struct story *story, enum bs_rule *ret_rule,
		  enum bs_level *ret_level)
{
	/* A call settled it: at its time nothing else was possible. */
	if (slot->called != BS_NEVER)
		return false;
	if (!story->before) {
		*ret_rule = BS_RULE_UNRESOLVED_AT_CALL;
		*ret_level = BS_LEVEL_ERROR;
		return story->ever_undefined;
	}
	if (any_captured(checker, run, slot))
		return false;
	*ret_rule = BS_RULE_WHEN_MATTERS;
	if (story->lost) {
		*ret_level = BS_LEVEL_ERROR;
	} else if (story->ever_undefined) {
		*ret_rule = BS_RULE_HEALED;
		*ret_level = BS_LEVEL_WARNING;
	} else {
		*ret_level = story->ever_null ? BS_LEVEL_NOTE : BS_LEVEL_WARNING;
	}
	return true;
}

static bool same_story(const struct bs_run *run, uint32_t a, uint32_t b)
{
	const struct bs_slot *x = &run->slots.v[a], *y = &run->slots.v[b];
	uint32_t past_x = x->past, past_y = y->past;

	if (x->since != y->since)
		return false;
	while (past_x && past_y) {
		const struct bs_past_answer *p = &run->past_answers.v[past_x - 1];
		const struct bs_past_answer *q = &run->past_answers.v[past_y - 1];

		if (p->since != q->since || p->answer.outcome != q->answer.outcome ||
		    p->answer.definer != q->answer.definer)
			return false;
		past_x = p->past;
		past_y = q->past;
	}
	return past_x == past_y;
}

static struct bs_finding *finding_for(const struct bs_run *run, bs_findings *findings,
				      const struct bs_finding *like)
{
	for (uint32_t i = findings->n; i-- > 0;) {
		struct bs_finding *f = &findings->v[i];

		if (f->from != like->from)
			break; /* the slots of one object are neighbours */
		if (f->rule == like->rule && f->level == like->level && f->to == like->to &&
		    same_story(run, f->slot, like->slot))
			return f;
	}
	bs_vec_push(run->ctx.arena, findings, *like);
	return &findings->v[findings->n - 1];
}

static bs_map_id answerer(const struct bs_binding *answer)
{
	return answer && answer->outcome == BS_BOUND ? answer->definer : BS_NO_MAP;
}

void bs_check_slots(const struct bs_checker *checker, const struct bs_run *run,
		    bs_findings *findings)
{
	bs_vec_each (i, &run->slots) {
		const struct bs_slot *slot = &run->slots.v[i];

		if (!slot->past && bs_slot_answer(run, slot)->outcome == BS_BOUND)
			continue;
		const struct story story = tell(run, slot);
		struct bs_finding like = {
			.from = bs_slot_answer(run, slot)->referrer,
			.to = answerer(story.last),
			.before = answerer(story.before),
			.instead = BS_NO_MAP,
			.step = run->epochs.v[story.since],
			.slot = i,
		};

		if (!judge(checker, run, slot, &story, &like.rule, &like.level))
			continue;
		struct bs_finding *f = finding_for(run, findings, &like);

		bs_finding_count(f, story.last);
		f->n_waiting++;
		if (like.rule == BS_RULE_UNRESOLVED_AT_CALL)
			bs_check_withheld_slot(run, findings, story.last, like.step);
	}
}
