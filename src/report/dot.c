/* SPDX-License-Identifier: MIT */
/*
 * --format=dot: the objects as a graph for Graphviz. Boxes are objects, ellipses are steps; an
 * arrow leads from an object to what it needs, from who calls to the step, from the step to what it
 * opened, and, coloured, from one object of a finding to the other.
 */
#include "ci-priv.h"

#include <string.h>

static const char *const parts[] = { "needed", "steps", "findings", "notes", NULL };
enum {
	SHOW_NEEDED = 1 << 0,
	SHOW_THE_STEPS = 1 << 1,
	SHOW_THE_FINDINGS = 1 << 2,
	SHOW_THE_NOTES = 1 << 3
};

/* ---- labels --------------------------------------------------------------------------------- */

/* What begins with "&" may be an entity in a label; a backslash escapes. */
static void write_label(struct bs_report *report, const char *text)
{
	struct bs_writer *writer = report->writer;

	for (text = bs_ci_escaped(report, text); *text; text++) {
		if (*text == '&')
			bs_write_literal(writer, "&amp;");
		else if (*text == '"' || *text == '\\')
			bs_write_format(writer, "\\%c", *text);
		else
			bs_write(writer, text, 1);
	}
}

static void open_label(struct bs_report *report, const char *text)
{
	bs_write_literal(report->writer, "label=\"");
	write_label(report, text);
}

/* ---- objects -------------------------------------------------------------------------------- */

static void write_object(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	const struct bs_map *map = bs_map_of(&run->process, id);
	const char *name = bs_run_map_name(run, id), *base = bs_text_short_name(run, id);
	struct bs_writer *writer = report->writer;

	bs_write_format(writer, "    m%u [", id);
	open_label(report, base);
	if (strcmp(name, base) != 0) {
		bs_write_literal(writer, "\\n");
		write_label(report, name);
	}
	bs_write_literal(writer, "\"");
	if (map->kind == BS_MAP_EXECUTABLE)
		bs_write_literal(writer, ", style=bold");
	else if (map->died != BS_NEVER)
		bs_write_literal(writer, ", style=dashed, color=gray50, fontcolor=gray50");
	bs_write_literal(writer, "];\n");
}

static void write_namespace(struct bs_report *report, const struct bs_run *run, uint32_t ns)
{
	bool begun = false;

	bs_vec_each (id, &run->process.maps) {
		const struct bs_map *map = bs_map_of(&run->process, id);

		if (map->ns != ns || !bs_ci_is_told(map))
			continue;
		if (!begun)
			bs_write_format(report->writer,
					"  subgraph cluster_%u {\n    label=\"namespace %u\";\n",
					ns, ns);
		begun = true;
		write_object(report, run, id);
	}
	bs_write_text(report->writer, begun ? "  }\n" : "");
}

/* ---- needs ---------------------------------------------------------------------------------- */

static void write_needs(struct bs_report *report, const struct bs_run *run, bs_map_id id)
{
	struct bs_need need = { 0 };

	while (bs_ci_next_need(run, id, &need))
		if (need.map != BS_NO_MAP)
			bs_write_format(report->writer, "  m%u -> m%u;\n", id, need.map);
}

static void write_missing(struct bs_report *report, uint32_t number, const char *name,
			  const struct bs_failure *failure)
{
	bs_write_format(report->writer, "  x%u [", number);
	open_label(report, name);
	bs_write_literal(report->writer,
			 "\\nnot found\", style=dashed, color=red, fontcolor=red];\n");
	bs_write_format(report->writer, "  m%u -> x%u [color=red];\n", failure->needed_by, number);
}

