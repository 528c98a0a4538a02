/* SPDX-License-Identifier: MIT */
/* Steps: what was called, what came of it, what was searched, and which scopes there were. */
#include "sqlite-priv.h"

#include <ctype.h>
#include <string.h>

/* Begins a row of TABLE for the step RESULT. */
static struct bs_sqlite *step_row(const struct bs_report *report, enum bs_sqlite_table table,
				  const struct bs_step_result *result)
{
	struct bs_sqlite *db = bs_run_row(report, table);

	bs_put_number(db, result->number);
	return db;
}

/* ---- the call -------------------------------------------------------------------------------- */

/* In lower case, as the JSON formats have them. */
static const char *flags_text(struct bs_arena *arena, const struct bs_step *step)
{
	char *text = NULL;

	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		if (step->mode & m->mode)
			text = bs_arena_printf(arena, "%s%s%s", text ? text : "", text ? "," : "",
					       m->name);
	for (char *c = text; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return text;
}

static bool opens(const struct bs_step *step)
{
	return step && (step->kind == BS_STEP_DLOPEN || step->kind == BS_STEP_DLMOPEN);
}

static const char *handle_text(struct bs_arena *arena, const struct bs_step *step)
{
	if (step->kind != BS_STEP_DLSYM && step->kind != BS_STEP_DLCLOSE)
		return NULL;
	if (step->kind == BS_STEP_DLCLOSE || step->handle == BS_HANDLE_STEP)
		return bs_arena_printf(arena, "%u", step->of_step);
	return step->handle == BS_HANDLE_NEXT ? "next" : "default";
}

static void put_call(struct bs_sqlite *db, const struct bs_run *run, const struct bs_step *step)
{
	static const struct bs_step none;
	bool is_open = opens(step);
	bool has_symbol = step && (step->kind == BS_STEP_DLSYM || step->kind == BS_STEP_CALL);
	bool has_namespace = step && step->kind == BS_STEP_DLMOPEN && step->of_step != 0;
	bool is_call = step && step->kind == BS_STEP_CALL;

	bs_put_word(db, bs_json_step_kind(step));
	bs_put_text(db, is_open ? step->file : NULL);
	bs_put_word(db, is_open ? flags_text(run->ctx.arena, step) : NULL);
	bs_put_if(db, is_open && step->mode_is_number, is_open ? step->number : 0);
	bs_put_if(db, has_namespace, has_namespace ? step->of_step : 0);
	bs_put_word(db, step ? handle_text(run->ctx.arena, step) : NULL);
	bs_put_text(db, is_call ? step->object : NULL);
	bs_put_text(db, has_symbol ? step->symbol : NULL);
	bs_put_text(db, has_symbol ? step->version : NULL);
	bs_put_id(db, (step ? step : &none)->block);
}

/* ---- what came of it ------------------------------------------------------------------------- */

static void put_state(struct bs_sqlite *db, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	const struct bs_failure *failure = &result->failure;
	bool failed = failure->words != NULL;

	bs_put_word(db, bs_json_state_name(result->state));
	bs_put_if(db, result->state != BS_STEP_NOT_REACHED, result->epoch);
	bs_put_text(db, result->state == BS_STEP_OK ? NULL : result->message);
	bs_put_text(db, failed ? failure->subject : NULL);
	bs_put_text(db, failure->words);
	bs_put_word(db, failed ? bs_sqlite_errno(run->ctx.arena, failure->os_error) : NULL);
	bs_put_map(db, failed ? failure->needed_by : BS_NO_MAP);
	bs_put_number(db, failed && failure->crash);
	bs_put_number(db, result->ends_process);
}

/* What a call of its kind returns, and with what else. */
static void put_return(struct bs_sqlite *db, const struct bs_run *run,
		       const struct bs_step_result *result)
{
	bool ok = result->step && result->state == BS_STEP_OK;
	bool opened = ok && opens(result->step);
	bool found = ok && result->step->kind == BS_STEP_DLSYM;
	bool closed = ok && result->step->kind == BS_STEP_DLCLOSE;
	bool called = ok && result->step->kind == BS_STEP_CALL;
	const struct bs_found_symbol *symbol = &result->found;
	const struct bs_version *version =
		found ? bs_reference_version(bs_map_of(&run->process, symbol->map)->image,
					     symbol->symbol)
		      : NULL;
	bs_map_id closed_map = closed ? run->opened.v[result->step->of_step] : BS_NO_MAP;

	bs_put_map(db, ok ? result->opening.root : BS_NO_MAP);
	bs_put_number(db, ok && result->opening.state == BS_OPEN_ALREADY);
	bs_put_if(db, opened || closed,
		  opened ? bs_json_handles(result) : result->closed.opencount);
	bs_put_if(db, opened, opened && result->opening.kept);
	bs_put_map(db, found ? symbol->map : BS_NO_MAP);
	bs_put_text(db, version ? version->name : NULL);
	bs_put_word(db, found ? bs_json_address_kind(run, symbol) : NULL);
	bs_put_if(db, found && symbol->has_offset, symbol->offset);
	bs_put_map(db, closed_map);
	bs_put_word(db, closed ? bs_json_fate(result, closed_map) : NULL);
	bs_put_if(db, called, called && result->was_bound);
}

static void put_counts(struct bs_sqlite *db, const struct bs_counts *counts)
{
	bs_put_number(db, counts->objects);
	bs_put_number(db, counts->bindings);
	bs_put_number(db, counts->first_call);
	bs_put_number(db, counts->local);
	bs_put_number(db, counts->weak_unresolved);
	bs_put_number(db, counts->undefined);
}

static void put_step(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result, const struct bs_counts *counts)
{
	uint32_t block = result->step ? result->step->block : 0;
	struct bs_sqlite *db = step_row(report, BS_TABLE_STEPS, result);

	put_call(db, run, result->step);
	bs_put_map(db, block ? run->blocks_done.v[block - 1] : BS_NO_MAP);
	bs_put_map(db, result->caller);
	bs_put_number(db, result->step && result->step->internal);
	put_state(db, run, result);
	put_return(db, run, result);
	bs_put_word(db, bs_sqlite_assumed(run, result->assumed));
	put_counts(db, counts);
	bs_row_end(db);
}

/* ---- objects that come, go and are there ----------------------------------------------------- */

static void put_object(struct bs_report *report, const struct bs_step_result *result,
		       const char *change, uint32_t position, bs_map_id map)
{
	struct bs_sqlite *db = step_row(report, BS_TABLE_STEP_OBJECTS, result);

	bs_put_word(db, change);
	bs_put_number(db, position);
	bs_put_number(db, map);
	bs_row_end(db);
}

static void put_objects(struct bs_report *report, const struct bs_step_result *result,
			const char *change, const bs_ids *maps)
{
	bs_vec_each (i, maps)
		put_object(report, result, change, i, maps->v[i]);
}

static void put_changes(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result)
{
	bool opened = result->state == BS_STEP_OK && opens(result->step);
	uint32_t n = 0;

	put_objects(report, result, "loaded", &result->born);
	bs_vec_each (id, &run->process.maps)
		if (bs_map_of(&run->process, id)->died == result->number)
			put_object(report, result, "unloaded", n++, id);
	put_objects(report, result, "promoted", &result->opening.promoted);
	if (opened)
		put_objects(report, result, "activated", &result->opening.activated);
	if (report->show & SHOW_MAPPED)
		put_objects(report, result, "mapped", &result->mapped);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* Only start-up goes on without something. */
static void put_missing(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result)
{
	for (uint32_t i = 0; !result->step && i < run->process.missing.n; i++) {
		const struct bs_missing *m = &run->process.missing.v[i];
		struct bs_sqlite *db = step_row(report, BS_TABLE_MISSING, result);

		bs_put_number(db, i);
		bs_put_text(db, m->name);
		bs_put_map(db, m->failure.needed_by);
		bs_put_text(db, bs_run_say(run, &m->failure, true));
		bs_put_number(db, m->optional);
		bs_row_end(db);
	}
}

static void put_hints(struct bs_report *report, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	bs_hints hints = { 0 };

	if (result->state == BS_STEP_FAILED)
		hints = bs_find_hints(run, result);
	bs_vec_each (i, &hints) {
		struct bs_sqlite *db = step_row(report, BS_TABLE_HINTS, result);

		bs_put_number(db, i);
		bs_put_word(db, bs_json_hint_name(hints.v[i].kind));
		bs_put_text(db, hints.v[i].path);
		bs_put_map(db, hints.v[i].map);
		bs_row_end(db);
	}
}

static void put_versions(struct bs_report *report, const struct bs_step_result *result)
{
	uint32_t n = 0;

	bs_vec_each (i, &result->versions) {
		const struct bs_version_check *check = &result->versions.v[i];

		if (check->outcome == BS_VERSION_FOUND)
			continue;
		struct bs_sqlite *db = step_row(report, BS_TABLE_VERSION_PROBLEMS, result);

		bs_put_number(db, n++);
		bs_put_map(db, check->target);
		bs_put_map(db, check->required_by);
		bs_put_text(db, check->version);
		bs_put_word(db, bs_json_version_outcome_name(check->outcome));
		bs_put_text(db, check->words);
		bs_row_end(db);
	}
}

static void put_passed_over(struct bs_report *report, const struct bs_run *run,
			    const struct bs_step_result *result)
{
	bs_vec_each (i, &result->passed_over) {
		const struct bs_passed_over *p = &result->passed_over.v[i];
		struct bs_sqlite *db = step_row(report, BS_TABLE_PASSED_OVER, result);

		bs_put_number(db, i);
		bs_put_text(db, p->word);
		bs_put_text(db, p->source);
		bs_put_text(db, bs_run_say(run, &p->failure, false));
		bs_row_end(db);
	}
}

static void put_demands(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result)
{
	bs_vec_each (i, &result->demands) {
		const struct bs_demand *d = &result->demands.v[i];
		struct bs_sqlite *db = step_row(report, BS_TABLE_DEMANDS, result);

		bs_put_number(db, i);
		bs_put_text(db, run->process.lists.v[d->list].placeholder);
		bs_put_number(db, d->owner);
		bs_put_number(db, d->made);
		bs_put_map(db, d->map);
		bs_put_number(db, d->map != BS_NO_MAP && d->was_loaded);
		bs_put_text(db, d->symbol);
		bs_row_end(db);
	}
}

/* ---- scopes ---------------------------------------------------------------------------------- */

static uint32_t hash_of(const bs_ids *ids)
{
	uint32_t hash = ids->n;

	bs_vec_each (i, ids)
		hash = (hash ^ ids->v[i]) * 16777619u;
	return hash;
}

static bool is_same(const bs_ids *a, const bs_ids *b)
{
	return a->n == b->n && (!a->n || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

/* The entry for IDS in LISTS: its index plus 1, or 0 where it would be. */
static uint32_t *find(struct bs_sqlite_lists *lists, const bs_ids *ids)
{
	uint32_t at = hash_of(ids) & (lists->n_heads - 1);

	while (lists->heads[at] && !is_same(&lists->list.v[lists->heads[at] - 1], ids))
		at = (at + 1) & (lists->n_heads - 1);
	return &lists->heads[at];
}

static void grow(struct bs_sqlite_lists *lists, struct bs_arena *arena)
{
	lists->n_heads = lists->n_heads ? lists->n_heads * 2 : 64;
	lists->heads = bs_new(arena, uint32_t, lists->n_heads);
	bs_vec_each (i, &lists->list)
		*find(lists, &lists->list.v[i]) = i + 1;
}

static void put_list(struct bs_report *report, uint32_t list, const bs_ids *maps)
{
	bs_vec_each (i, maps) {
		struct bs_sqlite *db = bs_run_row(report, BS_TABLE_LISTS);

		bs_put_number(db, list);
		bs_put_number(db, i);
		bs_put_number(db, maps->v[i]);
		bs_row_end(db);
	}
}

/* The number of the list MAPS, which gets its rows when it is new. */
static uint32_t number_of_list(struct bs_report *report, const struct bs_run *run,
			       const bs_ids *maps)
{
	struct bs_sqlite_lists *lists = &bs_sqlite_run_of(report)->lists;

	if (lists->list.n * 2 >= lists->n_heads)
		grow(lists, run->ctx.arena);
	uint32_t *entry = find(lists, maps);

	if (*entry)
		return *entry - 1;
	bs_vec_push(run->ctx.arena, &lists->list, bs_ids_copy(run->ctx.arena, maps));
	*entry = lists->list.n;
	put_list(report, lists->list.n - 1, maps);
	return lists->list.n - 1;
}

static void put_scopes(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result)
{
	bs_vec_each (i, &result->views) {
		const struct bs_scope_view *view = &result->views.v[i];
		struct bs_sqlite *db = step_row(report, BS_TABLE_SCOPES, result);

		bs_put_number(db, i);
		bs_put_number(db, view->map);
		bs_put_number(db, view->from);
		bs_put_word(db, bs_sqlite_assumed(run, view->assumed));
		bs_row_end(db);
		bs_vec_each (k, &view->lists) {
			uint32_t list = number_of_list(report, run, &view->lists.v[k]);

			step_row(report, BS_TABLE_SCOPE_LISTS, result);
			bs_put_number(db, i);
			bs_put_number(db, view->from + k);
			bs_put_number(db, list);
			bs_row_end(db);
		}
	}
}

/* ---- searches -------------------------------------------------------------------------------- */

/* The searches of a step as they are told. */
struct searches {
	struct bs_report *report;
	const struct bs_run *run;
	const struct bs_step_result *result;
	uint32_t n;	   /* begun */
	uint32_t n_places; /* of the last one */
};

static void put_search(struct searches *s, const char *kind, const struct bs_trace *trace)
{
	struct bs_sqlite *db = step_row(s->report, BS_TABLE_SEARCHES, s->result);

	bs_put_number(db, s->n++);
	bs_put_word(db, kind);
	bs_put_text(db, trace->text);
	bs_put_if(db, trace->kind == BS_TRACE_FIND, trace->ns);
	bs_put_text(db, trace->kind == BS_TRACE_AUXILIARY ? trace->where : NULL);
	bs_row_end(db);
	s->n_places = 0;
}

static void put_place(struct searches *s, const char *kind, const struct bs_trace *trace)
{
	bool is_list = trace->kind == BS_TRACE_PATH_LIST;
	bool is_file = trace->kind == BS_TRACE_TRY || trace->kind == BS_TRACE_CACHE_DROPPED;
	struct bs_sqlite *db = step_row(s->report, BS_TABLE_PLACES, s->result);

	bs_put_number(db, s->n - 1);
	bs_put_number(db, s->n_places++);
	bs_put_word(db, kind);
	bs_put_text(db, trace->text);
	bs_put_word(db, is_file ? bs_json_how_name(trace->how) : NULL);
	bs_put_word(db, is_file ? bs_json_place_verdict(trace) : NULL);
	bs_put_word(db, is_file ? bs_sqlite_errno(s->run->ctx.arena, trace->os_error) : NULL);
	bs_put_text(db, is_file ? trace->words : NULL);
	bs_put_text(db, is_list ? trace->label : NULL);
	bs_put_text(db, is_list ? trace->where : NULL);
	bs_row_end(db);
}

static void put_searches(struct bs_report *report, const struct bs_run *run,
			 const struct bs_step_result *result)
{
	struct searches s = { .report = report, .run = run, .result = result };

	bs_vec_each (i, &result->traces) {
		const struct bs_trace *trace = &result->traces.v[i];

		switch (trace->kind) {
		case BS_TRACE_FIND:
			put_search(&s, "library", trace);
			break;
		case BS_TRACE_AUXILIARY:
			put_search(&s, "filtee", trace);
			break;
		case BS_TRACE_TRY:
			if (trace->how == BS_HOW_PATH)
				put_search(&s, "path", trace);
			put_place(&s, "file", trace);
			break;
		case BS_TRACE_CACHE_DROPPED:
			put_place(&s, "file", trace);
			break;
		case BS_TRACE_PATH_LIST:
			put_place(&s, "list", trace);
			break;
		case BS_TRACE_CACHE:
			put_place(&s, "cache", trace);
			break;
		case BS_TRACE_END:
			break;
		}
	}
}

void bs_sqlite_step(struct bs_report *report, const struct bs_run *run,
		    const struct bs_step_result *result, const struct bs_counts *counts)
{
	put_step(report, run, result, counts);
	put_changes(report, run, result);
	put_missing(report, run, result);
	put_hints(report, run, result);
	put_versions(report, result);
	put_passed_over(report, run, result);
	put_demands(report, run, result);
	if (report->show & SHOW_SCOPES)
		put_scopes(report, run, result);
	if (report->show & SHOW_SEARCHES)
		put_searches(report, run, result);
}
