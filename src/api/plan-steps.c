/* SPDX-License-Identifier: MIT */
/* The calls of a plan. */
#include "api-priv.h"

#include "../profile/profile.h"
#include "../report/plan-format.h"

#include <string.h>

uint32_t bindsim_plan_steps(const struct bindsim_plan *plan)
{
	return plan ? plan->said.steps.n : 0;
}

static enum bindsim_status append(struct bindsim_plan *plan, struct bs_step step)
{
	bs_say_step(plan->arena, &plan->said, step);
	return BINDSIM_OK;
}

/* The flags of STEP are FLAGS, or as usual for NULL. */
static bool take_flags(struct bindsim_plan *plan, const char *flags, struct bs_step *step)
{
	if (!flags)
		return true;
	step->spelled = bs_api_copy(plan, flags);
	return bs_parse_flags(step->spelled, step);
}

static enum bindsim_status open_file(struct bindsim_plan *plan, struct bs_step step,
				     const char *file, const char *flags,
				     struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !file)
		return bs_api_refuse(error, "a plan and a file are wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	if (!take_flags(plan, flags, &step))
		return bs_api_refuse(error, "'%s': no flags of dlopen(3)", flags);
	step.file = bs_api_copy(plan, file);
	return append(plan, step);
}

enum bindsim_status bindsim_plan_dlopen(struct bindsim_plan *plan, const char *file,
					const char *flags, struct bindsim_error **error)
{
	return open_file(plan, (struct bs_step){ .kind = BS_STEP_DLOPEN }, file, flags, error);
}

enum bindsim_status bindsim_plan_dlmopen(struct bindsim_plan *plan, const char *file,
					 const char *flags, uint32_t step,
					 struct bindsim_error **error)
{
	return open_file(plan, (struct bs_step){ .kind = BS_STEP_DLMOPEN, .of_step = step }, file,
			 flags, error);
}

enum bindsim_status bindsim_plan_dlsym(struct bindsim_plan *plan, enum bindsim_handle handle,
				       uint32_t step, const char *symbol, const char *version,
				       struct bindsim_error **error)
{
	static const enum bs_handle handles[] = {
		[BINDSIM_HANDLE_DEFAULT] = BS_HANDLE_DEFAULT,
		[BINDSIM_HANDLE_NEXT] = BS_HANDLE_NEXT,
		[BINDSIM_HANDLE_STEP] = BS_HANDLE_STEP,
	};

	bs_api_begin(error);
	if (!plan || !symbol || !*symbol || (version && !*version))
		return bs_api_refuse(error, "a plan and a symbol are wanted");
	if ((unsigned)handle >= sizeof handles / sizeof *handles)
		return bs_api_refuse(error, "%d is no handle", (int)handle);
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	return append(plan, (struct bs_step){
				    .kind = BS_STEP_DLSYM,
				    .handle = handles[handle],
				    .of_step = handle == BINDSIM_HANDLE_STEP ? step : 0,
				    .symbol = bs_api_copy(plan, symbol),
				    .version = bs_api_copy(plan, version),
			    });
}

enum bindsim_status bindsim_plan_dlclose(struct bindsim_plan *plan, uint32_t step,
					 struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan)
		return bs_api_refuse(error, "a plan is wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	return append(plan, (struct bs_step){ .kind = BS_STEP_DLCLOSE, .of_step = step });
}

enum bindsim_status bindsim_plan_call(struct bindsim_plan *plan, const char *object,
				      const char *symbol, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !object || !*object || !symbol || !*symbol)
		return bs_api_refuse(error, "a plan, an object and a symbol are wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	return append(plan, (struct bs_step){
				    .kind = BS_STEP_CALL,
				    .object = bs_api_copy(plan, object),
				    .symbol = bs_api_copy(plan, symbol),
			    });
}

/* The kind called NAME, or BS_STEP_KIND_COUNT_. */
static enum bs_step_kind kind_named(const char *name)
{
	enum bs_step_kind kind = 0;

	while (kind < BS_STEP_KIND_COUNT_ && strcmp(bs_step_kind_name(kind), name) != 0)
		kind++;
	return kind;
}

static enum bindsim_status append_words(struct bindsim_plan *plan, enum bs_step_kind kind,
					const char *text, struct bindsim_error **error)
{
	struct bs_step step;
	const char *hint;

	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	const char *wrong = bs_parse_step(plan->arena, kind, bs_api_copy(plan, text), &step, &hint);

	/* What may have been meant otherwise is no hint here: nobody would see it. */
	if (wrong || hint)
		return bs_api_refuse(error, "%s '%s': %s", bs_step_kind_name(kind), text,
				     wrong ? wrong : hint);
	return append(plan, step);
}

enum bindsim_status bindsim_plan_step(struct bindsim_plan *plan, const char *kind, const char *text,
				      struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !kind || !text)
		return bs_api_refuse(error, "a plan, the kind of a step and its words are wanted");
	enum bs_step_kind which = kind_named(kind);

	return which == BS_STEP_KIND_COUNT_ ? bs_api_refuse(error, "'%s' is no kind of step", kind)
					    : append_words(plan, which, text, error);
}

enum bindsim_status bindsim_plan_set_caller(struct bindsim_plan *plan, const char *object,
					    struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan)
		return bs_api_refuse(error, "a plan is wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	plan->said.caller = bs_api_copy(plan, object);
	return BINDSIM_OK;
}

enum bindsim_status bindsim_plan_begin_init(struct bindsim_plan *plan, const char *object,
					    struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !object || !*object)
		return bs_api_refuse(error, "a plan and an object are wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	if (!bs_say_begin(plan->arena, &plan->said, bs_api_copy(plan, object)))
		return bs_api_refuse(error, "more than %d blocks in each other", BS_PLAN_DEEPEST);
	return BINDSIM_OK;
}

enum bindsim_status bindsim_plan_end_init(struct bindsim_plan *plan, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !bs_say_end(&plan->said))
		return bs_api_refuse(error, "no block of constructors is open");
	return BINDSIM_OK;
}
