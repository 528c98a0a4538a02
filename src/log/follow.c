/* SPDX-License-Identifier: MIT */
/* What each message says of the objects of a process, of what it opens, and of what fails. */
#include "account-priv.h"

/* ---- objects that come ----------------------------------------------------------------------- */

static void note_link_map(struct bs_log_details *d, const struct bs_names *names,
			  const struct bs_log_process *process, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	uint32_t ns = bs_log_ns_of(event->to_ns);
	bool searched = s->search.is_there && s->search.name == event->to && s->search.tried.n;
	bs_name name = searched ? s->search.tried.v[s->search.tried.n - 1] : event->to;
	bool wanted = s->wanted.is_there && s->wanted.to == event->to &&
		      bs_log_ns_of(s->wanted.to_ns) == ns;

	s->search.is_there = false;
	s->wanted.is_there = false;
	/* A dlmopen of a path, of LM_ID_BASE, too. Audit modules come while the program is loaded.
	 */
	if (!wanted && process->phase > BS_LOG_LOADING)
		bs_log_begin_open(d, names, event, 0, 0);
	uint32_t object = bs_log_object_find(d, name, ns);

	if (object == BS_LOG_NO_OBJECT || d->objects.v[object].is_gone ||
	    d->objects.v[object].asked)
		object = bs_log_object_add(d, names, name, event->to, ns);
	d->objects.v[object].asked = event->to;
	struct bs_log_opening *top = bs_log_top(d);
	bool is_root =
		top && top->object == BS_LOG_NO_OBJECT && d->steps.v[top->step].file == event->to;
	struct bs_log_object *o = &d->objects.v[object];

	if (is_root) {
		top->object = object;
		o->how = BS_LOG_HOW_OPENED;
	} else if (wanted) {
		o->how = BS_LOG_HOW_NEEDED;
	}
	if (wanted) {
		/* The name may be new, and the object with it. */
		uint32_t by =
			bs_log_object_of(d, names, s->wanted.from, bs_log_ns_of(s->wanted.from_ns));

		d->objects.v[object].by = by;
	}
}

static void note_init(struct bs_log_details *d, const struct bs_names *names,
		      const struct bs_log_event *event)
{
	uint32_t object = bs_log_object_of(d, names, event->to, BS_LOG_NO_NS);

	/* What has no link map has no constructors. */
	while (d->state->opening.n && bs_log_top(d)->object == BS_LOG_NO_OBJECT)
		bs_log_fail_top(d, names);
	struct bs_log_opening *top = bs_log_top(d);

	d->objects.v[object].runs++;
	if (top)
		top->init = object;
	else
		d->state->start_init = object;
}

/* The step that opens OBJECT, or that has just opened something once more; or NO_STEP. */
static uint32_t step_about(struct bs_log_details *d, const struct bs_names *names, uint32_t object)
{
	struct bs_log_state *s = d->state;

	for (uint32_t i = s->opening.n; i-- > 0;) {
		if (s->opening.v[i].object != object)
			continue;
		/* What its constructors opened is over. */
		while (s->opening.n > i + 1)
			bs_log_fail_top(d, names);
		return s->opening.v[i].step;
	}
	if (s->opening.n && bs_log_top(d)->object == BS_LOG_NO_OBJECT)
		return bs_log_top(d)->step;
	return s->opening.n ? BS_LOG_NO_STEP : s->last_again;
}

static void note_global(struct bs_log_details *d, const struct bs_names *names,
			const struct bs_log_event *event)
{
	uint32_t object = bs_log_object_find(d, event->to, bs_log_ns_of(event->to_ns));
	uint32_t step = step_about(d, names, object);

	if (step != BS_LOG_NO_STEP)
		d->steps.v[step].global = BS_LOG_YES;
	else
		d->state->stray_global = true;
}

static void note_nodelete(struct bs_log_details *d, const struct bs_names *names,
			  const struct bs_log_event *event)
{
	uint32_t object = bs_log_object_find(d, event->to, bs_log_ns_of(event->to_ns));
	uint32_t step = event->from ? BS_LOG_NO_STEP : step_about(d, names, object);

	if (step != BS_LOG_NO_STEP)
		d->steps.v[step].nodelete = BS_LOG_YES;
}

