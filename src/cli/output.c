/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
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

bool bs_destination_open(struct bs_arena *arena, const char *path, struct bs_destination *ret)
{
	struct stat st;
	int fd;

	*ret = (struct bs_destination){ .file = stdout, .path = path };
	if (!path)
		return true;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		/* The file behind a link is replaced, not the link: /dev/stdout may be one. */
		char *real = realpath(path, NULL);

		if (real)
			ret->path = path = bs_arena_printf(arena, "%s", real);
		free(real);
		ret->unfinished = bs_arena_printf(arena, "%s.XXXXXX", path);
		fd = mkostemp(ret->unfinished, O_CLOEXEC);
		if (fd >= 0) {
			mode_t mask = umask(0);

			umask(mask);
			fchmod(fd, 0666 & ~mask);
		}
	}
	ret->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ret->file)
		return true;
	bs_complain("%s: %s", path, strerror(errno));
	if (fd >= 0 && ret->unfinished)
		unlink(ret->unfinished);
	return false;
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
	if (ok && keep && d->unfinished && rename(d->unfinished, d->path) != 0) {
		ok = false;
		error = errno;
	}
	if ((!ok || !keep) && d->unfinished)
		unlink(d->unfinished);
	if (!ok)
		bs_complain("%s: %s", d->path ? d->path : "standard output", strerror(error));
	return ok;
}
