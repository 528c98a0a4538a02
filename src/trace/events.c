/* SPDX-License-Identifier: MIT */
/* What happens to the tasks that are traced: traps, signals, new tasks, new programs, ends. */
#include "trace-priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t event_message(const struct bs_task *task)
{
	unsigned long message = 0;

	ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &message);
	return (pid_t)message;
}

/* ---- new tasks
 * ------------------------------------------------------------------------------------ */

/* The process that the thread TID is of; TID where it cannot be told. */
static pid_t process_of(pid_t tid)
{
	char path[64], bytes[1024];
	const char *line;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes - 1) : -1;

	if (fd >= 0)
		close(fd);
	bytes[n > 0 ? n : 0] = '\0';
	line = strstr(bytes, "\nTgid:");
	return line ? (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10) : tid;
}

/* Where the kernel does not compare, vfork(2) and posix_spawn(3) are taken at their word. */
static bool share_memory(pid_t a, pid_t b, int event)
{
	long order = syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0);

	return order >= 0 ? order == 0 : event == PTRACE_EVENT_VFORK;
}

/* Its memory is a copy, with the traps in it, and nobody is going to wait for them. */
static void clean_copy(struct bs_tracer *t, const struct bs_space *space, pid_t pid)
{
	const char *path = bs_arena_printf(t->arena, "/proc/%ld/mem", (long)pid);
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	bs_traps_lift(space, fd);
	close(fd);
}

static void copy_frames(struct bs_tracer *t, struct bs_task *to, const struct bs_task *from)
{
	bs_vec_each (i, &from->frames)
		bs_vec_push(t->arena, &to->frames, from->frames.v[i]);
}

static void take_new_task(struct bs_tracer *t, struct bs_task *task, int event)
{
	pid_t tid = event_message(task);

	if (tid <= 0)
		return;
	struct bs_task *child = bs_task_add(t, tid, process_of(tid), task->space);

	child->is_known = true;
	if (child->tgid == task->tgid || !task->space)
		return;
	if (share_memory(task->tid, tid, event)) {
		child->is_borrower = true;
		return;
	}
	if (t->options->children) {
		child->space = bs_space_fork(t, task->space, tid);
		copy_frames(t, child, task);
		return;
	}
	clean_copy(t, task->space, tid);
	child->space = NULL;
	child->lets_go = true;
}

/* ---- ends and new programs
 * ---------------------------------------------------------------------------- */

static void let_go(struct bs_tracer *t, struct bs_task *task)
{
	ptrace(PTRACE_DETACH, task->tid, NULL, NULL);
	bs_task_remove(t, task);
}

static void take_end(struct bs_tracer *t, struct bs_task *task)
{
	struct bs_space *space = task->space;

	if (task->tid == t->main_pid) {
		t->result->status = task->event;
		t->is_over = true;
	}
	if (space)
		bs_frames_drop(space, task);
	bs_task_remove(t, task);
	if (space && !bs_space_tasks(t, space))
		bs_space_end(t, space, true);
}

/* All other threads are over, and are not heard of again. */
static void drop_threads(struct bs_tracer *t, const struct bs_task *task)
{
	struct bs_task *next;

	for (struct bs_task *other = t->tasks; other; other = next) {
		next = other->next;
		if (other != task && other->tgid == task->tgid)
			bs_task_remove(t, other);
	}
}

static void take_exec(struct bs_tracer *t, struct bs_task *task)
{
	struct bs_space *old = task->space;
	bool is_child = task->tgid != t->main_pid;
	uint32_t exec = 0;

	if (old)
		bs_frames_have_loader(old, task);
	drop_threads(t, task);
	task->frames.n = 0;
	task->awaits_vfork = task->is_exiting = false;
	if (task->is_borrower && !t->options->children) {
		let_go(t, task);
		return;
	}
	task->space = NULL;
	if (old && !task->is_borrower) {
		exec = old->log.recording->exec + 1;
		/* One that shares it would go on in it. */
		if (!bs_space_tasks(t, old))
			bs_space_end(t, old, false);
	}
	task->is_borrower = false;
	task->space = bs_space_begin(t, task->tid, is_child, exec);
	bs_task_go_on(task, 0);
}

/* ---- traps and signals
 * ----------------------------------------------------------------------------------- */

static bool is_fatal(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGILL || number == SIGFPE ||
	       number == SIGABRT || number == SIGTRAP || number == SIGSYS;
}

static void pass_signal(struct bs_task *task, int number)
{
	/* Should this be its end, the calls that it is in were made. */
	if (task->space && is_fatal(number))
		bs_frames_have_loader(task->space, task);
	bs_task_go_on(task, number);
}

/* The trap that TASK has met; NULL: the program has traps of its own. */
static struct bs_trap *trap_met(struct bs_task *task)
{
	struct bs_registers registers;
	siginfo_t info;

