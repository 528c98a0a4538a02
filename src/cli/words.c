/* SPDX-License-Identifier: MIT */
/* Words that were mistyped, or stand where they cannot: what they may have been meant to be. */
#include "cli.h"

#include <string.h>

enum { LONGEST = 32 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many letters were dropped, added, changed or swapped with the next one. A and B have at most
 * LONGEST. */
static unsigned distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned rows[LONGEST + 1][LONGEST + 1];

	for (unsigned i = 0; i <= n_a; i++)
		rows[i][0] = i;
	for (unsigned k = 0; k <= n_b; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= n_a; i++)
		for (size_t k = 1; k <= n_b; k++) {
			unsigned changed = rows[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
			unsigned best = least(changed, least(rows[i - 1][k], rows[i][k - 1]) + 1);

			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				best = least(best, rows[i - 2][k - 2] + 1);
			rows[i][k] = best;
		}
	return rows[n_a][n_b];
}

const char *bs_closest_word(const char *word, size_t n, const char *const *words)
{
	const char *closest = NULL;
	unsigned most = 2; /* more is another word */

	for (; n <= LONGEST && *words; words++) {
		size_t length = strlen(*words);

		if (length > LONGEST)
			continue;
		unsigned d = distance(word, n, *words, length);

		/* Of a short word less than half may be wrong, where it is two less than a third:
		 * "names" is not meant to be "notes". */
		if (d <= most && 2 * d < n && (d < 2 || 3 * d < n)) {
			closest = *words;
			most = d - (d > 0);
		}
	}
	return closest;
}

const char *bs_choices(struct bs_arena *arena, const char *word, size_t n, const char *const *words)
{
	const char *meant = bs_closest_word(word, n, words);
	const char *all = "there are";

	if (meant)
		return bs_arena_printf(arena, "did you mean %s?", meant);
	for (; *words; words++)
		all = bs_arena_printf(arena, "%s %s", all, *words);
	return all;
}

/* ---- a word too many ------------------------------------------------------------------------- */

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
		bs_complain("one executable at a time: '%s' is one too many; what it opens are "
			    "steps: --dlopen %s",
			    word, word);
	else
		bs_complain("%s: '%s' is one too many", subject_of(line->command), word);
}
