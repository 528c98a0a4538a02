/* SPDX-License-Identifier: MIT */
/* The words of `bindsim verify` that both of its formats have. */
#include "verify-report.h"

static const char *text_of(const struct bs_verify *verify, bs_name name)
{
	return name ? bs_name_text(verify->testimony->names, name) : "";
}

/* The executable is nothing in the link map. */
static const char *object_of(const struct bs_verify *verify, bs_name name)
{
	const char *text = text_of(verify, name);

	return *text ? text : "the program";
}

static const char *in_namespace(struct bs_arena *arena, const char *text, uint32_t ns)
{
	return ns ? bs_arena_printf(arena, "%s [%u]", text, ns) : text;
}

const char *bs_verify_part_word(enum bs_verify_part part)
{
	static const char *const words[BS_VERIFY_PART_COUNT_] = {
		[BS_VERIFY_ERRORS] = "bindings", [BS_VERIFY_OBJECTS] = "files",
		[BS_VERIFY_SEARCHES] = "libs",	 [BS_VERIFY_VERSIONS] = "versions",
		[BS_VERIFY_SCOPES] = "scopes",	 [BS_VERIFY_BINDINGS] = "bindings",
	};

	return words[part];
}

/* The name that the loader uses for the result of a binding that the simulation would make: WHY,
 * "first in scope". */
static const char *why_words(enum bs_why why, enum bs_outcome outcome)
{
	static const char *const words[BS_WHY_COUNT_] = {
		[BS_WHY_FIRST_IN_SCOPE] = "the first in scope order that matches",
		[BS_WHY_LOCAL] = "local, hidden or protected: bound to itself without a lookup",
		[BS_WHY_PROTECTED] = "the reference is protected: bound to itself",
		[BS_WHY_UNIQUE] = "a unique symbol: the definition that was bound first counts",
		[BS_WHY_STRONG] = "LD_DYNAMIC_WEAK is set: weak definitions give way",
		[BS_WHY_WEAK] = "LD_DYNAMIC_WEAK is set, and there is no strong definition",
	};

	if (why != BS_WHY_NONE)
		return words[why];
	switch (outcome) {
	case BS_UNRESOLVED_WEAK:
		return "nobody answers; the reference is weak and stays 0";
	case BS_UNDEFINED:
		return "nobody answers: undefined symbol";
	case BS_LOOKUP_CRASH:
		return "the loader dies in this lookup";
	case BS_BOUND:
		break;
	}
	return NULL;
}

const char *bs_verify_subject_words(struct bs_arena *arena, const struct bs_verify *verify,
				    const struct bs_deed *d)
{
	const char *who = in_namespace(arena, object_of(verify, d->who), d->ns);
	const char *what = text_of(verify, d->what), *version = text_of(verify, d->version);

	switch (d->kind) {
	case BS_DEED_BINDING:
		return bs_arena_printf(arena, d->version ? "%s: %s [%s]" : "%s: %s", who, what,
				       version);
	case BS_DEED_VERSION:
		return bs_arena_printf(arena, "%s wants version %s", who, version);
	case BS_DEED_SEARCH:
		return bs_arena_printf(arena, "search for %s", in_namespace(arena, what, d->ns));
	case BS_DEED_NEEDED:
		return bs_arena_printf(arena, "%s needs %s", who, what);
	case BS_DEED_DLOPEN:
		return bs_arena_printf(arena, "%s opens %s", who, what);
	case BS_DEED_LOADED:
		return bs_arena_printf(arena, "%s is loaded", in_namespace(arena, what, d->ns));
	case BS_DEED_OPENED:
		return bs_arena_printf(arena, "%s is opened, handles: %u", who, d->number);
	case BS_DEED_CLOSING:
		return bs_arena_printf(arena, "a handle of %s is closed, left: %u",
				       object_of(verify, d->who), d->number);
	case BS_DEED_DESTROYED:
		return bs_arena_printf(arena, "%s is unmapped", who);
	case BS_DEED_DEPENDENCY:
		return bs_arena_printf(arena, "%s is kept", who);
	case BS_DEED_ACTIVATED:
		return bs_arena_printf(arena, "%s is never unloaded", object_of(verify, d->who));
	case BS_DEED_SCOPE:
		return bs_arena_printf(arena, "scope %u of %s", d->number, who);
	case BS_DEED_GLOBAL:
		return bs_arena_printf(arena, "%s joins the global scope", who);
	case BS_DEED_ERROR:
		if (!d->number)
			return bs_arena_printf(arena, "%s: %s", object_of(verify, d->who), what);
		return bs_arena_printf(arena,
				       d->version ? "%s: undefined symbol: %s, version %s"
						  : "%s: undefined symbol: %s",
				       object_of(verify, d->who), what, version);
	case BS_DEED_COUNT_:
		break;
	}
	return "";
}

