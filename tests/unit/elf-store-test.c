/* SPDX-License-Identifier: MIT */
/*
 * The store of images: who shares what, from several threads, and when memory runs out.
 *
 * Linked with --wrap for the two functions by which src/elf gets memory, so that they can fail.
 */
#include "elf-test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long calls_left = -1; /* until an allocation fails; below 0 they do not */

struct bs_arena *__real_bs_arena_new(void);
struct bs_arena *__wrap_bs_arena_new(void);
void *__real_bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size);
void *__wrap_bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size);

static bool fails_now(void)
{
	return calls_left >= 0 && calls_left-- == 0;
}

struct bs_arena *__wrap_bs_arena_new(void)
{
	return fails_now() ? NULL : __real_bs_arena_new();
}

void *__wrap_bs_arena_alloc(struct bs_arena *arena, size_t n, size_t size)
{
	if (fails_now())
		bs_arena_exhausted(arena);
	return __real_bs_arena_alloc(arena, n, size);
}

static int open_fixture(const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", fixtures, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The image of fixture NAME, or of what is left of it; the descriptor is closed again. */
static const struct bs_image *acquire(struct bs_store *store, struct run *run, const char *name)
{
	int fd = open_fixture(name);

	if (fd < 0)
		skip();
	const struct bs_image *image = bs_store_acquire(store, &run->ctx, fd, name);

	close(fd);
	return image;
}

static void one_image_a_file(void **state)
{
	struct bs_store *store = bs_store_new();
	struct run *run = run_new(), *later = run_new();
	const struct bs_image *plain = acquire(store, run, "plain");

	(void)state;
	assert_string_equal(plain->soname, "libplain.so.1");
	assert_true(plain->ino != 0 && plain->size > 0);
	assert_true(look_up(plain, "work") != 0);
	assert_ptr_equal(plain, acquire(store, run, "plain"));
	assert_ptr_not_equal(plain, acquire(store, run, "sysv"));

	/* It outlives the run that had it read. */
	run_free(run);
	assert_ptr_equal(plain, acquire(store, later, "plain"));
	bs_store_release(store, plain);
	bs_store_release(store, plain);
	bs_store_trim(store);
	assert_true(look_up(plain, "work") != 0);
	bs_store_release(store, plain);
	bs_store_trim(store);
	bs_store_free(store);
	bs_store_free(NULL);
	run_free(later);
}

/* Two views of one image, one after the other; who has an image already keeps it. */
static void views_of(const char *name)
{
	struct bs_store *store = bs_store_new();
	struct run *run = run_new();
	const struct bs_image *image = acquire(store, run, name);
	const uint32_t last = image->symbols.n - 1;
	uint8_t *bits = bs_new(run->arena, uint8_t, last / 8 + 1);

	assert_true(last > 0);
	const struct bs_symbol before = bs_image_symbol(image, last);

	assert_int_not_equal(bs_symbol_bind(&before), STB_LOCAL);
	bits[last / 8] = (uint8_t)(1u << last % 8);
	bs_store_as_if(store, &run->ctx, image, &(struct bs_as_if){ .hidden = bits });
	const struct bs_image *hidden = acquire(store, run, name);
	struct bs_symbol s = bs_image_symbol(hidden, last);

	assert_ptr_not_equal(hidden, image);
	assert_ptr_equal(bs_image_as_read(hidden), image);
	assert_ptr_equal(bs_store_hold(store, &run->ctx, image, name), hidden);
	assert_int_equal(bs_symbol_bind(&s), STB_LOCAL);
	assert_int_equal(bs_symbol_type(&s), bs_symbol_type(&before));
	assert_int_equal(s.value, before.value);
	touch_everything(hidden);

	bs_store_as_if(store, &run->ctx, hidden,
		       &(struct bs_as_if){ .protected = bits, .symbolic = true });
	const struct bs_image *protected = bs_store_hold(store, &run->ctx, hidden, name);

	s = bs_image_symbol(protected, last);
	assert_ptr_not_equal(protected, hidden);
	assert_ptr_equal(bs_image_as_read(protected), image);
	assert_int_equal(bs_symbol_bind(&s), bs_symbol_bind(&before));
	assert_int_equal(bs_symbol_visibility(&s), STV_PROTECTED);
	assert_true(protected->symbolic && bs_image_keeps(protected, last));
	assert_false(bs_image_keeps(hidden, last) || bs_image_keeps(image, last));
	touch_everything(protected);

	/* The file itself is untouched, and is what is given out again. */
	bs_store_as_it_is(store);
	assert_ptr_equal(bs_store_hold(store, &run->ctx, protected, name), image);
	s = bs_image_symbol(image, last);
	assert_int_equal(bs_symbol_bind(&s), bs_symbol_bind(&before));
	assert_int_equal(bs_symbol_visibility(&s), bs_symbol_visibility(&before));

	/* All are users of the one file, which stays until the last of them is done. */
	const struct bs_image *const users[] = { image, hidden, hidden, protected };

	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		bs_store_release(store, users[i]);
		bs_store_trim(store);
		assert_true(touch_everything(protected) != 0);
	}
	bs_store_release(store, image);
	bs_store_trim(store);
	bs_store_free(store);
	run_free(run);
}

