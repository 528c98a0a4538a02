/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a tiny root: a program, two libraries, an ld.so and an ld.so.cache are cut out of
 * the input and put into a directory; the program's start-up and steps of every kind are simulated,
 * for every format there is, by the rules of glibc and of musl.
 */
#include "fuzz.h"

#include "base/base.h"
#include "report/report.h"
#include "sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const files[BS_FUZZ_PARTS] = {
	"app", "lib/liba.so", "lib/libb.so", "lib64/ld-linux-x86-64.so.2", "etc/ld.so.cache",
};

static const char *const directories[] = { "lib", "lib64", "etc" };

static const char *make_root(void)
{
	const char *root = bs_fuzz_directory();
	char path[128];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", root, directories[i]);
		if (mkdir(path, 0700) != 0)
			abort();
	}
	return root;
}

/* LOADER: as in a plan; NULL for the one that the program asks for. */
static void simulate(struct bs_arena *arena, FILE *null, bool lazy, const char *loader,
		     const char *root)
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
	const struct bs_format *const *formats = bs_formats();
	struct bs_reports reports = { .list = bs_new(arena, struct bs_report, 16) };
	struct bs_sim_report answer;
	struct bs_store *store = bs_store_new();

	for (uint32_t i = 0; reports.n < 16; i++) {
		bool last = !formats[i];

		/* One that cannot be written on this machine has no functions to call. */
		if (!last && formats[i]->open && formats[i]->open())
			continue;
		struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

		writer->file = null;
		reports.list[reports.n++] = (struct bs_report){
			.format = last ? &bs_format_explain : formats[i],
			.show = UINT32_MAX,
			.selection = { .symbol = last ? "*" : NULL },
			.writer = writer,
		};
		if (last)
			break;
	}
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
	struct bs_fuzz_part parts[BS_FUZZ_PARTS];
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		abort();
	if (!null) {
		null = fopen("/dev/null", "w");
		root = make_root();
	}
	bs_fuzz_cut(data, n, parts);
	for (int i = 0; i < BS_FUZZ_PARTS; i++)
		bs_fuzz_write(files[i], (struct bs_fuzz_in){ parts[i].bytes, parts[i].n });
	for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++)
		simulate(arena, null, n && data[0] & 1, loaders[i], root);
	bs_arena_free(arena);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	return bs_fuzz_mutate_parts(data, n, room, seed);
}