/* What was needed and is nowhere. */
static void write_all_missing(struct bs_report *report, const struct bs_run *run,
			      const struct bs_ci *ci)
{
	uint32_t number = 0;

	bs_vec_each (i, &run->process.missing) {
		const struct bs_missing *missing = &run->process.missing.v[i];

		if (missing->failure.needed_by != BS_NO_MAP)
			write_missing(report, number++, missing->name, &missing->failure);
	}
	bs_vec_each (i, &ci->rows) {
		const struct bs_step_result *result = &ci->rows.v[i].result;

		if (result->step && result->failure.words && result->failure.not_found &&
		    result->failure.needed_by != BS_NO_MAP)
			write_missing(report, number++, result->failure.subject, &result->failure);
	}
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* Where the arrow of a step leads; BS_NO_MAP: nowhere. */
static bs_map_id leads_to(const struct bs_run *run, const struct bs_step_result *result)
{
	if (result->state == BS_STEP_OK && result->step->kind == BS_STEP_CALL)
		return result->relocated.bindings.n ? result->relocated.bindings.v[0].definer
						    : BS_NO_MAP;
	return bs_step_came_to(run, result);
}

static void write_step(struct bs_report *report, const struct bs_run *run,
		       const struct bs_step_result *result)
{
	static const char *const states[] = { "", "\\nfailed", "\\nnot reached" };
	static const char *const inks[] = { "blue", "red", "gray50" };
	struct bs_writer *writer = report->writer;
	const char *ink = inks[result->state];
	bs_map_id to = leads_to(run, result);

	bs_write_format(writer, "  s%u [shape=ellipse, color=%s, fontcolor=%s, ", result->number,
			ink, ink);
	open_label(report, bs_arena_printf(run->ctx.arena, "%u: %s", result->number,
					   bs_text_step_words(run, result->step)));
	if (result->step->spelled) {
		bs_write_literal(writer, "\\n");
		write_label(report, result->step->spelled);
	}
	bs_write_format(writer, "%s\"];\n", states[result->state]);
	if (result->caller != BS_NO_MAP && bs_ci_is_told(bs_map_of(&run->process, result->caller)))
		bs_write_format(writer, "  m%u -> s%u [style=dashed, color=%s];\n", result->caller,
				result->number, ink);
	if (to != BS_NO_MAP && bs_ci_is_told(bs_map_of(&run->process, to)))
		bs_write_format(writer, "  s%u -> m%u [style=dashed, color=%s];\n", result->number,
				to, ink);
}

/* ---- findings ------------------------------------------------------------------------------- */

static void write_finding(struct bs_report *report, const struct bs_run *run,
			  const struct bs_finding *f)
{
	static const char *const inks[] = {
		[BS_LEVEL_NOTE] = "gray40",
		[BS_LEVEL_WARNING] = "darkorange",
		[BS_LEVEL_ERROR] = "red",
	};
	const char *slug = bs_rule_text(f->rule)->slug;
	bs_map_id to = f->to == BS_NO_MAP || !bs_ci_is_told(bs_map_of(&run->process, f->to))
			       ? f->from
			       : f->to;

	if (!bs_ci_is_told(bs_map_of(&run->process, f->from)))
		return;
	/* They say nothing of who stands above whom. */
	bs_write_format(report->writer,
			"  m%u -> m%u [color=%s, fontcolor=%s, penwidth=2, constraint=false, ",
			f->from, to, inks[f->level], inks[f->level]);
	open_label(report, f->n ? bs_arena_printf(run->ctx.arena, "%s: %u", slug, f->n) : slug);
	bs_write_literal(report->writer, "\"];\n");
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	const struct bs_ci *ci = bs_ci_end(report, run, findings);

	bs_write_literal(report->writer, "digraph bindsim {\n  graph [rankdir=LR, ");
	open_label(report, bs_ci_title(report, run));
	bs_write_literal(report->writer, "\", charset=\"UTF-8\"];\n  node [shape=box];\n");
	for (uint32_t ns = 0; ns < BS_MAX_NAMESPACES; ns++)
		write_namespace(report, run, ns);
	if (report->show & SHOW_NEEDED) {
		bs_vec_each (id, &run->process.maps)
			write_needs(report, run, id);
		write_all_missing(report, run, ci);
	}
	if (report->show & SHOW_THE_STEPS)
		bs_vec_each (i, &ci->rows)
			if (ci->rows.v[i].result.step)
				write_step(report, run, &ci->rows.v[i].result);
	bs_vec_each (i, &ci->findings)
		write_finding(report, run, &ci->findings.v[i]);
	bs_write_literal(report->writer, "}\n");
}

const struct bs_format bs_format_dot = {
	.name = "dot",
	.parts = parts,
	.default_show = SHOW_NEEDED | SHOW_THE_STEPS | SHOW_THE_FINDINGS,
	.notes = SHOW_THE_NOTES,
	.shows_what_counts = true,
	.traces = true,
	.begin = bs_ci_begin,
	.step = bs_ci_step,
	.end = end,
};
