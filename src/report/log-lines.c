/* SPDX-License-Identifier: MIT */
/* `bindsim log --format=ld-debug`: bindings as the loader prints them, for diff(1). */
#include "log-report.h"

static void write_binding(struct bs_writer *w, const struct bs_log_result *result,
			  const struct bs_log_details *d, const struct bs_log_binding *b,
			  bool has_ns)
{
	bs_write_literal(w, "         0:\tbinding file ");
	bs_write_text(w, bs_log_words(result, d->objects.v[b->from].name));
	if (has_ns)
		bs_write_format(w, " [%u]", d->objects.v[b->from].ns);
	bs_write_literal(w, " to ");
	bs_write_text(w, bs_log_words(result, d->objects.v[b->to].name));
	if (has_ns)
		bs_write_format(w, " [%u]", d->objects.v[b->to].ns);
	bs_write_text(w, b->is_protected ? ": protected symbol `" : ": normal symbol `");
	bs_write_text(w, bs_log_words(result, b->symbol));
	bs_write_literal(w, "'");
	if (b->version) {
		bs_write_literal(w, " [");
		bs_write_text(w, bs_log_words(result, b->version));
		bs_write_literal(w, "]");
	}
	bs_write_literal(w, "\n");
}

void bs_log_lines(struct bs_report *report, const struct bs_log_result *result, uint32_t process)
{
	const struct bs_log_details *d = bs_log_details_of(result, process);
	unsigned to = bs_log_process(result->log, process)->release_to;

	bs_vec_each (i, &d->sequence) {
		const struct bs_log_binding *b = &d->bindings.v[d->sequence.v[i]];

		if (bs_log_selects(report, result, d, b))
			write_binding(report->writer, result, d, b, !to || to > 3);
	}
}

const struct bs_format bs_format_log_lines = {
	.name = "ld-debug",
	.is_raw = true,
	.parts = (const char *const[]){ "bindings", NULL },
	.default_show = 1,
	.tells_no_findings = true,
};
