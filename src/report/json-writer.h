/* SPDX-License-Identifier: MIT */
/*
 * json-writer.h - JSON as a stream: what is written is gone
 *
 * Commas and layout follow from the order of the calls. Everything that is written is ASCII.
 */
#pragma once

#include "report.h"

#include <assert.h>

enum bs_json_layout {
	BS_JSON_INLINE, /* all on one line */
	BS_JSON_LINES,	/* each item on a line of its own */
};

/* Plans are deepest: each block of constructors in another one is two levels more. */
enum { BS_JSON_DEPTH = 48, BS_JSON_LONGEST_WORD = 40 };

struct bs_json {
	struct bs_writer *out;
	struct bs_arena *arena; /* whose handler hears of it when jansson has no memory */
	bool keyed;		/* a key was written: its value comes next */
	bool in_markup;		/* no "<" is written, so that no text ends or begins a tag */
	unsigned depth;
	struct {
		bool lines, filled;
		char end;
	} levels[BS_JSON_DEPTH]; /* [0] stands for what is around the first value */
};

void bs_json_object(struct bs_json *json, enum bs_json_layout layout);
void bs_json_array(struct bs_json *json, enum bs_json_layout layout);
/* Ends the object or array that was opened last. */
void bs_json_close(struct bs_json *json);

/* The N bytes at KEY need no escapes. */
void bs_json_key_n(struct bs_json *json, const char *key, size_t n);

static inline void bs_json_key(struct bs_json *json, const char *key)
{
	bs_json_key_n(json, key, __builtin_strlen(key));
}

/* json-diag.c: an error of the system, null for 0; the member "diagnostics". */
void bs_json_errno(struct bs_json *json, int error);
void bs_json_diagnostics(struct bs_json *json, const struct bs_diags *diags);

/* A string of our own making, such as an enum's name: short, and in need of no escapes. */
void bs_json_word(struct bs_json *json, const char *word);

/*
 * The bytes of TEXT, which may be any, as the string that bs_unicode() makes of them; NULL is null.
 */
void bs_json_string(struct bs_json *json, const char *text);

/* The member KEY with the string TEXT, or null for NULL. */
static inline void bs_json_member(struct bs_json *json, const char *key, const char *text)
{
	bs_json_key(json, key);
	bs_json_string(json, text);
}

/* As bs_json_string(), as a key; KEY is no NULL. */
void bs_json_key_string(struct bs_json *json, const char *key);

void bs_json_number(struct bs_json *json, uint64_t number);
void bs_json_bool(struct bs_json *json, bool value);
void bs_json_null(struct bs_json *json);
/* N bytes as a string of hexadecimal digits. */
void bs_json_hex(struct bs_json *json, const uint8_t *bytes, size_t n);

/* Members whose value is one of these. */
static inline void bs_json_member_word(struct bs_json *json, const char *key, const char *word)
{
	bs_json_key(json, key);
	bs_json_word(json, word);
}

static inline void bs_json_member_number(struct bs_json *json, const char *key, uint64_t number)
{
	bs_json_key(json, key);
	bs_json_number(json, number);
}

/* NUMBER where it is KNOWN, else null. */
static inline void bs_json_member_if(struct bs_json *json, const char *key, bool known,
				     uint64_t number)
{
	bs_json_key(json, key);
	if (known)
		bs_json_number(json, number);
	else
		bs_json_null(json);
}

static inline void bs_json_member_bool(struct bs_json *json, const char *key, bool value)
{
	bs_json_key(json, key);
	bs_json_bool(json, value);
}

/* json-verdict.c: a baseline that is written as its findings come; see bs_baseline_write(). */
void bs_baseline_begin(struct bs_json *json);
void bs_baseline_add(struct bs_json *json, const struct bs_known_finding *known);
void bs_baseline_end(struct bs_json *json);

/* The member that says who wrote the document. */
static inline void bs_json_tool(struct bs_json *json)
{
	bs_json_key(json, "tool");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "name", "bindsim");
	bs_json_member(json, "version", BINDSIM_VERSION);
	bs_json_close(json);
}
