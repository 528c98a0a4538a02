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
unsigned bs_host_isa_level(void)
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

bool bs_host_is_intel(void)
{
	unsigned eax, ebx = 0, ecx = 0, edx = 0;

	return __get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_INTEL_ebx &&
	       ecx == signature_INTEL_ecx && edx == signature_INTEL_edx;
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
