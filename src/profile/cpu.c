/* SPDX-License-Identifier: MIT */
/*
 * What --cpu names on machines other than x86: the glibc-hwcaps levels of the processor and, for
 * the subdirectories that glibc tried up to 2.36, the names of its features that counted and its
 * AT_PLATFORM. (glibc sysdeps/MACHINE/dl-hwcaps-subdirs.c, dl-procinfo.h: HWCAP_IMPORTANT; names
 * and bits from dl-procinfo.c)
 */
#include "profile-priv.h"

#include <elf.h>
#include <string.h>

struct feature {
	const char *name;
	unsigned bit; /* in AT_HWCAP */
};

struct cpu {
	const char *name, *platform;
	unsigned features;     /* of the machine's list: bit I is entry I */
	unsigned platform_bit; /* of entries in ld.so.cache; 0: they have none */
};

/* CPUs in ascending order; the first is assumed when nobody says. */
struct family {
	uint16_t e_machine;
	const struct feature *features; /* ascending by bit; a NULL name ends */
	const struct cpu *cpus;		/* a NULL name ends */
	const char *const *levels;	/* best first; NULL ends */
};

static const char *const no_names[] = { NULL };
static const struct feature no_features[] = { { 0 } };

static const struct feature aarch64_features[] = { { "atomics", 8 }, { 0 } };
static const struct cpu aarch64_cpus[] = {
	{ "armv8-a", "aarch64", 0, 0 },
	{ "armv8.1-a", "aarch64", 1, 0 },
	{ 0 },
};

static const struct feature arm_features[] = { { "vfp", 6 }, { "neon", 12 }, { 0 } };
static const struct cpu arm_cpus[] = {
	{ "armv7-a", "v7l", 1, 0 },
	{ "armv8-a", "v8l", 3, 0 },
	{ 0 },
};

static const struct feature power_features[] = { { "dfp", 10 }, { "altivec", 28 }, { 0 } };
static const struct cpu power_cpus[] = {
	{ "power8", "power8", 3, 45 },
	{ "power9", "power9", 3, 46 },
	{ "power10", "power10", 3, 47 },
	{ 0 },
};
static const char *const power_levels[] = { "power10", "power9", NULL };

static const struct feature s390_features[] = {
	{ "zarch", 1 }, { "ldisp", 4 }, { "eimm", 5 },	{ "dfp", 6 },
	{ "vx", 11 },	{ "vxe", 13 },	{ "vxe2", 15 }, { 0 },
};
static const struct cpu s390_cpus[] = {
	{ "z10", "z10", 0x0f, 36 },	{ "z196", "z196", 0x0f, 37 },
	{ "zEC12", "zEC12", 0x0f, 38 }, { "z13", "z13", 0x1f, 39 },
	{ "z14", "z14", 0x3f, 40 },	{ "z15", "z15", 0x7f, 41 },
	{ "z16", "z16", 0x7f, 42 },	{ 0 },
};
static const char *const s390_levels[] = { "z16", "z15", "z14", "z13", NULL };

static const struct cpu plain_cpus[] = { { "baseline", NULL, 0, 0 }, { 0 } };

static const struct family families[] = {
	{ EM_AARCH64, aarch64_features, aarch64_cpus, no_names },
	{ EM_ARM, arm_features, arm_cpus, no_names },
	{ EM_PPC64, power_features, power_cpus, power_levels },
	{ EM_S390, s390_features, s390_cpus, s390_levels },
	{ EM_NONE, no_features, plain_cpus, no_names },
};

static const struct family *family_of(const struct bs_machine *machine)
{
	const struct family *f = families;

	while (f->e_machine != machine->e_machine && f->e_machine != EM_NONE)
		f++;
	return f;
}

static const char *known_cpus(const struct bs_ctx *ctx, const struct family *family)
{
	const char *list = family->cpus->name;

	for (const struct cpu *cpu = family->cpus + 1; cpu->name; cpu++)
		list = bs_arena_printf(ctx->arena, "%s, %s", list, cpu->name);
	return list;
}

/* The levels up to that of CPU. */
static const char *const *levels_up_to(const struct family *family, const char *cpu)
{
	const char *const *level = family->levels;

	while (*level && strcmp(*level, cpu) != 0)
		level++;
	return level;
}

/* "+vxe+nodfp" changes FEATURES; false when it names what the machine does not have. */
static bool change_features(const struct family *family, const char *text, unsigned *features)
{
	while (*text) {
		size_t n = strcspn(++text, "+");
		bool found = false;

		for (unsigned i = 0; family->features[i].name; i++) {
			const char *name = family->features[i].name;
			bool no = n > 2 && strncmp(text, "no", 2) == 0 && strlen(name) == n - 2 &&
				  strncmp(text + 2, name, n - 2) == 0;

			if (!no && (strlen(name) != n || strncmp(text, name, n) != 0))
				continue;
			*features = no ? *features & ~(1u << i) : *features | 1u << i;
			found = true;
		}
		if (!found)
			return false;
		text += n;
	}
	return true;
}

static void set_features(const struct bs_ctx *ctx, const struct family *family, unsigned features,
			 struct bs_search_setup *ret)
{
	BS_VEC(const char *) names = { 0 };

	for (unsigned i = 0; family->features[i].name; i++) {
		if (!(features & 1u << i))
			continue;
		bs_vec_push(ctx->arena, &names, family->features[i].name);
		ret->legacy_hwcap |= UINT64_C(1) << family->features[i].bit;
	}
	bs_vec_push(ctx->arena, &names, NULL);
	ret->legacy_names = names.v;
}

bool bs_cpu_choose(const struct bs_ctx *ctx, const struct bs_plan *plan,
		   const struct bs_machine *machine, struct bs_search_setup *ret,
		   const char **ret_problem)
{
	const struct family *family = family_of(machine);
	const struct cpu *cpu = family->cpus;
	size_t n = plan->cpu ? strcspn(plan->cpu, "+") : 0;

	while (plan->cpu && n && cpu->name &&
	       (strlen(cpu->name) != n || strncmp(cpu->name, plan->cpu, n) != 0))
		cpu++;
	if (!cpu->name) {
		*ret_problem = bs_arena_printf(ctx->arena, "unknown CPU level '%s' for %s: %s",
					       plan->cpu, machine->name, known_cpus(ctx, family));
		return false;
	}
	unsigned features = cpu->features;

	if (plan->cpu && !change_features(family, plan->cpu + n, &features)) {
		*ret_problem = bs_arena_printf(ctx->arena, "unknown CPU feature in '%s' for %s",
					       plan->cpu, machine->name);
		return false;
	}
	ret->hwcaps_levels = levels_up_to(family, cpu->name);
	ret->platform = cpu->platform;
	ret->legacy_platform_bits = cpu->platform_bit ? UINT64_C(1) << cpu->platform_bit : 0;
	set_features(ctx, family, features, ret);
	return true;
}
