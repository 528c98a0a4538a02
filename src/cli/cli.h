/* SPDX-License-Identifier: MIT */
/*
 * cli.h - argv -> plan, and the tool's own behaviour: messages, exit status, output files
 *
 * Floor 18: may include sim.h, report.h, profile.h for its names, and plan.h; it knows no
 * image and no symbol.
 */
#pragma once

#include "../base/guess.h"
#include "../input/input.h"
#include "../report/diff-report.h"
#include "../report/dlopen-notes.h"
#include "../report/log-report.h"
#include "../report/order-report.h"
#include "../report/report.h"
#include "../report/verify-report.h"
#include "../study/scan.h"

#include "../profile/plan.h"

enum bs_exit {
	BS_EXIT_OK = 0,
	BS_EXIT_REFUSED = 1, /* the simulated loader refused something */
	BS_EXIT_TROUBLE = 2, /* bindsim could not do its work */
};

enum bs_color { BS_COLOR_AUTO, BS_COLOR_ALWAYS, BS_COLOR_NEVER };

/* One report of the run: --format with --output, or --report. */
struct bs_output {
	const struct bs_format *format;
	unsigned show;
	bool shows_default; /* nobody said what to show */
	const char *path;   /* file, or NULL: standard output */
};

/* A plan to be checked. */
struct bs_named_plan {
	const char *name; /* in the policy; NULL: that of the command line */
	const char *set;  /* of whose libraries it is, or NULL */
	struct bs_plan plan;
	bool is_what_if; /* see struct bs_judged_run */
};

/* What `bindsim check` goes by, and `bindsim scan`, which has no PLANS. */
struct bs_check_line {
	const struct bs_policy *policy; /* or NULL */
	bs_baseline *known;		/* or NULL */
	const char *write_baseline;	/* a file, or NULL */
	const char *today;
	bool gen_suppressions;
	bool all; /* PLANS are all that the policy has */
	BS_VEC(struct bs_named_plan) plans;
};

enum bs_command {
	BS_COMMAND_NONE,
#define COMMAND(id, name, words, usage, about, status) BS_COMMAND_##id,
#include "commands.def"
#undef COMMAND
	BS_COMMAND_COUNT_
};

/* A row of commands.def. */
struct bs_command_text {
	const char *name;
	unsigned n_words;
	const char *usage; /* lines, each with a NUL; an empty one ends */
	const char *about, *status;
};

/* The row of COMMAND, which is not NONE. */
const struct bs_command_text *bs_command_text(enum bs_command command);

/* The command called WORD, or NONE. */
enum bs_command bs_command_find(const char *word);

/* The name of the command that WORD may have been meant to be, or NULL. */
const char *bs_closest_command(const char *word);

/* What `bindsim advise` goes by. */
struct bs_advise_line {
	enum bs_rule rule; /* advice about findings of this one; BS_RULE_COUNT_: of all */
	uint32_t remedies; /* bit K: to be tried; 0: all are */
};

/* What `bindsim diff` goes by, beside the plan of the command line and its words. */
struct bs_diff_line {
	const char *root[2]; /* by side: --left-root, --right-root, or NULL */
	uint32_t n_set;	     /* so many of the plan's last variables are set by --env */
	bool quiet;	     /* the last of the outputs is not written: -q without a file */
};

/* What `bindsim order` goes by. */
struct bs_order_line {
	uint32_t max_orders; /* 0: as many as by default */
	const char *pairs;   /* DIR[:FLAGS], or NULL */
};

struct bs_observation; /* study/observed.h */

/* --pid, --core. */
struct bs_live_line {
	int pid;				  /* 0: none */
	const char *core;			  /* a file, or NULL */
	const char *executable;			  /* of the core; NULL: the one that it names */
	bool has_plan;				  /* --plan */
	const struct bs_observation *observation; /* once it was looked at */
};

/* What `bindsim log` goes by. */
struct bs_log_line {
	BS_VEC(const char *) files;
	bs_log_wanted_list wanted;  /* --process, or ... */
	BS_VEC(const char *) globs; /* ... NULL at the end, if there are any */
};

/* What `bindsim verify` goes by. */
struct bs_verify_line {
	BS_VEC(const char *) logs;
	bool runs, no_env;
	bool has_pid;
	uint32_t pid, image; /* IMAGE 0: any of that pid */
	uint32_t timeout;    /* seconds; 0: as by default */
	BS_VEC(const char *) arguments;
	char **environ; /* bindsim's own */
};

/* What `bindsim record` goes by. */
struct bs_record_line {
	char *const *command; /* words, NULL at the end */
	const char *output;   /* the file of the plan */
	bool children, quiet;
};

/* What `bindsim scan` goes by. */
struct bs_scan_line {
	bs_scan_texts paths;
	bool reads_list; /* paths come from standard input ... */
	bool null;	 /* ... with a NUL behind each */
	bool libraries, one_file_system, merge, quiet;
	bool has_fail_on;	/* somebody said which findings count */
	bs_scan_texts plugins;	/* DIR[:FLAGS] */
	uint32_t part, n_parts; /* 0 of 0: the whole */
	const char *journal;	/* a file, or NULL */
	uint32_t jobs;		/* threads */
	uint64_t memory;	/* bytes from which on images are dropped */
};

