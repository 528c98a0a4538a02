/* SPDX-License-Identifier: MIT */
/* What the slots of a real process hold, in JSON. */
#include "json-priv.h"
#include "process-report.h"

static const char *const agreements[] = {
	[BS_AGREES] = "agrees",
	[BS_DIFFERS] = "differs",
	[BS_NOT_COMPARED] = "not-compared",
};

static void write_counts(struct bs_json *json, const uint32_t *n)
{
	for (enum bs_content c = 0; c < BS_CONTENT_COUNT_; c++)
		bs_json_member_number(json, bs_content_slug(c), n[c]);
}

static void write_object(struct bs_json *json, const struct bs_observation *o, uint32_t index)
{
	const struct bs_live_object *object = &o->objects->v[index];

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "id", index);
	bs_json_member_map(json, "object", o->by_object[index].map);
	bs_json_member_number(json, "namespace", object->ns);
	bs_json_member(json, "name", object->name);
	bs_json_member(json, "path", object->path);
	bs_json_member_word(json, "file", bs_live_file_slug(object->file));
	bs_json_key(json, "global");
	if (o->subject->knows_global && !object->ns)
		bs_json_bool(json, object->is_global);
	else
		bs_json_null(json);
	write_counts(json, o->by_object[index].n);
	bs_json_member_number(json, "differ", o->by_object[index].n_differ);
	bs_json_close(json);
}

void bs_json_process_members(struct bs_json *json, const struct bs_observation *o,
			     enum bs_json_layout layout)
{
	bs_json_member_word(json, "source", o->subject->is_core ? "core" : "pid");
	bs_json_member_if(json, "signal", o->subject->signal > 0, (uint64_t)o->subject->signal);
	bs_json_member_word(json, "plan", o->plan_is_derived ? "derived" : "given");
	bs_json_member_bool(json, "loader_is_busy", o->subject->is_loading);
	bs_json_key(json, "counts");
	bs_json_object(json, BS_JSON_INLINE);
	write_counts(json, o->n);
	bs_json_member_number(json, "agree", o->n_agree);
	bs_json_member_number(json, "differ", o->n_differ);
	bs_json_member_number(json, "not_compared", o->n_not_compared);
	bs_json_close(json);
	bs_json_key(json, "objects");
	bs_json_array(json, layout);
	bs_vec_each (i, o->objects)
		write_object(json, o, i);
	bs_json_close(json);
	bs_json_key(json, "missing");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &o->missing)
		bs_json_number(json, o->missing.v[i]);
	bs_json_close(json);
	bs_json_key(json, "unlisted");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &o->subject->unlisted)
		bs_json_string(json, o->subject->areas.v[o->subject->unlisted.v[i]].file);
	bs_json_close(json);
}

static void write_simulated(struct bs_json *json, const struct bs_run *run,
			    const struct bs_observed_slot *observed)
{
	bs_json_key(json, "simulated");
	if (!observed->is_simulated) {
		bs_json_null(json);
		return;
	}
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_answer_members(json, run, &observed->answer);
	bs_json_member_bool(json, "waits", observed->waits);
	bs_json_close(json);
}

void bs_json_content_members(struct bs_report *report, struct bs_json *json,
			     const struct bs_run *run, uint32_t index)
{
	const struct bs_observation *o = report->observed;
	const struct bs_live_slot *slot = &o->slots->v[index];
	const struct bs_observed_slot *observed = &o->by_slot[index];
	bool has_definer = slot->definer != BS_NO_LIVE_OBJECT;
	const char *version;

	bs_json_member_number(json, "from", slot->object);
	bs_json_symbol(report, bs_observed_symbol(o, index, &version));
	bs_json_member(json, "version", version);
	bs_json_member_word(json, "kind", bs_json_reloc_kind_name((enum bs_reloc_kind)slot->kind));
	bs_json_member_word(json, "holds", bs_content_slug((enum bs_content)slot->content));
	bs_json_member_if(json, "to", has_definer, slot->definer);
	bs_json_member(json, "definition",
		       has_definer && slot->definer_symbol
			       ? bs_image_symbol_name(o->objects->v[slot->definer].image,
						      slot->definer_symbol)
			       : NULL);
	bs_json_member_bool(json, "by_resolver", slot->by_resolver);
	bs_json_key(json, "target");
	if (slot->target == BS_TARGET_NONE)
		bs_json_null(json);
	else
		bs_json_word(json, bs_target_slug((enum bs_target_kind)slot->target));
	bs_json_member(json, "mapped_file", slot->area);
	bs_json_member_word(json, "agreement", agreements[observed->agreement]);
	write_simulated(json, run, observed);
}
