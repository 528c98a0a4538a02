/* SPDX-License-Identifier: MIT */
/*
 * musl 1.2.2 to 1.2.5. One file is loader and C library at once, and one chain of symbols serves
 * all lookups. Facts from ldso/dynlink.c unless another file is named.
 */
#include "profile.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- names --------------------------------------------------------------------------------- */

/* libc.so, libm.so.6, libpthread.so.0 ...: all are the loader. A name with a directory is not.
 * (load_library) */
static unsigned is_loader(const char *request)
{
	static const char *const reserved[] = { "c.",  "pthread.", "rt.",  "m.",
						"dl.", "util.",	   "xnet." };

	if (strncmp(request, "lib", 3) != 0)
		return 0;
	for (unsigned i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strncmp(request + 3, reserved[i], strlen(reserved[i])) == 0)
			return i + 1;
	return 0;
}

/* What the loader's own name says of the machine, as it was configured. (arch/ARCH/reloc.h,
 * LDSO_ARCH) */
struct layout {
	uint16_t e_machine;
	uint8_t elf_class, data;
	const char *arch, *interp;
};

static const struct layout layouts[] = {
	{ EM_X86_64, ELFCLASS64, ELFDATA2LSB, "x86_64", "/lib/ld-musl-x86_64.so.1" },
	{ EM_X86_64, ELFCLASS32, ELFDATA2LSB, "x32", "/lib/ld-musl-x32.so.1" },
	{ EM_386, ELFCLASS32, ELFDATA2LSB, "i386", "/lib/ld-musl-i386.so.1" },
	{ EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "aarch64", "/lib/ld-musl-aarch64.so.1" },
	{ EM_ARM, ELFCLASS32, ELFDATA2LSB, "armhf", "/lib/ld-musl-armhf.so.1" },
	{ EM_RISCV, ELFCLASS64, ELFDATA2LSB, "riscv64", "/lib/ld-musl-riscv64.so.1" },
	{ EM_PPC64, ELFCLASS64, ELFDATA2LSB, "powerpc64le", "/lib/ld-musl-powerpc64le.so.1" },
	{ EM_S390, ELFCLASS64, ELFDATA2MSB, "s390x", "/lib/ld-musl-s390x.so.1" },
	{ EM_MIPS, ELFCLASS64, ELFDATA2LSB, "mips64el", "/lib/ld-musl-mips64el.so.1" },
};

static const struct layout *layout_of(const struct bs_machine *machine)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (layouts[i].e_machine == machine->e_machine &&
		    layouts[i].elf_class == machine->elf_class && layouts[i].data == machine->data)
			return &layouts[i];
	return NULL;
}

static const char *default_interp(const struct bs_machine *machine)
{
	const struct layout *layout = layout_of(machine);

	return layout ? layout->interp : NULL;
}

static const char *arch_of(const struct bs_ctx *ctx, const struct bs_machine *machine,
			   const char *interp_name)
{
	static const char prefix[] = "ld-musl-";
	const char *slash = strrchr(interp_name, '/');
	const char *base = slash ? slash + 1 : interp_name;
	const char *end = strstr(base, ".so.");
	const struct layout *layout = layout_of(machine);

	if (strncmp(base, prefix, strlen(prefix)) == 0 && end)
		return bs_arena_strndup(ctx->arena, base + strlen(prefix),
					(size_t)(end - base) - strlen(prefix));
	return layout ? layout->arch : machine->name;
}

/* The length of PATH less its last two components. */
static size_t prefix_length(const char *path)
{
	const char *last = path, *before = path;

	if (path[0] != '/')
		return 0;
	for (const char *p = path; *p; p++)
		if (*p == '/') {
			before = last;
			last = p;
		}
	return (size_t)(before - path);
}

static void setup(const struct bs_profile *profile, const struct bs_ctx *ctx,
		  const char *interp_name, struct bs_search_setup *ret)
{
	static const char *const none[] = { NULL };

	(void)profile;

	ret->system_path_file = bs_arena_printf(ctx->arena, "%.*s/etc/ld-musl-%s.path",
						(int)prefix_length(interp_name), interp_name,
						arch_of(ctx, ret->target.machine, interp_name));
	ret->system_path = "/lib:/usr/local/lib:/usr/lib";
	ret->system_dirs = none;
	ret->hwcaps_levels = none;
	ret->legacy_names = none;
}

static const char *vdso_soname(const struct bs_machine *machine)
{
	(void)machine;
	return "linux-gate.so.1";
}

/* ---- files --------------------------------------------------------------------------------- */

