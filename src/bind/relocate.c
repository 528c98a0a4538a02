/* SPDX-License-Identifier: MIT */
/*
 * One object's relocations, in the loader's order.
 * (glibc elf/dl-reloc.c:_dl_relocate_object, resolve_map; elf/do-rel.h;
 * sysdeps/MACHINE/dl-machine.h)
 */
#include "relocate-priv.h"

#include <elf.h>

static void fail_type(struct bs_relocation_job *job, uint32_t type, bool plt)
{
	const struct bs_failure failure = {
		.kind = BS_FAILURE_RELOCATING,
		.subject = bs_text(job->ctx, bs_map_of(job->process, job->map)->name),
		.words = job->binder->policy.words->odd_type(job->ctx, type, plt),
		.needed_by = BS_NO_MAP,
	};

	bs_job_stop(job, BS_RELOCATION_FAILED, &failure);
}

/* Initial-exec TLS of an object that came after start-up has no place. */
static void check_static_tls(struct bs_relocation_job *job, bs_map_id definer, bool optional)
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

	bs_job_stop(job, BS_RELOCATION_FAILED, &failure);
}

static bool is_tls(enum bs_reloc_kind kind)
{
	return kind == BS_RELOC_TLS || kind == BS_RELOC_TLS_IE || kind == BS_RELOC_TLS_DESC;
}

/* Initial-exec TLS of an object that came late needs what is left of the static block; a descriptor
 * takes it if there is some. */
static void place_tls(struct bs_relocation_job *job, uint32_t symbol, bs_map_id definer,
		      bool optional)
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

	bs_job_stop(job, BS_RELOCATION_FAILED, &failure);
}

/* SYMBOL is a weak reference: what it was bound to is no error. */
static bool may_be_null(const struct bs_relocation_job *job, uint32_t symbol)
{
	struct bs_symbol s = bs_image_symbol(job->image, symbol);

	return bs_symbol_bind(&s) == STB_WEAK && s.section == SHN_UNDEF;
}

/* The object's own definition of SYMBOL, which need not be the one that answers, has a resolver. */
static bool names_own_ifunc(const struct bs_relocation_job *job, uint32_t symbol)
{
	if (!symbol || symbol >= job->image->symbols.n)
		return false;
	struct bs_symbol s = bs_image_symbol(job->image, symbol);

	return s.section != SHN_UNDEF && bs_symbol_type(&s) == TYPE_IFUNC;
}

static void relocate_one(struct bs_relocation_job *job, const struct bs_relocation *r,
			 struct bs_key key)
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
		bs_vec_push(job->ctx->arena, &job->put_off, (struct bs_put_off){ *r, key });
		return;
	}
	bs_map_id definer = r->symbol ? bs_job_bind(job, r->symbol, kind, key) : job->map;

	if (policy->tls_needs_definition && is_tls(kind) && definer == BS_NO_MAP &&
	    !job->ret->stopped && may_be_null(job, r->symbol))
		bs_job_crash(job,
			     "a weak reference to a thread-local variable that nobody defines");
	/* The type is looked at when the symbol is known. */
	if (kind == BS_RELOC_UNKNOWN)
		fail_type(job, r->type, false);
	else if (kind == BS_RELOC_TLS_IE)
		place_tls(job, r->symbol, definer, false);
	else if (kind == BS_RELOC_TLS_DESC ||
		 (job->image->shortens_tls && r->type == R_PPC64_DTPMOD64))
		place_tls(job, r->symbol, definer, true);
}

static void relocate_eagerly(struct bs_relocation_job *job, const struct bs_reloc_table *table)
{
	struct bs_ahead ahead;

	for (uint32_t i = table->n_relative; i < table->n; i += ahead.n) {
		bs_look_ahead(job->binder, job->process, job->image, table, i, true, job->forecast,
			      &ahead);
		for (uint32_t k = 0; k < ahead.n; k++)
			relocate_one(job, &ahead.relocation[k], ahead.key[k]);
	}
}

static void relocate_lazily(struct bs_relocation_job *job, const struct bs_reloc_table *table)
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
		bs_map_id definer = r.symbol ? bs_job_bind(job, r.symbol, kind, key) : job->map;

		if (kind == BS_RELOC_TLS_DESC)
			place_tls(job, r.symbol, definer, true);
	}
}

/* The GOT of MIPS: where it is lazy, what has a stub waits, and nothing is asked for the like of
 * it. */
static void relocate_got(struct bs_relocation_job *job, bool lazy)
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
static void find_global_pointer(struct bs_relocation_job *job)
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
static void relocate_tables(struct bs_relocation_job *job, bool lazy, bool waits)
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
static void keep(const struct bs_relocation_job *job)
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

static void relocate_or_repeat(struct bs_relocation_job *job, bool lazy, bool waits)
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
	struct bs_relocation_job job = {
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
		bs_job_crash(&job, image->broken);
	/* Where it is to go is read from there: linkers leave it out where descriptors of TLS are
	 * all that the table has. (glibc sysdeps/MACHINE/dl-machine.h:elf_machine_runtime_setup) */
	bool waits = lazy && !binder->policy.plt_first && bs_map_is_lazy(process, map);

	if (waits && image->relocations.plt.n && !bs_image_has_dynamic(image, DT_PLTGOT))
		bs_job_crash(&job, "DT_JMPREL without DT_PLTGOT is set up for lazy binding");
	if (binder->policy.ignores_relr && image->relocations.n_relr)
		bs_diag_add(ctx->diags, BS_DIAG_IGNORED, image->path, BS_NO_OFFSET, 0,
			    "DT_RELR, which this loader does not know: the object's own pointers "
			    "stay as they are in the file");
	find_global_pointer(&job);
	bs_job_begin(&job);
	relocate_or_repeat(&job, lazy, waits);
	if (waits || ret->deferred.n > job.first_deferred)
		bs_vec_push(ctx->arena, &ret->lazy, map);
	bs_job_end(&job);
	if (!ret->stopped)
		bs_map_at(process, map)->relocated = true;
	return job.end;
}
