/* SPDX-License-Identifier: MIT */
/*
 * One object's relocations, in the loader's order.
 * (glibc elf/dl-reloc.c:_dl_relocate_object, resolve_map; elf/do-rel.h;
 * sysdeps/MACHINE/dl-machine.h)
 */
#include "answers.h"

#include <elf.h>
#include <stdio.h>

enum { TYPE_IFUNC = 10 };

struct put_off {
	struct bs_relocation relocation;
	struct bs_key key;
};

struct job {
	struct bs_binder *binder;
	struct bs_process *process;
	const struct bs_ctx *ctx;
	bs_map_id map;
	const struct bs_image *image;
	struct bs_relocated *ret;
	struct bs_failure *failure;
	const struct bs_forecast *forecast; /* or NULL */
	enum bs_relocation_end end;
	uint32_t first_binding; /* of this map in ret->bindings */
	uint32_t first_note;	/* and in ret->notes */
	bool extern_protected_data;
	/* The loader remembers its last lookup per object: the same question again is no new
	 * lookup. */
	uint32_t last_symbol;
	unsigned last_class;
	/* What waits until all else of the object is done, and whether that is so. */
	BS_VEC(struct put_off) put_off;
	bool is_late;
	bool defers;	 /* what nobody defines may wait */
	bool has_failed; /* told or not: of what fails behind another failure nothing is noted */
	bs_ids tls;	 /* symbols whose definers need a place in the static TLS block;
			    0: the object itself */
	struct bs_standing standing;
	bs_ids asked; /* of the bindings, those that may be others where the object stands like this
		       */
	uint32_t first_deferred; /* of this map in ret->deferred */
};

static void note(struct job *job, enum bs_note_kind kind, uint32_t a, uint32_t b)
{
	bs_vec_push(job->ctx->arena, &job->ret->notes, (struct bs_note){ kind, a, b });
}

/* The loader's first failure in this step; later ones are only noted. */
static void stop(struct job *job, enum bs_relocation_end end, const struct bs_failure *failure)
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

static void say_undefined(struct job *job, uint32_t symbol, const struct bs_answer *answer)
{
	if (job->binder->policy.others_bring)
		return;
	const struct bs_failure failure =
		bs_undefined_failure(job->binder, job->process, job->ctx, job->map,
				     bs_image_symbol_name(job->image, symbol),
				     bs_reference_version(job->image, symbol), answer, false);

	stop(job, BS_RELOCATION_FAILED, &failure);
}

static void fail_type(struct job *job, uint32_t type, bool plt)
{
	const struct bs_failure failure = {
		.kind = BS_FAILURE_RELOCATING,
		.subject = bs_text(job->ctx, bs_map_of(job->process, job->map)->name),
		.words = job->binder->policy.words->odd_type(job->ctx, type, plt),
		.needed_by = BS_NO_MAP,
	};

	stop(job, BS_RELOCATION_FAILED, &failure);
}

static void fail_crash(struct job *job, const char *reason)
{
	const struct bs_failure failure = {
		.subject = "",
		.words = reason,
		.crash = true,
		.needed_by = BS_NO_MAP,
	};

	stop(job, BS_RELOCATION_FATAL, &failure);
}

/* Where the memo keeps the binding of (SYMBOL, TYPE_CLASS). */
static uint32_t *memo_of(struct job *job, uint32_t symbol, unsigned type_class)
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

static void begin_memo(struct job *job)
{
	if (!job->binder->serial)
		job->binder->serial = 1;
	job->first_binding = job->ret->bindings.n;
}

static void end_memo(struct job *job)
{
	job->binder->serial += job->ret->bindings.n - job->first_binding;
}

static uint32_t remember(struct job *job, uint32_t *memo, const struct bs_binding *binding)
{
	uint32_t index = job->ret->bindings.n;

	bs_vec_push(job->ctx->arena, &job->ret->bindings, *binding);
	*memo = job->binder->serial + (index - job->first_binding);
	return index;
}

/* The deferred binding for SYMBOL, made when it is new. The memo does not know of it: a relocation
 * of another kind may not wait. */
