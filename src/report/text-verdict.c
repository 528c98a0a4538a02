/* SPDX-License-Identifier: MIT */
/* What a check comes to, in the text report. */
#include "text-priv.h"
#include "text-show.h"

#include <string.h>

static void write_gone(struct bs_report *report)
{
	const struct bs_known_finding *known;
	uint32_t at = 0;

	while ((known = bs_judge_next_gone(report->judge, &at))) {
		const char *const pieces[] = { known->rule, ": ",
					       known->from, *known->to ? " and " : "",
					       known->to,   NULL };

		bs_say(report, "no longer there, but in the baseline: ");
		for (const char *const *piece = pieces; *piece; piece++)
			bs_say_escaped(report, *piece);
		bs_say(report, "\n");
	}
}

static void write_count(struct bs_report *report, uint32_t n, const char *words)
{
	if (!n)
		return;
	bs_say(report, ", ");
	bs_write_grouped(report->writer, n);
	bs_say(report, words);
}

void bs_text_excuse(struct bs_report *report, const struct bs_finding *f)
{
	if (!report->judge || f->disposition == BS_COUNTS || f->disposition == BS_BELOW)
		return;
	bs_text_field(report, f->disposition == BS_SUPPRESSED ? "suppressed" : "baseline");
	bs_say_escaped(report, f->disposition == BS_IN_BASELINE ? "it was there before"
			       : *f->excuse			? f->excuse
								: "the policy allows it");
	bs_say(report, "\n");
}

void bs_text_tally(struct bs_report *report, uint32_t refused)
{
	const struct bs_tally tally = bs_judge_tally(report->judge);
	uint32_t n = tally.n[BS_COUNTS];
	bool failed = refused || n;

	bs_say(report, "\n");
	write_gone(report);
	bs_say(report, "check: ");
	bs_say_ink(report, failed ? BS_INK_BAD : BS_INK_GOOD, failed ? "failed" : "passed");
	bs_say(report, ": ");
	if (refused) {
		bs_say_count(report, refused, "step refused", "steps refused");
		bs_say(report, ", ");
	}
	if (n)
		bs_say_count(report, n, "finding counts", "findings count");
	else
		bs_say(report, "no finding counts");
	write_count(report, tally.n[BS_SUPPRESSED], " suppressed");
	write_count(report, tally.n[BS_IN_BASELINE], " in the baseline");
	write_count(report, tally.n[BS_BELOW], " below --fail-on=");
	if (tally.n[BS_BELOW]) {
		bs_say(report, bs_level_name(report->fail_on));
		bs_say(report, report->show & SHOW_NOTES ? "" : " (--show=findings,notes)");
	}
	bs_say(report, "\n");
}
