/* SPDX-License-Identifier: MIT */
/* What objects say that they may open. */
#include "json-priv.h"

const char *bs_json_sought_state(const struct bs_sought *sought)
{
	if (sought->map != BS_NO_MAP)
		return "loaded";
	return sought->path ? "found" : "not-found";
}

static void write_sought(struct bs_json *json, const char *soname, const struct bs_sought *sought)
{
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "soname", soname);
	bs_json_member_word(json, "state", bs_json_sought_state(sought));
	bs_json_member_map(json, "object", sought->map);
	bs_json_member(json, "path", sought->path);
	bs_json_key(json, "how");
	if (sought->path)
		bs_json_word(json, bs_json_how_name(sought->how));
	else
		bs_json_null(json);
	bs_json_close(json);
}

void bs_json_note_members(struct bs_json *json, const struct bs_note_answer *answer)
{
	const struct bs_note_entry *entry = &answer->entry;

	bs_json_member_number(json, "object", entry->object);
	bs_json_member_number(json, "entry", entry->number);
	bs_json_member(json, "feature", entry->feature);
	bs_json_member(json, "description", entry->description);
	bs_json_member_word(json, "priority", bs_note_priority_name(entry->priority));
	bs_json_member_if(json, "step", answer->step != 0, answer->step);
	bs_json_key(json, "sonames");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &entry->sonames)
		write_sought(json, entry->sonames.v[i], &answer->sought.v[i]);
	bs_json_close(json);
}