static struct bs_binding *defer(struct job *job, const struct bs_binding *binding)
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
static bool is_deferred(struct job *job, uint32_t symbol, enum bs_reloc_kind kind,
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
static uint32_t take(struct job *job, uint32_t *memo, const struct bs_binding *binding)
{
	if (!job->ret->stopped)
		bs_apply_dependency(job->process, job->ctx, job->map, binding->definer, true,
				    job->ret);
	return remember(job, memo, binding);
}

/* Makes the lookup for R and returns its binding's index. */
static uint32_t look_up(struct job *job, uint32_t *memo, const struct bs_reference *r)
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
		fail_crash(job, answer.crash);
	}
	if (!job->ret->stopped)
		bs_apply_effects(job->binder, job->process, job->ctx, &query, &answer, true,
				 job->ret);
	return index;
}

static uint32_t bind_locally(struct job *job, uint32_t *memo, uint32_t symbol, unsigned type_class)
{
	const struct bs_binding own = bs_own_binding(job->process, job->map, symbol, type_class);

	return remember(job, memo, &own);
}

/* An IFUNC's resolver runs now: in an object that is not relocated yet this goes wrong. */
static void check_ifunc(struct job *job, uint32_t index)
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

	stop(job, BS_RELOCATION_FATAL, &failure);
}

/* False when nothing is foretold; else *RET_INDEX is the binding's. */
static bool bind_as_foretold(struct job *job, uint32_t *memo, uint32_t symbol, unsigned type_class,
			     uint32_t *ret_index)
{
	struct bs_binding binding;

	if (!bs_bind_as_foretold(job->binder, job->process, job->ctx, job->forecast, job->map,
				 symbol, type_class, &binding))
		return false;
	*ret_index = take(job, memo, &binding);
	return true;
}

/* Binds SYMBOL; returns the definer, or BS_NO_MAP when there is none. */
static bs_map_id bind_symbol(struct job *job, uint32_t symbol, enum bs_reloc_kind kind,
			     struct bs_key key)
{
	unsigned type_class = bs_class_of(job->image->machine, kind);

