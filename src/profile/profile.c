/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include <errno.h>
#include <string.h>

const struct bs_profile *const bs_profiles[] = { &bs_profile_glibc, NULL };

const struct bs_profile *bs_profile_find(const char *name)
{
	for (size_t i = 0; bs_profiles[i]; i++)
		if (strcmp(bs_profiles[i]->name, name) == 0)
			return bs_profiles[i];
	return NULL;
}

const struct bs_profile *bs_profile_guess(const char *interp)
{
	const char *slash = strrchr(interp, '/');
	const char *base = slash ? slash + 1 : interp;

	if (strncmp(base, "ld-linux", 8) == 0 || strncmp(base, "ld64.so.", 8) == 0 ||
	    strncmp(base, "ld.so.", 6) == 0 || strncmp(base, "ld-2.", 5) == 0)
		return &bs_profile_glibc;
	return NULL;
}

static const char *words_of(const struct bs_ctx *ctx, const struct bs_failure *failure,
			    const char *error)
{
	if (failure->crash)
		return bs_arena_printf(ctx->arena, "loader crashes: %s", failure->words);
	return bs_arena_printf(ctx->arena, "%s%s%s%s%s", failure->subject,
			       *failure->subject ? ": " : "", failure->words, error ? ": " : "",
			       error ? error : "");
}

const char *bs_failure_as_dlerror(const struct bs_ctx *ctx, const struct bs_failure *failure)
{
	return words_of(ctx, failure, failure->os_error ? strerror(failure->os_error) : NULL);
}

/*
 * Before libc is there, ld.so has words for these errors only. (glibc
 * elf/dl-minimal.c:__strerror_r)
 */
static const char *startup_strerror(const struct bs_ctx *ctx, int error)
{
	switch (error) {
	case ENOMEM:
	case EINVAL:
	case ENOENT:
	case EPERM:
	case EIO:
	case EACCES:
		return strerror(error);
	default:
		return bs_arena_printf(ctx->arena, "Error %d", error);
	}
}

const char *bs_failure_as_startup(const struct bs_ctx *ctx, const struct bs_failure *failure,
				  const char *program)
{
	const char *said = words_of(
		ctx, failure, failure->os_error ? startup_strerror(ctx, failure->os_error) : NULL);

	if (failure->crash)
		return said;
	/* An occasion of "" marks words that the loader says as they are. */
	if (failure->occasion && !*failure->occasion)
		return bs_arena_printf(ctx->arena, "%s: %s", program, said);
	return bs_arena_printf(ctx->arena, "%s: %s: %s", program,
			       failure->occasion ? failure->occasion
						 : "error while loading shared libraries",
			       said);
}
