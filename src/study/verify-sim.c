/* SPDX-License-Identifier: MIT */
/*
 * What the simulated loader would tell, as deeds: what --format=ld-debug prints, line for line.
 *
 * Invariant: a line of the simulation is one entry of LINES, in the order in which they would be
 * told, and one more in MADE of its deed.
 */
#include "verify-priv.h"

#include <stdlib.h>
#include <string.h>

bs_name bs_holding_name(struct bs_holding *h, const struct bs_run *run, bs_map_id map)
{
	if (map == run->process.executable && h->t->program)
		return h->t->program;
	return bs_name_of(h->t->names, bs_run_map_name(run, map));
}

/* As it stands in the link map: nothing for the executable. */
static bs_name raw_name(struct bs_holding *h, const struct bs_run *run, bs_map_id map)
{
	return bs_name_of(h->t->names, bs_text(&run->ctx, bs_map_of(&run->process, map)->name));
}

static uint32_t ns_of(const struct bs_run *run, bs_map_id map)
{
	return bs_map_of(&run->process, map)->ns;
}

static struct bs_held_deed *make(struct bs_holding *h, const struct bs_deed *deed)
{
	uint32_t index = bs_deed_enter(h->t, deed), step = h->verify->steps.n - 1;
	struct bs_held_deed *held = &h->t->deeds.v[index];

	if (!held->made++)
		held->step = step;
	held->last_step = step;
	bs_vec_push(h->arena, h->is_late ? &h->late_lines : &h->early_lines,
		    ((struct bs_made_line){ index, step }));
	return held;
}

/* ---- bindings -------------------------------------------------------------------------------- */

static struct bs_deed binding_deed(struct bs_holding *h, const struct bs_run *run,
				   const struct bs_step_result *result, const struct bs_binding *b)
{
	const struct bs_version *version = bs_run_asked_version(run, result, b);
	bool is_bound = b->definer != BS_NO_MAP;

	return (struct bs_deed){
		.kind = BS_DEED_BINDING,
		.who = bs_holding_name(h, run, b->referrer),
		.ns = ns_of(run, b->referrer),
		.what = bs_name_of(h->t->names, bs_run_symbol_name(run, b)),
		.version = version ? bs_name_of(h->t->names, version->name) : 0,
		.to = is_bound ? bs_holding_name(h, run, b->definer) : 0,
		.to_ns = is_bound ? ns_of(run, b->definer) : 0,
		.is_protected = b->protected_reference,
	};
}

static void make_binding(struct bs_holding *h, const struct bs_run *run,
			 const struct bs_step_result *result, const struct bs_binding *b)
{
	const struct bs_deed deed = binding_deed(h, run, result, b);
	struct bs_held_deed *held = make(h, &deed);

	if (held->made == 1) {
		held->why = b->why;
		held->outcome = b->outcome;
	}
}

/* What no lookup answered, or none was made for: no line, but an answer to hold others against. */
static void keep_silent(struct bs_holding *h, const struct bs_run *run,
			const struct bs_step_result *result, const struct bs_binding *b)
{
	const char *name = bs_run_symbol_name(run, b);

	if (!b->symbol || !bs_name_find(h->t->names, name))
		return;
	struct bs_deed deed = binding_deed(h, run, result, b);
	uint32_t first = bs_deed_subject(h->t, &deed);

	if (first == BS_NO_DEED || bs_deed_find(h->t, &deed) != BS_NO_DEED)
		return;
	uint32_t index = bs_deed_enter(h->t, &deed);
	struct bs_held_deed *held = &h->t->deeds.v[index];

	held->is_silent = true;
	held->why = b->why;
	held->outcome = b->outcome;
	held->step = h->verify->steps.n - 1;
}

static void name_undefined(struct bs_holding *h, const struct bs_run *run,
			   const struct bs_step_result *result, const struct bs_binding *b,
			   struct bs_deed *ret)
{
	static const char words[] = "undefined symbol: ";
	const char *said = result->failure.words;
	const struct bs_version *version = bs_run_asked_version(run, result, b);

