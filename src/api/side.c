/* SPDX-License-Identifier: MIT */
/* What stands on one side of a comparison; it does not change. */
#include "compare-priv.h"

#include "../report/jansson-late.h"

#include <stdlib.h>
#include <string.h>

struct bindsim_side *bs_api_side_ref(const struct bindsim_side *side)
{
	return bs_api_counted_ref(side);
}

void bindsim_side_free(struct bindsim_side *side)
{
	if (!side || !bs_api_counted_drop(&side->counted))
		return;
	bindsim_plan_free(side->plan);
	bs_api_counted_end(&side->counted);
}

/* ---- a plan ------------------------------------------------------------------------------------
 */

static bool take_name(struct bindsim_side *side, const char *name)
{
	if (BS_ON_OUT_OF_MEMORY(side->counted.arena))
		return false;
	side->name = bs_arena_strndup(side->counted.arena, name, strlen(name));
	return true;
}

enum bindsim_status bindsim_side_of_plan(const struct bindsim_plan *plan, const char *name,
					 struct bindsim_side **ret_side,
					 struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_side)
		*ret_side = NULL;
	if (!plan || !ret_side)
		return bs_api_refuse(error, "a plan and a place for the side are wanted");
	enum bindsim_status status = bs_api_is_question(plan, error);

	if (status != BINDSIM_OK)
		return status;
	struct bindsim_side *side = bs_api_counted_new(sizeof *side);

	if (!side ||
	    !take_name(side, name		     ? name
			     : plan->plan.executable ? plan->plan.executable
						     : plan->plan.unknown_program) ||
	    bindsim_plan_copy(plan, &side->plan) != BINDSIM_OK) {
		bindsim_side_free(side);
		return bs_api_no_memory(error);
	}
	side->kind = name ? "plan" : "executable";
	*ret_side = side;
	return BINDSIM_OK;
}

/* ---- a text ------------------------------------------------------------------------------------
 */

/* Reads the report of SIDE to no end but to see whether it is one. */
static const char *try_report(const struct bindsim_side *side, struct bs_arena *scratch,
			      void **ret_held)
{
	struct bs_digest *digest = bs_digest_new(scratch, bs_names_new(scratch), NULL);

	return bs_report_file_read(side->text, side->n, side->is_stream, digest, ret_held);
}

/* Fills SIDE from the N bytes at TEXT, unless they are a plan. */
static enum bindsim_status read_report(struct bindsim_side *side, struct bs_arena *scratch,
				       const char *text, size_t n, enum bs_json_kind *ret_kind,
				       void **ret_held, struct bindsim_error **error)
{
	if (BS_ON_OUT_OF_MEMORY(scratch))
		return bs_api_no_memory(error);
	bs_arena_unwind_with(side->counted.arena, scratch);
	const char *lacks = bs_jansson_open();

	if (lacks)
		return bs_api_fail(error, BINDSIM_ERROR_LIBRARY, NULL, NULL, lacks);
	const char *problem = bs_report_file_kind(scratch, text, n, ret_kind, ret_held);

	bs_plan_drop(*ret_held);
	*ret_held = NULL;
	if (!problem && *ret_kind != BS_JSON_PLAN) {
		side->text = bs_arena_strndup(side->counted.arena, text, n);
		side->n = n;
		side->is_stream = *ret_kind == BS_JSON_STREAM;
		side->kind = "report";
		problem = try_report(side, scratch, ret_held);
	}
	return problem ? bs_api_fail(error, BINDSIM_ERROR_TEXT, side->name, NULL, problem)
		       : BINDSIM_OK;
}

static enum bindsim_status read_plan(struct bindsim_side *side, const char *text, size_t n,
				     struct bindsim_error **error)
{
	enum bindsim_status status = bindsim_plan_read(text, n, side->name, &side->plan, error);

	side->kind = "plan";
	if (status != BINDSIM_OK)
		return status;
	const char *problem = bs_api_no_question(side->plan);

	return problem ? bs_api_fail(error, BINDSIM_ERROR_PLAN, side->name, NULL, problem)
		       : BINDSIM_OK;
}

static enum bindsim_status read_text(const char *text, size_t n, const char *name,
				     struct bindsim_side **ret_side, struct bindsim_error **error)
{
	struct bindsim_side *side = bs_api_counted_new(sizeof *side);
	struct bs_arena *scratch = bs_arena_new();
	enum bs_json_kind kind = BS_JSON_REPORT;
	void *held = NULL;
	enum bindsim_status status;

	if (!side || !scratch || !take_name(side, name))
		status = bs_api_no_memory(error);
	else
		status = read_report(side, scratch, text, n, &kind, &held, error);
	bs_plan_drop(held);
	bs_arena_free(scratch);
	if (status == BINDSIM_OK && kind == BS_JSON_PLAN)
		status = read_plan(side, text, n, error);
	if (status == BINDSIM_OK)
		*ret_side = side;
	else
		bindsim_side_free(side);
	return status;
}

enum bindsim_status bindsim_side_read(const char *text, size_t n, const char *name,
				      struct bindsim_side **ret_side, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_side)
		*ret_side = NULL;
	if (!text || !ret_side)
		return bs_api_refuse(error, "a text and a place for the side are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = read_text(text, n, name ? name : "a text", ret_side, error);

	bs_api_leave(outside);
	return status;
}

enum bindsim_status bindsim_side_read_file(const char *path, struct bindsim_side **ret_side,
					   struct bindsim_error **error)
{
	size_t n;
	char *text;

	bs_api_begin(error);
	if (ret_side)
		*ret_side = NULL;
	if (!path || !ret_side)
		return bs_api_refuse(error, "a path and a place for the side are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = bs_api_read_file(path, &text, &n, error);

	if (status == BINDSIM_OK)
		status = read_text(text, n, path, ret_side, error);
	bs_api_leave(outside);
	free(text);
	return status;
}
