/* SPDX-License-Identifier: MIT */
/* What the machine that bindsim runs on would tell a loader. */
#include "search.h"

#if defined(__x86_64__)
#include <cpuid.h>

struct cpu {
	unsigned leaf1_ecx, leaf1_edx, leaf7_ebx, extended1_ecx;
	unsigned state; /* low half of XCR0: which registers the kernel saves */
};

static unsigned read_xcr0(void)
{
	unsigned low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low;
}

static struct cpu read_cpu(void)
{
	struct cpu cpu = { 0 };
	unsigned eax, ebx, ecx, edx;

	if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
		cpu.leaf1_ecx = ecx;
		cpu.leaf1_edx = edx;
	}
	if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
		cpu.leaf7_ebx = ebx;
	if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
		cpu.extended1_ecx = ecx;
	if (cpu.leaf1_ecx & bit_OSXSAVE)
		cpu.state = read_xcr0();
	return cpu;
}

static bool has(unsigned word, unsigned bits)
{
	return (word & bits) == bits;
}

/* (glibc sysdeps/x86/get-isa-level.h; what is usable: sysdeps/x86/cpu-features.c:update_active) */
static unsigned read_isa_level(void)
{
	enum { XMM_YMM = 0x6, OPMASK_ZMM = 0xe0 };
	struct cpu cpu = read_cpu();

	if (!has(cpu.leaf1_edx, bit_CMOV | bit_CMPXCHG8B | bit_FXSAVE | bit_MMX | bit_SSE |
					bit_SSE2 | 1u /* FPU */))
		return 0;
	if (!has(cpu.leaf1_ecx,
		 bit_CMPXCHG16B | bit_POPCNT | bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2) ||
	    !has(cpu.extended1_ecx, bit_LAHF_LM))
		return 1;
	if (!has(cpu.state, XMM_YMM) ||
	    !has(cpu.leaf1_ecx, bit_AVX | bit_F16C | bit_FMA | bit_MOVBE) ||
	    !has(cpu.leaf7_ebx, bit_AVX2 | bit_BMI | bit_BMI2) ||
	    !has(cpu.extended1_ecx, bit_LZCNT))
		return 2;
	if (!has(cpu.state, OPMASK_ZMM) ||
	    !has(cpu.leaf7_ebx,
		 bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL))
		return 3;
	return 4;
}

static unsigned is_intel(void)
{
	unsigned eax, ebx = 0, ecx = 0, edx = 0;

	return __get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_INTEL_ebx &&
	       ecx == signature_INTEL_ecx && edx == signature_INTEL_edx;
}

/* ANSWER plus 1 is what READ has said, or comes to say: in a virtual machine each look at the
 * processor costs as much as a system call. Threads that look at the same time see the same. */
static unsigned look_once(unsigned *answer, unsigned (*read)(void))
{
	unsigned known = __atomic_load_n(answer, __ATOMIC_RELAXED);

	if (!known) {
		known = read() + 1;
		__atomic_store_n(answer, known, __ATOMIC_RELAXED);
	}
	return known - 1;
}

unsigned bs_host_isa_level(void)
{
	static unsigned level;

	return look_once(&level, read_isa_level);
}

bool bs_host_is_intel(void)
{
	static unsigned intel;

	return look_once(&intel, is_intel);
}
#else
unsigned bs_host_isa_level(void)
{
	return 0;
}

bool bs_host_is_intel(void)
{
	return false;
}
#endif
