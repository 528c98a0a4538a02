/* SPDX-License-Identifier: MIT */
/*
 * The plan of what was recorded: steps in the order in which they had the loader, those of
 * constructors behind the step that loaded their object.
 */
#include "trace-priv.h"

#include <stdlib.h>
#include <string.h>

/* How deep blocks may stand in each other (bindsim-plan(5)); steps of deeper ones are made by
 * whoever stands there. */
enum { DEEPEST = 16 };

struct arrangement {
	struct bs_arena *arena;
	struct bs_log *log;
	uint32_t *by_order; /* of N steps that had the loader */
	uint32_t n;
	BS_VEC(struct bs_step) steps;
	BS_VEC(struct bs_block) blocks;
	BS_VEC(uint32_t) of; /* by step: 1 + the raw one that it refers to, or 0 */
	uint32_t depth;
};

static int compare_orders(const void *a, const void *b, void *steps)
{
	const struct bs_raw_step *raw = steps;
	uint32_t x = raw[*(const uint32_t *)a].order, y = raw[*(const uint32_t *)b].order;

	return (x > y) - (x < y);
}

static void sort_steps(struct arrangement *a)
{
	a->by_order = bs_new(a->arena, uint32_t, a->log->steps.n);
	bs_vec_each (i, &a->log->steps)
		if (a->log->steps.v[i].order)
			a->by_order[a->n++] = i;
	if (a->n)
		qsort_r(a->by_order, a->n, sizeof *a->by_order, compare_orders, a->log->steps.v);
}

/* A block is about the Nth run of the constructors of objects that are called so: runs before it in
 * which nothing was called have blocks without steps. */
static uint32_t new_block(struct arrangement *a, const struct bs_raw_block *raw)
{
	uint32_t n = 0;

	bs_vec_each (i, &a->blocks)
		n += strcmp(a->blocks.v[i].object, raw->object) == 0;
	do
		bs_vec_push(a->arena, &a->blocks, (struct bs_block){ raw->object });
	while (++n < raw->run);
	return a->blocks.n;
}

static void arrange_blocks(struct arrangement *a, uint32_t during, uint32_t around);

/* The steps of BLOCK (1 + a raw one; 0: of none), which has the number NUMBER. */
static void arrange_steps(struct arrangement *a, uint32_t block, uint32_t number)
{
	for (uint32_t k = 0; k < a->n; k++) {
		uint32_t i = a->by_order[k];
		struct bs_raw_step *raw = &a->log->steps.v[i];
		struct bs_step step = raw->step;

		if (raw->block != block || (raw->of && !a->log->steps.v[raw->of - 1].order))
			continue;
		step.block = number;
		if (block && !step.caller &&
		    (!number || strcmp(a->blocks.v[number - 1].object,
				       a->log->blocks.v[block - 1].object) != 0))
			step.caller = a->log->blocks.v[block - 1].object;
		bs_vec_push(a->arena, &a->steps, step);
		bs_vec_push(a->arena, &a->of, raw->of);
		raw->number = a->steps.n;
		arrange_blocks(a, i + 1, number);
	}
}

static void arrange_blocks(struct arrangement *a, uint32_t during, uint32_t around)
{
	if (!a->log->blocks.n)
		return;
	bs_vec_each (i, &a->log->blocks) {
		if (a->log->blocks.v[i].during != during)
			continue;
		if (a->depth >= DEEPEST) {
			arrange_steps(a, i + 1, around);
			continue;
		}
		a->depth++;
		arrange_steps(a, i + 1, new_block(a, &a->log->blocks.v[i]));
		a->depth--;
	}
}

static void add_notes(struct bs_arena *arena, const struct bs_log *log)
{
	struct bs_recording *recording = log->recording;

	if (log->strangers)
		bs_vec_push(arena, &recording->notes,
			    bs_arena_printf(arena,
					    "%u call%s left out: what %s handed cannot be read, or "
					    "is a handle that no call recorded returned",
					    log->strangers, log->strangers == 1 ? " is" : "s are",
					    log->strangers == 1 ? "it is" : "they are"));
	if (log->moved)
		bs_vec_push(arena, &recording->notes,
			    bs_arena_printf(arena,
					    "%u relative path%s opened from another working "
					    "directory than the program began in, and absolute in "
					    "the plan",
					    log->moved, log->moved == 1 ? " is" : "s are"));
}

void bs_plan_finish(struct bs_tracer *t, struct bs_space *space)
{
	struct bs_plan *plan = &space->log.recording->plan;
	struct arrangement a = { .arena = t->arena, .log = &space->log };

	sort_steps(&a);
	arrange_blocks(&a, 0, 0);
	arrange_steps(&a, 0, 0);
	bs_vec_each (i, &a.steps)
		a.steps.v[i].of_step = a.of.v[i] ? space->log.steps.v[a.of.v[i] - 1].number : 0;
	plan->steps = a.steps.v;
	plan->n_steps = a.steps.n;
	plan->blocks = a.blocks.v;
	plan->n_blocks = a.blocks.n;
	add_notes(t->arena, &space->log);
}
