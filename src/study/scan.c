/* SPDX-License-Identifier: MIT */
/* One run, and what is kept of it. */
#include "scan.h"

#include <stdlib.h>
#include <string.h>

const char *bs_scan_outcome_name(enum bs_scan_outcome outcome)
{
	static const char *const names[] = { "ok", "refused", "unanswered" };

	return names[outcome];
}

const char *bs_scan_processor(struct bs_arena *arena)
{
	return bs_arena_printf(arena, "%u%s", bs_host_isa_level(), bs_host_is_intel() ? "i" : "");
}

struct recorder {
	struct bs_arena *arena;
	const struct bs_scan_options *options;
	const struct bs_scan_known *known;
	struct bs_scan_known *found;
	struct bs_scan_record *record;
	bs_scan_sources *sources;
	struct bs_check_options check; /* the options' own, and what the judge asks for */
	struct bs_checker *checker;
	struct bs_judge *judge; /* or NULL */
	bs_ids parties;		/* by map: its place among the record's, or UINT32_MAX */
	bs_ids mapped;	/* at the end of the latest step, which need not be the last one told */
	uint32_t epoch; /* that began with it */
};

static const char *own(const struct recorder *r, const char *text)
{
	return text ? bs_arena_strndup(r->arena, text, strlen(text)) : NULL;
}

static void begin(void *data, const struct bs_run *run)
{
	struct recorder *r = data;

	r->record->loader = own(r, run->profile->title);
	r->record->machine = run->setup.target.machine->name;
	r->check = r->options->check;
	if (r->judge)
		bs_judge_ask(r->judge, &r->check);
	r->checker = bs_checker_new(run, &r->check);
}

static struct bs_scan_object object_of(const struct recorder *r, const struct bs_run *run,
				       bs_map_id map)
{
	if (map == BS_NO_MAP)
		return (struct bs_scan_object){ 0 };
	bool is_program = bs_map_of(&run->process, map)->kind == BS_MAP_EXECUTABLE;

	return (struct bs_scan_object){
		.name = own(r, bs_run_map_name(run, map)),
		.lasting = is_program ? NULL : own(r, bs_lasting_name(run, map)),
	};
}

static bool is_known(const struct recorder *r, uint64_t fingerprint, const struct bs_finding *f)
{
	if (!r->known)
		return false;
	uint32_t low = 0, high = r->known->list.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (r->known->list.v[middle].fingerprint < fingerprint)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < r->known->list.n && r->known->list.v[low].fingerprint == fingerprint; low++)
		if (r->known->list.v[low].level >= f->level && r->known->list.v[low].n >= f->n)
			return true;
	return false;
}

static int by_fingerprint(const void *x, const void *y)
{
	const struct bs_scan_known_finding *a = x, *b = y;

	return a->fingerprint < b->fingerprint ? -1 : a->fingerprint > b->fingerprint;
}

static void take_finding(const struct recorder *r, const struct bs_run *run,
			 const struct bs_finding *f)
{
	struct bs_scan_finding taken = {
		.rule = bs_rule_text(f->rule)->slug,
		.level = f->level,
		.step = f->step,
		.n = f->n,
		.fingerprint = bs_finding_fingerprint(run, f),
		.excuse = f->excuse ? own(r, f->excuse) : NULL,
	};

	taken.from = object_of(r, run, f->from);
	taken.to = object_of(r, run, f->to);
	for (uint32_t i = 0; i < f->n_examples; i++)
		bs_vec_push(r->arena, &taken.examples,
			    own(r, bs_run_symbol_name(run, &f->examples[i])));
	bs_vec_push(r->arena, &r->record->findings, taken);
}

static void take_findings(const struct recorder *r, const struct bs_run *run,
			  const bs_findings *findings)
{
	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];
		uint64_t fingerprint = r->known || r->found ? bs_finding_fingerprint(run, f) : 0;

		if (r->found)
			bs_vec_push(
				r->arena, &r->found->list,
				((struct bs_scan_known_finding){ fingerprint, f->n, f->level }));
		if (is_known(r, fingerprint, f))
			continue;
		r->record->n_levels[f->level]++;
		if (f->level > BS_LEVEL_NOTE || r->options->check.shows_notes)
			take_finding(r, run, f);
	}
}

/* ---- bindings -------------------------------------------------------------------------------- */

