/* SPDX-License-Identifier: MIT */
/*
 * --format=text: for a person, who decides on the first screen whether the tool is kept. A healthy
 * program takes two lines. Otherwise: worst first, one cause one finding, what to do at the end,
 * nothing that the reader must count.
 */
#include "text-priv.h"
#include "text-show.h"

#include "dlopen-notes.h"
#include "process-report.h"

#include <string.h>
#include <wchar.h>

static const char *const parts[] = { "steps",	       "unresolved",
				     "findings",       "notes",
				     "objects",	       "scopes",
				     "pairs",	       "bindings",
				     "slots",	       "lazyload",
				     "suppressed",     BS_PART_DLOPEN_NOTES,
				     BS_PART_PROCESS,  BS_PART_DIFFERENCES,
				     BS_PART_CONTENTS, NULL };

/* Listings are written as the steps come; table, troubles and findings at the end. */
struct totals {
	struct bs_counts counts; /* of the steps that succeeded */
	uint32_t unresolved, steps_refused;
	uint32_t refusals;		     /* those that were never reached included */
	uint32_t gone;			     /* objects that a dlclose took away */
	uint32_t levels[BS_LEVEL_ERROR + 1]; /* findings by level */
	bool complained;		     /* of a preload */
	struct bs_text_chosen chosen;
	bs_text_rows rows;
	bs_findings findings;
};

/* ---- writing ------------------------------------------------------------------------------- */

void bs_say(struct bs_report *report, const char *text)
{
	bs_write_text(report->writer, text);
}

void bs_say_escaped(struct bs_report *report, const char *text)
{
	bs_write_escaped(report->writer, text);
}

void bs_say_ink(struct bs_report *report, enum bs_ink ink, const char *text)
{
	static const char *const codes[] = { "", "1", "32", "1;31", "33", "2" };

	if (!report->color || ink == BS_INK_PLAIN) {
		bs_say_escaped(report, text);
		return;
	}
	bs_write_format(report->writer, "\033[%sm", codes[ink]);
	bs_say_escaped(report, text);
	bs_say(report, "\033[0m");
}

void bs_say_spaces(struct bs_report *report, size_t n)
{
	while (n--)
		bs_write(report->writer, " ", 1);
}

