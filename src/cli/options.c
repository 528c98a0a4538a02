/* SPDX-License-Identifier: MIT */
/* The command line, read from the one list in options.def. */
#include "options-priv.h"

#include "../profile/profile.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum option_id {
	OPTION_NONE = 256, /* above any short option */
#define GROUP(title, command)
#define OPTION(id, name, letter, argument, help)   OPTION_##id,
#define MAY_HAVE(id, name, letter, argument, help) OPTION_##id,
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
};

static const struct option long_options[] = {
#define GROUP(title, command)
#define OPTION(id, name, letter, argument, help)                                                   \
	{ name, (argument) != NULL ? required_argument : no_argument, NULL, OPTION_##id },
#define MAY_HAVE(id, name, letter, argument, help) { name, optional_argument, NULL, OPTION_##id },
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	{ 0 },
};

/* The command that alone has option ID, or NONE. */
static enum bs_command owner_of(int id)
{
	enum bs_command owner = BS_COMMAND_NONE;

#define GROUP(title, command) owner = BS_COMMAND_##command;
#define OPTION(id_, name, letter, argument, help)                                                  \
	if (id == OPTION_##id_)                                                                    \
		return owner;
#define MAY_HAVE OPTION
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	return BS_COMMAND_NONE;
}

/* Commands may come behind their options: whether those fit is known at the end. */
static void note_option(struct bs_option_reader *r, int id)
{
	const struct option *o = long_options;

	while (o->val != id)
		o++;
	bs_vec_push(r->arena, &r->given, ((struct bs_given_option){ o->name, owner_of(id) }));
}

bool bs_options_fit(const struct bs_option_reader *r)
{
	bs_vec_each (i, &r->given) {
		enum bs_command owner = r->given.v[i].owner;

		if (owner == BS_COMMAND_NONE || owner == r->line->command)
			continue;
		bs_complain("--%s belongs to the command %s", r->given.v[i].name,
			    bs_command_text(owner)->name);
		return false;
	}
	return true;
}

const char *bs_options_refused(const struct bs_option_reader *r)
{
	bs_vec_each (i, &r->given)
		if (!bs_command_takes(r->line->command, r->given.v[i].owner, r->given.v[i].name))
			return r->given.v[i].name;
	return NULL;
}

const char *bs_options_refused_by(const struct bs_option_reader *r, enum bs_mode mode)
{
	bs_vec_each (i, &r->given)
		if (!bs_mode_takes(mode, r->given.v[i].name))
			return r->given.v[i].name;
	return NULL;
}

/* Behind the checks that know better what to say. */
static bool all_taken(const struct bs_option_reader *r)
{
	const enum bs_command command = r->line->command;
	const char *refused = bs_options_refused(r);

	if (refused && command != BS_COMMAND_NONE)
		bs_complain("%s has no --%s", bs_command_text(command)->name, refused);
	else if (refused)
		bs_complain("--%s belongs to a command; bindsim help options tells to which",
			    refused);
	return !refused;
}

/* Those that belong to the command check. */
static bool read_check_option(struct bs_option_reader *r, enum option_id id, const char *value)
{
	struct bs_check_words *words = &r->words;
	static const struct {
		enum option_id id;
		size_t offset;
	} texts[] = {
		{ OPTION_POLICY, offsetof(struct bs_check_words, policy) },
		{ OPTION_PLAN_NAME, offsetof(struct bs_check_words, plan_name) },
		{ OPTION_BASELINE, offsetof(struct bs_check_words, baseline) },
		{ OPTION_TODAY, offsetof(struct bs_check_words, today) },
		{ OPTION_HOST, offsetof(struct bs_check_words, host) },
		{ OPTION_EXECUTABLE, offsetof(struct bs_check_words, executables) },
	};

	words->no_policy |= id == OPTION_NO_POLICY;
	words->recursive |= id == OPTION_RECURSIVE;
	words->gen_suppressions |= id == OPTION_GEN_SUPPRESSIONS;
	if (id == OPTION_WRITE_BASELINE)
		r->line->check.write_baseline = value;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].id == id)
			*(const char **)((char *)words + texts[i].offset) = value;
	if (id != OPTION_TODAY || bs_is_date(value))
		return true;
	bs_complain("--today '%s': a day is wanted: YYYY-MM-DD", value);
	return false;
}

