/* SPDX-License-Identifier: MIT */
/* The objects that ask, whom they meet, and what is kept of them. */
#include "answers.h"

#include <elf.h>
#include <string.h>

enum { MANY_TO_ASK = 4 }; /* one of so many bindings: that is not worth keeping */

enum mark {
	INTERPOSED = 1, /* the executable may have an answer */
	PLACED = 2,	/* the definer needs a place for its thread-local storage */
};

enum meeting { UNKNOWN, APART, MEETING };

struct bs_referrer {
	struct bs_asker *asker;
	uint32_t number;	  /* of all */
	uint8_t *marks;		  /* by symbol, while the object stands: enum mark */
	BS_VEC(uint8_t) meetings; /* by number: enum meeting */
};

/* An object of a searchlist that can be a candidate. */
struct lined_up {
	bs_map_id map;
	uint32_t number;
	bool has_versions;
};

/* A searchlist as it is in the process, until that one moves on. */
struct lineup {
	bool is_made;
	uint32_t generation, n;
	BS_VEC(struct lined_up) of;
	bs_map_id executable; /* BS_NO_MAP: it is not among them */
	bool is_odd; /* somebody is gone, stands in for another, or cannot be kept anything of */
};

/* An object of the process, and what it asks for and the executable could answer. */
struct met {
	struct bs_referrer *referrer; /* NULL: nobody has asked */
	bool knows_interposed;
	bs_ids interposed; /* in the run's arena */
};

struct bs_answers {
	struct bs_arena *arena;
	struct bs_pool *pool;
	BS_VEC(struct bs_referrer *) all; /* by number */
	/* By image and policy: number plus 1; a power of two, half of it empty. */
	uint32_t *heads, n_heads;
	/* Of the run that has it: */
	struct bs_match_policy policy;
	uint32_t policy_number;
	BS_VEC(struct met) of;	       /* by map */
	BS_VEC(struct lineup) lineups; /* by list id */
};

/* ---- with the store -------------------------------------------------------------------------- */

static void end_answers(void *kept)
{
	struct bs_answers *answers = kept;

	bs_arena_free(answers->arena);
}

/* A lookup is one in a scope, under one name, and all that it does is in its answer. */
static bool is_usual(const struct bs_match_policy *policy)
{
	return bs_policy_is_plain(policy) && !policy->alias && !policy->plt_first &&
	       !policy->defers_missing && !policy->remembers_no_lookup &&
	       !policy->tls_needs_definition;
}

static struct bs_answers *new_answers(struct bs_pool *pool)
{
	struct bs_arena *volatile arena = bs_arena_new();

	if (!arena)
		return NULL;
	if (BS_ON_OUT_OF_MEMORY(arena)) {
		bs_arena_free(arena);
		return NULL;
	}
	struct bs_answers *answers = bs_new(arena, struct bs_answers, 1);

	answers->arena = arena;
	answers->pool = pool;
	return answers;
}

struct bs_answers *bs_answers_take(const struct bs_ctx *ctx, const struct bs_match_policy *policy,
				   struct bs_store *store)
{
	if (!store || !bs_store_is_keeping(store, BS_KEPT_ANSWERS) || !is_usual(policy))
		return NULL;
	struct bs_pool *pool = bs_pool_of(store);
	uint32_t number = pool ? bs_pool_number(pool, policy) : UINT32_MAX;

	if (number == UINT32_MAX)
		return NULL;
	struct bs_answers *answers = bs_store_take(store, BS_KEPT_MEETINGS);

	if (!answers && !(answers = new_answers(pool)))
		return NULL;
	bs_arena_unwind_with(answers->arena, ctx->arena);
	answers->policy = *policy;
	answers->policy_number = number;
	answers->of.n = 0;
	bs_vec_each (i, &answers->lineups)
		answers->lineups.v[i].is_made = false;
	return answers;
}

void bs_answers_done(struct bs_answers *answers, struct bs_store *store)
{
	if (answers)
		bs_store_keep(store, BS_KEPT_MEETINGS, answers, end_answers);
}

