/* SPDX-License-Identifier: MIT */
/* Files that shrink, grow or change while they are mapped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/guard.h"
#include "elf/elf.h"
#include "elf/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_PAGES = 64, MOST_WATCHED = 16 };

static const char *object; /* a shared object */

/* ---- what happens between two looks at a file ----------------------------------------------- */

/* What fstat(2) is called where files may be large. */

int __real_fstat64(int fd, struct stat *ret);
int __wrap_fstat64(int fd, struct stat *ret);

static void (*meanwhile)(int fd); /* once, after the first look */

int __wrap_fstat64(int fd, struct stat *ret)
{
	int status = __real_fstat64(fd, ret);
	void (*then)(int) = meanwhile;

	meanwhile = NULL;
	if (then)
		then(fd);
	return status;
}

static void reopened(int fd, void (*change)(int))
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int writable = open(path, O_RDWR);

	assert_true(writable >= 0);
	change(writable);
	close(writable);
}

static void cut(int fd)
{
	assert_int_equal(ftruncate(fd, 4096), 0);
}

static void empty(int fd)
{
	assert_int_equal(ftruncate(fd, 0), 0);
}

static void append(int fd)
{
	assert_true(lseek(fd, 0, SEEK_END) > 0);
	assert_int_equal(write(fd, "x", 1), 1);
}

static void cut_meanwhile(int fd)
{
	reopened(fd, cut);
}

static void append_meanwhile(int fd)
{
	reopened(fd, append);
}

/* ---- the guard ------------------------------------------------------------------------------- */

struct mapped {
	int fd;
	uint8_t *bytes;
	struct bs_guard *guard;
	size_t page;
};

static struct mapped map_pages(void)
{
	char path[] = "/tmp/bindsim-shrinking-XXXXXX";
	struct mapped m = { .fd = mkstemp(path), .page = (size_t)sysconf(_SC_PAGESIZE) };
	size_t n = m.page * N_PAGES;
	uint8_t *ones = malloc(n);

	assert_true(m.fd >= 0);
	unlink(path);
	/* The test's own frame has handlers, too, and a new one for each test. */
	bs_guard_catch();
	memset(ones, 1, n);
	assert_int_equal(write(m.fd, ones, n), n);
	free(ones);
	m.bytes = mmap(NULL, n, PROT_READ, MAP_PRIVATE, m.fd, 0);
	assert_ptr_not_equal(m.bytes, MAP_FAILED);
	m.guard = bs_guard_begin(m.bytes, n, PROT_READ);
	assert_non_null(m.guard);
	return m;
}

static void unmap(struct mapped *m)
{
	bs_guard_end(m->guard);
	munmap(m->bytes, m->page * N_PAGES);
	close(m->fd);
}

static void what_is_gone_is_zero(void **state)
{
	struct mapped m = map_pages(), other = map_pages();

	(void)state;
	assert_int_equal(m.bytes[m.page * 9], 1);
	assert_int_equal(ftruncate(m.fd, (off_t)(m.page * 3 + 7)), 0);
	assert_false(bs_guard_is_hit(m.guard));
	assert_int_equal(m.bytes[m.page * 3 + 6], 1);
	assert_false(bs_guard_is_hit(m.guard));
	for (size_t page = 4; page < N_PAGES; page++)
		assert_int_equal(m.bytes[m.page * page + page], 0);
	assert_int_equal(m.bytes[m.page * 2], 1);
	assert_true(bs_guard_is_hit(m.guard));
	assert_false(bs_guard_is_hit(other.guard));
	assert_int_equal(other.bytes[m.page * 9], 1);
	unmap(&m);
	unmap(&other);
}

/* Whoever maps a file so that others see what he writes can write behind its end, too, to the end
 * of its last page. */
static void a_string_ends_behind_the_file(void **state)
{
	struct mapped m = map_pages();

	(void)state;
	for (size_t n = m.page * 2 - 100; n <= m.page * 2; n += 100) {
		assert_int_equal(ftruncate(m.fd, (off_t)n), 0);
		char *seen = bs_map_file(m.fd, n, PROT_READ);
		char *written = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, m.fd, 0);

		assert_ptr_not_equal(seen, MAP_FAILED);
		assert_ptr_not_equal(written, MAP_FAILED);
		memset(written, 1, m.page * 2);
		assert_int_equal(strlen(seen), m.page * 2);
		munmap(written, n);
		bs_unmap_file(seen, n);
	}
	assert_ptr_equal(bs_map_file(m.fd, SIZE_MAX, PROT_READ), MAP_FAILED);
	unmap(&m);
}

struct job {
	struct bs_job job;
	struct mapped *m;
	uint8_t found;
};

static void read_all_pages(struct bs_job *job)
{
	struct job *j = (struct job *)(void *)job;

	for (size_t page = 0; page < N_PAGES; page++)
		j->found |= j->m->bytes[j->m->page * page];
}

