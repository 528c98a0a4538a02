/* SPDX-License-Identifier: MIT */
/*
 * Lookups that no relocation makes and no step tells: dlsym(3) by a program whose plan nobody
 * wrote, and by the C library itself. The line names the object whose scope was searched, or whose
 * handle it was. The plan is simulated once more, and each is asked at the time when it was told.
 */
#include "verify-priv.h"

#include <string.h>

/* True when DEED's reference is one that some object has. */
static bool is_known(const struct bs_holding *h, const struct bs_held_deed *held)
{
	const struct bs_testimony *t = h->t;

	for (uint32_t i = bs_deed_subject(t, &held->deed); i != BS_NO_DEED;
	     i = t->deeds.v[i].next_of_subject - 1)
		if (t->deeds.v[i].made || t->deeds.v[i].is_silent ||
		    t->deeds.v[i].other_outcome != BS_VERIFY_NO_ANSWER ||
		    t->deeds.v[i].agreed > t->deeds.v[i].made)
			return true;
	return false;
}

/* True when the simulation alone has bound the reference that ERROR is about: it is a relocation's.
 * Where the loader has bound it, too, somebody has asked once more. */
static bool is_bound(const struct bs_holding *h, const struct bs_deed *error)
{
	struct bs_deed deed = {
		.kind = BS_DEED_BINDING,
		.who = error->who,
		.what = error->what,
		.version = error->version,
	};

	for (uint32_t i = bs_deed_subject(h->t, &deed); i != BS_NO_DEED;
	     i = h->t->deeds.v[i].next_of_subject - 1)
		if (h->t->deeds.v[i].made && !h->t->deeds.v[i].told)
			return true;
	return false;
}

/* True when what OPEN asks for came, if only at another time. */
static bool was_loaded(const struct bs_holding *h, const struct bs_deed *open)
{
	const struct bs_deed loaded = { .kind = BS_DEED_LOADED,
					.what = open->what,
					.ns = open->ns };
	uint32_t i = bs_deed_find(h->t, &loaded);

	return i != BS_NO_DEED && h->t->deeds.v[i].told;
}

/* True when a slot waits for the reference of HELD and no other line is its call: then this one is,
 * as a rule. A lookup that somebody made besides may only have gone behind the object. */
static bool is_call(const struct bs_holding *h, const struct bs_held_deed *held)
{
	struct bs_deed deed = held->deed;

	if (held->other_outcome == BS_VERIFY_NO_ANSWER)
		return false;
	deed.kind = BS_DEED_BINDING;
	deed.number = 0;
	for (uint32_t i = bs_deed_subject(h->t, &deed); i != BS_NO_DEED;
	     i = h->t->deeds.v[i].next_of_subject - 1)
		if (h->t->deeds.v[i].agreed > h->t->deeds.v[i].made)
			return false;
	return true;
}

static bool wants_answer(const struct bs_holding *h, const struct bs_held_deed *held)
{
	if (held->told <= held->agreed)
		return false;
	if (held->deed.kind == BS_DEED_DLOPEN)
		return !was_loaded(h, &held->deed);
	if (held->deed.kind == BS_DEED_ERROR)
		return held->deed.number && !is_bound(h, &held->deed);
	/* A line with a version is a relocation's, as a rule. */
	return held->deed.kind == BS_DEED_BINDING && (!held->deed.version || !is_known(h, held));
}

