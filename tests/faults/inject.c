/* SPDX-License-Identifier: MIT */
/*
 * Runs a command and has system calls of it fail, or a signal come to it, once its loader has done
 * its work: in all threads, also those calls that the C library makes for itself. What the command
 * starts is left alone.
 *
 *	inject KIND:WHAT:FIRST-LAST[/EVERY] REPORT COMMAND ARGUMENT...
 *
 * KIND: a row of `kinds'. WHAT: the name of an error, "short" for half of what was asked for, or
 *the name of a signal that comes before the call. Calls have numbers, from 1 on; of FIRST to LAST
 *each EVERYth is hit. REPORT: where a line says how many calls there were. The status is the
 *command's, 128+N where signal N ended it, and 99 where it could not be traced.
 */
#include <stdio.h>

#ifndef __x86_64__

int main(void)
{
	fputs("inject: not on this machine\n", stderr);
	return 98;
}

#else

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

enum { MOST_CALLS = 12, MOST_THREADS = 64, LOST = 99 };
enum { CALL_STOP = SIGTRAP | 0x80, NONE = -1 };

struct kind {
	const char *name;
	long calls[MOST_CALLS]; /* up to a zero, which is read(2): it comes first */
};

static const struct kind kinds[] = {
	{ "read", { SYS_read, SYS_pread64, SYS_readv, SYS_process_vm_readv } },
	{ "write", { SYS_write, SYS_pwrite64, SYS_writev } },
	{ "put", { SYS_write } },
	{ "sync", { SYS_fsync, SYS_fdatasync } },
	{ "rename", { SYS_rename, SYS_renameat, SYS_renameat2 } },
	{ "close", { SYS_close } },
	{ "open", { SYS_open, SYS_openat, SYS_openat2, SYS_creat } },
	{ "stat", { SYS_stat, SYS_fstat, SYS_lstat, SYS_newfstatat, SYS_statx } },
	{ "map", { SYS_mmap } },
	{ "memory", { SYS_mmap, SYS_brk, SYS_mremap } },
	{ "list", { SYS_getdents64 } },
	{ "link", { SYS_readlink, SYS_readlinkat } },
	{ "make",
	  { SYS_mkdir, SYS_symlink, SYS_symlinkat, SYS_mkdirat, SYS_ftruncate, SYS_fallocate } },
	{ "wait", { SYS_wait4, SYS_waitid } },
	{ "trace", { SYS_ptrace } },
	{ "start", { SYS_clone, SYS_clone3, SYS_fork, SYS_vfork } },
	{ "any", { -2 } },
};

static const struct {
	const char *name;
	int number;
} errors[] = {
	{ "ENOSPC", ENOSPC }, { "EIO", EIO },	    { "EINTR", EINTR },	  { "EACCES", EACCES },
	{ "EMFILE", EMFILE }, { "ENFILE", ENFILE }, { "ENOMEM", ENOMEM }, { "ELOOP", ELOOP },
	{ "EDQUOT", EDQUOT }, { "EAGAIN", EAGAIN }, { "EROFS", EROFS },	  { "EPERM", EPERM },
}, signals[] = {
	{ "SIGTERM", SIGTERM }, { "SIGINT", SIGINT },	{ "SIGHUP", SIGHUP },
	{ "SIGKILL", SIGKILL }, { "SIGALRM", SIGALRM }, { "SIGCHLD", SIGCHLD },
	{ "SIGPIPE", SIGPIPE },
};

struct rule {
	const struct kind *kind;
	int error, signal;
	bool is_short;
	unsigned long first, last, every;
	unsigned long n; /* calls so far */
};

/* Threads that are in a call that does not take place, and what it returns. */
static struct {
	pid_t tid;
	int error;
	bool is_brk; /* whose argument comes back */
	uint64_t argument;
} failing[MOST_THREADS];

static int find(pid_t tid)
{
	for (int i = 0; i < MOST_THREADS; i++)
		if (failing[i].tid == tid)
			return i;
	return NONE;
}

static int number_of(const char *name, bool is_error)
{
	for (size_t i = 0; is_error && i < sizeof errors / sizeof *errors; i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	for (size_t i = 0; !is_error && i < sizeof signals / sizeof *signals; i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	return 0;
}

static bool read_rule(char *text, struct rule *ret)
{
	const char *kind = strtok(text, ":"), *what = strtok(NULL, ":"), *range = strtok(NULL, ":");

	*ret = (struct rule){ .every = 1 };
	for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, kind) == 0)
			ret->kind = &kinds[i];
	if (!ret->kind || !what || !range ||
	    sscanf(range, "%lu-%lu/%lu", &ret->first, &ret->last, &ret->every) < 2)
		return false;
	ret->error = number_of(what, true);
	ret->signal = number_of(what, false);
	ret->is_short = strcmp(what, "short") == 0;
	return ret->error || ret->signal || ret->is_short;
}

/* Messages are to be read, so that what goes to standard error is left alone. */
static bool is_of(const struct kind *kind, const struct user_regs_struct *r)
{
	long call = (long)r->orig_rax;
	bool is_mapping_of_file = call == SYS_mmap && (int)r->r8 >= 0;

	if (kind->calls[0] == -2)
		return call != SYS_exit_group;
	if (call == SYS_mmap && is_mapping_of_file != (strcmp(kind->name, "map") == 0))
		return false;
	if ((call == SYS_write || call == SYS_writev) && (int)r->rdi == STDERR_FILENO)
		return false;
	for (int i = 0; i < MOST_CALLS && (i == 0 || kind->calls[i]); i++)
		if (kind->calls[i] == call)
			return true;
	return false;
}