static void as_if(void **state)
{
	/* Of 64 and 32 bits, and of the other byte order. */
	static const char *const names[] = { "plain", "s390x-by-hand", "i386" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_there(names[i]))
			views_of(names[i]);
}

static int temporary_file(char *path)
{
	strcpy(path, "/tmp/bindsim-elf-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	return fd;
}

static void a_changed_file_is_another(void **state)
{
	struct bs_store *store = bs_store_new();
	struct run *run = run_new();
	struct bytes plain = bytes_of("plain");
	char path[64];
	int fd = temporary_file(path);

	(void)state;
	unlink(path);
	assert_int_equal(pwrite(fd, plain.v, plain.n, 0), plain.n);
	const struct bs_image *before = bs_store_acquire(store, &run->ctx, fd, path);

	assert_int_equal(pwrite(fd, "", 1, (off_t)plain.n), 1);
	const struct bs_image *after = bs_store_acquire(store, &run->ctx, fd, path);

	assert_ptr_not_equal(before, after);
	assert_int_equal(after->size, before->size + 1);
	close(fd);
	bs_store_free(store);
	run_free(run);
	bytes_free(&plain);
}

static void complaints_reach_every_run(void **state)
{
	struct bs_store *store = bs_store_new();
	struct run *run = run_new(), *later = run_new();
	char path[64];
	int fd = temporary_file(path);

	(void)state;
	unlink(path);
	assert_int_equal(pwrite(fd, "text", 4, 0), 4);
	for (int i = 0; i < 3; i++) {
		const struct bs_image *image = bs_store_acquire(store, &run->ctx, fd, "here");

		assert_int_equal(image->state, BS_IMAGE_SHORT);
	}
	assert_int_equal(run->diags.list.n, 1);
	bs_store_acquire(store, &later->ctx, fd, "there");
	assert_int_equal(later->diags.list.n, 1);
	assert_string_equal(later->diags.list.v[0].path, "there");
	close(fd);
	bs_store_free(store);
	run_free(run);
	run_free(later);
}

static void what_is_no_file(void **state)
{
	struct bs_store *store = bs_store_new();
	struct run *run = run_new();
	int directory = open("/", O_RDONLY | O_CLOEXEC), null = open("/dev/null", O_RDONLY);
	const struct bs_image *image = bs_store_acquire(store, &run->ctx, directory, "/");

	(void)state;
	assert_int_equal(image->state, BS_IMAGE_UNREADABLE);
	assert_int_equal(image->read_error, EISDIR);
	assert_int_equal(run->diags.list.v[0].code, BS_DIAG_CANNOT_READ);
	assert_int_equal(run->diags.list.v[0].os_error, EISDIR);
	image = bs_store_acquire(store, &run->ctx, null, "/dev/null");
	assert_int_equal(image->state, BS_IMAGE_SHORT);
	assert_int_equal(image->size, 0);
	assert_null(bs_store_acquire(store, &run->ctx, -1, "nowhere"));
	assert_int_equal(run->diags.list.v[2].os_error, EBADF);
	close(directory);
	close(null);
	bs_store_free(store);
	run_free(run);
}

/* What says that it has no bytes, and has some. */
static void what_looks_empty(void **state)
{
	static const char *const names[] = { "/dev/zero", "/dev/urandom", "/proc/version" };
	struct bs_store *store = bs_store_new();
	struct run *run = run_new();

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		int fd = open(names[i], O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		const struct bs_image *image = bs_store_acquire(store, &run->ctx, fd, names[i]);

		assert_int_equal(image->state, BS_IMAGE_NOT_ELF);
		assert_true(image->size >= sizeof(Elf64_Ehdr));
		/* The store goes by what stat(2) says. */
		if (names[i][1] == 'd')
			assert_ptr_equal(image, bs_store_acquire(store, &run->ctx, fd, names[i]));
		close(fd);
	}
	bs_store_free(store);
	run_free(run);
}

static const char *const shared[] = { "plain", "sysv", "both", "versioned", "user", "relr" };
enum { N_SHARED = sizeof shared / sizeof *shared, N_THREADS = 8, N_ROUNDS = 50 };

static void *use_store(void *store)
{
	struct run *run = run_new();

	for (int i = 0; i < N_ROUNDS; i++) {
		const struct bs_image *images[N_SHARED];

		for (int k = 0; k < N_SHARED; k++) {
			int fd = open_fixture(shared[k]);

			images[k] = bs_store_acquire(store, &run->ctx, fd, shared[k]);
			close(fd);
			touch_everything(images[k]);
		}
		for (int k = 0; k < N_SHARED; k++)
			bs_store_release(store, images[k]);
		bs_store_trim(store);
	}
	run_free(run);
	return NULL;
}

static void several_threads(void **state)
{
	struct bs_store *store = bs_store_new();
	pthread_t threads[N_THREADS];

	(void)state;
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_store, store), 0);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	bs_store_free(store);
}

