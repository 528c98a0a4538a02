/* SPDX-License-Identifier: MIT */
/*
 * check.h - policies and baselines: which findings count
 *
 *	struct bindsim_policy *policy;
 *	struct bindsim_check *check;
 *	struct bindsim_verdict *verdict;
 *
 *	if (bindsim_policy_read_file(".bindsim.ini", &policy, &error) == BINDSIM_OK &&
 *	    bindsim_check_new(&check) == BINDSIM_OK &&
 *	    bindsim_check_set_policy(check, policy) == BINDSIM_OK &&
 *	    bindsim_check_add_policy_plans(check, NULL, &error) == BINDSIM_OK &&
 *	    bindsim_check_run(NULL, check, NULL, &verdict, &error) == BINDSIM_OK)
 *		failed = !bindsim_verdict_passes(verdict);
 *
 * It belongs to <bindsim/bindsim.h>, which includes it, and whose words on errors, threads and
 * strings hold here, too. Policies and baselines do not change once they are read; a check is like
 * options, and a verdict like a result.
 */
#ifndef BINDSIM_CHECK_H
#define BINDSIM_CHECK_H

#include <bindsim/bindsim.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- policies ------------------------------------------------------------------------------ */

/* What findings are of which level, which are excused, and what has to hold beside. */
struct bindsim_policy;

/*
 * The policy that the N bytes at TEXT are (bindsim-policy(5)), in *RET_POLICY, to be freed. NAME is
 * the path that errors and findings call it by, and from whose directory it names other files;
 * NULL: ".bindsim.ini". BINDSIM_ERROR_TEXT: it is none; the reason has the line. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_policy_read(const char *text, size_t n, const char *name,
						    struct bindsim_policy **ret_policy,
						    struct bindsim_error **error);

/* The same of the file PATH. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_policy_read_file(const char *path,
							 struct bindsim_policy **ret_policy,
							 struct bindsim_error **error);

/* Frees POLICY; checks that have it keep it. NULL is allowed. Any thread may call it. Since 1.1. */
BINDSIM_API void bindsim_policy_free(struct bindsim_policy *policy);

/* The file of the baseline that POLICY names, as it is called from here, or NULL. Nobody reads it
 * unasked: hand it to bindsim_baseline_read_file(). Since 1.1. */
BINDSIM_API const char *bindsim_policy_baseline(const struct bindsim_policy *policy);

/* 1 if POLICY says that plans are to have the variables of whoever checks: hand them to
 * bindsim_plan_set_environment(). Since 1.1. */
BINDSIM_API int bindsim_policy_uses_environment(const struct bindsim_policy *policy);

/* How many plans POLICY has, its sections [plan NAME]; the NAME of the one at INDEX. Since 1.1. */
BINDSIM_API size_t bindsim_policy_plans(const struct bindsim_policy *policy);
BINDSIM_API const char *bindsim_policy_plan_name(const struct bindsim_policy *policy, size_t index);

/*
 * The plan at INDEX in *RET_PLAN, to be freed: that of BASE, or of nothing for NULL, with the
 * executable, the steps and the variables of the section, in the directory of the policy. Variables
 * of BASE come first, so that the section's win; steps it is to have none. A host is looked for in
 * the search_path of BASE. BINDSIM_ERROR_TEXT: a line of the section is wrong. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_policy_plan(const struct bindsim_policy *policy,
						    size_t index, const struct bindsim_plan *base,
						    struct bindsim_plan **ret_plan,
						    struct bindsim_error **error);

/* ---- baselines ----------------------------------------------------------------------------- */

/* Findings that were there before. */
struct bindsim_baseline;

