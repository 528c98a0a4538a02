/* SPDX-License-Identifier: MIT */
/* Enough stack, whatever the limit is that the user has. */
#include "cli.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

/* The tool itself is content with 32 kB. libdw keeps the rows of a line table on the stack, 150 kB
 * of them, and SQLite needs more than 64 kB. */
enum { ENOUGH = 1 << 20, LARGE = 8 << 20 };

struct begun {
	int (*run)(int argc, char **argv);
	int argc, status;
	char **argv;
	sigset_t mask; /* that of the caller */
};

static void *begin(void *data)
{
	struct begun *begun = data;

	pthread_sigmask(SIG_SETMASK, &begun->mask, NULL);
	begun->status = begun->run(begun->argc, begun->argv);
	return NULL;
}

int bs_with_stack(int (*run)(int argc, char **argv), int argc, char **argv)
{
	struct begun begun = { .run = run, .argc = argc, .argv = argv };
	struct rlimit limit;
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;

	if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= ENOUGH ||
	    pthread_attr_init(&attributes) != 0)
		return run(argc, argv);
	/* The thread that does the work is the one that signals are for: it waits for some. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &begun.mask);
	bool started = pthread_attr_setstacksize(&attributes, LARGE) == 0 &&
		       pthread_create(&thread, &attributes, begin, &begun) == 0;

	pthread_attr_destroy(&attributes);
	if (started)
		pthread_join(thread, NULL);
	pthread_sigmask(SIG_SETMASK, &begun.mask, NULL);
	return started ? begun.status : run(argc, argv);
}