const char *bs_verify_result_words(struct bs_arena *arena, const struct bs_verify *verify,
				   const struct bs_deed *d)
{
	const char *to = in_namespace(arena, object_of(verify, d->to), d->to_ns);

	switch (d->kind) {
	case BS_DEED_BINDING:
		return d->to ? to : "nobody";
	case BS_DEED_VERSION:
		return to;
	case BS_DEED_SEARCH:
	case BS_DEED_SCOPE:
		return text_of(verify, d->to);
	case BS_DEED_DEPENDENCY:
		return bs_arena_printf(arena, "by %s", to);
	case BS_DEED_NEEDED:
	case BS_DEED_DLOPEN:
	case BS_DEED_LOADED:
	case BS_DEED_OPENED:
	case BS_DEED_CLOSING:
	case BS_DEED_DESTROYED:
	case BS_DEED_ACTIVATED:
	case BS_DEED_GLOBAL:
	case BS_DEED_ERROR:
	case BS_DEED_COUNT_:
		break;
	}
	return "yes";
}

struct bs_verify_answer bs_verify_answer_of(struct bs_arena *arena, const struct bs_verify *verify,
					    const struct bs_disagreement *d)
{
	const struct bs_held_deed *deeds = verify->testimony->deeds.v;
	struct bs_verify_answer ret = { .step = BS_NEVER };

	if (d->made != BS_VERIFY_NOTHING) {
		const struct bs_held_deed *made = &deeds[d->made];

		ret.is_there = true;
		ret.result = bs_verify_result_words(arena, verify, &made->deed);
		ret.step = verify->steps.v[made->step].number;
		if (made->deed.kind == BS_DEED_BINDING)
			ret.why = why_words(made->why, made->outcome);
		return ret;
	}
	const struct bs_held_deed *told = &deeds[d->told];

	if (told->deed.kind != BS_DEED_BINDING || told->other_outcome == BS_VERIFY_NO_ANSWER)
		return ret;
	ret.is_there = ret.is_call = true;
	ret.why = why_words(told->other_why, told->other_outcome);
	ret.result = told->other_to ? in_namespace(arena, object_of(verify, told->other_to),
						   told->other_ns)
				    : "nobody";
	return ret;
}

static const char *place_words(struct bs_arena *arena, const struct bs_verify_place *place)
{
	if (!place->file)
		return "";
	return bs_arena_printf(arena, " at %s:%llu", place->file, (unsigned long long)place->line);
}

static const char *outcome_words(struct bs_arena *arena, const struct bs_verify *verify,
				 const struct bs_verify_group *g)
{
	const struct bs_verify_step *start = &verify->steps.v[0];

	if (g->object)
		return bs_arena_printf(arena, "an error about %s", object_of(verify, g->object));
	if (start->state == BS_STEP_FAILED)
		return bs_arena_printf(arena, "the start-up succeeded; the simulation: %s",
				       start->message ? start->message : "it fails");
	return "the process ended before its start-up was over; in the simulation it succeeds";
}

/* What was done to an object that the plan has no step for. */
static const char *call_words(const struct bs_verify *verify, const struct bs_verify_group *g)
{
	bool is_closed = false;

	bs_vec_each (i, &g->list) {
		enum bs_deed_kind kind = verify->testimony->deeds.v[g->list.v[i].told].deed.kind;

		if (kind != BS_DEED_CLOSING && kind != BS_DEED_DESTROYED)
			return "opened";
		is_closed = true;
	}
	return is_closed ? "closed" : "opened";
}

const char *bs_verify_group_words(struct bs_arena *arena, const struct bs_verify *verify,
				  const struct bs_verify_group *g)
{
	const char *object = object_of(verify, g->object);
	const char *place = place_words(arena, &g->first);

	switch (g->cause) {
	case BS_VERIFY_MISSING_OBJECT:
		return bs_arena_printf(arena,
				       "%s came at start-up%s; the simulation does not load it: "
				       "another environment, or other files",
				       object, place);
	case BS_VERIFY_MISSING_STEP:
		return bs_arena_printf(arena, "%s was %s%s; the plan has no such step", object,
				       call_words(verify, g), place);
	case BS_VERIFY_NOT_MADE:
		return bs_arena_printf(arena, "there is no trace of step %u, %s", g->step,
				       bs_step_words(arena, &verify->plan->steps[g->step - 1]));
	case BS_VERIFY_OUTCOME:
		return outcome_words(arena, verify, g);
	case BS_VERIFY_OTHER_FILE:
		return bs_arena_printf(arena, "another file was found: %s%s", object, place);
	case BS_VERIFY_OTHER_SEARCH:
		return bs_arena_printf(arena, "%s was looked for elsewhere%s", object, place);
	case BS_VERIFY_OTHER_SCOPE:
		return bs_arena_printf(arena, "the scope of %s is another one%s", object, place);
	case BS_VERIFY_OTHER_DEFINER:
		return bs_arena_printf(arena, "%s is bound to others%s%s", object, place,
				       g->follows ? "; its scope differs, too" : "");
	case BS_VERIFY_OTHER_VERSION:
		return bs_arena_printf(arena, "%s asks for other versions%s", object, place);
	case BS_VERIFY_OTHER_ORDER:
		return bs_arena_printf(arena, "%s comes in another order in step %u", object,
				       g->step);
	case BS_VERIFY_NOT_TOLD:
		return bs_arena_printf(arena, "the simulation alone says this of %s", object);
	case BS_VERIFY_NOT_SIMULATED:
		return bs_arena_printf(arena, "the simulation does not say this of %s%s", object,
				       place);
	case BS_VERIFY_CAUSE_COUNT_:
		break;
	}
	return "";
}
