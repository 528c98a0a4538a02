/* SPDX-License-Identifier: MIT */
/*
 * What ldconfig took for the name of a subdirectory for one kind of processor up to glibc 2.36, and
 * the bit that it wrote into ld.so.cache: features that count, platforms and "tls". (glibc
 * sysdeps/MACHINE/dl-procinfo.h: _dl_string_hwcap, _dl_string_platform; held against each machine's
 * own ldconfig)
 */
#include "profile-priv.h"

#include <elf.h>

static const struct bs_legacy_name x86[] = {
	{ "sse2", 0 },	   { "x86_64", 1 },    { "avx512_1", 2 }, { "i586", 48 }, { "i686", 49 },
	{ "haswell", 50 }, { "xeon_phi", 51 }, { "tls", 63 },	  { 0 },
};
static const struct bs_legacy_name aarch64[] = { { "atomics", 8 }, { "tls", 63 }, { 0 } };
/* "tls" is a feature of its own here. */
static const struct bs_legacy_name arm[] = {
	{ "vfp", 6 },
	{ "neon", 12 },
	{ "tls", 15 },
	{ 0 },
};
static const struct bs_legacy_name power[] = {
	{ "power6x", 9 },      { "dfp", 10 },	  { "power5+", 17 }, { "power5", 18 },
	{ "power4", 19 },      { "altivec", 28 }, { "ppc970", 33 },  { "power6", 36 },
	{ "ppc-cell-be", 37 }, { "power7", 39 },  { "ppca2", 40 },   { "ppc405", 41 },
	{ "ppc440", 42 },      { "ppc464", 43 },  { "ppc476", 44 },  { "power8", 45 },
	{ "power9", 46 },      { "power10", 47 }, { "tls", 63 },     { 0 },
};
static const struct bs_legacy_name s390[] = {
	{ "zarch", 1 },	  { "ldisp", 4 }, { "eimm", 5 },  { "dfp", 6 },	   { "vx", 11 },
	{ "vxe", 13 },	  { "vxe2", 15 }, { "g5", 32 },	  { "z900", 33 },  { "z990", 34 },
	{ "z9-109", 35 }, { "z10", 36 },  { "z196", 37 }, { "zEC12", 38 }, { "z13", 39 },
	{ "z14", 40 },	  { "z15", 41 },  { "z16", 42 },  { "tls", 63 },   { 0 },
};
static const struct bs_legacy_name mips[] = {
	{ "loongson2e", 0 }, { "loongson2f", 1 }, { "octeon", 2 },
	{ "octeon2", 3 },    { "tls", 63 },	  { 0 },
};
static const struct bs_legacy_name others[] = { { "tls", 63 }, { 0 } };

const struct bs_legacy_name *bs_legacy_names(const struct bs_machine *machine)
{
	switch (machine->e_machine) {
	case EM_X86_64:
	case EM_386:
		return x86;
	case EM_AARCH64:
		return aarch64;
	case EM_ARM:
		return arm;
	case EM_PPC64:
		return power;
	case EM_S390:
		return s390;
	case EM_MIPS:
		return mips;
	default:
		return others;
	}
}
