/* SPDX-License-Identifier: MIT */
/*
 * The run-time loader of QNX Neutrino, from its public documents: the loader itself was neither
 * read nor run. Where the documents say nothing, or may be read in two ways, a rule had to be
 * chosen. Each such rule is in the table below, and answers that rest on one say so. Rules are
 * numbered as in bindsim-qnx(7). The words of failures are ours.
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

/* <dlfcn.h> of QNX. RTLD_LOCAL is a bit of its own, which changes nothing. */
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
	{ BS_MODE_LOCAL, MODE_LOCAL, 0 },
	{ BS_MODE_GROUP, MODE_GROUP, BS_OPEN_GROUP },
	{ BS_MODE_WORLD, MODE_WORLD, BS_OPEN_WORLD },
	{ BS_MODE_NODELETE, MODE_NODELETE, BS_OPEN_NODELETE },
	{ BS_MODE_NOSHARE, MODE_NOSHARE, BS_OPEN_NOSHARE },
	{ BS_MODE_LAZYLOAD, MODE_LAZYLOAD, BS_OPEN_LAZYLOAD },
};

/* No flags at all are RTLD_NOW; named ones with neither LAZY nor NOW stay without. */
static uint64_t mode_number(const struct bs_step *step)
{
	uint64_t number = 0;

	if (step->mode_is_number)
		return step->number;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (step->mode & modes[i].mode)
			number |= modes[i].number;
	return step->mode ? number : MODE_NOW;
}

static struct bs_open_mode refuse_mode(const char *refusal)
{
	return (struct bs_open_mode){
		.refusal = { .subject = "", .words = refusal, .needed_by = BS_NO_MAP },
	};
}

static struct bs_open_mode open_mode(const struct bs_open_call *call)
{
	const uint64_t rule_28 = 1ull << 28;
	struct bs_open_mode mode = { .refusal = { .needed_by = BS_NO_MAP } };
	uint64_t number = mode_number(call->step);

	if (call->step->kind == BS_STEP_DLMOPEN)
		return refuse_mode("qnx has no dlmopen");
	if (call->step->mode & BS_MODE_DEEPBIND)
		return refuse_mode("qnx has no flag RTLD_DEEPBIND");
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (number & modes[i].number)
			mode.flags |= modes[i].flag;
	if (!(number & (MODE_LAZY | MODE_NOW)))
		mode.assumed |= rule_28;
	if (number & ~(uint64_t)MODE_KNOWN)
		mode.ignored = "the mode has bits that <dlfcn.h> of qnx does not name";
	if ((number & MODE_LAZY) && (number & MODE_NOW)) {
		mode.assumed |= rule_28;
		mode.flags &= ~(unsigned)BS_OPEN_LAZY;
		mode.ignored = "RTLD_LAZY beside RTLD_NOW: RTLD_NOW is taken";
	}
	return mode;
}

/* ---- what had to be chosen ------------------------------------------------------------------- */

