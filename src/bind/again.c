/* SPDX-License-Identifier: MIT */
/* A relocation that was made in another process, made again in this one. */
#include "answers.h"

#include <assert.h>
#include <elf.h>

struct again {
	struct bs_binder *binder;
	struct bs_process *process;
	const struct bs_ctx *ctx;
	bs_map_id map;
	const struct bs_image *image;
	const struct bs_standing *standing;
	const struct bs_kept_answers *kept;
	struct bs_relocated *ret;
	uint32_t first_note, first_binding;
};

/* A binding that has to be asked for: its answer is that of bs_lookup(), if it was not found
 * quickly. */
struct asked {
	struct bs_binding binding;
	struct bs_query query;
	struct bs_answer answer;
	bool is_quick;
};

static struct asked ask(const struct again *a, const struct bs_kept_binding *kept)
{
	const struct bs_reference reference = {
		.map = a->map,
		.symbol = kept->symbol,
		.entry = bs_image_symbol(a->image, kept->symbol),
		.type_class = kept->type_class,
		.key = bs_key_of(a->binder, a->image, kept->symbol),
		.scope = &bs_map_of(a->process, a->map)->scope,
	};
	struct asked asked = { .is_quick = true };

	if (bs_lookup_quickly(a->binder, a->process, a->ctx, &reference, &asked.binding))
		return asked;
	asked.is_quick = false;
	asked.query = bs_query_for(a->process, a->map, kept->symbol, kept->type_class,
				   reference.key.hash);
	asked.answer = bs_lookup(a->binder, a->process, a->ctx, &asked.query);
	asked.binding = bs_binding_from(a->process, &asked.query, &asked.answer);
	return asked;
}

/* An IFUNC of an object that is not relocated yet: the loader has something to say. */
static bool is_early(const struct again *a, bs_map_id definer, uint32_t symbol)
{
	const struct bs_map *map = bs_map_of(a->process, definer);
	const struct bs_symbol s = bs_image_symbol(map->image, symbol);

	return a->image->machine->checks_ifunc && definer != a->map && !map->relocated &&
	       bs_symbol_type(&s) == STT_GNU_IFUNC;
}

/* The binding I of what is kept comes out as it did: bound, or not bound. */
static bool is_as_before(const struct again *a, uint32_t i)
{
	const struct bs_kept_binding *before = &a->kept->bindings[i];
	const struct bs_binding now = ask(a, before).binding;

	return now.outcome == before->outcome &&
	       (now.outcome != BS_BOUND || !is_early(a, now.definer, now.definer_symbol));
}

/* The definer of binding I has a place for its thread-local storage. */
static bool has_place(const struct again *a, uint32_t i)
{
	const struct bs_binding b = bs_is_to_ask(a->standing, a->kept, i)
					    ? ask(a, &a->kept->bindings[i]).binding
					    : bs_kept_binding(a->standing, a->kept, a->map, i);

	return b.definer == BS_NO_MAP || bs_process_has_tls_place(a->process, b.definer);
}

static bool is_repeatable(const struct again *a)
{
	const struct bs_kept_answers *kept = a->kept;

	for (uint32_t i = 0; i < kept->n_tls && !a->ret->stopped; i++)
		if (!has_place(a, kept->tls[i]))
			return false;
	if (kept->needs_tls && !a->ret->stopped && !bs_process_has_tls_place(a->process, a->map))
		return false;
	for (uint32_t i = 0; i < kept->n_candidates && a->image->machine->checks_ifunc; i++)
		if (kept->has_ifuncs[i] &&
		    !bs_map_of(a->process, a->standing->candidates.v[i])->relocated)
			return false;
	for (uint32_t i = 0; i < kept->n_to_ask; i++)
		if (!is_as_before(a, kept->to_ask[i]))
			return false;
	for (uint32_t i = 0; i < kept->n_bindings && a->standing->interposed.n; i++)
		if (bs_is_interposed(a->standing, kept->bindings[i].symbol) && !is_as_before(a, i))
			return false;
	return true;
}

static void add(const struct again *a, struct bs_binding binding,
		const struct bs_kept_binding *kept)
{
	binding.n_relocations = kept->n_relocations;
	binding.kinds = kept->kinds;
	a->ret->bindings.v[a->ret->bindings.n++] = binding;
}

static void depend(const struct again *a, bs_map_id definer)
{
	bs_apply_dependency(a->process, a->ctx, a->map, definer, true, a->ret);
}

static void ask_again(const struct again *a, const struct bs_kept_binding *kept)
{
	const struct asked asked = ask(a, kept);

	add(a, asked.binding, kept);
	if (a->ret->stopped)
		return;
	if (asked.is_quick)
		depend(a, asked.binding.definer);
	else
		bs_apply_effects(a->binder, a->process, a->ctx, &asked.query, &asked.answer, true,
				 a->ret);
}

static void repeat_binding(const struct again *a, uint32_t i)
{
	if (bs_is_to_ask(a->standing, a->kept, i)) {
		ask_again(a, &a->kept->bindings[i]);
		return;
	}
	const struct bs_binding b = bs_kept_binding(a->standing, a->kept, a->map, i);

	assert(b.why == BS_WHY_LOCAL || b.outcome != BS_BOUND ||
	       bs_is_confirmed(a->binder, a->process, a->ctx, &bs_map_of(a->process, a->map)->scope,
			       &b));
	a->ret->bindings.v[a->ret->bindings.n++] = b;
	/* Objects that start-up brought stay anyway. */
	if (b.why == BS_WHY_FIRST_IN_SCOPE && !a->ret->stopped &&
	    bs_map_of(a->process, b.definer)->kind == BS_MAP_LOADED)
		depend(a, b.definer);
}

/* A binding is made in the first lookup that finds it, or in one that finds nothing. */
static void repeat(const struct again *a)
{
	const struct bs_kept_answers *kept = a->kept;
	uint32_t made = 0;

	for (uint32_t k = 0; k < kept->n_lookups; k++) {
		const struct bs_kept_run *run = &kept->lookups[k];

		for (uint32_t i = run->first; i < run->first + run->n; i++) {
			while (made <= i)
				repeat_binding(a, made++);
			bs_note_lookup(a->ctx, a->ret, a->first_note, a->first_binding + i);
		}
	}
	while (made < kept->n_bindings)
		repeat_binding(a, made++);
}

bool bs_relocate_again(struct bs_binder *binder, struct bs_process *process,
		       const struct bs_ctx *ctx, bs_map_id map, const struct bs_standing *standing,
		       const struct bs_kept_answers *kept, struct bs_relocated *ret)
{
	const struct again again = {
		.binder = binder,
		.process = process,
		.ctx = ctx,
		.map = map,
		.image = bs_map_of(process, map)->image,
		.standing = standing,
		.kept = kept,
		.ret = ret,
		.first_note = ret->notes.n,
		.first_binding = ret->bindings.n,
	};

	if (!is_repeatable(&again))
		return false;
	bs_vec_reserve(ctx->arena, &ret->bindings, kept->n_bindings);
	repeat(&again);
	if (kept->n_bindings) {
		ret->last_referrer = map;
		ret->last_symbol = kept->last_symbol;
	}
	return true;
}
