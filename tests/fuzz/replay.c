/* SPDX-License-Identifier: MIT */
/* In place of libFuzzer: replay MUTATIONS FILE... tries each file and so many variants of it. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1 << 20 };

static int replay(const char *path, unsigned mutations)
{
	static uint8_t seed[LARGEST], variant[LARGEST];
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		return 1;
	}
	size_t n = fread(seed, 1, sizeof seed, file);

	fclose(file);
	LLVMFuzzerTestOneInput(seed, n);
	size_t size = n;

	memcpy(variant, seed, n);
	for (unsigned i = 0; i < mutations; i++) {
		/* Changes pile up for a while, then it starts anew. */
		if (i % 4 == 0) {
			memcpy(variant, seed, n);
			size = n;
		}
		size = LLVMFuzzerCustomMutator(variant, size, sizeof variant,
					       i * 2654435761u + 12345u);
		LLVMFuzzerTestOneInput(variant, size);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int status = argc < 3;

	for (int i = 2; i < argc; i++)
		status |= replay(argv[i], (unsigned)strtoul(argv[1], NULL, 10));
	return status;
}
