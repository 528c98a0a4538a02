/* SPDX-License-Identifier: MIT */
/*
 * The tool with an allocation that fails: all of it, and this in place of malloc(3), mmap(2),
 * pthread_create(3) and fork(2), for the libraries that it opens, too, and in front of what arenas
 * give out (--wrap of the linker). Each of them has a number, from 1 on, given as they are asked
 *for once main() is reached.
 *
 *	FAIL=FIRST-LAST TOOL ARGUMENT...	what has these numbers fails
 *	FAIL=... FAIL_ABORTS=1 ...		and shows a debugger where the first is
 *	FAIL_SERVER=IN,OUT,DIR ...		reads "FIRST LAST" lines from descriptor IN; for
 *each a process made by fork(2) is the tool, with DIR/stdout and DIR/stderr; answers on descriptor
 *OUT with a line "STATUS ASKED-FOR", STATUS as of waitpid(2)
 */
#include "../../src/base/base-priv.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_SECONDS = 60 };

/* Shared with the process that is the tool. */
static unsigned long *asked_for;
static unsigned long first, last;
static bool aborts;

/* Processes that the tool starts have their own numbers, and what they do is not asked. */
static bool fails(void)
{
	if (!asked_for)
		return false;
	unsigned long number = __atomic_add_fetch(asked_for, 1, __ATOMIC_RELAXED);

	if (number < first || number > last)
		return false;
	if (aborts)
		abort();
	return true;
}

/* ---- the C library's ------------------------------------------------------------------------- */

/* dlsym(3) may ask for memory itself. */
static char early[4096];
static size_t n_early;

#define REAL(type, name, ...)                                                                      \
	static type (*real)(__VA_ARGS__);                                                          \
	static __thread bool is_looking;                                                           \
	if (!real && !is_looking) {                                                                \
		void *function;                                                                    \
		is_looking = true;                                                                 \
		function = dlsym(RTLD_NEXT, name);                                                 \
		memcpy(&real, &function, sizeof real);                                             \
		is_looking = false;                                                                \
	}

static void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

static void *take_early(size_t n)
{
	void *p = early + n_early;

	n_early += (n + 15) & ~(size_t)15;
	return n_early > sizeof early ? NULL : p;
}

void *malloc(size_t n)
{
	REAL(void *, "malloc", size_t)
	return !real ? take_early(n) : fails() ? no_memory() : real(n);
}

void *calloc(size_t n, size_t size)
{
	REAL(void *, "calloc", size_t, size_t)
	return !real ? take_early(n * size) : fails() ? no_memory() : real(n, size);
}

void *realloc(void *p, size_t n)
{
	REAL(void *, "realloc", void *, size_t)
	return n && fails() ? no_memory() : real(p, n);
}

void *reallocarray(void *p, size_t n, size_t size)
{
	REAL(void *, "reallocarray", void *, size_t, size_t)
	return n && size && fails() ? no_memory() : real(p, n, size);
}

void *aligned_alloc(size_t alignment, size_t n)
{
	REAL(void *, "aligned_alloc", size_t, size_t)
	return fails() ? no_memory() : real(alignment, n);
}

int posix_memalign(void **ret, size_t alignment, size_t n)
{
	REAL(int, "posix_memalign", void **, size_t, size_t)
	return fails() ? ENOMEM : real(ret, alignment, n);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	REAL(void *, "mmap", void *, size_t, int, int, int, off_t)
	if (fails()) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return real(at, n, protection, flags, fd, offset);
}

int pthread_create(pthread_t *ret, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *data)
{
	REAL(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
	return fails() ? EAGAIN : real(ret, attributes, run, data);
}

pid_t fork(void)
{
	REAL(pid_t, "fork", void)
	if (fails()) {
		errno = ENOMEM;
		return -1;
	}
	pid_t pid = real();

	if (pid == 0)
		asked_for = NULL;
	return pid;
}

/* ---- arenas ---------------------------------------------------------------------------------- */

/* Whichever asks for one more block is the one that fails when memory ends. */
static void fail_here(struct bs_arena *arena)
{
	if (fails())
		bs_arena_exhausted(arena);
}

void *__real_bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size);
void *__wrap_bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size);
char *__real_bs_arena_strndup(struct bs_arena *arena, const char *s, size_t n);
char *__wrap_bs_arena_strndup(struct bs_arena *arena, const char *s, size_t n);
void *__real_bs_vec_grow(struct bs_arena *arena, void *v, uint32_t *cap, uint32_t need,
			 size_t size);
