/* SPDX-License-Identifier: MIT */
/*
 * Many threads ask about many plans with one store, and share a plan, options and a result: all
 * answers must be those that one thread gets. Built with the thread sanitizer it must be silent.
 *
 *	threads-test [MANY]
 */
#include "api-test.h"

#include <pthread.h>

enum { N_THREADS = 8, N_PLANS = 4, N_ROUNDS = 6 };

static const char *const opened[N_PLANS] = { "./copy.so", "./static.so:LAZY", "./templates.so",
					     "./nothing.so" };
static struct bindsim_store *store;
static struct bindsim_plan *plans[N_PLANS];
static struct bindsim_options *options;
static char *wanted[N_PLANS];
static struct bindsim_check *check;
static char *wanted_of_check;
static struct bindsim_side *sides[2];
static char *wanted_of_sides;
static unsigned n_rounds = N_ROUNDS;

static char *ask(struct bindsim_store *with, unsigned i)
{
	struct bindsim_result *result;
	char *text;

	CHECK(bindsim_simulate(with, plans[i], options, &result, NULL) == BINDSIM_OK);
	text = strdup(bindsim_result_report(result, 0, NULL));
	bindsim_result_free(result);
	CHECK(text);
	return text;
}

/* All of them check by one policy and one baseline. */
static void judge(struct bindsim_store *with)
{
	struct bindsim_verdict *verdict;

	CHECK(bindsim_check_run(with, check, options, &verdict, NULL) == BINDSIM_OK);
	if (wanted_of_check)
		CHECK_TEXT(bindsim_verdict_report(verdict, 0, NULL), wanted_of_check);
	else
		wanted_of_check = strdup(bindsim_verdict_report(verdict, 0, NULL));
	bindsim_verdict_free(verdict);
}

/* All of them hold the same sides against each other. */
static void compare(struct bindsim_store *with)
{
	struct bindsim_diff *diff;
	char *text;

	CHECK(bindsim_compare(with, sides[0], sides[1], NULL, NULL, &diff, NULL) == BINDSIM_OK);
	CHECK(bindsim_diff_write(diff, "json", NULL, &text, NULL, NULL) == BINDSIM_OK);
	if (wanted_of_sides)
		CHECK_TEXT(text, wanted_of_sides);
	else
		wanted_of_sides = strdup(text);
	bindsim_diff_free(diff);
	free(text);
}

static void *ask_all(void *data)
{
	struct bindsim_store *mine = bindsim_store_ref(store);
	unsigned first = (unsigned)(size_t)data;

	for (unsigned round = 0; round < n_rounds * N_PLANS; round++) {
		unsigned i = (first + round) % N_PLANS;
		char *text = ask(mine, i);

		CHECK_TEXT(text, wanted[i]);
		free(text);
		if (round % N_PLANS == 1)
			judge(mine);
		if (round % N_PLANS == 3)
			compare(mine);
		if (round % 7 == first)
			bindsim_store_trim(mine);
	}
	bindsim_store_unref(mine);
	return NULL;
}

static void make_check(void)
{
	static const char text[] = "[suppress]\nfrom = copy.so\nreason = known\n";
	struct bindsim_policy *policy;
	struct bindsim_verdict *verdict;

	CHECK(bindsim_policy_read(text, strlen(text), NULL, &policy, NULL) == BINDSIM_OK);
	CHECK(bindsim_check_new(&check) == BINDSIM_OK);
	CHECK(bindsim_check_add(check, "one", plans[0], NULL) == BINDSIM_OK);
	CHECK(bindsim_check_add(check, "two", plans[2], NULL) == BINDSIM_OK);
	CHECK(bindsim_check_run(NULL, check, NULL, &verdict, NULL) == BINDSIM_OK);
	CHECK(bindsim_check_set_baseline(check, bindsim_verdict_baseline(verdict)) == BINDSIM_OK);
	CHECK(bindsim_check_set_policy(check, policy) == BINDSIM_OK);
	bindsim_verdict_free(verdict);
	bindsim_policy_free(policy);
	judge(NULL);
}

int main(int argc, char **argv)
{
	pthread_t threads[N_THREADS];

	(void)argv;
	if (argc > 1)
		n_rounds *= 10;
	CHECK(bindsim_store_new(&store) == BINDSIM_OK);
	CHECK(bindsim_options_new(&options) == BINDSIM_OK);
	CHECK(bindsim_options_report(options, "json",
				     "objects,demangled,bindings,findings,searches,scopes",
				     NULL) == BINDSIM_OK);
	CHECK(bindsim_options_report(options, "html", NULL, NULL) == BINDSIM_OK);
	for (unsigned i = 0; i < N_PLANS; i++) {
		plans[i] = plan_of("./player");
		step(plans[i], "dlopen", opened[i]);
		step(plans[i], "dlopen", "./first.so:GLOBAL");
		wanted[i] = ask(NULL, i);
	}
	make_check();
	CHECK(bindsim_side_of_plan(plans[0], NULL, &sides[0], NULL) == BINDSIM_OK);
	CHECK(bindsim_side_read(wanted[1], strlen(wanted[1]), "b", &sides[1], NULL) == BINDSIM_OK);
	compare(NULL);
	for (size_t i = 0; i < N_THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, ask_all, (void *)i) == 0);
	for (size_t i = 0; i < N_THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	bindsim_check_free(check);
	bindsim_side_free(sides[0]);
	bindsim_side_free(sides[1]);
	free(wanted_of_sides);
	free(wanted_of_check);
	bindsim_store_unref(store);
	bindsim_options_free(options);
	for (unsigned i = 0; i < N_PLANS; i++) {
		bindsim_plan_free(plans[i]);
		free(wanted[i]);
	}
	return 0;
}
