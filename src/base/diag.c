/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bs_diag_add(struct bs_diags *diags, enum bs_diag_code code, const char *path, uint64_t offset,
		 int os_error, const char *format, ...)
{
	char detail[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(detail, sizeof detail, format, ap);
	va_end(ap);
	bs_vec_push(
		diags->arena, &diags->list,
		(struct bs_diag){
			.code = code,
			.path = path ? bs_arena_strndup(diags->arena, path, strlen(path)) : NULL,
			.offset = offset,
			.os_error = os_error,
			.detail = bs_arena_strndup(diags->arena, detail, strlen(detail)),
		});
}

const char *bs_diag_slug(enum bs_diag_code code)
{
	static const char *const slugs[BS_DIAG_COUNT_] = {
#define DIAG(id, slug, meaning) [BS_DIAG_##id] = slug,
#include "diags.def"
#undef DIAG
	};

	return slugs[code];
}
