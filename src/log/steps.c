/* SPDX-License-Identifier: MIT */
/*
 * What a process opened and closed, from what `files' says.
 *
 * A dlopen begins with "dynamically loaded by", unless the object is there by that name, and ends
 * with "opening file=", behind its constructors (glibc elf/dl-open.c:dl_open_worker). What comes in
 * between is loaded by it, or by steps within its constructors. A dlmopen of a path has no first
 * line, for it asks for no caller: a link map in another namespace that nobody wanted begins it.
 * A dlclose says "closing file=" where the object stays; where it goes, there is the line of its
 * link map's end.
 */
#include "account-priv.h"

static const char *base_of(const struct bs_names *names, bs_name name)
{
	return name ? bs_log_base_name(bs_name_text(names, name)) : "";
}

static uint32_t ns_of(uint32_t ns)
{
	return ns == BS_LOG_NO_NS ? 0 : ns;
}

/* "libx" of "libx.so.1": what a link from one to the other leaves alike. */
static size_t stem_length(const char *base)
{
	const char *so = strstr(base, ".so");

	return so ? (size_t)(so - base) : strlen(base);
}

static bool are_alike(const struct bs_names *names, bs_name a, bs_name b)
{
	const char *x = base_of(names, a), *y = base_of(names, b);
	size_t n = stem_length(x);

	return n == stem_length(y) && strncmp(x, y, n) == 0;
}

/* ---- searches -------------------------------------------------------------------------------- */

static struct bs_log_search search_record(struct bs_log_details *d, bool is_sure)
{
	struct bs_log_state *s = d->state;
	bs_name *tried = bs_new(d->arena, bs_name, s->search.tried.n);
	bs_name *reasons = bs_new(d->arena, bs_name, s->search.tried.n);

	for (uint32_t i = 0; i < s->search.tried.n; i++) {
		tried[i] = s->search.tried.v[i];
		reasons[i] = s->search.reasons.v[i];
	}
	return (struct bs_log_search){
		.name = s->search.name,
		.ns = s->search.ns,
		.by = s->search.by,
		.n = 1,
		.n_tried = s->search.tried.n,
		.tried = tried,
		.reasons = reasons,
		.is_sure = is_sure,
		.place = s->search.place,
	};
}

/* The search that was last led to nothing: it is a failure. Its number, or UINT32_MAX. */
static uint32_t fail_search(struct bs_log_details *d, bool is_sure)
{
	struct bs_log_state *s = d->state;

	if (!s->search.is_there)
		return UINT32_MAX;
	s->search.is_there = false;
	bs_vec_each (i, &d->searches) {
		struct bs_log_search *known = &d->searches.v[i];

		if (known->name == s->search.name && known->ns == s->search.ns &&
		    known->by == s->search.by) {
			known->n++;
			return i;
		}
	}
	bs_vec_push(d->arena, &d->searches, search_record(d, is_sure));
	return d->searches.n - 1;
}

/* Another search begins, or it does not matter any more what became of the last one. Without
 * `files' that comes out at the end. */
static void leave_search(struct bs_log_details *d)
{
	struct bs_log_state *s = d->state;

	if (s->search.is_there && !s->has_files)
		bs_vec_push(d->arena, &s->open_searches, search_record(d, false));
	s->search.is_there = false;
}

static void begin_search(struct bs_log_details *d, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;

	leave_search(d);
	s->search.is_there = true;
	s->search.name = event->to;
	s->search.ns = ns_of(event->to_ns);
	s->search.by = s->wanted.is_there && s->wanted.to == event->to ? s->wanted.from : 0;
	s->search.has_cache_hit = s->search.goes_by_path = false;
	s->search.tried.n = s->search.reasons.n = 0;
	s->search.place = event->place;
}

