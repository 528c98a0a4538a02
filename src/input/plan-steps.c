/* SPDX-License-Identifier: MIT */
/* The steps of a plan file. */
#include "plan-reader.h"

#include "../base/guess.h"
#include "../profile/profile.h"
#include "../report/plan-format.h"

#include <string.h>

/* What a step may say beside its call, which the first member names; NULL ends. */
struct shape {
	const char *call;
	enum bs_step_kind kind; /* BS_STEP_KIND_COUNT_: a block of constructors */
	const char *members[5];
};

static const struct shape shapes[] = {
	{ "dlopen", BS_STEP_DLOPEN, { "flags", "caller", "internal" } },
	{ "dlmopen", BS_STEP_DLMOPEN, { "flags", "namespace_of", "caller" } },
	{ "dlsym", BS_STEP_DLSYM, { "version", "handle", "caller", "internal" } },
	{ "dlclose", BS_STEP_DLCLOSE, { "caller", "internal" } },
	{ "call", BS_STEP_CALL, { "object", "version", "caller" } },
	{ "init", BS_STEP_KIND_COUNT_, { "steps" } },
};

enum { N_SHAPES = sizeof shapes / sizeof *shapes };

static bool has_member(const struct shape *shape, const char *name)
{
	for (unsigned i = 0; shape->members[i]; i++)
		if (strcmp(shape->members[i], name) == 0)
			return true;
	return strcmp(shape->call, name) == 0;
}

/* The one call that the step VALUE makes; NULL after a problem. */
static const struct shape *find_shape(struct bs_plan_reader *r, const struct bs_place *place,
				      const json_t *value)
{
	const struct shape *found = NULL;
	const char *key;
	json_t *item;

	for (unsigned i = 0; i < N_SHAPES; i++) {
		if (!json_object_get(value, shapes[i].call))
			continue;
		if (found) {
			bs_plan_fail(r, place, "%s and %s are two steps", found->call,
				     shapes[i].call);
			return NULL;
		}
		found = &shapes[i];
	}
	if (!found) {
		bs_plan_fail(r, place,
			     "no call: dlopen, dlmopen, dlsym, dlclose, call or init is wanted");
		return NULL;
	}
	json_object_foreach((json_t *)value, key, item)
	{
		const char *names = found->members[0];

		if (has_member(found, key))
			continue;
		for (unsigned i = 1; found->members[i]; i++)
			names = bs_arena_printf(r->arena, "%s%s%s", names,
						found->members[i + 1] ? ", " : " and ",
						found->members[i]);
		bs_plan_fail(r, place, "unknown member '%s'; beside %s there %s %s", key,
			     found->call, found->members[1] ? "are" : "is", names);
		return NULL;
	}
	return found;
}

/* ---- members ------------------------------------------------------------------------------- */

/* The string KEY of STEP, where it is there; an empty one only if it MAY_BE_EMPTY. */
static bool read_string(struct bs_plan_reader *r, const struct bs_place *step_place,
			const json_t *step, const char *key, bool may_be_empty, const char **ret)
{
	const struct bs_place here = { step_place, key, 0 };
	const json_t *value = json_object_get(step, key);

	if (!value)
		return true;
	if (!bs_plan_string(r, &here, value, ret))
		return false;
	if (!may_be_empty && !**ret)
		return bs_plan_fail(r, &here, "it is empty");
	return true;
}

/* The number of a step. */
static bool read_number(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
			uint32_t least, uint32_t *ret)
{
	if (!json_is_integer(value))
		return bs_plan_fail(r, place, "the number of a step is wanted, not %s",
				    bs_plan_type(value));
	json_int_t number = json_integer_value(value);

	if (number < least || number > UINT32_MAX)
		return bs_plan_fail(r, place, "%" JSON_INTEGER_FORMAT " is no number of a step",
				    number);
	*ret = (uint32_t)number;
	return true;
}

