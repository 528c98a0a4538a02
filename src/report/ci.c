/* SPDX-License-Identifier: MIT */
/* What the reports for services have in common; see ci-priv.h. */
#include "ci-priv.h"

#include "plan-format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const bs_ci_parts[] = { "findings", "notes", NULL };

enum { MOST_STEPS_IN_TITLE = 4 };

/* ---- what is collected ---------------------------------------------------------------------- */

static struct bs_ci *ci_of(const struct bs_report *report)
{
	return report->state;
}

void bs_ci_init(struct bs_ci *ci, struct bs_report *report, const struct bs_run *run)
{
	ci->words.writer = bs_new(run->ctx.arena, struct bs_writer, 1);
	ci->words.writer->arena = run->ctx.arena;
	report->state = ci;
}

void bs_ci_begin(struct bs_report *report, const struct bs_run *run)
{
	bs_ci_init(bs_new(run->ctx.arena, struct bs_ci, 1), report, run);
}

static bool shows_level(const struct bs_report *report, enum bs_level level)
{
	return bs_report_shows(report, level == BS_LEVEL_NOTE ? "notes" : "findings");
}

/* A policy or a baseline has it not count. */
static bool is_excused(const struct bs_finding *f)
{
	return f->disposition == BS_SUPPRESSED || f->disposition == BS_IN_BASELINE;
}

static void take_findings(struct bs_report *report, const struct bs_run *run,
			  const bs_findings *findings)
{
	struct bs_ci *ci = ci_of(report);

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];

		/* Services that know of suppressions and baselines are told of these, too. */
		if (is_excused(f) && !report->format->tells_excused)
			continue;
		ci->levels[f->level]++;
		if (shows_level(report, f->level) &&
		    bs_selected_pair(&report->selection, run, f->from, f->to))
			bs_vec_push(run->ctx.arena, &ci->findings, *f);
	}
}

void bs_ci_step(struct bs_report *report, const struct bs_run *run,
		const struct bs_step_result *result, const bs_findings *findings)
{
	struct bs_ci *ci = ci_of(report);

	bs_vec_push(run->ctx.arena, &ci->rows,
		    ((struct bs_text_row){ *result, bs_count(run, result) }));
	ci->refused += bs_is_refusal(result);
	take_findings(report, run, findings);
}

const struct bs_ci *bs_ci_end(struct bs_report *report, const struct bs_run *run,
			      const bs_findings *findings)
{
	struct bs_ci *ci = ci_of(report);
	bs_findings sorted = { 0 };

	take_findings(report, run, findings);
	for (enum bs_level level = BS_LEVEL_ERROR; level >= BS_LEVEL_NOTE; level--)
		bs_vec_each (i, &ci->findings)
			if (ci->findings.v[i].level == level)
				bs_vec_push(run->ctx.arena, &sorted, ci->findings.v[i]);
	ci->findings = sorted;
	return ci;
}

/* ---- words ---------------------------------------------------------------------------------- */

struct bs_ci_words bs_ci_words(struct bs_report *report, const struct bs_run *run,
			       const struct bs_finding *f)
{
	struct bs_report *words = &ci_of(report)->words;

	bs_text_finding_words(words, run, f);
	const char *text = bs_writer_text(words->writer);
	const char *end = strchrnul(text, '\n');

	return (struct bs_ci_words){
		.headline = bs_arena_strndup(run->ctx.arena, text, (size_t)(end - text)),
		.evidence = *end ? end + 1 : end,
	};
}

bool bs_ci_next_field(const char **evidence, struct bs_ci_field *ret)
{
	const char *line = *evidence;
	size_t n = strcspn(line, "\n");
	size_t behind = n < BS_TEXT_FIELD_WORDS ? n : BS_TEXT_FIELD_WORDS;
	size_t label = behind;

	if (!*line)
		return false;
	while (label > BS_TEXT_FIELD_NAME && line[label - 1] == ' ')
		label--;
	*ret = (struct bs_ci_field){
		.label = line + BS_TEXT_FIELD_NAME,
		.n_label = (int)(label - BS_TEXT_FIELD_NAME),
		.words = line + behind,
		.n_words = (int)(n - behind),
	};
	*evidence = line + n + (line[n] == '\n');
	return true;
}

const char *bs_ci_message(const struct bs_run *run, const struct bs_ci_words *words)
{
	const char *message = words->headline, *evidence = words->evidence;
	struct bs_ci_field field;

	while (bs_ci_next_field(&evidence, &field))
		message = bs_arena_printf(run->ctx.arena, "%s\n%.*s%s%.*s", message, field.n_label,
					  field.label, field.n_label ? ": " : "  ", field.n_words,
					  field.words);
	return message;
}

const char *bs_ci_escaped(struct bs_report *report, const char *text)
{
	struct bs_report *words = &ci_of(report)->words;

	bs_say_escaped(words, text);
	return bs_writer_text(words->writer);
}

const char *bs_ci_diagnostic(struct bs_arena *arena, const struct bs_diag *d)
{
	return d->path ? bs_arena_printf(arena, "%s: %s", d->path, d->detail) : d->detail;
}

const char *bs_ci_refusal(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	if (!bs_is_refusal(result))
		return NULL;
	const char *message =
		result->message && *result->message ? result->message : "the object is not loaded";

	return bs_ci_escaped(
		report,
		bs_arena_printf(run->ctx.arena, "step %u %s: %s", result->number,
				result->state == BS_STEP_FAILED ? "failed" : "is not reached",
				message));
}