void *__wrap_bs_vec_grow(struct bs_arena *arena, void *v, uint32_t *cap, uint32_t need,
			 size_t size);
bs_ids __real_bs_ids_copy(struct bs_arena *arena, const bs_ids *from);
bs_ids __wrap_bs_ids_copy(struct bs_arena *arena, const bs_ids *from);

void *__wrap_bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size)
{
	fail_here(arena);
	return __real_bs_arena_alloc(arena, n, size);
}

char *__wrap_bs_arena_strndup(struct bs_arena *arena, const char *s, size_t n)
{
	fail_here(arena);
	return __real_bs_arena_strndup(arena, s, n);
}

void *__wrap_bs_vec_grow(struct bs_arena *arena, void *v, uint32_t *cap, uint32_t need, size_t size)
{
	fail_here(arena);
	return __real_bs_vec_grow(arena, v, cap, need, size);
}

bs_ids __wrap_bs_ids_copy(struct bs_arena *arena, const bs_ids *from)
{
	fail_here(arena);
	return __real_bs_ids_copy(arena, from);
}

char *__wrap_bs_arena_printf(struct bs_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3), nonnull(2)));

char *__wrap_bs_arena_printf(struct bs_arena *arena, const char *format, ...)
{
	va_list ap;
	char none[1];

	fail_here(arena);
	va_start(ap, format);
	size_t n = (size_t)vsnprintf(none, sizeof none, format, ap) + 1;

	va_end(ap);
	char *text = __real_bs_arena_alloc(arena, n, 1);

	va_start(ap, format);
	vsnprintf(text, n, format, ap);
	va_end(ap);
	return text;
}

/* ---- the tool -------------------------------------------------------------------------------- */

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static unsigned long *counter(void)
{
	void *page = mmap(NULL, sizeof(unsigned long), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

static void become(const char *directory, const char *name, int fd)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);

	if (file < 0 || dup2(file, fd) < 0)
		_exit(99);
	close(file);
}

static int serve(const char *how, int argc, char **argv)
{
	unsigned long *count = counter();
	int in, out, at = 0;

	if (!count || sscanf(how, "%d,%d,%n", &in, &out, &at) != 2 || !at)
		return 99;
	const char *directory = how + at;
	FILE *commands = fdopen(in, "re"), *answers = fdopen(out, "we");
	char line[64];

	if (!commands || !answers)
		return 99;
	while (fgets(line, sizeof line, commands)) {
		sscanf(line, "%lu %lu", &first, &last);
		*count = 0;
		pid_t pid = fork();

		if (pid == 0) {
			become(directory, "stdout", STDOUT_FILENO);
			become(directory, "stderr", STDERR_FILENO);
			close(in);
			close(out);
			alarm(MOST_SECONDS);
			asked_for = count;
			return __real_main(argc, argv);
		}
		int status;

		waitpid(pid, &status, 0);
		fprintf(answers, "%d %lu\n", status, *count);
		fflush(answers);
	}
	return 0;
}

/* A plain variable, and none that the tool sees. */
static const char *take(const char *name)
{
	const char *value = getenv(name);
	char *copy = value ? strdup(value) : NULL;

	unsetenv(name);
	return copy;
}

int __wrap_main(int argc, char **argv)
{
	const char *range = take("FAIL"), *server = take("FAIL_SERVER");

	aborts = take("FAIL_ABORTS") != NULL;
	if (server)
		return serve(server, argc, argv);
	if (range && sscanf(range, "%lu-%lu", &first, &last) == 2)
		asked_for = counter();
	return __real_main(argc, argv);
}
