/* SPDX-License-Identifier: MIT */
/*
 * Who clashes with whom: a matrix, since that can be read with three objects and with a hundred and
 * fifty, and needs no layout. Rows are objects, columns those that they clash with; a cell leads to
 * the worst finding. The same stands below it as a table.
 */
#include "html-priv.h"

#include <stdlib.h>
#include <string.h>

/* In pixels. A character of a label is about CHAR wide. */
enum { CELL_WIDTH = 34, CELL_HEIGHT = 22, CHAR = 7, MOST_CHARS = 28, GAP = 8 };

struct cell {
	bs_map_id from, to;
	uint32_t worst; /* index into the findings */
	uint32_t n;	/* findings */
};

struct matrix {
	BS_VEC(struct cell) cells;
	bs_ids rows, columns; /* by id */
};

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void note_object(struct bs_html *html, bs_ids *ids, bs_map_id id)
{
	if (!bs_ids_have(ids, id))
		bs_vec_push(html->run->ctx.arena, ids, id);
}

/* FINDINGS are in order, so that the first of a pair is the worst one. */
static struct matrix fill(struct bs_html *html)
{
	const bs_findings *findings = &html->ci.findings;
	struct matrix m = { 0 };

	bs_vec_each (i, findings) {
		const struct bs_finding *f = &findings->v[i];
		uint32_t k = 0;

		if (f->to == BS_NO_MAP || f->to == f->from)
			continue;
		while (k < m.cells.n && (m.cells.v[k].from != f->from || m.cells.v[k].to != f->to))
			k++;
		if (k == m.cells.n)
			bs_vec_push(html->run->ctx.arena, &m.cells,
				    ((struct cell){ f->from, f->to, i, 0 }));
		m.cells.v[k].n++;
		note_object(html, &m.rows, f->from);
		note_object(html, &m.columns, f->to);
	}
	if (m.cells.n) {
		qsort(m.rows.v, m.rows.n, sizeof *m.rows.v, by_number);
		qsort(m.columns.v, m.columns.n, sizeof *m.columns.v, by_number);
	}
	return m;
}

/* ---- the picture ---------------------------------------------------------------------------- */

/* Its name as far as there is room for it. */
static const char *label(struct bs_html *html, struct bs_report *report, bs_map_id id)
{
	const char *name = bs_ci_escaped(report, bs_text_short_name(html->run, id));
	const char *end = name;

	for (unsigned n = 0; *end; n++) {
		if (n == MOST_CHARS)
			return bs_arena_printf(html->run->ctx.arena, "%.*s…", (int)(end - name),
					       name);
		size_t length = bs_utf8_length((const unsigned char *)end);

		end += length ? length : 1;
	}
	return name;
}

static unsigned widest(struct bs_html *html, struct bs_report *report, const bs_ids *ids)
{
	size_t most = 0;

	bs_vec_each (i, ids) {
		size_t n = bs_text_width(label(html, report, ids->v[i]));

		most = n > most ? n : most;
	}
	return (unsigned)most * CHAR + GAP;
}

static uint32_t place_in(const bs_ids *ids, bs_map_id id)
{
	uint32_t i = 0;

	while (ids->v[i] != id)
		i++;
	return i;
}

static void write_title(struct bs_html *html, const struct cell *cell)
{
	const struct bs_finding *f = &html->ci.findings.v[cell->worst];

	bs_write_literal(html->out, "<title>");
	bs_html_text(html, bs_text_short_name(html->run, cell->from));
	bs_write_literal(html->out, " and ");
	bs_html_text(html, bs_text_short_name(html->run, cell->to));
	bs_write_format(html->out, ": %s %s", bs_level_name(f->level), bs_rule_text(f->rule)->slug);
	if (f->n)
		bs_write_format(html->out, ", %u symbol%s", f->n, f->n == 1 ? "" : "s");
	if (cell->n > 1)
		bs_write_format(html->out, "; %u findings", cell->n);
	bs_write_literal(html->out, "</title>");
}

/* N in at most four characters. */
static void write_short(struct bs_html *html, uint32_t n)
{
	if (n < 10000)
		bs_write_format(html->out, "%u", n);
	else
		bs_write_format(html->out, "%uk", n / 1000);
}

