/* SPDX-License-Identifier: MIT */
/*
 * --plan: the question from a file (bindsim-plan(5)). What the format does not know is an error,
 * for a member that is passed over changes the question without a word.
 */
#include "plan-reader.h"

#include "../report/plan-format.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- problems ------------------------------------------------------------------------------ */

static const char *place_text(struct bs_arena *arena, const struct bs_place *place)
{
	if (!place->in)
		return "";
	const char *before = place_text(arena, place->in);

	if (!place->member)
		return bs_arena_printf(arena, "%s[%zu]", before, place->index);
	return bs_arena_printf(arena, "%s%s%s", before, *before ? "." : "", place->member);
}

bool bs_plan_fail(struct bs_plan_reader *r, const struct bs_place *place, const char *format, ...)
{
	const char *where = place_text(r->arena, place);
	char *text;
	va_list ap;

	va_start(ap, format);
	int n = vasprintf(&text, format, ap);

	va_end(ap);
	if (n < 0)
		bs_arena_exhausted(r->arena);
	r->problem = bs_arena_printf(r->arena, "%s%s%s", where, *where ? ": " : "", text);
	r->parts =
		(struct bs_input_problem){ where, bs_arena_strndup(r->arena, text, strlen(text)) };
	free(text);
	return false;
}

