/* SPDX-License-Identifier: MIT */
/* What the reports of a scan for services have in common; see scan-ci.h. */
#include "scan-ci.h"

#include <inttypes.h>

const char *const bs_scan_ci_parts[] = { "programs", "notes", NULL };

bool bs_scan_ci_fails(const struct bs_report *report, enum bs_level level)
{
	return level >= (report->fail_on == BS_LEVEL_NONE ? BS_LEVEL_ERROR : report->fail_on);
}

/* ---- words ----------------------------------------------------------------------------------- */

/* A report into memory. */
static struct bs_report words_in(struct bs_arena *scratch)
{
	struct bs_writer *writer = bs_new(scratch, struct bs_writer, 1);

	writer->arena = scratch;
	return (struct bs_report){ .format = bs_scan_text.format, .writer = writer };
}

const char *bs_scan_ci_escaped(struct bs_arena *scratch, const char *text)
{
	struct bs_report words = words_in(scratch);

	bs_say_escaped(&words, text);
	return bs_writer_text(words.writer);
}

const char *bs_scan_ci_program(struct bs_arena *scratch, const struct bs_scan_record *record)
{
	const char *words = record->path;

	if (record->plugin)
		words = bs_arena_printf(scratch, "%s with %s%s", record->path,
					record->n_plugins > 1 ? "all of " : "", record->plugin);
	return bs_scan_ci_escaped(scratch, words);
}

const char *bs_scan_ci_headline(struct bs_arena *scratch, const struct bs_scan_record *record,
				const struct bs_scan_finding *f)
{
	struct bs_report words = words_in(scratch);

	bs_write_text(words.writer, bs_scan_ci_program(scratch, record));
	bs_write_literal(words.writer, ": ");
	bs_scan_finding_words(&words, f);
	if (f->level_before)
		bs_write_format(words.writer, "; in the baseline it was %s, %" PRIu64 " symbols",
				bs_level_name(f->level_before), f->n_before);
	return bs_writer_text(words.writer);
}

const char *bs_scan_ci_refusal(struct bs_arena *scratch, const struct bs_scan_refusal *r)
{
	return bs_scan_ci_escaped(scratch, bs_arena_printf(scratch, "step %u failed: %s", r->step,
							   r->message && *r->message
								   ? r->message
								   : "the object is not loaded"));
}

const char *bs_scan_ci_problem(struct bs_arena *scratch, const struct bs_scan_record *record)
{
	return bs_scan_ci_escaped(scratch, record->problem ? record->problem : "");
}

/* ---- files ----------------------------------------------------------------------------------- */

struct bs_file_place bs_scan_ci_place(struct bs_arena *scratch, const char *path)
{
	struct bs_file_place place = { .below_cwd = path[0] != '/' };

	place.path = bs_path_from_root(bs_arena_printf(scratch, "/%s", path));
	place.path = bs_scan_ci_escaped(scratch, place.path);
	return place;
}

const char *bs_scan_ci_policy(struct bs_arena *scratch, const struct bs_scan_head *head)
{
	return bs_scan_ci_place(scratch, head->policy ? head->policy : "").path;
}

const char *bs_scan_ci_fingerprint(struct bs_arena *scratch, const struct bs_scan_record *record,
				   uint32_t i)
{
	uint64_t fingerprint = record->findings.v[i].fingerprint;
	uint32_t before = 0;

	for (uint32_t k = 0; k < i; k++)
		before += record->findings.v[k].fingerprint == fingerprint;
	const char *text = bs_arena_printf(scratch, "%016" PRIx64 ":%s", fingerprint,
					   bs_scan_ci_program(scratch, record));

	return before ? bs_arena_printf(scratch, "%s:%u", text, before + 1) : text;
}
