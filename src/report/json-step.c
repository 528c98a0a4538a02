/* SPDX-License-Identifier: MIT */
/* The record of a step, but for its bindings. */
#include "json-priv.h"

#include <elf.h>

void bs_json_counts_members(struct bs_json *json, const struct bs_counts *counts)
{
	bs_json_member_number(json, "objects", counts->objects);
	bs_json_member_number(json, "bindings", counts->bindings);
	bs_json_member_number(json, "first_call", counts->first_call);
	bs_json_member_number(json, "local", counts->local);
	bs_json_member_number(json, "weak_unresolved", counts->weak_unresolved);
	bs_json_member_number(json, "undefined", counts->undefined);
}

/* ---- failures ------------------------------------------------------------------------------ */

static void write_failure(struct bs_json *json, const struct bs_failure *failure)
{
	bs_json_key(json, "failure");
	if (!failure->words) {
		bs_json_null(json);
		return;
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "subject", failure->subject);
	bs_json_member(json, "words", failure->words);
	bs_json_key(json, "errno");
	bs_json_errno(json, failure->os_error);
	bs_json_member_map(json, "needed_by", failure->needed_by);
	bs_json_member_bool(json, "crash", failure->crash);
	bs_json_close(json);
}

const char *bs_json_hint_name(enum bs_hint_kind kind)
{
	static const char *const names[] = {
		[BS_HINT_WORKING_DIRECTORY] = "working-directory",
		[BS_HINT_RUNPATH] = "runpath",
		[BS_HINT_RPATH] = "rpath",
		[BS_HINT_BESIDE] = "beside",
		[BS_HINT_LDCONFIG] = "ld.so.conf",
	};

	return names[kind];
}

static void write_hints(struct bs_json *json, const struct bs_run *run,
			const struct bs_step_result *result)
{
	bs_hints hints = { 0 };

	if (result->state == BS_STEP_FAILED)
		hints = bs_find_hints(run, result);
	bs_json_key(json, "hints");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &hints) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_word(json, "kind", bs_json_hint_name(hints.v[i].kind));
		bs_json_member(json, "path", hints.v[i].path);
		bs_json_member_map(json, "object", hints.v[i].map);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* What start-up goes on without; only there the loader can be made to go on. */
static void write_missing(struct bs_json *json, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	const struct bs_process *process = &run->process;

	bs_json_key(json, "missing");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; !result->step && i < process->missing.n; i++) {
		const struct bs_missing *m = &process->missing.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "name", m->name);
		bs_json_member_map(json, "needed_by", m->failure.needed_by);
		bs_json_member(json, "message", bs_run_say(run, &m->failure, true));
		write_failure(json, &m->failure);
		bs_json_member_bool(json, "optional", m->optional);
		bs_json_close(json);
	}
	bs_json_close(json);
}

const char *bs_json_version_outcome_name(enum bs_version_outcome outcome)
{
	static const char *const names[] = {
		[BS_VERSION_FOUND] = "found",
		[BS_VERSION_MISSING] = "missing",
		[BS_VERSION_WEAK_MISSING] = "weak-missing",
		[BS_VERSION_NO_INFO] = "no-versions",
		[BS_VERSION_ODD] = "odd",
	};

	return names[outcome];
}

static void write_versions(struct bs_json *json, const bs_version_checks *checks)
{

	bs_json_key(json, "version_problems");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, checks) {
		const struct bs_version_check *check = &checks->v[i];

		if (check->outcome == BS_VERSION_FOUND)
			continue;
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_map(json, "object", check->target);
		bs_json_member_map(json, "required_by", check->required_by);
		bs_json_member(json, "version", check->version);
		bs_json_member_word(json, "outcome", bs_json_version_outcome_name(check->outcome));
		bs_json_member(json, "words", check->words);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_passed_over(struct bs_json *json, const struct bs_run *run,
			      const struct bs_step_result *result)
{
	bs_json_key(json, "passed_over");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &result->passed_over) {
		const struct bs_passed_over *p = &result->passed_over.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "word", p->word);
		bs_json_member(json, "source", p->source);
		bs_json_member(json, "message", bs_run_say(run, &p->failure, false));
		write_failure(json, &p->failure);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- objects and scopes -------------------------------------------------------------------- */

static void write_ids(struct bs_json *json, const bs_ids *ids)
{
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, ids)
		bs_json_number(json, ids->v[i]);
	bs_json_close(json);
}

