/* SPDX-License-Identifier: MIT */
/* What results say, and how many simulations share files. */
#include "api-test.h"

#include <unistd.h>

/* The finding of RULE in RESULT; there must be one. */
static const struct bindsim_finding *find(const struct bindsim_result *result, const char *rule)
{
	for (size_t i = 0; i < bindsim_result_findings(result); i++)
		if (strcmp(bindsim_finding_rule(bindsim_result_finding(result, i)), rule) == 0)
			return bindsim_result_finding(result, i);
	fprintf(stderr, "there is no finding %s\n", rule);
	exit(1);
}

/* The binding of SYMBOL in the object called REFERRER. */
static const struct bindsim_binding *binding_of(const struct bindsim_result *result,
						const char *referrer, const char *symbol)
{
	for (size_t i = 0; i < bindsim_result_bindings(result); i++) {
		const struct bindsim_binding *b = bindsim_result_binding(result, i);

		if (strcmp(bindsim_binding_symbol(b), symbol) == 0 &&
		    strcmp(name_of(result, bindsim_binding_referrer(b)), referrer) == 0)
			return b;
	}
	fprintf(stderr, "there is no binding of %s in %s\n", symbol, referrer);
	exit(1);
}

static void test_captured(void)
{
	struct bindsim_plan *plan = plan_of("./player");

	step(plan, "dlopen", "./copy.so:NOW,LOCAL");
	struct bindsim_result *result = answer_to(plan);
	const struct bindsim_finding *finding = find(result, "captured-references");
	const struct bindsim_binding *binding = binding_of(result, "./copy.so", "codec_read");
	uint32_t codec = bindsim_binding_definer(binding, 0);

	CHECK(!bindsim_result_is_refused(result));
	CHECK(strncmp(bindsim_result_loader(result), "glibc ", 6) == 0);
	CHECK_TEXT(bindsim_result_machine(result), "x86-64");
	CHECK(bindsim_result_worst(result) == BINDSIM_LEVEL_ERROR);
	CHECK(bindsim_finding_level(finding) == BINDSIM_LEVEL_ERROR);
	CHECK(bindsim_finding_step(finding) == 1 && bindsim_finding_symbols(finding) == 4);
	CHECK(bindsim_finding_other(finding) == codec);
	CHECK(bindsim_finding_subject(finding) == bindsim_binding_referrer(binding));
	CHECK(strlen(bindsim_finding_fingerprint(finding)) == 16);
	CHECK(strstr(bindsim_finding_headline(finding), "copy.so is bound to libcodec.so.1"));
	CHECK(!strchr(bindsim_finding_headline(finding), '\n'));
	CHECK(strstr(bindsim_finding_message(finding), "because: "));
	CHECK_TEXT(bindsim_finding_example(finding, 0), "codec_table");
	CHECK(!bindsim_finding_example(finding, 99));
	CHECK_TEXT(bindsim_object_soname(bindsim_result_object(result, codec)), "libcodec.so.1");
	CHECK(bindsim_binding_step(binding) == 1 && bindsim_binding_epoch(binding, 0) == 1);
	CHECK_TEXT(bindsim_binding_when(binding), "load");
	CHECK(bindsim_binding_kind(binding, 0) && !bindsim_binding_kind(binding, 9));
	CHECK_TEXT(bindsim_why_name(bindsim_binding_why(binding, 0)), "first-in-scope");
	CHECK_TEXT(bindsim_outcome_name(bindsim_binding_outcome(binding, 0)), "bound");
	CHECK(bindsim_binding_answers(binding) == 1);
	CHECK(bindsim_binding_definer(binding, 1) == BINDSIM_NONE);
	CHECK(bindsim_rule_summary("captured-references") &&
	      bindsim_rule_help("captured-references"));
	bindsim_result_free(result);
}

