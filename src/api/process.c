/* SPDX-License-Identifier: MIT */
/* Processes that are there, held against the simulation. */
#include "simulation-priv.h"

#include "../input/process.h"

#include <stdlib.h>
#include <string.h>

/* A slot that there is something to say of. */
struct kept_slot {
	const char *symbol, *version; /* VERSION may be NULL */
	const char *holds;
	bs_map_id object, definer, simulated; /* or BS_NO_MAP */
	bool differs;
};

struct kept_file {
	const char *name, *state;
};

struct bindsim_process {
	struct bs_arena *arena;
	struct bindsim_result *result;
	struct bindsim_plan *plan;
	struct bs_api_texts texts;
	bool is_loading;
	int signal;
	uint32_t n_agree, n_differ, n_not_compared;
	BS_VEC(struct kept_slot) slots;
	bs_ids missing;
	BS_VEC(const char *) unexpected;
	BS_VEC(struct kept_file) files;
};

/* A process that is being read. */
struct reading {
	struct bs_api_simulation s;
	struct bindsim_process *ret;
	const struct bindsim_plan *asked; /* or NULL */
	int pid;
	const char *core;	/* a file; NULL: it is the process PID */
	const char *executable; /* of the core, or NULL */
	struct bs_subject subject;
	bs_live_slots slots;
	struct bs_diags diags;
	struct bs_observation observation;
};

/* ---- what is kept ------------------------------------------------------------------------------
 */

static const char *keep(struct bindsim_process *process, const char *text)
{
	return text ? bs_arena_strndup(process->arena, text, strlen(text)) : NULL;
}

static bs_map_id map_of(const struct bs_observation *o, uint32_t object)
{
	return object == BS_NO_LIVE_OBJECT ? BS_NO_MAP : o->by_object[object].map;
}

static void take_slot(struct bindsim_process *process, const struct bs_observation *o,
		      uint32_t index)
{
	const struct bs_live_slot *slot = &o->slots->v[index];
	const struct bs_observed_slot *observed = &o->by_slot[index];
	const char *version, *symbol = bs_observed_symbol(o, index, &version);
	const struct kept_slot kept = {
		.symbol = keep(process, symbol),
		.version = keep(process, version),
		.holds = bs_content_slug((enum bs_content)slot->content),
		.object = map_of(o, slot->object),
		.definer = map_of(o, slot->definer),
		.differs = observed->agreement == BS_DIFFERS,
		.simulated = observed->is_simulated ? observed->answer.definer : BS_NO_MAP,
	};

	bs_vec_push(process->arena, &process->slots, kept);
}

static void take_object(struct bindsim_process *process, const struct bs_observation *o,
			uint32_t index)
{
	const struct bs_live_object *object = &o->objects->v[index];
	const char *name = keep(process, object->path ? object->path : object->name);

	if (o->by_object[index].map == BS_NO_MAP && !object->is_vdso)
		bs_vec_push(process->arena, &process->unexpected, name);
	if (object->file != BS_LIVE_FILE_SAME && object->file != BS_LIVE_FILE_NONE)
		bs_vec_push(process->arena, &process->files,
			    ((struct kept_file){ name, bs_live_file_slug(object->file) }));
}

static void take(struct bindsim_process *process, const struct bs_observation *o)
{
	process->is_loading = o->subject->is_loading;
	process->signal = o->subject->signal;
	process->n_agree = o->n_agree;
	process->n_differ = o->n_differ;
	process->n_not_compared = o->n_not_compared;
	bs_vec_each (i, o->slots)
		if (o->by_slot[i].agreement == BS_DIFFERS ||
		    o->slots->v[i].content == BS_CONTENT_PATCHED)
			take_slot(process, o, i);
	bs_vec_each (i, &o->missing)
		bs_vec_push(process->arena, &process->missing, o->missing.v[i]);
	bs_vec_each (i, o->objects)
		take_object(process, o, i);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

/* PROBLEM is a sentence, which names the process or the core. */
static enum bindsim_status cannot_read(const struct reading *r, const char *problem,
				       struct bindsim_error **error)
{
	size_t n = r->core ? strlen(r->core) : 0;

	if (n && strncmp(problem, r->core, n) == 0 && strncmp(problem + n, ": ", 2) == 0)
		return bs_api_fail(error, BINDSIM_ERROR_PROCESS, r->core, NULL, problem + n + 2);
	return bs_api_fail(error, BINDSIM_ERROR_PROCESS, NULL, NULL, problem);
}

/* What it is, and what its slots hold. */
static const char *look(struct reading *r, const char *root)
{
	struct bs_arena *arena = r->s.arena;
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &r->diags };
	const char *problem;

	r->diags.arena = arena;
	if (!r->core)
		return bs_live_process_read(&ctx, r->s.store, r->pid, root, &r->subject, &r->slots);
	problem = bs_subject_of_core(&ctx, r->s.store, r->core, r->executable, root, &r->subject);
	if (!problem)
		bs_live_slots_read(&ctx, &r->subject, &r->slots);
	return problem;
}