struct range {
	uint64_t start, end;
};

static struct range range_of(const struct bs_image *image)
{
	struct range range = { UINT64_MAX, 0 };

	for (uint32_t i = 0; i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type != PT_LOAD)
			continue;
		if (s->vaddr < range.start)
			range.start = s->vaddr;
		if (s->vaddr + s->memsz > range.end)
			range.end = s->vaddr + s->memsz;
	}
	return range;
}

/* An executable has a fixed place, which another one may have taken. */
static bool place_is_taken(const struct bs_image *image, const struct bs_image *main)
{
	struct range a = range_of(image), b = range_of(main);

	return image->header.type == ET_EXEC && main->header.type == ET_EXEC && a.start < b.end &&
	       b.start < a.end;
}

static bool has_dynamic(const struct bs_image *image)
{
	for (uint32_t i = 0; i < image->n_segments; i++)
		if (image->segments[i].type == PT_DYNAMIC && image->segments[i].vaddr)
			return true;
	return false;
}

/*
 * Little is looked at: a file for another machine is mapped like any other. One of another class or
 * byte order is read as if it had this one's, in which it makes no sense. (map_library)
 */
static int load_error(const struct bs_image *image, const struct bs_image *main)
{
	if (image->state == BS_IMAGE_UNREADABLE)
		return image->read_error;
	if (image->state != BS_IMAGE_OK || !image->machine ||
	    (image->header.type != ET_DYN && image->header.type != ET_EXEC) ||
	    image->machine->elf_class != main->machine->elf_class ||
	    image->machine->data != main->machine->data || !has_dynamic(image))
		return ENOEXEC;
	return place_is_taken(image, main) ? EBUSY : 0;
}

/* Up to 1.2.2 a segment without a page is asked of the kernel all the same, which refuses. The one
 * that comes first in memory is part of what was mapped to find the place. (map_library) */
static int load_error_by_old(const struct bs_image *image, const struct bs_image *main)
{
	const uint64_t in_page = 4095;
	int error = load_error(image, main);

	for (uint32_t i = 0; !error && i < image->n_segments; i++) {
		const struct bs_segment *s = &image->segments[i];

		if (s->type == PT_LOAD && !s->memsz && !(s->vaddr & in_page) &&
		    s->vaddr > range_of(image).start)
			error = EINVAL;
	}
	return error;
}

/* (find_sym2 with need_def) */
static bool defines(const struct bs_image *image, const char *name)
{
	const unsigned types = 1u << STT_NOTYPE | 1u << STT_OBJECT | 1u << STT_FUNC |
			       1u << STT_COMMON | 1u << STT_TLS;
	uint32_t hash = bs_hash_gnu(name);
	struct bs_hash_step step = { 0 };

	for (uint32_t i; (i = bs_image_hash_next(image, name, hash, &step)) != 0;) {
		struct bs_symbol s = bs_image_symbol(image, i);

		if ((bs_image_versym(image, i) & 0x8000) ||
		    strcmp(bs_image_symbol_name(image, i), name) != 0)
			continue;
		return s.section != SHN_UNDEF && s.value && (types >> bs_symbol_type(&s) & 1) &&
		       bs_symbol_bind(&s) != STB_LOCAL;
	}
	return false;
}

static bool is_library(const struct bs_image *image)
{
	return defines(image, "__libc_start_main") && defines(image, "stdin");
}

/* ---- relocations --------------------------------------------------------------------------- */