/* Says which word of TEXT is no flag. */
static bool complain_of_flags(struct bs_plan_reader *r, const struct bs_place *place,
			      const char *text)
{
	BS_VEC(const char *) names = { 0 };
	const char *word = text;
	size_t n = strcspn(word, "|,+");

	while (word[n] && bs_mode_named(word, n)) {
		word += n + 1;
		n = strcspn(word, "|,+");
	}
	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		bs_vec_push(r->arena, &names, m->name);
	bs_vec_push(r->arena, &names, NULL);
	const char *meant = bs_mode_meant(word, n);

	return meant ? bs_plan_fail(r, place, "'%.*s' is no flag; did you mean %s?", (int)n, word,
				    meant)
		     : bs_plan_fail(r, place, "'%.*s' is no flag; %s", (int)n, word,
				    bs_choices(r->arena, word, n, names.v));
}

/* Flags as an array of names: as if they were joined by commas. */
static bool join_flags(struct bs_plan_reader *r, const struct bs_place *place, const json_t *array,
		       const char **ret)
{
	BS_VEC(char) joined = { 0 };

	if (!json_array_size(array))
		return bs_plan_fail(r, place, "no flag is in it");
	for (size_t i = 0; i < json_array_size(array); i++) {
		const struct bs_place here = { place, NULL, i };

		const json_t *item = json_array_get(array, i);
		const char *name = json_string_value(item);

		if (!name)
			return bs_plan_fail(r, &here, "a flag's name is wanted, not %s",
					    bs_plan_type(item));
		size_t n = strlen(name);

		if (!bs_mode_named(name, n))
			return complain_of_flags(r, &here, name);
		bs_vec_reserve(r->arena, &joined, (uint32_t)n + 1);
		memcpy(joined.v + joined.n, name, n);
		joined.n += (uint32_t)n;
		joined.v[joined.n++] = i + 1 < json_array_size(array) ? ',' : '\0';
	}
	*ret = joined.v;
	return true;
}

static bool read_flags(struct bs_plan_reader *r, const struct bs_place *step_place,
		       const json_t *value, struct bs_step *step)
{
	const struct bs_place place = { step_place, "flags", 0 };

	if (!value)
		return true;
	if (json_is_array(value)) {
		if (!join_flags(r, &place, value, &step->spelled))
			return false;
	} else if (json_is_integer(value)) {
		step->spelled = bs_arena_printf(r->arena, "%" JSON_INTEGER_FORMAT,
						json_integer_value(value));
		if (!bs_parse_flags(step->spelled, step))
			return bs_plan_fail(r, &place, "%s does not fit dlopen's int",
					    step->spelled);
	} else if (json_is_string(value)) {
		step->spelled = bs_arena_printf(r->arena, "%s", json_string_value(value));
	} else {
		return bs_plan_fail(r, &place,
				    "a string, an array of names or a number is wanted, not %s",
				    bs_plan_type(value));
	}
	return bs_parse_flags(step->spelled, step) || complain_of_flags(r, &place, step->spelled);
}

static bool read_handle(struct bs_plan_reader *r, const struct bs_place *step_place,
			const json_t *value, struct bs_step *step)
{
	const struct bs_place here = { step_place, "handle", 0 };
	const char *word = json_string_value(value);

	if (!value || (word && strcmp(word, "default") == 0))
		return true;
	step->handle = BS_HANDLE_NEXT;
	if (word && strcmp(word, "next") == 0)
		return true;
	if (!json_is_integer(value))
		return bs_plan_fail(
			r, &here, "\"default\", \"next\" or the number of a step is wanted, not %s",
			word ? word : bs_plan_type(value));
	step->handle = BS_HANDLE_STEP;
	return read_number(r, &here, value, 0, &step->of_step);
}