static enum bindsim_status observe(struct reading *r, struct bs_plan *plan,
				   struct bindsim_error **error)
{
	struct bs_api_simulation *s = &r->s;
	const struct bs_process_question question = {
		.subject = &r->subject,
		.slots = &r->slots,
		.executable = r->executable,
		.has_plan = plan->executable || plan->n_steps,
	};
	const char *problem = NULL;

	s->plan = plan;
	switch (bs_process_observe(s->arena, s->store, &question, plan, &r->observation,
				   &problem)) {
	case BS_SIM_OK:
	case BS_SIM_REFUSED:
		break;
	case BS_SIM_CANNOT:
		return bs_api_cannot(s, problem, error);
	case BS_SIM_NO_MEMORY:
		return bs_api_lacks(error);
	}
	s->observation = s->reports.observed = &r->observation;
	s->reports.check.patched = r->observation.patched.v;
	s->reports.check.n_patched = r->observation.patched.n;
	return BINDSIM_OK;
}

/* All that allocates. */
static enum bindsim_status read_all(struct reading *r, struct bindsim_error **error)
{
	struct bs_api_simulation *s = &r->s;
	enum bindsim_status status;

	if (BS_ON_OUT_OF_MEMORY(s->arena))
		return bs_api_lacks(error);
	bs_arena_unwind_with(r->ret->arena, s->arena);
	struct bs_plan *plan = bs_new(s->arena, struct bs_plan, 1);

	if (r->asked)
		*plan = bs_api_plan(r->asked);
	/* As for each simulation. */
	plan->trace = true;
	status = bs_api_open_libraries(s, error);
	if (status != BINDSIM_OK)
		return status;
	const char *problem = look(r, plan->root);

	if (problem)
		return cannot_read(r, problem, error);
	status = observe(r, plan, error);
	if (status != BINDSIM_ERROR_NO_MEMORY)
		bs_api_tell_log(s, &r->diags);
	if (status == BINDSIM_OK)
		status = bs_api_open_reports(s, error);
	if (status != BINDSIM_OK)
		return status;
	bs_api_write_questions(s, plan);
	status = bs_api_simulate(s, plan, r->ret->result, error);
	if (status != BINDSIM_OK)
		return status;
	take(r->ret, &r->observation);
	return bs_api_plan_new(plan, &r->ret->plan) == BINDSIM_OK ? BINDSIM_OK
								  : bs_api_no_memory(error);
}

void bindsim_process_free(struct bindsim_process *process)
{
	if (!process)
		return;
	bindsim_result_free(process->result);
	bindsim_plan_free(process->plan);
	bs_api_texts_free(&process->texts);
	bs_arena_free(process->arena);
	free(process);
}

static struct bindsim_process *process_new(void)
{
	struct bindsim_process *process = calloc(1, sizeof *process);

	if (!process)
		return NULL;
	process->arena = bs_arena_new();
	process->result = bs_api_result_new();
	if (process->arena && process->result)
		return process;
	bindsim_process_free(process);
	return NULL;
}

static enum bindsim_status read_any(struct reading *r, struct bindsim_store *store,
				    const struct bindsim_options *options,
				    struct bindsim_process **ret_process,
				    struct bindsim_error **error)
{
	struct bs_api_texts texts = { 0 };
	enum bindsim_status status;

	*ret_process = NULL;
	if (r->asked && r->asked->said.around.n)
		return bs_api_refuse(error, "a block of constructors is open");
	r->ret = process_new();
	if (bs_api_begin_simulation(&r->s, store, options) && r->ret)
		status = read_all(r, error);
	else
		status = bs_api_no_memory(error);
	/* Its memory and its files, which may lie in those of the simulation. */
	bs_subject_close(&r->subject, r->s.store);
	status = bs_api_end_simulation(&r->s, status, &texts, error);
	if (r->ret)
		r->ret->texts = texts;
	if (status == BINDSIM_OK || status == BINDSIM_ERROR_OUTPUT)
		*ret_process = r->ret;
	else
		bindsim_process_free(r->ret);
	return status;
}

enum bindsim_status bindsim_process_read(struct bindsim_store *store, int pid,
					 const struct bindsim_plan *plan,
					 const struct bindsim_options *options,
					 struct bindsim_process **ret_process,
					 struct bindsim_error **error)
{
	struct reading r = { .pid = pid, .asked = plan };

