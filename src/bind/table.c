/* SPDX-License-Identifier: MIT */
/*
 * The name table. Hashes come from the chains of DT_GNU_HASH as they are; only objects that have
 * nothing but DT_HASH are hashed. The table proposes entries; names and versions are compared
 * by who asks. That an entry is stale (its map is dead) costs a look, not an answer.
 */
#include "bind-priv.h"

#include <assert.h>
#include <elf.h>

#include <string.h>

/* ---- entries ------------------------------------------------------------------------------- */

uint32_t bs_count_names(const struct bs_image *image, uint32_t *ret_first)
{
	*ret_first = 0;
	if (!image)
		return 0;
	if (image->gnu_hash.present) {
		*ret_first = image->gnu_hash.symbol_base;
		return image->gnu_hash.n_buckets ? image->gnu_hash.n_chain : 0;
	}
	return image->sysv_hash.n_buckets ? image->symbols.n : 0;
}

static struct bs_name_place *place_of(struct bs_name_table *table, uint32_t hash)
{
	uint32_t at = bs_name_table_start(table, hash);

	while (table->places[at].last && !bs_name_place_is_of(&table->places[at], hash))
		at = bs_name_table_next(table, at);
	return &table->places[at];
}

static void grow_places(struct bs_name_table *table, uint64_t n)
{
	const struct bs_name_place *before = table->places;
	uint32_t n_before = table->size;
	uint64_t size = n * 2;

	/* At most three in four are taken. */
	if (before && n + n / 3 <= n_before)
		return;
	/* What grows once may grow again. */
	if (before && size < (uint64_t)n_before * 2)
		size = (uint64_t)n_before * 2;
	if (size < 64)
		size = 64;
	if (size > UINT32_MAX / 2)
		bs_arena_exhausted(table->arena);
	table->places = bs_new(table->arena, struct bs_name_place, size);
	table->size = (uint32_t)size;
	/* They are zero already, but not there: a page that is read before it is written is brought
	 * in twice. */
	memset(table->places, 0, size * sizeof *table->places);
	for (uint64_t i = 0; i < n_before; i++)
		if (before[i].last)
			*place_of(table, before[i].hash) = before[i];
}

static void *grown(struct bs_arena *arena, const void *before, uint64_t n_before, uint64_t n,
		   size_t size)
{
	void *after = bs_arena_alloc(arena, n, size);

	if (before)
		memcpy(after, before, n_before * size);
	return after;
}

/* Room for entries up to N. */
static void grow_entries(struct bs_name_table *table, uint64_t n)
{
	const uint32_t unit = BS_OWNER_UNIT, had = table->capacity;

	if (n <= had)
		return;
	if (had && n < had + had / 2)
		n = had + had / 2;
	n = (n + unit - 1) / unit * unit;
	/* What is known of references has a bit less. */
	if (n >= BS_KNOWN_TO_ASK)
		bs_arena_exhausted(table->arena);
	table->next = grown(table->arena, table->next, had, n, sizeof *table->next);
	table->low_bits = grown(table->arena, table->low_bits, had / BS_LOW_BITS, n / BS_LOW_BITS,
				sizeof *table->low_bits);
	table->owner =
		grown(table->arena, table->owner, had / unit, n / unit, sizeof *table->owner);
	table->capacity = (uint32_t)n;
}

static bool is_taken(const struct bs_name_place *place)
{
	return place->last && place->last != BS_NAME_PLACE_LEFT;
}

/* ENTRY, of PLACE's hash, is not alone any more. Apart from enter(), which most entries pass
 * quickly. */
static __attribute__((noinline, cold)) void
enter_second(struct bs_name_table *table, struct bs_name_place *place, uint32_t entry)
{
	bs_vec_push(table->arena, &table->shared, entry);
	table->next[entry] = table->next[place->last];
	table->next[place->last] = entry;
	*place = (struct bs_name_place){ place->hash | 1, entry };
}

/* ENTRY goes behind all that have HASH already. */
static void enter(struct bs_name_table *table, uint32_t entry, uint32_t hash)
{
	struct bs_name_place *place = place_of(table, hash);

	if (!is_taken(place)) {
		table->next[entry] = entry;
		table->n_places += !place->last;
		*place = (struct bs_name_place){ hash & ~UINT32_C(1), entry };
	} else if (place->hash & 1) {
		table->next[entry] = table->next[place->last];
		table->next[place->last] = entry;
		place->last = entry;
	} else {
		enter_second(table, place, entry);
	}
}

/* Takes ENTRY, which came last of all with HASH, away again. False when it is not there: it came
 * with another hash, and somebody has written to the file since. */
