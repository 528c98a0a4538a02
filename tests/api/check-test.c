/* SPDX-License-Identifier: MIT */
/* Which findings count, and who owns what says so. */
#include "api-test.h"

static const char quiet[] = "[suppress]\nrule = captured-references\nreason = we know\n";

static struct bindsim_policy *policy_of(const char *text)
{
	struct bindsim_policy *policy;

	CHECK(bindsim_policy_read(text, strlen(text), NULL, &policy, NULL) == BINDSIM_OK);
	return policy;
}

/* A check of ./player that opens FILE, by POLICY, which is given back. */
static struct bindsim_check *check_of(const char *file, struct bindsim_policy *policy)
{
	struct bindsim_plan *plan = plan_of("./player");
	struct bindsim_check *check;

	step(plan, "dlopen", file);
	CHECK(bindsim_check_new(&check) == BINDSIM_OK);
	CHECK(bindsim_check_set_policy(check, policy) == BINDSIM_OK);
	CHECK(bindsim_check_add(check, "player", plan, NULL) == BINDSIM_OK);
	CHECK(bindsim_check_set_today(check, "2026-11-30", NULL) == BINDSIM_OK);
	bindsim_plan_free(plan);
	bindsim_policy_free(policy);
	return check;
}

static struct bindsim_verdict *verdict_about(const struct bindsim_check *check)
{
	struct bindsim_verdict *verdict;
	struct bindsim_error *error;

	if (bindsim_check_run(NULL, check, NULL, &verdict, &error) == BINDSIM_OK)
		return verdict;
	fprintf(stderr, "%s\n", bindsim_error_message(error));
	exit(1);
}

/* All findings of VERDICT's one plan that are of DISPOSITION. */
static size_t count(const struct bindsim_verdict *verdict, enum bindsim_disposition disposition)
{
	const struct bindsim_result *result = bindsim_verdict_result(verdict, 0);
	size_t n = 0;

	for (size_t i = 0; i < bindsim_result_findings(result); i++)
		n += bindsim_finding_disposition(bindsim_result_finding(result, i)) == disposition;
	CHECK(n == bindsim_result_tally(result, disposition));
	return n;
}

static void test_suppressed(void)
{
	struct bindsim_check *check = check_of("./copy.so", policy_of(quiet));
	struct bindsim_verdict *verdict = verdict_about(check);
	const struct bindsim_result *result = bindsim_verdict_result(verdict, 0);
	bool found = false;

	bindsim_check_free(check);
	CHECK(bindsim_verdict_passes(verdict) && bindsim_verdict_results(verdict) == 1);
	CHECK_TEXT(bindsim_verdict_plan(verdict, 0), "player");
	CHECK(count(verdict, BINDSIM_COUNTS) == 0 && count(verdict, BINDSIM_SUPPRESSED) == 1);
	for (size_t i = 0; i < bindsim_result_findings(result); i++) {
		const struct bindsim_finding *f = bindsim_result_finding(result, i);

		if (bindsim_finding_disposition(f) != BINDSIM_SUPPRESSED) {
			CHECK(!bindsim_finding_excuse(f));
			continue;
		}
		found = true;
		CHECK_TEXT(bindsim_finding_excuse(f), "we know");
		CHECK_TEXT(bindsim_disposition_name(bindsim_finding_disposition(f)), "suppressed");
	}
	CHECK(found);
	bindsim_verdict_free(verdict);
}

/* A verdict's own baseline outlives it in a check, and a policy its owner. */
static void test_baseline(void)
{
	struct bindsim_check *check = check_of("./copy.so", policy_of(""));
	struct bindsim_verdict *before = verdict_about(check);
	const struct bindsim_baseline *baseline = bindsim_verdict_baseline(before);

	CHECK(!bindsim_verdict_passes(before) && count(before, BINDSIM_COUNTS) == 1);
	CHECK(bindsim_baseline_findings(baseline) == 1);
	CHECK_TEXT(bindsim_known_plan(bindsim_baseline_finding(baseline, 0)), "player");
	CHECK(!bindsim_baseline_finding(baseline, 1));
	CHECK(bindsim_check_set_baseline(check, baseline) == BINDSIM_OK);
	bindsim_verdict_free(before);

	struct bindsim_verdict *after = verdict_about(check);

	CHECK(bindsim_verdict_passes(after) && count(after, BINDSIM_IN_BASELINE) == 1);
	CHECK(bindsim_result_gone(bindsim_verdict_result(after, 0)) == 0);
	bindsim_verdict_free(after);
	/* A run leaves no mark on it. */
	after = verdict_about(check);
	CHECK(bindsim_verdict_passes(after));
	bindsim_verdict_free(after);
	CHECK(bindsim_check_set_baseline(check, NULL) == BINDSIM_OK);
	after = verdict_about(check);
	CHECK(!bindsim_verdict_passes(after));
	bindsim_verdict_free(after);
	bindsim_check_free(check);
}

