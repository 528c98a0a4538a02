/* SPDX-License-Identifier: MIT */
/* Which remedies may be worth a trial, by what the findings are about. */
#include "advise-priv.h"

#include <fnmatch.h>
#include <string.h>

struct look {
	struct bs_advice *advice;
	const struct bs_advise_options *options;
	bs_remedies found;
};

static const struct bs_step *step_of(const struct look *look, uint32_t number)
{
	return &look->advice->plan->steps[number - 1];
}

static bool is_the_same(const struct bs_remedy *a, const struct bs_remedy *b)
{
	return a->kind == b->kind && a->step == b->step && a->before == b->before &&
	       (a->step || a->object == b->object) &&
	       (!a->preload || (b->preload && strcmp(a->preload, b->preload) == 0));
}

static void propose(struct look *look, struct bs_remedy remedy)
{
	const uint32_t kinds = look->options->kinds;

	if (kinds && !(kinds >> remedy.kind & 1))
		return;
	bs_vec_each (i, &look->found)
		if (is_the_same(&look->found.v[i], &remedy))
			return;
	if (look->found.n == BS_MOST_TRIALS)
		look->advice->n_untried++;
	else
		bs_vec_push(look->advice->study->arena, &look->found, remedy);
}

/* The step that brought OBJECT; 0: start-up did, or it is not there at the end. */
static uint32_t step_that_brought(const struct look *look, bs_object_id object)
{
	const struct bs_ending *base = &look->advice->base;
	const struct bs_ending_object *o =
		object == BS_NO_OBJECT ? NULL : bs_ending_object(base, object);

	if (object != BS_NO_OBJECT && !o) {
		/* Closed again since: the step that opened it says so. */
		for (uint32_t number = 1; number < base->steps.n; number++)
			if (base->steps.v[number].opened == object)
				return number;
	}
	return o && o->born < base->steps.n ? o->born : 0;
}

static bool is_open(const struct look *look, uint32_t number)
{
	return number && step_of(look, number)->kind == BS_STEP_DLOPEN;
}

/* ---- at run time ----------------------------------------------------------------------------- */

/* STEP with FLAG set or not, should it be otherwise now. */
static void propose_flag(struct look *look, enum bs_remedy_kind kind, uint32_t number,
			 unsigned flag, bool set, bs_object_id other)
{
	const struct bs_step *step = number ? step_of(look, number) : NULL;

	if (!step || (step->kind != BS_STEP_DLOPEN && step->kind != BS_STEP_DLMOPEN) ||
	    !*step->file)
		return;
	if (step->mode_is_number) {
		look->advice->has_numbers = true;
		return;
	}
	if (((step->mode & flag) != 0) == set)
		return;
	propose(look, (struct bs_remedy){
			      .kind = kind,
			      .step = number,
			      .object = look->advice->base.steps.v[number].opened,
			      .other = other,
		      });
}

/* What lies in the global scope may have come there by any step that asked for it. */
static void propose_local(struct look *look, bs_object_id other)
{
	for (uint32_t number = 1; number <= look->advice->plan->n_steps; number++)
		propose_flag(look, BS_REMEDY_LOCAL, number, BS_MODE_GLOBAL, false, other);
}

static void propose_order(struct look *look, uint32_t number, uint32_t before)
{
	if (number == before || !is_open(look, number) || !is_open(look, before) ||
	    step_of(look, number)->block || step_of(look, before)->block)
		return;
	/* What comes later is moved to the front of the other. */
	if (number < before) {
		uint32_t swap = number;

		number = before;
		before = swap;
	}
	propose(look, (struct bs_remedy){
			      .kind = BS_REMEDY_ORDER,
			      .step = number,
			      .before = before,
			      .object = look->advice->base.steps.v[number].opened,
			      .other = look->advice->base.steps.v[before].opened,
		      });
}

