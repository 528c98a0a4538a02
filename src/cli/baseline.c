/* SPDX-License-Identifier: MIT */
/* The files of --baseline and --write-baseline. */
#include "cli.h"

#include "../input/report-file.h"
#include "../report/jansson-late.h"

#include <errno.h>
#include <string.h>

bs_baseline *bs_baseline_load(struct bs_arena *arena, const char *path, bool may_lack)
{
	bs_baseline *baseline = (bs_baseline *)bs_new(arena, bs_baseline, 1);
	const char *name;
	size_t n;

	if (may_lack && !bs_input_read(arena, path, &n) && errno == ENOENT)
		return baseline;
	const char *text = bs_input_text(arena, path, &name);

	if (!text)
		return NULL;
	void *held;
	const char *problem = bs_baseline_read(arena, text, strlen(text), baseline, &held);

	bs_plan_drop(held);
	if (problem)
		bs_complain("%s: %s", name, problem);
	return problem ? NULL : baseline;
}

void bs_baseline_keep(struct bs_arena *arena, bs_baseline *baseline,
		      const struct bs_check_line *check)
{
	const char **names = bs_new(arena, const char *, check->plans.n);

	bs_vec_each (i, &check->plans)
		names[i] = check->plans.v[i].name;
	if (check->known)
		bs_baseline_carry(arena, baseline, check->known, check->policy, names,
				  check->plans.n);
	bs_baseline_sort(baseline);
}

bool bs_baseline_save(struct bs_arena *arena, const char *path, const bs_baseline *baseline)
{
	const char *problem = bs_jansson_open();
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct bs_destination destination;

	if (problem) {
		bs_complain("--write-baseline '%s': %s", path, problem);
		return false;
	}
	if (!bs_destination_open(arena, path, &destination))
		return false;
	writer->file = destination.file;
	bs_baseline_write(writer, arena, baseline);
	return bs_destination_close(&destination, writer, true);
}