	if (!task->space || ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &info) != 0 ||
	    (info.si_code != SI_KERNEL && info.si_code != TRAP_BRKPT) ||
	    !bs_machine_read(task->tid, &registers))
		return NULL;
	struct bs_trap *trap =
		bs_trap_find(task->space, registers.pc - bs_machine.trap_advances_by);

	/* What was put back may be such an instruction itself. */
	if (trap && !trap->is_set &&
	    memcmp(trap->instruction, bs_machine.trap, bs_machine.trap_size) == 0)
		return NULL;
	return trap;
}

static void meet_trap(struct bs_tracer *t, struct bs_task *task, struct bs_trap *trap)
{
	const struct bs_trap met = *trap;

	bs_machine_set_pc(task->tid, met.at);
	/* It was taken out while this one was stopped by it already. */
	if (!met.is_set) {
		bs_task_go_on(task, 0);
		return;
	}
	if (met.returns)
		bs_frame_returns(task);
	if (met.is_notice)
		bs_maps_notice(t, task);
	if (met.is_constructor)
		bs_constructor_begins(t, task, met.at);
	if (met.call)
		bs_call_begins(t, task, met.call);
	trap = bs_trap_find(task->space, met.at);
	if (trap && trap->is_set &&
	    !bs_machine_emulate(task->tid, &task->space->memory, met.at, trap->instruction))
		bs_task_step_over(t, task, met.at);
	if (!task->has_event)
		bs_task_go_on(task, 0);
}

static void take_signal(struct bs_tracer *t, struct bs_task *task, int number)
{
	struct bs_trap *trap = number == SIGTRAP ? trap_met(task) : NULL;

	if (trap)
		meet_trap(t, task, trap);
	else
		pass_signal(task, number);
}

/* ---- all of it
 * ----------------------------------------------------------------------------------------- */

static void take_stop(struct bs_task *task, int number)
{
	if (number != SIGSTOP && number != SIGTSTP && number != SIGTTIN && number != SIGTTOU) {
		bs_task_go_on(task, 0);
		return;
	}
	ptrace(PTRACE_LISTEN, task->tid, NULL, NULL);
	task->is_running = task->is_listening = true;
}

static bool is_last_of(const struct bs_tracer *t, const struct bs_task *task)
{
	for (const struct bs_task *other = t->tasks; other; other = other->next)
		if (other != task && other->space == task->space && !other->is_exiting)
			return false;
	return true;
}

static void take_exit(struct bs_tracer *t, struct bs_task *task)
{
	task->is_exiting = true;
	/* What it calls it will not see the end of. */
	if (task->space && is_last_of(t, task))
		bs_frames_have_loader(task->space, task);
	bs_task_go_on(task, 0);
}

static void take_event(struct bs_tracer *t, struct bs_task *task)
{
	int event = task->event;

	task->has_event = false;
	if (!WIFSTOPPED(event)) {
		take_end(t, task);
		return;
	}
	if (task->lets_go) {
		let_go(t, task);
		return;
	}
	switch (event >> 16) {
	case 0:
		take_signal(t, task, WSTOPSIG(event));
		break;
	case PTRACE_EVENT_EXEC:
		take_exec(t, task);
		break;
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_CLONE:
		take_new_task(t, task, event >> 16);
		task->awaits_vfork = event >> 16 == PTRACE_EVENT_VFORK;
		bs_task_go_on(task, 0);
		break;
	case PTRACE_EVENT_VFORK_DONE:
		task->awaits_vfork = false;
		bs_task_go_on(task, 0);
		break;
	case PTRACE_EVENT_EXIT:
		take_exit(t, task);
		break;
	case PTRACE_EVENT_STOP:
		take_stop(task, WSTOPSIG(event));
		break;
	default:
		bs_task_go_on(task, 0);
		break;
	}
}

/* A process whose maker was killed before that could tell of it: it would wait for ever. */
static bool let_orphans_go(struct bs_tracer *t)
{
	struct bs_task *next;

	for (const struct bs_task *task = t->tasks; task; task = task->next)
		if (task->is_known)
			return false;
	for (struct bs_task *task = t->tasks; task; task = next) {
		next = task->next;
		if (t->last_ended)
			clean_copy(t, t->last_ended, task->tid);
		let_go(t, task);
	}
	return true;
}

void bs_trace_follow(struct bs_tracer *t)
{
	for (;;) {
		struct bs_task *task = bs_task_next(t);

		if (task)
			take_event(t, task);
		else if (!(t->tasks && let_orphans_go(t)) && !bs_wait(t))
			break;
	}
	/* Of tasks whose end was not told. */
	while (t->spaces)
		bs_space_end(t, t->spaces, true);
}
