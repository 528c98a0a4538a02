/* SPDX-License-Identifier: MIT */
/* Words that stand where they cannot: what they may have been meant to be. */
#include "cli.h"

#include <string.h>
#include <unistd.h>

/* As libNAME.so, libNAME.so.1 */
static bool is_named_as_library(const char *word)
{
	const char *slash = strrchr(word, '/');
	const char *so = strstr(slash ? slash : word, ".so");

	return so && (!so[3] || so[3] == '.');
}

/* What one word is about, for each command that takes no second one. */
static const char *subject_of(enum bs_command command)
{
	if (command == BS_COMMAND_CHECK)
		return "check is about one executable, directory or archive at a time";
	return command == BS_COMMAND_DIFF ? "diff is about LEFT and RIGHT"
					  : "one executable at a time";
}

void bs_complain_of_word(const struct bs_command_line *line, const char *word)
{
	const char *first = line->plan.executable;
	const struct bs_selection *chosen = &line->selection;
	bool is_plain = line->command == BS_COMMAND_NONE;
	const char *meant = is_plain ? bs_closest_command(first) : NULL;

	/* The first word of two may have been meant to be a command. */
	if (meant)
		bs_complain("'%s' is no command, did you mean %s? As an executable, '%s' is one "
			    "too many",
			    first, meant, word);
	else if (is_plain && bs_command_find(word) != BS_COMMAND_NONE)
		bs_complain("one executable at a time: '%s' is one too many; a command stands "
			    "before it: bindsim %s ...",
			    word, word);
	else if (line->command == BS_COMMAND_EXPLAIN && !chosen->symbol && !chosen->from &&
		 !chosen->to)
		bs_complain("one executable at a time: '%s' is one too many; what to explain is an "
			    "option: --symbol GLOB, --pair FROM,TO or --rule RULE",
			    word);
	/* By shells that replace *, or as `gdb --args'. */
	else if (line->verify.logs.n)
		bs_complain("one executable at a time: '%s' is one too many; each log has a --log "
			    "of its own",
			    word);
	else if (line->verify.runs)
		bs_complain("one executable at a time: '%s' is one too many; each word for the "
			    "program has an --argument of its own",
			    word);
	else if (line->command != BS_COMMAND_CHECK && line->command != BS_COMMAND_DIFF &&
		 is_named_as_library(word))
		/* Without a slash it would be looked for where the loader looks. */
		bs_complain("one executable at a time: '%s' is one too many; what it opens are "
			    "steps: --dlopen %s%s",
			    word, !strchr(word, '/') && access(word, F_OK) == 0 ? "./" : "", word);
	else
		bs_complain("%s: '%s' is one too many", subject_of(line->command), word);
}
