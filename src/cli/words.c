/* SPDX-License-Identifier: MIT */
/* Words that were mistyped: what they may have been meant to be. */
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

		/* Of a short word less than half may be wrong. */
		if (d <= most && 2 * d < n) {
			closest = *words;
			most = d - (d > 0);
		}
	}
	return closest;
}
