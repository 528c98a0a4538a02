/* SPDX-License-Identifier: MIT */
/*
 * What a machine's loader takes from ld.so.cache (glibc sysdeps/unix/sysv/linux/MACHINE/dl-cache.h
 * and dl-procinfo.h): entries with one of two values of `flags`, whose low byte is the kind of file
 * (1 ELF, 3 ELF for glibc) and whose next byte is the ABI (sysdeps/generic/ldconfig.h).
 */
#include "search-priv.h"

#include <elf.h>

#define PLATFORMS(n, first) (((UINT64_C(1) << (n)) - 1) << (first))

enum {
	NONE = 0,
	ARM_HARD = EF_ARM_ABI_FLOAT_HARD,
	RISCV_DOUBLE = EF_RISCV_FLOAT_ABI_DOUBLE,
	MIPS_N32 = EF_MIPS_ABI2,
	MIPS_NAN = EF_MIPS_NAN2008,
};

/* The first row that fits counts; all bits of its E_FLAGS are set in the executable's. */
static const struct {
	uint16_t e_machine;
	uint8_t elf_class;
	uint32_t e_flags;
	struct bs_cache_kind kind;
} kinds[] = {
	{ EM_X86_64, ELFCLASS64, 0, { 0x303, 0x303, PLATFORMS(4, 48), false, true } },
	{ EM_X86_64, ELFCLASS32, 0, { 0x803, 0x803, PLATFORMS(4, 48), false, true } },
	{ EM_386, ELFCLASS32, 0, { 3, 1, PLATFORMS(2, 48), false, true } },
	{ EM_AARCH64, ELFCLASS64, 0, { 0xa03, 0xa03, NONE, true, false } },
	{ EM_ARM, ELFCLASS32, ARM_HARD, { 3, 0x903, NONE, true, false } },
	{ EM_ARM, ELFCLASS32, 0, { 3, 0xb03, NONE, true, false } },
	{ EM_RISCV, ELFCLASS64, RISCV_DOUBLE, { 0x1003, 0x1003, NONE, true, false } },
	{ EM_RISCV, ELFCLASS64, 0, { 0xf03, 0xf03, NONE, true, false } },
	{ EM_RISCV, ELFCLASS32, RISCV_DOUBLE, { 0x1003, 0x1003, NONE, true, false } },
	{ EM_RISCV, ELFCLASS32, 0, { 0xf03, 0xf03, NONE, true, false } },
	{ EM_PPC64, ELFCLASS64, 0, { 0x503, 0x503, PLATFORMS(16, 32), true, false } },
	{ EM_PPC, ELFCLASS32, 0, { 3, 1, PLATFORMS(16, 32), true, false } },
	{ EM_S390, ELFCLASS64, 0, { 0x403, 0x403, PLATFORMS(11, 32), true, false } },
	{ EM_S390, ELFCLASS32, 0, { 3, 1, PLATFORMS(11, 32), true, false } },
	{ EM_SPARCV9, ELFCLASS64, 0, { 0x103, 0x103, NONE, false, false } },
	{ EM_IA_64, ELFCLASS64, 0, { 0x203, 0x203, NONE, false, false } },
	{ EM_MIPS, ELFCLASS64, MIPS_NAN, { 0xe03, 0xe03, UINT64_MAX, false, false } },
	{ EM_MIPS, ELFCLASS64, 0, { 0x703, 0x703, UINT64_MAX, false, false } },
	{ EM_MIPS, ELFCLASS32, MIPS_N32 | MIPS_NAN, { 0xd03, 0xd03, UINT64_MAX, false, false } },
	{ EM_MIPS, ELFCLASS32, MIPS_N32, { 0x603, 0x603, UINT64_MAX, false, false } },
	{ EM_MIPS, ELFCLASS32, MIPS_NAN, { 0xc03, 0xc03, UINT64_MAX, false, false } },
	{ EM_MIPS, ELFCLASS32, 0, { 3, 1, UINT64_MAX, false, false } },
	{ EM_ALPHA, ELFCLASS64, 0, { 3, 1, UINT64_MAX, false, false } },
	{ EM_CSKY, ELFCLASS32, 0, { 3, 1, UINT64_MAX, true, false } },
};

const struct bs_cache_kind *bs_cache_kind_of(const struct bs_target *target)
{
	static const struct bs_cache_kind any = { .best = 3, .other = 1 };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].e_machine == target->machine->e_machine &&
		    kinds[i].elf_class == target->machine->elf_class &&
		    (target->e_flags & kinds[i].e_flags) == kinds[i].e_flags)
			return &kinds[i].kind;
	return &any;
}