static void another_thread_may_read_it(void **state)
{
	struct mapped m = map_pages();
	struct job job = { .job.run = read_all_pages, .m = &m };
	struct bs_worker *worker = bs_worker_new(1);

	(void)state;
	empty(m.fd);
	bs_worker_add(worker, &job.job, true);
	if (!bs_worker_is_running(worker)) {
		bs_worker_free(worker);
		unmap(&m);
		skip();
	}
	while (!bs_guard_is_hit(m.guard))
		usleep(1000);
	bs_worker_cancel(worker, &job.job);
	bs_worker_free(worker);
	assert_int_equal(job.found, 0);
	unmap(&m);
}

static void *make(void *user, uint32_t thread, uint32_t item)
{
	struct mapped *m = user;

	(void)thread;
	return m->bytes[m->page * (item % N_PAGES)] ? m : NULL;
}

static bool take(void *user, uint32_t item, void *product)
{
	(void)user, (void)item;
	return !product;
}

static void drop(void *user, void *product)
{
	(void)user, (void)product;
}

static void many_threads_may_read_it(void **state)
{
	struct mapped m = map_pages();
	const struct bs_crew_work work = { .n_items = 4 * N_PAGES,
					   .n_threads = 4,
					   .window = 16,
					   .user = &m,
					   .make = make,
					   .take = take,
					   .drop = drop };

	(void)state;
	empty(m.fd);
	assert_true(bs_crew_run(&work));
	assert_true(bs_guard_is_hit(m.guard));
	unmap(&m);
}

static void many_mappings_at_once(void **state)
{
	enum { N = 600 }; /* of more than one block */
	struct mapped m[N];

	(void)state;
	for (int i = 0; i < N; i++)
		m[i] = map_pages();
	for (int i = 0; i < N; i += 7)
		empty(m[i].fd);
	for (int i = 0; i < N; i++)
		assert_int_equal(m[i].bytes[m[i].page], i % 7 ? 1 : 0);
	for (int i = 0; i < N; i++) {
		assert_int_equal(bs_guard_is_hit(m[i].guard), i % 7 == 0);
		unmap(&m[i]);
	}
}

static void read_what_nobody_guards(void)
{
	struct mapped m = map_pages();

	bs_guard_end(m.guard);
	empty(m.fd);
	_exit(m.bytes[0]);
}

static void be_sent_one(void)
{
	kill(getpid(), SIGBUS);
	_exit(0);
}

static volatile sig_atomic_t n_heard;

static void hear(int number)
{
	(void)number;
	n_heard++;
}

static void hear_more(int number, siginfo_t *info, void *context)
{
	(void)number, (void)context;
	n_heard += info->si_pid == getpid() ? 1 : 100;
}

/* In a child where SIGBUS is ACTION's: it is sent, and then a page is read that is gone. Returns
 * how often ACTION was heard. */
static int heard_in_child(const struct sigaction *action)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		sigaction(SIGBUS, action, NULL);
		struct mapped m = map_pages();

		kill(getpid(), SIGBUS);
		kill(getpid(), SIGBUS);
		empty(m.fd);
		if (m.bytes[m.page * 5] != 0 || !bs_guard_is_hit(m.guard))
			_exit(99);
		_exit(n_heard);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Who ignores it, or has a handler that comes back, goes on, and the guard with him. */
static void what_is_sent_goes_where_it_went(void **state)
{
	const struct sigaction ignored = { .sa_handler = SIG_IGN };
	const struct sigaction handler = { .sa_handler = hear };
	const struct sigaction informed = { .sa_sigaction = hear_more, .sa_flags = SA_SIGINFO };

	(void)state;
	assert_int_equal(heard_in_child(&ignored), 0);
	assert_int_equal(heard_in_child(&handler), 2);
	assert_int_equal(heard_in_child(&informed), 2);
}

