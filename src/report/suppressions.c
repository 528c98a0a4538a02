/* SPDX-License-Identifier: MIT */
/*
 * `bindsim check --gen-suppressions`: sections of a policy for the findings that count, with no
 * reason in them: a policy that has them is refused until somebody says why.
 */
#include "text-priv.h"

#include <string.h>

enum { LONGEST_GLOB = 150 }; /* of a line of an INI file */

static const char *const parts[] = { NULL };

void bs_suppression_glob(struct bs_report *report, const char *key, const char *name)
{
	size_t n = 0;

	bs_say(report, key);
	bs_say(report, " = ");
	for (; *name && n < LONGEST_GLOB; name++, n++) {
		bool is_special = strchr("*?[]\\", *name) != NULL;
		size_t length = bs_utf8_length((const unsigned char *)name);

		if (is_special)
			bs_say(report, "\\");
		/* An inline comment of the INI file begins with a blank and a semicolon. */
		if (!length || *name == ' ' || *name == ';')
			bs_say(report, "?");
		else
			bs_write(report->writer, name, length);
		name += length ? length - 1 : 0;
		n += is_special;
	}
	bs_say(report, *name ? "*\n" : "\n");
}

static void write_suppression(struct bs_report *report, const struct bs_run *run,
			      const struct bs_finding *f)
{
	bs_say(report, "[suppress]\nrule = ");
	bs_say(report, bs_rule_text(f->rule)->slug);
	bs_say(report, "\n");
	bs_suppression_glob(report, "from", bs_text_short_name(run, f->from));
	if (f->to != BS_NO_MAP)
		bs_suppression_glob(report, "to", bs_text_short_name(run, f->to));
	else if (f->n == 1 && f->n_examples == 1)
		bs_suppression_glob(report, "symbol", bs_run_symbol_name(run, &f->examples[0]));
	bs_say(report, "reason =\n\n");
}

static void write_all(struct bs_report *report, const struct bs_run *run,
		      const bs_findings *findings)
{
	bs_vec_each (i, findings)
		if (findings->v[i].disposition == BS_COUNTS &&
		    !bs_judge_met_before(report->judge, run, &findings->v[i]) &&
		    bs_selected_pair(&report->selection, run, findings->v[i].from,
				     findings->v[i].to))
			write_suppression(report, run, &findings->v[i]);
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	(void)result;
	write_all(report, run, findings);
}

const struct bs_format bs_format_suppressions = {
	.name = "suppressions",
	.parts = parts,
	.step = step,
	.end = write_all,
};
