/* SPDX-License-Identifier: MIT */
/*
 * jail [--fork] COMMAND [ARGUMENT]...: runs COMMAND, which is killed by SIGSYS should it execute
 * anything, or, without --fork, have a child.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { CANNOT = 77 };

#define NUMBER offsetof(struct seccomp_data, nr)
#define LOW_HALF(i)                                                                                \
	(offsetof(struct seccomp_data, args[i]) + 4 * (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__))
#define HIGH_HALF(i)                                                                               \
	(offsetof(struct seccomp_data, args[i]) + 4 * (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__))
#define LOAD(at)	   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(at))
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
#define RETURN(what)	   BPF_STMT(BPF_RET | BPF_K, (what))

static int install(struct sock_filter *filter, unsigned n)
{
	struct sock_fprog program = { .len = (unsigned short)n, .filter = filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

int main(int argc, char **argv)
{
	int may_fork = argc > 1 && strcmp(argv[1], "--fork") == 0;
	char **command = argv + 1 + may_fork;
	uint32_t child = may_fork ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;

	if (!*command)
		return 2;
	/* The one call that may be made has its path at this place. */
	uintptr_t path = (uintptr_t)*command;
	/* Of YES and NO, so many instructions are passed over. All filters have a say. */
	struct sock_filter filter[] = {
		LOAD(NUMBER),
		IF(SYS_execve, 0, 5),
		LOAD(LOW_HALF(0)),
		IF(path, 0, 2),
		LOAD(HIGH_HALF(0)),
		IF((uint64_t)path >> 32, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_filter others[] = {
		LOAD(NUMBER),
		IF(SYS_execveat, 0, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
#ifdef SYS_fork
		IF(SYS_fork, 0, 1),
		RETURN(child),
		IF(SYS_vfork, 0, 1),
		RETURN(child),
#endif
		/* Whose flags a filter cannot see: the C library then does with the other one. */
		IF(SYS_clone3, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | ENOSYS),
		IF(SYS_clone, 0, 3),
		LOAD(LOW_HALF(0)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
		RETURN(child),
		RETURN(SECCOMP_RET_ALLOW),
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    !install(others, sizeof others / sizeof *others) ||
	    !install(filter, sizeof filter / sizeof *filter)) {
		fprintf(stderr, "jail: %s\n", strerror(errno));
		return CANNOT;
	}
	/* execve(2) itself, with PATH as it is. */
	syscall(SYS_execve, *command, command, environ);
	fprintf(stderr, "jail: %s: %s\n", *command, strerror(errno));
	return 127;
}
