/* SPDX-License-Identifier: MIT */
/* Where reports go, and what the caller's own code is called in. */
#include "api-priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

static enum bindsim_status write_in(struct bs_arena *arena, bs_api_writer *write, const void *of,
				    const char **ret_text, struct bindsim_error **error)
{
	if (BS_ON_OUT_OF_MEMORY(arena))
		return bs_api_lacks(error);
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

	writer->arena = arena;
	const char *lacks = write(writer, of);

	if (lacks)
		return bs_api_fail(error, BINDSIM_ERROR_LIBRARY, NULL, NULL, lacks);
	*ret_text = bs_writer_text(writer);
	return BINDSIM_OK;
}

enum bindsim_status bs_api_write(bs_api_writer *write, const void *of, char **ret_text,
				 size_t *ret_n, struct bindsim_error **error)
{
	struct bs_arena *arena = bs_arena_new();
	const char *text = NULL;

	*ret_text = NULL;
	if (!arena)
		return bs_api_no_memory(error);
	locale_t outside = bs_api_enter();
	enum bindsim_status status = write_in(arena, write, of, &text, error);

	bs_demangled_forget();
	bs_api_leave(outside);
	if (status == BINDSIM_OK) {
		*ret_text = strdup(text);
		status = *ret_text ? BINDSIM_OK : bs_api_no_memory(error);
	}
	if (ret_n)
		*ret_n = *ret_text ? strlen(text) : 0;
	bs_arena_free(arena);
	return status;
}

const struct bs_format *bs_api_format(const char *name, const struct bs_format *text,
				      const struct bs_format *json, struct bindsim_error **error)
{
	const struct bs_format *found = strcmp(name, text->name) == 0	? text
					: strcmp(name, json->name) == 0 ? json
									: NULL;

	if (!found)
		bs_api_refuse(error, "the format is text or json, not '%s'", name);
	return found;
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

void bs_api_texts_free(struct bs_api_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->v[i].text);
	free(texts->v);
}

const char *bs_api_texts_at(const struct bs_api_texts *texts, size_t index, size_t *ret_n)
{
	bool is_there = texts && index < texts->n;

	if (ret_n)
		*ret_n = is_there ? texts->v[index].n : 0;
	return is_there ? texts->v[index].text : NULL;
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
