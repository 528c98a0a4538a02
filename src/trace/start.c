/* SPDX-License-Identifier: MIT */
/* The command is started, and its end awaited. */
#include "trace-priv.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TRACE_OPTIONS = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXEC |
			PTRACE_O_TRACEEXIT,
};

/* What SIGCHLD meant before; the command is to find it so. */
static struct sigaction child_action;

static void ready_signals(struct bs_tracer *t)
{
	static const int numbers[] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	const struct sigaction usual = { .sa_handler = SIG_DFL };

	sigemptyset(&t->waits_for);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&t->waits_for, numbers[i]);
	sigprocmask(SIG_BLOCK, &t->waits_for, &t->before);
	/* Were it ignored, nothing would tell of children. */
	sigaction(SIGCHLD, &usual, &child_action);
}

static void restore_signals(const struct bs_tracer *t)
{
	struct timespec at_once = { 0 };

	/* Those of our own children, which are over. */
	while (sigtimedwait(&t->waits_for, NULL, &at_once) > 0)
		;
	sigaction(SIGCHLD, &child_action, NULL);
	sigprocmask(SIG_SETMASK, &t->before, NULL);
}

static bool is_elf(const char *path)
{
	char head[SELFMAG] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, head, sizeof head) == SELFMAG &&
		  memcmp(head, ELFMAG, SELFMAG) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

/* Becomes COMMAND, the file PATH. Where it cannot, execvp(3) would look further for these: true. */
static bool run_at(const char *path, char *const *command)
{
	execv(path, command);
	return errno == EACCES || errno == ENOENT || errno == ENOTDIR;
}

/*
 * errno. execvp(3) hands to the shell what the kernel does not know, which is right for a script
 * without an interpreter, and not for a program of another machine.
 */
static int run_command(char *const *command)
{
	const char *name = command[0], *file = name;
	const char *dirs = strchr(name, '/') ? NULL : getenv("PATH");
	char path[PATH_MAX];
	bool goes_on = true;

	if (!dirs)
		run_at(name, command);
	for (const char *at = dirs; at && goes_on; at = *at ? at + 1 : NULL) {
		int n = (int)strcspn(at, ":");
		int length = snprintf(path, sizeof path, "%.*s%s%s", n, at, n ? "/" : "", name);

		file = path;
		goes_on = length >= (int)sizeof path || run_at(path, command);
		at += n;
	}
	if (errno == ENOEXEC && is_elf(file))
		return ENOEXEC;
	execvp(name, command);
	return errno;
}

/* In the child: becomes the command when GO says so, or says on FAILED why it cannot. Where GO ends
 * without a word, bindsim was killed before it could see what the command does. */
_Noreturn static void become(const struct bs_tracer *t, int go, int failed)
{
	char byte;
	ssize_t told;

	sigaction(SIGCHLD, &child_action, NULL);
	sigprocmask(SIG_SETMASK, &t->before, NULL);
	do
		told = read(go, &byte, 1);
	while (told < 0 && errno == EINTR);
	if (told == 1) {
		int error = run_command(t->options->command);

		while (write(failed, &error, sizeof error) < 0 && errno == EINTR)
			;
	}
	/* Without what a copy of bindsim would do at its end. */
	for (;;)
		raise(SIGKILL);
}

static const char *problem_text(struct bs_arena *arena, const char *what, int error)
{
	return bs_arena_printf(arena, "%s: %s", what, strerror(error));
}

/* A word of the shell, such as cd or X=1, is no program. execve(2) says of an interpreter that is
 * not there what it says of the file. */
static const char *why_no_exec(struct bs_arena *arena, const char *command, int error)
{
	bool is_path = strchr(command, '/') != NULL;

	if (error == ENOENT && is_path && access(command, F_OK) == 0)
		return bs_arena_printf(arena, "%s: the interpreter that it names is not there",
				       command);
	return bs_arena_printf(arena, "%s: %s%s", command, strerror(error),
			       error == ENOENT && !is_path ? " in PATH" : "");
}

/* Of a child that will not become the command. */
static void see_end(pid_t pid)
{
	pid_t found;
	int status;

	do {
		found = waitpid(pid, &status, __WALL);
		if (found == pid && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, NULL, NULL);
	} while (found < 0 ? errno == EINTR : WIFSTOPPED(status));
}

/* *RET_FAILED, which an exec closes at its other end, tells why there was none. */
static bool start(struct bs_tracer *t, int *ret_failed)
{
	const char *command = t->options->command[0];
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC) != 0) {
		t->result->problem = problem_text(t->arena, command, errno);
		return false;
	}
	if (pipe2(failed, O_CLOEXEC) != 0) {
		t->result->problem = problem_text(t->arena, command, errno);
		close(go[0]);
		close(go[1]);
		return false;
	}
	t->main_pid = fork();
	if (t->main_pid == 0) {
		close(go[1]);
		become(t, go[0], failed[1]);
	}
	close(failed[1]);
	if (t->main_pid < 0) {
		t->result->problem = problem_text(t->arena, command, errno);
	} else if (ptrace(PTRACE_SEIZE, t->main_pid, NULL, (void *)(uintptr_t)TRACE_OPTIONS) != 0) {
		t->result->problem = bs_arena_printf(t->arena, "%s: cannot be traced (ptrace): %s",
						     command, strerror(errno));
		kill(t->main_pid, SIGKILL);
	} else if (!bs_write_all(go[1], "", 1)) {
		t->result->problem = problem_text(t->arena, command, errno);
		kill(t->main_pid, SIGKILL);
	}
	/* Its reader's end is open until here, should the child be dead: no SIGPIPE comes of it. */
	close(go[0]);
	close(go[1]);
	struct bs_task *task = bs_task_add(t, t->main_pid, t->main_pid, NULL);

	task->is_known = true;
	task->is_running = true;
	if (t->result->problem) {
		close(failed[0]);
		if (t->main_pid > 0)
			see_end(t->main_pid);
		return false;
	}
	*ret_failed = failed[0];
	return true;
}

/* Why the child did not become the command, when all is over. It is not waited for before: signals
 * may stop the child until somebody looks at them. */
static void take_failure(struct bs_tracer *t, int failed)
{
	int error = 0;

	while (read(failed, &error, sizeof error) < 0 && errno == EINTR)
		;
	close(failed);
	if (error)
		t->result->problem = why_no_exec(t->arena, t->options->command[0], error);
}

bool bs_trace_run(struct bs_arena *arena, const struct bs_trace_options *options,
		  struct bs_traced *ret)
{
	struct bs_tracer t = { .arena = arena, .options = options, .result = ret };

	int failed = -1;

	*ret = (struct bs_traced){ 0 };
	if (!bs_machine.can_trace) {
		ret->problem = "programs of this machine cannot be traced";
		return false;
	}
	ready_signals(&t);
	if (start(&t, &failed)) {
		bs_trace_follow(&t);
		/* Should it not have ended, it is nobody's failure. */
		if (t.gave_up)
			close(failed);
		else
			take_failure(&t, failed);
	}
	restore_signals(&t);
	return !ret->problem;
}
