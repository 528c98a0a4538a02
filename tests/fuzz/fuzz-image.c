/* SPDX-License-Identifier: MIT */
/* Any bytes as one ELF file: read it, then ask for everything that an image has to say. */
#include "touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bs_touch_file((struct bs_fuzz_in){ data, n }, NULL);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	if (LLVMFuzzerMutate && seed % 3 == 0)
		return LLVMFuzzerMutate(data, n, room);
	bs_fuzz_mutate_elf(data, n, seed);
	return n;
}
