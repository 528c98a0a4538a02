/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a log: all of it is read and told, and it does not matter in which pieces it comes.
 *
 * The first byte says how long these are.
 */
#define FUZZ_WORDS "words/log.def"
#include "words.h"

#include "log/account.h"
#include "report/log-report.h"

#include <stdlib.h>
#include <string.h>

struct reading {
	struct bs_arena *arena;
	struct bs_names *names;
	struct bs_log_accounts_options options;
	struct bs_log_accounts *accounts;
	struct bs_log *log;
	uint64_t n;
};

static void read_log(struct reading *r, const uint8_t *data, size_t n, size_t step)
{
	r->names = bs_names_new(r->arena);
	r->options.keeps_sequence = true;
	r->accounts = bs_log_accounts_new(r->arena, r->names, &r->options);
	const struct bs_log_sink sink = bs_log_accounts_sink(r->accounts);

	r->log = bs_log_new(r->arena, r->names, &sink);
	bs_log_begin_file(r->log, "log.11");
	for (size_t at = 0; at < n; at += step) {
		size_t length = n - at < step ? n - at : step;
		/* Of its exact size, so that reads beyond it are noticed. */
		char *copy = malloc(length);

		if (!copy)
			abort();
		memcpy(copy, data + at, length);
		bs_log_bytes(r->log, copy, length);
		free(copy);
	}
	bs_log_end(r->log);
	bs_log_accounts_end(r->accounts, r->log);
}

/* All that is said of it, in FORMAT; free() it. */
static char *tell(struct reading *r, const struct bs_format *format, size_t *ret_n)
{
	struct bs_log_result result = {
		.log = r->log,
		.names = r->names,
		.accounts = r->accounts,
		.n_files = 1,
		.has_choice = true,
	};
	struct bs_writer *writer = bs_new(r->arena, struct bs_writer, 1);
	struct bs_report report = { .format = format, .show = UINT32_MAX, .writer = writer };
	char *text = NULL;

	for (uint32_t i = 0; i < bs_log_n_processes(r->log); i++)
		bs_vec_push(r->arena, &result.chosen, i);
	writer->file = open_memstream(&text, ret_n);
	if (!writer->file || (format->open && format->open()))
		abort();
	if (format == &bs_format_log_text)
		bs_log_text(&report, r->arena, &result);
	else
		bs_log_json(&report, r->arena, &result);
	bs_vec_each (i, &result.chosen) {
		if (!bs_log_details_of(&result, result.chosen.v[i]))
			continue;
		bs_log_lines(&report, &result, result.chosen.v[i]);
		const struct bs_log_plan plan =
			bs_log_plan_of(r->arena, &result, result.chosen.v[i]);

		bs_format_plan.question(&report, r->arena, &plan.plan);
	}
	if (!bs_writer_flush(writer) || fclose(writer->file) != 0)
		abort();
	return text;
}

/* An arena; where memory is short it ends the process, for nobody says what else to do. */
static struct bs_arena *new_arena(void)
{
	struct bs_arena *arena = bs_arena_new();

	if (!arena)
		abort();
	return arena;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reading whole = { .arena = new_arena() }, pieces = { .arena = new_arena() };
	size_t n_whole, n_pieces, n_json;
	size_t step = n ? data[0] % 37 + 1u : 1;

	data += n != 0;
	n -= n != 0;
	read_log(&whole, data, n, n ? n : 1);
	read_log(&pieces, data, n, step);
	char *of_whole = tell(&whole, &bs_format_log_text, &n_whole);
	char *of_pieces = tell(&pieces, &bs_format_log_text, &n_pieces);

	if (n_whole != n_pieces || memcmp(of_whole, of_pieces, n_whole) != 0)
		abort();
	free(of_pieces);
	free(of_whole);
	free(tell(&whole, &bs_format_log_json, &n_json));
	free(tell(&whole, &bs_format_log_ndjson, &n_json));
	bs_log_accounts_free(whole.accounts);
	bs_log_accounts_free(pieces.accounts);
	bs_arena_free(whole.arena);
	bs_arena_free(pieces.arena);
	return 0;
}
