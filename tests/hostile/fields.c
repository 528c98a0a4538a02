/* SPDX-License-Identifier: MIT */
/*
 * fields DIRECTORY FILE WAY < LIST: one number of FILE after the other gets one odd value after the
 * other, and each time the question that WAY stands for is asked. LIST has lines "OFFSET WIDTH
 * NAME", of numbers in the machine's byte order. Prints what ended in a crash, without an end, or
 * without a reason.
 */
#include "base/base.h"
#include "live/subject.h"
#include "report/report.h"
#include "sim/sim.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HANGS_AFTER = 30 /* seconds */, MOST_MEMORY = 1 << 20 /* KiB */, N_VALUES = 15 };

struct field {
	uint64_t offset;
	unsigned width;
	char name[64];
};

static struct field *fields;
static unsigned n_fields;
static const char *directory, *way;
static char path[512];
static FILE *null;

/* Seen by both processes. */
static struct progress {
	unsigned at; /* FIELD * N_VALUES + VALUE */
	unsigned n_without_reason;
	unsigned n_ok, n_refused, n_cannot;
	unsigned worst_ms, worst_at;
} * progress;

static void read_fields(void)
{
	struct field field;

	while (scanf("%" SCNu64 " %u %63[^\n]", &field.offset, &field.width, field.name) == 3) {
		fields = realloc(fields, (n_fields + 1) * sizeof *fields);
		fields[n_fields++] = field;
	}
}

static uint64_t odd_value(uint64_t old, unsigned width, unsigned i)
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

/* ---- questions ---------------------------------------------------------------------------------
 */

static enum bs_sim_status simulate(struct bs_arena *arena, const char **ret_problem)
{
	const struct bs_step steps[] = {
		{ .kind = BS_STEP_DLOPEN,
		  .file = "./libplug.so",
		  .mode = BS_MODE_LAZY | BS_MODE_GLOBAL },
		{ .kind = BS_STEP_DLSYM, .handle = BS_HANDLE_STEP, .of_step = 1, .symbol = "plug" },
		{ .kind = BS_STEP_DLMOPEN, .file = "./libplug.so", .mode = BS_MODE_NOW },
		{ .kind = BS_STEP_DLCLOSE, .of_step = 1 },
	};
	const struct bs_variable now = { "LD_BIND_NOW", "1" };
	const struct bs_plan plan = {
		.executable = "/app",
		.root = directory,
		.cwd = "/",
		.loader = strcmp(way, "musl") == 0 ? "musl" : NULL,
		.ldconfig = strcmp(way, "ldconfig") == 0,
		.environment = &now,
		.n_environment = strcmp(way, "lazy") != 0,
		.steps = steps,
		.n_steps = sizeof steps / sizeof *steps,
	};
	struct bs_writer *writers = bs_new(arena, struct bs_writer, 2);
	struct bs_report list[] = {
		{ .format = &bs_format_text, .show = UINT32_MAX, .writer = &writers[0] },
		{ .format = &bs_format_json, .show = UINT32_MAX, .writer = &writers[1] },
	};
	struct bs_reports reports = { .list = list, .n = 2 };
	struct bs_sim_report answer;
	struct bs_store *store = bs_store_new();

	writers[0].file = writers[1].file = null;
	const struct bs_sink sink = bs_reports_sink(&reports);
	enum bs_sim_status status = bs_simulate(&plan, store, &sink, &answer);

	*ret_problem = status == BS_SIM_REFUSED ? "a step" : answer.problem;
	if (*ret_problem)
		*ret_problem = bs_arena_strndup(arena, *ret_problem, strlen(*ret_problem));
	bs_reports_done(&reports);
	bs_reports_drop(&reports);
	bs_sim_report_done(&answer);
	bs_store_free(store);
	return status;
}

static enum bs_sim_status read_core(struct bs_arena *arena, const char **ret_problem)
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

