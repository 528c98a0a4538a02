/* SPDX-License-Identifier: MIT */
/* What the driver knows of each machine's relocations. */
#pragma once

#include <elf.h>
#include <stdint.h>

/* The words of DT_HASH. */
#ifdef __s390x__
typedef uint64_t hash_word;
#else
typedef uint32_t hash_word;
#endif

#if UINTPTR_MAX > 0xffffffff
#define SYMBOL_OF ELF64_R_SYM
#define TYPE_OF	  ELF64_R_TYPE
#else
#define SYMBOL_OF ELF32_R_SYM
#define TYPE_OF	  ELF32_R_TYPE
#endif

/* What a relocation leaves behind. */
enum kind { OTHER, ADDRESS, COPY, MODULE, OFFSET, BEHIND_POINTER, BEFORE_POINTER, DESCRIPTOR };

static enum kind kind_of(unsigned type)
{
	switch (type) {
#if defined __x86_64__
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_64:
		return ADDRESS;
	case R_X86_64_COPY:
		return COPY;
	case R_X86_64_DTPMOD64:
		return MODULE;
	case R_X86_64_DTPOFF64:
		return OFFSET;
	case R_X86_64_TPOFF64:
		return BEHIND_POINTER;
	case R_X86_64_TLSDESC:
		return DESCRIPTOR;
#elif defined __i386__
	case R_386_GLOB_DAT:
	case R_386_JMP_SLOT:
	case R_386_32:
		return ADDRESS;
	case R_386_COPY:
		return COPY;
	case R_386_TLS_DTPMOD32:
		return MODULE;
	case R_386_TLS_DTPOFF32:
		return OFFSET;
	case R_386_TLS_TPOFF:
		return BEHIND_POINTER;
	case R_386_TLS_TPOFF32:
		return BEFORE_POINTER;
	case R_386_TLS_DESC:
		return DESCRIPTOR;
#elif defined __aarch64__
	case R_AARCH64_GLOB_DAT:
	case R_AARCH64_JUMP_SLOT:
	case R_AARCH64_ABS64:
		return ADDRESS;
	case R_AARCH64_COPY:
		return COPY;
	case R_AARCH64_TLS_DTPMOD:
		return MODULE;
	case R_AARCH64_TLS_DTPREL:
		return OFFSET;
	case R_AARCH64_TLS_TPREL:
		return BEHIND_POINTER;
	case R_AARCH64_TLSDESC:
		return DESCRIPTOR;
#elif defined __s390x__
	case R_390_GLOB_DAT:
	case R_390_JMP_SLOT:
	case R_390_64:
		return ADDRESS;
	case R_390_COPY:
		return COPY;
	case R_390_TLS_DTPMOD:
		return MODULE;
	case R_390_TLS_DTPOFF:
		return OFFSET;
	case R_390_TLS_TPOFF:
		return BEHIND_POINTER;
#else
#error "which relocations has this machine?"
#endif
	default:
		return OTHER;
	}
}
