/* SPDX-License-Identifier: MIT */
/* What `bindsim scan` found, in words. */
#include "scan-report.h"
#include "text-priv.h"

#include <stdlib.h>
#include <string.h>

static const char *const parts[] = { "programs", "pairs", "notes", "objects", NULL };

const struct bs_format bs_format_scan_text = {
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

static void say_finding(struct bs_report *report, const struct bs_scan_finding *f)
{
	bs_say_spaces(report, BS_TEXT_FIELD_NAME);
	say_level(report, f->level);
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

static bool is_worth_telling(const struct bs_scan_record *record)
{
	return record->outcome != BS_SCAN_OK || record->findings.n || record->objects.n;
}

void bs_scan_text_record(struct bs_report *report, const struct bs_scan_record *record)
{
	if (!is_worth_telling(record))
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
		say_finding(report, &record->findings.v[i]);
	bs_vec_each (i, &record->objects) {
		bs_text_field(report, i ? "" : "loaded");
		bs_say_escaped(report, record->objects.v[i]);
		bs_say(report, "\n");
	}
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
	if (!sum->pairs.n)
		return;
	bs_say_ink(report, BS_INK_STRONG, "programs  pairs of objects that clash");
	bs_say(report, "\n");
	bs_vec_each (i, &sum->pairs) {
		if (i == MOST_PAIRS && report->shows_default) {
			bs_write_format(report->writer,
					"   ... and %u more (--show=pairs lists all)\n",
					sum->pairs.n - i);
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

void bs_scan_text_end(struct bs_report *report, const struct bs_scan_head *head,
		      const struct bs_scan_sum *sum)
{
	const char *comma = ": ";

	if (report->show & BS_SCAN_PAIRS)
		say_pairs(report, sum);
	if (head->n_parts)
		bs_write_format(report->writer, "part %u of %u: ", head->part, head->n_parts);
	bs_say_count(report, sum->n_programs, head->libraries ? "object" : "program",
		     head->libraries ? "objects" : "programs");
	if (sum->n_records > sum->n_programs) {
		bs_say(report, " in ");
		bs_say_count(report, sum->n_records, "run", "runs");
	}
	say_part(report, &comma, sum->n_outcomes[BS_SCAN_REFUSED], "refused", "refused");
	say_part(report, &comma, sum->n_outcomes[BS_SCAN_UNANSWERED], "unknown", "unknown");
	say_part(report, &comma, sum->n_worst[BS_LEVEL_ERROR], "with errors", "with errors");
	say_part(report, &comma, sum->n_worst[BS_LEVEL_WARNING], "with warnings", "with warnings");
	say_part(report, &comma, sum->n_worst[BS_LEVEL_NOTE] + sum->n_worst[BS_LEVEL_NONE],
		 "with neither", "with neither");
	bs_say(report, "\n");
	say_skipped(report, &head->skipped);
}