	ret->number = strncmp(said, words, strlen(words)) == 0;
	if (!ret->number) {
		ret->what = bs_name_of(h->t->names, said);
		return;
	}
	said += strlen(words);
	ret->version = version ? bs_name_of(h->t->names, version->name) : 0;
	ret->what = bs_name_of_n(h->t->names, said, version ? strcspn(said, ",") : strlen(said));
}

static void make_note(struct bs_holding *h, const struct bs_run *run,
		      const struct bs_step_result *result, const struct bs_note *note)
{
	const struct bs_binding *bindings = result->relocated.bindings.v;
	struct bs_deed deed = { 0 };

	switch (note->kind) {
	case BS_NOTE_LOOKUP:
		for (uint32_t i = 0; i < note->b; i++)
			make_binding(h, run, result, &bindings[note->a + i]);
		return;
	case BS_NOTE_DEPENDENCY:
		deed.kind = BS_DEED_DEPENDENCY;
		deed.who = bs_holding_name(h, run, note->a);
		deed.ns = ns_of(run, note->a);
		deed.to = bs_holding_name(h, run, note->b);
		deed.to_ns = ns_of(run, note->b);
		make(h, &deed);
		return;
	case BS_NOTE_UNDEFINED:
		deed.kind = BS_DEED_ERROR;
		deed.who = bs_holding_name(h, run, bindings[note->a].referrer);
		name_undefined(h, run, result, &bindings[note->a], &deed);
		make(h, &deed);
		return;
	case BS_NOTE_UNIQUE_PINNED:
	case BS_NOTE_REFERENCE_PINNED:
	case BS_NOTE_UNDEFINED_AGAIN:
	case BS_NOTE_RELINK:
	case BS_NOTE_SAID:
		return;
	}
}

static void make_notes(struct bs_holding *h, const struct bs_run *run,
		       const struct bs_step_result *result, const struct bs_event *event)
{
	const struct bs_relocated *relocated = &result->relocated;

	for (uint32_t i = event->a; i < event->b; i++)
		if (!relocated->stopped || i < relocated->stopped_at)
			make_note(h, run, result, &relocated->notes.v[i]);
}

/* ---- searching and loading ------------------------------------------------------------------- */

/* A search under way: it is a deed when it is over. */
struct search {
	struct bs_deed deed; /* WHAT is 0: there is none */
};

static void end_search(struct bs_holding *h, struct search *search)
{
	if (search->deed.what) {
		search->deed.to = bs_name_of_n(h->t->names, h->text.v, h->text.n);
		make(h, &search->deed);
	}
	*search = (struct search){ 0 };
}

static void add_to_search(struct bs_holding *h, struct search *search, const char *word,
			  const char *text)
{
	if (!search->deed.what)
		return;
	bs_told_add(h->arena, &h->text, h->text.n ? "\n" : "");
	bs_told_add(h->arena, &h->text, word);
	bs_told_add(h->arena, &h->text, " ");
	bs_told_add(h->arena, &h->text, text);
}

static void make_trace(struct bs_holding *h, const struct bs_run *run, const struct bs_trace *trace,
		       struct search *search)
{
	const char *where;

