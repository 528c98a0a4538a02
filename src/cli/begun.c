/* SPDX-License-Identifier: MIT */
/* What the command line says of an output, and outputs that are made at one go, when all runs are
 * over. */
#include "cli.h"

#include <unistd.h>

struct bs_report bs_report_for(const struct bs_command_line *line, const struct bs_output *output,
			       struct bs_writer *writer)
{
	/* ls(1) does the same with names. */
	writer->is_for_eyes = output->format->is_raw && isatty(fileno(writer->file));
	return (struct bs_report){
		.format = output->format,
		.show = output->show,
		.shows_default = output->shows_default,
		.color = bs_wants_color(line, writer->file),
		.selection = line->selection,
		.writer = writer,
		.fail_on = line->fail_on,
	};
}

bool bs_output_begin(struct bs_arena *arena, const struct bs_command_line *line,
		     const struct bs_output *output, struct bs_begun_output *ret)
{
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

	if (!bs_destination_open(arena, output->path, &ret->destination))
		return false;
	writer->file = ret->destination.file;
	ret->report = bs_report_for(line, output, writer);
	return true;
}

bool bs_output_end(struct bs_begun_output *output)
{
	return bs_destination_close(&output->destination, output->report.writer, true);
}
