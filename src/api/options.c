/* SPDX-License-Identifier: MIT */
/* What is wanted beside a result. */
#include "api-priv.h"

#include <stdlib.h>
#include <string.h>

enum bindsim_status bindsim_options_new(struct bindsim_options **ret_options)
{
	if (!ret_options)
		return BINDSIM_ERROR_ARGUMENT;
	struct bindsim_options *options = *ret_options = calloc(1, sizeof *options);

	if (!options)
		return BINDSIM_ERROR_NO_MEMORY;
	options->arena = bs_arena_new();
	if (options->arena)
		return BINDSIM_OK;
	free(options);
	*ret_options = NULL;
	return BINDSIM_ERROR_NO_MEMORY;
}

void bindsim_options_free(struct bindsim_options *options)
{
	if (!options)
		return;
	bs_arena_free(options->arena);
	free(options);
}

static const char *copy(struct bindsim_options *options, const char *text)
{
	return text ? bs_arena_strndup(options->arena, text, strlen(text)) : NULL;
}

enum bindsim_status bindsim_options_set_filter(struct bindsim_options *options, const char *symbol,
					       const char *from, const char *to)
{
	if (!options)
		return BINDSIM_ERROR_ARGUMENT;
	if (BS_ON_OUT_OF_MEMORY(options->arena))
		return BINDSIM_ERROR_NO_MEMORY;
	const char *const globs[] = { copy(options, symbol), copy(options, from),
				      copy(options, to) };

	options->symbol = globs[0];
	options->from = globs[1];
	options->to = globs[2];
	return BINDSIM_OK;
}

enum bindsim_status bindsim_options_set_proof(struct bindsim_options *options, int on)
{
	if (!options)
		return BINDSIM_ERROR_ARGUMENT;
	options->no_proof = !on;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_options_add_libraries(struct bindsim_options *options, const char *path,
						  struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!options || !path)
		return bs_api_refuse(error, "options and a path are wanted");
	if (BS_ON_OUT_OF_MEMORY(options->arena))
		return bs_api_no_memory(error);
	bs_vec_push(options->arena, &options->libraries, copy(options, path));
	return BINDSIM_OK;
}

enum bindsim_status bindsim_options_set_log(struct bindsim_options *options,
					    bindsim_log_function *log, void *user)
{
	if (!options)
		return BINDSIM_ERROR_ARGUMENT;
	options->log = log;
	options->log_user = user;
	return BINDSIM_OK;
}

enum bindsim_status bindsim_options_set_progress(struct bindsim_options *options,
						 bindsim_progress_function *progress, void *user)
{
	if (!options)
		return BINDSIM_ERROR_ARGUMENT;
	options->progress = progress;
	options->progress_user = user;
	return BINDSIM_OK;
}

/* ---- reports ----------------------------------------------------------------------------------
 */

enum bindsim_status bs_api_parts(const struct bs_format *format, const char *what,
				 const char *words, unsigned *ret, struct bindsim_error **error)
{
	for (const char *name = words; name;) {
		size_t n = strcspn(name, ",");
		unsigned bit = bs_format_part(format, name, n);

		if (!bit)
			return bs_api_refuse(error, "%s has no part '%.*s'", what, (int)n, name);
		*ret |= bit;
		name = name[n] ? name + n + 1 : NULL;
	}
	return BINDSIM_OK;
}

static enum bindsim_status read_show(const char *show, struct bs_api_report *report,
				     struct bindsim_error **error)
{
	char what[64];

	snprintf(what, sizeof what, "the format %s", report->format->name);
	enum bindsim_status status = bs_api_parts(report->format, what, show, &report->show, error);

	if (status != BINDSIM_OK)
		return status;
	report->shows_default = !report->show;
	if (!report->show)
		report->show = report->format->default_show;
	return BINDSIM_OK;
}

static enum bindsim_status add_report(struct bindsim_options *options, const char *format,
				      const char *show, struct bs_api_report report,
				      struct bindsim_error **error)
{
	if (!options || !format)
		return bs_api_refuse(error, "options and a format are wanted");
	report.format = bs_format_find(format);
	if (!report.format)
		return bs_api_refuse(error, "there is no format '%s'", format);
	const char *lacks = report.format->open ? report.format->open() : NULL;

	if (lacks)
		return bs_api_fail(error, BINDSIM_ERROR_LIBRARY, NULL, format, lacks);
	enum bindsim_status status = read_show(show, &report, error);

	if (status != BINDSIM_OK)
		return status;
	if (BS_ON_OUT_OF_MEMORY(options->arena))
		return bs_api_no_memory(error);
	bs_vec_push(options->arena, &options->reports, report);
	return BINDSIM_OK;
}

enum bindsim_status bindsim_options_report_to(struct bindsim_options *options, const char *format,
					      const char *show, bindsim_write_function *write,
					      void *user, struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!write)
		return bs_api_refuse(error, "a function to write with is wanted");
	return add_report(options, format, show,
			  (struct bs_api_report){ .write = write, .user = user, .fd = -1 }, error);
}

enum bindsim_status bindsim_options_report_to_file(struct bindsim_options *options,
						   const char *format, const char *show, FILE *file,
						   struct bindsim_error **error)
{
	bs_api_begin(error);
	if (!file)
		return bs_api_refuse(error, "a file is wanted");
	return add_report(options, format, show, (struct bs_api_report){ .file = file, .fd = -1 },
			  error);
}

enum bindsim_status bindsim_options_report_to_fd(struct bindsim_options *options,
						 const char *format, const char *show, int fd,
						 struct bindsim_error **error)
{
	bs_api_begin(error);
	if (fd < 0)
		return bs_api_refuse(error, "%d is no file descriptor", fd);
	return add_report(options, format, show, (struct bs_api_report){ .fd = fd }, error);
}

enum bindsim_status bindsim_options_report(struct bindsim_options *options, const char *format,
					   const char *show, struct bindsim_error **error)
{
	bs_api_begin(error);
	return add_report(options, format, show, (struct bs_api_report){ .fd = -1 }, error);
}