void bs_answers_drop(struct bs_answers *answers)
{
	if (answers)
		end_answers(answers);
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* NULL: there is no memory in the pool. */
static struct bs_referrer *new_referrer(struct bs_answers *a, const struct bs_image *image)
{
	struct bs_asker *asker = bs_pool_asker(a->pool, image, &a->policy, a->policy_number);

	if (!asker)
		return NULL;
	struct bs_referrer *r = bs_new(a->arena, struct bs_referrer, 1);

	r->asker = asker;
	r->number = a->all.n;
	r->marks = bs_new(a->arena, uint8_t, (size_t)image->symbols.n + 1);
	bs_vec_push(a->arena, &a->all, r);
	return r;
}

static bool is_of(const struct bs_referrer *r, const struct bs_image *image, uint32_t policy)
{
	return r->asker->image == image && r->asker->policy == policy;
}

static uint32_t *head_of(const struct bs_answers *a, const struct bs_image *image, uint32_t policy)
{
	uint64_t key = (uint64_t)(uintptr_t)image * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t at = (uint32_t)(key >> 32) & (a->n_heads - 1);

	while (a->heads[at] && !is_of(a->all.v[a->heads[at] - 1], image, policy))
		at = (at + 1) & (a->n_heads - 1);
	return &a->heads[at];
}

/* NULL: there is no memory in the pool. */
static struct bs_referrer *referrer_of(struct bs_answers *a, const struct bs_image *image)
{
	if (a->all.n * 2 >= a->n_heads) {
		a->n_heads = a->n_heads ? a->n_heads * 2 : 256;
		a->heads = bs_new(a->arena, uint32_t, a->n_heads);
		bs_vec_each (i, &a->all)
			*head_of(a, a->all.v[i]->asker->image, a->all.v[i]->asker->policy) = i + 1;
	}
	uint32_t *head = head_of(a, image, a->policy_number);

	if (!*head) {
		struct bs_referrer *made = new_referrer(a, image);

		if (made)
			*head = made->number + 1;
		return made;
	}
	return a->all.v[*head - 1];
}

static struct met *met_in(struct bs_answers *a, const struct bs_process *process, bs_map_id map)
{
	while (a->of.n <= map)
		bs_vec_push(a->arena, &a->of, ((struct met){ .referrer = NULL }));
	if (!a->of.v[map].referrer)
		a->of.v[map].referrer = referrer_of(a, bs_map_of(process, map)->image);
	return &a->of.v[map];
}

/* ---- whom they meet -------------------------------------------------------------------------- */

static uint32_t hash_of(const struct bs_image *image, uint32_t first, uint32_t i)
{
	return (image->gnu_hash.present ? image->gnu_hash.chain[i]
					: bs_image_name_hash(image, first + i)) |
	       1;
}

/* The slot of a reference with HASH, from SLOT on; or BS_NO_MAP. */
static uint32_t find_ref(const struct bs_asker *asker, uint32_t hash, uint32_t slot)
{
	for (; asker->refs[slot].symbol; slot = bs_next_ref_slot(asker, slot))
		if (asker->refs[slot].hash == hash)
			return slot;
	return BS_NO_MAP;
}

/* What X's hash table lists is as good as a definition. */
static bool meet(const struct bs_answers *a, const struct bs_asker *asker, const struct bs_image *x)
{
	uint32_t first, n = bs_count_names(x, &first);

	if (n / 2 < asker->n_refs || !x->gnu_hash.present || !bs_image_chains_are_regular(x)) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t hash = hash_of(x, first, i);

			if (find_ref(asker, hash, bs_ref_slot(asker, hash)) != BS_NO_MAP)
				return true;
		}
		return false;
	}
	for (uint32_t i = 0; i < asker->n_slots; i++) {
		struct bs_hash_step step = { .shift_wraps = a->policy.bloom_shift_wraps };
		uint32_t symbol = asker->refs[i].symbol;

		if (symbol &&
		    bs_image_hash_next(x, "", bs_image_name_hash(asker->image, symbol), &step))
			return true;
	}
	return false;
}

static bool meets(struct bs_answers *a, struct bs_referrer *r, uint32_t x)
{
	while (r->meetings.n <= x)
		bs_vec_push(a->arena, &r->meetings, UNKNOWN);
	uint8_t *meeting = &r->meetings.v[x];

	if (*meeting == UNKNOWN)
		*meeting = meet(a, r->asker, a->all.v[x]->asker->image) ? MEETING : APART;
	return *meeting == MEETING;
}