static bool leave(struct bs_name_table *table, uint32_t entry, uint32_t hash)
{
	struct bs_name_place *place = place_of(table, hash);
	uint32_t before = entry;

	if (place->last != entry)
		return false;
	while (table->next[before] != entry)
		before = table->next[before];
	/* Its place may be on the way to others. */
	if (before == entry) {
		*place = (struct bs_name_place){ hash & ~UINT32_C(1), BS_NAME_PLACE_LEFT };
		table->next[entry] = 0;
		return true;
	}
	table->next[before] = table->next[entry];
	table->next[entry] = 0;
	place->last = before;
	if (table->next[before] != before)
		return true;
	place->hash &= ~UINT32_C(1);
	/* Entries leave in the order in which they came, backwards. */
	assert(table->shared.n && table->shared.v[table->shared.n - 1] == entry);
	table->shared.n--;
	return true;
}

/* As if nothing had ever been entered. */
static void forget_all(struct bs_name_table *table)
{
	memset(table->places, 0, table->size * sizeof *table->places);
	memset(table->next, 0, table->capacity * sizeof *table->next);
	table->n_places = table->shared.n = table->maps.n = 0;
	table->n = BS_OWNER_UNIT;
}

/* ---- DT_GNU_HASH ----------------------------------------------------------------------------- */

enum { AHEAD = 16 };

/* Enters what GNU lists, of which the first symbol has entry FIRST. */
static void enter_chains(struct bs_name_table *table, const struct bs_gnu_hash *gnu, uint32_t first)
{
	for (uint32_t i = 0; i < gnu->n_chain; i++) {
		if (i + AHEAD < gnu->n_chain)
			__builtin_prefetch(
				&table->places[bs_name_table_start(table, gnu->chain[i + AHEAD])]);
		enter(table, first + i, bs_once32(gnu->chain[i]));
	}
}

static void copy_low_bits(struct bs_name_table *table, const struct bs_gnu_hash *gnu,
			  uint32_t first)
{
	for (uint32_t i = 0; i < gnu->n_chain; i += BS_LOW_BITS)
		table->low_bits[(first + i) / BS_LOW_BITS] =
			__atomic_load_n(&gnu->low_bits[i / BS_LOW_BITS], __ATOMIC_RELAXED);
}

/* ---- DT_HASH --------------------------------------------------------------------------------- */

/* DT_HASH lists references, too; those that no lookup accepts need no entry. */
static bool can_answer(const struct bs_image *image, uint32_t symbol)
{
	struct bs_symbol s = bs_image_symbol(image, symbol);

	return s.section != SHN_UNDEF || s.value || bs_symbol_type(&s) == STT_TLS;
}

static void enter_symbols(struct bs_name_table *table, const struct bs_image *image, uint32_t first)
{
	for (uint32_t i = 1; i < image->symbols.n; i++)
		if (can_answer(image, i))
			enter(table, first + i, bs_image_name_hash(image, i));
}

/* ---- maps ------------------------------------------------------------------------------------ */

static void enter_map(struct bs_name_table *table, const struct bs_image *image, bs_map_id id)
{
	const uint32_t unit = BS_OWNER_UNIT;
	struct bs_entries_of of = { .walks = true, .image = image };
	uint32_t n = bs_count_names(image, &of.symbol);

	of.first = table->n;
	table->n += (n + unit - 1) / unit * unit;
	for (uint32_t i = of.first / unit; i < table->n / unit; i++)
		table->owner[i] = id;
	if (n && !image->gnu_hash.present)
		enter_symbols(table, image, of.first);
	else if (n) {
		enter_chains(table, &image->gnu_hash, of.first);
		of.walks = !bs_image_chains_are_regular(image);
		if (!of.walks)
			copy_low_bits(table, &image->gnu_hash, of.first);
	}
	bs_vec_push(table->arena, &table->maps, of);
}

/* Takes the last map away again. */
static void leave_map(struct bs_name_table *table)
{
	const struct bs_entries_of *of = &table->maps.v[table->maps.n - 1];
	const struct bs_image *image = of->image;
	uint32_t symbol, n = bs_count_names(image, &symbol);

	while (n-- > 0) {
		const uint32_t entry = of->first + n;

		/* What was entered is on a circle. */
		if (!table->next[entry])
			continue;
		if (!leave(table, entry,
			   image->gnu_hash.present ? image->gnu_hash.chain[n]
						   : bs_image_name_hash(image, n))) {
			forget_all(table);
			return;
		}
	}
	table->n = of->first;
	table->maps.n--;
}

