/* SPDX-License-Identifier: MIT */
/*
 * How the ld.so at hand was built, read from its bytes: the default directories stand in it as a
 * run of NUL-separated paths (glibc elf/dl-load.c:system_dirs), each of which ends with a slash.
 */
#include "profile-priv.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* Upstream's slibdir by machine, for want of a loader to read. */
struct layout {
	uint16_t e_machine;
	uint8_t elf_class, data;
	const char *slibdir; /* upstream: "lib64" */
};

static const struct layout layouts[] = {
	{ EM_X86_64, ELFCLASS64, ELFDATA2LSB, "lib64" },
	{ EM_X86_64, ELFCLASS32, ELFDATA2LSB, "libx32" },
	{ EM_386, ELFCLASS32, ELFDATA2LSB, "lib" },
	{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "lib64" },
	{ EM_ARM, ELFCLASS32, ELFDATA2LSB, "lib" },
	{ EM_RISCV, ELFCLASS64, ELFDATA2LSB, "lib64/lp64d" },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB, "lib64" },
	{ EM_S390, ELFCLASS64, ELFDATA2MSB, "lib64" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB, "lib64" },
};

static const struct layout *layout_of(const struct bs_machine *machine)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (layouts[i].e_machine == machine->e_machine &&
		    layouts[i].elf_class == machine->elf_class && layouts[i].data == machine->data)
			return &layouts[i];
	return NULL;
}

/* The length of the directory path at BYTES, which begins and ends with a slash; 0 when there is
 * none. */
static size_t directory_length(const char *bytes, size_t n)
{
	size_t length = n && *bytes == '/' ? strnlen(bytes, n) : 0;

	if (length < 2 || length == n || bytes[length - 1] != '/')
		return 0;
	for (size_t i = 0; i < length; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			return 0;
	return length;
}

/* The directories at BYTES, one behind the other, as a NULL-ended list; NULL when there are fewer
 * than two. */
static const char *const *read_run(const struct bs_ctx *ctx, const char *bytes, size_t n)
{
	BS_VEC(const char *) dirs = { 0 };

	for (size_t length; (length = directory_length(bytes, n)) != 0;) {
		const char *directory = bs_arena_strndup(ctx->arena, bytes, length);

		/* Who writes to the file may have made something else of it meanwhile. */
		if (directory_length(directory, length + 1) != length)
			return NULL;
		bs_vec_push(ctx->arena, &dirs, directory);
		bytes += length + 1;
		n -= length + 1;
	}
	if (dirs.n < 2)
		return NULL;
	bs_vec_push(ctx->arena, &dirs, NULL);
	return dirs.v;
}

/*
 * The longest such run in INTERP, or the first of several. There are two copies of it, and what
 * stands before the one that comes first need not be text.
 */
static const char *const *find_run(const struct bs_ctx *ctx, const char *interp, size_t n)
{
	const char *const *longest = NULL;
	size_t n_longest = 0;

	for (size_t i = 0; i + 1 < n; i++) {
		const char *slash = memchr(interp + i + 1, '/', n - i - 1);

		if (!slash)
			break;
		i = (size_t)(slash - interp);
		if (interp[i - 1] > ' ' && interp[i - 1] <= '~')
			continue;
		const char *const *run = read_run(ctx, slash, n - i);
		size_t n_run = 0;

		while (run && run[n_run])
			n_run++;
		if (n_run > n_longest) {
			longest = run;
			n_longest = n_run;
		}
	}
	return longest;
}

/* $LIB is the first directory without its slashes: the loader's slibdir, or Debian's multiarch
 * directory. */
static const char *token_of(const struct bs_ctx *ctx, const char *directory)
{
	return bs_arena_strndup(ctx->arena, directory + 1, strlen(directory) - 2);
}

static void default_directories(const struct bs_ctx *ctx, const struct layout *layout,
				const char *interp, size_t n, struct bs_search_setup *ret)
{
	ret->system_dirs = interp ? find_run(ctx, interp, n) : NULL;
	if (ret->system_dirs) {
		ret->lib_token = token_of(ctx, ret->system_dirs[0]);
		return;
	}
	const char **dirs = bs_new(ctx->arena, const char *, 3);

	dirs[0] = bs_arena_printf(ctx->arena, "/%s/", layout->slibdir);
	dirs[1] = bs_arena_printf(ctx->arena, "/usr/%s/", layout->slibdir);
	ret->system_dirs = dirs;
	ret->lib_token = layout->slibdir;
	bs_diag_add(ctx->diags, BS_DIAG_ASSUMED, NULL, BS_NO_OFFSET, 0,
		    "the default directories are %s and %s, as upstream builds them", dirs[0],
		    dirs[1]);
}

/* "x86-64-v3" and below, best first; LEVEL 1 is the baseline, which has no directory. */
static const char *const *x86_levels(const struct bs_ctx *ctx, unsigned level)
{
	static const char *const names[] = { "x86-64-v4", "x86-64-v3", "x86-64-v2" };
	const char **levels = bs_new(ctx->arena, const char *, 4);
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++)
		if (level >= 4 - i)
			levels[n++] = names[i];
	return levels;
}

/* x32 included: its loader is built from the same files. */
static bool is_x86_64(const struct bs_machine *machine)
{
	return machine->e_machine == EM_X86_64;
}