static void test_objects(void)
{
	struct bindsim_plan *plan = plan_of("./player");

	step(plan, "dlmopen", "./first.so");
	step(plan, "dlopen", "./third.so");
	step(plan, "dlclose", "2");
	struct bindsim_result *result = answer_to(plan);
	const struct bindsim_object *player = bindsim_result_object(result, 0);
	const struct bindsim_object *first =
		bindsim_result_object(result, bindsim_step_object(bindsim_result_step(result, 1)));
	const struct bindsim_object *third =
		bindsim_result_object(result, bindsim_step_object(bindsim_result_step(result, 2)));

	CHECK_TEXT(bindsim_object_name(player), "./player");
	CHECK_TEXT(bindsim_object_kind(player), "executable");
	CHECK(!bindsim_object_found_by(player) && bindsim_object_loaded_in(player) == 0);
	CHECK_TEXT(bindsim_object_path(first), "./first.so");
	CHECK_TEXT(bindsim_object_role(first), "ordinary");
	CHECK_TEXT(bindsim_object_found_by(first), "path");
	CHECK(bindsim_object_namespace(first) == 1 && bindsim_object_namespace(player) == 0);
	CHECK(bindsim_object_unloaded_in(first) == BINDSIM_NONE);
	CHECK(bindsim_object_loaded_in(third) == 2 && bindsim_object_unloaded_in(third) == 3);
	CHECK(!bindsim_object_is_preloaded(first));
	bindsim_result_free(result);
}

static void test_steps(void)
{
	struct bindsim_plan *plan = plan_of("./player");
	uint64_t offset;

	CHECK(bindsim_plan_set_variable(plan, "LD_PRELOAD", "./first.so", NULL) == BINDSIM_OK);
	step(plan, "dlopen", "./nothing.so");
	step(plan, "dlsym", "hook");
	step(plan, "dlsym", "no_hook");
	struct bindsim_result *result = answer_to(plan);
	const struct bindsim_step *found = bindsim_result_step(result, 2);

	CHECK(bindsim_result_steps(result) == 4 && !bindsim_result_step(result, 4));
	CHECK(bindsim_result_is_refused(result));
	CHECK_TEXT(bindsim_step_kind(bindsim_result_step(result, 0)), "start-up");
	CHECK(bindsim_step_state(bindsim_result_step(result, 1)) == BINDSIM_STEP_FAILED);
	CHECK_TEXT(bindsim_step_words(bindsim_result_step(result, 1)), "dlopen ./nothing.so");
	CHECK_TEXT(bindsim_step_message(bindsim_result_step(result, 1)),
		   "./nothing.so: cannot open shared object file: No such file or directory");
	CHECK(bindsim_step_number(found) == 2 && bindsim_step_state(found) == BINDSIM_STEP_OK);
	CHECK_TEXT(name_of(result, bindsim_step_object(found)), "./first.so");
	CHECK(bindsim_object_is_preloaded(
		bindsim_result_object(result, bindsim_step_object(found))));
	CHECK(bindsim_step_offset(found, &offset) && offset);
	CHECK(!bindsim_step_offset(bindsim_result_step(result, 3), &offset) && !offset);
	CHECK(!bindsim_step_ends_process(found) && !bindsim_step_message(found));
	bindsim_result_free(result);
}

/* A call that waits has an answer for each time. */
static void test_epochs(void)
{
	struct bindsim_plan *plan = plan_of("./player");

	step(plan, "dlopen", "./second.so:LAZY");
	step(plan, "dlopen", "./first.so:NOW,GLOBAL");
	step(plan, "call", "second.so:hook");
	struct bindsim_result *result = answer_to(plan);
	const struct bindsim_binding *b = binding_of(result, "./second.so", "hook");

	CHECK_TEXT(bindsim_binding_when(b), "first-call");
	CHECK(bindsim_binding_answers(b) >= 2 && bindsim_binding_called_in(b) == 3);
	CHECK(bindsim_binding_epoch(b, 0) == 1 && bindsim_binding_epoch(b, 1) == 2);
	CHECK(bindsim_binding_outcome(b, 0) == BINDSIM_UNDEFINED);
	CHECK(bindsim_binding_definer(b, 0) == BINDSIM_NONE);
	CHECK(bindsim_binding_outcome(b, 1) == BINDSIM_BOUND);
	CHECK_TEXT(name_of(result, bindsim_binding_definer(b, 1)), "./first.so");
	bindsim_result_free(result);
}

