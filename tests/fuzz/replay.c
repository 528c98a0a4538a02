/* SPDX-License-Identifier: MIT */
/*
 * In place of a fuzzer: replay MUTATIONS FILE... tries each file and so many variants of it. A file
 * NAME.hex holds an input in each line, in hexadecimal; a line that begins with # is a remark.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

enum { LARGEST = 1 << 20 };

static uint8_t seed[LARGEST], variant[LARGEST];

static size_t mutate(uint8_t *data, size_t n, unsigned number)
{
	if (LLVMFuzzerCustomMutator)
		return LLVMFuzzerCustomMutator(data, n, LARGEST, number);
	return bs_fuzz_mutate_bytes(data, n, LARGEST, number);
}

static void try_seed(size_t n, unsigned mutations)
{
	size_t size = n;

	LLVMFuzzerTestOneInput(seed, n);
	for (unsigned i = 0; i < mutations; i++) {
		/* Changes pile up for a while, then it starts anew. */
		if (i % 4 == 0) {
			memcpy(variant, seed, n);
			size = n;
		}
		size = mutate(variant, size, i * 2654435761u + 12345u);
		LLVMFuzzerTestOneInput(variant, size);
	}
}

/* The input that the line TEXT is; -1: it is none. */
static ssize_t from_hex(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	if (text[n] != '\n' || n % 2 || n / 2 > LARGEST)
		return -1;
	for (size_t i = 0; i < n; i += 2) {
		const char pair[] = { text[i], text[i + 1], '\0' };

		seed[i / 2] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return (ssize_t)(n / 2);
}

static int replay_lines(FILE *file, const char *path, unsigned mutations)
{
	char *line = NULL;
	size_t room = 0;
	unsigned number = 0;
	int status = 0;

	while (getline(&line, &room, file) > 0) {
		ssize_t n = *line == '#' ? 0 : from_hex(line);

		number++;
		if (n < 0) {
			fprintf(stderr, "%s: line %u is no input\n", path, number);
			status = 1;
		} else if (*line != '#') {
			try_seed((size_t)n, mutations);
		}
	}
	free(line);
	return status;
}

static int replay(const char *path, unsigned mutations)
{
	FILE *file = fopen(path, "rb");
	size_t length = strlen(path);
	int status = 0;

	if (!file) {
		perror(path);
		return 1;
	}
	if (length > 4 && strcmp(path + length - 4, ".hex") == 0)
		status = replay_lines(file, path, mutations);
	else
		try_seed(fread(seed, 1, sizeof seed, file), mutations);
	fclose(file);
	return status;
}

int main(int argc, char **argv)
{
	int status = argc < 2;

	for (int i = 2; i < argc; i++)
		status |= replay(argv[i], (unsigned)strtoul(argv[1], NULL, 10));
	return status;
}
