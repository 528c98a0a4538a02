/* SPDX-License-Identifier: MIT */
/*
 * captured-dependency: an object needs a library for some symbols, and is bound to an object that
 * it does not need. What it was linked against is not what it works with.
 */
#include "check-priv.h"

#include <elf.h>
#include <string.h>

enum { MANY_FUNCTIONS = 3, SEVERAL = 2, WORD = 64 };

/* A set of maps, none of which is behind its words. */
struct row {
	uint64_t *words;
	uint32_t n_words;
};

/* By map: it and all that it needs, directly or not. Who came before does not need who came later:
 * a row is as long as there were maps when it was made, and stays so. */
struct bs_needs {
	BS_VEC(struct row) rows;
};

struct bs_needs *bs_needs_new(const struct bs_run *run)
{
	return bs_new(run->ctx.arena, struct bs_needs, 1);
}

static bool has(const struct row *row, bs_map_id map)
{
	return map / WORD < row->n_words && row->words[map / WORD] >> map % WORD & 1;
}

static void put(struct row *row, bs_map_id map)
{
	row->words[map / WORD] |= UINT64_C(1) << map % WORD;
}

/* True when INTO, which is as long or longer, did not have all of FROM. */
static bool unite(struct row *into, const struct row *from)
{
	uint64_t news = 0;

	for (uint32_t i = 0; i < from->n_words; i++) {
		news |= from->words[i] & ~into->words[i];
		into->words[i] |= from->words[i];
	}
	return news;
}

static void put_edge(const struct bs_run *run, bs_ids *edges, bs_map_id from, bs_map_id to)
{
	bs_vec_push(run->ctx.arena, edges, from);
	bs_vec_push(run->ctx.arena, edges, to);
}

bs_map_id bs_needed_map(const struct bs_run *run, const struct bs_map *map,
			const struct bs_dyn *need)
{
	bs_name name = bs_name_find(run->ctx.names, bs_image_string(map->image, need->value));

	return name ? bs_map_by_name(&run->process, map->ns, name, true) : BS_NO_MAP;
}

/* Whom the entry D of MAP's dynamic section asks for; or BS_NO_MAP. */
static bs_map_id needed_by(const struct bs_run *run, const struct bs_map *map,
			   const struct bs_dyn *d)
{
	return d->tag == DT_NEEDED || d->tag == DT_AUXILIARY || d->tag == DT_FILTER
		       ? bs_needed_map(run, map, d)
		       : BS_NO_MAP;
}

/* What map ID needs, as the loader has noted it for the order of constructors, or else as its
 * dynamic section names it. */
static void put_direct(const struct bs_run *run, bs_map_id id, bs_ids *edges)
{
	const struct bs_map *map = bs_map_of(&run->process, id);

	bs_vec_each (i, &map->initfini)
		if (map->initfini.v[i] != id)
			put_edge(run, edges, id, map->initfini.v[i]);
	for (uint32_t i = 0; map->image && !map->has_initfini && i < map->image->n_dynamic; i++) {
		bs_map_id needed = needed_by(run, map, &map->image->dynamic[i]);

		if (needed != BS_NO_MAP)
			put_edge(run, edges, id, needed);
	}
}

bool bs_needs_directly(const struct bs_run *run, bs_map_id from, bs_map_id to)
{
	const struct bs_map *map = bs_map_of(&run->process, from);

	for (uint32_t i = 0; i < map->image->n_dynamic; i++)
		if (needed_by(run, map, &map->image->dynamic[i]) == to)
			return true;
	return false;
}

void bs_needs_learn(struct bs_needs *needs, const struct bs_run *run)
{
	uint32_t n = run->process.maps.n, from = needs->rows.n;
	uint32_t n_words = (n + WORD - 1) / WORD;
	struct bs_arena *arena = run->ctx.arena;
	bs_ids edges = { 0 };
	bool changes = true;

	if (from == n)
		return;
	for (bs_map_id id = from; id < n; id++) {
		struct row row = { bs_new(arena, uint64_t, n_words), n_words };

		put(&row, id);
		put_direct(run, id, &edges);
		bs_vec_push(arena, &needs->rows, row);
	}
	/* Needs come later than who asked for them: from the end, one round does most of it. */
	while (changes) {
		changes = false;
		for (uint32_t i = edges.n; i > 0; i -= 2)
			changes |= unite(&needs->rows.v[edges.v[i - 2]],
					 &needs->rows.v[edges.v[i - 1]]);
	}
}

