/* SPDX-License-Identifier: MIT */
/* What a report says of its question: the steps, and what is in it. */
#include "report-file-priv.h"

#include "../profile/profile.h"

#include <string.h>

static bool take_block(struct bs_report_reader *reader, const struct bs_place *place,
		       const json_t *item)
{
	const char *object;

	if (!bs_get_some_text(reader, place, item, "object", &object))
		return false;
	bs_vec_push(reader->r.arena, &reader->blocks, bs_name_of(reader->digest->names, object));
	return true;
}

static void read_flags(const json_t *item, struct bs_step *ret)
{
	const json_t *flags = json_object_get(item, "flags");
	const json_t *number = json_object_get(item, "number_flags");

	for (size_t i = 0; i < json_array_size(flags); i++) {
		const json_t *flag = json_array_get(flags, i);

		if (json_is_string(flag))
			ret->mode |= bs_mode_named(json_string_value(flag),
						   strlen(json_string_value(flag)));
	}
	ret->mode_is_number = json_is_integer(number);
	if (ret->mode_is_number)
		ret->number = (uint64_t)json_integer_value(number);
}

static const char *kind_name(unsigned i)
{
	return bs_step_kind_name(i);
}

/* The words of a step; what it came to is told elsewhere. */
static bool take_call(struct bs_report_reader *reader, const struct bs_place *place,
		      const json_t *item)
{
	struct bs_digest_step step = { .number = reader->digest->steps.n,
				       .state = BS_STEP_NOT_REACHED };
	struct bs_step *call = &step.call;
	const json_t *handle = json_object_get(item, "handle");
	const char *of = json_is_integer(handle) ? "handle" : "namespace_of";
	unsigned kind;
	uint64_t block, of_step;

	if (!bs_get_word(reader, place, item, "kind", kind_name, BS_STEP_KIND_COUNT_, &kind) ||
	    !bs_get_text(reader, place, item, "caller", &call->caller) ||
	    !bs_get_text(reader, place, item, "file", &call->file) ||
	    !bs_get_text(reader, place, item, "symbol", &call->symbol) ||
	    !bs_get_text(reader, place, item, "version", &call->version) ||
	    !bs_get_text(reader, place, item, "object", &call->object) ||
	    !bs_get_number(reader, place, item, of, BS_NEVER, 0, &of_step) ||
	    !bs_get_number(reader, place, item, "block", reader->blocks.n + 1, 0, &block))
		return false;
	call->kind = kind;
	call->of_step = (uint32_t)of_step;
	call->handle = json_is_integer(handle) && kind == BS_STEP_DLSYM ? BS_HANDLE_STEP
		       : bs_is_word(handle, "next")			? BS_HANDLE_NEXT
									: BS_HANDLE_DEFAULT;
	read_flags(item, call);
	if (!call->file && (kind == BS_STEP_DLOPEN || kind == BS_STEP_DLMOPEN))
		return bs_plan_fail(&reader->r, place, "no member file");
	if (!call->symbol && (kind == BS_STEP_DLSYM || kind == BS_STEP_CALL))
		return bs_plan_fail(&reader->r, place, "no member symbol");
	if (!call->object && kind == BS_STEP_CALL)
		return bs_plan_fail(&reader->r, place, "no member object");
	if (block)
		step.within = bs_name_text(reader->digest->names, reader->blocks.v[block - 1]);
	bs_vec_push(reader->digest->arena, &reader->digest->steps, step);
	return true;
}

static bool take_filter(struct bs_report_reader *reader, const json_t *root)
{
	const struct bs_place place = { 0 }, here = { &place, "filter", 0 };
	const json_t *filter = json_object_get(root, "filter");
	struct bs_selection *ret = &reader->digest->filter;

	return bs_get_text(reader, &here, filter, "symbol", &ret->symbol) &&
	       bs_get_text(reader, &here, filter, "from", &ret->from) &&
	       bs_get_text(reader, &here, filter, "to", &ret->to);
}

static bool take_parts(struct bs_report_reader *reader, const json_t *root)
{
	const struct bs_place place = { 0 }, here = { &place, "parts", 0 };
	const json_t *parts = json_object_get(root, "parts");
	bool has_objects = false;

	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);

		has_objects |= bs_is_word(part, "objects");
		reader->digest->has_bindings |= bs_is_word(part, "bindings");
		reader->digest->has_findings |= bs_is_word(part, "findings");
	}
	return has_objects ||
	       bs_plan_fail(&reader->r, &here, "the report was written without its objects");
}

bool bs_take_head(struct bs_report_reader *reader, const json_t *root)
{
	const struct bs_place place = { 0 }, here = { &place, "question", 0 };
	const json_t *question = json_object_get(root, "question");
	struct bs_digest *digest = reader->digest;

	if (!json_is_object(question))
		return bs_plan_fail(&reader->r, &place, "no member question");
	if (!bs_get_some_text(reader, &here, question, "loader_title", &digest->loader) ||
	    !take_parts(reader, root) || !take_filter(reader, root) ||
	    !bs_take_all(reader, &here, question, "blocks", take_block))
		return false;
	bs_vec_push(digest->arena, &digest->steps,
		    (struct bs_digest_step){ .is_start_up = true, .state = BS_STEP_NOT_REACHED });
	if (!bs_take_all(reader, &here, question, "steps", take_call))
		return false;
	reader->n_steps = digest->steps.n;
	return true;
}