static void write_objects(struct bs_json *json, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	bool opened = result->step && result->state == BS_STEP_OK;

	bs_json_member_map(json, "root", opened ? result->opening.root : BS_NO_MAP);
	bs_json_member_bool(json, "was_open", opened && result->opening.state == BS_OPEN_ALREADY);
	bs_json_key(json, "loaded");
	write_ids(json, &result->born);
	bs_json_key(json, "unloaded");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (id, &run->process.maps)
		if (bs_map_of(&run->process, id)->died == result->number)
			bs_json_number(json, id);
	bs_json_close(json);
	bs_json_key(json, "promoted");
	write_ids(json, &result->opening.promoted);
}

static void write_scopes(struct bs_json *json, const struct bs_run *run,
			 const struct bs_step_result *result, enum bs_json_layout layout)
{
	bs_json_key(json, "scopes");
	bs_json_array(json, layout);
	bs_vec_each (i, &result->views) {
		const struct bs_scope_view *view = &result->views.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "object", view->map);
		bs_json_member_number(json, "from", view->from);
		bs_json_key(json, "lists");
		bs_json_array(json, BS_JSON_INLINE);
		bs_vec_each (k, &view->lists)
			write_ids(json, &view->lists.v[k]);
		bs_json_close(json);
		bs_json_assumed(json, run, view->assumed);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- on demand ----------------------------------------------------------------------------- */

/* Placeholders that were made and those that somebody came to. */
static void write_demands(struct bs_json *json, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	if (!result->demands.n)
		return;
	bs_json_key(json, "demands");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &result->demands) {
		const struct bs_demand *d = &result->demands.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "name", run->process.lists.v[d->list].placeholder);
		bs_json_member_number(json, "needed_by", d->owner);
		bs_json_member_bool(json, "made", d->made);
		bs_json_member_map(json, "object", d->map);
		bs_json_member_bool(json, "was_loaded", d->map != BS_NO_MAP && d->was_loaded);
		bs_json_member(json, "symbol", d->symbol);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* ---- what calls came to ---------------------------------------------------------------------- */

uint32_t bs_json_handles(const struct bs_step_result *result)
{
	uint32_t handles = 0;

	bs_vec_each (i, &result->events)
		if (result->events.v[i].kind == BS_EVENT_OPENED)
			handles = result->events.v[i].b;
	return handles;
}

static void write_opened(struct bs_json *json, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	const struct bs_opening *opening = &result->opening;

	bs_json_key(json, "opened");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "namespace", bs_map_of(&run->process, opening->root)->ns);
	bs_json_member_number(json, "handles", bs_json_handles(result));
	bs_json_member_bool(json, "kept", opening->kept);
	bs_json_key(json, "activated");
	write_ids(json, &opening->activated);
	bs_json_close(json);
}

const char *bs_json_address_kind(const struct bs_run *run, const struct bs_found_symbol *found)
{
	const struct bs_image *image = bs_map_of(&run->process, found->map)->image;
	struct bs_symbol symbol = bs_image_symbol(image, found->symbol);

	if (found->has_offset)
		return "offset";
	if (bs_symbol_type(&symbol) == STT_TLS)
		return "tls";
	return symbol.section == SHN_ABS ? "absolute" : "ifunc";
}

