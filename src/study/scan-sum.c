/* SPDX-License-Identifier: MIT */
/* What all programs of a scan come to. It grows with the pairs and with what is told once, not with
 * the programs. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

struct bs_scan_sum *bs_scan_sum_new(struct bs_arena *arena)
{
	struct bs_scan_sum *sum = bs_new(arena, struct bs_scan_sum, 1);

	sum->arena = arena;
	sum->keys = bs_names_new(arena);
	sum->diags.arena = arena;
	return sum;
}

static const char *own(const struct bs_scan_sum *sum, const char *text)
{
	return text ? bs_arena_strndup(sum->arena, text, strlen(text)) : NULL;
}

/* Names may have any byte in them: their lengths tell where they end. */
static const char *key_of(struct bs_arena *arena, const struct bs_scan_finding *f)
{
	const char *from = f->from.lasting, *to = f->to.lasting;

	return bs_arena_printf(arena, "%s %d %d %zu %s%s", f->rule, from != NULL, to != NULL,
			       from ? strlen(from) : 0, from ? from : "", to ? to : "");
}

static struct bs_scan_pair *pair_of(struct bs_scan_sum *sum, struct bs_arena *scratch,
				    const struct bs_scan_finding *f)
{
	bs_name key = bs_name_of(sum->keys, key_of(scratch, f));

	while (sum->by_key.n <= key)
		bs_vec_push(sum->arena, &sum->by_key, UINT32_MAX);
	if (sum->by_key.v[key] == UINT32_MAX) {
		sum->by_key.v[key] = sum->pairs.n;
		bs_vec_push(sum->arena, &sum->pairs,
			    ((struct bs_scan_pair){
				    .rule = own(sum, f->rule),
				    .from = own(sum, f->from.lasting),
				    .to = own(sum, f->to.lasting),
			    }));
	}
	return &sum->pairs.v[sum->by_key.v[key]];
}

static void count_pair(struct bs_scan_sum *sum, struct bs_arena *scratch,
		       const struct bs_scan_finding *f)
{
	struct bs_scan_pair *pair = pair_of(sum, scratch, f);

	if (f->level > pair->level)
		pair->level = f->level;
	if (f->n > pair->n_most)
		pair->n_most = f->n;
	if (pair->last == sum->n_programs)
		return;
	pair->last = sum->n_programs;
	pair->n_programs++;
	if (pair->n_examples < BS_SCAN_EXAMPLES)
		pair->examples[pair->n_examples++] = own(sum, sum->last_path.v);
}

/* Of what is not excused. Notes need not be among the findings. */
static enum bs_level worst_of(const struct bs_scan_record *record)
{
	enum bs_level level = record->n_levels[BS_LEVEL_NOTE] ? BS_LEVEL_NOTE : BS_LEVEL_NONE;
	uint32_t n_excused_notes = 0;

	bs_vec_each (i, &record->findings) {
		const struct bs_scan_finding *f = &record->findings.v[i];

		if (bs_scan_is_excused(f))
			n_excused_notes += f->level == BS_LEVEL_NOTE;
		else if (f->level > level)
			level = f->level;
	}
	if (level == BS_LEVEL_NOTE && n_excused_notes == record->n_levels[BS_LEVEL_NOTE])
		level = BS_LEVEL_NONE;
	return level;
}

static void add_judgement(struct bs_scan_sum *sum, const struct bs_scan_record *record)
{
	uint32_t n_notes = record->n_levels[BS_LEVEL_NOTE];

	bs_vec_each (i, &record->findings) {
		sum->n_dispositions[record->findings.v[i].disposition]++;
		n_notes -= record->findings.v[i].level == BS_LEVEL_NOTE && n_notes;
	}
	/* Those that nobody asked to see. */
	sum->n_dispositions[BS_BELOW] += n_notes;
	sum->n_gone += record->gone.n;
	bs_vec_each (i, &record->used)
		if (!bs_ids_have(&sum->used, record->used.v[i]))
			bs_vec_push(sum->arena, &sum->used, record->used.v[i]);
}

