/* SPDX-License-Identifier: MIT */
/*
 * The name table. Hashes come from the chains of DT_GNU_HASH as they are; only objects that have
 * nothing but DT_HASH are hashed here. The table proposes maps and never decides: that an entry is
 * stale (its map is dead) or wrong (the file's own table would not find it) costs a look, not an
 * answer.
 */
#include "bind-priv.h"

#include <elf.h>

#include <string.h>

struct bs_binder *bs_binder_new(const struct bs_ctx *ctx, const struct bs_match_policy *policy)
{
	struct bs_binder *binder = bs_new(ctx->arena, struct bs_binder, 1);

	binder->policy = *policy;
	binder->table = bs_new(ctx->arena, struct bs_name_table, 1);
	return binder;
}

static uint32_t count_names(const struct bs_image *image)
{
	if (image->gnu_hash.present)
		return image->gnu_hash.n_buckets ? image->gnu_hash.n_chain : 0;
	return image->sysv_hash.n_buckets ? image->symbols.n : 0;
}

static void link_entry(struct bs_name_table *table, uint32_t at)
{
	uint32_t *head =
		&table->heads[(table->entries.v[at].hash * 2654435761u) >> 7 & table->mask];

	table->entries.v[at].next = *head;
	*head = at;
}

/* Room for N more entries, with at least twice as many heads as entries. */
static void make_room(struct bs_name_table *table, const struct bs_ctx *ctx, uint32_t n)
{
	if (!table->entries.n)
		bs_vec_push(ctx->arena, &table->entries, (struct bs_name_entry){ 0 });
	bs_vec_reserve(ctx->arena, &table->entries, n);
	uint64_t want = ((uint64_t)table->entries.n + n) * 2;
	uint64_t heads = table->heads ? (uint64_t)table->mask + 1 : 1024;

	if (table->heads && heads >= want)
		return;
	while (heads < want && heads < (1u << 25))
		heads *= 2;
	if (table->heads && heads == (uint64_t)table->mask + 1)
		return;
	table->heads = bs_new(ctx->arena, uint32_t, heads);
	table->mask = (uint32_t)heads - 1;
	for (uint32_t at = 1; at < table->entries.n; at++)
		link_entry(table, at);
}

static void add_entry(struct bs_name_table *table, uint32_t hash, bs_map_id map)
{
	uint32_t at = table->entries.n++;

	table->entries.v[at] = (struct bs_name_entry){ .hash = hash, .map = map };
	link_entry(table, at);
}

/* DT_HASH lists references, too; those that no lookup accepts need no entry. */
static bool can_answer(const struct bs_image *image, uint32_t symbol)
{
	struct bs_symbol s = bs_image_symbol(image, symbol);

	return s.section != SHN_UNDEF || s.value || bs_symbol_type(&s) == STT_TLS;
}

void bs_binder_index(struct bs_binder *binder, const struct bs_ctx *ctx,
		     const struct bs_process *process)
{
	struct bs_name_table *table = binder->table;
	uint32_t n = 0;

	for (bs_map_id id = binder->n_indexed; id < process->maps.n; id++)
		if (bs_map_of(process, id)->image)
			n += count_names(bs_map_of(process, id)->image);
	make_room(table, ctx, n);
	for (bs_map_id id = binder->n_indexed; id < process->maps.n; id++) {
		const struct bs_image *image = bs_map_of(process, id)->image;

		n = image ? count_names(image) : 0;
		if (!n)
			continue;
		if (image->gnu_hash.present) {
			for (uint32_t i = 0; i < n; i++)
				add_entry(table, image->gnu_hash.chain[i] >> 1, id);
			continue;
		}
		for (uint32_t i = 1; i < n; i++)
			if (can_answer(image, i))
				add_entry(table, bs_hash_gnu(bs_image_symbol_name(image, i)) >> 1,
					  id);
	}
	binder->n_indexed = process->maps.n;
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