static void test_level(void)
{
	struct bindsim_check *check = check_of("./copy.so", policy_of("[check]\nfail-on = note\n"));
	struct bindsim_verdict *verdict;

	CHECK(bindsim_check_set_fail_on(check, (enum bindsim_level)9) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_check_set_fail_on(check, BINDSIM_LEVEL_NONE) == BINDSIM_OK);
	verdict = verdict_about(check);
	CHECK(bindsim_verdict_passes(verdict) && count(verdict, BINDSIM_BELOW) > 0);
	bindsim_verdict_free(verdict);
	bindsim_check_free(check);
}

/* All that the policy's plans come to, or nothing. */
static void test_plans(void)
{
	static const char plans[] = "[plan one]\nexecutable = ./player\nstep = dlopen ./copy.so\n"
				    "[plan two]\nexecutable = ./launcher\n";
	static const char wrong[] = "[plan one]\nexecutable = ./player\n"
				    "[plan two]\nexecutable = ./player\nstep = nothing\n";
	struct bindsim_check *check = check_of("./third.so", policy_of(plans));
	struct bindsim_policy *policy = policy_of(wrong);
	struct bindsim_error *error;
	struct bindsim_verdict *verdict;

	CHECK(bindsim_check_set_policy(check, policy) == BINDSIM_OK);
	CHECK(bindsim_check_add_policy_plans(check, NULL, &error) == BINDSIM_ERROR_TEXT);
	CHECK_TEXT(bindsim_error_place(error), "line 5");
	bindsim_error_free(error);
	bindsim_policy_free(policy);
	policy = policy_of(plans);
	CHECK(bindsim_policy_plans(policy) == 2);
	CHECK_TEXT(bindsim_policy_plan_name(policy, 1), "two");
	CHECK(!bindsim_policy_plan_name(policy, 2));
	CHECK(bindsim_check_set_policy(check, policy) == BINDSIM_OK);
	bindsim_policy_free(policy);
	CHECK(bindsim_check_add_policy_plans(check, NULL, &error) == BINDSIM_OK);
	CHECK(bindsim_check_add_policy_plans(check, NULL, &error) == BINDSIM_ERROR_ARGUMENT);
	CHECK_TEXT(bindsim_error_reason(error), "there is a plan one already");
	bindsim_error_free(error);
	verdict = verdict_about(check);
	CHECK(bindsim_verdict_results(verdict) == 3 && !bindsim_verdict_passes(verdict));
	CHECK(bindsim_result_worst(bindsim_verdict_result(verdict, 2)) == BINDSIM_LEVEL_NONE);
	CHECK(bindsim_result_tally(bindsim_verdict_result(verdict, 1), BINDSIM_COUNTS) == 1);
	bindsim_verdict_free(verdict);
	bindsim_check_free(check);
}

/* Reports go where options say; one that cannot be written takes no verdict away. */
static void test_reports(void)
{
	struct bindsim_check *check = check_of("./copy.so", policy_of(quiet));
	struct bindsim_options *options;
	struct bindsim_verdict *verdict;
	struct bindsim_error *error;
	FILE *full = fopen("/dev/full", "w");
	size_t n;

	CHECK(full && bindsim_options_new(&options) == BINDSIM_OK);
	CHECK(bindsim_options_report(options, "text", NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_options_report_to_file(options, "json", NULL, full, NULL) == BINDSIM_OK);
	CHECK(bindsim_check_run(NULL, check, options, &verdict, &error) == BINDSIM_ERROR_OUTPUT);
	bindsim_error_free(error);
	CHECK(bindsim_verdict_passes(verdict));
	CHECK(strstr(bindsim_verdict_report(verdict, 0, &n), "check: passed") && n > 0);
	CHECK(!bindsim_verdict_report(verdict, 1, &n) && n == 0);
	bindsim_verdict_free(verdict);
	bindsim_options_free(options);
	bindsim_check_free(check);
	fclose(full);
}

static void test_nothing(void)
{
	struct bindsim_verdict *verdict;

	bindsim_policy_free(NULL);
	bindsim_baseline_free(NULL);
	bindsim_check_free(NULL);
	bindsim_verdict_free(NULL);
	CHECK(bindsim_check_run(NULL, NULL, NULL, &verdict, NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(!verdict && !bindsim_verdict_passes(NULL) && !bindsim_verdict_result(NULL, 0));
	CHECK(!bindsim_verdict_baseline(NULL) && !bindsim_verdict_report(NULL, 0, NULL));
	CHECK(!bindsim_known_rule(NULL) && bindsim_known_level(NULL) == BINDSIM_LEVEL_NONE);
	CHECK(bindsim_result_tally(NULL, BINDSIM_COUNTS) == 0 && bindsim_result_gone(NULL) == 0);
	CHECK(!bindsim_disposition_name((enum bindsim_disposition)9));
}

int main(void)
{
	test_suppressed();
	test_baseline();
	test_level();
	test_plans();
	test_reports();
	test_nothing();
	return 0;
}
