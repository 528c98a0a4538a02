/* SPDX-License-Identifier: MIT */
/*
 * object-split: an object that is there once for everybody else is there a second time for who is
 * opened with RTLD_DEEPBIND, or for the DT_SYMBOLIC library that an executable copied it from.
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

enum { BIND_UNIQUE = 10 };

/* An object of C++ that its constructor has to fill in: std::cout. The second one is what it was in
 * the file, and the first use of it ends the process. */
static bool is_constructed(const struct bs_run *run, const struct bs_binding *b)
{
	const struct bs_image *image = bs_map_of(&run->process, b->definer)->image;
	const struct bs_symbol symbol = bs_image_symbol(image, b->definer_symbol);

	return strncmp(bs_run_symbol_name(run, b), "_Z", 2) == 0 &&
	       bs_is_blank_variable(image, &symbol);
}

static struct bs_finding *finding_for(struct bs_pass *pass, const struct bs_binding *b,
				      enum bs_fact_kind kind, bs_map_id object)
{
	struct bs_finding *f =
		bs_finding_of(pass, BS_RULE_OBJECT_SPLIT,
			      is_constructed(pass->run, b) ? BS_LEVEL_ERROR : BS_LEVEL_WARNING, b);

	if (f->n == 1)
		bs_finding_fact(pass->run, f, &(struct bs_fact){ .kind = kind, .object = object });
	return f;
}

/* The copy in the executable of what B is bound to, or NULL. */
static const struct bs_copied *copy_of(const struct bs_pass *pass, const struct bs_binding *b)
{
	bs_vec_each (i, &pass->checker->copied) {
		const struct bs_copied *copied = &pass->checker->copied.v[i];

		if (copied->from != b->definer)
			continue;
		const struct bs_image *image = bs_map_of(&pass->run->process, b->definer)->image;

		if (bs_image_symbol(image, b->definer_symbol).value == copied->original)
			return copied;
	}
	return NULL;
}

/* Some reference of FROM is bound to TO: they work together. */
static bool is_bound(const bs_bindings *bindings, bs_map_id from, bs_map_id to)
{
	bs_vec_each (i, bindings)
		if (bindings->v[i].referrer == from && bindings->v[i].definer == to)
			return true;
	return false;
}

/* Whose definition of B's symbol all others use; BS_NO_MAP: the same one, or it does not matter. */
static bs_map_id shared_instance(const struct bs_pass *pass, const struct bs_binding *b)
{
	const struct bs_run *run = pass->run;
	struct bs_query query = bs_query_of(&run->process, b);
	bs_ids scope = { 0 };

	bs_vec_push(run->ctx.arena, &scope, bs_global_list(&run->process, 0));
	query.scope = &scope;
	const struct bs_answer answer = bs_lookup(run->binder, &run->process, &run->ctx, &query);

	if (answer.outcome != BS_BOUND || answer.definer == b->definer ||
	    bs_map_of(&run->process, answer.definer)->role != BS_ROLE_ORDINARY)
		return BS_NO_MAP;
	const struct bs_symbol there =
		bs_image_symbol(bs_map_of(&run->process, answer.definer)->image, answer.symbol);

	if (bs_symbol_bind(&there) != BIND_UNIQUE &&
	    !bs_is_type_information(bs_run_symbol_name(run, b)))
		return BS_NO_MAP;
	/* Two that have nothing to do with each other are what the flag is for. */
	return is_bound(&pass->result->relocated.bindings, b->referrer, answer.definer) ||
			       is_bound(&pass->result->slots, b->referrer, answer.definer)
		       ? answer.definer
		       : BS_NO_MAP;
}

static bool is_data(const struct bs_run *run, const struct bs_binding *b)
{
	const struct bs_image *image = bs_map_of(&run->process, b->definer)->image;
	const struct bs_symbol symbol = bs_image_symbol(image, b->definer_symbol);

	return bs_symbol_type(&symbol) == STT_OBJECT;
}

static void check_deepbind(struct bs_pass *pass)
{
	const struct bs_run *run = pass->run;
	const bs_bindings *bindings = &pass->result->relocated.bindings;
	struct bs_counted counted = { 0 };

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->outcome != BS_BOUND || !b->symbol || b->why != BS_WHY_FIRST_IN_SCOPE ||
		    b->referrer < pass->result->opening.first ||
		    b->definer == run->process.executable || !is_data(run, b))
			continue;
		const struct bs_copied *copied = copy_of(pass, b);
		bool is_a_type = bs_is_type_information(bs_run_symbol_name(run, b));

		/* Of constants only those matter that are told apart by their address. */
		if (copied && copied->is_constant && !is_a_type)
			continue;
		bs_map_id shared = copied ? BS_NO_MAP : shared_instance(pass, b);

		if ((!copied && shared == BS_NO_MAP) ||
		    bs_counted_before(pass, &counted, b, BS_COUNTED_CAPTURED))
			continue;
		finding_for(pass, b, copied ? BS_FACT_COPIED : BS_FACT_ELSEWHERE,
			    copied ? run->process.executable : shared);
	}
}

/* The library that COPIED was copied from goes on with its own. (glibc elf/dl-protected.h) */
static bool stays_inside(const struct bs_run *run, const struct bs_copied *copied)
{
	return copied->is_protected || bs_map_of(&run->process, copied->from)->image->symbolic;
}

/* The link editor binds what a symbolic library refers to of its own: no reference is left to tell
 * whether there is one. */
static void check_symbolic(struct bs_pass *pass)
{
	const struct bs_run *run = pass->run;
	const bs_bindings *bindings = &pass->result->relocated.bindings;
	bool any = false;

	bs_vec_each (i, &pass->checker->copied)
		any |= stays_inside(run, &pass->checker->copied.v[i]);
	if (!any)
		return;
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->type_class != BS_CLASS_COPY || b->outcome != BS_BOUND)
			continue;
		const struct bs_copied *copied = copy_of(pass, b);

		if (copied && stays_inside(run, copied) &&
		    (!copied->is_constant || bs_is_type_information(bs_run_symbol_name(run, b))))
			finding_for(pass, b,
				    copied->is_protected ? BS_FACT_STAYS_PROTECTED
							 : BS_FACT_STAYS_INSIDE,
				    b->definer);
	}
}

void bs_check_split(struct bs_pass *pass)
{
	const struct bs_opening *opening = &pass->result->opening;

	if (pass->result->state != BS_STEP_OK)
		return;
	if (!pass->result->number)
		check_symbolic(pass);
	else if (opening->request.flags & BS_OPEN_DEEPBIND && !opening->request.ns &&
		 pass->run->scope_policy.deepbind && opening->root != BS_NO_MAP)
		check_deepbind(pass);
}
