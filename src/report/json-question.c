/* SPDX-License-Identifier: MIT */
/* What was asked, and what of the answer is in the report. */
#include "json-priv.h"

#include <ctype.h>

/* In lower case, as the schemas have it. */
static void write_mode(struct bs_json *json, const char *name)
{
	char word[BS_JSON_LONGEST_WORD] = "";

	for (size_t i = 0; name[i] && i + 1 < sizeof word; i++)
		word[i] = (char)tolower((unsigned char)name[i]);
	bs_json_word(json, word);
}

static void write_flags(struct bs_json *json, const struct bs_step *step)
{
	bs_json_member(json, "spelled", step->spelled);
	bs_json_key(json, "flags");
	bs_json_array(json, BS_JSON_INLINE);
	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		if (step->mode & m->mode)
			write_mode(json, m->name);
	bs_json_close(json);
	bs_json_key(json, "number_flags");
	if (step->mode_is_number)
		bs_json_number(json, step->number);
	else
		bs_json_null(json);
}

/* A step's number as far as it names what that step opened. */
static void write_handle(struct bs_json *json, const struct bs_step *step)
{
	bs_json_key(json, "handle");
	if (step->kind == BS_STEP_DLCLOSE || step->handle == BS_HANDLE_STEP)
		bs_json_number(json, step->of_step);
	else
		bs_json_word(json, step->handle == BS_HANDLE_NEXT ? "next" : "default");
}

/* The members that steps of its kind have. */
static void write_call(struct bs_json *json, const struct bs_step *step)
{
	switch (step->kind) {
	case BS_STEP_DLOPEN:
		bs_json_member(json, "file", step->file);
		write_flags(json, step);
		return;
	case BS_STEP_DLMOPEN:
		bs_json_member_if(json, "namespace_of", step->of_step != 0, step->of_step);
		bs_json_member(json, "file", step->file);
		write_flags(json, step);
		return;
	case BS_STEP_DLSYM:
		write_handle(json, step);
		bs_json_member(json, "symbol", step->symbol);
		bs_json_member(json, "version", step->version);
		return;
	case BS_STEP_DLCLOSE:
		write_handle(json, step);
		return;
	case BS_STEP_CALL:
		bs_json_member(json, "object", step->object);
		bs_json_member(json, "symbol", step->symbol);
		bs_json_member(json, "version", step->version);
		return;
	case BS_STEP_KIND_COUNT_:
		return;
	}
}

/* Left out where the step was not taken from a note. */
static void write_note(struct bs_json *json, const struct bs_step *step)
{
	if (!step->note_entry)
		return;
	bs_json_key(json, "dlopen_note");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member_number(json, "entry", step->note_entry);
	bs_json_member(json, "feature", step->note_feature);
	bs_json_close(json);
}

const char *bs_json_step_kind(const struct bs_step *step)
{
	static const char *const names[BS_STEP_KIND_COUNT_] = {
		[BS_STEP_DLOPEN] = "dlopen", [BS_STEP_DLMOPEN] = "dlmopen",
		[BS_STEP_DLSYM] = "dlsym",   [BS_STEP_DLCLOSE] = "dlclose",
		[BS_STEP_CALL] = "call",
	};

	return step ? names[step->kind] : "start-up";
}

static void write_plan_steps(struct bs_json *json, const struct bs_plan *plan)
{
	bs_json_key(json, "steps");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < plan->n_steps; i++) {
		const struct bs_step *step = &plan->steps[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "number", i + 1);
		bs_json_member_word(json, "kind", bs_json_step_kind(step));
		bs_json_member_if(json, "block", step->block != 0, step->block);
		bs_json_member(json, "caller", step->caller);
		write_call(json, step);
		if (step->internal)
			bs_json_member_bool(json, "internal", true);
		write_note(json, step);
		bs_json_close(json);
	}
	bs_json_close(json);
}

/* One without steps counts, too: a run of the object's constructors has used it up. */
static void write_blocks(struct bs_json *json, const struct bs_plan *plan)
{
	bs_json_key(json, "blocks");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < plan->n_blocks; i++) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member_number(json, "number", i + 1);
		bs_json_member(json, "object", plan->blocks[i].object);
		bs_json_close(json);
	}
	bs_json_close(json);
}

static void write_settings(struct bs_json *json, const struct bs_plan *plan)
{
	bs_json_key(json, "settings");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < plan->n_settings; i++) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "name", plan->settings[i].name);
		bs_json_member(json, "value", plan->settings[i].value);
		bs_json_close(json);
	}
	bs_json_close(json);
}

void bs_json_question(struct bs_json *json, const struct bs_run *run, enum bs_json_layout layout)
{
	const struct bs_plan *plan = run->plan;

	bs_json_key(json, "question");
	bs_json_object(json, layout);
	bs_json_member(json, "executable", plan->executable);
	bs_json_member(json, "argv0", run->program);
	bs_json_member(json, "loader", run->profile->name);
	bs_json_member(json, "loader_title", run->profile->title);
	bs_json_member(json, "machine", run->setup.target.machine->name);
	bs_json_member(json, "interp", run->interp);
	bs_json_member(json, "root", plan->root);
	bs_json_member(json, "cwd", plan->cwd);
	bs_json_member_bool(json, "bind_now", run->bind_now);
	bs_json_member_bool(json, "secure", plan->secure);
	bs_json_member(json, "library_path", plan->library_path);
	bs_json_member(json, "preload", plan->preload);
	bs_json_member_bool(json, "inhibit_cache", plan->inhibit_cache);
	if (plan->ldconfig)
		bs_json_member_bool(json, "ldconfig", true);
	bs_json_member(json, "inhibit_rpath", plan->inhibit_rpath);
	bs_json_member(json, "cpu", plan->cpu);
	bs_json_member(json, "platform", plan->platform);
	bs_json_member(json, "hwcaps_mask", plan->hwcaps_mask);
	bs_json_member(json, "hwcaps_prepend", plan->hwcaps_prepend);
	write_settings(json, plan);
	bs_json_key(json, "environment");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &run->counted) {
		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "name", run->counted.v[i].name);
		bs_json_member(json, "value", run->counted.v[i].value);
		bs_json_close(json);
	}
	bs_json_close(json);
	write_plan_steps(json, plan);
	write_blocks(json, plan);
	bs_json_close(json);
}

void bs_json_selection(struct bs_json *json, const struct bs_report *report)
{
	const char *const *parts = report->format->parts;

	bs_json_key(json, "parts");
	bs_json_array(json, BS_JSON_INLINE);
	for (unsigned i = 0; parts[i]; i++)
		if (report->show & (1u << i))
			bs_json_string(json, parts[i]);
	bs_json_close(json);
	bs_json_key(json, "filter");
	bs_json_object(json, BS_JSON_INLINE);
	bs_json_member(json, "symbol", report->selection.symbol);
	bs_json_member(json, "from", report->selection.from);
	bs_json_member(json, "to", report->selection.to);
	bs_json_close(json);
}
