/* SPDX-License-Identifier: MIT */
/* What a comparison says of bindings, in words. */
#include "diff-priv.h"
#include "text-priv.h"

void bs_diff_say_object(struct bs_report *report, const struct bs_diff *diff, uint32_t object,
			enum bs_side side)
{
	const struct bs_digest_object *o = bs_diff_at(diff, object, side);

	if (!o)
		o = bs_diff_at(diff, object, !side);
	if (!o) {
		bs_say(report, "nobody");
		return;
	}
	const char *slash = strrchr(o->name, '/');

	bs_say_escaped(report, slash ? slash + 1 : o->name);
	if (o->ns)
		bs_write_format(report->writer, " [%u]", o->ns);
}

bool bs_diff_is_other_program(const struct bs_digest_object *was,
			      const struct bs_digest_object *now)
{
	return was && now && was->is_executable && strcmp(was->lasting, now->lasting) != 0;
}

/* ---- what became of them --------------------------------------------------------------------- */

/* "which were its own", "which were libx.so's" */
static void say_before(struct bs_report *report, const struct bs_diff *diff,
		       const struct bs_diff_binding *b, bool one)
{
	bs_say(report, one ? ", which was " : ", which were ");
	if (b->to[BS_LEFT] == b->from) {
		bs_say(report, "its own");
		return;
	}
	if (b->to[BS_LEFT] == BS_NOBODY) {
		bs_say(report, "nobody's");
		return;
	}
	bs_diff_say_object(report, diff, b->to[BS_LEFT], BS_LEFT);
	bs_say(report, "'s");
}

static void say_definer(struct bs_report *report, const struct bs_diff *diff,
			const struct bs_diff_binding *b)
{
	if (b->to[BS_RIGHT] == b->from)
		bs_say(report, "itself");
	else
		bs_diff_say_object(report, diff, b->to[BS_RIGHT], BS_RIGHT);
}

static void say_turn(struct bs_report *report, const struct bs_diff *diff,
		     const struct bs_diff_binding *b, bool one)
{
	switch (b->turn) {
	case BS_TURN_LOST:
		bs_say(report, one ? " now binds to nobody" : " now bind to nobody");
		say_before(report, diff, b, one);
		return;
	case BS_TURN_NEW_LOST:
		bs_say(report, one ? " is new and binds to nobody" : " are new and bind to nobody");
		return;
	case BS_TURN_REBOUND:
	case BS_TURN_FOUND:
		bs_say(report, one ? " now binds to " : " now bind to ");
		say_definer(report, diff, b);
		say_before(report, diff, b, one);
		return;
	case BS_TURN_UNSET:
		bs_say(report, one ? " now stays 0" : " now stay 0");
		say_before(report, diff, b, one);
		return;
	case BS_TURN_VERSION:
		bs_say(report, one ? " now binds to another version in "
				   : " now bind to other versions in ");
		say_definer(report, diff, b);
		return;
	case BS_TURN_OTHERWISE:
		bs_say(report, one ? " binds to nobody, as before, and ends otherwise"
				   : " bind to nobody, as before, and end otherwise");
		return;
	case BS_TURN_NEW:
		bs_say(report, one ? " is new" : " are new");
		return;
	case BS_TURN_GONE:
		bs_say(report, one ? " is gone" : " are gone");
		return;
	case BS_TURN_COUNT_:
		return;
	}
}

void bs_diff_say_row(struct bs_report *report, const struct bs_diff *diff,
		     const struct bs_diff_row *row)
{
	const struct bs_diff_binding *b = &diff->bindings.v[row->first];

	bs_diff_say_object(report, diff, b->from, BS_RIGHT);
	bs_say(report, ": ");
	bs_say_count(report, row->n, "reference", "references");
	say_turn(report, diff, b, row->n == 1);
}

static const char *version_of(const struct bs_diff *diff, const struct bs_digest_binding *b)
{
	const struct bs_names *names = diff->side[BS_LEFT]->names;

	if (!b)
		return NULL;
	return bs_name_text(names, b->version ? b->version : b->definition_version);
}

