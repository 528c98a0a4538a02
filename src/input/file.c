/* SPDX-License-Identifier: MIT */
/* Files that are read whole: the host's, not the simulated process's. */
#include "input.h"

#include "../base/open.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LARGEST = 1 << 28, /* bytes: what never ends is no file of ours */
	AT_ONCE = 1 << 16,
};

/* All of INPUT, with a NUL behind it; NULL with errno. */
static char *read_all(struct bs_arena *arena, struct bs_input *input, size_t *ret_n)
{
	BS_VEC(char) bytes = { 0 };
	struct stat st;
	ssize_t n = fstat(input->fd, &st);

	while (n >= 0) {
		size_t wanted = !bytes.n && S_ISREG(st.st_mode) && st.st_size < AT_ONCE
					? (size_t)st.st_size + 1
					: AT_ONCE;

		bs_vec_reserve(arena, &bytes, (uint32_t)wanted);
		n = bs_input_bytes(input, bytes.v + bytes.n, wanted);
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
	struct bs_input input;

	if (!bs_input_open(&input, path, BS_INPUT_ANY))
		return NULL;
	char *text = read_all(arena, &input, ret_n);

	bs_input_close(&input);
	return text;
}