const char *bs_ci_trouble(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result)
{
	struct bs_report *words = &ci_of(report)->words;

	if (result->state != BS_STEP_FAILED) {
		const char *refusal = bs_ci_refusal(report, run, result);

		return refusal ? bs_arena_printf(run->ctx.arena, "%s\n", refusal) : NULL;
	}
	bs_text_failure(words, run, result);
	bs_text_missing(words, run, result);
	return bs_writer_text(words->writer) + 1; /* behind the line that sets it off */
}

const char *bs_ci_not_preloaded(struct bs_report *report, const struct bs_run *run,
				const struct bs_passed_over *passed_over)
{
	struct bs_report *words = &ci_of(report)->words;

	bs_text_not_preloaded(words, run, passed_over);
	return bs_writer_text(words->writer);
}

const char *bs_ci_assumptions(struct bs_report *report, const struct bs_run *run)
{
	struct bs_report *words = &ci_of(report)->words;

	bs_text_assumptions(words, run, run->assumed);
	const char *text = bs_writer_text(words->writer);

	return *text ? text + 1 : NULL; /* behind the line that sets it off */
}

const char *bs_ci_environment(struct bs_report *report, const struct bs_run *run)
{
	struct bs_report *words = &ci_of(report)->words;

	bs_text_environment(words, run);
	const char *text = bs_writer_text(words->writer);

	return *text ? bs_arena_strndup(run->ctx.arena, text + 2, strcspn(text + 2, "\n")) : NULL;
}

const char *bs_ci_title(struct bs_report *report, const struct bs_run *run)
{
	struct bs_report *words = &ci_of(report)->words;
	const struct bs_plan *plan = run->plan;
	/* "and 1 more" would take as much room as the step. */
	uint32_t most =
		plan->n_steps == MOST_STEPS_IN_TITLE + 1 ? plan->n_steps : MOST_STEPS_IN_TITLE;

	bs_say_escaped(words, run->program);
	bs_say(words, ": start-up");
	for (uint32_t i = 0; i < plan->n_steps && i < most; i++) {
		bs_say(words, ", ");
		bs_say_escaped(words, bs_text_step_words(run, &plan->steps[i]));
		if (plan->steps[i].spelled) {
			bs_say(words, ":");
			bs_say_escaped(words, plan->steps[i].spelled);
		}
	}
	if (plan->n_steps > most)
		bs_write_format(words->writer, " and %u more steps", plan->n_steps - most);
	return bs_writer_text(words->writer);
}

const char *bs_ci_sum(const struct bs_report *report, const struct bs_run *run)
{
	const uint32_t *levels = ci_of(report)->levels;
	uint32_t errors = levels[BS_LEVEL_ERROR], warnings = levels[BS_LEVEL_WARNING];
	uint32_t notes = shows_level(report, BS_LEVEL_NOTE) ? levels[BS_LEVEL_NOTE] : 0;
	const char *sum =
		bs_arena_printf(run->ctx.arena, "%u error%s, %u warning%s", errors,
				errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");

	return notes ? bs_arena_printf(run->ctx.arena, "%s, %u note%s", sum, notes,
				       notes == 1 ? "" : "s")
		     : sum;
}

/* ---- what is known again --------------------------------------------------------------------- */

uint64_t bs_ci_question(struct bs_report *report, const struct bs_run *run)
{
	struct bs_report *words = &ci_of(report)->words;
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	struct bs_plan plan = *run->plan;

	/* Where machines look for programs is not what was asked. */
	plan.search_path = NULL;
	bs_format_plan.question(words, run->ctx.arena, &plan);
	for (const char *text = bs_writer_text(words->writer); *text; text++)
		hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return hash;
}

struct numbered {
	uint64_t fingerprint;
	uint32_t i;
};

static int compare_numbered(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->fingerprint != y->fingerprint)
		return x->fingerprint < y->fingerprint ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

const char **bs_ci_fingerprints(const struct bs_run *run, const struct bs_ci *ci)
{
	struct bs_arena *arena = run->ctx.arena;
	struct numbered *all = bs_new(arena, struct numbered, ci->findings.n);
	const char **texts = bs_new(arena, const char *, ci->findings.n);
	uint32_t before = 0;

	bs_vec_each (i, &ci->findings)
		all[i] = (struct numbered){ bs_finding_fingerprint(run, &ci->findings.v[i]), i };
	if (ci->findings.n)
		qsort(all, ci->findings.n, sizeof *all, compare_numbered);
	bs_vec_each (i, &ci->findings) {
		before = i && all[i].fingerprint == all[i - 1].fingerprint ? before + 1 : 0;
		texts[all[i].i] = bs_arena_printf(arena, "%016" PRIx64, all[i].fingerprint);
		if (before)
			texts[all[i].i] =
				bs_arena_printf(arena, "%s:%u", texts[all[i].i], before + 1);
	}
	return texts;
}

/* ---- markup --------------------------------------------------------------------------------- */

/* XML has no U+FFFE and U+FFFF. (XML 1.0, Char) */
static bool is_no_char(const unsigned char *s)
{
	return s[0] == 0xef && s[1] == 0xbf && (s[2] == 0xbe || s[2] == 0xbf);
}

size_t bs_write_markup_char(struct bs_writer *writer, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	switch (*s) {
	case '&':
		bs_write_literal(writer, "&amp;");
		return 1;
	case '<':
		bs_write_literal(writer, "&lt;");
		return 1;
	case '>':
		bs_write_literal(writer, "&gt;");
		return 1;
	case '"':
		bs_write_literal(writer, "&quot;");
		return 1;
	default:
		if (!is_no_char(s)) {
			bs_write(writer, text, 1);
			return 1;
		}
		bs_write_format(writer, "\\x%02x\\x%02x\\x%02x", s[0], s[1], s[2]);
		return 3;
	}
}

void bs_write_markup(struct bs_writer *writer, const char *text)
{
	while (*text)
		text += bs_write_markup_char(writer, text);
}
