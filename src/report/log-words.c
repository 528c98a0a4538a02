/* SPDX-License-Identifier: MIT */
/* Words that all reports of a log have, and what is selected of it. */
#include "log-report.h"
#include "text-priv.h"

#include <fnmatch.h>

const char *bs_log_words(const struct bs_log_result *result, bs_name name)
{
	return name ? bs_name_text(result->names, name) : "";
}

const struct bs_log_details *bs_log_details_of(const struct bs_log_result *result, uint32_t process)
{
	return bs_log_account(result->accounts, process)->details;
}

void bs_log_say_object(struct bs_report *report, const struct bs_log_result *result,
		       const struct bs_log_details *d, uint32_t object)
{
	if (object == BS_LOG_NO_OBJECT) {
		bs_say(report, "nobody");
		return;
	}
	bs_say_escaped(report, bs_log_words(result, d->objects.v[object].name));
	if (d->objects.v[object].ns)
		bs_write_format(report->writer, " [%u]", d->objects.v[object].ns);
}

static bool matches(const char *glob, const char *name)
{
	const char *slash = strrchr(name, '/');

	return fnmatch(glob, name, 0) == 0 || (slash && fnmatch(glob, slash + 1, 0) == 0);
}

static bool selects_object(const struct bs_log_result *result, const struct bs_log_details *d,
			   uint32_t object, const char *glob)
{
	return !glob || (object != BS_LOG_NO_OBJECT &&
			 matches(glob, bs_log_words(result, d->objects.v[object].name)));
}

static bool selects_symbol(const struct bs_report *report, const char *symbol)
{
	const char *glob = report->selection.symbol;

	if (!glob || fnmatch(glob, symbol, 0) == 0)
		return true;
	const char *demangled = bs_demangled(symbol);

	return demangled != symbol && fnmatch(glob, demangled, 0) == 0;
}

bool bs_log_selects_pair(const struct bs_report *report, const struct bs_log_result *result,
			 const struct bs_log_details *d, uint32_t from, uint32_t to)
{
	return selects_object(result, d, from, report->selection.from) &&
	       selects_object(result, d, to, report->selection.to);
}

bool bs_log_selects(const struct bs_report *report, const struct bs_log_result *result,
		    const struct bs_log_details *d, const struct bs_log_binding *b)
{
	return bs_log_selects_pair(report, result, d, b->from, b->to) &&
	       selects_symbol(report, bs_log_words(result, b->symbol));
}

bool bs_log_selects_finding(const struct bs_report *report, const struct bs_log_result *result,
			    const struct bs_log_details *d, const struct bs_log_finding *f)
{
	const struct bs_selection *selection = &report->selection;

	if (!selection->symbol && !selection->from && !selection->to)
		return true;
	if (f->error != UINT32_MAX) {
		const struct bs_log_error *e = &d->errors.v[f->error];

		return !selection->to &&
		       (!selection->from ||
			matches(selection->from, bs_log_words(result, e->object))) &&
		       (!selection->symbol ||
			(e->symbol && selects_symbol(report, bs_log_words(result, e->symbol))));
	}
	if (f->from == BS_LOG_NO_OBJECT || !bs_log_selects_pair(report, result, d, f->from, f->to))
		return false;
	bs_vec_each (i, &f->symbols)
		if (selects_symbol(report, bs_log_words(result, f->symbols.v[i])))
			return true;
	return !selection->symbol;
}

const char *bs_log_loader_words(struct bs_arena *arena, const struct bs_log_process *process)
{
	unsigned from = process->release_from, to = process->release_to;

	switch (process->loader) {
	case BS_LOG_LOADER_MUSL:
		return "musl";
	case BS_LOG_LOADER_BINDSIM:
		return "simulated by bindsim";
	case BS_LOG_LOADER_UNKNOWN:
		return "an unknown loader";
	case BS_LOG_LOADER_GLIBC:
		break;
	}
	/* No release has all of it: a distribution took something over. */
	if (from && to && from > to)
		return bs_arena_printf(arena, "glibc 2.%u to 2.%u, with changes", to, from);
	if (from && to && from == to)
		return bs_arena_printf(arena, "glibc 2.%u", from);
	if (from && to)
		return bs_arena_printf(arena, "glibc 2.%u to 2.%u", from, to);
	if (from)
		return bs_arena_printf(arena, "glibc 2.%u or later", from);
	return to ? bs_arena_printf(arena, "glibc 2.%u or earlier", to) : "glibc";
}

const char *bs_log_flags(struct bs_arena *arena, const struct bs_log_step *step)
{
	const char *flags = step->lazy == BS_LOG_YES  ? "LAZY"
			    : step->lazy == BS_LOG_NO ? "NOW"
						      : "";
	const struct {
		enum bs_log_tri is;
		const char *name;
	} more[] = {
		{ step->global, "GLOBAL" },
		{ step->deepbind, "DEEPBIND" },
		{ step->nodelete, "NODELETE" },
	};

	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i].is == BS_LOG_YES)
			flags = bs_arena_printf(arena, "%s%s%s", flags, *flags ? "," : "",
						more[i].name);
	return *flags ? flags : NULL;
}

const char *bs_log_step_words(struct bs_arena *arena, const struct bs_log_result *result,
			      const struct bs_log_step *step)
{
	const char *flags = bs_log_flags(arena, step);

	return bs_arena_printf(arena, "%s %s%s%s",
			       step->is_close	  ? "dlclose"
			       : step->is_dlmopen ? "dlmopen"
						  : "dlopen",
			       bs_log_words(result, step->file), flags ? " " : "",
			       flags ? flags : "");
}

const char *bs_log_level_name(enum bs_log_level level)
{
	static const char *const names[] = { "none", "note", "warning", "error" };

	return names[level];
}

const struct bs_log_lack *bs_log_lacks(struct bs_arena *arena, const struct bs_log_process *p)
{
	const uint64_t *n = p->n;
	bool has_files =
		n[BS_LOG_NEEDED] || n[BS_LOG_LINK_MAP] || n[BS_LOG_OPENED] || n[BS_LOG_DYNAMIC];
	struct bs_log_lack *lacks = bs_new(arena, struct bs_log_lack, 6);
	unsigned at = 0;

	if (p->loader != BS_LOG_LOADER_GLIBC)
		return lacks;
	if (!n[BS_LOG_BINDING])
		lacks[at++] = (struct bs_log_lack){
			"bindings", n[BS_LOG_SYMBOL] && has_files && n[BS_LOG_VERSION]
					    ? "who is bound to whom (2.36 has no such lines, but "
					      "where a distribution brought them back)"
					    : "who is bound to whom"
		};
	if (!has_files)
		lacks[at++] = (struct bs_log_lack){ "files", "what was loaded, opened and closed" };
	if (!n[BS_LOG_FIND])
		lacks[at++] = (struct bs_log_lack){ "libs", "where files were looked for" };
	if (has_files && !n[BS_LOG_RELOCATION])
		lacks[at++] = (struct bs_log_lack){ "reloc", "what was opened with RTLD_LAZY" };
	if (has_files && !n[BS_LOG_SCOPE])
		lacks[at++] =
			(struct bs_log_lack){ "scopes",
					      "what was opened with RTLD_GLOBAL or RTLD_DEEPBIND" };
	return lacks;
}
