/* SPDX-License-Identifier: MIT */
/*
 * jansson, which is opened by who reads a plan file or writes JSON. The functions here are those of
 * its header and lead on to its own; bs_jansson_open() comes before all of them.
 */
#include "jansson-late.h"

#define SONAME "libjansson.so.4"

BS_LATE_NOTE(note, "[{\"soname\":[\"" SONAME "\"],\"feature\":\"JSON\",\"description\":"
		   "\"plan files, reports in JSON\",\"priority\":\"recommended\"}]");

/* TYPE, NAME, PARAMETERS, ARGUMENTS of what is used here. */
#define FUNCTIONS(F)                                                                               \
	F(json_t *, json_array_get, (const json_t *array, size_t i), (array, i))                   \
	F(size_t, json_array_size, (const json_t *array), (array))                                 \
	F(int, json_dump_callback,                                                                 \
	  (const json_t *json, json_dump_callback_t callback, void *data, size_t flags),           \
	  (json, callback, data, flags))                                                           \
	F(json_int_t, json_integer_value, (const json_t *integer), (integer))                      \
	F(json_t *, json_loadb, (const char *text, size_t n, size_t flags, json_error_t *error),   \
	  (text, n, flags, error))                                                                 \
	F(json_t *, json_object_get, (const json_t *object, const char *key), (object, key))       \
	F(void *, json_object_iter, (json_t * object), (object))                                   \
	F(const char *, json_object_iter_key, (void *iter), (iter))                                \
	F(void *, json_object_iter_next, (json_t * object, void *iter), (object, iter))            \
	F(json_t *, json_object_iter_value, (void *iter), (iter))                                  \
	F(void *, json_object_key_to_iter, (const char *key), (key))                               \
	F(const char *, json_string_value, (const json_t *string), (string))                       \
	F(json_t *, json_stringn, (const char *text, size_t n), (text, n))

enum {
#define F(type, name, parameters, arguments) AT_##name,
	FUNCTIONS(F)
#undef F
		AT_json_delete,
	N_FUNCTIONS
};

static const char *const names[N_FUNCTIONS] = {
#define F(type, name, parameters, arguments) #name,
	FUNCTIONS(F)
#undef F
		"json_delete",
};

static bs_function *functions[N_FUNCTIONS];
static struct bs_late late = BS_LATE(SONAME, names, functions);

#define F(type, name, parameters, arguments)                                                       \
	type name parameters                                                                       \
	{                                                                                          \
		return ((type(*) parameters)functions[AT_##name])arguments;                        \
	}
FUNCTIONS(F)
#undef F

void json_delete(json_t *json)
{
	((void (*)(json_t *))functions[AT_json_delete])(json);
}

const char *bs_jansson_open(void)
{
	return bs_late_open(&late);
}