/* What R asks for and the executable IMAGE could answer, each once. */
static void find_interposed(const struct bs_ctx *ctx, struct bs_referrer *r,
			    const struct bs_image *image, bs_ids *interposed)
{
	const struct bs_asker *asker = r->asker;
	uint32_t first, n = bs_count_names(image, &first);

	for (uint32_t i = 0; i < n && asker->n_refs; i++) {
		uint32_t hash = hash_of(image, first, i), slot = bs_ref_slot(asker, hash);

		while ((slot = find_ref(asker, hash, slot)) != BS_NO_MAP) {
			uint32_t symbol = asker->refs[slot].symbol;

			if (!r->marks[symbol])
				bs_vec_push(ctx->arena, interposed, symbol);
			r->marks[symbol] = INTERPOSED;
			slot = bs_next_ref_slot(asker, slot);
		}
	}
	bs_vec_each (i, interposed)
		r->marks[interposed->v[i]] = 0;
}

/* EXECUTABLE may have something to say to R, which is the referrer of MAP. */
static void take_interposed(struct bs_answers *a, const struct bs_process *process,
			    const struct bs_ctx *ctx, bs_map_id executable,
			    struct bs_standing *standing)
{
	struct met *met = &a->of.v[standing->map];

	if (!met->knows_interposed)
		find_interposed(ctx, met->referrer, bs_map_of(process, executable)->image,
				&met->interposed);
	met->knows_interposed = true;
	standing->interposed = met->interposed;
	bs_vec_each (i, &met->interposed)
		met->referrer->marks[met->interposed.v[i]] = INTERPOSED;
}

/* ---- where they stand ------------------------------------------------------------------------ */

/* So many of N references are to be asked for that the rest is not worth it. */
static bool is_much(uint32_t n_to_ask, uint32_t n)
{
	return n_to_ask > n / MANY_TO_ASK + MANY_TO_ASK;
}

static bool has_versions(const struct bs_image *image)
{
	return image->versions.n_versions && image->symbols.versym;
}

static void add_to_lineup(struct bs_answers *a, const struct bs_process *process, bs_map_id id,
			  struct lineup *lineup)
{
	const struct bs_referrer *r = met_in(a, process, id)->referrer;

	lineup->is_odd |= !r;
	if (r)
		bs_vec_push(a->arena, &lineup->of,
			    ((struct lined_up){ id, r->number, has_versions(r->asker->image) }));
}

static void line_up(struct bs_answers *a, const struct bs_process *process, bs_list_id id,
		    struct lineup *ret)
{
	const bs_ids *maps = &process->lists.v[id].maps;

	ret->of.n = 0;
	ret->executable = BS_NO_MAP;
	ret->is_odd = false;
	bs_vec_each (i, maps) {
		const struct bs_map *map = bs_map_of(process, maps->v[i]);

		ret->is_odd |= map->removed || map->real != maps->v[i];
		if (map->kind == BS_MAP_EXECUTABLE)
			ret->executable = maps->v[i];
		else if (map->image)
			add_to_lineup(a, process, maps->v[i], ret);
	}
	ret->n = maps->n;
	ret->generation = process->generation;
	ret->is_made = true;
}

static const struct lineup *lineup_of(struct bs_answers *a, const struct bs_process *process,
				      bs_list_id id)
{
	while (a->lineups.n <= id)
		bs_vec_push(a->arena, &a->lineups, ((struct lineup){ .is_made = false }));
	struct lineup *lineup = &a->lineups.v[id];

	if (!lineup->is_made || lineup->generation != process->generation ||
	    lineup->n != process->lists.v[id].maps.n)
		line_up(a, process, id, lineup);
	return lineup;
}

/* False: in list ID somebody's answers are not those of his image, or most are the executable's. */
static bool take_candidates(struct bs_answers *a, const struct bs_process *process,
			    const struct bs_ctx *ctx, bs_list_id id, struct bs_standing *standing)
{
	const struct lineup *lineup = lineup_of(a, process, id);
	struct bs_referrer *r = standing->referrer;

	if (lineup->is_odd)
		return false;
	bs_vec_each (i, &lineup->of) {
		const struct lined_up *x = &lineup->of.v[i];

		if (!meets(a, r, x->number))
			continue;
		bs_vec_push(ctx->arena, &standing->candidates, x->map);
		bs_vec_push(ctx->arena, &standing->images, a->all.v[x->number]->asker->image);
		standing->names_count |= !x->has_versions;
	}
	if (lineup->executable != BS_NO_MAP)
		take_interposed(a, process, ctx, lineup->executable, standing);
	return !is_much(standing->interposed.n, r->asker->n_refs);
}

