/* SPDX-License-Identifier: MIT */
/*
 * Reports in JSON, read again: what `bindsim diff` holds against each other. Members that are not
 * known are a later version's; those that are wanted have to be there, and as the schema has them.
 */
#include "report-file-priv.h"

#include "../report/json-names.h"
#include "../report/plan-format.h"

#include <string.h>

/* ---- documents and streams --------------------------------------------------------------------
 */

static bool read_document(struct bs_report_reader *reader, const json_t *root)
{
	const struct bs_place place = { 0 };

	return bs_take_head(reader, root) &&
	       bs_take_all(reader, &place, root, "objects", bs_take_object) &&
	       bs_take_all(reader, &place, root, "steps", bs_take_step) &&
	       bs_take_all(reader, &place, root, "slots", bs_take_slot) &&
	       bs_take_all(reader, &place, root, "findings", bs_take_finding);
}

static bool take_end(struct bs_report_reader *reader, const struct bs_place *place,
		     const json_t *item)
{
	(void)place;
	(void)item;
	reader->ended = true;
	return true;
}

/* One line of a stream behind the first. */
static bool read_line(struct bs_report_reader *reader, const json_t *line, uint32_t number)
{
	static const struct {
		const char *type;
		bs_take_item *take;
	} types[] = {
		{ "object", bs_take_object },
		{ "step", bs_take_step },
		{ "binding", bs_take_binding },
		{ "slot", bs_take_slot },
		{ "end", take_end },
		{ "finding", bs_take_finding },
	};
	const struct bs_place place = { 0 };
	const struct bs_place here = { &place, bs_arena_printf(reader->r.arena, "line %u", number),
				       0 };
	const json_t *type = json_object_get(line, "type");

	if (reader->ended)
		return bs_plan_fail(&reader->r, &here, "it comes behind the end of the stream");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bs_is_word(type, types[i].type))
			return types[i].take(reader, &here, line);
	return json_is_string(type) ||
	       bs_plan_fail(&reader->r, &here, "an object with a type is wanted");
}

/* TEXT as JSON; NULL with a problem, which LINE is added to. */
static json_t *load(struct bs_report_reader *reader, const char *text, size_t n, uint32_t line)
{
	json_error_t error;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);

	if (!root && !*error.text)
		bs_arena_exhausted(reader->r.arena);
	if (!root)
		reader->r.problem =
			bs_arena_printf(reader->r.arena, "line %u, column %d: %s",
					line + (uint32_t)error.line - 1, error.column, error.text);
	return root;
}

static bool read_stream(struct bs_report_reader *reader, const char *text, const char *end)
{
	uint32_t number = 0;

	for (const char *line = text; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		json_t *root = load(reader, line, (size_t)(stop - line), ++number);

		*reader->held = root;
		bool ok = root && (number == 1 ? bs_take_head(reader, root)
					       : read_line(reader, root, number));

		*reader->held = NULL;
		json_decref(root);
		if (!ok)
			return false;
		line = stop + 1;
	}
	if (!reader->ended)
		reader->r.problem = "the stream has no end: its writer was broken off";
	return reader->ended;
}

/* ---- what it is ------------------------------------------------------------------------------ */

static const struct {
	const char *schema;
	enum bs_json_kind kind;
} schemas[] = {
	{ BS_REPORT_SCHEMA, BS_JSON_REPORT },
	{ BS_STREAM_SCHEMA, BS_JSON_STREAM },
	{ BS_PLAN_SCHEMA, BS_JSON_PLAN },
};

static const char *complain_of_schema(struct bs_arena *arena, const char *schema)
{
	static const char wanted[] =
		"\"" BS_REPORT_SCHEMA "\", \"" BS_STREAM_SCHEMA "\" or \"" BS_PLAN_SCHEMA "\"";

	if (!schema)
		return bs_arena_printf(arena, "no member schema: %s is wanted", wanted);
	return bs_arena_printf(arena, "schema: %s is wanted, not \"%s\"", wanted, schema);
}

/* The first line of a stream is whole; of a document it is mostly one brace. */
static json_t *load_head(const char *text, size_t n)
{
	const char *newline = memchr(text, '\n', n);
	json_error_t error;

	return json_loadb(text, newline ? (size_t)(newline - text) : n, 0, &error);
}

const char *bs_report_file_kind(struct bs_arena *arena, const char *text, size_t n,
				enum bs_json_kind *ret, void **ret_held)
{
	struct bs_report_reader reader = { .r.arena = arena };
	const char *problem = bs_jansson_open();

	*ret_held = NULL;
	if (problem)
		return problem;
	json_t *root = load_head(text, n);

	if (!json_is_object(root)) {
		json_decref(root);
		root = load(&reader, text, n, 1);
	}
	if (!root)
		return reader.r.problem;
	*ret_held = root;
	const char *schema = json_string_value(json_object_get(root, "schema"));

	for (size_t i = 0; schema && i < sizeof schemas / sizeof *schemas; i++)
		if (strcmp(schema, schemas[i].schema) == 0) {
			*ret = schemas[i].kind;
			return NULL;
		}
	return complain_of_schema(arena, schema);
}

const char *bs_report_file_read(const char *text, size_t n, bool is_stream,
				struct bs_digest *digest, void **ret_held)
{
	struct bs_report_reader reader = { .r.arena = digest->arena,
					   .digest = digest,
					   .held = ret_held };

	*ret_held = NULL;
	if (is_stream) {
		read_stream(&reader, text, text + n);
	} else {
		json_t *root = load(&reader, text, n, 1);

		*ret_held = root;
		if (root)
			read_document(&reader, root);
	}
	if (!reader.r.problem)
		bs_digest_finish(digest);
	return reader.r.problem;
}
