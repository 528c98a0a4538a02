/* SPDX-License-Identifier: MIT */
/*
 * The plan that leads to a process as it is: what is in its link map beyond what start-up brings
 * was opened, in that order. Flags are those that the process shows: who is in the global scope,
 * which slots wait, and who is bound to its own first. What was closed again, and calls that
 * brought nothing, leave no trace.
 */
#include "observed.h"

#include <string.h>

#define NOBODY UINT32_MAX

struct deriver {
	struct bs_arena *arena;
	const struct bs_subject *subject;
	const bs_live_slots *slots;
	uint32_t *root;	  /* by object: the one whose dlopen brought it; NOBODY: start-up */
	uint8_t *is_lazy; /* by object: some slot waits */
	BS_VEC(struct bs_step) steps;
	bs_ids roots;	       /* by step: the object that it opens */
	uint8_t *is_promoted;  /* by object: the steps so far put it into the global scope */
	uint32_t next;	       /* the first of the global scope that may not be so */
	uint32_t space_of[64]; /* by namespace: the step that made it */
};

static const struct bs_live_object *object_at(const struct deriver *d, uint32_t index)
{
	return &d->subject->objects.v[index];
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static bool has_name(const struct bs_live_object *object, const char *name)
{
	return strcmp(object->name, name) == 0 ||
	       (object->requested && strcmp(object->requested, name) == 0) ||
	       (object->image && object->image->soname &&
		strcmp(object->image->soname, name) == 0) ||
	       (!strchr(name, '/') && *object->name && strcmp(base_name(object->name), name) == 0);
}

static bool is_loader(const struct deriver *d, const struct bs_live_object *object)
{
	return d->subject->auxiliary.base && object->base == d->subject->auxiliary.base;
}

/* The object of namespace NS that is needed as NAME, or NOBODY. */
static uint32_t needed(const struct deriver *d, uint32_t ns, const char *name)
{
	bs_vec_each (i, &d->subject->objects)
		if (object_at(d, i)->ns == ns && !object_at(d, i)->is_executable &&
		    has_name(object_at(d, i), name))
			return i;
	return NOBODY;
}

/* ROOT and all that it needs, in breadth-first order. */
static bs_ids closure(const struct deriver *d, uint32_t root)
{
	uint8_t *seen = bs_new(d->arena, uint8_t, d->subject->objects.n);
	bs_ids all = { 0 };

	seen[root] = 1;
	bs_vec_push(d->arena, &all, root);
	for (uint32_t at = 0; at < all.n; at++) {
		const struct bs_live_object *object = object_at(d, all.v[at]);

		for (uint32_t i = 0; object->image && i < object->image->n_dynamic; i++) {
			const struct bs_dyn *dyn = &object->image->dynamic[i];
			uint32_t need = dyn->tag == DT_NEEDED
						? needed(d, object->ns,
							 bs_image_string(object->image, dyn->value))
						: NOBODY;

			if (need == NOBODY || seen[need])
				continue;
			seen[need] = 1;
			bs_vec_push(d->arena, &all, need);
		}
	}
	return all;
}

/* What a dlopen of OBJECT would be handed. A relative name is no name any more once the process has
 * gone elsewhere. */
static const char *file_of(const struct bs_live_object *object)
{
	return *object->name == '/' || !object->path ? object->name : object->path;
}

/* What comes into the global scope next; NOBODY: nothing more, or it is not known. */
static uint32_t next_promoted(struct deriver *d)
{
	const bs_ids *global = &d->subject->global;

	while (d->next < global->n && d->is_promoted[global->v[d->next]])
		d->next++;
	return d->next < global->n ? global->v[d->next] : NOBODY;
}

static void promote(struct deriver *d, const bs_ids *all)
{
	bs_vec_each (i, all)
		d->is_promoted[all->v[i]] = 1;
}

/* What came into the global scope though the step that brought it did not put it there: it was
 * opened once more. */
static void promote_again(struct deriver *d)
{
	uint32_t object;

	while ((object = next_promoted(d)) != NOBODY && d->root[object] != NOBODY) {
		const bs_ids all = closure(d, object);

		bs_vec_push(d->arena, &d->steps,
			    ((struct bs_step){ .kind = BS_STEP_DLOPEN,
					       .file = file_of(object_at(d, object)),
					       .mode = BS_MODE_NOW | BS_MODE_GLOBAL }));
		bs_vec_push(d->arena, &d->roots, object);
		promote(d, &all);
	}
}

static void open_root(struct deriver *d, uint32_t root)
{
	const struct bs_live_object *object = object_at(d, root);
	struct bs_step step = { .kind = object->ns ? BS_STEP_DLMOPEN : BS_STEP_DLOPEN,
				.file = file_of(object) };
	bs_ids all = closure(d, root);
	bool is_lazy = false;

	bs_vec_each (i, &all) {
		if (d->root[all.v[i]] != NOBODY || (all.v[i] < root && all.v[i] != root))
			continue;
		d->root[all.v[i]] = root;
		is_lazy |= d->is_lazy[all.v[i]];
	}
	step.mode = is_lazy ? BS_MODE_LAZY : BS_MODE_NOW;
	/* Whoever came before in the link map and comes later in the scope was promoted later. */
	step.mode |= next_promoted(d) == root ? BS_MODE_GLOBAL : BS_MODE_LOCAL;
	if (object->ns)
		step.of_step = d->space_of[object->ns];
	bs_vec_push(d->arena, &d->steps, step);
	bs_vec_push(d->arena, &d->roots, root);
	if (object->ns && !step.of_step)
		d->space_of[object->ns] = d->steps.n;
	if (step.mode & BS_MODE_GLOBAL)
		promote(d, &all);
	promote_again(d);
}

/* STARTED: what a start-up alone comes to. */
static void find_steps(struct deriver *d, const struct bs_observation *started)
{
	uint8_t *done = bs_new(d->arena, uint8_t, d->subject->objects.n);

	bs_vec_each (i, &d->subject->objects) {
		d->root[i] = NOBODY;
		done[i] = started->by_object[i].map != BS_NO_MAP || object_at(d, i)->is_vdso ||
			  is_loader(d, object_at(d, i));
		d->is_promoted[i] = done[i];
	}
	bs_vec_each (i, d->slots)
		d->is_lazy[d->slots->v[i].object] |= d->slots->v[i].content == BS_CONTENT_LAZY;
	bs_vec_each (i, &d->subject->objects) {
		if (done[i] || d->root[i] != NOBODY ||
		    object_at(d, i)->ns >= sizeof d->space_of / sizeof *d->space_of)
			continue;
		open_root(d, i);
		/* What start-up brought is nobody's. */
		bs_vec_each (k, &d->subject->objects)
			if (done[k])
				d->root[k] = NOBODY;
	}
}

/* Flags are told as a person would write them. */
static void spell(struct deriver *d)
{
	bs_vec_each (i, &d->steps) {
		struct bs_step *step = &d->steps.v[i];

		step->spelled = bs_arena_printf(d->arena, "%s,%s%s",
						step->mode & BS_MODE_LAZY ? "LAZY" : "NOW",
						step->mode & BS_MODE_GLOBAL ? "GLOBAL" : "LOCAL",
						step->mode & BS_MODE_DEEPBIND ? ",DEEPBIND" : "");
	}
}

/* ---- RTLD_DEEPBIND --------------------------------------------------------------------------- */

/* The step that brought OBJECT, from 1 on; 0: none did. */
static uint32_t step_of(const struct deriver *d, uint32_t object)
{
	bs_vec_each (k, &d->roots)
		if (d->root[object] == d->roots.v[k])
			return k + 1;
	return 0;
}

/* Whose objects are bound among themselves where the simulation asks the global scope first. */
static bool mark_deepbind(struct deriver *d, const struct bs_observation *o)
{
	bool marked = false;

	bs_vec_each (i, d->slots) {
		const struct bs_live_slot *slot = &d->slots->v[i];
		uint32_t step;

		if (o->by_slot[i].agreement != BS_DIFFERS || slot->content != BS_CONTENT_BOUND)
			continue;
		step = step_of(d, slot->object);
		if (!step || d->steps.v[step - 1].mode & BS_MODE_DEEPBIND ||
		    step_of(d, slot->definer) != step)
			continue;
		d->steps.v[step - 1].mode |= BS_MODE_DEEPBIND;
		marked = true;
	}
	return marked;
}

enum bs_sim_status bs_observe_derived(struct bs_arena *arena, struct bs_store *store,
				      const struct bs_subject *subject, const bs_live_slots *slots,
				      struct bs_plan *plan, struct bs_observation *ret,
				      const char **ret_problem)
{
	struct deriver d = {
		.arena = arena,
		.subject = subject,
		.slots = slots,
		.root = bs_new(arena, uint32_t, subject->objects.n),
		.is_lazy = bs_new(arena, uint8_t, subject->objects.n),
		.is_promoted = bs_new(arena, uint8_t, subject->objects.n),
	};
	enum bs_sim_status status =
		bs_observe(arena, store, plan, subject, slots, ret, ret_problem);
	struct bs_observation deep;

	if (status != BS_SIM_OK && status != BS_SIM_REFUSED)
		return status;
	find_steps(&d, ret);
	spell(&d);
	plan->steps = d.steps.v;
	plan->n_steps = d.steps.n;
	if (d.steps.n)
		status = bs_observe(arena, store, plan, subject, slots, ret, ret_problem);
	struct bs_step *as_was = bs_new(arena, struct bs_step, d.steps.n);

	if (d.steps.n)
		memcpy(as_was, d.steps.v, d.steps.n * sizeof *as_was);
	if ((status == BS_SIM_OK || status == BS_SIM_REFUSED) && mark_deepbind(&d, ret)) {
		spell(&d);
		status = bs_observe(arena, store, plan, subject, slots, &deep, ret_problem);
		if ((status == BS_SIM_OK || status == BS_SIM_REFUSED) &&
		    deep.n_differ < ret->n_differ)
			*ret = deep;
		else
			plan->steps = as_was;
	}
	ret->plan_is_derived = true;
	return status;
}
