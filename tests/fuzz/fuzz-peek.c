/* SPDX-License-Identifier: MIT */
/* Any bytes as a file that is looked at by its headers alone. pread(2) is this file's. */
#include "fuzz.h"

#include "elf/elf.h"

#include <stdlib.h>
#include <sys/types.h>

ssize_t __wrap_pread64(int fd, void *to, size_t n, off_t offset);

static struct bs_fuzz_in file;

ssize_t __wrap_pread64(int fd, void *to, size_t n, off_t offset)
{
	(void)fd;
	if (offset < 0)
		return -1;
	if ((uint64_t)offset >= file.n)
		return 0;
	if (n > file.n - (size_t)offset)
		n = file.n - (size_t)offset;
	memcpy(to, file.at + offset, n);
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	void *copy = bs_fuzz_copy((struct bs_fuzz_in){ data, n });

	file = (struct bs_fuzz_in){ copy, n };
	if ((unsigned)bs_peek(-1) >= BS_PEEKED_COUNT_)
		abort();
	free(copy);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	if (seed % 2 == 0)
		return bs_fuzz_mutate_bytes(data, n, room, seed);
	bs_fuzz_mutate_elf(data, n, seed);
	return n;
}
