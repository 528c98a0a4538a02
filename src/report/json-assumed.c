/* SPDX-License-Identifier: MIT */
/* The records of what rests on choices, of what loading on demand changes, and of what waits. */
#include "json-priv.h"

const char *bs_json_switch_name(const struct bs_run *run, const struct bs_switch *s)
{
	return bs_arena_printf(run->ctx.arena, "%s.%s", run->profile->name, s->key);
}

void bs_json_assumed(struct bs_json *json, const struct bs_run *run, uint64_t choices)
{
	if (!choices)
		return;
	bs_json_key(json, "assumptions");
	bs_json_array(json, BS_JSON_INLINE);
	for (unsigned choice = 1; choice < BS_CHOICE_COUNT_; choice++)
		if (choices >> choice & 1)
			bs_json_string(json,
				       bs_json_switch_name(
					       run, bs_switch_of_choice(run->profile,
									(enum bs_choice)choice)));
	bs_json_close(json);
}

static void write_choice(struct bs_json *json, const struct bs_run *run, const struct bs_switch *s)
{
	const char *value = bs_switch_value(run->profile, s);
	bool is_on = !s->is_text && value[0] == 'y';

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "switch", bs_json_switch_name(run, s));
	bs_json_member(json, "value", value);
	bs_json_member(json, "rule",
		       bs_arena_printf(run->ctx.arena, "%s%u", run->profile->rule_prefix, s->rule));
	bs_json_member_word(json, "kind", s->is_probable ? "probable" : "chosen");
	bs_json_member(json, "means", is_on || s->is_text ? s->what : s->otherwise);
	bs_json_member(json, "otherwise", s->is_text ? NULL : is_on ? s->otherwise : s->what);
	bs_json_close(json);
}

static void write_choices(struct bs_json *json, const struct bs_run *run, unsigned show,
			  enum bs_json_layout layout)
{
	uint64_t choices = run->assumed | (show & SHOW_SCOPES ? run->assumed_by_scopes : 0);

	bs_json_key(json, "assumptions");
	bs_json_array(json, layout);
	for (unsigned choice = 1; choice < BS_CHOICE_COUNT_; choice++)
		if (choices >> choice & 1)
			write_choice(json, run,
				     bs_switch_of_choice(run->profile, (enum bs_choice)choice));
	bs_json_close(json);
}

/* ---- on demand or plain -------------------------------------------------------------------- */

static const char *outcome_of(const struct bs_binding *b)
{
	static const char *const names[] = {
		[BS_BOUND] = "bound",
		[BS_UNRESOLVED_WEAK] = "unresolved-weak",
		[BS_UNDEFINED] = "undefined",
		[BS_LOOKUP_CRASH] = "crash",
	};

	return names[b->outcome];
}

static void write_change(struct bs_json *json, const struct bs_run *run,
			 const struct bs_change *change)
{
	const char *there = change->definer_there;

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "step", change->step);
	bs_json_member_number(json, "from", change->here.referrer);
	bs_json_member(json, "symbol", bs_run_symbol_name(run, &change->here));
	bs_json_member_map(json, "to", change->here.definer);
	bs_json_member_word(json, "outcome", outcome_of(&change->here));
	bs_json_member_bool(json, "waits", change->waits_here);
	bs_json_member(json, "plain_to", there && !*there ? run->program : there);
	bs_json_member_word(json, "plain_outcome", outcome_of(&change->there));
	bs_json_member_bool(json, "plain_waits", change->waits_there);
	bs_json_close(json);
}

static void write_changed_step(struct bs_json *json, const struct bs_changed_step *changed)
{
	static const char *const names[] = { "ok", "failed", "not-reached" };

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "step", changed->step);
	bs_json_member_word(
		json, "plain_state",
		names[changed->reached_there ? changed->state_there : BS_STEP_NOT_REACHED]);
	bs_json_member(json, "plain_message", changed->message_there);
	bs_json_key(json, "plain_loaded");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &changed->loaded_there)
		bs_json_string(json, changed->loaded_there.v[i]);
	bs_json_close(json);
	bs_json_close(json);
}

static void write_changes(struct bs_json *json, const struct bs_run *run,
			  enum bs_json_layout layout)
{
	if (!run->has_plain_run)
		return;
	bs_json_key(json, "on_demand");
	bs_json_object(json, layout);
	bs_json_key(json, "steps");
	bs_json_array(json, layout);
	bs_vec_each (i, &run->changed_steps)
		write_changed_step(json, &run->changed_steps.v[i]);
	bs_json_close(json);
	bs_json_key(json, "references");
	bs_json_array(json, layout);
	bs_vec_each (i, &run->changes)
		write_change(json, run, &run->changes.v[i]);
	bs_json_close(json);
	bs_json_close(json);
}

/* ---- what waits ---------------------------------------------------------------------------- */

static void write_waiting(struct bs_json *json, const struct bs_run *run, bs_map_id map,
			  const bs_ids *slots)
{
	static const char *const names[] = { "LD_BIND_NOW", "executable", "object", "RTLD_NOW" };
	uint32_t step;
	unsigned by = bs_binds_now_by(run, map, &step);

	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "object", map);
	bs_json_key(json, "slots");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, slots)
		bs_json_number(json, slots->v[i]);
	bs_json_close(json);
	bs_json_key(json, "now_by");
	bs_json_array(json, BS_JSON_INLINE);
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (by >> i & 1)
			bs_json_string(json, names[i]);
	bs_json_close(json);
	bs_json_member_if(json, "opened_in", step != BS_NEVER, step);
	bs_json_close(json);
}

static void write_all_waiting(struct bs_json *json, const struct bs_run *run,
			      enum bs_json_layout layout)
{
	bs_json_key(json, "waiting");
	bs_json_array(json, layout);
	bs_vec_each (i, &run->lazy_maps) {
		const bs_ids slots = bs_lazy_slots(run, &run->lazy_maps.v[i]);

		if (slots.n)
			write_waiting(json, run, run->lazy_maps.v[i].map, &slots);
	}
	bs_json_close(json);
}

void bs_json_choices(struct bs_json *json, const struct bs_run *run, unsigned show,
		     enum bs_json_layout layout)
{
	if (!run->scope_policy.fixed.used)
		return;
	write_choices(json, run, show, layout);
	write_changes(json, run, layout);
	if (show & (SHOW_BINDINGS | SHOW_SLOTS))
		write_all_waiting(json, run, layout);
}
