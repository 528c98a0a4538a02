/* SPDX-License-Identifier: MIT */
/* What is to be known of a command line when all its words are read. */
#include "options-priv.h"

#include <string.h>
#include <unistd.h>

/* What a loader would read of ENVIRON, unless a plan says all, then what --env says. */
static void take_environment(struct bs_option_reader *r, char **environment)
{
	BS_VEC(struct bs_variable) all = { 0 };
	struct bs_plan *plan = &r->line->plan;

	for (; !r->plan_file && !r->no_env && !plan->root && !bs_is_about_process(r->line) &&
	       *environment;
	     environment++) {
		const char *equals = strchr(*environment, '=');

		if (!equals || !bs_is_for_loader(*environment))
			continue;
		const char *name =
			bs_arena_strndup(r->arena, *environment, (size_t)(equals - *environment));

		bs_vec_push(r->arena, &all, (struct bs_variable){ name, equals + 1 });
	}
	bs_vec_each (i, &r->set)
		bs_vec_push(r->arena, &all, r->set.v[i]);
	plan->environment = all.v;
	plan->n_environment = all.n;
}

/* Where an executable that the command line names is looked for. */
static void take_search_path(struct bs_plan *plan, bool check, char **environment)
{
	for (; (plan->executable || check) && !plan->root && *environment; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			plan->search_path = *environment + 5;
}

/* The question is the plan file's and the command line's together. */
static bool finish_plan(struct bs_option_reader *r, char **environment)
{
	struct bs_plan *plan = &r->line->plan, below = { 0 };

	bs_say_all(&r->said, plan);
	plan->settings = r->settings.v;
	plan->n_settings = r->settings.n;
	take_environment(r, environment);
	take_search_path(plan, r->line->command == BS_COMMAND_CHECK && !r->plan_file, environment);
	if (!r->plan_file)
		return true;
	if (!bs_plan_load(r->arena, r->plan_file, &below))
		return false;
	r->line->live.has_plan = true;
	bs_plan_merge(r->arena, plan, &below);
	if (!plan->executable)
		bs_complain("which executable? The plan names none, nor does the command line");
	return plan->executable != NULL;
}

const char *bs_taken_words(const struct bs_option_reader *r)
{
	if (!r->taken || access(r->taken, F_OK) != 0)
		return "";
	return bs_arena_printf(r->arena, "'%s' is the value of --%s. ", r->taken, r->taker);
}

/* There is no executable, and none is to be had from elsewhere. */
static void complain_of_none(const struct bs_option_reader *r)
{
	const char *name = bs_command_text(r->line->command)->name;

	if (r->line->command == BS_COMMAND_NONE)
		bs_complain("which executable? %sUsage: bindsim [OPTION]... EXECUTABLE [STEP]...; "
			    "bindsim --help tells more",
			    bs_taken_words(r));
	else
		bs_complain("%s: which executable? %sbindsim %s --help tells how it is called",
			    name, bs_taken_words(r), name);
}

/* An option of the commands that give verdicts, or NULL. */
static const char *judging_option(const struct bs_option_reader *r)
{
	const struct bs_check_words *words = &r->words;

	return words->use_env		       ? "use-env"
	       : words->policy		       ? "policy"
	       : words->no_policy	       ? "no-policy"
	       : words->baseline	       ? "baseline"
	       : r->line->check.write_baseline ? "write-baseline"
	       : words->gen_suppressions       ? "gen-suppressions"
	       : words->today		       ? "today"
					       : NULL;
}

bool bs_add_own_output(struct bs_option_reader *r, const struct bs_format *format)
{
	/* Whoever names a file wants it, and quiet where others read along. */
	bool is_written = !r->quiet || r->output;

	if (!format)
		format = r->format ? r->format : &bs_format_text;
	if (is_written)
		bs_vec_push(r->arena, &r->line->outputs,
			    ((struct bs_output){ .format = format, .path = r->output }));
	return is_written;
}

bool bs_options_end(struct bs_option_reader *r, char **environment)
{
	struct bs_command_line *line = r->line;
	const struct bs_selection *selection = &line->selection;
	bool explains = line->command == BS_COMMAND_EXPLAIN;
	bool checks = line->command == BS_COMMAND_CHECK;

	if (r->said.around.n) {
		bs_complain("--init %s has no --end-init",
			    r->said.blocks.v[r->said.block - 1].object);
		return false;
	}
	if (r->processes.n && line->command != BS_COMMAND_LOG &&
	    line->command != BS_COMMAND_VERIFY) {
		bs_complain("--process belongs to the commands log and verify");
		return false;
	}
	const char *judging = judging_option(r);

	if (judging && !checks && line->command != BS_COMMAND_SCAN) {
		bs_complain("--%s belongs to the commands check and scan", judging);
		return false;
	}
	if (line->command == BS_COMMAND_SCAN)
		return bs_options_fit(r) && bs_scan_open(r) && finish_plan(r, environment);
	if (!bs_options_fit(r) || (checks && !bs_check_open(r)))
		return false;
	if (bs_is_about_process(line) && !bs_live_open(r))
		return false;
	if (line->command == BS_COMMAND_LOG)
		return bs_log_open(r) && bs_read_show(r);
	if (!line->plan.executable && !r->plan_file && !checks && !bs_is_about_process(line) &&
	    line->command != BS_COMMAND_DIFF) {
		complain_of_none(r);
		return false;
	}
	if (line->command == BS_COMMAND_DIFF)
		return bs_diff_open(r) && bs_read_show(r) && finish_plan(r, environment);
	if (line->command == BS_COMMAND_ORDER)
		return bs_order_open(r) && bs_read_show(r) && finish_plan(r, environment);
	if (line->command == BS_COMMAND_VERIFY && !bs_is_about_process(line)) {
		line->verify.environ = environment;
		if (!bs_verify_open(r) || !bs_read_show(r) || !finish_plan(r, environment))
			return false;
		bs_verify_arguments(line);
		return true;
	}
	if (explains && !selection->symbol && !selection->from && !selection->to) {
		bs_complain("explain what? --symbol GLOB, --pair FROM,TO or --rule RULE");
		return false;
	}
	if (explains && r->format && r->format != &bs_format_text) {
		bs_complain("explain writes text only, not --format=%s", r->format->name);
		return false;
	}
	bool is_written = bs_add_own_output(r, explains			   ? &bs_format_explain
					       : r->words.gen_suppressions ? &bs_format_suppressions
									   : NULL);

	if (line->command == BS_COMMAND_ADVISE && !bs_advise_open(r))
		return false;
	line->simulates = !is_written;
	bs_vec_each (i, &line->outputs) {
		line->plan.trace |= line->outputs.v[i].format->traces;
		line->simulates |= !line->outputs.v[i].format->question;
	}
	return bs_read_show(r) && finish_plan(r, environment) && (!checks || bs_check_plans(r));
}
