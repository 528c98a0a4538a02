/* SPDX-License-Identifier: MIT */
/* `bindsim scan --gen-suppressions`: a section for what counts in any program, each once. */
#include "scan-report.h"

#include <string.h>

static const char *const parts[] = { NULL };

static const struct bs_format format = { .name = "suppressions", .parts = parts };

/* The sections that are written; they grow with the pairs. */
struct bs_scan_state {
	struct bs_names *told;
	bs_name last;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* A finding about one symbol and no other object is told by the symbol, too. */
static const char *symbol_of(const struct bs_scan_finding *f)
{
	return !f->to.name && f->n == 1 && f->examples.n == 1 ? f->examples.v[0] : NULL;
}

static bool is_new(struct bs_scan_state *state, struct bs_arena *arena,
		   const struct bs_scan_finding *f)
{
	const char *symbol = symbol_of(f);
	const char *from = f->from.name ? base_name(f->from.name) : "";
	const char *to = f->to.name ? base_name(f->to.name) : "";
	bs_name name = bs_name_of(
		state->told, bs_arena_printf(arena, "%s %zu %s %zu %s %s", f->rule, strlen(from),
					     from, strlen(to), to, symbol ? symbol : ""));
	bool answer = name > state->last;

	if (answer)
		state->last = name;
	return answer;
}

static void write_section(struct bs_report *report, const struct bs_scan_finding *f)
{
	const char *symbol = symbol_of(f);

	bs_write_text(report->writer, "[suppress]\nrule = ");
	bs_write_text(report->writer, f->rule);
	bs_write_text(report->writer, "\n");
	if (f->from.name)
		bs_suppression_glob(report, "from", base_name(f->from.name));
	if (f->to.name)
		bs_suppression_glob(report, "to", base_name(f->to.name));
	if (symbol)
		bs_suppression_glob(report, "symbol", symbol);
	bs_write_text(report->writer, "reason =\n\n");
}

static void begin(struct bs_report *report, struct bs_arena *arena, const struct bs_scan_head *head)
{
	struct bs_scan_state *state = bs_new(arena, struct bs_scan_state, 1);

	(void)head;
	state->told = bs_names_new(arena);
	report->state = state;
}

static void go_on(struct bs_report *report, struct bs_arena *scratch,
		  const struct bs_scan_record *record, const char *line)
{
	(void)line;
	bs_vec_each (i, &record->findings) {
		const struct bs_scan_finding *f = &record->findings.v[i];
		bool counts = record->is_judged ? f->disposition == BS_COUNTS
						: report->fail_on != BS_LEVEL_NONE &&
							  f->level >= report->fail_on;

		if (counts && is_new(report->state, scratch, f))
			write_section(report, f);
	}
}

const struct bs_scan_format bs_scan_suppressions = {
	.format = &format,
	.begin = begin,
	.record = go_on,
};