/* The types of arch/ARCH/reloc.h; REL_NONE is none of them. */
static bool knows_type(const struct bs_machine *machine, uint32_t type)
{
	static const uint32_t x86_64[] = {
		R_X86_64_64,
		R_X86_64_PC32,
		R_X86_64_GLOB_DAT,
		R_X86_64_JUMP_SLOT,
		R_X86_64_RELATIVE,
		R_X86_64_COPY,
		R_X86_64_DTPMOD64,
		R_X86_64_DTPOFF64,
		R_X86_64_TPOFF64,
		R_X86_64_TLSDESC,
		0,
	};
	static const uint32_t i386[] = {
		R_386_32,	 R_386_PC32,	    R_386_GLOB_DAT,	R_386_JMP_SLOT,
		R_386_RELATIVE,	 R_386_COPY,	    R_386_TLS_DTPMOD32, R_386_TLS_DTPOFF32,
		R_386_TLS_TPOFF, R_386_TLS_TPOFF32, R_386_TLS_DESC,	0,
	};
	static const uint32_t aarch64[] = {
		R_AARCH64_ABS64,      R_AARCH64_GLOB_DAT,
		R_AARCH64_JUMP_SLOT,  R_AARCH64_RELATIVE,
		R_AARCH64_COPY,	      R_AARCH64_TLS_DTPMOD,
		R_AARCH64_TLS_DTPREL, R_AARCH64_TLS_TPREL,
		R_AARCH64_TLSDESC,    0,
	};
	static const uint32_t arm[] = {
		R_ARM_ABS32,	    R_ARM_GLOB_DAT,
		R_ARM_JUMP_SLOT,    R_ARM_RELATIVE,
		R_ARM_COPY,	    R_ARM_TLS_DTPMOD32,
		R_ARM_TLS_DTPOFF32, R_ARM_TLS_TPOFF32,
		R_ARM_TLS_DESC,	    0,
	};
	static const uint32_t riscv[] = {
		R_RISCV_64,	      R_RISCV_JUMP_SLOT,    R_RISCV_RELATIVE,	 R_RISCV_COPY,
		R_RISCV_TLS_DTPMOD64, R_RISCV_TLS_DTPREL64, R_RISCV_TLS_TPREL64, 0,
	};
	static const uint32_t ppc64[] = {
		R_PPC64_ADDR64,	  R_PPC64_UADDR64,
		R_PPC64_GLOB_DAT, R_PPC64_JMP_SLOT,
		R_PPC64_RELATIVE, R_PPC64_COPY,
		R_PPC64_DTPMOD64, R_PPC64_DTPREL64,
		R_PPC64_TPREL64,  0,
	};
	static const uint32_t s390x[] = {
		R_390_64,	  R_390_GLOB_DAT,  R_390_JMP_SLOT,
		R_390_RELATIVE,	  R_390_COPY,	   R_390_TLS_DTPMOD,
		R_390_TLS_DTPOFF, R_390_TLS_TPOFF, 0,
	};
	static const struct {
		uint16_t e_machine;
		const uint32_t *types;
	} tables[] = {
		{ EM_X86_64, x86_64 }, { EM_386, i386 },    { EM_AARCH64, aarch64 },
		{ EM_ARM, arm },       { EM_RISCV, riscv }, { EM_PPC64, ppc64 },
		{ EM_S390, s390x },
	};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		if (tables[i].e_machine != machine->e_machine)
			continue;
		for (const uint32_t *t = tables[i].types; *t; t++)
			if (*t == type)
				return true;
		return false;
	}
	return true;
}

/*
 * From 1.2.4 on the library has no open64 and the like any more: old references to them are bound
 * to the names without 64. The loader copies the name into 16 bytes, so longer ones do not count.
 * (get_lfs64)
 */
static const char *lfs64_alias(const struct bs_ctx *ctx, const char *name)
{
	static const char *const names[] = {
		"aio_cancel",  "aio_error",  "aio_fsync", "aio_read",	   "aio_return",
		"aio_suspend", "aio_write",  "alphasort", "creat",	   "fallocate",
		"fgetpos",     "fopen",	     "freopen",	  "fseeko",	   "fsetpos",
		"fstat",       "fstatat",    "fstatfs",	  "fstatvfs",	   "ftello",
		"ftruncate",   "ftw",	     "getdents",  "getrlimit",	   "glob",
		"globfree",    "lio_listio", "lockf",	  "lseek",	   "lstat",
		"mkostemp",    "mkostemps",  "mkstemp",	  "mkstemps",	   "mmap",
		"nftw",	       "open",	     "openat",	  "posix_fadvise", "posix_fallocate",
		"pread",       "preadv",     "prlimit",	  "pwrite",	   "pwritev",
		"readdir",     "scandir",    "sendfile",  "setrlimit",	   "stat",
		"statfs",      "statvfs",    "tmpfile",	  "truncate",	   "versionsort",
		"__fxstat",    "__fxstatat", "__lxstat",  "__xstat",
	};
	enum { LONGEST = 16 };
	size_t n = strlen(name);

	if (strcmp(name, "readdir64_r") == 0)
		return "readdir_r";
	if (n < 2 || n > LONGEST || strcmp(name + n - 2, "64") != 0)
		return NULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n - 2 && strncmp(names[i], name, n - 2) == 0)
			return bs_arena_strndup(ctx->arena, name, n - 2);
	return NULL;
}

/* ---- words --------------------------------------------------------------------------------- */

