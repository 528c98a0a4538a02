/* SPDX-License-Identifier: MIT */
/* The names that two objects define and that are no finding. */
#include "text-priv.h"

static void write_item(struct bs_report *report, const struct bs_run *run,
		       const struct bs_left_out *item)
{
	bs_say(report, "  ");
	bs_say_escaped(report, bs_text_short_name(run, item->from));
	bs_say(report, ", ");
	bs_say_escaped(report, bs_text_short_name(run, item->to));
	bs_say(report, ": ");
	bs_say(report, bs_reason_text(item->reason)->slug);
	bs_say(report, ", ");
	bs_say_count(report, item->n, "symbol", "symbols");
	bs_say(report, "\n");
	for (uint32_t i = 0; i < item->n_examples; i++) {
		bs_text_field(report, i ? "" : "for example");
		bs_say_escaped(report, bs_demangled(item->examples[i]));
		bs_say(report, "\n");
	}
}

void bs_text_left_out(struct bs_report *report, const struct bs_run *run)
{
	uint32_t told = 0; /* bit N: reason N */
	const bs_left_outs *items = report->checker ? bs_left_out_list(report->checker) : NULL;

	bs_say(report, "\nwhat two objects define alike, and is no finding\n");
	for (uint32_t i = 0; items && i < items->n; i++) {
		const struct bs_left_out *item = &items->v[i];

		if (!bs_selected_pair(&report->selection, run, item->from, item->to))
			continue;
		write_item(report, run, item);
		told |= 1u << item->reason;
	}
	if (!told)
		bs_say(report, "  nothing\n");
	for (enum bs_reason reason = 0; reason < BS_REASON_COUNT_; reason++) {
		if (!(told >> reason & 1))
			continue;
		bs_say(report, "  ");
		bs_say_padded(report, bs_reason_text(reason)->slug, 15);
		bs_say(report, "  ");
		bs_say(report, bs_reason_text(reason)->words);
		bs_say(report, "\n");
	}
}
