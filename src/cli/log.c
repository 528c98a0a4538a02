/* SPDX-License-Identifier: MIT */
/* `bindsim log FILE...`: where its bytes come from, where its answer goes, and the exit status. */
#include "options-priv.h"

#include "../base/open.h"

#include <errno.h>
#include <string.h>

/* ---- the command line ------------------------------------------------------------------------ */

/* Moves *AT past the number that it begins with; false where there is none, or a longer one than
 * those of processes. */
static bool take_number(const char **at, uint32_t *ret)
{
	size_t n = strspn(*at, "0123456789");

	for (*ret = 0; n > 0 && n < 10 && **at >= '0' && **at <= '9'; ++*at)
		*ret = *ret * 10 + (uint32_t)(**at - '0');
	return n > 0 && n < 10;
}

bool bs_is_log_process(const char *text, struct bs_log_wanted *ret)
{
	*ret = (struct bs_log_wanted){ 0 };
	if (!take_number(&text, &ret->pid))
		return false;
	if (*text != ':')
		return !*text;
	text++;
	return take_number(&text, &ret->image) && ret->image && !*text;
}

static bool read_process(struct bs_option_reader *r, const char *text)
{
	struct bs_log_line *log = &r->line->log;
	struct bs_log_wanted wanted;

	if (!*text) {
		bs_complain("--process '': a process id or the name of a program is wanted");
		return false;
	}
	if (bs_is_log_process(text, &wanted))
		bs_vec_push(r->arena, &log->wanted, wanted);
	else
		bs_vec_push(r->arena, &log->globs, text);
	return true;
}

