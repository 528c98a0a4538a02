/* SPDX-License-Identifier: MIT */
/* What a run came to, apart from the run: its memory ends with it, and its ids are its own. */
#include "study.h"

#include <stdlib.h>
#include <string.h>

struct bs_study *bs_study_new(struct bs_arena *arena, struct bs_store *store,
			      const struct bs_check_options *check)
{
	struct bs_study *study = bs_new(arena, struct bs_study, 1);

	bs_store_keeps(store, BS_KEPT_PATHS);
	bs_store_keeps(store, BS_KEPT_LOOKUPS);
	study->arena = arena;
	study->store = store;
	study->check = *check;
	return study;
}

const char *bs_study_name(const struct bs_study *study, bs_object_id object)
{
	const char *name = study->objects.v[object].name, *slash = strrchr(name, '/');

	return slash && slash[1] ? slash + 1 : name;
}

/* ---- while it runs --------------------------------------------------------------------------- */

/* A map of the run, which becomes an object of the study when the run is over. */
struct met {
	const struct bs_image *image; /* NULL for the vdso */
	uint32_t space, copy;
	const char *name, *lasting;
};

struct collector {
	struct bs_study *study;
	struct bs_ending *ending;
	const struct bs_check_options *options;
	const uint32_t *step_names; /* or NULL */
	struct bs_checker *checker;
	bs_bindings bindings;	/* of maps that may be gone by the end */
	BS_VEC(struct met) met; /* by map id */
};

static const char *own(struct bs_ending *ending, const char *text)
{
	return bs_arena_strndup(ending->arena, text, strlen(text));
}

static void begin(void *data, const struct bs_run *run)
{
	struct collector *c = data;

	/* What is known of libraries grows while the run goes on, which has to end first. */
	bs_arena_unwind_with(c->study->arena, run->ctx.arena);
	bs_arena_unwind_with(c->ending->arena, run->ctx.arena);
	c->ending->program = own(c->ending, run->program);
	c->ending->loader = own(c->ending, run->profile->title);
	c->ending->machine = run->setup.target.machine->name;
	c->ending->knows_deepbind = run->scope_policy.deepbind;
	c->checker = bs_checker_new(run, c->options);
}

/* What most of the names have in common, as the check has found out. */
static const char *family_of(const struct bs_finding *f)
{
	bs_vec_each (i, &f->facts)
		if (f->facts.v[i].kind == BS_FACT_NAMESPACE || f->facts.v[i].kind == BS_FACT_PREFIX)
			return f->facts.v[i].text;
	return NULL;
}

static void take_findings(struct collector *c, const struct bs_run *run,
			  const bs_findings *findings)
{
	struct bs_ending *ending = c->ending;

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];
		const char *family = family_of(f);
		struct bs_ending_finding taken = {
			.rule = f->rule,
			.level = f->level,
			.step = f->step,
			.from = f->from,
			.to = f->to,
			.fingerprint = bs_finding_fingerprint(run, f),
			.n = f->n,
			.n_functions = f->n_functions,
			.n_data = f->n_data,
			.n_weak = f->n_weak,
			.n_inside = f->n_inside,
			.n_waiting = f->n_waiting,
			.preloaded = f->preloaded,
			.n_examples = f->n_examples,
		};

		/* Names lie in the files. */
		for (uint32_t k = 0; k < f->n_examples; k++)
			taken.examples[k] = bs_run_symbol_name(run, &f->examples[k]);
		if (family)
			taken.family = own(ending, family);
		bs_vec_push(ending->arena, &ending->findings, taken);
		if (f->level > ending->worst)
			ending->worst = f->level;
	}
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct collector *c = data;
	struct bs_ending *ending = c->ending;
	const bs_findings findings = bs_check_step(c->checker, run, result);
	const bs_bindings *bindings = &result->relocated.bindings;
	const char *message = result->message;
	struct bs_ending_step taken = {
		.state = result->state,
		.ends_process = result->ends_process,
		.opened = result->opening.root,
		/* A step that is not reached has a message only where its constructors never ran.
		 */
		.is_refusal = result->state == BS_STEP_FAILED ||
			      (result->state == BS_STEP_NOT_REACHED && message),
	};

	take_findings(c, run, &findings);
	if (message)
		taken.message = own(ending, message);
	while (ending->steps.n <= result->number)
		bs_vec_push(ending->arena, &ending->steps,
			    ((struct bs_ending_step){ .opened = BS_NO_OBJECT }));
	ending->steps.v[result->number] = taken;
	/* What a step that fails bound is gone with its objects. */
	if (result->state != BS_STEP_OK)
		return;
	bs_vec_reserve(ending->arena, &c->bindings, c->bindings.n + bindings->n);
	bs_vec_each (i, bindings)
		bs_vec_push(ending->arena, &c->bindings, bindings->v[i]);
}

