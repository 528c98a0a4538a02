/* SPDX-License-Identifier: MIT */
/*
 * --format=plan: the question as a file that --plan reads (bindsim-plan(5)).
 *
 * One question has one form: what says nothing is left out, variables are sorted, and blocks of
 * constructors stand in each other only where steps around them ask for it.
 */
#include "plan-format.h"
#include "jansson-late.h"
#include "json-writer.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

#define TEXT(field)                                                                                \
	{                                                                                          \
#field, false, offsetof(struct bs_plan, field)                                     \
	}
#define SWITCH(field)                                                                              \
	{                                                                                          \
#field, true, offsetof(struct bs_plan, field)                                      \
	}

const struct bs_plan_member bs_plan_members[] = {
	TEXT(executable),
	TEXT(unknown_program),
	TEXT(search_path),
	TEXT(argv0),
	TEXT(loader),
	TEXT(root),
	TEXT(cwd),
	TEXT(cpu),
	TEXT(platform),
	TEXT(hwcaps_mask),
	TEXT(hwcaps_prepend),
	SWITCH(secure),
	SWITCH(inhibit_cache),
	SWITCH(ldconfig),
	TEXT(inhibit_rpath),
	TEXT(library_path),
	TEXT(preload),
	{ NULL, false, 0 },
};

static void write_members(struct bs_json *json, struct bs_plan plan)
{
	/* A path with a slash is looked for nowhere else. */
	if (!plan.executable || strchr(plan.executable, '/') || plan.unknown_program)
		plan.search_path = NULL;
	for (const struct bs_plan_member *m = bs_plan_members; m->name; m++) {
		if (m->is_switch && *bs_plan_switch(&plan, m))
			bs_json_member_bool(json, m->name, true);
		else if (!m->is_switch && *bs_plan_text(&plan, m))
			bs_json_member(json, m->name, *bs_plan_text(&plan, m));
	}
}

/* By name; of one name the last stays last, which is the one that counts. */
static int compare_variables(const void *a, const void *b)
{
	const struct bs_variable *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : (*x > *y) - (*x < *y);
}

static void write_variables(struct bs_json *json, const char *key,
			    const struct bs_variable *variables, uint32_t n)
{
	const struct bs_variable **sorted = bs_new(json->arena, const struct bs_variable *, n);

	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &variables[i];
	if (n)
		qsort(sorted, n, sizeof *sorted, compare_variables);
	bs_json_key(json, key);
	bs_json_object(json, BS_JSON_LINES);
	for (uint32_t i = 0; i < n; i++) {
		if (i + 1 < n && strcmp(sorted[i]->name, sorted[i + 1]->name) == 0)
			continue;
		bs_json_key_string(json, sorted[i]->name);
		bs_json_string(json, sorted[i]->value);
	}
	bs_json_close(json);
}

/* ---- steps --------------------------------------------------------------------------------- */

static void write_optional(struct bs_json *json, const char *key, const char *text)
{
	if (text)
		bs_json_member(json, key, text);
}

static void write_handle(struct bs_json *json, const struct bs_step *step)
{
	switch (step->handle) {
	case BS_HANDLE_DEFAULT:
		break;
	case BS_HANDLE_NEXT:
		bs_json_member_word(json, "handle", "next");
		break;
	case BS_HANDLE_STEP:
		bs_json_member_number(json, "handle", step->of_step);
		break;
	}
}

/* The call itself, and what belongs to it alone. */
static void write_call(struct bs_json *json, const struct bs_step *step)
{
	const char *kind = bs_step_kind_name(step->kind);

	switch (step->kind) {
	case BS_STEP_DLOPEN:
	case BS_STEP_DLMOPEN:
		bs_json_member(json, kind, step->file);
		write_optional(json, "flags", step->spelled);
		if (step->kind == BS_STEP_DLMOPEN && step->of_step)
			bs_json_member_number(json, "namespace_of", step->of_step);
		break;
	case BS_STEP_DLSYM:
		bs_json_member(json, kind, step->symbol);
		write_optional(json, "version", step->version);
		write_handle(json, step);
		break;
	case BS_STEP_DLCLOSE:
		bs_json_member_number(json, kind, step->of_step);
		break;
	case BS_STEP_CALL:
		bs_json_member(json, kind, step->symbol);
		write_optional(json, "version", step->version);
		bs_json_member(json, "object", step->object);
		break;
	case BS_STEP_KIND_COUNT_:
		break;
	}
}

