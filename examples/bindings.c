/* SPDX-License-Identifier: MIT */
/*
 * bindings.c - what a program and the files that it opens would be bound to
 *
 *	cc bindings.c $(pkg-config --cflags --libs libbindsim) -o bindings
 *	./bindings EXECUTABLE [FILE[:FLAGS]]...
 *
 * Prints what becomes of each step, each reference that another object answers, and what is likely
 * to hurt. The exit status is 1 if the loader refuses something, and 2 if there is no answer.
 */
#include <bindsim/bindsim.h>

#include <stdio.h>

/* Where OBJECT is none nobody answers. */
static const char *name_of(const struct bindsim_result *result, uint32_t object)
{
	const char *name = bindsim_object_name(bindsim_result_object(result, object));

	return name ? name : "nobody";
}

static void print_steps(const struct bindsim_result *result)
{
	static const char *const states[] = { "ok", "failed", "not reached" };

	for (size_t i = 0; i < bindsim_result_steps(result); i++) {
		const struct bindsim_step *step = bindsim_result_step(result, i);
		const char *message = bindsim_step_message(step);

		printf("step %u %s: %s%s%s\n", (unsigned)bindsim_step_number(step),
		       bindsim_step_words(step), states[bindsim_step_state(step)],
		       message ? ": " : "", message ? message : "");
	}
}

static void print_bindings(const struct bindsim_result *result)
{
	for (size_t i = 0; i < bindsim_result_bindings(result); i++) {
		const struct bindsim_binding *binding = bindsim_result_binding(result, i);
		const char *version = bindsim_binding_version(binding);

		/* One that waits for its first call has an answer for each time. */
		for (size_t k = 0; k < bindsim_binding_answers(binding); k++) {
			uint32_t definer = bindsim_binding_definer(binding, k);

			if (definer == bindsim_binding_referrer(binding))
				continue;
			printf("%s: %s%s%s -> %s (%s, %s, after step %u)\n",
			       name_of(result, bindsim_binding_referrer(binding)),
			       bindsim_binding_symbol(binding), version ? "@" : "",
			       version ? version : "", name_of(result, definer),
			       bindsim_why_name(bindsim_binding_why(binding, k)),
			       bindsim_binding_when(binding),
			       (unsigned)bindsim_binding_epoch(binding, k));
		}
	}
}

static void print_findings(const struct bindsim_result *result)
{
	for (size_t i = 0; i < bindsim_result_findings(result); i++) {
		const struct bindsim_finding *finding = bindsim_result_finding(result, i);

		printf("%s: %s: %s\n", bindsim_level_name(bindsim_finding_level(finding)),
		       bindsim_finding_rule(finding), bindsim_finding_headline(finding));
	}
}

/* The plan that the words of the command line are. */
static enum bindsim_status make_plan(char **words, struct bindsim_plan *plan,
				     struct bindsim_error **error)
{
	enum bindsim_status status = bindsim_plan_set(plan, "executable", *words++, error);

	for (; status == BINDSIM_OK && *words; words++)
		status = bindsim_plan_step(plan, "dlopen", *words, error);
	return status;
}

int main(int argc, char **argv)
{
	struct bindsim_plan *plan;
	struct bindsim_result *result = NULL;
	struct bindsim_error *error = NULL;
	int exit_status = 2;

	if (argc < 2) {
		fprintf(stderr, "usage: %s EXECUTABLE [FILE[:FLAGS]]...\n", argv[0]);
		return 2;
	}
	if (bindsim_plan_new(&plan) != BINDSIM_OK) {
		fprintf(stderr, "%s\n", bindsim_status_text(BINDSIM_ERROR_NO_MEMORY));
		return 2;
	}
	if (make_plan(argv + 1, plan, &error) == BINDSIM_OK &&
	    bindsim_simulate(NULL, plan, NULL, &result, &error) == BINDSIM_OK) {
		print_steps(result);
		print_bindings(result);
		print_findings(result);
		exit_status = bindsim_result_is_refused(result);
	} else {
		fprintf(stderr, "%s\n", bindsim_error_message(error));
	}
	bindsim_error_free(error);
	bindsim_result_free(result);
	bindsim_plan_free(plan);
	return exit_status;
}
