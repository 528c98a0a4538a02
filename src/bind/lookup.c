/* SPDX-License-Identifier: MIT */
/*
 * One lookup, as the loader makes it.
 * (glibc elf/dl-lookup.c: _dl_lookup_symbol_x, do_lookup_x, check_match, do_lookup_unique)
 */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

enum { BIND_UNIQUE = 10 }; /* which not every <elf.h> names */

/* A place in a scope: list number in the high half, position in the list in the low one. */
typedef uint64_t place;

#define NO_PLACE UINT64_MAX

static place place_in(const struct bs_process *process, const bs_ids *scope, bs_map_id map)
{
	bs_vec_each (i, scope) {
		const struct bs_searchlist *list = &process->lists.v[scope->v[i]];

		if (map < list->n_place && list->place[map])
			return (uint64_t)i << 32 | (list->place[map] - 1);
	}
	return NO_PLACE;
}

/* The scope search stopped at a unique definition: the one that was bound first counts, if there is
 * one. */
static void answer_unique(const struct bs_matcher *m, bs_map_id map, uint32_t symbol,
			  struct bs_answer *answer)
{
	const struct bs_unique *bound = bs_unique_find(m->binder, m->query->name, m->query->hash,
						       bs_map_of(m->process, map)->ns);
	bool copy = m->type_class & BS_CLASS_COPY;

	answer->definer = map;
	answer->symbol = symbol;
	answer->why = BS_WHY_UNIQUE;
	if (bound) {
		if (!copy) {
			answer->definer = bound->map;
			answer->symbol = bound->symbol;
		}
		return;
	}
	answer->enters_unique = true;
	answer->unique_map = copy ? m->query->referrer : map;
	answer->unique_symbol = copy ? m->query->symbol : symbol;
	answer->pins_unique = !copy;
}

/* Where the walk meets the file that the reference's verneed names, if that file ends it. */
static place named_place(const struct bs_matcher *m)
{
	const struct bs_version *wanted = m->query->version;
	place first = NO_PLACE;

	if (!m->binder->policy.named_file_decides || !wanted || !wanted->filename ||
	    m->query->behind)
		return NO_PLACE;
	bs_name file = bs_name_find(m->ctx->names, wanted->filename);

	bs_vec_each (i, m->query->scope) {
		const bs_ids *maps = &m->process->lists.v[m->query->scope->v[i]].maps;

		bs_vec_each (k, maps) {
			bs_map_id map = bs_map_of(m->process, maps->v[k])->real;

			if (first == NO_PLACE && bs_judge_map(m, map) == BS_ACCEPTED &&
			    bs_map_of(m->process, map)->image &&
			    bs_map_has_name(m->process, map, file))
				first = (uint64_t)i << 32 | k;
		}
	}
	return first;
}

/* The object named in verneed was asked, or passed by on the way to BEST, and has no entry that
 * passes: the end, up to 2.29. One that passes and is hidden or local is no such end. */
static bool is_end_at(place named, place best, enum bs_refusal refusal)
{
	return named < best || (named == best && refusal != BS_ACCEPTED);
}

/* The executable takes the place of a definition that its object keeps for itself: by a copy, or by
 * a PLT entry that stands for the function's address. (glibc sysdeps/generic/dl-protected.h) */
static bool is_too_direct(const struct bs_matcher *m, bs_map_id map, const struct bs_symbol *s)
{
	enum { INDIRECT_EXTERN_ACCESS = 1 };
	const struct bs_map *referrer = bs_map_of(m->process, m->query->referrer);

	if (!m->binder->policy.indirect_is_kept || m->is_second || !m->query->symbol ||
	    referrer->kind != BS_MAP_EXECUTABLE || bs_symbol_visibility(s) != STV_PROTECTED ||
	    !(bs_map_of(m->process, map)->image->notes.needed_1 & INDIRECT_EXTERN_ACCESS))
		return false;
	if (m->type_class & BS_CLASS_COPY)
		return true;
	struct bs_symbol reference = bs_image_symbol(referrer->image, m->query->symbol);

	return (m->type_class & BS_CLASS_PLT) && reference.value && reference.section == SHN_UNDEF;
}

