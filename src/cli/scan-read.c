/* SPDX-License-Identifier: MIT */
/* Lines of `bindsim scan' that are read again: of parts, of journals, and of the scan itself, so
 * that there is one way only from a record to its words. */
#include "../input/plan-reader.h"
#include "../report/json-names.h"
#include "scan-priv.h"

#include <stdlib.h>
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
	uint64_t wide = 0;

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

static bool get_fingerprint(struct bs_plan_reader *reader, const json_t *item, uint64_t *ret)
{
	const char *text;
	char *end;

	if (!get_some_text(reader, item, "fingerprint", &text))
		return false;
	*ret = strtoull(text, &end, 16);
	return (strlen(text) == 16 && !*end) || fail(reader, "fingerprint", "16 digits");
}

/* What a policy and a baseline made of it. */
static bool take_verdict(struct bs_plan_reader *reader, const json_t *item,
			 struct bs_scan_record *record, struct bs_scan_finding *f)
{
	const json_t *before = json_object_get(item, "before");
	const char *text;

	if (json_object_get(item, "excuse") && !get_some_text(reader, item, "excuse", &f->excuse))
		return false;
	if (before && (!get_level(reader, before, &f->level_before) ||
		       !get_wide(reader, before, "symbols", &f->n_before)))
		return false;
	if (!json_object_get(item, "disposition"))
		return true;
	if (!get_some_text(reader, item, "disposition", &text))
		return false;
	record->is_judged = true;
	for (f->disposition = 0; f->disposition < BS_DISPOSITION_COUNT_; f->disposition++)
		if (strcmp(text, bs_disposition_name(f->disposition)) == 0)
			return true;
	return fail(reader, "disposition", "counts, below, suppressed or baseline");
}

static bool take_finding(struct bs_plan_reader *reader, const json_t *item,
			 struct bs_scan_record *record)
{
	struct bs_scan_finding f = { 0 };

	if (!get_some_text(reader, item, "rule", &f.rule) || !get_level(reader, item, &f.level) ||
	    !get_number(reader, item, "step", &f.step) ||
	    !get_object(reader, item, "from", &f.from) || !get_object(reader, item, "to", &f.to) ||
	    !get_wide(reader, item, "symbols", &f.n) ||
	    !get_texts(reader, item, "examples", &f.examples) ||
	    !get_fingerprint(reader, item, &f.fingerprint) ||
	    !take_verdict(reader, item, record, &f))
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

static bool take_library(struct bs_plan_reader *reader, const json_t *item,
			 struct bs_scan_record *record)
{
	struct bs_scan_library library = { 0 };

	if (!get_some_text(reader, item, "library", &library.library) ||
	    !get_some_text(reader, item, "object", &library.object) ||
	    !get_bool(reader, item, "itself", &library.is_itself) ||
	    !get_text(reader, item, "version", &library.version))
		return false;
	bs_vec_push(reader->arena, &record->libraries, library);
	return true;
}

/* The Ith of ITEM, an array: a number that is not more than MOST. */
static bool get_nth(struct bs_plan_reader *reader, const json_t *item, size_t i, uint32_t most,
		    const char *key, uint32_t *ret)
{
	const json_t *value = json_array_get(item, i);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > most)
		return fail(reader, key, "a number");
	*ret = (uint32_t)json_integer_value(value);
	return true;
}

/* [step, from, to, symbol, version, moment] */
static bool take_binding(struct bs_plan_reader *reader, const json_t *item,
			 struct bs_scan_record *record)
{
	static const char key[] = "bindings";
	struct bs_scan_binding b = { .to = UINT32_MAX };
	const char *moment;

	if (!record->parties.n || json_array_size(item) != 6)
		return fail(reader, key, "an array of six");
	if (!get_nth(reader, item, 0, UINT32_MAX, key, &b.step) ||
	    !get_nth(reader, item, 1, record->parties.n - 1, key, &b.from) ||
	    (!json_is_null(json_array_get(item, 2)) &&
	     !get_nth(reader, item, 2, record->parties.n - 1, key, &b.to)) ||
	    !read_string(reader, key, json_array_get(item, 3), &b.symbol) ||
	    !read_string(reader, key, json_array_get(item, 4), &b.version) ||
	    !read_string(reader, key, json_array_get(item, 5), &moment))
		return false;
	if (!b.symbol || !moment)
		return fail(reader, key, "a string");
	b.waits = strcmp(moment, "first-call") == 0;
	bs_vec_push(reader->arena, &record->bindings, b);
	return true;
}

static bool take_bindings(struct bs_plan_reader *reader, const json_t *root,
			  struct bs_scan_record *record)
{
	return !json_object_get(root, "bindings") ||
	       (get_texts(reader, root, "parties", &record->parties) &&
		take_each(reader, root, "bindings", take_binding, record));
}