static void take_slots(struct collector *c, const struct bs_run *run)
{
	bs_vec_each (i, &run->lazy_maps) {
		const struct bs_lazy_map *lazy = &run->lazy_maps.v[i];

		if (lazy->unmapped || lazy->first_slot == UINT32_MAX)
			continue;
		for (uint32_t k = 0; k < lazy->n_slots; k++)
			bs_vec_push(c->ending->arena, &c->bindings,
				    run->answers.v[lazy->first_slot + k]);
	}
}

/* What the namespace of MAP is known by: the step that brought the first map since it was empty. */
static uint32_t space_of(const struct collector *c, const struct bs_run *run,
			 const struct bs_map *map)
{
	uint32_t creator = 0, until = 0;

	if (!c->step_names || !map->ns)
		return 0;
	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *other = bs_map_of(&run->process, id);

		if (other->ns != map->ns || other->born == BS_NEVER)
			continue;
		if (other->born > until || !until) {
			creator = other->born;
			until = 0;
		}
		if (other->died > until)
			until = other->died;
		if (other == map)
			return c->step_names[creator];
	}
	return 0;
}

static void meet(struct collector *c, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	struct met met = {
		.image = map->image,
		.space = space_of(c, run, map),
		.name = own(c->ending, bs_run_map_name(run, id)),
		.lasting = own(c->ending, bs_lasting_name(run, id)),
	};

	/* One that was closed before is no second copy. */
	for (bs_map_id other = 0; other < id; other++)
		met.copy += map->image && c->met.v[other].image == map->image &&
			    c->met.v[other].space == met.space &&
			    bs_map_of(&run->process, other)->died > map->born;
	bs_vec_push(c->ending->arena, &c->met, met);
}

static void end(void *data, const struct bs_run *run)
{
	struct collector *c = data;
	struct bs_ending *ending = c->ending;
	const bs_findings findings = bs_check_end(c->checker, run);

	take_findings(c, run, &findings);
	take_slots(c, run);
	bs_vec_each (id, &run->process.maps)
		meet(c, run, id);
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		const bs_ids *order = &run->process.ns[ns].order;

		bs_vec_each (i, order) {
			const struct bs_map *map = bs_map_of(&run->process, order->v[i]);

			if (map->image)
				bs_vec_push(ending->arena, &ending->objects,
					    ((struct bs_ending_object){
						    .object = order->v[i],
						    .ns = ns,
						    .born = map->born,
						    .kind = map->kind,
						    .role = map->role,
						    .preloaded = map->preloaded,
						    .is_global = map->global,
					    }));
		}
	}
}

/* ---- when it is over ------------------------------------------------------------------------- */

