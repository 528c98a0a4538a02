/* SPDX-License-Identifier: MIT */
/*
 * glibc, from its sources. What is written here is 2.36; glibc-versions.c tells in what other
 * releases differ. The Debian build of 2.36 has other default directories, which setup.c reads from
 * the ld.so at hand, and the fixes for the order of relocation and for the debug lines that
 * upstream took in 2.37.
 */
#include "glibc-words.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

/* The file's ABI number may be above 0 for GNU objects, up to what this libc knows. Absolute
 * symbols came last. (glibc libc-abis) */
static unsigned abi_limit(uint16_t e_machine, bool old_abis)
{
	switch (e_machine) {
	case EM_X86_64:
	case EM_386:
	case EM_PPC64:
	case EM_RISCV:
		return old_abis ? 3 : 4;
	case EM_MIPS:
		return old_abis ? 4 : 6;
	default:
		return old_abis ? 2 : 3;
	}
}

static enum bs_verdict refuse(const char *words, const char **ret_words)
{
	*ret_words = words;
	return BS_REFUSE;
}

/*
 * Up to 2.35 the loader reads notes until it finds NT_GNU_ABI_TAG. The tag may ask for a kernel,
 * too, and every kernel of today is new enough.
 */
static enum bs_verdict judge_notes(const struct bs_image *image, const char **ret_words)
{
	enum { ABI_OS_LINUX = 0, SMALLEST = 32 };

	for (uint32_t i = 0; i < image->n_segments && !image->notes.has_abi_tag; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type == PT_NOTE && s->filesz >= SMALLEST && s->align >= 4 &&
		    (s->offset > image->size || s->filesz > image->size - s->offset))
			return refuse("cannot read file data", ret_words);
	}
	return image->notes.has_abi_tag && image->notes.abi_os != ABI_OS_LINUX ? BS_SKIP : BS_TAKE;
}

/* The low bits of e_flags name the calling convention on these machines. (glibc
 * sysdeps/MACHINE/dl-machine.h:elf_machine_matches_host) */
static bool flags_match(const struct bs_elf_header *header, const struct bs_target *target)
{
	enum { RISCV_FLOAT_ABI = 6, PPC64_ABI = 3, MIPS_FP64 = 0x200 };
	enum { ARM_SOFT = EF_ARM_ABI_FLOAT_SOFT, ARM_HARD = EF_ARM_ABI_FLOAT_HARD };

	if (header->machine == EM_RISCV)
		return ((header->flags ^ target->e_flags) & RISCV_FLOAT_ABI) == 0;
	if (header->machine == EM_PPC64)
		return (header->flags & PPC64_ABI) == 0 ||
		       ((header->flags ^ target->e_flags) & PPC64_ABI) == 0;
	/* A file of the newest ABI must not ask for the other way to pass floating-point numbers.
	 * (sysdeps/unix/sysv/linux/arm/ldsodefs.h:VALID_FLOAT_ABI) */
	if (header->machine == EM_ARM)
		return (header->flags & EF_ARM_EABIMASK) != EF_ARM_EABI_VER5 ||
		       !(header->flags & (target->e_flags & ARM_HARD ? ARM_SOFT : ARM_HARD));
	if (header->machine == EM_MIPS)
		return ((header->flags ^ target->e_flags) & EF_MIPS_NAN2008) == 0 &&
		       !(header->flags & MIPS_FP64);
	return true;
}

static const uint8_t padding[EI_NIDENT - EI_PAD];

/* e_machine as a loader of MACHINE's byte order reads it, whatever the file says of its own. */
static uint16_t native_machine(const struct bs_elf_header *h, const struct bs_machine *machine)
{
	uint8_t data = h->ident[EI_DATA];

	/* bs_elf_header has the host's byte order where the file names none. */
	if (data != ELFDATA2LSB && data != ELFDATA2MSB)
		data = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	return data == machine->data ? h->machine : __builtin_bswap16(h->machine);
}

/* ARM has a number of its own beside the two. */
static bool knows_osabi(uint8_t abi, const struct bs_machine *machine)
{
	return abi == ELFOSABI_SYSV || abi == ELFOSABI_GNU ||
	       (abi == ELFOSABI_ARM_AEABI && machine->e_machine == EM_ARM);
}

/* MIPS has used the number for its calling conventions before it meant features of the libc.
 * (sysdeps/unix/sysv/linux/mips/ldsodefs.h:VALID_ELF_ABIVERSION) */
static bool knows_abi_version(uint8_t abi, uint8_t version, uint16_t e_machine, bool old_abis)
{
	return version == 0 || (abi == ELFOSABI_GNU && version < abi_limit(e_machine, old_abis)) ||
	       (abi == ELFOSABI_SYSV && e_machine == EM_MIPS && version < 6);
}

