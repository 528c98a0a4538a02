/* SPDX-License-Identifier: MIT */
/* The exact change that a remedy is: a call, a linker's flag, a script; what is to be written in
 * Python is in advice-python.c. */
#include "advice-report.h"
#include "text-priv.h"

#include <string.h>

static void add(struct bs_arena *arena, bs_change_texts *changes, const char *language,
		const char *where, const char *text)
{
	bs_vec_push(arena, changes, ((struct bs_change_text){ language, where, text }));
}

/* ---- calls ----------------------------------------------------------------------------------- */

const char *bs_flags_joined(struct bs_arena *arena, unsigned mode, const char *prefix)
{
	const char *text = "";

	for (const struct bs_mode_name *m = bs_mode_names; m->name; m++)
		if (mode & m->mode)
			text = bs_arena_printf(arena, "%s%s%s%s", text, *text ? " | " : "", prefix,
					       m->name);
	return text;
}

/* FILE as a string of C, in ASCII. */
static const char *c_string(struct bs_arena *arena, const char *file)
{
	const char *text = "\"";

	for (; *file; file++) {
		unsigned char c = (unsigned char)*file;

		text = c == '"' || c == '\\'  ? bs_arena_printf(arena, "%s\\%c", text, c)
		       : c < 0x20 || c > 0x7e ? bs_arena_printf(arena, "%s\\%03o", text, c)
					      : bs_arena_printf(arena, "%s%c", text, c);
	}
	return bs_arena_printf(arena, "%s\"", text);
}

static const char *c_call(struct bs_arena *arena, const struct bs_step *step)
{
	const char *file = c_string(arena, step->file),
		   *flags = bs_flags_joined(arena, step->mode, "RTLD_");

	return step->kind == BS_STEP_DLMOPEN
		       ? bs_arena_printf(arena, "dlmopen(LM_ID_NEWLM, %s, %s)", file, flags)
		       : bs_arena_printf(arena, "dlopen(%s, %s)", file, flags);
}

static void add_call(struct bs_arena *arena, const struct bs_advice *advice,
		     const struct bs_trial *trial, bs_change_texts *changes)
{
	const struct bs_step *step = &trial->plan.steps[trial->remedy.step - 1];
	struct bs_change_text python;
	bool is_import;

	if (bs_python_change(arena, advice, trial, &python, &is_import)) {
		bs_vec_push(arena, changes, python);
		/* Who else makes the call nobody knows where the plan does not say. */
		if (is_import || step->caller)
			return;
	}
	add(arena, changes, "c", bs_arena_printf(arena, "where %s is opened", step->file),
	    c_call(arena, step));
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Names of C, mangled or not, need no quotes there. */
static const char *version_script(struct bs_arena *arena, const struct bs_trial *trial)
{
	struct bs_writer *writer = bs_new(arena, struct bs_writer, 1);

	writer->arena = arena;
	bs_write_literal(writer, "{\n");
	if (trial->exports.n)
		bs_write_literal(writer, "  global:\n");
	for (uint32_t i = 0; i < trial->exports.n; i++) {
		const char *name = trial->exports.v[i], *quote = bs_is_identifier(name) ? "" : "\"";

		bs_write_format(writer, "    %s", quote);
		bs_write_escaped(writer, name);
		bs_write_format(writer, "%s;\n", quote);
	}
	bs_write_literal(writer, "  local:\n    *;\n};");
	return bs_writer_text(writer);
}

static bool is_executable(const struct bs_advice *advice, bs_object_id object)
{
	const struct bs_ending_object *o = bs_ending_object(&advice->base, object);

	return o && o->kind == BS_MAP_EXECUTABLE;
}

static void add_link(struct bs_arena *arena, const struct bs_advice *advice,
		     const struct bs_trial *trial, bs_change_texts *changes)
{
	const char *object = bs_study_name(advice->study, trial->remedy.object);
	const char *where = bs_arena_printf(arena, "where %s is linked", object);
	bool program = is_executable(advice, trial->remedy.object);

	switch (trial->remedy.kind) {
	case BS_REMEDY_SYMBOLIC:
		add(arena, changes, "linker", where, "-Wl,-Bsymbolic");
		return;
	case BS_REMEDY_SYMBOLIC_FUNCTIONS:
		add(arena, changes, "linker", where, "-Wl,-Bsymbolic-functions");
		return;
	case BS_REMEDY_HIDDEN:
		if (program) {
			add(arena, changes, "linker", where,
			    "without -rdynamic, or -Wl,--dynamic-list=LIST of what plugins need");
			return;
		}
		add(arena, changes, "linker",
		    bs_arena_printf(arena, "%s; for what comes out of static archives", where),
		    "-Wl,--exclude-libs,ALL");
		add(arena, changes, "compiler",
		    "where what it compiles itself is compiled; mark what it is to export with "
		    "visibility(\"default\")",
		    "-fvisibility=hidden -fvisibility-inlines-hidden");
		return;
	case BS_REMEDY_VERSION_SCRIPT:
		add(arena, changes, "version-script",
		    bs_arena_printf(arena, "%s, as -Wl,--version-script=FILE", where),
		    version_script(arena, trial));
		return;
	case BS_REMEDY_PROTECTED:
		add(arena, changes, "compiler", "where these symbols are compiled",
		    "-fvisibility=protected, or __attribute__((visibility(\"protected\")))");
		return;
	case BS_REMEDY_DEEPBIND:
	case BS_REMEDY_NO_DEEPBIND:
	case BS_REMEDY_LOCAL:
	case BS_REMEDY_GLOBAL:
	case BS_REMEDY_NODELETE:
	case BS_REMEDY_ORDER:
	case BS_REMEDY_PRELOAD_ORDER:
	case BS_REMEDY_DLMOPEN:
	case BS_REMEDY_COUNT_:
		break;
	}
}

static void add_order(struct bs_arena *arena, const struct bs_advice *advice,
		      const struct bs_trial *trial, bs_change_texts *changes)
{
	const struct bs_remedy *r = &trial->remedy;
	struct bs_change_text python;
	bool is_import;

	if (bs_python_order(arena, advice, trial, &python, &is_import))
		bs_vec_push(arena, changes, python);
	if (!changes->n || !is_import)
		add(arena, changes, "c", "where they are opened",
		    bs_arena_printf(arena, "%s;\n%s;",
				    c_call(arena, &advice->plan->steps[r->step - 1]),
				    c_call(arena, &advice->plan->steps[r->before - 1])));
}

bs_change_texts bs_trial_changes(struct bs_arena *arena, const struct bs_advice *advice,
				 const struct bs_trial *trial)
{
	const struct bs_remedy *r = &trial->remedy;
	bs_change_texts changes = { 0 };

	if (bs_remedy_text(r->kind)->relinks)
		add_link(arena, advice, trial, &changes);
	else if (r->kind == BS_REMEDY_ORDER)
		add_order(arena, advice, trial, &changes);
	else if (r->kind == BS_REMEDY_PRELOAD_ORDER)
		add(arena, &changes, "shell", "where the program is started",
		    bs_arena_printf(arena, "LD_PRELOAD=%s", bs_shell_word(arena, r->preload)));
	else
		add_call(arena, advice, trial, &changes);
	return changes;
}