	switch (trace->kind) {
	case BS_TRACE_FIND:
		end_search(h, search);
		bs_told_begin(h->arena, &h->text);
		search->deed = (struct bs_deed){
			.kind = BS_DEED_SEARCH,
			.what = bs_name_of(h->t->names, trace->text),
			.ns = trace->ns,
		};
		return;
	case BS_TRACE_PATH_LIST:
		where = trace->where && !*trace->where
				? bs_holding_text(h,
						  bs_holding_name(h, run, run->process.executable))
				: trace->where;
		add_to_search(h, search, "path",
			      bs_arena_printf(h->arena, "%s (%s%s%s)", trace->text, trace->label,
					      where ? " from file " : "", where ? where : ""));
		return;
	case BS_TRACE_CACHE:
		add_to_search(h, search, "cache", trace->text);
		return;
	case BS_TRACE_TRY:
		if (trace->how != BS_HOW_PATH)
			add_to_search(h, search, "try", trace->text);
		return;
	case BS_TRACE_CACHE_DROPPED:
		add_to_search(h, search, "try", trace->text);
		return;
	case BS_TRACE_AUXILIARY:
		return;
	case BS_TRACE_END:
		end_search(h, search);
		return;
	}
}

static void note_object(struct bs_holding *h, bs_name name, uint32_t ns, uint32_t step,
			bool is_request)
{
	uint32_t *head = &h->object_heads[(name * 31 + ns) % BS_N_MADE_HEADS];

	bs_vec_push(h->arena, &h->objects,
		    ((struct bs_made_object){ name, ns, step, is_request, *head }));
	*head = h->objects.n;
}

uint32_t bs_made_step(const struct bs_holding *h, bs_name name, uint32_t ns, bool is_request,
		      uint32_t nth)
{
	uint32_t at = h->object_heads[(name * 31 + ns) % BS_N_MADE_HEADS], n = 0;

	for (uint32_t i = at; i; i = h->objects.v[i - 1].next)
		n += h->objects.v[i - 1].name == name && h->objects.v[i - 1].ns == ns &&
		     h->objects.v[i - 1].is_request == is_request;
	/* The last one stands first. */
	for (; at; at = h->objects.v[at - 1].next)
		if (h->objects.v[at - 1].name == name && h->objects.v[at - 1].ns == ns &&
		    h->objects.v[at - 1].is_request == is_request && --n == nth)
			return h->objects.v[at - 1].step;
	return BS_NEVER;
}