static void propose_steps(struct look *look, const struct bs_ending_finding *f)
{
	uint32_t from = step_that_brought(look, f->from), to = step_that_brought(look, f->to);

	if (from && is_open(look, from)) {
		propose_flag(look, BS_REMEDY_DEEPBIND, from, BS_MODE_DEEPBIND, true, f->to);
		propose_flag(look, BS_REMEDY_NO_DEEPBIND, from, BS_MODE_DEEPBIND, false, f->to);
		propose(look, (struct bs_remedy){
				      .kind = BS_REMEDY_DLMOPEN,
				      .step = from,
				      .object = look->advice->base.steps.v[from].opened,
				      .other = f->to,
			      });
	}
	if (to)
		propose_flag(look, BS_REMEDY_NO_DEEPBIND, to, BS_MODE_DEEPBIND, false, f->from);
	propose_local(look, f->from);
	if (from && to)
		propose_order(look, from, to);
	if (f->rule == BS_RULE_NEEDS_GLOBAL || f->rule == BS_RULE_OBJECT_SPLIT)
		propose_flag(look, BS_REMEDY_GLOBAL, to, BS_MODE_GLOBAL, true, f->from);
}

/* Of what is closed in the plan, what may better stay. */
static void propose_nodelete(struct look *look)
{
	const struct bs_plan *plan = look->advice->plan;

	for (uint32_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == BS_STEP_DLCLOSE && plan->steps[i].of_step &&
		    plan->steps[i].of_step <= plan->n_steps)
			propose_flag(look, BS_REMEDY_NODELETE, plan->steps[i].of_step,
				     BS_MODE_NODELETE, true, BS_NO_OBJECT);
}

/* A step is refused: what came before it may have what it misses, and may come after it now. */
static void propose_for_failure(struct look *look, uint32_t failed)
{
	for (uint32_t number = 1; number < failed; number++)
		propose_flag(look, BS_REMEDY_GLOBAL, number, BS_MODE_GLOBAL, true, BS_NO_OBJECT);
	propose_flag(look, BS_REMEDY_NO_DEEPBIND, failed, BS_MODE_DEEPBIND, false, BS_NO_OBJECT);
	for (uint32_t number = 1; number <= look->advice->plan->n_steps; number++)
		if (number != failed && failed)
			propose_order(look, number, failed);
}

/* LD_PRELOAD's list, which blanks and colons part. (glibc elf/rtld.c:handle_preload) */
static const char *preloads_of(const struct bs_plan *plan)
{
	const char *list = plan->preload;

	for (uint32_t i = 0; i < plan->n_environment && !plan->preload; i++)
		if (strcmp(plan->environment[i].name, "LD_PRELOAD") == 0)
			list = plan->environment[i].value;
	return list ? list : "";
}

/* Each of several preloads is tried at the front. */
static void propose_preloads(struct look *look)
{
	static const char separators[] = " :";
	const char *list = preloads_of(look->advice->plan);
	struct bs_arena *arena = look->advice->study->arena;
	BS_VEC(const char *) files = { 0 };

	for (size_t n; *(list += strspn(list, separators)); list += n) {
		n = strcspn(list, separators);
		bs_vec_push(arena, &files, bs_arena_strndup(arena, list, n));
	}
	for (uint32_t first = 1; first < files.n; first++) {
		const char *all = files.v[first];

		bs_vec_each (i, &files)
			if (i != first)
				all = bs_arena_printf(arena, "%s:%s", all, files.v[i]);
		propose(look, (struct bs_remedy){
				      .kind = BS_REMEDY_PRELOAD_ORDER,
				      .preload = all,
				      .object = BS_NO_OBJECT,
				      .other = BS_NO_OBJECT,
			      });
	}
}

/* ---- at link time ---------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Others are linked against OBJECT, or it is opened by its soname: what it exports is what it is
 * for. */
static bool is_library(const struct look *look, bs_object_id object)
{
	const struct bs_study *study = look->advice->study;
	const struct bs_image *image = study->objects.v[object].image;
	const struct bs_plan *plan = look->advice->plan;

	if (!image->soname)
		return false;
	bs_vec_each (i, &study->objects) {
		const struct bs_image *other = study->objects.v[i].image;

		for (uint32_t k = 0; k < other->n_dynamic; k++)
			if (other->dynamic[k].tag == 1 /* DT_NEEDED */ &&
			    strcmp(bs_image_string(other, other->dynamic[k].value),
				   image->soname) == 0)
				return true;
	}
	for (uint32_t i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].kind == BS_STEP_DLOPEN &&
		    strcmp(base_name(plan->steps[i].file), image->soname) == 0)
			return true;
	return false;
}

