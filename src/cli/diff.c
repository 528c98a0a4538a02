/* SPDX-License-Identifier: MIT */
/* `bindsim diff LEFT RIGHT`: what stands on each side, and the exit status. */
#include "options-priv.h"

#include "../base/open.h"
#include "../input/report-file.h"
#include "../study/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const side_names[] = { [BS_LEFT] = "left", [BS_RIGHT] = "right" };

/* ---- the command line ------------------------------------------------------------------------ */

bool bs_diff_open(struct bs_option_reader *r)
{
	static const struct bs_format *const formats[] = { &bs_format_diff_text,
							   &bs_format_diff_json, NULL };
	struct bs_command_line *line = r->line;
	struct bs_diff_line *diff = &line->diff;

	if (!line->plan.executable || !(line->second || diff->root[0] || diff->root[1])) {
		bs_complain("diff what? LEFT and RIGHT are wanted, or one word for both with "
			    "--left-root and --right-root");
		return false;
	}
	if (!line->second)
		line->second = line->plan.executable;
	if (r->words.has_fail_on || line->proof != BS_PROOF_AUTO) {
		bs_complain("--%s has no say in diff: every difference counts",
			    r->words.has_fail_on ? "fail-on" : "proof");
		return false;
	}
	/* Also where -q drops it: --show says what is compared. */
	bs_vec_push(r->arena, &line->outputs,
		    (struct bs_output){ .format = r->format ? r->format : &bs_format_text,
					.path = r->output });
	/* As in the reports that programs read: all that a start-up lacks is told. */
	line->plan.trace = true;
	diff->quiet = r->quiet && !r->output;
	diff->n_set = r->set.n;
	return bs_use_formats(r->arena, line, formats);
}

/* ---- a side ---------------------------------------------------------------------------------- */

struct side {
	const char *word;
	struct bs_plan plan;
	char *text; /* of a file in JSON; NULL: WORD is an executable */
	size_t n;
	enum bs_json_kind kind;
	struct bs_digest *digest;
};

/* Only what is JSON begins with a brace: neither ELF nor a script does. */
static bool is_json(struct bs_arena *arena, const char *path)
{
	char bytes[256];
	struct stat st = { 0 };
	int fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;

	if (fd < 0)
		bs_must_not_lack(arena, path);
	else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = bs_read_up_to(fd, bytes, sizeof bytes - 1, 0);
	/* A pipe gives what it has once. */
	bool is_pipe = fd >= 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));

	/* Whoever reads all of it says what is wrong. */
	bool is_withheld = fd >= 0 ? S_ISREG(st.st_mode) && !n && errno : errno != ENOENT;

	if (fd >= 0)
		close(fd);
	if (is_pipe || is_withheld)
		return true;
	if (!n)
		return false;
	bytes[n] = '\0';
	return bytes[strspn(bytes, " \t\r\n")] == '{';
}

static bool read_file(struct bs_arena *arena, struct side *side)
{
	const char *name = strcmp(side->word, "-") == 0 ? "standard input" : side->word;
	const char *problem;
	void *held;

	side->text = bs_input_read(arena, side->word, &side->n);
	if (!side->text) {
		bs_complain("%s: %s", name, bs_open_words(errno));
		return false;
	}
	problem = bs_report_file_kind(arena, side->text, side->n, &side->kind, &held);
	bs_plan_drop(held);
	if (problem)
		bs_complain("%s: %s", name, problem);
	return !problem;
}

/* What the command line says of SIDE's process. bindsim's own environment has a say where an
 * executable is named, and no root. */
static struct bs_plan plan_of(const struct bs_command_line *line, enum bs_side side, bool is_plan)
{
	const struct bs_diff_line *diff = &line->diff;
	struct bs_plan plan = line->plan;

	if (diff->root[side])
		plan.root = diff->root[side];
	if (is_plan || plan.root) {
		if (diff->n_set)
			plan.environment += plan.n_environment - diff->n_set;
		plan.n_environment = diff->n_set;
		plan.search_path = NULL;
	}
	return plan;
}

static bool open_side(struct bs_arena *arena, const struct bs_command_line *line,
		      enum bs_side which, struct side *side)
{
	struct bs_plan below;
	const char *problem;

	side->word = which == BS_LEFT ? line->plan.executable : line->second;
	if ((strcmp(side->word, "-") == 0 || is_json(arena, side->word)) && !read_file(arena, side))
		return false;
	bool is_plan = side->text && side->kind == BS_JSON_PLAN;

	side->plan = plan_of(line, which, is_plan);
	side->plan.executable = side->word;
	if (side->text && !is_plan && (line->plan.n_steps || side->plan.root)) {
		bs_complain("%s: it is a report: steps and roots come too late", side->word);
		return false;
	}
	if (!is_plan)
		return true;
	side->plan.executable = NULL;
	problem = bs_plan_read(arena, side->text, side->n, &below);
	if (!problem && !below.executable)
		problem = "the plan names no executable";
	if (problem)
		bs_complain("%s: %s", side->word, problem);
	else
		bs_plan_merge(arena, &side->plan, &below);
	return !problem;
}

