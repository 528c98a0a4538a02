/* SPDX-License-Identifier: MIT */
/* `bindsim check`: where its policy is, and what the policy adds to the command line. */
#include "archive-check.h"
#include "sets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define POLICY_NAME ".bindsim.ini"

/* ---- the file ------------------------------------------------------------------------------ */

/* The next file of the usual name from the working directory upwards; NULL: there is none. */
static const char *find_policy(struct bs_arena *arena)
{
	const char *directory = "";
	struct stat here, above;

	for (;;) {
		const char *path = bs_arena_printf(arena, "%s%s", directory, POLICY_NAME);

		if (access(path, F_OK) == 0)
			return path;
		if (stat(*directory ? directory : ".", &here) != 0)
			return NULL;
		directory = bs_arena_printf(arena, "%s../", directory);
		if (stat(directory, &above) != 0 ||
		    (here.st_dev == above.st_dev && here.st_ino == above.st_ino))
			return NULL;
	}
}

static bool load_policy(struct bs_option_reader *r, const char *path)
{
	struct bs_policy *policy = bs_new(r->arena, struct bs_policy, 1);
	const char *name, *text = bs_input_text(r->arena, path, &name);

	if (!text)
		return false;
	if (r->line->verbose)
		bs_complain("the policy is %s", name);
	const char *problem = bs_policy_read(r->arena, name, text, policy);

	policy->text = text;
	r->line->check.policy = policy;
	if (problem)
		bs_complain("%s", problem);
	return !problem;
}

/* ---- what it says --------------------------------------------------------------------------- */

/* The day in UTC, at SOURCE_DATE_EPOCH if that is set. (reproducible-builds.org) */
static const char *day_of_today(struct bs_arena *arena)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	return bs_date_of(arena, epoch && *epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL));
}

static void take_defaults(struct bs_option_reader *r, const struct bs_policy *policy)
{
	const struct bs_policy_defaults *d = &policy->defaults;

	bs_policy_give_defaults(r->arena, policy, &r->line->plan);
	if (d->has_fail_on && !r->words.has_fail_on)
		r->line->fail_on = d->fail_on;
}

bool bs_check_open_baseline(struct bs_option_reader *r)
{
	struct bs_check_line *check = &r->line->check;
	const char *path = r->words.baseline;
	bool writes = check->write_baseline != NULL;

	if (!path && check->policy)
		path = bs_policy_beside(r->arena, check->policy, check->policy->defaults.baseline);
	if (!path)
		return true;
	if (!writes && !r->words.baseline && access(path, F_OK) != 0 && errno == ENOENT) {
		bs_complain("%s: No such file or directory; %s names it as the baseline, and "
			    "bindsim %s --write-baseline=%s makes it",
			    path, check->policy->path, bs_command_text(r->line->command)->name,
			    path);
		return false;
	}
	check->known = bs_baseline_load(r->arena, path, writes && !r->words.baseline);
	return check->known != NULL;
}

bool bs_check_open(struct bs_option_reader *r)
{
	struct bs_check_line *check = &r->line->check;
	const char *path = r->words.policy;

	check->gen_suppressions = r->words.gen_suppressions;
	if (path && r->words.no_policy) {
		bs_complain("--policy and --no-policy: one of the two");
		return false;
	}
	if (!path && !r->words.no_policy)
		path = find_policy(r->arena);
	if (path && !load_policy(r, path))
		return false;
	if (!path && r->line->verbose)
		bs_complain("there is no policy");
	if (!r->words.has_fail_on)
		r->line->fail_on = BS_LEVEL_ERROR;
	if (check->policy)
		take_defaults(r, check->policy);
	/* A verdict is to be the same wherever it is asked for. */
	if (!r->words.use_env && !(check->policy && check->policy->defaults.use_env))
		r->no_env = true;
	check->today = r->words.today ? r->words.today : day_of_today(r->arena);
	if (r->words.gen_suppressions && r->format && r->format != &bs_format_text) {
		bs_complain("--gen-suppressions writes sections of a policy, not --format=%s",
			    r->format->name);
		return false;
	}
	return bs_check_open_baseline(r);
}

