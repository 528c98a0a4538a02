/* SPDX-License-Identifier: MIT */
/*
 * gate.c - what a build may ask before it ships: do the plans of a policy pass, what would help if
 * they do not, and what is bound otherwise than in a report that was kept
 *
 *	cc gate.c $(pkg-config --cflags --libs libbindsim) -o gate
 *	./gate POLICY [REPORT]
 *
 * REPORT is what bindsim, or a program like bindings.c, wrote of the first plan in JSON, with its
 * bindings. The exit status is 1 if a finding counts, and 2 if there is no answer.
 */
#include <bindsim/bindsim.h>

#include <stdio.h>
#include <stdlib.h>

extern char **environ;

/* What is given back however it ends; all of it may be NULL. */
struct gate {
	struct bindsim_policy *policy;
	struct bindsim_baseline *baseline;
	struct bindsim_check *check;
	struct bindsim_verdict *verdict;
	struct bindsim_plan *base; /* what all plans of the policy have from here */
	struct bindsim_plan *plan; /* the first one of the policy */
	struct bindsim_store *store;
	struct bindsim_error *error;
};

/* Where hosts are looked for, and the variables of this process if the policy wants them: else none
 * are in a plan. */
static enum bindsim_status make_base(struct gate *gate)
{
	enum bindsim_status status = bindsim_plan_new(&gate->base);

	if (status == BINDSIM_OK)
		status = bindsim_plan_set(gate->base, "search_path", getenv("PATH"), &gate->error);
	if (status == BINDSIM_OK && bindsim_policy_uses_environment(gate->policy))
		status = bindsim_plan_set_environment(gate->base, (const char *const *)environ,
						      &gate->error);
	return status;
}

/* The policy's plans, judged by it and by the baseline that it names. */
static enum bindsim_status check(struct gate *gate, const char *path)
{
	enum bindsim_status status = bindsim_policy_read_file(path, &gate->policy, &gate->error);
	const char *baseline = bindsim_policy_baseline(gate->policy);

	if (status == BINDSIM_OK && baseline)
		status = bindsim_baseline_read_file(baseline, &gate->baseline, &gate->error);
	if (status == BINDSIM_OK)
		status = bindsim_check_new(&gate->check);
	if (status == BINDSIM_OK)
		status = bindsim_check_set_policy(gate->check, gate->policy);
	if (status == BINDSIM_OK)
		status = bindsim_check_set_baseline(gate->check, gate->baseline);
	if (status == BINDSIM_OK)
		status = make_base(gate);
	if (status == BINDSIM_OK)
		status = bindsim_check_add_policy_plans(gate->check, gate->base, &gate->error);
	if (status == BINDSIM_OK)
		status = bindsim_check_run(gate->store, gate->check, NULL, &gate->verdict,
					   &gate->error);
	if (status == BINDSIM_OK)
		status =
			bindsim_policy_plan(gate->policy, 0, gate->base, &gate->plan, &gate->error);
	return status;
}

static void print_findings(const struct bindsim_verdict *verdict)
{
	for (size_t i = 0; i < bindsim_verdict_results(verdict); i++) {
		const struct bindsim_result *result = bindsim_verdict_result(verdict, i);

		for (size_t k = 0; k < bindsim_result_findings(result); k++) {
			const struct bindsim_finding *finding = bindsim_result_finding(result, k);
			const char *excuse = bindsim_finding_excuse(finding);

			printf("%s: %s: %s: %s%s%s%s\n", bindsim_verdict_plan(verdict, i),
			       bindsim_disposition_name(bindsim_finding_disposition(finding)),
			       bindsim_finding_rule(finding), bindsim_finding_headline(finding),
			       excuse ? " (" : "", excuse ? excuse : "", excuse ? ")" : "");
		}
	}
}

/* The best remedy for whoever it is in the hands of. */
static enum bindsim_status advise(struct gate *gate)
{
	struct bindsim_advice *advice;
	enum bindsim_status status =
		bindsim_advise(gate->plan, NULL, NULL, NULL, &advice, &gate->error);

