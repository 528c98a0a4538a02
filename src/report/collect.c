/* SPDX-License-Identifier: MIT */
/* All texts are copied, each once: the run ends before its records do. */
#include "collect.h"

#include "ci-priv.h"
#include "json-names.h"
#include "json-priv.h"

#include <inttypes.h>

static const char *keep(struct bs_collected *kept, const char *text)
{
	return text ? bs_name_text(kept->names, bs_name_of(kept->names, text)) : NULL;
}

static const char *keep_version(struct bs_collected *kept, const struct bs_version *version)
{
	return version ? keep(kept, version->name) : NULL;
}

static void begin(struct bs_report *report, const struct bs_run *run)
{
	struct bs_collected *kept = report->kept;

	bs_arena_unwind_with(kept->arena, run->ctx.arena);
	kept->names = bs_names_new(kept->arena);
	kept->loader = keep(kept, run->profile->title);
	if (run->setup.target.machine)
		kept->machine = keep(kept, run->setup.target.machine->name);
	bs_ci_begin(report, run); /* for the words of findings */
}

/* ---- objects --------------------------------------------------------------------------------- */

/* They change after they have come, so all of them are taken at the end. */
static void take_objects(struct bs_collected *kept, const struct bs_run *run)
{
	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);
		const struct bs_kept_object object = {
			.name = keep(kept, bs_run_map_name(run, id)),
			.path = keep(kept, bs_object_path(run, id)),
			.soname = map->image ? keep(kept, map->image->soname) : NULL,
			.kind = bs_json_map_kind_name(map->kind),
			.role = bs_json_role_name(map->role),
			.how = bs_json_is_found(map) ? bs_json_how_name(map->how) : NULL,
			.ns = map->ns,
			.born = map->born,
			.died = map->died,
			.preloaded = map->preloaded,
		};

		bs_vec_push(kept->arena, &kept->objects, object);
	}
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void take_step(struct bs_collected *kept, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	const struct bs_step *asked = result->step;
	bool found = asked && asked->kind == BS_STEP_DLSYM && result->state == BS_STEP_OK;
	const struct bs_kept_step step = {
		.number = result->number,
		.kind = bs_json_step_kind(asked),
		.words = asked ? keep(kept, bs_step_words(run->ctx.arena, asked)) : "start-up",
		.state = result->state,
		.message = keep(kept, result->message),
		.is_refusal = bs_is_refusal(result),
		.ends_process = result->ends_process,
		.object = bs_step_came_to(run, result),
		.has_offset = found && result->found.has_offset,
		.offset = found ? result->found.offset : 0,
	};

	kept->refused |= step.is_refusal;
	bs_vec_push(kept->arena, &kept->steps, step);
	if (kept->progress)
		kept->progress(kept->user, &step, run->plan->n_steps);
}

/* ---- bindings -------------------------------------------------------------------------------- */

static void take_answer(struct bs_collected *kept, const struct bs_run *run,
			const struct bs_binding *b, uint32_t after)
{
	struct bs_kept_answer answer = {
		.after = after, .definer = b->definer, .why = b->why, .outcome = b->outcome
	};

	if (b->definer != BS_NO_MAP)
		answer.version = keep_version(
			kept, bs_reference_version(bs_map_of(&run->process, b->definer)->image,
						   b->definer_symbol));
	bs_vec_push(kept->arena, &kept->answers, answer);
}

/* Whatever waits has its answers when the run is over. */
static void note_slot(struct bs_collected *kept, uint32_t slot)
{
	while (kept->slots.n <= slot)
		bs_vec_push(kept->arena, &kept->slots, UINT32_MAX);
	kept->slots.v[slot] = kept->bindings.n;
}

static void take_bindings(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	struct bs_collected *kept = report->kept;
	struct bs_json_bindings bindings = bs_json_bindings(report, run, result);
	const struct bs_binding *b;
	enum bs_json_when when;

	while ((b = bs_json_next_binding(&bindings, &when))) {
		const struct bs_kept_binding binding = {
			.all = kept,
			.step = result->number,
			.referrer = b->referrer,
			.symbol = keep(kept, bs_json_symbol_of(run, result, b, when)),
			.version = keep_version(kept, bs_run_asked_version(run, result, b)),
			.when = bs_json_when_name(when),
			.kinds = b->kinds,
			.first_answer = kept->answers.n,
			.n_answers = 1,
			.called = BS_NEVER,
		};

		take_answer(kept, run, b, result->number);
		if (when == BS_JSON_FIRST_CALL)
			note_slot(kept, bindings.slot);
		bs_vec_push(kept->arena, &kept->bindings, binding);
	}
}

/* What changed while they waited, in place of the one answer that was there first. */
static void take_slots(struct bs_collected *kept, const struct bs_run *run)
{
	bs_bindings answers = { 0 };
	bs_ids since = { 0 };

	bs_vec_each (slot, &kept->slots) {
		uint32_t at = kept->slots.v[slot];

		if (at == UINT32_MAX)
			continue;
		struct bs_kept_binding *binding = &kept->bindings.v[at];

		binding->called = run->slots.v[slot].called;
		bs_slot_answers(run, &run->slots.v[slot], true, &answers, &since);
		if (answers.n < 2)
			continue;
		binding->first_answer = kept->answers.n;
		binding->n_answers = answers.n;
		bs_vec_each (i, &answers)
			take_answer(kept, run, &answers.v[i], run->epochs.v[since.v[i]]);
	}
}

