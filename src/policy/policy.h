/* SPDX-License-Identifier: MIT */
/*
 * policy.h - findings + policy -> findings with a verdict each
 *
 * A policy says which findings count, which are known and which are excused, and what must hold
 * beside: that brings findings of its own. It knows no file but as text, and prints nothing.
 *
 * Floor 9: may include base.h, sim.h and check.h; of the floors below only what these show.
 */
#pragma once

#include "../base/base.h"
#include "../check/check.h"
#include "../sim/sim.h"

#include <time.h>

/* ---- a policy (bindsim-policy(5)) ------------------------------------------------------------ */

/* Sections that say something of findings or bindings. */
enum bs_policy_kind {
	BS_POLICY_LEVEL,
	BS_POLICY_ALLOW,
	BS_POLICY_FORBID,
	BS_POLICY_REQUIRE_BINDING,
	BS_POLICY_REQUIRE_ISOLATION,
	BS_POLICY_REQUIRE_EXPORT,
	BS_POLICY_REQUIRE_BIND_NOW,
	BS_POLICY_SUPPRESS,
	BS_POLICY_KIND_COUNT_
};

/* A section. Globs that are NULL let all pass. */
struct bs_policy_entry {
	enum bs_policy_kind kind;
	uint32_t line;
	enum bs_rule rule; /* BS_RULE_COUNT_: all */
	enum bs_level level;
	bool has_level;
	const char *symbol, *demangled; /* of symbols; SYMBOL demangled, too */
	const char *from, *to;		/* of objects */
	const char *object, *soname, *family;
	const char *reason, *expires; /* YYYY-MM-DD, the last day */
};

/* A line of a [plan NAME] that cannot be understood here. */
struct bs_policy_line {
	const char *key, *value;
	uint32_t line;
};

/* [plan NAME] */
struct bs_policy_plan {
	const char *name;
	uint32_t line;
	const char *executable;		     /* or NULL */
	const char *host;		     /* looked for in $PATH; or NULL */
	BS_VEC(struct bs_policy_line) lines; /* step, env and caller, in their order */
};

/* [libraries NAME]: what is in a directory, or an archive, and has no program. */
struct bs_policy_libraries {
	const char *name;
	uint32_t line;
	const char *directory;
	const char *glob; /* of file names, or NULL: all shared objects */
	const char *host; /* looked for in $PATH, or a path; or NULL */
	bool recursive;
};

/* PLAN is the name of a plan of LIBRARIES: theirs, or one that says behind it how they are opened.
 */
bool bs_policy_is_plan_of(const struct bs_policy_libraries *libraries, const char *plan);

/* [check]: what holds where the command line does not say otherwise. */
struct bs_policy_defaults {
	const char *loader, *root, *library_path, *baseline; /* or NULL */
	enum bs_level fail_on;
	bool has_fail_on, use_env;
};

struct bs_policy {
	const char *path;
	const char *text; /* all of it; whoever read it may say so */
	struct bs_policy_defaults defaults;
	BS_VEC(struct bs_policy_entry) entries;
	BS_VEC(struct bs_policy_plan) plans;
	BS_VEC(struct bs_policy_libraries) libraries;
};

/* The policy that TEXT is, the file PATH, in *RET; strings are ARENA's. Returns NULL, or what is
 * wrong in it and where: "PATH:LINE: ...". */
const char *bs_policy_read(struct bs_arena *arena, const char *path, const char *text,
			   struct bs_policy *ret);

/* The day of NOW in UTC, as YYYY-MM-DD, in ARENA. */
const char *bs_date_of(struct bs_arena *arena, time_t now);

/* TEXT is a day that there is, as YYYY-MM-DD. */
bool bs_is_date(const char *text);

/* ---- a baseline ------------------------------------------------------------------------------ */

/* A finding that was there. */
struct bs_known_finding {
	const char *plan; /* its name in the policy, or NULL */
	uint64_t fingerprint;
	const char *rule;
	const char *from, *to; /* what the objects are called in any version; "" for none */
	enum bs_level level;
	uint32_t n; /* symbols */
	bool found; /* again, in this run */
};

typedef BS_VEC(struct bs_known_finding) bs_baseline;

/* KNOWN is of PLAN, or, if that is NULL, of the plan of a command line. */
bool bs_known_is_of(const struct bs_known_finding *known, const char *plan);

/*
 * The one of PLAN among the N at KNOWN that a finding of FINGERPRINT, LEVEL and N_SYMBOLS is, or
 * has become more of, and that no other finding of the run is; NULL: there is none. It is marked.
 */
const struct bs_known_finding *bs_known_take(struct bs_known_finding *known, uint32_t n,
					     const char *plan, uint64_t fingerprint,
					     enum bs_level level, uint32_t n_symbols);

