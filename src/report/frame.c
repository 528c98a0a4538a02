/* SPDX-License-Identifier: MIT */
/* What stands around the reports of several plans. */
#include "report.h"

static const struct bs_frame *frame_of(const struct bs_report *report)
{
	return report->is_framed ? report->format->frame : NULL;
}

void bs_frames_begin(struct bs_reports *reports)
{
	for (uint32_t i = 0; i < reports->n; i++) {
		struct bs_report *report = &reports->list[i];

		report->is_framed = report->format->frame != NULL;
		if (report->is_framed)
			bs_write_text(report->writer, report->format->frame->begin);
	}
}

void bs_frames_before(struct bs_reports *reports, struct bs_arena *arena, const char *plan,
		      bool first)
{
	for (uint32_t i = 0; i < reports->n; i++) {
		struct bs_report *report = &reports->list[i];
		const struct bs_frame *frame = frame_of(report);

		if (frame && !first)
			bs_write_text(report->writer, frame->between);
		if (frame && frame->before)
			frame->before(report, arena, plan);
	}
}

void bs_frames_behind(struct bs_reports *reports)
{
	for (uint32_t i = 0; i < reports->n; i++) {
		const struct bs_frame *frame = frame_of(&reports->list[i]);

		if (frame && frame->behind)
			frame->behind(&reports->list[i]);
	}
}

void bs_frames_end(struct bs_reports *reports, struct bs_arena *arena,
		   const struct bs_check_sum *sum)
{
	for (uint32_t i = 0; i < reports->n; i++) {
		struct bs_report *report = &reports->list[i];
		const struct bs_frame *frame = frame_of(report);

		if (frame && frame->sum)
			frame->sum(report, arena, sum);
		if (frame)
			bs_write_text(report->writer, frame->end);
	}
}
