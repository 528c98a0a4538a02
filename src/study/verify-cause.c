/* SPDX-License-Identifier: MIT */
/* What is left over on either side: paired, and grouped by what it most likely comes from. */
#include "verify-priv.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST_NEED = 64 };

/* ---- objects that one side alone has ----------------------------------------------------------
 */

static bool is_simulated(const struct bs_holding *h, bs_name name, uint32_t ns)
{
	return bs_made_step(h, name, ns, false, 0) != BS_NEVER;
}

/* The object called NAME is one that no namespace of the simulation has. */
static bool is_foreign(const struct bs_holding *h, bs_name name)
{
	if (!name || !*bs_holding_text(h, name))
		return false;
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++)
		if (is_simulated(h, name, ns))
			return false;
	return true;
}

/* One that the simulation has and the testimony has not, with the base name of NAME; 0: there is
 * none. SWAPPED: the other way round. */
static bs_name stand_in(const struct bs_holding *h, bs_name name, bool swapped)
{
	const char *base = bs_base_name(bs_holding_text(h, name));

	if (swapped) {
		bs_vec_each (i, &h->t->objects) {
			bs_name other = h->t->objects.v[i].name;

			if (other != name && is_foreign(h, other) &&
			    strcmp(bs_base_name(bs_holding_text(h, other)), base) == 0)
				return other;
		}
		return 0;
	}
	bs_vec_each (i, &h->objects) {
		const struct bs_made_object *o = &h->objects.v[i];

		if (!o->is_request && o->name != name && !bs_told_find(h->t, o->name, o->ns) &&
		    strcmp(bs_base_name(bs_holding_text(h, o->name)), base) == 0)
			return o->name;
	}
	return 0;
}

/* Who asked for what NAME is, by the testimony; 0: nobody is known to. *RET_REQUEST: by which name.
 */
static bs_name asked_by(const struct bs_holding *h, bs_name name, bs_name *ret_request)
{
	const char *base = bs_base_name(bs_holding_text(h, name));

	bs_vec_each (i, &h->t->deeds) {
		const struct bs_held_deed *held = &h->t->deeds.v[i];

		if (held->told <= held->made ||
		    (held->deed.kind != BS_DEED_NEEDED && held->deed.kind != BS_DEED_DLOPEN))
			continue;
		if (held->deed.what != name &&
		    strcmp(bs_base_name(bs_holding_text(h, held->deed.what)), base) != 0)
			continue;
		*ret_request = held->deed.what;
		return held->deed.kind == BS_DEED_DLOPEN ? 0 : held->deed.who;
	}
	return 0;
}

/* What was opened that brought NAME: a request, or NAME itself where nobody knows. */
static bs_name root_of(const struct bs_holding *h, bs_name name)
{
	for (uint32_t depth = 0; depth < DEEPEST_NEED; depth++) {
		bs_name request = name, by = asked_by(h, name, &request);

		if (!by || !is_foreign(h, by))
			return request;
		name = by;
	}
	return name;
}

/* The first word of LIST that is a foreign object, or 0. */
static bs_name foreign_in(const struct bs_holding *h, bs_name list)
{
	const char *at = bs_holding_text(h, list);

	while (*at) {
		size_t n = strcspn(at, " ");
		bs_name name = bs_name_find(h->t->names, bs_arena_strndup(h->arena, at, n));

		if (name && bs_told_find(h->t, name, 0) && is_foreign(h, name))
			return name;
		at += n + (at[n] == ' ');
	}
	return 0;
}

/* The object that DEED, which was told, is about and that the simulation has not; or 0. */
static bs_name foreign_of(const struct bs_holding *h, const struct bs_deed *deed)
{
	switch (deed->kind) {
	case BS_DEED_BINDING:
	case BS_DEED_VERSION:
	case BS_DEED_DEPENDENCY:
		return is_foreign(h, deed->who)	 ? deed->who
		       : is_foreign(h, deed->to) ? deed->to
						 : 0;
	case BS_DEED_SCOPE:
		return is_foreign(h, deed->who) ? deed->who : foreign_in(h, deed->to);
	case BS_DEED_NEEDED:
	case BS_DEED_OPENED:
	case BS_DEED_CLOSING:
	case BS_DEED_DESTROYED:
	case BS_DEED_ACTIVATED:
	case BS_DEED_GLOBAL:
	case BS_DEED_ERROR:
		return is_foreign(h, deed->who) ? deed->who : 0;
	case BS_DEED_SEARCH:
	case BS_DEED_DLOPEN:
	case BS_DEED_LOADED:
	case BS_DEED_COUNT_:
		break;
	}
	return 0;
}