static void fail_too_direct(struct bs_answer *answer, bs_map_id map)
{
	answer->definer = BS_NO_MAP;
	answer->is_too_direct = true;
	answer->too_direct_for = map;
}

static void fail_where_named(struct bs_answer *answer)
{
	answer->definer = BS_NO_MAP;
	answer->not_where_named = true;
}

/* True when no map behind MAP, in order of ids, has a place before PLACE. */
static bool is_foremost(const struct bs_matcher *m, place p, bs_map_id map)
{
	const struct bs_searchlist *list = &m->process->lists.v[m->query->scope->v[0]];

	return p >> 32 == 0 && (map + 1 >= list->n_place || list->foremost[map + 1] > p);
}

/* The first entry of the candidate with the smallest place behind LAST, or 0. */
static uint32_t next_candidate(const struct bs_matcher *m, uint32_t last_entry, bool started,
			       place last, place *ret_place)
{
	const struct bs_name_table *table = m->binder->table;
	uint32_t found = 0, entry = last_entry;
	bs_map_id map = BS_NO_MAP;

	*ret_place = NO_PLACE;
	if (!last_entry)
		return 0;
	do {
		entry = table->next[entry];
		bs_map_id other = bs_entry_map(table, entry);

		if (other == map)
			continue;
		map = other;
		place p = place_in(m->process, m->query->scope, map);

		if (p >= *ret_place || (started && p <= last))
			continue;
		*ret_place = p;
		found = entry;
		if (is_foremost(m, p, map))
			break;
	} while (entry != last_entry);
	return found;
}

/* One candidate after another in scope order, until one answers. (glibc do_lookup_x) */
static void search_scope(const struct bs_matcher *m, struct bs_answer *answer)
{
	const struct bs_process *process = m->process;
	const struct bs_name_table *table = m->binder->table;
	uint32_t circle = bs_key_for(m->binder, m->query->hash).circle;
	bool started = m->query->behind != NULL;
	place last = started ? *m->query->behind : 0, named = named_place(m);

	answer->definer = BS_NO_MAP;
	for (;;) {
		place best;
		uint32_t entry = next_candidate(m, circle, started, last, &best);

		if (is_end_at(named, best, BS_ACCEPTED)) {
			fail_where_named(answer);
			return;
		}
		if (!entry)
			return;
		started = true;
		last = best;
		/* A stand-in of ld.so answers as ld.so itself. */
		bs_map_id map = bs_map_of(process, bs_entry_map(table, entry))->real;

		if (bs_judge_map(m, map) != BS_ACCEPTED)
			continue;
		struct bs_match found = bs_match_in(m, map, entry);

		if (found.refusal == BS_REFUSED_BY_CRASH) {
			answer->outcome = BS_LOOKUP_CRASH;
			answer->crash =
				"a library that is named in a version requirement has no versions";
			return;
		}
		if (is_end_at(named, best, found.refusal)) {
			fail_where_named(answer);
			return;
		}
		if (named == best)
			named = NO_PLACE;
		if (found.refusal != BS_ACCEPTED ||
		    bs_judge_found(m, map, found.symbol) != BS_ACCEPTED)
			continue;
		struct bs_symbol s = bs_image_symbol(bs_map_of(process, map)->image, found.symbol);

		if (is_too_direct(m, map, &s)) {
			fail_too_direct(answer, map);
			return;
		}
		if (bs_symbol_bind(&s) == BIND_UNIQUE && !m->binder->policy.unique_is_global) {
			answer_unique(m, map, found.symbol, answer);
			return;
		}
		bool weak = bs_symbol_bind(&s) == STB_WEAK && m->binder->policy.dynamic_weak;

		if (weak && answer->definer != BS_NO_MAP)
			continue;
		answer->definer = map;
		answer->symbol = found.symbol;
		answer->why = !m->binder->policy.dynamic_weak ? BS_WHY_FIRST_IN_SCOPE
			      : weak			      ? BS_WHY_WEAK
							      : BS_WHY_STRONG;
		if (!weak)
			return;
	}
}

