/* SPDX-License-Identifier: MIT */
/* Lines of `bindsim scan' that are read again: of parts, of journals, and of the scan itself, so
 * that there is one way only from a record to its words. */
#include "../input/plan-reader.h"
#include "scan-priv.h"

#include <string.h>

static bool fail(struct bs_plan_reader *reader, const char *key, const char *what)
{
	const struct bs_place file = { 0 }, here = { &file, key, 0 };

	return bs_plan_fail(reader, &here, "%s is wanted", what);
}

/* The string VALUE, or NULL for null. */
static bool read_string(struct bs_plan_reader *reader, const char *key, const json_t *value,
			const char **ret)
{
	const struct bs_place file = { 0 }, here = { &file, key, 0 };

	*ret = NULL;
	if (json_is_null(value))
		return true;
	if (!json_is_string(value))
		return fail(reader, key, "a string");
	return bs_plan_string(reader, &here, value, ret);
}

static bool get_text(struct bs_plan_reader *reader, const json_t *item, const char *key,
		     const char **ret)
{
	return read_string(reader, key, json_object_get(item, key), ret);
}

static bool get_some_text(struct bs_plan_reader *reader, const json_t *item, const char *key,
			  const char **ret)
{
	return get_text(reader, item, key, ret) && (*ret || fail(reader, key, "a string"));
}