/* The simulation asks for WHAT, too. */
static bool is_requested(const struct bs_holding *h, bs_name what)
{
	bs_vec_each (i, &h->t->deeds) {
		const struct bs_held_deed *held = &h->t->deeds.v[i];

		if (held->made && held->deed.what == what &&
		    (held->deed.kind == BS_DEED_SEARCH || held->deed.kind == BS_DEED_NEEDED ||
		     held->deed.kind == BS_DEED_DLOPEN || held->deed.kind == BS_DEED_LOADED))
			return true;
	}
	return false;
}

/* ---- causes ---------------------------------------------------------------------------------- */

struct finding {
	enum bs_verify_cause cause;
	bs_name object;
	uint32_t step;
};

static const char *last_line(const char *text)
{
	const char *newline = strrchr(text, '\n');

	return newline ? newline + 1 : text;
}

static struct finding cause_of_told(const struct bs_holding *h, const struct bs_held_deed *told)
{
	const struct bs_deed *deed = &told->deed;
	bs_name foreign = foreign_of(h, deed);

	if (foreign)
		return stand_in(h, foreign, false)
			       ? (struct finding){ BS_VERIFY_OTHER_FILE, foreign, 0 }
			       : (struct finding){ BS_VERIFY_MISSING_STEP, root_of(h, foreign), 0 };
	if (deed->kind == BS_DEED_DLOPEN)
		return (struct finding){ BS_VERIFY_MISSING_STEP, deed->what, 0 };
	if (deed->kind == BS_DEED_NEEDED || deed->kind == BS_DEED_LOADED ||
	    deed->kind == BS_DEED_SEARCH) {
		if (!is_requested(h, deed->what))
			return (struct finding){ BS_VERIFY_MISSING_STEP, root_of(h, deed->what),
						 0 };
		return (struct finding){ BS_VERIFY_NOT_SIMULATED, deed->what, 0 };
	}
	if (deed->kind == BS_DEED_ERROR)
		return (struct finding){ BS_VERIFY_OUTCOME, deed->who, 0 };
	if (told->other_outcome != BS_VERIFY_NO_ANSWER)
		return (struct finding){ BS_VERIFY_OTHER_DEFINER, deed->who, 0 };
	return (struct finding){ BS_VERIFY_NOT_SIMULATED, deed->who, 0 };
}

static struct finding cause_of_made(const struct bs_holding *h, const struct bs_held_deed *made,
				    const bool *is_made)
{
	const struct bs_deed *deed = &made->deed;
	bs_name objects[] = { deed->who,
			      deed->kind == BS_DEED_BINDING || deed->kind == BS_DEED_VERSION
				      ? deed->to
				      : 0 };

	for (unsigned i = 0; i < 2; i++) {
		bs_name other = objects[i] ? stand_in(h, objects[i], true) : 0;

		if (other && !bs_told_find(h->t, objects[i], 0))
			return (struct finding){ BS_VERIFY_OTHER_FILE, other, 0 };
	}
	if (!is_made[made->step])
		return (struct finding){ BS_VERIFY_NOT_MADE, 0,
					 h->verify->steps.v[made->step].number };
	if (deed->kind == BS_DEED_ERROR)
		return (struct finding){ BS_VERIFY_OUTCOME, deed->who, 0 };
	return (struct finding){ BS_VERIFY_NOT_TOLD, deed->who ? deed->who : deed->what, 0 };
}

static struct finding cause_of(const struct bs_holding *h, const struct bs_held_deed *told,
			       const struct bs_held_deed *made, const bool *is_made)
{
	if (!made)
		return cause_of_told(h, told);
	if (!told)
		return cause_of_made(h, made, is_made);
	const struct bs_deed *deed = &told->deed;
	bs_name foreign = foreign_of(h, deed);

	if (foreign)
		return cause_of_told(h, told);
	if (deed->kind == BS_DEED_SEARCH)
		return (struct finding){ strcmp(last_line(bs_holding_text(h, deed->to)),
						last_line(bs_holding_text(h, made->deed.to)))
						 ? BS_VERIFY_OTHER_FILE
						 : BS_VERIFY_OTHER_SEARCH,
					 deed->what, 0 };
	if (deed->kind == BS_DEED_SCOPE)
		return (struct finding){ BS_VERIFY_OTHER_SCOPE, deed->who, 0 };
	if (deed->kind == BS_DEED_BINDING && deed->version == made->deed.version)
		return (struct finding){ BS_VERIFY_OTHER_DEFINER, deed->who, 0 };
	return (struct finding){ BS_VERIFY_OTHER_VERSION, deed->who, 0 };
}

