/* SPDX-License-Identifier: MIT */
#include "api-priv.h"

#include "../base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { AT_ONCE = 1 << 16, LARGEST = 1 << 28 };

/* Not in an arena: want of memory would leave the file open. Nor by stdio, which gives up when a
 * signal comes that the caller's program handles. */
char *bs_api_read_file(const char *path, size_t *ret_n)
{
	int fd = bs_open_at(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	char *text = NULL, *grown;
	size_t n = 0;
	ssize_t got = 1;
	int error = 0;

	if (fd < 0)
		return NULL;
	while (got && !error) {
		grown = realloc(text, n + AT_ONCE + 1);
		if (!grown) {
			error = ENOMEM;
			break;
		}
		text = grown;
		do
			got = read(fd, text + n, AT_ONCE);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			error = errno;
		else
			n += (size_t)got;
		if (n > LARGEST)
			error = EFBIG;
	}
	close(fd);
	if (error) {
		free(text);
		errno = error;
		return NULL;
	}
	text[n] = '\0';
	*ret_n = n;
	return text;
}