	if (kind == BS_RELOC_GLOB_DAT && job->extern_protected_data)
		type_class = BS_CLASS_EXTERN_DATA;
	if (symbol >= job->image->symbols.n) {
		fail_crash(job, "a relocation names a symbol outside of the symbol table");
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

/* Initial-exec TLS of an object that came after start-up has no place. */
static void check_static_tls(struct job *job, bs_map_id definer, bool optional)
{
	const struct bs_map *map = bs_map_of(job->process, definer);

	if (optional || map->kind != BS_MAP_LOADED || !map->image->has_tls)
		return;
	const struct bs_failure failure = {
		.kind = BS_FAILURE_RELOCATING,
		.subject = bs_text(job->ctx, bs_map_of(job->process, job->map)->name),
		.words = job->binder->policy.words->late_tls(
			job->ctx,
			bs_image_symbol_name(
				bs_map_of(job->process, job->ret->last_referrer)->image,
				job->ret->last_symbol),
			bs_text(job->ctx, map->name)),
		.needed_by = BS_NO_MAP,
	};

	stop(job, BS_RELOCATION_FAILED, &failure);
}

static bool is_tls(enum bs_reloc_kind kind)
{
	return kind == BS_RELOC_TLS || kind == BS_RELOC_TLS_IE || kind == BS_RELOC_TLS_DESC;
}

/* Initial-exec TLS of an object that came late needs what is left of the static block; a descriptor
 * takes it if there is some. */
static void place_tls(struct job *job, uint32_t symbol, bs_map_id definer, bool optional)
{
	if (job->standing.referrer)
		bs_vec_push(job->ctx->arena, &job->tls, symbol);
	if (definer == BS_NO_MAP || job->ret->stopped)
		return;
	if (job->binder->policy.no_static_tls_surplus) {
		check_static_tls(job, definer, optional);
		return;
	}
	if (bs_process_place_tls(job->process, definer, optional) || optional)
		return;
	const struct bs_failure failure = {
		.subject = bs_text(job->ctx, bs_map_of(job->process, definer)->name),
		.words = "cannot allocate memory in static TLS block",
		.needed_by = BS_NO_MAP,
	};

	stop(job, BS_RELOCATION_FAILED, &failure);
}

/* SYMBOL is a weak reference: what it was bound to is no error. */
static bool may_be_null(const struct job *job, uint32_t symbol)
{
	struct bs_symbol s = bs_image_symbol(job->image, symbol);

	return bs_symbol_bind(&s) == STB_WEAK && s.section == SHN_UNDEF;
}

/* The object's own definition of SYMBOL, which need not be the one that answers, has a resolver. */
static bool names_own_ifunc(const struct job *job, uint32_t symbol)
{
	if (!symbol || symbol >= job->image->symbols.n)
		return false;
	struct bs_symbol s = bs_image_symbol(job->image, symbol);

	return s.section != SHN_UNDEF && bs_symbol_type(&s) == TYPE_IFUNC;
}

static void relocate_one(struct job *job, const struct bs_relocation *r, struct bs_key key)
{
	const struct bs_match_policy *policy = &job->binder->policy;
	/* A file for another machine may have come in: its types are taken for this one's. */
	const struct bs_machine *machine =
		policy->knows_type ? job->process->setup->target.machine : job->image->machine;
	enum bs_reloc_kind kind = bs_machine_kind(machine, r->type);

	if (policy->knows_type && kind != BS_RELOC_NONE && !policy->knows_type(machine, r->type))
		kind = BS_RELOC_UNKNOWN;
	if (kind == BS_RELOC_NONE || kind == BS_RELOC_RELATIVE || kind == BS_RELOC_IRELATIVE)
		return;
	if (policy->own_ifuncs_last && !job->is_late && names_own_ifunc(job, r->symbol)) {
		bs_vec_push(job->ctx->arena, &job->put_off, (struct put_off){ *r, key });
		return;
	}
	bs_map_id definer = r->symbol ? bind_symbol(job, r->symbol, kind, key) : job->map;

	if (policy->tls_needs_definition && is_tls(kind) && definer == BS_NO_MAP &&
	    !job->ret->stopped && may_be_null(job, r->symbol))
		fail_crash(job, "a weak reference to a thread-local variable that nobody defines");
	/* The type is looked at when the symbol is known. */
	if (kind == BS_RELOC_UNKNOWN)
		fail_type(job, r->type, false);
	else if (kind == BS_RELOC_TLS_IE)
		place_tls(job, r->symbol, definer, false);
	else if (kind == BS_RELOC_TLS_DESC ||
		 (job->image->shortens_tls && r->type == R_PPC64_DTPMOD64))
		place_tls(job, r->symbol, definer, true);
}

static void relocate_eagerly(struct job *job, const struct bs_reloc_table *table)
{
	struct bs_ahead ahead;

	for (uint32_t i = table->n_relative; i < table->n; i += ahead.n) {
		bs_look_ahead(job->binder, job->process, job->image, table, i, true, job->forecast,
			      &ahead);
		for (uint32_t k = 0; k < ahead.n; k++)
			relocate_one(job, &ahead.relocation[k], ahead.key[k]);
	}
}

static void relocate_lazily(struct job *job, const struct bs_reloc_table *table)
{
	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);
		enum bs_reloc_kind kind = bs_machine_kind(job->image->machine, r.type);

		if (bs_relocation_waits(job->binder, job->image, &r) || kind == BS_RELOC_IRELATIVE)
			continue;
		if (kind != BS_RELOC_SLOT && kind != BS_RELOC_TLS_DESC) {
			fail_type(job, r.type, true);
			continue;
		}
		struct bs_key key = bs_key_of(job->binder, job->image, r.symbol);
		bs_map_id definer = r.symbol ? bind_symbol(job, r.symbol, kind, key) : job->map;

		if (kind == BS_RELOC_TLS_DESC)
			place_tls(job, r.symbol, definer, true);
	}
}

/* The GOT of MIPS: where it is lazy, what has a stub waits, and nothing is asked for the like of
 * it. */
static void relocate_got(struct job *job, bool lazy)
{
	const struct bs_reloc_table *table = &job->image->relocations.got;

	for (uint32_t i = 0; i < table->n; i++) {
		struct bs_relocation r = bs_reloc_at(table, i);

		if (!lazy || bs_machine_kind(job->image->machine, r.type) != BS_RELOC_SLOT)
			relocate_one(job, &r, bs_key_of(job->binder, job->image, r.symbol));
	}
}

/*
 * RISC-V sets a register for the executable alone, which may do without: a weak reference that
 * leaves nothing behind. (glibc sysdeps/riscv/dl-machine.h:elf_machine_runtime_setup)
 */
static void find_global_pointer(struct job *job)
{
	const struct bs_map *map = bs_map_of(job->process, job->map);
	const char *name = job->image->machine->gp_name;

	if (!name || map->kind != BS_MAP_EXECUTABLE)
		return;
	const struct bs_name_query query = {
		.name = name,
		.referrer = job->map,
		.scope = &map->scope,
		.keeps_nothing = true,
		.weak = true,
	};

	bs_bind_name(job->binder, job->process, job->ctx, &query, job->ret, job->failure);
}

