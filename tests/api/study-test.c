/* SPDX-License-Identifier: MIT */
/* Comparisons and advice: who owns what, and that each stands for itself. */
#include "api-test.h"

static struct bindsim_side *side_of(const char *opened)
{
	struct bindsim_plan *plan = plan_of("./player");
	struct bindsim_side *side;

	step(plan, "dlopen", opened);
	CHECK(bindsim_side_of_plan(plan, NULL, &side, NULL) == BINDSIM_OK);
	bindsim_plan_free(plan);
	return side;
}

/* What a plan comes to, as a report. */
static struct bindsim_side *report_of(const char *opened, const char *format)
{
	struct bindsim_plan *plan = plan_of("./player");
	struct bindsim_options *options;
	struct bindsim_result *result;
	struct bindsim_side *side;
	const char *text;
	size_t n;

	step(plan, "dlopen", opened);
	CHECK(bindsim_options_new(&options) == BINDSIM_OK);
	CHECK(bindsim_options_report(options, format, "objects,bindings,findings", NULL) ==
	      BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, NULL) == BINDSIM_OK);
	text = bindsim_result_report(result, 0, &n);
	CHECK(bindsim_side_read(text, n, "kept", &side, NULL) == BINDSIM_OK);
	bindsim_result_free(result);
	bindsim_options_free(options);
	bindsim_plan_free(plan);
	return side;
}

static struct bindsim_diff *compare(struct bindsim_side *left, struct bindsim_side *right)
{
	struct bindsim_diff *diff;

	CHECK(bindsim_compare(NULL, left, right, NULL, NULL, &diff, NULL) == BINDSIM_OK);
	bindsim_side_free(left);
	bindsim_side_free(right);
	return diff;
}

static void test_difference(void)
{
	struct bindsim_diff *diff =
		compare(report_of("./second.so:LAZY", "ndjson"), side_of("./copy.so:NOW"));
	char *text;
	size_t n;
	bool found = false;

	CHECK(bindsim_diff_count(diff) > 0 && bindsim_diff_gaps(diff) == 0);
	CHECK(strncmp(bindsim_diff_loader(diff, BINDSIM_LEFT), "glibc ", 6) == 0);
	CHECK(bindsim_diff_steps(diff) == 1 && bindsim_diff_step_number(diff, 0) == 1);
	CHECK_TEXT(bindsim_diff_step_words(diff, 0, BINDSIM_LEFT), "dlopen ./second.so");
	CHECK_TEXT(bindsim_diff_step_change(diff, 0, 0), "asks");
	CHECK(bindsim_diff_step_state(diff, 0, BINDSIM_RIGHT) == BINDSIM_STEP_OK);
	CHECK(bindsim_diff_step_state(diff, 9, BINDSIM_RIGHT) == BINDSIM_STEP_NOT_REACHED);
	for (size_t i = 0; i < bindsim_diff_bindings(diff); i++) {
		if (strcmp(bindsim_diff_binding_symbol(diff, i), "codec_read") != 0)
			continue;
		uint32_t definer = bindsim_diff_binding_definer(diff, i, BINDSIM_RIGHT);

		found = true;
		CHECK_TEXT(bindsim_diff_binding_change(diff, i), "new");
		CHECK_TEXT(bindsim_diff_object_soname(diff, definer, BINDSIM_RIGHT),
			   "libcodec.so.1");
		CHECK(bindsim_diff_binding_definer(diff, i, BINDSIM_LEFT) == BINDSIM_NONE);
	}
	CHECK(found);
	CHECK(bindsim_diff_write(diff, "text", NULL, &text, &n, NULL) == BINDSIM_OK);
	CHECK(strlen(text) == n && n > 0);
	free(text);
	bindsim_diff_free(diff);
}

static void test_same(void)
{
	struct bindsim_diff *diff = compare(report_of("./copy.so", "json"), side_of("./copy.so"));

	CHECK(bindsim_diff_count(diff) == 0 && bindsim_diff_bindings(diff) == 0);
	CHECK(bindsim_diff_objects(diff) > 0 && !bindsim_diff_object_change(diff, 0, 0));
	CHECK(!bindsim_diff_binding_symbol(diff, 0) && !bindsim_diff_loader(diff, 2));
	bindsim_diff_free(diff);
}

