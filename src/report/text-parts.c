/* SPDX-License-Identifier: MIT */
/* The parts of the text report that list: objects, scopes, pairs, bindings. */
#include "text-priv.h"

#include "../base/guess.h"

#include <stdlib.h>
#include <string.h>

static void heading(struct bs_report *report, const struct bs_step_result *result, const char *what)
{
	bs_write_format(report->writer, "\n%s of step %u\n", what, result->number);
}

/* ---- objects ------------------------------------------------------------------------------- */

const char *bs_how_words(const struct bs_run *run, enum bs_how how)
{
	switch (how) {
	case BS_HOW_PATH:
		return "by its path";
	case BS_HOW_RPATH:
		return "RPATH";
	case BS_HOW_LIBRARY_PATH:
		return run->setup.library_path_label;
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

void bs_text_found(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	if (map->role == BS_ROLE_LOADER) {
		bs_say(report, "the loader, PT_INTERP");
		return;
	}
	if (map->kind == BS_MAP_EXECUTABLE) {
		bs_say(report, "the executable");
		return;
	}
	bs_say(report, bs_how_words(run, map->how));
	if (map->via != BS_NO_MAP) {
		bs_say(report, " of ");
		bs_say_escaped(report, bs_text_short_name(run, map->via));
	}
	if (map->preloaded) {
		bs_say(report, ", preloaded");
	} else if (map->asked_by != BS_NO_MAP) {
		bs_say(report, map->loader == BS_NO_MAP ? ", opened by " : ", needed by ");
		bs_say_escaped(report, bs_text_short_name(run, map->asked_by));
	}
}

const char *bs_calls_words(enum bs_calls calls)
{
	switch (calls) {
	case BS_CALLS_UNKNOWN:
		return "not relocated";
	case BS_CALLS_NONE:
		return "no calls to bind";
	case BS_CALLS_LAZY:
		return "lazy";
	case BS_CALLS_NOW:
		return "now";
	case BS_CALLS_NOW_DT_BIND_NOW:
		return "now (DT_BIND_NOW)";
	case BS_CALLS_NOW_DF_BIND_NOW:
		return "now (DF_BIND_NOW)";
	case BS_CALLS_NOW_DF_1_NOW:
		return "now (DF_1_NOW)";
	case BS_CALLS_NOW_LD_BIND_NOW:
		return "now (LD_BIND_NOW)";
	case BS_CALLS_NOW_RTLD_NOW:
		return "now (RTLD_NOW)";
	case BS_CALLS_NOW_EXECUTABLE:
		return "now (the executable's mark)";
	case BS_CALLS_COUNT_:
		break;
	}
	return "";
}

void bs_text_objects(struct bs_report *report, const struct bs_run *run,
		     const struct bs_step_result *result)
{
	size_t widest = 0;

	if (!result->born.n)
		return;
	heading(report, result, "objects");
	bs_vec_each (k, &result->born) {
		bs_map_id id = result->born.v[k];

		size_t n = bs_text_width(bs_run_map_name(run, id));

		if (n > widest && n <= 70)
			widest = n;
	}
	bs_vec_each (k, &result->born) {
		bs_map_id id = result->born.v[k];

		const struct bs_map *map = bs_map_of(&run->process, id);

		if (map->role == BS_ROLE_VDSO)
			continue;
		bs_say(report, "  ");
		bs_say_padded(report, bs_run_map_name(run, id), widest + 2);
		bs_text_found(report, run, id);
		if (map->removed) {
			bs_say(report, "; unloaded again");
		} else {
			bs_say(report, "; ");
			bs_say(report, bs_calls_words(bs_calls_of(run, id)));
		}
		bs_say(report, "\n");
	}
}

/* ---- scopes -------------------------------------------------------------------------------- */

bool bs_text_is_superseded(const struct bs_step_result *result, uint32_t index)
{
	for (uint32_t i = index + 1; i < result->views.n; i++)
		if (result->views.v[i].map == result->views.v[index].map &&
		    result->views.v[i].from <= result->views.v[index].from)
			return true;
	return false;
}

void bs_text_scopes(struct bs_report *report, const struct bs_run *run,
		    const struct bs_step_result *result)
{
	if (!result->views.n)
		return;
	heading(report, result, "scopes");
	bs_vec_each (i, &result->views) {
		const struct bs_scope_view *view = &result->views.v[i];

		if (bs_text_is_superseded(result, i))
			continue;
		bs_say(report, "  ");
		bs_say_escaped(report, bs_text_short_name(run, view->map));
		bs_text_assumed(report, run, view->assumed);
		bs_say(report, "\n");
		bs_vec_each (k, &view->lists) {
			bs_write_format(report->writer, "    %u ", view->from + k);
			bs_vec_each (m, &view->lists.v[k]) {
				bs_say(report, " ");
				bs_say_escaped(report,
					       bs_text_short_name(run, view->lists.v[k].v[m]));
			}
			if (view->placeholders.v[k]) {
				bs_say(report, " (");
				bs_say_escaped(report, view->placeholders.v[k]);
				bs_say(report, ", on demand)");
			}
			bs_say(report, "\n");
		}
	}
}

/* ---- pairs --------------------------------------------------------------------------------- */

struct pair {
	bs_map_id from, to; /* TO is BS_NO_MAP for what nothing defines */
	uint32_t bound, waiting;
	uint64_t assumed; /* the choices that any of them rests on */
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

static void add_bindings(struct bs_report *report, const struct bs_run *run, struct pairs *pairs,
			 const bs_bindings *bindings, bool waiting)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];
		struct pair *last = pairs->list.n ? &pairs->list.v[pairs->list.n - 1] : NULL;

		if (b->why == BS_WHY_LOCAL || b->outcome == BS_UNRESOLVED_WEAK || !b->symbol ||
		    !bs_selected(&report->selection, run, b))
			continue;
		if (!last || last->from != b->referrer || last->to != b->definer) {
			bs_vec_push(run->ctx.arena, &pairs->list,
				    (struct pair){ .from = b->referrer, .to = b->definer });
			last = &pairs->list.v[pairs->list.n - 1];
		}
		last->bound += !waiting;
		last->waiting += waiting;
		last->assumed |= bs_run_assumed(run, b);
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
			pairs->list.v[n].assumed |= pairs->list.v[i].assumed;
		} else {
			pairs->list.v[++n] = pairs->list.v[i];
		}
	}
	pairs->list.n = n + 1;
}

