/* SPDX-License-Identifier: MIT */
/* verify-report.h - what `bindsim verify` found, in words and in JSON */
#pragma once

#include "../study/verify.h"
#include "report.h"

enum {
	BS_VERIFY_SHOW_PARTS = 1 << 0,	/* what was compared, in counts */
	BS_VERIFY_SHOW_STEPS = 1 << 1,	/* steps that the log does not reach */
	BS_VERIFY_SHOW_CAUSES = 1 << 2, /* disagreements by cause, with examples */
	BS_VERIFY_SHOW_LINES = 1 << 3,	/* each disagreement */
};

/* Who says what the loader did. */
struct bs_verify_source {
	bool is_run; /* bindsim ran the program; else FILES are logs */
	const char *const *files;
	uint32_t n_files;
	uint32_t pid, generation; /* of the process; 0: nobody says */
	const char *program;	  /* as the loader calls it; or NULL */
	const char *end;	  /* how the run ended, "exit status 0"; or NULL */
};

/* No formats that --format names otherwise: tables of names and parts. */
extern const struct bs_format bs_format_verify_text, bs_format_verify_json;

/* In words, and in JSON (schema/bindsim-verify-1.schema.json), whose format must have been opened.
 * ARENA: for scratch. */
void bs_verify_text(struct bs_report *report, struct bs_arena *arena,
		    const struct bs_verify *verify, const struct bs_verify_source *source);
void bs_verify_json(struct bs_report *report, struct bs_arena *arena,
		    const struct bs_verify *verify, const struct bs_verify_source *source);

/* verify-words.c: in ARENA or for ever. */

/* What GROUP is about, a sentence without its end. */
const char *bs_verify_group_words(struct bs_arena *arena, const struct bs_verify *verify,
				  const struct bs_verify_group *group);

/* What DEED is about, "libx.so: foo [V1]", and what came of it, "libc.so.6"; in a line each. */
const char *bs_verify_subject_words(struct bs_arena *arena, const struct bs_verify *verify,
				    const struct bs_deed *deed);
const char *bs_verify_result_words(struct bs_arena *arena, const struct bs_verify *verify,
				   const struct bs_deed *deed);

/* The words of LD_DEBUG that show PART. */
const char *bs_verify_part_word(enum bs_verify_part part);

/* What the simulation says to a disagreement: the deed that it makes, or what a call or a lookup
 * that nothing tells of comes to. */
struct bs_verify_answer {
	bool is_there;
	bool is_call; /* a slot, or a lookup, answers */
	const char *result;
	const char *why; /* or NULL */
	uint32_t step;	 /* BS_NEVER: no step makes it */
};

struct bs_verify_answer bs_verify_answer_of(struct bs_arena *arena, const struct bs_verify *verify,
					    const struct bs_disagreement *disagreement);
