/* SPDX-License-Identifier: MIT */
/* The files of --baseline and --write-baseline. */
#include "cli.h"

#include "../report/jansson-late.h"

#include <errno.h>
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

static const char *read_baseline(struct bs_arena *arena, const char *text, bs_baseline *ret)
{
	const char *problem = bs_jansson_open();
	json_error_t error;

	if (problem)
		return problem;
	json_t *root = json_loadb(text, strlen(text), JSON_REJECT_DUPLICATES, &error);

	if (!root && !*error.text)
		bs_arena_exhausted(arena);
	if (!root)
		return bs_arena_printf(arena, "line %d, column %d: %s", error.line, error.column,
				       error.text);
	problem = read_root(arena, root, ret);
	json_decref(root);
	return problem;
}

bs_baseline *bs_baseline_load(struct bs_arena *arena, const char *path, bool may_lack)
{
	bs_baseline *baseline = (bs_baseline *)bs_new(arena, bs_baseline, 1);
	const char *name;
	size_t n;

	if (may_lack && !bs_input_read(arena, path, &n) && errno == ENOENT)
		return baseline;
	const char *text = bs_input_text(arena, path, &name);

	if (!text)
		return NULL;
	const char *problem = read_baseline(arena, text, baseline);

	if (problem)
		bs_complain("%s: %s", name, problem);
	return problem ? NULL : baseline;
}

/* KNOWN is of a plan that was checked now, or that the policy has no more. */
static bool is_over(const struct bs_check_line *check, const struct bs_known_finding *known)
{
	const struct bs_policy *policy = check->policy;

	bs_vec_each (i, &check->plans)
		if (bs_known_is_of(known, check->plans.v[i].name))
			return true;
	for (uint32_t i = 0; policy && i < policy->plans.n; i++)
		if (bs_known_is_of(known, policy->plans.v[i].name))
			return false;
	return known->plan && policy;
}

void bs_baseline_keep(struct bs_arena *arena, bs_baseline *baseline,
		      const struct bs_check_line *check)
{
	for (uint32_t i = 0; check->known && i < check->known->n; i++)
		if (!is_over(check, &check->known->v[i]))
			bs_vec_push(arena, baseline, check->known->v[i]);
	bs_baseline_sort(baseline);
}

bool bs_baseline_save(struct bs_arena *arena, const char *path, const bs_baseline *baseline)
{
	const char *problem = bs_jansson_open();
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);
	struct bs_destination destination;

	if (problem) {
		bs_complain("--write-baseline '%s': %s", path, problem);
		return false;
	}
	if (!bs_destination_open(arena, path, &destination))
		return false;
	writer->file = destination.file;
	bs_baseline_write(writer, arena, baseline);
	return bs_destination_close(&destination, writer, true);
}