static struct bs_verify_group *group_of(struct bs_holding *h, const struct finding *f)
{
	struct bs_verify *verify = h->verify;

	bs_vec_each (i, &verify->groups) {
		struct bs_verify_group *g = &verify->groups.v[i];

		if (g->cause == f->cause && g->object == f->object && g->step == f->step)
			return g;
	}
	bs_vec_push(h->arena, &verify->groups,
		    (struct bs_verify_group){
			    .cause = f->cause, .object = f->object, .step = f->step });
	return &verify->groups.v[verify->groups.n - 1];
}

static void disagree(struct bs_holding *h, uint32_t told, uint32_t made, uint32_t n,
		     const bool *is_made)
{
	const struct bs_held_deed *deeds = h->t->deeds.v;
	const struct bs_held_deed *one = told == BS_VERIFY_NOTHING ? &deeds[made] : &deeds[told];
	const struct finding f = cause_of(h, told == BS_VERIFY_NOTHING ? NULL : &deeds[told],
					  made == BS_VERIFY_NOTHING ? NULL : &deeds[made], is_made);
	struct bs_verify_group *group = group_of(h, &f);
	enum bs_verify_part part = bs_deed_part(one->deed.kind);

	bs_vec_push(h->arena, &group->list, ((struct bs_disagreement){ told, made, n }));
	group->n += n;
	group->n_parts[part] += n;
	if (told != BS_VERIFY_NOTHING && one->first.line &&
	    (!group->first.line || one->first.line < group->first.line))
		group->first = one->first;
	h->verify->sums[part].disagreed += n;
	h->verify->n_disagreed += n;
}

/* ---- how far the testimony reaches ------------------------------------------------------------
 */

static bool is_compared(const struct bs_holding *h, const struct bs_deed *deed)
{
	enum bs_verify_part part = bs_deed_part(deed->kind);

	return part == BS_VERIFY_ERRORS ? h->t->parts != 0 : h->t->parts & 1u << part;
}

/* How many lines of the simulation must have been told, by what was told of constructors. */
static uint64_t reach_of_marks(const struct bs_holding *h)
{
	const struct bs_verify *verify = h->verify;
	uint64_t reach = 0;

	if (h->t->is_whole)
		return h->lines.n;
	bs_vec_each (i, &h->t->marks) {
		const struct bs_mark *m = &h->t->marks.v[i];
		uint32_t step = BS_NEVER;
		uint64_t line;

		if (m->kind == BS_MARK_CONTROL)
			step = 0;
		else if (m->kind == BS_MARK_INIT)
			step = bs_made_step(h, m->name, m->ns, false, m->nth);
		if (step >= verify->steps.n)
			continue;
		line = m->kind == BS_MARK_CONTROL ? verify->steps.v[step].last_line
						  : verify->steps.v[step].last_early_line;
		if (line > reach)
			reach = line;
	}
	return reach;
}

