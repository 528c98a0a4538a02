/* SPDX-License-Identifier: MIT */
#include "base.h"

#include <string.h>

struct bs_names {
	struct bs_arena *arena;
	BS_VEC(const char *) texts; /* by name; [0] is NULL */
	uint32_t *slots;	    /* open addressing, 0 is free */
	uint32_t n_slots;	    /* a power of two */
};

struct bs_names *bs_names_new(struct bs_arena *arena)
{
	struct bs_names *names = bs_new(arena, struct bs_names, 1);

	names->arena = arena;
	names->n_slots = 256;
	names->slots = bs_new(arena, uint32_t, names->n_slots);
	bs_vec_push(arena, &names->texts, NULL);
	return names;
}

static uint32_t hash_bytes(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static void rehash(struct bs_names *names)
{
	uint32_t n_slots = names->n_slots * 2;
	uint32_t *slots = bs_new(names->arena, uint32_t, n_slots);

	for (bs_name name = 1; name < names->texts.n; name++) {
		const char *text = names->texts.v[name];
		uint32_t at = hash_bytes(text, strlen(text)) & (n_slots - 1);

		while (slots[at])
			at = (at + 1) & (n_slots - 1);
		slots[at] = name;
	}
	names->slots = slots;
	names->n_slots = n_slots;
}

/* The slot of the N bytes at S, or the free one where they would be. */
static uint32_t slot_of(const struct bs_names *names, const char *s, size_t n)
{
	uint32_t at = hash_bytes(s, n) & (names->n_slots - 1);

	for (; names->slots[at]; at = (at + 1) & (names->n_slots - 1)) {
		const char *text = names->texts.v[names->slots[at]];

		/* S may be in a file that is written to, and shorter by now. */
		if (strncmp(text, s, n) == 0 && strnlen(text, n) == n && text[n] == '\0')
			break;
	}
	return at;
}

bs_name bs_name_find(const struct bs_names *names, const char *s)
{
	return names->slots[slot_of(names, s, strlen(s))];
}

bs_name bs_name_of_n(struct bs_names *names, const char *s, size_t n)
{
	if (names->texts.n * 2 > names->n_slots)
		rehash(names);
	uint32_t at = slot_of(names, s, n);

	if (names->slots[at])
		return names->slots[at];
	bs_name name = names->texts.n;

	bs_vec_push(names->arena, &names->texts, bs_arena_strndup(names->arena, s, n));
	names->slots[at] = name;
	return name;
}

bs_name bs_name_of(struct bs_names *names, const char *s)
{
	return s ? bs_name_of_n(names, s, strlen(s)) : 0;
}

const char *bs_name_text(const struct bs_names *names, bs_name name)
{
	return names->texts.v[name];
}
