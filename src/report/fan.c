/* SPDX-License-Identifier: MIT */
/* One run, several reports: each step is checked once and shown to all of them. */
#include "report.h"

#include "dlopen-notes.h"

#include <string.h>

static bool tells_findings(const struct bs_reports *reports)
{
	bool tells = false;

	for (uint32_t i = 0; i < reports->n; i++)
		tells |= !reports->list[i].format->tells_no_findings;
	return tells;
}

static bool want_findings(const struct bs_reports *reports)
{
	return reports->weighs || tells_findings(reports);
}

/* What changes no level is for who reads it. */
static bool want_proof(const struct bs_reports *reports)
{
	return reports->proof == BS_PROOF_ALL ||
	       (reports->proof == BS_PROOF_AUTO && tells_findings(reports));
}

bool bs_report_shows(const struct bs_report *report, const char *part)
{
	const char *const *parts = report->format->parts;

	for (unsigned i = 0; parts && parts[i]; i++)
		if (strcmp(parts[i], part) == 0)
			return report->show >> i & 1;
	return false;
}

bool bs_reports_notes(const struct bs_reports *reports)
{
	bool notes = reports->follows_notes;

	for (uint32_t i = 0; i < reports->n; i++)
		notes |= bs_report_shows(&reports->list[i], BS_PART_DLOPEN_NOTES);
	return notes;
}

static struct bs_check_options options_for(const struct bs_reports *reports)
{
	struct bs_check_options options = reports->check;

	for (uint32_t i = 0; i < reports->n; i++) {
		const struct bs_report *report = &reports->list[i];

		options.lists_left_out |= bs_report_shows(report, "suppressed");
		options.shows_notes |= (report->show & report->format->notes) != 0;
	}
	return options;
}

/* Services take their verdict from a report: it tells all that the exit status counts. */
static void show_what_counts(struct bs_report *report)
{
	if (report->format->shows_what_counts && report->fail_on == BS_LEVEL_NOTE)
		report->show |= report->format->notes;
}

static void begin(void *data, const struct bs_run *run)
{
	struct bs_reports *reports = data;

	for (uint32_t i = 0; i < reports->n; i++)
		show_what_counts(&reports->list[i]);
	if (want_findings(reports)) {
		struct bs_check_options options = options_for(reports);

		if (reports->judge)
			bs_judge_ask(reports->judge, &options);
		reports->checker = bs_checker_new(run, &options);
	}
	if (reports->checker && want_proof(reports))
		reports->prover = bs_prover_new(run, reports->proof);
	if (reports->prover && reports->proof == BS_PROOF_ALL)
		bs_checker_keep_symbols(reports->checker, BS_PROOF_SYMBOLS);
	for (uint32_t i = 0; i < reports->n; i++) {
		reports->list[i].checker = reports->checker;
		reports->list[i].judge = reports->judge;
		reports->list[i].observed = reports->observed;
		if (reports->list[i].format->begin)
			reports->list[i].format->begin(&reports->list[i], run);
	}
}

static void bound(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_reports *reports = data;

	for (uint32_t i = 0; i < reports->n; i++)
		if (reports->list[i].format->bound)
			reports->list[i].format->bound(&reports->list[i], run, result);
}

static void weigh(struct bs_reports *reports, const bs_findings *findings)
{
	bs_vec_each (i, findings)
		if (findings->v[i].disposition == BS_COUNTS &&
		    findings->v[i].level > reports->worst)
			reports->worst = findings->v[i].level;
}

/* A step that is not reached has a message only where its constructors never ran. */
bool bs_is_refusal(const struct bs_step_result *result)
{
	return result->state == BS_STEP_FAILED ||
	       (result->state == BS_STEP_NOT_REACHED && result->message);
}

static void note_refusal(struct bs_reports *reports, const struct bs_step_result *result)
{
	if (!bs_is_refusal(result) || reports->first_refusal)
		return;
	reports->first_refusal = result->message;
	reports->first_refused_step = result->number;
	reports->not_reached = result->state == BS_STEP_NOT_REACHED;
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	struct bs_reports *reports = data;
	bs_findings findings = { 0 };

	if (reports->checker)
		findings = bs_check_step(reports->checker, run, result);
	if (reports->prover)
		bs_prove(reports->prover, &findings);
	if (reports->judge)
		bs_judge_step(reports->judge, run, reports->checker, result, &findings);
	weigh(reports, &findings);
	note_refusal(reports, result);
	for (uint32_t i = 0; i < reports->n; i++)
		if (reports->list[i].format->step)
			reports->list[i].format->step(&reports->list[i], run, result, &findings);
}

static void end(void *data, const struct bs_run *run)
{
	struct bs_reports *reports = data;
	bs_findings findings = { 0 };
	struct bs_note_answers notes = { 0 };

	if (bs_reports_notes(reports))
		bs_note_answers_find(run, &notes);
	if (reports->checker)
		findings = bs_check_end(reports->checker, run);
	if (reports->prover)
		bs_prove(reports->prover, &findings);
	if (reports->judge)
		bs_judge_end(reports->judge, run, reports->checker, &findings);
	weigh(reports, &findings);
	for (uint32_t i = 0; i < reports->n; i++) {
		reports->list[i].notes = bs_reports_notes(reports) ? &notes : NULL;
		if (reports->list[i].format->end)
			reports->list[i].format->end(&reports->list[i], run, &findings);
		reports->list[i].notes = NULL;
	}
}

struct bs_sink bs_reports_sink(struct bs_reports *reports)
{
	return (struct bs_sink){
		.data = reports, .begin = begin, .bound = bound, .step = step, .end = end
	};
}

void bs_reports_done(struct bs_reports *reports)
{
	bs_prover_free(reports->prover);
	reports->prover = NULL;
}

void bs_reports_drop(struct bs_reports *reports)
{
	for (uint32_t i = 0; i < reports->n; i++)
		if (reports->list[i].format->drop)
			reports->list[i].format->drop(&reports->list[i]);
}
