/* SPDX-License-Identifier: MIT */
/* api-test.h - what the tests of libbindsim share; they run where tests/cli/examples.py has built
 */
#pragma once

#include <bindsim/bindsim.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