/* Those that belong to the command scan. */
static bool read_scan_option(struct bs_option_reader *r, enum option_id id, const char *value)
{
	struct bs_scan_line *scan = &r->line->scan;

	scan->libraries |= id == OPTION_LIBRARIES;
	scan->null |= id == OPTION_NULL_PATHS;
	scan->one_file_system |= id == OPTION_ONE_FILE_SYSTEM;
	scan->merge |= id == OPTION_MERGE;
	if (id == OPTION_PLUGINS)
		bs_vec_push(r->arena, &scan->plugins, value);
	if (id == OPTION_JOURNAL)
		scan->journal = value;
	return id == OPTION_JOBS     ? bs_read_jobs(r, value)
	       : id == OPTION_MEMORY ? bs_read_memory(r, value)
	       : id == OPTION_SHARD  ? bs_read_shard(r, value)
				     : true;
}

static bool read_option(struct bs_option_reader *r, int id, const char *value)
{
	struct bs_plan *plan = &r->line->plan;
	bool ok;

	note_option(r, id);
	switch ((enum option_id)id) {
	case OPTION_DLOPEN:
		return bs_read_step(r, BS_STEP_DLOPEN, value);
	case OPTION_DLMOPEN:
		return bs_read_step(r, BS_STEP_DLMOPEN, value);
	case OPTION_DLSYM:
		return bs_read_step(r, BS_STEP_DLSYM, value);
	case OPTION_DLCLOSE:
		return bs_read_step(r, BS_STEP_DLCLOSE, value);
	case OPTION_CALL:
		return bs_read_step(r, BS_STEP_CALL, value);
	case OPTION_INIT:
		return bs_begin_block(r, value);
	case OPTION_END_INIT:
		return bs_end_block(r);
	case OPTION_CALLER:
		r->said.caller = value;
		return true;
	case OPTION_PLAN:
		return bs_read_plan(r, value);
	case OPTION_FOLLOW_DLOPEN_NOTES:
		return bs_read_follow(r, value);
	case OPTION_PID:
		return bs_read_pid(r, value);
	case OPTION_CORE:
		r->line->live.core = value;
		return true;
	case OPTION_BIND_NOW:
		bs_vec_push(r->arena, &r->set, (struct bs_variable){ "LD_BIND_NOW", "1" });
		return true;
	case OPTION_LIBRARY_PATH:
		plan->library_path = value;
		return true;
	case OPTION_PRELOAD:
		plan->preload = value;
		return true;
	case OPTION_ENV:
		return bs_read_env(r, value);
	case OPTION_NO_ENV:
		r->no_env = true;
		return true;
	case OPTION_USE_ENV:
		r->words.use_env = true;
		return true;
	case OPTION_POLICY:
	case OPTION_NO_POLICY:
	case OPTION_PLAN_NAME:
	case OPTION_HOST:
	case OPTION_RECURSIVE:
	case OPTION_EXECUTABLE:
	case OPTION_BASELINE:
	case OPTION_WRITE_BASELINE:
	case OPTION_GEN_SUPPRESSIONS:
	case OPTION_TODAY:
		return read_check_option(r, (enum option_id)id, value);
	case OPTION_LIBRARIES:
	case OPTION_PLUGINS:
	case OPTION_NULL_PATHS:
	case OPTION_ONE_FILE_SYSTEM:
	case OPTION_JOBS:
	case OPTION_MEMORY:
	case OPTION_JOURNAL:
	case OPTION_SHARD:
	case OPTION_MERGE:
		return read_scan_option(r, (enum option_id)id, value);
	case OPTION_MAX_ORDERS:
		return bs_read_max_orders(r, value);
	case OPTION_PAIRS:
		r->line->order.pairs = value;
		return true;
	case OPTION_LOG:
		bs_vec_push(r->arena, &r->line->verify.logs, value);
		return true;
	case OPTION_PROCESS:
		bs_vec_push(r->arena, &r->processes, value);
		return true;
	case OPTION_RUN:
		r->line->verify.runs = true;
		return true;
	case OPTION_ARGUMENT:
		bs_vec_push(r->arena, &r->line->verify.arguments, value);
		return true;
	case OPTION_TIMEOUT:
		return bs_read_timeout(r, value);
	case OPTION_CHILDREN:
		r->line->record.children = true;
		return true;
	case OPTION_ROOT:
	case OPTION_SYSROOT:
		plan->root = value;
		return true;
	case OPTION_LEFT_ROOT:
		r->line->diff.root[0] = value;
		return true;
	case OPTION_RIGHT_ROOT:
		r->line->diff.root[1] = value;
		return true;
	case OPTION_CWD:
		plan->cwd = value;
		return true;
	case OPTION_ARGV0:
		plan->argv0 = value;
		return true;
	case OPTION_LOADER:
		plan->loader = value;
		return true;
	case OPTION_SET:
		return bs_read_setting(r, value);
	case OPTION_SECURE:
		plan->secure = true;
		return true;
	case OPTION_INHIBIT_CACHE:
		plan->inhibit_cache = true;
		return true;
	case OPTION_LDCONFIG:
		plan->ldconfig = true;
		return true;
	case OPTION_INHIBIT_RPATH:
		plan->inhibit_rpath = value;
		return true;
	case OPTION_CPU:
		plan->cpu = value;
		return true;
	case OPTION_PLATFORM:
		plan->platform = value;
		return true;
	case OPTION_HWCAPS_MASK:
		plan->hwcaps_mask = value;
		return true;
	case OPTION_HWCAPS_PREPEND:
		plan->hwcaps_prepend = value;
		return true;
	case OPTION_SYMBOL:
		r->line->selection.symbol = value;
		return true;
	case OPTION_FROM:
		r->line->selection.from = value;
		return true;
	case OPTION_TO:
		r->line->selection.to = value;
		return true;
	case OPTION_PAIR:
		return bs_read_pair(r, value);
	case OPTION_REMEDY:
		return bs_read_remedies(r, value);
	case OPTION_RULE:
		r->rule = value;
		return true;
	case OPTION_REPORT:
		return bs_read_report(r, value);
	case OPTION_FAIL_ON:
		return bs_read_level(r, value);
	case OPTION_LIBRARY_DB:
		bs_vec_push(r->arena, &r->line->library_dbs, value);
		return true;
	case OPTION_FORMAT:
		r->format = bs_read_format(r, "--format", value, &ok);
		return ok;
	case OPTION_SHOW:
		r->show = value;
		return true;
	case OPTION_OUTPUT:
		r->output = value;
		return true;
	case OPTION_PROOF:
		return bs_read_proof(r, value);
	case OPTION_COLOR:
		return bs_read_color(r, value);
	case OPTION_VERBOSE:
		r->line->verbose = true;
		return true;
	case OPTION_QUIET:
		r->quiet = true;
		return true;
	case OPTION_HELP:
		bs_print_help(r->line->command);
		r->line->done = true;
		return true;
	case OPTION_VERSION:
		puts("bindsim " BINDSIM_VERSION);
		r->line->done = true;
		return true;
	case OPTION_NONE:
		break;
	}
	return false;
}