static bool has_odd_ident(const struct bs_elf_header *h, const struct bs_machine *machine)
{
	return h->ident[EI_DATA] != machine->data || h->ident[EI_VERSION] != EV_CURRENT ||
	       !knows_osabi(h->ident[EI_OSABI], machine) || h->ident[EI_ABIVERSION] != 0 ||
	       memcmp(&h->ident[EI_PAD], padding, sizeof padding) != 0;
}

/* In the loader's order. (glibc elf/dl-load.c:open_verify) */
static enum bs_verdict judge(const struct bs_image *image, const struct bs_target *target,
			     const char **ret_words, int *ret_error)
{
	const struct bs_elf_header *h = &image->header;
	const struct bs_machine *machine = target->machine;
	uint8_t abi = h->ident[EI_OSABI], abi_version = h->ident[EI_ABIVERSION];

	*ret_error = 0;
	if (image->state == BS_IMAGE_UNREADABLE) {
		*ret_error = image->read_error;
		return refuse("cannot read file data", ret_words);
	}
	if (image->size <
	    (machine->elf_class == ELFCLASS64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return refuse("file too short", ret_words);
	if (memcmp(h->ident, ELFMAG, SELFMAG) != 0)
		return refuse("invalid ELF header", ret_words);
	if (h->ident[EI_CLASS] != machine->elf_class)
		return BS_SKIP_OTHER_CLASS;
	/* Debian's build skips what is for another machine before it minds the rest of e_ident. */
	bool foreign = native_machine(h, machine) != machine->e_machine || !flags_match(h, target);

	if (foreign && has_odd_ident(h, machine))
		return BS_SKIP;
	if (h->ident[EI_DATA] != machine->data)
		return refuse(machine->data == ELFDATA2LSB
				      ? "ELF file data encoding not little-endian"
				      : "ELF file data encoding not big-endian",
			      ret_words);
	if (h->ident[EI_VERSION] != EV_CURRENT)
		return refuse("ELF file version ident does not match current one", ret_words);
	if (!knows_osabi(abi, machine))
		return refuse("ELF file OS ABI invalid", ret_words);
	if (!knows_abi_version(abi, abi_version, h->machine, target->old_abis))
		return refuse("ELF file ABI version invalid", ret_words);
	if (memcmp(&h->ident[EI_PAD], padding, sizeof padding) != 0)
		return refuse("nonzero padding in e_ident", ret_words);
	if (h->version != EV_CURRENT)
		return refuse("ELF file version does not match current one", ret_words);
	if (foreign)
		return BS_SKIP;
	if (h->type != ET_DYN && h->type != ET_EXEC)
		return refuse("only ET_DYN and ET_EXEC can be loaded", ret_words);
	if (h->type == ET_EXEC && target->refuses_executables)
		return refuse("cannot dynamically load executable", ret_words);
	if (h->phentsize !=
	    (machine->elf_class == ELFCLASS64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
		return refuse("ELF file's phentsize not the expected size", ret_words);
	if (image->state == BS_IMAGE_NO_PHDRS)
		return refuse("cannot read file data", ret_words);
	return target->abi_tags ? judge_notes(image, ret_words) : BS_TAKE;
}

/* NULL: the segment can be mapped. */
static const char *refuse_segment(const struct bs_scope_policy *policy, const struct bs_segment *s)
{
	const uint64_t page_mask = 4095;

	if (policy->segment_alignment && (s->align & page_mask))
		return "ELF load command alignment not page-aligned";
	if (policy->segment_alignment && ((s->vaddr - s->offset) & (s->align - 1)))
		return "ELF load command address/offset not properly aligned";
	if (!policy->segment_alignment && ((s->vaddr - s->offset) & page_mask))
		return "ELF load command address/offset not page-aligned";
	return NULL;
}

/* (glibc elf/dl-load.c:_dl_map_object_from_fd) */
static const char *refuse_library(const struct bs_scope_policy *policy,
				  const struct bs_image *image, bool by_dlopen,
				  bool *ret_dynamic_read)
{
	bool loadable = false;

	*ret_dynamic_read = false;

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type != PT_LOAD)
			continue;
		const char *words = refuse_segment(policy, s);

		if (words)
			return words;
		loadable = true;
	}
	if (!loadable)
		return "object file has no loadable segments";
	if (image->header.type != ET_DYN)
		return "cannot dynamically load executable";
	if (!image->has_dynamic || image->dynamic_is_empty)
		return "object file has no dynamic section";
	*ret_dynamic_read = true;
	if ((image->flags_1 & DF_1_PIE) && !policy->opens_pie)
		return "cannot dynamically load position-independent executable";
	if (by_dlopen && (image->flags_1 & DF_1_NOOPEN))
		return "shared object cannot be dlopen()ed";
	return NULL;
}

static const char *base_version(const struct bs_machine *machine)
{
	switch (machine->e_machine) {
	case EM_X86_64:
		return machine->elf_class == ELFCLASS64 ? "GLIBC_2.2.5" : "GLIBC_2.16";
	case EM_386:
		return "GLIBC_2.0";
	case EM_AARCH64:
		return "GLIBC_2.17";
	case EM_ARM:
		return "GLIBC_2.4";
	case EM_RISCV:
		return "GLIBC_2.27";
	case EM_PPC64:
		return machine->data == ELFDATA2LSB ? "GLIBC_2.17" : "GLIBC_2.3";
	case EM_S390:
		return machine->elf_class == ELFCLASS64 ? "GLIBC_2.2" : "GLIBC_2.0";
	case EM_MIPS:
		return "GLIBC_2.0";
	default:
		return NULL;
	}
}

static const char *vdso_soname(const struct bs_machine *machine)
{
	switch (machine->e_machine) {
	case EM_386:
		return "linux-gate.so.1";
	case EM_PPC64:
	case EM_S390:
		return machine->elf_class == ELFCLASS64 ? "linux-vdso64.so.1" : "linux-vdso32.so.1";
	default:
		return "linux-vdso.so.1";
	}
}

static const char *default_interp(const struct bs_machine *machine)
{
	switch (machine->e_machine) {
	case EM_X86_64:
		return machine->elf_class == ELFCLASS64 ? "/lib64/ld-linux-x86-64.so.2"
							: "/libx32/ld-linux-x32.so.2";
	case EM_386:
		return "/lib/ld-linux.so.2";
	case EM_AARCH64:
		return "/lib/ld-linux-aarch64.so.1";
	case EM_ARM:
		return "/lib/ld-linux-armhf.so.3";
	case EM_RISCV:
		return "/lib/ld-linux-riscv64-lp64d.so.1";
	case EM_PPC64:
		return machine->data == ELFDATA2LSB ? "/lib64/ld64.so.2" : "/lib64/ld64.so.1";
	case EM_S390:
		return "/lib/ld64.so.1";
	case EM_MIPS:
		return "/lib64/ld.so.1";
	default:
		return NULL;
	}
}

/* <dlfcn.h> of Linux; MIPS has other numbers for the flags in the middle. (glibc
 * bits/dlfcn.h, sysdeps/mips/bits/dlfcn.h) */
enum {
	MODE_LAZY = 1,
	MODE_NOW = 2,
	MODE_NODELETE = 0x1000,
	MODE_PROFILE = 0x40000000, /* for sprof alone; nobody else survives it, up to 2.40 */
};

struct mode_numbers {
	uint64_t noload, deepbind, global;
};

static struct mode_numbers mode_numbers(const struct bs_machine *machine)
{
	if (machine->e_machine == EM_MIPS)
		return (struct mode_numbers){ .noload = 8, .deepbind = 0x10, .global = 4 };
	return (struct mode_numbers){ .noload = 4, .deepbind = 8, .global = 0x100 };
}

/* Flags by name; with neither LAZY nor NOW among them NOW is meant. */
static uint64_t mode_number(const struct bs_step *step, const struct mode_numbers *numbers)
{
	const struct {
		unsigned mode;
		uint64_t number;
	} flags[] = {
		{ BS_MODE_LAZY, MODE_LAZY },	     { BS_MODE_NOW, MODE_NOW },
		{ BS_MODE_NOLOAD, numbers->noload }, { BS_MODE_DEEPBIND, numbers->deepbind },
		{ BS_MODE_GLOBAL, numbers->global }, { BS_MODE_NODELETE, MODE_NODELETE },
	};
	uint64_t number = 0;

	if (step->mode_is_number)
		return step->number;
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (step->mode & flags[i].mode)
			number |= flags[i].number;
	return number & (MODE_LAZY | MODE_NOW) ? number : number | MODE_NOW;
}

static struct bs_open_mode refuse_mode(const char *subject, const char *words, int error)
{
	return (struct bs_open_mode){
		.refusal = { .subject = subject,
			     .words = words,
			     .os_error = error,
			     .needed_by = BS_NO_MAP },
	};
}

static struct bs_open_mode crash_of(const char *words)
{
	struct bs_open_mode mode = refuse_mode("", words, 0);

	mode.refusal.crash = true;
	return mode;
}

/* What dlopen(3) itself refuses, before ld.so sees the call. An error that is raised in the libc of
 * another namespace finds nobody to catch it, up to 2.36. (glibc dlfcn/dlopen.c:dlopen_doit,
 * dlfcn/dlmopen.c:dlmopen_doit) */
static struct bs_open_mode refuse_call(const struct bs_open_call *call, uint64_t number,
				       const struct mode_numbers *numbers)
{
	uint64_t known = MODE_LAZY | MODE_NOW | MODE_NODELETE | MODE_PROFILE | numbers->noload |
			 numbers->deepbind | numbers->global;
	struct bs_open_mode refused = { .refusal = { .needed_by = BS_NO_MAP } };

	if (call->step->kind == BS_STEP_DLOPEN) {
		if (number & ~known)
			refused = refuse_mode("", "invalid mode parameter", 0);
	} else if (!call->first_namespace) {
		if (!*call->step->file)
			refused = refuse_mode("", "invalid namespace", EINVAL);
		else if (number & numbers->global)
			refused = refuse_mode("", "invalid mode", EINVAL);
	}
	if (refused.refusal.words && call->caller_ns && call->errors_crash)
		return crash_of("an error in the C library of another namespace has no handler");
	return refused;
}

/* (glibc elf/dl-open.c:_dl_open) */
static struct bs_open_mode open_mode(const struct bs_open_call *call)
{
	const struct mode_numbers numbers = mode_numbers(call->machine);
	uint64_t number = mode_number(call->step, &numbers);
	struct bs_open_mode mode = refuse_call(call, number, &numbers);

	if (mode.refusal.words)
		return mode;
	if (!(number & (MODE_LAZY | MODE_NOW)))
		return refuse_mode(call->step->file, "invalid mode for dlopen()", EINVAL);
	if (number & MODE_PROFILE && !call->profile_mode_maps)
		return crash_of("mode 0x40000000 ends in a failed assertion of dlopen");
	if (number & MODE_PROFILE)
		mode.flags |= BS_OPEN_MAP_ONLY;
	if (number & MODE_LAZY)
		mode.flags |= BS_OPEN_LAZY;
	if (number & numbers.noload)
		mode.flags |= BS_OPEN_NOLOAD;
	if (number & numbers.deepbind)
		mode.flags |= BS_OPEN_DEEPBIND;
	if (number & numbers.global)
		mode.flags |= BS_OPEN_GLOBAL;
	if (number & MODE_NODELETE)
		mode.flags |= BS_OPEN_NODELETE;
	return mode;
}

const struct bs_profile bs_profile_glibc = {
	.name = "glibc",
	.title = "glibc 2.36",
	.source = "the sources of glibc 2.17 to 2.43; 2.36 and 2.44 as Debian builds them",
	.verified = "2.31, 2.36, 2.41, 2.43 and 2.44 as Debian builds them, and 2.28, on x86-64; "
		    "2.36 on i386, x32, aarch64, arm, riscv64, ppc64le, s390x and mips64el",
	.version = 236,
	.oldest = 217,
	.newest = 244,
	.switches = bs_glibc_switches,
	.search = {
		.not_found = "cannot open shared object file",
		.judge = judge,
		.library_path_separators = ":;",
		.legacy_hwcaps = true,
		.glibc_hwcaps = true,
		.cache_legacy_bits = true,
		.x86_platforms = true,
	},
	.scope = {
		.sort = BS_SORT_DFS,
		.sort_keeps_root_first = true,
		.sort_moves_libc = true,
		.deepbind = true,
		.symbolic = true,
		.libc_soname = "libc.so.6",
		.global_elsewhere = "RTLD_GLOBAL in another namespace follows a null pointer",
		.known_flags_1 = DF_1_NOW | DF_1_NODELETE | DF_1_INITFIRST | DF_1_NOOPEN |
				 DF_1_ORIGIN | DF_1_NODEFLIB | DF_1_PIE,
		.tls_surplus = 1664,
		.tls_optional = 512,
		.refuse = refuse_library,
	},
	.match = {
		.words = &bs_glibc_match_words,
		.unique = true,
		.absolute_zero = true,
		.hidden_is_skipped = true,
		.bloom_shift_wraps = true,
		.indirect_is_kept = true,
		.guards_program_ifuncs = true,
		.missing_versions_abort = true,
	},
	.cache_path = "/etc/ld.so.cache",
	.conf_path = "/etc/ld.so.conf",
	.preload_file = "/etc/ld.so.preload",
	.malloc_names = { "calloc", "free", "malloc", "realloc", NULL },
	.binds_malloc = true,
	.rebinds_itself = true,
	.errors_crash = true,
	.checks_isa_level = true,
	.next_takes_newest = true,
	.names_library_path = true,
	.sort_is_tunable = true,
	.tls_is_tunable = true,
	.base_version = base_version,
	.vdso_soname = vdso_soname,
	.default_interp = default_interp,
	.preload_separators = " :",
	.open_mode = open_mode,
	.read_build = bs_glibc_read_build,
	.say = bs_glibc_say,
};
