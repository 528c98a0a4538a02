/* SPDX-License-Identifier: MIT */
/* What a file that programs load is, and what it gives them. */
#include "scan.h"

#include <elf.h>
#include <string.h>

enum { HIDDEN_VERSION = 1 << 15 };

static const char *own(struct bs_arena *arena, const char *text)
{
	return text ? bs_arena_strndup(arena, text, strlen(text)) : NULL;
}

static void take_exports(struct bs_arena *arena, const struct bs_image *image,
			 struct bs_scan_file *ret)
{
	struct bs_symbol s;

	for (uint32_t i = 0; (i = bs_next_export(image, i, &s)) != 0;) {
		const struct bs_version *version = bs_reference_version(image, i);
		unsigned bind = bs_symbol_bind(&s);

		bs_vec_push(arena, &ret->exports,
			    ((struct bs_scan_export){
				    .symbol = own(arena, bs_image_string(image, s.name)),
				    .version = version ? own(arena, version->name) : NULL,
				    .is_default = !(bs_image_versym(image, i) & HIDDEN_VERSION),
				    .type = bs_symbol_type_name(arena, bs_symbol_type(&s)),
				    .binding = bind == STB_GLOBAL ? "global"
					       : bind == STB_WEAK ? "weak"
								  : "unique",
				    .size = s.size,
			    }));
	}
}

void bs_scan_describe(struct bs_arena *arena, const struct bs_image *image,
		      struct bs_scan_file *ret)
{
	ret->soname = own(arena, image->soname);
	ret->build_id = bs_hex(arena, image->notes.build_id, image->notes.n_build_id);
	ret->machine = image->machine ? image->machine->name : NULL;
	ret->size = image->size;
	for (uint32_t i = 0; i < image->n_dynamic; i++)
		if (image->dynamic[i].tag == DT_NEEDED)
			bs_vec_push(arena, &ret->needed,
				    own(arena, bs_image_string(image, image->dynamic[i].value)));
	take_exports(arena, image, ret);
}