/* One acquisition with its Nth allocation failing: true when memory ran out. The leak checker
 * watches. */
static bool runs_out(const char *name, long n)
{
	struct bs_store *store = bs_store_new();
	struct bs_arena *arena = bs_arena_new();
	struct bs_diags diags = { .arena = arena };
	struct bs_ctx ctx = { arena, NULL, &diags };
	volatile int fd = open_fixture(name);
	volatile bool out = true;

	if (!BS_ON_OUT_OF_MEMORY(arena)) {
		calls_left = n;
		const struct bs_image *image = bs_store_acquire(store, &ctx, fd, name);

		calls_left = -1;
		out = false;
		assert_int_equal(image->state, BS_IMAGE_OK);
	}
	calls_left = -1;
	/* The store works on as if nothing had been. */
	if (!BS_ON_OUT_OF_MEMORY(arena))
		assert_true(bs_store_acquire(store, &ctx, fd, name)->complete);
	close(fd);
	bs_store_free(store);
	bs_arena_free(arena);
	return out;
}

static void out_of_memory(void **state)
{
	static const char *const names[] = { "versioned", "s390x" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		long n = 0;
		int fd = open_fixture(names[i]);

		if (fd < 0)
			continue;
		close(fd);
		while (runs_out(names[i], n))
			n++;
		/* The arena, the image, the segments, the dynamic section at the least. */
		assert_true(n >= 4);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_image_a_file),
		cmocka_unit_test(as_if),
		cmocka_unit_test(a_changed_file_is_another),
		cmocka_unit_test(complaints_reach_every_run),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(what_looks_empty),
		cmocka_unit_test(several_threads),
		cmocka_unit_test(out_of_memory),
	};

	if (argc > 1)
		fixtures = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