static bool take_loaded(struct bs_plan_reader *reader, const json_t *root,
			struct bs_scan_record *record)
{
	return (!json_object_get(root, "loaded") ||
		get_texts(reader, root, "loaded", &record->objects)) &&
	       (!json_object_get(root, "libraries") ||
		take_each(reader, root, "libraries", take_library, record));
}

static bool take_gone(struct bs_plan_reader *reader, const json_t *item,
		      struct bs_scan_record *record)
{
	struct bs_scan_gone gone = { 0 };

	if (!get_fingerprint(reader, item, &gone.fingerprint) ||
	    !get_some_text(reader, item, "rule", &gone.rule) ||
	    !get_some_text(reader, item, "from", &gone.from) ||
	    !get_text(reader, item, "to", &gone.to) || !get_level(reader, item, &gone.level) ||
	    !get_wide(reader, item, "symbols", &gone.n))
		return false;
	bs_vec_push(reader->arena, &record->gone, gone);
	return true;
}

/* Members that are there where somebody judges. */
static bool take_judgement(struct bs_plan_reader *reader, const json_t *root,
			   struct bs_scan_record *record)
{
	const json_t *used = json_object_get(root, "used");

	for (size_t i = 0; i < json_array_size(used); i++) {
		const json_t *line = json_array_get(used, i);

		if (!json_is_integer(line))
			return fail(reader, "used", "an array of numbers");
		bs_vec_push(reader->arena, &record->used, (uint32_t)json_integer_value(line));
	}
	return !json_object_get(root, "gone") || take_each(reader, root, "gone", take_gone, record);
}

/* A run with plugins has the name of one, or of their directory. */
static bool take_plugins(struct bs_plan_reader *reader, const json_t *root,
			 struct bs_scan_record *record)
{
	if (!get_text(reader, root, "plugin", &record->plugin) ||
	    !get_number(reader, root, "plugins", &record->n_plugins))
		return false;
	return !record->plugin == !record->n_plugins ||
	       fail(reader, "plugin",
		    "a name where there are plugins, and null where there are none,");
}

static bool take_errno(struct bs_plan_reader *reader, const json_t *item, int *ret)
{
	const json_t *value = json_object_get(item, "errno");

	*ret = json_is_string(value) ? bs_json_errno_find(json_string_value(value))
				     : (int)json_integer_value(value);
	return json_is_null(value) || *ret > 0 || fail(reader, "errno", "an error of the system");
}

static bool take_diag(struct bs_plan_reader *reader, const json_t *item,
		      struct bs_scan_record *record)
{
	struct bs_diag d = { .offset = BS_NO_OFFSET };
	const char *code;

	if (!get_some_text(reader, item, "code", &code) ||
	    !get_text(reader, item, "path", &d.path) ||
	    (!json_is_null(json_object_get(item, "offset")) &&
	     !get_wide(reader, item, "offset", &d.offset)) ||
	    !take_errno(reader, item, &d.os_error) ||
	    !get_some_text(reader, item, "detail", &d.detail))
		return false;
	d.code = bs_diag_find(code);
	if (d.code == BS_DIAG_COUNT_)
		return fail(reader, "code", "a kind of diagnostic");
	bs_vec_push(reader->arena, &record->diags.list, d);
	return true;
}

static bool take_record(struct bs_plan_reader *reader, const json_t *root,
			struct bs_scan_record *record)
{
	return get_some_text(reader, root, "path", &record->path) &&
	       get_bool(reader, root, "library", &record->is_library) &&
	       take_plugins(reader, root, record) &&
	       get_text(reader, root, "machine", &record->machine) &&
	       get_text(reader, root, "loader", &record->loader) &&
	       get_text(reader, root, "build_id", &record->build_id) &&
	       take_outcome(reader, root, record) &&
	       get_text(reader, root, "problem", &record->problem) &&
	       get_number(reader, root, "objects", &record->n_objects) &&
	       take_loaded(reader, root, record) && take_levels(reader, root, record) &&
	       take_each(reader, root, "refusals", take_refusal, record) &&
	       take_each(reader, root, "findings", take_finding, record) &&
	       take_bindings(reader, root, record) && take_judgement(reader, root, record) &&
	       (!json_object_get(root, "diagnostics") ||
		take_each(reader, root, "diagnostics", take_diag, record));
}

/* ---- a file ---------------------------------------------------------------------------------- */

/* [symbol, version, is_default, type, binding, size] */
static bool take_export(struct bs_plan_reader *reader, const json_t *item,
			struct bs_scan_file *file)
{
	static const char key[] = "exports";
	const json_t *is_default = json_array_get(item, 2), *size = json_array_get(item, 5);
	struct bs_scan_export e = { .is_default = json_is_true(is_default) };

