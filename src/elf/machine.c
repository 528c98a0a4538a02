/* SPDX-License-Identifier: MIT */
/*
 * One table a machine: the relocation types that glibc's loader knows and what each means to
 * symbol lookup (glibc 2.36 sysdeps/MACHINE/dl-machine.h: elf_machine_type_class,
 * elf_machine_rela, elf_machine_rel).
 */
#include "elf.h"

/* clang-format off */

#define X86_64(R) \
	R(R_X86_64_NONE, NONE)          R(R_X86_64_64, DATA)             R(R_X86_64_PC32, DATA) \
	R(R_X86_64_COPY, COPY)          R(R_X86_64_GLOB_DAT, GLOB_DAT)   R(R_X86_64_JUMP_SLOT, SLOT) \
	R(R_X86_64_RELATIVE, RELATIVE)  R(R_X86_64_32, DATA)             R(R_X86_64_DTPMOD64, TLS) \
	R(R_X86_64_DTPOFF64, TLS)       R(R_X86_64_TPOFF64, TLS_IE)      R(R_X86_64_SIZE32, DATA) \
	R(R_X86_64_SIZE64, DATA)        R(R_X86_64_TLSDESC, TLS_DESC)    R(R_X86_64_IRELATIVE, IRELATIVE) \
	R(R_X86_64_RELATIVE64, RELATIVE)

#define I386(R) \
	R(R_386_NONE, NONE)             R(R_386_32, DATA)                R(R_386_PC32, DATA) \
	R(R_386_COPY, COPY)             R(R_386_GLOB_DAT, GLOB_DAT)      R(R_386_JMP_SLOT, SLOT) \
	R(R_386_RELATIVE, RELATIVE)     R(R_386_TLS_TPOFF, TLS_IE)       R(R_386_TLS_DTPMOD32, TLS) \
	R(R_386_TLS_DTPOFF32, TLS)      R(R_386_TLS_TPOFF32, TLS_IE)     R(R_386_SIZE32, DATA) \
	R(R_386_TLS_DESC, TLS_DESC)     R(R_386_IRELATIVE, IRELATIVE)

#define AARCH64(R) \
	R(R_AARCH64_NONE, NONE)         R(R_AARCH64_ABS64, DATA)         R(R_AARCH64_ABS32, DATA) \
	R(R_AARCH64_COPY, COPY)         R(R_AARCH64_GLOB_DAT, GLOB_DAT)  R(R_AARCH64_JUMP_SLOT, SLOT) \
	R(R_AARCH64_RELATIVE, RELATIVE) R(R_AARCH64_TLS_DTPMOD, TLS)     R(R_AARCH64_TLS_DTPREL, TLS) \
	R(R_AARCH64_TLS_TPREL, TLS_IE)  R(R_AARCH64_TLSDESC, TLS_DESC)   R(R_AARCH64_IRELATIVE, IRELATIVE)

#define ARM(R) \
	R(R_ARM_NONE, NONE)             R(R_ARM_PC24, DATA)              R(R_ARM_ABS32, DATA) \
	R(R_ARM_TLS_DESC, TLS_DESC)     R(R_ARM_TLS_DTPMOD32, TLS)       R(R_ARM_TLS_DTPOFF32, TLS) \
	R(R_ARM_TLS_TPOFF32, TLS_IE)    R(R_ARM_COPY, COPY)              R(R_ARM_GLOB_DAT, GLOB_DAT) \
	R(R_ARM_JUMP_SLOT, SLOT)        R(R_ARM_RELATIVE, RELATIVE)      R(R_ARM_IRELATIVE, IRELATIVE)

#define RISCV64(R) \
	R(R_RISCV_NONE, NONE)           R(R_RISCV_64, DATA)              R(R_RISCV_RELATIVE, RELATIVE) \
	R(R_RISCV_COPY, COPY)           R(R_RISCV_JUMP_SLOT, SLOT)       R(R_RISCV_TLS_DTPMOD64, TLS) \
	R(R_RISCV_TLS_DTPREL64, TLS)    R(R_RISCV_TLS_TPREL64, TLS_IE)   R(R_RISCV_IRELATIVE, IRELATIVE)

