/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a captured pair of objects: how much of one the other exports, whether their code
 * is the same, whether the object is torn in two, and what two sets of constructors do to one set
 * of variables.
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

/*
 * Three functions are no accident. One symbol alone is most often meant: a hook, or a fallback that
 * a program brings along for systems without it.
 */
enum { SEVERAL = 2, MANY_FUNCTIONS = 3 };

/* A finding of this step, and what a second look at its bindings comes to. */
struct copy {
	uint32_t finding; /* index */
	struct bs_shared shared;
	uint32_t n_same, n_differ; /* functions: their instructions */
	uint32_t n_other_size;	   /* data */
	uint32_t n_stay;	   /* symbols of the same library that are bound inside; */
	uint32_t n_stay_shared;	   /* of them the other object has, too */
	bool constructed;	   /* some variable looks like one that constructors fill in */
};

struct second_look {
	struct bs_pass *pass;
	BS_VEC(struct copy) copies;
	bs_ids of; /* indexes in COPIES: those of the referrer at hand */
	bs_map_id referrer;
	struct bs_counted counted;
};

static const struct bs_image *image_of(const struct bs_run *run, bs_map_id map)
{
	return bs_map_of(&run->process, map)->image;
}

static enum bs_level level_of(const struct bs_finding *f)
{
	if (f->preloaded || f->n_functions + f->n_data < SEVERAL)
		return BS_LEVEL_NOTE;
	return f->n_functions >= MANY_FUNCTIONS ? BS_LEVEL_ERROR : BS_LEVEL_WARNING;
}

/* So much of the object is there a second time. */
static void measure(struct bs_pass *pass, struct bs_finding *f, struct bs_shared *ret)
{
	const struct bs_run *run = pass->run;

	*ret = bs_shared_exports(run, image_of(run, f->from), image_of(run, f->to));
	bs_shared_tell(run, f, ret);
	if (bs_needs(pass->checker->needs, f->from, f->to))
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_NEEDS_IT, .object = f->to });
}

static void go_to_referrer(struct second_look *look, bs_map_id referrer)
{
	look->referrer = referrer;
	look->of.n = 0;
	bs_vec_each (i, &look->copies)
		if (look->pass->findings->v[look->copies.v[i].finding].from == referrer)
			bs_vec_push(look->pass->run->ctx.arena, &look->of, i);
}

/* ---- bound elsewhere ------------------------------------------------------------------------- */

static void compare(const struct second_look *look, struct copy *copy, const struct bs_binding *b,
		    enum bs_capture kind)
{
	const struct bs_image *from = image_of(look->pass->run, b->referrer);
	const struct bs_image *to = image_of(look->pass->run, b->definer);
	const struct bs_symbol own = bs_image_symbol(from, b->symbol);
	const struct bs_symbol theirs = bs_image_symbol(to, b->definer_symbol);

	if (kind == BS_CAPTURED_FUNCTION) {
		enum bs_alike alike = bs_code_is_alike(from, &own, to, &theirs);

		copy->n_same += alike == BS_ALIKE_YES;
		copy->n_differ += alike == BS_ALIKE_NOT;
	} else {
		copy->n_other_size += own.size != theirs.size;
		copy->constructed |=
			bs_is_blank_variable(from, &own) && bs_is_blank_variable(to, &theirs);
	}
}

/* ---- bound inside ---------------------------------------------------------------------------- */

/* NAME is in the namespace of what COPY has twice, or begins as the names of a C library do. */
static bool is_of_family(const struct copy *copy, const char *name)
{
	const struct bs_shared *shared = &copy->shared;
	size_t n;
	const char *space = bs_outermost_namespace(name, &n);

	if (!space)
		return shared->prefix && strncmp(name, shared->prefix, strlen(shared->prefix)) == 0;
	return shared->name_space && strlen(shared->name_space) == n &&
	       strncmp(space, shared->name_space, n) == 0;
}

static void stay(const struct bs_run *run, struct copy *copy, const struct bs_finding *f,
		 const char *name)
{
	bool shared = bs_own_definition(run, f->to, name) != 0;

	copy->n_stay_shared += shared;
	copy->n_stay += shared || is_of_family(copy, name);
}

