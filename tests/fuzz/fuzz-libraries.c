/* SPDX-License-Identifier: MIT */
/* Any bytes as files of known libraries (bindsim-libraries(5)): up to a NUL the first one, behind
 * it another that is read on top of it. */
#define FUZZ_WORDS "words/libraries.def"
#include "words.h"

#include "check/library-db.h"

#include <stdlib.h>

static volatile size_t sum; /* what keeps the compiler from leaving reads out */

static void touch(const bs_known_libraries *libraries)
{
	bs_vec_each (i, libraries) {
		const struct bs_known_library *l = &libraries->v[i];

		sum += strlen(l->name) + (l->version ? strlen(l->version) : 0) +
		       (l->twice ? strlen(l->twice) : 0);
		bs_vec_each (k, &l->sonames)
			sum += strlen(l->sonames.v[k]);
		bs_vec_each (k, &l->markers)
			sum += strlen(l->markers.v[k]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct bs_arena *arena = bs_fuzz_arena();
	const uint8_t *end = n ? memchr(data, 0, n) : NULL;
	struct bs_fuzz_in in = { data, n };
	char *first = bs_fuzz_text(bs_fuzz_take(&in, end ? (size_t)(end - data) : n));
	char *second = bs_fuzz_text(in);
	const char *problem;

	if (in.n)
		second[0] = ' ';
	struct bs_library_db *db = bs_library_db_new(arena, "first", first);

	if (in.n && (problem = bs_library_db_add(db, "second", second)) &&
	    strncmp(problem, "second:", 7) != 0)
		abort();
	touch(bs_library_db_read(db, &problem));
	if (problem && strncmp(problem, "first:", 6) != 0)
		abort();
	free(first);
	free(second);
	bs_arena_free(arena);
	return 0;
}