static void write_cell(struct bs_html *html, const struct cell *cell, unsigned x, unsigned y)
{
	const struct bs_finding *f = &html->ci.findings.v[cell->worst];

	bs_write_format(html->out, "<a href=\"#p%u-f%u\" class=\"%s\">", html->plan,
			cell->worst + 1, bs_level_name(f->level));
	write_title(html, cell);
	bs_write_format(html->out,
			"<rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" rx=\"3\"/>"
			"<text x=\"%u\" y=\"%u\" text-anchor=\"middle\">",
			x + 1, y + 1, CELL_WIDTH - 2, CELL_HEIGHT - 2, x + CELL_WIDTH / 2, y + 15);
	if (f->n)
		write_short(html, f->n);
	bs_write_literal(html->out, "</text></a>\n");
}

static void write_picture(struct bs_html *html, struct bs_report *report, const struct matrix *m)
{
	unsigned left = widest(html, report, &m->rows), top = widest(html, report, &m->columns);
	unsigned width = left + m->columns.n * CELL_WIDTH, height = top + m->rows.n * CELL_HEIGHT;

	bs_write_format(html->out,
			"<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
			"aria-label=\"Matrix of clashes\">\n<svg width=\"%u\" height=\"%u\" "
			"viewBox=\"0 0 %u %u\">\n",
			width, height, width, height);
	bs_vec_each (i, &m->columns) {
		unsigned x = left + i * CELL_WIDTH + CELL_WIDTH / 2 + 4;

		bs_write_format(html->out,
				"<path d=\"M%u %uV%u\"/><text x=\"%u\" y=\"%u\" "
				"transform=\"rotate(-90 %u %u)\">",
				x - 4, top, height, x, top - GAP / 2, x, top - GAP / 2);
		bs_write_markup(html->out, label(html, report, m->columns.v[i]));
		bs_write_literal(html->out, "</text>\n");
	}
	bs_vec_each (i, &m->rows) {
		unsigned y = top + i * CELL_HEIGHT;

		bs_write_format(html->out,
				"<path d=\"M%u %uH%u\"/><text x=\"%u\" y=\"%u\" "
				"text-anchor=\"end\">",
				left, y + CELL_HEIGHT / 2, width, left - GAP / 2, y + 15);
		bs_write_markup(html->out, label(html, report, m->rows.v[i]));
		bs_write_literal(html->out, "</text>\n");
	}
	bs_vec_each (i, &m->cells)
		write_cell(html, &m->cells.v[i],
			   left + place_in(&m->columns, m->cells.v[i].to) * CELL_WIDTH,
			   top + place_in(&m->rows, m->cells.v[i].from) * CELL_HEIGHT);
	bs_write_literal(html->out, "</svg>\n</div>\n");
}

/* ---- the table ------------------------------------------------------------------------------ */

static void write_table(struct bs_html *html, const struct bs_report *report,
			const struct matrix *m)
{
	bs_write_literal(html->out,
			 "<details class=\"group\"><summary>The same as a table</summary>\n"
			 "<table class=\"cards\"><thead><tr><th scope=\"col\">Object</th>"
			 "<th scope=\"col\">Clashes with</th><th scope=\"col\">Worst finding</th>"
			 "<th scope=\"col\" class=\"n\">Symbols</th>"
			 "<th scope=\"col\" class=\"n\">Findings</th></tr></thead><tbody>\n");
	bs_vec_each (i, &m->cells) {
		const struct cell *cell = &m->cells.v[i];
		const struct bs_finding *f = &html->ci.findings.v[cell->worst];

		bs_write_literal(html->out, "<tr><th scope=\"row\">");
		bs_html_object(html, report, cell->from);
		bs_write_literal(html->out, "</th><td data-label=\"Clashes with\">");
		bs_html_object(html, report, cell->to);
		bs_write_format(html->out,
				"</td><td><a href=\"#p%u-f%u\">%s: %s</a></td><td class=\"n\" "
				"data-label=\"Symbols\">%u</td><td class=\"n\" "
				"data-label=\"Findings\">%u</td></tr>\n",
				html->plan, cell->worst + 1, bs_level_name(f->level),
				bs_rule_text(f->rule)->slug, f->n, cell->n);
	}
	bs_write_literal(html->out, "</tbody></table></details>\n");
}

void bs_html_clashes(struct bs_html *html, struct bs_report *report)
{
	const struct matrix m = fill(html);

	bs_html_heading(html, "clashes", "Clashes");
	if (!m.cells.n) {
		bs_write_literal(html->out, "<p>No two objects have a finding.</p>\n");
		return;
	}
	bs_write_literal(
		html->out,
		"<p>Each row is an object, each column one that it clashes with; the number "
		"is that of the worst finding's symbols.</p>\n");
	write_picture(html, report, &m);
	write_table(html, report, &m);
}
