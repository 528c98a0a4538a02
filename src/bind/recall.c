/* SPDX-License-Identifier: MIT */
/* What a run leaves behind for the next one on the same store. */
#include "answers.h"

#include <string.h>

static void end_recall(void *kept)
{
	struct bs_recall *recall = kept;

	bs_arena_free(recall->arena);
}

static struct bs_recall *new_recall(struct bs_arena *arena, const struct bs_match_policy *policy)
{
	struct bs_recall *recall = bs_new(arena, struct bs_recall, 1);

	recall->arena = recall->table.arena = arena;
	recall->policy = *policy;
	recall->forecasts = bs_forecasts_new(arena);
	return recall;
}

/* A recall that is being taken: nobody knows it yet who is unwound to. */
struct taking {
	struct bs_arena *arena;
	const struct bs_match_policy *policy;
	struct bs_recall *recall; /* NULL: it is to be made */
};

static void make_ready(void *user)
{
	struct taking *t = user;

	if (!t->recall)
		t->recall = new_recall(t->arena, t->policy);
	bs_forecasts_renew(t->recall->forecasts);
}

/* What STORE has kept, should it be of a loader like this one; or the first to be kept. */
static struct bs_recall *take_recall(const struct bs_ctx *ctx, const struct bs_match_policy *policy,
				     struct bs_store *store)
{
	struct bs_recall *recall = bs_store_take(store, BS_KEPT_LOOKUPS);

	if (recall && memcmp(&recall->policy, policy, sizeof *policy) != 0) {
		end_recall(recall);
		recall = NULL;
	}
	struct taking t = { recall ? recall->arena : bs_arena_new(), policy, recall };

	if (!t.arena)
		bs_arena_exhausted(ctx->arena);
	bs_arena_unwind_with(t.arena, ctx->arena);
	if (!bs_arena_try(ctx->arena, make_ready, &t)) {
		bs_arena_free(t.arena);
		bs_arena_unwind(ctx->arena);
	}
	t.recall->is_kept = true;
	return t.recall;
}

void bs_recall_meets(struct bs_recall *recall, const struct bs_process *process, bs_map_id from)
{
	for (bs_map_id id = from; id < process->maps.n; id++) {
		const struct bs_image *image = bs_map_of(process, id)->image;

		if (id < recall->images.n && recall->images.v[id] == image)
			continue;
		if (id < recall->images.n) {
			bs_forecasts_cut(recall->forecasts, id);
			recall->images.n = id;
		}
		bs_vec_push(recall->arena, &recall->images, image);
	}
}

struct bs_binder *bs_binder_new(const struct bs_ctx *ctx, const struct bs_match_policy *policy,
				struct bs_store *store)
{
	struct bs_binder *binder = bs_new(ctx->arena, struct bs_binder, 1);

	binder->policy = *policy;
	binder->is_plain = bs_policy_is_plain(policy);
	binder->recall = store && bs_store_is_keeping(store, BS_KEPT_LOOKUPS) && binder->is_plain
				 ? take_recall(ctx, policy, store)
				 : new_recall(ctx->arena, policy);
	binder->table = &binder->recall->table;
	binder->forecasts = binder->recall->forecasts;
	binder->answers = bs_answers_take(ctx, policy, store);
	return binder;
}

void bs_binder_done(struct bs_binder *binder, struct bs_store *store)
{
	struct bs_recall *recall = binder->recall;

	bs_forecast_end(binder);
	binder->recall = NULL;
	if (recall && recall->is_kept)
		bs_store_keep(store, BS_KEPT_LOOKUPS, recall, end_recall);
	bs_answers_done(binder->answers, store);
	binder->answers = NULL;
}

void bs_binder_drop(struct bs_binder *binder)
{
	struct bs_recall *recall = binder->recall;

	bs_forecast_end(binder);
	binder->recall = NULL;
	if (recall && recall->is_kept)
		end_recall(recall);
	bs_answers_drop(binder->answers);
	binder->answers = NULL;
}
