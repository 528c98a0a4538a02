/* SPDX-License-Identifier: MIT */
#include "api-priv.h"

#include "../base/open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 1 << 16, LARGEST = 1 << 28 };

/* All of the file PATH; NULL with errno. Not in an arena: want of memory would leave the file open.
 * Nor by stdio, which gives up when a signal comes that the caller's program handles. */
static char *read_all(const char *path, size_t *ret_n)
{
	struct bs_input input;
	char *text = NULL, *grown;
	size_t n = 0;
	ssize_t got = 1;
	int error = 0;

	/* The caller's standard input is nobody else's. */
	if (!bs_input_open(&input, strcmp(path, "-") == 0 ? "./-" : path, BS_INPUT_ANY))
		return NULL;
	while (got && !error) {
		grown = realloc(text, n + AT_ONCE + 1);
		if (!grown) {
			error = ENOMEM;
			break;
		}
		text = grown;
		got = bs_input_bytes(&input, text + n, AT_ONCE);
		if (got < 0)
			error = errno;
		else
			n += (size_t)got;
		if (n > LARGEST)
			error = EFBIG;
	}
	bs_input_close(&input);
	if (error) {
		free(text);
		errno = error;
		return NULL;
	}
	text[n] = '\0';
	*ret_n = n;
	return text;
}

enum bindsim_status bs_api_read_file(const char *path, char **ret_text, size_t *ret_n,
				     struct bindsim_error **error)
{
	*ret_text = read_all(path, ret_n);
	if (*ret_text)
		return BINDSIM_OK;
	return errno == ENOMEM
		       ? bs_api_no_memory(error)
		       : bs_api_fail(error, BINDSIM_ERROR_FILE, path, NULL, bs_open_words(errno));
}
