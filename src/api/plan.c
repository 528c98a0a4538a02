/* SPDX-License-Identifier: MIT */
/* Plans that are made by calls, or read. */
#include "api-priv.h"

#include "../report/jansson-late.h"
#include "../report/plan-format.h"

#include <stdlib.h>
#include <string.h>

/* ---- to be and not to be ----------------------------------------------------------------------
 */

enum bindsim_status bindsim_plan_new(struct bindsim_plan **ret_plan)
{
	if (!ret_plan)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_plan *plan = *ret_plan = calloc(1, sizeof *plan);

	if (!plan)
		return BINDSIM_ERROR_NO_MEMORY;
	plan->arena = bs_arena_new();
	if (plan->arena)
		return BINDSIM_OK;
	free(plan);
	*ret_plan = NULL;
	return BINDSIM_ERROR_NO_MEMORY;
}

void bindsim_plan_free(struct bindsim_plan *plan)
{
	if (!plan)
		return;
	bs_arena_free(plan->arena);
	free(plan);
}

const char *bs_api_copy(struct bindsim_plan *plan, const char *text)
{
	return text ? bs_arena_strndup(plan->arena, text, strlen(text)) : NULL;
}

struct bs_plan bs_api_plan(const struct bindsim_plan *plan)
{
	struct bs_plan whole = plan->plan;

	bs_say_all(&plan->said, &whole);
	whole.environment = plan->environment.v;
	whole.n_environment = plan->environment.n;
	whole.settings = plan->settings.v;
	whole.n_settings = plan->settings.n;
	whole.arguments = plan->arguments.v;
	whole.n_arguments = plan->arguments.n;
	return whole;
}

/* ---- copies -----------------------------------------------------------------------------------
 */

static struct bs_step copy_step(struct bindsim_plan *plan, const struct bs_step *from)
{
	struct bs_step step = *from;

	step.caller = bs_api_copy(plan, from->caller);
	step.file = bs_api_copy(plan, from->file);
	step.spelled = bs_api_copy(plan, from->spelled);
	step.symbol = bs_api_copy(plan, from->symbol);
	step.version = bs_api_copy(plan, from->version);
	step.object = bs_api_copy(plan, from->object);
	step.note_feature = bs_api_copy(plan, from->note_feature);
	return step;
}

static struct bs_variable copy_variable(struct bindsim_plan *plan, const struct bs_variable *from)
{
	return (struct bs_variable){ bs_api_copy(plan, from->name),
				     bs_api_copy(plan, from->value) };
}

/* PLAN, which is empty, says what FROM says. */
static void fill(struct bindsim_plan *plan, const struct bs_plan *from)
{
	struct bs_plan whole = *from;

	plan->plan = whole;
	for (const struct bs_plan_member *m = bs_plan_members; m->name; m++)
		if (!m->is_switch)
			*bs_plan_text(&plan->plan, m) = bs_api_copy(plan, *bs_plan_text(&whole, m));
	for (uint32_t i = 0; i < from->n_steps; i++)
		bs_vec_push(plan->arena, &plan->said.steps, copy_step(plan, &from->steps[i]));
	for (uint32_t i = 0; i < from->n_blocks; i++)
		bs_vec_push(plan->arena, &plan->said.blocks,
			    ((struct bs_block){ bs_api_copy(plan, from->blocks[i].object) }));
	for (uint32_t i = 0; i < from->n_environment; i++)
		bs_vec_push(plan->arena, &plan->environment,
			    copy_variable(plan, &from->environment[i]));
	for (uint32_t i = 0; i < from->n_settings; i++)
		bs_vec_push(plan->arena, &plan->settings, copy_variable(plan, &from->settings[i]));
	for (uint32_t i = 0; i < from->n_arguments; i++)
		bs_vec_push(plan->arena, &plan->arguments, bs_api_copy(plan, from->arguments[i]));
}

enum bindsim_status bs_api_plan_new(const struct bs_plan *from, struct bindsim_plan **ret_plan)
{
	struct bindsim_plan *plan;
	enum bindsim_status status = bindsim_plan_new(&plan);