/* Table after table. WAITS: jump slots are left for later. */
static void relocate_tables(struct job *job, bool lazy, bool waits)
{
	const struct bs_relocations *relocations = &job->image->relocations;
	bool plt_first = job->binder->policy.plt_first;

	relocate_got(job, waits);
	if (plt_first) {
		job->defers = lazy && job->binder->policy.defers_missing && !job->image->bind_now;
		relocate_eagerly(job, &relocations->plt);
	}
	for (uint32_t i = 0; i < relocations->n_eager; i++)
		relocate_eagerly(job, &relocations->eager[i]);
	if (waits)
		relocate_lazily(job, &relocations->plt);
	else if (!plt_first)
		relocate_eagerly(job, &relocations->plt);
	job->is_late = true;
	bs_vec_each (i, &job->put_off)
		relocate_one(job, &job->put_off.v[i].relocation, job->put_off.v[i].key);
}

/* What came of the job comes of it in other processes, too. */
static void keep(const struct job *job)
{
	const struct bs_standing *standing = &job->standing;

	if (!standing->referrer || job->has_failed)
		return;
	const struct bs_to_keep relocation = {
		.bindings = &job->ret->bindings.v[job->first_binding],
		.n_bindings = job->ret->bindings.n - job->first_binding,
		.first_binding = job->first_binding,
		.asked = &job->asked,
		.notes = &job->ret->notes,
		.first_note = job->first_note,
		.tls = &job->tls,
		.last_symbol = job->ret->last_symbol,
	};

	bs_answers_keep(job->binder, job->ctx, standing, &relocation);
}

static void relocate_or_repeat(struct job *job, bool lazy, bool waits)
{
	bs_answers_stand(job->binder, job->process, job->ctx, job->map,
			 &bs_map_of(job->process, job->map)->scope,
			 waits ? BS_KEPT_FOR_LAZY : BS_KEPT_FOR_NOW, &job->standing);
	const struct bs_kept_answers *kept = bs_answers_find(job->binder, &job->standing);

	if (!kept || !bs_relocate_again(job->binder, job->process, job->ctx, job->map,
					&job->standing, kept, job->ret)) {
		relocate_tables(job, lazy, waits);
		keep(job);
	}
	bs_answers_leave(&job->standing);
}

enum bs_relocation_end bs_relocate(struct bs_binder *binder, struct bs_process *process,
				   const struct bs_ctx *ctx, bs_map_id map, bool lazy,
				   struct bs_relocated *ret, struct bs_failure *ret_failure)
{
	const struct bs_image *image = bs_map_of(process, map)->image;
	struct job job = {
		.binder = binder,
		.process = process,
		.ctx = ctx,
		.map = map,
		.image = image,
		.ret = ret,
		.failure = ret_failure,
		.end = BS_RELOCATED,
		.forecast = bs_forecast_of(binder, process, map, &bs_map_of(process, map)->scope),
		.first_note = ret->notes.n,
		.first_deferred = ret->deferred.n,
		.last_symbol = UINT32_MAX,
		.extern_protected_data = binder->policy.extern_protected_data && bs_is_x86(image),
	};

	if (image->broken)
		fail_crash(&job, image->broken);
	/* Where it is to go is read from there: linkers leave it out where descriptors of TLS are
	 * all that the table has. (glibc sysdeps/MACHINE/dl-machine.h:elf_machine_runtime_setup) */
	bool waits = lazy && !binder->policy.plt_first && bs_map_is_lazy(process, map);

	if (waits && image->relocations.plt.n && !bs_image_has_dynamic(image, DT_PLTGOT))
		fail_crash(&job, "DT_JMPREL without DT_PLTGOT is set up for lazy binding");
	if (binder->policy.ignores_relr && image->relocations.n_relr)
		bs_diag_add(ctx->diags, BS_DIAG_IGNORED, image->path, BS_NO_OFFSET, 0,
			    "DT_RELR, which this loader does not know: the object's own pointers "
			    "stay as they are in the file");
	find_global_pointer(&job);
	begin_memo(&job);
	relocate_or_repeat(&job, lazy, waits);
	if (waits || ret->deferred.n > job.first_deferred)
		bs_vec_push(ctx->arena, &ret->lazy, map);
	end_memo(&job);
	if (!ret->stopped)
		bs_map_at(process, map)->relocated = true;
	return job.end;
}
