/* SPDX-License-Identifier: MIT */
/* What loading on demand changes: a run held against that in which the same needs are plain ones.
 */
#include "assume-priv.h"

static bool is_told(const struct bs_run *run, const struct bs_binding *b)
{
	bs_vec_each (i, &run->changes)
		if (run->changes.v[i].here.referrer == b->referrer &&
		    run->changes.v[i].here.symbol == b->symbol &&
		    run->changes.v[i].here.type_class == b->type_class)
			return true;
	return false;
}

/* That something is loaded by the call alone is no change: it comes to the same. */
static void note_change(const struct bs_pair *pair, const struct bs_binding *b, bool waits)
{
	const struct bs_counterpart there = bs_counterpart_of(pair, b);
	bs_map_id definer = there.binding ? there.binding->definer : BS_NO_MAP;

	if (!b->symbol || !there.binding || is_told(pair->here, b) ||
	    (b->outcome == there.binding->outcome && bs_is_same(pair, b->definer, definer) &&
	     b->definer_symbol == there.binding->definer_symbol))
		return;
	bs_vec_push(
		pair->here->ctx.arena, &pair->here->changes,
		((struct bs_change){
			.step = pair->result->number,
			.here = *b,
			.waits_here = waits,
			.there = *there.binding,
			.waits_there = there.waits,
			.definer_there =
				definer == BS_NO_MAP
					? NULL
					: bs_text(&pair->there->ctx,
						  bs_map_of(&pair->there->process, definer)->name),
		}));
}

static void note_changed_step(const struct bs_pair *pair)
{
	const struct bs_step_result *here = pair->result, *there = pair->other_result;
	struct bs_changed_step changed = {
		.step = here->number,
		.reached_there = there != NULL,
	};
	bs_ids common = { 0 };

	if (there) {
		changed.state_there = there->state;
		changed.message_there = there->state == BS_STEP_FAILED ? there->message : NULL;
	}
	bs_vec_each (i, &here->mapped)
		bs_vec_push(pair->here->ctx.arena, &common, pair->there_of[here->mapped.v[i]]);
	for (uint32_t i = 0; there && i < there->mapped.n; i++)
		if (!bs_ids_have(&common, there->mapped.v[i]))
			bs_vec_push(pair->here->ctx.arena, &changed.loaded_there,
				    bs_text(&pair->there->ctx,
					    bs_map_of(&pair->there->process, there->mapped.v[i])
						    ->name));
	if (there && there->state == here->state && !changed.loaded_there.n)
		return;
	bs_vec_push(pair->here->ctx.arena, &pair->here->changed_steps, changed);
}

void bs_note_changes(const struct bs_pair *pair)
{
	const bs_bindings *bindings = &pair->result->relocated.bindings;

	note_changed_step(pair);
	if (!pair->other_result)
		return;
	bs_vec_each (i, bindings)
		note_change(pair, &bindings->v[i], false);
	bs_vec_each (i, &pair->here->slots)
		if (pair->here->slots.v[i].over == BS_NEVER)
			note_change(pair, &pair->here->answers.v[i], true);
}
