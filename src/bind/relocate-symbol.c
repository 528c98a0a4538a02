/* SPDX-License-Identifier: MIT */
/*
 * What a relocation's symbol is bound to, which the loader asks once for all relocations of the
 * object that ask the same. (glibc elf/dl-reloc.c:resolve_map, RESOLVE_MAP)
 */
#include "relocate-priv.h"

#include <elf.h>

static void note(struct bs_relocation_job *job, enum bs_note_kind kind, uint32_t a, uint32_t b)
{
	bs_vec_push(job->ctx->arena, &job->ret->notes, (struct bs_note){ kind, a, b });
}

void bs_job_stop(struct bs_relocation_job *job, enum bs_relocation_end end,
		 const struct bs_failure *failure)
{
	job->has_failed = true;
	if (job->ret->stopped)
		return;
	if (end == BS_RELOCATION_FAILED && job->binder->policy.startup_finds_all &&
	    bs_map_of(job->process, job->map)->kind != BS_MAP_LOADED) {
		note(job, BS_NOTE_SAID, job->ret->said.n, 0);
		bs_vec_push(job->ctx->arena, &job->ret->said, *failure);
		job->end = end;
		*job->failure = *failure;
		return;
	}
	job->ret->stopped = true;
	job->ret->stopped_at = job->ret->notes.n;
	job->end = end;
	*job->failure = *failure;
}

void bs_job_crash(struct bs_relocation_job *job, const char *reason)
{
	const struct bs_failure failure = {
		.subject = "",
		.words = reason,
		.crash = true,
		.needed_by = BS_NO_MAP,
	};

	bs_job_stop(job, BS_RELOCATION_FATAL, &failure);
}

static void say_undefined(struct bs_relocation_job *job, uint32_t symbol,
			  const struct bs_answer *answer)
{
	if (job->binder->policy.others_bring)
		return;
	const struct bs_failure failure =
		bs_undefined_failure(job->binder, job->process, job->ctx, job->map,
				     bs_image_symbol_name(job->image, symbol),
				     bs_reference_version(job->image, symbol), answer, false);

	bs_job_stop(job, BS_RELOCATION_FAILED, &failure);
}

/* Where the memo keeps the binding of (SYMBOL, TYPE_CLASS). */
static uint32_t *memo_of(struct bs_relocation_job *job, uint32_t symbol, unsigned type_class)
{
	struct bs_memo *memo = &job->binder->memo[type_class];

	/* Those of other maps are not asked for any more. */
	if (symbol >= memo->n)
		*memo = (struct bs_memo){
			.of = bs_new(job->ctx->arena, uint32_t, job->image->symbols.n),
			.n = job->image->symbols.n,
		};
	return &memo->of[symbol];
}

void bs_job_begin(struct bs_relocation_job *job)
{
	if (!job->binder->serial)
		job->binder->serial = 1;
	job->first_binding = job->ret->bindings.n;
}

void bs_job_end(struct bs_relocation_job *job)
{
	job->binder->serial += job->ret->bindings.n - job->first_binding;
}

static uint32_t remember(struct bs_relocation_job *job, uint32_t *memo,
			 const struct bs_binding *binding)
{
	uint32_t index = job->ret->bindings.n;

	bs_vec_push(job->ctx->arena, &job->ret->bindings, *binding);
	*memo = job->binder->serial + (index - job->first_binding);
	return index;
}

/* The deferred binding for SYMBOL, made when it is new. The memo does not know of it: a relocation
 * of another kind may not wait. */
static struct bs_binding *defer(struct bs_relocation_job *job, const struct bs_binding *binding)
{
	bs_bindings *deferred = &job->ret->deferred;

	for (uint32_t i = job->first_deferred; i < deferred->n; i++)
		if (deferred->v[i].symbol == binding->symbol &&
		    deferred->v[i].type_class == binding->type_class)
			return &deferred->v[i];
	bs_vec_push(job->ctx->arena, deferred, *binding);
	return &deferred->v[deferred->n - 1];
}

