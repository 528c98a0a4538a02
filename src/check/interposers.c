/* SPDX-License-Identifier: MIT */
/*
 * interposer-bypassed: a preloaded object, or whoever brings an allocator to the program, stands
 * first in the global scope. Who asks others before that, or has another global scope, does not
 * reach it.
 */
#include "check-priv.h"

#include <elf.h>

static void count_users(struct bs_pass *pass, const bs_bindings *bindings)
{
	struct bs_checker *checker = pass->checker;
	bs_map_id last = BS_NO_MAP; /* bindings come referrer by referrer */

	bs_vec_each (k, &checker->interposers) {
		struct bs_interposer *interposer = &checker->interposers.v[k];

		bs_vec_each (i, bindings) {
			const struct bs_binding *b = &bindings->v[i];

			if (b->definer != interposer->map || b->referrer == b->definer ||
			    b->referrer == last)
				continue;
			if (!interposer->any_symbol &&
			    !bs_is_replaceable(bs_run_symbol_name(pass->run, b)))
				continue;
			last = b->referrer;
			interposer->n_users++;
		}
		last = BS_NO_MAP;
	}
}

/* Whose malloc the program is bound to: its own, that of a library it is linked with, as
 * libjemalloc or libasan, or libc's. */
static bs_map_id first_allocator(const struct bs_run *run)
{
	const struct bs_process *process = &run->process;
	bs_map_id first = BS_NO_MAP;
	uint64_t place = BS_NOWHERE;
	bs_ids definers = { 0 };

	bs_definers_of(run->binder, process, &run->ctx, "malloc", &definers);
	bs_vec_each (i, &definers) {
		uint64_t at = bs_place_in_scope(process, process->executable, definers.v[i]);

		if (at < place) {
			place = at;
			first = definers.v[i];
		}
	}
	return first;
}

void bs_note_interposers(struct bs_pass *pass)
{
	const struct bs_run *run = pass->run;
	const struct bs_process *process = &run->process;
	struct bs_checker *checker = pass->checker;

	/* Elsewhere there is one chain, or nobody is asked before the executable. */
	if (run->scope_policy.chain || run->scope_policy.fixed.used)
		return;
	bs_vec_each (id, &process->maps)
		if (bs_map_of(process, id)->preloaded)
			bs_vec_push(run->ctx.arena, &checker->interposers,
				    (struct bs_interposer){ id, 0, true });
	bs_map_id allocator = first_allocator(run);

	if (allocator != BS_NO_MAP && allocator != process->ns[0].libc &&
	    !bs_map_of(process, allocator)->preloaded)
		bs_vec_push(run->ctx.arena, &checker->interposers,
			    (struct bs_interposer){ allocator, 0, false });
	count_users(pass, &pass->result->relocated.bindings);
	count_users(pass, &pass->result->slots);
}

/* Why references of the object FROM may pass by those that stand first; NONE: they do not. */
static enum bs_fact_kind way_around(const struct bs_pass *pass, bs_map_id from)
{
	const struct bs_map *map = bs_map_of(&pass->run->process, from);

	if (map->ns)
		return BS_FACT_BY_NAMESPACE;
	if (pass->result->opening.request.flags & BS_OPEN_DEEPBIND &&
	    pass->run->scope_policy.deepbind && from >= pass->result->opening.first)
		return BS_FACT_BY_DEEPBIND;
	return map->image && map->image->symbolic && map->kind != BS_MAP_EXECUTABLE
		       ? BS_FACT_BY_SYMBOLIC
		       : BS_FACT_NONE;
}

/* Weak on both sides, as templates are: whoever answers, it is the same. */
static bool is_mergeable(const struct bs_run *run, const struct bs_binding *b, bs_map_id map,
			 uint32_t symbol)
{
	const struct bs_symbol there =
		bs_image_symbol(bs_map_of(&run->process, map)->image, symbol);
	const struct bs_symbol here =
		bs_image_symbol(bs_map_of(&run->process, b->definer)->image, b->definer_symbol);

	return bs_symbol_bind(&there) != STB_GLOBAL && bs_symbol_bind(&here) != STB_GLOBAL;
}

/* Whom B would have reached; NULL: nobody. */
static const struct bs_interposer *passed_by(const struct bs_pass *pass, const struct bs_binding *b,
					     bool allocates)
{
	const struct bs_run *run = pass->run;
	/* Who brings an allocator may bring more of what libc has, as sanitizers do. */
	bool is_libc = b->definer == run->process.ns[bs_map_of(&run->process, b->definer)->ns].libc;

	bs_vec_each (i, &pass->checker->interposers) {
		const struct bs_interposer *interposer = &pass->checker->interposers.v[i];

		if (b->definer == interposer->map || b->referrer == interposer->map)
			return NULL;
		if (!interposer->n_users || !(interposer->any_symbol || allocates || is_libc))
			continue;
		uint32_t symbol =
			bs_answer_of(run->binder, &run->process, &run->ctx, b, interposer->map);

		if (symbol && (allocates || !is_mergeable(run, b, interposer->map, symbol)))
			return interposer;
	}
	return NULL;
}

static void go_through(struct bs_pass *pass, const bs_bindings *bindings)
{
	const struct bs_run *run = pass->run;
	struct bs_counted counted = { 0 };
	bs_map_id last = BS_NO_MAP;
	enum bs_fact_kind way = BS_FACT_NONE;

	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];

		if (b->referrer != last)
			way = way_around(pass, last = b->referrer);
		if (way == BS_FACT_NONE || b->outcome != BS_BOUND || !b->symbol ||
		    b->type_class == BS_CLASS_COPY || b->why == BS_WHY_LOCAL ||
		    b->why == BS_WHY_PROTECTED ||
		    bs_map_of(&run->process, b->definer)->role != BS_ROLE_ORDINARY)
			continue;
		/* What a namespace does with itself is no news. */
		if (way == BS_FACT_BY_NAMESPACE && b->definer == b->referrer)
			continue;
		bool allocates = bs_is_replaceable(bs_run_symbol_name(run, b));
		const struct bs_interposer *interposer = passed_by(pass, b, allocates);

		if (!interposer || bs_counted_before(pass, &counted, b, BS_COUNTED_CAPTURED))
			continue;
		/* An allocator of one's own, or one that a whole namespace shares, hands nothing
		 * over by itself. */
		bool crosses =
			allocates && b->definer != b->referrer && way != BS_FACT_BY_NAMESPACE;
		struct bs_finding *f =
			bs_finding_of(pass, BS_RULE_INTERPOSER_BYPASSED, BS_LEVEL_WARNING, b);

		f->n_replaceable += allocates;
		if (crosses)
			f->level = BS_LEVEL_ERROR;
		if (f->n > 1)
			continue;
		bs_finding_fact(run, f,
				&(struct bs_fact){ .kind = BS_FACT_BYPASSED,
						   .n = interposer->n_users,
						   .object = interposer->map });
		bs_finding_fact(run, f, &(struct bs_fact){ .kind = way, .object = b->referrer });
	}
}

void bs_check_interposers(struct bs_pass *pass)
{
	if (!pass->checker->interposers.n || pass->result->state != BS_STEP_OK ||
	    (pass->result->step && pass->result->step->kind == BS_STEP_CALL))
		return;
	go_through(pass, &pass->result->relocated.bindings);
	go_through(pass, &pass->result->slots);
}
