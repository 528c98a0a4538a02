/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <string.h>

const struct bs_profile *const bs_profiles[] = { &bs_profile_glibc, &bs_profile_musl,
						 &bs_profile_qnx, NULL };

const struct bs_profile *bs_profile_guess(const char *interp)
{
	const char *slash = strrchr(interp, '/');
	const char *base = slash ? slash + 1 : interp;

	if (strncmp(base, "ld-linux", 8) == 0 || strncmp(base, "ld64.so.", 8) == 0 ||
	    strncmp(base, "ld.so.", 6) == 0 || strncmp(base, "ld-2.", 5) == 0)
		return &bs_profile_glibc;
	if (strncmp(base, "ld-musl-", 8) == 0)
		return &bs_profile_musl;
	if (strcmp(base, "ldqnx.so") == 0 || strncmp(base, "ldqnx.so.", 9) == 0 ||
	    strncmp(base, "ldqnx-64.so", 11) == 0)
		return &bs_profile_qnx;
	return NULL;
}

const char *bs_failure_in_words(const struct bs_profile *profile, const struct bs_ctx *ctx,
				const struct bs_failure *failure, const struct bs_saying *saying)
{
	if (failure->crash)
		return bs_arena_printf(ctx->arena, "loader crashes: %s", failure->words);
	return profile->say(ctx, failure, saying);
}
