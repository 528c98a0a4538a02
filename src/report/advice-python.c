/* SPDX-License-Identifier: MIT */
/*
 * What a remedy is where the program is a Python: the lines to write. Extensions are opened by an
 * import, with the flags of the interpreter, other libraries by ctypes, with those of the call.
 */
#include "advice-report.h"

#include <ctype.h>
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */

bool bs_is_identifier(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

/* The module that OBJECT is an extension of, or NULL. (Python "Extending": PyInit_NAME) */
static const char *python_module(const struct bs_study *study, bs_object_id object)
{
	static const char prefix[] = "PyInit_";
	const struct bs_image *image =
		object == BS_NO_OBJECT ? NULL : study->objects.v[object].image;

	for (uint32_t i = 1; image && i < image->symbols.n; i++) {
		const struct bs_symbol s = bs_image_symbol(image, i);
		const char *name = bs_image_string(image, s.name);

		if (strncmp(name, prefix, sizeof prefix - 1) == 0 && bs_is_exported(&s) &&
		    bs_is_identifier(name + sizeof prefix - 1))
			return name + sizeof prefix - 1;
	}
	return NULL;
}

#define PREFIX "os.RTLD_" /* of the names of flags */

/* ---- imports --------------------------------------------------------------------------------- */

/* MODULE with the packages that it is in, as far as the path FILE tells: what lies below the
 * directory of what is installed. (Python site) */
static const char *dotted(struct bs_arena *arena, const char *file, const char *module)
{
	static const char *const roots[] = { "/site-packages/", "/dist-packages/" };
	const char *from = NULL, *name = "";

	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
		size_t n = strlen(roots[i]);

		for (const char *at = file; (at = strstr(at, roots[i])); at += n - 1)
			if (!from || at + n > from)
				from = at + n;
	}
	for (const char *slash; from && (slash = strchr(from, '/')); from = slash + 1) {
		const char *package = bs_arena_strndup(arena, from, (size_t)(slash - from));

		if (!bs_is_identifier(package))
			return module;
		name = bs_arena_printf(arena, "%s%s.", name, package);
	}
	return bs_arena_printf(arena, "%s%s", name, module);
}

/* Flags are of the whole interpreter: they are put back whatever becomes of the import. Where the
 * system has no RTLD_DEEPBIND nothing is changed. (Python sys.setdlopenflags, os.RTLD_*) */
static const char *python_shim(struct bs_arena *arena, const char *name, const char *module,
			       unsigned mode)
{
	bool is_in_package = strcmp(name, module) != 0;

	mode &= ~(unsigned)BS_MODE_DEEPBIND;
	if (!(mode & BS_MODE_GLOBAL))
		mode |= BS_MODE_LOCAL;
	return bs_arena_printf(arena,
			       "import os\n"
			       "import sys\n"
			       "\n"
			       "\n"
			       "def _open_apart():\n"
			       "    \"\"\"Imports %s so that it asks its own symbols first.\"\"\"\n"
			       "    deepbind = getattr(os, \"RTLD_DEEPBIND\", 0)\n"
			       "    before = sys.getdlopenflags() if deepbind else None\n"
			       "    try:\n"
			       "        if deepbind:\n"
			       "            sys.setdlopenflags(%s | deepbind)\n"
			       "        import %s%s%s\n"
			       "        return %s\n"
			       "    finally:\n"
			       "        if before is not None:\n"
			       "            sys.setdlopenflags(before)\n"
			       "\n"
			       "\n"
			       "%s = _open_apart()",
			       module, bs_flags_joined(arena, mode, PREFIX), name,
			       is_in_package ? " as " : "", is_in_package ? module : "", module,
			       module);
}

/* An import of MODULE under other flags, which are put back whatever becomes of it. */
static const char *import_with(struct bs_arena *arena, const char *module, const char *flags)
{
	return bs_arena_printf(arena,
			       "before = sys.getdlopenflags()\n"
			       "sys.setdlopenflags(%s)\n"
			       "try:\n"
			       "    import %s\n"
			       "finally:\n"
			       "    sys.setdlopenflags(before)",
			       flags, module);
}

/* ---- ctypes ---------------------------------------------------------------------------------- */

/* FILE as an expression: any bytes may be a name. */
static const char *python_string(struct bs_arena *arena, const char *file)
{
	const char *text = "";
	bool is_plain = true;

	for (; *file; file++) {
		unsigned char c = (unsigned char)*file;

		is_plain &= c >= 0x20 && c <= 0x7e;
		text = c == '"' || c == '\\'  ? bs_arena_printf(arena, "%s\\%c", text, c)
		       : c < 0x20 || c > 0x7e ? bs_arena_printf(arena, "%s\\x%02x", text, c)
					      : bs_arena_printf(arena, "%s%c", text, c);
	}
	return bs_arena_printf(arena, is_plain ? "\"%s\"" : "os.fsdecode(b\"%s\")", text);
}

/* The call, or NULL where Python has no name for a flag. It opens with RTLD_NOW whatever is said.
 * (Python Modules/_ctypes/callproc.c:py_dl_open) */
