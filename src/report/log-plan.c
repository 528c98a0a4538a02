/* SPDX-License-Identifier: MIT */
/*
 * What a process opened and closed, as a plan. A log has no flags: LAZY shows in how objects are
 * relocated, GLOBAL and DEEPBIND in scopes. Steps keep their numbers.
 */
#include "log-report.h"
#include "plan-format.h"

#include <string.h>

struct planning {
	struct bs_arena *arena;
	const struct bs_log_result *result;
	const struct bs_log_process *process;
	const struct bs_log_details *d;
	BS_VEC(struct bs_block) blocks;
	bs_ids block_objects; /* by block */
	struct bs_step *steps;
};

static const char *object_words(const struct planning *p, bs_name name, uint32_t ns)
{
	const char *text = bs_log_words(p->result, name);

	return ns ? bs_arena_printf(p->arena, "%s[%u]", text, ns) : text;
}

static uint32_t blocks_of(const struct planning *p, uint32_t object)
{
	uint32_t n = 0;

	bs_vec_each (i, &p->block_objects)
		n += p->block_objects.v[i] == object;
	return n;
}

/* The block of the constructors that make STEP: the Nth of an object is its Nth run. */
static uint32_t block_of(struct planning *p, const struct bs_log_step *step)
{
	const struct bs_log_object *o;

	if (step->init == BS_LOG_NO_OBJECT)
		return 0;
	o = &p->d->objects.v[step->init];
	while (blocks_of(p, step->init) < step->run) {
		const struct bs_block block = { object_words(p, o->name, o->ns) };

		bs_vec_push(p->arena, &p->blocks, block);
		bs_vec_push(p->arena, &p->block_objects, step->init);
	}
	for (uint32_t i = p->blocks.n, n = blocks_of(p, step->init); i-- > 0;) {
		if (p->block_objects.v[i] != step->init)
			continue;
		if (n-- == step->run)
			return i + 1;
	}
	return 0;
}

/* Nothing was loaded, and the log does not say that nothing was found. With RTLD_NOLOAD the same
 * comes of it, whatever the reason was. */
static bool is_noload(const struct bs_log_step *step)
{
	return !step->is_close && step->object == BS_LOG_NO_OBJECT && !step->had_map &&
	       !step->missing && step->state != BS_LOG_STEP_DONE;
}

static unsigned mode_of(const struct bs_log_step *step)
{
	unsigned mode = step->lazy == BS_LOG_YES ? BS_MODE_LAZY : BS_MODE_NOW;

	if (step->global == BS_LOG_YES)
		mode |= BS_MODE_GLOBAL;
	if (step->deepbind == BS_LOG_YES)
		mode |= BS_MODE_DEEPBIND;
	if (step->nodelete == BS_LOG_YES)
		mode |= BS_MODE_NODELETE;
	if (is_noload(step))
		mode |= BS_MODE_NOLOAD;
	return mode;
}

static const char *spell(struct bs_arena *arena, const struct bs_log_step *step)
{
	const char *flags = bs_log_flags(arena, step);
	const char *noload = is_noload(step) ? "NOLOAD" : NULL;

	if (!flags)
		return noload ? "NOW,NOLOAD" : NULL;
	return bs_arena_printf(arena, "%s%s%s%s", step->lazy == BS_LOG_MAYBE ? "NOW," : "", flags,
			       noload ? "," : "", noload ? noload : "");
}

/* The one that makes the call, unless it is the usual one. */
static const char *caller_of(const struct planning *p, const struct bs_log_step *step,
			     uint32_t block)
{
	bs_name usual = block ? p->d->objects.v[step->init].name : p->process->program;
	uint32_t usual_ns = block ? p->d->objects.v[step->init].ns : 0;

	if (!step->by || (step->by == usual && step->by_ns == usual_ns))
		return NULL;
	return object_words(p, step->by, step->by_ns);
}

