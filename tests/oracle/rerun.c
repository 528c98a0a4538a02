/* SPDX-License-Identifier: MIT */
/*
 * rerun PLAN...: simulates each plan on stores that keep what runs find out, and on one of its own.
 * All must come to the same report, byte for byte. Prints how many lines were compared, and how
 * often answers that were kept were of use.
 */
#include "bind/bind.h"
#include "cli/cli.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

/* Everything that a log can show. */
static char *report_of(const struct bs_plan *plan, struct bs_store *store, size_t *ret_n)
{
	char *text = NULL;
	struct bs_writer *writer = calloc(1, sizeof *writer);
	struct bs_report list[] = {
		{ .format = &bs_format_lddebug, .show = ~0u, .writer = writer },
	};
	struct bs_reports reports = { .list = list, .n = 1 };
	const struct bs_sink sink = bs_reports_sink(&reports);
	struct bs_sim_report report;

	if (!writer || !(writer->file = open_memstream(&text, ret_n)))
		abort();
	enum bs_sim_status status = bs_simulate(plan, store, &sink, &report);

	bs_writer_flush(writer);
	fprintf(writer->file, "status %d %s\n", status, report.problem ? report.problem : "");
	if (fclose(writer->file) != 0)
		abort();
	bs_sim_report_done(&report);
	free(writer);
	return text;
}

static struct bs_store *new_store(void)
{
	struct bs_store *store = bs_store_new();

	if (!store)
		abort();
	bs_store_read_ahead(store);
	return store;
}

/* The place of the first byte in which A and B, of N bytes each or more, differ. */
static void show_difference(const char *path, const char *what, const char *kept, const char *fresh)
{
	while (*kept && *kept == *fresh)
		kept++, fresh++;
	printf("%s: the run on a store that keeps %s goes on with\n%.300s\nthe other "
	       "with\n%.300s\n",
	       path, what, kept, fresh);
}

/* What is kept for runs of one program, for those of many, and for both. */
enum { LOOKUPS, ANSWERS, BOTH, N_STORES };

static const char *const what[N_STORES] = { "lookups", "answers", "lookups and answers" };

static struct bs_store *new_keeping(unsigned which)
{
	struct bs_store *store = new_store();

	bs_store_keeps(store, BS_KEPT_PATHS);
	if (which != ANSWERS)
		bs_store_keeps(store, BS_KEPT_LOOKUPS);
	if (which != LOOKUPS)
		bs_store_keeps(store, BS_KEPT_ANSWERS);
	return store;
}

/* True when PLAN comes to the same on all of the stores KEEPING; adds to *N_LINES. */
static bool is_the_same(const char *path, const struct bs_plan *plan,
			struct bs_store *const *keeping, size_t *n_lines)
{
	struct bs_store *own = new_store();
	bool same = true;
	size_t n_kept, n_fresh;
	char *fresh = report_of(plan, own, &n_fresh);

	for (unsigned i = 0; i < N_STORES; i++) {
		char *kept = report_of(plan, keeping[i], &n_kept);

		if (n_kept != n_fresh || memcmp(kept, fresh, n_kept) != 0) {
			show_difference(path, what[i], kept, fresh);
			same = false;
		}
		free(kept);
	}
	for (size_t k = 0; k < n_fresh; k++)
		*n_lines += fresh[k] == '\n';
	free(fresh);
	bs_store_free(own);
	return same;
}

int main(int argc, char **argv)
{
	struct bs_arena *arena = bs_arena_new();
	struct bs_store *keeping[N_STORES];
	uint64_t n_found = 0;
	size_t n_lines = 0;
	int status = 0;

	if (!arena || BS_ON_OUT_OF_MEMORY(arena))
		abort();
	for (unsigned i = 0; i < N_STORES; i++)
		keeping[i] = new_keeping(i);
	for (int i = 1; i < argc; i++) {
		struct bs_plan plan;

		if (!bs_plan_load(arena, argv[i], &plan))
			return 2;
		if (!is_the_same(argv[i], &plan, keeping, &n_lines))
			status = 1;
	}
	for (unsigned i = 0; i < N_STORES; i++) {
		n_found += bs_answers_count(keeping[i]).n_found;
		bs_store_free(keeping[i]);
	}
	printf("%llu found again, %zu lines\n", (unsigned long long)n_found, n_lines);
	bs_arena_free(arena);
	return status;
}
