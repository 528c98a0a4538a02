/* SPDX-License-Identifier: MIT */
/* A program whose signals come each millisecond, and whose handler has every call that waits break
 * off (no SA_RESTART): it has the answers that others have. */
#include "api-test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SLOWLY = 3000000 /* nanoseconds */, TIMES = 30 };

static volatile sig_atomic_t n_alarms;

static void count(int number)
{
	(void)number;
	n_alarms++;
}

static void have_alarms(bool on)
{
	const long each = on ? 1000 : 0;
	const struct itimerval often = { { 0, each }, { 0, each } };
	struct sigaction action = { .sa_handler = count };

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

/* ---- somebody at the other end of a pipe, whom no alarm disturbs ------------------------------
 */

struct peer {
	int fd;
	const char *path;
	char *text;
	size_t n;
	pthread_t thread;
};

static void be_slow(void)
{
	const struct timespec time = { .tv_nsec = SLOWLY };

	nanosleep(&time, NULL);
}

static void *read_slowly(void *data)
{
	struct peer *peer = data;
	char bytes[4096];
	ssize_t n;

	while ((n = read(peer->fd, bytes, sizeof bytes)) > 0) {
		peer->text = realloc(peer->text, peer->n + (size_t)n + 1);
		CHECK(peer->text);
		memcpy(peer->text + peer->n, bytes, (size_t)n);
		peer->n += (size_t)n;
		peer->text[peer->n] = '\0';
		be_slow();
	}
	return NULL;
}

static void *write_slowly(void *data)
{
	const struct peer *peer = data;

	be_slow();
	int fd = open(peer->path, O_WRONLY);

	CHECK(fd >= 0);
	for (size_t i = 0; i < peer->n; i++) {
		CHECK(write(fd, peer->text + i, 1) == 1);
		if (i % 64 == 0)
			be_slow();
	}
	close(fd);
	return NULL;
}

static void begin(struct peer *peer, void *(*work)(void *))
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	CHECK(pthread_create(&peer->thread, NULL, work, peer) == 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static struct bindsim_plan *codec_plan(void)
{
	struct bindsim_plan *plan = plan_of("./player");

	step(plan, "dlopen", "./copy.so:NOW,LOCAL");
	step(plan, "dlopen", "./first.so");
	return plan;
}

/* The report of PLAN in FORMAT by way of a pipe whose reader takes his time, to FD itself or by
 * stdio. */
static char *report_of(const struct bindsim_plan *plan, const char *format, bool by_stdio)
{
	struct bindsim_options *options;
	struct bindsim_result *result;
	struct bindsim_error *error;
	struct peer reader = { 0 };
	int ends[2];

	CHECK(pipe(ends) == 0);
	/* So that it is full all the time. */
	fcntl(ends[1], F_SETPIPE_SZ, 4096);
	reader.fd = ends[0];
	begin(&reader, read_slowly);
	FILE *file = by_stdio ? fdopen(ends[1], "w") : NULL;

	CHECK(bindsim_options_new(&options) == BINDSIM_OK);
	CHECK((by_stdio ? bindsim_options_report_to_file(options, format, NULL, file, NULL)
			: bindsim_options_report_to_fd(options, format, NULL, ends[1], NULL)) ==
	      BINDSIM_OK);
	if (bindsim_simulate(NULL, plan, options, &result, &error) != BINDSIM_OK) {
		fprintf(stderr, "%s\n", bindsim_error_message(error));
		exit(1);
	}
	bindsim_result_free(result);
	if (by_stdio)
		fclose(file);
	else
		close(ends[1]);
	pthread_join(reader.thread, NULL);
	close(ends[0]);
	bindsim_options_free(options);
	CHECK(reader.text);
	return reader.text;
}

static void test_reports(void)
{
	static const char *const formats[] = { "json", "text", "ndjson", "html" };
	struct bindsim_plan *plan = codec_plan();

	for (size_t i = 0; i < 2 * sizeof formats / sizeof *formats; i++) {
		have_alarms(false);
		char *wanted = report_of(plan, formats[i / 2], i % 2);

		have_alarms(true);
		char *text = report_of(plan, formats[i / 2], i % 2);

		CHECK_TEXT(text, wanted);
		free(wanted);
		free(text);
	}
	have_alarms(false);
	bindsim_plan_free(plan);
}

static void test_results(void)
{
	size_t wanted = 0;

	for (int i = 0; i < TIMES; i++) {
		have_alarms(i > 0);
		struct bindsim_result *result = answer_to(codec_plan());

		if (!i)
			wanted = bindsim_result_bindings(result);
		CHECK(wanted && bindsim_result_bindings(result) == wanted);
		CHECK(!bindsim_result_is_refused(result));
		bindsim_result_free(result);
	}
	have_alarms(false);
}

/* A plan comes by a FIFO, from somebody who is late. */
static void test_plans(void)
{
	struct bindsim_plan *plan = codec_plan(), *read;
	struct bindsim_error *error;
	struct peer writer = { .path = "./signals.fifo" };
	char *again;

	CHECK(bindsim_plan_write(plan, &writer.text, &writer.n, NULL) == BINDSIM_OK);
	CHECK(mkfifo(writer.path, 0600) == 0);
	have_alarms(true);
	begin(&writer, write_slowly);
	if (bindsim_plan_read_file(writer.path, &read, &error) != BINDSIM_OK) {
		fprintf(stderr, "%s\n", bindsim_error_message(error));
		exit(1);
	}
	have_alarms(false);
	pthread_join(writer.thread, NULL);
	CHECK(bindsim_plan_write(read, &again, NULL, NULL) == BINDSIM_OK);
	CHECK_TEXT(again, writer.text);
	free(again);
	free(writer.text);
	unlink(writer.path);
	bindsim_plan_free(plan);
	bindsim_plan_free(read);
}

/* Nor do alarms make anybody wait who would not wait otherwise. */
static void test_nobody(void)
{
	struct bindsim_plan *plan;
	struct bindsim_error *error;
	time_t began = time(NULL);

	CHECK(mkfifo("./signals.fifo", 0600) == 0);
	have_alarms(true);
	CHECK(bindsim_plan_read_file("./signals.fifo", &plan, &error) == BINDSIM_ERROR_FILE);
	have_alarms(false);
	CHECK(!plan && time(NULL) < began + 20);
	CHECK_TEXT(bindsim_error_message(error),
		   "./signals.fifo: it is a FIFO, and nobody writes to it");
	bindsim_error_free(error);
	unlink("./signals.fifo");
}

int main(void)
{
	test_reports();
	test_results();
	test_plans();
	test_nobody();
	CHECK(n_alarms > 0);
	return 0;
}
