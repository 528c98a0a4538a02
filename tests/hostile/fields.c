/* SPDX-License-Identifier: MIT */
/*
 * fields DIRECTORY FILE WAY < LIST: one number of FILE after the other gets one odd value after the
 * other, and each time the question that WAY stands for is asked. LIST has lines "OFFSET WIDTH
 * NAME", of numbers in the machine's byte order. Prints what ended in a crash, without an end, or
 * without a reason.
 */
#include "questions.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { HANGS_AFTER = 30 /* seconds */, MOST_MEMORY = 1 << 20 /* KiB */ };

static const char *directory, *way;
static char path[512];

/* Seen by both processes. */
static struct progress {
	unsigned at; /* FIELD * N_VALUES + VALUE */
	unsigned n_ok, n_refused, n_cannot;
	unsigned worst_ms, worst_at;
} * progress;

static void ask_one(void)
{
	switch (ask_question(directory, path, way)) {
	case BS_SIM_OK:
		progress->n_ok++;
		break;
	case BS_SIM_REFUSED:
		progress->n_refused++;
		break;
	case BS_SIM_CANNOT:
		progress->n_cannot++;
		break;
	case BS_SIM_NO_MEMORY:
		abort();
	}
}

static unsigned milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void try_one(int fd, unsigned at)
{
	const struct field *field = &fields[at / N_VALUES];
	uint64_t old = 0, new;

	if (pread(fd, &old, field->width, (off_t)field->offset) != (ssize_t)field->width)
		abort();
	new = odd_value(old, field->width, at % N_VALUES);
	if (new == old)
		return;
	if (pwrite(fd, &new, field->width, (off_t)field->offset) != (ssize_t)field->width)
		abort();
	unsigned start = milliseconds();

	alarm(HANGS_AFTER);
	ask_one();
	alarm(0);
	unsigned took = milliseconds() - start;

	if (took > progress->worst_ms) {
		progress->worst_ms = took;
		progress->worst_at = at;
	}
	if (pwrite(fd, &old, field->width, (off_t)field->offset) != (ssize_t)field->width)
		abort();
}

/* ---- one process after the other ---------------------------------------------------------------
 */

static void try_from(uint64_t at)
{
	int fd = open(path, O_RDWR);
	struct rusage usage;

	for (; at < n_fields * N_VALUES; at++) {
		progress->at = (unsigned)at;
		try_one(fd, (unsigned)at);
	}
	getrusage(RUSAGE_SELF, &usage);
	if (usage.ru_maxrss > MOST_MEMORY) {
		fprintf(stderr, "%ld KiB of memory\n", usage.ru_maxrss);
		_exit(2);
	}
	/* Without what a sanitizer says of leaks, which is said in other tests. */
	_exit(0);
}

static void restore(const char *copy, size_t n)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || pwrite(fd, copy, n, 0) != (ssize_t)n)
		abort();
	close(fd);
}

static char *read_file(size_t *ret_n)
{
	int fd = open(path, O_RDONLY);
	off_t n = lseek(fd, 0, SEEK_END);
	char *bytes = n > 0 ? malloc((size_t)n) : NULL;

	if (!bytes || pread(fd, bytes, (size_t)n, 0) != n)
		abort();
	close(fd);
	*ret_n = (size_t)n;
	return bytes;
}

int main(int argc, char **argv)
{
	unsigned n_bad = 0;
	size_t n;

	if (argc != 4)
		return 2;
	directory = argv[1];
	way = argv[3];
	snprintf(path, sizeof path, "%s/%s", argv[1], argv[2]);
	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	read_fields();
	char *copy = read_file(&n);

	for (unsigned at = 0; at < n_fields * N_VALUES;) {
		int status = status_of(try_from, at);

		if (status == 0)
			break;
		at = progress->at;
		const struct field *field = &fields[at / N_VALUES];
		uint64_t old = 0;

		memcpy(&old, copy + field->offset, field->width);
		printf("%s %s: %s = %#" PRIx64, argv[2], way, field->name,
		       odd_value(old, field->width, at % N_VALUES));
		print_end(status, SIGALRM);
		restore(copy, n);
		at++;
		if (++n_bad == 20)
			break;
	}
	printf("%s %s: %u fields, %u ok, %u refused, %u cannot, %u bad; worst %u ms: %s\n", argv[2],
	       way, n_fields, progress->n_ok, progress->n_refused, progress->n_cannot, n_bad,
	       progress->worst_ms, n_fields ? fields[progress->worst_at / N_VALUES].name : "");
	return n_bad != 0;
}