void bs_diff_say_symbol(struct bs_report *report, const struct bs_diff *diff,
			const struct bs_diff_binding *binding)
{
	const char *was = version_of(diff, binding->at[BS_LEFT]);
	const char *now = version_of(diff, binding->at[BS_RIGHT]);

	bs_say_escaped(report, bs_demangled(bs_diff_symbol(diff, binding)));
	if (binding->turn == BS_TURN_VERSION) {
		bs_say_version(report, was ? was : "");
		bs_say(report, " ->");
		bs_say_version(report, now ? now : "");
	} else {
		bs_say_version(report, now ? now : was);
	}
}

/* ---- why ----------------------------------------------------------------------------------- */

static void say_step(struct bs_report *report, uint32_t step, const char *does)
{
	if (step == 0)
		bs_say(report, " (from the start)");
	else if (step != BS_NEVER)
		bs_write_format(report->writer, " (step %u %s)", step, does);
}

static void say_deepbind(struct bs_report *report, const struct bs_diff *diff,
			 const struct bs_because *because)
{
	bool now = false;

	bs_vec_each (i, &diff->side[BS_RIGHT]->steps) {
		const struct bs_digest_step *step = &diff->side[BS_RIGHT]->steps.v[i];

		now |= step->number == because->step && (step->call.mode & BS_MODE_DEEPBIND);
	}
	bs_write_format(report->writer, "step %u opens ", because->step);
	bs_diff_say_object(report, diff, because->object, BS_RIGHT);
	bs_say(report, now ? " with DEEPBIND now" : " without DEEPBIND now");
}

static void say_loader(struct bs_report *report, const struct bs_diff *diff)
{
	bs_say(report, "the loader is ");
	bs_say_escaped(report, diff->side[BS_RIGHT]->loader);
	bs_say(report, ", was ");
	bs_say_escaped(report, diff->side[BS_LEFT]->loader);
}

void bs_diff_say_because(struct bs_report *report, const struct bs_diff *diff,
			 const struct bs_because *because)
{
	/* What stands behind the name of the object whose doing it is. */
	static const char *const words[BS_CAUSE_COUNT_] = {
		[BS_CAUSE_ASKS_VERSION] = " asks for another version",
		[BS_CAUSE_CAME] = " is there now",
		[BS_CAUSE_WENT] = " is not there any more",
		[BS_CAUSE_LOST_DEFINITION] = " does not define it any more",
		[BS_CAUSE_NEW_DEFINITION] = " defines it now",
		[BS_CAUSE_OTHER_VERSION] = " defines another version",
		[BS_CAUSE_GLOBAL] = " is in the global scope now",
		[BS_CAUSE_NOT_GLOBAL] = " is in the global scope no more",
		[BS_CAUSE_REFERRER] = " is another build",
		[BS_CAUSE_ORDER] = " comes before ",
		[BS_CAUSE_STEP] = " is brought by another step",
		[BS_CAUSE_DEFINER] = " is another build",
		[BS_CAUSE_SCOPE] = " has another scope",
	};

	if (because->kind == BS_CAUSE_LOADER) {
		say_loader(report, diff);
		return;
	}
	if (because->kind == BS_CAUSE_DEEPBIND) {
		say_deepbind(report, diff, because);
		return;
	}
	if (because->object == BS_NOBODY) {
		bs_say(report, because->kind == BS_CAUSE_CAME ? "their objects are there now"
			       : because->kind == BS_CAUSE_WENT
				       ? "their objects are not there any more"
				       : "the program asks otherwise");
		return;
	}
	bs_diff_say_object(report, diff, because->object, BS_RIGHT);
	bool is_rebuilt = because->kind == BS_CAUSE_REFERRER || because->kind == BS_CAUSE_DEFINER;

	bs_say(report,
	       is_rebuilt && bs_diff_is_other_program(bs_diff_at(diff, because->object, BS_LEFT),
						      bs_diff_at(diff, because->object, BS_RIGHT))
		       ? " is another program"
		       : words[because->kind]);
	if (because->kind == BS_CAUSE_ORDER) {
		bs_diff_say_object(report, diff, because->other, BS_RIGHT);
		bs_say(report, " now");
	}
	if (because->kind == BS_CAUSE_GLOBAL)
		say_step(report, because->step, "opens it GLOBAL");
	else if (because->kind == BS_CAUSE_CAME && because->step)
		say_step(report, because->step, "brings it");
	else if (because->kind == BS_CAUSE_STEP)
		say_step(report, because->step, "does now");
}