static void write_found(struct bs_json *json, const struct bs_run *run,
			const struct bs_found_symbol *found)
{
	const struct bs_version *version =
		bs_reference_version(bs_map_of(&run->process, found->map)->image, found->symbol);

	bs_json_key(json, "found");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "object", found->map);
	bs_json_member(json, "version", version ? version->name : NULL);
	bs_json_member_word(json, "kind", bs_json_address_kind(run, found));
	bs_json_member_if(json, "offset", found->has_offset, found->offset);
	bs_json_close(json);
}

const char *bs_json_fate(const struct bs_step_result *result, bs_map_id map)
{
	const struct bs_closing *closed = &result->closed;

	if (closed->stays)
		return "permanent";
	if (closed->opencount)
		return "open";
	return bs_ids_have(&result->gone, map) ? "unloaded" : "in-use";
}

static void write_closed(struct bs_json *json, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	bs_map_id map = run->opened.v[result->step->of_step];

	bs_json_key(json, "closed");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "object", map);
	bs_json_member_word(json, "fate", bs_json_fate(result, map));
	bs_json_member_number(json, "handles", result->closed.opencount);
	bs_json_close(json);
}

/* The member that a call of its kind has when it succeeds. */
static void write_return(struct bs_json *json, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	if (!result->step || result->state != BS_STEP_OK)
		return;
	switch (result->step->kind) {
	case BS_STEP_DLOPEN:
	case BS_STEP_DLMOPEN:
		write_opened(json, run, result);
		return;
	case BS_STEP_DLSYM:
		write_found(json, run, &result->found);
		return;
	case BS_STEP_DLCLOSE:
		write_closed(json, run, result);
		return;
	case BS_STEP_CALL:
		bs_json_member_bool(json, "was_bound", result->was_bound);
		return;
	case BS_STEP_KIND_COUNT_:
		return;
	}
}

/* ---- the record ---------------------------------------------------------------------------- */

const char *bs_json_state_name(enum bs_step_state state)
{
	static const char *const names[] = {
		[BS_STEP_OK] = "ok",
		[BS_STEP_FAILED] = "failed",
		[BS_STEP_NOT_REACHED] = "not-reached",
	};

	return names[state];
}

/* Who makes the call: the object, and whether its constructors do. */
static void write_who(struct bs_json *json, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	uint32_t block = result->step ? result->step->block : 0;

	bs_json_member_map(json, "within", block ? run->blocks_done.v[block - 1] : BS_NO_MAP);
	bs_json_member_map(json, "caller", result->caller);
}

void bs_json_step_members(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result, const struct bs_counts *counts,
			  enum bs_json_layout layout)
{
	bool failed = result->state == BS_STEP_FAILED;
	struct bs_json_report *state = report->state;
	struct bs_json *json = &state->json;

	bs_json_member_number(json, "number", result->number);
	bs_json_member_word(json, "kind", bs_json_step_kind(result->step));
	write_who(json, run, result);
	bs_json_member_word(json, "state", bs_json_state_name(result->state));
	bs_json_member_if(json, "epoch", result->state != BS_STEP_NOT_REACHED, result->epoch);
	bs_json_member(json, "message", failed ? result->message : NULL);
	if (result->state == BS_STEP_NOT_REACHED && result->message)
		bs_json_member(json, "because", result->message);
	write_failure(json, &result->failure);
	bs_json_member_bool(json, "ends_process", result->ends_process);
	write_hints(json, run, result);
	write_missing(json, run, result);
	write_objects(json, run, result);
	write_return(json, run, result);
	write_demands(json, run, result);
	bs_json_assumed(json, run, result->assumed);
	write_versions(json, &result->versions);
	write_passed_over(json, run, result);
	if (report->show & SHOW_SEARCHES)
		bs_json_searches(json, &result->traces, layout);
	if (report->show & SHOW_SCOPES)
		write_scopes(json, run, result, layout);
	if (report->show & SHOW_MAPPED) {
		bs_json_key(json, "mapped");
		write_ids(json, &result->mapped);
	}
	bs_json_key(json, "counts");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_counts_members(json, counts);
	bs_json_close(json);
}
