/* SPDX-License-Identifier: MIT */
/*
 * What --fail-on and a baseline make of the records of a scan, and the baseline that they would be.
 * The policy has been obeyed where the runs were made; this needs no run, so that parts of a scan
 * can be judged when they are put together.
 */
#include "scan-priv.h"

#include <stdlib.h>
#include <string.h>

/* What the baseline calls the plan of RECORD, as it is written there. */
static const char *plan_of(struct bs_arena *arena, const struct bs_scan_record *record)
{
	if (!record->plugin)
		return record->path;
	return bs_arena_printf(arena, "%s with %s%s", record->path,
			       record->n_plugins > 1 ? "all of " : "", record->plugin);
}

/* The findings of PLAN, which are neighbours. */
static struct bs_known_finding *known_of(const bs_baseline *known, const char *plan,
					 uint32_t *ret_n)
{
	uint32_t first = 0, end = known->n;

	while (first < end) {
		uint32_t middle = first + (end - first) / 2;
		const char *there = known->v[middle].plan;

		if (!there || strcmp(there, plan) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	for (end = first; end < known->n && bs_known_is_of(&known->v[end], plan); end++)
		;
	*ret_n = end - first;
	return known->v + first;
}

bool bs_scan_judge_begin(struct bs_scan_judge *judge, struct bs_arena *arena,
			 const struct bs_command_line *line, const struct bs_scan_head *head)
{
	*judge = (struct bs_scan_judge){
		.arena = arena,
		.is_wanted = bs_scan_is_judged(head),
		.known = line->check.known,
		.fail_on = head->fail_on,
	};
	if (judge->known)
		bs_baseline_sort(judge->known);
	if (!line->check.write_baseline)
		return true;
	if (!bs_destination_open(arena, line->check.write_baseline, &judge->destination))
		return false;
	judge->json = bs_new(arena, struct bs_json, 1);
	judge->json->out = bs_new(arena, struct bs_writer, 1);
	judge->json->out->file = judge->destination.file;
	judge->json->arena = arena;
	bs_baseline_begin(judge->json);
	return true;
}

static void hold_against(struct bs_scan_finding *f, const struct bs_known_finding *known)
{
	f->level_before = BS_LEVEL_NONE;
	f->disposition = BS_COUNTS;
	if (!known)
		return;
	if (bs_known_covers(known, f->level, (uint32_t)f->n)) {
		f->disposition = BS_IN_BASELINE;
		return;
	}
	f->level_before = known->level;
	f->n_before = known->n;
}

static bool is_below(const struct bs_scan_judge *judge, const struct bs_scan_finding *f)
{
	return judge->fail_on == BS_LEVEL_NONE || f->level < judge->fail_on;
}

static void judge_finding(const struct bs_scan_judge *judge, struct bs_scan_finding *f,
			  const char *plan, struct bs_known_finding *known, uint32_t n_known)
{
	bool was_known = f->disposition == BS_IN_BASELINE;

	if (is_below(judge, f))
		f->disposition = BS_BELOW;
	else if (f->excuse)
		f->disposition = BS_SUPPRESSED;
	else if (judge->known)
		hold_against(f, bs_known_take(known, n_known, plan, f->fingerprint, f->level,
					      (uint32_t)f->n));
	else
		f->disposition = was_known ? BS_IN_BASELINE : BS_COUNTS;
}

static void list_gone(struct bs_arena *scratch, struct bs_scan_record *record,
		      const struct bs_known_finding *known, uint32_t n_known)
{
	record->gone.n = 0;
	for (uint32_t i = 0; i < n_known; i++)
		if (!known[i].found)
			bs_vec_push(scratch, &record->gone,
				    ((struct bs_scan_gone){
					    .fingerprint = known[i].fingerprint,
					    .rule = known[i].rule,
					    .from = known[i].from,
					    .to = *known[i].to ? known[i].to : NULL,
					    .level = known[i].level,
					    .n = known[i].n,
				    }));
}

static const char *lasting(const struct bs_scan_record *record, const struct bs_scan_object *object)
{
	if (!object->name)
		return "";
	return object->lasting		    ? object->lasting
	       : strrchr(record->path, '/') ? strrchr(record->path, '/') + 1
					    : record->path;
}

/* What of RECORD would be in a baseline. */
static void add_to_baseline(const struct bs_scan_judge *judge, struct bs_arena *scratch,
			    const struct bs_scan_record *record)
{
	const char *plan = plan_of(scratch, record);
	bs_baseline found = { 0 };

	bs_vec_each (i, &record->findings) {
		const struct bs_scan_finding *f = &record->findings.v[i];

		if (f->excuse || is_below(judge, f))
			continue;
		bs_vec_push(scratch, &found,
			    ((struct bs_known_finding){
				    .plan = plan,
				    .fingerprint = f->fingerprint,
				    .rule = f->rule,
				    .from = lasting(record, &f->from),
				    .to = lasting(record, &f->to),
				    .level = f->level,
				    .n = (uint32_t)f->n,
			    }));
	}
	bs_baseline_sort(&found);
	judge->json->arena = scratch;
	bs_vec_each (i, &found)
		bs_baseline_add(judge->json, &found.v[i]);
	judge->json->arena = judge->arena;
}

void bs_scan_judge_record(struct bs_scan_judge *judge, struct bs_arena *scratch,
			  struct bs_scan_record *record)
{
	const char *plan = bs_unicode(scratch, plan_of(scratch, record));
	struct bs_known_finding *known = NULL;
	uint32_t n_known = 0;

	if (judge->json)
		add_to_baseline(judge, scratch, record);
	if (!judge->is_wanted)
		return;
	if (judge->known)
		known = known_of(judge->known, plan, &n_known);
	bs_vec_each (i, &record->findings)
		judge_finding(judge, &record->findings.v[i], plan, known, n_known);
	if (judge->known)
		list_gone(scratch, record, known, n_known);
	record->is_judged = true;
}

bool bs_scan_judge_end(struct bs_scan_judge *judge, bool keep)
{
	struct bs_json *json = judge->json;

	if (!json)
		return true;
	judge->json = NULL;
	if (keep)
		bs_baseline_end(json);
	return bs_destination_close(&judge->destination, json->out, keep);
}