	*ret_plan = NULL;
	if (status != BINDSIM_OK)
		return status;
	if (BS_ON_OUT_OF_MEMORY(plan->arena)) {
		bindsim_plan_free(plan);
		return BINDSIM_ERROR_NO_MEMORY;
	}
	fill(plan, from);
	*ret_plan = plan;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_plan_copy(const struct bindsim_plan *plan,
				      struct bindsim_plan **ret_plan)
{
	if (ret_plan)
		*ret_plan = NULL;
	if (!plan || !ret_plan)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_plan *copy;
	enum bindsim_status status = bindsim_plan_new(&copy);

	if (status != BINDSIM_OK)
		return status;
	if (BS_ON_OUT_OF_MEMORY(copy->arena)) {
		bindsim_plan_free(copy);
		return BINDSIM_ERROR_NO_MEMORY;
	}
	const struct bs_plan whole = bs_api_plan(plan);

	fill(copy, &whole);
	copy->said.caller = bs_api_copy(copy, plan->said.caller);
	copy->said.block = plan->said.block;
	bs_vec_each (i, &plan->said.around)
		bs_vec_push(copy->arena, &copy->said.around,
			    ((struct bs_around){ bs_api_copy(copy, plan->said.around.v[i].caller),
						 plan->said.around.v[i].block }));
	*ret_plan = copy;
	return BINDSIM_OK;
}

/* ---- from a file ------------------------------------------------------------------------------
 */

static enum bindsim_status read_text(struct bindsim_plan *plan, const char *text, size_t n,
				     const char *name, void **ret_held,
				     struct bindsim_error **error)
{
	struct bs_input_problem problem;
	struct bs_plan read;

	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	const char *lacks = bs_jansson_open();

	if (lacks)
		return bs_api_fail(error, BINDSIM_ERROR_LIBRARY, NULL, NULL, lacks);
	if (!bs_plan_read_parts(plan->arena, text, n, &read, &problem, ret_held))
		return bs_api_fail(error, BINDSIM_ERROR_PLAN, name, problem.place, problem.reason);
	fill(plan, &read);
	return BINDSIM_OK;
}

static enum bindsim_status read_plan(const char *text, size_t n, const char *name,
				     struct bindsim_plan **ret_plan, struct bindsim_error **error)
{
	struct bindsim_plan *plan;
	void *held = NULL;

	if (bindsim_plan_new(&plan) != BINDSIM_OK)
		return bs_api_no_memory(error);
	enum bindsim_status status = read_text(plan, text, n, name, &held, error);

	bs_plan_drop(held);
	if (status == BINDSIM_OK)
		*ret_plan = plan;
	else
		bindsim_plan_free(plan);
	return status;
}

static enum bindsim_status read_file(const char *path, struct bindsim_plan **ret_plan,
				     struct bindsim_error **error)
{
	size_t n;
	char *text;
	enum bindsim_status status = bs_api_read_file(path, &text, &n, error);

	if (status == BINDSIM_OK)
		status = read_plan(text, n, path, ret_plan, error);
	free(text);
	return status;
}

enum bindsim_status bindsim_plan_read(const char *text, size_t n, const char *name,
				      struct bindsim_plan **ret_plan, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_plan)
		*ret_plan = NULL;
	if (!text || !ret_plan)
		return bs_api_refuse(error, "a text and a place for the plan are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = read_plan(text, n, name, ret_plan, error);

	bs_api_leave(outside);
	return status;
}

enum bindsim_status bindsim_plan_read_file(const char *path, struct bindsim_plan **ret_plan,
					   struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_plan)
		*ret_plan = NULL;
	if (!path || !ret_plan)
		return bs_api_refuse(error, "a path and a place for the plan are wanted");
	locale_t outside = bs_api_enter();
	enum bindsim_status status = read_file(path, ret_plan, error);

	bs_api_leave(outside);
	return status;
}

/* ---- to a text --------------------------------------------------------------------------------
 */

static const char *write_plan(struct bs_writer *writer, const void *of)
{
	const struct bs_plan whole = bs_api_plan(of);
	struct bs_report report = { .format = &bs_format_plan, .writer = writer };

	bs_format_plan.question(&report, writer->arena, &whole);
	return NULL;
}

enum bindsim_status bindsim_plan_write(const struct bindsim_plan *plan, char **ret_text,
				       size_t *ret_n, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_text)
		*ret_text = NULL;
	if (!plan || !ret_text)
		return bs_api_refuse(error, "a plan and a place for the text are wanted");
	return bs_api_write(write_plan, plan, ret_text, ret_n, error);
}