static bool get_wide(struct bs_plan_reader *reader, const json_t *item, const char *key,
		     uint64_t *ret)
{
	const json_t *value = json_object_get(item, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return fail(reader, key, "a number");
	*ret = (uint64_t)json_integer_value(value);
	return true;
}

static bool get_number(struct bs_plan_reader *reader, const json_t *item, const char *key,
		       uint32_t *ret)
{
	uint64_t wide;

	if (!get_wide(reader, item, key, &wide))
		return false;
	*ret = (uint32_t)wide;
	return wide <= UINT32_MAX || fail(reader, key, "a number of 32 bits");
}

static bool get_bool(struct bs_plan_reader *reader, const json_t *item, const char *key, bool *ret)
{
	const json_t *value = json_object_get(item, key);

	*ret = json_is_true(value);
	return json_is_boolean(value) || fail(reader, key, "true or false");
}

static bool get_array(struct bs_plan_reader *reader, const json_t *item, const char *key,
		      json_t **ret)
{
	*ret = json_object_get(item, key);
	return json_is_array(*ret) || fail(reader, key, "an array");
}

static bool get_texts(struct bs_plan_reader *reader, const json_t *item, const char *key,
		      bs_scan_texts *ret)
{
	json_t *array;

	if (!get_array(reader, item, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *text;

		if (!read_string(reader, key, json_array_get(array, i), &text) || !text)
			return fail(reader, key, "an array of strings");
		bs_vec_push(reader->arena, ret, text);
	}
	return true;
}

static bool get_level(struct bs_plan_reader *reader, const json_t *item, enum bs_level *ret)
{
	const char *text;

	if (!get_some_text(reader, item, "level", &text))
		return false;
	for (*ret = BS_LEVEL_NOTE; *ret <= BS_LEVEL_ERROR; ++*ret)
		if (strcmp(text, bs_level_name(*ret)) == 0)
			return true;
	return fail(reader, "level", "a level");
}

/* ---- a program ------------------------------------------------------------------------------- */

static bool get_object(struct bs_plan_reader *reader, const json_t *item, const char *key,
		       struct bs_scan_object *ret)
{
	const json_t *object = json_object_get(item, key);

	if (json_is_null(object))
		return true;
	return get_some_text(reader, object, "name", &ret->name) &&
	       get_text(reader, object, "lasting", &ret->lasting);
}

static bool take_finding(struct bs_plan_reader *reader, const json_t *item,
			 struct bs_scan_record *record)
{
	struct bs_scan_finding f = { 0 };

	if (!get_some_text(reader, item, "rule", &f.rule) || !get_level(reader, item, &f.level) ||
	    !get_number(reader, item, "step", &f.step) ||
	    !get_object(reader, item, "from", &f.from) || !get_object(reader, item, "to", &f.to) ||
	    !get_wide(reader, item, "symbols", &f.n) ||
	    !get_texts(reader, item, "examples", &f.examples))
		return false;
	bs_vec_push(reader->arena, &record->findings, f);
	return true;
}

static bool take_refusal(struct bs_plan_reader *reader, const json_t *item,
			 struct bs_scan_record *record)
{
	struct bs_scan_refusal refusal = { 0 };

	if (!get_number(reader, item, "step", &refusal.step) ||
	    !get_text(reader, item, "message", &refusal.message))
		return false;
	bs_vec_push(reader->arena, &record->refusals, refusal);
	return true;
}

static bool take_each(struct bs_plan_reader *reader, const json_t *root, const char *key,
		      bool (*take)(struct bs_plan_reader *reader, const json_t *item,
				   struct bs_scan_record *record),
		      struct bs_scan_record *record)
{
	json_t *array;

	if (!get_array(reader, root, key, &array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++)
		if (!take(reader, json_array_get(array, i), record))
			return false;
	return true;
}

static bool take_levels(struct bs_plan_reader *reader, const json_t *root,
			struct bs_scan_record *record)
{
	const json_t *found = json_object_get(root, "found");
	uint32_t *n = record->n_levels;

	return get_number(reader, found, "error", &n[BS_LEVEL_ERROR]) &&
	       get_number(reader, found, "warning", &n[BS_LEVEL_WARNING]) &&
	       get_number(reader, found, "note", &n[BS_LEVEL_NOTE]);
}

static bool take_outcome(struct bs_plan_reader *reader, const json_t *root,
			 struct bs_scan_record *record)
{
	const char *text;

	if (!get_some_text(reader, root, "outcome", &text))
		return false;
	for (record->outcome = 0; record->outcome < BS_SCAN_OUTCOME_COUNT_; record->outcome++)
		if (strcmp(text, bs_scan_outcome_name(record->outcome)) == 0)
			return true;
	return fail(reader, "outcome", "ok, refused or unanswered");
}

static bool take_loaded(struct bs_plan_reader *reader, const json_t *root,
			struct bs_scan_record *record)
{
	return !json_object_get(root, "loaded") ||
	       get_texts(reader, root, "loaded", &record->objects);
}

static bool take_record(struct bs_plan_reader *reader, const json_t *root,
			struct bs_scan_record *record)
{
	return get_some_text(reader, root, "path", &record->path) &&
	       get_bool(reader, root, "library", &record->is_library) &&
	       get_text(reader, root, "plugin", &record->plugin) &&
	       get_number(reader, root, "plugins", &record->n_plugins) &&
	       get_text(reader, root, "machine", &record->machine) &&
	       get_text(reader, root, "loader", &record->loader) &&
	       get_text(reader, root, "build_id", &record->build_id) &&
	       take_outcome(reader, root, record) &&
	       get_text(reader, root, "problem", &record->problem) &&
	       get_number(reader, root, "objects", &record->n_objects) &&
	       take_loaded(reader, root, record) && take_levels(reader, root, record) &&
	       take_each(reader, root, "refusals", take_refusal, record) &&
	       take_each(reader, root, "findings", take_finding, record);
}

/* ---- the first line -------------------------------------------------------------------------- */

static bool take_skipped(struct bs_plan_reader *reader, const json_t *root,
			 struct bs_scan_skipped *ret)
{
	const json_t *skipped = json_object_get(root, "skipped");

	return get_number(reader, skipped, "static", &ret->n_static) &&
	       get_number(reader, skipped, "scripts", &ret->n_scripts) &&
	       get_number(reader, skipped, "foreign", &ret->n_foreign) &&
	       get_number(reader, skipped, "other", &ret->n_other) &&
	       get_number(reader, skipped, "unreadable", &ret->n_unreadable);
}

static bool take_shard(struct bs_plan_reader *reader, const json_t *root, struct bs_scan_head *head)
{
	const json_t *shard = json_object_get(root, "shard");

	if (json_is_null(shard))
		return true;
	return get_number(reader, shard, "part", &head->part) &&
	       get_number(reader, shard, "of", &head->n_parts) &&
	       ((head->part && head->part <= head->n_parts) || fail(reader, "shard", "a part"));
}

static bool take_schema(struct bs_plan_reader *reader, const json_t *root)
{
	const char *schema, *version;

	if (!get_text(reader, root, "schema", &schema) || !schema ||
	    strcmp(schema, BS_SCAN_SCHEMA) != 0)
		return fail(reader, "schema", "\"" BS_SCAN_SCHEMA "\"");
	if (!get_text(reader, json_object_get(root, "tool"), "version", &version) || !version ||
	    strcmp(version, BINDSIM_VERSION) != 0)
		return fail(reader, "tool.version", "\"" BINDSIM_VERSION "\"");
	return true;
}

static bool take_head(struct bs_plan_reader *reader, const json_t *root, struct bs_scan_head *head)
{
	head->is_list = json_is_null(json_object_get(root, "paths"));
	return take_schema(reader, root) &&
	       get_some_text(reader, root, "question", &head->question) &&
	       (head->is_list || get_texts(reader, root, "paths", &head->paths)) &&
	       get_bool(reader, root, "libraries", &head->libraries) &&
	       get_bool(reader, root, "notes", &head->notes) &&
	       get_bool(reader, root, "objects", &head->objects) &&
	       get_texts(reader, root, "plugins", &head->plugins) &&
	       get_texts(reader, root, "steps", &head->steps) &&
	       get_number(reader, root, "programs", &head->n_subjects) &&
	       take_skipped(reader, root, &head->skipped) && take_shard(reader, root, head);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* TEXT as an object of TYPE; NULL with a problem. */
static json_t *load(struct bs_plan_reader *reader, const char *text, size_t n, const char *type)
{
	json_error_t error;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
	const char *found = json_string_value(json_object_get(root, "type"));

	if (!root && !*error.text)
		bs_arena_exhausted(reader->arena);
	if (found && strcmp(found, type) == 0)
		return root;
	reader->problem =
		root ? bs_arena_printf(reader->arena, "an object of the type %s is wanted", type)
		     : bs_arena_printf(reader->arena, "column %d: %s", error.column, error.text);
	json_decref(root);
	return NULL;
}

const char *bs_scan_record_read(struct bs_arena *arena, const char *text, size_t n,
				struct bs_scan_record *ret)
{
	struct bs_plan_reader reader = { .arena = arena };
	json_t *root = load(&reader, text, n, "program");

	*ret = (struct bs_scan_record){ 0 };
	if (root)
		take_record(&reader, root, ret);
	json_decref(root);
	return reader.problem;
}

const char *bs_scan_head_read(struct bs_arena *arena, const char *text, size_t n,
			      struct bs_scan_head *ret)
{
	struct bs_plan_reader reader = { .arena = arena };
	json_t *root = load(&reader, text, n, "scan");

	*ret = (struct bs_scan_head){ 0 };
	if (root)
		take_head(&reader, root, ret);
	json_decref(root);
	return reader.problem;
}