/* What is called ARGUMENT in options.def is a name, and no name is empty. */
static bool is_name(const char *argument)
{
	static const char *const names[] = { "FILE", "DIR", "DIR[:FLAGS]", "PROGRAM" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (argument && strcmp(argument, names[i]) == 0)
			return true;
	return false;
}

/* An empty name is mostly that of a variable which is not set. False after a message. */
static bool has_name(int id, const char *value)
{
	static const char *const arguments[] = {
#define GROUP(title, command)
#define OPTION(id, name, letter, argument, help) argument,
#define MAY_HAVE				 OPTION
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	};

	for (const struct option *o = long_options; value && !*value && o->name; o++) {
		const char *argument = arguments[o - long_options];

		if (o->val != id || !is_name(argument))
			continue;
		bs_complain("--%s '': %s is wanted", o->name, argument);
		return false;
	}
	return true;
}

/* ---- the whole line ------------------------------------------------------------------------ */

static int short_to_id(int id)
{
#define GROUP(title, command)
#define OPTION(id_, name, letter, argument, help)                                                  \
	if ((letter) && id == (letter))                                                            \
		return OPTION_##id_;
#define MAY_HAVE OPTION
#include "options.def"
#undef MAY_HAVE
#undef OPTION
#undef GROUP
	return id;
}

/* The first word may be a command; "./explain" is a file. */
static bool take_word(struct bs_option_reader *r, const char *word)
{
	struct bs_command_line *line = r->line;

	if (!line->plan.executable && line->command == BS_COMMAND_NONE) {
		line->command = bs_command_find(word);
		if (line->command != BS_COMMAND_NONE)
			return true;
	}
	if (line->command == BS_COMMAND_HELP && line->plan.executable) {
		bs_complain("help is about one command: '%s' is one too many", word);
		return false;
	}
	if (line->command == BS_COMMAND_LOADERS && line->plan.executable) {
		bs_complain("loaders lists one profile or all: '%s' is one too many", word);
		return false;
	}
	if (!*word && bs_command_text(line->command)->n_words > 2) {
		bs_complain("'': %s", strerror(ENOENT));
		return false;
	}
	if (line->command == BS_COMMAND_LOG) {
		bs_vec_push(r->arena, &line->log.files, word);
		return true;
	}
	if (line->command == BS_COMMAND_SCAN) {
		bs_vec_push(r->arena, &line->scan.paths, word);
		return true;
	}
	/* Before the options of the program are taken for those of record. */
	if (line->command == BS_COMMAND_RECORD) {
		bs_complain("record: what is to be run stands behind --: bindsim record "
			    "[OPTION]... -- %s ...",
			    word);
		return false;
	}
	if (!line->plan.executable) {
		line->plan.executable = word;
		return true;
	}
	if (line->command != BS_COMMAND_NONE && !line->second &&
	    bs_command_text(line->command)->n_words > 1) {
		line->second = word;
		return true;
	}
	bs_complain_of_word(line, word);
	return false;
}

/* --rule, for the commands that know what to do with it. */
static bool read_rule(struct bs_option_reader *r)
{
	enum bs_command command = r->line->command;

	if (command != BS_COMMAND_EXPLAIN && command != BS_COMMAND_ADVISE) {
		bs_complain("--rule belongs to the commands explain and advise");
		return false;
	}
	r->line->advise.rule = bs_rule_find(r->rule);
	if (command == BS_COMMAND_EXPLAIN || r->line->advise.rule != BS_RULE_COUNT_)
		return true;
	bs_complain("--rule '%s': unknown; %s", r->rule,
		    bs_choices(r->arena, r->rule, strlen(r->rule), bs_rule_slugs(r->arena)));
	return false;
}

/* The long options that the N letters at WORD begin, joined by commas. */
static const char *options_with(struct bs_arena *arena, const char *word, size_t n)
{
	const char *names = "";

	for (const struct option *o = long_options; o->name; o++)
		if (strncmp(o->name, word, n) == 0)
			names = bs_arena_printf(arena, "%s%s--%s", names, *names ? ", " : "",
						o->name);
	return names;
}

static void complain_of_unknown(struct bs_arena *arena, const char *word)
{
	enum { N_OPTIONS = sizeof long_options / sizeof *long_options };
	const char *names[N_OPTIONS];
	size_t n = strcspn(word, "=");
	const char *several = n ? options_with(arena, word, n) : "";

	if (*several) {
		bs_complain("--%.*s may be any of %s", (int)n, word, several);
		return;
	}
	for (size_t i = 0; i < N_OPTIONS; i++)
		names[i] = long_options[i].name;
	const char *meant = bs_closest_word(word, n, names);

	/* Other tools have --json. */
	if (!meant && bs_format_find(word))
		meant = bs_arena_printf(arena, "format=%s", word);
	bs_complain("unknown option --%.*s; %s%s%s", (int)n, word, meant ? "did you mean --" : "",
		    meant ? meant : "bindsim help options lists all", meant ? "?" : "");
}

/* What getopt(3) stopped at; ID says why, WORD is the argument that it was in. */
static void complain_of_option(struct bs_arena *arena, int id, const char *word)
{
	const struct option *o = long_options;

	while (o->name && o->val != optopt)
		o++;
	if (id == ':' && o->name)
		bs_complain("--%s needs a value; bindsim help options lists all", o->name);
	else if (id == ':')
		bs_complain("-%c needs a value; bindsim help options lists all", optopt);
	else if (o->name)
		bs_complain("--%s takes no value: %s", o->name, word);
	else if (optopt)
		bs_complain("unknown option -%c; bindsim help options lists all", optopt);
	else
		complain_of_unknown(arena, word + strlen("--"));
}

/* Two reports would lie there mixed with each other. False after a message. */
static bool one_to_standard_output(const struct bs_option_reader *r)
{
	unsigned n = 0;

	bs_vec_each (i, &r->line->outputs) {
		/* diff has its own one, the last, with -q, too, and does not write it. */
		bool is_dropped = r->line->diff.quiet && r->line->command == BS_COMMAND_DIFF &&
				  i + 1 == r->line->outputs.n;

		n += !is_dropped && !r->line->outputs.v[i].path;
	}
	if (n > 1)
		bs_complain("standard output has room for one report: -q drops the one of --format,"
			    " -o FILE and --report FORMAT:FILE write others to files");
	return n <= 1;
}

bool bs_command_line_read(struct bs_arena *arena, int argc, char **argv, char **environ,
			  struct bs_command_line *ret)
{
	struct bs_option_reader r = { .arena = arena, .line = ret };
	int id;

	*ret = (struct bs_command_line){ .advise.rule = BS_RULE_COUNT_ };
	opterr = 0;
	optind = 1;
	/* The "-" makes getopt(3) hand over every other word, too, as option 1, whatever
	 * POSIXLY_CORRECT says. */
	while ((id = getopt_long(argc, argv, "-:o:j:0vqhV", long_options, NULL)) != -1) {
		if (id == 1) {
			if (!take_word(&r, optarg))
				return false;
			continue;
		}
		if (id == ':' || id == '?') {
			complain_of_option(arena, id, argv[optind - 1]);
			return false;
		}
		id = short_to_id(id);
		if (!has_name(id, optarg) || !read_option(&r, id, optarg))
			return false;
		if (optarg && optarg == argv[optind - 1]) {
			r.taker = r.given.v[r.given.n - 1].name;
			r.taken = optarg;
		}
		if (ret->done)
			return true;
	}
	if (ret->command == BS_COMMAND_RECORD)
		return bs_options_fit(&r) && bs_record_open(&r, argv[optind - 1], argv + optind);
	for (; optind < argc; optind++)
		if (!take_word(&r, argv[optind]))
			return false;
	if (!bs_formats_are_known(&r))
		return false;
	if (ret->command == BS_COMMAND_HELP) {
		ret->done = true;
		return bs_options_fit(&r) && all_taken(&r) &&
		       bs_print_help_about(ret->plan.executable);
	}
	if (ret->command == BS_COMMAND_LOADERS) {
		ret->done = true;
		if (!bs_options_fit(&r) || !all_taken(&r))
			return false;
		if (r.format && r.format != &bs_format_text) {
			bs_complain("loaders writes text only, not --format=%s", r.format->name);
			return false;
		}
		return bs_print_loaders(arena, ret->plan.executable);
	}
	if (r.rule && !read_rule(&r))
		return false;
	if (r.output && strcmp(r.output, "-") == 0)
		r.output = NULL;
	if (r.rule && ret->command == BS_COMMAND_EXPLAIN)
		return bs_explain_rule(&r);
	return bs_options_end(&r, environ) && all_taken(&r) && one_to_standard_output(&r);
}
