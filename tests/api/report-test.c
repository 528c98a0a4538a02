/* SPDX-License-Identifier: MIT */
/* Reports, filters, callbacks; and that the process is left as it was. */
#include "api-test.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

/* What a callback was handed. */
struct taken {
	char *text;
	size_t n;
	size_t room; /* after so many bytes there is none */
	unsigned refused;
};

static int take(void *user, const void *bytes, size_t n)
{
	struct taken *taken = user;

	if (taken->n + n > taken->room) {
		taken->refused++;
		return ENOSPC;
	}
	taken->text = realloc(taken->text, taken->n + n + 1);
	CHECK(taken->text);
	memcpy(taken->text + taken->n, bytes, n);
	taken->n += n;
	taken->text[taken->n] = '\0';
	return 0;
}

static struct bindsim_plan *codec_plan(void)
{
	struct bindsim_plan *plan = plan_of("./player");

	step(plan, "dlopen", "./copy.so:NOW,LOCAL");
	return plan;
}

static struct bindsim_options *options_new(void)
{
	struct bindsim_options *options;

	CHECK(bindsim_options_new(&options) == BINDSIM_OK);
	return options;
}

/* What was written to FILE, to be freed; it is closed. */
static char *content_of(FILE *file, size_t *ret_n)
{
	long n;

	CHECK(fseek(file, 0, SEEK_END) == 0);
	CHECK((n = ftell(file)) >= 0);
	rewind(file);
	char *text = calloc(1, (size_t)n + 1);

	CHECK(text && fread(text, 1, (size_t)n, file) == (size_t)n);
	fclose(file);
	*ret_n = (size_t)n;
	return text;
}

/* The same bytes wherever they go. */
static void test_ways(const char *format)
{
	struct bindsim_options *options = options_new();
	struct bindsim_plan *plan = codec_plan();
	struct bindsim_result *result;
	struct taken taken = { .room = SIZE_MAX };
	FILE *file = tmpfile(), *raw = tmpfile();
	size_t n[3];

	CHECK(file && raw);
	CHECK(bindsim_options_report_to(options, format, NULL, take, &taken, NULL) == BINDSIM_OK);
	CHECK(bindsim_options_report_to_file(options, format, NULL, file, NULL) == BINDSIM_OK);
	CHECK(bindsim_options_report_to_fd(options, format, NULL, fileno(raw), NULL) == BINDSIM_OK);
	CHECK(bindsim_options_report(options, format, NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, NULL) == BINDSIM_OK);
	char *to_file = content_of(file, &n[0]), *to_fd = content_of(raw, &n[1]);
	const char *text = bindsim_result_report(result, 0, &n[2]);

	CHECK(taken.n && n[0] == taken.n && n[1] == taken.n && n[2] == taken.n);
	CHECK(text && text[n[2]] == '\0');
	CHECK(memcmp(text, taken.text, taken.n) == 0 && memcmp(text, to_file, taken.n) == 0 &&
	      memcmp(text, to_fd, taken.n) == 0);
	CHECK(!bindsim_result_report(result, 1, &n[2]) && n[2] == 0);
	free(taken.text);
	free(to_file);
	free(to_fd);
	bindsim_result_free(result);
	bindsim_options_free(options);
	bindsim_plan_free(plan);
}

static void test_formats(void)
{
	bool has_json = false;
	size_t i;

	for (i = 0; bindsim_format(i); i++) {
		has_json |= strcmp(bindsim_format(i), "json") == 0;
		test_ways(bindsim_format(i));
	}
	CHECK(has_json && i > 10);
	for (i = 0; bindsim_rule(i); i++)
		CHECK(bindsim_rule_summary(bindsim_rule(i)));
	CHECK(i > 10);
}