static const char *ctypes_call(struct bs_arena *arena, const struct bs_step *step)
{
	const unsigned known = BS_MODE_LAZY | BS_MODE_NOW | BS_MODE_GLOBAL | BS_MODE_LOCAL |
			       BS_MODE_DEEPBIND | BS_MODE_NODELETE | BS_MODE_NOLOAD;

	if (step->kind != BS_STEP_DLOPEN || !step->file || !*step->file || step->mode & ~known)
		return NULL;
	const char *flags = bs_flags_joined(arena, step->mode & ~(unsigned)BS_MODE_LAZY, PREFIX);

	return bs_arena_printf(arena, "ctypes.CDLL(%s, mode=%s)", python_string(arena, step->file),
			       *flags ? flags : "os.RTLD_NOW");
}

/* There is an interpreter in the process: what extensions call is there. */
static bool has_python(const struct bs_advice *advice)
{
	bs_vec_each (i, &advice->base.objects) {
		bs_object_id object = advice->base.objects.v[i].object;

		if (bs_image_definition(advice->study->objects.v[object].image, false,
					"PyImport_ImportModule"))
			return true;
	}
	return false;
}

/* STEP may be a call of ctypes: its extension makes it, or nobody says who does. */
static bool may_be_ctypes(const struct bs_advice *advice, const struct bs_step *step)
{
	const char *slash = step->caller ? strrchr(step->caller, '/') : NULL;
	const char *caller = slash ? slash + 1 : step->caller;

	return (!caller || strncmp(caller, "_ctypes.", 8) == 0) && has_python(advice);
}

/* ---- changes --------------------------------------------------------------------------------- */

/* The line that is step N of PLAN, or NULL. */
static const char *line_of(struct bs_arena *arena, const struct bs_advice *advice,
			   const struct bs_plan *plan, uint32_t n, bool *ret_is_import)
{
	const struct bs_step *step = &plan->steps[n - 1];
	const char *module = python_module(advice->study, advice->base.steps.v[n].opened);

	*ret_is_import = module != NULL;
	if (module)
		return bs_arena_printf(arena, "import %s", dotted(arena, step->file, module));
	return may_be_ctypes(advice, step) ? ctypes_call(arena, step) : NULL;
}

/* The remedy of TRIAL, which is about an import of MODULE by STEP. */
static bool change_import(struct bs_arena *arena, const struct bs_trial *trial, const char *module,
			  const struct bs_step *step, struct bs_change_text *ret)
{
	const char *where = bs_arena_printf(arena, "where %s is imported", module);
	const char *name = dotted(arena, step->file, module);

	switch ((int)trial->remedy.kind) {
	case BS_REMEDY_DEEPBIND:
		where = bs_arena_printf(
			arena, "in the package that imports %s, before anything else does", module);
		/* What package that is may have to be filled in. */
		if (strcmp(name, module) == 0)
			where = bs_arena_printf(arena, "%s (inside it: from . import %s)", where,
						module);
		*ret = (struct bs_change_text){ "python", where,
						python_shim(arena, name, module, step->mode) };
		return true;
	case BS_REMEDY_LOCAL:
		*ret = (struct bs_change_text){
			"python", where, import_with(arena, name, "before & ~os.RTLD_GLOBAL")
		};
		return true;
	case BS_REMEDY_NO_DEEPBIND:
		*ret = (struct bs_change_text){
			"python", where, import_with(arena, name, "before & ~os.RTLD_DEEPBIND")
		};
		return true;
	case BS_REMEDY_GLOBAL:
		*ret = (struct bs_change_text){
			"python", where, import_with(arena, name, "before | os.RTLD_GLOBAL")
		};
		return true;
	case BS_REMEDY_NODELETE:
		*ret = (struct bs_change_text){
			"python", where, import_with(arena, name, "before | os.RTLD_NODELETE")
		};
		return true;
	default:
		return false;
	}
}

bool bs_python_change(struct bs_arena *arena, const struct bs_advice *advice,
		      const struct bs_trial *trial, struct bs_change_text *ret, bool *ret_is_import)
{
	const struct bs_step *step = &trial->plan.steps[trial->remedy.step - 1];
	const char *module = python_module(advice->study, trial->remedy.object);

	*ret_is_import = module != NULL;
	if (module)
		return change_import(arena, trial, module, step, ret);
	const char *call = may_be_ctypes(advice, step) ? ctypes_call(arena, step) : NULL;

	*ret = (struct bs_change_text){ "python",
					bs_arena_printf(arena, "where ctypes opens %s", step->file),
					call };
	return call != NULL;
}

bool bs_python_order(struct bs_arena *arena, const struct bs_advice *advice,
		     const struct bs_trial *trial, struct bs_change_text *ret, bool *ret_is_import)
{
	const struct bs_remedy *r = &trial->remedy;
	bool is_import[2];
	const char *first = line_of(arena, advice, advice->plan, r->step, &is_import[0]);
	const char *second = line_of(arena, advice, advice->plan, r->before, &is_import[1]);

	*ret_is_import = is_import[0] || is_import[1];
	if (!first || !second)
		return false;
	*ret = (struct bs_change_text){ "python", "before anything else imports or opens them",
					bs_arena_printf(arena, "%s\n%s", first, second) };
	return true;
}
