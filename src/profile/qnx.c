/* SPDX-License-Identifier: MIT */
/*
 * The run-time loader of QNX Neutrino, from its public documents: the loader itself was neither
 * read nor run. Where the documents say nothing, or may be read in two ways, a rule had to be
 * chosen: qnx-choices.c. Rules are numbered as in bindsim-qnx(7). The words of failures are ours.
 */
#include "profile.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

static const char usual_libpath[] = "/proc/boot:/lib:/usr/lib:/lib/dll";

static void setup(const struct bs_profile *profile, const struct bs_ctx *ctx,
		  const char *interp_name, struct bs_search_setup *ret)
{
	static const char *const none[] = { NULL };

	(void)ctx;
	(void)interp_name;
	ret->system_path = profile->libpath;
	ret->system_path_is_assumed = profile->libpath == usual_libpath;
	ret->system_dirs = none;
	ret->hwcaps_levels = none;
	ret->legacy_names = none;
}

static const char *vdso_soname(const struct bs_machine *machine)
{
	(void)machine;
	return NULL;
}

static const char *default_interp(const struct bs_machine *machine)
{
	switch (machine->e_machine) {
	case EM_X86_64:
	case EM_AARCH64:
		return "/usr/lib/ldqnx-64.so.2";
	case EM_386:
	case EM_ARM:
		return "/usr/lib/ldqnx.so.2";
	default:
		return NULL;
	}
}

/* What is no library for this machine is passed over. */
static enum bs_verdict judge(const struct bs_image *image, const struct bs_target *target,
			     const char **ret_words, int *ret_error)
{
	const struct bs_elf_header *h = &image->header;

	*ret_words = NULL;
	*ret_error = 0;
	if (image->state != BS_IMAGE_OK || !image->has_dynamic || h->type != ET_DYN)
		return BS_SKIP;
	if (h->ident[EI_CLASS] != target->machine->elf_class)
		return BS_SKIP_OTHER_CLASS;
	return h->ident[EI_DATA] == target->machine->data &&
			       h->machine == target->machine->e_machine
		       ? BS_TAKE
		       : BS_SKIP;
}

/* ---- words --------------------------------------------------------------------------------- */

static const char *say(const struct bs_ctx *ctx, const struct bs_failure *failure,
		       const struct bs_saying *saying)
{
	const char *said = bs_arena_printf(
		ctx->arena, "%s%s%s%s%s%s%s%s", failure->subject, *failure->subject ? ": " : "",
		failure->words, failure->os_error ? ": " : "",
		failure->os_error ? strerror(failure->os_error) : "",
		saying->needed_by ? " (needed by " : "", saying->needed_by ? saying->needed_by : "",
		saying->needed_by ? ")" : "");

	if (!saying->on_stderr || strcmp(failure->subject, saying->program) == 0)
		return said;
	return bs_arena_printf(ctx->arena, "%s: %s", saying->program, said);
}

static const char *undefined(const struct bs_ctx *ctx, const char *name,
			     const struct bs_version *version, bool by_dlsym)
{
	(void)version;
	(void)by_dlsym;
	return bs_arena_printf(ctx->arena, "unresolved symbol: %s", name);
}

static const char *odd_type(const struct bs_ctx *ctx, uint32_t type, bool plt)
{
	return bs_arena_printf(ctx->arena, "unknown %srelocation type %u", plt ? "PLT " : "", type);
}

static const struct bs_match_words words = {
	.undefined = undefined,
	.odd_type = odd_type,
};

/* ---- calls --------------------------------------------------------------------------------- */

/* <dlfcn.h> of QNX. RTLD_LOCAL is a bit of its own. */
enum {
	MODE_LAZY = 1,
	MODE_NOW = 2,
	MODE_NOLOAD = 4,
	MODE_GLOBAL = 0x100,
	MODE_LOCAL = 0x200,
	MODE_GROUP = 0x400,
	MODE_WORLD = 0x800,
	MODE_NODELETE = 0x1000,
	MODE_NOSHARE = 0x2000,
	MODE_LAZYLOAD = 0x4000,
	MODE_KNOWN = 0x7f07,
};

static const struct {
	unsigned mode;
	uint64_t number;
	unsigned flag;
} modes[] = {
	{ BS_MODE_LAZY, MODE_LAZY, BS_OPEN_LAZY },
	{ BS_MODE_NOW, MODE_NOW, BS_OPEN_NOW },
	{ BS_MODE_NOLOAD, MODE_NOLOAD, BS_OPEN_NOLOAD },
	{ BS_MODE_GLOBAL, MODE_GLOBAL, BS_OPEN_GLOBAL },
	{ BS_MODE_LOCAL, MODE_LOCAL, BS_OPEN_LOCAL },
	{ BS_MODE_GROUP, MODE_GROUP, BS_OPEN_GROUP },
	{ BS_MODE_WORLD, MODE_WORLD, BS_OPEN_WORLD },
	{ BS_MODE_NODELETE, MODE_NODELETE, BS_OPEN_NODELETE },
	{ BS_MODE_NOSHARE, MODE_NOSHARE, BS_OPEN_NOSHARE },
	{ BS_MODE_LAZYLOAD, MODE_LAZYLOAD, BS_OPEN_LAZYLOAD },
};