/* Who is first in the global scope of namespace NS: the program, or what was opened first. */
static bs_name head_of(const struct bs_log_details *d, uint32_t ns)
{
	for (uint32_t i = 0; ns && i < d->objects.n; i++)
		if (d->objects.v[i].ns == ns && d->objects.v[i].asked && !d->objects.v[i].is_gone)
			return d->objects.v[i].name;
	return ns ? 0 : d->state->main_scope;
}

static void note_scope(struct bs_log_details *d, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	struct bs_log_opening *top = bs_log_top(d);

	if (!s->main_scope && event->number == 0 && event->n_list)
		s->main_scope = event->list[0];
	if (!top || !top->in_scopes || !event->n_list)
		return;
	top->knows_scopes = true;
	if (event->list[0] == head_of(d, d->objects.v[top->object].ns)) {
		if (!top->global_first)
			top->global_first = event->number + 1;
		return;
	}
	/* Its own list, in which a filtee may stand before it; the last, for DT_SYMBOLIC puts one
	 * with nothing else to the front. */
	for (uint32_t i = 0; i < event->n_list; i++)
		if (event->list[i] == d->objects.v[top->object].name)
			top->own_last = event->number + 1;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static enum bs_log_tri is_in_open(const struct bs_log_details *d,
				  const struct bs_log_process *process)
{
	const struct bs_log_state *s = d->state;

	if (!s->has_files || process->phase == BS_LOG_LOADING)
		return BS_LOG_MAYBE;
	return s->opening.n && s->opening.v[s->opening.n - 1].init == BS_LOG_NO_OBJECT ? BS_LOG_YES
										       : BS_LOG_NO;
}

static void note_error(struct bs_log_details *d, const struct bs_log_process *process,
		       const struct bs_log_event *event)
{
	struct bs_log_error error = {
		.kind = event->kind,
		.object = event->kind == BS_LOG_LOAD_ERROR ? event->to : event->from,
		.symbol = event->kind == BS_LOG_LOAD_ERROR ? 0 : event->symbol,
		.version = event->version,
		.text = event->kind == BS_LOG_LOAD_ERROR ? event->symbol : event->to,
		.by = event->kind == BS_LOG_LOAD_ERROR ? event->from : 0,
		.is_fatal = event->is_fatal,
		.n = 1,
		.in_open = is_in_open(d, process),
		.place = event->place,
	};

	if (d->state->opening.n)
		bs_log_top(d)->has_error = true;
	bs_vec_each (i, &d->errors) {
		struct bs_log_error *known = &d->errors.v[i];

		if (known->kind != error.kind || known->object != error.object ||
		    known->symbol != error.symbol || known->version != error.version ||
		    known->text != error.text || known->in_open != error.in_open)
			continue;
		known->n++;
		d->state->last_error = i;
		return;
	}
	bs_vec_push(d->arena, &d->errors, error);
	d->state->last_error = d->errors.n - 1;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void note_wanted(struct bs_log_details *d, const struct bs_names *names,
			const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;

	bs_log_leave_search(d);
	s->has_files = true;
	s->wanted.to = event->to;
	s->wanted.to_ns = event->to_ns;
	s->wanted.from = event->from;
	s->wanted.from_ns = event->from_ns;
	s->wanted.is_there = true;
	bs_log_object_of(d, names, event->from, bs_log_ns_of(event->from_ns));
}

/* A step before may be told more of by what comes right behind it. */
static void forget_last(struct bs_log_state *s, enum bs_log_kind kind)
{
	if (kind != BS_LOG_GLOBAL && kind != BS_LOG_NODELETE && kind != BS_LOG_UNKNOWN)
		s->last_again = BS_LOG_NO_STEP;
	if (kind != BS_LOG_GLOBAL && kind != BS_LOG_OPENED)
		s->stray_global = false;
	if (kind != BS_LOG_LOAD_ERROR && kind != BS_LOG_UNKNOWN && kind != BS_LOG_STATISTICS)
		s->last_error = UINT32_MAX;
}

void bs_log_follow(struct bs_log_details *d, struct bs_names *names,
		   const struct bs_log_process *process, const struct bs_log_event *said)
{
	struct bs_log_state *s = d->state;
	struct bs_log_event copy = *said;
	const struct bs_log_event *event = &copy;

	/* The link map of the program has no name, where argv[0] does not stand for it. */
	if (said->to && process->program && *bs_name_text(names, said->to) == '\0')
		copy.to = process->program;
	struct bs_log_opening *top = bs_log_top(d);

	if (event->kind != BS_LOG_SCOPE && event->kind != BS_LOG_NO_SCOPE && top)
		top->in_scopes = false;
	forget_last(s, event->kind);
	switch ((int)event->kind) {
	case BS_LOG_NEEDED:
		note_wanted(d, names, event);
		break;
	case BS_LOG_DYNAMIC:
		/* What failed before is settled with its own search. */
		bs_log_fail_unless_constructing(d, names);
		note_wanted(d, names, event);
		bs_log_begin_open(d, names, event, event->from, bs_log_ns_of(event->from_ns));
		break;
	case BS_LOG_LINK_MAP:
		s->has_files = true;
		note_link_map(d, names, process, event);
		break;
	case BS_LOG_FIND:
		bs_log_begin_search(d, event);
		break;
	case BS_LOG_CACHE:
	case BS_LOG_SEARCH_PATH:
	case BS_LOG_TRYING:
	case BS_LOG_REJECTED:
		bs_log_go_on_searching(d, event);
		break;
	case BS_LOG_OPENED:
		s->has_files = true;
		bs_log_end_open(d, names, event);
		break;
	case BS_LOG_CLOSING: {
		uint32_t object = bs_log_object_find(d, event->to, BS_LOG_NO_NS);

		if (object == BS_LOG_NO_OBJECT)
			break;
		bs_log_add_close(d, names, object, event);
		d->objects.v[object].opencount = event->number;
		break;
	}
	case BS_LOG_DESTROYED:
		bs_log_note_destroyed(d, names, event);
		break;
	case BS_LOG_INIT:
		bs_log_leave_search(d);
		note_init(d, names, event);
		break;
	case BS_LOG_PROGRAM:
		bs_log_leave_search(d);
		s->start_init = bs_log_object_of(d, names, event->to, 0);
		d->objects.v[s->start_init].runs = 1;
		break;
	case BS_LOG_CONTROL:
		s->start_init = BS_LOG_NO_OBJECT;
		break;
	case BS_LOG_RELOCATION:
		if (top) {
			top->has_lazy |= event->is_lazy;
			top->has_eager |= !event->is_lazy;
		}
		break;
	case BS_LOG_GLOBAL:
		note_global(d, names, event);
		break;
	case BS_LOG_NODELETE:
		note_nodelete(d, names, event);
		break;
	case BS_LOG_SCOPE_OF:
		if (top && top->object != BS_LOG_NO_OBJECT && !top->knows_scopes)
			top->in_scopes =
				bs_log_object_of(d, names, event->to, event->to_ns) == top->object;
		break;
	case BS_LOG_SCOPE:
		note_scope(d, event);
		break;
	case BS_LOG_ERROR:
	case BS_LOG_VERSION_ERROR:
	case BS_LOG_LOAD_ERROR:
		note_error(d, process, event);
		break;
	default:
		break;
	}
}

/* The object that the last file which was tried for SEARCH is. */
static bool was_found(const struct bs_log_details *d, const struct bs_log_search *search)
{
	bs_name last = search->n_tried ? search->tried[search->n_tried - 1] : 0;

	bs_vec_each (i, &d->objects)
		if (last && d->objects.v[i].name == last)
			return true;
	return false;
}

void bs_log_follow_end(struct bs_log_details *d, const struct bs_names *names,
		       const struct bs_log_process *process)
{
	struct bs_log_state *s = d->state;
	bool is_over = process->phase == BS_LOG_ENDING;

	/* The process ended, or the log did. */
	while (is_over && s->opening.n)
		bs_log_fail_top(d, names);
	if (s->search.is_there && s->has_files && process->phase < BS_LOG_RUNNING &&
	    bs_log_is_exhausted(d, names)) {
		uint32_t search = bs_log_fail_search(d, true);

		d->searches.v[search].ended = true;
	}
	bs_log_leave_search(d);
	bs_vec_each (i, &s->open_searches)
		if (!was_found(d, &s->open_searches.v[i]))
			bs_vec_push(d->arena, &d->searches, s->open_searches.v[i]);
	if (s->last_error != UINT32_MAX)
		d->errors.v[s->last_error].ended = true;
}
