/* SPDX-License-Identifier: MIT */
/*
 * Threads, stopped and let go.
 *
 * Whatever is waited for, all that happens meanwhile is noted with its task, and looked at later in
 * the order in which it came: so nothing is lost, and a thread that is dead is never waited for.
 * Only ends do not wait: the kernel may hold up the one that is waited for until they are through.
 */
#include "trace-priv.h"

#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

struct bs_task *bs_task_find(struct bs_tracer *t, pid_t tid)
{
	struct bs_task *task = t->tasks;

	while (task && task->tid != tid)
		task = task->next;
	return task;
}

struct bs_task *bs_task_add(struct bs_tracer *t, pid_t tid, pid_t tgid, struct bs_space *space)
{
	struct bs_task *task = bs_task_find(t, tid);

	if (!task) {
		task = bs_new(t->arena, struct bs_task, 1);
		task->next = t->tasks;
		t->tasks = task;
	}
	task->tid = tid;
	task->tgid = tgid;
	task->space = space;
	return task;
}

void bs_task_remove(struct bs_tracer *t, struct bs_task *task)
{
	struct bs_task **at = &t->tasks;

	while (*at != task)
		at = &(*at)->next;
	*at = task->next;
}

uint32_t bs_space_tasks(const struct bs_tracer *t, const struct bs_space *space)
{
	uint32_t n = 0;

	for (const struct bs_task *task = t->tasks; task; task = task->next)
		n += task->space == space;
	return n;
}

struct bs_task *bs_task_next(struct bs_tracer *t)
{
	struct bs_task *first = NULL;

	for (struct bs_task *task = t->tasks; task; task = task->next)
		if (task->has_event &&
		    (task->is_known || !WIFSTOPPED(task->event) ||
		     bs_is_event(task->event, PTRACE_EVENT_EXIT)) &&
		    (!first || task->arrival < first->arrival))
			first = task;
	return first;
}

/* ---- going on ------------------------------------------------------------------------------- */

void bs_task_go_on(struct bs_task *task, int number)
{
	/* One that was killed meanwhile tells of its end. */
	ptrace(PTRACE_CONT, task->tid, NULL, (void *)(intptr_t)number);
	task->is_running = true;
}

static bool is_last_of(const struct bs_tracer *t, const struct bs_task *task)
{
	for (const struct bs_task *other = t->tasks; other; other = other->next)
		if (other != task && other->space == task->space && !other->is_exiting)
			return false;
	return true;
}

void bs_task_exits(struct bs_tracer *t, struct bs_task *task)
{
	task->has_event = false;
	task->is_exiting = true;
	/* What it calls it will not see the end of. */
	if (task->space && is_last_of(t, task))
		bs_frames_have_loader(task->space, task);
	bs_task_go_on(task, 0);
}

/* Waits in the midst of a step. A thread that execs, or dumps core, goes on when all others of its
 * process have ended (Linux fs/exec.c:de_thread, fs/coredump.c:coredump_wait), and it may be the
 * one that is waited for. */
static bool wait_within(struct bs_tracer *t)
{
	if (!bs_wait(t))
		return false;
	for (struct bs_task *task = t->tasks; task; task = task->next)
		if (task->has_event && bs_is_event(task->event, PTRACE_EVENT_EXIT))
			bs_task_exits(t, task);
	return true;
}

static bool is_own_stop(int status)
{
	return bs_is_event(status, PTRACE_EVENT_STOP) && WSTOPSIG(status) == SIGTRAP;
}

/* Those that have SPACE's memory and execute code in it. */
static bool may_run(const struct bs_task *task, const struct bs_space *space)
{
	return task->space == space && task->is_running && !task->is_exiting &&
	       !task->awaits_vfork && !task->is_listening;
}

static void stop_others(struct bs_tracer *t, const struct bs_task *task)
{
	uint32_t wanted = 0;

	for (struct bs_task *other = t->tasks; other; other = other->next) {
		other->is_interrupted = other != task && may_run(other, task->space) &&
					ptrace(PTRACE_INTERRUPT, other->tid, NULL, NULL) == 0;
		wanted += other->is_interrupted;
	}
	while (wanted && wait_within(t)) {
		wanted = 0;
		for (const struct bs_task *other = t->tasks; other; other = other->next)
			wanted += other->is_interrupted && may_run(other, task->space);
	}
	for (struct bs_task *other = t->tasks; other; other = other->next) {
		if (!other->is_interrupted || !other->has_event || !is_own_stop(other->event))
			continue;
		other->has_event = false;
		other->is_held = true;
	}
}

static void let_others_go(struct bs_tracer *t)
{
	for (struct bs_task *other = t->tasks; other; other = other->next) {
		other->is_interrupted = false;
		/* One that was killed meanwhile went on by that. */
		if (other->is_held && !other->has_event && !other->is_exiting)
			bs_task_go_on(other, 0);
		other->is_held = false;
	}
}

/* No handler may begin before the step is done: all are blocked but those that the instruction
 * itself can raise, which the kernel would deliver anyhow, and with the default action. */
static bool block_signals(pid_t tid, uint64_t *ret_before)
{
	static const int own[] = { SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
	uint64_t blocked = ~(uint64_t)0;

	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof *ret_before, ret_before) != 0)
		return false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		blocked &= ~((uint64_t)1 << (own[i] - 1));
	blocked |= *ret_before;
	return ptrace(PTRACE_SETSIGMASK, tid, sizeof blocked, &blocked) == 0;
}

static bool was_step(const struct bs_task *task)
{
	siginfo_t info;

	return WIFSTOPPED(task->event) && task->event >> 16 == 0 &&
	       WSTOPSIG(task->event) == SIGTRAP &&
	       ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &info) == 0 && info.si_code == TRAP_TRACE;
}

static bool is_stopped(const struct bs_task *task)
{
	return task->has_event && bs_is_event(task->event, PTRACE_EVENT_STOP);
}

static void step(struct bs_tracer *t, struct bs_task *task)
{
	bool stops = false;

	do {
		task->has_event = false;
		task->is_running = true;
		ptrace(PTRACE_SINGLESTEP, task->tid, NULL, NULL);
		while (!task->has_event && !task->is_exiting && wait_within(t))
			;
		stops |= is_stopped(task);
	} while (is_stopped(task));
	if (task->has_event && was_step(task))
		task->has_event = false;
	/* Should job control have stopped it meanwhile, it says so again. */
	if (stops)
		ptrace(PTRACE_INTERRUPT, task->tid, NULL, NULL);
}

/* Whether TASK is where it was. When it was killed, its number may be that of a thread by now that
 * has executed another program. */
static bool is_there(const struct bs_task *task)
{
	return !task->is_exiting &&
	       !(task->has_event &&
		 (!WIFSTOPPED(task->event) || bs_is_event(task->event, PTRACE_EVENT_EXEC)));
}

void bs_task_step_over(struct bs_tracer *t, struct bs_task *task, uint64_t at)
{
	struct bs_trap *trap = bs_trap_find(task->space, at);
	bool several = bs_space_tasks(t, task->space) > 1;
	uint64_t mask;

	if (several)
		stop_others(t, task);
	if (!task->has_event && !task->is_exiting) {
		bs_trap_write(task->space, at, trap->instruction, bs_machine.trap_size);
		bool blocked = block_signals(task->tid, &mask);

		step(t, task);
		if (blocked && is_there(task))
			ptrace(PTRACE_SETSIGMASK, task->tid, sizeof mask, &mask);
		bs_trap_write(task->space, at, bs_machine.trap, bs_machine.trap_size);
	}
	if (several)
		let_others_go(t);
}
