/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a core file of a process that was made of two files, /app and /liba.so, which are
 * there. What its slots hold is read, too.
 */
#include "frame.h"

#include "live/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file with symbols, a hash table that has them all in one chain, and slots. */
static void write_object(const char *name, bool is_executable)
{
	static struct bs_fuzz_frame f;
	enum { N = 12 };

	bs_frame_begin(&f, 0);
	bs_frame_symbols(&f, N);
	bs_frame_entry(&f, DT_DEBUG, 0);
	bs_frame_entry(&f, DT_HASH, bs_frame_add(&f, (struct bs_fuzz_in){ NULL, 0 }, 8));
	bs_frame_number(&f, 1, 4);
	bs_frame_number(&f, N, 4);
	for (unsigned i = 0; i <= N; i++)
		bs_frame_number(&f, (i + 1) % N, 4);
	bs_frame_entry(&f, DT_RELA, bs_frame_add(&f, (struct bs_fuzz_in){ NULL, 0 }, 8));
	bs_frame_entry(&f, DT_RELASZ, N * sizeof(Elf64_Rela));
	bs_frame_entry(&f, DT_RELAENT, sizeof(Elf64_Rela));
	for (uint64_t i = 0; i < N; i++) {
		uint32_t type = i % 3 == 0   ? R_X86_64_GLOB_DAT
				: i % 3 == 1 ? R_X86_64_64
					     : R_X86_64_JUMP_SLOT;

		bs_frame_number(&f, 64 + 8 * i, 0);
		bs_frame_number(&f, ELF64_R_INFO(i, type), 0);
		bs_frame_number(&f, i % 3 == 1 ? i : 0, 0);
	}
	if (is_executable) {
		static const char interp[] = "/liba.so";
		const struct bs_fuzz_in path = { (const uint8_t *)interp, sizeof interp };

		bs_frame_segment(&f, PT_PHDR, PF_R, sizeof(Elf64_Ehdr), 448, 8);
		bs_frame_segment(&f, PT_INTERP, PF_R, bs_frame_add(&f, path, 1), path.n, 1);
	}
	bs_fuzz_write(name, bs_frame_end(&f, 0));
}

static int core_of(const uint8_t *data, size_t n)
{
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("core", MFD_CLOEXEC);
		write_object("app", true);
		write_object("liba.so", false);
	}
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, n, 0) != (ssize_t)n)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	struct bs_store *store = bs_store_new();
	char path[64];

	if (!store)
		abort();
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	struct bs_subject subject;
	bs_live_slots slots = { 0 };

	snprintf(path, sizeof path, "/proc/self/fd/%d", core_of(data, n));
	const char *problem =
		bs_subject_of_core(&ctx, store, path, NULL, bs_fuzz_directory(), &subject);

	if (problem && !*problem)
		abort();
	if (!problem)
		bs_live_slots_read(&ctx, &subject, &slots);
	bs_subject_close(&subject, store);
	bs_store_free(store);
	bs_arena_free(arena);
	return 0;
}

/* Its headers lead to what it says, as those of any ELF file. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t room, unsigned seed)
{
	if (seed % 4 == 0)
		bs_fuzz_mutate_elf(data, n, seed);
	else
		return bs_fuzz_mutate_bytes(data, n, room, seed);
	return n;
}
