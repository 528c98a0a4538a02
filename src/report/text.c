/* SPDX-License-Identifier: MIT */
/*
 * --format=text: for a person. Each step says what it brought and why from there; what failed, in
 * the loader's words, with every place that was tried; and who binds to whom, in counts.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

enum { SHOW_STEPS = 1 << 0, SHOW_OBJECTS = 1 << 1, SHOW_BINDINGS = 1 << 2 };

static const char *const parts[] = { "steps", "objects", "bindings", NULL };

static void text(struct bs_report *report, const char *s)
{
	bs_write_text(report->writer, s);
}

static void escaped(struct bs_report *report, const char *s)
{
	bs_write_escaped(report->writer, s);
}

static void colored(struct bs_report *report, const char *code, const char *s)
{
	if (report->color)
		bs_write_format(report->writer, "\033[%sm", code);
	escaped(report, s);
	if (report->color)
		text(report, "\033[0m");
}

static void spaces(struct bs_report *report, size_t n)
{
	while (n--)
		bs_write(report->writer, " ", 1);
}

/* What an object is called where space is short: its base name. */
static const char *short_name(const struct bs_run *run, bs_map_id map)
{
	const char *name = bs_run_map_name(run, map);
	const char *slash = strrchr(name, '/');

	return slash && slash[1] ? slash + 1 : name;
}

static const char *how_text(enum bs_how how)
{
	switch (how) {
	case BS_HOW_PATH:
		return "by its path";
	case BS_HOW_RPATH:
		return "RPATH";
	case BS_HOW_LIBRARY_PATH:
		return "LD_LIBRARY_PATH";
	case BS_HOW_RUNPATH:
		return "RUNPATH";
	case BS_HOW_CACHE:
		return "ld.so.cache";
	case BS_HOW_DEFAULT:
		return "default directories";
	case BS_HOW_NONE:
	case BS_HOW_COUNT_:
		break;
	}
	return "";
}

/* ---- the head ------------------------------------------------------------------------------ */

static void begin(void *data, const struct bs_run *run)
{
	struct bs_report *report = data;
	uint32_t n = run->plan->n_steps;

	colored(report, "1", run->program);
	bs_write_format(report->writer, ": %s, %s, start-up", run->profile->title,
			run->setup.target.machine->name);
	if (n)
		bs_write_format(report->writer, " and %u step%s", n, n == 1 ? "" : "s");
	text(report, "\n");
	if (!run->counted.n && !run->setup.library_path)
		return;
	text(report, "  environment:");
	bs_vec_each (i, &run->counted) {
		text(report, " ");
		escaped(report, run->counted.v[i].name);
		text(report, "=");
		escaped(report, run->counted.v[i].value);
	}
	if (run->plan->library_path) {
		text(report, " --library-path=");
		escaped(report, run->plan->library_path);
	}
	text(report, "\n");
}

/* ---- objects ------------------------------------------------------------------------------- */

static void write_origin(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	switch (map->role) {
	case BS_ROLE_LOADER:
		text(report, "the loader, PT_INTERP");
		return;
	case BS_ROLE_VDSO:
		text(report, "from the kernel");
		return;
	case BS_ROLE_ORDINARY:
		break;
	}
	if (map->kind == BS_MAP_EXECUTABLE) {
		text(report, "the executable");
		return;
	}
	text(report,
	     map->how == BS_HOW_LIBRARY_PATH ? run->setup.library_path_label : how_text(map->how));
	if (map->via != BS_NO_MAP) {
		text(report, " of ");
		escaped(report, short_name(run, map->via));
	}
	if (map->asked_by != BS_NO_MAP) {
		text(report, map->loader == BS_NO_MAP ? ", opened by " : ", needed by ");
		escaped(report, short_name(run, map->asked_by));
	}
}

static void write_objects(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	size_t widest = 0;

	for (bs_map_id id = result->first_map; id < result->last_map; id++) {
		size_t n = strlen(bs_run_map_name(run, id));

		if (n > widest && n <= 60)
			widest = n;
	}
	for (bs_map_id id = result->first_map; id < result->last_map; id++) {
		const struct bs_map *map = bs_map_of(&run->process, id);
		const char *name = bs_run_map_name(run, id);
		size_t n = strlen(name);

		if (map->role == BS_ROLE_VDSO)
			continue;
		text(report, map->removed ? "   - " : "   + ");
		escaped(report, name);
		spaces(report, (n < widest ? widest - n : 0) + 2);
		write_origin(report, run, id);
		if (map->removed)
			text(report, "; unloaded again");
		text(report, "\n");
	}
}