const char *bs_plan_type(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "a number";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

/* ---- strings ------------------------------------------------------------------------------- */

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The byte that the escape behind a backslash at S stands for, with its length; 0 when it is no
 * escape. */
static unsigned char escaped(const char *s, size_t *ret_n)
{
	*ret_n = 1;
	if (*s == '\\')
		return '\\';
	if (*s != 'x' || digit(s[1]) < 0 || digit(s[2]) < 0)
		return 0;
	*ret_n = 3;
	return (unsigned char)(digit(s[1]) << 4 | digit(s[2]));
}

/* The inverse of bs_json_string(). */
static bool read_text(struct bs_plan_reader *r, const struct bs_place *place, const char *text,
		      const char **ret)
{
	static const char marker[] = "\xef\xbf\xbd";
	char *bytes = bs_arena_strndup(r->arena, text, strlen(text)), *to = bytes;

	*ret = bytes;
	if (strncmp(text, marker, strlen(marker)) != 0)
		return true;
	for (const char *s = text + strlen(marker); *s; s++) {
		size_t n;

		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		*to = (char)escaped(s + 1, &n);
		if (!*to++)
			return bs_plan_fail(r, place,
					    "in a string that begins with U+FFFD a backslash is "
					    "doubled, or begins \\xNN, which is not \\x00");
		s += n;
	}
	*to = '\0';
	return true;
}

bool bs_plan_string(struct bs_plan_reader *r, const struct bs_place *place, const json_t *value,
		    const char **ret)
{
	if (!json_is_string(value))
		return bs_plan_fail(r, place, "a string is wanted, not %s", bs_plan_type(value));
	return read_text(r, place, json_string_value(value), ret);
}

/* ---- members ------------------------------------------------------------------------------- */

static bool read_schema(struct bs_plan_reader *r, const struct bs_place *place, const json_t *root)
{
	const struct bs_place here = { place, "schema", 0 };
	const json_t *value = json_object_get(root, "schema");

	if (!value)
		return bs_plan_fail(r, place, "no member schema: \"schema\": \"%s\" is wanted",
				    BS_PLAN_SCHEMA);
	if (!json_is_string(value) || strcmp(json_string_value(value), BS_PLAN_SCHEMA) != 0)
		return bs_plan_fail(r, &here, "\"%s\" is wanted, not %s%s%s", BS_PLAN_SCHEMA,
				    json_is_string(value) ? "\"" : "",
				    json_is_string(value) ? json_string_value(value)
							  : bs_plan_type(value),
				    json_is_string(value) ? "\"" : "");
	return true;
}

static int compare_variables(const void *a, const void *b)
{
	const struct bs_variable *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* One name has one spelling in JSON but for those that begin with U+FFFD, which jansson compares as
 * they are written. */
static bool check_names(struct bs_plan_reader *r, const struct bs_place *place,
			struct bs_variable *variables, uint32_t n)
{
	if (n)
		qsort(variables, n, sizeof *variables, compare_variables);
	for (uint32_t i = 1; i < n; i++)
		if (strcmp(variables[i - 1].name, variables[i].name) == 0)
			return bs_plan_fail(r, place, "%s is there twice", variables[i].name);
	return true;
}

/* IS_NAME says which names may be there; WHAT they are of. */
static bool read_variables(struct bs_plan_reader *r, const struct bs_place *place,
			   const json_t *value, const char *what, bool (*is_name)(const char *name),
			   const struct bs_variable **ret, uint32_t *ret_n)
{
	BS_VEC(struct bs_variable) variables = { 0 };
	const char *key;
	json_t *item;

	if (!json_is_object(value))
		return bs_plan_fail(r, place, "an object is wanted, not %s", bs_plan_type(value));
	json_object_foreach((json_t *)value, key, item)
	{
		const struct bs_place here = { place, key, 0 };
		struct bs_variable v;

		if (!read_text(r, &here, key, &v.name) || !bs_plan_string(r, &here, item, &v.value))
			return false;
		if (!is_name(v.name))
			return bs_plan_fail(r, place, "'%s' is no name of a %s", v.name, what);
		bs_vec_push(r->arena, &variables, v);
	}
	*ret = variables.v;
	*ret_n = variables.n;
	return check_names(r, place, variables.v, variables.n);
}

static bool names_variable(const char *name)
{
	return *name && !strchr(name, '=');
}

/* Which ones there are is known when it is known what loader is meant. */
static bool names_switch(const char *name)
{
	return *name != '.' && strchr(name, '.') && !strchr(name, '=');
}

static bool read_arguments(struct bs_plan_reader *r, const struct bs_place *place,
			   const json_t *value, struct bs_plan *plan)
{
	BS_VEC(const char *) arguments = { 0 };

	if (!json_is_array(value))
		return bs_plan_fail(r, place, "an array is wanted, not %s", bs_plan_type(value));
	for (size_t i = 0; i < json_array_size(value); i++) {
		const struct bs_place here = { place, NULL, i };
		const char *argument;

		if (!bs_plan_string(r, &here, json_array_get(value, i), &argument))
			return false;
		bs_vec_push(r->arena, &arguments, argument);
	}
	plan->arguments = arguments.v;
	plan->n_arguments = arguments.n;
	return true;
}

static bool complain_of_member(struct bs_plan_reader *r, const struct bs_place *place,
			       const char *key)
{
	const char *names = "schema";

	for (const struct bs_plan_member *m = bs_plan_members; m->name; m++)
		names = bs_arena_printf(r->arena, "%s, %s", names, m->name);
	return bs_plan_fail(
		r, place,
		"unknown member '%s'; there are %s, arguments, settings, environment and steps",
		key, names);
}

static bool read_member(struct bs_plan_reader *r, const struct bs_place *root, const char *key,
			const json_t *value, struct bs_plan *plan)
{
	const struct bs_place here = { root, key, 0 };
	const struct bs_plan_member *m = bs_plan_members;

	if (strcmp(key, "schema") == 0)
		return true;
	if (strcmp(key, "environment") == 0)
		return read_variables(r, &here, value, "variable", names_variable,
				      &plan->environment, &plan->n_environment);
	if (strcmp(key, "settings") == 0)
		return read_variables(r, &here, value, "switch", names_switch, &plan->settings,
				      &plan->n_settings);
	if (strcmp(key, "arguments") == 0)
		return read_arguments(r, &here, value, plan);
	if (strcmp(key, "steps") == 0)
		return bs_plan_steps(r, &here, value, 0);
	while (m->name && strcmp(m->name, key) != 0)
		m++;
	if (!m->name)
		return complain_of_member(r, root, key);
	if (!m->is_switch)
		return bs_plan_string(r, &here, value, bs_plan_text(plan, m));
	if (!json_is_boolean(value))
		return bs_plan_fail(r, &here, "true or false is wanted, not %s",
				    bs_plan_type(value));
	*bs_plan_switch(plan, m) = json_is_true(value);
	return true;
}

static bool read_root(struct bs_plan_reader *r, const json_t *root, struct bs_plan *plan)
{
	const struct bs_place place = { 0 };
	const char *key;
	json_t *value;

	if (!json_is_object(root))
		return bs_plan_fail(r, &place, "a plan is an object, not %s", bs_plan_type(root));
	/* First, for what has another schema has other members, too. */
	if (!read_schema(r, &place, root))
		return false;
	json_object_foreach((json_t *)root, key,
			    value) if (!read_member(r, &place, key, value, plan)) return false;
	plan->steps = r->steps.v;
	plan->n_steps = r->steps.n;
	plan->blocks = r->blocks.v;
	plan->n_blocks = r->blocks.n;
	return true;
}

/* ---- the file ------------------------------------------------------------------------------ */

void bs_plan_drop(void *held)
{
	if (held)
		json_decref(held);
}

bool bs_plan_read_parts(struct bs_arena *arena, const char *text, size_t n, struct bs_plan *ret,
			struct bs_input_problem *ret_problem, void **ret_held)
{
	struct bs_plan_reader r = { .arena = arena };
	const char *problem = bs_jansson_open();
	json_error_t error;

	*ret_held = NULL;
	*ret = (struct bs_plan){ 0 };
	*ret_problem = (struct bs_input_problem){ "", problem };
	if (problem)
		return false;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);

	if (!root && !*error.text)
		bs_arena_exhausted(arena);
	if (!root) {
		ret_problem->place =
			bs_arena_printf(arena, "line %d, column %d", error.line, error.column);
		ret_problem->reason = bs_arena_strndup(arena, error.text, strlen(error.text));
		return false;
	}
	*ret_held = root;
	read_root(&r, root, ret);
	*ret_problem = r.parts;
	return !r.problem;
}

const char *bs_plan_read(struct bs_arena *arena, const char *text, size_t n, struct bs_plan *ret)
{
	struct bs_input_problem problem;
	void *held;
	bool ok = bs_plan_read_parts(arena, text, n, ret, &problem, &held);

	bs_plan_drop(held);
	if (ok)
		return NULL;
	return *problem.place ? bs_arena_printf(arena, "%s: %s", problem.place, problem.reason)
			      : problem.reason;
}