static bool is_same_file(const struct bs_image *a, const struct bs_image *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

static bs_object_id object_of(struct bs_study *study, const struct met *met)
{
	bs_vec_each (i, &study->objects)
		if (study->objects.v[i].space == met->space &&
		    study->objects.v[i].copy == met->copy &&
		    is_same_file(study->objects.v[i].image, met->image))
			return i;
	bs_vec_push(study->arena, &study->objects,
		    ((struct bs_study_object){
			    .image = bs_image_as_read(met->image),
			    .space = met->space,
			    .copy = met->copy,
			    .name = bs_arena_strndup(study->arena, met->name, strlen(met->name)),
			    .lasting = bs_arena_strndup(study->arena, met->lasting,
							strlen(met->lasting)),
		    }));
	return study->objects.n - 1;
}

static int compare_keys(const struct bs_end_binding *a, const struct bs_end_binding *b)
{
	if (a->referrer != b->referrer)
		return a->referrer < b->referrer ? -1 : 1;
	if (a->symbol != b->symbol)
		return a->symbol < b->symbol ? -1 : 1;
	return (int)a->type_class - (int)b->type_class;
}

static int compare_bindings(const void *a, const void *b)
{
	return compare_keys(a, b);
}

static int compare_findings(const void *x, const void *y)
{
	const struct bs_ending_finding *a = x, *b = y;

	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to == b->to ? 0 : a->to < b->to ? -1 : 1;
}

/* Of two answers with one key, a call was made through the slot that a step's relocation left, and
 * both are the same. */
static void drop_repeated(struct bs_ending *ending)
{
	uint32_t n = 0;

	bs_vec_each (i, &ending->bindings) {
		const struct bs_end_binding *b = &ending->bindings.v[i];

		if (n && compare_keys(&ending->bindings.v[n - 1], b) == 0)
			continue;
		ending->bindings.v[n++] = *b;
	}
	ending->bindings.n = n;
}

/* OBJECTS: by map id. */
static bs_object_id as_object(const bs_ids *objects, bs_map_id map)
{
	return map < objects->n ? objects->v[map] : BS_NO_OBJECT;
}

/* Map ids become objects of STUDY. */
static void settle(struct bs_study *study, struct collector *c)
{
	struct bs_ending *ending = c->ending;
	bs_ids objects = { 0 };
	bs_ids alive = { 0 };

	bs_vec_each (id, &c->met) {
		bs_vec_push(ending->arena, &objects,
			    c->met.v[id].image ? object_of(study, &c->met.v[id]) : BS_NO_OBJECT);
		bs_vec_push(ending->arena, &alive, 0);
	}
	bs_vec_each (i, &ending->objects) {
		alive.v[ending->objects.v[i].object] = 1;
		ending->objects.v[i].object = as_object(&objects, ending->objects.v[i].object);
	}
	bs_vec_each (i, &ending->steps)
		ending->steps.v[i].opened = as_object(&objects, ending->steps.v[i].opened);
	bs_vec_each (i, &ending->findings) {
		struct bs_ending_finding *f = &ending->findings.v[i];

		f->from = as_object(&objects, f->from);
		f->to = as_object(&objects, f->to);
	}
	bs_vec_each (i, &c->bindings) {
		const struct bs_binding *b = &c->bindings.v[i];

		/* What dlsym found is no reference of an object. */
		if (b->referrer >= alive.n || !alive.v[b->referrer] || !b->symbol)
			continue;
		bs_vec_push(ending->arena, &ending->bindings,
			    ((struct bs_end_binding){
				    .referrer = as_object(&objects, b->referrer),
				    .symbol = b->symbol,
				    .type_class = b->type_class,
				    .outcome = b->outcome,
				    .why = b->why,
				    .definer = as_object(&objects, b->definer),
				    .definer_symbol = b->definer_symbol,
			    }));
	}
	if (ending->bindings.n)
		qsort(ending->bindings.v, ending->bindings.n, sizeof *ending->bindings.v,
		      compare_bindings);
	drop_repeated(ending);
	if (ending->findings.n)
		qsort(ending->findings.v, ending->findings.n, sizeof *ending->findings.v,
		      compare_findings);
}

static void take_diagnostics(struct bs_ending *ending, const struct bs_diags *diags)
{
	ending->diags.arena = ending->arena;
	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];

		bs_diag_add(&ending->diags, d->code, d->path ? own(ending, d->path) : NULL,
			    d->offset, d->os_error, "%s", d->detail);
	}
}