static bool read_namespace(struct bs_plan_reader *r, const struct bs_place *step_place,
			   const json_t *value, struct bs_step *step)
{
	const struct bs_place here = { step_place, "namespace_of", 0 };

	return !value || read_number(r, &here, value, 1, &step->of_step);
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool read_call(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
		      const struct shape *shape, struct bs_step *step)
{
	const struct bs_place here = { place, shape->call, 0 };
	const json_t *what = json_object_get(value, shape->call);

	switch (shape->kind) {
	case BS_STEP_DLOPEN:
	case BS_STEP_DLMOPEN:
		return bs_plan_string(r, &here, what, &step->file) &&
		       read_flags(r, place, json_object_get(value, "flags"), step) &&
		       read_namespace(r, place, json_object_get(value, "namespace_of"), step);
	case BS_STEP_DLSYM:
		return read_string(r, place, value, shape->call, false, &step->symbol) &&
		       read_string(r, place, value, "version", false, &step->version) &&
		       read_handle(r, place, json_object_get(value, "handle"), step);
	case BS_STEP_DLCLOSE:
		return read_number(r, &here, what, 0, &step->of_step);
	case BS_STEP_CALL:
		if (!json_object_get(value, "object"))
			return bs_plan_fail(r, place, "no member object: whose call is it?");
		return read_string(r, place, value, shape->call, false, &step->symbol) &&
		       read_string(r, place, value, "version", false, &step->version) &&
		       read_string(r, place, value, "object", false, &step->object);
	case BS_STEP_KIND_COUNT_:
		break;
	}
	return false;
}

static bool read_internal(struct bs_plan_reader *r, const struct bs_place *step_place,
			  const json_t *value, struct bs_step *step)
{
	const struct bs_place here = { step_place, "internal", 0 };

	if (!value)
		return true;
	if (!json_is_boolean(value))
		return bs_plan_fail(r, &here, "true or false is wanted, not %s",
				    bs_plan_type(value));
	step->internal = json_is_true(value);
	return true;
}

static unsigned depth_of(const struct bs_place *place)
{
	return place ? 1 + depth_of(place->in) : 0;
}

static bool read_block(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value)
{
	const struct bs_place object_place = { place, "init", 0 },
			      steps_place = { place, "steps", 0 };
	const json_t *steps = json_object_get(value, "steps");
	struct bs_block block;

	if (!steps)
		return bs_plan_fail(r, place, "no member steps: what do the constructors do?");
	/* The file itself and, for every block, "steps" and an index. */
	if (depth_of(place) > 1 + 2 * BS_PLAN_DEEPEST)
		return bs_plan_fail(r, place, "more than %d blocks in each other", BS_PLAN_DEEPEST);
	if (!bs_plan_string(r, &object_place, json_object_get(value, "init"), &block.object))
		return false;
	bs_vec_push(r->arena, &r->blocks, block);
	return bs_plan_steps(r, &steps_place, steps, r->blocks.n);
}

static bool read_step(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
		      uint32_t block)
{
	if (!json_is_object(value))
		return bs_plan_fail(r, place, "an object is wanted, not %s", bs_plan_type(value));
	const struct shape *shape = find_shape(r, place, value);

	if (!shape)
		return false;
	if (shape->kind == BS_STEP_KIND_COUNT_)
		return read_block(r, place, value);
	struct bs_step step = { .kind = shape->kind, .block = block };

	if (!read_call(r, place, value, shape, &step) ||
	    !read_string(r, place, value, "caller", true, &step.caller) ||
	    !read_internal(r, place, json_object_get(value, "internal"), &step))
		return false;
	bs_vec_push(r->arena, &r->steps, step);
	return true;
}

bool bs_plan_steps(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
		   uint32_t block)
{
	if (!json_is_array(value))
		return bs_plan_fail(r, place, "an array is wanted, not %s", bs_plan_type(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct bs_place here = { place, NULL, i };

		if (!read_step(r, &here, json_array_get(value, i), block))
			return false;
	}
	return true;
}