static void go_on_searching(struct bs_log_details *d, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;

	switch ((int)event->kind) {
	case BS_LOG_CACHE:
		s->search.has_cache_hit = false;
		s->search.goes_by_path = false;
		break;
	case BS_LOG_SEARCH_PATH:
		s->search.goes_by_path = true;
		s->search.path = event->to;
		s->search.origin = event->from;
		s->search.has_cache_hit = false;
		break;
	case BS_LOG_TRYING:
		s->search.has_cache_hit = !s->search.goes_by_path;
		bs_vec_push(d->arena, &s->search.tried, event->to);
		bs_vec_push(d->arena, &s->search.reasons, 0);
		break;
	case BS_LOG_REJECTED:
		s->search.has_cache_hit = false;
		if (s->search.reasons.n)
			s->search.reasons.v[s->search.reasons.n - 1] = event->to;
		break;
	default:
		break;
	}
}

/* Nothing was found in the last search: it came to the last of the system's directories. One that
 * finds something and makes nothing of it (RTLD_NOLOAD) ends before, as a rule. */
static bool is_exhausted(const struct bs_log_details *d, const struct bs_names *names)
{
	const struct bs_log_state *s = d->state;

	if (!s->search.is_there || s->search.has_cache_hit)
		return false;
	if (!s->search.tried.n)
		return true;
	if (!s->search.goes_by_path ||
	    strcmp(bs_name_text(names, s->search.origin), "system search path") != 0)
		return false;
	const char *file = bs_name_text(names, s->search.tried.v[s->search.tried.n - 1]);
	const char *path = bs_name_text(names, s->search.path);
	const char *colon = strrchr(path, ':'), *last = colon ? colon + 1 : path;
	size_t n = strlen(last);

	return strncmp(file, last, n) == 0 &&
	       strcmp(file + n + (file[n] == '/'), bs_log_base_name(file)) == 0;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static struct bs_log_opening *top_of(struct bs_log_details *d)
{
	struct bs_log_state *s = d->state;

	return s->opening.n ? &s->opening.v[s->opening.n - 1] : NULL;
}

static uint32_t add_step(struct bs_log_details *d, const struct bs_log_step *like,
			 const struct bs_log_event *event)
{
	const struct bs_log_opening *top = top_of(d);
	struct bs_log_step step = *like;

	step.place = event->place;
	step.within = top ? top->step : BS_LOG_NO_STEP;
	step.init = top ? top->init : d->state->start_init;
	step.run = step.init == BS_LOG_NO_OBJECT ? 0 : d->objects.v[step.init].runs;
	bs_vec_push(d->arena, &d->steps, step);
	return d->steps.n - 1;
}

/* What the messages since its beginning say of the flags. */
static void note_flags(struct bs_log_step *step, const struct bs_log_opening *opening)
{
	if (opening->has_lazy)
		step->lazy = BS_LOG_YES;
	else if (opening->has_eager)
		step->lazy = BS_LOG_NO;
	if (opening->knows_scopes && opening->global_first && opening->own_last)
		step->deepbind = opening->own_last < opening->global_first ? BS_LOG_YES : BS_LOG_NO;
}

/* The innermost dlopen that is under way failed. */
static void fail_top(struct bs_log_details *d, const struct bs_names *names)
{
	struct bs_log_opening *top = top_of(d);
	struct bs_log_step *step = &d->steps.v[top->step];

	step->state = BS_LOG_STEP_FAILED;
	step->has_error = top->has_error;
	step->had_map = top->object != BS_LOG_NO_OBJECT;
	note_flags(step, top);
	step->object = BS_LOG_NO_OBJECT;
	/* With a link map it failed for want of something else, or for what an error says. */
	if (!top->has_error && is_exhausted(d, names)) {
		uint32_t search = fail_search(d, true);

		if (search != UINT32_MAX)
			step->missing = d->searches.v[search].name;
	}
	d->state->opening.n--;
}

/* Nothing can be opened but by constructors while something is opened. */
static void fail_unless_constructing(struct bs_log_details *d, const struct bs_names *names)
{
	while (d->state->opening.n && top_of(d)->init == BS_LOG_NO_OBJECT)
		fail_top(d, names);
}

/* The step that made the namespace NS, as long as it is there. */
static uint32_t maker_of(const struct bs_log_details *d, uint32_t ns)
{
	for (uint32_t i = d->steps.n; i-- > 0;) {
		const struct bs_log_step *step = &d->steps.v[i];

		if (step->is_dlmopen && step->ns == ns && step->ns_of == BS_LOG_NO_STEP &&
		    step->state != BS_LOG_STEP_FAILED)
			return i;
	}
	return BS_LOG_NO_STEP;
}

static bool has_objects(const struct bs_log_details *d, uint32_t ns)
{
	bs_vec_each (i, &d->objects)
		if (d->objects.v[i].ns == ns && d->objects.v[i].asked && !d->objects.v[i].is_gone)
			return true;
	return false;
}

/* BY_NS: the caller's namespace. */
static void begin_open(struct bs_log_details *d, const struct bs_names *names,
		       const struct bs_log_event *event, bs_name by, uint32_t by_ns)
{
	uint32_t ns = ns_of(event->to_ns);
	struct bs_log_step step = {
		.of = BS_LOG_NO_STEP,
		.file = event->to,
		.object = BS_LOG_NO_OBJECT,
		.ns = ns,
		.is_dlmopen = ns != by_ns,
		.ns_of = BS_LOG_NO_STEP,
		.by = by,
		.by_ns = by_ns,
	};

	fail_unless_constructing(d, names);
	if (step.is_dlmopen && has_objects(d, ns))
		step.ns_of = maker_of(d, ns);
	uint32_t index = add_step(d, &step, event);

	bs_vec_push(d->arena, &d->state->opening,
		    ((struct bs_log_opening){
			    .step = index, .object = BS_LOG_NO_OBJECT, .init = BS_LOG_NO_OBJECT }));
}

/* "opening file=": whose end it is. */
static void end_open(struct bs_log_details *d, const struct bs_names *names,
		     const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	uint32_t object = bs_log_object_of(d, names, event->to, event->to_ns);
	uint32_t at = s->opening.n;

	while (at-- > 0) {
		const struct bs_log_opening *o = &s->opening.v[at];

		if (o->object == object || (o->object == BS_LOG_NO_OBJECT &&
					    d->steps.v[o->step].ns == ns_of(event->to_ns) &&
					    are_alike(names, d->steps.v[o->step].file, event->to)))
			break;
	}
	d->objects.v[object].opencount = event->number;
	if (at == UINT32_MAX) {
		const struct bs_log_step step = {
			.of = BS_LOG_NO_STEP,
			.file = event->to,
			.object = object,
			.ns = ns_of(event->to_ns),
			.ns_of = BS_LOG_NO_STEP,
			.state = BS_LOG_STEP_DONE,
			.again = true,
		};

		fail_unless_constructing(d, names);
		s->last_again = add_step(d, &step, event);
		/* So far it was a mere dependency: then that came before. */
		if (s->stray_global)
			d->steps.v[s->last_again].global = BS_LOG_YES;
		if (step.ns) {
			d->steps.v[s->last_again].is_dlmopen = true;
			d->steps.v[s->last_again].ns_of = maker_of(d, step.ns);
		}
		return;
	}
	while (s->opening.n > at + 1)
		fail_top(d, names);
	struct bs_log_step *step = &d->steps.v[s->opening.v[at].step];

	step->state = BS_LOG_STEP_DONE;
	step->again = s->opening.v[at].object == BS_LOG_NO_OBJECT;
	step->object = object;
	note_flags(step, &s->opening.v[at]);
	s->last_again = s->opening.v[at].step;
	s->opening.n = at;
	s->search.is_there = false;
}

/* The last step that opened OBJECT and is not closed. */
static uint32_t opener_of(const struct bs_log_details *d, uint32_t object)
{
	for (uint32_t i = d->steps.n; i-- > 0;) {
		bool closed = false;

		if (d->steps.v[i].is_close || d->steps.v[i].object != object ||
		    d->steps.v[i].state != BS_LOG_STEP_DONE)
			continue;
		for (uint32_t k = i + 1; k < d->steps.n && !closed; k++)
			closed = d->steps.v[k].is_close && d->steps.v[k].of == i;
		if (!closed)
			return i;
	}
	return BS_LOG_NO_STEP;
}

static void add_close(struct bs_log_details *d, uint32_t object, const struct bs_log_event *event)
{
	struct bs_log_step step = {
		.is_close = true,
		.of = opener_of(d, object),
		.file = d->objects.v[object].name,
		.object = object,
		.ns = d->objects.v[object].ns,
		.ns_of = BS_LOG_NO_STEP,
		.state = BS_LOG_STEP_DONE,
	};

	/* From 2.42 on one that changes nothing has no line. */
	if (step.of == BS_LOG_NO_STEP) {
		const struct bs_log_step open = {
			.of = BS_LOG_NO_STEP,
			.file = d->objects.v[object].name,
			.object = object,
			.ns = d->objects.v[object].ns,
			.is_dlmopen = d->objects.v[object].ns != 0,
			.ns_of = maker_of(d, d->objects.v[object].ns),
			.state = BS_LOG_STEP_DONE,
			.again = true,
			.is_inferred = true,
		};

		step.of = add_step(d, &open, event);
	}
	add_step(d, &step, event);
}

static void note_destroyed(struct bs_log_details *d, const struct bs_names *names,
			   const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	uint32_t object = bs_log_object_find(d, event->to, ns_of(event->to_ns));

	if (object == BS_LOG_NO_OBJECT)
		return;
	/* An open that fails closes what it has loaded. */
	for (uint32_t i = s->opening.n; i-- > 0;) {
		if (s->opening.v[i].object != object)
			continue;
		while (s->opening.n > i)
			fail_top(d, names);
		break;
	}
	if (d->objects.v[object].opencount == 1)
		add_close(d, object, event);
	d->objects.v[object].opencount = 0;
	d->objects.v[object].is_gone = true;
	s->last_from.name = s->last_to.name = 0;
}

/* ---- objects that come ----------------------------------------------------------------------- */

static void note_link_map(struct bs_log_details *d, const struct bs_names *names,
			  const struct bs_log_process *process, const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	uint32_t ns = ns_of(event->to_ns);
	bool searched = s->search.is_there && s->search.name == event->to && s->search.tried.n;
	bs_name name = searched ? s->search.tried.v[s->search.tried.n - 1] : event->to;
	bool wanted =
		s->wanted.is_there && s->wanted.to == event->to && ns_of(s->wanted.to_ns) == ns;

	s->search.is_there = false;
	s->wanted.is_there = false;
	/* A dlmopen of a path, of LM_ID_BASE, too. Audit modules come while the program is loaded.
	 */
	if (!wanted && process->phase > BS_LOG_LOADING)
		begin_open(d, names, event, 0, 0);
	uint32_t object = bs_log_object_find(d, name, ns);

	if (object == BS_LOG_NO_OBJECT || d->objects.v[object].is_gone ||
	    d->objects.v[object].asked)
		object = bs_log_object_add(d, names, name, event->to, ns);
	d->objects.v[object].asked = event->to;
	struct bs_log_opening *top = top_of(d);
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
		uint32_t by = bs_log_object_of(d, names, s->wanted.from, ns_of(s->wanted.from_ns));

		d->objects.v[object].by = by;
	}
}