static struct bs_step step_of(struct planning *p, uint32_t index)
{
	const struct bs_log_step *step = &p->d->steps.v[index];
	uint32_t block = block_of(p, step);
	struct bs_step made = { .block = block };

	if (step->is_close) {
		made.kind = BS_STEP_DLCLOSE;
		made.of_step = step->of + 1;
		return made;
	}
	made.kind = step->is_dlmopen ? BS_STEP_DLMOPEN : BS_STEP_DLOPEN;
	made.file = bs_log_words(p->result, step->file);
	made.mode = mode_of(step);
	made.spelled = spell(p->arena, step);
	made.caller = caller_of(p, step, block);
	if (step->is_dlmopen && step->ns_of != BS_LOG_NO_STEP)
		made.of_step = step->ns_of + 1;
	/* The program itself, which is there by no name. */
	if (step->file == p->process->program && step->again)
		made.file = "";
	return made;
}

/* Blocks stand in each other, or one behind the other: a step that came while constructors of
 * another thread ran is the program's. */
static void keep_blocks_apart(struct planning *p)
{
	uint32_t *behind = bs_new(p->arena, uint32_t, p->blocks.n + 1);
	uint32_t begun = 0;
	bs_ids open = { 0 };

	bs_vec_each (i, &p->d->steps)
		behind[p->steps[i].block] = i + 1;
	bs_vec_each (i, &p->d->steps) {
		while (begun < p->steps[i].block) {
			while (open.n && behind[open.v[open.n - 1]] < i + 1)
				open.n--;
			bs_vec_push(p->arena, &open, ++begun);
		}
		while (open.n && behind[open.v[open.n - 1]] < i + 1)
			open.n--;
		if (open.n <= BS_PLAN_DEEPEST &&
		    p->steps[i].block == (open.n ? open.v[open.n - 1] : 0))
			continue;
		p->steps[i].block = open.n ? open.v[open.n - 1] : 0;
	}
}

static const char *unknown_of(struct bs_arena *arena, const struct bs_log_process *process)
{
	const uint64_t *n = process->n;

	return bs_arena_printf(
		arena, "%s%s%s%scalls of dlsym, LD_* variables%s",
		n[BS_LOG_NEEDED] || n[BS_LOG_LINK_MAP] || n[BS_LOG_DYNAMIC] || n[BS_LOG_OPENED]
			? ""
			: "what was opened (LD_DEBUG=files), ",
		n[BS_LOG_RELOCATION] ? "" : "RTLD_LAZY (LD_DEBUG=reloc), ",
		n[BS_LOG_SCOPE] ? "" : "RTLD_GLOBAL and RTLD_DEEPBIND (LD_DEBUG=scopes), ",
		n[BS_LOG_OPENED] && process->release_from >= 42 ? "opens of what was open already, "
								: "",
		process->program ? "" : ", the program");
}

struct bs_log_plan bs_log_plan_of(struct bs_arena *arena, const struct bs_log_result *result,
				  uint32_t process)
{
	struct planning p = {
		.arena = arena,
		.result = result,
		.process = bs_log_process(result->log, process),
		.d = bs_log_details_of(result, process),
	};
	struct bs_log_plan made = { .unknown = unknown_of(arena, p.process) };

	p.steps = bs_new(arena, struct bs_step, p.d->steps.n);
	bs_vec_each (i, &p.d->steps)
		p.steps[i] = step_of(&p, i);
	keep_blocks_apart(&p);
	if (p.process->program)
		made.plan.executable = bs_log_words(result, p.process->program);
	made.plan.steps = p.steps;
	made.plan.n_steps = p.d->steps.n;
	made.plan.blocks = p.blocks.v;
	made.plan.n_blocks = p.blocks.n;
	return made;
}

const struct bs_format bs_format_log_plan = {
	.name = "plan",
	.parts = (const char *const[]){ NULL },
	.tells_no_findings = true,
};