/* (src/errno/__strerror.h) */
static const char *error_words(int error)
{
	switch (error) {
	case 0:
		return "No error information";
	case ENOMEM:
		return "Out of memory";
	case EBUSY:
		return "Resource busy";
	case ELOOP:
		return "Symbolic link loop";
	case ENAMETOOLONG:
		return "Filename too long";
	case ENFILE:
		return "Too many open files in system";
	case EMFILE:
		return "No file descriptors available";
	default:
		return strerror(error);
	}
}

static const char *say(const struct bs_ctx *ctx, const struct bs_failure *failure,
		       const struct bs_saying *saying)
{
	const char *subject = failure->subject;

	switch (failure->kind) {
	case BS_FAILURE_LOADING:
		return bs_arena_printf(
			ctx->arena, "%s %s: %s%s%s%s", failure->words, subject,
			error_words(failure->os_error), saying->needed_by ? " (needed by " : "",
			saying->needed_by ? saying->needed_by : "", saying->needed_by ? ")" : "");
	case BS_FAILURE_RELOCATING:
		return bs_arena_printf(ctx->arena, "Error relocating %s: %s",
				       *subject ? subject : saying->program, failure->words);
	case BS_FAILURE_PLAIN:
		break;
	}
	/* Not the loader's: a signal ends the process. */
	if (failure->occasion && saying->on_stderr)
		return bs_arena_printf(ctx->arena, "%s: %s: %s", failure->occasion, subject,
				       failure->words);
	return failure->words;
}

static const char *undefined(const struct bs_ctx *ctx, const char *name,
			     const struct bs_version *version, bool by_dlsym)
{
	(void)version;
	return bs_arena_printf(ctx->arena,
			       by_dlsym ? "Symbol not found: %s" : "%s: symbol not found", name);
}

static const char *odd_type(const struct bs_ctx *ctx, uint32_t type, bool plt)
{
	(void)plt;
	return bs_arena_printf(ctx->arena, "unsupported relocation type %u", type);
}

static const char *late_tls(const struct bs_ctx *ctx, const char *name, const char *definer)
{
	return bs_arena_printf(ctx->arena,
			       "%s: initial-exec TLS resolves to dynamic definition in %s", name,
			       definer);
}

static const char *not_loaded(const struct bs_ctx *ctx, const char *request)
{
	return bs_arena_printf(ctx->arena, "Library %s is not already loaded", request);
}

static const struct bs_match_words words = {
	.undefined = undefined,
	.odd_type = odd_type,
	.late_tls = late_tls,
};

static const struct bs_chain_policy chain = {
	.is_loader = is_loader,
	.load_error = load_error,
	.is_library = is_library,
	.not_loaded = not_loaded,
};

static const struct bs_chain_policy old_chain = {
	.is_loader = is_loader,
	.load_error = load_error_by_old,
	.is_library = is_library,
	.not_loaded = not_loaded,
};

/* ---- calls --------------------------------------------------------------------------------- */

/* As in musl's <dlfcn.h>; DEEPBIND, which it does not have, is what glibc's programs pass. */
enum {
	MODE_LAZY = 1,
	MODE_NOW = 2,
	MODE_NOLOAD = 4,
	MODE_DEEPBIND = 8,
	MODE_GLOBAL = 256,
	MODE_NODELETE = 4096,
};

static uint64_t mode_number(const struct bs_step *step)
{
	static const struct {
		unsigned mode;
		uint64_t number;
	} numbers[] = {
		{ BS_MODE_LAZY, MODE_LAZY },	     { BS_MODE_NOW, MODE_NOW },
		{ BS_MODE_GLOBAL, MODE_GLOBAL },     { BS_MODE_NOLOAD, MODE_NOLOAD },
		{ BS_MODE_DEEPBIND, MODE_DEEPBIND }, { BS_MODE_NODELETE, MODE_NODELETE },
	};
	uint64_t number = 0;

	if (step->mode_is_number)
		return step->number;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (step->mode & numbers[i].mode)
			number |= numbers[i].number;
	return number;
}

/* Three bits count and nothing is refused. RTLD_LAZY beside RTLD_NOW is RTLD_LAZY. (dlopen) */
static struct bs_open_mode open_mode(const struct bs_open_call *call)
{
	struct bs_open_mode mode = { .refusal = { .needed_by = BS_NO_MAP } };
	uint64_t number = mode_number(call->step);