void bs_scan_sum_add(struct bs_scan_sum *sum, const struct bs_scan_record *record)
{
	enum bs_level worst = worst_of(record);
	struct bs_arena *scratch = bs_arena_new();

	if (!scratch)
		bs_arena_exhausted(sum->arena);
	bs_arena_unwind_with(scratch, sum->arena);
	if (!sum->last_path.n || strcmp(sum->last_path.v, record->path) != 0) {
		uint32_t n = (uint32_t)strlen(record->path) + 1;

		sum->n_programs++;
		sum->last_path.n = 0;
		bs_vec_reserve(sum->arena, &sum->last_path, n);
		memcpy(sum->last_path.v, record->path, n);
		sum->last_path.n = n;
	}
	sum->n_records++;
	sum->n_outcomes[record->outcome]++;
	if (record->outcome == BS_SCAN_OK)
		sum->n_worst[worst]++;
	if (record->outcome == BS_SCAN_UNANSWERED && !sum->unanswered) {
		sum->unanswered = own(sum, record->path);
		sum->why = own(sum, record->problem);
	}
	if (worst > sum->worst)
		sum->worst = worst;
	for (enum bs_level level = BS_LEVEL_NOTE; level <= BS_LEVEL_ERROR; level++)
		sum->n_levels[level] += record->n_levels[level];
	bs_vec_each (i, &record->findings)
		if (record->findings.v[i].from.name && record->findings.v[i].to.name &&
		    !bs_scan_is_excused(&record->findings.v[i]))
			count_pair(sum, scratch, &record->findings.v[i]);
	bs_arena_free(scratch);
	/* What is wrong with a file that many programs load is wrong once. */
	bs_vec_each (i, &record->diags.list)
		bs_diag_copy_once(&sum->diags, &record->diags.list.v[i]);
	if (record->is_judged)
		add_judgement(sum, record);
}

const char *bs_scan_reason(const struct bs_scan_sum *sum, enum bs_level fail_on)
{
	if (sum->n_outcomes[BS_SCAN_REFUSED])
		return "refusal";
	return fail_on != BS_LEVEL_NONE && sum->worst >= fail_on ? "finding" : NULL;
}

/* The program itself comes before all others. */
static int compare_names(const char *a, const char *b)
{
	return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int worst_first(const void *x, const void *y)
{
	const struct bs_scan_pair *a = x, *b = y;

	if (a->level != b->level)
		return a->level > b->level ? -1 : 1;
	if (a->n_programs != b->n_programs)
		return a->n_programs > b->n_programs ? -1 : 1;
	if (strcmp(a->rule, b->rule) != 0)
		return strcmp(a->rule, b->rule);
	int order = compare_names(a->from, b->from);

	return order ? order : compare_names(a->to, b->to);
}

/* A part of a scan does not know what the others have a use for. */
static void judge_policy(struct bs_scan_sum *sum, const struct bs_scan_head *head)
{
	for (uint32_t i = 0; !head->n_parts && i < head->watches.n; i++) {
		const struct bs_watch *watch = &head->watches.v[i];
		struct bs_scan_of_policy told = { watch, BS_COUNTS };

		if (!watch->has_expired && bs_ids_have(&sum->used, watch->line))
			continue;
		if (head->fail_on == BS_LEVEL_NONE || watch->level < head->fail_on)
			told.disposition = BS_BELOW;
		else if (watch->excuse)
			told.disposition = BS_SUPPRESSED;
		bs_vec_push(sum->arena, &sum->of_policy, told);
		sum->n_levels[watch->level]++;
		sum->n_dispositions[told.disposition]++;
		if (!watch->excuse && watch->level > sum->worst)
			sum->worst = watch->level;
	}
}

void bs_scan_sum_finish(struct bs_scan_sum *sum, const struct bs_scan_head *head)
{
	judge_policy(sum, head);
	if (sum->pairs.n)
		qsort(sum->pairs.v, sum->pairs.n, sizeof *sum->pairs.v, worst_first);
}
