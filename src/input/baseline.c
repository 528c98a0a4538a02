/* SPDX-License-Identifier: MIT */
/* Baselines, read again; they are written in src/report/json-verdict.c. */
#include "report-file.h"

#include "../report/jansson-late.h"
#include "../report/report.h"

#include <stdlib.h>
#include <string.h>

/* The string KEY of ITEM, or NULL. */
static const char *text_of(const json_t *item, const char *key)
{
	return json_string_value(json_object_get(item, key));
}

static bool read_fingerprint(const char *text, uint64_t *ret)
{
	if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*ret = strtoull(text, NULL, 16);
	return true;
}

static bool read_level(const char *text, enum bs_level *ret)
{
	for (*ret = BS_LEVEL_NOTE; *ret <= BS_LEVEL_ERROR; ++*ret)
		if (text && strcmp(text, bs_level_name(*ret)) == 0)
			return true;
	return false;
}

static const char *copy(struct bs_arena *arena, const char *text)
{
	return text ? bs_arena_strndup(arena, text, strlen(text)) : NULL;
}

/* NULL, or the member that is not as it should be. Members that are not known are a later
 * version's. */
static const char *read_finding(struct bs_arena *arena, const json_t *item,
				struct bs_known_finding *ret)
{
	const json_t *n = json_object_get(item, "symbols");
	const char *to = text_of(item, "to");

	*ret = (struct bs_known_finding){
		.plan = copy(arena, text_of(item, "plan")),
		.rule = copy(arena, text_of(item, "rule")),
		.from = copy(arena, text_of(item, "from")),
		.to = to ? copy(arena, to) : "",
	};
	if (!read_fingerprint(text_of(item, "fingerprint"), &ret->fingerprint))
		return "fingerprint";
	if (!read_level(text_of(item, "level"), &ret->level))
		return "level";
	if (!json_is_integer(n) || json_integer_value(n) < 0 || json_integer_value(n) > UINT32_MAX)
		return "symbols";
	ret->n = (uint32_t)json_integer_value(n);
	return !ret->rule ? "rule" : !ret->from ? "from" : NULL;
}

static const char *read_root(struct bs_arena *arena, const json_t *root, bs_baseline *ret)
{
	const json_t *findings = json_object_get(root, "findings");
	const char *schema = text_of(root, "schema");

	if (!schema || strcmp(schema, BS_BASELINE_SCHEMA) != 0)
		return "\"schema\": \"" BS_BASELINE_SCHEMA "\" is wanted";
	if (!json_is_array(findings))
		return "findings: an array is wanted";
	for (size_t i = 0; i < json_array_size(findings); i++) {
		struct bs_known_finding known;
		const char *wrong = read_finding(arena, json_array_get(findings, i), &known);

		if (wrong)
			return bs_arena_printf(arena, "findings[%zu].%s is not there, or wrong", i,
					       wrong);
		bs_vec_push(arena, ret, known);
	}
	return NULL;
}

const char *bs_baseline_read(struct bs_arena *arena, const char *text, size_t n, bs_baseline *ret,
			     void **ret_held)
{
	const char *problem = bs_jansson_open();
	json_error_t error;

	*ret_held = NULL;
	if (problem)
		return problem;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);

	if (!root && !*error.text)
		bs_arena_exhausted(arena);
	if (!root)
		return bs_arena_printf(arena, "line %d, column %d: %s", error.line, error.column,
				       error.text);
	*ret_held = root;
	return read_root(arena, root, ret);
}