static void test_searches(void)
{
	struct bindsim_plan *plan = plan_of("./player");
	bool found = false;

	CHECK(bindsim_plan_set(plan, "library_path", "nowhere:lib", NULL) == BINDSIM_OK);
	step(plan, "dlopen", "libextra.so");
	struct bindsim_result *result = answer_to(plan);

	for (size_t i = 0; i < bindsim_result_searches(result); i++) {
		const struct bindsim_search *search = bindsim_result_search(result, i);
		size_t last = bindsim_search_places(search) - 1;

		if (strcmp(bindsim_search_name(search), "libextra.so") != 0)
			continue;
		found = true;
		CHECK(bindsim_search_step(search) == 1);
		CHECK_TEXT(bindsim_search_found(search), "lib/libextra.so");
		CHECK_TEXT(bindsim_search_place(search, last), "lib/libextra.so");
		CHECK_TEXT(bindsim_search_place_by(search, last), "library-path");
		CHECK_TEXT(bindsim_search_place_verdict(search, last), "taken");
		CHECK(bindsim_search_place_errno(search, last) == 0);
		CHECK(last > 0 && bindsim_search_place_errno(search, 0) != 0);
		CHECK_TEXT(bindsim_search_place_verdict(search, 0), "not-opened");
		CHECK(!bindsim_search_place(search, last + 1));
	}
	CHECK(found);
	bindsim_result_free(result);
}

static void test_root(void)
{
	struct bindsim_plan *plan = plan_of("/player");
	char here[4096];

	CHECK(getcwd(here, sizeof here));
	CHECK(bindsim_plan_set(plan, "root", here, NULL) == BINDSIM_OK);
	struct bindsim_result *result = answer_to(plan);

	/* The loader itself is not there. */
	CHECK(bindsim_result_objects(result) >= 1);
	CHECK_TEXT(name_of(result, 0), "/player");
	bindsim_result_free(result);
}

/* Files are read once, and results outlive everything. */
static void test_store(void)
{
	struct bindsim_store *store;
	struct bindsim_plan *plan = plan_of("./player");
	struct bindsim_result *results[3];
	size_t n_read = 0, n_bindings;

	step(plan, "dlopen", "./copy.so");
	CHECK(bindsim_store_new(&store) == BINDSIM_OK);
	for (size_t i = 0; i < 3; i++) {
		CHECK(bindsim_simulate(store, plan, NULL, &results[i], NULL) == BINDSIM_OK);
		CHECK(i == 0 || bindsim_store_files_read(store) == n_read);
		n_read = bindsim_store_files_read(store);
	}
	CHECK(n_read >= 3 && bindsim_store_files(store) == n_read);
	bindsim_store_trim(store);
	CHECK(bindsim_store_files(store) == 0 && bindsim_store_files_read(store) == n_read);
	CHECK(bindsim_store_ref(store) == store);
	bindsim_store_unref(store);
	bindsim_store_unref(store);
	bindsim_plan_free(plan);
	n_bindings = bindsim_result_bindings(results[0]);
	for (size_t i = 0; i < 3; i++) {
		CHECK(bindsim_result_bindings(results[i]) == n_bindings);
		binding_of(results[i], "./copy.so", "codec_read");
		bindsim_result_free(results[i]);
	}
}

int main(void)
{
	test_captured();
	test_objects();
	test_steps();
	test_epochs();
	test_searches();
	test_root();
	test_store();
	return 0;
}
