/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include "../base/open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bs_complain(const char *format, ...)
{
	static struct bs_writer writer; /* large for a stack */
	char *message;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	writer.file = stderr;
	bs_write_text(&writer, "bindsim: ");
	bs_write_escaped(&writer, message ? message : "out of memory");
	bs_write(&writer, "\n", 1);
	bs_writer_flush(&writer);
	free(message);
}

/* ---- files that are not complete -------------------------------------------------------------
 */

/* Those that are there are found without the destinations, which may be gone with the stack they
 * lay on, and within a handler of signals: none is ever given back, but taken again. */
struct bs_unfinished {
	struct bs_unfinished *next;
	volatile sig_atomic_t is_there;
	char name[PATH_MAX];
};

static struct bs_unfinished *volatile all_unfinished;

/* What ends a process that does not ask for it: somebody, who reads, or a limit. */
static const int endings[] = { SIGALRM, SIGHUP,	 SIGINT,    SIGPIPE, SIGPROF,
			       SIGQUIT, SIGTERM, SIGVTALRM, SIGXCPU, SIGXFSZ };

#define UNIQUE "XXXXXX"

enum { N_ENDINGS = sizeof endings / sizeof *endings };

void bs_destinations_drop(void)
{
	for (struct bs_unfinished *u = all_unfinished; u; u = u->next)
		if (u->is_there)
			unlink(u->name);
}

/* SA_RESETHAND gave the signal back its default action, which it has when this returns. */
static void end_by(int number)
{
	bs_destinations_drop();
	raise(number);
}

/* Whoever started the tool may have had signals ignored, as nohup(1) does. */
static void catch_endings(void)
{
	struct sigaction action = { .sa_handler = end_by, .sa_flags = SA_RESETHAND | SA_RESTART };
	struct sigaction before;

	for (int i = 0; i < N_ENDINGS; i++)
		sigaddset(&action.sa_mask, endings[i]);
	for (int i = 0; i < N_ENDINGS; i++)
		if (sigaction(endings[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(endings[i], &action, NULL);
}

/* One that is free, with the name that PATH has until it is complete; NULL with errno. */
static struct bs_unfinished *name_unfinished(const char *path)
{
	struct bs_unfinished *u = all_unfinished;

	while (u && u->is_there)
		u = u->next;
	if (!u) {
		u = calloc(1, sizeof *u);
		if (!u)
			return NULL;
		if (!all_unfinished)
			catch_endings();
		u->next = all_unfinished;
		all_unfinished = u;
	}
	if (snprintf(u->name, sizeof u->name, "%s." UNIQUE, path) < (int)sizeof u->name)
		return u;
	errno = ENAMETOOLONG;
	return NULL;
}

/* No signal comes between the file and the note that it is there. */
static int make_unfinished(struct bs_unfinished *u)
{
	char *unique = u->name + strlen(u->name) - strlen(UNIQUE);
	sigset_t all, before;
	int fd;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	do {
		strcpy(unique, UNIQUE);
		fd = mkostemp(u->name, O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	int error = errno;

	u->is_there = fd >= 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd;
}

static void remove_unfinished(struct bs_unfinished *u)
{
	unlink(u->name);
	u->is_there = false;
}

/* ---- destinations ---------------------------------------------------------------------------- */

bool bs_destination_open(struct bs_arena *arena, const char *path, struct bs_destination *ret)
{
	struct stat st;
	int fd = -1;

	*ret = (struct bs_destination){ .file = stdout, .path = path };
	if (!path)
		return true;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = bs_open_special(path);
	} else {
		/* The file behind a link is replaced, not the link: /dev/stdout may be one. */
		char *real = realpath(path, NULL);

		if (real)
			ret->path = path = bs_arena_printf(arena, "%s", real);
		free(real);
		ret->unfinished = name_unfinished(path);
		if (ret->unfinished)
			fd = make_unfinished(ret->unfinished);
		if (fd >= 0) {
			mode_t mask = umask(0);

			umask(mask);
			fchmod(fd, 0666 & ~mask);
		}
	}
	ret->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ret->file)
		return true;
	bs_complain("%s: %s", path, bs_open_words(errno));
	if (fd >= 0 && ret->unfinished)
		remove_unfinished(ret->unfinished);
	return false;
}

const char *bs_destination_unfinished(const struct bs_destination *d)
{
	return d->unfinished ? d->unfinished->name : NULL;
}

bool bs_destination_close(struct bs_destination *d, struct bs_writer *writer, bool keep)
{
	/* Where there is no answer, what is held back of it is no part of one. */
	if (!keep)
		writer->n = 0;
	bool ok = bs_writer_flush(writer);
	int error = writer->error;

	if (d->path && fclose(d->file) != 0 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && keep && d->unfinished) {
		ok = rename(d->unfinished->name, d->path) == 0;
		error = errno;
		d->unfinished->is_there = !ok;
	}
	if ((!ok || !keep) && d->unfinished)
		remove_unfinished(d->unfinished);
	if (!ok)
		bs_complain("%s: %s", d->path ? d->path : "standard output", strerror(error));
	return ok;
}
