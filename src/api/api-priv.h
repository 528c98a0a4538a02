/* SPDX-License-Identifier: MIT */
/*
 * api-priv.h - libbindsim (<bindsim/bindsim.h>): what its files share
 *
 * Every function that can run out of memory prepares for that itself (BS_ON_OUT_OF_MEMORY) with the
 * arena of the object that it works on: nothing unwinds into the caller.
 *
 * Floor 17: may include all floors below; nothing includes it.
 */
#pragma once

#include "../base/base.h"
#include "../input/input.h"
#include "../report/collect.h"
#include "../report/report.h"

#include <bindsim/bindsim.h>
#include "../profile/plan.h"

#include <locale.h>

/* ---- errors: error.c ----------------------------------------------------------------------- */

/* *ERROR, unless ERROR is NULL, is what went wrong; FILE and PLACE may be NULL or "". Returns
 * STATUS. */
enum bindsim_status bs_api_fail(struct bindsim_error **error, enum bindsim_status status,
				const char *file, const char *place, const char *reason);

/* The same for a parameter, with a reason like printf(3). */
enum bindsim_status bs_api_refuse(struct bindsim_error **error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

enum bindsim_status bs_api_no_memory(struct bindsim_error **error);

/* The same where an arena has unwound, which tells what was wanting. */
enum bindsim_status bs_api_lacks(struct bindsim_error **error);

/* The same for PROBLEM, which says where: "FILE:LINE: REASON" or "FILE: REASON". */
enum bindsim_status bs_api_fail_at(struct bindsim_error **error, enum bindsim_status status,
				   const char *file, const char *problem);

/* To be called first. */
static inline void bs_api_begin(struct bindsim_error **error)
{
	if (error)
		*error = NULL;
}

/* ---- files: file.c --------------------------------------------------------------------------- */

/* All of the file PATH in *RET_TEXT, *RET_N bytes and a NUL, to be freed; or NULL. */
enum bindsim_status bs_api_read_file(const char *path, char **ret_text, size_t *ret_n,
				     struct bindsim_error **error);

/* ---- stores: store.c ------------------------------------------------------------------------ */

/* A view of STORE for one simulation beside others, to be ended with bs_store_free(); or NULL. */
struct bs_store *bs_api_view(struct bindsim_store *store);

/* ---- plans: plan.c --------------------------------------------------------------------------- */

struct bindsim_plan {
	struct bs_arena *arena; /* of all that follows */
	struct bs_plan plan;	/* but for its lists, which are: */
	struct bs_said_steps said;
	BS_VEC(struct bs_variable) environment, settings;
	BS_VEC(const char *) arguments;
};

/* PLAN as a run has it; its lists are PLAN's. */
struct bs_plan bs_api_plan(const struct bindsim_plan *plan);

/* A plan that says what FROM says, in *RET_PLAN, to be freed. */
enum bindsim_status bs_api_plan_new(const struct bs_plan *from, struct bindsim_plan **ret_plan);

/* The variable NAME of PLAN is VALUE; NULL: there is none. Its arena must be prepared. */
void bs_api_set_variable(struct bindsim_plan *plan, const char *name, const char *value);

/* TEXT in PLAN's arena; NULL for NULL. */
const char *bs_api_copy(struct bindsim_plan *plan, const char *text);

/* ---- records that many may hold: counted.c --------------------------------------------------- */

/* What a record begins with that does not change once it is made, and goes when nobody holds it. */
struct bs_api_counted {
	unsigned count;		/* atomic */
	struct bs_arena *arena; /* of all that the record has */
};

/* A record of SIZE bytes, zeroed behind its beginning, that is held once; or NULL. */
void *bs_api_counted_new(size_t size);

/* Counts RECORD, which begins so, or NULL, up, and returns it. */
void *bs_api_counted_ref(const void *record);

/* Counts RECORD down: true where nobody holds it any more. What else it has is to end then, and ...
 */
bool bs_api_counted_drop(struct bs_api_counted *record);

/* ... this frees it, with its arena. */
void bs_api_counted_end(struct bs_api_counted *record);

/* ---- policies: policy.c ---------------------------------------------------------------------- */

struct bindsim_policy {
	struct bs_api_counted counted;
	struct bs_policy policy;
	const char *baseline; /* the file that it names, or NULL */
};

/* Counts POLICY, or NULL, up, and returns it. */
struct bindsim_policy *bs_api_policy_ref(const struct bindsim_policy *policy);

/* ---- baselines: baseline.c ------------------------------------------------------------------- */

struct bindsim_baseline {
	struct bs_api_counted counted;
	BS_VEC(struct bs_kept_known) findings;
};

/* An empty one, or NULL. */
struct bindsim_baseline *bs_api_baseline_new(void);

/* Counts BASELINE, or NULL, up, and returns it. */
struct bindsim_baseline *bs_api_baseline_ref(const struct bindsim_baseline *baseline);

/* What BASELINE has, in ARENA; strings stay BASELINE's. */
bs_baseline bs_api_baseline(struct bs_arena *arena, const struct bindsim_baseline *baseline);

/* ---- options: options.c -----------------------------------------------------------------------
 */

/* Where a report goes: to the first of these that is there, else to memory. */
struct bs_api_report {
	const struct bs_format *format;
	unsigned show;
	bool shows_default;
	bindsim_write_function *write;
	void *user;
	FILE *file;
	int fd; /* -1: none */
};

struct bindsim_options {
	struct bs_arena *arena;
	const char *symbol, *from, *to;
	bool no_proof;
	BS_VEC(const char *) libraries;
	BS_VEC(struct bs_api_report) reports;
	bindsim_log_function *log;
	void *log_user;
	bindsim_progress_function *progress;
	void *progress_user;
};

/* Adds the parts of FORMAT that WORDS name, joined by commas, to *RET; NULL names none. WHAT has
 * them in an error: "the format json". */
enum bindsim_status bs_api_parts(const struct bs_format *format, const char *what,
				 const char *words, unsigned *ret, struct bindsim_error **error);

/* ---- locales: output.c --------------------------------------------------------------------------
 */

/*
 * From here on this thread works in the locale C, whatever its caller's is: words of errors and
 * patterns would come out otherwise. Returns what bs_api_leave() is to be handed.
 */
locale_t bs_api_enter(void);
void bs_api_leave(locale_t outside);

/* ---- texts: output.c ---------------------------------------------------------------------------
 */

/* Writes OF to WRITER, in its arena. Returns NULL, or which library it lacks. */
typedef const char *bs_api_writer(struct bs_writer *writer, const void *of);

/* What WRITE writes of OF in *RET_TEXT, of malloc(3), in the locale C; its length in *RET_N, unless
 * that is NULL. */
enum bindsim_status bs_api_write(bs_api_writer *write, const void *of, char **ret_text,
				 size_t *ret_n, struct bindsim_error **error);

/* The one of the two that NAME calls, "text" or "json"; NULL after an error. */
const struct bs_format *bs_api_format(const char *name, const struct bs_format *text,
				      const struct bs_format *json, struct bindsim_error **error);

/* ---- outputs: output.c ----------------------------------------------------------------------- */

/* A report in memory: TEXT is of malloc(3), with a NUL behind it. */
struct bs_api_text {
	char *text; /* of malloc(3), with a NUL behind it */
	size_t n;
};

/* All of a simulation. */
struct bs_api_texts {
	struct bs_api_text *v;
	size_t n;
};

/* Frees them. */
void bs_api_texts_free(struct bs_api_texts *texts);

/* The one at INDEX, or NULL; its length is in *RET_N, unless that is NULL. */
const char *bs_api_texts_at(const struct bs_api_texts *texts, size_t index, size_t *ret_n);

/* A report under way. */
struct bs_api_output {
	struct bs_writer *writer;
	FILE *own; /* to be closed, or NULL */
	bindsim_write_function *write;
	void *user;
	int fd;
	int error;		 /* errno of the first write that failed */
	locale_t outside;	 /* the caller's, for his function */
	struct bs_api_text kept; /* in memory */
};

/* Opens OUTPUT, which stays where it is, for REPORT. False when there is no memory for it. */
bool bs_api_output_open(struct bs_api_output *output, const struct bs_api_report *report);

/* Writes what is held back, and closes. Returns 0, or an errno. What was kept is the caller's then.
 */
int bs_api_output_close(struct bs_api_output *output);

/* ---- results: result.c ----------------------------------------------------------------------- */

struct bindsim_result {
	struct bs_collected kept;
	struct bs_api_texts texts; /* of reports in memory */
	struct bs_tally tally;	   /* of the check that it is of */
};

/* One that says nothing yet, to be freed; or NULL. */
struct bindsim_result *bs_api_result_new(void);

/* Why PLAN cannot be simulated, as far as it can be seen, or NULL. */
const char *bs_api_no_question(const struct bindsim_plan *plan);

/* The same, as what is wrong with a parameter. */
enum bindsim_status bs_api_is_question(const struct bindsim_plan *plan,
				       struct bindsim_error **error);