	if (json_array_size(item) != 6 || !json_is_boolean(is_default) || !json_is_integer(size))
		return fail(reader, key, "an array of six");
	e.size = (uint64_t)json_integer_value(size);
	if (!read_string(reader, key, json_array_get(item, 0), &e.symbol) ||
	    !read_string(reader, key, json_array_get(item, 1), &e.version) ||
	    !read_string(reader, key, json_array_get(item, 3), &e.type) ||
	    !read_string(reader, key, json_array_get(item, 4), &e.binding))
		return false;
	if (!e.symbol || !e.type || !e.binding)
		return fail(reader, key, "a string");
	bs_vec_push(reader->arena, &file->exports, e);
	return true;
}

static bool take_scanned_file(struct bs_plan_reader *reader, const json_t *root,
			      struct bs_scan_file *file)
{
	json_t *exports;

	if (!get_some_text(reader, root, "name", &file->name) ||
	    !get_text(reader, root, "path", &file->path) ||
	    !get_text(reader, root, "soname", &file->soname) ||
	    !get_text(reader, root, "build_id", &file->build_id) ||
	    !get_wide(reader, root, "size", &file->size) ||
	    !get_text(reader, root, "machine", &file->machine) ||
	    !get_texts(reader, root, "needed", &file->needed) ||
	    !get_array(reader, root, "exports", &exports))
		return false;
	for (size_t i = 0; i < json_array_size(exports); i++)
		if (!take_export(reader, json_array_get(exports, i), file))
			return false;
	return true;
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

static bool take_watch(struct bs_plan_reader *reader, const json_t *item, struct bs_scan_head *head)
{
	struct bs_watch watch = { 0 };
	const char *rule;

	if (!get_number(reader, item, "line", &watch.line) ||
	    !get_some_text(reader, item, "rule", &rule) || !get_level(reader, item, &watch.level) ||
	    !get_some_text(reader, item, "words", &watch.words) ||
	    !get_text(reader, item, "excuse", &watch.excuse) ||
	    !get_bool(reader, item, "expired", &watch.has_expired))
		return false;
	watch.rule = bs_rule_find(rule);
	if (watch.rule == BS_RULE_COUNT_)
		return fail(reader, "rule", "a rule");
	bs_vec_push(reader->arena, &head->watches, watch);
	return true;
}

/* --fail-on may be none. */
static bool take_fail_on(struct bs_plan_reader *reader, const json_t *judged,
			 struct bs_scan_head *head)
{
	const char *text;

	if (!get_some_text(reader, judged, "fail_on", &text))
		return false;
	for (head->fail_on = BS_LEVEL_NONE; head->fail_on <= BS_LEVEL_ERROR; head->fail_on++)
		if (strcmp(text, bs_level_name(head->fail_on)) == 0)
			return true;
	return fail(reader, "fail_on", "a level");
}

static bool take_judge(struct bs_plan_reader *reader, const json_t *root, struct bs_scan_head *head)
{
	const json_t *judged = json_object_get(root, "judged");
	json_t *sections;

	if (!judged)
		return true;
	if (!get_text(reader, judged, "policy", &head->policy) ||
	    !get_bool(reader, judged, "baseline", &head->has_baseline) ||
	    !take_fail_on(reader, judged, head) ||
	    !get_array(reader, judged, "sections", &sections))
		return false;
	for (size_t i = 0; i < json_array_size(sections); i++)
		if (!take_watch(reader, json_array_get(sections, i), head))
			return false;
	return true;
}

static bool take_head(struct bs_plan_reader *reader, const json_t *root, struct bs_scan_head *head)
{
	head->is_list = json_is_null(json_object_get(root, "paths"));
	return take_schema(reader, root) &&
	       get_some_text(reader, root, "question", &head->question) &&
	       (head->is_list || get_texts(reader, root, "paths", &head->paths)) &&
	       get_bool(reader, root, "root", &head->has_root) &&
	       get_bool(reader, root, "libraries", &head->libraries) &&
	       get_bool(reader, root, "notes", &head->notes) &&
	       get_bool(reader, root, "objects", &head->objects) &&
	       get_bool(reader, root, "exports", &head->exports) &&
	       get_bool(reader, root, "bindings", &head->bindings) &&
	       get_texts(reader, root, "plugins", &head->plugins) &&
	       get_texts(reader, root, "steps", &head->steps) &&
	       get_number(reader, root, "programs", &head->n_subjects) &&
	       take_skipped(reader, root, &head->skipped) && take_shard(reader, root, head) &&
	       take_judge(reader, root, head);
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

const char *bs_scan_file_read(struct bs_arena *arena, const char *text, size_t n,
			      struct bs_scan_file *ret)
{
	struct bs_plan_reader reader = { .arena = arena };
	json_t *root = load(&reader, text, n, "file");

	*ret = (struct bs_scan_file){ 0 };
	if (root)
		take_scanned_file(&reader, root, ret);
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
