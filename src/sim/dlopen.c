/* SPDX-License-Identifier: MIT */
/* One dlopen step. (glibc elf/dl-open.c:_dl_open) */
#include "sim-priv.h"

/* The loader checks each object once; what is missing at the first object ends the attempt. */
static bool check_versions(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_process *process = &run->process;
	const bs_ids *searched =
		&process->lists.v[bs_map_of(process, result->opening.root)->searchlist].maps;

	for (uint32_t i = 0; i < searched->n; i++) {
		bs_map_id id = bs_map_of(process, searched->v[i])->real;
		struct bs_failure failure = { 0 };
		uint32_t from = result->versions.n;

		if (bs_map_of(process, id)->versions_checked)
			continue;
		bool ok = bs_check_versions(process, &run->ctx, id, false, run->program,
					    &result->versions, &failure);

		bs_map_at(process, id)->versions_checked = true;
		for (uint32_t k = from; k < result->versions.n; k++)
			bs_event_add(run, result, BS_EVENT_VERSION, k);
		if (ok)
			continue;
		if (!failure.words) {
			const struct bs_version_check *p =
				&result->versions.v[result->versions.n - 1];

			failure = (struct bs_failure){
				.subject = bs_run_map_name(run, p->target),
				.words = p->words,
				.needed_by = p->required_by,
			};
		}
		bs_step_fail(run, result, &failure);
		return false;
	}
	return true;
}

static bool check_cpu(struct bs_run *run, struct bs_step_result *result)
{
	const struct bs_map *beyond = bs_run_beyond_cpu(run, result->opening.root);

	if (!beyond)
		return true;
	const struct bs_failure failure = {
		.subject = bs_text(&run->ctx, beyond->name),
		.words = "CPU ISA level is lower than required",
		.needed_by = BS_NO_MAP,
	};

	bs_step_fail(run, result, &failure);
	return false;
}

static bool bind_opened(struct bs_run *run, struct bs_step_result *result, bool lazy)
{
	result->stage = BS_STAGE_CHECKING;
	if (!check_versions(run, result) || !check_cpu(run, result))
		return false;
	result->stage = BS_STAGE_BINDING;
	bs_event_scope(run, result, result->opening.root, 0);
	const bs_ids order = bs_relocation_order(&run->process, &run->ctx, result->opening.root);

	return bs_run_relocate(run, result, &order, lazy);
}

static void commit(struct bs_run *run, struct bs_step_result *result)
{
	struct bs_opening *opening = &result->opening;

	bs_process_open_commit(&run->process, &run->ctx, opening);
	bs_vec_each (i, &opening->grown)
		if (opening->grown_from.v[i] != BS_NO_LIST)
			bs_event_scope(run, result, opening->grown.v[i], opening->grown_from.v[i]);
}

static void promote(struct bs_run *run, struct bs_step_result *result)
{
	bs_process_open_promote(&run->process, &run->ctx, &result->opening);
	bs_vec_each (i, &result->opening.promoted)
		bs_event_add(run, result, BS_EVENT_GLOBAL, result->opening.promoted.v[i]);
}

void bs_run_dlopen(struct bs_run *run, const struct bs_step *step, struct bs_step_result *result)
{
	struct bs_open_mode mode = run->profile->open_mode(step);
	const struct bs_open_request request = {
		.file = step->file,
		.flags = mode.flags,
		.caller = run->process.executable,
		.ns = bs_map_of(&run->process, run->process.executable)->ns,
	};
	struct bs_failure failure = { 0 };

	result->opening.root = BS_NO_MAP;
	if (mode.refusal.words) {
		bs_step_fail(run, result, &mode.refusal);
		return;
	}
	bs_process_open_begin(&run->process, &run->ctx, &request, &result->traces, &result->opening,
			      &failure);
	bs_event_searches(run, result, 0, result->traces.n);
	switch (result->opening.state) {
	case BS_OPEN_FAILED:
		bs_step_fail(run, result, &failure);
		bs_process_open_abort(&run->process, &run->ctx, &result->opening);
		return;
	case BS_OPEN_NOTHING:
		result->state = BS_STEP_FAILED;
		result->failure.needed_by = BS_NO_MAP;
		result->message = "";
		run->refused = true;
		return;
	case BS_OPEN_ALREADY:
		promote(run, result);
		return;
	case BS_OPEN_LOADED:
		break;
	}
	if (!bind_opened(run, result, !run->bind_now && (mode.flags & BS_OPEN_LAZY))) {
		bs_process_open_abort(&run->process, &run->ctx, &result->opening);
		bs_binder_forget_dead(run->binder, &run->process);
		return;
	}
	commit(run, result);
	promote(run, result);
}
