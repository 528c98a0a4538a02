/* SPDX-License-Identifier: MIT */
/*
 * One lookup, as the loader makes it.
 * (glibc elf/dl-lookup.c: _dl_lookup_symbol_x, do_lookup_x, check_match, do_lookup_unique)
 */
#include "bind-priv.h"

#include <elf.h>
#include <string.h>

/* STB_GNU_UNIQUE and friends have no place in <elf.h> of every libc. */
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

/* What one object says to a request. */
struct match {
	uint32_t symbol; /* 0: nothing */
	const char *crash;
};

struct matcher {
	const struct bs_binder *binder;
	const struct bs_process *process;
	const struct bs_ctx *ctx;
	const struct bs_query *query;
	unsigned type_class;
};

/* Entries of these types are code or data; the others (sections, files) never answer. */
static bool type_can_answer(unsigned type)
{
	return type == STT_NOTYPE || type == STT_OBJECT || type == STT_FUNC || type == STT_COMMON ||
	       type == STT_TLS || type == TYPE_IFUNC;
}

enum version_verdict { VERSION_YES, VERSION_NO, VERSION_IF_ALONE, VERSION_CRASH };

static enum version_verdict judge_version(const struct matcher *m, bs_map_id id, uint32_t symbol)
{
	const struct bs_image *image = bs_map_of(m->process, id)->image;
	const struct bs_version *wanted = m->query->version;
	const struct bs_version_tables *tables = &image->versions;
	bool has_versions = tables->n_versions && image->symbols.versym;
	uint16_t raw = bs_image_versym(image, symbol);
	uint16_t index = raw & 0x7fff;
	bool hidden = raw & 0x8000;

	if (!wanted) {
		if (!has_versions)
			return VERSION_YES;
		/* Index 2 is the library's oldest version: taken at once, hidden or not, unless dlsym wants the newest. */
		if (index < (m->query->newest ? 2 : 3))
			return VERSION_YES;
		return hidden ? VERSION_NO : VERSION_IF_ALONE;
	}
	if (!has_versions) {
		if (m->binder->policy.missing_versions_abort && wanted->filename &&
		    bs_map_has_name(m->process, id, bs_name_of(m->ctx->names, wanted->filename)))
			return VERSION_CRASH;
		return VERSION_YES;
	}
	static const struct bs_version nameless = { 0 };
	const struct bs_version *has =
		index < tables->n_versions ? &tables->versions[index] : &nameless;

	if (has->hash == wanted->hash && has->name && strcmp(has->name, wanted->name) == 0)
		return VERSION_YES;
	if (wanted->hidden || has->hash || hidden)
		return VERSION_NO;
	return m->binder->policy.base_version_waits ? VERSION_IF_ALONE : VERSION_YES;
}

/* The definition in map ID that answers the request, by ID's own hash table. */
static struct match match_in(const struct matcher *m, bs_map_id id)
{
	const struct bs_image *image = bs_map_of(m->process, id)->image;
	struct bs_hash_step step = { 0 };
	uint32_t fallback = 0, n_fallbacks = 0;

	for (uint32_t index; (index = bs_image_hash_next(image, m->query->name, m->query->hash,
							 &step)) != 0;) {
		struct bs_symbol s = bs_image_symbol(image, index);

		if (s.value == 0 && bs_symbol_type(&s) != STT_TLS &&
		    !(s.section == SHN_ABS && m->binder->policy.absolute_zero))
			continue;
		if ((m->type_class & BS_CLASS_PLT) && s.section == SHN_UNDEF)
			continue;
		if (!type_can_answer(bs_symbol_type(&s)))
			continue;
		if (strcmp(bs_image_string(image, s.name), m->query->name) != 0)
			continue;
		switch (judge_version(m, id, index)) {
		case VERSION_YES:
			return (struct match){ .symbol = index };
		case VERSION_NO:
			break;
		case VERSION_IF_ALONE:
			if (n_fallbacks++ == 0)
				fallback = index;
			break;
		case VERSION_CRASH:
			return (struct match){
				.crash = "a library that is named in a version requirement has no versions",
			};
		}
	}
	return (struct match){ .symbol = n_fallbacks == 1 ? fallback : 0 };
}

static const struct bs_unique *find_unique(const struct matcher *m, uint32_t ns)
{
	bs_vec_each (i, &m->binder->uniques) {
		const struct bs_unique *u = &m->binder->uniques.v[i];

		if (u->hash == m->query->hash && u->ns == ns &&
		    strcmp(u->name, m->query->name) == 0)
			return u;
	}
	return NULL;
}