void bs_text_pairs(struct bs_report *report, const struct bs_run *run,
		   const struct bs_step_result *result)
{
	struct pairs pairs = { 0 };

	add_bindings(report, run, &pairs, &result->relocated.bindings, false);
	add_bindings(report, run, &pairs, &result->slots, true);
	merge(&pairs);
	if (!pairs.list.n)
		return;
	heading(report, result, "who binds to whom, bindings");
	bs_vec_each (i, &pairs.list) {
		const struct pair *pair = &pairs.list.v[i];

		bs_say(report, "  ");
		bs_say_escaped(report, bs_text_short_name(run, pair->from));
		bs_say(report, " -> ");
		if (pair->to == BS_NO_MAP)
			bs_say_ink(report, BS_INK_BAD, "(nobody)");
		else
			bs_say_escaped(report, pair->to == pair->from
						       ? "itself"
						       : bs_text_short_name(run, pair->to));
		bs_say(report, "  ");
		bs_write_grouped(report->writer, pair->bound + pair->waiting);
		if (pair->waiting) {
			bs_say(report, ", at the first call ");
			bs_write_grouped(report->writer, pair->waiting);
		}
		bs_text_assumed(report, run, pair->assumed);
		bs_say(report, "\n");
	}
}

/* ---- bindings ------------------------------------------------------------------------------ */

static const char *why_words(const struct bs_binding *b)
{
	switch ((enum bs_why)b->why) {
	case BS_WHY_FIRST_IN_SCOPE:
		return "";
	case BS_WHY_LOCAL:
		return "local or hidden: no lookup";
	case BS_WHY_PROTECTED:
		return "protected: its own";
	case BS_WHY_UNIQUE:
		return "unique: the first one bound";
	case BS_WHY_STRONG:
		return "LD_DYNAMIC_WEAK: the first that is not weak";
	case BS_WHY_WEAK:
		return "LD_DYNAMIC_WEAK: no other than weak ones";
	case BS_WHY_NONE:
	case BS_WHY_COUNT_:
		break;
	}
	return b->outcome == BS_UNRESOLVED_WEAK ? "weak: stays 0" : "";
}

static void write_definer(struct bs_report *report, const struct bs_run *run,
			  const struct bs_binding *b)
{
	if (b->definer == BS_NO_MAP)
		bs_say_ink(report, b->outcome == BS_UNRESOLVED_WEAK ? BS_INK_DIM : BS_INK_BAD,
			   "(nobody)");
	else
		bs_say_escaped(report, bs_text_short_name(run, b->definer));
}

static void write_reference(struct bs_report *report, const struct bs_run *run,
			    const struct bs_binding *b, const struct bs_version *version)
{
	bs_say(report, "  ");
	bs_say_escaped(report, bs_text_short_name(run, b->referrer));
	bs_say(report, " -> ");
	write_definer(report, run, b);
	bs_say(report, "  ");
	bs_say_escaped(report, bs_demangled(bs_run_symbol_name(run, b)));
	bs_say_version(report, version ? version->name : NULL);
}