static bool choose_cpu(const struct bs_ctx *ctx, const struct bs_plan *plan,
		       const struct bs_machine *machine, struct bs_search_setup *ret,
		       const char **ret_problem)
{
	if (is_x86_64(machine)) {
		unsigned level = bs_host_isa_level();

		if (plan->cpu && strcmp(plan->cpu, "x86-64") == 0)
			level = 1;
		else if (plan->cpu && (strncmp(plan->cpu, "x86-64-v", 8) != 0 ||
				       plan->cpu[8] < '1' || plan->cpu[8] > '4' || plan->cpu[9]))
			level = 0;
		else if (plan->cpu)
			level = (unsigned)(plan->cpu[8] - '0');
		else if (!level)
			level = 1; /* another kind of machine simulates: nothing is known above the
				      baseline */
		if (!level) {
			*ret_problem = bs_arena_printf(
				ctx->arena,
				"unknown CPU level '%s': x86-64, x86-64-v2, x86-64-v3 or x86-64-v4",
				plan->cpu);
			return false;
		}
		ret->isa_level = level;
		ret->hwcaps_levels = x86_levels(ctx, level);
		return true;
	}
	return bs_cpu_choose(ctx, plan, machine, ret, ret_problem);
}

/*
 * $PLATFORM and the names that make up the legacy subdirectories of x86. (glibc
 * sysdeps/x86/cpu-features.c and dl-procinfo.c: from 2.26 on the platform of Intel processors is a
 * microarchitecture; before, it is the kernel's AT_PLATFORM, and no hardware capability has a
 * subdirectory.)
 */
static void choose_platform(const struct bs_plan *plan, const struct bs_machine *machine,
			    struct bs_search_setup *ret)
{
	static const char *const none[] = { NULL };
	static const char *const x86_64_names[] = { "x86_64", NULL };
	static const char *const x86_64_wide_names[] = { "x86_64", "avx512_1", NULL };
	static const char *const i386_names[] = { "sse2", NULL };
	/* What kernels for x86-64 tell x32 programs, too. */
	const char *kernels = machine->elf_class == ELFCLASS32 ? "i686" : "x86_64";
	enum { HWCAP_SSE2 = 1, HWCAP_X86_64 = 2, HWCAP_AVX512_1 = 4 };
	enum { FIRST_PLATFORM_BIT = 48 };

	if (!ret->legacy_names)
		ret->legacy_names = none;
	if (is_x86_64(machine) && !ret->policy->x86_platforms) {
		ret->platform = kernels;
	} else if (is_x86_64(machine)) {
		bool intel = bs_host_is_intel() && !plan->cpu;

		ret->platform = intel && ret->isa_level >= 3 ? "haswell" : kernels;
		ret->legacy_names = intel && ret->isa_level >= 4 ? x86_64_wide_names : x86_64_names;
		ret->legacy_hwcap =
			HWCAP_X86_64 | (intel && ret->isa_level >= 4 ? HWCAP_AVX512_1 : 0);
		if (strcmp(ret->platform, "haswell") == 0)
			ret->legacy_platform_bits = 1ull << (FIRST_PLATFORM_BIT + 2);
		else if (strcmp(ret->platform, "i686") == 0)
			ret->legacy_platform_bits = 1ull << (FIRST_PLATFORM_BIT + 1);
	} else if (machine->e_machine == EM_386) {
		ret->platform = "i686";
		ret->legacy_names = i386_names;
		ret->legacy_hwcap = HWCAP_SSE2;
		ret->legacy_platform_bits = 1ull << (FIRST_PLATFORM_BIT + 1);
	}
	if (plan->platform)
		ret->platform = *plan->platform ? plan->platform : NULL;
}

bool bs_profile_setup(const struct bs_profile *profile, const struct bs_ctx *ctx,
		      const struct bs_plan *plan, const struct bs_machine *machine,
		      const char *interp_name, const char *interp, size_t n,
		      struct bs_search_setup *ret, const char **ret_problem)
{
	const struct layout *layout = layout_of(machine);

	*ret = (struct bs_search_setup){
		.policy = &profile->search,
		.target = { .machine = machine,
			    .abi_tags = profile->search.abi_tags,
			    .old_abis = profile->search.old_abis,
			    .refuses_executables = profile->search.refuses_executables },
		.library_path = plan->library_path,
		.library_path_label = plan->library_path && profile->names_library_path
					      ? "--library-path"
					      : "LD_LIBRARY_PATH",
		.cache_path = profile->cache_path,
		.inhibit_cache = plan->inhibit_cache,
		.ldconfig = plan->ldconfig,
		.conf_path = profile->conf_path,
		.inhibit_rpath = plan->inhibit_rpath,
		.hwcaps_prepend = plan->hwcaps_prepend,
		.hwcaps_mask = plan->hwcaps_mask,
		.secure = plan->secure,
	};
	if (profile->setup) {
		profile->setup(profile, ctx, interp_name, ret);
		return true;
	}
	if (!layout) {
		*ret_problem = bs_arena_printf(ctx->arena, "no %s layout is known for %s",
					       profile->name, machine->name);
		return false;
	}
	default_directories(ctx, layout, interp, n, ret);
	if (!choose_cpu(ctx, plan, machine, ret, ret_problem))
		return false;
	choose_platform(plan, machine, ret);
	if (profile->search.legacy_hwcaps)
		ret->ldconfig_names = bs_legacy_names(machine);
	return true;
}
