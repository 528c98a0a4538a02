/* SPDX-License-Identifier: MIT */
/*
 * --follow-dlopen-notes: what objects say that they may open becomes steps of the plan.
 *
 * The plan is simulated without anybody who listens, what the objects at its end ask for is
 * appended to it, and so on until nothing new comes. Steps are only ever appended, so what came
 * before stays as it was, and the loop ends: there are only so many entries, each with so many
 * names. Which name of an entry is taken is found out as a program would: by trying.
 */
#include "cli.h"

#include "../report/dlopen-notes.h"
#include "../report/jansson-late.h"

#include <string.h>

enum {
	MOST_STEPS = 1000, /* that are taken from notes */
	MOST_TRIES = 16,   /* of names of one entry whose file is there and cannot be opened */
};

enum wish_state {
	WISH_WAITS, /* no name of it leads to a file so far */
	WISH_STEP,  /* it has a step */
	WISH_OVER,  /* nothing is left to be tried: it has no step, or one that fails */
};

/* One entry of a note. */
struct wish {
	const char *caller; /* as the plan names the object; NULL: the executable */
	uint32_t entry;
	const char *feature;
	bool required;
	enum wish_state state;
	BS_VEC(const char *) sonames;
	uint32_t chosen, first_chosen; /* indexes into SONAMES */
	uint32_t tries;
	bool failed; /* the step, in the run that is over */
};

struct follow {
	struct bs_arena *arena;
	enum bs_note_priority level;
	BS_VEC(struct wish) wishes;
	bs_ids steps;	  /* indexes into WISHES of those that have a step, in their order */
	uint32_t n_given; /* steps of the plan itself */
	bool ended;	  /* the process */
	bool changed;	  /* the steps are others now */
	bool full;	  /* there are more than MOST_STEPS */
};

