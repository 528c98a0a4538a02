/* SPDX-License-Identifier: MIT */
/*
 * One lookup, as the loader makes it.
 * (glibc elf/dl-lookup.c: _dl_lookup_symbol_x, do_lookup_x, check_match, do_lookup_unique)
 */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

/* Values of the operating-system range, which not every <elf.h> names. */
enum { BIND_UNIQUE = 10, TYPE_IFUNC = 10 };

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

/* Entries of these types are code or data; the others (sections, files) never answer. */
static enum bs_refusal judge_type(const struct bs_match_policy *policy, unsigned type)
{
	if (type == TYPE_IFUNC)
		return policy->ifunc_is_skipped ? BS_REFUSED_IFUNC : BS_ACCEPTED;
	return type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC || type == STT_COMMON ||
			       type == STT_TLS
		       ? BS_ACCEPTED
		       : BS_REFUSED_TYPE;
}

/* The version test on an entry that has the name. BS_ACCEPTED: it passes. */
static enum bs_refusal judge_version(const struct bs_matcher *m, bs_map_id id, uint32_t symbol)
{
	const struct bs_image *image = bs_map_of(m->process, id)->image;
	const struct bs_version *wanted = m->query->version;

	if (m->binder->policy.only_default_versions)
		return BS_ACCEPTED;
	const struct bs_version_tables *tables = &image->versions;
	bool has_versions = tables->n_versions && image->symbols.versym;
	uint16_t raw = bs_image_versym(image, symbol);
	uint16_t index = raw & 0x7fff;
	bool hidden = raw & 0x8000;

	if (!wanted) {
		if (!has_versions)
			return BS_ACCEPTED;
		/* Index 2 is the library's oldest version: taken at once, hidden or not, unless
		 * dlsym wants the newest. */
		if (index < (m->query->newest ? 2 : 3))
			return BS_ACCEPTED;
		return hidden ? BS_REFUSED_OLD_VERSION : BS_REFUSED_UNLESS_ALONE;
	}
	if (!has_versions) {
		if (m->binder->policy.missing_versions_abort && wanted->filename &&
		    bs_map_has_name(m->process, id, bs_name_find(m->ctx->names, wanted->filename)))
			return BS_REFUSED_BY_CRASH;
		return BS_ACCEPTED;
	}
	static const struct bs_version nameless = { 0 };
	const struct bs_version *has =
		index < tables->n_versions ? &tables->versions[index] : &nameless;

	if (has->hash == wanted->hash && has->name && strcmp(has->name, wanted->name) == 0)
		return BS_ACCEPTED;
	if (wanted->hidden || has->hash || hidden)
		return BS_REFUSED_VERSION;
	return m->binder->policy.base_version_waits ? BS_REFUSED_UNLESS_ALONE : BS_ACCEPTED;
}

/* Entry SYMBOL of map ID against the request. (glibc elf/dl-lookup.c:check_match) */
enum bs_refusal bs_judge_entry(const struct bs_matcher *m, bs_map_id id, uint32_t symbol)
{
	const struct bs_image *image = bs_map_of(m->process, id)->image;
	struct bs_symbol s = bs_image_symbol(image, symbol);

	/* The reference itself may be the entry: it has its own name. */
	if (!(id == m->query->referrer && symbol == m->query->symbol) &&
	    strcmp(bs_image_string(image, s.name), m->query->name) != 0)
		return BS_REFUSED_NAME;
	if (s.value == 0 && bs_symbol_type(&s) != STT_TLS &&
	    !(s.section == SHN_ABS && m->binder->policy.absolute_zero))
		return BS_REFUSED_UNDEFINED;
	if (s.section == SHN_UNDEF && image->machine->canonical_plt_mark &&
	    !(s.other & image->machine->canonical_plt_mark))
		return BS_REFUSED_UNDEFINED;
	if (s.section == SHN_UNDEF && bs_symbol_type(&s) == STT_TLS &&
	    m->binder->policy.tls_must_be_defined)
		return BS_REFUSED_UNDEFINED;
	if ((m->type_class & BS_CLASS_PLT) && s.section == SHN_UNDEF)
		return BS_REFUSED_CANONICAL_PLT;
	enum bs_refusal refusal = judge_type(&m->binder->policy, bs_symbol_type(&s));

	return refusal == BS_ACCEPTED ? judge_version(m, id, symbol) : refusal;
}

/* True when the executable has NAME copied into itself. */
static bool copies(const struct bs_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->relocations.n_eager; i++) {
		const struct bs_reloc_table *table = &image->relocations.eager[i];

		for (uint32_t k = 0; k < table->n; k++) {
			struct bs_relocation r = bs_reloc_at(table, k);

			if (bs_machine_kind(image->machine, r.type) == BS_RELOC_COPY &&
			    r.symbol < image->symbols.n &&
			    strcmp(bs_image_symbol_name(image, r.symbol), name) == 0)
				return true;
		}
	}
	return false;
}

/* The entry that the map would answer with is looked at once more. (glibc
 * elf/dl-lookup.c:do_lookup_x, found_it) */
