/* SPDX-License-Identifier: MIT */
/* The link maps of a process, read from its memory: of this one, whose loader can be asked, too. */
#include "live/live.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Memory that is an array here, at address 0. */
struct book {
	struct bs_memory memory; /* first: a book is a memory */
	uint64_t words[16];
};

static bool read_book(const struct bs_memory *memory, uint64_t address, void *to, size_t n)
{
	const struct book *book = (const struct book *)memory;

	if (address > sizeof book->words || n > sizeof book->words - address)
		return false;
	memcpy(to, (const char *)book->words + address, n);
	return true;
}

struct fixture {
	struct bs_arena *arena;
	struct bs_memory memory;
	struct bs_auxiliary auxiliary;
	struct bs_live_maps maps;
};

static struct fixture look_at_myself(void)
{
	struct fixture f = { .arena = bs_arena_new() };

	assert_true(bs_memory_of_process(getpid(), &f.memory));
	assert_true(bs_auxiliary_of_process(getpid(), &f.memory, &f.auxiliary));
	assert_true(bs_live_maps_read(f.arena, &f.memory, bs_live_debug(&f.memory, &f.auxiliary),
				      &f.maps));
	return f;
}

static void done(struct fixture *f)
{
	bs_memory_close(&f->memory);
	bs_arena_free(f->arena);
}

static void auxiliary_is_what_getauxval_says(void **state)
{
	struct fixture f = look_at_myself();

	(void)state;
	assert_int_equal(f.auxiliary.phdr, getauxval(AT_PHDR));
	assert_int_equal(f.auxiliary.entry, getauxval(AT_ENTRY));
	assert_int_equal(f.auxiliary.base, getauxval(AT_BASE));
	assert_int_equal(f.auxiliary.vdso, getauxval(AT_SYSINFO_EHDR));
	done(&f);
}

/* dl_iterate_phdr(3) walks the maps of the caller's namespace. */
struct walk {
	const struct fixture *f;
	uint32_t n;
};

static int compare_next(struct dl_phdr_info *info, size_t size, void *data)
{
	struct walk *walk = data;
	const struct bs_live_map *map = &walk->f->maps.maps.v[walk->n++];

	(void)size;
	assert_string_equal(map->name, info->dlpi_name);
	assert_int_equal(map->bias, info->dlpi_addr);
	assert_int_equal(map->ns, 0);
	return 0;
}

static void maps_are_those_of_the_loader(void **state)
{
	struct fixture f = look_at_myself();
	struct walk walk = { .f = &f };

	(void)state;
	dl_iterate_phdr(compare_next, &walk);
	assert_true(walk.n > 2);
	assert_int_equal(f.maps.maps.n, walk.n);
	assert_int_equal(f.maps.namespaces.n, 1);
	assert_int_equal(f.maps.namespaces.v[0].state, BS_LOADER_CONSISTENT);
	assert_int_equal(f.maps.namespaces.v[0].breakpoint, _r_debug.r_brk);
	done(&f);
}

static void another_namespace_is_told_apart(void **state)
{
	void *handle = dlmopen(LM_ID_NEWLM, "libc.so.6", RTLD_NOW);
	struct fixture f;
	Lmid_t ns;
	uint32_t n = 0;

	(void)state;
	if (!handle)
		skip();
	assert_int_equal(dlinfo(handle, RTLD_DI_LMID, &ns), 0);
	f = look_at_myself();
	assert_true(f.maps.is_glibc);
	assert_int_equal(f.maps.namespaces.n, 2);
	bs_vec_each (i, &f.maps.maps) {
		const struct bs_live_map *map = &f.maps.maps.v[i];

		if (map->ns != (uint32_t)ns)
			continue;
		n++;
		if (map->at == (uintptr_t)handle)
			assert_string_equal(map->requested, "libc.so.6");
	}
	assert_true(n > 0);
	dlclose(handle);
	done(&f);
}

static void what_is_not_there_is_refused(void **state)
{
	struct bs_memory memory;
	struct fixture f = look_at_myself();
	struct bs_live_maps maps;
	uint64_t word;

	(void)state;
	assert_false(bs_memory_of_process(-1, &memory));
	assert_int_equal(errno, ENOENT);
	assert_false(bs_memory_word(&f.memory, 8, &word));
	assert_null(bs_memory_string(f.arena, &f.memory, 8));
	assert_false(bs_live_maps_read(f.arena, &f.memory, 8, &maps));
	assert_false(bs_live_maps_read(f.arena, &f.memory, 0, &maps));
	done(&f);
}

static void a_list_without_end_is_refused(void **state)
{
	struct bs_arena *arena = bs_arena_new();
	struct book book = { .memory = { .word = 8, .read = read_book, .fd = -1 } };
	struct bs_live_maps maps;

	(void)state;
	/* r_debug at 8, whose one map lies at 64 and is its own next. */
	book.words[1] = 1;
	book.words[2] = 64;
	assert_true(bs_live_maps_read(arena, &book.memory, 8, &maps));
	assert_int_equal(maps.maps.n, 1);
	assert_string_equal(maps.maps.v[0].name, "");
	book.words[8 + 3] = 64;
	assert_false(bs_live_maps_read(arena, &book.memory, 8, &maps));
	bs_arena_free(arena);
}

/* A list whose record lies at RECORD: each map is 64 bytes behind the one before, and all have one
 * name, of 16,000 bytes, which lies from 1 << 32 on. */
enum { N_LONG = 5000, LONG_NAME = 16000, RECORD = 1 << 30 };

static bool read_long(const struct bs_memory *memory, uint64_t address, void *to, size_t n)
{
	uint64_t names = UINT64_C(1) << 32, word = 0, map = address / 64;

	(void)memory;
	if (address >= names) {
		memset(to, 'x', n);
		if (address + n > names + LONG_NAME)
			((char *)to)[names + LONG_NAME - address] = '\0';
		return true;
	}
	if (address >= RECORD)
		word = address == RECORD ? 1 : address == RECORD + 8 ? 64 : 0;
	else if (address % 64 == 8)
		word = names;
	else if (address % 64 == 24)
		word = map < N_LONG ? (map + 1) * 64 : 0;
	memcpy(to, &word, n);
	return true;
}

/* A small core would take gigabytes otherwise. */
static void names_that_are_too_long_in_all_are_refused(void **state)
{
	struct bs_arena *arena = bs_arena_new();
	const struct bs_memory memory = { .word = 8, .read = read_long, .fd = -1 };
	struct bs_live_maps maps;

	(void)state;
	assert_false(bs_live_maps_read(arena, &memory, RECORD, &maps));
	bs_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auxiliary_is_what_getauxval_says),
		cmocka_unit_test(maps_are_those_of_the_loader),
		cmocka_unit_test(another_namespace_is_told_apart),
		cmocka_unit_test(what_is_not_there_is_refused),
		cmocka_unit_test(a_list_without_end_is_refused),
		cmocka_unit_test(names_that_are_too_long_in_all_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