static uint32_t party_of(struct recorder *r, const struct bs_run *run, bs_map_id map)
{
	if (map == BS_NO_MAP)
		return UINT32_MAX;
	while (r->parties.n <= map)
		bs_vec_push(r->arena, &r->parties, UINT32_MAX);
	if (r->parties.v[map] == UINT32_MAX) {
		r->parties.v[map] = r->record->parties.n;
		bs_vec_push(r->arena, &r->record->parties, own(r, bs_run_map_name(run, map)));
	}
	return r->parties.v[map];
}

static void take_bindings(struct recorder *r, const struct bs_run *run,
			  const struct bs_step_result *result, const bs_bindings *bindings,
			  bool waits)
{
	bs_vec_each (i, bindings) {
		const struct bs_binding *b = &bindings->v[i];
		const struct bs_version *version = bs_run_asked_version(run, result, b);

		if (!b->symbol)
			continue;
		bs_vec_push(r->arena, &r->record->bindings,
			    ((struct bs_scan_binding){
				    .step = result->number,
				    .from = party_of(r, run, b->referrer),
				    .to = party_of(r, run,
						   b->outcome == BS_BOUND ? b->definer : BS_NO_MAP),
				    .symbol = own(r, bs_run_symbol_name(run, b)),
				    .version = version ? own(r, version->name) : NULL,
				    .waits = waits,
			    }));
	}
}

/* ---- what it rests on ------------------------------------------------------------------------ */

static void take_sights(const struct recorder *r, const bs_fs_sights *sights)
{
	bs_vec_each (i, sights)
		bs_vec_push(r->arena, r->sources,
			    ((struct bs_scan_source){
				    .look = sights->v[i].look,
				    .path = own(r, sights->v[i].path),
				    .seen = own(r, sights->v[i].seen),
			    }));
}

/* All that was looked at, also where a choice was made the other way; and the processor that it was
 * made for, which is this one if nobody named another. */
static void take_sources(const struct recorder *r, const struct bs_run *run)
{
	const bs_fs_sights *sights;

	for (uint32_t i = 0; (sights = bs_run_sights(run, i)) != NULL; i++)
		take_sights(r, sights);
	if (!run->plan->cpu)
		bs_vec_push(r->arena, r->sources,
			    ((struct bs_scan_source){ BS_SCAN_LOOK_PROCESSOR, "",
						      bs_scan_processor(r->arena) }));
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct recorder *r = data;
	bs_findings findings = bs_check_step(r->checker, run, result);

	if (r->judge)
		bs_judge_step(r->judge, run, r->checker, result, &findings);
	take_findings(r, run, &findings);
	if (r->options->lists_bindings) {
		if (result->state == BS_STEP_OK) {
			take_bindings(r, run, result, &result->relocated.bindings, false);
			take_bindings(r, run, result, &result->slots, true);
		}
		take_bindings(r, run, result, &result->changed_slots, true);
	}
	if (result->state != BS_STEP_NOT_REACHED && result->epoch >= r->epoch) {
		r->epoch = result->epoch;
		r->mapped = result->mapped;
	}
	/* A step that is not reached has a message only where its constructors never ran. */
	if (result->state == BS_STEP_FAILED ||
	    (result->state == BS_STEP_NOT_REACHED && result->message))
		bs_vec_push(r->arena, &r->record->refusals,
			    ((struct bs_scan_refusal){ result->number, own(r, result->message) }));
}

static void take_libraries(const struct recorder *r, const struct bs_run *run)
{
	const bs_library_carriers carriers = bs_find_library_carriers(r->checker, run);

	bs_vec_each (i, &carriers)
		bs_vec_push(r->arena, &r->record->libraries,
			    ((struct bs_scan_library){
				    .library = own(r, carriers.v[i].library->name),
				    .object = own(r, bs_run_map_name(run, carriers.v[i].map)),
				    .is_itself = carriers.v[i].is_itself,
				    .version = own(r, carriers.v[i].version),
			    }));
}

static void take_objects(const struct recorder *r, const struct bs_run *run)
{
	if (r->options->lists_objects)
		take_libraries(r, run);
	bs_vec_each (i, &r->mapped) {
		if (!bs_map_of(&run->process, r->mapped.v[i])->image)
			continue;
		r->record->n_objects++;
		if (r->options->lists_objects)
			bs_vec_push(r->arena, &r->record->objects,
				    own(r, bs_run_map_name(run, r->mapped.v[i])));
	}
}

