/* SPDX-License-Identifier: MIT */
/* The records of a report: objects, steps, bindings, slots, findings. */
#include "report-file-priv.h"

#include "../report/json-names.h"

#include <string.h>

/* More no process has. A comparison takes each object with each; findings it sorts. */
enum { MOST_OBJECTS = 4096, MOST_FINDINGS = 1 << 20 };

/* ---- objects ------------------------------------------------------------------------------- */

static const char *how_name(unsigned i)
{
	return bs_json_how_name(i);
}

static bool take_found(struct bs_report_reader *reader, const struct bs_place *place,
		       const json_t *item, struct bs_digest_object *ret)
{
	const struct bs_place here = { place, "found", 0 };
	const json_t *found = json_object_get(item, "found");
	unsigned how;

	ret->was_searched = json_is_object(found);
	if (!ret->was_searched)
		return true;
	if (!bs_get_word(reader, &here, found, "how", how_name, BS_HOW_COUNT_, &how))
		return false;
	ret->how = how;
	return true;
}

/* A stream tells of an object again when it is more than what a call would load. */
bool bs_take_object(struct bs_report_reader *reader, const struct bs_place *place,
		    const json_t *item)
{
	struct bs_digest *digest = reader->digest;
	struct bs_digest_object o = { .global = BS_NEVER, .died = BS_NEVER };
	const char *kind;
	uint64_t id, ns;

	if (!bs_get_number(reader, place, item, "id", digest->objects.n + 1, 0, &id) ||
	    !bs_get_some_text(reader, place, item, "name", &o.name) ||
	    !bs_get_text(reader, place, item, "path", &o.path) ||
	    !bs_get_text(reader, place, item, "soname", &o.soname) ||
	    !bs_get_text(reader, place, item, "build_id", &o.build_id) ||
	    !bs_get_some_text(reader, place, item, "kind", &kind) ||
	    !bs_get_number(reader, place, item, "namespace", BS_NOBODY, 0, &ns) ||
	    !bs_get_step(reader, place, item, "born", &o.born) ||
	    !take_found(reader, place, item, &o))
		return false;
	if (id == MOST_OBJECTS)
		return bs_plan_fail(&reader->r, place, "more than %d objects", MOST_OBJECTS);
	o.ns = (uint32_t)ns;
	o.is_executable = strcmp(kind, "executable") == 0;
	o.lasting = bs_report_kept(reader, bs_lasting_name_of(digest->arena, o.soname, o.name));
	if (id == digest->objects.n)
		bs_vec_push(digest->arena, &digest->objects, o);
	else
		digest->objects.v[id].born = o.born;
	if (strcmp(kind, "loaded") != 0)
		bs_digest_globalise(digest, (uint32_t)id, 0);
	return true;
}

/* ---- bindings ------------------------------------------------------------------------------ */

static const char *outcome_name(unsigned i)
{
	return bs_json_outcome_name(i);
}

/* The members that an answer has wherever it stands. */
static bool get_answer(struct bs_report_reader *reader, const struct bs_place *place,
		       const json_t *item, struct bs_digest_binding *ret)
{
	const char *version;
	unsigned outcome;

	if (!bs_get_object(reader, place, item, "to", &ret->to) ||
	    !bs_get_text(reader, place, item, "definition_version", &version) ||
	    !bs_get_word(reader, place, item, "outcome", outcome_name, BS_LOOKUP_CRASH + 1,
			 &outcome))
		return false;
	ret->definition_version = version ? bs_name_of(reader->digest->names, version) : 0;
	ret->outcome = (uint8_t)outcome;
	return true;
}

static bool get_reference(struct bs_report_reader *reader, const struct bs_place *place,
			  const json_t *item, struct bs_digest_binding *ret,
			  const char **ret_symbol)
{
	const char *version;

	if (!bs_get_object(reader, place, item, "from", &ret->from) ||
	    !bs_get_some_text(reader, place, item, "symbol", ret_symbol) ||
	    !bs_get_text(reader, place, item, "version", &version))
		return false;
	ret->version = version ? bs_name_of(reader->digest->names, version) : 0;
	return true;
}

/* What waits for its first call is told with the slots. */
bool bs_take_binding(struct bs_report_reader *reader, const struct bs_place *place,
		     const json_t *item)
{
	const json_t *asker = json_object_get(item, "asked_by");
	struct bs_digest_binding binding = { 0 };
	const char *symbol;

	if (bs_is_word(json_object_get(item, "when"), "first-call"))
		return true;
	if (!get_reference(reader, place, item, &binding, &symbol) ||
	    !get_answer(reader, place, item, &binding))
		return false;
	binding.asker = bs_is_word(asker, "program")  ? BS_ASKER_PROGRAM
			: bs_is_word(asker, "loader") ? BS_ASKER_LOADER
						      : BS_ASKER_RELOCATION;
	bs_digest_bind(reader->digest, binding, symbol);
	return true;
}