static void note_init(struct bs_log_details *d, const struct bs_names *names,
		      const struct bs_log_event *event)
{
	uint32_t object = bs_log_object_of(d, names, event->to, BS_LOG_NO_NS);

	/* What has no link map has no constructors. */
	while (d->state->opening.n && top_of(d)->object == BS_LOG_NO_OBJECT)
		fail_top(d, names);
	struct bs_log_opening *top = top_of(d);

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
			fail_top(d, names);
		return s->opening.v[i].step;
	}
	if (s->opening.n && top_of(d)->object == BS_LOG_NO_OBJECT)
		return top_of(d)->step;
	return s->opening.n ? BS_LOG_NO_STEP : s->last_again;
}

static void note_global(struct bs_log_details *d, const struct bs_names *names,
			const struct bs_log_event *event)
{
	uint32_t object = bs_log_object_find(d, event->to, ns_of(event->to_ns));
	uint32_t step = step_about(d, names, object);

	if (step != BS_LOG_NO_STEP)
		d->steps.v[step].global = BS_LOG_YES;
	else
		d->state->stray_global = true;
}

static void note_nodelete(struct bs_log_details *d, const struct bs_names *names,
			  const struct bs_log_event *event)
{
	uint32_t object = bs_log_object_find(d, event->to, ns_of(event->to_ns));
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
	struct bs_log_opening *top = top_of(d);

	if (!s->main_scope && event->number == 0 && event->n_list)
		s->main_scope = event->list[0];
	if (!top || !top->in_scopes || !event->n_list)
		return;
	top->knows_scopes = true;
	if (event->list[0] == d->objects.v[top->object].name)
		top->own_last = event->number + 1;
	else if (event->list[0] == head_of(d, d->objects.v[top->object].ns) && !top->global_first)
		top->global_first = event->number + 1;
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
		top_of(d)->has_error = true;
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

	leave_search(d);
	s->has_files = true;
	s->wanted.to = event->to;
	s->wanted.to_ns = event->to_ns;
	s->wanted.from = event->from;
	s->wanted.from_ns = event->from_ns;
	s->wanted.is_there = true;
	s->wanted.is_open = event->kind == BS_LOG_DYNAMIC;
	bs_log_object_of(d, names, event->from, ns_of(event->from_ns));
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
	struct bs_log_opening *top = top_of(d);

	if (event->kind != BS_LOG_SCOPE && event->kind != BS_LOG_NO_SCOPE && top)
		top->in_scopes = false;
	forget_last(s, event->kind);
	switch ((int)event->kind) {
	case BS_LOG_NEEDED:
		note_wanted(d, names, event);
		break;
	case BS_LOG_DYNAMIC:
		/* What failed before is settled with its own search. */
		fail_unless_constructing(d, names);
		note_wanted(d, names, event);
		begin_open(d, names, event, event->from, ns_of(event->from_ns));
		break;
	case BS_LOG_LINK_MAP:
		s->has_files = true;
		note_link_map(d, names, process, event);
		break;
	case BS_LOG_FIND:
		begin_search(d, event);
		break;
	case BS_LOG_CACHE:
	case BS_LOG_SEARCH_PATH:
	case BS_LOG_TRYING:
	case BS_LOG_REJECTED:
		go_on_searching(d, event);
		break;
	case BS_LOG_OPENED:
		s->has_files = true;
		end_open(d, names, event);
		break;
	case BS_LOG_CLOSING: {
		uint32_t object = bs_log_object_find(d, event->to, BS_LOG_NO_NS);

		if (object == BS_LOG_NO_OBJECT)
			break;
		add_close(d, object, event);
		d->objects.v[object].opencount = event->number;
		break;
	}
	case BS_LOG_DESTROYED:
		note_destroyed(d, names, event);
		break;
	case BS_LOG_INIT:
		leave_search(d);
		note_init(d, names, event);
		break;
	case BS_LOG_PROGRAM:
		leave_search(d);
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
		fail_top(d, names);
	if (s->search.is_there && s->has_files && process->phase < BS_LOG_RUNNING &&
	    is_exhausted(d, names)) {
		uint32_t search = fail_search(d, true);

		d->searches.v[search].ended = true;
	}
	leave_search(d);
	bs_vec_each (i, &s->open_searches)
		if (!was_found(d, &s->open_searches.v[i]))
			bs_vec_push(d->arena, &d->searches, s->open_searches.v[i]);
	if (s->last_error != UINT32_MAX)
		d->errors.v[s->last_error].ended = true;
}