static void make_load(struct bs_holding *h, const struct bs_run *run,
		      const struct bs_load_note *note)
{
	struct bs_deed deed = { .ns = note->ns };

	switch (note->kind) {
	case BS_LOAD_ASKED:
	case BS_LOAD_DLOPENED:
		deed.kind = note->kind == BS_LOAD_ASKED ? BS_DEED_NEEDED : BS_DEED_DLOPEN;
		deed.what = bs_name_of(h->t->names, note->name);
		deed.who = bs_holding_name(h, run, note->by);
		make(h, &deed);
		return;
	case BS_LOAD_BEGINS:
		deed.kind = BS_DEED_LOADED;
		deed.what = bs_name_of(h->t->names, note->name);
		make(h, &deed);
		note_object(h, deed.what, deed.ns, h->verify->steps.n - 1, true);
		return;
	case BS_LOAD_ODD_FLAGS:
	case BS_LOAD_RESERVED:
	case BS_LOAD_MAPPED:
		return;
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void make_version(struct bs_holding *h, const struct bs_run *run,
			 const struct bs_version_check *check)
{
	const struct bs_deed deed = {
		.kind = BS_DEED_VERSION,
		.who = bs_holding_name(h, run, check->required_by),
		.ns = ns_of(run, check->required_by),
		.version = bs_name_of(h->t->names, check->version),
		.to = bs_holding_name(h, run, check->target),
		.to_ns = ns_of(run, check->target),
	};

	make(h, &deed);
	if (check->words)
		make(h, &(struct bs_deed){
				.kind = BS_DEED_ERROR,
				.who = bs_holding_name(h, run, check->target),
				.what = bs_name_of(h->t->names, check->words),
			});
}

static void make_scope(struct bs_holding *h, const struct bs_run *run,
		       const struct bs_scope_view *view)
{
	struct bs_deed deed = {
		.kind = BS_DEED_SCOPE,
		.who = bs_holding_name(h, run, view->map),
		.ns = ns_of(run, view->map),
	};

	bs_vec_each (i, &view->lists) {
		bs_told_begin(h->arena, &h->text);
		bs_vec_each (k, &view->lists.v[i]) {
			bs_told_add(h->arena, &h->text, k ? " " : "");
			bs_told_add(
				h->arena, &h->text,
				bs_holding_text(h, bs_holding_name(h, run, view->lists.v[i].v[k])));
		}
		deed.number = view->from + i;
		deed.to = bs_name_of_n(h->t->names, h->text.v, h->text.n);
		make(h, &deed);
	}
}

static void make_event(struct bs_holding *h, const struct bs_run *run,
		       const struct bs_step_result *result, const struct bs_event *event,
		       struct search *search)
{
	struct bs_deed deed = { 0 };

	if (event->kind != BS_EVENT_SEARCH)
		end_search(h, search);
	switch (event->kind) {
	case BS_EVENT_SEARCH:
		make_trace(h, run, &result->traces.v[event->a], search);
		return;
	case BS_EVENT_LOAD:
		make_load(h, run, &run->process.load_notes.v[event->a]);
		return;
	case BS_EVENT_SCOPE:
		make_scope(h, run, &result->views.v[event->a]);
		return;
	case BS_EVENT_GLOBAL:
		deed.kind = BS_DEED_GLOBAL;
		deed.who = bs_holding_name(h, run, event->a);
		deed.ns = ns_of(run, event->a);
		break;
	case BS_EVENT_NOTES:
		make_notes(h, run, result, event);
		return;
	case BS_EVENT_VERSION:
		make_version(h, run, &result->versions.v[event->a]);
		return;
	case BS_EVENT_ACTIVATED:
		deed.kind = BS_DEED_ACTIVATED;
		deed.who = raw_name(h, run, event->a);
		break;
	case BS_EVENT_OPENED:
		deed.kind = BS_DEED_OPENED;
		deed.who = raw_name(h, run, event->a);
		deed.ns = ns_of(run, event->a);
		deed.number = event->b;
		break;
	case BS_EVENT_CLOSING:
		deed.kind = BS_DEED_CLOSING;
		deed.who = raw_name(h, run, event->a);
		deed.number = event->b;
		break;
	case BS_EVENT_DESTROYED:
		deed.kind = BS_DEED_DESTROYED;
		deed.who = raw_name(h, run, event->a);
		deed.ns = ns_of(run, event->a);
		break;
	case BS_EVENT_KEPT:
	case BS_EVENT_DEMAND:
		return;
	}
	make(h, &deed);
}

/* It comes behind the constructors of a step. */
static bool is_late(enum bs_event_kind kind)
{
	return kind == BS_EVENT_GLOBAL || kind == BS_EVENT_OPENED;
}

static void begin(void *data, const struct bs_run *run)
{
	struct bs_holding *h = data;

	h->verify->program = bs_name_text(h->t->names, bs_name_of(h->t->names, run->program));
	h->verify->loader = bs_name_text(h->t->names, bs_name_of(h->t->names, run->profile->title));
	h->verify->no_log = run->profile->no_log || run->scope_policy.fixed.used;
}

/* Constructors are about to run: steps that end from here on lie within this one, up to its end. */
static void bound(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_holding *h = data;

	while (h->begins.n <= result->number)
		bs_vec_push(h->arena, &h->begins, BS_NEVER);
	h->begins.v[result->number] = run->epochs.n;
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_holding *h = data;
	struct search search = { 0 };
	uint32_t begin = result->number < h->begins.n ? h->begins.v[result->number] : BS_NEVER;

	bs_vec_push(h->arena, &h->verify->steps,
		    ((struct bs_verify_step){
			    .number = result->number,
			    .step = result->step,
			    .state = result->state,
			    .message = result->message ? bs_name_text(h->t->names,
								      bs_name_of(h->t->names,
										 result->message))
						       : NULL,
			    .begin = begin < result->epoch ? begin : result->epoch,
			    .end = result->epoch,
		    }));
	bs_vec_push(h->arena, &h->ranges,
		    ((struct bs_line_range){ h->early_lines.n, h->late_lines.n }));
	bs_vec_each (i, &result->events) {
		h->is_late = is_late(result->events.v[i].kind);
		make_event(h, run, result, &result->events.v[i], &search);
	}
	h->is_late = false;
	end_search(h, &search);
	bs_vec_each (i, &result->relocated.bindings)
		if (result->relocated.bindings.v[i].outcome != BS_BOUND ||
		    result->relocated.bindings.v[i].why == BS_WHY_LOCAL)
			keep_silent(h, run, result, &result->relocated.bindings.v[i]);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* One end of a step. Until its constructors have run it has an early part, then a late one. */
struct moment {
	uint32_t step, begin, end;
	bool is_late;
};

/* What lies in another step comes behind its early part and before its late one. */
static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;
	uint32_t at[2] = { x->is_late ? x->end : x->begin, y->is_late ? y->end : y->begin };

	if (at[0] != at[1])
		return at[0] < at[1] ? -1 : 1;
	if (x->is_late != y->is_late)
		return x->is_late ? 1 : -1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->step < y->step ? -1 : x->step > y->step;
}

static void add_lines(struct bs_holding *h, const struct moment *m)
{
	struct bs_verify_step *s = &h->verify->steps.v[m->step];
	const struct bs_line_range *from = &h->ranges.v[m->step];
	const struct bs_line_range last = { h->early_lines.n, h->late_lines.n };
	const struct bs_line_range *to = m->step + 1 < h->ranges.n ? from + 1 : &last;

	if (m->is_late) {
		for (uint32_t i = from->late; i < to->late; i++)
			bs_vec_push(h->arena, &h->lines, h->late_lines.v[i]);
		s->last_line = h->lines.n;
		return;
	}
	s->first_line = h->lines.n;
	for (uint32_t i = from->early; i < to->early; i++)
		bs_vec_push(h->arena, &h->lines, h->early_lines.v[i]);
	s->last_early_line = h->lines.n;
}

/* Steps are shown by number, and those of constructors behind the one that they are made in: puts
 * the lines into the order in which they would be told. */
static void order_lines(struct bs_holding *h)
{
	uint32_t n = 2 * h->verify->steps.n;
	struct moment *moments = bs_new(h->arena, struct moment, n + 1);

	for (uint32_t i = 0; i < n; i++) {
		const struct bs_verify_step *s = &h->verify->steps.v[i / 2];

		moments[i] = (struct moment){ i / 2, s->begin, s->end, i % 2 };
	}
	qsort(moments, n, sizeof *moments, by_time);
	for (uint32_t i = 0; i < n; i++)
		add_lines(h, &moments[i]);
}

static uint32_t step_index(const struct bs_verify *verify, uint32_t number)
{
	bs_vec_each (i, &verify->steps)
		if (verify->steps.v[i].number == number)
			return i;
	return 0;
}

static void end(void *data, const struct bs_run *run)
{
	struct bs_holding *h = data;
	bs_ids steps = { 0 };

	bs_vec_each (i, &h->verify->steps)
		while (steps.n <= h->verify->steps.v[i].number)
			bs_vec_push(h->arena, &steps, 0);
	bs_vec_each (i, &steps)
		steps.v[i] = step_index(h->verify, i);
	bs_vec_each (i, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, i);

		if (map->born < steps.n)
			note_object(h, bs_holding_name(h, run, i), map->ns, steps.v[map->born],
				    false);
	}
	order_lines(h);
	bs_holding_date(h);
	bs_holding_call_slots(h, run);
}

struct bs_sink bs_holding_sink(struct bs_holding *h)
{
	return (struct bs_sink){
		.data = h, .begin = begin, .bound = bound, .step = step, .end = end
	};
}