/* True when the reference SYMBOL, which a relocation of KIND makes, is put off. */
static bool is_deferred(struct bs_relocation_job *job, uint32_t symbol, enum bs_reloc_kind kind,
			struct bs_key key)
{
	if (!job->defers || (kind != BS_RELOC_SLOT && kind != BS_RELOC_GLOB_DAT))
		return false;
	const struct bs_query query = bs_query_for(
		job->process, job->map, symbol, bs_class_of(job->image->machine, kind), key.hash);
	struct bs_answer answer = bs_lookup(job->binder, job->process, job->ctx, &query);

	if (answer.outcome != BS_UNDEFINED)
		return false;
	const struct bs_binding binding = bs_binding_from(job->process, &query, &answer);
	struct bs_binding *waiting = defer(job, &binding);

	waiting->n_relocations++;
	waiting->kinds |= (uint16_t)(1u << kind);
	return true;
}

/* BINDING is found without effects but for the usual one; returns its index. */
static uint32_t take(struct bs_relocation_job *job, uint32_t *memo,
		     const struct bs_binding *binding)
{
	if (!job->ret->stopped)
		bs_apply_dependency(job->process, job->ctx, job->map, binding->definer, true,
				    job->ret);
	return remember(job, memo, binding);
}

/* Makes the lookup for R and returns its binding's index. */
static uint32_t look_up(struct bs_relocation_job *job, uint32_t *memo, const struct bs_reference *r)
{
	struct bs_binding binding;

	if (bs_lookup_quickly(job->binder, job->process, job->ctx, r, &binding)) {
		if (job->binder->recall->is_kept)
			bs_forecast_learn(job->binder, job->forecast, &r->entry, &binding);
		return take(job, memo, &binding);
	}
	const struct bs_query query =
		bs_query_for(job->process, job->map, r->symbol, r->type_class, r->key.hash);
	struct bs_answer answer = bs_lookup(job->binder, job->process, job->ctx, &query);

	binding = bs_binding_from(job->process, &query, &answer);
	uint32_t index = remember(job, memo, &binding);

	if (job->standing.referrer && !bs_is_settled(job->binder, &job->standing, &query, &answer))
		bs_vec_push(job->ctx->arena, &job->asked, index - job->first_binding);
	if (answer.outcome == BS_UNDEFINED) {
		if (!answer.is_too_direct && !job->binder->policy.others_bring)
			note(job, BS_NOTE_UNDEFINED, index, 0);
		say_undefined(job, r->symbol, &answer);
	} else if (answer.outcome == BS_LOOKUP_CRASH) {
		bs_job_crash(job, answer.crash);
	}
	if (!job->ret->stopped)
		bs_apply_effects(job->binder, job->process, job->ctx, &query, &answer, true,
				 job->ret);
	return index;
}

static uint32_t bind_locally(struct bs_relocation_job *job, uint32_t *memo, uint32_t symbol,
			     unsigned type_class)
{
	const struct bs_binding own = bs_own_binding(job->process, job->map, symbol, type_class);

	return remember(job, memo, &own);
}

