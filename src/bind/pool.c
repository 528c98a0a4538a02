/* SPDX-License-Identifier: MIT */
/* What runs of many threads leave to each other. */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOST_POLICIES = 8,
	MOST_VARIANTS = 16, /* of what is kept of one object: others are found no more */
	N_HEADS = 1 << 12,
};

struct bs_pool {
	pthread_mutex_t lock; /* guards all, but what is in an asker's refs and in what is kept */
	struct bs_answers_counts counts;
	struct bs_match_policy policies[MOST_POLICIES];
	uint32_t n_policies;
	struct bs_asker *heads[N_HEADS]; /* by image */
	struct bs_kept_answers *left;	 /* that are found no more, and may be in use */
};

static void end_kept(struct bs_kept_answers *kept)
{
	for (struct bs_kept_answers *next; kept; kept = next) {
		next = kept->next;
		free(kept);
	}
}

static void end_pool(void *what)
{
	struct bs_pool *pool = what;

	for (size_t i = 0; i < N_HEADS; i++)
		for (struct bs_asker *asker = pool->heads[i], *next; asker; asker = next) {
			next = asker->next;
			end_kept(asker->kept);
			free(asker->refs);
			free(asker);
		}
	end_kept(pool->left);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void *new_pool(void)
{
	struct bs_pool *pool = calloc(1, sizeof *pool);

	if (pool && pthread_mutex_init(&pool->lock, NULL) != 0) {
		free(pool);
		return NULL;
	}
	return pool;
}

struct bs_pool *bs_pool_of(struct bs_store *store)
{
	return bs_store_common(store, BS_KEPT_ANSWERS, new_pool, end_pool);
}

struct bs_answers_counts bs_answers_count(struct bs_store *store)
{
	struct bs_pool *pool = bs_pool_of(store);
	struct bs_answers_counts counts = { 0 };

	if (pool) {
		pthread_mutex_lock(&pool->lock);
		counts = pool->counts;
		pthread_mutex_unlock(&pool->lock);
	}
	return counts;
}

uint32_t bs_pool_number(struct bs_pool *pool, const struct bs_match_policy *policy)
{
	uint32_t i = 0;

	pthread_mutex_lock(&pool->lock);
	while (i < pool->n_policies && memcmp(&pool->policies[i], policy, sizeof *policy) != 0)
		i++;
	if (i == pool->n_policies && i < MOST_POLICIES)
		pool->policies[pool->n_policies++] = *policy;
	pthread_mutex_unlock(&pool->lock);
	return i < MOST_POLICIES ? i : UINT32_MAX;
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* Calls TAKE with each symbol of TABLE that SEEN does not have, and whose lookup leaves the object.
 */
static void take_symbols(struct bs_asker *asker, const struct bs_match_policy *policy,
			 const struct bs_reloc_table *table, uint8_t *seen,
			 void (*take)(struct bs_asker *asker, uint32_t symbol))
{
	const struct bs_image *image = asker->image;

	for (uint32_t i = table->n_relative; i < table->n; i++) {
		uint32_t symbol = bs_reloc_at(table, i).symbol;

		if (!symbol || symbol >= image->symbols.n || seen[symbol])
			continue;
		seen[symbol] = 1;
		const struct bs_symbol s = bs_image_symbol(image, symbol);

		if (!bs_binds_locally(policy, image, symbol, &s))
			take(asker, symbol);
	}
}

static void take_all_symbols(struct bs_asker *asker, const struct bs_match_policy *policy,
			     uint8_t *seen, void (*take)(struct bs_asker *asker, uint32_t symbol))
{
	const struct bs_relocations *relocations = &asker->image->relocations;

	memset(seen, 0, asker->image->symbols.n);
	take_symbols(asker, policy, &relocations->got, seen, take);
	for (uint32_t i = 0; i < relocations->n_eager; i++)
		take_symbols(asker, policy, &relocations->eager[i], seen, take);
	take_symbols(asker, policy, &relocations->plt, seen, take);
}

static void count(struct bs_asker *asker, uint32_t symbol)
{
	(void)symbol;
	asker->n_refs++;
}

static void enter(struct bs_asker *asker, uint32_t symbol)
{
	uint32_t hash = bs_image_name_hash(asker->image, symbol) | 1;

	/* A file that is written to may have more of them than were counted. */
	if (asker->n_entered == asker->n_refs)
		return;
	asker->n_entered++;
	uint32_t slot = bs_ref_slot(asker, hash);

	while (asker->refs[slot].symbol)
		slot = bs_next_ref_slot(asker, slot);
	asker->refs[slot] = (struct bs_ref){ hash, symbol };
}

static struct bs_asker *new_asker(const struct bs_image *image,
				  const struct bs_match_policy *policy, uint32_t n)
{
	struct bs_asker *asker = calloc(1, sizeof *asker);
	uint8_t *seen = malloc((size_t)image->symbols.n + 1);

	if (asker && seen) {
		asker->image = image;
		asker->policy = n;
		take_all_symbols(asker, policy, seen, count);
		asker->n_slots = asker->n_refs * 2 + 1;
		asker->refs = calloc(asker->n_slots, sizeof *asker->refs);
	}
	if (!asker || !asker->refs) {
		free(asker);
		free(seen);
		return NULL;
	}
	take_all_symbols(asker, policy, seen, enter);
	free(seen);
	return asker;
}

static struct bs_asker **head_of(struct bs_pool *pool, const struct bs_image *image)
{
	uint64_t key = (uint64_t)(uintptr_t)image * UINT64_C(0x9e3779b97f4a7c15);

	return &pool->heads[key >> 52 & (N_HEADS - 1)];
}

static struct bs_asker *find_asker(struct bs_asker *list, const struct bs_image *image, uint32_t n)
{
	while (list && (list->image != image || list->policy != n))
		list = list->next;
	return list;
}

struct bs_asker *bs_pool_asker(struct bs_pool *pool, const struct bs_image *image,
			       const struct bs_match_policy *policy, uint32_t n)
{
	struct bs_asker **head = head_of(pool, image);

	pthread_mutex_lock(&pool->lock);
	struct bs_asker *asker = find_asker(*head, image, n);

	pthread_mutex_unlock(&pool->lock);
	if (asker)
		return asker;
	/* Made without the lock: should two threads make one, the first stays. */
	struct bs_asker *fresh = new_asker(image, policy, n);

	if (!fresh)
		return NULL;
	pthread_mutex_lock(&pool->lock);
	asker = find_asker(*head, image, n);
	if (!asker) {
		fresh->next = *head;
		*head = asker = fresh;
		pool->counts.n_bytes += sizeof *fresh + fresh->n_slots * sizeof *fresh->refs;
		fresh = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	if (fresh) {
		free(fresh->refs);
		free(fresh);
	}
	return asker;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static bool is_like(const struct bs_kept_answers *kept, enum bs_kept_for what,
		    const struct bs_image *const *images, uint32_t n)
{
	if (kept->what != what || kept->n_candidates != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (kept->candidates[i] != images[i])
			return false;
	return true;
}

/* With the lock; what is found comes first from here on. */
static struct bs_kept_answers *find(struct bs_asker *asker, enum bs_kept_for what,
				    const struct bs_image *const *images, uint32_t n)
{
	for (struct bs_kept_answers **at = &asker->kept, *kept; (kept = *at); at = &kept->next)
		if (is_like(kept, what, images, n)) {
			*at = kept->next;
			kept->next = asker->kept;
			asker->kept = kept;
			return kept;
		}
	return NULL;
}

const struct bs_kept_answers *bs_pool_find(struct bs_pool *pool, struct bs_asker *asker,
					   enum bs_kept_for what,
					   const struct bs_image *const *images, uint32_t n)
{
	pthread_mutex_lock(&pool->lock);
	const struct bs_kept_answers *kept = find(asker, what, images, n);

	pool->counts.n_found += kept != NULL;
	pthread_mutex_unlock(&pool->lock);
	return kept;
}

/* N elements of SIZE from FROM, at *AT, which moves on; or only counted where *AT is NULL. */
static void *put(char **at, uint64_t *n_bytes, const void *from, uint64_t n, size_t size)
{
	char *to = *at;
	uint64_t room = (n * size + 7) / 8 * 8;

	*n_bytes += room;
	if (!to)
		return NULL;
	if (n)
		memcpy(to, from, n * size);
	*at += room;
	return to;
}

/* Puts what COPY points to at AT, and has COPY point there; returns how many bytes that takes. */
static uint64_t put_all(struct bs_kept_answers *copy, const struct bs_kept_answers *k, char *at)
{
	uint64_t n = 0;

	copy->candidates = put(&at, &n, k->candidates, k->n_candidates, sizeof *k->candidates);
	copy->bindings = put(&at, &n, k->bindings, k->n_bindings, sizeof *k->bindings);
	copy->to_ask = put(&at, &n, k->to_ask, k->n_to_ask, sizeof *k->to_ask);
	copy->tls = put(&at, &n, k->tls, k->n_tls, sizeof *k->tls);
	copy->lookups = put(&at, &n, k->lookups, k->n_lookups, sizeof *k->lookups);
	copy->has_ifuncs = put(&at, &n, k->has_ifuncs, k->n_candidates, sizeof *k->has_ifuncs);
	return n;
}

/* The one that was not used for the longest time is found no more. With the lock. */
static void leave_last(struct bs_pool *pool, struct bs_asker *asker)
{
	struct bs_kept_answers **at = &asker->kept;

	while ((*at)->next)
		at = &(*at)->next;
	(*at)->next = pool->left;
	pool->left = *at;
	*at = NULL;
	asker->n_kept--;
}

void bs_pool_keep(struct bs_pool *pool, struct bs_asker *asker, const struct bs_kept_answers *kept)
{
	struct bs_kept_answers copy = *kept;
	uint64_t n = sizeof copy + put_all(&copy, kept, NULL);
	struct bs_kept_answers *made = n <= SIZE_MAX ? malloc((size_t)n) : NULL;

	if (!made)
		return;
	*made = *kept;
	put_all(made, kept, (char *)(made + 1));
	pthread_mutex_lock(&pool->lock);
	if (!find(asker, kept->what, kept->candidates, kept->n_candidates)) {
		made->next = asker->kept;
		asker->kept = made;
		pool->counts.n_bytes += n;
		made = NULL;
		if (asker->n_kept++ >= MOST_VARIANTS)
			leave_last(pool, asker);
	}
	pthread_mutex_unlock(&pool->lock);
	free(made);
}
