/* SPDX-License-Identifier: MIT */
/*
 * scan.h - many programs, each asked the same question
 *
 * What one of them came to is a record: strings and numbers that need no run, no file and no other
 * record, so that it can be written, read again, and be added up with those of other machines.
 *
 * Floor 12: may include base.h, sim.h, check.h, policy.h and what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../policy/policy.h"
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
	uint64_t fingerprint;
	const char *excuse; /* of the policy: why it does not count, or ""; NULL: it has none */
	/* Once it is held against --fail-on and a baseline: */
	enum bs_disposition disposition;
	enum bs_level
		level_before; /* in the baseline, of which it has become more; NONE: it has not */
	uint64_t n_before;
};

/* A finding of the baseline that the run does not have. */
struct bs_scan_gone {
	uint64_t fingerprint;
	const char *rule, *from, *to; /* lasting names; TO may be NULL */
	enum bs_level level;
	uint64_t n;
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

/* A known library that an object is, or has inside (bindsim-libraries(5)). */
struct bs_scan_library {
	const char *library, *object; /* its name; a link-map name */
	bool is_itself;
	const char *version; /* or NULL */
};

struct bs_scan_binding {
	uint32_t step;
	uint32_t from, to;	      /* in PARTIES; UINT32_MAX: to nobody */
	const char *symbol, *version; /* VERSION or NULL */
	bool waits; /* it is what a first call binds, as things are after the step */
};

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
	bs_scan_texts objects;		       /* their link-map names, if they are asked for ... */
	BS_VEC(struct bs_scan_library) libraries; /* ... and these */
	bs_scan_texts parties; /* link-map names of objects that bindings are of */
	BS_VEC(struct bs_scan_binding) bindings; /* if they are asked for; in the loader's order */
	BS_VEC(struct bs_scan_refusal) refusals;
	BS_VEC(struct bs_scan_finding) findings; /* worst first; notes if they are asked for */
	bs_ids used;	/* lines of the policy's sections that had a use; see bs_policy_watches() */
	bool is_judged; /* findings have a DISPOSITION */
	BS_VEC(struct bs_scan_gone) gone; /* then */
	struct bs_diags diags; /* what the answer is given in spite of, and what was assumed */
};

/* FINDING does not count, whatever its level. */
static inline bool bs_scan_is_excused(const struct bs_scan_finding *finding)
{
	return finding->excuse || finding->disposition == BS_IN_BASELINE;
}

/* What to keep of a program's runs. */
struct bs_scan_options {
	struct bs_check_options check; /* SHOWS_NOTES: notes are kept, too */
	bool lists_objects, lists_bindings;
	const struct bs_policy *policy; /* or NULL */
	const char *today;		/* YYYY-MM-DD, for POLICY */
	bool lists_files;		/* bs_scan_run() says what its answer rests on */
};

/* What is asked: enum bs_fs_look, and of no path: */
enum { BS_SCAN_LOOK_PROCESSOR = BS_FS_LOOK_COUNT_, BS_SCAN_LOOK_COUNT_ };

/* What the answer of a run rests on: it is the same as long as these are. */
struct bs_scan_source {
	unsigned look;
	const char *path; /* as the run had it; there may be no such file */
	const char *seen; /* by the run: see struct bs_fs_sight */
};

/* What BS_SCAN_LOOK_PROCESSOR sees of the processor that this program runs on. */
const char *bs_scan_processor(struct bs_arena *arena);

typedef BS_VEC(struct bs_scan_source) bs_scan_sources;

struct bs_scan_known_finding {
	uint64_t fingerprint;
	uint32_t n;
	enum bs_level level;
};

/* Findings that a program has without its plugins, by fingerprint: they are not told again. */
struct bs_scan_known {
	BS_VEC(struct bs_scan_known_finding) list;
};

/*
 * Simulates and checks PLAN on STORE. Fills in all of *RET but its first members, up to and with
 * N_PLUGINS, in ARENA, whose handler hears of a lack of memory. KNOWN, or NULL: what is left out.
 * FOUND, or NULL: what was found is put into it, in ARENA. SOURCES: what the run rests on is added
 * to it, some of it many times, if OPTIONS say so.
 */
void bs_scan_run(struct bs_arena *arena, const struct bs_plan *plan, struct bs_store *store,
		 const struct bs_scan_options *options, const struct bs_scan_known *known,
		 struct bs_scan_known *found, bs_scan_sources *sources, struct bs_scan_record *ret);

