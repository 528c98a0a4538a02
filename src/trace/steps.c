/* SPDX-License-Identifier: MIT */
/* What is recorded while the program runs: calls, and constructors that make them. */
#include "trace-priv.h"

#include <dlfcn.h>
#include <string.h>

/* ---- constructors
 * -------------------------------------------------------------------------------- */

/* MAP's block, begun when its constructors make their first call. */
static uint32_t block_of(struct bs_arena *arena, struct bs_log *log, struct bs_mapped *map)
{
	if (!map->block) {
		bs_vec_push(arena, &log->blocks,
			    (struct bs_raw_block){
				    .object = map->text,
				    .run = map->run,
				    .during = map->born,
			    });
		map->block = log->blocks.n;
	}
	return map->block;
}

/* The innermost constructor that TASK is in; of start-up only, where STARTUP. */
static struct bs_frame *constructor_of(struct bs_task *task, bool startup)
{
	for (uint32_t i = task->frames.n; i-- > 0;) {
		struct bs_frame *frame = &task->frames.v[i];
		const struct bs_mapped *map;

		if (frame->call || frame->is_left)
			continue;
		map = bs_map_with(task->space, frame->map);
		if (map && (!startup || !map->born))
			return frame;
	}
	return NULL;
}

/* 1 + the raw block whose constructors TASK is in, or 0. */
static uint32_t block_now(struct bs_tracer *t, struct bs_task *task)
{
	struct bs_space *space = task->space;
	struct bs_frame *frame = constructor_of(task, false);

	/* Threads that constructors of start-up began do not wait for its end: what they do comes
	 * while those run. */
	for (struct bs_task *other = t->tasks; other && !frame; other = other->next)
		if (other->space == space && other != task)
			frame = constructor_of(other, true);
	if (!frame)
		return 0;
	return block_of(t->arena, &space->log, bs_map_with(space, frame->map));
}

/* ---- steps
 * --------------------------------------------------------------------------------------- */

/* Who makes the call, where it is not who would make it if nothing was said. The loader takes the
 * program for who calls from an address that is in no object. (glibc
 * elf/dl-open.c:dl_open_worker_begin) */
static const char *caller_text(const struct bs_space *space, const struct bs_mapped *caller,
			       uint32_t block)
{
	const char *program = space->log.recording->plan.executable;
	const char *text = caller ? caller->text : program;
	const char *usual = block ? space->log.blocks.v[block - 1].object : program;

	return strcmp(text, usual) == 0 ? NULL : text;
}

/* Programs may ask for one symbol a hundred thousand times, and get the same answer. */
static bool was_asked(struct bs_tracer *t, struct bs_log *log, const struct bs_raw_step *step)
{
	if (!log->asked)
		log->asked = bs_names_new(t->arena);
	const char *text = bs_arena_printf(
		t->arena, "%u %u %d %u %s %s %s", log->restart, step->block, step->step.handle,
		step->of, step->step.caller ? step->step.caller : "", step->step.symbol,
		step->step.version ? step->step.version : "");

	if (bs_name_find(log->asked, text))
		return true;
	bs_name_of(log->asked, text);
	return false;
}

uint32_t bs_step_add(struct bs_tracer *t, struct bs_task *task, const struct bs_mapped *caller,
		     struct bs_raw_step step)
{
	struct bs_space *space = task->space;
	struct bs_log *log = &space->log;

	step.block = block_now(t, task);
	step.step.caller = caller_text(space, caller, step.block);
	step.began = log->last_order;
	if (step.step.kind != BS_STEP_DLSYM)
		log->restart++;
	else if (was_asked(t, log, &step))
		return 0;
	bs_vec_push(t->arena, &log->steps, step);
	log->recording->n_calls++;
	return log->steps.n;
}

void bs_step_has_loader(struct bs_space *space, uint32_t step)
{
	struct bs_raw_step *raw = step ? &space->log.steps.v[step - 1] : NULL;

	if (raw && !raw->order)
		raw->order = ++space->log.last_order;
}

void bs_step_is_silent(struct bs_log *log, uint32_t step)
{
	struct bs_raw_step *open = &log->steps.v[step - 1];
	uint32_t first = open->order;

	open->is_silent = true;
	/* Nothing else returned meanwhile, as where there is but one thread. */
	if (open->step.kind == BS_STEP_DLCLOSE || !open->handle || open->began + 1 == open->order)
		return;
	bs_vec_each (i, &log->steps) {
		const struct bs_raw_step *s = &log->steps.v[i];

		if (s->step.kind == BS_STEP_DLCLOSE && s->is_silent && s->of &&
		    log->steps.v[s->of - 1].handle == open->handle && s->order > open->began &&
		    s->order < first)
			first = s->order;
	}
	bs_vec_each (i, &log->steps) {
		struct bs_raw_step *s = &log->steps.v[i];

		if (s->order >= first && s->order < open->order)
			s->order++;
	}
	open->order = first;
}

uint32_t bs_step_of_handle(const struct bs_log *log, uint64_t handle)
{
	uint32_t closed = 0;

	for (uint32_t i = log->steps.n; handle && i-- > 0;) {
		const struct bs_raw_step *step = &log->steps.v[i];

		if (step->handle != handle || step->step.internal)
			continue;
		if (step->is_open)
			return i + 1;
		if (!closed)
			closed = i + 1;
	}
	return closed;
}

uint32_t bs_step_of_namespace(const struct bs_log *log, uint32_t ns)
{
	for (uint32_t i = log->steps.n; i-- > 0;) {
		const struct bs_raw_step *step = &log->steps.v[i];

		if (step->step.file && step->handle && step->ns == ns)
			return i + 1;
	}
	return 0;
}

const char *bs_flags_text(struct bs_arena *arena, uint32_t mode)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{ RTLD_LAZY, "LAZY" },	       { RTLD_NOW, "NOW" },
		{ RTLD_GLOBAL, "GLOBAL" },     { RTLD_NOLOAD, "NOLOAD" },
		{ RTLD_DEEPBIND, "DEEPBIND" }, { RTLD_NODELETE, "NODELETE" },
	};
	const char *text = "";
	uint32_t left = mode;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!(left & names[i].flag))
			continue;
		text = bs_arena_printf(arena, "%s%s%s", text, *text ? "," : "", names[i].name);
		left &= ~names[i].flag;
	}
	/* How the loader takes flags that contradict each other is up to it. */
	bool binds_one_way = !(mode & RTLD_LAZY) != !(mode & RTLD_NOW);

	return left || !binds_one_way ? bs_arena_printf(arena, "0x%x", mode) : text;
}