/* What the command line asks for. */
struct bs_command_line {
	enum bs_command command;
	const char *second; /* the second word, of a command that takes two; or NULL */
	struct bs_plan plan;
	BS_VEC(struct bs_output) outputs;
	struct bs_selection selection;
	BS_VEC(const char *) library_dbs; /* files */
	enum bs_level fail_on;		  /* BS_LEVEL_NONE: findings do not count */
	struct bs_check_line check;
	struct bs_advise_line advise;
	struct bs_diff_line diff;
	struct bs_order_line order;
	struct bs_live_line live;
	struct bs_log_line log;
	struct bs_verify_line verify;
	struct bs_record_line record;
	struct bs_scan_line scan;
	enum bs_color color;
	enum bs_proof_mode proof;
	bool follows_notes;
	enum bs_note_priority follow_level; /* if so, the weakest that is followed */
	bool verbose;
	bool simulates; /* false: only the question is written */
	bool done;	/* --help, --version or --rule was answered */
};

/*
 * Reads ARGV into *RET, whose strings are ARGV's or ARENA's. Returns false after a message on
 * standard error. ENVIRON is bindsim's own environment, from which the variables that a loader
 * reads are taken.
 */
bool bs_command_line_read(struct bs_arena *arena, int argc, char **argv, char **environ,
			  struct bs_command_line *ret);

/* The same as bs_input_read() for a text; a message tells of an error, or of a NUL in it.
 * *RET_NAME: what the file is called in messages. */
char *bs_input_text(struct bs_arena *arena, const char *path, const char **ret_name);

/* baseline.c: the findings of the file PATH; NULL after a message. MAY_LACK: where there is no such
 * file there are none. */
bs_baseline *bs_baseline_load(struct bs_arena *arena, const char *path, bool may_lack);

/* Adds to BASELINE, which is of the plans of CHECK, what is known of others. */
void bs_baseline_keep(struct bs_arena *arena, bs_baseline *baseline,
		      const struct bs_check_line *check);

/* Writes BASELINE to the file PATH. False after a message. */
bool bs_baseline_save(struct bs_arena *arena, const char *path, const bs_baseline *baseline);

/* live.c: reads the process of LINE and finds the plan that leads to it. STORE must live on. Not OK
 * after a message. */
enum bs_exit bs_live_observe(struct bs_arena *arena, struct bs_command_line *line,
			     struct bs_store *store);

/* It is a real process that LINE asks about: --pid, --core. */
static inline bool bs_is_about_process(const struct bs_command_line *line)
{
	return line->live.pid || line->live.core;
}

/* What `bindsim verify' says of the process that was observed: OK, or REFUSED after a message. */
enum bs_exit bs_live_conclude(const struct bs_command_line *line);

/* order.c: the whole of it. Messages and outputs are written; STORE must live on. */
enum bs_exit bs_order_command(struct bs_arena *arena, const struct bs_command_line *line,
			      struct bs_store *store, struct bs_library_db *library_db);

/* log.c: the whole of it; no store is needed. */
enum bs_exit bs_log_command(struct bs_arena *arena, const struct bs_command_line *line);

/* verify.c: the whole of it. Messages and outputs are written; STORE must live on. */
enum bs_exit bs_verify_command(struct bs_arena *arena, const struct bs_command_line *line,
			       struct bs_store *store);

/* record.c: the whole of it. Returns an exit status, which is the command's where it ran. */
int bs_record_command(struct bs_arena *arena, const struct bs_command_line *line);

/* scan.c: the whole of it. STORE must live on. */
enum bs_exit bs_scan_command(struct bs_arena *arena, const struct bs_command_line *line,
			     struct bs_store *store);

/* advise.c: the whole of it. STORE must live on. */
enum bs_exit bs_advise_run(struct bs_arena *arena, const struct bs_command_line *line,
			   struct bs_store *store, struct bs_library_db *library_db);

/* diff.c: the whole of it. Messages and outputs are written; STORE must live on. */
enum bs_exit bs_diff_run(struct bs_arena *arena, const struct bs_command_line *line,
			 struct bs_store *store, struct bs_library_db *library_db);

/* main.c: what FILE is written in, by --color and the terminal. */
bool bs_wants_color(const struct bs_command_line *line, FILE *file);

/* output.c: DIAGS on standard error; what was assumed only if VERBOSE. */
void bs_print_diagnostics(struct bs_arena *arena, const struct bs_diags *diags, bool verbose);

/*
 * instead.c: says PROBLEM, why PLAN has no answer, behind PREFIX; and, where something else stands
 * in the program's place, what to ask about that.
 */
void bs_complain_of_plan(struct bs_arena *arena, const struct bs_plan *plan, const char *prefix,
			 const char *problem, enum bs_instead instead);