/* Decodes the well-formed UTF-8 at S. */
static wchar_t code_point(const unsigned char *s, size_t n)
{
	static const unsigned char first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	wchar_t c = s[0] & first[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* East Asian wide characters take two columns (Unicode TR 11, the large ranges). Independent of the
 * locale on purpose. */
static unsigned columns_of(wchar_t c)
{
	static const struct {
		wchar_t from, to;
		unsigned columns;
	} ranges[] = {
		{ 0x0300, 0x036f, 0 },	 { 0x200b, 0x200f, 0 },	  { 0x1100, 0x115f, 2 },
		{ 0x2e80, 0x303e, 2 },	 { 0x3041, 0x33ff, 2 },	  { 0x3400, 0x4dbf, 2 },
		{ 0x4e00, 0x9fff, 2 },	 { 0xa000, 0xa4cf, 2 },	  { 0xac00, 0xd7a3, 2 },
		{ 0xf900, 0xfaff, 2 },	 { 0xfe30, 0xfe6f, 2 },	  { 0xff00, 0xff60, 2 },
		{ 0xffe0, 0xffe6, 2 },	 { 0x1f300, 0x1f64f, 2 }, { 0x1f900, 0x1f9ff, 2 },
		{ 0x20000, 0x3fffd, 2 },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return ranges[i].columns;
	return 1;
}

size_t bs_text_width(const char *text)
{
	size_t width = 0;

	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		size_t n = bs_utf8_length(s);

		width += n ? columns_of(code_point(s, n)) : strlen("\\xNN");
		s += n ? n : 1;
	}
	return width;
}

void bs_say_padded(struct bs_report *report, const char *text, size_t width)
{
	size_t n = bs_text_width(text);

	bs_say_escaped(report, text);
	bs_say_spaces(report, n < width ? width - n : 0);
}

const char *bs_text_short_name(const struct bs_run *run, bs_map_id map)
{
	const char *name = bs_run_map_name(run, map);
	const char *slash = strrchr(name, '/');

	return slash && slash[1] ? slash + 1 : name;
}

void bs_say_count(struct bs_report *report, uint64_t n, const char *singular, const char *plural)
{
	bs_write_grouped(report->writer, n);
	bs_say(report, " ");
	bs_say(report, n == 1 ? singular : plural);
}

void bs_say_version(struct bs_report *report, const char *name)
{
	if (!name)
		return;
	bs_say(report, " [");
	bs_say_escaped(report, name);
	bs_say(report, "]");
}

/* ---- the head ------------------------------------------------------------------------------ */

void bs_text_environment(struct bs_report *report, const struct bs_run *run)
{
	const struct bs_plan *plan = run->plan;

	if (!run->counted.n && !plan->library_path && !plan->preload && !plan->n_settings)
		return;
	bs_say(report, "  with");
	bs_vec_each (i, &run->counted) {
		bs_say(report, " ");
		bs_say_escaped(report, run->counted.v[i].name);
		bs_say(report, "=");
		bs_say_escaped(report, run->counted.v[i].value);
	}
	if (plan->library_path) {
		bs_say(report, " --library-path=");
		bs_say_escaped(report, plan->library_path);
	}
	if (plan->preload) {
		bs_say(report, " --preload=");
		bs_say_escaped(report, plan->preload);
	}
	for (uint32_t i = 0; i < plan->n_settings; i++) {
		bs_say(report, " --set=");
		bs_say_escaped(report, plan->settings[i].name);
		bs_say(report, "=");
		bs_say_escaped(report, plan->settings[i].value);
	}
	bs_say(report, "\n");
}

static void begin(struct bs_report *report, const struct bs_run *run)
{
	uint32_t n = run->plan->n_steps;

	report->state = bs_new(run->ctx.arena, struct totals, 1);
	if (report->judge && bs_judge_plan(report->judge)) {
		bs_say(report, bs_judge_is_first(report->judge) ? "" : "\n");
		bs_say_ink(report, BS_INK_STRONG, bs_judge_plan(report->judge));
		bs_say(report, ": ");
	}
	bs_say_ink(report, BS_INK_STRONG, run->program);
	bs_say(report, ": ");
	bs_say(report, run->profile->title);
	bs_say(report, " ");
	bs_say(report, run->setup.target.machine->name);
	bs_say(report, ", start-up");
	if (n) {
		bs_say(report, " and ");
		bs_say_count(report, n, "step", "steps");
	}
	bs_say(report, "\n");
	bs_text_environment(report, run);
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool wants_findings(const struct bs_report *report, const struct bs_finding *finding)
{
	/* Where a policy decides, it is not the level that does. What has expired is the reason why
	 * something counts. */
	if (report->judge && finding->rule == BS_RULE_EXPIRED_SUPPRESSION)
		return report->show & SHOW_FINDINGS;
	if (report->judge)
		return report->show & (finding->disposition == BS_COUNTS  ? SHOW_FINDINGS
				       : finding->disposition == BS_BELOW ? SHOW_NOTES
									  : SHOW_SUPPRESSED);
	return report->show & (finding->level == BS_LEVEL_NOTE ? SHOW_NOTES : SHOW_FINDINGS);
}

static void take_findings(struct bs_report *report, const struct bs_run *run,
			  const bs_findings *findings)
{
	struct totals *totals = report->state;

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		totals->levels[f->level]++;
		if (f->rule == BS_RULE_UNRESOLVED_AT_CALL)
			totals->unresolved += f->n;
		if (wants_findings(report, f) &&
		    bs_selected_pair(&report->selection, run, f->from, f->to))
			bs_vec_push(run->ctx.arena, &totals->findings, *f);
	}
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	struct totals *totals = report->state;
	const struct bs_counts counts = bs_count(run, result);

	/* What a failed step bound is gone with it. */
	if (result->state == BS_STEP_OK)
		bs_counts_add(&totals->counts, &counts);
	if (result->state == BS_STEP_OK)
		totals->gone += result->gone.n;
	if (result->state == BS_STEP_FAILED && (!result->step || result->opening.root != BS_NO_MAP))
		totals->unresolved += counts.undefined;
	totals->complained |= result->passed_over.n > 0;
	bs_text_note_chosen(&totals->chosen, &report->selection, run, result);
	totals->steps_refused += result->state == BS_STEP_FAILED;
	totals->refusals += bs_is_refusal(result);
	bs_vec_push(run->ctx.arena, &totals->rows, ((struct bs_text_row){ *result, counts }));
	if (report->show & SHOW_OBJECTS)
		bs_text_objects(report, run, result);
	if (report->show & SHOW_SCOPES)
		bs_text_scopes(report, run, result);
	if (report->show & SHOW_PAIRS)
		bs_text_pairs(report, run, result);
	if (report->show & SHOW_BINDINGS)
		bs_text_bindings(report, run, result);
	take_findings(report, run, findings);
}

/* ---- the end ------------------------------------------------------------------------------- */

static void write_troubles(struct bs_report *report, const struct bs_run *run,
			   const struct totals *totals)
{
	bs_vec_each (i, &totals->rows) {
		const struct bs_step_result *result = &totals->rows.v[i].result;

		bs_text_passed_over(report, run, result);
		if (result->state == BS_STEP_FAILED)
			bs_text_failure(report, run, result);
		bs_text_missing(report, run, result);
	}
}

static void write_findings(struct bs_report *report, const struct bs_run *run,
			   const struct totals *totals)
{
	for (enum bs_level level = BS_LEVEL_ERROR; level >= BS_LEVEL_NOTE; level--)
		bs_vec_each (i, &totals->findings)
			if (totals->findings.v[i].level == level)
				bs_text_finding(report, run, &totals->findings.v[i]);
}

/* " (1 note, 9 harmless duplicates not shown: --show=notes,suppressed)" */
static void write_not_shown(struct bs_report *report, uint32_t notes, uint64_t left_out)
{
	if (!notes && !left_out)
		return;
	bs_say(report, " (");
	if (notes)
		bs_say_count(report, notes, "note", "notes");
	if (notes && left_out)
		bs_say(report, ", ");
	if (left_out)
		bs_say_count(report, left_out, "harmless duplicate", "harmless duplicates");
	bs_say(report, " not shown: --show=");
	bs_say(report, notes ? "notes" : "");
	bs_say(report, notes && left_out ? "," : "");
	bs_say(report, left_out ? "suppressed" : "");
	bs_say(report, ")");
}

/* "1 error, 2 warnings (3 notes not shown: --show=notes)" or "no clash" */
static void write_verdict(struct bs_report *report, const struct totals *totals)
{
	uint32_t errors = totals->levels[BS_LEVEL_ERROR];
	uint32_t warnings = totals->levels[BS_LEVEL_WARNING];
	uint32_t notes = totals->levels[BS_LEVEL_NOTE];

	if (errors || warnings) {
		bs_say_count(report, errors, "error", "errors");
		bs_say(report, ", ");
		bs_say_count(report, warnings, "warning", "warnings");
	} else if (totals->steps_refused) {
		/* What came after that is another question than the one that was asked. */
		bs_say(report, "no other trouble");
	} else {
		bs_say(report, "no clash");
	}
	write_not_shown(report, report->show & SHOW_NOTES ? 0 : notes,
			report->checker && !(report->show & SHOW_SUPPRESSED)
				? bs_left_out_count(report->checker)
				: 0);
}

/* What `...' of the commands in the report stands for, and what else may be asked. */
static void write_how(struct bs_report *report, const struct bs_run *run)
{
	const char *plan = report->judge ? bs_judge_plan(report->judge) : NULL;
	const char *words =
		report->observed ? "... is --plan FILE, which this command writes with "
				   "--format=plan -o FILE"
		: !report->judge ? "... are the words of this command"
				 : "... are EXECUTABLE and STEPs, or --plan FILE, of this command";

	/* Nobody else can look into it. */
	if (run->plan->archive)
		words = NULL;
	/* It is of a policy or a directory, which the other commands do not read. */
	else if (plan)
		words = bs_arena_printf(run->ctx.arena,
					"... is --plan FILE, which this command writes with "
					"--format=plan -o FILE --plan-name=%s",
					bs_shell_word(run->ctx.arena, plan));
	bs_say_ink(report, BS_INK_DIM,
		   bs_arena_printf(run->ctx.arena,
				   "  (%s%sbindsim explain --rule RULE tells what a rule means%s)",
				   words ? words : "", words ? "; " : "",
				   words ? ", bindsim advise ... what helps" : ""));
	bs_say(report, "\n");
}

/* The line that sums up. TABLE: there is one of steps. */
static void write_sum(struct bs_report *report, const struct bs_run *run,
		      const struct totals *totals, bool table)
{
	const uint32_t listings = SHOW_OBJECTS | SHOW_SCOPES | SHOW_PAIRS | SHOW_BINDINGS |
				  SHOW_SLOTS | SHOW_LAZYLOAD | SHOW_SUPPRESSED | SHOW_DLOPEN_NOTES;

	if (table || totals->findings.n || totals->steps_refused || totals->unresolved ||
	    totals->complained || (report->show & listings))
		bs_say(report, "\n");
	bs_say(report, "  ");
	bs_say_count(report, totals->counts.objects - totals->gone, "object", "objects");
	bs_say(report, ", ");
	bs_say_count(report, totals->counts.bindings + totals->counts.first_call, "binding",
		     "bindings");
	if (totals->counts.first_call) {
		bs_say(report, " (");
		bs_write_grouped(report->writer, totals->counts.first_call);
		bs_say(report, " at the first call)");
	}
	if (totals->steps_refused) {
		bs_say(report, "; ");
		bs_say_count(report, totals->steps_refused, "step refused", "steps refused");
	}
	if (totals->unresolved) {
		bs_say(report, "; ");
		bs_write_grouped(report->writer, totals->unresolved);
		bs_say(report, " unresolved");
	} else if (!totals->steps_refused) {
		bs_say(report, "; everything resolves");
	}
	bs_say(report, "; ");
	write_verdict(report, totals);
	bs_say(report, "\n");
	if (totals->findings.n)
		write_how(report, run);
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	struct totals *totals = report->state;
	bool table = run->plan->n_steps && (report->show & SHOW_STEPS);

	take_findings(report, run, findings);
	if (report->show & (SHOW_SLOTS | SHOW_BINDINGS))
		bs_text_slots(report, run);
	if ((report->show & SHOW_SLOTS) && run->scope_policy.fixed.used)
		bs_text_realtime(report, run);
	if (report->show & SHOW_LAZYLOAD)
		bs_text_lazyload(report, run, &totals->rows);
	if (report->show & SHOW_DLOPEN_NOTES)
		bs_text_dlopen_notes(report, run);
	/* An empty listing, and no findings, are no answer about what is not there. */
	bs_text_absent(report, run, &totals->chosen, "\n");
	if (table)
		bs_text_table(report, run, &totals->rows);
	if (report->show & SHOW_UNRESOLVED)
		write_troubles(report, run, totals);
	for (uint32_t i = 0; i < totals->rows.n && report->show & SHOW_NOTES; i++)
		bs_text_left_to_program(report, run, &totals->rows.v[i].result);
	write_findings(report, run, totals);
	if (report->show & SHOW_SUPPRESSED)
		bs_text_left_out(report, run);
	bs_text_assumptions(report, run,
			    run->assumed |
				    (report->show & SHOW_SCOPES ? run->assumed_by_scopes : 0));
	if (report->show & SHOW_STEPS)
		write_sum(report, run, totals, table);
	if ((report->show & SHOW_STEPS) && !(report->show & SHOW_DLOPEN_NOTES))
		bs_text_dlopen_notes_sum(report, run);
	bs_text_process(report, run, report->show & SHOW_PROCESS, report->show & SHOW_DIFFERENCES,
			report->show & SHOW_CONTENTS);
	if (!report->judge)
		return;
	/* The line that sums up has it, too. */
	if (bs_judge_tally(report->judge).n[BS_COUNTS] && (report->show & SHOW_FINDINGS) &&
	    !(report->show & SHOW_STEPS)) {
		bs_say(report, "\n");
		write_how(report, run);
	}
	/* Last of all: it is what scripts look for. */
	bs_text_tally(report, totals->refusals);
}

const struct bs_format bs_format_text = {
	.name = "text",
	.parts = parts,
	.default_show = SHOW_STEPS | SHOW_UNRESOLVED | SHOW_FINDINGS,
	.process_show = SHOW_DIFFERENCES,
	.notes = SHOW_NOTES,
	.check_show = SHOW_UNRESOLVED | SHOW_FINDINGS,
	.traces = true,
	.begin = begin,
	.step = step,
	.end = end,
};
