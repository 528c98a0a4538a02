/* SPDX-License-Identifier: MIT */
/*
 * --format=html: a page in one file for a person, who reads findings, objects and scopes and looks
 * for symbols. What does not change of it lies in page/; `{{...}}` there is where the rest goes.
 */
#include "html-priv.h"

#include "jansson-late.h"

#include <string.h>

extern const char bs_html_page[]; /* made from page/ */

static const char *const parts[] = { "steps",  "findings", "notes",	 "objects",
				     "scopes", "bindings", "suppressed", NULL };

enum {
	DEFAULT_SHOW = SHOW_HTML_STEPS | SHOW_HTML_FINDINGS | SHOW_HTML_NOTES | SHOW_HTML_OBJECTS |
		       SHOW_HTML_SCOPES | SHOW_HTML_BINDINGS | SHOW_HTML_SUPPRESSED
};

/* ---- writing -------------------------------------------------------------------------------- */

void bs_html_text(struct bs_html *html, const char *text)
{
	while (*text) {
		size_t n = bs_utf8_length((const unsigned char *)text);

		if (!n)
			bs_write_format(html->out, "\\x%02x", (unsigned char)*text++);
		for (const char *end = text + n; text < end;)
			text += bs_write_markup_char(html->out, text);
	}
}

void bs_html_words(struct bs_html *html, const char *text, size_t n)
{
	bs_write_markup(html->out, bs_arena_strndup(html->run->ctx.arena, text, n));
}

void bs_html_object(struct bs_html *html, const struct bs_report *report, bs_map_id map)
{
	bool has_row = (report->show & SHOW_HTML_OBJECTS) &&
		       bs_ci_is_told(bs_map_of(&html->run->process, map));

	if (has_row)
		bs_write_format(html->out, "<a href=\"#p%u-o%u\">", html->plan, map);
	bs_html_text(html, bs_text_short_name(html->run, map));
	bs_write_text(html->out, has_row ? "</a>" : "");
}

void bs_html_heading(struct bs_html *html, const char *part, const char *words)
{
	bs_write_format(html->out, "<h3 id=\"p%u-%s\">%s</h3>\n", html->plan, part, words);
}

/* The page behind FROM up to TO; NULL is its beginning, and its end. */
static void write_piece(struct bs_writer *out, const char *from, const char *to)
{
	const char *begin = from ? strstr(bs_html_page, from) + strlen(from) : bs_html_page;
	const char *end = to ? strstr(begin, to) : begin + strlen(begin);

	bs_write(out, begin, (size_t)(end - begin));
}

/* ---- the head of a plan ---------------------------------------------------------------------- */

/* How a plan comes out, in a word that the style sheet knows. */
static const char *state_of(const struct bs_html *html, const struct bs_report *report)
{
	const uint32_t *levels = html->ci.levels;

	if (html->ci.refused ||
	    (report->judge ? bs_judge_tally(report->judge).n[BS_COUNTS] : levels[BS_LEVEL_ERROR]))
		return "error";
	return !report->judge && levels[BS_LEVEL_WARNING] ? "warning" : "good";
}

/* What a check comes to: the last line is the verdict, those before tell what is gone. */
static void write_tally(struct bs_html *html)
{
	struct bs_report *words = &html->ci.words;

	bs_text_tally(words, html->ci.refused);
	const char *text = bs_writer_text(words->writer) + 1; /* an empty line sets it off */

	while (*text) {
		size_t n = strcspn(text, "\n");
		bool is_last = text[n] == '\0' || text[n + 1] == '\0';

		bs_write_text(html->out, is_last ? "<strong>" : "");
		bs_html_words(html, text, n);
		bs_write_text(html->out, is_last ? "</strong>" : "<br>\n");
		text += n + (text[n] == '\n');
	}
}

static void write_verdict(struct bs_html *html, struct bs_report *report)
{
	uint32_t refused = html->ci.refused;

	bs_write_format(html->out, "<p class=\"verdict %s\">", state_of(html, report));
	if (report->judge) {
		write_tally(html);
	} else {
		bs_write_literal(html->out, "<strong>");
		if (refused)
			bs_write_format(html->out, "%u step%s refused, ", refused,
					refused == 1 ? "" : "s");
		bs_html_text(html, bs_ci_sum(report, html->run));
		bs_write_literal(html->out, "</strong>");
	}
	bs_write_literal(html->out, "</p>\n");
}

static void write_figure(struct bs_html *html, const char *before, uint64_t n, const char *words)
{
	bs_write_text(html->out, before);
	bs_write_grouped(html->out, n);
	bs_write_text(html->out, words);
}