/* An option about a process that is simulated, or about what is made of one; or NULL. */
static const char *pointless_option(const struct bs_option_reader *r)
{
	const struct bs_command_line *line = r->line;
	const struct bs_plan *plan = &line->plan;
	const struct {
		const char *name;
		bool is_given;
	} options[] = {
		{ "root", plan->root != NULL },
		{ "cwd", plan->cwd != NULL },
		{ "argv0", plan->argv0 != NULL },
		{ "loader", plan->loader != NULL },
		{ "env or --bind-now", r->set.n != 0 },
		{ "no-env", r->no_env },
		{ "set", r->settings.n != 0 },
		{ "library-path", plan->library_path != NULL },
		{ "preload", plan->preload != NULL },
		{ "secure", plan->secure },
		{ "inhibit-cache", plan->inhibit_cache },
		{ "inhibit-rpath", plan->inhibit_rpath != NULL },
		{ "ldconfig", plan->ldconfig },
		{ "cpu", plan->cpu != NULL },
		{ "platform", plan->platform != NULL },
		{ "hwcaps-mask", plan->hwcaps_mask != NULL },
		{ "hwcaps-prepend", plan->hwcaps_prepend != NULL },
		{ "caller", r->said.caller != NULL },
		{ "follow-dlopen-notes", line->follows_notes },
		{ "library-db", line->library_dbs.n != 0 },
		{ "proof", line->proof != BS_PROOF_AUTO },
		{ "plan", r->plan_file != NULL },
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (options[i].is_given)
			return options[i].name;
	return NULL;
}

bool bs_log_open(struct bs_option_reader *r)
{
	static const struct bs_format *const formats[] = {
		&bs_format_log_text, &bs_format_log_json,  &bs_format_log_ndjson,
		&bs_format_log_plan, &bs_format_log_lines, NULL
	};
	struct bs_command_line *line = r->line;

	if (!line->log.files.n) {
		bs_complain("log of what? FILE... is wanted; - is standard input");
		return false;
	}
	const char *pointless = r->said.steps.n ? "dlopen or the like" : pointless_option(r);

	if (pointless) {
		bs_complain("log reads what happened: it has no --%s", pointless);
		return false;
	}
	bs_vec_each (i, &r->processes)
		if (!read_process(r, r->processes.v[i]))
			return false;
	if (line->log.globs.n)
		bs_vec_push(r->arena, &line->log.globs, NULL);
	bs_add_own_output(r, NULL);
	return bs_use_formats(r->arena, line, formats);
}

/* ---- reading --------------------------------------------------------------------------------- */

enum { AT_ONCE = 1 << 18 };

bool bs_log_read_file(struct bs_log *log, const char *path)
{
	static char bytes[AT_ONCE];
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct bs_input input;
	ssize_t n = -1;

	bs_log_begin_file(log, name);
	if (bs_input_open(&input, path, BS_INPUT_ANY)) {
		while ((n = bs_input_bytes(&input, bytes, sizeof bytes)) > 0)
			bs_log_bytes(log, bytes, (size_t)n);
		bs_input_close(&input);
	}
	if (n < 0)
		bs_complain("%s: %s", name, bs_open_words(errno));
	return n == 0;
}

/* What has no message of a loader that is known is no log. */
bool bs_log_has_words(const struct bs_log *log)
{
	const struct bs_log_sum *sum = bs_log_sum(log);
	uint64_t known = 0;

	for (uint32_t i = 0; i < bs_log_n_processes(log); i++)
		for (enum bs_log_kind kind = BS_LOG_UNKNOWN + 1; kind < BS_LOG_KIND_COUNT_; kind++)
			known += bs_log_process(log, i)->n[kind];
	if (known)
		return true;
	if (sum->is_qnx)
		bs_complain("%s:%llu: this is what DL_DEBUG of QNX prints, which is not read",
			    bs_log_file(log, sum->first_qnx.file),
			    (unsigned long long)sum->first_qnx.line);
	else
		bs_complain("%s: no line of it is one that a loader prints under LD_DEBUG",
			    bs_log_file(log, 0));
	return false;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *program_of(const struct bs_log_result *result,
			      const struct bs_log_process *process)
{
	return process->program ? bs_log_words(result, process->program) : "unknown program";
}

/* What --process chooses PROCESS by, and its program: "11:2 (./app)". */
static const char *chosen_by(struct bs_arena *arena, const struct bs_log_result *result,
			     const struct bs_log_process *process)
{
	bool has_others = process->generation != 0;

	for (uint32_t i = 0; i < bs_log_n_processes(result->log) && !has_others; i++)
		has_others = bs_log_process(result->log, i) != process &&
			     bs_log_process(result->log, i)->pid == process->pid;
	if (has_others)
		return bs_arena_printf(arena, "%u:%u (%s)", process->pid, process->generation + 1,
				       program_of(result, process));
	return bs_arena_printf(arena, "%u (%s)", process->pid, program_of(result, process));
}

/* The one process that a plan, or lines, are of; or BS_LOG_NOBODY after a message. */
static uint32_t only_process(struct bs_arena *arena, const struct bs_log_result *result,
			     const struct bs_format *format)
{
	if (result->chosen.n == 1)
		return result->chosen.v[0];
	const struct bs_log_process *first = bs_log_process(result->log, result->chosen.v[0]);
	const struct bs_log_process *second = bs_log_process(result->log, result->chosen.v[1]);

	bs_complain("--format=%s is of one process, and there are %u: --process says which, such "
		    "as %s or %s",
		    format->name, result->chosen.n, chosen_by(arena, result, first),
		    chosen_by(arena, result, second));
	return BS_LOG_NOBODY;
}

static bool write_plan(struct bs_arena *arena, struct bs_report *report,
		       const struct bs_log_result *result, uint32_t process)
{
	const struct bs_log_plan plan = bs_log_plan_of(arena, result, process);

	if (!plan.plan.executable) {
		bs_complain("no plan: the log does not tell which program process %u is",
			    bs_log_process(result->log, process)->pid);
		return false;
	}
	bs_format_plan.question(report, arena, &plan.plan);
	bs_complain("the plan of process %u: not in the log: %s",
		    bs_log_process(result->log, process)->pid, plan.unknown);
	return true;
}

static bool write_answer(struct bs_arena *arena, const struct bs_command_line *line,
			 const struct bs_output *output, const struct bs_log_result *result)
{
	struct bs_begun_output begun;
	bool is_of_one =
		output->format == &bs_format_log_plan || output->format == &bs_format_log_lines;
	uint32_t process = is_of_one ? only_process(arena, result, output->format) : 0;
	const char *problem = output->format->open ? output->format->open() : NULL;

	if (problem)
		bs_complain("--format=%s: %s", output->format->name, problem);
	if (problem || process == BS_LOG_NOBODY || !bs_output_begin(arena, line, output, &begun))
		return false;
	if (output->format == &bs_format_log_plan) {
		if (!write_plan(arena, &begun.report, result, process)) {
			bs_destination_close(&begun.destination, begun.report.writer, false);
			return false;
		}
	} else if (output->format == &bs_format_log_lines) {
		bs_log_lines(&begun.report, result, process);
	} else if (output->format == &bs_format_log_text) {
		bs_log_text(&begun.report, arena, result);
	} else {
		bs_log_json(&begun.report, arena, result);
	}
	return bs_output_end(&begun);
}

/* The sum over the processes that were chosen: in RESULT, and in words; NULL: nothing is a reason
 * to fail. */
static const char *weigh(struct bs_arena *arena, const struct bs_command_line *line,
			 struct bs_log_result *result)
{
	uint32_t n_undefined = 0, n_refused = 0;
	enum bs_log_level worst = BS_LOG_NONE;

	bs_vec_each (i, &result->chosen) {
		const struct bs_log_account *a =
			bs_log_account(result->accounts, result->chosen.v[i]);

		n_undefined += a->n_undefined;
		n_refused += a->n_refused;
		worst = a->worst > worst ? a->worst : worst;
	}
	result->is_refusal = n_undefined || n_refused;
	result->is_reached = line->fail_on != BS_LEVEL_NONE && (int)worst >= (int)line->fail_on;
	if (result->is_refusal)
		return bs_arena_printf(arena, "the log shows %s%s%s",
				       n_undefined ? "undefined symbols" : "",
				       n_undefined && n_refused ? " and " : "",
				       n_refused ? "objects that were refused" : "");
	return result->is_reached ? bs_arena_printf(arena, "a finding reaches --fail-on=%s",
						    bs_level_name(line->fail_on))
				  : NULL;
}

static void complain_of_choice(struct bs_arena *arena, const struct bs_log_result *result)
{
	enum { MOST_LISTED = 5 };
	uint32_t n = bs_log_n_processes(result->log);
	const char *list = "";

	for (uint32_t i = 0; i < n && i < MOST_LISTED; i++) {
		const struct bs_log_process *process = bs_log_process(result->log, i);

		list = bs_arena_printf(arena, "%s%s%s", list, i ? ", " : "",
				       chosen_by(arena, result, process));
	}
	if (n > MOST_LISTED)
		list = bs_arena_printf(arena, "%s and %u more", list, n - MOST_LISTED);
	bs_complain("--process: the log has no such process; there %s %s", n == 1 ? "is" : "are",
		    list);
}

/* False after a message: nothing of what was asked for is there. */
static bool choose(struct bs_arena *arena, const struct bs_command_line *line,
		   struct bs_log_result *result)
{
	result->has_choice = line->log.wanted.n || line->log.globs.n;
	for (uint32_t i = 0; i < bs_log_n_processes(result->log); i++)
		if (bs_log_account(result->accounts, i)->is_wanted)
			bs_vec_push(arena, &result->chosen, i);
	if (!result->chosen.n)
		complain_of_choice(arena, result);
	return result->chosen.n != 0;
}

/* What there is to say of the log that has been read. */
static enum bs_exit conclude(struct bs_arena *arena, const struct bs_command_line *line,
			     struct bs_log_result *result)
{
	if (!bs_log_has_words(result->log) || !choose(arena, line, result))
		return BS_EXIT_TROUBLE;
	const char *reason = weigh(arena, line, result);

	bs_vec_each (i, &line->outputs)
		if (!write_answer(arena, line, &line->outputs.v[i], result))
			return BS_EXIT_TROUBLE;
	if (reason)
		bs_complain("%s", reason);
	return reason ? BS_EXIT_REFUSED : BS_EXIT_OK;
}

enum bs_exit bs_log_command(struct bs_arena *arena, const struct bs_command_line *line)
{
	struct bs_log_accounts_options options = {
		.wanted = line->log.wanted,
		.globs = line->log.globs.n ? line->log.globs.v : NULL,
	};
	struct bs_names *names = bs_names_new(arena);

	bs_vec_each (i, &line->outputs)
		options.keeps_sequence |= line->outputs.v[i].format == &bs_format_log_lines;
	struct bs_log_accounts *accounts = bs_log_accounts_new(arena, names, &options);
	const struct bs_log_sink sink = bs_log_accounts_sink(accounts);
	struct bs_log *log = bs_log_new(arena, names, &sink);
	struct bs_log_result result = {
		.log = log, .names = names, .accounts = accounts, .n_files = line->log.files.n
	};
	enum bs_exit status = BS_EXIT_TROUBLE;
	bool ok = true;

	for (uint32_t i = 0; i < line->log.files.n && ok; i++)
		ok = bs_log_read_file(log, line->log.files.v[i]);
	if (ok) {
		bs_log_end(log);
		bs_log_accounts_end(accounts, log);
		status = conclude(arena, line, &result);
	}
	bs_log_accounts_free(accounts);
	return status;
}