/* The file that the record is about. */
static const struct bs_image *image_of(const struct bs_run *run, bool is_library)
{
	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (map->image &&
		    (is_library ? map->kind == BS_MAP_LOADED : map->kind == BS_MAP_EXECUTABLE))
			return map->image;
	}
	return NULL;
}

/* Worst first; those of one level as they came. */
static void sort_findings(const struct recorder *r)
{
	struct bs_scan_record *record = r->record;
	uint32_t n = record->findings.n, at = 0;
	struct bs_scan_finding *sorted = bs_new(r->arena, struct bs_scan_finding, n);

	for (enum bs_level level = BS_LEVEL_ERROR; level > BS_LEVEL_NONE; level--)
		bs_vec_each (i, &record->findings)
			if (record->findings.v[i].level == level)
				sorted[at++] = record->findings.v[i];
	record->findings.v = sorted;
	record->findings.cap = record->findings.n = at;
}

static void end(void *data, const struct bs_run *run)
{
	const struct recorder *r = data;
	bs_findings findings = bs_check_end(r->checker, run);
	const struct bs_image *image = image_of(run, r->record->is_library);

	if (r->judge)
		bs_judge_end(r->judge, run, r->checker, &findings);
	take_findings(r, run, &findings);
	sort_findings(r);
	if (r->found && r->found->list.n)
		qsort(r->found->list.v, r->found->list.n, sizeof *r->found->list.v, by_fingerprint);
	take_objects(r, run);
	if (image)
		r->record->build_id =
			bs_hex(r->arena, image->notes.build_id, image->notes.n_build_id);
	if (r->judge)
		r->record->used = bs_judge_used(r->judge, r->arena);
	if (r->options->lists_files)
		take_sources(r, run);
}

/* Levels and excuses are the policy's; what counts is for who knows --fail-on and the baseline. */
static struct bs_judge *judge_for(struct bs_arena *arena, const struct bs_scan_options *options,
				  const struct bs_plan *plan)
{
	const struct bs_judge_options of_judge = {
		.policy = options->policy,
		.fail_on = BS_LEVEL_NONE,
		.today = options->today,
	};
	const struct bs_judged_run run = { .plan = plan->executable };
	struct bs_judge *judge;

	if (!options->policy)
		return NULL;
	judge = bs_judge_new(arena, &of_judge);
	bs_judge_begin(judge, &run);
	return judge;
}

/* Where there is no answer, the problem says what they led to. */
static void take_diags(const struct recorder *r, const struct bs_diags *diags)
{
	r->record->diags.arena = r->arena;
	bs_vec_each (i, &diags->list)
		bs_diag_copy(&r->record->diags, &diags->list.v[i]);
}

void bs_scan_run(struct bs_arena *arena, const struct bs_plan *plan, struct bs_store *store,
		 const struct bs_scan_options *options, const struct bs_scan_known *known,
		 struct bs_scan_known *found, bs_scan_sources *sources, struct bs_scan_record *ret)
{
	struct recorder r = {
		.arena = arena,
		.options = options,
		.known = known,
		.found = found,
		.record = ret,
		.sources = sources,
		.judge = judge_for(arena, options, plan),
	};
	const struct bs_sink sink = {
		.data = &r,
		.begin = begin,
		.step = step,
		.end = end,
		.wants_sights = options->lists_files,
	};
	struct bs_sim_report report;
	enum bs_sim_status status = bs_simulate(plan, store, &sink, &report);

	ret->outcome = status == BS_SIM_OK	 ? BS_SCAN_OK
		       : status == BS_SIM_CANNOT ? BS_SCAN_UNANSWERED
						 : BS_SCAN_REFUSED;
	if (status == BS_SIM_CANNOT)
		ret->problem = own(&r, report.problem);
	else
		take_diags(&r, &report.diags);
	/* What would have to be there for an answer nobody knows. */
	if (status == BS_SIM_CANNOT && options->lists_files)
		bs_vec_push(arena, sources,
			    ((struct bs_scan_source){ BS_FS_LOOK_FILE, own(&r, plan->executable),
						      "?" }));
	bs_sim_report_done(&report);
	if (status == BS_SIM_NO_MEMORY)
		bs_arena_unwind(arena);
}
