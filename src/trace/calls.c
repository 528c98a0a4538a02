/* SPDX-License-Identifier: MIT */
/*
 * Functions that begin and end: dlopen(3) and its kin, and constructors. A frame is known by the
 * stack pointer that it leaves behind; one that the program left in another way is still there when
 * a call comes from further out.
 */
#include "trace-priv.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LEFT = 64 };

struct bs_frame *bs_frame_top(struct bs_task *task)
{
	for (uint32_t i = task->frames.n; i-- > 0;)
		if (!task->frames.v[i].is_left)
			return &task->frames.v[i];
	return NULL;
}

/* A dlclose takes effect behind the destructors that it runs, and behind what they call. (glibc
 * elf/dl-close.c:_dl_close_worker) */
void bs_frames_have_loader(struct bs_space *space, struct bs_task *task)
{
	const struct bs_frame *top = bs_frame_top(task);

	bs_vec_each (i, &task->frames) {
		const struct bs_frame *frame = &task->frames.v[i];

		if (frame->call && !frame->is_left &&
		    (frame->call != BS_CALL_DLCLOSE || frame == top))
			bs_step_has_loader(space, frame->step);
	}
}

static void drop_frame(struct bs_space *space, struct bs_task *task, uint32_t i)
{
	struct bs_trap *trap = bs_trap_find(space, task->frames.v[i].pc);

	if (trap && trap->returns) {
		trap->returns--;
		bs_trap_tidy(space, trap);
	}
	memmove(&task->frames.v[i], &task->frames.v[i + 1],
		(task->frames.n - 1 - i) * sizeof *task->frames.v);
	task->frames.n--;
}

void bs_frames_drop(struct bs_space *space, struct bs_task *task)
{
	while (task->frames.n)
		drop_frame(space, task, task->frames.n - 1);
}

/* A function that began with the stack so high was called from outside of those that would leave it
 * lower. It may be on another stack, though: they are kept, should they return after all. */
static void note_left(struct bs_space *space, struct bs_task *task, uint64_t sp)
{
	uint32_t n_left = 0;

	bs_vec_each (i, &task->frames) {
		task->frames.v[i].is_left |= task->frames.v[i].sp <= sp;
		n_left += task->frames.v[i].is_left;
	}
	for (uint32_t i = 0; n_left > MOST_LEFT; i++) {
		if (!task->frames.v[i].is_left)
			continue;
		drop_frame(space, task, i--);
		n_left--;
	}
}