/* The blocks of constructors on the way through the steps. */
struct blocks {
	struct bs_json *json;
	const struct bs_plan *plan;
	uint32_t *behind; /* by block: the number of its last step, 0 for none */
	bs_ids open;
	uint32_t begun; /* blocks 1 to this one */
};

static void begin_block(struct blocks *b)
{
	bs_vec_push(b->json->arena, &b->open, ++b->begun);
	bs_json_object(b->json, BS_JSON_INLINE);
	bs_json_member(b->json, "init", b->plan->blocks[b->begun - 1].object);
	bs_json_key(b->json, "steps");
	bs_json_array(b->json, BS_JSON_LINES);
}

static void end_block(struct blocks *b)
{
	b->open.n--;
	bs_json_close(b->json);
	bs_json_close(b->json);
}

/* Ends the blocks that have no step from NUMBER on. */
static void end_finished(struct blocks *b, uint32_t number)
{
	while (b->open.n && b->behind[b->open.v[b->open.n - 1]] < number)
		end_block(b);
}

/* Begins blocks up to BLOCK, those that have no steps, too. */
static void begin_up_to(struct blocks *b, uint32_t block, uint32_t number)
{
	while (b->begun < block) {
		end_finished(b, number);
		begin_block(b);
	}
	end_finished(b, number);
}

static void write_steps(struct bs_json *json, const struct bs_plan *plan)
{
	struct blocks b = { .json = json, .plan = plan };

	b.behind = bs_new(json->arena, uint32_t, plan->n_blocks + 1);
	for (uint32_t i = 0; i < plan->n_steps; i++)
		b.behind[plan->steps[i].block] = i + 1;
	bs_json_key(json, "steps");
	bs_json_array(json, BS_JSON_LINES);
	for (uint32_t i = 0; i < plan->n_steps; i++) {
		const struct bs_step *step = &plan->steps[i];

		begin_up_to(&b, step->block, i + 1);
		assert(step->block == (b.open.n ? b.open.v[b.open.n - 1] : 0));
		bs_json_object(json, BS_JSON_INLINE);
		write_call(json, step);
		write_optional(json, "caller", step->caller);
		if (step->internal)
			bs_json_member_bool(json, "internal", true);
		bs_json_close(json);
	}
	begin_up_to(&b, plan->n_blocks, plan->n_steps + 1);
	bs_json_close(json);
}

static void write_arguments(struct bs_json *json, const struct bs_plan *plan)
{
	bs_json_key(json, "arguments");
	bs_json_array(json, BS_JSON_INLINE);
	for (uint32_t i = 0; i < plan->n_arguments; i++)
		bs_json_string(json, plan->arguments[i]);
	bs_json_close(json);
}

static void write_question(struct bs_report *report, struct bs_arena *arena,
			   const struct bs_plan *plan)
{
	struct bs_json json = { .out = report->writer, .arena = arena };

	bs_json_object(&json, BS_JSON_LINES);
	bs_json_member_word(&json, "schema", BS_PLAN_SCHEMA);
	write_members(&json, *plan);
	if (plan->n_arguments)
		write_arguments(&json, plan);
	if (plan->n_settings)
		write_variables(&json, "settings", plan->settings, plan->n_settings);
	write_variables(&json, "environment", plan->environment, plan->n_environment);
	write_steps(&json, plan);
	bs_json_close(&json);
	bs_write(report->writer, "\n", 1);
}

const struct bs_format bs_format_plan = {
	.name = "plan",
	.open = bs_jansson_open,
	.tells_no_findings = true,
	.parts = (const char *const[]){ NULL },
	.question = write_question,
};
