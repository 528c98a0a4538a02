/* SPDX-License-Identifier: MIT */
#include "api-priv.h"

#include <errno.h>
#include <stdlib.h>

enum { AT_ONCE = 1 << 16, LARGEST = 1 << 28 };

/* Not in an arena: want of memory would leave the file open. */
char *bs_api_read_file(const char *path, size_t *ret_n)
{
	FILE *file = fopen(path, "re");
	char *text = NULL, *grown;
	size_t n = 0, got = 1;
	int error = 0;

	if (!file)
		return NULL;
	while (got && !error) {
		grown = realloc(text, n + AT_ONCE + 1);
		if (!grown) {
			error = ENOMEM;
			break;
		}
		text = grown;
		errno = 0;
		got = fread(text + n, 1, AT_ONCE, file);
		n += got;
		if (ferror(file))
			error = errno ? errno : EIO;
		else if (n > LARGEST)
			error = EFBIG;
	}
	fclose(file);
	if (error) {
		free(text);
		errno = error;
		return NULL;
	}
	text[n] = '\0';
	*ret_n = n;
	return text;
}