static void ask_one(void)
{
	struct bs_arena *arena = bs_arena_new();
	const char *problem = NULL;

	if (!arena || BS_ON_OUT_OF_MEMORY(arena))
		abort();
	switch (strcmp(way, "core") == 0 ? read_core(arena, &problem) : simulate(arena, &problem)) {
	case BS_SIM_OK:
		progress->n_ok++;
		break;
	case BS_SIM_REFUSED:
		progress->n_refused++;
		break;
	case BS_SIM_CANNOT:
		progress->n_cannot++;
		if (!problem || !*problem)
			abort();
		break;
	case BS_SIM_NO_MEMORY:
		abort();
	}
	bs_arena_free(arena);
}

static unsigned milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void try_one(int fd, unsigned at)
{
	const struct field *field = &fields[at / N_VALUES];
	uint64_t old = 0, new;

	if (pread(fd, &old, field->width, (off_t)field->offset) != (ssize_t)field->width)
		abort();
	new = odd_value(old, field->width, at % N_VALUES);
	if (new == old)
		return;
	if (pwrite(fd, &new, field->width, (off_t)field->offset) != (ssize_t)field->width)
		abort();
	unsigned start = milliseconds();

	alarm(HANGS_AFTER);
	ask_one();
	alarm(0);
	unsigned took = milliseconds() - start;

	if (took > progress->worst_ms) {
		progress->worst_ms = took;
		progress->worst_at = at;
	}
	if (pwrite(fd, &old, field->width, (off_t)field->offset) != (ssize_t)field->width)
		abort();
}

/* ---- one process after the other ---------------------------------------------------------------
 */

_Noreturn static void try_from(unsigned at)
{
	int fd = open(path, O_RDWR);
	struct rusage usage;

	for (; at < n_fields * N_VALUES; at++) {
		progress->at = at;
		try_one(fd, at);
	}
	getrusage(RUSAGE_SELF, &usage);
	if (usage.ru_maxrss > MOST_MEMORY) {
		fprintf(stderr, "%ld KiB of memory\n", usage.ru_maxrss);
		_exit(2);
	}
	/* Without what a sanitizer says of leaks, which is said in other tests. */
	_exit(0);
}

static void restore(const char *copy, size_t n)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, copy, n, 0) != (ssize_t)n)
		abort();
	close(fd);
}

static char *read_file(size_t *ret_n)
{
	int fd = open(path, O_RDONLY);
	off_t n = lseek(fd, 0, SEEK_END);
	char *bytes = n > 0 ? malloc((size_t)n) : NULL;

	if (!bytes || pread(fd, bytes, (size_t)n, 0) != n)
		abort();
	close(fd);
	*ret_n = (size_t)n;
	return bytes;
}

int main(int argc, char **argv)
{
	unsigned n_bad = 0;
	size_t n;

	if (argc != 4)
		return 2;
	directory = argv[1];
	way = argv[3];
	snprintf(path, sizeof path, "%s/%s", argv[1], argv[2]);
	null = fopen("/dev/null", "w");
	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	read_fields();
	char *copy = read_file(&n);

	for (unsigned at = 0; at < n_fields * N_VALUES;) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			try_from(at);
		if (waitpid(pid, &status, 0) != pid)
			return 2;
		if (status == 0)
			break;
		at = progress->at;
		const struct field *field = &fields[at / N_VALUES];
		uint64_t old = 0;

		memcpy(&old, copy + field->offset, field->width);
		printf("%s %s: %s = %#" PRIx64 ": %s %d\n", argv[2], way, field->name,
		       odd_value(old, field->width, at % N_VALUES),
		       WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "no end, signal"
		       : WIFSIGNALED(status)				  ? "signal"
									  : "status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		fflush(stdout);
		restore(copy, n);
		at++;
		if (++n_bad == 20)
			break;
	}
	printf("%s %s: %u fields, %u ok, %u refused, %u cannot, %u bad; worst %u ms: %s\n", argv[2],
	       way, n_fields, progress->n_ok, progress->n_refused, progress->n_cannot, n_bad,
	       progress->worst_ms, n_fields ? fields[progress->worst_at / N_VALUES].name : "");
	return n_bad != 0;
}