void bs_holding_list_untold(struct bs_holding *h)
{
	bs_vec_each (i, &h->t->deeds) {
		struct bs_held_deed *held = &h->t->deeds.v[i];

		if (!wants_answer(h, held))
			continue;
		/* Answers that are no slots' come later. */
		held->is_call = is_call(h, held);
		bs_vec_push(h->arena, &h->untold, i);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asked {
	struct bs_holding *h;
	const struct bs_run *run;
	struct bs_held_deed *held;
	struct bs_version version;
	bool is_error, is_call, agrees;
};

static void ask(struct asked *a, bs_map_id map, const bs_ids *scope, const uint64_t *behind)
{
	const struct bs_run *run = a->run;
	const struct bs_deed *deed = &a->held->deed;
	const char *name = bs_name_text(a->h->t->names, deed->what);
	const struct bs_query query = {
		.name = name,
		.hash = bs_hash_gnu(name),
		.referrer = map,
		.version = deed->version ? &a->version : NULL,
		.newest = !deed->version,
		.scope = scope,
		.behind = behind,
	};
	struct bs_answer answer = bs_lookup(run->binder, &run->process, &run->ctx, &query);

	if (a->is_error) {
		a->agrees |= answer.outcome != BS_BOUND;
		return;
	}
	if (answer.outcome != BS_BOUND || answer.definer == BS_NO_MAP) {
		if (a->held->other_outcome == BS_VERIFY_NO_ANSWER)
			a->held->other_outcome = answer.outcome;
		return;
	}
	bs_name to = bs_holding_name(a->h, run, answer.definer);
	uint32_t ns = bs_map_of(&run->process, answer.definer)->ns;

	a->agrees |= to == deed->to && ns == deed->to_ns;
	if (a->agrees || a->held->other_to)
		return;
	a->held->other_outcome = answer.outcome;
	a->held->other_why = answer.why;
	a->held->other_to = to;
	a->held->other_ns = ns;
}

/* The list that RTLD_NEXT searches for MAP, and its place in it. (glibc elf/dl-sym.c:do_sym) */
static bool list_of_next(const struct bs_process *process, bs_map_id map, bs_list_id *ret_list,
			 uint64_t *ret_place)
{
	bs_map_id end = map;

	while (bs_map_of(process, end)->loader != BS_NO_MAP)
		end = bs_map_of(process, end)->loader;
	*ret_list = bs_map_of(process, end)->searchlist;
	const struct bs_searchlist *list = &process->lists.v[*ret_list];

	if (map >= list->n_place || !list->place[map])
		return false;
	*ret_place = list->place[map] - 1;
	return true;
}

/* The C library opens modules by itself, through no function that can be watched, and goes on where
 * there is none. (glibc nss/nss_module.c:module_load) */
static void ask_open(struct asked *a, bs_map_id map)
{
	const struct bs_run *run = a->run;
	const struct bs_process *process = &run->process;
	struct bs_sought sought = { .map = BS_NO_MAP };

	if (process->ns[bs_map_of(process, map)->ns].libc != map)
		return;
	bs_seek(bs_seeker_new(process, &run->ctx), &run->ctx, map,
		bs_name_text(a->h->t->names, a->held->deed.what), &sought);
	a->agrees = sought.map == BS_NO_MAP && !sought.path;
}

/* Where OPEN was looked for belongs to it. */
static void take_search(struct bs_holding *h, const struct bs_deed *open)
{
	bs_vec_each (i, &h->t->deeds) {
		struct bs_held_deed *held = &h->t->deeds.v[i];

		if (held->deed.kind == BS_DEED_SEARCH && held->deed.what == open->what &&
		    held->deed.ns == open->ns && !held->made)
			held->agreed = held->told;
	}
}

/* MAP has the functions at hand that go behind it. */
static bool may_look_behind(const struct bs_run *run, bs_map_id map)
{
	const struct bs_image *image = bs_map_of(&run->process, map)->image;

	for (uint32_t i = 1; i < image->symbols.n; i++) {
		const char *name = bs_image_symbol_name(image, i);

		if (strcmp(name, "dlsym") == 0 || strcmp(name, "dlvsym") == 0)
			return true;
	}
	return false;
}

static void ask_for(struct asked *a, bs_map_id map)
{
	const struct bs_process *process = &a->run->process;
	const struct bs_map *m = bs_map_of(process, map);
	bs_list_id own = m->searchlist, next;
	const bs_ids handle = { .v = &own, .n = 1 }, behind = { .v = &next, .n = 1 };
	uint64_t place;

	if (m->is_root && !a->is_call)
		ask(a, map, &handle, NULL);
	if (!a->agrees || a->is_error)
		ask(a, map, &m->scope, NULL);
	if (a->is_call && !may_look_behind(a->run, map))
		return;
	if ((!a->agrees || a->is_error) && list_of_next(process, map, &next, &place))
		ask(a, map, &behind, &place);
}

/* Asks for what may have been told in an epoch from LOW to HIGH. */
static void ask_all(struct bs_holding *h, const struct bs_run *run, uint32_t low, uint32_t high)
{
	bs_binder_index(run->binder, &run->process);
	bs_vec_each (i, &h->untold) {
		struct bs_held_deed *held = &h->t->deeds.v[h->untold.v[i]];
		struct asked a = {
			.h = h,
			.run = run,
			.held = held,
			.is_error = held->deed.kind == BS_DEED_ERROR,
			.is_call = held->is_call,
		};
		uint32_t from, to;

		if (held->agreed >= held->told)
			continue;
		bs_deed_epochs(h, held, &from, &to);
		if (to < low || from > high)
			continue;
		if (held->deed.version) {
			a.version.name = bs_name_text(h->t->names, held->deed.version);
			a.version.hash = bs_hash_sysv(a.version.name);
			a.version.hidden = true;
		}
		bs_vec_each (m, &run->process.maps) {
			const struct bs_map *map = bs_map_of(&run->process, m);

			if (map->removed || map->role == BS_ROLE_VDSO || a.agrees ||
			    (!a.is_error && map->ns != held->deed.ns) ||
			    bs_holding_name(h, run, m) != held->deed.who)
				continue;
			if (held->deed.kind == BS_DEED_DLOPEN)
				ask_open(&a, m);
			else
				ask_for(&a, m);
		}
		if (!a.agrees)
			continue;
		if (held->deed.kind == BS_DEED_DLOPEN) {
			h->verify->n_untold_opens += held->told - held->agreed;
			take_search(h, &held->deed);
		} else {
			h->verify->n_untold += held->told - held->agreed;
		}
		held->agreed = held->told;
		held->other_outcome = BS_VERIFY_NO_ANSWER;
	}
}

static const struct bs_verify_step *step_of(const struct bs_holding *h, uint32_t number)
{
	bs_vec_each (i, &h->verify->steps)
		if (h->verify->steps.v[i].number == number)
			return &h->verify->steps.v[i];
	return NULL;
}

static void bound(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_holding *h = data;
	const struct bs_verify_step *s = step_of(h, result->number);

	if (s)
		ask_all(h, run, s->begin, s->end);
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	if (result->state != BS_STEP_NOT_REACHED)
		ask_all(data, run, result->epoch, result->epoch);
}

struct bs_sink bs_untold_sink(struct bs_holding *h)
{
	return (struct bs_sink){ .data = h, .bound = bound, .step = step };
}
