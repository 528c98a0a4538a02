/* SPDX-License-Identifier: MIT */
/* The record of a step: what the loader did, in its order. */
#include "sim-priv.h"

const char *bs_run_map_name(const struct bs_run *run, bs_map_id map)
{
	const char *name = bs_text(&run->ctx, bs_map_of(&run->process, map)->name);

	return *name ? name : run->program;
}

const char *bs_run_say(const struct bs_run *run, const struct bs_failure *failure, bool on_stderr)
{
	const struct bs_saying saying = {
		.on_stderr = on_stderr,
		.program = run->program,
		.needed_by = failure->words && failure->needed_by != BS_NO_MAP
				     ? bs_run_map_name(run, failure->needed_by)
				     : NULL,
	};

	return bs_failure_in_words(run->profile, &run->ctx, failure, &saying);
}

const char *bs_run_symbol_name(const struct bs_run *run, const struct bs_binding *binding)
{
	/* A lookup that no relocation asked for has no reference: the definition has the same name.
	 */
	if (!binding->symbol && binding->definer == BS_NO_MAP)
		return "";
	if (!binding->symbol)
		return bs_image_symbol_name(bs_map_of(&run->process, binding->definer)->image,
					    binding->definer_symbol);
	return bs_image_symbol_name(bs_map_of(&run->process, binding->referrer)->image,
				    binding->symbol);
}

const struct bs_version *bs_run_asked_version(const struct bs_run *run,
					      const struct bs_step_result *result,
					      const struct bs_binding *binding)
{
	if (!binding->symbol)
		return binding->unversioned ? NULL : result->relocated.asked;
	return bs_reference_version(bs_map_of(&run->process, binding->referrer)->image,
				    binding->symbol);
}

void bs_event_add(struct bs_run *run, struct bs_step_result *result, enum bs_event_kind kind,
		  uint32_t a)
{
	/* What a trace finds out behind the failure is nothing that the loader does. */
	if (result->state == BS_STEP_FAILED)
		return;
	bs_vec_push(run->ctx.arena, &result->events, (struct bs_event){ .kind = kind, .a = a });
}

static void add_always(struct bs_run *run, struct bs_step_result *result, enum bs_event_kind kind,
		       uint32_t a, uint32_t b)
{
	bs_vec_push(run->ctx.arena, &result->events, ((struct bs_event){ kind, a, b }));
}

void bs_event_opened(struct bs_run *run, struct bs_step_result *result, bs_map_id map)
{
	add_always(run, result, BS_EVENT_OPENED, map, bs_map_of(&run->process, map)->opencount);
}

void bs_event_closing(struct bs_run *run, struct bs_step_result *result, bs_map_id map,
		      const struct bs_closing *closing)
{
	if (closing->stays)
		return;
	if (closing->nothing_died)
		add_always(run, result, BS_EVENT_CLOSING, map, closing->opencount);
	bs_vec_each (i, &closing->gone) {
		add_always(run, result, BS_EVENT_DESTROYED, closing->gone.v[i], 0);
		bs_vec_push(run->ctx.arena, &result->gone, closing->gone.v[i]);
	}
}

/* Search steps, with what the loader says between them. */
void bs_event_searches(struct bs_run *run, struct bs_step_result *result, uint32_t from,
		       uint32_t to)
{
	const struct bs_process *process = &run->process;
	uint32_t note = result->first_load_note;

	for (uint32_t i = from; i <= to; i++) {
		for (; note < process->load_notes.n && process->load_notes.v[note].n_traces <= i;
		     note++)
			bs_event_add(run, result, BS_EVENT_LOAD, note);
		if (i < to)
			bs_event_add(run, result, BS_EVENT_SEARCH, i);
	}
	result->first_load_note = note;
}

void bs_event_notes(struct bs_run *run, struct bs_step_result *result, uint32_t from)
{
	const struct bs_event notes = { BS_EVENT_NOTES, from, result->relocated.notes.n };

	if (result->state != BS_STEP_FAILED && notes.a < notes.b)
		bs_vec_push(run->ctx.arena, &result->events, notes);
}

/* Searchlists go on growing: a view keeps what they hold now. */
static bs_ids view_list(struct bs_run *run, bs_list_id id)
{
	const struct bs_searchlist *list = &run->process.lists.v[id];
	struct bs_viewed_list *viewed = &run->viewed[id % BS_VIEWED_LISTS];

	if (viewed->id != id || viewed->cuts != list->cuts || viewed->maps.n != list->maps.n)
		*viewed = (struct bs_viewed_list){
			.id = id,
			.cuts = list->cuts,
			.maps = bs_ids_copy(run->ctx.arena, &list->maps),
		};
	return viewed->maps;
}

