/* SPDX-License-Identifier: MIT */
#include "api-priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bindsim_error {
	enum bindsim_status status;
	const char *file, *place; /* or NULL */
	const char *reason, *message;
	char text[]; /* of these */
};

/* There may be no memory to tell that there is none. */
static struct bindsim_error no_memory = {
	.status = BINDSIM_ERROR_NO_MEMORY,
	.reason = "out of memory",
	.message = "out of memory",
};

enum bindsim_status bs_api_no_memory(struct bindsim_error **error)
{
	if (error)
		*error = &no_memory;
	return BINDSIM_ERROR_NO_MEMORY;
}

enum bindsim_status bs_api_lacks(struct bindsim_error **error)
{
	const char *problem = bs_arena_problem();

	if (strcmp(problem, no_memory.reason) == 0)
		return bs_api_no_memory(error);
	return bs_api_fail(error, BINDSIM_ERROR_NO_MEMORY, NULL, NULL, problem);
}

/* TEXT behind *AT, which is left behind it; NULL for an empty one. */
static const char *put(char **at, const char *text)
{
	const char *start = *at;

	if (!text || !*text)
		return NULL;
	*at = stpcpy(*at, text) + 1;
	return start;
}

enum bindsim_status bs_api_fail(struct bindsim_error **error, enum bindsim_status status,
				const char *file, const char *place, const char *reason)
{
	size_t n = (file ? strlen(file) : 0) + (place ? strlen(place) : 0) + strlen(reason);

	if (!error)
		return status;
	struct bindsim_error *made = malloc(sizeof *made + 2 * (n + sizeof ": : "));

	if (!made)
		return bs_api_no_memory(error);
	char *at = made->text;

	made->status = status;
	made->file = put(&at, file);
	made->place = put(&at, place);
	made->reason = at;
	at = stpcpy(at, reason) + 1;
	made->message = at;
	sprintf(at, "%s%s%s%s%s", made->file ? made->file : "", made->file ? ": " : "",
		made->place ? made->place : "", made->place ? ": " : "", made->reason);
	*error = made;
	return status;
}

enum bindsim_status bs_api_fail_at(struct bindsim_error **error, enum bindsim_status status,
				   const char *file, const char *problem)
{
	size_t n = strlen(file);
	char line[32] = "";

	if (strncmp(problem, file, n) != 0 || problem[n] != ':')
		return bs_api_fail(error, status, file, NULL, problem);
	problem += n + 1;
	n = strspn(problem, "0123456789");
	if (n && n < sizeof line - sizeof "line " && problem[n] == ':') {
		sprintf(line, "line %.*s", (int)n, problem);
		problem += n + 1;
	}
	return bs_api_fail(error, status, file, line, problem + strspn(problem, " "));
}

enum bindsim_status bs_api_refuse(struct bindsim_error **error, const char *format, ...)
{
	char reason[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason, sizeof reason, format, ap);
	va_end(ap);
	return bs_api_fail(error, BINDSIM_ERROR_ARGUMENT, NULL, NULL, reason);
}

void bindsim_error_free(struct bindsim_error *error)
{
	if (error != &no_memory)
		free(error);
}

enum bindsim_status bindsim_error_status(const struct bindsim_error *error)
{
	return error ? error->status : BINDSIM_OK;
}

const char *bindsim_error_message(const struct bindsim_error *error)
{
	return error ? error->message : NULL;
}

const char *bindsim_error_file(const struct bindsim_error *error)
{
	return error ? error->file : NULL;
}

const char *bindsim_error_place(const struct bindsim_error *error)
{
	return error ? error->place : NULL;
}

const char *bindsim_error_reason(const struct bindsim_error *error)
{
	return error ? error->reason : NULL;
}

const char *bindsim_status_text(enum bindsim_status status)
{
	switch (status) {
	case BINDSIM_OK:
		return "success";
	case BINDSIM_ERROR_NO_MEMORY:
		return "out of memory";
	case BINDSIM_ERROR_ARGUMENT:
		return "a parameter is none that there is";
	case BINDSIM_ERROR_FILE:
		return "a file cannot be read";
	case BINDSIM_ERROR_PLAN:
		return "a text is no plan";
	case BINDSIM_ERROR_QUESTION:
		return "the plan cannot be simulated";
	case BINDSIM_ERROR_OUTPUT:
		return "a report could not be written";
	case BINDSIM_ERROR_LIBRARY:
		return "a library that is opened when it is needed cannot be";
	case BINDSIM_ERROR_TEXT:
		return "a text is not what it is to be";
	case BINDSIM_ERROR_PROCESS:
		return "a process cannot be read";
	}
	return "an unknown status";
}