static void enter(pid_t tid, pid_t pid, struct rule *rule)
{
	struct user_regs_struct r;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &r) != 0 || !is_of(rule->kind, &r))
		return;
	unsigned long n = ++rule->n;

	if (n < rule->first || n > rule->last || (n - rule->first) % rule->every != 0)
		return;
	if (rule->signal) {
		kill(pid, rule->signal);
		return;
	}
	if (rule->is_short) {
		r.rdx = (r.rdx + 1) / 2;
	} else {
		int free_one = find(0);

		if (free_one == NONE)
			exit(LOST);
		failing[free_one].tid = tid;
		failing[free_one].error = rule->error;
		failing[free_one].is_brk = r.orig_rax == SYS_brk;
		failing[free_one].argument = r.rdi;
		/* brk has no errors: the break stays where it is. And what close() could not close
		 * is closed. */
		if (r.orig_rax == SYS_brk)
			r.rdi = 0;
		else if (r.orig_rax != SYS_close)
			r.orig_rax = (unsigned long long)-1;
	}
	ptrace(PTRACE_SETREGS, tid, NULL, &r);
}

static void leave(pid_t tid)
{
	int at = find(tid);
	struct user_regs_struct r;

	if (at == NONE || ptrace(PTRACE_GETREGS, tid, NULL, &r) != 0)
		return;
	if (failing[at].is_brk)
		r.rdi = failing[at].argument;
	else
		r.rax = (unsigned long long)(long)-failing[at].error;
	failing[at].tid = 0;
	ptrace(PTRACE_SETREGS, tid, NULL, &r);
}

static void call_stop(pid_t tid, pid_t pid, struct rule *rule)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof info, &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter(tid, pid, rule);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(tid);
}

/* ---- where the loader has done its work ------------------------------------------------------ */

static uint64_t entry_of(pid_t pid)
{
	char path[64];
	Elf64_auxv_t at;
	uint64_t entry = 0;

	snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	FILE *file = fopen(path, "re");

	while (file && fread(&at, sizeof at, 1, file) == 1)
		if (at.a_type == AT_ENTRY)
			entry = at.a_un.a_val;
	if (file)
		fclose(file);
	return entry;
}

/* Runs up to the entry point, which the loader jumps to. */
static bool run_to_entry(pid_t pid)
{
	uint64_t entry = entry_of(pid);
	struct user_regs_struct r;
	int status;

	errno = 0;
	long word = ptrace(PTRACE_PEEKTEXT, pid, (void *)entry, NULL);

	if (!entry || errno ||
	    ptrace(PTRACE_POKETEXT, pid, (void *)entry, (void *)((word & ~0xffL) | 0xcc)) != 0)
		return false;
	for (int signal = 0;; signal = WSTOPSIG(status)) {
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal) != 0 ||
		    waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return false;
		if (WSTOPSIG(status) == SIGTRAP && status >> 16 == 0)
			break;
	}
	if (ptrace(PTRACE_GETREGS, pid, NULL, &r) != 0 || r.rip != entry + 1)
		return false;
	r.rip = entry;
	return ptrace(PTRACE_POKETEXT, pid, (void *)entry, (void *)word) == 0 &&
	       ptrace(PTRACE_SETREGS, pid, NULL, &r) == 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

static pid_t start(char **command)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
			     PTRACE_O_EXITKILL;
	int ends[2], status;
	char byte;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) != 0)
			_exit(LOST);
		execvp(command[0], command);
		_exit(LOST);
	}
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, NULL, (void *)options) != 0)
		return -1;
	/* It waits for the end of file. */
	close(ends[1]);
	close(ends[0]);
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status) ||
	    status >> 8 != (SIGTRAP | PTRACE_EVENT_EXEC << 8) || !run_to_entry(pid))
		return -1;
	return pid;
}

static bool is_stopping(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* The status of PID. */
static int follow(pid_t pid, struct rule *rule)
{
	int status;

	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);
		int event = status >> 16, signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (tid < 0)
			return -1;
		if (!WIFSTOPPED(status)) {
			if (tid == pid)
				return status;
			continue;
		}
		if (signal == CALL_STOP) {
			call_stop(tid, pid, rule);
			signal = 0;
		} else if (event == PTRACE_EVENT_STOP && is_stopping(signal)) {
			ptrace(PTRACE_LISTEN, tid, NULL, NULL);
			continue;
		} else if (event) {
			signal = 0;
		}
		ptrace(PTRACE_SYSCALL, tid, NULL, (void *)(long)signal);
	}
}

int main(int argc, char **argv)
{
	struct rule rule;

	if (argc < 4 || !read_rule(argv[1], &rule)) {
		fputs("usage: inject KIND:WHAT:FIRST-LAST[/EVERY] REPORT COMMAND ...\n", stderr);
		return 98;
	}
	pid_t pid = start(argv + 3);

	if (pid < 0) {
		perror("inject");
		return LOST;
	}
	int status = follow(pid, &rule);
	FILE *report = fopen(argv[2], "we");

	if (!report || fprintf(report, "%lu\n", rule.n) < 0 || fclose(report) != 0)
		return LOST;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