void bs_event_scope(struct bs_run *run, struct bs_step_result *result, bs_map_id map, uint32_t from)
{
	const struct bs_process *process = &run->process;
	const bs_ids *scope = &bs_map_of(process, map)->scope;
	struct bs_scope_view view = { .map = map, .from = from };

	for (uint32_t i = from; i < scope->n; i++) {
		const struct bs_searchlist *list = &process->lists.v[scope->v[i]];

		bs_vec_push(run->ctx.arena, &view.lists, view_list(run, scope->v[i]));
		bs_vec_push(run->ctx.arena, &view.placeholders,
			    list->is_waiting ? list->placeholder : NULL);
	}
	bs_vec_push(run->ctx.arena, &result->views, view);
	bs_event_add(run, result, BS_EVENT_SCOPE, result->views.n - 1);
}

void bs_step_fail(struct bs_run *run, struct bs_step_result *result,
		  const struct bs_failure *failure)
{
	if (result->state == BS_STEP_FAILED)
		return;
	result->state = BS_STEP_FAILED;
	result->failed_in = result->stage;
	result->failure = *failure;
	result->ends_process = failure->crash || result->number == 0;
	if (failure->occasion && !*failure->subject)
		result->failure.subject = *failure->occasion ? run->program : "";
	result->message = bs_run_say(run, &result->failure, result->number == 0);
	run->refused = true;
}

const char bs_words_of_damage[] =
	"a filtee stands before the first object of its namespace, and dl-close.c asserts that "
	"none does";

void bs_step_crash(struct bs_run *run, struct bs_step_result *result, const char *words)
{
	const struct bs_failure failure = {
		.subject = "",
		.words = words,
		.crash = true,
		.needed_by = BS_NO_MAP,
	};

	bs_step_fail(run, result, &failure);
}

void bs_step_fatal(struct bs_run *run, struct bs_step_result *result,
		   const struct bs_failure *failure)
{
	if (result->state == BS_STEP_FAILED)
		return;
	bs_step_fail(run, result, failure);
	result->ends_process = true;
	result->message = bs_run_say(run, &result->failure, true);
}

void bs_run_bound(struct bs_run *run, struct bs_step_result *result)
{
	if (run->sink->bound)
		run->sink->bound(run->sink->data, run, result);
}

/* Where a call would jump to address 0. */
static void note_nulls(struct bs_run *run, const struct bs_step_result *result, uint32_t from)
{
	for (uint32_t i = from; i < result->relocated.bindings.n; i++) {
		const struct bs_binding *b = &result->relocated.bindings.v[i];

		if (b->outcome != BS_UNRESOLVED_WEAK || !(b->kinds & 1u << BS_RELOC_SLOT))
			continue;
		bs_vec_push(run->ctx.arena, &run->null_maps, b->referrer);
		bs_vec_push(run->ctx.arena, &run->null_symbols, b->symbol);
	}
}

bool bs_run_relocate(struct bs_run *run, struct bs_step_result *result, const bs_ids *order,
		     bool lazy)
{
	uint32_t from = result->relocated.notes.n, first = result->relocated.bindings.n;
	struct bs_failure failure = { 0 };
	enum bs_relocation_end end = BS_RELOCATED;
	uint32_t n = 0;

	bs_binder_index(run->binder, &run->process);
	bs_vec_each (i, order)
		n += bs_bindings_at_most(bs_map_of(&run->process, order->v[i])->image, lazy);
	bs_vec_reserve(run->ctx.arena, &result->relocated.bindings, n);
	bs_forecast_begin(run->binder, &run->process, &run->ctx, order, lazy, false);
	bs_vec_each (i, order) {
		bool waits =
			run->scope_policy.fixed.used ? !bs_run_binds_now(run, order->v[i]) : lazy;
		enum bs_relocation_end this =
			bs_relocate(run->binder, &run->process, &run->ctx, order->v[i], waits,
				    &result->relocated, &failure);

		if (this != BS_RELOCATED)
			end = this;
	}
	bs_forecast_end(run->binder);
	bs_event_notes(run, result, from);
	bs_slots_enter(run, result);
	note_nulls(run, result, first);
	bs_run_bound(run, result);
	if (end == BS_RELOCATED)
		return true;
	bs_step_fail(run, result, &failure);
	result->ends_process |= end == BS_RELOCATION_FATAL;
	return false;
}
