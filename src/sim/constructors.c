/* SPDX-License-Identifier: MIT */
/*
 * Constructors run at the end of start-up and inside a dlopen, after its scopes have grown and
 * before it promotes anything. What they do is code; the plan tells which calls they make. (glibc
 * elf/dl-init.c:_dl_init, elf/dl-open.c:dl_open_worker)
 */
#include "sim-priv.h"

/* The first block of the plan that is MAP's and did not run yet; UINT32_MAX: there is none. */
static uint32_t next_block(struct bs_run *run, bs_map_id map)
{
	for (uint32_t i = 0; i < run->plan->n_blocks; i++) {
		const char *problem;

		if (run->blocks_done.v[i] != BS_NO_MAP)
			continue;
		bs_map_id found = bs_run_find_object(run, run->plan->blocks[i].object, &problem);

		if (found == map)
			return i;
	}
	return UINT32_MAX;
}

/* False when a step of the block ends the process. */
static bool run_block(struct bs_run *run, struct bs_step_result *result, uint32_t block,
		      bs_map_id map)
{
	uint32_t step = run->process.step;

	/* The steps see the slots of the objects that are being loaded. */
	bs_slots_ask(run, result);
	run->blocks_done.v[block] = map;
	for (uint32_t i = 0; i < run->plan->n_steps; i++) {
		if (run->plan->steps[i].block != block + 1)
			continue;
		if (!bs_run_step(run, i + 1, true))
			return false;
	}
	run->process.step = step;
	return true;
}

/* The step that the constructors belong to ends with the one that they made. */
static void end_with(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_step_result *last = &run->ended_in;

	if (run->problem)
		return;
	result->state = BS_STEP_FAILED;
	result->failed_in = result->stage;
	result->failure = last->failure;
	result->message = last->message;
	result->ends_process = true;
}

static bool construct(struct bs_run *run, struct bs_step_result *result, bs_map_id map)
{
	uint32_t block = next_block(run, map);

	if (block == UINT32_MAX || run_block(run, result, block, map))
		return true;
	end_with(run, result);
	return false;
}

bool bs_run_constructors(struct bs_run *run, struct bs_step_result *result, bs_map_id root)
{
	struct bs_process *process = &run->process;
	const bs_ids order = bs_constructor_order(process, &run->ctx, root);

	bs_vec_each (i, &order) {
		bs_map_id id = order.v[i];

		if (!bs_process_construct(process, id))
			continue;
		if (id != process->executable && !construct(run, result, id))
			return false;
		bs_process_constructed(process, id);
	}
	/* The executable's own are run by its start code, after all others. */
	return root != process->executable || construct(run, result, root);
}