/* ---- a file that programs load --------------------------------------------------------------- */

struct bs_scan_export {
	const char *symbol, *version; /* VERSION or NULL */
	bool is_default;
	const char *type;    /* func, object, tls, ifunc, common, notype, or a number */
	const char *binding; /* global, weak, unique */
	uint64_t size;
};

struct bs_scan_file {
	const char *name; /* by which programs load it: their link-map name for it */
	const char *path; /* free of links, inside the root; or NULL */
	const char *soname, *build_id, *machine; /* or NULL */
	uint64_t size;
	bs_scan_texts needed;
	BS_VEC(struct bs_scan_export) exports;
};

/* What IMAGE is, in ARENA; all of *RET but its first two members. */
void bs_scan_describe(struct bs_arena *arena, const struct bs_image *image,
		      struct bs_scan_file *ret);

/* ---- what was asked -------------------------------------------------------------------------- */

/* Files that are no subjects of a scan. */
struct bs_scan_skipped {
	uint32_t n_static; /* programs with nothing to bind */
	uint32_t n_scripts;
	uint32_t n_foreign;    /* of machines that bindsim does not know */
	uint32_t n_other;      /* no ELF files; shared objects, where they are not asked for */
	uint32_t n_unreadable; /* directories, too */
	/* Of these the one whose path sorts first, and a reason; NULL: none, or nobody knows any
	 * more. */
	const char *unreadable, *why;
};

struct bs_scan_head {
	const char *question; /* a number that stands for all of it, in hexadecimal digits */
	bs_scan_texts paths;  /* as they were named */
	bool has_root;	      /* they are inside of --root */
	bool is_list;	      /* they come from a list, and are not in PATHS */
	bool libraries, notes, objects, exports, bindings; /* what is asked for beside */
	bs_scan_texts plugins, steps;			   /* in words */
	uint32_t n_subjects;				   /* of the whole, whatever the part */
	struct bs_scan_skipped skipped;			   /* the same */
	uint32_t part, n_parts;				   /* 0 of 0: the whole */
	/* Who judges; records have dispositions if one of the two does. */
	const char *policy; /* a path, or NULL */
	bool has_baseline;
	enum bs_level fail_on; /* that the dispositions go by */
	bs_watches watches;    /* of the policy */
};

static inline bool bs_scan_is_judged(const struct bs_scan_head *head)
{
	return head->policy || head->has_baseline;
}

/* ---- all of them ----------------------------------------------------------------------------- */

enum { BS_SCAN_EXAMPLES = 5 };

/* What is told of the policy once for all programs. */
struct bs_scan_of_policy {
	const struct bs_watch *watch;
	enum bs_disposition disposition;
};

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
	/* Records that are OK, by their worst finding that is not excused. */
	uint32_t n_worst[BS_LEVEL_ERROR + 1];
	uint64_t n_levels[BS_LEVEL_ERROR + 1]; /* findings */
	enum bs_level worst;		       /* the same of all records */
	/* Of a scan that is judged: */
	uint64_t n_dispositions[BS_DISPOSITION_COUNT_], n_gone;
	BS_VEC(struct bs_scan_of_policy) of_policy;
	const char *unanswered, *why; /* the first that is: its path and problem */
	BS_VEC(struct bs_scan_pair) pairs;
	struct bs_diags diags; /* of all records, each once */
	/* private: */
	struct bs_arena *arena;
	struct bs_names *keys;
	bs_ids by_key;
	BS_VEC(char) last_path;
	bs_ids used; /* lines of the policy */
};

/* An empty sum in ARENA. */
struct bs_scan_sum *bs_scan_sum_new(struct bs_arena *arena);

/* Adds RECORD, of which nothing is needed afterwards. Those of one file follow each other. */
void bs_scan_sum_add(struct bs_scan_sum *sum, const struct bs_scan_record *record);

/* Why the exit status is 1: "refusal", or "finding" where one is of the level FAIL_ON or worse;
 * else NULL. */
const char *bs_scan_reason(const struct bs_scan_sum *sum, enum bs_level fail_on);

/* Puts the pairs in order: the worst first, then those that most programs have; and adds what
 * HEAD's policy comes to in all programs, if it was a whole scan. No record may be added
 * afterwards. */
void bs_scan_sum_finish(struct bs_scan_sum *sum, const struct bs_scan_head *head);