static const struct bs_assumption assumptions[] = {
	{ 6, "_CS_LIBPATH is as most build files set it (--set qnx.libpath=DIRS)" },
	{ 7, "only the executable's path tags count, DT_RUNPATH if it has no DT_RPATH "
	     "(--set qnx.dso_rpath=yes: also those of who asks)" },
	{ 8, "a name with a slash further back is a path from the working directory" },
	{ 9, "the same object: by soname, by the name it was asked for, by path, by inode" },
	{ 10, "RTLD_NOSHARE makes a copy of what is named, not of its needs" },
	{ 12, "preloads stand between the executable and its needs; one that cannot be loaded is "
	      "passed over" },
	{ 13, "a need that is missing makes the dlopen fail" },
	{ 18, "RTLD_NOLOAD|RTLD_GLOBAL makes what is loaded global" },
	{ 22, "what is opened comes before other RTLD_GLOBAL objects (--set qnx.world_first=yes: "
	      "behind them)" },
	{ 23, "preloads head the scope under RTLD_GROUP, too" },
	{ 24, "under RTLD_WORLD alone the object sees itself last" },
	{ 28, "neither RTLD_LAZY nor RTLD_NOW: the object's own mark decides; both: RTLD_NOW" },
	{ 32, "RTLD_LAZY asks RTLD_GLOBAL objects in the order in which they became global" },
	{ 34, "RTLD_LAZY looks further unless RTLD_GROUP stands alone (--set "
	      "qnx.lazy_needs_world=no: always)" },
	{ 35, "RTLD_LAZY holds for all that the dlopen brings" },
	{ 36, "without RTLD_LAZY and RTLD_NOW a missing function lets dlopen succeed and ends the "
	      "process when it is called" },
	{ 39, "an empty LD_BIND_NOW counts as unset; LD_BIND_NOW and -z now outweigh RTLD_LAZY" },
	{ 45, "a reference to data goes through the scope in order and loads what it comes to "
	      "(--set qnx.data_two_pass=yes: loaded objects first)" },
	{ 46, "what is loaded on demand sees itself and its first-level needs, on demand again "
	      "(--set qnx.lazy_group_full=yes: all needs, at once)" },
	{ 49, "DF_P1_LAZYLOAD in DT_POSFLAG_1 marks needs of the executable as lazy" },
	{ 52, "RTLD_LAZYLOAD alone is RTLD_LAZYLOAD|RTLD_WORLD|RTLD_GROUP" },
	{ 53, "dlsym loads the placeholders that it comes to" },
	{ 54, "what is loaded on demand is RTLD_GLOBAL if who needs it is" },
	{ 62, "RTLD_NEXT asks what RTLD_DEFAULT asks, from behind the caller on" },
	{ 63, "the ELF gABI holds: a weak definition counts like any other, an undefined weak "
	      "reference is 0, a protected one is its object's own; versions do not count" },
	{ 0, NULL },
};

#define FIXED(field) offsetof(struct bs_profile, scope.fixed.field)

static const struct bs_switch switches[] = {
	{ .key = "data_two_pass",
	  .offset = FIXED(data_two_pass),
	  .what = "references to data ask all that is loaded before anything is loaded for them",
	  .source = "Q-45" },
	{ .key = "dso_rpath",
	  .offset = FIXED(dso_rpath),
	  .what = "the path tags of a library count for what it needs",
	  .source = "Q-7" },
	{ .key = "lazy_group_full",
	  .offset = FIXED(lazy_group_full),
	  .what = "what is loaded on demand brings all its needs, and sees them",
	  .source = "Q-46" },
	{ .key = "lazy_needs_world",
	  .offset = FIXED(lazy_needs_world),
	  .inside = 1,
	  .outside = 1,
	  .what = "RTLD_LAZY does not look further under RTLD_GROUP alone",
	  .source = "Q-34" },
	{ .key = "pdebug",
	  .offset = offsetof(struct bs_profile, binds_now),
	  .what = "pdebug starts the program without -l: LD_BIND_NOW=1",
	  .source = "Q-41" },
	{ .key = "world_first",
	  .offset = FIXED(world_first),
	  .what = "RTLD_GLOBAL objects come before what is opened, not behind it",
	  .source = "Q-22" },
	{ .key = "libpath",
	  .is_text = true,
	  .offset = offsetof(struct bs_profile, libpath),
	  .what = "_CS_LIBPATH, the search path of the system",
	  .source = "Q-6" },
	{ .key = NULL },
};

/* ---- the table ----------------------------------------------------------------------------- */

static const char *const variables[] = {
	"LD_LIBRARY_PATH", "LD_PRELOAD",      "LD_BIND_NOW",	  "DL_DEBUG",
	"LD_DEBUG",	   "LD_DEBUG_OUTPUT", "LD_TRAP_ON_ERROR", NULL,
};

static const char *const diagnostics[] = { "LD_DEBUG_OUTPUT", "LD_TRAP_ON_ERROR", NULL };

/* The first that is set counts. */
static const char *const debug_variables[] = { "DL_DEBUG", "LD_DEBUG", NULL };

const struct bs_profile bs_profile_qnx = {
	.name = "qnx",
	.title = "QNX Neutrino",
	.source = "QNX documents, 6.3 to 8.0; chosen where they are silent",
	.verified = "no real loader: none was at hand",
	.switches = switches,
	.assumptions = assumptions,
	.assumption_prefix = "Q-",
	.search = {
		.first_that_opens = true,
		.rpath_first = true,
		.not_found = "library cannot be found",
		.judge = judge,
	},
	.scope = {
		.fixed = {
			.used = true,
			.lazy_needs_world = true,
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