	if (status != BINDSIM_OK)
		return status;
	for (enum bindsim_hands hands = BINDSIM_HANDS_OWN; hands <= BINDSIM_HANDS_LINK; hands++) {
		const struct bindsim_trial *trial =
			bindsim_advice_trial(advice, bindsim_advice_best(advice, hands));

		if (trial)
			printf("remedy: %s: %s\n",
			       bindsim_benefit_name(bindsim_trial_benefit(trial)),
			       bindsim_trial_words(trial));
	}
	bindsim_advice_free(advice);
	return status;
}

static const char *name_of(const struct bindsim_diff *diff, uint32_t object)
{
	const char *name = bindsim_diff_object_name(diff, object, BINDSIM_RIGHT);

	if (!name)
		name = bindsim_diff_object_name(diff, object, BINDSIM_LEFT);
	return name ? name : "nobody";
}

static void print_differences(const struct bindsim_diff *diff)
{
	for (size_t i = 0; i < bindsim_diff_gaps(diff); i++)
		printf("not compared: %s: %s\n", bindsim_diff_gap_part(diff, i),
		       bindsim_diff_gap_reason(diff, i));
	for (size_t i = 0; i < bindsim_diff_bindings(diff); i++)
		printf("%s: %s: %s: %s -> %s (%s)\n", bindsim_diff_binding_change(diff, i),
		       name_of(diff, bindsim_diff_binding_referrer(diff, i)),
		       bindsim_diff_binding_symbol(diff, i),
		       name_of(diff, bindsim_diff_binding_definer(diff, i, BINDSIM_LEFT)),
		       name_of(diff, bindsim_diff_binding_definer(diff, i, BINDSIM_RIGHT)),
		       bindsim_diff_binding_cause(diff, i));
}

/* The report PATH against the first plan as it is now. */
static enum bindsim_status compare(struct gate *gate, const char *path)
{
	struct bindsim_side *before = NULL, *now = NULL;
	struct bindsim_diff *diff = NULL;
	enum bindsim_status status = bindsim_side_read_file(path, &before, &gate->error);

	if (status == BINDSIM_OK)
		status = bindsim_side_of_plan(gate->plan, NULL, &now, &gate->error);
	if (status == BINDSIM_OK)
		status = bindsim_compare(gate->store, before, now, NULL, NULL, &diff, &gate->error);
	if (status == BINDSIM_OK)
		print_differences(diff);
	bindsim_diff_free(diff);
	bindsim_side_free(before);
	bindsim_side_free(now);
	return status;
}

static enum bindsim_status ask(struct gate *gate, const char *policy, const char *report)
{
	enum bindsim_status status = bindsim_store_new(&gate->store);

	if (status == BINDSIM_OK)
		status = check(gate, policy);
	if (status == BINDSIM_OK)
		print_findings(gate->verdict);
	if (status == BINDSIM_OK && !bindsim_verdict_passes(gate->verdict))
		status = advise(gate);
	if (status == BINDSIM_OK && report)
		status = compare(gate, report);
	return status;
}

int main(int argc, char **argv)
{
	struct gate gate = { 0 };
	int exit_status = 2;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s POLICY [REPORT]\n", argv[0]);
		return 2;
	}
	enum bindsim_status status = ask(&gate, argv[1], argv[2]);

	if (status == BINDSIM_OK)
		exit_status = !bindsim_verdict_passes(gate.verdict);
	else
		fprintf(stderr, "%s\n",
			gate.error ? bindsim_error_message(gate.error)
				   : bindsim_status_text(status));
	bindsim_error_free(gate.error);
	bindsim_plan_free(gate.plan);
	bindsim_plan_free(gate.base);
	bindsim_verdict_free(gate.verdict);
	bindsim_check_free(gate.check);
	bindsim_baseline_free(gate.baseline);
	bindsim_policy_free(gate.policy);
	bindsim_store_unref(gate.store);
	return exit_status;
}
