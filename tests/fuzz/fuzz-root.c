/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a tiny root: a program, two libraries, an ld.so and an ld.so.cache are cut out of
 * the input and put into a directory; the program's start-up and steps of every kind are simulated,
 * for every format there is, by the rules of glibc and of musl. What the first size chooses is one
 * of these loaders, and the second one a format, 0 all of them: a fuzzer, which asks for one at a
 * time, comes to thirty times as many roots.
 */
#include "fuzz.h"

#include "base/base.h"
#include "report/report.h"
#include "sim/sim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FORMATS = 16 };

static const char *const files[BS_FUZZ_PARTS] = {
	"app", "lib/liba.so", "lib/libb.so", "lib64/ld-linux-x86-64.so.2", "etc/ld.so.cache",
};

static const char *const directories[] = { "lib", "lib64", "etc" };

static int fds[BS_FUZZ_PARTS];

static const char *make_root(void)
{
	const char *root = bs_fuzz_directory();
	char path[128];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", root, directories[i]);
		if (mkdir(path, 0700) != 0)
			abort();
	}
	for (int i = 0; i < BS_FUZZ_PARTS; i++) {
		snprintf(path, sizeof path, "%s/%s", root, files[i]);
		fds[i] = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fds[i] < 0)
			abort();
	}
	return root;
}

static void write_file(int i, const struct bs_fuzz_part *part)
{
	static size_t sizes[BS_FUZZ_PARTS];

	if (sizes[i] != part->n && ftruncate(fds[i], (off_t)part->n) != 0)
		abort();
	sizes[i] = part->n;
	if (pwrite(fds[i], part->bytes, part->n, 0) != (ssize_t)part->n)
		abort();
}

/* The formats that CHOICE stands for: all, or one. The last one is what explains. Few ask for the
 * database: to make its tables takes longer than all the rest. */
static void add_reports(struct bs_arena *arena, FILE *null, uint8_t choice,
			struct bs_reports *reports)
{
	const struct bs_format *all[MOST_FORMATS];
	const struct bs_format *const *formats = bs_formats();
	uint32_t n = 0, n_quick, first = 0;

	for (; *formats && n < MOST_FORMATS - 2; formats++)
		/* One that cannot be written on this machine has no functions to call. */
		if (*formats != &bs_format_sqlite && (!(*formats)->open || !(*formats)->open()))
			all[n++] = *formats;
	all[n++] = &bs_format_explain;
	n_quick = n;
	if (!bs_format_sqlite.open || !bs_format_sqlite.open())
		all[n++] = &bs_format_sqlite;
	if (choice) {
		first = choice == UINT8_MAX ? n - 1 : choice % n_quick;
		n = first + 1;
	}
	for (uint32_t i = first; i < n; i++) {
		struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

		writer->file = null;
		reports->list[reports->n++] = (struct bs_report){
			.format = all[i],
			.show = UINT32_MAX,
			.selection = { .symbol = all[i] == &bs_format_explain ? "*" : NULL },
			.writer = writer,
		};
	}
}

/* LOADER: as in a plan; NULL for the one that the program asks for. */
static void simulate(struct bs_arena *arena, FILE *null, bool lazy, const char *loader,
		     uint8_t format, const char *root)
{
	const struct bs_step steps[] = {
		{ .kind = BS_STEP_DLOPEN,
		  .file = "libb.so",
		  .mode = BS_MODE_LAZY | BS_MODE_GLOBAL },
		{ .kind = BS_STEP_DLOPEN, .file = "libb.so", .mode = BS_MODE_NOW, .block = 1 },
		{ .kind = BS_STEP_DLOPEN, .file = "liba.so", .mode = BS_MODE_LAZY },
		{ .kind = BS_STEP_DLMOPEN, .file = "liba.so", .mode = BS_MODE_NOW },
		{ .kind = BS_STEP_DLSYM, .handle = BS_HANDLE_STEP, .of_step = 3, .symbol = "f" },
		{ .kind = BS_STEP_DLSYM, .handle = BS_HANDLE_NEXT, .symbol = "g", .version = "V" },
		{ .kind = BS_STEP_DLCLOSE, .of_step = 1 },
		{ .kind = BS_STEP_DLCLOSE, .of_step = 3 },
		{ .kind = BS_STEP_DLCLOSE, .of_step = 4 },
		{ .kind = BS_STEP_DLOPEN,
		  .file = "liba.so",
		  .mode = BS_MODE_NOW | BS_MODE_DEEPBIND },
	};
	const struct bs_block block = { "liba.so" };
	const struct bs_variable now = { "LD_BIND_NOW", "1" };
	const struct bs_plan plan = {
		.executable = "/app",
		.loader = loader,
		.root = root,
		.environment = &now,
		.n_environment = lazy ? 0 : 1,
		.steps = steps,
		.n_steps = sizeof steps / sizeof *steps,
		.blocks = &block,
		.n_blocks = 1,
		.trace = lazy,
	};
	struct bs_reports reports = { .list = bs_new(arena, struct bs_report, MOST_FORMATS) };
	struct bs_sim_report answer;
	struct bs_store *store = bs_store_new();

	add_reports(arena, null, format, &reports);
	const struct bs_sink sink = bs_reports_sink(&reports);

	bs_simulate(&plan, store, &sink, &answer);
	bs_reports_done(&reports);
	bs_reports_drop(&reports);
	/* Nothing that a file says makes a row that its table does not take. */
	for (uint32_t i = 0; i < reports.n; i++)
		if (reports.list[i].writer->failed)
			abort();
	bs_sim_report_done(&answer);
	bs_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const loaders[] = { NULL, "musl:1.2.2", "musl:1.2.5" };
	static const char *root;
	static FILE *null;
	enum { N_LOADERS = sizeof loaders / sizeof *loaders };
	struct bs_fuzz_part parts[BS_FUZZ_PARTS];
	struct bs_arena *arena = bs_fuzz_arena();

	if (!null) {
		null = fopen("/dev/null", "w");
		root = make_root();
	}
	bs_fuzz_cut(data, n, parts);
	for (int i = 0; i < BS_FUZZ_PARTS; i++)
		write_file(i, &parts[i]);
	for (unsigned i = 0; i < N_LOADERS; i++)
		if (!parts[0].choice || parts[0].choice % N_LOADERS == i)
			simulate(arena, null, n && data[0] & 1, loaders[i], parts[1].choice, root);
	bs_arena_free(arena);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	return bs_fuzz_mutate_parts(data, n, room, seed);
}
