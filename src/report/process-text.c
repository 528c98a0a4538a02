/* SPDX-License-Identifier: MIT */
/* What the slots of a real process hold, for a person. */
#include "process-report.h"
#include "text-priv.h"

#include <fnmatch.h>
#include <string.h>

enum { MOST_DIFFERENCES = 10 };

/* What OBJECT is called where it is not in the simulation. */
static const char *name_of(const struct bs_observation *observation, uint32_t object)
{
	const struct bs_live_object *o = &observation->objects->v[object];

	return *o->name ? o->name : o->path ? o->path : "";
}

/* ---- which slots ----------------------------------------------------------------------------- */

static bool meets(const struct bs_report *report, const struct bs_run *run, uint32_t object,
		  const char *glob)
{
	const struct bs_observation *o = report->observed;

	if (!glob)
		return true;
	if (object == BS_NO_LIVE_OBJECT)
		return false;
	if (o->by_object[object].map != BS_NO_MAP)
		return bs_selected_object(run, o->by_object[object].map, glob);
	const char *name = name_of(o, object), *slash = strrchr(name, '/');

	return fnmatch(glob, name, 0) == 0 || (slash && fnmatch(glob, slash + 1, 0) == 0);
}

bool bs_process_selects(const struct bs_report *report, const struct bs_run *run, uint32_t index,
			bool only_differences)
{
	const struct bs_live_slot *slot = &report->observed->slots->v[index];
	const char *glob = report->selection.symbol, *version;
	const char *name = bs_observed_symbol(report->observed, index, &version);

	if (only_differences && report->observed->by_slot[index].agreement != BS_DIFFERS)
		return false;
	return (!glob || fnmatch(glob, name, 0) == 0 ||
		fnmatch(glob, bs_demangled(name), 0) == 0) &&
	       meets(report, run, slot->object, report->selection.from) &&
	       meets(report, run, slot->definer, report->selection.to);
}

/* ---- one slot -------------------------------------------------------------------------------- */

static void say_object(struct bs_report *report, uint32_t object)
{
	const char *name = name_of(report->observed, object);
	const char *slash = strrchr(name, '/');
	uint32_t ns = report->observed->objects->v[object].ns;

	bs_say_escaped(report, slash && slash[1] ? slash + 1 : name);
	if (ns)
		bs_write_format(report->writer, " [%u]", ns);
}

static void say_target(struct bs_report *report, const struct bs_live_slot *slot)
{
	switch ((enum bs_target_kind)slot->target) {
	case BS_TARGET_OBJECT:
		if (slot->definer_symbol) {
			const struct bs_image *image =
				report->observed->objects->v[slot->definer].image;

			bs_say(report, "the address of ");
			bs_say_escaped(report, bs_demangled(bs_image_symbol_name(
						       image, slot->definer_symbol)));
			bs_say(report, " in ");
		} else {
			bs_say(report, "an address in ");
		}
		say_object(report, slot->definer);
		return;
	case BS_TARGET_FILE:
		bs_say(report, "an address in ");
		bs_say_escaped(report, slot->area);
		return;
	case BS_TARGET_ANONYMOUS:
		bs_say(report, "an address in memory without a file");
		return;
	case BS_TARGET_NOTHING:
		bs_say(report, "an address where nothing is mapped");
		return;
	case BS_TARGET_NONE:
	case BS_TARGET_COUNT_:
		break;
	}
}

static void say_held(struct bs_report *report, const struct bs_live_slot *slot)
{
	switch ((enum bs_content)slot->content) {
	case BS_CONTENT_BOUND:
		if (slot->definer == slot->object)
			bs_say(report, "itself");
		else
			say_object(report, slot->definer);
		if (slot->by_resolver)
			bs_say_ink(report, BS_INK_DIM, "  by its resolver");
		return;
	case BS_CONTENT_LAZY:
		bs_say_ink(report, BS_INK_DIM, "waits for its first call");
		return;
	case BS_CONTENT_NULL:
		bs_say_ink(report, BS_INK_DIM, "0");
		return;
	case BS_CONTENT_PATCHED:
		bs_say_ink(report, BS_INK_WARN, "patched: ");
		say_target(report, slot);
		return;
	case BS_CONTENT_CHANGED:
		bs_say_ink(report, BS_INK_DIM, "a variable, which was changed: ");
		say_target(report, slot);
		return;
	case BS_CONTENT_UNREADABLE:
		bs_say_ink(report, BS_INK_DIM, "cannot be read");
		return;
	case BS_CONTENT_COUNT_:
		break;
	}
}

static const char *why_words(const struct bs_binding *b)
{
	static const char *const words[] = {
		[BS_WHY_NONE] = "",
		[BS_WHY_FIRST_IN_SCOPE] = "the first in its scope",
		[BS_WHY_LOCAL] = "local or hidden: no lookup",
		[BS_WHY_PROTECTED] = "protected: its own",
		[BS_WHY_UNIQUE] = "unique: the first one bound",
		[BS_WHY_STRONG] = "LD_DYNAMIC_WEAK: the first that is not weak",
		[BS_WHY_WEAK] = "LD_DYNAMIC_WEAK: no other than weak ones",
	};

	return words[b->why];
}

static void say_simulated(struct bs_report *report, const struct bs_run *run,
			  const struct bs_observed_slot *observed)
{
	const struct bs_binding *b = &observed->answer;

	bs_say(report, "; simulated: ");
	if (observed->waits)
		bs_say(report, "at the first call ");
	if (b->outcome != BS_BOUND) {
		bs_say(report, b->outcome == BS_UNRESOLVED_WEAK ? "0" : "nobody");
		return;
	}
	bs_say_escaped(report,
		       b->definer == b->referrer ? "itself" : bs_text_short_name(run, b->definer));
	if (*why_words(b)) {
		bs_say(report, ", ");
		bs_say(report, why_words(b));
	}
}