/* What the table knows from an earlier process stays as far as PROCESS has the same images. */
static void agree(struct bs_name_table *table, const struct bs_process *process)
{
	uint32_t n = 0;

	while (n < table->maps.n && n < process->maps.n &&
	       table->maps.v[n].image == bs_map_of(process, n)->image)
		n++;
	while (table->maps.n > n)
		leave_map(table);
}

void bs_binder_index(struct bs_binder *binder, const struct bs_process *process)
{
	struct bs_name_table *table = binder->table;
	uint32_t symbol;
	uint64_t n = 0, room;

	if (!table->n)
		table->n = BS_OWNER_UNIT; /* nobody's */
	if (!binder->is_indexed)
		agree(table, process);
	binder->is_indexed = true;
	if (table->maps.n == process->maps.n)
		return;
	room = table->n;
	for (bs_map_id id = table->maps.n; id < process->maps.n; id++) {
		uint32_t names = bs_count_names(bs_map_of(process, id)->image, &symbol);

		n += names;
		room += names + BS_OWNER_UNIT;
	}
	bs_recall_meets(binder->recall, process, table->maps.n);
	grow_places(table, table->n_places + n);
	grow_entries(table, room);
	for (bs_map_id id = table->maps.n; id < process->maps.n; id++)
		enter_map(table, bs_map_of(process, id)->image, id);
}

/* Several versions of one map's symbol, mostly. */
static bool is_of_one_map(const struct bs_name_table *table, uint32_t entry)
{
	const bs_map_id map = bs_entry_map(table, entry);
	uint32_t at = table->next[entry];

	while (at != entry && bs_entry_map(table, at) == map)
		at = table->next[at];
	return at == entry;
}

bool bs_next_namesakes(const struct bs_binder *binder, struct bs_arena *arena,
		       struct bs_namesakes *group)
{
	const struct bs_name_table *table = binder->table;

	while (group->at < table->shared.n && is_of_one_map(table, table->shared.v[group->at]))
		group->at++;
	if (group->at == table->shared.n)
		return false;
	/* The circle leads from its last entry to its first. */
	const uint32_t second = table->shared.v[group->at++];
	uint32_t first = second;

	while (table->next[first] != second)
		first = table->next[first];
	group->list.n = 0;
	for (uint32_t entry = first, i = 0; !i || entry != first; i++) {
		bs_vec_push(arena, &group->list,
			    (struct bs_entry){ bs_entry_map(table, entry),
					       bs_entry_symbol(table, entry) });
		entry = table->next[entry];
	}
	return true;
}

/* ---- unique symbols ------------------------------------------------------------------------ */

static void link_uniques(struct bs_binder *binder, uint32_t from)
{
	for (uint32_t i = from; i < binder->uniques.n; i++) {
		struct bs_unique *u = &binder->uniques.v[i];
		uint32_t *head = &binder->unique_heads[u->hash & (binder->n_unique_heads - 1)];

		u->next = *head;
		*head = i + 1;
	}
}

const struct bs_unique *bs_unique_find(const struct bs_binder *binder, const char *name,
				       uint32_t hash, uint32_t ns)
{
	if (!binder->uniques.n)
		return NULL;
	for (uint32_t at = binder->unique_heads[hash & (binder->n_unique_heads - 1)]; at;
	     at = binder->uniques.v[at - 1].next) {
		const struct bs_unique *u = &binder->uniques.v[at - 1];

		if (u->hash == hash && u->ns == ns && strcmp(u->name, name) == 0)
			return u;
	}
	return NULL;
}

void bs_unique_enter(struct bs_binder *binder, const struct bs_ctx *ctx,
		     const struct bs_unique *unique)
{
	uint32_t from = binder->uniques.n;

	bs_vec_push(ctx->arena, &binder->uniques, *unique);
	if (binder->uniques.n > binder->n_unique_heads) {
		binder->n_unique_heads = binder->n_unique_heads ? binder->n_unique_heads * 2 : 64;
		binder->unique_heads = bs_new(ctx->arena, uint32_t, binder->n_unique_heads);
		from = 0;
	}
	link_uniques(binder, from);
}

void bs_binder_forget_dead(struct bs_binder *binder, const struct bs_process *process)
{
	uint32_t kept = 0;

	bs_vec_each (i, &binder->uniques)
		if (!bs_map_of(process, binder->uniques.v[i].map)->removed)
			binder->uniques.v[kept++] = binder->uniques.v[i];
	binder->uniques.n = kept;
	if (binder->n_unique_heads)
		memset(binder->unique_heads, 0,
		       binder->n_unique_heads * sizeof *binder->unique_heads);
	link_uniques(binder, 0);
}
