/* SPDX-License-Identifier: MIT */
/*
 * What only the loader's own variables tell: who is in the global scope, and the program's
 * arguments.
 *
 * The global scope is nobody's public record: glibc's _rtld_global begins with the
 * first namespace's list of maps, their number, and a pointer to the searchlist of its first map
 * (glibc include/link.h:struct link_namespaces, struct r_scope_elem). All of it is held against the
 * link maps that are known before it is believed.
 */
#include "subject-priv.h"

#include <elf.h>
#include <string.h>

enum { MOST_STRINGS = 1 << 16 };

static uint32_t object_of(const struct bs_subject *subject, uint64_t link_map)
{
	bs_vec_each (i, &subject->objects)
		if (subject->objects.v[i].link_map == link_map)
			return i;
	return BS_NO_LIVE_OBJECT;
}

uint64_t bs_live_variable(const struct bs_live_object *object, const char *name)
{
	struct bs_hash_step step = { 0 };
	uint32_t index;

	while ((index = bs_image_hash_next(object->image, name, bs_hash_gnu(name), &step))) {
		const struct bs_symbol s = bs_image_symbol(object->image, index);

		if (s.section != SHN_UNDEF &&
		    strcmp(bs_image_symbol_name(object->image, index), name) == 0)
			return object->base + s.value;
	}
	return 0;
}

/* The address of the loader's variable NAME, or 0. */
static uint64_t variable(const struct bs_subject *subject, const char *name)
{
	bs_vec_each (i, &subject->objects) {
		const struct bs_live_object *object = &subject->objects.v[i];

		if (object->image && subject->auxiliary.base &&
		    object->base == subject->auxiliary.base)
			return bs_live_variable(object, name);
	}
	return 0;
}

void bs_live_global_find(const struct bs_ctx *ctx, struct bs_subject *subject)
{
	const struct bs_memory *memory = subject->memory;
	uint64_t at = variable(subject, "_rtld_global"), loaded, list, maps, map;
	bs_ids global = { 0 };
	uint32_t n;

	if (!at || !bs_memory_word(memory, at, &loaded) || !subject->objects.n ||
	    loaded != subject->objects.v[0].link_map ||
	    !bs_memory_word(memory, at + 2 * (uint64_t)memory->word, &list) ||
	    !bs_memory_word(memory, list, &maps) ||
	    !bs_memory_u32(memory, list + memory->word, &n) || !n || n > subject->objects.n)
		return;
	for (uint32_t i = 0; i < n; i++) {
		if (!bs_memory_word(memory, maps + i * (uint64_t)memory->word, &map))
			return;
		uint32_t object = object_of(subject, map);

		if (object == BS_NO_LIVE_OBJECT || subject->objects.v[object].ns ||
		    (i == 0 && object != 0))
			return;
		bs_vec_push(ctx->arena, &global, object);
	}
	subject->knows_global = true;
	subject->global = global;
	bs_vec_each (i, &global)
		subject->objects.v[global.v[i]].is_global = true;
}

/* The strings that the vector at *AT points to, up to its NULL, behind which *AT is left. */
static const char *const *strings_at(const struct bs_ctx *ctx, const struct bs_memory *memory,
				     uint64_t *at)
{
	BS_VEC(const char *) list = { 0 };
	uint64_t string;

	for (;; *at += memory->word) {
		const char *text;

		if (list.n >= MOST_STRINGS || !bs_memory_word(memory, *at, &string))
			return NULL;
		if (!string)
			break;
		text = bs_memory_string(ctx->arena, memory, string);
		/* An argument may be longer than what is read here; nobody asks for those. */
		bs_vec_push(ctx->arena, &list, text ? text : "");
	}
	*at += memory->word;
	bs_vec_push(ctx->arena, &list, NULL);
	return list.v;
}

/* glibc's loader keeps the vector that the kernel made: argv, NULL, environment, NULL. (glibc
 * elf/rtld.c:_dl_argv) */
void bs_live_arguments_find(const struct bs_ctx *ctx, struct bs_subject *subject)
{
	const struct bs_memory *memory = subject->memory;
	uint64_t at = variable(subject, "_dl_argv");
	const char *const *arguments;

	if (!at || !bs_memory_word(memory, at, &at) || !at)
		return;
	arguments = strings_at(ctx, memory, &at);
	if (!arguments)
		return;
	subject->argv0 = arguments[0];
	subject->environment = strings_at(ctx, memory, &at);
}
