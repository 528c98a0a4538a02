/* SPDX-License-Identifier: MIT */
/* Any bytes as the name of a symbol, which is demangled. */
#define FUZZ_WORDS "words/demangle.def"
#include "words.h"

#include "check/check.h"

#include <stdlib.h>

static volatile size_t sum; /* what keeps the compiler from leaving reads out */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *name = bs_fuzz_text((struct bs_fuzz_in){ data, n });

	sum += strlen(bs_demangled(name));
	free(name);
	return 0;
}