/* ---- failures ------------------------------------------------------------------------------ */

/* The index of the trace where the last search for NAME begins, or N. */
static uint32_t last_search(const bs_traces *traces, const char *name)
{
	for (uint32_t i = traces->n; i-- > 0;)
		if (traces->v[i].kind == BS_TRACE_FIND && strcmp(traces->v[i].text, name) == 0)
			return i;
	return traces->n;
}

static const char *verdict_text(const struct bs_trace *trace)
{
	if (trace->os_error)
		return strerror(trace->os_error);
	switch (trace->verdict) {
	case BS_TAKE:
		return "taken";
	case BS_SKIP:
		return "for another machine";
	case BS_SKIP_OTHER_CLASS:
		return "of the other ELF class";
	case BS_REFUSE:
		return trace->words;
	}
	return "";
}

/* Every place where the loader looked for what it did not find. */
static void write_tried(struct bs_report *report, const struct bs_run *run,
			const struct bs_step_result *result)
{
	const bs_traces *traces = &result->traces;
	uint32_t at = last_search(traces, result->failure.subject);

	if (result->failure.needed_by != BS_NO_MAP) {
		text(report, "     needed by ");
		escaped(report, bs_run_map_name(run, result->failure.needed_by));
		text(report, "\n");
	}
	for (uint32_t i = at; i < traces->n && traces->v[i].kind != BS_TRACE_END; i++) {
		const struct bs_trace *trace = &traces->v[i];

		switch (trace->kind) {
		case BS_TRACE_PATH_LIST:
			text(report, "     looked in ");
			text(report, trace->label);
			if (trace->where) {
				text(report, " of ");
				escaped(report, *trace->where ? trace->where : run->program);
			}
			text(report, "\n");
			break;
		case BS_TRACE_CACHE:
			text(report, "     looked in ");
			escaped(report, trace->text);
			text(report, "\n");
			break;
		case BS_TRACE_TRY:
		case BS_TRACE_CACHE_DROPPED:
			text(report, "        ");
			escaped(report, trace->text);
			text(report, ": ");
			text(report,
			     trace->kind == BS_TRACE_TRY
				     ? verdict_text(trace)
				     : "in a default directory, which DF_1_NODEFLIB forbids");
			text(report, "\n");
			break;
		case BS_TRACE_FIND:
		case BS_TRACE_END:
		case BS_TRACE_AUXILIARY:
			break;
		}
	}
}

/* What is missing beyond the first thing, at which the loader stops. */
static void write_missing(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	const bs_note_list *notes = &result->relocated.notes;
	bool first = true;

	bs_vec_each (i, notes) {
		if (notes->v[i].kind != BS_NOTE_UNDEFINED)
			continue;
		const struct bs_binding *b = &result->relocated.bindings.v[notes->v[i].a];
		const struct bs_version *version = bs_reference_version(
			bs_map_of(&run->process, b->referrer)->image, b->symbol);

		if (first)
			text(report, "     undefined:\n");
		first = false;
		text(report, "        ");
		escaped(report, bs_run_symbol_name(run, b));
		if (version) {
			text(report, "@");
			escaped(report, version->name);
		}
		text(report, "  in ");
		escaped(report, bs_run_map_name(run, b->referrer));
		text(report, "\n");
	}
	bs_vec_each (i, &result->versions) {
		if (!result->versions.v[i].words)
			continue;
		text(report, "     ");
		escaped(report, bs_run_map_name(run, result->versions.v[i].target));
		text(report, ": ");
		escaped(report, result->versions.v[i].words);
		text(report, "\n");
	}
}

/* ---- bindings ------------------------------------------------------------------------------ */

struct pair {
	bs_map_id from, to; /* TO is BS_NO_MAP for what nothing defines */
	uint32_t bound, waiting;
};

static int by_ids(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

struct pairs {
	BS_VEC(struct pair) list;
};

static void add_bindings(struct bs_arena *arena, struct pairs *pairs, const bs_bindings *bindings,
			 bool waiting)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];
		struct pair *last = pairs->list.n ? &pairs->list.v[pairs->list.n - 1] : NULL;

		if (b->why == BS_WHY_LOCAL || b->outcome == BS_UNRESOLVED_WEAK || !b->symbol)
			continue;
		if (!last || last->from != b->referrer || last->to != b->definer) {
			bs_vec_push(arena, &pairs->list,
				    (struct pair){ .from = b->referrer, .to = b->definer });
			last = &pairs->list.v[pairs->list.n - 1];
		}
		last->bound += !waiting;
		last->waiting += waiting;
	}
}