static void look_at(struct second_look *look, const struct bs_binding *b)
{
	const struct bs_pass *pass = look->pass;

	if (b->referrer != look->referrer)
		go_to_referrer(look, b->referrer);
	if (!look->of.n || !b->is_defined)
		return;
	const enum bs_capture kind = bs_capture_of(pass->checker, pass->run, b);
	bool inside = kind == BS_BOUND_INSIDE;

	if (!(inside || kind == BS_CAPTURED_FUNCTION || kind == BS_CAPTURED_DATA) ||
	    bs_counted_before(pass, &look->counted, b,
			      inside ? BS_COUNTED_INSIDE : BS_COUNTED_CAPTURED))
		return;
	bs_vec_each (i, &look->of) {
		struct copy *copy = &look->copies.v[look->of.v[i]];
		const struct bs_finding *f = &pass->findings->v[copy->finding];

		if (inside)
			stay(pass->run, copy, f, bs_run_symbol_name(pass->run, b));
		else if (f->to == b->definer)
			compare(look, copy, b, kind);
	}
}

static void look_through(struct second_look *look, const bs_bindings *bindings)
{
	bs_vec_each (i, bindings)
		look_at(look, &bindings->v[i]);
}

/* ---- conclusions ----------------------------------------------------------------------------- */

static void tell_of(const struct bs_run *run, struct bs_finding *f, enum bs_fact_kind kind,
		    uint32_t n, uint32_t of)
{
	bs_finding_fact(run, f,
			&(struct bs_fact){ .kind = kind, .n = n, .of = of, .object = BS_NO_MAP });
}

static void conclude(struct bs_pass *pass, const struct copy *copy)
{
	struct bs_finding *f = &pass->findings->v[copy->finding];

	if (copy->n_same + copy->n_differ)
		tell_of(pass->run, f, BS_FACT_SAME_CODE, copy->n_same,
			copy->n_same + copy->n_differ);
	/* One source, built alike: who is bound elsewhere meets what it would have met at home. */
	bool same_source = f->n_functions && copy->n_same == f->n_functions &&
			   !copy->n_other_size && !copy->n_stay_shared;

	if (same_source) {
		f->level--;
	} else if (f->n_functions >= MANY_FUNCTIONS && copy->n_stay) {
		f->rule = BS_RULE_SPLIT_COPY;
		tell_of(pass->run, f, BS_FACT_STAY, copy->n_stay, 0);
	}
}

static void tell_stable(const struct bs_run *run, struct bs_finding *f, const char *library)
{
	f->level = BS_LEVEL_WARNING;
	bs_finding_fact(
		run, f,
		&(struct bs_fact){ .kind = BS_FACT_STABLE, .object = BS_NO_MAP, .text = library });
}

/* The copy of a library whose interface is kept is used as a whole. */
static void judge_stable(struct bs_pass *pass, const struct copy *copy)
{
	struct bs_finding *f = &pass->findings->v[copy->finding];

	if (f->rule != BS_RULE_CAPTURED || f->level != BS_LEVEL_ERROR || copy->n_stay_shared)
		return;
	const char *library = bs_stable_library(pass->checker, pass->run, f->from, f->to);

	if (library)
		tell_stable(pass->run, f, library);
}

/* The same of an object that needs such a library and is bound to a copy of it elsewhere. */
static void judge_dependencies(struct bs_pass *pass)
{
	bs_vec_each (i, pass->findings) {
		struct bs_finding *f = &pass->findings->v[i];
		const char *library = NULL;

		if (f->rule != BS_RULE_CAPTURED_DEPENDENCY || f->level != BS_LEVEL_ERROR)
			continue;
		bs_vec_each (k, &f->facts) {
			const struct bs_fact *fact = &f->facts.v[k];

			if (fact->kind != BS_FACT_NEEDED_DEFINER)
				continue;
			library = bs_stable_library(pass->checker, pass->run, fact->object, f->to);
			if (!library)
				break;
		}
		if (library)
			tell_stable(pass->run, f, library);
	}
}

void bs_judge_copies(struct bs_pass *pass)
{
	struct second_look look = { .pass = pass, .referrer = BS_NO_MAP };
	const struct bs_run *run = pass->run;

	bs_vec_each (i, pass->findings) {
		struct bs_finding *f = &pass->findings->v[i];
		struct copy copy = { .finding = i };

		if (f->rule != BS_RULE_CAPTURED)
			continue;
		f->level = level_of(f);
		if (f->n_functions + f->n_data < SEVERAL)
			continue;
		measure(pass, f, &copy.shared);
		if (!f->preloaded)
			bs_vec_push(run->ctx.arena, &look.copies, copy);
	}
	judge_dependencies(pass);
	if (!look.copies.n)
		return;
	look_through(&look, &pass->result->relocated.bindings);
	look_through(&look, &pass->result->slots);
	look_through(&look, &pass->result->changed_slots);
	bs_vec_each (i, &look.copies) {
		conclude(pass, &look.copies.v[i]);
		judge_stable(pass, &look.copies.v[i]);
		bs_check_constructed(pass, look.copies.v[i].finding, look.copies.v[i].constructed);
	}
}
