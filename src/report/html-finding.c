/* SPDX-License-Identifier: MIT */
/* What a page says of findings, and of duplicates that are none. */
#include "html-priv.h"

#include <string.h>

/* What is told together. */
enum group {
	GROUP_COUNTS, /* what decides; where nobody judges: what is no mere note */
	GROUP_BELOW,
	GROUP_BASELINE,
	GROUP_SUPPRESSED,
	GROUP_COUNT_
};

static enum group group_of(const struct bs_report *report, const struct bs_finding *f)
{
	if (!report->judge)
		return f->level == BS_LEVEL_NOTE ? GROUP_BELOW : GROUP_COUNTS;
	switch (f->disposition) {
	case BS_BELOW:
		return GROUP_BELOW;
	case BS_SUPPRESSED:
		return GROUP_SUPPRESSED;
	case BS_IN_BASELINE:
		return GROUP_BASELINE;
	case BS_COUNTS:
	case BS_DISPOSITION_COUNT_:
		break;
	}
	return GROUP_COUNTS;
}

/* ---- a finding ------------------------------------------------------------------------------ */

static void write_fields(struct bs_html *html, const char *evidence)
{
	struct bs_ci_field field;
	bool begun = false;

	bs_write_literal(html->out, "<dl>\n");
	while (bs_ci_next_field(&evidence, &field)) {
		if (field.n_label || !begun) {
			bs_write_literal(html->out, "<dt>");
			bs_html_words(html, field.label, (size_t)field.n_label);
			bs_write_literal(html->out, "</dt>");
		}
		begun = true;
		bs_write_literal(html->out, "<dd>");
		bs_html_words(html, field.words, (size_t)field.n_words);
		bs_write_literal(html->out, "</dd>\n");
	}
	bs_write_literal(html->out, "</dl>\n");
}

static void write_pair(struct bs_html *html, const struct bs_report *report,
		       const struct bs_finding *f)
{
	bs_write_literal(html->out, "<p class=\"pair\">");
	bs_html_object(html, report, f->from);
	if (f->to != BS_NO_MAP && f->to != f->from) {
		bs_write_literal(html->out, " → ");
		bs_html_object(html, report, f->to);
	}
	bs_write_literal(html->out, "</p>\n");
}

static void write_finding(struct bs_html *html, struct bs_report *report, uint32_t i)
{
	const struct bs_finding *f = &html->ci.findings.v[i];
	const struct bs_ci_words words = bs_ci_words(report, html->run, f);
	const struct bs_rule_text *rule = bs_rule_text(f->rule);
	const char *level = bs_level_name(f->level);

	bs_write_format(html->out,
			"<details class=\"finding %s\" id=\"p%u-f%u\"><summary>"
			"<span class=\"level\">%s</span> <code>%s</code> ",
			level, html->plan, i + 1, level, rule->slug);
	bs_html_words(html, words.headline, strlen(words.headline));
	bs_write_literal(html->out, "</summary>\n");
	if (report->judge && f->disposition == BS_SUPPRESSED) {
		bs_write_literal(html->out, "<p class=\"excuse\">suppressed: ");
		bs_html_text(html, *f->excuse ? f->excuse : "the policy allows it");
		bs_write_literal(html->out, "</p>\n");
	}
	write_pair(html, report, f);
	bs_write_format(html->out, "<p><a href=\"#p%u-r-%s\">", html->plan, rule->slug);
	bs_html_text(html, rule->summary);
	bs_write_literal(html->out, "</a>.</p>\n");
	write_fields(html, words.evidence);
	bs_write_literal(html->out, "</details>\n");
}