/* ---- searches -------------------------------------------------------------------------------- */

static void begin_search(struct bs_collected *kept, uint32_t step, const char *name)
{
	const struct bs_kept_search search = {
		.all = kept,
		.step = step,
		.name = keep(kept, name),
		.first_place = kept->places.n,
	};

	bs_vec_push(kept->arena, &kept->searches, search);
}

static void take_place(struct bs_collected *kept, const struct bs_trace *trace)
{
	struct bs_kept_search *search = &kept->searches.v[kept->searches.n - 1];
	const struct bs_kept_place place = {
		.path = keep(kept, trace->text),
		.verdict = bs_json_place_verdict(trace),
		.how = bs_json_how_name(trace->how),
		.os_error = trace->os_error,
	};

	bs_vec_push(kept->arena, &kept->places, place);
	search->n_places++;
	if (trace->kind == BS_TRACE_TRY && !trace->os_error && trace->verdict == BS_TAKE)
		search->found = place.path;
}

static void take_searches(struct bs_collected *kept, const struct bs_step_result *result)
{
	bool within = false;

	bs_vec_each (i, &result->traces) {
		const struct bs_trace *trace = &result->traces.v[i];
		bool is_place =
			trace->kind == BS_TRACE_TRY || trace->kind == BS_TRACE_CACHE_DROPPED;
		bool by_path = trace->kind == BS_TRACE_TRY && trace->how == BS_HOW_PATH;

		if (trace->kind == BS_TRACE_FIND || by_path || (is_place && !within))
			begin_search(kept, result->number, trace->text);
		if (is_place)
			take_place(kept, trace);
		within = trace->kind == BS_TRACE_FIND ||
			 (within && trace->kind != BS_TRACE_END && !by_path);
	}
}

/* ---- findings -------------------------------------------------------------------------------- */

static void take_finding(struct bs_report *report, const struct bs_run *run,
			 const struct bs_finding *f)
{
	struct bs_collected *kept = report->kept;
	const struct bs_ci_words words = bs_ci_words(report, run, f);
	const struct bs_kept_finding finding = {
		.all = kept,
		.level = f->level,
		.rule = f->rule,
		.step = f->step,
		.from = f->from,
		.to = f->to,
		.fingerprint = keep(kept, bs_arena_printf(run->ctx.arena, "%016" PRIx64,
							  bs_finding_fingerprint(run, f))),
		.n_symbols = f->n,
		.headline = keep(kept, words.headline),
		.message = keep(kept, bs_ci_message(run, &words)),
		.first_example = kept->examples.n,
		.n_examples = f->n_examples,
		.disposition = f->disposition,
		.excuse = keep(kept, f->excuse),
	};

	for (uint32_t i = 0; i < f->n_examples; i++)
		bs_vec_push(kept->arena, &kept->examples,
			    keep(kept, bs_run_symbol_name(run, &f->examples[i])));
	bs_vec_push(kept->arena, &kept->findings, finding);
}

static void take_findings(struct bs_report *report, const struct bs_run *run,
			  const bs_findings *findings)
{
	bs_vec_each (i, findings)
		if (bs_selected_pair(&report->selection, run, findings->v[i].from,
				     findings->v[i].to))
			take_finding(report, run, &findings->v[i]);
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	struct bs_collected *kept = report->kept;

	take_step(kept, run, result);
	take_searches(kept, result);
	take_bindings(report, run, result);
	take_findings(report, run, findings);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void take_diags(struct bs_collected *kept, const struct bs_diags *diags)
{
	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];
		const struct bs_kept_diag diag = {
			.code = d->code,
			.path = keep(kept, d->path),
			.offset = d->offset,
			.os_error = d->os_error,
			.detail = keep(kept, d->detail),
		};

		bs_vec_push(kept->arena, &kept->diags, diag);
	}
}

static const char *copy(struct bs_arena *arena, const char *text)
{
	return text ? bs_arena_strndup(arena, text, strlen(text)) : NULL;
}

struct bs_kept_known bs_keep_known(struct bs_arena *arena, const struct bs_known_finding *known)
{
	struct bs_kept_known kept = { .finding = *known };

	kept.finding.plan = copy(arena, known->plan);
	kept.finding.rule = copy(arena, known->rule);
	kept.finding.from = copy(arena, known->from);
	kept.finding.to = copy(arena, known->to);
	kept.fingerprint = bs_arena_printf(arena, "%016" PRIx64, known->fingerprint);
	return kept;
}

static void take_gone(struct bs_collected *kept, const struct bs_judge *judge)
{
	const struct bs_known_finding *known;

	for (uint32_t at = 0; (known = bs_judge_next_gone(judge, &at));)
		bs_vec_push(kept->arena, &kept->gone, bs_keep_known(kept->arena, known));
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	struct bs_collected *kept = report->kept;

	take_slots(kept, run);
	take_findings(report, run, findings);
	take_objects(kept, run);
	take_diags(kept, run->ctx.diags);
	if (report->judge)
		take_gone(kept, report->judge);
}

/* Its parts are those of the report in JSON, which its bindings are taken as. */
const struct bs_format bs_format_collect = {
	.name = "collect",
	.default_show = SHOW_STEPS | SHOW_OBJECTS | SHOW_BINDINGS | SHOW_FINDINGS | SHOW_SEARCHES,
	.notes = SHOW_FINDINGS,
	.traces = true,
	.begin = begin,
	.step = step,
	.end = end,
};