bool bs_take_slot(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item)
{
	const struct bs_place here = { place, "answers", 0 };
	const json_t *answers = json_object_get(item, "answers");
	size_t n = json_array_size(answers);
	const struct bs_place at = { &here, NULL, n - 1 };
	struct bs_digest_binding binding = { 0 };
	uint32_t called;
	const char *symbol;

	if (!bs_get_step(reader, place, item, "called", &called) ||
	    !get_reference(reader, place, item, &binding, &symbol))
		return false;
	if (called != BS_NEVER || !n)
		return true;
	if (!get_answer(reader, &at, json_array_get(answers, n - 1), &binding))
		return false;
	bs_digest_bind(reader->digest, binding, symbol);
	return true;
}

/* ---- steps and findings ---------------------------------------------------------------------- */

static const char *state_name(unsigned i)
{
	return bs_json_state_name(i);
}

/* Ids in the array KEY, each handed to TAKE with the number of the step. */
static bool take_ids(struct bs_report_reader *reader, const struct bs_place *place,
		     const json_t *item, const char *key, uint32_t step,
		     void (*take)(struct bs_digest *digest, uint32_t object, uint32_t step))
{
	const struct bs_place here = { place, key, 0 };
	const json_t *ids = json_object_get(item, key);

	for (size_t i = 0; i < json_array_size(ids); i++) {
		const struct bs_place at = { &here, NULL, i };
		const json_t *id = json_array_get(ids, i);

		if (!json_is_integer(id) || json_integer_value(id) < 0 ||
		    json_integer_value(id) >= reader->digest->objects.n)
			return bs_plan_fail(&reader->r, &at, "the id of an object is wanted");
		take(reader->digest, (uint32_t)json_integer_value(id), step);
	}
	return true;
}

static void bury(struct bs_digest *digest, uint32_t object, uint32_t step)
{
	digest->objects.v[object].died = step;
}

bool bs_take_step(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item)
{
	const char *message;
	unsigned state;
	uint32_t number;

	if (!bs_get_step(reader, place, item, "number", &number) ||
	    !bs_get_word(reader, place, item, "state", state_name, BS_STEP_NOT_REACHED + 1,
			 &state) ||
	    !bs_get_text(reader, place, item, "message", &message))
		return false;
	if (number == BS_NEVER)
		return bs_plan_fail(&reader->r, place, "no member number");
	reader->digest->steps.v[number].state = state;
	reader->digest->steps.v[number].message = message;
	return take_ids(reader, place, item, "promoted", number, bs_digest_globalise) &&
	       take_ids(reader, place, item, "unloaded", number, bury) &&
	       bs_take_all(reader, place, item, "bindings", bs_take_binding);
}

static const char *level_name(unsigned i)
{
	return bs_level_name(i);
}

/* The symbol of the first example. */
static bool get_example(struct bs_report_reader *reader, const struct bs_place *place,
			const json_t *item, const char **ret)
{
	const struct bs_place here = { place, "examples", 0 }, at = { &here, NULL, 0 };
	const json_t *example = json_array_get(json_object_get(item, "examples"), 0);

	return bs_get_text(reader, &at, example, "symbol", ret);
}

bool bs_take_finding(struct bs_report_reader *reader, const struct bs_place *place,
		     const json_t *item)
{
	const struct bs_place here = { place, "counts", 0 };
	struct bs_digest_finding f = { 0 };
	unsigned level;

	if (!bs_get_some_text(reader, place, item, "rule", &f.rule) ||
	    !bs_get_word(reader, place, item, "level", level_name, BS_LEVEL_ERROR + 1, &level) ||
	    !bs_get_object(reader, place, item, "from", &f.from) ||
	    !bs_get_object(reader, place, item, "to", &f.to) ||
	    !bs_get_number(reader, &here, json_object_get(item, "counts"), "symbols", UINT32_MAX, 0,
			   &f.n))
		return false;
	f.level = level;
	if (f.to == BS_NOBODY && !get_example(reader, place, item, &f.symbol))
		return false;
	if (reader->digest->findings.n == MOST_FINDINGS)
		return bs_plan_fail(&reader->r, place, "more than %d findings", MOST_FINDINGS);
	bs_digest_find(reader->digest, &f);
	return true;
}