/*
 * The reference is protected, which is to say that its object defines the symbol and wants it for
 * itself. For a jump slot that settles it; for data the object yields to a canonical PLT entry of
 * the executable, which is found out by a second search that does not see such entries.
 */
static void settle_protected(const struct bs_matcher *m, const struct bs_symbol *reference,
			     struct bs_answer *answer)
{
	bs_map_id own = m->query->referrer;
	bs_map_id other = answer->definer;

	answer->protected_reference = true;
	if (m->type_class != BS_CLASS_PLT) {
		struct bs_matcher strict = *m;
		struct bs_answer second = { 0 };

		strict.type_class = BS_CLASS_PLT;
		if (m->type_class == BS_CLASS_EXTERN_DATA &&
		    bs_symbol_type(reference) == STT_OBJECT)
			strict.type_class = BS_CLASS_EXTERN_DATA;
		strict.is_second = true;
		search_scope(&strict, &second);
		if (second.outcome == BS_LOOKUP_CRASH) {
			*answer = second;
			return;
		}
		other = second.definer;
		if (other == BS_NO_MAP)
			return;
	}
	if (other == own)
		return;
	answer->definer = own;
	answer->symbol = m->query->symbol;
	answer->why = BS_WHY_PROTECTED;
}

/*
 * What nobody has under its own name may be in the loader's library under another. The search for
 * that begins at the library. (musl ldso/dynlink.c:get_lfs64)
 */
static void search_alias(const struct bs_matcher *m, struct bs_answer *answer)
{
	const struct bs_binder *binder = m->binder;
	const char *name = m->query->symbol && binder->policy.alias
				   ? binder->policy.alias(m->ctx, m->query->name)
				   : NULL;

	if (!name || m->process->loader == BS_NO_MAP)
		return;
	place library = place_in(m->process, m->query->scope, m->process->loader);
	struct bs_query query = *m->query;

	if (library == NO_PLACE || !library)
		return;
	library--; /* the executable has the first place */
	query.name = name;
	query.hash = bs_hash_gnu(name);
	query.symbol = 0;
	query.type_class = BS_CLASS_PLT;
	query.behind = &library;

	const struct bs_matcher other = bs_matcher_of(binder, m->process, m->ctx, &query);

	search_scope(&other, answer);
}

/* May the reference stay 0? */
static bool may_stay_null(const struct bs_matcher *m, const struct bs_symbol *reference)
{
	return m->query->symbol && bs_symbol_bind(reference) == STB_WEAK &&
	       !(m->binder->policy.own_weak_must_resolve && reference->section != SHN_UNDEF);
}

struct bs_answer bs_lookup(const struct bs_binder *binder, const struct bs_process *process,
			   const struct bs_ctx *ctx, const struct bs_query *query)
{
	const struct bs_matcher m = bs_matcher_of(binder, process, ctx, query);
	struct bs_answer answer = { .outcome = BS_BOUND };
	struct bs_symbol reference = { 0 };

	if (query->symbol)
		reference =
			bs_image_symbol(bs_map_of(process, query->referrer)->image, query->symbol);
	search_scope(&m, &answer);
	if (answer.outcome == BS_LOOKUP_CRASH)
		return answer;
	if (answer.definer == BS_NO_MAP && !answer.is_too_direct)
		search_alias(&m, &answer);
	if (answer.definer == BS_NO_MAP) {
		answer.why = BS_WHY_NONE;
		answer.outcome = may_stay_null(&m, &reference) && !answer.not_where_named &&
						 !answer.is_too_direct
					 ? BS_UNRESOLVED_WEAK
					 : BS_UNDEFINED;
		return answer;
	}
	if (query->symbol && bs_symbol_visibility(&reference) == STV_PROTECTED &&
	    !binder->policy.visibility_is_ignored && !binder->policy.protected_is_sought)
		settle_protected(&m, &reference, &answer);
	return answer;
}

