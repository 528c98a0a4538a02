/* SPDX-License-Identifier: MIT */
#include "questions.h"

#include "base/base.h"
#include "live/subject.h"
#include "report/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct field *fields;
unsigned n_fields;
static FILE *null;

void read_fields(void)
{
	struct field field;

	while (scanf("%" SCNu64 " %u %63[^\n]", &field.offset, &field.width, field.name) == 3) {
		fields = realloc(fields, (n_fields + 1) * sizeof *fields);
		fields[n_fields++] = field;
	}
}

uint64_t odd_value(uint64_t old, unsigned width, unsigned i)
{
	uint64_t most = width == 8 ? UINT64_MAX : (UINT64_C(1) << width * 8) - 1;
	const uint64_t values[N_VALUES] = { 0,
					    1,
					    most,
					    most - 1,
					    UINT64_C(1) << 31,
					    UINT64_C(0x7fffffff),
					    UINT32_MAX,
					    UINT64_C(1) << 32,
					    UINT64_C(1) << 63,
					    (UINT64_C(1) << 63) - 1,
					    old + 1,
					    old - 1,
					    most - 7,
					    old + 0x1000,
					    old ^ 0x80 };

	return values[i] & most;
}

static enum bs_sim_status simulate(struct bs_arena *arena, const struct bs_plan *plan,
				   struct bs_store *store, const char **ret_problem)
{
	struct bs_writer *writers = bs_new(arena, struct bs_writer, 2);
	struct bs_report list[] = {
		{ .format = &bs_format_text, .show = UINT32_MAX, .writer = &writers[0] },
		{ .format = &bs_format_json, .show = UINT32_MAX, .writer = &writers[1] },
	};
	struct bs_reports reports = { .list = list, .n = 2 };
	struct bs_sim_report answer;

	if (!null)
		null = fopen("/dev/null", "w");
	writers[0].file = writers[1].file = null;
	const struct bs_sink sink = bs_reports_sink(&reports);
	enum bs_sim_status status = bs_simulate(plan, store, &sink, &answer);

	*ret_problem = status == BS_SIM_REFUSED ? "a step" : answer.problem;
	if (*ret_problem)
		*ret_problem = bs_arena_strndup(arena, *ret_problem, strlen(*ret_problem));
	bs_reports_done(&reports);
	bs_reports_drop(&reports);
	bs_sim_report_done(&answer);
	return status;
}

static enum bs_sim_status ask_of_root(struct bs_arena *arena, const char *directory,
				      const char *way, const char **ret_problem)
{
	enum { N_STEPS = 4 };
	const struct bs_step steps[N_STEPS] = {
		{ .kind = BS_STEP_DLOPEN,
		  .file = "./libplug.so",
		  .mode = BS_MODE_LAZY | BS_MODE_GLOBAL },
		{ .kind = BS_STEP_DLSYM, .handle = BS_HANDLE_STEP, .of_step = 1, .symbol = "plug" },
		{ .kind = BS_STEP_DLMOPEN, .file = "./libplug.so", .mode = BS_MODE_NOW },
		{ .kind = BS_STEP_DLCLOSE, .of_step = 1 },
	};
	const struct bs_variable now = { "LD_BIND_NOW", "1" };
	struct bs_plan plan = {
		.executable = "/app",
		.root = directory,
		.cwd = "/",
		.loader = strcmp(way, "musl") == 0 ? "musl" : NULL,
		.ldconfig = strcmp(way, "ldconfig") == 0,
		.environment = &now,
		.n_environment = strcmp(way, "lazy") != 0,
		.steps = steps,
		.n_steps = N_STEPS,
	};
	struct bs_store *store = bs_store_new();
	bool again = strcmp(way, "again") == 0;

	for (enum bs_kept kept = 0; kept < BS_KEPT_COUNT_ && again; kept++)
		bs_store_keeps(store, kept);
	enum bs_sim_status status = simulate(arena, &plan, store, ret_problem);

	for (unsigned i = 1; i <= N_STEPS && again; i++) {
		plan.n_steps = i % 2 ? i - 1 : N_STEPS;
		simulate(arena, &plan, store, ret_problem);
	}
	bs_store_free(store);
	return status;
}

static enum bs_sim_status read_core(struct bs_arena *arena, const char *path,
				    const char **ret_problem)
{
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_subject subject;
	struct bs_store *store = bs_store_new();

	*ret_problem = bs_subject_of_core(&ctx, store, path, NULL, NULL, &subject);
	if (subject.memory && subject.memory->close)
		subject.memory->close(subject.memory);
	if (subject.memory && subject.memory->fd >= 0)
		close(subject.memory->fd);
	bs_store_free(store);
	return *ret_problem ? BS_SIM_CANNOT : BS_SIM_OK;
}

enum bs_sim_status ask_question(const char *directory, const char *path, const char *way)
{
	struct bs_arena *arena = bs_arena_new();
	const char *problem = NULL;

	if (!arena || BS_ON_OUT_OF_MEMORY(arena))
		abort();
	enum bs_sim_status status = strcmp(way, "core") == 0
					    ? read_core(arena, path, &problem)
					    : ask_of_root(arena, directory, way, &problem);

	if (status == BS_SIM_NO_MEMORY || (status == BS_SIM_CANNOT && (!problem || !*problem)))
		abort();
	bs_arena_free(arena);
	return status;
}

int status_of(void (*try_from)(uint64_t at), uint64_t at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		try_from(at);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	return status;
}

void print_end(int status, int hang)
{
	bool is_signal = WIFSIGNALED(status);

	printf(": %s %d\n",
	       !is_signal		  ? "status"
	       : WTERMSIG(status) == hang ? "no end, signal"
					  : "signal",
	       is_signal ? WTERMSIG(status) : WEXITSTATUS(status));
	fflush(stdout);
}
