/* SPDX-License-Identifier: MIT */
/* The errors of the system, and what is wrong with inputs, as reports in JSON have them. */
#include "json-names.h"
#include "json-writer.h"

#include <errno.h>
#include <string.h>

#define NAME(e)                                                                                    \
	{                                                                                          \
		e, #e                                                                              \
	}
static const struct {
	int error;
	const char *name;
} names[] = {
	NAME(EACCES),  NAME(EFBIG),  NAME(EINVAL),    NAME(EIO),
	NAME(EISDIR),  NAME(ELOOP),  NAME(EMFILE),    NAME(ENAMETOOLONG),
	NAME(ENFILE),  NAME(ENODEV), NAME(ENOENT),    NAME(ENOMEM),
	NAME(ENOTDIR), NAME(ENXIO),  NAME(EOVERFLOW), NAME(EPERM),
};
#undef NAME

const char *bs_json_errno_name(int error)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].error == error)
			return names[i].name;
	return NULL;
}

int bs_json_errno_find(const char *name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].error;
	return 0;
}

void bs_json_errno(struct bs_json *json, int error)
{
	const char *name = bs_json_errno_name(error);

	if (name)
		bs_json_word(json, name);
	else if (error)
		bs_json_number(json, (uint64_t)error);
	else
		bs_json_null(json);
}

void bs_json_diagnostics(struct bs_json *json, const struct bs_diags *diags)
{
	bs_json_key(json, "diagnostics");
	bs_json_array(json, BS_JSON_INLINE);
	bs_vec_each (i, &diags->list) {
		const struct bs_diag *d = &diags->list.v[i];

		bs_json_object(json, BS_JSON_INLINE);
		bs_json_member(json, "code", bs_diag_slug(d->code));
		bs_json_member(json, "path", d->path);
		bs_json_key(json, "offset");
		if (d->offset == BS_NO_OFFSET)
			bs_json_null(json);
		else
			bs_json_number(json, d->offset);
		bs_json_key(json, "errno");
		bs_json_errno(json, d->os_error);
		bs_json_member(json, "detail", d->detail);
		bs_json_close(json);
	}
	bs_json_close(json);
}
