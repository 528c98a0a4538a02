/* SPDX-License-Identifier: MIT */
/* A private directory for as long as the tool runs, a file that has a name before it is complete,
 * and who removes them. */
#include "cli.h"

#include "../archive/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * A process of its own waits for the end of this one, whose end of the pipe closes with it whatever
 * it dies of. It hears none of the signals that a terminal or a supervisor sends to both. It makes
 * the directory, too, so that there is no moment at which nobody would remove it.
 */
static struct cleaner {
	pid_t pid;
	int pipe; /* to write on */
} * cleaners;

static unsigned n_cleaners;

enum { MOST_WAITS = 1000 }; /* of a millisecond */

/* What is in DIRECTORY, and that itself. */
static bool remove_directory(const char *directory)
{
	int fd = bs_open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	return fd >= 0 && bs_empty_directory(fd) && rmdir(directory) == 0;
}

/* The file that is open as FD, if it is called PATH. Its number is nobody else's as long. */
static bool remove_file(const char *path, int fd)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
	       open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino &&
	       unlink(path) == 0;
}

#define UNIQUE "XXXXXX"

/* What became of the directory that was to be made. */
struct told {
	int error; /* or 0 */
	char unique[sizeof UNIQUE - 1];
};

static void make_directory(char *path, int tell)
{
	struct told told = { 0 };

	if (!mkdtemp(path))
		told.error = errno;
	memcpy(told.unique, path + strlen(path) - sizeof told.unique, sizeof told.unique);
	/* Should nobody read it any more, the end is there already. */
	bs_write_all(tell, &told, sizeof told);
	close(tell);
	if (told.error)
		_exit(1);
}

/* Its children die with it, but not before its end of the pipe is closed: what they run would miss
 * the directory for a moment, and say so. */
static void wait_for_the_dead(pid_t tool)
{
	for (unsigned i = 0; i < MOST_WAITS && getppid() == tool; i++)
		bs_pause(1);
}

/* FD is a file's, or -1 where PATH is a directory to be made, which TELL is told of. */
_Noreturn static void clean(pid_t tool, int end, const char *template, int fd, int tell)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	char byte, *path = strdup(template);
	int null = bs_open_at(AT_FDCWD, "/dev/null", O_RDWR);

	if (!path)
		_exit(1);

	setsid();
	/* The others wait for the tool, and not for this one. */
	for (unsigned i = 0; i < n_cleaners; i++)
		close(cleaners[i].pipe);
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	/* Who reads what the tool writes is not to wait for this one. */
	for (int standard = 0; standard <= 2 && null >= 0; standard++)
		dup2(null, standard);
	if (null > 2)
		close(null);
	if (fd < 0)
		make_directory(path, tell);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	ssize_t n;

	/* Who ends by himself says so. */
	while ((n = read(end, &byte, 1)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		wait_for_the_dead(tool);
	_exit((fd >= 0 ? remove_file(path, fd) : remove_directory(path)) ? 0 : 1);
}

bool bs_pipe(int ends[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) != 0)
		return false;
	for (unsigned i = 0; i < 2; i++)
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	int error = errno;

	close(low[0]);
	close(low[1]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return true;
	for (unsigned i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	errno = error;
	return false;
}

static bool start_cleaner(const char *path, int fd, int tell)
{
	struct cleaner *more = realloc(cleaners, (n_cleaners + 1) * sizeof *cleaners);
	int ends[2];

	if (more)
		cleaners = more;
	if (!more || !bs_pipe(ends))
		return false;
	pid_t tool = getpid(), pid = fork();

	if (pid == 0) {
		close(ends[1]);
		clean(tool, ends[0], path, fd, tell);
	}
	int error = errno;

	close(ends[0]);
	if (pid > 0) {
		cleaners[n_cleaners++] = (struct cleaner){ pid, ends[1] };
		return true;
	}
	close(ends[1]);
	errno = error;
	return false;
}

/* Fills PATH in. False with errno. */
static bool have_directory_made(char *path)
{
	struct told told;
	size_t n = 0;
	ssize_t got = 1;
	int ends[2];

	if (!bs_pipe(ends))
		return false;
	bool started = start_cleaner(path, -1, ends[1]);
	int error = errno;

	close(ends[1]);
	while (started && n < sizeof told && got != 0) {
		got = read(ends[0], (char *)&told + n, sizeof told - n);
		if (got < 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	if (started)
		error = n == sizeof told ? told.error : got < 0 ? errno : ECHILD;
	close(ends[0]);
	if (started && !error)
		memcpy(path + strlen(path) - sizeof told.unique, told.unique, sizeof told.unique);
	errno = error;
	return started && !error;
}

/* That the end of this process is its own. Somebody may have killed the cleaner. */
static void say_so(const struct cleaner *cleaner)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;

	sigaction(SIGPIPE, &ignore, &before);
	bs_write_all(cleaner->pipe, "", 1);
	sigaction(SIGPIPE, &before, NULL);
}

void bs_private_end(void)
{
	for (; n_cleaners; n_cleaners--) {
		const struct cleaner *cleaner = &cleaners[n_cleaners - 1];

		say_so(cleaner);
		close(cleaner->pipe);
		while (waitpid(cleaner->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(cleaners);
	cleaners = NULL;
}

void bs_private_file(const char *path, int fd)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	start_cleaner(path, fd, -1);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

bool bs_private_directory(struct bs_arena *arena, const char *what, const char **ret)
{
	const char *tmp = getenv("TMPDIR");
	char *path = bs_arena_printf(arena, "%s/bindsim-" UNIQUE, tmp && *tmp ? tmp : "/tmp");
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	bool ok = have_directory_made(path);
	int error = errno;

	sigprocmask(SIG_SETMASK, &before, NULL);
	if (!ok)
		bs_complain("a directory for %s, %s: %s", what, path, strerror(error));
	*ret = path;
	return ok;
}