/* An IFUNC's resolver runs now: in an object that is not relocated yet this goes wrong. */
static void check_ifunc(struct bs_relocation_job *job, uint32_t index)
{
	const struct bs_binding *binding = &job->ret->bindings.v[index];

	if (!job->image->machine->checks_ifunc || binding->outcome != BS_BOUND ||
	    binding->definer == job->map)
		return;
	const struct bs_map *definer = bs_map_of(job->process, binding->definer);

	if (definer->relocated)
		return;
	struct bs_symbol s = bs_image_symbol(definer->image, binding->definer_symbol);

	if (bs_symbol_type(&s) != TYPE_IFUNC || s.section == SHN_UNDEF)
		return;
	if (definer->kind != BS_MAP_EXECUTABLE) {
		note(job, BS_NOTE_RELINK, index, 0);
		return;
	}
	if (!job->binder->policy.guards_program_ifuncs)
		return;
	const struct bs_failure failure = {
		.subject = "",
		.words = bs_arena_printf(
			job->ctx->arena,
			"IFUNC symbol '%s' referenced in '%s' is defined in the executable and "
			"creates an unsatisfiable circular dependency.",
			bs_image_symbol_name(job->image, binding->symbol),
			bs_text(job->ctx, bs_map_of(job->process, job->map)->name)),
		.occasion = "",
		.needed_by = BS_NO_MAP,
	};

	bs_job_stop(job, BS_RELOCATION_FATAL, &failure);
}

/* False when nothing is foretold; else *RET_INDEX is the binding's. */
static bool bind_as_foretold(struct bs_relocation_job *job, uint32_t *memo, uint32_t symbol,
			     unsigned type_class, uint32_t *ret_index)
{
	struct bs_binding binding;

	if (!bs_bind_as_foretold(job->binder, job->process, job->ctx, job->forecast, job->map,
				 symbol, type_class, &binding))
		return false;
	*ret_index = take(job, memo, &binding);
	return true;
}

bs_map_id bs_job_bind(struct bs_relocation_job *job, uint32_t symbol, enum bs_reloc_kind kind,
		      struct bs_key key)
{
	unsigned type_class = bs_class_of(job->image->machine, kind);

	if (kind == BS_RELOC_GLOB_DAT && job->extern_protected_data)
		type_class = BS_CLASS_EXTERN_DATA;
	if (symbol >= job->image->symbols.n) {
		bs_job_crash(job, "a relocation names a symbol outside of the symbol table");
		return BS_NO_MAP;
	}
	uint32_t *memo = memo_of(job, symbol, type_class);
	bool known = *memo >= job->binder->serial;
	uint32_t index = known ? *memo - job->binder->serial + job->first_binding : 0;

	job->ret->last_referrer = job->map;
	job->ret->last_symbol = symbol;
	if (!known && !bind_as_foretold(job, memo, symbol, type_class, &index)) {
		/* Its answer was known for another class, or as good as known. */
		if (!key.hash)
			key = bs_key_of(job->binder, job->image, symbol);
		const struct bs_reference reference = {
			.map = job->map,
			.symbol = symbol,
			.entry = bs_image_symbol(job->image, symbol),
			.type_class = type_class,
			.key = key,
			.scope = &bs_map_of(job->process, job->map)->scope,
		};
		bool local = bs_binds_locally(&job->binder->policy, job->image, symbol,
					      &reference.entry);

		if (!local && is_deferred(job, symbol, kind, key))
			return BS_NO_MAP;
		index = local ? bind_locally(job, memo, symbol, type_class)
			      : look_up(job, memo, &reference);
	}
	struct bs_binding *binding = &job->ret->bindings.v[index];

	binding->n_relocations++;
	binding->kinds |= (uint16_t)(1u << kind);
	if (binding->why == BS_WHY_LOCAL)
		return job->map;
	if (symbol == job->last_symbol && type_class == job->last_class &&
	    !job->binder->policy.remembers_no_lookup)
		return binding->definer;
	job->last_symbol = symbol;
	job->last_class = type_class;
	if (binding->outcome == BS_BOUND) {
		bs_map_id definer = binding->definer;

		bs_note_lookup(job->ctx, job->ret, job->first_note, index);
		check_ifunc(job, index);
		return definer;
	}
	if (known && binding->outcome == BS_UNDEFINED && !job->binder->policy.others_bring) {
		note(job, BS_NOTE_UNDEFINED_AGAIN, index, 0);
		if (job->binder->policy.remembers_no_lookup)
			say_undefined(job, symbol, NULL);
	}
	return BS_NO_MAP;
}
