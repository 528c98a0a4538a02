/* SPDX-License-Identifier: MIT */
/* The objects of a page: a row each. */
#include "html-priv.h"

#include <elf.h>
#include <string.h>

/* ---- cells ---------------------------------------------------------------------------------- */

static void write_name(struct bs_html *html, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&html->run->process, id);
	const char *path = bs_object_path(html->run, id);
	const char *name = bs_run_map_name(html->run, id);
	const char *short_name = bs_text_short_name(html->run, id);
	const char *soname = map->image ? map->image->soname : NULL;

	bs_html_text(html, short_name);
	if (strcmp(name, short_name) != 0) {
		bs_write_literal(html->out, "<br><code>");
		bs_html_text(html, name);
		bs_write_literal(html->out, "</code>");
	}
	if (path && strcmp(path, name) != 0) {
		bs_write_literal(html->out, "<br>file <code>");
		bs_html_text(html, path);
		bs_write_literal(html->out, "</code>");
	}
	if (soname && strcmp(soname, short_name) != 0) {
		bs_write_literal(html->out, "<br>soname <code>");
		bs_html_text(html, soname);
		bs_write_literal(html->out, "</code>");
	}
}

/* When it came and went, and where it is. */
static void write_time(struct bs_html *html, const struct bs_map *map)
{
	if (map->born == BS_NEVER || map->born == 0)
		bs_write_text(html->out, map->born ? "never" : "start-up");
	else
		bs_write_format(html->out, "step %u", map->born);
	if (map->died != BS_NEVER)
		bs_write_format(html->out, ", gone in step %u", map->died);
	if (map->ns)
		bs_write_format(html->out, ", namespace %u", map->ns);
}

static void write_flag(struct bs_html *html, bool is_set, const char *words)
{
	if (is_set)
		bs_write_format(html->out, " <span class=\"flag\">%s</span>", words);
}

static void write_flags(struct bs_html *html, const struct bs_map *map)
{
	const struct bs_image *image = map->image;

	write_flag(html, map->preloaded, "preloaded");
	write_flag(html, map->global && map->kind == BS_MAP_LOADED, "global");
	write_flag(html, map->nodelete_active, "nodelete");
	write_flag(html, map->on_demand, "on demand");
	write_flag(html, image && (image->flags & DF_SYMBOLIC), "symbolic");
	write_flag(html, image && (image->flags_1 & DF_1_INTERPOSE), "interpose");
}

static void write_needs(struct bs_html *html, const struct bs_report *report, bs_map_id id)
{
	struct bs_need need = { 0 };
	uint32_t n = 0;

	while (bs_ci_next_need(html->run, id, &need)) {
		bs_write_text(html->out, n++ ? ", " : "");
		if (need.map != BS_NO_MAP) {
			bs_html_object(html, report, need.map);
			continue;
		}
		bs_html_text(html, need.text ? need.text : "?");
		bs_write_literal(html->out, " <span class=\"error\">nowhere</span>");
	}
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void write_row(struct bs_html *html, struct bs_report *report, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&html->run->process, id);
	struct bs_report *words = &html->ci.words;
	enum bs_calls calls = id < html->json.calls.n ? html->json.calls.v[id] : BS_CALLS_UNKNOWN;

	bs_write_format(html->out, "<tr id=\"p%u-o%u\"><th scope=\"row\">", html->plan, id);
	write_name(html, id);
	bs_write_literal(html->out, "</th><td data-label=\"Came\">");
	write_time(html, map);
	write_flags(html, map);
	bs_write_literal(html->out, "</td><td data-label=\"Found\">");
	bs_text_found(words, html->run, id);
	bs_write_markup(html->out, bs_writer_text(words->writer));
	bs_write_format(html->out, "</td><td data-label=\"Calls\">%s</td><td data-label=\"Needs\">",
			bs_calls_words(calls));
	write_needs(html, report, id);
	bs_write_literal(html->out, "</td>");
	if (report->show & SHOW_HTML_BINDINGS)
		bs_write_format(html->out,
				"<td class=\"js\"><a href=\"#object=%s&amp;plan=%u\" "
				"aria-label=\"bindings of ",
				bs_ci_uri(html->run->ctx.arena,
					  bs_ci_escaped(report, bs_run_map_name(html->run, id))),
				html->plan);
	if (report->show & SHOW_HTML_BINDINGS) {
		bs_html_text(html, bs_text_short_name(html->run, id));
		bs_write_literal(html->out, "\">bindings</a></td>");
	}
	bs_write_literal(html->out, "</tr>\n");
}

void bs_html_objects(struct bs_html *html, struct bs_report *report)
{
	const struct bs_process *process = &html->run->process;
	const struct bs_step_result *last = NULL;
	const bs_ids none = { 0 }, *mapped = &none;

	/* The last one that is shown may lie within one that ended later. */
	bs_vec_each (i, &html->ci.rows) {
		const struct bs_step_result *result = &html->ci.rows.v[i].result;

		if (result->state != BS_STEP_NOT_REACHED && (!last || result->epoch >= last->epoch))
			last = result;
	}
	if (last)
		mapped = &last->mapped;
	bs_html_heading(html, "objects", "Objects");
	bs_write_literal(html->out,
			 "<p>In link-map order; those that are gone come last.</p>\n"
			 "<table class=\"cards\"><thead><tr><th scope=\"col\">Object</th>"
			 "<th scope=\"col\">Came</th><th scope=\"col\">Found</th>"
			 "<th scope=\"col\">Calls</th><th scope=\"col\">Needs</th>");
	if (report->show & SHOW_HTML_BINDINGS)
		bs_write_literal(html->out, "<th scope=\"col\" class=\"js\">Search</th>");
	bs_write_literal(html->out, "</tr></thead><tbody>\n");
	bs_vec_each (i, mapped)
		if (bs_ci_is_told(bs_map_of(process, mapped->v[i])))
			write_row(html, report, mapped->v[i]);
	bs_vec_each (id, &process->maps)
		if (bs_ci_is_told(bs_map_of(process, id)) && !bs_ids_have(mapped, id))
			write_row(html, report, id);
	bs_write_literal(html->out, "</tbody></table>\n");
}
