/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as an ld.so.cache, in all formats and of any machine, in which names are looked up.
 *
 * The first byte says whose it is, the second which format it begins as, for who would have to hit
 * on 20 bytes of magic otherwise, and the third what the loader and the processor can do.
 * bs_fs_read is this file's: nothing is read from a disk.
 */
#include "search/search-priv.h"

#include "fuzz.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>

char *__wrap_bs_fs_read(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
			size_t *ret_n);
int __wrap_bs_fs_stat(const struct bs_fs *fs, const char *path, enum bs_fs_look look,
		      struct stat *ret);

static struct bs_fuzz_in file;
static const char *magic;

/* As the real one does, with a NUL behind it. */
char *__wrap_bs_fs_read(const struct bs_fs *fs, const struct bs_ctx *ctx, const char *path,
			size_t *ret_n)
{
	size_t n_magic = strlen(magic);
	char *bytes = bs_new(ctx->arena, char, n_magic + file.n + 1);

	(void)fs;
	/* ld.so.conf, which is asked for where there is no cache. */
	if (strcmp(path, "/etc/ld.so.cache") != 0 || (!*magic && !file.n)) {
		errno = ENOENT;
		return NULL;
	}
	memcpy(bytes, magic, n_magic);
	if (file.n)
		memcpy(bytes + n_magic, file.at, file.n);
	*ret_n = n_magic + file.n;
	return bytes;
}

/* There is no ld.so.conf. */
int __wrap_bs_fs_stat(const struct bs_fs *fs, const char *path, enum bs_fs_look look,
		      struct stat *ret)
{
	(void)fs, (void)path, (void)look, (void)ret;
	errno = ENOENT;
	return -1;
}

static const struct {
	uint16_t machine;
	uint8_t elf_class, data;
	uint32_t flags;
} machines[] = {
	{ EM_X86_64, ELFCLASS64, ELFDATA2LSB, 0 },
	{ EM_X86_64, ELFCLASS32, ELFDATA2LSB, 0 },
	{ EM_386, ELFCLASS32, ELFDATA2LSB, 0 },
	{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, 0 },
	{ EM_ARM, ELFCLASS32, ELFDATA2LSB, EF_ARM_ABI_FLOAT_HARD },
	{ EM_RISCV, ELFCLASS64, ELFDATA2LSB, 4 },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB, 0 },
	{ EM_S390, ELFCLASS64, ELFDATA2MSB, 0 },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB, 0 },
};

static const char *const names[] = { "liba.so", "libb.so.1", "libb.so.10", "lib1.so", "x", "" };

static volatile size_t sum; /* what keeps the compiler from leaving reads out */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const magics[] = { "glibc-ld.so.cache1.1", "ld.so-1.7.0", "" };
	static const char *const levels[] = { "v3", "v2", NULL };
	struct bs_fuzz_in in = { data, n };
	size_t which = bs_fuzz_u8(&in) % (sizeof machines / sizeof *machines);
	struct bs_arena *arena = bs_fuzz_arena();

	magic = magics[bs_fuzz_u8(&in) % 3];
	uint8_t how = bs_fuzz_u8(&in);

	file = in;
	struct bs_diags diags = { .arena = arena };
	const struct bs_ctx ctx = { arena, bs_names_new(arena), &diags };
	const struct bs_search_policy policy = {
		.glibc_hwcaps = how & 1,
		.cache_legacy_bits = how & 2,
	};
	const struct bs_search_setup setup = {
		.policy = &policy,
		.target = { .machine = bs_machine_find(machines[which].machine,
						       machines[which].elf_class,
						       machines[which].data),
			    .e_flags = machines[which].flags },
		.cache_path = "/etc/ld.so.cache",
		.conf_path = "/etc/ld.so.conf",
		.hwcaps_levels = levels,
		.isa_level = how >> 2 & 3,
		.legacy_hwcap = how >> 4,
		.legacy_platform_bits = UINT64_C(1) << 48,
	};
	int error = 0;
	const struct bs_cache *cache =
		bs_cache_read(&ctx, NULL, NULL, &setup, bs_hwcaps_new(&ctx, &setup), &error);

	for (size_t i = 0; cache && i < sizeof names / sizeof *names; i++) {
		const char *path = bs_cache_lookup(cache, &setup, names[i]);

		sum += path ? strlen(path) : 0;
	}
	bs_arena_free(arena);
	return 0;
}
