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
#include <time.h>
#include <unistd.h>

/* Of UTF-8. */
static bool is_inside_character(char c)
{
	return (c & 0xc0) == 0x80;
}

/* A message has room for several paths; a value of megabytes, which no terminal is for, keeps its
 * beginning, and the reason behind it is kept. */
enum { MESSAGE_HEAD = 12 << 10, MESSAGE_TAIL = 4 << 10 };

static void write_message(struct bs_writer *writer, char *message)
{
	size_t n = strlen(message), head = MESSAGE_HEAD, tail = n - MESSAGE_TAIL;

	if (n > MESSAGE_HEAD + MESSAGE_TAIL) {
		while (head && is_inside_character(message[head]))
			head--;
		while (is_inside_character(message[tail]))
			tail++;
		message[head] = '\0';
		bs_write_escaped(writer, message);
		bs_write_literal(writer, "...");
		message += tail;
	}
	bs_write_escaped(writer, message);
}

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
	if (message)
		write_message(&writer, message);
	else
		bs_write_literal(&writer, "out of memory");
	bs_write_literal(&writer, "\n");
	bs_writer_flush(&writer);
	free(message);
}

void bs_print_diagnostics(struct bs_arena *arena, const struct bs_diags *diags, bool verbose)
{
	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];

		if (!verbose && d->code == BS_DIAG_ASSUMED)
			continue;
		const char *offset = "";

		if (d->offset != BS_NO_OFFSET)
			offset = bs_arena_printf(arena,
						 "offset 0x%llx: ", (unsigned long long)d->offset);
		bs_complain("%s%s%s%s%s%s%s", d->path ? d->path : "", d->path ? ": " : "", offset,
			    d->detail, d->os_error ? ": " : "",
			    d->os_error ? strerror(d->os_error) : "",
			    d->code == BS_DIAG_NO_CACHE ? "; --ldconfig does as if ldconfig had run"
							: "");
	}
}

/* ---- files that are not complete -------------------------------------------------------------
 */

/*
 * Where the system can, such a file has no name before it is complete, so that not even SIGKILL
 * leaves something behind: a scan that is killed each hour would fill the disk. Elsewhere it has a
 * name of its own, and is removed by whoever hears of the end.
 */

/* Those that are there are found without the destinations, which may be gone with the stack they
 * lay on, and within a handler of signals: none is ever given back, but taken again. */
struct bs_unfinished {
	struct bs_unfinished *next;
	volatile sig_atomic_t is_there; /* under its name */
	bool is_used;
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

	while (u && u->is_used)
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

/* In the directory of the file that it is to be; -1 where that cannot be, or could not be named. */
static int make_nameless(const struct bs_unfinished *u)
{
	const char *slash = strrchr(u->name, '/');
	char *directory = slash ? strndup(u->name, (size_t)(slash - u->name) + 1) : strdup(".");
	int fd = -1;

	if (directory && access("/proc/self/fd", X_OK) == 0)
		fd = bs_open_at(AT_FDCWD, directory, O_TMPFILE | O_WRONLY | O_CLOEXEC);
	free(directory);
	return fd;
}

/* No signal comes between the file and the note that it is there. */
static int make_unfinished(struct bs_unfinished *u)
{
	char *unique = u->name + strlen(u->name) - strlen(UNIQUE);
	sigset_t all, before;
	int fd = make_nameless(u);

	u->is_used = fd >= 0;
	if (fd >= 0)
		return fd;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	do {
		strcpy(unique, UNIQUE);
		fd = mkostemp(u->name, O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	int error = errno;

	u->is_there = u->is_used = fd >= 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return fd;
}

/* A name that is likely to be free, in place of the last letters of NAME; they are no secret. */
static void fill_in(char *name, unsigned attempt)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t number = (uint64_t)now.tv_nsec + ((uint64_t)getpid() << 30) + attempt;

	for (char *end = name + strlen(name), *at = end - 6; at < end; at++) {
		*at = letters[number % 36];
		number /= 36;
	}
}

/* A file without a name, open as FD, is called NAME. False with errno. */
static bool link_nameless(int fd, const char *name)
{
	char open_as[32];

	snprintf(open_as, sizeof open_as, "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, open_as, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0;
}

/* It gets the name of U, which it has FOR_LONG, or for a moment. */
static bool name_nameless(struct bs_unfinished *u, int fd, bool for_long)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		fill_in(u->name, attempt);
		if (for_long)
			bs_private_file(u->name, fd);
		u->is_there = link_nameless(fd, u->name);
		error = errno;
		if (u->is_there || error != EEXIST)
			break;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return u->is_there;
}

static void remove_unfinished(struct bs_unfinished *u)
{
	if (u->is_there)
		unlink(u->name);
	u->is_there = u->is_used = false;
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

		bool is_loop = !real && errno == ELOOP;

		if (real)
			ret->path = path = bs_arena_printf(arena, "%s", real);
		free(real);
		if (!is_loop)
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
	struct bs_unfinished *u = d->unfinished;

	return u && (u->is_there || name_nameless(u, fileno(d->file), true)) ? u->name : NULL;
}

/*
 * What is complete becomes D's file; NAMELESS: it, where it has no name yet, or -1. Only what takes
 * the place of another file needs a name before, for a moment: linkat(2) replaces nothing, and
 * renameat2(2), which does, wants a name to begin with. SIGKILL in this moment leaves the complete
 * file under that name; whoever removed the old file first would leave none. False with errno.
 */
static bool put_in_place(struct bs_destination *d, int nameless)
{
	struct bs_unfinished *u = d->unfinished;

	if (nameless >= 0) {
		bool is_new = link_nameless(nameless, d->path);

		if (is_new)
			u->is_used = false;
		if (is_new || errno != EEXIST)
			return is_new;
	}
	if (nameless >= 0 && !name_nameless(u, nameless, false))
		return false;
	bool ok = rename(u->name, d->path) == 0;

	u->is_there = u->is_used = !ok;
	return ok;
}

bool bs_destination_close(struct bs_destination *d, struct bs_writer *writer, bool keep)
{
	/* Where there is no answer, what is held back of it is no part of one. */
	if (!keep)
		writer->n = 0;
	bool ok = bs_writer_flush(writer);
	int error = writer->error;

	bool is_kept = keep && d->unfinished;
	int nameless = -1;

	if (ok && is_kept && !d->unfinished->is_there) {
		nameless = fcntl(fileno(d->file), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		ok = nameless >= 0;
		error = errno;
	}
	if (d->path && fclose(d->file) != 0 && ok) {
		ok = false;
		error = errno;
	}
	if (ok && is_kept) {
		ok = put_in_place(d, nameless);
		error = errno;
	}
	if (nameless >= 0)
		close(nameless);
	if ((!ok || !keep) && d->unfinished)
		remove_unfinished(d->unfinished);
	if (!ok)
		bs_complain("%s: %s", d->path ? d->path : "standard output", strerror(error));
	return ok;
}