/* Another finding says that OBJECT has a library inside that was linked into it. */
static bool carries(const struct look *look, bs_object_id object)
{
	const struct bs_ending *base = &look->advice->base;

	bs_vec_each (i, &base->findings) {
		const struct bs_ending_finding *f = &base->findings.v[i];

		if ((f->rule == BS_RULE_LEAKED_STATIC_RUNTIME ||
		     f->rule == BS_RULE_EMBEDDED_AND_NEEDED) &&
		    f->from == object)
			return true;
	}
	return false;
}

static void propose_link(struct look *look, enum bs_remedy_kind kind, bs_object_id object,
			 bs_object_id other)
{
	propose(look, (struct bs_remedy){ .kind = kind, .object = object, .other = other });
}

static bool is_executable(const struct look *look, bs_object_id object)
{
	const struct bs_ending_object *o = bs_ending_object(&look->advice->base, object);

	return o && o->kind == BS_MAP_EXECUTABLE;
}

/* The loader and the C library are nobody's to link otherwise. */
static bool is_of_the_system(const struct look *look, bs_object_id object)
{
	const struct bs_ending_object *o = bs_ending_object(&look->advice->base, object);
	const char *lasting = look->advice->study->objects.v[object].lasting;

	return (o && o->role == BS_ROLE_LOADER) || strcmp(lasting, "libc") == 0 ||
	       strncmp(base_name(lasting), "ld-", 3) == 0;
}

static void propose_links(struct look *look, const struct bs_ending_finding *f)
{
	if (f->to == BS_NO_OBJECT || f->from == BS_NO_OBJECT)
		return;
	if (!is_executable(look, f->from) && !is_of_the_system(look, f->from)) {
		propose_link(look, BS_REMEDY_HIDDEN, f->from, f->to);
		propose_link(look, BS_REMEDY_VERSION_SCRIPT, f->from, f->to);
		propose_link(look, BS_REMEDY_SYMBOLIC, f->from, f->to);
		propose_link(look, BS_REMEDY_SYMBOLIC_FUNCTIONS, f->from, f->to);
		propose_link(look, BS_REMEDY_PROTECTED, f->from, f->to);
	}
	if (is_of_the_system(look, f->to) || f->to == f->from ||
	    (is_library(look, f->to) && !carries(look, f->to) && !is_executable(look, f->to)))
		return;
	propose_link(look, BS_REMEDY_HIDDEN, f->to, f->from);
	propose_link(look, BS_REMEDY_VERSION_SCRIPT, f->to, f->from);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool has_name(const struct bs_study *study, bs_object_id object, const char *glob)
{
	if (!glob)
		return true;
	if (object == BS_NO_OBJECT)
		return false;
	const struct bs_study_object *o = &study->objects.v[object];

	return fnmatch(glob, o->name, 0) == 0 || fnmatch(glob, base_name(o->name), 0) == 0 ||
	       fnmatch(glob, o->lasting, 0) == 0 ||
	       (o->image->soname && fnmatch(glob, o->image->soname, 0) == 0);
}

static bool is_wanted(const struct look *look, const struct bs_ending_finding *f)
{
	const struct bs_advise_options *o = look->options;

	return f->level >= BS_LEVEL_WARNING && (o->rule == BS_RULE_COUNT_ || o->rule == f->rule) &&
	       has_name(look->advice->study, f->from, o->from) &&
	       has_name(look->advice->study, f->to, o->to);
}

bs_remedies bs_find_remedies(struct bs_advice *advice, const struct bs_advise_options *options)
{
	struct look look = { .advice = advice, .options = options };
	const struct bs_ending *base = &advice->base;
	bool about_objects = options->from || options->to || options->rule != BS_RULE_COUNT_;

	bs_vec_each (i, &base->findings)
		if (is_wanted(&look, &base->findings.v[i]))
			bs_vec_push(advice->study->arena, &advice->targets, i);
	advice->failed_step = about_objects ? BS_NEVER : bs_ending_refused(base);
	bs_vec_each (i, &advice->targets)
		propose_steps(&look, &base->findings.v[advice->targets.v[i]]);
	if (advice->failed_step != BS_NEVER)
		propose_for_failure(&look, advice->failed_step);
	if (advice->targets.n || advice->failed_step != BS_NEVER) {
		propose_nodelete(&look);
		propose_preloads(&look);
	}
	bs_vec_each (i, &advice->targets)
		propose_links(&look, &base->findings.v[advice->targets.v[i]]);
	return look.found;
}
