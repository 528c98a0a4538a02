/* SPDX-License-Identifier: MIT */
/*
 * again EXECUTABLE N: simulates its start-up once, and N times more on the images that are loaded
 * by then; prints the seconds of the first time and the least of the others.
 */
#include "check/check.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void step(void *data, const struct bs_run *run, const struct bs_step_result *result)
{
	uint32_t *n_bindings = data;

	(void)run;
	*n_bindings += result->relocated.bindings.n + result->slots.n;
}

static double simulate(const struct bs_plan *plan, struct bs_store *store, uint32_t *n_bindings)
{
	const struct bs_sink sink = { .data = n_bindings, .step = step };
	struct bs_sim_report report;
	double begin = now();

	*n_bindings = 0;
	if (bs_simulate(plan, store, &sink, &report) != BS_SIM_OK) {
		fprintf(stderr, "%s\n", report.problem ? report.problem : "it is refused");
		exit(2);
	}
	bs_sim_report_done(&report);
	return now() - begin;
}

int main(int argc, char **argv)
{
	uint32_t n_first, n;

	if (argc != 3)
		return 2;
	const struct bs_plan plan = { .executable = argv[1] };
	struct bs_store *store = bs_store_new();

	if (!store)
		return 2;
	bs_store_read_ahead(store);
	bs_store_keeps(store, BS_KEPT_PATHS);
	bs_store_keeps(store, BS_KEPT_LOOKUPS);
	double first = simulate(&plan, store, &n_first), least = first;

	for (int i = atoi(argv[2]); i > 0; i--) {
		double seconds = simulate(&plan, store, &n);

		least = seconds < least ? seconds : least;
		if (n != n_first)
			return 1;
	}
	printf("%.6f %.6f %u\n", first, least, n_first);
	bs_store_free(store);
	return 0;
}
