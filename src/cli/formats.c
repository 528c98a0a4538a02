/* SPDX-License-Identifier: MIT */
/* --format and --report: which formats there are, and which of them a command writes. */
#include "options-priv.h"

#include <string.h>

/* Those that LINE can be answered in, NULL at the end. */
static const char *const *names_for(struct bs_arena *arena, const struct bs_command_line *line)
{
	static const char *const text[] = { "text", NULL };
	static const char *const answer[] = { "text", "json", NULL };
	static const char *const log[] = { "text", "json", "ndjson", "plan", "ld-debug", NULL };
	static const char *const scan[] = { "text",   "json",	"ndjson",   "sarif",  "junit",
					    "github", "gitlab", "markdown", "sqlite", NULL };
	static const char *const *const own[BS_COMMAND_COUNT_] = {
		[BS_COMMAND_ADVISE] = answer, [BS_COMMAND_DIFF] = answer,
		[BS_COMMAND_EXPLAIN] = text,  [BS_COMMAND_LOADERS] = text,
		[BS_COMMAND_LOG] = log,	      [BS_COMMAND_ORDER] = answer,
		[BS_COMMAND_SCAN] = scan,     [BS_COMMAND_VERIFY] = answer,
	};
	BS_VEC(const char *) names = { 0 };

	/* A process that is verified is one run, as any other. */
	if (own[line->command] &&
	    !(line->command == BS_COMMAND_VERIFY && bs_is_about_process(line)))
		return own[line->command];
	for (const struct bs_format *const *format = bs_formats(); *format; format++)
		bs_vec_push(arena, &names, (*format)->name);
	bs_vec_push(arena, &names, NULL);
	return names.v;
}

const struct bs_format *bs_read_format(struct bs_option_reader *r, const char *option,
				       const char *text, bool *ret_ok)
{
	const struct bs_format *found = bs_format_find(text);
	const char *problem = found && found->open ? found->open() : NULL;

	if (!found && !r->odd_format)
		r->odd_format = text, r->odd_format_option = option;
	if (problem)
		bs_complain("%s '%s': %s", option, text, problem);
	*ret_ok = !problem;
	return problem ? NULL : found;
}

bool bs_formats_are_known(const struct bs_option_reader *r)
{
	const char *odd = r->odd_format;

	if (odd)
		bs_complain("%s '%s': unknown format; %s", r->odd_format_option, odd,
			    bs_choices(r->arena, odd, strlen(odd), names_for(r->arena, r->line)));
	return !odd;
}

void bs_complain_of_format(struct bs_arena *arena, const struct bs_command_line *line,
			   const char *name, const char *more)
{
	const char *const *names = names_for(arena, line);
	const char *words = *names;

	while (*++names)
		words = bs_arena_printf(arena, "%s%s%s", words, names[1] ? ", " : " or ", *names);
	bs_complain("%s writes %s, not --format=%s%s", bs_command_text(line->command)->name, words,
		    name, more);
}

bool bs_use_formats(struct bs_arena *arena, struct bs_command_line *line,
		    const struct bs_format *const *formats)
{
	bs_vec_each (i, &line->outputs) {
		const struct bs_format **format = &line->outputs.v[i].format;
		const struct bs_format *const *own = formats;

		while (*own && strcmp((*own)->name, (*format)->name) != 0)
			own++;
		if (!*own) {
			bs_complain_of_format(arena, line, (*format)->name, "");
			return false;
		}
		*format = *own;
	}
	return true;
}

/* FORMAT:FILE; "-" is standard output. */
bool bs_read_report(struct bs_option_reader *r, const char *text)
{
	const char *colon = strchr(text, ':');
	bool ok;

	if (!colon || !colon[1]) {
		bs_complain("--report '%s': FORMAT:FILE is wanted", text);
		return false;
	}
	const struct bs_format *format = bs_read_format(
		r, "--report", bs_arena_strndup(r->arena, text, (size_t)(colon - text)), &ok);

	if (format)
		bs_vec_push(r->arena, &r->line->outputs,
			    ((struct bs_output){
				    .format = format,
				    .path = strcmp(colon + 1, "-") == 0 ? NULL : colon + 1 }));
	return ok;
}