/* No flags at all are RTLD_NOW|RTLD_LOCAL; named ones with neither LAZY nor NOW stay without. */
static uint64_t mode_number(const struct bs_step *step)
{
	uint64_t number = 0;

	if (step->mode_is_number)
		return step->number;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (step->mode & modes[i].mode)
			number |= modes[i].number;
	return step->mode ? number : MODE_NOW | MODE_LOCAL;
}

static struct bs_open_mode refuse_mode(const char *refusal)
{
	return (struct bs_open_mode){
		.refusal = { .subject = "", .words = refusal, .needed_by = BS_NO_MAP },
	};
}

/* CHOICE as it was made, which MODE comes to. */
static bool choose(const struct bs_open_call *call, struct bs_open_mode *mode,
		   enum bs_choice choice)
{
	mode->consulted |= 1ull << choice;
	return call->chosen[choice];
}

static struct bs_open_mode open_mode(const struct bs_open_call *call)
{
	const unsigned both = BS_OPEN_LAZY | BS_OPEN_NOW;
	struct bs_open_mode mode = { .refusal = { .needed_by = BS_NO_MAP } };
	uint64_t number = mode_number(call->step);

	if (call->step->kind == BS_STEP_DLMOPEN)
		return refuse_mode("qnx has no dlmopen");
	if (call->step->mode & BS_MODE_DEEPBIND)
		return refuse_mode("qnx has no flag RTLD_DEEPBIND");
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (number & modes[i].number)
			mode.flags |= modes[i].flag;
	if (number & ~(uint64_t)MODE_KNOWN)
		mode.ignored = "the mode has bits that <dlfcn.h> of qnx does not name";
	if (!(mode.flags & both) && choose(call, &mode, BS_CHOICE_NO_MODE_IS_NOW))
		mode.flags |= BS_OPEN_NOW;
	if ((mode.flags & both) == both) {
		bool lazy = choose(call, &mode, BS_CHOICE_BOTH_IS_LAZY);

		mode.flags &= ~(unsigned)(lazy ? BS_OPEN_NOW : BS_OPEN_LAZY);
		mode.ignored = lazy ? "RTLD_NOW beside RTLD_LAZY: RTLD_LAZY is taken"
				    : "RTLD_LAZY beside RTLD_NOW: RTLD_NOW is taken";
	}
	if (!(mode.flags & (BS_OPEN_GLOBAL | BS_OPEN_LOCAL)) &&
	    choose(call, &mode, BS_CHOICE_DEFAULT_GLOBAL))
		mode.flags |= BS_OPEN_GLOBAL;
	return mode;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const char *const variables[] = {
	"LD_LIBRARY_PATH", "LD_PRELOAD",      "LD_BIND_NOW",	  "DL_DEBUG",
	"LD_DEBUG",	   "LD_DEBUG_OUTPUT", "LD_TRAP_ON_ERROR", NULL,
};

static const char *const diagnostics[] = { "LD_TRAP_ON_ERROR", NULL };

/* The first that is set counts. */
static const char *const debug_variables[] = { "DL_DEBUG", "LD_DEBUG", NULL };

static const char *const debug_words[] = {
	"all", "1", "help", "reloc", "libs", "statistics", "lazyload", "debug", NULL,
};

const struct bs_profile bs_profile_qnx = {
	.name = "qnx",
	.title = "QNX Neutrino",
	.source = "QNX documents, 6.3 to 8.0; chosen where they are silent",
	.verified = "no real loader: none was at hand",
	.switches = bs_qnx_switches,
	.rule_prefix = "Q-",
	.search = {
		.first_that_opens = true,
		.rpath_first = true,
		.not_found = "library cannot be found",
		.judge = judge,
	},
	.scope = {
		.fixed = {
			.used = true,
			.chosen = {
				[BS_CHOICE_SAME_SONAME] = true,
				[BS_CHOICE_SAME_INODE] = true,
				[BS_CHOICE_GLOBAL_NEEDS] = true,
				[BS_CHOICE_NOLOAD_PROMOTES] = true,
				[BS_CHOICE_GROUP_PRELOADS] = true,
				[BS_CHOICE_SYMBOLIC] = true,
				[BS_CHOICE_LAZY_NEEDS_WORLD] = true,
				[BS_CHOICE_LAZY_COVERS] = true,
				[BS_CHOICE_MARKED_NEEDS] = true,
				[BS_CHOICE_DSYM_LOADS] = true,
				[BS_CHOICE_DEMAND_GLOBAL] = true,
				[BS_CHOICE_PROTECTED_OWN] = true,
				[BS_CHOICE_HELP_IN_LIST] = true,
				[BS_CHOICE_LAZYLOAD] = true,
			},
		},
		.tls_surplus = UINT32_MAX,
	},
	.match = {
		.only_default_versions = true,
		.unique_is_global = true,
		.absolute_zero = true,
		.hidden_is_skipped = true,
		.words = &words,
	},
	.variables = variables,
	.diagnostics = diagnostics,
	.debug_variables = debug_variables,
	.debug_words = debug_words,
	.debug_output = "LD_DEBUG_OUTPUT",
	.preload_separators = ":",
	.secure_preloads_nothing = true,
	.no_dlvsym = true,
	.no_log = true,
	.interp_is_optional = true,
	.own_modes = BS_MODE_WORLD | BS_MODE_GROUP | BS_MODE_LAZYLOAD | BS_MODE_NOSHARE,
	.libpath = usual_libpath,
	.vdso_soname = vdso_soname,
	.default_interp = default_interp,
	.open_mode = open_mode,
	.say = say,
	.setup = setup,
};
