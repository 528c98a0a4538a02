/* SPDX-License-Identifier: MIT */
/* What is mapped, as the loader's own structures have it. */
#ifndef BINDSIM_DRIVER_MAPS_H
#define BINDSIM_DRIVER_MAPS_H

#include "lines.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A map and where it is. */
struct place {
	struct link_map *map;
	int space;
};

static const char *program;

static const char *name_of(const struct link_map *map)
{
	return map->l_name[0] != '\0' ? map->l_name : program;
}

static bool is_vdso(const struct link_map *map)
{
	return strncmp(map->l_name, "linux-vdso", 10) == 0 ||
	       strncmp(map->l_name, "linux-gate", 10) == 0;
}

/* The loader's own structure is found by DT_DEBUG: naming _r_debug would make a copy of it, without
 * its last member. MIPS has read-only dynamic sections, which lead to a pointer instead. */
static const struct r_debug_extended *first_namespace(void)
{
	for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
#ifdef __mips__
		if (entry->d_tag == DT_MIPS_RLD_MAP_REL)
			return *(const struct r_debug_extended **)((uintptr_t)entry +
								   entry->d_un.d_val);
#endif
		if (entry->d_tag == DT_DEBUG)
			return (const struct r_debug_extended *)entry->d_un.d_ptr;
	}
	return NULL;
}

/* A walk through all maps: namespace by namespace, in link-map order. */
struct walk {
	const struct r_debug_extended *space;
	struct link_map *map;
	int number;
};

static bool next_map(struct walk *walk, struct place *ret)
{
	if (walk->space == NULL) {
		walk->space = first_namespace();
		walk->map = walk->space->base.r_map;
	} else {
		walk->map = walk->map->l_next;
	}
	while (walk->map == NULL) {
		if (walk->space->base.r_version <= 1 || walk->space->r_next == NULL)
			return false;
		walk->space = walk->space->r_next;
		walk->map = walk->space->base.r_map;
		walk->number++;
	}
	*ret = (struct place){ walk->map, walk->number };
	return true;
}

static bool is_mapped(const struct link_map *map)
{
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);)
		if (place.map == map)
			return true;
	return false;
}

static bool is_named(const struct link_map *map, const char *name, size_t length, bool base_only)
{
	const char *own = name_of(map);
	const char *slash = strrchr(own, '/');

	if (base_only && slash != NULL)
		own = slash + 1;
	return strncmp(own, name, length) == 0 && own[length] == '\0';
}

/* The one map of the lowest namespace that goes by that name; none when there are several. */
static struct place find_map(const char *name)
{
	const char *bracket = strrchr(name, '[');
	int wanted = -1;
	size_t length = strlen(name);

	if (bracket != NULL && length > 0 && name[length - 1] == ']') {
		wanted = (int)strtol(bracket + 1, NULL, 10);
		length = (size_t)(bracket - name);
	}
	for (int base_only = 0; base_only <= 1; base_only++) {
		struct place place, found = { NULL, -1 };
		bool several = false;

		for (struct walk walk = { 0 }; next_map(&walk, &place);) {
			if ((wanted >= 0 && place.space != wanted) ||
			    !is_named(place.map, name, length, base_only != 0))
				continue;
			if (found.map == NULL)
				found = place;
			else if (found.space == place.space)
				several = true;
		}
		if (found.map != NULL)
			return several ? (struct place){ NULL, 0 } : found;
	}
	return (struct place){ NULL, 0 };
}

static void list_maps(void)
{
	char text[LINE_SIZE - 64];
	struct place place;

	for (struct walk walk = { 0 }; next_map(&walk, &place);) {
		if (is_vdso(place.map))
			continue;
		snprintf(text, sizeof text, "mapped %s [%d]", name_of(place.map), place.space);
		say(text);
	}
}

#endif
