/* SPDX-License-Identifier: MIT */
/*
 * Want of memory at each place where memory is asked for: each function says so, and nothing is
 * left behind. It is linked with the floors themselves, whose calls lead here (-Wl,--wrap).
 */
#include "api-test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST = 1000000 };

static long left = -1; /* so many are granted; negative: all */
static bool failed;

static bool is_granted(void)
{
	if (left < 0)
		return true;
	if (left-- > 0)
		return true;
	left = 0;
	failed = true;
	errno = ENOMEM;
	return false;
}

void *__real_bs_block_take(size_t need, size_t *ret_size);
void *__wrap_bs_block_take(size_t need, size_t *ret_size);
void *__wrap_bs_block_take(size_t need, size_t *ret_size)
{
	return is_granted() ? __real_bs_block_take(need, ret_size) : NULL;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
	return is_granted() ? __real_malloc(n) : NULL;
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
	return is_granted() ? __real_calloc(n, size) : NULL;
}

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
	return is_granted() ? __real_realloc(p, n) : NULL;
}

char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s)
{
	return is_granted() ? __real_strdup(s) : NULL;
}

/* How many files are open. */
static unsigned count_open(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#define THEN(call)                                                                                 \
	if (status == BINDSIM_OK)                                                                  \
	status = (call)

/* What is to be said of a life that ended with STATUS and ERROR, with an answer or none. True when
 * nothing lacked. */
static bool conclude(enum bindsim_status status, struct bindsim_error *error, bool is_answered)
{
	CHECK(status == BINDSIM_OK || status == BINDSIM_ERROR_NO_MEMORY ||
	      status == BINDSIM_ERROR_OUTPUT);
	CHECK(status == BINDSIM_OK ? is_answered : failed);
	if (error)
		CHECK(bindsim_error_message(error));
	bindsim_error_free(error);
	return status == BINDSIM_OK && !failed;
}

/* What a program does that asks one question. */
static bool simulate(void)
{
	struct bindsim_store *store = NULL;
	struct bindsim_plan *plan = NULL, *again = NULL;
	struct bindsim_options *options = NULL;
	struct bindsim_result *result = NULL;
	struct bindsim_error *error = NULL;
	char *text = NULL;
	size_t n;
	enum bindsim_status status = bindsim_store_new(&store);

	THEN(bindsim_plan_new(&plan));
	THEN(bindsim_plan_set(plan, "executable", "./player", &error));
	THEN(bindsim_plan_dlopen(plan, "./copy.so", "NOW", &error));
	THEN(bindsim_plan_set_variable(plan, "LD_BIND_NOW", "1", &error));
	THEN(bindsim_plan_write(plan, &text, &n, &error));
	THEN(bindsim_plan_read(text, n, NULL, &again, &error));
	THEN(bindsim_options_new(&options));
	THEN(bindsim_options_report(options, "json", "demangled,bindings,findings", &error));
	THEN(bindsim_simulate(store, again, options, &result, &error));
	bool ok = conclude(status, error, result != NULL);

	free(text);
	bindsim_result_free(result);
	bindsim_options_free(options);
	bindsim_plan_free(again);
	bindsim_plan_free(plan);
	bindsim_store_unref(store);
	return ok;
}

/* One that has plans judged. */
static bool judge(void)
{
	static const char text[] = "[plan one]\nexecutable = ./player\nenv = LD_BIND_NOW=1\n"
				   "step = dlopen ./copy.so\n[suppress]\nfrom = nobody*\n"
				   "reason = none\n[forbid]\nsymbol = codec_open\n";
	struct bindsim_policy *policy = NULL;
	struct bindsim_baseline *baseline = NULL;
	struct bindsim_check *check = NULL;
	struct bindsim_verdict *verdict = NULL, *again = NULL;
	struct bindsim_options *options = NULL;
	struct bindsim_error *error = NULL;
	char *written = NULL;
	size_t n;
	enum bindsim_status status = bindsim_check_new(&check);

	THEN(bindsim_policy_read(text, strlen(text), NULL, &policy, &error));
	THEN(bindsim_check_set_policy(check, policy));
	THEN(bindsim_check_set_today(check, "2026-11-30", &error));
	THEN(bindsim_check_add_policy_plans(check, NULL, &error));
	THEN(bindsim_options_new(&options));
	THEN(bindsim_options_report(options, "text", NULL, &error));
	THEN(bindsim_check_run(NULL, check, options, &verdict, &error));
	THEN(bindsim_baseline_write(bindsim_verdict_baseline(verdict), &written, &n, &error));
	THEN(bindsim_baseline_read(written, n, NULL, &baseline, &error));
	THEN(bindsim_check_set_baseline(check, baseline));
	THEN(bindsim_check_run(NULL, check, NULL, &again, &error));
	bool ok = conclude(status, error, bindsim_verdict_passes(again));

	free(written);
	bindsim_verdict_free(again);
	bindsim_verdict_free(verdict);
	bindsim_options_free(options);
	bindsim_check_free(check);
	bindsim_baseline_free(baseline);
	bindsim_policy_free(policy);
	return ok;
}

/* One that holds what is there against a report that it kept. */
static bool compare(void)
{
	struct bindsim_plan *plan = NULL;
	struct bindsim_options *options = NULL;
	struct bindsim_result *result = NULL;
	struct bindsim_side *before = NULL, *now = NULL;
	struct bindsim_diff *diff = NULL;
	struct bindsim_error *error = NULL;
	char *written = NULL;
	size_t n;
	const char *text;
	enum bindsim_status status = bindsim_plan_new(&plan);

	THEN(bindsim_plan_set(plan, "executable", "./player", &error));
	THEN(bindsim_options_new(&options));
	THEN(bindsim_options_report(options, "ndjson", "objects,bindings,findings", &error));
	THEN(bindsim_simulate(NULL, plan, options, &result, &error));
	if (status == BINDSIM_OK) {
		text = bindsim_result_report(result, 0, &n);
		status = bindsim_side_read(text, n, "kept", &before, &error);
	}
	THEN(bindsim_plan_dlopen(plan, "./copy.so", "NOW", &error));
	THEN(bindsim_side_of_plan(plan, NULL, &now, &error));
	THEN(bindsim_compare(NULL, before, now, NULL, NULL, &diff, &error));
	THEN(bindsim_diff_write(diff, "json", NULL, &written, &n, &error));
	bool ok = conclude(status, error, bindsim_diff_count(diff) > 0);

	free(written);
	bindsim_diff_free(diff);
	bindsim_side_free(before);
	bindsim_side_free(now);
	bindsim_result_free(result);
	bindsim_options_free(options);
	bindsim_plan_free(plan);
	return ok;
}

/* One that wants advice: about a call, and about how a library is linked. */
static bool advise(void)
{
	struct bindsim_plan *plan = NULL, *cured = NULL;
	struct bindsim_advice *advice = NULL;
	struct bindsim_error *error = NULL;
	enum bindsim_status status = bindsim_plan_new(&plan);

	THEN(bindsim_plan_set(plan, "executable", "./player", &error));
	THEN(bindsim_plan_dlopen(plan, "./copy.so", "NOW", &error));
	THEN(bindsim_advise(plan, NULL, "deepbind,version-script", NULL, &advice, &error));
	THEN(bindsim_trial_plan(bindsim_advice_trial(advice, 0), &cured, &error));
	bool ok = conclude(status, error, bindsim_advice_has_cure(advice));

	bindsim_plan_free(cured);
	bindsim_advice_free(advice);
	bindsim_plan_free(plan);
	return ok;
}

static pid_t waiting; /* a process that waits */

/* One that looks at a process. */
static bool look(void)
{
	struct bindsim_process *process = NULL;
	struct bindsim_plan *plan = NULL;
	struct bindsim_error *error = NULL;
	enum bindsim_status status =
		bindsim_process_read(NULL, (int)waiting, NULL, NULL, &process, &error);

	THEN(bindsim_process_plan(process, &plan, &error));
	bool ok = conclude(status, error, bindsim_process_agreeing(process) > 0);

	bindsim_plan_free(plan);
	bindsim_process_free(process);
	return ok;
}

/* Want of descriptors is told by what it was for. */
static void lack_descriptors(void)
{
	struct rlimit before, none;
	struct bindsim_plan *plan;
	struct bindsim_result *result;
	struct bindsim_error *error;
	unsigned n_open = count_open();
	int next = dup(STDIN_FILENO);

	CHECK(next >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
	CHECK(bindsim_plan_new(&plan) == BINDSIM_OK);
	CHECK(bindsim_plan_set(plan, "executable", "./player", NULL) == BINDSIM_OK);
	for (int more = 0; more < 2; more++) {
		none = (struct rlimit){ (rlim_t)(next + more), before.rlim_max };
		CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
		CHECK(bindsim_simulate(NULL, plan, NULL, &result, &error) ==
		      BINDSIM_ERROR_NO_MEMORY);
		CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
		CHECK(!result && bindsim_error_status(error) == BINDSIM_ERROR_NO_MEMORY);
		CHECK_TEXT(bindsim_error_reason(error),
			   more ? "./player: Too many open files" : "/: Too many open files");
		bindsim_error_free(error);
		CHECK(count_open() == n_open);
	}
	bindsim_plan_free(plan);
}

/* The same of a process, with one descriptor more each time, until there are enough. */
static void lack_descriptors_of_process(void)
{
	struct rlimit before, none;
	struct bindsim_process *process = NULL;
	struct bindsim_error *error;
	unsigned n_open = count_open();
	rlim_t next = (rlim_t)dup(STDIN_FILENO), more = 0;

	CHECK(close((int)next) == 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
	do {
		none = (struct rlimit){ next + more, before.rlim_max };
		CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
		enum bindsim_status status =
			bindsim_process_read(NULL, (int)waiting, NULL, NULL, &process, &error);

		CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
		CHECK(status == (process ? BINDSIM_OK : BINDSIM_ERROR_NO_MEMORY));
		CHECK(process || strstr(bindsim_error_reason(error), ": Too many open files"));
		bindsim_error_free(error);
		CHECK(count_open() == n_open && more++ < 64);
	} while (!process);
	CHECK(more > 3 && bindsim_process_agrees(process));
	bindsim_process_free(process);
}

/* A life that lacks memory at its first place, at its second, and so on. Returns how many there
 * are.
 */
static long lack_memory(bool (*live)(void))
{
	long n = 0;

	/* What is opened when it is used is opened. */
	left = -1;
	failed = false;
	CHECK(live());
	unsigned n_open = count_open();

	do {
		CHECK(count_open() == n_open);
		left = n++;
		failed = false;
	} while (!live() && n < MOST);
	CHECK(n < MOST);
	left = -1;
	return n - 1;
}

int main(void)
{
	long n = lack_memory(simulate);

	lack_descriptors();
	n += lack_memory(judge);
	n += lack_memory(compare);
	n += lack_memory(advise);
	waiting = start_waiting();
	n += lack_memory(look);
	lack_descriptors_of_process();
	end_waiting(waiting);
	printf("memory lacked in %ld places\n", n);
	return 0;
}