static const char *copy_text(struct bs_arena *arena, const char *text)
{
	return text ? bs_arena_strndup(arena, text, strlen(text)) : NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* An object may say the same for several features: one step does for all. */
static bool is_said_already(struct follow *f, const struct wish *wish)
{
	bs_vec_each (i, &f->wishes) {
		struct wish *other = &f->wishes.v[i];
		uint32_t k = 0;

		if (!same_text(other->caller, wish->caller) || other->sonames.n != wish->sonames.n)
			continue;
		while (k < wish->sonames.n && strcmp(other->sonames.v[k], wish->sonames.v[k]) == 0)
			k++;
		if (k < wish->sonames.n)
			continue;
		other->required |= wish->required;
		return true;
	}
	return false;
}

static uint32_t find_wish(struct follow *f, const char *caller, const struct bs_note_entry *entry)
{
	bs_vec_each (i, &f->wishes)
		if (f->wishes.v[i].entry == entry->number &&
		    same_text(f->wishes.v[i].caller, caller))
			return i;
	struct wish wish = {
		.caller = copy_text(f->arena, caller),
		.entry = entry->number,
		.feature = copy_text(f->arena, entry->feature),
		.required = entry->priority == BS_NOTE_REQUIRED,
	};

	bs_vec_each (i, &entry->sonames)
		bs_vec_push(f->arena, &wish.sonames, copy_text(f->arena, entry->sonames.v[i]));
	if (is_said_already(f, &wish))
		wish.state = WISH_OVER;
	bs_vec_push(f->arena, &f->wishes, wish);
	return f->wishes.n - 1;
}

/* The first name of ANSWER from FROM on that leads somewhere; the number of names: there is none.
 */
static uint32_t next_name(const struct bs_note_answer *answer, uint32_t from)
{
	while (from < answer->sought.n && answer->sought.v[from].map == BS_NO_MAP &&
	       !answer->sought.v[from].path)
		from++;
	return from;
}

static void give_step(struct follow *f, uint32_t at, uint32_t name)
{
	struct wish *wish = &f->wishes.v[at];

	if (f->steps.n == MOST_STEPS) {
		f->full = true;
		wish->state = WISH_OVER;
		return;
	}
	wish->state = WISH_STEP;
	wish->chosen = wish->first_chosen = name;
	bs_vec_push(f->arena, &f->steps, at);
	f->changed = true;
}

/* The step of a WISH failed: it is given its next name. One without goes, unless the object cannot
 * do without: then it fails by the name that is liked best. */
static void try_next(struct follow *f, struct wish *wish, const struct bs_note_answer *answer)
{
	uint32_t next = next_name(answer, wish->chosen + 1);

	f->changed = true;
	if (next < wish->sonames.n && ++wish->tries < MOST_TRIES) {
		wish->chosen = next;
		return;
	}
	wish->state = WISH_OVER;
	wish->chosen = wish->first_chosen;
}

static void drop_hopeless(struct follow *f)
{
	uint32_t n = 0;

	bs_vec_each (i, &f->steps) {
		const struct wish *wish = &f->wishes.v[f->steps.v[i]];

		if (wish->state == WISH_STEP || wish->required)
			f->steps.v[n++] = f->steps.v[i];
	}
	f->steps.n = n;
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct follow *f = data;

	(void)run;
	f->ended |= result->ends_process;
	if (result->number > f->n_given)
		f->wishes.v[f->steps.v[result->number - f->n_given - 1]].failed =
			result->state == BS_STEP_FAILED && !result->ends_process;
}

/* What fails is settled first: what comes next stands on it. */
static void end(void *data, const struct bs_run *run)
{
	struct follow *f = data;
	struct bs_note_answers answers = { 0 };
	bs_ids wishes = { 0 };

	bs_note_answers_find(run, &answers);
	bs_vec_each (i, &answers.list) {
		const struct bs_note_entry *entry = &answers.list.v[i].entry;
		const char *caller = bs_run_object_text(run, entry->object);
		uint32_t at = UINT32_MAX;

		if (entry->priority <= f->level && caller)
			at = find_wish(f, entry->object == run->process.executable ? NULL : caller,
				       entry);
		bs_vec_push(run->ctx.arena, &wishes, at);
		if (at != UINT32_MAX && f->wishes.v[at].state == WISH_STEP &&
		    f->wishes.v[at].failed)
			try_next(f, &f->wishes.v[at], &answers.list.v[i]);
	}
	drop_hopeless(f);
	if (f->changed || f->ended)
		return;
	bs_vec_each (i, &wishes) {
		uint32_t name = next_name(&answers.list.v[i], 0);

		if (wishes.v[i] != UINT32_MAX && f->wishes.v[wishes.v[i]].state == WISH_WAITS &&
		    name < answers.list.v[i].sought.n)
			give_step(f, wishes.v[i], name);
	}
	if (f->changed)
		return;
	/* Nothing more will come: what is required and not there is tried in vain. */
	bs_vec_each (i, &wishes) {
		if (wishes.v[i] == UINT32_MAX || !f->wishes.v[wishes.v[i]].required ||
		    f->wishes.v[wishes.v[i]].state != WISH_WAITS)
			continue;
		give_step(f, wishes.v[i], 0);
		f->wishes.v[wishes.v[i]].state = WISH_OVER;
	}
}

/* The flags are those of a dlopen without any: NOW and LOCAL, as most of these objects have it. */
static void append_steps(const struct follow *f, const struct bs_plan *given, struct bs_plan *ret)
{
	BS_VEC(struct bs_step) steps = { 0 };

	for (uint32_t i = 0; i < given->n_steps; i++)
		bs_vec_push(f->arena, &steps, given->steps[i]);
	bs_vec_each (i, &f->steps) {
		const struct wish *wish = &f->wishes.v[f->steps.v[i]];

		bs_vec_push(f->arena, &steps,
			    ((struct bs_step){
				    .kind = BS_STEP_DLOPEN,
				    .caller = wish->caller,
				    .file = wish->sonames.v[wish->chosen],
				    .note_entry = wish->entry,
				    .note_feature = wish->feature,
			    }));
	}
	ret->steps = steps.v;
	ret->n_steps = steps.n;
}

bool bs_follow_notes(struct bs_arena *arena, struct bs_store *store, enum bs_note_priority level,
		     struct bs_plan *plan)
{
	struct follow f = { .arena = arena, .level = level, .n_given = plan->n_steps };
	const struct bs_sink sink = { .data = &f, .step = step, .end = end };
	const struct bs_plan given = *plan;
	const char *problem = bs_jansson_open();

	if (problem) {
		bs_complain("--follow-dlopen-notes: %s", problem);
		return false;
	}
	bs_store_keeps(store, BS_KEPT_PATHS);
	bs_store_keeps(store, BS_KEPT_LOOKUPS);
	do {
		struct bs_sim_report report;

		f.changed = f.ended = false;
		enum bs_sim_status status = bs_simulate(plan, store, &sink, &report);

		if (status == BS_SIM_CANNOT)
			bs_complain_of_plan(arena, plan, "", report.problem, report.instead);
		if (status == BS_SIM_NO_MEMORY)
			bs_complain("%s", bs_arena_problem());
		bs_sim_report_done(&report);
		if (status == BS_SIM_CANNOT || status == BS_SIM_NO_MEMORY)
			return false;
		append_steps(&f, &given, plan);
	} while (f.changed);
	if (f.full)
		bs_complain("the notes lead to more than %d steps: the others are left out",
			    MOST_STEPS);
	return true;
}
