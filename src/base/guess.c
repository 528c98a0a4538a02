/* SPDX-License-Identifier: MIT */
/* Words that were mistyped: what they may have been meant to be. */
#include "guess.h"

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
	const char *all = *words ? "there are" : "there is none";

	if (meant)
		return bs_arena_printf(arena, "did you mean %s?", meant);
	for (; *words; words++)
		all = bs_arena_printf(arena, "%s %s", all, *words);
	return all;
}
