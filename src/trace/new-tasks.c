/* SPDX-License-Identifier: MIT */
/*
 * Whose a new task is.
 *
 * It stops at its begin and says nothing of itself; its maker does, before or after that. Or never:
 * a maker may be killed, or replaced by an exec of another thread, before it can.
 */
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

pid_t bs_event_message(const struct bs_task *task)
{
	unsigned long message = 0;

	ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &message);
	return (pid_t)message;
}

/* The number behind FIELD ("Tgid", "PPid") in the kernel's status of TID; 0: TID is no more. One
 * that ended is still there for its parent, although its end was told here. */
static pid_t status_of(pid_t tid, const char *field)
{
	char path[64], bytes[1024];
	const char *line, *state;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)tid);
	int fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	size_t n = fd >= 0 ? bs_read_up_to(fd, bytes, sizeof bytes - 1, 0) : 0;

	if (fd >= 0)
		close(fd);
	bytes[n] = '\0';
	state = strstr(bytes, "\nState:\t");
	if (!state || state[strlen("\nState:\t")] == 'Z' || state[strlen("\nState:\t")] == 'X')
		return 0;
	snprintf(path, sizeof path, "\n%s:", field);
	line = strstr(bytes, path);
	return line ? (pid_t)strtol(line + strlen(path), NULL, 10) : 0;
}

void bs_thread_know(struct bs_tracer *t, struct bs_task *task)
{
	pid_t tgid = status_of(task->tid, "Tgid");

	/* Whose memory a process has only its maker knows. */
	if (!tgid || tgid == task->tid)
		return;
	for (const struct bs_task *other = t->tasks; other; other = other->next) {
		if (!other->is_known || other->tgid != tgid)
			continue;
		task->tgid = tgid;
		task->space = other->space;
		task->is_known = true;
		return;
	}
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
	int fd = bs_open_at(AT_FDCWD, path, O_RDWR | O_CLOEXEC);

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

/* CHILD has a copy of SPACE. */
static void take_copy(struct bs_tracer *t, struct bs_task *child, struct bs_space *space)
{
	if (t->options->children) {
		child->space = bs_space_fork(t, space, child->tid);
		if (t->is_killed)
			kill(child->tid, SIGKILL);
		return;
	}
	clean_copy(t, space, child->tid);
	child->space = NULL;
	child->lets_go = true;
	t->result->n_let_go++;
}

void bs_task_made(struct bs_tracer *t, struct bs_task *task, int event)
{
	pid_t tid = bs_event_message(task), tgid = tid > 0 ? status_of(tid, "Tgid") : 0;

	/* It may have been killed, and have ended, before its maker could tell. */
	if (!tgid)
		return;
	struct bs_task *child = bs_task_add(t, tid, tgid, task->space);

	child->is_known = true;
	if (child->tgid == task->tgid || !task->space)
		return;
	if (share_memory(task->tid, tid, event)) {
		child->is_borrower = true;
		return;
	}
	take_copy(t, child, task->space);
	if (child->space)
		copy_frames(t, child, task);
}

void bs_task_let_go(struct bs_tracer *t, struct bs_task *task)
{
	ptrace(PTRACE_DETACH, task->tid, NULL, NULL);
	bs_task_remove(t, task);
}

/* ---- those whose maker cannot tell --------------------------------------------------------------
 */

static bool is_like(const struct bs_auxiliary *a, const struct bs_auxiliary *b)
{
	return a->base == b->base && a->vdso == b->vdso && a->phdr == b->phdr &&
	       a->entry == b->entry;
}

/* The one of SPACES whose memory is laid out as AUXILIARY says, that of PARENT if there are more.
 * NULL: none. */
static struct bs_space *space_like(struct bs_space *spaces, const struct bs_auxiliary *auxiliary,
				   pid_t parent)
{
	struct bs_space *found = NULL;

	for (struct bs_space *space = spaces; space; space = space->next)
		if (is_like(&space->auxiliary, auxiliary) && (!found || space->pid == parent))
			found = space;
	return found;
}

static bool is_process(const struct bs_tracer *t, pid_t pid)
{
	for (const struct bs_task *task = t->tasks; task; task = task->next)
		if (task->is_known && task->tgid == pid)
			return true;
	return false;
}

/* Whether a thread may tell of a child of PARENT, with such a memory, yet. Where PARENT is nobody
 * that is known, its maker may be any (clone(2), CLONE_PARENT). */
static bool has_maker(const struct bs_tracer *t, const struct bs_auxiliary *auxiliary, pid_t parent)
{
	bool is_known = is_process(t, parent);

	for (const struct bs_task *task = t->tasks; task; task = task->next)
		if (task->is_known && !task->is_exiting && task->space &&
		    (!is_known || task->tgid == parent) &&
		    is_like(&task->space->auxiliary, auxiliary) && status_of(task->tid, "Tgid"))
			return true;
	return false;
}

static bool read_auxiliary(pid_t pid, struct bs_auxiliary *ret)
{
	struct bs_memory memory = { .fd = -1 };
	bool ok = bs_memory_of_process(pid, &memory) && bs_auxiliary_of_process(pid, &memory, ret);

	bs_memory_close(&memory);
	return ok;
}

static bool take_orphan(struct bs_tracer *t, struct bs_task *task)
{
	pid_t parent = status_of(task->tid, "PPid");
	struct bs_auxiliary auxiliary;

	/* One that cannot be read is about to end. */
	if (!read_auxiliary(task->tid, &auxiliary) || has_maker(t, &auxiliary, parent))
		return false;
	struct bs_space *space = space_like(t->spaces, &auxiliary, parent);

	if (!space)
		space = space_like(t->ended, &auxiliary, parent);
	task->is_known = true;
	task->tgid = task->tid;
	if (space)
		take_copy(t, task, space);
	else
		task->lets_go = true;
	return true;
}

bool bs_orphans_take(struct bs_tracer *t)
{
	bool found = false;

	for (struct bs_task *task = t->tasks; task; task = task->next)
		if (!task->is_known && task->has_event)
			found |= take_orphan(t, task);
	return found;
}