/* Fills in UNREACHED, and which steps left a trace. */
static void find_reach(struct bs_holding *h, bool *is_made)
{
	struct bs_verify *verify = h->verify;
	uint32_t *seen = bs_new(h->arena, uint32_t, h->t->deeds.n);
	bool *is_told = bs_new(h->arena, bool, h->lines.n);
	uint64_t reach = reach_of_marks(h);

	bs_vec_each (i, &h->lines) {
		const struct bs_made_line *line = &h->lines.v[i];

		is_told[i] = seen[line->deed] < h->t->deeds.v[line->deed].told;
		seen[line->deed] += is_told[i];
		if (!is_told[i])
			continue;
		is_made[line->step] = true;
		if (i + 1 > reach)
			reach = i + 1;
	}
	if (h->t->is_forked)
		reach = 0;
	for (uint64_t i = reach; i < h->lines.n; i++)
		h->t->deeds.v[h->lines.v[i].deed].unreached += !is_told[i];
	bs_vec_each (i, &verify->steps) {
		struct bs_verify_step *s = &verify->steps.v[i];

		s->is_reached = s->first_line < reach ||
				(s->first_line == s->last_line && s->first_line <= reach);
		is_made[i] |= i == 0;
	}
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static bool fits(const char *glob, const char *name)
{
	return !glob || fnmatch(glob, name, 0) == 0 || fnmatch(glob, bs_base_name(name), 0) == 0;
}

static bool is_selected(const struct bs_holding *h, const struct bs_deed *deed)
{
	const struct bs_selection *s = h->selection;
	const char *symbol = bs_holding_text(h, deed->what);

	return deed->kind != BS_DEED_BINDING ||
	       (fits(s->from, bs_holding_text(h, deed->who)) &&
		fits(s->to, bs_holding_text(h, deed->to)) &&
		(!s->symbol || fnmatch(s->symbol, symbol, 0) == 0 ||
		 fnmatch(s->symbol, bs_demangled(symbol), 0) == 0));
}

/* What is left over of a deed. */
struct left {
	struct bs_deed deed;
	uint32_t index, told, made;
};

typedef BS_VEC(struct left) lefts;

static int by_reference(const void *a, const void *b)
{
	const struct left *x = a, *y = b;

#define BY(member)                                                                                 \
	if (x->deed.member != y->deed.member)                                                      \
	return x->deed.member < y->deed.member ? -1 : 1
	BY(kind);
	BY(who);
	BY(ns);
	BY(what);
	BY(number);
#undef BY
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Of one reference, but for the version that it asks for. */
static bool is_one_reference(const struct bs_deed *a, const struct bs_deed *b)
{
	return a->kind == b->kind && a->who == b->who && a->ns == b->ns && a->what == b->what &&
	       a->number == b->number;
}

static uint32_t fewer(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Pairs ONE, of which something was told, with those of LIST from AT to END. */
static void pair_with(struct bs_holding *h, struct left *one, lefts *list, uint32_t at,
		      uint32_t end, bool same_version, const bool *is_made)
{
	for (uint32_t k = at; k < end && one->told; k++) {
		struct left *other = &list->v[k];
		uint32_t n = fewer(one->told, other->made);

		if (!n || (same_version && other->deed.version != one->deed.version))
			continue;
		disagree(h, one->index, other->index, n, is_made);
		one->told -= n;
		other->made -= n;
	}
}

static void pair_all(struct bs_holding *h, lefts *list, const bool *is_made)
{
	if (list->n)
		qsort(list->v, list->n, sizeof *list->v, by_reference);
	for (uint32_t at = 0, end; at < list->n; at = end) {
		end = at + 1;
		while (end < list->n && is_one_reference(&list->v[at].deed, &list->v[end].deed))
			end++;
		for (unsigned round = 0; round < 2; round++)
			for (uint32_t i = at; i < end; i++)
				pair_with(h, &list->v[i], list, at, end, round == 0, is_made);
		for (uint32_t i = at; i < end; i++) {
			const struct left *l = &list->v[i];

			if (l->told)
				disagree(h, l->index, BS_VERIFY_NOTHING, l->told, is_made);
			if (l->made)
				disagree(h, BS_VERIFY_NOTHING, l->index, l->made, is_made);
		}
	}
}

/* A slot that is called keeps objects as a relocation does, and the loader says so. */
static bool follows_from_calls(const struct bs_holding *h, const struct bs_deed *deed)
{
	return deed->kind == BS_DEED_DEPENDENCY && !foreign_of(h, deed);
}

static void collect(struct bs_holding *h, lefts *ret)
{
	bs_vec_each (i, &h->t->deeds) {
		struct bs_held_deed *held = &h->t->deeds.v[i];
		enum bs_verify_part part = bs_deed_part(held->deed.kind);

		if (!is_compared(h, &held->deed) || !is_selected(h, &held->deed))
			continue;
		if (follows_from_calls(h, &held->deed))
			held->agreed = held->told;
		uint32_t told = held->told - held->agreed;
		uint32_t made =
			held->made > held->told ? held->made - held->told - held->unreached : 0;

		h->verify->sums[part].agreed += held->agreed;
		h->verify->sums[part].unreached += held->unreached;
		if (told || made)
			bs_vec_push(h->arena, ret, ((struct left){ held->deed, i, told, made }));
	}
}

/* ---- order ----------------------------------------------------------------------------------- */

/* What comes in STEP, by the testimony if TOLD, else by the simulation: of what both have. */
static bs_ids loads_of(struct bs_holding *h, uint32_t step, bool told)
{
	bs_ids ret = { 0 };
	const struct bs_testimony *t = h->t;

	if (told) {
		bs_vec_each (i, &t->loads) {
			uint32_t nth = 0;
			const struct bs_held_deed *held =
				&t->deeds.v[bs_deed_find(t, &t->loads.v[i])];

			for (uint32_t k = 0; k < i; k++)
				nth += t->loads.v[k].what == t->loads.v[i].what &&
				       t->loads.v[k].ns == t->loads.v[i].ns;
			if (held->told == held->made &&
			    bs_made_step(h, t->loads.v[i].what, t->loads.v[i].ns, true, nth) ==
				    step)
				bs_vec_push(h->arena, &ret, t->loads.v[i].what);
		}
		return ret;
	}
	bs_vec_each (i, &h->lines) {
		const struct bs_held_deed *held = &t->deeds.v[h->lines.v[i].deed];

		if (h->lines.v[i].step == step && held->deed.kind == BS_DEED_LOADED &&
		    held->told == held->made)
			bs_vec_push(h->arena, &ret, held->deed.what);
	}
	return ret;
}

static void compare_order(struct bs_holding *h)
{
	bs_vec_each (step, &h->verify->steps) {
		const bs_ids told = loads_of(h, step, true), made = loads_of(h, step, false);
		uint32_t i = 0;

		while (i < told.n && i < made.n && told.v[i] == made.v[i])
			i++;
		if (i >= told.n || i >= made.n)
			continue;
		const struct finding f = { BS_VERIFY_OTHER_ORDER, told.v[i],
					   h->verify->steps.v[step].number };
		struct bs_verify_group *group = group_of(h, &f);

		group->n++;
		group->n_parts[BS_VERIFY_OBJECTS]++;
		h->verify->sums[BS_VERIFY_OBJECTS].disagreed++;
		h->verify->n_disagreed++;
	}
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Start-up ended otherwise. */
static void compare_start(struct bs_holding *h)
{
	const struct bs_verify *verify = h->verify;
	bool fails = verify->steps.n && verify->steps.v[0].state == BS_STEP_FAILED;
	bool failed = h->t->is_whole && !h->t->has_control;

	if (h->t->is_forked || (fails ? !h->t->has_control : !failed))
		return;
	const struct finding f = { BS_VERIFY_OUTCOME, 0, 0 };

	group_of(h, &f)->n++;
	h->verify->sums[BS_VERIFY_ERRORS].disagreed++;
	h->verify->n_disagreed++;
}

/* Where scopes differ, bindings do. */
static void blame_scopes(struct bs_verify *verify)
{
	bs_vec_each (i, &verify->groups)
		if (verify->groups.v[i].cause == BS_VERIFY_OTHER_DEFINER)
			bs_vec_each (k, &verify->groups)
				if (verify->groups.v[k].n_parts[BS_VERIFY_SCOPES] &&
				    verify->groups.v[k].cause == BS_VERIFY_OTHER_SCOPE &&
				    verify->groups.v[k].object == verify->groups.v[i].object)
					verify->groups.v[i].follows = true;
}

static int by_weight(const void *a, const void *b)
{
	const struct bs_verify_group *x = a, *y = b;

	if (x->cause != y->cause)
		return x->cause < y->cause ? -1 : 1;
	if (!x->first.line != !y->first.line)
		return x->first.line ? -1 : 1;
	if (x->first.line != y->first.line)
		return x->first.line < y->first.line ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return x->object < y->object ? -1 : x->object > y->object;
}

void bs_holding_conclude(struct bs_holding *h)
{
	bool *is_made = bs_new(h->arena, bool, h->verify->steps.n + 1);
	lefts list = { 0 };

	find_reach(h, is_made);
	collect(h, &list);
	pair_all(h, &list, is_made);
	compare_order(h);
	compare_start(h);
	blame_scopes(h->verify);
	if (h->verify->groups.n)
		qsort(h->verify->groups.v, h->verify->groups.n, sizeof *h->verify->groups.v,
		      by_weight);
	bs_vec_each (i, &h->verify->groups)
		h->verify->opens_untold |= h->verify->groups.v[i].cause == BS_VERIFY_MISSING_STEP &&
					   !h->verify->plan->n_steps;
}