/* The libraries of bs_library_db_open(), and those of the files that LINE names. NULL after a
 * message. */
struct bs_library_db *bs_libraries_open(struct bs_arena *arena, const struct bs_command_line *line);

/* Adds those of the file PATH to DB. False after a message. */
bool bs_library_db_load(struct bs_arena *arena, struct bs_library_db *db, const char *path);

/* bs_plan_read() of the file PATH, which "-" says is standard input. False after a message. */
bool bs_plan_load(struct bs_arena *arena, const char *path, struct bs_plan *ret);

/* Puts the plan BELOW under TOP: what TOP says wins, its steps come behind those of BELOW. */
void bs_plan_merge(struct bs_arena *arena, struct bs_plan *top, const struct bs_plan *below);

/*
 * follow.c: appends to PLAN the steps that the notes of its objects about dlopen lead to, those of
 * LEVEL and stronger ones, with all that follows from these. False after a message.
 */
bool bs_follow_notes(struct bs_arena *arena, struct bs_store *store, enum bs_note_priority level,
		     struct bs_plan *plan);

/* Where a report goes. A file gets its name when it is complete: until then it lies beside its
 * place. */
struct bs_destination {
	FILE *file;
	const char *path;		  /* NULL: standard output */
	struct bs_unfinished *unfinished; /* the name until then; NULL: no regular file */
};

/* Opens PATH, or standard output for NULL. False after a message. */
bool bs_destination_open(struct bs_arena *arena, const char *path, struct bs_destination *ret);

/* Writes what WRITER holds back and closes; KEEP false: the file is dropped. False after a message.
 */
bool bs_destination_close(struct bs_destination *d, struct bs_writer *writer, bool keep);

/* The name of D's file until it is complete, which it gets if it had none; NULL: it can have none
 * of its own. */
const char *bs_destination_unfinished(const struct bs_destination *d);

/* Removes all files that are not complete, for who ends without closing them. A signal to end does
 * the same. */
void bs_destinations_drop(void);

/* begun.c: what LINE says of the report that OUTPUT asks for, which goes to WRITER. */
struct bs_report bs_report_for(const struct bs_command_line *line, const struct bs_output *output,
			       struct bs_writer *writer);

/* One of LINE's outputs that is made at one go, when all runs are over. */
struct bs_begun_output {
	struct bs_report report;
	struct bs_destination destination;
};

/* Opens OUTPUT, for who writes RET's report and calls bs_output_end(). Both false after a message.
 */
bool bs_output_begin(struct bs_arena *arena, const struct bs_command_line *line,
		     const struct bs_output *output, struct bs_begun_output *ret);
bool bs_output_end(struct bs_begun_output *output);

/* private.c: makes a directory that nobody else looks into, for WHAT, which messages name. It is
 * removed when the tool ends, however that comes to be. There is one at most. False after a
 * message. */
bool bs_private_directory(struct bs_arena *arena, const char *what, const char **ret);

/* Has the file that is open as FD removed when the tool ends, whatever ends it, if PATH is its name
 * then. Where no process is to be had, it is left to bs_destinations_drop(). */
void bs_private_file(const char *path, int fd);

/* A pipe whose ends are none of the standard files, though these are closed. False: see errno. */
bool bs_pipe(int ends[2]);

/* Removes it now, if there is one. */
void bs_private_end(void);

/* Says that WORD, no option, has no place on LINE, and where it may have been meant to be. */
void bs_complain_of_word(const struct bs_command_line *line, const char *word);

/* --help of COMMAND, or of the tool. */
void bs_print_help(enum bs_command command);

/* `bindsim help TOPIC': a command, "options", or NULL. False after a message. */
bool bs_print_help_about(const char *topic);

/* Whether COMMAND takes the option NAME, which belongs to OWNER alone, or to NONE. */
bool bs_command_takes(enum bs_command command, enum bs_command owner, const char *name);

/* Ways of commands that have a use for fewer options; see takes.def. */
enum bs_mode {
#define MODE(id, which, names) BS_MODE_##id,
#define SHARED(names, commands)
#define TAKES(command, which, names, shown)
#include "takes.def"
#undef TAKES
#undef SHARED
#undef MODE
};

/* Whether MODE takes the option NAME, which its command takes. */
bool bs_mode_takes(enum bs_mode mode, const char *name);

/* COMMAND takes but few of the options that belong to no command. */
bool bs_command_takes_few(enum bs_command command);

/* Whether the --help of COMMAND tells of the option NAME of OWNER. */
bool bs_command_shows(enum bs_command command, enum bs_command owner, const char *name);

/* The profiles, or the switches of the one called WHICH, on standard output. False after a message.
 */
bool bs_print_loaders(struct bs_arena *arena, const char *which);

/* stack.c: what RUN returns. */
int bs_with_stack(int (*run)(int argc, char **argv), int argc, char **argv);

/* `bindsim: ...` on standard error, with control characters made visible. */
void bs_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