/* In ELFv2, which ppc64le has; ADDR24 is a call, so that its class is the PLT's. */
#define PPC64LE(R) \
	R(R_PPC64_NONE, NONE)               R(R_PPC64_ADDR32, DATA)           R(R_PPC64_ADDR24, SLOT) \
	R(R_PPC64_ADDR16, DATA)             R(R_PPC64_ADDR16_LO, DATA)        R(R_PPC64_ADDR16_HI, DATA) \
	R(R_PPC64_ADDR16_HA, DATA)          R(R_PPC64_ADDR14, DATA)           R(R_PPC64_ADDR14_BRTAKEN, DATA) \
	R(R_PPC64_ADDR14_BRNTAKEN, DATA)    R(R_PPC64_COPY, COPY)             R(R_PPC64_GLOB_DAT, GLOB_DAT) \
	R(R_PPC64_JMP_SLOT, SLOT)           R(R_PPC64_RELATIVE, RELATIVE)     R(R_PPC64_UADDR32, DATA) \
	R(R_PPC64_UADDR16, DATA)            R(R_PPC64_REL32, DATA)            R(R_PPC64_ADDR30, DATA) \
	R(R_PPC64_ADDR64, DATA)             R(R_PPC64_ADDR16_HIGHER, DATA)    R(R_PPC64_ADDR16_HIGHERA, DATA) \
	R(R_PPC64_ADDR16_HIGHEST, DATA)     R(R_PPC64_ADDR16_HIGHESTA, DATA)  R(R_PPC64_UADDR64, DATA) \
	R(R_PPC64_REL64, DATA)              R(R_PPC64_ADDR16_DS, DATA)        R(R_PPC64_ADDR16_LO_DS, DATA) \
	R(R_PPC64_ADDR16_HIGH, DATA)        R(R_PPC64_ADDR16_HIGHA, DATA)     R(R_PPC64_DTPMOD64, TLS) \
	R(R_PPC64_DTPREL64, TLS)            R(R_PPC64_TPREL64, TLS_IE)        R(R_PPC64_TPREL16, TLS_IE) \
	R(R_PPC64_TPREL16_LO, TLS_IE)       R(R_PPC64_TPREL16_HI, TLS_IE)     R(R_PPC64_TPREL16_HA, TLS_IE) \
	R(R_PPC64_TPREL16_DS, TLS_IE)       R(R_PPC64_TPREL16_LO_DS, TLS_IE)  R(R_PPC64_TPREL16_HIGH, TLS_IE) \
	R(R_PPC64_TPREL16_HIGHA, TLS_IE)    R(R_PPC64_TPREL16_HIGHER, TLS_IE) R(R_PPC64_TPREL16_HIGHERA, TLS_IE) \
	R(R_PPC64_TPREL16_HIGHEST, TLS_IE)  R(R_PPC64_TPREL16_HIGHESTA, TLS_IE) \
	R(R_PPC64_JMP_IREL, IRELATIVE)      R(R_PPC64_IRELATIVE, IRELATIVE)

#define S390X(R) \
	R(R_390_NONE, NONE)             R(R_390_8, DATA)                 R(R_390_16, DATA) \
	R(R_390_32, DATA)               R(R_390_PC32, DATA)              R(R_390_COPY, COPY) \
	R(R_390_GLOB_DAT, GLOB_DAT)     R(R_390_JMP_SLOT, SLOT)          R(R_390_RELATIVE, RELATIVE) \
	R(R_390_PC16, DATA)             R(R_390_PC16DBL, DATA)           R(R_390_PC32DBL, DATA) \
	R(R_390_64, DATA)               R(R_390_PC64, DATA)              R(R_390_TLS_DTPMOD, TLS) \
	R(R_390_TLS_DTPOFF, TLS)        R(R_390_TLS_TPOFF, TLS_IE)       R(R_390_IRELATIVE, IRELATIVE)

/*
 * A type is three in one, the first in the lowest byte. REL32 and GLOB_DAT with a symbol take its
 * address from the GOT, which is bound by its order and without relocations. R_MIPS_64 stands for
 * the second part of an entry that some linkers write in two.
 */
#define WITH_64(type) (R_MIPS_64 << 8 | (type))
#define MIPS64(R) \
	R(R_MIPS_NONE, NONE)            R(R_MIPS_64, NONE)               R(R_MIPS_TLS_DTPMOD64, TLS) \
	R(R_MIPS_TLS_DTPREL64, TLS)     R(R_MIPS_TLS_TPREL64, TLS_IE)    R(R_MIPS_COPY, COPY) \
	R(R_MIPS_JUMP_SLOT, SLOT)

/* x32 has the addresses of the one and the relocations of the other. */
#define x32_kind x86_64_kind
#define x32_name x86_64_name

#define KIND(type, kind) [type] = BS_RELOC_##kind,
#define NAME(type, kind) [type] = #type,

