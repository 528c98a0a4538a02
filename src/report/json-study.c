/* SPDX-License-Identifier: MIT */
/* What the documents of studies have in common. */
#include "json-study.h"

void bs_json_member_study_object(struct bs_json *json, const char *key, bs_object_id object)
{
	bs_json_member_if(json, key, object != BS_NO_OBJECT, object);
}

void bs_json_study_objects(struct bs_json *json, const struct bs_study *study)
{
	bs_json_key(json, "objects");
	bs_json_array(json, BS_JSON_LINES);
	bs_vec_each (i, &study->objects) {
		const struct bs_study_object *o = &study->objects.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "id", i);
		bs_json_member(json, "name", o->name);
		bs_json_member(json, "soname", o->image->soname);
		bs_json_member_if(json, "namespace_of", o->space != 0, o->space);
		bs_json_member_number(json, "copy", o->copy);
		bs_json_close(json);
	}
	bs_json_close(json);
}