/* What was asked, and how much of all there is. */
static void write_about(struct bs_html *html, struct bs_report *report)
{
	const struct bs_run *run = html->run;
	const char *environment = bs_ci_environment(report, run);
	uint32_t n = run->plan->n_steps;
	struct bs_counts totals = { 0 };

	bs_vec_each (i, &html->ci.rows)
		if (html->ci.rows.v[i].result.state == BS_STEP_OK)
			bs_counts_add(&totals, &html->ci.rows.v[i].counts);
	bs_write_literal(html->out, "<p class=\"about\">");
	bs_html_text(html, run->profile->title);
	bs_write_literal(html->out, " ");
	bs_html_text(html, run->setup.target.machine->name);
	bs_write_literal(html->out, ", start-up");
	if (n)
		write_figure(html, " and ", n, n == 1 ? " step" : " steps");
	if (environment) {
		bs_write_literal(html->out, ", ");
		bs_write_markup(html->out, environment);
	}
	write_figure(html, "<br>\n", totals.objects, totals.objects == 1 ? " object" : " objects");
	write_figure(html, ", ", totals.bindings + totals.first_call, " bindings");
	if (totals.first_call)
		write_figure(html, " (", totals.first_call, " at the first call)");
	bs_write_literal(html->out, "</p>\n");
}

static void write_contents(struct bs_html *html, const struct bs_report *report)
{
	static const struct {
		unsigned part;
		const char *id, *words;
	} items[] = {
		{ SHOW_HTML_FINDINGS | SHOW_HTML_NOTES, "findings", "Findings" },
		{ SHOW_HTML_FINDINGS | SHOW_HTML_NOTES, "clashes", "Clashes" },
		{ SHOW_HTML_STEPS, "steps", "Steps" },
		{ SHOW_HTML_OBJECTS, "objects", "Objects" },
		{ SHOW_HTML_SCOPES, "scopes", "Scopes" },
		{ SHOW_HTML_SUPPRESSED, "suppressed", "Duplicates left out" },
	};

	bs_write_literal(html->out, "<nav aria-label=\"Parts\"><ul>");
	for (size_t i = 0; i < sizeof items / sizeof *items; i++)
		if (report->show & items[i].part)
			bs_write_format(html->out, "<li><a href=\"#p%u-%s\">%s</a></li>",
					html->plan, items[i].id, items[i].words);
	bs_write_literal(html->out, "</ul></nav>\n");
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void write_row(struct bs_html *html, const struct bs_text_row *row)
{
	static const char *const states[] = { "ok", "failed", "not reached" };
	static const char *const classes[] = { "good", "error", "warning" };
	const struct bs_step *step = row->result.step;
	enum bs_step_state state = row->result.state;

	bs_write_format(html->out, "<tr><th scope=\"row\">%u</th><td>", row->result.number);
	bs_html_text(html, step ? bs_text_step_words(html->run, step) : "start-up");
	bs_write_text(html->out, row->result.within ? " <em>(by constructors)</em>" : "");
	bs_write_literal(html->out, "</td><td>");
	bs_html_text(html, step && step->spelled ? step->spelled : "");
	bs_write_format(html->out, "</td><td class=\"%s\">%s</td><td class=\"n\">", classes[state],
			states[state]);
	if (state == BS_STEP_OK)
		write_figure(html, "", row->counts.objects, "");
	bs_write_literal(html->out, "</td><td class=\"n\">");
	if (state == BS_STEP_OK)
		write_figure(html, "", row->counts.bindings + row->counts.first_call, "");
	bs_write_literal(html->out, "</td></tr>\n");
}

static void write_steps(struct bs_html *html)
{
	bs_html_heading(html, "steps", "Steps");
	bs_write_literal(html->out,
			 "<table class=\"steps\"><thead><tr><th scope=\"col\">Step</th>"
			 "<th scope=\"col\">Call</th><th scope=\"col\">Flags</th>"
			 "<th scope=\"col\">Outcome</th><th scope=\"col\" class=\"n\">New objects"
			 "</th><th scope=\"col\" class=\"n\">Bindings</th></tr></thead><tbody>\n");
	bs_vec_each (i, &html->ci.rows)
		write_row(html, &html->ci.rows.v[i]);
	bs_write_literal(html->out, "</tbody></table>\n");
}

/* ---- what no finding is about ---------------------------------------------------------------- */

/* TEXT, which is escaped but for markup, in the columns that it has. */
static void write_lines(struct bs_html *html, const char *class, const char *text)
{
	if (!text)
		return;
	bs_write_format(html->out, "<pre class=\"%s\">", class);
	bs_write_markup(html->out, text);
	bs_write_literal(html->out, "</pre>\n");
}

static void write_troubles(struct bs_html *html, struct bs_report *report)
{
	const struct bs_run *run = html->run;

	bs_vec_each (i, &html->ci.rows) {
		const struct bs_step_result *result = &html->ci.rows.v[i].result;

		write_lines(html, "error", bs_ci_trouble(report, run, result));
		bs_vec_each (k, &result->passed_over)
			write_lines(html, "warning",
				    bs_ci_not_preloaded(report, run, &result->passed_over.v[k]));
	}
}

/* What the answer had to be given in spite of, and what it rests on. */
static void write_reservations(struct bs_html *html, struct bs_report *report)
{
	const struct bs_diags *diags = html->run->ctx.diags;

	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];

		if (d->code == BS_DIAG_ASSUMED)
			continue;
		bs_write_literal(html->out, "<p class=\"warning\">");
		bs_html_text(html, d->path ? d->path : "");
		bs_write_text(html->out, d->path ? ": " : "");
		bs_html_text(html, d->detail);
		bs_write_literal(html->out, "</p>\n");
	}
	write_lines(html, "note", bs_ci_assumptions(report, html->run));
}

