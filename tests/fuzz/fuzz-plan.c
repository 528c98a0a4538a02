/* SPDX-License-Identifier: MIT */
/* Any bytes as a plan file: what can be read is written, and what is written means the same. */
#define FUZZ_WORDS "words/plan.def"
#include "words.h"

#include "base/base.h"
#include "cli/cli.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

static char *write_plan(struct bs_arena *arena, const struct bs_plan *plan, size_t *ret_n)
{
	char *text = NULL;
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct bs_report report = { .format = &bs_format_plan, .writer = writer };

	writer->file = open_memstream(&text, ret_n);
	if (!writer->file)
		abort();
	bs_format_plan.question(&report, arena, plan);
	if (!bs_writer_flush(writer) || fclose(writer->file) != 0)
		abort();
	return text;
}

/* PLAN, written, read and written again. */
static void go_round(struct bs_arena *arena, const struct bs_plan *plan)
{
	struct bs_plan again;
	size_t n, n_again;
	char *text = write_plan(arena, plan, &n);

	if (bs_plan_read(arena, text, n, &again) || again.n_steps != plan->n_steps ||
	    again.n_blocks != plan->n_blocks || again.n_environment != plan->n_environment)
		abort();
	for (uint32_t i = 0; i < plan->n_steps; i++)
		if (again.steps[i].kind != plan->steps[i].kind ||
		    again.steps[i].mode != plan->steps[i].mode ||
		    again.steps[i].number != plan->steps[i].number ||
		    again.steps[i].block != plan->steps[i].block ||
		    again.steps[i].of_step != plan->steps[i].of_step)
			abort();
	char *text_again = write_plan(arena, &again, &n_again);

	if (n != n_again || memcmp(text, text_again, n) != 0)
		abort();
	free(text);
	free(text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_arena_new();
	char *copy = malloc(n ? n : 1); /* of its exact size, so that reads beyond it are noticed */
	struct bs_plan plan;

	if (!arena || !copy)
		abort();
	if (n)
		memcpy(copy, data, n);
	const char *problem = bs_plan_read(arena, copy, n, &plan);

	if (problem && !*problem)
		abort();
	if (!problem)
		go_round(arena, &plan);
	free(copy);
	bs_arena_free(arena);
	return 0;
}