void bs_answers_stand(const struct bs_binder *binder, const struct bs_process *process,
		      const struct bs_ctx *ctx, bs_map_id id, const bs_ids *scope,
		      enum bs_kept_for what, struct bs_standing *ret)
{
	const struct bs_map *map = bs_map_of(process, id);
	struct bs_answers *a = binder->answers;

	*ret = (struct bs_standing){ .map = id, .what = what };
	if (!a || map->kind == BS_MAP_EXECUTABLE || !map->image || map->image->broken ||
	    map->real != id || process->policy->chain || process->policy->fixed.used)
		return;
	ret->referrer = met_in(a, process, id)->referrer;
	for (uint32_t i = 0; i < scope->n && ret->referrer; i++)
		if (!take_candidates(a, process, ctx, scope->v[i], ret)) {
			bs_answers_leave(ret);
			return;
		}
	if (ret->candidates.n >= BS_KEPT_ITSELF)
		bs_answers_leave(ret);
}

void bs_answers_leave(struct bs_standing *standing)
{
	bs_vec_each (i, &standing->interposed)
		standing->referrer->marks[standing->interposed.v[i]] = 0;
	*standing = (struct bs_standing){ .what = standing->what };
}

bool bs_is_interposed(const struct bs_standing *standing, uint32_t symbol)
{
	return standing->referrer->marks[symbol] & INTERPOSED;
}