/* ---- its plans ------------------------------------------------------------------------------ */

/* The variables that the command line sets come last: they win. */
static void join_environment(const struct bs_option_reader *r, const struct bs_policy_words *words,
			     struct bs_plan *plan)
{
	BS_VEC(struct bs_variable) all = { 0 };
	uint32_t n_own = plan->n_environment - r->set.n;

	for (uint32_t i = 0; i < n_own; i++)
		bs_vec_push(r->arena, &all, plan->environment[i]);
	bs_vec_each (i, &words->variables)
		bs_vec_push(r->arena, &all, words->variables.v[i]);
	bs_vec_each (i, &r->set)
		bs_vec_push(r->arena, &all, r->set.v[i]);
	plan->environment = all.v;
	plan->n_environment = all.n;
}

/* What POLICY says of a plan under what the command line says of all. */
static bool make_plan(struct bs_option_reader *r, const struct bs_policy_plan *from,
		      struct bs_plan *ret)
{
	struct bs_policy_words words;
	const char *problem = bs_policy_plan_read(r->arena, r->line->check.policy, from, &words);

	bs_vec_each (i, &words.hints)
		bs_complain("%s", words.hints.v[i]);
	if (problem) {
		bs_complain("%s", problem);
		return false;
	}
	*ret = r->line->plan;
	bs_policy_at_home(r->arena, r->line->check.policy, ret);
	ret->executable = from->executable ? from->executable : from->host;
	bs_say_all(&words.said, ret);
	join_environment(r, &words, ret);
	return true;
}

/* A host of a root is looked for there, when it is started. */
static bool use_host(const struct bs_option_reader *r, const struct bs_policy_plan *from,
		     struct bs_plan *plan)
{
	if (!from->host || plan->root)
		return true;
	plan->executable = bs_find_host(r->arena, plan->search_path, from->host);
	if (!plan->executable)
		bs_complain("plan %s: the host %s is not in $PATH", from->name, from->host);
	return plan->executable != NULL;
}

static bool make_policy_plans(struct bs_option_reader *r)
{
	const struct bs_check_line *check = &r->line->check;
	const char *wanted = r->words.plan_name;

	/* All of them are read: an error is not to wait until its plan is asked for. */
	bs_vec_each (i, &check->policy->plans) {
		const struct bs_policy_plan *from = &check->policy->plans.v[i];
		struct bs_named_plan plan = { .name = from->name };

		if (!make_plan(r, from, &plan.plan))
			return false;
		if (wanted && strcmp(wanted, from->name) != 0) {
			r->line->check.all = false;
			continue;
		}
		if (!use_host(r, from, &plan.plan))
			return false;
		bs_set_add(r, &plan);
	}
	return true;
}

static bool make_plans(struct bs_option_reader *r)
{
	struct bs_plan base = r->line->plan;

	bs_policy_at_home(r->arena, r->line->check.policy, &base);
	r->line->check.all = true;
	return make_policy_plans(r) && bs_set_of_policy(r, &base);
}

static bool complain_of_no_plan(const struct bs_option_reader *r)
{
	const struct bs_policy *policy = r->line->check.policy;
	const char *wanted = r->words.plan_name;
	BS_VEC(const char *) names = { 0 };

	if (!policy || (!policy->plans.n && !policy->libraries.n)) {
		bs_complain("which executable? %s%s%s", bs_taken_words(r),
			    policy ? policy->path : "There is no policy",
			    policy ? " has no [plan NAME]" : " that has a [plan NAME]");
		return false;
	}
	bs_vec_each (i, &policy->plans)
		bs_vec_push(r->arena, &names, policy->plans.v[i].name);
	bs_vec_each (i, &policy->libraries)
		bs_vec_push(r->arena, &names, policy->libraries.v[i].name);
	bs_vec_push(r->arena, &names, NULL);
	bs_complain("--plan-name '%s': no such plan; %s", wanted,
		    bs_choices(r->arena, wanted, strlen(wanted), names.v));
	return false;
}

