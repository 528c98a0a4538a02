/* SPDX-License-Identifier: MIT */
/*
 * The record of a jump slot that was left for its first call: what a call would have bound, from
 * which step on. All of it is known when the run is over.
 */
#include "json-priv.h"

static bool is_selected(struct bs_report *report, const struct bs_run *run,
			const struct bs_slot *slot, const bs_bindings *answers)
{
	/* One that was called before any epoch has no answers but what the call bound. */
	bool selected = bs_selected(&report->selection, run, bs_slot_answer(run, slot));

	for (uint32_t i = 0; i < answers->n && !selected; i++)
		selected = bs_selected(&report->selection, run, &answers->v[i]);
	return selected;
}

bool bs_json_next_slot(struct bs_json_slots *slots)
{
	const struct bs_run *run = slots->run;

	while (slots->next < run->slots.n) {
		const struct bs_slot *slot = &run->slots.v[slots->next++];

		bs_slot_answers(run, slot, true, &slots->answers, &slots->since);
		if (is_selected(slots->report, run, slot, &slots->answers))
			return true;
	}
	return false;
}

static void write_answers(struct bs_json *json, const struct bs_json_slots *slots)
{
	const struct bs_run *run = slots->run;

	bs_json_key(json, "answers");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &slots->answers) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "after", run->epochs.v[slots->since.v[i]]);
		bs_json_answer_members(json, run, &slots->answers.v[i]);
		bs_json_close(json);
	}
	bs_json_close(json);
}

void bs_json_slot_members(const struct bs_json_slots *slots)
{
	const struct bs_run *run = slots->run;
	const struct bs_slot *slot = &run->slots.v[slots->next - 1];
	const struct bs_image *image =
		bs_map_of(&run->process, bs_slot_answer(run, slot)->referrer)->image;
	const struct bs_version *version =
		bs_reference_version(image, bs_slot_answer(run, slot)->symbol);
	bool is_over = slot->over < run->epochs.n;
	struct bs_json_report *state = slots->report->state;
	struct bs_json *json = &state->json;

	bs_json_member_number(json, "slot", slots->next - 1);
	bs_json_member_number(json, "step", slot->step);
	bs_json_member_number(json, "from", bs_slot_answer(run, slot)->referrer);
	bs_json_symbol(slots->report, bs_run_symbol_name(run, bs_slot_answer(run, slot)));
	bs_json_member(json, "version", version ? version->name : NULL);
	write_answers(json, slots);
	bs_json_member_if(json, "called", slot->called != BS_NEVER, slot->called);
	bs_json_member_if(json, "until", is_over, is_over ? run->epochs.v[slot->over] : 0);
}