/* The baseline that the N bytes at TEXT are, in JSON, in *RET_BASELINE, to be freed. NAME, or NULL,
 * is what errors call the file. BINDSIM_ERROR_TEXT: it is none. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_baseline_read(const char *text, size_t n, const char *name,
						      struct bindsim_baseline **ret_baseline,
						      struct bindsim_error **error);

/* The same of the file PATH. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_baseline_read_file(const char *path,
							   struct bindsim_baseline **ret_baseline,
							   struct bindsim_error **error);

/* BASELINE in that JSON, in *RET_TEXT, which the caller gives back with free(3); *RET_N, unless
 * RET_N is NULL, is its length in bytes without the NUL behind it. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_baseline_write(const struct bindsim_baseline *baseline,
						       char **ret_text, size_t *ret_n,
						       struct bindsim_error **error);

/* Frees BASELINE; checks that have it keep it. NULL is allowed. Any thread may call it. Since 1.1.
 */
BINDSIM_API void bindsim_baseline_free(struct bindsim_baseline *baseline);

/* A finding of a baseline. It lives as long as what it was asked of. */
struct bindsim_known;

/* How many there are in BASELINE; the one at INDEX. Since 1.1. */
BINDSIM_API size_t bindsim_baseline_findings(const struct bindsim_baseline *baseline);
BINDSIM_API const struct bindsim_known *
bindsim_baseline_finding(const struct bindsim_baseline *baseline, size_t index);

/* The name of the plan that it was in, or NULL; its rule; its fingerprint, as
 * bindsim_finding_fingerprint() has it. Since 1.1. */
BINDSIM_API const char *bindsim_known_plan(const struct bindsim_known *known);
BINDSIM_API const char *bindsim_known_rule(const struct bindsim_known *known);
BINDSIM_API const char *bindsim_known_fingerprint(const struct bindsim_known *known);

/* What the object that it is about is called in any version, and the other one, or "". Since 1.1.
 */
BINDSIM_API const char *bindsim_known_subject(const struct bindsim_known *known);
BINDSIM_API const char *bindsim_known_other(const struct bindsim_known *known);

/* Its level then, and how many symbols it was about. Since 1.1. */
BINDSIM_API enum bindsim_level bindsim_known_level(const struct bindsim_known *known);
BINDSIM_API size_t bindsim_known_symbols(const struct bindsim_known *known);

/* ---- checks -------------------------------------------------------------------------------- */

/* Plans, and what their findings are judged by. */
struct bindsim_check;

/* A check of nothing by which errors count, in *RET_CHECK; to be freed. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_check_new(struct bindsim_check **ret_check);
BINDSIM_API void bindsim_check_free(struct bindsim_check *check);

/* The policy that judges; NULL: none. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_check_set_policy(struct bindsim_check *check,
							 const struct bindsim_policy *policy);

/* Findings that are in BASELINE and have not become more do not count; NULL: there is none. Since
 * 1.1. */
BINDSIM_API enum bindsim_status bindsim_check_set_baseline(struct bindsim_check *check,
							   const struct bindsim_baseline *baseline);

/* Findings of LEVEL and worse ones count, whatever the policy says of that; of
 * BINDSIM_LEVEL_NONE none does. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_check_set_fail_on(struct bindsim_check *check,
							  enum bindsim_level level);

/* The day of the check, "2026-11-30", by which suppressions expire; NULL: the day on which it runs,
 * in UTC. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_check_set_today(struct bindsim_check *check,
							const char *today,
							struct bindsim_error **error);

/* ON is not 0: the policy is about more than the plans of CHECK, which is then not told of what no
 * plan had a use for. Since 1.1. */
BINDSIM_API enum bindsim_status bindsim_check_set_partial(struct bindsim_check *check, int on);

/*
 * Adds PLAN, which is called NAME in reports and in baselines; NULL: it has no name. It is copied
 * as it is now. Loader, root and library path that it does not have are those of the policy, once
 * CHECK is run. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_check_add(struct bindsim_check *check, const char *name,
						  const struct bindsim_plan *plan,
						  struct bindsim_error **error);

/*
 * Adds each bindsim_policy_plan() of the policy that CHECK has, by its name, with BASE, or NULL.
 * The shared objects of sections [libraries NAME] are no plans: where there are any the check is
 * partial from then on. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_check_add_policy_plans(struct bindsim_check *check,
							       const struct bindsim_plan *base,
							       struct bindsim_error **error);

/* ---- verdicts ------------------------------------------------------------------------------ */

