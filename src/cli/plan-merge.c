/* SPDX-License-Identifier: MIT */
/* A question that is asked in two places: by a plan file, and by the command line on top of it. */
#include "cli.h"

#include "../report/plan-format.h"

#include <string.h>

/* N_A items at A, then N_B at B, of SIZE bytes each. */
static void *joined(struct bs_arena *arena, const void *a, uint32_t n_a, const void *b,
		    uint32_t n_b, size_t size)
{
	char *all = bs_arena_alloc(arena, (size_t)n_a + n_b, size);

	if (n_a)
		memcpy(all, a, n_a * size);
	if (n_b)
		memcpy(all + n_a * size, b, n_b * size);
	return all;
}

#define JOIN(arena, top, below, items)                                                             \
	((top)->items = joined((arena), (below)->items, (below)->n_##items, (top)->items,          \
			       (top)->n_##items, sizeof *(top)->items),                            \
	 (top)->n_##items += (below)->n_##items)

static void merge_members(struct bs_plan *top, struct bs_plan below)
{
	/* One executable is not looked for where the other one is, nor is any in another root. */
	if (top->executable || top->root)
		below.search_path = NULL;
	for (const struct bs_plan_member *m = bs_plan_members; m->name; m++) {
		if (m->is_switch)
			*bs_plan_switch(top, m) |= *bs_plan_switch(&below, m);
		else if (!*bs_plan_text(top, m))
			*bs_plan_text(top, m) = *bs_plan_text(&below, m);
	}
}

void bs_plan_merge(struct bs_arena *arena, struct bs_plan *top, const struct bs_plan *below)
{
	struct bs_step *steps = joined(arena, below->steps, below->n_steps, top->steps,
				       top->n_steps, sizeof *steps);

	for (uint32_t i = 0; i < top->n_steps; i++)
		if (top->steps[i].block)
			steps[below->n_steps + i].block += below->n_blocks;
	top->steps = steps;
	top->n_steps += below->n_steps;
	JOIN(arena, top, below, blocks);
	JOIN(arena, top, below, environment);
	JOIN(arena, top, below, settings);
	/* One program's arguments are not another one's. */
	if (!top->executable && !top->n_arguments) {
		top->arguments = below->arguments;
		top->n_arguments = below->n_arguments;
	}
	merge_members(top, *below);
}