/* A plan file is about one run. */
static bool formats_fit(const struct bs_command_line *line)
{
	bs_vec_each (i, &line->outputs) {
		const struct bs_format *format = line->outputs.v[i].format;

		if (line->plan.archive && format->question) {
			bs_complain(
				"--format=%s: a file of a plan cannot say what is in an archive",
				format->name);
			return false;
		}
		if (line->check.plans.n < 2 || !format->question)
			continue;
		bs_complain("--format=%s is about one plan: choose it by --plan-name",
			    format->name);
		return false;
	}
	return true;
}

/* The command line names something that is no executable: a directory or an archive. */
static bool add_named(struct bs_option_reader *r, bool is_archive)
{
	struct bs_plan base = r->line->plan;
	const char *wanted = r->words.plan_name;
	struct bs_check_line *check = &r->line->check;
	const struct bs_policy_libraries from = {
		.directory = base.executable,
		.host = r->words.host,
		.recursive = r->words.recursive,
	};

	if (base.n_steps) {
		bs_complain("%s: steps belong to an executable", base.executable);
		return false;
	}
	check->all = true;
	if (is_archive ? !bs_archive_plans(r) : !bs_set_directory(r, &base, &from))
		return false;
	if (check->plans.n)
		return true;
	bs_complain("--plan-name '%s': no such plan of %s", wanted, base.executable);
	return false;
}

/* Options that say something of a directory or an archive are of no use elsewhere. ERROR: why what
 * is named is not there, or 0. */
static bool words_fit(const struct bs_option_reader *r, bool is_directory, bool is_archive,
		      int error)
{
	const struct bs_check_words *words = &r->words;
	const char *option = words->host && !is_directory && !is_archive ? "host"
			     : words->recursive && !is_directory	 ? "recursive"
			     : words->executables && !is_archive	 ? "executable"
									 : NULL;

	if (option && error)
		bs_complain("%s: %s", r->line->plan.executable, strerror(error));
	else if (option)
		bs_complain("--%s is about %s", option,
			    strcmp(option, "recursive") == 0	? "a directory"
			    : strcmp(option, "executable") == 0 ? "an archive"
								: "a directory or an archive");
	return !option;
}

/* A name with no slash is a program's, if there is such a one. *RET_ERROR: why there is nothing of
 * that name, or 0. */
static bool names_directory(const struct bs_option_reader *r, int *ret_error)
{
	const struct bs_plan *plan = &r->line->plan;
	const char *name = plan->executable;

	bool is_directory = name && bs_set_has_directory(r->arena, plan, name);

	*ret_error = name && !is_directory ? errno : 0;
	if (!name || strchr(name, '/') || plan->root ||
	    !bs_find_host(r->arena, plan->search_path, name))
		return is_directory;
	*ret_error = 0;
	return false;
}

bool bs_check_plans(struct bs_option_reader *r)
{
	struct bs_command_line *line = r->line;
	struct bs_check_line *check = &line->check;

	bool archive = bs_names_archive(r->arena, &line->plan);
	int error = 0;
	bool directory = !archive && names_directory(r, &error);

	if (!words_fit(r, directory, archive, error))
		return false;
	if (archive || directory) {
		if (!add_named(r, archive))
			return false;
		line->plan = check->plans.v[0].plan;
		return formats_fit(line);
	}
	if (line->plan.executable) {
		if (r->words.plan_name) {
			bs_complain("--plan-name '%s': it is a plan of the policy or %s, not both",
				    r->words.plan_name, line->plan.executable);
			return false;
		}
		check->all = true;
		bs_vec_push(r->arena, &check->plans, (struct bs_named_plan){ .plan = line->plan });
		return true;
	}
	if (line->plan.n_steps) {
		bs_complain("steps without an EXECUTABLE; the plans of a policy have their own");
		return false;
	}
	if (check->policy && !make_plans(r))
		return false;
	if (!check->plans.n)
		return complain_of_no_plan(r);
	/* What --format=plan writes. */
	line->plan = check->plans.v[0].plan;
	return formats_fit(line);
}