/* What a check came to. */
struct bindsim_verdict;

/*
 * Simulates the plans of CHECK, one after the other, with the files of STORE (NULL: with a store of
 * its own) and with OPTIONS, or NULL, whose reports are about all of them. What they come to is in
 * *RET_VERDICT, to be freed; that it is bad is no error.
 *
 * The first plan that cannot be simulated is an error with the place "plan NAME". Reports that are
 * plan files are of one plan: with more it is BINDSIM_ERROR_ARGUMENT. BINDSIM_ERROR_OUTPUT: the
 * verdict is there all the same. Since 1.1.
 */
BINDSIM_API enum bindsim_status bindsim_check_run(struct bindsim_store *store,
						  const struct bindsim_check *check,
						  const struct bindsim_options *options,
						  struct bindsim_verdict **ret_verdict,
						  struct bindsim_error **error);

/* Frees VERDICT, and its results. NULL is allowed. Since 1.1. */
BINDSIM_API void bindsim_verdict_free(struct bindsim_verdict *verdict);

/* 1 if no finding counts and the loader refused nothing, else 0. Since 1.1. */
BINDSIM_API int bindsim_verdict_passes(const struct bindsim_verdict *verdict);

/* How many plans there were; the answer to the one at INDEX, which is VERDICT's, and what the plan
 * is called, or NULL. Since 1.1. */
BINDSIM_API size_t bindsim_verdict_results(const struct bindsim_verdict *verdict);
BINDSIM_API const struct bindsim_result *
bindsim_verdict_result(const struct bindsim_verdict *verdict, size_t index);
BINDSIM_API const char *bindsim_verdict_plan(const struct bindsim_verdict *verdict, size_t index);

/* The report INDEX of those that bindsim_options_report() asked for, with a NUL behind it; its
 * length in bytes is in *RET_N, unless that is NULL. Since 1.1. */
BINDSIM_API const char *bindsim_verdict_report(const struct bindsim_verdict *verdict, size_t index,
					       size_t *ret_n);

/* What would be a baseline by which nothing counts: the findings that count or are known, and what
 * the check's own baseline has of plans that were not asked about. It is VERDICT's. Since 1.1. */
BINDSIM_API const struct bindsim_baseline *
bindsim_verdict_baseline(const struct bindsim_verdict *verdict);

enum bindsim_disposition {
	BINDSIM_COUNTS = 0,	 /* or nobody judged it */
	BINDSIM_BELOW = 1,	 /* its level is no reason to fail */
	BINDSIM_SUPPRESSED = 2,	 /* the policy excuses it */
	BINDSIM_IN_BASELINE = 3, /* it is known */
};

/* "counts". Static; NULL for values that it does not know. Since 1.1. */
BINDSIM_API const char *bindsim_disposition_name(enum bindsim_disposition disposition);

/* What a check makes of FINDING; and the reason of the section that excuses it, which may be "", or
 * NULL. Since 1.1. */
BINDSIM_API enum bindsim_disposition
bindsim_finding_disposition(const struct bindsim_finding *finding);
BINDSIM_API const char *bindsim_finding_excuse(const struct bindsim_finding *finding);

/* How many findings of RESULT are of DISPOSITION, whatever the filter; 0 where no check asked.
 * Since 1.1. */
BINDSIM_API size_t bindsim_result_tally(const struct bindsim_result *result,
					enum bindsim_disposition disposition);

/* What the baseline has of the plan of RESULT, and RESULT has not any more: how many; the one at
 * INDEX. Since 1.1. */
BINDSIM_API size_t bindsim_result_gone(const struct bindsim_result *result);
BINDSIM_API const struct bindsim_known *
bindsim_result_gone_finding(const struct bindsim_result *result, size_t index);

#ifdef __cplusplus
}
#endif

#endif
