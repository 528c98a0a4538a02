/* SPDX-License-Identifier: MIT */
/*
 * ci-priv.h - what the reports for services share that run checks: code scanning, pipelines, pull
 * requests
 *
 * They tell findings, refusals and steps, no bindings, and write all of it at the end of the run.
 */
#pragma once

#include "text-priv.h"

/* Parts of those that have findings and nothing else. */
enum { BS_CI_FINDINGS = 1 << 0, BS_CI_NOTES = 1 << 1 };
extern const char *const bs_ci_parts[];

/* One report under way: the state of its format. */
struct bs_ci {
	bs_text_rows rows;		     /* all steps */
	bs_findings findings;		     /* that are shown and selected, as they came */
	uint32_t levels[BS_LEVEL_ERROR + 1]; /* of all findings */
	uint32_t refused;		     /* steps */
	struct bs_report words;		     /* writes words of the text report into memory */
};

/* Functions of a format. A format has an END of its own, which calls bs_ci_end() first. */
void bs_ci_begin(struct bs_report *report, const struct bs_run *run);
/* The same where CI, which is zero, is the first member of a state that has more. */
void bs_ci_init(struct bs_ci *ci, struct bs_report *report, const struct bs_run *run);
void bs_ci_step(struct bs_report *report, const struct bs_run *run,
		const struct bs_step_result *result, const bs_findings *findings);
/* Takes the run's own FINDINGS and puts all of them in order, the worst first. */
const struct bs_ci *bs_ci_end(struct bs_report *report, const struct bs_run *run,
			      const bs_findings *findings);

/* What the text report says of a finding: one line, and lines of evidence with their ends, in the
 * columns of that report. Control characters and bytes that are not UTF-8 are \xNN in all of it. */
struct bs_ci_words {
	const char *headline, *evidence;
};
struct bs_ci_words bs_ci_words(struct bs_report *report, const struct bs_run *run,
			       const struct bs_finding *finding);

/* A line of the evidence. One without a label goes on with what the line before it tells. */
struct bs_ci_field {
	const char *label, *words;
	int n_label, n_words;
};

/* Takes the first line off *EVIDENCE; false at its end. */
bool bs_ci_next_field(const char **evidence, struct bs_ci_field *ret);

/* The same as paragraphs for a page: "LABEL: WORDS", a line each. */
const char *bs_ci_message(const struct bs_run *run, const struct bs_ci_words *words);

/* TEXT with what is no character as \xNN. */
const char *bs_ci_escaped(struct bs_report *report, const char *text);

/* "PATH: DETAIL", as it is: to be escaped. */
const char *bs_ci_diagnostic(struct bs_arena *arena, const struct bs_diag *d);

/* What is said of a step that was refused, "step 1 failed: ...", and, in the columns of the text
 * report, the line that says so and all that is known of it. NULL for a step that was not. */
const char *bs_ci_refusal(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result);
const char *bs_ci_trouble(struct bs_report *report, const struct bs_run *run,
			  const struct bs_step_result *result);

/* That a preload was passed over, in a line. */
const char *bs_ci_not_preloaded(struct bs_report *report, const struct bs_run *run,
				const struct bs_passed_over *passed_over);

/* What the answer rests on where a loader's documents leave something open, in lines; or NULL. */
const char *bs_ci_assumptions(struct bs_report *report, const struct bs_run *run);

/* "with LD_BIND_NOW=1 --preload=libx.so", or NULL. */
const char *bs_ci_environment(struct bs_report *report, const struct bs_run *run);

/* "./app: start-up, dlopen ./libx.so:NOW and 3 more steps" */
const char *bs_ci_title(struct bs_report *report, const struct bs_run *run);

/* A number that stands for the question, whatever $PATH is. jansson must be open. */
uint64_t bs_ci_question(struct bs_report *report, const struct bs_run *run);

/*
 * What CI's findings are known by in other runs, one for each of them. No two have the same: of
 * those with one fingerprint the second one ends in ":2".
 */
const char **bs_ci_fingerprints(const struct bs_run *run, const struct bs_ci *ci);

/* "1 error, 2 warnings", and notes where there are any that are shown. */
const char *bs_ci_sum(const struct bs_report *report, const struct bs_run *run);

/* TEXT for XML and HTML: as character data, or as the value of an attribute in double quotes. TEXT
 * has no control characters but line ends, which stay. */
void bs_write_markup(struct bs_writer *writer, const char *text);
/* The same for the first byte of TEXT, or the character that is none in XML; how many bytes that
 * was. */
size_t bs_write_markup_char(struct bs_writer *writer, const char *text);

/* TEXT in a line of Markdown, or in a cell. */
void bs_write_markdown(struct bs_writer *writer, const char *text);

/* GitHub refuses a summary of more than 1 MiB. This many bytes of findings leave enough for marks
 * and steps. */
enum { BS_MARKDOWN_MOST_BYTES = 600000 };

/* What stands around the suites of a file; the first is to be ended by ">". */
#define BS_JUNIT_BEGIN                                                                             \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<testsuites name=\"bindsim\""
#define BS_JUNIT_END "</testsuites>\n"
void bs_junit_attribute(struct bs_writer *writer, const char *name, const char *text);
/* All of the tag but its end. */
void bs_junit_open_case(struct bs_writer *writer, const char *class, const char *name);

/* A line of GitHub's; PATH is escaped already. */
void bs_github_annotate(struct bs_writer *writer, enum bs_level level, const char *path,
			const char *title, const char *message);

/* How many of a level are annotated, and how many more there are; zero at the beginning. */
struct bs_github_rooms {
	uint32_t taken[BS_LEVEL_ERROR + 1], left[BS_LEVEL_ERROR + 1];
};
bool bs_github_take_room(struct bs_github_rooms *rooms, enum bs_level level);
void bs_github_left(struct bs_writer *writer, struct bs_arena *arena,
		    const struct bs_github_rooms *rooms);

/* An item of GitLab's array. */
struct bs_gitlab_issue {
	const char *description, *check, *fingerprint, *severity, *path;
};
struct bs_json;
void bs_gitlab_issue(struct bs_json *json, const struct bs_gitlab_issue *issue);
const char *bs_gitlab_severity(enum bs_level level);

/* Where an object's file lies. PATH has forward slashes and no slash at its beginning. */
struct bs_file_place {
	const char *path; /* from the working directory of the process on, or from the root */
	bool below_cwd;
};
struct bs_file_place bs_file_place_of(const struct bs_run *run, bs_map_id map);

/* WHOLE, an absolute path, becomes one without its first slash, and without parts that are empty,
 * "." or "..". Links are not followed. */
char *bs_path_from_root(char *whole);

/* PATH as a relative reference of RFC 3986. */
const char *bs_ci_uri(struct bs_arena *arena, const char *path);

/* needs.c: MAP is an object with a file, in the process or once in it. */
bool bs_ci_is_told(const struct bs_map *map);

/* A DT_NEEDED, and who answers to it; zero before the first one. */
struct bs_need {
	uint32_t i;	  /* private */
	const char *text; /* as it stands in the file; NULL where that is damaged */
	bs_map_id map;	  /* BS_NO_MAP: nobody */
};
bool bs_ci_next_need(const struct bs_run *run, bs_map_id map, struct bs_need *need);