static bool simulate(struct bs_arena *arena, const struct bs_command_line *line, enum bs_side which,
		     struct side *side, struct bs_store *store, struct bs_library_db *library_db)
{
	const struct bs_sink sink = bs_digest_sink(side->digest, library_db);
	struct bs_sim_report report;
	enum bs_sim_status status = bs_simulate(&side->plan, store, &sink, &report);
	bool answered = status == BS_SIM_OK || status == BS_SIM_REFUSED;

	if (answered || line->verbose)
		bs_print_diagnostics(arena, &report.diags, line->verbose);
	if (status == BS_SIM_CANNOT)
		bs_complain_of_plan(arena, &side->plan,
				    bs_arena_printf(arena, "%s: ", side_names[which]),
				    report.problem, report.instead);
	else if (!answered)
		bs_complain("%s", bs_arena_problem());
	bs_sim_report_done(&report);
	return answered;
}

static bool fill_side(struct bs_arena *arena, const struct bs_command_line *line,
		      enum bs_side which, struct side *side, struct bs_store *store,
		      struct bs_library_db *library_db)
{
	if (!side->text || side->kind == BS_JSON_PLAN)
		return simulate(arena, line, which, side, store, library_db);
	void *held;
	const char *problem = bs_report_file_read(side->text, side->n, side->kind == BS_JSON_STREAM,
						  side->digest, &held);

	bs_plan_drop(held);
	if (problem)
		bs_complain("%s: %s", strcmp(side->word, "-") == 0 ? "standard input" : side->word,
			    problem);
	return !problem;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool write_output(struct bs_arena *arena, const struct bs_command_line *line,
			 const struct bs_output *output, const struct bs_diff *diff,
			 const struct bs_diff_side sides[2])
{
	struct bs_begun_output begun;

	if (!bs_output_begin(arena, line, output, &begun))
		return false;
	bs_diff_write(&begun.report, arena, diff, sides);
	return bs_output_end(&begun);
}

/* What is wanted and cannot be compared may differ: that nothing else does is no answer then. */
static enum bs_exit conclude(const struct bs_diff *diff)
{
	bs_vec_each (i, &diff->gaps)
		bs_complain("%s cannot be compared: %s", diff->gaps.v[i].part,
			    diff->gaps.v[i].reason);
	if (diff->n)
		bs_complain("%llu difference%s", (unsigned long long)diff->n,
			    diff->n == 1 ? "" : "s");
	return diff->n ? BS_EXIT_REFUSED : diff->gaps.n ? BS_EXIT_TROUBLE : BS_EXIT_OK;
}

static struct bs_diff_side describe(const struct side *side)
{
	bool is_plan = side->text && side->kind == BS_JSON_PLAN;

	return (struct bs_diff_side){
		.name = side->word,
		.kind = !side->text ? "executable"
			: is_plan   ? "plan"
				    : "report",
		.root = side->plan.root,
	};
}

enum bs_exit bs_diff_run(struct bs_arena *arena, const struct bs_command_line *line,
			 struct bs_store *store, struct bs_library_db *library_db)
{
	struct bs_names *names = bs_names_new(arena);
	struct bs_diff_options options = { .selection = line->selection };
	struct side sides[2] = { { 0 }, { 0 } };
	bool ok = strcmp(line->plan.executable, "-") != 0 || strcmp(line->second, "-") != 0;

	if (!ok)
		bs_complain("standard input is one side, not both");
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT && ok; side++)
		ok = open_side(arena, line, side, &sides[side]);
	for (enum bs_side side = BS_LEFT; side <= BS_RIGHT && ok; side++) {
		sides[side].digest = bs_digest_new(arena, names, line->selection.symbol);
		options.name[side] = sides[side].word;
		ok = fill_side(arena, line, side, &sides[side], store, library_db);
	}
	if (!ok)
		return BS_EXIT_TROUBLE;
	bs_vec_each (i, &line->outputs)
		options.parts |= line->outputs.v[i].show;
	const struct bs_diff *diff =
		bs_diff_new(arena, sides[BS_LEFT].digest, sides[BS_RIGHT].digest, &options);
	const struct bs_diff_side described[] = { describe(&sides[0]), describe(&sides[1]) };

	bs_vec_each (i, &line->outputs) {
		bool is_own = i + 1 == line->outputs.n;

		if (!(is_own && line->diff.quiet) &&
		    !write_output(arena, line, &line->outputs.v[i], diff, described))
			return BS_EXIT_TROUBLE;
	}
	return conclude(diff);
}