static const uint8_t x86_64_kind[] = { X86_64(KIND) };
static const uint8_t i386_kind[] = { I386(KIND) };
static const uint8_t aarch64_kind[] = { AARCH64(KIND) };
static const uint8_t arm_kind[] = { ARM(KIND) };
static const uint8_t riscv64_kind[] = { RISCV64(KIND) };
static const uint8_t ppc64le_kind[] = { PPC64LE(KIND) };
static const uint8_t s390x_kind[] = { S390X(KIND) };
static const uint8_t mips64_kind[] = {
	MIPS64(KIND)
	[BS_MIPS_GOT_ADDRESS] = BS_RELOC_GLOB_DAT,
	[BS_MIPS_GOT_STUB] = BS_RELOC_SLOT,
	[BS_MIPS_GOT_KEPT] = BS_RELOC_SLOT,
	[WITH_64(R_MIPS_REL32)] = BS_RELOC_RELATIVE,
	[WITH_64(R_MIPS_GLOB_DAT)] = BS_RELOC_RELATIVE,
};

static const char *const x86_64_name[] = { X86_64(NAME) };
static const char *const i386_name[] = { I386(NAME) };
static const char *const aarch64_name[] = { AARCH64(NAME) };
static const char *const arm_name[] = { ARM(NAME) };
static const char *const riscv64_name[] = { RISCV64(NAME) };
static const char *const ppc64le_name[] = { PPC64LE(NAME) };
static const char *const s390x_name[] = { S390X(NAME) };
static const char *const mips64_name[] = {
	MIPS64(NAME)
	[BS_MIPS_GOT_ADDRESS] = "GOT entry",
	[BS_MIPS_GOT_STUB] = "GOT entry with a stub",
	[BS_MIPS_GOT_KEPT] = "GOT entry with another address",
	[WITH_64(R_MIPS_REL32)] = "R_MIPS_REL32/R_MIPS_64",
	[WITH_64(R_MIPS_GLOB_DAT)] = "R_MIPS_GLOB_DAT/R_MIPS_64",
};

/* clang-format on */

#define TYPES(table)                                                                               \
	.n_kinds = sizeof table##_kind, .kind = table##_kind, .reloc_name = table##_name

static const struct bs_machine machines[] = {
	{
		.e_machine = EM_X86_64,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2LSB,
		.name = "x86-64",
		TYPES(x86_64),
		.irelative_last = true,
		.checks_ifunc = true,
	},
	{
		.e_machine = EM_X86_64,
		.elf_class = ELFCLASS32,
		.data = ELFDATA2LSB,
		.name = "x32",
		TYPES(x32),
		.irelative_last = true,
		.checks_ifunc = true,
	},
	{
		.e_machine = EM_386,
		.elf_class = ELFCLASS32,
		.data = ELFDATA2LSB,
		.name = "i386",
		TYPES(i386),
		.takes_rel = true,
		.checks_ifunc = true,
	},
	{
		.e_machine = EM_AARCH64,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2LSB,
		.name = "aarch64",
		TYPES(aarch64),
	},
	{
		.e_machine = EM_ARM,
		.elf_class = ELFCLASS32,
		.data = ELFDATA2LSB,
		.name = "arm",
		TYPES(arm),
		.takes_rel = true,
	},
	{
		.e_machine = EM_RISCV,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2LSB,
		.name = "riscv64",
		TYPES(riscv64),
		.gp_name = "__global_pointer$",
	},
	{
		.e_machine = EM_PPC64,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2LSB,
		.name = "ppc64le",
		TYPES(ppc64le),
	},
	{
		.e_machine = EM_S390,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2MSB,
		.name = "s390x",
		TYPES(s390x),
		.hash_words_are_64 = true,
		.irelative_last = true,
	},
	{
		.e_machine = EM_MIPS,
		.elf_class = ELFCLASS64,
		.data = ELFDATA2LSB,
		.name = "mips64el",
		TYPES(mips64),
		.takes_rel = true,
		.hash_is_mips = true,
		.has_bound_got = true,
		.tls_is_data = true,
		.canonical_plt_mark = STO_MIPS_PLT,
	},
};

const struct bs_machine *bs_machine_find(uint16_t e_machine, uint8_t elf_class, uint8_t data)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		const struct bs_machine *m = &machines[i];

		if (m->e_machine == e_machine && m->elf_class == elf_class && m->data == data)
			return m;
	}
	return NULL;
}

const char *bs_machine_reloc_name(const struct bs_machine *machine, uint32_t type)
{
	return type < machine->n_kinds ? machine->reloc_name[type] : NULL;
}
