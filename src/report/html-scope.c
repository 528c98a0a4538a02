/* SPDX-License-Identifier: MIT */
/*
 * The scopes of a page. A hundred objects of one start-up have one searchlist: each list is written
 * once, with a number, and objects are told of by the numbers of their lists.
 */
#include "html-priv.h"

#include <stdio.h>
#include <string.h>

/* ---- searchlists ---------------------------------------------------------------------------- */

/* The number of the list of MAPS; WAITING: what is to be loaded on demand for it, or NULL. */
static uint32_t number_of(struct bs_html *html, const bs_ids *maps, const char *waiting)
{
	struct bs_arena *arena = html->run->ctx.arena;
	BS_VEC(char) key = { 0 };

	bs_vec_each (i, maps) {
		char id[16];
		int n = snprintf(id, sizeof id, "%u,", maps->v[i]);

		bs_vec_reserve(arena, &key, (uint32_t)n);
		memcpy(key.v + key.n, id, (size_t)n);
		key.n += (uint32_t)n;
	}
	return bs_name_of(html->lists, bs_arena_printf(arena, "%.*s%s", (int)key.n,
						       key.n ? key.v : "", waiting ? waiting : ""));
}

static void write_number(struct bs_html *html, uint32_t number)
{
	bs_write_format(html->out, "<a href=\"#p%u-s%u\">S%u</a>", html->plan, number, number);
}

/* Writes the list if it was not met before. */
static void write_list(struct bs_html *html, const struct bs_report *report, bs_ids *written,
		       const bs_ids *maps, const char *waiting)
{
	uint32_t number = number_of(html, maps, waiting);

	if (bs_ids_have(written, number))
		return;
	bs_vec_push(html->run->ctx.arena, written, number);
	bs_write_format(html->out,
			"<tr id=\"p%u-s%u\"><th scope=\"row\">S%u</th><td class=\"n\" "
			"data-label=\"Objects\">%u</td><td>",
			html->plan, number, number, maps->n);
	bs_vec_each (i, maps) {
		bs_write_text(html->out, i ? ", " : "");
		bs_html_object(html, report, maps->v[i]);
	}
	if (waiting) {
		bs_write_literal(html->out, " on demand: ");
		bs_html_text(html, waiting);
	}
	bs_write_literal(html->out, "</td></tr>\n");
}

static void write_lists(struct bs_html *html, const struct bs_report *report)
{
	bs_ids written = { 0 };

	bs_write_literal(
		html->out,
		"<h4>Searchlists</h4>\n<table class=\"cards\"><thead><tr><th "
		"scope=\"col\">List</th><th scope=\"col\" class=\"n\">Objects</th><th "
		"scope=\"col\">In the order that they are asked</th></tr></thead><tbody>\n");
	bs_vec_each (i, &html->globals)
		write_list(html, report, &written, &html->globals.v[i].maps, NULL);
	bs_vec_each (i, &html->ci.rows) {
		const struct bs_step_result *result = &html->ci.rows.v[i].result;

		bs_vec_each (k, &result->views) {
			const struct bs_scope_view *view = &result->views.v[k];

			if (bs_text_is_superseded(result, k))
				continue;
			bs_vec_each (m, &view->lists)
				write_list(html, report, &written, &view->lists.v[m],
					   view->placeholders.v[m]);
		}
	}
	bs_write_literal(html->out, "</tbody></table>\n");
}

/* ---- the global scope ------------------------------------------------------------------------ */

static const struct bs_html_global *last_global(const struct bs_html *html, uint32_t ns)
{
	for (uint32_t i = html->globals.n; i > 0; i--)
		if (html->globals.v[i - 1].ns == ns)
			return &html->globals.v[i - 1];
	return NULL;
}

static bool is_same(const bs_ids *a, const bs_ids *b)
{
	return a->n == b->n && (!a->n || memcmp(a->v, b->v, a->n * sizeof *a->v) == 0);
}

void bs_html_scopes_step(struct bs_html *html, const struct bs_step_result *result)
{
	const struct bs_process *process = &html->run->process;

	/* A step within another one is shown when that is over: the process is as that leaves it.
	 */
	if (result->within || result->state == BS_STEP_NOT_REACHED)
		return;
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++) {
		bs_list_id id = bs_global_list(process, ns);
		const struct bs_html_global *last = last_global(html, ns);
		const bs_ids none = { 0 };
		const bs_ids *maps = id == BS_NO_LIST ? &none : &process->lists.v[id].maps;

		if (last ? is_same(&last->maps, maps) : !maps->n)
			continue;
		bs_vec_push(html->run->ctx.arena, &html->globals,
			    ((struct bs_html_global){ result->number, ns,
						      bs_ids_copy(html->run->ctx.arena, maps) }));
	}
}

