/* SPDX-License-Identifier: MIT */
/*
 * scan.h - many programs, each asked the same question
 *
 * What one of them came to is a record: strings and numbers that need no run, no file and no other
 * record, so that it can be written, read again, and be added up with those of other machines.
 *
 * Floor 12: may include base.h, sim.h, check.h and what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../sim/sim.h"

typedef BS_VEC(const char *) bs_scan_texts;

/* ---- what a program came to ------------------------------------------------------------------ */

struct bs_scan_object {
	const char *name;    /* link-map name; NULL: there is no object */
	const char *lasting; /* bs_lasting_name(); NULL: it is the program */
};

struct bs_scan_finding {
	const char *rule; /* its slug */
	enum bs_level level;
	uint32_t step;
	struct bs_scan_object from, to;
	uint64_t n; /* symbols */
	bs_scan_texts examples;
};

struct bs_scan_refusal {
	uint32_t step;
	const char *message; /* or NULL */
};

enum bs_scan_outcome {
	BS_SCAN_OK,
	BS_SCAN_REFUSED,    /* some step is */
	BS_SCAN_UNANSWERED, /* bindsim cannot tell: see the problem */
	BS_SCAN_OUTCOME_COUNT_
};

/* "ok", "refused", "unanswered" */
const char *bs_scan_outcome_name(enum bs_scan_outcome outcome);

struct bs_scan_record {
	const char *path; /* of the program, or of the shared object that nobody's program opens */
	bool is_library;  /* the latter */
	const char *plugin; /* what the program opens beside; NULL: nothing */
	uint32_t n_plugins; /* 0: PLUGIN is NULL; more than 1: all, and PLUGIN is their directory */
	const char *machine, *loader, *build_id; /* or NULL */
	enum bs_scan_outcome outcome;
	const char *problem;		       /* a sentence, where it is UNANSWERED */
	uint32_t n_objects;		       /* in the process at its end, without the vdso */
	uint32_t n_levels[BS_LEVEL_ERROR + 1]; /* findings, by level */
	bs_scan_texts objects;		       /* their link-map names, if they are asked for */
	BS_VEC(struct bs_scan_refusal) refusals;
	BS_VEC(struct bs_scan_finding) findings; /* worst first; notes if they are asked for */
};

/* What to keep of a program's runs. */
struct bs_scan_options {
	struct bs_check_options check; /* SHOWS_NOTES: notes are kept, too */
	bool lists_objects;
};

/* Findings that a program has without its plugins: they are not told again. */
struct bs_scan_known {
	BS_VEC(struct {
		uint64_t fingerprint;
		uint32_t n;
		enum bs_level level;
	})
	list;
};

/*
 * Simulates and checks PLAN on STORE. Fills in all of *RET but its first members, up to and with
 * N_PLUGINS, in ARENA, whose handler hears of a lack of memory. KNOWN, or NULL: what is left out.
 * FOUND, or NULL: what was found is added to it, in ARENA.
 */
void bs_scan_run(struct bs_arena *arena, const struct bs_plan *plan, struct bs_store *store,
		 const struct bs_scan_options *options, const struct bs_scan_known *known,
		 struct bs_scan_known *found, struct bs_scan_record *ret);

/* ---- what was asked -------------------------------------------------------------------------- */

/* Files that are no subjects of a scan. */
struct bs_scan_skipped {
	uint32_t n_static; /* programs with nothing to bind */
	uint32_t n_scripts;
	uint32_t n_foreign;    /* of machines that bindsim does not know */
	uint32_t n_other;      /* no ELF files; shared objects, where they are not asked for */
	uint32_t n_unreadable; /* directories, too */
};

struct bs_scan_head {
	const char *question; /* a number that stands for all of it, in hexadecimal digits */
	bs_scan_texts paths;  /* as they were named */
	bool is_list;	      /* they come from a list, and are not in PATHS */
	bool libraries, notes, objects; /* what is asked for beside */
	bs_scan_texts plugins, steps;	/* in words */
	uint32_t n_subjects;		/* of the whole, whatever the part */
	struct bs_scan_skipped skipped; /* the same */
	uint32_t part, n_parts;		/* 0 of 0: the whole */
};

/* ---- all of them ----------------------------------------------------------------------------- */

enum { BS_SCAN_EXAMPLES = 5 };

/* Two objects, or one and nobody, that a rule tells of; in how many programs. */
struct bs_scan_pair {
	const char *rule;
	const char *from, *to; /* lasting names; NULL: the program itself */
	enum bs_level level;   /* the worst */
	uint32_t n_programs;
	uint64_t n_most;			/* symbols, in the program that has most */
	const char *examples[BS_SCAN_EXAMPLES]; /* programs, in order */
	uint32_t n_examples;
	uint32_t last; /* private: the program that counted last */
};

struct bs_scan_sum {
	uint32_t n_programs; /* files */
	uint32_t n_records;
	uint32_t n_outcomes[BS_SCAN_OUTCOME_COUNT_];
	uint32_t n_worst[BS_LEVEL_ERROR + 1];  /* records that are OK, by their worst finding */
	uint64_t n_levels[BS_LEVEL_ERROR + 1]; /* findings */
	enum bs_level worst;
	const char *unanswered, *why; /* the first that is: its path and problem */
	BS_VEC(struct bs_scan_pair) pairs;
	/* private: */
	struct bs_arena *arena;
	struct bs_names *keys;
	bs_ids by_key;
	BS_VEC(char) last_path;
};

/* An empty sum in ARENA. */
struct bs_scan_sum *bs_scan_sum_new(struct bs_arena *arena);

/* Adds RECORD, of which nothing is needed afterwards. Those of one file follow each other. */
void bs_scan_sum_add(struct bs_scan_sum *sum, const struct bs_scan_record *record);

/* Why the exit status is 1: "refusal", or "finding" where one is of the level FAIL_ON or worse;
 * else NULL. */
const char *bs_scan_reason(const struct bs_scan_sum *sum, enum bs_level fail_on);

/* Puts the pairs in order: the worst first, then those that most programs have. No record may be
 * added afterwards. */
void bs_scan_sum_finish(struct bs_scan_sum *sum);