	bs_api_begin(error);
	if (ret_process)
		*ret_process = NULL;
	if (pid <= 0 || !ret_process)
		return bs_api_refuse(error, "the number of a process and a place for it are "
					    "wanted");
	return read_any(&r, store, options, ret_process, error);
}

enum bindsim_status bindsim_core_read(struct bindsim_store *store, const char *path,
				      const char *executable, const struct bindsim_plan *plan,
				      const struct bindsim_options *options,
				      struct bindsim_process **ret_process,
				      struct bindsim_error **error)
{
	struct reading r = { .core = path, .executable = executable, .asked = plan };

	bs_api_begin(error);
	if (ret_process)
		*ret_process = NULL;
	if (!path || !ret_process)
		return bs_api_refuse(error, "the file of a core and a place for the process are "
					    "wanted");
	return read_any(&r, store, options, ret_process, error);
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

const struct bindsim_result *bindsim_process_result(const struct bindsim_process *process)
{
	return process ? process->result : NULL;
}

const char *bindsim_process_report(const struct bindsim_process *process, size_t index,
				   size_t *ret_n)
{
	return bs_api_texts_at(process ? &process->texts : NULL, index, ret_n);
}

enum bindsim_status bindsim_process_plan(const struct bindsim_process *process,
					 struct bindsim_plan **ret_plan,
					 struct bindsim_error **error)
{
	bs_api_begin(error);
	if (ret_plan)
		*ret_plan = NULL;
	if (!process || !process->plan || !ret_plan)
		return bs_api_refuse(error, "a process and a place for the plan are wanted");
	return bindsim_plan_copy(process->plan, ret_plan) == BINDSIM_OK ? BINDSIM_OK
									: bs_api_no_memory(error);
}

int bindsim_process_agrees(const struct bindsim_process *process)
{
	return process && !process->n_differ && !process->missing.n && !process->unexpected.n;
}

int bindsim_process_is_loading(const struct bindsim_process *process)
{
	return process && process->is_loading;
}

int bindsim_process_signal(const struct bindsim_process *process)
{
	return process ? process->signal : 0;
}

size_t bindsim_process_agreeing(const struct bindsim_process *process)
{
	return process ? process->n_agree : 0;
}

size_t bindsim_process_not_compared(const struct bindsim_process *process)
{
	return process ? process->n_not_compared : 0;
}

size_t bindsim_process_differing(const struct bindsim_process *process)
{
	return process ? process->n_differ : 0;
}

size_t bindsim_process_slots(const struct bindsim_process *process)
{
	return process ? process->slots.n : 0;
}

/* A function that says of a slot (R) what it is. */
#define TELL_SLOT(name, type, nothing, value)                                                      \
	type bindsim_process_slot_##name(const struct bindsim_process *process, size_t index)      \
	{                                                                                          \
		const struct kept_slot *r =                                                        \
			index < bindsim_process_slots(process) ? &process->slots.v[index] : NULL;  \
                                                                                                   \
		return r ? (value) : (nothing);                                                    \
	}

TELL_SLOT(differs, int, 0, r->differs)
TELL_SLOT(object, uint32_t, BINDSIM_NONE, r->object)
TELL_SLOT(symbol, const char *, NULL, r->symbol)
TELL_SLOT(version, const char *, NULL, r->version)
TELL_SLOT(holds, const char *, NULL, r->holds)
TELL_SLOT(definer, uint32_t, BINDSIM_NONE, r->definer)
TELL_SLOT(simulated, uint32_t, BINDSIM_NONE, r->simulated)

size_t bindsim_process_missing(const struct bindsim_process *process)
{
	return process ? process->missing.n : 0;
}

uint32_t bindsim_process_missing_object(const struct bindsim_process *process, size_t index)
{
	return index < bindsim_process_missing(process) ? process->missing.v[index] : BINDSIM_NONE;
}

size_t bindsim_process_unexpected(const struct bindsim_process *process)
{
	return process ? process->unexpected.n : 0;
}

const char *bindsim_process_unexpected_file(const struct bindsim_process *process, size_t index)
{
	return index < bindsim_process_unexpected(process) ? process->unexpected.v[index] : NULL;
}

size_t bindsim_process_files(const struct bindsim_process *process)
{
	return process ? process->files.n : 0;
}

const char *bindsim_process_file(const struct bindsim_process *process, size_t index)
{
	return index < bindsim_process_files(process) ? process->files.v[index].name : NULL;
}

const char *bindsim_process_file_state(const struct bindsim_process *process, size_t index)
{
	return index < bindsim_process_files(process) ? process->files.v[index].state : NULL;
}