static void begin_row(struct bs_html *html, uint32_t step)
{
	if (step)
		bs_write_format(html->out, "<tr><th scope=\"row\">step %u</th>", step);
	else
		bs_write_literal(html->out, "<tr><th scope=\"row\">start-up</th>");
}

static void write_globals(struct bs_html *html)
{
	bs_write_literal(html->out,
			 "<h4>The global scope</h4>\n<table><thead><tr><th scope=\"col\">After</th>"
			 "<th scope=\"col\" class=\"n\">Namespace</th><th scope=\"col\">Searchlist"
			 "</th><th scope=\"col\" class=\"n\">Objects</th></tr></thead><tbody>\n");
	bs_vec_each (i, &html->globals) {
		const struct bs_html_global *global = &html->globals.v[i];

		begin_row(html, global->step);
		bs_write_format(html->out, "<td class=\"n\">%u</td><td>", global->ns);
		write_number(html, number_of(html, &global->maps, NULL));
		bs_write_format(html->out, "</td><td class=\"n\">%u</td></tr>\n", global->maps.n);
	}
	bs_write_literal(html->out, "</tbody></table>\n");
}

/* ---- the scopes of objects ------------------------------------------------------------------- */

static bool is_same_scope(struct bs_html *html, const struct bs_scope_view *a,
			  const struct bs_scope_view *b)
{
	if (a->from != b->from || a->lists.n != b->lists.n || a->assumed != b->assumed)
		return false;
	bs_vec_each (i, &a->lists)
		if (number_of(html, &a->lists.v[i], a->placeholders.v[i]) !=
		    number_of(html, &b->lists.v[i], b->placeholders.v[i]))
			return false;
	return true;
}

static void write_scope(struct bs_html *html, const struct bs_scope_view *view)
{
	if (view->from)
		bs_write_literal(html->out, "..., ");
	bs_vec_each (i, &view->lists) {
		bs_write_text(html->out, i ? ", " : "");
		write_number(html, number_of(html, &view->lists.v[i], view->placeholders.v[i]));
	}
	struct bs_report *words = &html->ci.words;

	bs_text_assumed(words, html->run, view->assumed);
	bs_write_markup(html->out, bs_writer_text(words->writer));
}

/* The first view of RESULT from I on that tells something of its own. */
static uint32_t next_view(const struct bs_step_result *result, uint32_t i)
{
	while (i < result->views.n && bs_text_is_superseded(result, i))
		i++;
	return i;
}

/* The views of one step; neighbours with one scope in one row. */
static void write_views(struct bs_html *html, const struct bs_report *report,
			const struct bs_step_result *result)
{
	for (uint32_t i = next_view(result, 0); i < result->views.n;) {
		const struct bs_scope_view *view = &result->views.v[i];

		begin_row(html, result->number);
		bs_write_literal(html->out, "<td>");
		for (;;) {
			bs_html_object(html, report, result->views.v[i].map);
			i = next_view(result, i + 1);
			if (i == result->views.n || !is_same_scope(html, view, &result->views.v[i]))
				break;
			bs_write_literal(html->out, ", ");
		}
		bs_write_literal(html->out, "</td><td data-label=\"Searchlists\">");
		write_scope(html, view);
		bs_write_literal(html->out, "</td></tr>\n");
	}
}

void bs_html_scopes(struct bs_html *html, const struct bs_report *report)
{
	bs_html_heading(html, "scopes", "Scopes");
	write_globals(html);
	bs_write_literal(html->out,
			 "<h4>Who asks which searchlists</h4>\n<table class=\"cards\"><thead><tr>"
			 "<th scope=\"col\">In</th><th scope=\"col\">Objects</th><th "
			 "scope=\"col\">Searchlists, in their order</th></tr></thead><tbody>\n");
	bs_vec_each (i, &html->ci.rows)
		write_views(html, report, &html->ci.rows.v[i].result);
	bs_write_literal(html->out, "</tbody></table>\n");
	write_lists(html, report);
}
