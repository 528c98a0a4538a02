/* SPDX-License-Identifier: MIT */
/* options-priv.h - the command line under way, for the files that read it */
#pragma once

#include "cli.h"

/* The options of check, some of which scan has, too. */
struct bs_check_words {
	const char *policy, *plan_name, *baseline, *today; /* or NULL */
	const char *host, *executables;			   /* or NULL */
	bool no_policy, use_env, gen_suppressions, recursive;
	bool has_fail_on;
};

struct bs_given_option {
	const char *name;
	enum bs_command owner; /* whose alone it is, or NONE */
};

struct bs_option_reader {
	struct bs_arena *arena;
	struct bs_command_line *line;
	BS_VEC(struct bs_given_option) given; /* as they came */
	const char *taker, *taken;	      /* the last option whose value is a word, and that */
	struct bs_check_words words;
	const char *rule;
	const struct bs_format *format;
	const char *odd_format, *odd_format_option; /* a name of none, and what said it */
	const char *show;			    /* read when the formats are known */
	const char *output;
	const char *plan_file;
	bool no_env, quiet;
	BS_VEC(const char *) processes; /* of --process, which several commands have */
	struct bs_said_steps said;
	BS_VEC(struct bs_variable) set; /* by --env */
	BS_VEC(struct bs_variable) settings;
};

/* values.c: what an option's value says, taken into R. All return false, or NULL, after a message.
 */

/* NAME=VALUE, a word for --color, FORMAT:FILE, a level, FROM,TO. */
bool bs_read_env(struct bs_option_reader *r, const char *text);
/* --set PROFILE.KEY=VALUE. */
bool bs_read_setting(struct bs_option_reader *r, const char *text);
bool bs_read_color(struct bs_option_reader *r, const char *text);
bool bs_read_proof(struct bs_option_reader *r, const char *text);
bool bs_read_follow(struct bs_option_reader *r, const char *text);
bool bs_read_report(struct bs_option_reader *r, const char *text);
bool bs_read_level(struct bs_option_reader *r, const char *text);
bool bs_read_pair(struct bs_option_reader *r, const char *text);

/* formats.c: the format called TEXT, which OPTION names. NULL: *RET_OK is false after a message; or
 * there is none of that name, of which is told when the command is known. */
const struct bs_format *bs_read_format(struct bs_option_reader *r, const char *option,
				       const char *text, bool *ret_ok);

/* No option named a format that there is not; false after a message. */
bool bs_formats_are_known(const struct bs_option_reader *r);

/* The command of LINE does not write the format NAME; MORE follows. */
void bs_complain_of_format(struct bs_arena *arena, const struct bs_command_line *line,
			   const char *name, const char *more);

/* For a command that has formats of its own, called as those of a run: the outputs of LINE are in
 * one of FORMATS, NULL at the end. False after a message where one is to be in another. */
bool bs_use_formats(struct bs_arena *arena, struct bs_command_line *line,
		    const struct bs_format *const *formats);

/* --show, once all formats are known: each report shows the parts that it has. */
bool bs_read_show(struct bs_option_reader *r);

/* A step, and the block of constructors that steps from here on belong to. */
bool bs_read_step(struct bs_option_reader *r, enum bs_step_kind kind, const char *text);
bool bs_begin_block(struct bs_option_reader *r, const char *object);
bool bs_end_block(struct bs_option_reader *r);

/* check.c */

/* Reads the policy and takes its defaults into R. */
bool bs_check_open(struct bs_option_reader *r);

/* Reads the baseline that the command line or the policy names. */
bool bs_check_open_baseline(struct bs_option_reader *r);

/* What is to be checked: the plan of the command line, or those of the policy. */
bool bs_check_plans(struct bs_option_reader *r);

/* explain-rule.c: bindsim explain --rule RULE. No run is needed. */
bool bs_explain_rule(struct bs_option_reader *r);

/* advise.c: what holds for advise alone, when the line is read. */
bool bs_advise_open(struct bs_option_reader *r);
bool bs_read_remedies(struct bs_option_reader *r, const char *text);

/* diff.c: its words and formats; the line's outputs become those of a comparison. */
bool bs_diff_open(struct bs_option_reader *r);
/* order.c: --max-orders; what is to be known when all words are read. */
bool bs_read_max_orders(struct bs_option_reader *r, const char *text);
bool bs_order_open(struct bs_option_reader *r);

/* values.c: the number that TEXT begins with, from 1 up to MOST; 0: it is no such number. *RET_END:
 * what stands behind it. */
uint32_t bs_number_in(const char *text, uint32_t most, char **ret_end);

/* live.c: --pid; what is to be known when all words are read. */
bool bs_read_pid(struct bs_option_reader *r, const char *text);
bool bs_live_open(struct bs_option_reader *r);
/* log.c: reads TEXT, "PID" or "PID:IMAGE", images counted from 1; false where it is neither. A
 * process that bindsim simulated has the id 0. */
bool bs_is_log_process(const char *text, struct bs_log_wanted *ret);
/* log.c: what is to be known when all words are read. */
bool bs_log_open(struct bs_option_reader *r);

/* Reads the file PATH, which "-" says is standard input, into LOG. False after a message. */
bool bs_log_read_file(struct bs_log *log, const char *path);
/* False after a message: LOG, which is over, has no message of a loader that is known. */
bool bs_log_has_words(const struct bs_log *log);

/* verify.c: --timeout; what is to be known when all words are read; the arguments of the command
 * line, once a plan file is read: they are instead of its own. */
bool bs_read_timeout(struct bs_option_reader *r, const char *text);
bool bs_verify_open(struct bs_option_reader *r);
void bs_verify_arguments(struct bs_command_line *line);
/* record.c: the words of the command, NULL at the end, which stand behind BEHIND. */
bool bs_record_open(struct bs_option_reader *r, const char *behind, char *const *command);

/* scan-options.c: --jobs, --memory, --shard; what is to be known when all words are read. */
bool bs_read_jobs(struct bs_option_reader *r, const char *text);
bool bs_read_memory(struct bs_option_reader *r, const char *text);
bool bs_read_shard(struct bs_option_reader *r, const char *text);
bool bs_scan_open(struct bs_option_reader *r);

/* --plan: only one. */
bool bs_read_plan(struct bs_option_reader *r, const char *path);

/* options.c: each option belongs to the command that there is. False after a message. */
bool bs_options_fit(const struct bs_option_reader *r);

/* options.c: the first option that the command, or MODE of it, does not take; or NULL. */
const char *bs_options_refused(const struct bs_option_reader *r);
const char *bs_options_refused_by(const struct bs_option_reader *r, enum bs_mode mode);

/* options-end.c: the report of --format and -o is one of the line's outputs, in FORMAT, or in that
 * of --format where FORMAT is NULL. False: it is none, for -q drops what standard output would have
 * had. */
bool bs_add_own_output(struct bs_option_reader *r, const struct bs_format *format);

/* options-end.c: which option has taken the file that may have been meant to be what is asked
 * about: "'./app' is the value of --symbol. ", or "". */
const char *bs_taken_words(const struct bs_option_reader *r);

/* options-end.c: what is to be known when all words are read. ENVIRON is bindsim's own. False after
 * a message. */
bool bs_options_end(struct bs_option_reader *r, char **environ);
