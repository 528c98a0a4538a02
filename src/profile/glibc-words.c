/* SPDX-License-Identifier: MIT */
/* The sentences of glibc's loader. (glibc elf/dl-error-skeleton.c, elf/dl-minimal.c) */
#include "glibc-words.h"

#include <errno.h>
#include <string.h>

static const char *words_of(const struct bs_ctx *ctx, const struct bs_failure *failure,
			    const char *error)
{
	return bs_arena_printf(ctx->arena, "%s%s%s%s%s", failure->subject,
			       *failure->subject ? ": " : "", failure->words, error ? ": " : "",
			       error ? error : "");
}

static const char *as_dlerror(const struct bs_ctx *ctx, const struct bs_failure *failure)
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

static const char *as_startup(const struct bs_ctx *ctx, const struct bs_failure *failure,
			      const char *program)
{
	const char *said = words_of(
		ctx, failure, failure->os_error ? startup_strerror(ctx, failure->os_error) : NULL);

	/* An occasion of "" marks words that the loader says as they are. */
	if (failure->occasion && !*failure->occasion)
		return bs_arena_printf(ctx->arena, "%s: %s", program, said);
	return bs_arena_printf(ctx->arena, "%s: %s: %s", program,
			       failure->occasion ? failure->occasion
						 : "error while loading shared libraries",
			       said);
}

const char *bs_glibc_say(const struct bs_ctx *ctx, const struct bs_failure *failure,
			 const struct bs_saying *saying)
{
	return saying->on_stderr ? as_startup(ctx, failure, saying->program)
				 : as_dlerror(ctx, failure);
}

static const char *undefined(const struct bs_ctx *ctx, const char *name,
			     const struct bs_version *version, bool by_dlsym)
{
	(void)by_dlsym;
	return bs_arena_printf(ctx->arena, "undefined symbol: %s%s%s", name,
			       version ? ", version " : "", version ? version->name : "");
}

static const char *odd_type(const struct bs_ctx *ctx, uint32_t type, bool plt)
{
	return bs_arena_printf(ctx->arena, "unexpected %sreloc type 0x%0*x", plt ? "PLT " : "",
			       type > 0xff ? 8 : 2, type);
}

const struct bs_match_words bs_glibc_match_words = {
	.undefined = undefined,
	.odd_type = odd_type,
	.too_direct = "error due to GNU_PROPERTY_1_NEEDED_INDIRECT_EXTERN_ACCESS",
};
