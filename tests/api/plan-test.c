/* SPDX-License-Identifier: MIT */
/* Plans: made by calls, from text and back, and what is said of wrong ones. */
#include "api-test.h"

static void test_versions(void)
{
	CHECK_TEXT(bindsim_version(), BINDSIM_VERSION);
	CHECK(bindsim_version_number() == BINDSIM_VERSION_NUMBER);
}

/* *ERROR is STATUS about FILE, at PLACE; it is freed. */
static void check_error(struct bindsim_error *error, enum bindsim_status status, const char *file,
			const char *place, const char *message)
{
	CHECK(bindsim_error_status(error) == status);
	CHECK_TEXT(bindsim_error_message(error), message);
	CHECK(bindsim_error_reason(error));
	CHECK(!file == !bindsim_error_file(error));
	if (file)
		CHECK_TEXT(bindsim_error_file(error), file);
	CHECK(!place == !bindsim_error_place(error));
	if (place)
		CHECK_TEXT(bindsim_error_place(error), place);
	bindsim_error_free(error);
}

static struct bindsim_plan *full_plan(void)
{
	static const char *const environment[] = { "HOME=/root", "LD_BIND_NOW=1", "nothing", NULL };
	struct bindsim_plan *plan = plan_of("./player");

	CHECK(bindsim_plan_set(plan, "loader", "glibc:2.36", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set(plan, "argv0", "play", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set(plan, "argv0", NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_switch(plan, "inhibit_cache", 1, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_environment(plan, environment, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_variable(plan, "LD_PRELOAD", "first", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_variable(plan, "LD_PRELOAD", "./first.so", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_variable(plan, "LD_DYNAMIC_WEAK", "1", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_variable(plan, "LD_DYNAMIC_WEAK", NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_setting(plan, "glibc.rseq", "0", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_setting(plan, "glibc.rseq", NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_dlopen(plan, "./copy.so", "RTLD_NOW|local", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_dlmopen(plan, "./copy.so", NULL, 0, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set_caller(plan, "copy.so", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_dlsym(plan, BINDSIM_HANDLE_STEP, 1, "codec_open", NULL, NULL) ==
	      BINDSIM_OK);
	CHECK(bindsim_plan_dlsym(plan, BINDSIM_HANDLE_NEXT, 7, "codec_open", "V", NULL) ==
	      BINDSIM_OK);
	CHECK(bindsim_plan_set_caller(plan, NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_begin_init(plan, "copy.so", NULL) == BINDSIM_OK);
	step(plan, "dlopen", "./first.so:LAZY,GLOBAL");
	CHECK(bindsim_plan_end_init(plan, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_call(plan, "copy.so", "codec_read", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_dlclose(plan, 1, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_steps(plan) == 7);
	return plan;
}

static void test_texts(void)
{
	struct bindsim_plan *plan = full_plan(), *again, *copy;
	char *text, *of_again, *of_copy;
	size_t n;

	CHECK(bindsim_plan_copy(plan, &copy) == BINDSIM_OK);
	CHECK(bindsim_plan_write(plan, &text, &n, NULL) == BINDSIM_OK);
	CHECK(strlen(text) == n);
	bindsim_plan_free(plan);
	CHECK(strstr(text, "\"LD_PRELOAD\":\"./first.so\""));
	CHECK(strstr(text, "\"LD_BIND_NOW\":\"1\""));
	CHECK(!strstr(text, "HOME") && !strstr(text, "LD_DYNAMIC_WEAK") && !strstr(text, "argv0") &&
	      !strstr(text, "rseq"));
	CHECK(bindsim_plan_read(text, n, NULL, &again, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_write(again, &of_again, NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_write(copy, &of_copy, NULL, NULL) == BINDSIM_OK);
	CHECK_TEXT(of_again, text);
	CHECK_TEXT(of_copy, text);
	free(text);
	free(of_again);
	free(of_copy);
	bindsim_plan_free(again);
	bindsim_plan_free(copy);
}

static void test_wrong_texts(void)
{
	static const char flags[] = "{\"schema\": \"bindsim-plan-1\",\n \"steps\": [{\"dlopen\": "
				    "\"x\", \"flags\": 7.5}]}";
	struct bindsim_plan *plan;
	struct bindsim_error *error;

	CHECK(bindsim_plan_read(flags, strlen(flags), "a.json", &plan, &error) ==
	      BINDSIM_ERROR_PLAN);
	CHECK(!plan);
	CHECK_TEXT(bindsim_error_file(error), "a.json");
	CHECK_TEXT(bindsim_error_place(error), "steps[0].flags");
	CHECK(strncmp(bindsim_error_message(error), "a.json: steps[0].flags: ", 24) == 0);
	bindsim_error_free(error);
	CHECK(bindsim_plan_read("{", 1, NULL, &plan, &error) == BINDSIM_ERROR_PLAN);
	CHECK_TEXT(bindsim_error_place(error), "line 1, column 1");
	CHECK(!bindsim_error_file(error));
	bindsim_error_free(error);
	CHECK(bindsim_plan_read("[]", 2, "b", &plan, &error) == BINDSIM_ERROR_PLAN);
	check_error(error, BINDSIM_ERROR_PLAN, "b", NULL, "b: a plan is an object, not an array");
	CHECK(bindsim_plan_read_file("./nothing.json", &plan, &error) == BINDSIM_ERROR_FILE);
	check_error(error, BINDSIM_ERROR_FILE, "./nothing.json", NULL,
		    "./nothing.json: No such file or directory");
	CHECK(bindsim_plan_read_file("-", &plan, NULL) == BINDSIM_ERROR_FILE);
	CHECK(!plan);
}

static void test_wrong_calls(void)
{
	struct bindsim_plan *plan = plan_of("./player");
	struct bindsim_error *error;

	CHECK(bindsim_plan_set(plan, "exe", "x", &error) == BINDSIM_ERROR_ARGUMENT);
	check_error(error, BINDSIM_ERROR_ARGUMENT, NULL, NULL, "a plan has no text called 'exe'");
	CHECK(bindsim_plan_set(plan, "secure", "x", NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_set_switch(plan, "root", 1, NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_dlopen(plan, "x", "NOW,SOON", &error) == BINDSIM_ERROR_ARGUMENT);
	check_error(error, BINDSIM_ERROR_ARGUMENT, NULL, NULL, "'NOW,SOON': no flags of dlopen(3)");
	CHECK(bindsim_plan_dlopen(plan, NULL, NULL, NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_dlsym(plan, (enum bindsim_handle)9, 0, "x", NULL, NULL) ==
	      BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_step(plan, "dlload", "x", NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_step(plan, "dlclose", "x", &error) == BINDSIM_ERROR_ARGUMENT);
	check_error(error, BINDSIM_ERROR_ARGUMENT, NULL, NULL,
		    "dlclose 'x': the number of a step is wanted");
	CHECK(bindsim_plan_step(plan, "dlopen", "x:NOW,SOON", NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_set_variable(plan, "A=B", "x", NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_set_setting(plan, "glibc", "x", NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_end_init(plan, NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_plan_steps(plan) == 0);
	bindsim_plan_free(plan);
}

static void test_wrong_questions(void)
{
	struct bindsim_plan *plan;
	struct bindsim_result *result;
	struct bindsim_error *error;

	CHECK(bindsim_plan_new(&plan) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, NULL, &result, &error) == BINDSIM_ERROR_ARGUMENT);
	CHECK(!result);
	bindsim_error_free(error);
	CHECK(bindsim_plan_set(plan, "executable", "./nobody", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, NULL, &result, &error) == BINDSIM_ERROR_QUESTION);
	CHECK(!result);
	check_error(error, BINDSIM_ERROR_QUESTION, "./nobody", NULL,
		    "./nobody: No such file or directory");
	CHECK(bindsim_plan_set(plan, "executable", "./player", NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_set(plan, "loader", "nobody's", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, NULL, &result, &error) == BINDSIM_ERROR_QUESTION);
	CHECK(bindsim_error_message(error) && !bindsim_error_file(error));
	bindsim_error_free(error);
	CHECK(bindsim_plan_set(plan, "loader", NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_plan_begin_init(plan, "x", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, NULL, &result, NULL) == BINDSIM_ERROR_ARGUMENT);
	bindsim_plan_free(plan);
}

/* Of an object that a call names and that is not loaded. What the library says has nothing of a
 * command line. */
static void test_wrong_objects(void)
{
	struct bindsim_result *result;
	struct bindsim_error *error;

	for (int is_call = 0; is_call < 2; is_call++) {
		struct bindsim_plan *plan = plan_of("./player");

		step(plan, "dlopen", "./copy.so");
		if (is_call) {
			CHECK(bindsim_plan_call(plan, "nobody", "x", NULL) == BINDSIM_OK);
		} else {
			CHECK(bindsim_plan_set_caller(plan, "nobody", NULL) == BINDSIM_OK);
			step(plan, "dlsym", "x");
		}
		CHECK(bindsim_simulate(NULL, plan, NULL, &result, &error) ==
		      BINDSIM_ERROR_QUESTION);
		CHECK(!result);
		check_error(error, BINDSIM_ERROR_QUESTION, NULL, NULL,
			    is_call ? "step 2: the call: no object that is loaded is called "
				      "'nobody'"
				    : "step 2: the caller: no object that is loaded is called "
				      "'nobody'");
		bindsim_plan_free(plan);
	}
	struct bindsim_plan *plan = plan_of("./player");

	CHECK(bindsim_plan_call(plan, "player", "no_such", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, NULL, &result, &error) == BINDSIM_ERROR_QUESTION);
	check_error(error, BINDSIM_ERROR_QUESTION, NULL, NULL,
		    "step 1: the call: ./player does not refer to no_such");
	bindsim_plan_free(plan);
}

/* None of them does anything. */
static void test_nothing(void)
{
	bindsim_plan_free(NULL);
	bindsim_options_free(NULL);
	bindsim_result_free(NULL);
	bindsim_store_unref(NULL);
	bindsim_store_trim(NULL);
	bindsim_error_free(NULL);
	CHECK(bindsim_store_ref(NULL) == NULL && bindsim_store_files(NULL) == 0);
	CHECK(bindsim_plan_new(NULL) == BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_error_status(NULL) == BINDSIM_OK && !bindsim_error_message(NULL));
	CHECK(bindsim_result_steps(NULL) == 0 && !bindsim_result_step(NULL, 0));
	CHECK(!bindsim_object_name(NULL) && bindsim_step_object(NULL) == BINDSIM_NONE);
	CHECK(!bindsim_binding_symbol(NULL) && !bindsim_binding_kind(NULL, 0));
	CHECK(bindsim_binding_definer(NULL, 0) == BINDSIM_NONE);
	CHECK(!bindsim_search_place(NULL, 0) && !bindsim_finding_example(NULL, 0));
	CHECK(!bindsim_why_name((enum bindsim_why)99) &&
	      !bindsim_level_name((enum bindsim_level)9));
	CHECK_TEXT(bindsim_status_text((enum bindsim_status)99), "an unknown status");
	CHECK(!bindsim_rule_summary("no-rule") && !bindsim_rule_help(NULL));
}

int main(void)
{
	test_versions();
	test_texts();
	test_wrong_texts();
	test_wrong_calls();
	test_wrong_questions();
	test_wrong_objects();
	test_nothing();
	return 0;
}