/* A finding of LEVEL with N_SYMBOLS is no more than KNOWN. */
bool bs_known_covers(const struct bs_known_finding *known, enum bs_level level, uint32_t n_symbols);

/* Adds to BASELINE, which is of the N plans called NAMES, where NULL is that of a command line,
 * what KNOWN has of others, but for those that POLICY, unless it is NULL, has no more. Strings are
 * KNOWN's. */
void bs_baseline_carry(struct bs_arena *arena, bs_baseline *baseline, const bs_baseline *known,
		       const struct bs_policy *policy, const char *const *names, uint32_t n);

/* Sorts BASELINE by its plans and within each, so that the same findings give the same file. */
void bs_baseline_sort(bs_baseline *baseline);

/* ---- verdicts -------------------------------------------------------------------------------- */

/* "counts", "below", "suppressed", "baseline". */
const char *bs_disposition_name(enum bs_disposition disposition);

struct bs_judge;

/* What a judge goes by. All of it must outlive him. */
struct bs_judge_options {
	const struct bs_policy *policy; /* or NULL: there is none */
	bs_baseline *known;		/* or NULL */
	enum bs_level fail_on;		/* findings below it do not count; NONE: none does */
	const char *today;		/* YYYY-MM-DD */
	bool collects;			/* for bs_judge_collected() and bs_judge_met_before() */
};

/* A judge in ARENA, for the plans of one check, one run after the other. */
struct bs_judge *bs_judge_new(struct bs_arena *arena, const struct bs_judge_options *options);

/* A run that is to be judged. */
struct bs_judged_run {
	const char *plan; /* or NULL */
	bool last;	  /* no other one follows, so that what was of no use can be told */
	bool all;	  /* the runs were all that the policy is about */
	bool is_what_if;  /* nobody says that it happens: no finding is more than a warning, and
			     what the run before has told is not told again */
};

/* RUN begins. */
void bs_judge_begin(struct bs_judge *judge, const struct bs_judged_run *run);

/* What the run's checker is to be asked for beside what it would be. */
void bs_judge_ask(struct bs_judge *judge, struct bs_check_options *options);

/* Gives each of FINDINGS, of the step RESULT, its verdict, and adds what breaks the policy in it.
 */
void bs_judge_step(struct bs_judge *judge, const struct bs_run *run,
		   const struct bs_checker *checker, const struct bs_step_result *result,
		   bs_findings *findings);

/* The same for what the run as a whole shows. */
void bs_judge_end(struct bs_judge *judge, const struct bs_run *run,
		  const struct bs_checker *checker, bs_findings *findings);

/* How many findings of the run have which verdict. */
struct bs_tally {
	uint32_t n[BS_DISPOSITION_COUNT_];
};
struct bs_tally bs_judge_tally(const struct bs_judge *judge);

/* The plan that is being judged, or NULL. */
const char *bs_judge_plan(const struct bs_judge *judge);

/* The how manieth that is, from 1 on. */
uint32_t bs_judge_number(const struct bs_judge *judge);

/* No other plan was judged before it; none follows. */
bool bs_judge_is_first(const struct bs_judge *judge);
bool bs_judge_is_last(const struct bs_judge *judge);

/* FINDING counted in an earlier plan, too. COLLECTS must be set. */
bool bs_judge_met_before(const struct bs_judge *judge, const struct bs_run *run,
			 const struct bs_finding *finding);

/* The policy that judges, or NULL. */
const struct bs_policy *bs_judge_policy(const struct bs_judge *judge);

/* What JUDGE's baseline has of the run's plan and the run, which is over, does not; from *AT on;
 * NULL at the end. */
const struct bs_known_finding *bs_judge_next_gone(const struct bs_judge *judge, uint32_t *at);

/* ---- many runs, apart from each other -------------------------------------------------------- */

/* A section of a policy that is told of when no run at all had a use for it, or its day is over. */
struct bs_watch {
	uint32_t line;
	enum bs_rule rule; /* of the finding that tells of it */
	enum bs_level level;
	const char *words;  /* "PATH:LINE: rule=..." */
	const char *excuse; /* such findings are suppressed: why; or NULL */
	bool has_expired;   /* it is of no use, whatever the runs */
};

typedef BS_VEC(struct bs_watch) bs_watches;

/* Those of POLICY on the day TODAY, in ARENA. What has the level none is left out. */
bs_watches bs_policy_watches(struct bs_arena *arena, const struct bs_policy *policy,
			     const char *today);

/* The lines of the sections that JUDGE's runs had a use for, in ARENA. */
bs_ids bs_judge_used(const struct bs_judge *judge, struct bs_arena *arena);

/* There is a baseline to hold findings against. */
bool bs_judge_has_baseline(const struct bs_judge *judge);

/* What would be a baseline of all runs so far. */
bs_baseline *bs_judge_collected(struct bs_judge *judge);