bool bs_needs(const struct bs_needs *needs, bs_map_id from, bs_map_id to)
{
	return from < needs->rows.n && to < needs->rows.n && has(&needs->rows.v[from], to);
}

uint8_t bs_needs_between(const struct bs_needs *needs, bs_map_id from, bs_map_id to)
{
	return from == to || bs_needs(needs, from, to) ? 0 : BS_PAIR_OUTSIDER;
}

static bool is_strong(const struct bs_symbol *s)
{
	return bs_symbol_bind(s) == STB_GLOBAL && s->section != SHN_UNDEF;
}

/* Who of what B's referrer needs defines what B was bound to elsewhere, and by which symbol: libc
 * only when nobody else does. BS_NO_MAP: nobody. */
static bs_map_id needed_definer(const struct bs_needs *needs, const struct bs_run *run,
				const struct bs_binding *b, uint32_t *ret_symbol)
{
	const struct row *row = &needs->rows.v[b->referrer];
	bs_map_id libc = BS_NO_MAP;

	for (uint32_t i = 0; i < row->n_words; i++)
		for (uint64_t word = row->words[i]; word; word &= word - 1) {
			bs_map_id id = i * WORD + (bs_map_id)__builtin_ctzll(word);
			const struct bs_map *map = bs_map_of(&run->process, id);

			if (id == b->referrer || map->removed || !map->image)
				continue;
			uint32_t symbol =
				bs_answer_of(run->binder, &run->process, &run->ctx, b, id);

			if (symbol && !bs_is_loader_or_libc(run, id)) {
				*ret_symbol = symbol;
				return id;
			}
			if (symbol)
				libc = id;
		}
	return libc;
}

static void count_definer(const struct bs_run *run, struct bs_finding *f, bs_map_id definer)
{
	bs_vec_each (i, &f->facts)
		if (f->facts.v[i].object == definer) {
			f->facts.v[i].n++;
			return;
		}
	bs_finding_fact(run, f,
			&(struct bs_fact){
				.kind = BS_FACT_NEEDED_DEFINER,
				.n = 1,
				.object = definer,
			});
}

/* B was bound past DEFINER, which has SYMBOL. */
static void check_captured(struct bs_pass *pass, const struct bs_binding *b, bool waiting,
			   bs_map_id definer, uint32_t symbol)
{
	const struct bs_run *run = pass->run;
	const struct bs_map *to = bs_map_of(&run->process, b->definer);
	struct bs_symbol own = bs_image_symbol(bs_map_of(&run->process, definer)->image, symbol);

	/* Who is preloaded is there to interpose. */
	if (to->preloaded || to->role != BS_ROLE_ORDINARY || !is_strong(&own) ||
	    bs_counted_before(pass, &pass->counted, b, BS_COUNTED_DEPENDENCY))
		return;
	bool is_function = bs_symbol_type(&own) == STT_FUNC;
	struct bs_finding *f = bs_finding_of(pass, BS_RULE_CAPTURED_DEPENDENCY, BS_LEVEL_NONE, b);

	f->n_functions += is_function;
	f->n_data += !is_function;
	f->n_waiting += waiting;
	count_definer(run, f, definer);
	/* A program that has a library in itself is mostly meant to serve its plugins. */
	bool is_served = b->definer == run->process.executable;

	f->level = f->n_functions >= MANY_FUNCTIONS && !is_served ? BS_LEVEL_ERROR
		   : f->n >= SEVERAL				  ? BS_LEVEL_WARNING
								  : BS_LEVEL_NOTE;
}

void bs_check_outsider(struct bs_pass *pass, const struct bs_binding *b, bool waiting)
{
	const struct bs_needs *needs = pass->checker->needs;
	const struct bs_run *run = pass->run;
	const struct bs_map *to = bs_map_of(&run->process, b->definer);
	uint32_t symbol = 0;

	if (!to->image || b->why == BS_WHY_UNIQUE || b->type_class == BS_CLASS_COPY)
		return;
	const struct bs_symbol theirs = bs_image_symbol(to->image, b->definer_symbol);

	/* Of what is meant to be merged one is as good as another. */
	if (!is_strong(&theirs))
		return;
	const char *name = bs_image_string(to->image, theirs.name);

	if (bs_is_unwinder(name) || bs_is_replaceable(name))
		return;
	bs_map_id definer = needed_definer(needs, run, b, &symbol);

	if (definer == BS_NO_MAP)
		bs_check_undeclared(pass, b, waiting);
	else if (!bs_is_loader_or_libc(run, definer))
		check_captured(pass, b, waiting, definer, symbol);
}