/* ---- the page ------------------------------------------------------------------------------- */

static bool is_first(const struct bs_report *report)
{
	return !report->judge || bs_judge_is_first(report->judge);
}

static void begin(struct bs_report *report, const struct bs_run *run)
{
	struct bs_html *html = bs_new(run->ctx.arena, struct bs_html, 1);

	bs_ci_init(&html->ci, report, run);
	html->ci.words.judge = report->judge;
	html->ci.words.fail_on = report->fail_on;
	html->run = run;
	html->out = report->writer;
	html->plan = report->judge ? bs_judge_number(report->judge) : 1;
	html->lists = bs_names_new(run->ctx.arena);
	bs_html_data_begin(html, report);
	if (!is_first(report))
		return;
	write_piece(html->out, NULL, "{{title}}");
	bs_html_text(html, run->program);
	write_piece(html->out, "{{title}}", "{{data}}");
}

static void step(struct bs_report *report, const struct bs_run *run,
		 const struct bs_step_result *result, const bs_findings *findings)
{
	struct bs_html *html = report->state;

	bs_ci_step(report, run, result, findings);
	bs_json_note_calls(&html->json, run, result);
	if (report->show & SHOW_HTML_SCOPES)
		bs_html_scopes_step(html, result);
	if (report->show & SHOW_HTML_BINDINGS)
		bs_html_data_step(html, result);
}

static void write_plan(struct bs_html *html, struct bs_report *report)
{
	const char *name = report->judge ? bs_judge_plan(report->judge) : NULL;
	unsigned show = report->show;

	bs_write_format(html->out,
			"<section class=\"plan\" id=\"p%u\" aria-labelledby=\"p%u-t\">\n",
			html->plan, html->plan);
	bs_write_format(html->out, "<h2 id=\"p%u-t\">", html->plan);
	bs_html_text(html, name ? name : "");
	bs_write_text(html->out, name ? ": " : "");
	bs_html_text(html, html->run->program);
	bs_write_literal(html->out, "</h2>\n");
	write_verdict(html, report);
	write_about(html, report);
	write_contents(html, report);
	write_troubles(html, report);
	write_reservations(html, report);
	if (show & (SHOW_HTML_FINDINGS | SHOW_HTML_NOTES)) {
		bs_html_findings(html, report);
		bs_html_clashes(html, report);
	}
	if (show & SHOW_HTML_STEPS)
		write_steps(html);
	if (show & SHOW_HTML_OBJECTS)
		bs_html_objects(html, report);
	if (show & SHOW_HTML_SCOPES)
		bs_html_scopes(html, report);
	if (show & SHOW_HTML_SUPPRESSED)
		bs_html_suppressed(html, report);
	bs_write_literal(html->out, "</section>\n");
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	struct bs_html *html = report->state;
	bool searches = report->show & SHOW_HTML_BINDINGS;

	bs_ci_end(report, run, findings);
	if (searches)
		bs_html_data_end(html, report);
	if (is_first(report)) {
		write_piece(html->out, "{{data}}", "{{search}}");
		if (searches)
			write_piece(html->out, "{{search}}", "{{/search}}");
		write_piece(html->out, "{{/search}}", "{{results}}");
		if (searches)
			write_piece(html->out, "{{results}}", "{{/results}}");
		write_piece(html->out, "{{/results}}", "{{plans}}");
	}
	write_plan(html, report);
	if (!report->judge || bs_judge_is_last(report->judge))
		write_piece(html->out, "{{plans}}", NULL);
}

const struct bs_format bs_format_html = {
	.name = "html",
	.parts = parts,
	.default_show = DEFAULT_SHOW,
	.notes = SHOW_HTML_NOTES,
	.traces = true,
	.open = bs_jansson_open,
	.begin = begin,
	.step = step,
	.end = end,
	.shows_what_counts = true,
	.tells_excused = true,
};
