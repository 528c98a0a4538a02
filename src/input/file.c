/* SPDX-License-Identifier: MIT */
/* Files that are read whole: the host's, not the simulated process's. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LARGEST = 1 << 28, /* bytes: what never ends is no file of ours */
	AT_ONCE = 1 << 16,
};

/* All of FD, with a NUL behind it; NULL with errno. */
static char *read_all(struct bs_arena *arena, int fd, size_t *ret_n)
{
	BS_VEC(char) bytes = { 0 };
	struct stat st;
	ssize_t n = fstat(fd, &st);

	while (n >= 0) {
		size_t wanted = !bytes.n && S_ISREG(st.st_mode) && st.st_size < AT_ONCE
					? (size_t)st.st_size + 1
					: AT_ONCE;

		bs_vec_reserve(arena, &bytes, (uint32_t)wanted);
		n = read(fd, bytes.v + bytes.n, wanted);
		if (n < 0 && errno == EINTR) {
			n = 0;
			continue;
		}
		if (n <= 0)
			break;
		bytes.n += (uint32_t)n;
		if (bytes.n > LARGEST) {
			errno = EFBIG;
			n = -1;
		}
	}
	if (n < 0)
		return NULL;
	bs_vec_push(arena, &bytes, '\0');
	*ret_n = bytes.n - 1;
	return bytes.v;
}

char *bs_input_read(struct bs_arena *arena, const char *path, size_t *ret_n)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd >= 0 ? read_all(arena, fd, ret_n) : NULL;
	int error = errno;

	if (fd >= 0 && !is_input)
		close(fd);
	errno = error;
	return text;
}