static void say_slot(struct bs_report *report, const struct bs_run *run, uint32_t index)
{
	const struct bs_observation *o = report->observed;
	const char *version;
	const char *name = bs_observed_symbol(o, index, &version);

	bs_say(report, "  ");
	say_object(report, o->slots->v[index].object);
	bs_say(report, "  ");
	bs_say_escaped(report, bs_demangled(name));
	bs_say_version(report, version);
	bs_say(report, " -> ");
	say_held(report, &o->slots->v[index]);
	if (o->by_slot[index].agreement == BS_DIFFERS)
		say_simulated(report, run, &o->by_slot[index]);
	bs_say(report, "\n");
}

/* ---- parts ----------------------------------------------------------------------------------- */

static void say_contents(struct bs_report *report, const struct bs_run *run)
{
	bs_say(report, "\nwhat the slots hold\n");
	bs_vec_each (i, report->observed->slots)
		if (bs_process_selects(report, run, i, false))
			say_slot(report, run, i);
}

static void say_counts(struct bs_report *report, const uint32_t *n)
{
	bool said = false;

	for (enum bs_content c = 0; c < BS_CONTENT_COUNT_; c++) {
		if (!n[c])
			continue;
		bs_say(report, said ? ", " : "");
		bs_write_grouped(report->writer, n[c]);
		bs_say(report, " ");
		bs_say(report, bs_content_slug(c));
		said = true;
	}
	bs_say(report, said ? "" : "no slots");
}

static const char *file_words(enum bs_live_file file)
{
	static const char *const words[] = {
		[BS_LIVE_FILE_SAME] = "",
		[BS_LIVE_FILE_UNCHECKED] = "",
		[BS_LIVE_FILE_DELETED] = "; its file was deleted",
		[BS_LIVE_FILE_REPLACED] = "; its file was replaced by another one",
		[BS_LIVE_FILE_GONE] = "; its file cannot be had",
		[BS_LIVE_FILE_NONE] = "",
	};

	return words[file];
}

static void say_objects(struct bs_report *report, const struct bs_run *run)
{
	const struct bs_observation *o = report->observed;
	uint32_t ns = UINT32_MAX;

	bs_vec_each (i, o->objects) {
		const struct bs_live_object *object = &o->objects->v[i];

		if (object->ns != ns) {
			ns = object->ns;
			bs_write_format(report->writer, "\nobjects of namespace %u\n", ns);
		}
		bs_say(report, "  ");
		bs_say_escaped(report, name_of(o, i));
		bs_say(report, "  ");
		if (object->is_vdso)
			bs_say(report, "the kernel's");
		else if (object->image)
			say_counts(report, o->by_object[i].n);
		else
			bs_say(report, "not read");
		bs_say(report, file_words(object->file));
		if (o->by_object[i].map == BS_NO_MAP && !object->is_vdso)
			bs_say(report, "; not simulated");
		bs_say(report, "\n");
	}
	bs_vec_each (i, &o->missing) {
		bs_say(report, "  ");
		bs_say_escaped(report, bs_run_map_name(run, o->missing.v[i]));
		bs_say(report, "  simulated, and not there\n");
	}
	bs_vec_each (i, &o->subject->unlisted) {
		bs_say(report, "  ");
		bs_say_escaped(report, o->subject->areas.v[o->subject->unlisted.v[i]].file);
		bs_say(report, "  mapped, and in no link map\n");
	}
}

static void say_differences(struct bs_report *report, const struct bs_run *run, bool all)
{
	uint32_t said = 0;

	if (!report->observed->n_differ)
		return;
	bs_say(report, "\nother than simulated\n");
	bs_vec_each (i, report->observed->slots) {
		if (!bs_process_selects(report, run, i, true))
			continue;
		if (said++ == MOST_DIFFERENCES && !all) {
			bs_say(report, "  ... (--show=" BS_PART_DIFFERENCES " lists all)\n");
			return;
		}
		say_slot(report, run, i);
	}
}

static void say_sum(struct bs_report *report)
{
	const struct bs_observation *o = report->observed;

	bs_say(report, o->subject->is_core ? "  core: " : "  process: ");
	if (o->subject->signal > 0)
		bs_write_format(report->writer, "ended by signal %d; ", o->subject->signal);
	bs_say_count(report, o->objects->n, "object", "objects");
	bs_say(report, ", ");
	bs_say_count(report, o->slots->n, "slot", "slots");
	bs_say(report, ": ");
	say_counts(report, o->n);
	bs_say(report, "; ");
	if (o->n_differ) {
		bs_write_grouped(report->writer, o->n_differ);
		bs_say(report, " other than simulated");
	} else {
		bs_say(report, o->n_agree ? "all that can be compared as simulated"
					  : "nothing can be compared");
	}
	if (o->n_not_compared) {
		bs_say(report, ", ");
		bs_write_grouped(report->writer, o->n_not_compared);
		bs_say(report, " not compared");
	}
	if (o->missing.n || o->n_unexpected)
		bs_write_format(report->writer,
				"; objects: %u not simulated, %u simulated and not there",
				o->n_unexpected, o->missing.n);
	if (o->subject->is_loading)
		bs_say(report, "; the loader was at work");
	bs_say(report, "\n");
}

void bs_text_process(struct bs_report *report, const struct bs_run *run, bool objects,
		     bool differences, bool contents)
{
	if (!report->observed)
		return;
	if (contents)
		say_contents(report, run);
	if (objects)
		say_objects(report, run);
	if (differences)
		say_differences(report, run, !report->shows_default);
	if (objects || differences)
		say_sum(report);
}