/* What the loader's documents leave open is never told as a fact. */
static void write_assumption(struct bs_report *report, const struct bs_run *run,
			     const struct bs_binding *b)
{
	if (b->loads)
		bs_say_ink(report, BS_INK_DIM, "  loads on demand");
	bs_text_assumed(report, run, bs_run_assumed(run, b));
}

static void end_reference(struct bs_report *report, const char *why)
{
	if (*why) {
		bs_say(report, "  ");
		bs_say_ink(report, BS_INK_DIM, why);
	}
	bs_say(report, "\n");
}

void bs_text_bindings(struct bs_report *report, const struct bs_run *run,
		      const struct bs_step_result *result)
{
	bs_vec_each (i, &result->relocated.bindings) {
		const struct bs_binding *b = &result->relocated.bindings.v[i];
		bool by_dlsym = result->step && result->step->kind == BS_STEP_DLSYM;

		if ((!b->symbol && (!by_dlsym || b->outcome != BS_BOUND)) ||
		    !bs_selected(&report->selection, run, b))
			continue;
		write_reference(report, run, b, bs_run_asked_version(run, result, b));
		write_assumption(report, run, b);
		end_reference(report, by_dlsym ? "dlsym" : why_words(b));
	}
}

/* ---- jump slots ---------------------------------------------------------------------------- */

/* Under a heading, which stands before the first that is selected: *HEADED says whether it does. */
static void write_slot(struct bs_report *report, const struct bs_run *run,
		       const struct bs_slot *slot, bool *headed)
{
	bs_bindings answers = { 0 };
	bs_ids since = { 0 };
	bool selected = false;

	bs_slot_answers(run, slot, false, &answers, &since);
	bs_vec_each (i, &answers)
		selected |= bs_selected(&report->selection, run, &answers.v[i]);
	if (!selected)
		return;
	const struct bs_binding *first = &answers.v[0];
	const struct bs_image *image = bs_map_of(&run->process, first->referrer)->image;

	if (!*headed)
		bs_say(report, "\nat the first call\n");
	*headed = true;
	write_reference(report, run, first, bs_reference_version(image, first->symbol));
	bs_say(report, "  at the first call");
	for (uint32_t i = 1; i < answers.n; i++) {
		if (answers.v[i].definer == answers.v[i - 1].definer)
			continue; /* it would load nothing any more */
		bs_write_format(report->writer, "; from step %u on ", run->epochs.v[since.v[i]]);
		write_definer(report, run, &answers.v[i]);
	}
	if (slot->called != BS_NEVER)
		bs_write_format(report->writer, "; called in step %u", slot->called);
	write_assumption(report, run, bs_slot_answer(run, slot));
	end_reference(report, why_words(&answers.v[answers.n - 1]));
}

void bs_text_slots(struct bs_report *report, const struct bs_run *run)
{
	bool headed = false;

	bs_vec_each (i, &run->slots)
		write_slot(report, run, &run->slots.v[i], &headed);
}

/* ---- what --from and --to ask for ------------------------------------------------------------ */

void bs_text_note_chosen(struct bs_text_chosen *chosen, const struct bs_selection *selection,
			 const struct bs_run *run, const struct bs_step_result *result)
{
	bs_vec_each (i, &result->born) {
		chosen->from |= bs_selected_object(run, result->born.v[i], selection->from);
		chosen->to |= bs_selected_object(run, result->born.v[i], selection->to);
	}
}

/* The object that GLOB may have been meant to name: libz.so is what libz.so.1 is called when it is
 * linked with. NULL: none. */
static const char *closest_object(const struct bs_run *run, const char *glob)
{
	BS_VEC(const char *) names = { 0 };
	size_t n = strlen(glob);

	for (bs_map_id id = 0; id < run->process.maps.n; id++) {
		const char *name = bs_text_short_name(run, id);

		if (strncmp(name, glob, n) == 0 && name[n] == '.')
			return name;
		bs_vec_push(run->ctx.arena, &names, name);
	}
	bs_vec_push(run->ctx.arena, &names, NULL);
	return bs_closest_word(glob, n, names.v);
}

bool bs_text_absent(struct bs_report *report, const struct bs_run *run,
		    const struct bs_text_chosen *chosen, const char *before)
{
	const char *glob = chosen->from ? report->selection.to : report->selection.from;

	if (chosen->from && chosen->to)
		return false;
	bs_say(report, before);
	bs_say(report, "no object of this process is called '");
	bs_say_escaped(report, glob);
	bs_say(report, chosen->from ? "' (--to); " : "' (--from); ");
	const char *meant = closest_object(run, glob);

	bs_say(report, meant ? "did you mean " : "--show=objects lists them\n");
	if (meant) {
		bs_say_escaped(report, meant);
		bs_say(report, "?\n");
	}
	return true;
}