static void merge(struct pairs *pairs)
{
	uint32_t n = 0;

	if (!pairs->list.n)
		return;
	qsort(pairs->list.v, pairs->list.n, sizeof *pairs->list.v, by_ids);
	for (uint32_t i = 1; i < pairs->list.n; i++) {
		if (by_ids(&pairs->list.v[n], &pairs->list.v[i]) == 0) {
			pairs->list.v[n].bound += pairs->list.v[i].bound;
			pairs->list.v[n].waiting += pairs->list.v[i].waiting;
		} else {
			pairs->list.v[++n] = pairs->list.v[i];
		}
	}
	pairs->list.n = n + 1;
}

static void write_pair(struct bs_report *report, const struct bs_run *run, const struct pair *pair)
{
	text(report, "   ");
	escaped(report, short_name(run, pair->from));
	text(report, " -> ");
	if (pair->to == BS_NO_MAP)
		colored(report, "31", "(undefined)");
	else
		escaped(report, pair->to == pair->from ? "itself" : short_name(run, pair->to));
	bs_write_format(report->writer, "  %u", pair->bound + pair->waiting);
	if (pair->waiting && pair->bound)
		bs_write_format(report->writer, " (%u at the first call)", pair->waiting);
	else if (pair->waiting)
		text(report, " (at the first call)");
	text(report, "\n");
}

/* ---- steps --------------------------------------------------------------------------------- */

static void write_head(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result)
{
	uint32_t objects = 0;

	bs_write_format(report->writer, "%u  ", result->number);
	if (!result->step) {
		text(report, "start-up");
	} else {
		text(report, "dlopen ");
		escaped(report, *result->step->file ? result->step->file : "(NULL)");
		if (result->step->spelled) {
			text(report, " ");
			escaped(report, result->step->spelled);
		}
	}
	text(report, ": ");
	for (bs_map_id id = result->first_map; id < result->last_map; id++)
		objects += !bs_map_of(&run->process, id)->removed &&
			   bs_map_of(&run->process, id)->role != BS_ROLE_VDSO;
	switch (result->state) {
	case BS_STEP_NOT_REACHED:
		text(report, "not reached\n");
		return;
	case BS_STEP_FAILED:
		colored(report, "31", "failed");
		if (*result->message) {
			text(report, ": ");
			escaped(report, result->message);
		} else {
			text(report, ": not loaded, and RTLD_NOLOAD does not load it");
		}
		text(report, "\n");
		return;
	case BS_STEP_OK:
		break;
	}
	colored(report, "32", "ok");
	if (result->opening.state == BS_OPEN_ALREADY && result->opening.root != BS_NO_MAP &&
	    result->step) {
		text(report, ", was open already: ");
		escaped(report, bs_run_map_name(run, result->opening.root));
	}
	if (objects)
		bs_write_format(report->writer, ", %u object%s", objects, objects == 1 ? "" : "s");
	text(report, "\n");
}

static void write_passed_over(struct bs_report *report, const struct bs_step_result *result,
			      struct bs_ctx *ctx)
{
	bs_vec_each (i, &result->passed_over) {
		const struct bs_passed_over *p = &result->passed_over.v[i];

		text(report, "   preload ignored: ");
		escaped(report, p->word);
		text(report, " (from ");
		escaped(report, p->source);
		text(report, "): ");
		escaped(report, bs_failure_as_dlerror(ctx, &p->failure));
		text(report, "\n");
	}
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_report *report = data;
	struct bs_ctx ctx = run->ctx;
	struct pairs pairs = { 0 };

	if (report->show & SHOW_STEPS)
		write_head(report, run, result);
	write_passed_over(report, result, &ctx);
	/* A NOLOAD that found nothing has no words, and lacks nothing. */
	if (result->state == BS_STEP_FAILED && result->failure.words) {
		write_tried(report, run, result);
		write_missing(report, run, result);
	}
	if (report->show & SHOW_OBJECTS)
		write_objects(report, run, result);
	if (!(report->show & SHOW_BINDINGS) || result->state != BS_STEP_OK)
		return;
	add_bindings(ctx.arena, &pairs, &result->relocated.bindings, false);
	add_bindings(ctx.arena, &pairs, &result->slots, true);
	merge(&pairs);
	bs_vec_each (i, &pairs.list)
		write_pair(report, run, &pairs.list.v[i]);
}

const struct bs_format bs_format_text = {
	.name = "text",
	.parts = parts,
	.default_show = SHOW_STEPS | SHOW_OBJECTS | SHOW_BINDINGS,
	.sink = { .begin = begin, .step = step },
};
