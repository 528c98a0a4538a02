/* SPDX-License-Identifier: MIT */
/* api-test.h - what the tests of libbindsim share; they run where tests/cli/examples.py has built
 */
#pragma once

#include <bindsim/bindsim.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In builds without assertions, too. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

#define CHECK_TEXT(text, wanted)                                                                   \
	do {                                                                                       \
		const char *is_ = (text), *wanted_ = (wanted);                                     \
                                                                                                   \
		if (!is_ || strcmp(is_, wanted_) != 0) {                                           \
			fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__,   \
				#text, is_ ? is_ : "(null)", wanted_);                             \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static inline struct bindsim_plan *plan_of(const char *executable)
{
	struct bindsim_plan *plan;

	CHECK(bindsim_plan_new(&plan) == BINDSIM_OK);
	CHECK(bindsim_plan_set(plan, "executable", executable, NULL) == BINDSIM_OK);
	return plan;
}

static inline void step(struct bindsim_plan *plan, const char *kind, const char *text)
{
	CHECK(bindsim_plan_step(plan, kind, text, NULL) == BINDSIM_OK);
}

/* The answer to PLAN, which is freed. */
static inline struct bindsim_result *answer_to(struct bindsim_plan *plan)
{
	struct bindsim_result *result;
	struct bindsim_error *error;

	if (bindsim_simulate(NULL, plan, NULL, &result, &error) != BINDSIM_OK) {
		fprintf(stderr, "%s\n", bindsim_error_message(error));
		exit(1);
	}
	bindsim_plan_free(plan);
	return result;
}

static inline const char *name_of(const struct bindsim_result *result, uint32_t object)
{
	return bindsim_object_name(bindsim_result_object(result, object));
}

/* A process that waits, and ends with this one. It is another program, whatever this one runs
 * under. */
static inline pid_t start_waiting(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	char here[4096], there[4096], link[64];
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sleep", "sleep", "600", (char *)NULL);
		_exit(1);
	}
	snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
	do {
		nanosleep(&pause, NULL);
		memset(here, 0, sizeof here);
		memset(there, 0, sizeof there);
		CHECK(readlink("/proc/self/exe", here, sizeof here - 1) > 0);
		CHECK(readlink(link, there, sizeof there - 1) > 0);
	} while (strcmp(here, there) == 0);
	nanosleep(&pause, NULL);
	return pid;
}

static inline void end_waiting(pid_t pid)
{
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
}
