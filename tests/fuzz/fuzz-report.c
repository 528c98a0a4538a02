/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as what `bindsim diff' and --baseline read: a report in JSON, a stream of it, or a
 * baseline. The first byte says as which of the three; reports are compared with themselves.
 */
#define FUZZ_WORDS "words/report.def"
#include "words.h"

#include "input/input.h"
#include "input/report-file.h"
#include "study/diff.h"

#include <stdlib.h>

static const char *text;

static void read_baseline(struct bs_arena *arena, size_t n)
{
	bs_baseline baseline = { 0 };
	void *held;
	const char *problem = bs_baseline_read(arena, text, n, &baseline, &held);

	bs_plan_drop(held);
	if (problem && !*problem)
		abort();
	if (!problem)
		bs_baseline_sort(&baseline);
}

static void read_report(struct bs_arena *arena, size_t n, bool is_stream)
{
	struct bs_names *names = bs_names_new(arena);
	struct bs_digest *digest = bs_digest_new(arena, names, NULL);
	enum bs_json_kind kind;
	void *held;
	const char *problem = bs_report_file_kind(arena, text, n, &kind, &held);

	bs_plan_drop(held);
	if (problem && !*problem)
		abort();
	problem = bs_report_file_read(text, n, is_stream, digest, &held);
	bs_plan_drop(held);
	if (problem && !*problem)
		abort();
	if (problem)
		return;
	/* What is the same has no differences. */
	struct bs_digest *again = bs_digest_new(arena, names, NULL);

	if (bs_report_file_read(text, n, is_stream, again, &held))
		abort();
	bs_plan_drop(held);
	const struct bs_diff_options options = { .parts = UINT32_MAX, .name = { "a", "b" } };

	if (bs_diff_new(arena, digest, again, &options)->n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	struct bs_fuzz_in in = { data, n };
	uint8_t which = bs_fuzz_u8(&in);
	char *copy = bs_fuzz_text(in);

	text = copy;
	if (which % 3 == 2)
		read_baseline(arena, in.n);
	else
		read_report(arena, in.n, which % 3 == 1);
	free(copy);
	bs_arena_free(arena);
	return 0;
}