	if (call->step->kind == BS_STEP_DLMOPEN) {
		mode.refusal.subject = "";
		mode.refusal.words = "musl has no dlmopen";
		return mode;
	}
	if (number & MODE_LAZY)
		mode.flags |= BS_OPEN_LAZY;
	if (number & MODE_NOLOAD)
		mode.flags |= BS_OPEN_NOLOAD;
	if (number & MODE_GLOBAL)
		mode.flags |= BS_OPEN_GLOBAL;
	if (number & MODE_DEEPBIND) {
		mode.flags |= BS_OPEN_DEEPBIND; /* which the scopes of a chain do not know */
		mode.ignored =
			"RTLD_DEEPBIND means nothing to musl: as without it, the object asks "
			"the executable and all that is global before itself";
	}
	return mode;
}

/* ---- versions ------------------------------------------------------------------------------ */

/* "1.2.5" and the like: the length of what reads so at TEXT, with its last number in *RET_PATCH. */
static size_t version_length(const char *text, size_t n, unsigned *ret_patch)
{
	static const char start[] = "1.2.";
	size_t at = strlen(start);

	if (n <= at || strncmp(text, start, at) != 0)
		return 0;
	*ret_patch = 0;
	for (; at < n && text[at] >= '0' && text[at] <= '9' && at < 8; at++)
		*ret_patch = *ret_patch * 10 + (unsigned)(text[at] - '0');
	return at > strlen(start) ? at : 0;
}

/* The loader has its version as a string of its own, perhaps with more behind it ("-git-7").
 * (src/internal/version.c) */
static const char *find_version(const struct bs_ctx *ctx, const char *interp, size_t n)
{
	unsigned patch;

	for (size_t i = 1; interp && i < n; i++) {
		if (interp[i] != '1' || interp[i - 1] != '\0')
			continue;
		size_t length = version_length(interp + i, n - i, &patch);

		if (length && i + length < n &&
		    (interp[i + length] == '\0' || interp[i + length] == '-'))
			return bs_arena_strndup(ctx->arena, interp + i, length);
	}
	return NULL;
}

static const struct bs_profile *of_version(const struct bs_ctx *ctx, const char *version,
					   const char *interp, size_t n)
{
	enum { FIRST_WITH_ALIASES = 4, FIRST_WITH_RELR = 4, FIRST_WITH_EMPTY_SEGMENTS = 3 };
	struct bs_profile *profile = bs_new(ctx->arena, struct bs_profile, 1);
	unsigned patch = 0;

	if (!version)
		version = find_version(ctx, interp, n);
	if (!version) {
		version = "1.2.5";
		bs_diag_add(ctx->diags, BS_DIAG_ASSUMED, NULL, BS_NO_OFFSET, 0,
			    "musl %s, since the loader at hand does not tell its version", version);
	}
	size_t length = version_length(version, strlen(version), &patch);

	if (!length || version[length])
		return NULL;
	*profile = bs_profile_musl;
	profile->title = bs_arena_printf(ctx->arena, "musl %s", version);
	if (patch >= FIRST_WITH_ALIASES)
		profile->match.alias = lfs64_alias;
	if (patch < FIRST_WITH_EMPTY_SEGMENTS)
		profile->scope.chain = &old_chain;
	profile->match.ignores_relr = patch < FIRST_WITH_RELR;
	return profile;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const char *const variables[] = { "LD_LIBRARY_PATH", "LD_PRELOAD", NULL };

const struct bs_profile bs_profile_musl = {
	.name = "musl",
	.title = "musl 1.2.3",
	.source = "musl 1.2.2 to 1.2.5 ldso/dynlink.c",
	.verified = "1.2.2, 1.2.3 and 1.2.5 as Debian builds them, on x86-64; 1.2.3 on i386, aarch64 and s390x",
	.search = {
		.first_that_opens = true,
		.not_found = "Error loading shared library",
	},
	.scope = {
		.chain = &chain,
	},
	.match = {
		.only_default_versions = true,
		.bloom_shift_wraps = true,
		.unique_is_global = true,
		.ifunc_is_skipped = true,
		.tls_must_be_defined = true,
		.visibility_is_ignored = true,
		.own_weak_must_resolve = true,
		.plt_first = true,
		.remembers_no_lookup = true,
		.tls_needs_definition = true,
		.no_static_tls_surplus = true,
		.defers_missing = true,
		.startup_finds_all = true,
		.knows_type = knows_type,
		.words = &words,
	},
	.variables = variables,
	.preload_separators = ": \t\n\v\f\r",
	.secure_reads_nothing = true,
	.preload_option_replaces = true,
	.names_file = true,
	.no_dlvsym = true,
	.no_log = true,
	.vdso_soname = vdso_soname,
	.default_interp = default_interp,
	.open_mode = open_mode,
	.say = say,
	.of_version = of_version,
	.setup = setup,
};