static void test_failing(void)
{
	struct bindsim_options *options = options_new();
	struct bindsim_plan *plan = codec_plan();
	struct bindsim_result *result;
	struct bindsim_error *error;
	struct taken taken = { .room = 10 };
	int full = open("/dev/full", O_WRONLY);

	CHECK(bindsim_options_report_to(options, "json", NULL, take, &taken, NULL) == BINDSIM_OK);
	CHECK(bindsim_options_report(options, "text", NULL, NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, &error) == BINDSIM_ERROR_OUTPUT);
	CHECK_TEXT(bindsim_error_message(error), "json: No space left on device");
	CHECK(taken.refused == 1 && result && bindsim_result_bindings(result));
	CHECK(bindsim_result_report(result, 0, NULL));
	bindsim_error_free(error);
	bindsim_result_free(result);
	bindsim_options_free(options);
	options = options_new();
	CHECK(full >= 0);
	CHECK(bindsim_options_report_to_fd(options, "text", NULL, full, NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, NULL) == BINDSIM_ERROR_OUTPUT);
	bindsim_result_free(result);
	CHECK(bindsim_options_report(options, "jsn", NULL, &error) == BINDSIM_ERROR_ARGUMENT);
	CHECK_TEXT(bindsim_error_reason(error), "there is no format 'jsn'");
	bindsim_error_free(error);
	CHECK(bindsim_options_report(options, "json", "objects,nothing", &error) ==
	      BINDSIM_ERROR_ARGUMENT);
	CHECK_TEXT(bindsim_error_reason(error), "the format json has no part 'nothing'");
	bindsim_error_free(error);
	CHECK(bindsim_options_report_to_fd(options, "text", NULL, -1, NULL) ==
	      BINDSIM_ERROR_ARGUMENT);
	CHECK(bindsim_options_add_libraries(options, "./no.conf", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, &error) == BINDSIM_ERROR_FILE);
	CHECK_TEXT(bindsim_error_file(error), "./no.conf");
	CHECK(!result);
	bindsim_error_free(error);
	bindsim_options_free(options);
	bindsim_plan_free(plan);
	close(full);
}

static void test_filter(void)
{
	struct bindsim_options *options = options_new();
	struct bindsim_plan *plan = codec_plan();
	struct bindsim_result *result;

	CHECK(bindsim_options_set_filter(options, "codec_re*", "copy.so", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, NULL) == BINDSIM_OK);
	CHECK(bindsim_result_bindings(result) == 1);
	CHECK_TEXT(bindsim_binding_symbol(bindsim_result_binding(result, 0)), "codec_read");
	bindsim_result_free(result);
	bindsim_options_free(options);
	bindsim_plan_free(plan);
}

static void tell_step(void *user, uint32_t number, uint32_t n_steps, const char *words)
{
	unsigned *told = user;

	CHECK(n_steps == 1 && number == *told && words);
	(*told)++;
}

static void tell_log(void *user, const char *code, const char *file, uint64_t offset,
		     const char *message)
{
	unsigned *told = user;

	(void)offset;
	CHECK(code && message);
	*told += strcmp(code, "malformed") == 0 && file && strstr(file, "broken.conf");
	*told += 1;
}

static void test_callbacks(void)
{
	struct bindsim_options *options = options_new();
	struct bindsim_plan *plan = codec_plan();
	struct bindsim_result *result;
	unsigned steps = 0, logged = 0;

	CHECK(bindsim_options_set_progress(options, tell_step, &steps) == BINDSIM_OK);
	CHECK(bindsim_options_set_log(options, tell_log, &logged) == BINDSIM_OK);
	CHECK(bindsim_options_set_proof(options, 0) == BINDSIM_OK);
	/* It asks for something that is not simulated. */
	CHECK(bindsim_plan_set_variable(plan, "LD_AUDIT", "./first.so", NULL) == BINDSIM_OK);
	CHECK(bindsim_simulate(NULL, plan, options, &result, NULL) == BINDSIM_OK);
	CHECK(steps == 2 && logged >= 1);
	bindsim_result_free(result);
	bindsim_options_free(options);
	bindsim_plan_free(plan);
}

/* All that a library should leave alone. */
static void test_manners(void)
{
	struct sigaction before[32] = { 0 }, now;
	char here[4096], there[4096], **variables = environ;
	const char *locale = setlocale(LC_ALL, "");
	char *kept = strdup(setlocale(LC_ALL, NULL));
	mode_t mask = umask(027);

	(void)locale;
	CHECK(getcwd(here, sizeof here));
	for (int s = 1; s < 32; s++)
		sigaction(s, NULL, &before[s]);
	test_ways("text");
	test_ways("json");
	for (int s = 1; s < 32; s++) {
		CHECK(sigaction(s, NULL, &now) == 0);
		CHECK(now.sa_handler == before[s].sa_handler && now.sa_flags == before[s].sa_flags);
	}
	CHECK(getcwd(there, sizeof there) && strcmp(here, there) == 0);
	CHECK(environ == variables && umask(mask) == 027);
	CHECK_TEXT(setlocale(LC_ALL, NULL), kept);
	CHECK(uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	free(kept);
}

int main(void)
{
	test_formats();
	test_failing();
	test_filter();
	test_callbacks();
	test_manners();
	return 0;
}
