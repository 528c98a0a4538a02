/* SPDX-License-Identifier: MIT */
/* What `bindsim scan` found, in words. */
#include "scan-report.h"
#include "text-priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const parts[] = { "programs", "notes", "pairs", "objects", NULL };

static const struct bs_format text_format = {
	.name = "text",
	.parts = parts,
	.default_show = BS_SCAN_PROGRAMS | BS_SCAN_PAIRS,
};

enum { MOST_PAIRS = 20, MOST_EXAMPLES = 3, LABEL_COLUMNS = 9 };

static void say_level(struct bs_report *report, enum bs_level level)
{
	static const enum bs_ink inks[] = { BS_INK_PLAIN, BS_INK_DIM, BS_INK_WARN, BS_INK_BAD };
	const char *name = bs_level_name(level);

	bs_say_ink(report, inks[level], name);
	bs_say_spaces(report, LABEL_COLUMNS - strlen(name));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* ---- a program ------------------------------------------------------------------------------- */

static void say_object(struct bs_report *report, const struct bs_scan_object *object)
{
	if (object->lasting)
		bs_say_escaped(report, base_name(object->name));
	else
		bs_say(report, "the program");
}

static void say_examples(struct bs_report *report, const struct bs_scan_finding *f)
{
	char *last = NULL;
	unsigned n = 0;

	/* Variants of one C++ constructor are written alike. */
	for (uint32_t i = 0; i < f->examples.n && n < MOST_EXAMPLES; i++) {
		const char *name = bs_demangled(f->examples.v[i]);

		if (last && strcmp(name, last) == 0)
			continue;
		bs_say(report, n++ ? ", " : ": ");
		bs_say_escaped(report, name);
		free(last);
		last = strdup(name);
	}
	if (n && f->n > n)
		bs_say(report, ", ...");
	free(last);
}

void bs_scan_finding_words(struct bs_report *report, const struct bs_scan_finding *f)
{
	bs_say_escaped(report, f->rule);
	if (f->from.name) {
		bs_say(report, ": ");
		say_object(report, &f->from);
	}
	if (f->to.name) {
		bs_say(report, f->from.name ? " and " : ": ");
		say_object(report, &f->to);
	}
	if (f->n) {
		bs_say(report, ", ");
		bs_say_count(report, f->n, "symbol", "symbols");
		say_examples(report, f);
	}
	if (f->step)
		bs_write_format(report->writer, " (step %u)", f->step);
}

static void say_finding(struct bs_report *report, const struct bs_scan_finding *f)
{
	bs_say_spaces(report, BS_TEXT_FIELD_NAME);
	say_level(report, f->level);
	bs_scan_finding_words(report, f);
	bs_say(report, "\n");
}

static void say_refusal(struct bs_report *report, const struct bs_scan_refusal *r)
{
	bs_say_spaces(report, BS_TEXT_FIELD_NAME);
	bs_say_ink(report, BS_INK_BAD, "refused");
	bs_say_spaces(report, LABEL_COLUMNS - strlen("refused"));
	bs_write_format(report->writer, "step %u: ", r->step);
	bs_say_escaped(report, r->message && *r->message ? r->message : "the object is not loaded");
	bs_say(report, "\n");
}

static void say_growth(struct bs_report *report, const struct bs_scan_finding *f)
{
	if (!f->level_before)
		return;
	bs_text_field(report, "");
	bs_write_format(report->writer, "in the baseline: %s", bs_level_name(f->level_before));
	bs_say(report, ", ");
	bs_say_count(report, f->n_before, "symbol", "symbols");
	bs_say(report, "\n");
}

static void say_gone(struct bs_report *report, const struct bs_scan_gone *gone)
{
	bs_say_spaces(report, BS_TEXT_FIELD_NAME);
	bs_say_ink(report, BS_INK_DIM, "gone");
	bs_say_spaces(report, LABEL_COLUMNS - strlen("gone"));
	bs_say_escaped(report, gone->rule);
	if (*gone->from) {
		bs_say(report, ": ");
		bs_say_escaped(report, gone->from);
	}
	if (gone->to) {
		bs_say(report, *gone->from ? " and " : ": ");
		bs_say_escaped(report, gone->to);
	}
	bs_say(report, "\n");
}

/* What a policy or a baseline excuses is counted, and no more. */
static bool is_worth_telling(const struct bs_report *report, const struct bs_scan_record *record)
{
	bs_vec_each (i, &record->findings)
		if (bs_scan_tells(report, &record->findings.v[i]))
			return true;
	return record->outcome != BS_SCAN_OK || record->gone.n ||
	       (record->objects.n && report->show & BS_SCAN_OBJECTS);
}

static void say_loaded(struct bs_report *report, const struct bs_scan_record *record)
{
	bs_vec_each (i, &record->objects) {
		bs_text_field(report, i ? "" : "loaded");
		bs_say_escaped(report, record->objects.v[i]);
		bs_say(report, "\n");
	}
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	(void)scratch;
	(void)line;
	if (!(report->show & BS_SCAN_PROGRAMS) || !is_worth_telling(report, record))
		return;
	bs_say_escaped(report, record->path);
	if (record->n_plugins) {
		bs_say(report, " with ");
		if (record->n_plugins > 1)
			bs_write_format(report->writer, "all %u plugins of ", record->n_plugins);
		bs_say_escaped(report, record->plugin);
	}
	bs_say(report, "\n");
	if (record->outcome == BS_SCAN_UNANSWERED) {
		bs_text_field(report, "unknown");
		bs_say_escaped(report, record->problem ? record->problem : "");
		bs_say(report, "\n");
	}
	bs_vec_each (i, &record->refusals)
		say_refusal(report, &record->refusals.v[i]);
	bs_vec_each (i, &record->findings)
		if (bs_scan_tells(report, &record->findings.v[i])) {
			say_finding(report, &record->findings.v[i]);
			say_growth(report, &record->findings.v[i]);
		}
	bs_vec_each (i, &record->gone)
		say_gone(report, &record->gone.v[i]);
	if (report->show & BS_SCAN_OBJECTS)
		say_loaded(report, record);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void say_pair(struct bs_report *report, const struct bs_scan_pair *pair)
{
	bs_write_format(report->writer, "   %8u  ", pair->n_programs);
	say_level(report, pair->level);
	bs_say_padded(report, pair->rule, 24);
	bs_say(report, " ");
	bs_say_escaped(report, pair->from ? pair->from : "the program");
	bs_say(report, " and ");
	bs_say_escaped(report, pair->to ? pair->to : "the program");
	if (pair->n_examples) {
		bs_say(report, ", as in ");
		bs_say_escaped(report, pair->examples[0]);
	}
	bs_say(report, "\n");
}

static void say_pairs(struct bs_report *report, const struct bs_scan_sum *sum)
{
	const uint32_t n = bs_scan_shown_pairs(report, sum);

	if (!n)
		return;
	bs_say_ink(report, BS_INK_STRONG, "programs  pairs of objects that clash");
	bs_say(report, "\n");
	for (uint32_t i = 0; i < n; i++) {
		if (i == MOST_PAIRS && report->shows_default) {
			bs_write_format(report->writer,
					"   ... and %u more (--show=pairs lists all)\n", n - i);
			break;
		}
		say_pair(report, &sum->pairs.v[i]);
	}
	bs_say(report, "\n");
}

static void say_part(struct bs_report *report, const char **comma, uint64_t n, const char *singular,
		     const char *plural)
{
	if (!n)
		return;
	bs_say(report, *comma);
	bs_say_count(report, n, singular, plural);
	*comma = ", ";
}

static void say_skipped(struct bs_report *report, const struct bs_scan_skipped *skipped)
{
	const char *comma = "not asked about: ";

	say_part(report, &comma, skipped->n_static, "static program", "static programs");
	say_part(report, &comma, skipped->n_scripts, "script", "scripts");
	say_part(report, &comma, skipped->n_foreign, "file of an unknown machine",
		 "files of unknown machines");
	say_part(report, &comma, skipped->n_other, "other file", "other files");
	say_part(report, &comma, skipped->n_unreadable, "that cannot be read",
		 "that cannot be read");
	if (*comma == ',')
		bs_say(report, "\n");
}

/* What holds for no program in particular. */
static void say_of_policy(struct bs_report *report, const struct bs_scan_sum *sum)
{
	bool any = false;

	bs_vec_each (i, &sum->of_policy) {
		const struct bs_watch *watch = sum->of_policy.v[i].watch;

		if (sum->of_policy.v[i].disposition == BS_SUPPRESSED)
			continue;
		say_level(report, watch->level);
		bs_say(report, bs_rule_text(watch->rule)->slug);
		bs_say(report, ": ");
		bs_say_escaped(report, watch->words);
		bs_say(report, "\n");
		any = true;
	}
	if (any)
		bs_say(report, "\n");
}

static void say_verdict(struct bs_report *report, const struct bs_scan_head *head,
			const struct bs_scan_sum *sum)
{
	const uint64_t *n = sum->n_dispositions;
	bool failed = bs_scan_reason(sum, head->fail_on) != NULL;
	const char *comma = ", ";

	bs_say(report, "scan: ");
	bs_say_ink(report, failed ? BS_INK_BAD : BS_INK_GOOD, failed ? "failed" : "passed");
	bs_say(report, ": ");
	if (n[BS_COUNTS])
		bs_say_count(report, n[BS_COUNTS], "finding counts", "findings count");
	else
		bs_say(report, "no finding counts");
	say_part(report, &comma, n[BS_SUPPRESSED], "suppressed", "suppressed");
	say_part(report, &comma, n[BS_IN_BASELINE], "in the baseline", "in the baseline");
	say_part(report, &comma, sum->n_gone, "of the baseline gone", "of the baseline gone");
	if (n[BS_BELOW]) {
		say_part(report, &comma, n[BS_BELOW], "below", "below");
		bs_write_format(report->writer, " --fail-on=%s", bs_level_name(head->fail_on));
	}
	bs_say(report, "\n");
}

static void end(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head,
		const struct bs_scan_sum *sum)
{
	const char *comma = ": ";

	(void)arena;
	say_pairs(report, sum);
	say_of_policy(report, sum);
	if (head->n_parts)
		bs_write_format(report->writer, "part %u of %u: ", head->part, head->n_parts);
	bs_say_count(report, sum->n_programs, bs_scan_subject_word(head, 1),
		     bs_scan_subject_word(head, 2));
	if (sum->n_records > sum->n_programs) {
		bs_say(report, " in ");
		bs_say_count(report, sum->n_records, "run", "runs");
	}
	say_part(report, &comma, sum->n_outcomes[BS_SCAN_REFUSED], "refused", "refused");
	say_part(report, &comma, sum->n_outcomes[BS_SCAN_UNANSWERED], "unknown", "unknown");
	say_part(report, &comma, sum->n_worst[BS_LEVEL_ERROR], "with errors", "with errors");
	say_part(report, &comma, sum->n_worst[BS_LEVEL_WARNING], "with warnings", "with warnings");
	/* Neither of which is clear where the line has named them. */
	const char *rest = sum->n_worst[BS_LEVEL_ERROR] || sum->n_worst[BS_LEVEL_WARNING]
				   ? "with neither"
				   : "without errors and warnings";

	say_part(report, &comma, sum->n_worst[BS_LEVEL_NOTE] + sum->n_worst[BS_LEVEL_NONE], rest,
		 rest);
	bs_say(report, "\n");
	say_skipped(report, &head->skipped);
	if (bs_scan_is_judged(head))
		say_verdict(report, head, sum);
}

const struct bs_scan_format bs_scan_text = { .format = &text_format, .record = go_on, .end = end };
