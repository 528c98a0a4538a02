/* SPDX-License-Identifier: MIT */
/*
 * Threads, stopped and let go.
 *
 * Whatever is waited for, all that happens meanwhile is noted with its task, and looked at later in
 * the order in which it came: so nothing is lost, and a thread that is dead is never waited for.
 */
#include "trace-priv.h"

#include <errno.h>
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
		    (task->is_known || WIFEXITED(task->event) || WIFSIGNALED(task->event)) &&
		    (!first || task->arrival < first->arrival))
			first = task;
	return first;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static bool is_exec(int status)
{
	return WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXEC;
}

static void note(struct bs_tracer *t, pid_t tid, int status)
{
	struct bs_task *task = bs_task_find(t, tid);

	if (!task) {
		/* One that is gone already, or whose maker did not tell of it yet. */
		if (!WIFSTOPPED(status))
			return;
		task = bs_task_add(t, tid, 0, NULL);
	}
	if (!task->has_event)
		task->arrival = ++t->arrivals;
	task->has_event = true;
	task->event = status;
	task->is_running = task->is_listening = false;
	/* The other threads of a process that execs are not heard of again. */
	for (struct bs_task *other = t->tasks; is_exec(status) && other; other = other->next)
		if (other->tgid == task->tgid)
			other->is_running = false;
}

/* Those that end a program by hand are meant for the command. What comes from the terminal it gets
 * itself. */
static void pass_on(const struct bs_tracer *t, int number)
{
	if ((number == SIGTERM || number == SIGHUP) && !t->is_over)
		kill(t->main_pid, number);
}

bool bs_wait(struct bs_tracer *t)
{
	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);

		if (tid > 0) {
			note(t, tid, status);
			return true;
		}
		if (tid < 0 && errno != EINTR)
			return false;
		pass_on(t, sigwaitinfo(&t->waits_for, NULL));
	}
}

/* ---- going on ------------------------------------------------------------------------------- */

void bs_task_go_on(struct bs_task *task, int number)
{
	/* One that was killed meanwhile tells of its end. */
	ptrace(PTRACE_CONT, task->tid, NULL, (void *)(intptr_t)number);
	task->is_running = true;
}

static bool is_own_stop(int status)
{
	return WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP &&
	       WSTOPSIG(status) == SIGTRAP;
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
	while (wanted && bs_wait(t)) {
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
		if (other->is_held)
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

static void step(struct bs_tracer *t, struct bs_task *task)
{
	bool stops = false;

	do {
		task->has_event = false;
		task->is_running = true;
		ptrace(PTRACE_SINGLESTEP, task->tid, NULL, NULL);
		while (!task->has_event && bs_wait(t))
			;
		stops |= task->has_event && task->event >> 16 == PTRACE_EVENT_STOP;
	} while (task->has_event && WIFSTOPPED(task->event) &&
		 task->event >> 16 == PTRACE_EVENT_STOP);
	if (task->has_event && was_step(task))
		task->has_event = false;
	/* Should job control have stopped it meanwhile, it says so again. */
	if (stops)
		ptrace(PTRACE_INTERRUPT, task->tid, NULL, NULL);
}

void bs_task_step_over(struct bs_tracer *t, struct bs_task *task, uint64_t at)
{
	struct bs_trap *trap = bs_trap_find(task->space, at);
	bool several = bs_space_tasks(t, task->space) > 1;
	uint64_t mask;

	if (several)
		stop_others(t, task);
	bs_trap_write(task->space, at, trap->instruction, bs_machine.trap_size);
	bool blocked = block_signals(task->tid, &mask);

	step(t, task);
	if (blocked)
		ptrace(PTRACE_SETSIGMASK, task->tid, sizeof mask, &mask);
	bs_trap_write(task->space, at, bs_machine.trap, bs_machine.trap_size);
	if (several)
		let_others_go(t);
}