static void test_advice(void)
{
	struct bindsim_plan *plan = plan_of("./player");
	struct bindsim_advice *advice;
	const struct bindsim_trial *trial;
	const struct bindsim_clash *clash;
	const struct bindsim_effect *effect;
	struct bindsim_plan *cured;
	size_t n;

	step(plan, "dlopen", "./copy.so:NOW,LOCAL");
	CHECK(bindsim_advise(plan, "captured-references", NULL, NULL, &advice, NULL) == BINDSIM_OK);
	bindsim_plan_free(plan);
	CHECK(bindsim_advice_clashes(advice) == 1 && bindsim_advice_has_cure(advice));
	CHECK(bindsim_advice_failed_step(advice) == BINDSIM_NONE);
	clash = bindsim_advice_clash(advice, 0);
	CHECK_TEXT(bindsim_clash_subject(clash), "copy.so");
	CHECK_TEXT(bindsim_clash_other(clash), "libcodec.so.1");
	CHECK(bindsim_clash_symbols(clash) == 4 && bindsim_clash_example(clash, 0));
	trial = bindsim_advice_trial(advice, bindsim_advice_best(advice, BINDSIM_HANDS_LINK));
	CHECK(trial && bindsim_trial_benefit(trial) == BINDSIM_CURES);
	CHECK(bindsim_trial_change(trial, 0) && bindsim_trial_change_place(trial, 0));
	trial = bindsim_advice_trial(advice, bindsim_advice_best(advice, BINDSIM_HANDS_OWN));
	CHECK_TEXT(bindsim_trial_remedy(trial), "deepbind");
	effect = bindsim_trial_effect(trial, 0);
	CHECK(bindsim_effect_level_before(effect) == BINDSIM_LEVEL_ERROR);
	CHECK(bindsim_effect_level_after(effect) == BINDSIM_LEVEL_NONE);
	CHECK(!bindsim_effect_is_new(effect) && bindsim_effect_symbols_after(effect) == 0);
	CHECK(bindsim_trial_plan(trial, &cured, NULL) == BINDSIM_OK);
	CHECK(strstr(bindsim_advice_report(advice, "text", &n), "DEEPBIND") && n > 0);
	bindsim_advice_free(advice);
	bindsim_plan_free(cured);
}

static void test_process(void)
{
	pid_t pid = start_waiting();
	struct bindsim_process *process;
	struct bindsim_plan *plan;
	struct bindsim_store *store;

	CHECK(bindsim_store_new(&store) == BINDSIM_OK);
	CHECK(bindsim_process_read(store, (int)pid, NULL, NULL, &process, NULL) == BINDSIM_OK);
	end_waiting(pid);
	/* Nothing of it holds a file any more. */
	bindsim_store_trim(store);
	CHECK(bindsim_store_files(store) == 0);
	bindsim_store_unref(store);
	CHECK(bindsim_process_agreeing(process) > 0);
	CHECK(bindsim_result_objects(bindsim_process_result(process)) > 2);
	CHECK(bindsim_process_plan(process, &plan, NULL) == BINDSIM_OK);
	bindsim_plan_free(plan);
	bindsim_process_free(process);
}

static void test_nothing(void)
{
	struct bindsim_diff *diff;
	struct bindsim_advice *advice;

	bindsim_side_free(NULL);
	bindsim_diff_free(NULL);
	bindsim_advice_free(NULL);
	bindsim_process_free(NULL);
	CHECK(!bindsim_process_agrees(NULL) && !bindsim_process_slot_symbol(NULL, 0));
	CHECK(bindsim_process_missing_object(NULL, 0) == BINDSIM_NONE);
	CHECK(bindsim_compare(NULL, NULL, NULL, NULL, NULL, &diff, NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_advise(NULL, NULL, NULL, NULL, &advice, NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(!diff && bindsim_diff_count(NULL) == 0 && bindsim_diff_objects(NULL) == 0);
	CHECK(!advice && bindsim_advice_best(NULL, BINDSIM_HANDS_OWN) == BINDSIM_NONE);
	CHECK(!bindsim_advice_trial(NULL, 0) && !bindsim_trial_words(NULL));
	CHECK(!bindsim_effect_rule(NULL) && !bindsim_clash_rule(NULL));
	CHECK(!bindsim_benefit_name((enum bindsim_benefit)99));
}

int main(void)
{
	test_difference();
	test_same();
	test_advice();
	test_process();
	test_nothing();
	return 0;
}
