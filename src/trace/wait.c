/* SPDX-License-Identifier: MIT */
/* What happens is waited for: to the tasks, and signals that are sent to bindsim itself. */
#include "trace-priv.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

/* So long all processes may take to end when they are killed. */
enum { SECONDS_TO_DIE = 5 };

bool bs_is_event(int status, int event)
{
	return WIFSTOPPED(status) && status >> 16 == event;
}

static void note(struct bs_tracer *t, pid_t tid, int status)
{
	struct bs_task *task = bs_task_find(t, tid);

	if (!task) {
		/* One that is gone already, or whose maker did not tell of it yet. */
		if (!WIFSTOPPED(status))
			return;
		task = bs_task_add(t, tid, 0, NULL);
		bs_thread_know(t, task);
	}
	if (!task->has_event)
		task->arrival = ++t->arrivals;
	task->has_event = true;
	task->event = status;
	task->is_running = task->is_listening = false;
	/* The other threads of a process that execs are not heard of again. */
	for (struct bs_task *other = t->tasks; bs_is_event(status, PTRACE_EVENT_EXEC) && other;
	     other = other->next)
		if (other->tgid == task->tgid)
			other->is_running = false;
}

/* ---- signals to bindsim --------------------------------------------------------------------- */

static void signal_all(const struct bs_tracer *t, int number)
{
	for (const struct bs_task *task = t->tasks; task; task = task->next)
		if (task->is_known && !task->lets_go)
			kill(task->tgid, number);
}

static struct timespec now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time;
}

/* Those that end a program by hand are meant for the command, or for what it left behind. What
 * comes from the terminal they get themselves. */
static void pass_on(struct bs_tracer *t, int number)
{
	if (number != SIGTERM && number != SIGHUP)
		return;
	if (number == SIGTERM && t->n_terminations++) {
		if (!t->is_killed)
			t->killed = now();
		t->is_killed = true;
		signal_all(t, SIGKILL);
	} else if (t->is_over) {
		signal_all(t, number);
	} else {
		kill(t->main_pid, number);
	}
}

/* Takes the signals that came, and waits TIME for one. */
static void take_signals(struct bs_tracer *t, struct timespec time)
{
	int number;

	while ((number = sigtimedwait(&t->waits_for, NULL, &time)) > 0) {
		pass_on(t, number);
		time = (struct timespec){ 0 };
	}
}

static bool gives_up(struct bs_tracer *t)
{
	t->gave_up =
		t->gave_up || (t->is_killed && now().tv_sec > t->killed.tv_sec + SECONDS_TO_DIE);
	return t->gave_up;
}

bool bs_wait(struct bs_tracer *t)
{
	/* What all ends in, should the kernel ever not tell of something. */
	const struct timespec at_most = { .tv_sec = 1 };
	int status;

	/* Where something happens all the time, these have their turn, too. */
	take_signals(t, (struct timespec){ 0 });
	while (!gives_up(t)) {
		pid_t tid = waitpid(-1, &status, __WALL | WNOHANG);

		if (tid > 0) {
			note(t, tid, status);
			return true;
		}
		if (tid < 0 && errno != EINTR)
			return false;
		take_signals(t, at_most);
	}
	return false;
}