static void push_frame(struct bs_tracer *t, struct bs_task *task, struct bs_frame frame)
{
	struct bs_trap *trap = bs_trap_set(t, task->space, frame.pc);

	if (trap)
		trap->returns++;
	bs_vec_push(t->arena, &task->frames, frame);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

/* What a call was handed, and by whom. */
struct entry {
	struct bs_registers registers;
	struct bs_frame frame;
	const struct bs_mapped *caller;
};

static const char *string_at(struct bs_tracer *t, struct bs_space *space, uint64_t at)
{
	return at ? bs_memory_string(t->arena, &space->memory, at) : "";
}

/* A relative path of a program that has changed its directory since its begin is made absolute: a
 * plan has one directory. */
static const char *file_as_planned(struct bs_tracer *t, struct bs_task *task, const char *file)
{
	struct bs_space *space = task->space;
	char link[64], cwd[4096];
	ssize_t n;

	if (!file || *file == '/' || !strchr(file, '/') || *file == '$' || !space->cwd)
		return file;
	snprintf(link, sizeof link, "/proc/%ld/cwd", (long)task->tid);
	n = readlink(link, cwd, sizeof cwd - 1);
	if (n <= 0)
		return file;
	cwd[n] = '\0';
	if (strcmp(cwd, space->cwd) == 0)
		return file;
	/* As the process sees it. */
	const char *root = space->log.recording->plan.root, *path = cwd;

	if (root && strncmp(cwd, root, strlen(root)) == 0)
		path += strlen(root);
	space->log.moved++;
	return bs_arena_printf(t->arena, "%s/%s", strcmp(path, "/") == 0 ? "" : path, file);
}

static bool take_open(struct bs_tracer *t, struct bs_task *task, struct entry *entry,
		      struct bs_raw_step *step)
{
	bool is_apart = entry->frame.call == BS_CALL_DLMOPEN;
	const uint64_t *words = entry->registers.arguments + is_apart;
	int64_t ns = is_apart ? (int64_t)entry->registers.arguments[0] : LM_ID_BASE;

	step->step.kind = is_apart ? BS_STEP_DLMOPEN : BS_STEP_DLOPEN;
	step->step.file = file_as_planned(t, task, string_at(t, task->space, words[0]));
	step->step.spelled = bs_flags_text(t->arena, (uint32_t)words[1]);
	step->ns = UINT32_MAX;
	if (!step->step.file)
		return false;
	if (!is_apart || ns == LM_ID_NEWLM)
		return true;
	step->of = bs_step_of_namespace(&task->space->log, (uint32_t)ns);
	/* What stands for the namespace that nothing was opened in yet. */
	if (!step->of && ns == LM_ID_BASE && (!entry->caller || !entry->caller->map.ns))
		step->step.kind = BS_STEP_DLOPEN;
	return step->of || step->step.kind == BS_STEP_DLOPEN;
}

static bool take_symbol(struct bs_tracer *t, struct bs_task *task, struct entry *entry,
			struct bs_raw_step *step)
{
	struct bs_space *space = task->space;
	const uint64_t *words = entry->registers.arguments;

	step->step.kind = BS_STEP_DLSYM;
	step->step.symbol = string_at(t, space, words[1]);
	if (entry->frame.call == BS_CALL_DLVSYM)
		step->step.version = string_at(t, space, words[2]);
	step->step.handle = words[0] == (uint64_t)(uintptr_t)RTLD_DEFAULT ? BS_HANDLE_DEFAULT
			    : words[0] == (uint64_t)(uintptr_t)RTLD_NEXT  ? BS_HANDLE_NEXT
									  : BS_HANDLE_STEP;
	if (step->step.handle == BS_HANDLE_STEP)
		step->of = bs_step_of_handle(&space->log, words[0]);
	/* No plan can ask for a symbol without a name. */
	return step->step.symbol && *step->step.symbol &&
	       (entry->frame.call != BS_CALL_DLVSYM ||
		(step->step.version && *step->step.version)) &&
	       (step->step.handle != BS_HANDLE_STEP || step->of);
}

static bool take_arguments(struct bs_tracer *t, struct bs_task *task, struct entry *entry,
			   struct bs_raw_step *step)
{
	switch (entry->frame.call) {
	case BS_CALL_DLOPEN:
	case BS_CALL_DLMOPEN:
		return take_open(t, task, entry, step);
	case BS_CALL_DLSYM:
	case BS_CALL_DLVSYM:
		return take_symbol(t, task, entry, step);
	case BS_CALL_DLCLOSE:
		step->step.kind = BS_STEP_DLCLOSE;
		step->of = bs_step_of_handle(&task->space->log, entry->registers.arguments[0]);
		return step->of != 0;
	case BS_CALL_NONE:
		break;
	}
	return false;
}

void bs_call_begins(struct bs_tracer *t, struct bs_task *task, enum bs_call call)
{
	struct bs_space *space = task->space;
	struct entry entry = { .frame.call = call };
	struct bs_raw_step step = { 0 };

	if (!bs_machine_read(task->tid, &entry.registers) ||
	    !bs_machine_way_back(task->tid, &space->memory, &entry.frame.pc, &entry.frame.sp))
		return;
	note_left(space, task, entry.frame.sp);
	entry.caller = bs_map_at(space, entry.frame.pc);
	if (!take_arguments(t, task, &entry, &step)) {
		space->log.strangers++;
		return;
	}
	entry.frame.step = bs_step_add(t, task, entry.caller, step);
	if (!entry.frame.step)
		return;
	/* Alone, a thread has the loader at once. */
	if (step.step.kind == BS_STEP_DLSYM && bs_space_tasks(t, space) == 1)
		bs_step_has_loader(space, entry.frame.step);
	else
		push_frame(t, task, entry.frame);
}

/* ---- constructors
 * --------------------------------------------------------------------------------- */

/* The Nth run of the constructors of objects that are called NAME begins. */
static uint32_t next_run(struct bs_tracer *t, struct bs_log *log, const char *name)
{
	bs_vec_each (i, &log->runs)
		if (strcmp(log->runs.v[i].name, name) == 0)
			return ++log->runs.v[i].n;
	bs_vec_push(t->arena, &log->runs, (struct bs_runs){ name, 1 });
	return 1;
}

void bs_constructor_begins(struct bs_tracer *t, struct bs_task *task, uint64_t function)
{
	struct bs_space *space = task->space;
	struct bs_mapped *map = bs_map_at(space, function), *by;
	struct bs_frame frame = { 0 };

	if (!map || !bs_machine_way_back(task->tid, &space->memory, &frame.pc, &frame.sp))
		return;
	/* Others may call such a function, too, and then it is one like any other. */
	by = bs_map_at(space, frame.pc);
	if (!by || by->map.bias != space->auxiliary.base)
		return;
	note_left(space, task, frame.sp);
	frame.map = map->map.at;
	if (!map->run) {
		map->run = next_run(t, &space->log, map->text);
		/* By now it is relocated: what could not be told before stands there. */
		map->is_watched = false;
		bs_constructors_watch(t, space, map);
		map->is_watched = true;
	}
	push_frame(t, task, frame);
}

/* ---- ends
 * ------------------------------------------------------------------------------------------ */

static void end_call(struct bs_space *space, const struct bs_frame *frame, uint64_t result,
		     bool is_silent)
{
	struct bs_log *log = &space->log;
	struct bs_raw_step *step = &log->steps.v[frame->step - 1];
	const struct bs_mapped *map;

	if (step->step.kind == BS_STEP_DLSYM)
		return;
	log->restart++;
	if (step->step.kind == BS_STEP_DLCLOSE) {
		if ((int)result == 0) {
			log->steps.v[step->of - 1].is_open = false;
			if (is_silent)
				bs_step_is_silent(log, frame->step);
		}
		return;
	}
	map = bs_map_with(space, result);
	step->handle = result;
	step->is_open = result != 0;
	step->ns = map ? map->map.ns : UINT32_MAX;
	if (is_silent)
		bs_step_is_silent(log, frame->step);
}

void bs_frame_returns(struct bs_task *task)
{
	struct bs_space *space = task->space;
	struct bs_registers registers;
	uint32_t i = task->frames.n;

	if (!bs_machine_read(task->tid, &registers))
		return;
	while (i > 0 && (task->frames.v[i - 1].pc != registers.pc ||
			 task->frames.v[i - 1].sp != registers.sp))
		i--;
	if (!i)
		return;
	const struct bs_frame frame = task->frames.v[i - 1];

	/* What it called is over, too. */
	while (task->frames.n > i)
		drop_frame(space, task, task->frames.n - 1);
	task->frames.v[i - 1].is_left = false;
	bool is_silent = frame.call && !space->log.steps.v[frame.step - 1].order;

	if (frame.call)
		bs_frames_have_loader(space, task);
	drop_frame(space, task, i - 1);
	if (frame.call)
		end_call(space, &frame, registers.result, is_silent);
}
