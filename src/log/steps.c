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

/* "libx" of "libx.so.1": what a link from one to the other leaves alike. */
static size_t stem_length(const char *base)
{
	const char *so = strstr(base, ".so");

	return so ? (size_t)(so - base) : strlen(base);
}

/* What was asked for as ASKED may be the file that is there as NAME: links lie beside what they
 * lead to, as a rule, and differ in what follows ".so", or not at all. */
static bool are_alike(const struct bs_names *names, bs_name asked, bs_name name)
{
	const char *path = bs_name_text(names, asked), *other = bs_name_text(names, name);
	const char *x = base_of(names, asked), *y = base_of(names, name);
	size_t n = stem_length(x), directory = (size_t)(x - path);

	if (strcmp(x, y) == 0)
		return true;
	if (n != stem_length(y) || strncmp(x, y, n) != 0)
		return false;
	return !directory || strchr(path, '$') ||
	       (directory == (size_t)(y - other) && strncmp(path, other, directory) == 0);
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct bs_log_opening *bs_log_top(struct bs_log_details *d)
{
	struct bs_log_state *s = d->state;

	return s->opening.n ? &s->opening.v[s->opening.n - 1] : NULL;
}

static uint32_t add_step(struct bs_log_details *d, const struct bs_log_step *like,
			 const struct bs_log_event *event)
{
	const struct bs_log_opening *top = bs_log_top(d);
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
void bs_log_fail_top(struct bs_log_details *d, const struct bs_names *names)
{
	struct bs_log_opening *top = bs_log_top(d);
	struct bs_log_step *step = &d->steps.v[top->step];

	step->state = BS_LOG_STEP_FAILED;
	step->has_error = top->has_error;
	step->had_map = top->object != BS_LOG_NO_OBJECT;
	/* One that was refused when it was mapped has no word of its end. */
	for (uint32_t i = top->first_object; top->init == BS_LOG_NO_OBJECT && i < d->objects.n; i++)
		d->objects.v[i].is_gone |= d->objects.v[i].asked && d->objects.v[i].ns == step->ns;
	note_flags(step, top);
	step->object = BS_LOG_NO_OBJECT;
	/* With a link map it failed for want of something else, or for what an error says. */
	if (!top->has_error && bs_log_is_exhausted(d, names)) {
		uint32_t search = bs_log_fail_search(d, true);

		if (search != UINT32_MAX)
			step->missing = d->searches.v[search].name;
	}
	d->state->opening.n--;
}

/* Nothing can be opened but by constructors while something is opened. */
void bs_log_fail_unless_constructing(struct bs_log_details *d, const struct bs_names *names)
{
	while (d->state->opening.n && bs_log_top(d)->init == BS_LOG_NO_OBJECT)
		bs_log_fail_top(d, names);
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
		if (d->objects.v[i].ns == ns && !d->objects.v[i].is_gone &&
		    (d->objects.v[i].asked || d->objects.v[i].opencount))
			return true;
	return false;
}

/* BY_NS: the caller's namespace. */
void bs_log_begin_open(struct bs_log_details *d, const struct bs_names *names,
		       const struct bs_log_event *event, bs_name by, uint32_t by_ns)
{
	uint32_t ns = bs_log_ns_of(event->to_ns);
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

	bs_log_fail_unless_constructing(d, names);
	if (step.is_dlmopen && has_objects(d, ns))
		step.ns_of = maker_of(d, ns);
	uint32_t index = add_step(d, &step, event);

	bs_vec_push(d->arena, &d->state->opening,
		    ((struct bs_log_opening){ .step = index,
					      .first_object = d->objects.n,
					      .object = BS_LOG_NO_OBJECT,
					      .init = BS_LOG_NO_OBJECT }));
}

/* "opening file=": whose end it is. */
void bs_log_end_open(struct bs_log_details *d, const struct bs_names *names,
		     const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	uint32_t object = bs_log_object_of(d, names, event->to, event->to_ns);
	uint32_t at = s->opening.n;

	while (at-- > 0) {
		const struct bs_log_opening *o = &s->opening.v[at];

		if (o->object == object || (o->object == BS_LOG_NO_OBJECT &&
					    d->steps.v[o->step].ns == bs_log_ns_of(event->to_ns) &&
					    are_alike(names, d->steps.v[o->step].file, event->to)))
			break;
	}
	d->objects.v[object].opencount = event->number;
	if (at == UINT32_MAX) {
		const struct bs_log_step step = {
			.of = BS_LOG_NO_STEP,
			.file = event->to,
			.object = object,
			.ns = bs_log_ns_of(event->to_ns),
			.ns_of = BS_LOG_NO_STEP,
			.state = BS_LOG_STEP_DONE,
			.again = true,
		};

		bs_log_fail_unless_constructing(d, names);
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
		bs_log_fail_top(d, names);
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

void bs_log_add_close(struct bs_log_details *d, const struct bs_names *names, uint32_t object,
		      const struct bs_log_event *event)
{
	bs_log_fail_unless_constructing(d, names);

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

void bs_log_note_destroyed(struct bs_log_details *d, const struct bs_names *names,
			   const struct bs_log_event *event)
{
	struct bs_log_state *s = d->state;
	uint32_t object = bs_log_object_find(d, event->to, bs_log_ns_of(event->to_ns));

	if (object == BS_LOG_NO_OBJECT)
		return;
	/* An open that fails closes what it has loaded. */
	for (uint32_t i = s->opening.n; i-- > 0;) {
		if (s->opening.v[i].object != object)
			continue;
		while (s->opening.n > i)
			bs_log_fail_top(d, names);
		break;
	}
	if (d->objects.v[object].opencount == 1)
		bs_log_add_close(d, names, object, event);
	d->objects.v[object].opencount = 0;
	d->objects.v[object].is_gone = true;
	s->last_from.name = s->last_to.name = 0;
}
