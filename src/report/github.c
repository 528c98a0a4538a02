/* SPDX-License-Identifier: MIT */
/*
 * --format=github: commands of GitHub Actions that annotate files ("Workflow commands for GitHub
 * Actions"). A step may have ten annotations of each kind; what is more is not shown, so it is
 * counted in a last line.
 */
#include "ci-priv.h"

#include <string.h>

enum { MOST = 10 };

static const char *const commands[] = {
	[BS_LEVEL_NOTE] = "notice",
	[BS_LEVEL_WARNING] = "warning",
	[BS_LEVEL_ERROR] = "error",
};

/* The runner takes these for the ends of lines and, in a property, for the ends of the property.
 * (@actions/core, command.ts: escapeData, escapeProperty) */
static void write_value(struct bs_writer *writer, const char *text, bool is_property)
{
	for (; *text; text++) {
		if (strchr("%\r\n", *text) || (is_property && strchr(":,", *text)))
			bs_write_format(writer, "%%%02X", (unsigned char)*text);
		else
			bs_write(writer, text, 1);
	}
}

void bs_github_annotate(struct bs_writer *writer, enum bs_level level, const char *path,
			const char *title, const char *message)
{
	bs_write_format(writer, "::%s file=", commands[level]);
	write_value(writer, path, true);
	bs_write_literal(writer, ",line=1,title=");
	write_value(writer, title, true);
	bs_write_literal(writer, "::");
	write_value(writer, message, false);
	bs_write_literal(writer, "\n");
}

static void annotate(struct bs_report *report, const struct bs_run *run, enum bs_level level,
		     bs_map_id map, const char *title, const char *message)
{
	bs_github_annotate(report->writer, level,
			   bs_ci_escaped(report, bs_file_place_of(run, map).path), title, message);
}

/* What is left, "2 more errors, 1 more warning": the last notice is kept for it. */
void bs_github_left(struct bs_writer *writer, struct bs_arena *arena,
		    const struct bs_github_rooms *rooms)
{
	const uint32_t *left = rooms->left;
	const char *words = "";

	for (enum bs_level level = BS_LEVEL_ERROR; level >= BS_LEVEL_NOTE; level--)
		if (left[level])
			words = bs_arena_printf(arena, "%s%s%u more %s%s", words,
						*words ? ", " : "", left[level],
						bs_level_name(level), left[level] == 1 ? "" : "s");
	if (*words)
		bs_write_format(writer,
				"::notice title=bindsim::%s: no more than ten of a kind are "
				"shown here\n",
				words);
}

bool bs_github_take_room(struct bs_github_rooms *rooms, enum bs_level level)
{
	if (rooms->taken[level] == (level == BS_LEVEL_NOTE ? MOST - 1 : MOST)) {
		rooms->left[level]++;
		return false;
	}
	rooms->taken[level]++;
	return true;
}

/* Steps that were refused, preloads that were passed over: the executable's own affairs. */
static void annotate_step(struct bs_report *report, const struct bs_run *run,
			  struct bs_github_rooms *rooms, const struct bs_step_result *result)
{
	const bs_map_id map = run->process.executable;
	const char *words = bs_ci_refusal(report, run, result);

	if (words && bs_github_take_room(rooms, BS_LEVEL_ERROR))
		annotate(report, run, BS_LEVEL_ERROR, map, "refused", words);
	bs_vec_each (i, &result->passed_over)
		if (bs_github_take_room(rooms, BS_LEVEL_WARNING))
			annotate(report, run, BS_LEVEL_WARNING, map, "not-preloaded",
				 bs_ci_not_preloaded(report, run, &result->passed_over.v[i]));
}

static void end(struct bs_report *report, const struct bs_run *run, const bs_findings *findings)
{
	const struct bs_ci *ci = bs_ci_end(report, run, findings);
	struct bs_github_rooms rooms = { 0 };

	bs_vec_each (i, &ci->rows)
		annotate_step(report, run, &rooms, &ci->rows.v[i].result);
	bs_vec_each (i, &ci->findings) {
		const struct bs_finding *f = &ci->findings.v[i];

		if (!bs_github_take_room(&rooms, f->level))
			continue;
		const struct bs_ci_words words = bs_ci_words(report, run, f);

		annotate(report, run, f->level, f->from, bs_rule_text(f->rule)->slug,
			 bs_ci_message(run, &words));
	}
	bs_github_left(report->writer, run->ctx.arena, &rooms);
}

const struct bs_format bs_format_github = {
	.name = "github",
	.parts = bs_ci_parts,
	.default_show = BS_CI_FINDINGS,
	.notes = BS_CI_NOTES,
	.shows_what_counts = true,
	.traces = true,
	.begin = bs_ci_begin,
	.step = bs_ci_step,
	.end = end,
};