/* A run that is over and has not been given back. */
struct finished {
	struct bs_study *study;
	struct collector *collector;
	const struct bs_sim_report *report;
};

static void finish(void *user)
{
	const struct finished *f = user;
	struct bs_ending *ending = f->collector->ending;

	if (ending->status == BS_SIM_CANNOT) {
		ending->problem = own(ending, f->report->problem);
		ending->instead = f->report->instead;
	}
	if (ending->status == BS_SIM_OK || ending->status == BS_SIM_REFUSED)
		settle(f->study, f->collector);
	if (ending->status != BS_SIM_NO_MEMORY)
		take_diagnostics(ending, &f->report->diags);
}

enum bs_sim_status bs_study_run(struct bs_study *study, const struct bs_plan *plan,
				struct bs_ending *ret)
{
	struct collector c = {
		.study = study,
		.ending = ret,
		.options = &study->check,
		.step_names = study->step_names,
	};
	const struct bs_sink sink = { .data = &c, .begin = begin, .step = step, .end = end };
	struct bs_sim_report report;

	*ret = (struct bs_ending){ .arena = bs_arena_new() };
	if (!ret->arena)
		return ret->status = BS_SIM_NO_MEMORY;
	jmp_buf *handler = bs_arena_goes_to(study->arena);

	bs_arena_unwind_with(ret->arena, study->arena);
	ret->status = bs_simulate(plan, study->store, &sink, &report);
	bs_arena_unwind_to(study->arena, handler);
	bs_arena_unwind_with(ret->arena, study->arena);
	struct finished f = { study, &c, &report };

	if (!bs_arena_try(study->arena, finish, &f)) {
		bs_ending_done(ret);
		ret->status = BS_SIM_NO_MEMORY;
	}
	bs_sim_report_done(&report);
	return ret->status;
}

void bs_ending_done(struct bs_ending *ending)
{
	bs_arena_free(ending->arena);
	*ending = (struct bs_ending){ 0 };
}

/* ---- what it says ---------------------------------------------------------------------------- */

uint32_t bs_ending_refused(const struct bs_ending *ending)
{
	bs_vec_each (i, &ending->steps)
		if (ending->steps.v[i].is_refusal)
			return i;
	return BS_NEVER;
}

const struct bs_ending_object *bs_ending_object(const struct bs_ending *ending, bs_object_id object)
{
	bs_vec_each (i, &ending->objects)
		if (ending->objects.v[i].object == object)
			return &ending->objects.v[i];
	return NULL;
}

const char *bs_end_binding_name(const struct bs_study *study, const struct bs_end_binding *binding)
{
	return bs_image_symbol_name(study->objects.v[binding->referrer].image, binding->symbol);
}

/* The entry that answers is left out: two entries of one object that stand for one address would
 * look like a change. */
static bool is_same_answer(const struct bs_end_binding *a, const struct bs_end_binding *b)
{
	return a->definer == b->definer && a->outcome == b->outcome;
}

bool bs_ending_next_change(const struct bs_ending *a, const struct bs_ending *b,
			   struct bs_end_place *at, struct bs_end_change *ret)
{
	while (at->a < a->bindings.n || at->b < b->bindings.n) {
		const struct bs_end_binding *x =
			at->a < a->bindings.n ? &a->bindings.v[at->a] : NULL;
		const struct bs_end_binding *y =
			at->b < b->bindings.n ? &b->bindings.v[at->b] : NULL;
		int order = !x ? 1 : !y ? -1 : compare_keys(x, y);

		at->a += order <= 0;
		at->b += order >= 0;
		if (order == 0 && is_same_answer(x, y))
			continue;
		*ret = (struct bs_end_change){ order <= 0 ? x : NULL, order >= 0 ? y : NULL };
		return true;
	}
	return false;
}
