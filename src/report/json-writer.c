/* SPDX-License-Identifier: MIT */
#include "json-writer.h"

#include "jansson-late.h"
#include <string.h>

/* ---- layout -------------------------------------------------------------------------------- */

static void new_line(struct bs_json *json)
{
	bs_write(json->out, "\n", 1);
	for (unsigned i = 0; i < json->depth; i++)
		bs_write(json->out, "  ", 2);
}

/* What goes before a value or a key: the comma, the line's beginning. */
static void begin_item(struct bs_json *json)
{
	if (json->keyed || !json->depth) {
		json->keyed = false;
		return;
	}
	if (json->levels[json->depth].filled)
		bs_write(json->out, ",", 1);
	json->levels[json->depth].filled = true;
	if (json->levels[json->depth].lines)
		new_line(json);
}

static void open(struct bs_json *json, enum bs_json_layout layout, const char *begin, char end)
{
	begin_item(json);
	bs_write(json->out, begin, 1);
	json->depth++;
	assert(json->depth < BS_JSON_DEPTH);
	json->levels[json->depth].lines = layout == BS_JSON_LINES;
	json->levels[json->depth].filled = false;
	json->levels[json->depth].end = end;
}

void bs_json_object(struct bs_json *json, enum bs_json_layout layout)
{
	open(json, layout, "{", '}');
}

void bs_json_array(struct bs_json *json, enum bs_json_layout layout)
{
	open(json, layout, "[", ']');
}

void bs_json_close(struct bs_json *json)
{
	unsigned depth = json->depth--;

	assert(depth && !json->keyed);
	if (json->levels[depth].lines && json->levels[depth].filled)
		new_line(json);
	bs_write(json->out, &json->levels[depth].end, 1);
}

void bs_json_key_n(struct bs_json *json, const char *key, size_t n)
{
	char piece[BS_JSON_LONGEST_WORD + 3];

	assert(n <= BS_JSON_LONGEST_WORD);
	begin_item(json);
	piece[0] = '"';
	memcpy(piece + 1, key, n);
	memcpy(piece + 1 + n, "\":", 2);
	bs_write(json->out, piece, n + 3);
	json->keyed = true;
}

/* ---- strings ------------------------------------------------------------------------------- */

/* Printable ASCII that a JSON string holds as it is. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Of a string that is written anyhow: what JSON itself would let pass. */
static int pass_on(const char *bytes, size_t n, void *data)
{
	enum { DELETE = 0x7f };
	struct bs_json *json = data;
	size_t done = 0;

	if (!json->in_markup && !memchr(bytes, DELETE, n)) {
		bs_write(json->out, bytes, n);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != DELETE && !(json->in_markup && bytes[i] == '<'))
			continue;
		bs_write(json->out, bytes + done, i - done);
		bs_write_text(json->out, bytes[i] == DELETE ? "\\u007F" : "\\u003c");
		done = i + 1;
	}
	bs_write(json->out, bytes + done, n - done);
	return 0;
}

/* False when there is no memory. */
static bool dump(struct bs_json *json, const char *text, size_t n)
{
	json_t *string = bs_jansson_open() ? NULL : json_stringn(text, n);

	if (!string)
		return false;
	int failed = json_dump_callback(string, pass_on, json, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	json_decref(string);
	if (failed)
		bs_arena_exhausted(json->arena);
	return true;
}

void bs_json_string(struct bs_json *json, const char *text)
{
	struct bs_writer *out = json->out;
	size_t n = 0;

	if (!text) {
		bs_json_null(json);
		return;
	}
	begin_item(json);
	while (is_plain((unsigned char)text[n]))
		n++;
	if (!text[n]) {
		bs_write(out, "\"", 1);
		pass_on(text, n, json);
		bs_write(out, "\"", 1);
		return;
	}
	/* What is found to be Unicode has to be that when it is written. */
	const char *unicode =
		bs_unicode(json->arena, bs_arena_strndup(json->arena, text, n + strlen(text + n)));

	if (!dump(json, unicode, strlen(unicode)))
		bs_arena_exhausted(json->arena);
}

void bs_json_key_string(struct bs_json *json, const char *key)
{
	bs_json_string(json, key);
	bs_write(json->out, ":", 1);
	json->keyed = true;
}

void bs_json_word(struct bs_json *json, const char *word)
{
	size_t n = strlen(word);
	char piece[BS_JSON_LONGEST_WORD + 2];

	assert(n <= BS_JSON_LONGEST_WORD);
	begin_item(json);
	piece[0] = '"';
	memcpy(piece + 1, word, n);
	piece[n + 1] = '"';
	bs_write(json->out, piece, n + 2);
}

/* ---- the rest ------------------------------------------------------------------------------ */

void bs_json_number(struct bs_json *json, uint64_t number)
{
	begin_item(json);
	bs_write_number(json->out, number);
}

void bs_json_bool(struct bs_json *json, bool value)
{
	begin_item(json);
	bs_write_text(json->out, value ? "true" : "false");
}

void bs_json_null(struct bs_json *json)
{
	begin_item(json);
	bs_write(json->out, "null", 4);
}

void bs_json_hex(struct bs_json *json, const uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	begin_item(json);
	bs_write(json->out, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		const char pair[] = { digits[bytes[i] >> 4], digits[bytes[i] & 0xf] };

		bs_write(json->out, pair, sizeof pair);
	}
	bs_write(json->out, "\"", 1);
}
