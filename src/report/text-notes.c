/* SPDX-License-Identifier: MIT */
/* The part of the text report about what objects say that they may open. */
#include "text-priv.h"

#include "dlopen-notes.h"

static void write_sought(struct bs_report *report, const struct bs_run *run, const char *soname,
			 size_t width, const struct bs_sought *sought)
{
	bs_say(report, "      ");
	bs_say_padded(report, soname, width + 2);
	if (sought->map != BS_NO_MAP) {
		bs_say_ink(report, BS_INK_GOOD, "loaded");
	} else if (!sought->path) {
		bs_say_ink(report, BS_INK_DIM, "would not be found");
	} else {
		bs_say(report, "would be ");
		bs_say_escaped(report, sought->path);
		bs_say(report, sought->how == BS_HOW_NONE ? "" : ", ");
		bs_say(report, bs_how_words(run, sought->how));
	}
	bs_say(report, "\n");
}

static void write_entry(struct bs_report *report, const struct bs_run *run,
			const struct bs_note_answer *answer)
{
	const struct bs_note_entry *entry = &answer->entry;
	size_t widest = 0;

	bs_say(report, "    ");
	bs_say(report, bs_note_priority_name(entry->priority));
	if (entry->feature) {
		bs_say(report, ", ");
		bs_say_escaped(report, entry->feature);
	}
	if (entry->description) {
		bs_say(report, ": ");
		bs_say_escaped(report, entry->description);
	}
	if (answer->step)
		bs_write_format(report->writer, " (step %u)", answer->step);
	bs_say(report, "\n");
	bs_vec_each (i, &entry->sonames) {
		size_t n = bs_text_width(entry->sonames.v[i]);

		if (n > widest && n <= 70)
			widest = n;
	}
	bs_vec_each (i, &entry->sonames)
		write_sought(report, run, entry->sonames.v[i], widest, &answer->sought.v[i]);
}

void bs_text_dlopen_notes(struct bs_report *report, const struct bs_run *run)
{
	bs_map_id last = BS_NO_MAP;

	if (!report->notes->list.n)
		return;
	bs_say(report, "\nwhat objects say that they may open, at the end\n");
	bs_vec_each (i, &report->notes->list) {
		const struct bs_note_answer *answer = &report->notes->list.v[i];

		if (answer->entry.object != last) {
			bs_say(report, "  ");
			bs_say_escaped(report, bs_text_short_name(run, answer->entry.object));
			if (bs_map_of(&run->process, answer->entry.object)->ns)
				bs_write_format(report->writer, " [%u]",
						bs_map_of(&run->process, answer->entry.object)->ns);
			bs_say(report, "\n");
		}
		last = answer->entry.object;
		write_entry(report, run, answer);
	}
}

void bs_text_dlopen_notes_sum(struct bs_report *report, const struct bs_run *run)
{
	const bs_ids objects = bs_noting_objects(run);
	uint32_t followed = 0;

	if (!objects.n)
		return;
	bs_say(report, "  ");
	bs_say_count(report, objects.n, "object says", "objects say");
	bs_say(report, " in notes what to dlopen");
	if (report->notes) {
		bs_vec_each (i, &report->notes->list)
			followed += report->notes->list.v[i].step != 0;
		bs_say(report, ": ");
		bs_say_count(report, report->notes->list.n, "entry", "entries");
		bs_say(report, ", ");
		bs_write_grouped(report->writer, followed);
		bs_say(report, " followed");
	}
	bs_say(report, " (--show=dlopen-notes)\n");
}
