/* SPDX-License-Identifier: MIT */
/*
 * lies DIRECTORY FILE WAY < LIST: the question WAY is asked while somebody writes to FILE. Each
 * number of LIST ("OFFSET WIDTH NAME") is what it should be when it is read for the first time, the
 * second, the third, and something odd from then on, or only then; the byte strings of which LIST
 * gives a WIDTH of 0 lose all their NULs, from OFFSET to the end of the file, between two reads;
 * and any byte of the file becomes another one at any time. Prints what ended in a crash or without
 * an end.
 *
 * The compiler calls hooks before each read (clang: -fsanitize-coverage=trace-loads): whoever
 * writes meanwhile could write at no better moment. What the C library reads has no hooks.
 */
#include "questions.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	HANGS_AFTER = 10, /* seconds of the processor */
	MOST_READS = 16,  /* of a number, after which a lie comes too late */
	MOST_WINDOWS = 64,
	N_MOMENTS = 200, /* at which strings lose their ends */
	N_SCRIBBLES = 1000,
	MOST_BAD = 20,
};

/* Of odd_value(): too many, too few, and just beside what it should be. */
static const unsigned chosen[] = { 0, 2, 4, 10, 13 };
enum { N_CHOSEN = sizeof chosen / sizeof *chosen };

static const char *directory, *way;
static char path[512];
static struct stat target;
static char *content;

/* ---- what FILE is mapped as ------------------------------------------------------------------ */

static struct window {
	char *bytes;
	size_t n;
} windows[MOST_WINDOWS];
static unsigned n_windows;

static size_t page_end(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) / page * page;
}

void *__real_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t n);
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t n);

/* A copy, which can be written to, and behind whose last page nothing is there. */
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	size_t here = n < (size_t)target.st_size ? n : (size_t)target.st_size;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_ino != target.st_ino ||
	    st.st_dev != target.st_dev || n_windows == MOST_WINDOWS)
		return __real_mmap64(at, n, protection, flags, fd, offset);
	int access = PROT_READ | PROT_WRITE;

	if (!(flags & MAP_FIXED)) {
		at = __real_mmap64(at, page_end(n) + page_end(1), PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED || mprotect(at, n, access) != 0)
			abort();
	} else if (__real_mmap64(at, n, access, flags | MAP_ANONYMOUS, -1, 0) != at) {
		abort();
	}
	memcpy(at, content, here);
	windows[n_windows++] = (struct window){ at, here };
	return at;
}

int __wrap_munmap(void *at, size_t n)
{
	for (unsigned i = 0; i < n_windows; i++)
		if (windows[i].bytes == at) {
			windows[i] = windows[--n_windows];
			return __real_munmap(at, page_end(n) + page_end(1));
		}
	return __real_munmap(at, n);
}

/* ---- who writes to it ------------------------------------------------------------------------ */

enum manner { FROM_THEN_ON, ONLY_THEN, NO_ENDS, SCRIBBLE };

static struct lie {
	enum manner manner;
	uint64_t offset;
	unsigned width;
	uint64_t truth, lie;
	uint32_t after; /* so many reads */
	uint64_t seed;
	bool is_told;
} now;
static uint32_t n_reads;

