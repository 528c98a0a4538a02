/* SPDX-License-Identifier: MIT */
/* One run, and what is kept of it. */
#include "scan.h"

#include <string.h>

const char *bs_scan_outcome_name(enum bs_scan_outcome outcome)
{
	static const char *const names[] = { "ok", "refused", "unanswered" };

	return names[outcome];
}

struct recorder {
	struct bs_arena *arena;
	const struct bs_scan_options *options;
	const struct bs_scan_known *known;
	struct bs_scan_known *found;
	struct bs_scan_record *record;
	struct bs_checker *checker;
	bs_ids mapped;	/* at the end of the latest step, which need not be the last one told */
	uint32_t epoch; /* that began with it */
};

static const char *own(const struct recorder *r, const char *text)
{
	return text ? bs_arena_strndup(r->arena, text, strlen(text)) : NULL;
}

static const char *hex(const struct recorder *r, const uint8_t *bytes, uint32_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *text = bs_new(r->arena, char, 2 * (size_t)n + 1);

	for (size_t i = 0; i < n; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return n ? text : NULL;
}

static void begin(void *data, const struct bs_run *run)
{
	struct recorder *r = data;

	r->record->loader = own(r, run->profile->title);
	r->record->machine = run->setup.target.machine->name;
	r->checker = bs_checker_new(run, &r->options->check);
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
	bs_vec_each (i, &r->known->list)
		if (r->known->list.v[i].fingerprint == fingerprint &&
		    r->known->list.v[i].level >= f->level && r->known->list.v[i].n >= f->n)
			return true;
	return false;
}

static void take_finding(const struct recorder *r, const struct bs_run *run,
			 const struct bs_finding *f)
{
	struct bs_scan_finding taken = {
		.rule = bs_rule_text(f->rule)->slug,
		.level = f->level,
		.step = f->step,
		.n = f->n,
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

		if (r->found) {
			bs_vec_reserve(r->arena, &r->found->list, 1);
			r->found->list.v[r->found->list.n].fingerprint = fingerprint;
			r->found->list.v[r->found->list.n].n = f->n;
			r->found->list.v[r->found->list.n++].level = f->level;
		}
		if (is_known(r, fingerprint, f))
			continue;
		r->record->n_levels[f->level]++;
		if (f->level > BS_LEVEL_NOTE || r->options->check.shows_notes)
			take_finding(r, run, f);
	}
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct recorder *r = data;
	const bs_findings findings = bs_check_step(r->checker, run, result);

	take_findings(r, run, &findings);
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

static void take_objects(const struct recorder *r, const struct bs_run *run)
{
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
	const bs_findings findings = bs_check_end(r->checker, run);
	const struct bs_image *image = image_of(run, r->record->is_library);

	take_findings(r, run, &findings);
	sort_findings(r);
	take_objects(r, run);
	if (image)
		r->record->build_id = hex(r, image->notes.build_id, image->notes.n_build_id);
}

void bs_scan_run(struct bs_arena *arena, const struct bs_plan *plan, struct bs_store *store,
		 const struct bs_scan_options *options, const struct bs_scan_known *known,
		 struct bs_scan_known *found, struct bs_scan_record *ret)
{
	struct recorder r = { arena, options, known, found, ret, NULL, { 0 }, 0 };
	const struct bs_sink sink = { .data = &r, .begin = begin, .step = step, .end = end };
	struct bs_sim_report report;
	enum bs_sim_status status = bs_simulate(plan, store, &sink, &report);

	ret->outcome = status == BS_SIM_OK	 ? BS_SCAN_OK
		       : status == BS_SIM_CANNOT ? BS_SCAN_UNANSWERED
						 : BS_SCAN_REFUSED;
	if (status == BS_SIM_CANNOT)
		ret->problem = own(&r, report.problem);
	bs_sim_report_done(&report);
	if (status == BS_SIM_NO_MEMORY)
		bs_arena_unwind(arena);
}