static void write_group(struct bs_html *html, struct bs_report *report, enum group group)
{
	const bs_findings *findings = &html->ci.findings;
	uint32_t n = 0;

	bs_vec_each (i, findings)
		n += group_of(report, &findings->v[i]) == group;
	if (!n && group == GROUP_COUNTS)
		bs_write_text(html->out, report->judge ? "<p>No finding counts.</p>\n"
						       : "<p>No error, no warning.</p>\n");
	if (!n)
		return;
	if (group != GROUP_COUNTS) {
		bs_write_literal(html->out, "<details class=\"group\"><summary>");
		bs_write_grouped(html->out, n);
	}
	if (group == GROUP_BELOW && !report->judge)
		bs_write_text(html->out, n == 1 ? " note" : " notes");
	else if (group == GROUP_BELOW)
		bs_write_format(html->out, " below --fail-on=%s", bs_level_name(report->fail_on));
	else if (group == GROUP_BASELINE)
		bs_write_literal(html->out, " in the baseline");
	else if (group == GROUP_SUPPRESSED)
		bs_write_literal(html->out, " suppressed by the policy");
	bs_write_text(html->out, group == GROUP_COUNTS ? "" : "</summary>\n");
	bs_vec_each (i, findings)
		if (group_of(report, &findings->v[i]) == group)
			write_finding(html, report, i);
	bs_write_text(html->out, group == GROUP_COUNTS ? "" : "</details>\n");
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void write_rules(struct bs_html *html)
{
	bool used[BS_RULE_COUNT_] = { false };

	bs_vec_each (i, &html->ci.findings)
		used[html->ci.findings.v[i].rule] = true;
	bs_write_literal(html->out,
			 "<details class=\"group\"><summary>What these rules mean</summary>\n");
	for (enum bs_rule rule = 0; rule < BS_RULE_COUNT_; rule++) {
		const struct bs_rule_text *text = bs_rule_text(rule);

		if (!used[rule])
			continue;
		bs_write_format(html->out, "<h4 id=\"p%u-r-%s\"><code>%s</code></h4>\n<pre>",
				html->plan, text->slug, text->slug);
		bs_write_markup(html->out, text->help);
		bs_write_literal(html->out, "</pre>\n");
	}
	bs_write_literal(html->out, "</details>\n");
}

void bs_html_findings(struct bs_html *html, struct bs_report *report)
{
	bs_html_heading(html, "findings", "Findings");
	for (enum group group = 0; group < GROUP_COUNT_; group++)
		write_group(html, report, group);
	if (html->ci.findings.n)
		write_rules(html);
}

/* ---- what is left out ------------------------------------------------------------------------ */

static void write_left_out(struct bs_html *html, const struct bs_report *report,
			   const struct bs_left_out *item)
{
	bs_write_literal(html->out, "<tr><td>");
	bs_html_object(html, report, item->from);
	bs_write_literal(html->out, "</td><td>");
	bs_html_object(html, report, item->to);
	bs_write_format(html->out, "</td><td>%s</td><td class=\"n\">",
			bs_reason_text(item->reason)->words);
	bs_write_grouped(html->out, item->n);
	bs_write_literal(html->out, "</td><td>");
	for (uint32_t i = 0; i < item->n_examples; i++) {
		bs_write_text(html->out, i ? "<br><code>" : "<code>");
		bs_html_text(html, bs_demangled(item->examples[i]));
		bs_write_literal(html->out, "</code>");
	}
	bs_write_literal(html->out, "</td></tr>\n");
}

void bs_html_suppressed(struct bs_html *html, struct bs_report *report)
{
	const bs_left_outs *items = report->checker ? bs_left_out_list(report->checker) : NULL;
	uint32_t n = 0;

	bs_html_heading(html, "suppressed", "Duplicates left out");
	for (uint32_t i = 0; items && i < items->n; i++) {
		if (!bs_selected_pair(&report->selection, html->run, items->v[i].from,
				      items->v[i].to))
			continue;
		if (!n++)
			bs_write_literal(
				html->out,
				"<details class=\"group\"><summary>What two objects define alike, "
				"and is no finding</summary>\n<table class=\"cards\"><thead><tr>"
				"<th scope=\"col\">Object</th><th scope=\"col\">Earlier object</th>"
				"<th scope=\"col\">Why it is none</th>"
				"<th scope=\"col\" class=\"n\">Symbols</th>"
				"<th scope=\"col\">For example</th></tr></thead><tbody>\n");
		write_left_out(html, report, &items->v[i]);
	}
	bs_write_text(html->out, n ? "</tbody></table></details>\n" : "<p>There is none.</p>\n");
}
