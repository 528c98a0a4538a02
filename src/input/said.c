/* SPDX-License-Identifier: MIT */
/* Steps that are said one after the other, and the blocks of constructors around them. */
#include "input.h"

#include "../report/plan-format.h"

void bs_say_step(struct bs_arena *arena, struct bs_said_steps *said, struct bs_step step)
{
	step.caller = said->caller;
	step.block = said->block;
	bs_vec_push(arena, &said->steps, step);
}

bool bs_say_begin(struct bs_arena *arena, struct bs_said_steps *said, const char *object)
{
	if (said->around.n == BS_PLAN_DEEPEST)
		return false;
	bs_vec_reserve(arena, &said->around, 1);
	bs_vec_push(arena, &said->blocks, (struct bs_block){ object });
	said->around.v[said->around.n++] = (struct bs_around){ said->caller, said->block };
	said->caller = NULL;
	said->block = said->blocks.n;
	return true;
}

bool bs_say_end(struct bs_said_steps *said)
{
	if (!said->around.n)
		return false;
	said->around.n--;
	said->caller = said->around.v[said->around.n].caller;
	said->block = said->around.v[said->around.n].block;
	return true;
}

void bs_say_all(const struct bs_said_steps *said, struct bs_plan *plan)
{
	plan->steps = said->steps.v;
	plan->n_steps = said->steps.n;
	plan->blocks = said->blocks.v;
	plan->n_blocks = said->blocks.n;
}