/* The scope search stopped at a unique definition: the one that was bound first counts, if there is one. */
static void answer_unique(const struct matcher *m, bs_map_id map, uint32_t symbol,
			  struct bs_answer *answer)
{
	const struct bs_unique *bound = find_unique(m, bs_map_of(m->process, map)->ns);
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

/* One candidate after another in scope order, until one answers. (glibc do_lookup_x) */
static void search_scope(const struct matcher *m, struct bs_answer *answer)
{
	const struct bs_process *process = m->process;
	const struct bs_name_table *table = m->binder->table;
	uint32_t first = bs_name_table_find(table, m->query->hash);
	place last = 0;
	bool started = false;

	answer->definer = BS_NO_MAP;
	while (first) {
		place best = NO_PLACE;
		bs_map_id map = BS_NO_MAP;

		for (uint32_t at = first; at; at = bs_name_table_next(table, at)) {
			place p = place_in(process, m->query->scope, table->entries.v[at].map);

			if (p < best && (!started || p > last)) {
				best = p;
				map = table->entries.v[at].map;
			}
		}
		if (best == NO_PLACE)
			return;
		started = true;
		last = best;
		const struct bs_map *candidate = bs_map_of(process, map);

		if (candidate->removed ||
		    ((m->type_class & BS_CLASS_COPY) && candidate->kind == BS_MAP_EXECUTABLE))
			continue;
		/* A stand-in of ld.so answers as ld.so itself. */
		map = candidate->real;
		struct match found = match_in(m, map);

		if (found.crash) {
			answer->outcome = BS_LOOKUP_CRASH;
			answer->crash = found.crash;
			return;
		}
		if (!found.symbol)
			continue;
		struct bs_symbol s = bs_image_symbol(bs_map_of(process, map)->image, found.symbol);
		unsigned visibility = bs_symbol_visibility(&s);

		if (m->binder->policy.hidden_is_skipped &&
		    (visibility == STV_HIDDEN || visibility == STV_INTERNAL))
			continue;
		switch (bs_symbol_bind(&s)) {
		case STB_WEAK:
			if (m->binder->policy.dynamic_weak) {
				if (answer->definer == BS_NO_MAP) {
					answer->definer = map;
					answer->symbol = found.symbol;
					answer->why = BS_WHY_WEAK;
				}
				break;
			}
			/* fall through */
		case STB_GLOBAL:
			answer->definer = map;
			answer->symbol = found.symbol;
			answer->why = m->binder->policy.dynamic_weak ? BS_WHY_STRONG
								     : BS_WHY_FIRST_IN_SCOPE;
			return;
		case BIND_UNIQUE:
			if (m->binder->policy.unique) {
				answer_unique(m, map, found.symbol, answer);
				return;
			}
			break;
		default:
			break;
		}
	}
}

/*
 * The reference is protected, which is to say that its object defines the symbol and wants it for
 * itself. For a jump slot that settles it; for data the object yields to a canonical PLT entry of the executable, which is found out by a
 * second search that does not see such entries.
 */
static void settle_protected(const struct matcher *m, struct bs_answer *answer)
{
	bs_map_id own = m->query->referrer;
	bs_map_id other = answer->definer;

	answer->protected_reference = true;
	if (m->type_class != BS_CLASS_PLT) {
		struct matcher strict = *m;
		struct bs_answer second = { 0 };

		strict.type_class = BS_CLASS_PLT;
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

struct bs_answer bs_lookup(const struct bs_binder *binder, const struct bs_process *process,
			   const struct bs_ctx *ctx, const struct bs_query *query)
{
	const struct matcher m = {
		.binder = binder,
		.process = process,
		.ctx = ctx,
		.query = query,
		.type_class = query->type_class,
	};
	struct bs_answer answer = { .outcome = BS_BOUND };
	struct bs_symbol reference = { 0 };

	if (query->symbol)
		reference = bs_image_symbol(bs_map_of(process, query->referrer)->image,
					    query->symbol);
	search_scope(&m, &answer);
	if (answer.outcome == BS_LOOKUP_CRASH)
		return answer;
	if (answer.definer == BS_NO_MAP) {
		answer.why = BS_WHY_NONE;
		answer.outcome = query->symbol && bs_symbol_bind(&reference) == STB_WEAK
					 ? BS_UNRESOLVED_WEAK
					 : BS_UNDEFINED;
		return answer;
	}
	if (query->symbol && bs_symbol_visibility(&reference) == STV_PROTECTED)
		settle_protected(&m, &answer);
	return answer;
}

void bs_apply_effects(struct bs_binder *binder, struct bs_process *process,
		      const struct bs_ctx *ctx, const struct bs_query *query,
		      const struct bs_answer *answer, bool relocating, struct bs_relocated *ret)
{
	if (answer->enters_unique) {
		bs_vec_push(ctx->arena, &binder->uniques,
			    (struct bs_unique){
				    .name = query->name,
				    .hash = query->hash,
				    .ns = bs_map_of(process, answer->unique_map)->ns,
				    .map = answer->unique_map,
				    .symbol = answer->unique_symbol,
			    });
		if (answer->pins_unique &&
		    bs_process_keep_unique(process, answer->unique_map, relocating))
			bs_vec_push(ctx->arena, &ret->notes,
				    (struct bs_note){ BS_NOTE_UNIQUE_PINNED, answer->unique_map, 0 });
	}
	if (answer->outcome != BS_BOUND)
		return;
	if (bs_process_add_dependency(process, ctx, query->referrer, answer->definer, relocating) ==
	    BS_DEPENDENCY_NODELETE)
		bs_vec_push(ctx->arena, &ret->notes,
			    (struct bs_note){ BS_NOTE_REFERENCE_PINNED, answer->definer,
					      query->referrer });
}
