/* SPDX-License-Identifier: MIT */
/* What is left over on either side: how far the testimony reaches, what belongs together, and in
 * groups. */
#include "verify-priv.h"

#include <fnmatch.h>
#include <stdlib.h>

/* ---- groups ---------------------------------------------------------------------------------- */

static struct bs_verify_group *group_of(struct bs_holding *h, const struct bs_blame *f)
{
	struct bs_verify *verify = h->verify;
	uint32_t *last = &bs_known_of(h, f->object)->group;

	/* Mostly it is the last one about its object. */
	for (uint32_t i = *last; i-- > 0;) {
		struct bs_verify_group *g = &verify->groups.v[i];

		if (g->cause == f->cause && g->object == f->object && g->step == f->step)
			return g;
	}
	bs_vec_push(h->arena, &verify->groups,
		    (struct bs_verify_group){
			    .cause = f->cause, .object = f->object, .step = f->step });
	*last = verify->groups.n;
	return &verify->groups.v[verify->groups.n - 1];
}

static void disagree(struct bs_holding *h, uint32_t told, uint32_t made, uint32_t n,
		     const bool *is_made)
{
	const struct bs_held_deed *deeds = h->t->deeds.v;
	const struct bs_held_deed *one = told == BS_VERIFY_NOTHING ? &deeds[made] : &deeds[told];
	const struct bs_blame f =
		bs_cause_of(h, told == BS_VERIFY_NOTHING ? NULL : &deeds[told],
			    made == BS_VERIFY_NOTHING ? NULL : &deeds[made], is_made);
	struct bs_verify_group *group = group_of(h, &f);
	enum bs_verify_part part = bs_deed_part(one->deed.kind);

	bs_vec_push(h->arena, &group->list, ((struct bs_disagreement){ told, made, n }));
	group->n += n;
	group->n_parts[part] += n;
	/* Where the simulation has some of them nobody can tell which line is one too many. */
	if (told != BS_VERIFY_NOTHING && one->first.line && !one->made &&
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
	/* Those that the simulation has first: there are few, whatever a log says. */
	if (!x->made != !y->made)
		return x->made ? -1 : 1;
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
		uint32_t end_made = at + (list->v[at].made > 0);

		end = at + 1;
		while (end < list->n && is_one_reference(&list->v[at].deed, &list->v[end].deed)) {
			end_made += list->v[end].made > 0;
			end++;
		}
		for (unsigned round = 0; round < 2; round++)
			for (uint32_t i = at; i < end; i++)
				pair_with(h, &list->v[i], list, at, end_made, round == 0, is_made);
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
static bool follows_from_calls(struct bs_holding *h, const struct bs_deed *deed)
{
	return deed->kind == BS_DEED_DEPENDENCY && !bs_foreign_of(h, deed);
}

/* How many of N lines of DEED, which were not told, may be torn ones. Each is taken once. */
static uint32_t take_torn(struct bs_holding *h, const struct bs_deed *deed, uint32_t n)
{
	uint32_t taken = 0;

	if (deed->kind != BS_DEED_BINDING)
		return 0;
	for (uint32_t i = 0; i < h->t->torn.n && taken < n; i++) {
		struct bs_deed *torn = &h->t->torn.v[i];

		if (torn->what != deed->what || torn->who != deed->who)
			continue;
		torn->what = 0;
		taken++;
	}
	return taken;
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

		made -= take_torn(h, &held->deed, made);
		h->verify->sums[part].agreed += held->agreed;
		h->verify->sums[part].unreached += held->unreached;
		if (told || made)
			bs_vec_push(h->arena, ret, ((struct left){ held->deed, i, told, made }));
	}
}

/* ---- order ----------------------------------------------------------------------------------- */

/* Of what both sides have: what comes in each step, in order. */
static bs_ids *loads_told(struct bs_holding *h)
{
	bs_ids *ret = bs_new(h->arena, bs_ids, h->verify->steps.n + 1);

	bs_vec_each (i, &h->t->marks) {
		const struct bs_mark *m = &h->t->marks.v[i];

		if (m->kind != BS_MARK_LOADED)
			continue;
		const struct bs_deed deed = { .kind = BS_DEED_LOADED,
					      .what = m->name,
					      .ns = m->ns };
		const struct bs_held_deed *held = &h->t->deeds.v[bs_deed_find(h->t, &deed)];
		uint32_t step = bs_made_step(h, m->name, m->ns, true, m->nth);

		if (held->told == held->made && step < h->verify->steps.n)
			bs_vec_push(h->arena, &ret[step], m->name);
	}
	return ret;
}

static bs_ids *loads_made(struct bs_holding *h)
{
	bs_ids *ret = bs_new(h->arena, bs_ids, h->verify->steps.n + 1);

	bs_vec_each (i, &h->lines) {
		const struct bs_held_deed *held = &h->t->deeds.v[h->lines.v[i].deed];

		if (held->deed.kind == BS_DEED_LOADED && held->told == held->made)
			bs_vec_push(h->arena, &ret[h->lines.v[i].step], held->deed.what);
	}
	return ret;
}

static void compare_order(struct bs_holding *h)
{
	const bs_ids *all_told = loads_told(h), *all_made = loads_made(h);

	bs_vec_each (step, &h->verify->steps) {
		const bs_ids *told = &all_told[step], *made = &all_made[step];
		uint32_t i = 0;

		while (i < told->n && i < made->n && told->v[i] == made->v[i])
			i++;
		if (i >= told->n || i >= made->n)
			continue;
		const struct bs_blame f = { BS_VERIFY_OTHER_ORDER, told->v[i],
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
	const struct bs_blame f = { BS_VERIFY_OUTCOME, 0, 0 };

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

static int by_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* What was told alone, by line; then what was told too often, and what was not, as it is made. */
struct placed {
	struct bs_disagreement d;
	bool is_made;
	uint64_t line;
};

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if ((x->d.told == BS_VERIFY_NOTHING) != (y->d.told == BS_VERIFY_NOTHING))
		return y->d.told == BS_VERIFY_NOTHING ? -1 : 1;
	if (x->is_made != y->is_made)
		return x->is_made ? 1 : -1;
	if (x->line != y->line)
		return by_number(x->line, y->line);
	return x->d.made != y->d.made ? by_number(x->d.made, y->d.made)
				      : by_number(x->d.told, y->d.told);
}

static void sort_list(struct bs_holding *h, struct bs_verify_group *g)
{
	struct placed *all = bs_new(h->arena, struct placed, g->list.n + 1);

	bs_vec_each (i, &g->list) {
		all[i].d = g->list.v[i];
		if (all[i].d.told == BS_VERIFY_NOTHING)
			continue;
		all[i].line = h->t->deeds.v[all[i].d.told].first.line;
		all[i].is_made = h->t->deeds.v[all[i].d.told].made > 0;
	}
	qsort(all, g->list.n, sizeof *all, by_place);
	bs_vec_each (i, &g->list)
		g->list.v[i] = all[i].d;
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
	bs_vec_each (i, &h->verify->groups) {
		sort_list(h, &h->verify->groups.v[i]);
		h->verify->opens_untold |= h->verify->groups.v[i].cause == BS_VERIFY_MISSING_STEP &&
					   !h->verify->plan->n_steps;
	}
}