struct bs_query bs_query_for(const struct bs_process *process, bs_map_id referrer, uint32_t symbol,
			     unsigned type_class, uint32_t hash)
{
	const struct bs_map *map = bs_map_of(process, referrer);

	return (struct bs_query){
		.name = bs_image_symbol_name(map->image, symbol),
		.hash = hash,
		.referrer = referrer,
		.symbol = symbol,
		.version = bs_reference_version(map->image, symbol),
		.type_class = type_class,
		.scope = &map->scope,
	};
}

struct bs_binding bs_binding_from(const struct bs_process *process, const struct bs_query *query,
				  const struct bs_answer *answer)
{
	const struct bs_image *image = bs_map_of(process, query->referrer)->image;
	struct bs_symbol reference = { 0 };

	if (query->symbol)
		reference = bs_image_symbol(image, query->symbol);
	return (struct bs_binding){
		.referrer = query->referrer,
		.symbol = query->symbol,
		.definer = answer->definer,
		.definer_symbol = answer->symbol,
		.type_class = (uint8_t)query->type_class,
		.why = (uint8_t)answer->why,
		.outcome = (uint8_t)answer->outcome,
		.protected_reference = answer->protected_reference,
		.is_defined = bs_is_definition(&reference),
	};
}

void bs_apply_unique(struct bs_binder *binder, struct bs_process *process, const struct bs_ctx *ctx,
		     const struct bs_query *query, const struct bs_answer *answer, bool relocating,
		     struct bs_relocated *ret)
{
	if (answer->enters_unique) {
		const struct bs_unique unique = {
			.name = query->name,
			.hash = query->hash,
			.ns = bs_map_of(process, answer->unique_map)->ns,
			.map = answer->unique_map,
			.symbol = answer->unique_symbol,
		};

		bs_unique_enter(binder, ctx, &unique);
		if (answer->pins_unique &&
		    bs_process_keep_unique(process, answer->unique_map, relocating))
			bs_vec_push(
				ctx->arena, &ret->notes,
				(struct bs_note){ BS_NOTE_UNIQUE_PINNED, answer->unique_map, 0 });
	}
}

void bs_apply_dependency(struct bs_process *process, const struct bs_ctx *ctx, bs_map_id referrer,
			 bs_map_id definer, bool relocating, struct bs_relocated *ret)
{
	switch (bs_process_add_dependency(process, ctx, referrer, definer, relocating)) {
	case BS_DEPENDENCY_NONE:
		return;
	case BS_DEPENDENCY_RECORDED:
		bs_vec_push(ctx->arena, &ret->notes,
			    (struct bs_note){ BS_NOTE_DEPENDENCY, definer, referrer });
		return;
	case BS_DEPENDENCY_NODELETE:
		bs_vec_push(ctx->arena, &ret->notes,
			    (struct bs_note){ BS_NOTE_REFERENCE_PINNED, definer, referrer });
		return;
	}
}

void bs_apply_effects(struct bs_binder *binder, struct bs_process *process,
		      const struct bs_ctx *ctx, const struct bs_query *query,
		      const struct bs_answer *answer, bool relocating, struct bs_relocated *ret)
{
	bs_apply_unique(binder, process, ctx, query, answer, relocating, ret);
	if (answer->outcome == BS_BOUND)
		bs_apply_dependency(process, ctx, query->referrer, answer->definer, relocating,
				    ret);
}