/* ---- members ----------------------------------------------------------------------------------
 */

static const struct bs_plan_member *find_member(const char *name, bool is_switch)
{
	for (const struct bs_plan_member *m = bs_plan_members; m->name; m++)
		if (m->is_switch == is_switch && strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* TEXT, or NULL, in PLAN's arena; false for want of memory. */
static bool try_copy(struct bindsim_plan *plan, const char *text, const char **ret)
{
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return false;
	*ret = bs_api_copy(plan, text);
	return true;
}

enum bindsim_status bindsim_plan_set(struct bindsim_plan *plan, const char *member,
				     const char *value, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !member)
		return bs_api_refuse(error, "a plan and the name of a member are wanted");
	const struct bs_plan_member *m = find_member(member, false);

	if (!m)
		return bs_api_refuse(error, "a plan has no text called '%s'", member);
	return try_copy(plan, value, bs_plan_text(&plan->plan, m)) ? BINDSIM_OK
								   : bs_api_no_memory(error);
}

enum bindsim_status bindsim_plan_set_switch(struct bindsim_plan *plan, const char *member, int on,
					    struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !member)
		return bs_api_refuse(error, "a plan and the name of a switch are wanted");
	const struct bs_plan_member *m = find_member(member, true);

	if (!m)
		return bs_api_refuse(error, "a plan has no switch called '%s'", member);
	*bs_plan_switch(&plan->plan, m) = on != 0;
	return BINDSIM_OK;
}

/* NAME, which stands once at most in the N variables at V, is VALUE from here on. Returns how many
 * there are then; VALUE NULL: one less. NAME is not there: N, and *RET_NEW. */
static uint32_t replace(struct bs_variable *v, uint32_t n, const char *name, const char *value,
			bool *ret_new)
{
	*ret_new = false;
	for (uint32_t i = 0; i < n; i++) {
		if (strcmp(v[i].name, name) != 0)
			continue;
		if (value) {
			v[i].value = value;
			return n;
		}
		memmove(v + i, v + i + 1, (n - i - 1) * sizeof *v);
		return n - 1;
	}
	*ret_new = value != NULL;
	return n;
}

void bs_api_set_variable(struct bindsim_plan *plan, const char *name, const char *value)
{
	bool is_new;
	const char *copy = bs_api_copy(plan, value);

	plan->environment.n =
		replace(plan->environment.v, plan->environment.n, name, copy, &is_new);
	if (is_new)
		bs_vec_push(plan->arena, &plan->environment,
			    ((struct bs_variable){ bs_api_copy(plan, name), copy }));
}

enum bindsim_status bindsim_plan_set_variable(struct bindsim_plan *plan, const char *name,
					      const char *value, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !name || !*name || strchr(name, '='))
		return bs_api_refuse(error, "a plan and the name of a variable are wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	bs_api_set_variable(plan, name, value);
	return BINDSIM_OK;
}

enum bindsim_status bindsim_plan_set_environment(struct bindsim_plan *plan,
						 const char *const *environ_list,
						 struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!plan || !environ_list)
		return bs_api_refuse(error, "a plan and a list of variables are wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	for (const char *const *entry = environ_list; *entry; entry++) {
		const char *equals = strchr(*entry, '=');

		if (equals && bs_is_for_loader(*entry))
			bs_api_set_variable(
				plan,
				bs_arena_strndup(plan->arena, *entry, (size_t)(equals - *entry)),
				equals + 1);
	}
	return BINDSIM_OK;
}

enum bindsim_status bindsim_plan_set_setting(struct bindsim_plan *plan, const char *name,
					     const char *value, struct bindsim_error **error)
{
	bool is_new;

	bs_api_begin(error);
	if (!plan || !name || !strchr(name, '.') || strchr(name, '='))
		return bs_api_refuse(error, "a plan and a switch, LOADER.KEY, are wanted");
	if (BS_ON_OUT_OF_MEMORY(plan->arena))
		return bs_api_no_memory(error);
	const char *copy = bs_api_copy(plan, value);

	plan->settings.n = replace(plan->settings.v, plan->settings.n, name, copy, &is_new);
	if (is_new)
		bs_vec_push(plan->arena, &plan->settings,
			    ((struct bs_variable){ bs_api_copy(plan, name), copy }));
	return BINDSIM_OK;
}