static void assert_dies(void (*child)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		/* What the handler of a sanitizer would say is no matter here. */
		signal(SIGBUS, SIG_DFL);
		bs_guard_catch();
		child();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void others_end_the_process(void **state)
{
	(void)state;
	assert_dies(read_what_nobody_guards);
	assert_dies(be_sent_one);
}

/* ---- images ---------------------------------------------------------------------------------- */

struct reading {
	struct bs_diags diags;
	struct bs_ctx ctx;
	struct bs_store *store;
	const struct bs_image *image;
	int fd;
};

static void copy_object(int to)
{
	int from = open(object, O_RDONLY);
	char bytes[4096];
	ssize_t n;

	assert_true(from >= 0);
	while ((n = read(from, bytes, sizeof bytes)) > 0)
		assert_int_equal(write(to, bytes, (size_t)n), n);
	close(from);
}

static struct reading *begin_reading(void (*then)(int fd))
{
	struct reading *r = calloc(1, sizeof *r);
	char path[] = "/tmp/bindsim-shrinking-XXXXXX";
	const struct timespec long_ago[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

	assert_non_null(r);
	r->fd = mkstemp(path);
	assert_true(r->fd >= 0);
	unlink(path);
	bs_guard_catch();
	copy_object(r->fd);
	assert_int_equal(futimens(r->fd, long_ago), 0);
	r->ctx.arena = r->diags.arena = bs_arena_new();
	r->ctx.names = bs_names_new(r->ctx.arena);
	r->ctx.diags = &r->diags;
	r->store = bs_store_new();
	meanwhile = then;
	r->image = bs_store_acquire(r->store, &r->ctx, r->fd, "file.so");
	assert_non_null(r->image);
	return r;
}

static void end_reading(struct reading *r)
{
	bs_store_release(r->store, r->image);
	bs_store_free(r->store);
	bs_arena_free(r->ctx.arena);
	close(r->fd);
	free(r);
}

static const char *told(const struct reading *r)
{
	bs_vec_each (i, &r->diags.list)
		if (r->diags.list.v[i].code == BS_DIAG_CHANGED)
			return r->diags.list.v[i].detail;
	return "";
}

static size_t read_symbols(const struct reading *r)
{
	size_t n = 0;

	for (uint32_t i = 0; i < r->image->symbols.n; i++) {
		n += strlen(bs_image_symbol_name(r->image, i));
		n += bs_image_name_hash(r->image, i) != 0;
	}
	return n;
}

static void a_file_that_stays(void **state)
{
	struct reading *r = begin_reading(NULL);

	(void)state;
	assert_true(read_symbols(r) > 100);
	assert_null(bs_image_change(r->image));
	assert_string_equal(told(r), "");
	end_reading(r);
}

static void symbols_that_are_gone(void **state)
{
	struct reading *r = begin_reading(NULL);

	(void)state;
	empty(r->fd);
	read_symbols(r);
	assert_string_equal(bs_image_change(r->image), bs_words_for_change(true));
	end_reading(r);
}

static void tables_that_are_gone(void **state)
{
	struct reading *r = begin_reading(cut_meanwhile);

	(void)state;
	assert_string_equal(told(r), bs_words_for_change(true));
	read_symbols(r);
	end_reading(r);
}

static void a_file_that_grows(void **state)
{
	struct reading *r = begin_reading(append_meanwhile);

	(void)state;
	assert_string_equal(told(r), bs_words_for_change(false));
	assert_true(read_symbols(r) > 100);
	assert_string_equal(bs_image_change(r->image), bs_words_for_change(false));
	end_reading(r);
}

static void a_file_that_is_written_to(void **state)
{
	struct reading *r = begin_reading(NULL);

	(void)state;
	assert_null(bs_image_change(r->image));
	assert_int_equal(pwrite(r->fd, "x", 1, 5000), 1);
	assert_string_equal(bs_image_change(r->image), bs_words_for_change(false));
	end_reading(r);
}

/* Its mode and its owner say nothing about what is in it. */
static void a_file_that_gets_another_mode(void **state)
{
	struct reading *r = begin_reading(NULL);

	(void)state;
	assert_int_equal(fchmod(r->fd, 0755), 0);
	assert_null(bs_image_change(r->image));
	end_reading(r);
}

static void no_more_files_are_watched_than_may_be(void **state)
{
	bs_sentries_at_most(1);
	struct reading *first = begin_reading(NULL), *second = begin_reading(NULL);

	(void)state;
	append(first->fd);
	append(second->fd);
	assert_non_null(bs_image_change(first->image));
	assert_null(bs_image_change(second->image));
	end_reading(first);
	end_reading(second);
	struct reading *third = begin_reading(NULL);

	append(third->fd);
	assert_non_null(bs_image_change(third->image));
	end_reading(third);
	bs_sentries_at_most(MOST_WATCHED);
}

/* Who asks again gets what the file is now. */
static void it_is_read_anew(void **state)
{
	struct reading *r = begin_reading(NULL);

	(void)state;
	empty(r->fd);
	const struct bs_image *now = bs_store_acquire(r->store, &r->ctx, r->fd, "file.so");

	assert_ptr_not_equal(now, r->image);
	assert_int_equal(now->state, BS_IMAGE_SHORT);
	bs_store_release(r->store, now);
	end_reading(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_gone_is_zero),
		cmocka_unit_test(a_string_ends_behind_the_file),
		cmocka_unit_test(another_thread_may_read_it),
		cmocka_unit_test(many_threads_may_read_it),
		cmocka_unit_test(many_mappings_at_once),
		cmocka_unit_test(others_end_the_process),
		cmocka_unit_test(what_is_sent_goes_where_it_went),
		cmocka_unit_test(a_file_that_stays),
		cmocka_unit_test(symbols_that_are_gone),
		cmocka_unit_test(tables_that_are_gone),
		cmocka_unit_test(a_file_that_grows),
		cmocka_unit_test(a_file_that_is_written_to),
		cmocka_unit_test(a_file_that_gets_another_mode),
		cmocka_unit_test(no_more_files_are_watched_than_may_be),
		cmocka_unit_test(it_is_read_anew),
	};

	if (argc != 2)
		return 1;
	object = argv[1];
	bs_sentries_at_most(MOST_WATCHED);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