enum bs_refusal bs_judge_found(const struct bs_matcher *m, bs_map_id id, uint32_t symbol)
{
	struct bs_symbol s = bs_image_symbol(bs_map_of(m->process, id)->image, symbol);
	unsigned visibility = bs_symbol_visibility(&s);

	/* Whose protected data lies in the executable now is content with that. */
	if (m->is_second && m->type_class == BS_CLASS_EXTERN_DATA &&
	    bs_map_of(m->process, id)->kind == BS_MAP_EXECUTABLE &&
	    copies(bs_map_of(m->process, id)->image, m->query->name))
		return BS_REFUSED_COPY;
	if (m->binder->policy.hidden_is_skipped &&
	    (visibility == STV_HIDDEN || visibility == STV_INTERNAL))
		return BS_REFUSED_HIDDEN;
	switch (bs_symbol_bind(&s)) {
	case STB_GLOBAL:
	case STB_WEAK:
		return BS_ACCEPTED;
	case BIND_UNIQUE:
		return m->binder->policy.unique || m->binder->policy.unique_is_global
			       ? BS_ACCEPTED
			       : BS_REFUSED_BINDING;
	default:
		return BS_REFUSED_BINDING;
	}
}

/* May map ID be asked at all? */
enum bs_refusal bs_judge_map(const struct bs_matcher *m, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(m->process, id);

	if (map->removed)
		return BS_REFUSED_UNLOADED;
	if ((m->type_class & BS_CLASS_COPY) && map->kind == BS_MAP_EXECUTABLE)
		return BS_REFUSED_COPY;
	return BS_ACCEPTED;
}

/* The entries of one map that have the request's hash, in the order of its hash table. */
struct entries {
	const struct bs_name_table *table;
	const struct bs_image *image;
	const struct bs_query *query;
	uint32_t at, end; /* the next entry, and the first of another map; END 0: by walking */
	struct bs_hash_step step;
};

static struct entries entries_of(const struct bs_matcher *m, bs_map_id id, uint32_t entry)
{
	const struct bs_name_table *table = m->binder->table;
	struct entries e = {
		.table = table,
		.image = bs_map_of(m->process, id)->image,
		.query = m->query,
		.at = entry,
	};

	/* A stand-in's entries are not those of whom it stands in for. */
	if (entry && bs_entry_map(table, entry) == id && !table->maps.v[id].walks)
		e.end = id + 1 < table->maps.n ? table->maps.v[id + 1].first : table->n;
	return e;
}

/* The next symbol, or 0. */
static uint32_t next_symbol(struct entries *e)
{
	if (!e->end)
		return bs_image_hash_next(e->image, e->query->name, e->query->hash, &e->step);
	while (e->at) {
		uint32_t entry = e->at, next = e->table->next[entry];

		/* Those of one map stand together, and the circle goes on with a later map's or
		 * begins anew. */
		e->at = next > entry && next < e->end ? next : 0;
		if (bs_entry_low_bit(e->table, entry) == (e->query->hash & 1))
			return bs_entry_symbol(e->table, entry);
	}
	return 0;
}

/*
 * The first entry of the name whose version is not hidden is the one that counts, whatever comes of
 * it. (musl ldso/dynlink.c:sysv_lookup, gnu_lookup)
 */
static struct bs_match match_first(const struct bs_matcher *m, bs_map_id id, struct entries *e)
{
	struct bs_match match = { .refusal = BS_REFUSED_NAME };

	for (uint32_t index; (index = next_symbol(e)) != 0;) {
		enum bs_refusal refusal = bs_judge_entry(m, id, index);

		if (refusal == BS_REFUSED_NAME)
			continue;
		if (!(bs_image_versym(e->image, index) & 0x8000))
			return (struct bs_match){ .symbol = index, .refusal = refusal };
		match = (struct bs_match){ .symbol = index, .refusal = BS_REFUSED_HIDDEN_VERSION };
	}
	return match;
}

struct bs_match bs_match_in(const struct bs_matcher *m, bs_map_id id, uint32_t entry)
{
	struct entries e = entries_of(m, id, entry);
	uint32_t fallback = 0, n_fallbacks = 0;
	struct bs_match match = { .refusal = BS_REFUSED_NAME };

	if (m->binder->policy.only_default_versions)
		return match_first(m, id, &e);
	for (uint32_t index; (index = next_symbol(&e)) != 0;) {
		enum bs_refusal refusal = bs_judge_entry(m, id, index);

		if (refusal == BS_ACCEPTED || refusal == BS_REFUSED_BY_CRASH)
			return (struct bs_match){ .symbol = index, .refusal = refusal };
		if (refusal == BS_REFUSED_UNLESS_ALONE && n_fallbacks++ == 0)
			fallback = index;
		if (refusal != BS_REFUSED_NAME)
			match = (struct bs_match){ .symbol = index, .refusal = refusal };
	}
	if (n_fallbacks == 1)
		return (struct bs_match){ .symbol = fallback, .refusal = BS_ACCEPTED };
	if (n_fallbacks)
		match = (struct bs_match){ .symbol = fallback, .refusal = BS_REFUSED_AMBIGUOUS };
	return match;
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
	uint32_t circle = bs_name_table_find(table, m->query->hash);
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
