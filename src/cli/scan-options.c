/* SPDX-License-Identifier: MIT */
/* The command line of `bindsim scan`. */
#include "options-priv.h"

#include "../report/jansson-late.h"
#include "../report/scan-report.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MOST_JOBS = 256,
	MOST_PARTS = 1000000,
	LEAST_MIB = 16,
	MOST_MIB = 1 << 24,
	USUAL_MIB = 1024
};

bool bs_read_jobs(struct bs_option_reader *r, const char *text)
{
	char *end;

	r->line->scan.jobs = bs_number_in(text, MOST_JOBS, &end);
	if (r->line->scan.jobs && !*end)
		return true;
	bs_complain("--jobs '%s': a number from 1 to %d is wanted", text, MOST_JOBS);
	return false;
}

bool bs_read_memory(struct bs_option_reader *r, const char *text)
{
	char *end;
	uint32_t n = bs_number_in(text, MOST_MIB, &end);

	r->line->scan.memory = (uint64_t)n << 20;
	if (n >= LEAST_MIB && !*end)
		return true;
	bs_complain("--memory '%s': a number of MiB, from %d on, is wanted", text, LEAST_MIB);
	return false;
}

/* K/N */
bool bs_read_shard(struct bs_option_reader *r, const char *text)
{
	struct bs_scan_line *scan = &r->line->scan;
	char *end;

	scan->part = bs_number_in(text, MOST_PARTS, &end);
	scan->n_parts = *end == '/' ? bs_number_in(end + 1, MOST_PARTS, &end) : 0;
	if (scan->part && scan->part <= scan->n_parts && !*end)
		return true;
	bs_complain("--shard '%s': K/N is wanted, the Kth of N parts", text);
	return false;
}

/* ---- the whole line -------------------------------------------------------------------------- */

/* An option that says nothing here, or NULL. */
static const char *odd_option(const struct bs_option_reader *r)
{
	const struct bs_command_line *line = r->line;

	return line->selection.symbol			    ? "symbol"
	       : line->selection.from || line->selection.to ? "from, --to and --pair"
	       : r->plan_file				    ? "plan"
	       : line->follows_notes			    ? "follow-dlopen-notes"
	       : line->proof == BS_PROOF_ALL		    ? "proof=all"
							    : NULL;
}

static bool paths_fit(struct bs_option_reader *r)
{
	struct bs_scan_line *scan = &r->line->scan;

	bs_vec_each (i, &scan->paths)
		scan->reads_list |= strcmp(scan->paths.v[i], "-") == 0;
	if (scan->merge && (!scan->paths.n || scan->reads_list)) {
		bs_complain("--merge: which parts? They are files of --format=ndjson");
		return false;
	}
	if (scan->merge)
		return true;
	if ((scan->null || scan->reads_list) && scan->paths.n > scan->reads_list) {
		bs_complain("a list from standard input is all that is scanned: '%s' is too many",
			    scan->paths.v[strcmp(scan->paths.v[0], "-") == 0]);
		return false;
	}
	scan->reads_list |= scan->null;
	if (scan->reads_list)
		scan->paths.n = 0;
	else if (!scan->paths.n && r->line->plan.root)
		bs_vec_push(r->arena, &scan->paths, "/");
	else if (!scan->paths.n) {
		bs_complain("which programs? %sUsage: bindsim scan [OPTION]... PATH...",
			    bs_taken_words(r));
		return false;
	}
	return true;
}

static bool options_go_together(const struct bs_option_reader *r)
{
	const struct bs_scan_line *scan = &r->line->scan;
	const char *odd = odd_option(r);
	const char *asking = scan->merge ? bs_options_refused_by(r, BS_MODE_SCAN_MERGE) : NULL;

	if (odd)
		bs_complain("scan has no --%s", odd);
	else if (asking)
		bs_complain("--merge has no --%s: the parts say what was asked", asking);
	else if (scan->n_parts && r->line->check.write_baseline)
		bs_complain("--write-baseline: a part is not all of it; --merge writes the "
			    "baseline of the whole");
	else if (scan->libraries && r->said.steps.n)
		bs_complain("--libraries: steps belong to programs; the shared objects have none");
	else
		return true;
	return false;
}

static void take_defaults(struct bs_option_reader *r)
{
	struct bs_scan_line *scan = &r->line->scan;
	cpu_set_t cpus;

	scan->has_fail_on = r->line->check.policy || r->words.has_fail_on;
	if (!scan->jobs)
		scan->jobs = sched_getaffinity(0, sizeof cpus, &cpus) == 0
				     ? (uint32_t)CPU_COUNT(&cpus)
				     : 1;
	if (scan->jobs > MOST_JOBS)
		scan->jobs = MOST_JOBS;
	if (!scan->memory)
		scan->memory = (uint64_t)USUAL_MIB << 20;
	scan->quiet = r->quiet;
	/* Of a start-up that fails all is told, as in the report of a single run. */
	r->line->plan.trace = true;
}

/* What a part of SHOW stands with. */
static unsigned with_what_is_needed(unsigned show)
{
	if (show & BS_SCAN_EXPORTS)
		show |= BS_SCAN_OBJECTS;
	if (show & (BS_SCAN_NOTES | BS_SCAN_OBJECTS | BS_SCAN_BINDINGS))
		show |= BS_SCAN_PROGRAMS;
	return show;
}

static bool take_formats(struct bs_arena *arena, struct bs_command_line *line)
{
	bs_vec_each (i, &line->outputs) {
		struct bs_output *output = &line->outputs.v[i];
		const struct bs_scan_format *format = bs_scan_format_of(output->format);

		if (!format) {
			bs_complain_of_format(arena, line, output->format->name,
					      bs_arena_printf(arena,
							      ", which is about one program: "
							      "bindsim --format=%s PROGRAM",
							      output->format->name));
			return false;
		}
		output->format = format->format;
		if (output->format->is_binary && !output->path && isatty(STDOUT_FILENO)) {
			bs_complain("--format=%s is nothing for a terminal: -o FILE, or a pipe",
				    output->format->name);
			return false;
		}
	}
	return true;
}

/* The policy and the baseline. Parts that are merged have had theirs. */
static bool open_judge(struct bs_option_reader *r)
{
	if (!r->line->scan.merge)
		return bs_check_open(r);
	if (!r->words.has_fail_on)
		r->line->fail_on = BS_LEVEL_ERROR;
	r->no_env = true;
	return bs_check_open_baseline(r);
}

bool bs_scan_open(struct bs_option_reader *r)
{
	struct bs_command_line *line = r->line;
	const char *problem = bs_jansson_open();

	if (problem) {
		bs_complain("scan: %s", problem);
		return false;
	}
	if (!options_go_together(r) || !open_judge(r) || !paths_fit(r))
		return false;
	take_defaults(r);
	bs_add_own_output(r, r->words.gen_suppressions ? &bs_format_suppressions : NULL);
	if (!take_formats(r->arena, line) || !bs_read_show(r))
		return false;
	bs_vec_each (i, &line->outputs)
		line->outputs.v[i].show = with_what_is_needed(line->outputs.v[i].show);
	return true;
}
