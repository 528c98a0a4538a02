/* SPDX-License-Identifier: MIT */
/* The reader of logs: the same events however the bytes come, places, and what is held back. */
#include "log/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define P "        11:\t"
#define Q "        12:\t"

struct heard {
	struct bs_arena *arena;
	struct bs_names *names;
	char *text; /* of all events, a line each */
	size_t n;
	FILE *out;
};

static const char *word(const struct heard *heard, bs_name name)
{
	return name ? bs_name_text(heard->names, name) : "-";
}

static void hear(void *user, struct bs_log *log, const struct bs_log_event *e)
{
	struct heard *heard = user;

	fprintf(heard->out, "%u.%u %s %s %s %s %s %d %d %u %d%d%d%d %llu+%llu",
		bs_log_process(log, e->process)->pid, bs_log_process(log, e->process)->generation,
		bs_log_kind_text(e->kind), word(heard, e->from), word(heard, e->to),
		word(heard, e->symbol), word(heard, e->version), (int)e->from_ns, (int)e->to_ns,
		e->number, e->is_protected, e->is_fatal, e->is_lazy, e->is_cut,
		(unsigned long long)e->place.line, (unsigned long long)e->place.offset);
	for (uint32_t i = 0; i < e->n_list; i++)
		fprintf(heard->out, " %s", word(heard, e->list[i]));
	fprintf(heard->out, "\n");
}

/* What is said of TEXT, N bytes, that come STEP at a time; free() it. */
static char *listen(const char *text, size_t n, size_t step)
{
	struct heard heard = { .arena = bs_arena_new() };

	assert_non_null(heard.arena);
	heard.names = bs_names_new(heard.arena);
	heard.out = open_memstream(&heard.text, &heard.n);
	assert_non_null(heard.out);
	const struct bs_log_sink sink = { hear, &heard };
	struct bs_log *log = bs_log_new(heard.arena, heard.names, &sink);

	bs_log_begin_file(log, "a.log");
	for (size_t at = 0; at < n; at += step) {
		/* Of its exact size, so that reads beyond it are noticed. */
		size_t length = n - at < step ? n - at : step;
		char *copy = malloc(length);

		assert_non_null(copy);
		memcpy(copy, text + at, length);
		bs_log_bytes(log, copy, length);
		free(copy);
	}
	bs_log_end(log);
	assert_int_equal(bs_log_sum(log)->bytes, n);
	fclose(heard.out);
	bs_arena_free(heard.arena);
	return heard.text;
}

static const char sample[] =
	P "symbol=f;  lookup in file=./a [0]\n" P
	  "binding file ./a [0] to ./b.so [1]: protected symbol `f' [V1]\r\n"
	  "noise" Q "calling init: ./b.so\n\n" P " scope 0: ./a ./b.so\n" P
	  "file=./b.so [0];  needed by ./a [0] (relocation dependency)\n" P
	  "relocation processing: ./b.so (lazy)\n" P
	  "./b.so: error: symbol lookup error: undefined symbol: g, version V2 (fatal)\n" P
	  "binding file ./a [0] to ./b.so [0]: normal symbol `h'" Q "calling init: x\n"
	  " [V3]\n" P "opening file=./b.so [0]; direct_opencount=3\n" P
	  "words that nobody knows\n" P "binding file ./a [0] to ./b.so [0]: normal symbol `last";

static void bytes_may_come_in_any_pieces(void **state)
{
	size_t n = sizeof sample - 1;
	char *whole = listen(sample, n, n);

	(void)state;
	assert_non_null(strstr(whole, "binding ./a ./b.so f V1 0 1 0 1000 2+"));
	assert_non_null(strstr(whole, "binding ./a ./b.so h V3 0 0 0 0000 9+"));
	assert_non_null(strstr(whole, "error ./b.so - g V2 -1 -1 0 0100"));
	assert_non_null(strstr(whole, "scope - - - - -1 -1 0 0000"));
	assert_non_null(strstr(whole, " ./a ./b.so\n"));
	assert_non_null(strstr(whole, "relocation dependency ./a ./b.so"));
	assert_non_null(strstr(whole, "opened - ./b.so - - -1 0 3"));
	assert_non_null(strstr(whole, "unknown"));
	for (size_t step = 1; step < n; step++) {
		char *pieces = listen(sample, n, step);

		assert_string_equal(pieces, whole);
		free(pieces);
	}
	free(whole);
}

/* Words of `libs' alone say late that they were a start-up. */
static const char searches[] =
	P "find library=libc.so.6 [0]; searching\n" P "  trying file=/lib/libc.so.6\n" P
	  "calling init: /lib/libc.so.6\n" P "initialize program: sh\n" P
	  "transferring control: sh\n" P "find library=libplug.so [0]; searching\n" P
	  "calling init: /lib/libplug.so\n" P "find library=liba.so [0]; searching\n" P
	  "find library=libc.so.6 [0]; searching\n" P "calling init: /lib/libc.so.6\n" P
	  "calling init: /lib/liba.so\n" P "initialize program: env\n";

static void a_start_up_is_told_from_a_dlopen(void **state)
{
	char *heard = listen(searches, sizeof searches - 1, sizeof searches - 1);

	(void)state;
	assert_non_null(strstr(heard, "11.0 search - libplug.so"));
	assert_non_null(strstr(heard, "11.1 search - liba.so"));
	assert_non_null(strstr(heard, "11.1 search - libc.so.6"));
	assert_non_null(strstr(heard, "11.1 initialize program - env"));
	free(heard);
	/* And where it does not come to that, it was none. */
	const char *end = strstr(searches, P "initialize program: env");

	heard = listen(searches, (size_t)(end - searches), 7);
	assert_null(strstr(heard, "11.1"));
	assert_non_null(strstr(heard, "11.0 search - liba.so"));
	free(heard);
}

static void a_long_line_is_cut(void **state)
{
	size_t n = BS_LOG_LONGEST + 4096;
	char *text = malloc(n + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', n);
	memcpy(text, P "calling init: ", sizeof(P "calling init: ") - 1);
	text[n - 1] = '\n';
	for (size_t step = n; step > 1000; step /= 3) {
		char *heard = listen(text, n, step);

		assert_non_null(strstr(heard, " 0001 1+0\n"));
		assert_true(strlen(heard) < BS_LOG_LONGEST + 200);
		free(heard);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_may_come_in_any_pieces),
		cmocka_unit_test(a_start_up_is_told_from_a_dlopen),
		cmocka_unit_test(a_long_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
