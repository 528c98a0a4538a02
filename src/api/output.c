/* SPDX-License-Identifier: MIT */
/* Where reports go, and what the caller's own code is called in. */
#include "api-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

locale_t bs_api_enter(void)
{
	/* This one takes no memory. */
	locale_t inside = newlocale(LC_ALL_MASK, "C", (locale_t)0);

	return inside ? uselocale(inside) : (locale_t)0;
}

void bs_api_leave(locale_t outside)
{
	if (!outside)
		return;
	locale_t inside = uselocale(outside);

	if (inside != LC_GLOBAL_LOCALE)
		freelocale(inside);
}

static ssize_t fail(struct bs_api_output *output, int error)
{
	if (!output->error)
		output->error = error;
	return 0;
}

static ssize_t write_to_function(void *cookie, const char *bytes, size_t n)
{
	struct bs_api_output *output = cookie;

	if (output->error)
		return 0;
	locale_t inside = output->outside ? uselocale(output->outside) : (locale_t)0;
	int error = output->write(output->user, bytes, n);

	if (inside)
		uselocale(inside);
	return error ? fail(output, error) : (ssize_t)n;
}

static ssize_t write_to_descriptor(void *cookie, const char *bytes, size_t n)
{
	struct bs_api_output *output = cookie;
	size_t done = 0;

	while (done < n && !output->error) {
		ssize_t written = write(output->fd, bytes + done, n - done);

		if (written > 0)
			done += (size_t)written;
		else if (written == 0 || errno != EINTR)
			fail(output, written == 0 ? EIO : errno);
	}
	return (ssize_t)done;
}

static FILE *open_stream(struct bs_api_output *output)
{
	cookie_io_functions_t functions = { .write = output->write ? write_to_function
								   : write_to_descriptor };
	FILE *stream = fopencookie(output, "w", functions);

	/* The writer holds back enough. */
	if (stream)
		setvbuf(stream, NULL, _IONBF, 0);
	return stream;
}

bool bs_api_output_open(struct bs_api_output *output, const struct bs_api_report *report)
{
	output->write = report->write;
	output->user = report->user;
	output->fd = report->fd;
	if (report->file) {
		output->writer->file = report->file;
		return true;
	}
	if (report->write || report->fd >= 0)
		output->own = open_stream(output);
	else
		output->own = open_memstream(&output->kept.text, &output->kept.n);
	output->writer->file = output->own;
	return output->own != NULL;
}

int bs_api_output_close(struct bs_api_output *output)
{
	int error = 0;

	if (!output->writer->file)
		return 0;
	if (!bs_writer_flush(output->writer))
		error = output->writer->error ? output->writer->error : EIO;
	if (output->own && fclose(output->own) != 0 && !error)
		error = errno ? errno : EIO;
	output->own = NULL;
	output->writer->file = NULL;
	return output->error ? output->error : error;
}
