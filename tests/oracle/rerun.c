/* SPDX-License-Identifier: MIT */
/*
 * rerun PLAN...: simulates each plan on a store that keeps what runs find out, and on one of its
 * own. Both must come to the same report, byte for byte. Prints how many lines were compared.
 */
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
static void show_difference(const char *path, const char *kept, const char *fresh)
{
	while (*kept && *kept == *fresh)
		kept++, fresh++;
	printf("%s: the run on a store that keeps things goes on with\n%.300s\nthe other "
	       "with\n%.300s\n",
	       path, kept, fresh);
}

int main(int argc, char **argv)
{
	struct bs_arena *arena = bs_arena_new();
	struct bs_store *keeping = new_store();
	size_t n_lines = 0;
	int status = 0;

	if (!arena || BS_ON_OUT_OF_MEMORY(arena))
		abort();
	bs_store_keeps(keeping, BS_KEPT_PATHS);
	bs_store_keeps(keeping, BS_KEPT_LOOKUPS);
	for (int i = 1; i < argc; i++) {
		struct bs_store *own = new_store();
		struct bs_plan plan;
		size_t n_kept, n_fresh;

		if (!bs_plan_load(arena, argv[i], &plan))
			return 2;
		char *kept = report_of(&plan, keeping, &n_kept);
		char *fresh = report_of(&plan, own, &n_fresh);

		if (n_kept != n_fresh || memcmp(kept, fresh, n_kept) != 0) {
			show_difference(argv[i], kept, fresh);
			status = 1;
		}
		for (size_t k = 0; k < n_fresh; k++)
			n_lines += fresh[k] == '\n';
		free(kept);
		free(fresh);
		bs_store_free(own);
	}
	printf("%zu lines\n", n_lines);
	bs_store_free(keeping);
	bs_arena_free(arena);
	return status;
}