static uint64_t next_number(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static void scribble(const struct window *w)
{
	uint64_t at = next_number(&now.seed) % w->n;

	/* Small numbers and those of the neighbourhood do more harm than any. */
	switch (next_number(&now.seed) % 4) {
	case 0:
		w->bytes[at] = (char)next_number(&now.seed);
		break;
	case 1:
		w->bytes[at] ^= (char)(1 << next_number(&now.seed) % 8);
		break;
	case 2:
		w->bytes[at] = 0;
		break;
	default:
		memcpy(w->bytes + (at & ~(uint64_t)3) % (w->n - 8),
		       w->bytes + (next_number(&now.seed) % (w->n - 8) & ~(uint64_t)3), 4);
	}
}

static void before_read(const void *address, size_t n)
{
	const char *at = address;

	for (unsigned i = 0; i < n_windows; i++) {
		const struct window *w = &windows[i];

		if (at < w->bytes || at >= w->bytes + w->n)
			continue;
		uint64_t offset = (uint64_t)(at - w->bytes);

		switch (now.manner) {
		case FROM_THEN_ON:
		case ONLY_THEN:
			if (offset >= now.offset + now.width || now.offset >= offset + n)
				return;
			bool lies = now.manner == FROM_THEN_ON ? n_reads >= now.after
							       : n_reads == now.after;

			n_reads++;
			memcpy(w->bytes + now.offset, lies ? &now.lie : &now.truth, now.width);
			return;
		case NO_ENDS:
			if (n_reads++ < now.after)
				return;
			/* What a page has behind the file's end can be written to as well. */
			for (uint64_t k = now.offset; k < page_end(w->n) && !now.is_told; k++)
				w->bytes[k] = w->bytes[k] ? w->bytes[k] : 'a';
			now.is_told = true;
			return;
		case SCRIBBLE:
			if (n_reads++ % now.after == 0)
				scribble(w);
			return;
		}
	}
}

#define HOOK(size)                                                                                 \
	void __sanitizer_cov_load##size(const void *address);                                      \
	void __sanitizer_cov_load##size(const void *address)                                       \
	{                                                                                          \
		before_read(address, size);                                                        \
	}

HOOK(1)
HOOK(2)
HOOK(4)
HOOK(8)
HOOK(16)

/* ---- one process after the other ------------------------------------------------------------- */

/* Seen by both processes. */
static struct progress {
	uint64_t at; /* cases */
	uint64_t n_asked, n_reads;
	struct lie lie;
} * progress;

static void set_timer(time_t seconds)
{
	const struct itimerval timer = { .it_value.tv_sec = seconds };

	setitimer(ITIMER_PROF, &timer, NULL);
}

/* Asks; returns how often there was something to lie about. */
static uint32_t ask(struct lie lie)
{
	now = lie;
	n_reads = 0;
	progress->lie = lie;
	progress->n_asked++;
	set_timer(HANGS_AFTER);
	ask_question(directory, path, way);
	set_timer(0);
	if (n_windows)
		abort();
	progress->n_reads += n_reads;
	return n_reads;
}

static void try_field(const struct field *field, unsigned value)
{
	struct lie lie = { .offset = field->offset, .width = field->width };

	memcpy(&lie.truth, content + field->offset, field->width);
	lie.lie = odd_value(lie.truth, field->width, chosen[value]);
	if (lie.lie == lie.truth)
		return;
	for (lie.manner = FROM_THEN_ON; lie.manner <= ONLY_THEN; lie.manner++)
		for (lie.after = 0; lie.after < MOST_READS; lie.after++)
			if (ask(lie) <= lie.after)
				break;
}

static void try_strings(const struct field *field)
{
	struct lie lie = { .manner = NO_ENDS, .offset = field->offset, .after = UINT32_MAX };
	uint32_t n = ask(lie);

	for (uint32_t i = 0; i <= N_MOMENTS; i++) {
		lie.after = (uint32_t)((uint64_t)n * i / N_MOMENTS);
		ask(lie);
	}
}

static void try_scribbles(void)
{
	for (uint32_t i = 0; i < N_SCRIBBLES; i++)
		ask((struct lie){ .manner = SCRIBBLE, .after = 1u << i % 12, .seed = i });
}

/* The cases: each value of each field, then scribbles. */
static void try_from(uint64_t at)
{
	for (; at < (uint64_t)n_fields * N_CHOSEN; at++) {
		const struct field *field = &fields[at / N_CHOSEN];

		progress->at = at;
		if (field->width)
			try_field(field, at % N_CHOSEN);
		else if (at % N_CHOSEN == 0)
			try_strings(field);
	}
	progress->at = at;
	if (at == (uint64_t)n_fields * N_CHOSEN)
		try_scribbles();
	/* Without what a sanitizer says of leaks, which is said in other tests. */
	_exit(0);
}

static bool read_target(void)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &target) != 0)
		return false;
	content = malloc((size_t)target.st_size);
	bool ok = content && pread(fd, content, (size_t)target.st_size, 0) == target.st_size;

	close(fd);
	return ok;
}

int main(int argc, char **argv)
{
	unsigned n_bad = 0;

	if (argc != 4)
		return 2;
	directory = argv[1];
	way = argv[3];
	snprintf(path, sizeof path, "%s/%s", argv[1], argv[2]);
	progress = mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (!read_target())
		return 2;
	read_fields();
	for (uint64_t at = 0; at <= (uint64_t)n_fields * N_CHOSEN && n_bad < MOST_BAD;) {
		int status = status_of(try_from, at);

		if (status == 0)
			break;
		const struct lie *lie = &progress->lie;
		uint64_t field = progress->at / N_CHOSEN;

		at = progress->at + 1;
		n_bad++;
		printf("%s %s: %s: manner %d, %#" PRIx64 " after %" PRIu32 ", seed %" PRIu64,
		       argv[2], way, field < n_fields ? fields[field].name : "", lie->manner,
		       lie->lie, lie->after, lie->seed);
		print_end(status, SIGPROF);
	}
	printf("%s %s: %u fields, %" PRIu64 " questions, %" PRIu64 " lies, %u bad\n", argv[2], way,
	       n_fields, progress->n_asked, progress->n_reads, n_bad);
	/* Without hooks nobody has lied. */
	return n_bad != 0 || !progress->n_reads;
}
