/* SPDX-License-Identifier: MIT */
/* log-report.h - what `bindsim log` read, in words, in JSON, as a plan, and as the loader's lines
 */
#pragma once

#include "../log/account.h"
#include "report.h"

#include "../profile/plan.h"

enum {
	BS_LOG_SHOW_PROCESSES = 1 << 0, /* each process in a line */
	BS_LOG_SHOW_FINDINGS = 1 << 1,
	BS_LOG_SHOW_OPENS = 1 << 2,    /* dlopen, dlmopen and dlclose, in order */
	BS_LOG_SHOW_SEARCHES = 1 << 3, /* what was not found, and where it was looked for */
	BS_LOG_SHOW_OBJECTS = 1 << 4,
	BS_LOG_SHOW_PAIRS = 1 << 5,    /* who is bound to whom, in numbers */
	BS_LOG_SHOW_BINDINGS = 1 << 6, /* each distinct one */
};

/* No formats that --format names otherwise: tables of names and parts. */
extern const struct bs_format bs_format_log_text, bs_format_log_json, bs_format_log_ndjson;
extern const struct bs_format bs_format_log_plan, bs_format_log_lines;

/* A log that was read. */
struct bs_log_result {
	const struct bs_log *log;
	const struct bs_names *names;
	const struct bs_log_accounts *accounts;
	uint32_t n_files;
	bs_ids chosen;	 /* processes that are wanted */
	bool has_choice; /* somebody said which */
	bool is_refusal; /* it shows undefined symbols or refused objects, */
	bool is_reached; /* or a finding that reaches --fail-on */
};

/* In words. ARENA: for scratch. */
void bs_log_text(struct bs_report *report, struct bs_arena *arena,
		 const struct bs_log_result *result);

/* In JSON (schema/bindsim-log-1.schema.json), as one document or, if the format streams, one object
 * a line. The format must have been opened. */
void bs_log_json(struct bs_report *report, struct bs_arena *arena,
		 const struct bs_log_result *result);

/* The bindings of PROCESS, line by line, as the loader prints them, for process 0. */
void bs_log_lines(struct bs_report *report, const struct bs_log_result *result, uint32_t process);

struct bs_log_plan {
	struct bs_plan plan;
	const char *unknown; /* what the log does not tell of it, in words */
};

/* log-plan.c: what PROCESS opened and closed, as a plan, ARENA's. */
struct bs_log_plan bs_log_plan_of(struct bs_arena *arena, const struct bs_log_result *result,
				  uint32_t process);

/* log-words.c */
const char *bs_log_words(const struct bs_log_result *result, bs_name name);
const struct bs_log_details *bs_log_details_of(const struct bs_log_result *result,
					       uint32_t process);
/* The name of OBJECT, and its namespace where it is another than 0. */
void bs_log_say_object(struct bs_report *report, const struct bs_log_result *result,
		       const struct bs_log_details *details, uint32_t object);
/* BINDING is selected by --symbol, --from and --to; a pair by the last two. */
bool bs_log_selects(const struct bs_report *report, const struct bs_log_result *result,
		    const struct bs_log_details *details, const struct bs_log_binding *binding);
bool bs_log_selects_pair(const struct bs_report *report, const struct bs_log_result *result,
			 const struct bs_log_details *details, uint32_t from, uint32_t to);
/* FINDING is: by its symbols and objects, where it has some. */
bool bs_log_selects_finding(const struct bs_report *report, const struct bs_log_result *result,
			    const struct bs_log_details *details,
			    const struct bs_log_finding *finding);
/* "glibc 2.36 to 2.42". In ARENA. */
const char *bs_log_loader_words(struct bs_arena *arena, const struct bs_log_process *process);
/* "dlopen ./libx.so LAZY,GLOBAL". In ARENA. */
const char *bs_log_step_words(struct bs_arena *arena, const struct bs_log_result *result,
			      const struct bs_log_step *step);
/* The flags as far as they are known, "LAZY,GLOBAL"; NULL: nothing is. */
const char *bs_log_flags(struct bs_arena *arena, const struct bs_log_step *step);
const char *bs_log_level_name(enum bs_log_level level);
/* Words of LD_DEBUG that would show more of PROCESS, and what they would show; NULL ends. In ARENA.
 */
struct bs_log_lack {
	const char *word, *what;
};
const struct bs_log_lack *bs_log_lacks(struct bs_arena *arena,
				       const struct bs_log_process *process);
