/* SPDX-License-Identifier: MIT */
/*
 * A process that runs is several answers that must fit together: what is mapped, the link maps, and
 * what the slots hold, each read at another time. It is read until nothing has changed from the
 * first to the last.
 */
#include "contents.h"
#include "subject-priv.h"

#include <string.h>
#include <time.h>

/* A loader holds its lists for milliseconds; one that relocates for longer is shown at work. */
enum { MOST_TRIES = 30, PAUSE = 10 /* milliseconds */ };

/* The memory of who has ended, or called execve(2), has no bytes. */
static bool is_gone(const struct bs_subject *subject)
{
	uint32_t word;

	return !bs_memory_u32(subject->memory, subject->auxiliary.phdr, &word);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool has_same_maps(const struct bs_ctx *ctx, const struct bs_subject *subject)
{
	const struct bs_live_maps *was = &subject->maps;
	struct bs_live_maps is;

	if (!bs_live_maps_read(ctx->arena, subject->memory, was->namespaces.v[0].at, &is) ||
	    is.maps.n != was->maps.n || is.namespaces.n != was->namespaces.n)
		return false;
	bs_vec_each (i, &is.namespaces)
		if (is.namespaces.v[i].state != was->namespaces.v[i].state)
			return false;
	bs_vec_each (i, &is.maps) {
		const struct bs_live_map *a = &is.maps.v[i], *b = &was->maps.v[i];

		if (a->at != b->at || a->bias != b->bias || a->dynamic != b->dynamic ||
		    strcmp(a->name, b->name) != 0)
			return false;
	}
	return true;
}

/* Each link map lies in the file that it was taken to be of. */
static bool has_same_files(const struct bs_ctx *ctx, const struct bs_subject *subject)
{
	struct bs_subject again = *subject;

	again.areas = (bs_live_areas){ 0 };
	if (bs_process_areas_read(ctx, &again))
		return false;
	bs_vec_each (i, &subject->maps.maps) {
		uint64_t at = subject->maps.maps.v[i].dynamic;
		const struct bs_live_area *was = bs_live_area_at(&subject->areas, at);
		const struct bs_live_area *is = bs_live_area_at(&again.areas, at);

		if (!was || !is || was->from != is->from || was->ino != is->ino ||
		    !is_same_text(was->file, is->file))
			return false;
	}
	return true;
}

static uint32_t count(const bs_live_slots *slots, enum bs_content content)
{
	uint32_t n = 0;

	bs_vec_each (i, slots)
		n += slots->v[i].content == content;
	return n;
}

/*
 * An object that went and came back between two looks at the link maps leaves these alike; its
 * slots were odd for that time. PATIENT: what a loader is to come to may be waited for.
 */
static bool has_same_slots(const struct bs_ctx *ctx, const struct bs_subject *subject,
			   const bs_live_slots *slots, bool patient)
{
	uint32_t n_patched = count(slots, BS_CONTENT_PATCHED);
	uint32_t n_unreadable = count(slots, BS_CONTENT_UNREADABLE);
	bs_live_slots again = { 0 };

	if (!n_patched && !n_unreadable)
		return true;
	if (n_unreadable && patient)
		return false;
	bs_live_slots_read(ctx, subject, &again);
	return again.n == slots->n && count(&again, BS_CONTENT_PATCHED) == n_patched &&
	       count(&again, BS_CONTENT_UNREADABLE) == n_unreadable;
}

static bool is_settled(const struct bs_ctx *ctx, const struct bs_subject *subject,
		       const bs_live_slots *slots, bool patient)
{
	return has_same_maps(ctx, subject) && has_same_files(ctx, subject) &&
	       has_same_slots(ctx, subject, slots, patient) && has_same_maps(ctx, subject);
}

const char *bs_live_process_read(const struct bs_ctx *ctx, struct bs_store *store, pid_t pid,
				 const char *root, struct bs_subject *ret, bs_live_slots *ret_slots)
{
	uint32_t n_slots = ret_slots->n, n_diags = ctx->diags->list.n;

	for (unsigned try = 1;; try++) {
		bool is_last = try == MOST_TRIES;
		const char *problem = bs_subject_of_process(ctx, store, pid, root, ret);

		/* Who has no memory, or no loader, will have none the next time. */
		if (problem && (ret->memory->fd < 0 || (!ret->auxiliary.base && !is_gone(ret))))
			return problem;
		if (problem && is_last && !is_gone(ret))
			return problem;
		if (!problem && (is_last || !ret->is_loading)) {
			bs_live_slots_read(ctx, ret, ret_slots);
			if (is_settled(ctx, ret, ret_slots, !is_last))
				return NULL;
		}
		if (is_last)
			return bs_arena_printf(ctx->arena,
					       "process %ld changed while it was read, each time: "
					       "let it wait meanwhile (kill -STOP)",
					       (long)pid);
		bs_subject_close(ret, store);
		ret_slots->n = n_slots;
		bs_diags_cut(ctx->diags, n_diags);
		bs_pause(PAUSE);
	}
}
