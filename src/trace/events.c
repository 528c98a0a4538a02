/* SPDX-License-Identifier: MIT */
/* What happens to the tasks that are traced: traps, signals, new tasks, new programs, ends. */
#include "trace-priv.h"

#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

/* ---- ends and new programs
 * ---------------------------------------------------------------------------- */

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
	struct bs_task *former = bs_task_find(t, bs_event_message(task));
	uint32_t exec = 0;

	/* The thread that did it has the number of the first one now. */
	if (old && former)
		bs_frames_have_loader(old, former);
	drop_threads(t, task);
	task->frames.n = 0;
	task->awaits_vfork = task->is_exiting = false;
	if (task->is_borrower && !t->options->children) {
		t->result->n_let_go++;
		bs_task_let_go(t, task);
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

static bool stops_by_itself(const unsigned char *instruction)
{
	for (unsigned i = 0; i < bs_machine.trap_size; i++)
		if ((instruction[i] ^ bs_machine.trap[i]) & bs_machine.trap_bits[i])
			return false;
	return true;
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
	if (trap && !trap->is_set && stops_by_itself(trap->instruction))
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
	if (!task->has_event && !task->is_exiting)
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

static void take_event(struct bs_tracer *t, struct bs_task *task)
{
	int event = task->event;

	task->has_event = false;
	if (!WIFSTOPPED(event)) {
		take_end(t, task);
		return;
	}
	if (task->lets_go) {
		bs_task_let_go(t, task);
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
		bs_task_made(t, task, event >> 16);
		task->awaits_vfork = event >> 16 == PTRACE_EVENT_VFORK;
		bs_task_go_on(task, 0);
		break;
	case PTRACE_EVENT_VFORK_DONE:
		task->awaits_vfork = false;
		bs_task_go_on(task, 0);
		break;
	case PTRACE_EVENT_EXIT:
		bs_task_exits(t, task);
		break;
	case PTRACE_EVENT_STOP:
		take_stop(task, WSTOPSIG(event));
		break;
	default:
		bs_task_go_on(task, 0);
		break;
	}
}

void bs_trace_follow(struct bs_tracer *t)
{
	for (;;) {
		struct bs_task *task = bs_task_next(t);

		if (task)
			take_event(t, task);
		else if (!bs_orphans_take(t) && !bs_wait(t))
			break;
		if (t->gave_up)
			break;
	}
	if (t->gave_up && !t->is_over)
		t->result->status = SIGKILL;
	/* Of tasks whose end was not told. */
	while (t->spaces) {
		struct bs_recording *recording = t->spaces->log.recording;

		if (t->gave_up)
			bs_vec_push(t->arena, &recording->notes,
				    "the process did not end when it was killed: nobody waited "
				    "for it any longer");
		bs_space_end(t, t->spaces, true);
	}
}
