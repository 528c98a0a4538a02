/* SPDX-License-Identifier: MIT */
/* The members of a report that is read again. */
#include "report-file-priv.h"

#include <string.h>

const char *bs_report_kept(struct bs_report_reader *reader, const char *text)
{
	struct bs_names *names = reader->digest->names;

	return text ? bs_name_text(names, bs_name_of(names, text)) : NULL;
}

bool bs_get_text(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, const char **ret)
{
	const struct bs_place here = { place, key, 0 };
	const json_t *value = json_object_get(item, key);

	*ret = NULL;
	if (!value || json_is_null(value))
		return true;
	if (!bs_plan_string(&reader->r, &here, value, ret))
		return false;
	*ret = bs_report_kept(reader, *ret);
	return true;
}

bool bs_get_some_text(struct bs_report_reader *reader, const struct bs_place *place,
		      const json_t *item, const char *key, const char **ret)
{
	if (!bs_get_text(reader, place, item, key, ret))
		return false;
	if (!*ret)
		bs_plan_fail(&reader->r, place, "no member %s", key);
	return *ret != NULL;
}

bool bs_get_number(struct bs_report_reader *reader, const struct bs_place *place,
		   const json_t *item, const char *key, uint64_t limit, uint64_t none,
		   uint64_t *ret)
{
	const struct bs_place here = { place, key, 0 };
	const json_t *value = json_object_get(item, key);

	*ret = none;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value))
		return bs_plan_fail(&reader->r, &here, "a number is wanted, not %s",
				    bs_plan_type(value));
	if (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) >= limit)
		return bs_plan_fail(&reader->r, &here, "%lld is out of range",
				    (long long)json_integer_value(value));
	*ret = (uint64_t)json_integer_value(value);
	return true;
}

bool bs_get_object(struct bs_report_reader *reader, const struct bs_place *place,
		   const json_t *item, const char *key, uint32_t *ret)
{
	uint64_t id;
	bool ok =
		bs_get_number(reader, place, item, key, reader->digest->objects.n, BS_NOBODY, &id);

	*ret = (uint32_t)id;
	return ok;
}

bool bs_get_step(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, uint32_t *ret)
{
	uint64_t number;
	bool ok = bs_get_number(reader, place, item, key, reader->n_steps, BS_NEVER, &number);

	*ret = (uint32_t)number;
	return ok;
}

bool bs_get_word(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, const char *(*name)(unsigned i), unsigned n, unsigned *ret)
{
	const struct bs_place here = { place, key, 0 };
	const char *text;

	if (!bs_get_some_text(reader, place, item, key, &text))
		return false;
	for (*ret = 0; *ret < n; ++*ret)
		if (strcmp(text, name(*ret)) == 0)
			return true;
	return bs_plan_fail(&reader->r, &here, "\"%s\" is unknown", text);
}

bool bs_take_all(struct bs_report_reader *reader, const struct bs_place *place, const json_t *item,
		 const char *key, bs_take_item *take)
{
	const struct bs_place here = { place, key, 0 };
	const json_t *array = json_object_get(item, key);

	if (!array)
		return true;
	if (!json_is_array(array))
		return bs_plan_fail(&reader->r, &here, "an array is wanted, not %s",
				    bs_plan_type(array));
	for (size_t i = 0; i < json_array_size(array); i++) {
		const struct bs_place at = { &here, NULL, i };

		if (!take(reader, &at, json_array_get(array, i)))
			return false;
	}
	return true;
}

bool bs_is_word(const json_t *value, const char *word)
{
	return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}