bool bs_is_settled(const struct bs_binder *binder, const struct bs_standing *standing,
		   const struct bs_query *query, const struct bs_answer *answer)
{
	bool is_first = answer->outcome == BS_BOUND && answer->why == BS_WHY_FIRST_IN_SCOPE;

	return (is_first || answer->outcome == BS_UNRESOLVED_WEAK) &&
	       !answer->protected_reference && !answer->enters_unique &&
	       !(query->version && standing->names_count && binder->policy.missing_versions_abort);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

const struct bs_kept_answers *bs_answers_find(const struct bs_binder *binder,
					      const struct bs_standing *standing)
{
	return standing->referrer
		       ? bs_pool_find(binder->answers->pool, standing->referrer->asker,
				      standing->what, standing->images.v, standing->images.n)
		       : NULL;
}

static bool is_ifunc(const struct bs_image *image, uint32_t symbol)
{
	const struct bs_symbol s = bs_image_symbol(image, symbol);

	return bs_symbol_type(&s) == STT_GNU_IFUNC;
}

static bool comes_of_binding(enum bs_note_kind kind)
{
	return kind == BS_NOTE_UNIQUE_PINNED || kind == BS_NOTE_REFERENCE_PINNED ||
	       kind == BS_NOTE_DEPENDENCY;
}

/* The runs of lookups among the notes; false when there is something else that is not made again.
 */
static bool keep_lookups(struct bs_arena *arena, struct bs_kept_answers *kept,
			 const struct bs_to_keep *what)
{
	const bs_note_list *notes = what->notes;

	kept->lookups = bs_new(arena, struct bs_kept_run, notes->n - what->first_note);
	for (uint32_t i = what->first_note; i < notes->n; i++) {
		const struct bs_note *note = &notes->v[i];

		if (note->kind == BS_NOTE_LOOKUP)
			kept->lookups[kept->n_lookups++] =
				(struct bs_kept_run){ note->a - what->first_binding, note->b };
		else if (!comes_of_binding(note->kind))
			return false;
	}
	return true;
}

static void keep_tls(struct bs_arena *arena, const struct bs_referrer *r,
		     struct bs_kept_answers *kept, const bs_ids *symbols)
{
	uint8_t *marks = r->marks;

	bs_vec_each (i, symbols) {
		kept->needs_tls |= !symbols->v[i];
		marks[symbols->v[i]] |= PLACED;
	}
	for (uint32_t i = 0; i < kept->n_bindings; i++)
		kept->n_tls += (marks[kept->bindings[i].symbol] & PLACED) != 0;
	kept->tls = bs_new(arena, uint32_t, kept->n_tls);
	for (uint32_t i = 0, k = 0; i < kept->n_bindings; i++)
		if (marks[kept->bindings[i].symbol] & PLACED)
			kept->tls[k++] = i;
	bs_vec_each (i, symbols)
		marks[symbols->v[i]] &= (uint8_t)~PLACED;
}

/* The definer of B as it is kept: BS_NO_MAP when it is nobody whom STANDING knows. */
static uint32_t definer_of(const struct bs_standing *standing, const struct bs_binding *b)
{
	if (b->definer == BS_NO_MAP)
		return b->outcome == BS_UNRESOLVED_WEAK ? BS_KEPT_NOBODY : BS_NO_MAP;
	if (b->why == BS_WHY_LOCAL)
		return BS_KEPT_ITSELF;
	for (uint32_t i = 0; i < standing->candidates.n; i++)
		if (standing->candidates.v[i] == b->definer)
			return i;
	return BS_NO_MAP;
}

/* False: B is none that can be kept. It is, when IS_ASKED, but for its definer. */
static bool keep_binding(const struct bs_standing *standing, struct bs_kept_answers *kept,
			 const struct bs_binding *b, bool is_asked, struct bs_kept_binding *ret)
{
	bool is_to_ask = is_asked || bs_is_interposed(standing, b->symbol);
	uint32_t definer = is_to_ask ? BS_KEPT_NOBODY : definer_of(standing, b);

	*ret = (struct bs_kept_binding){
		.symbol = b->symbol,
		.definer_symbol = b->definer_symbol,
		.n_relocations = b->n_relocations,
		.type_class = b->type_class,
		.why = b->why,
		.outcome = b->outcome,
		.is_defined = b->is_defined,
		.is_to_ask = is_to_ask,
		.kinds = b->kinds,
		.definer = (uint16_t)definer,
	};
	if (definer < BS_KEPT_ITSELF)
		kept->has_ifuncs[definer] |= b->definer != b->referrer &&
					     is_ifunc(kept->candidates[definer], b->definer_symbol);
	return definer != BS_NO_MAP && ret->n_relocations == b->n_relocations;
}

static bool keep_bindings(struct bs_arena *arena, const struct bs_standing *standing,
			  struct bs_kept_answers *kept, const struct bs_to_keep *what)
{
	const bs_ids *asked = what->asked;

	kept->n_bindings = what->n_bindings;
	kept->bindings = bs_new(arena, struct bs_kept_binding, kept->n_bindings);
	for (uint32_t i = 0, k = 0; i < kept->n_bindings; i++) {
		bool is_asked = k < asked->n && asked->v[k] == i;

		k += is_asked;
		if (!keep_binding(standing, kept, &what->bindings[i], is_asked, &kept->bindings[i]))
			return false;
		kept->n_to_ask += kept->bindings[i].is_to_ask;
	}
	kept->to_ask = bs_new(arena, uint32_t, kept->n_to_ask);
	for (uint32_t i = 0, k = 0; i < kept->n_bindings; i++)
		if (kept->bindings[i].is_to_ask)
			kept->to_ask[k++] = i;
	return true;
}

void bs_answers_keep(const struct bs_binder *binder, const struct bs_ctx *ctx,
		     const struct bs_standing *standing, const struct bs_to_keep *what)
{
	struct bs_referrer *r = standing->referrer;
	struct bs_kept_answers kept = {
		.what = standing->what,
		.candidates = standing->images.v,
		.has_ifuncs = bs_new(ctx->arena, bool, standing->images.n),
		.n_candidates = standing->images.n,
		.last_symbol = what->last_symbol,
	};

	if (is_much(what->asked->n, what->n_bindings) ||
	    !keep_bindings(ctx->arena, standing, &kept, what) ||
	    (what->notes && !keep_lookups(ctx->arena, &kept, what)))
		return;
	if (what->tls)
		keep_tls(ctx->arena, r, &kept, what->tls);
	bs_pool_keep(binder->answers->pool, r->asker, &kept);
}

struct bs_binding bs_kept_binding(const struct bs_standing *standing,
				  const struct bs_kept_answers *kept, bs_map_id map, uint32_t i)
{
	const struct bs_kept_binding *b = &kept->bindings[i];

	return (struct bs_binding){
		.referrer = map,
		.symbol = b->symbol,
		.definer = b->definer < BS_KEPT_ITSELF	  ? standing->candidates.v[b->definer]
			   : b->definer == BS_KEPT_ITSELF ? map
							  : BS_NO_MAP,
		.definer_symbol = b->definer_symbol,
		.n_relocations = b->n_relocations,
		.kinds = b->kinds,
		.type_class = b->type_class,
		.why = b->why,
		.outcome = b->outcome,
		.is_defined = b->is_defined,
	};
}
